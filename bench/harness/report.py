"""Samples as tables in Markdown."""

import statistics
from collections import defaultdict
from pathlib import Path

BEGIN = "<!-- written by bench/run: begin -->"
END = "<!-- written by bench/run: end -->"
BASELINE = "hal9000"

# (heading, attribute of Sample, format, show the spread)
COLUMNS = (
    ("CPU µs per request", "cpu_us", "{:.1f}", True),
    ("requests/s", "requests_per_second", "{:,.0f}", False),
    ("p50 µs", "p50_us", "{:,.0f}", False),
    ("p99 µs", "p99_us", "{:,.0f}", False),
    ("peak RSS MiB", "peak_rss_mib", "{:.1f}", False),
    ("system calls per request", "system_calls", "{:.2f}", False),
)


class Results:
    """Samples by row, load and label, in the order in which they came first."""

    def __init__(self):
        self._samples = defaultdict(list)  # (row, load, label) -> [Sample]

    def add(self, row, load, label, sample):
        self._samples[row, load, label].append(sample)

    def lines(self, row):
        """[(load, label, samples)] of a row, load by load."""
        found = [(load, label, samples)
                 for (name, load, label), samples in self._samples.items() if name == row]
        loads = list(dict.fromkeys(load for load, _, _ in found))
        return sorted(found, key=lambda line: loads.index(line[0]))


def values(samples, attribute):
    return [value for sample in samples if (value := getattr(sample, attribute)) is not None]


def cell(numbers, template, with_spread):
    """The median, and (min-max) where there is more than one."""
    if not numbers:
        return "-"
    text = template.format(statistics.median(numbers))
    if with_spread and len(numbers) > 1:
        text += f" ({template.format(min(numbers))}-{template.format(max(numbers))})"
    return text


def ratio(samples, baseline):
    """CPU as a multiple of the baseline's."""
    if not baseline:
        return "-"
    return "{:.2f}".format(statistics.median(values(samples, "cpu_us"))
                           / statistics.median(values(baseline, "cpu_us")))


def is_baseline(label):
    return label == BASELINE or label.startswith(BASELINE + ",")


def table(row, results):
    """The row's heading and table; empty without samples."""
    lines = results.lines(row.name)
    if not lines:
        return ""
    headings = ["load", "server", *[heading for heading, _, _, _ in COLUMNS]]
    headings.insert(3, "× hal9000")
    text = [f"### {row.title}", "", "| " + " | ".join(headings) + " |",
            "|---|---|" + "---:|" * (len(headings) - 2)]
    for load, label, samples in lines:
        # The first of ours with this load: the plain one, where there are several.
        baseline = next((others for other_load, other, others in lines
                         if other_load == load and is_baseline(other)), None)
        cells = [cell(values(samples, attribute), template, spread)
                 for _, attribute, template, spread in COLUMNS]
        cells.insert(1, ratio(samples, baseline))
        text.append("| " + " | ".join([str(load), label, *cells]) + " |")
    text += spans_told(lines)
    return "\n".join(text) + "\n"


def spans_told(lines):
    found = [(label, value) for _, label, samples in lines for value in values(samples, "spans")]
    if not found:
        return []
    labels = " and ".join(dict.fromkeys(label for label, _ in found))
    numbers = [value for _, value in found]
    return ["", f"{labels}: {min(numbers):.2f} to {max(numbers):.2f} spans exported per request, "
                "none lost."]


def report(rows, results, facts):
    """`facts`: lines about the command, the machine and the versions."""
    parts = ["\n".join(f"- {fact}" for fact in facts) + "\n"]
    parts += [text for row in rows if (text := table(row, results))]
    return "\n".join(parts)


def replace_between_markers(document, text):
    begin, end = document.find(BEGIN), document.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"the page has no lines '{BEGIN}' and '{END}'")
    return f"{document[:begin + len(BEGIN)]}\n{text}{document[end:]}"


def write(path, text):
    path = Path(path)
    path.write_text(replace_between_markers(path.read_text(), text))
