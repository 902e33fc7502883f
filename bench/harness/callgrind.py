"""Instructions per request, counted by valgrind's callgrind: slow, but nearly the same on every run
and on a busy machine, so that a change of one per cent shows. The kernel's part is not in them."""

import re
import subprocess
from pathlib import Path

from harness.load import LoadError, parse_h2load
from harness.running import Running

WARM_UP, COUNTED = 500, 5_000  # requests


def parse_collected(text):
    """The sum over all threads, from what callgrind writes at its end."""
    found = re.search(r"Collected : (\d+)", text)
    if not found:
        raise LoadError(f"callgrind tells no number:\n{text}")
    return int(found[1])


class Callgrind:
    def __init__(self, bin_folder, cpus, folder):
        self._bin = bin_folder
        self._cpus = cpus
        self._folder = Path(folder)

    def per_request(self, row, load, entry, name, profile=None):
        """Of the entry's program of that name, once it is warm. `profile`: where to keep what
        callgrind_annotate reads."""
        # Start and end of the process do not count: they vary with the machine.
        wrapper = ("/usr/bin/valgrind", "--tool=callgrind", "--instr-atstart=no",
                   f"--callgrind-out-file={profile or self._folder / 'profile'}")
        running = Running(entry.wrapped(name, wrapper), self._bin, self._cpus, self._folder)
        with running:
            self._load(row, load, running, WARM_UP)
            self._count(running.pid(name), "on")
            self._load(row, load, running, COUNTED)
            self._count(running.pid(name), "off")
        return parse_collected(running.output(name)) / COUNTED

    def _load(self, row, load, running, requests):
        command = row.client.counted_command(load, requests, running.port, self._folder)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if parse_h2load(done.stdout).requests != requests:
            raise LoadError(f"not all requests were answered:\n{done.stdout}")

    def _count(self, pid, switch):
        done = subprocess.run(["callgrind_control", "-i", switch, str(pid)], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise LoadError(f"callgrind_control: {done.stdout}{done.stderr}")
