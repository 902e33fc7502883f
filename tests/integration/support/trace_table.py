"""The tables of trace headers in hal/wire/testdata: what comes in, what it means, what goes on.
hal/wire/testing/trace_table.hpp reads the same files."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

TESTDATA = Path(__file__).resolve().parents[3] / "hal" / "wire" / "testdata"
NAMES = {
    "T": "463ac35c9f6413ad48485a3953bb6124", "TU": "463AC35C9F6413AD48485A3953BB6124",
    "t": "48485a3953bb6124", "0t": "000000000000000048485a3953bb6124",
    "S": "a2fb4a1d1a96d312", "SU": "A2FB4A1D1A96D312", "P": "0020000000000001",
    "O": "0af7651916cd43dd8448eb211c80319c", "R": "00000000000000c2",
    "B": "AABGOsNcn2QTrUhIWjlTu2EkAaL7Sh0altMSAgE",
}
INNERMOST = re.compile(r"\{(\d+\*[^{}]*|[A-Za-z0-9]+)\}")


def expanded(text):
    """"{T}" and the like are ids; "{3*k#,}" is "k0,k1,k2,". The innermost braces come first;
    other braces stay."""
    def replace(found):
        count, star, repeated = found.group(1).partition("*")
        if not star:
            return NAMES[count]
        return "".join(repeated.replace("#", str(i)) for i in range(int(count)))

    while (more := INNERMOST.sub(replace, text)) != text:
        text = more
    return text


@dataclass
class Row:
    name: str
    headers: list                # (name, value) as they come in
    trace: str = ""              # "": no context, or the trace restarts
    span: str = ""
    sampling: str = ""           # "": undecided
    random: bool = False
    state: str = ""
    request_id: str = ""
    baggage: str = ""
    passed: list = field(default_factory=list)
    provider: str = "auto"
    http1: bool = False          # HTTP/2 does not carry such headers
    kind: str = ""
    level: int = 1
    calls: int = 1
    golden: bool = False         # what is known: trace, parent, and whether it is sampled

    def came(self, name):
        return [value for known, value in self.headers if known.lower() == name]


def pairs(lines):
    return [tuple(expanded(line).split(": ", 1)) for line in lines]


def rows(file):
    """Of trace-vectors.json or w3c-vectors.json."""
    made = []
    for one in json.loads((TESTDATA / file).read_text()):
        made.append(Row(
            name=f"{one.get('kind', '')} {one['case']}".strip(), headers=pairs(one["in"]),
            trace=expanded(one.get("trace", "")), span=expanded(one.get("span", "")),
            sampling=one.get("sampling", ""), random=one.get("random", False),
            state=expanded(one.get("state", "")), request_id=expanded(one.get("request_id", "")),
            baggage=expanded(one.get("baggage", "")), passed=pairs(one.get("pass", [])),
            provider=one.get("provider", "auto"), http1=one.get("http1", False),
            kind=one.get("kind", ""), level=one.get("level", 1), calls=one.get("calls", 1)))
    return made


def golden_rows():
    """Header sets as applications got them from real sidecars; zero ids are to be refused."""
    made = []
    for one in json.loads((TESTDATA / "golden-headers.json").read_text()):
        headers = [tuple(pair) for pair in one["headers"]]
        known = int(one["want_trace"], 16) != 0
        row = Row(name=f"{one['envoy']} {one['mode']} {one['vector']}", headers=headers,
                  trace=one["want_trace"] if known else "",
                  span=one["want_parent"] if known else "",
                  sampling="accepted" if one["want_sampled"] else "denied", golden=True)
        row.request_id = next(iter(row.came("x-request-id")), "")
        row.baggage = ",".join(row.came("baggage"))
        made.append(row)
    return made
