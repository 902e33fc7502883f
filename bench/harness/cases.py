"""Which servers are measured under which load, and in which order."""

from dataclasses import dataclass

from harness.load import Load
from harness.rows import ROWS, Row
from harness.systems import Entry


@dataclass(frozen=True)
class Case:
    row: Row
    load: Load
    entry: Entry

    def __str__(self):
        return f"{self.row.name}/{self.load}/{self.entry.label}"


def all_cases(systems):
    return [Case(row, load, entry) for row in ROWS for load in row.loads
            for system in systems for entry in system.entries if entry.row == row.name]


def select(cases, texts):
    """Those with one of the texts in their name; without texts all."""
    return [case for case in cases if not texts or any(text in str(case) for text in texts)]


def in_turn(cases, runs):
    """(run, case): the servers of one row and load one after the other, then their next run, so
    that a machine that gets slower does so for all of them."""
    groups = dict.fromkeys((case.row.name, case.load) for case in cases)
    for group in groups:
        for run in range(runs):
            for case in cases:
                if (case.row.name, case.load) == group:
                    yield run, case
