"""Traces as the collector tells them: JSON of Jaeger's query API."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass

from support import CAP, http

CHAIN = [("hal9000-api", "server"), ("hal9000-api", "client"), ("hal9000-greeter", "server")]
REQUEST_ID_TAGS = ("http.request.header.x-request-id", "guid:x-request-id")  # ours, Envoy's


@dataclass(frozen=True)
class Span:
    trace_id: str
    id: str
    parent_id: str  # "" without one
    service: str
    name: str
    tags: dict

    @property
    def kind(self):
        return self.tags.get("span.kind", "")

    @property
    def request_id(self):
        """Ours is a list attribute: its one text, as JSON. Envoy's is a text."""
        found = [self.tags[tag] for tag in REQUEST_ID_TAGS if tag in self.tags]
        return found[0].strip('[]"') if found else ""


def parse_trace(document):
    processes = document["processes"]
    spans = []
    for span in document["spans"]:
        parents = [reference["spanID"] for reference in span["references"]
                   if reference["refType"] == "CHILD_OF"]
        spans.append(Span(span["traceID"], span["spanID"], parents[0] if parents else "",
                          processes[span["processID"]]["serviceName"], span["operationName"],
                          {tag["key"]: tag["value"] for tag in span["tags"]}))
    return spans


def problems(spans, expected=CHAIN, remote_parent=""):
    """What a trace lacks to be whole: one root, no missing parent, exactly the expected spans."""
    found = []
    ids = {span.id for span in spans}
    roots = [span for span in spans if span.parent_id in ("", remote_parent)]
    if len(roots) != 1:
        found.append(f"{len(roots)} roots")
    if len(ids) != len(spans):
        found.append("a span id is used twice")
    orphans = [span for span in spans if span not in roots and span.parent_id not in ids]
    found += [f"{span.service} {span.name}: parent {span.parent_id} is missing" for span in orphans]
    have = sorted((span.service, span.kind) for span in spans)
    if have != sorted(expected):
        found.append(f"spans are {have}")
    return found


def in_order(spans):
    """The spans of an unbranched trace, from its top down."""
    ids = {span.id for span in spans}
    children = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in ids else None].append(span)
    line, parent = [], None
    while children[parent]:
        assert len(children[parent]) == 1, f"branches: {children[parent]}"
        line.append(children[parent][0])
        parent = line[-1].id
    assert len(line) == len(spans), spans
    return line


class Collector:
    """The query API."""

    def __init__(self, url):
        self.url = url
        self.address = url.removeprefix("http://")

    def get(self, path):
        return http.get(self.address, path)

    def traces(self, limit=100):
        response = self.get(f"/api/traces?limit={limit}")
        assert response.status == 200, response
        return [parse_trace(document) for document in response.json()["data"]]

    def each_trace(self, page=500):
        """All traces, the newest first, a page at a time: a full store is too much for one."""
        seen, end = set(), ""
        while True:
            response = self.get(f"/api/traces?limit={page}&end={end}")
            assert response.status == 200, response
            documents = response.json()["data"]
            fresh = [known for known in documents if known["traceID"] not in seen]
            if not fresh:
                return
            for document in fresh:
                seen.add(document["traceID"])
                yield parse_trace(document)
            # `end` is a microsecond and belongs to the page, so pages overlap.
            end = 1 + min(span["startTime"] for span in documents[-1]["spans"])

    def trace(self, trace_id):
        """The spans that have come so far; none for an unknown trace."""
        response = self.get(f"/api/traces/{trace_id}")
        if response.status == 404:
            return []
        assert response.status == 200, response
        return parse_trace(response.json()["data"][0])

    def of_request(self, request_id, limit=1000):
        """The spans of the trace that carries the request id; none when there is no such trace."""
        for spans in self.traces(limit):
            if any(span.request_id == request_id for span in spans):
                return spans
        return []

    def wait_whole(self, request_id, expected=CHAIN, remote_parent=""):
        """The whole trace of a request. Exporters send in batches and a query is no event: this
        asks until the trace is there."""
        spans = []

        def whole():
            nonlocal spans
            spans = self.of_request(request_id)
            return spans and not problems(spans, expected, remote_parent)

        asked = ask_until(whole)
        assert asked, (f"the trace of {request_id} is not whole: "
                       f"{problems(spans, expected, remote_parent)}: {spans}")
        return spans


def ask_until(condition, cap=CAP):
    """Asks again and again until the condition holds; false when it never does, the last time after
    the end. Only for what can be asked and not waited for."""
    end = time.monotonic() + cap
    pause = threading.Event()
    while True:
        is_last = time.monotonic() > end
        if condition():
            return True
        if is_last:
            return False
        pause.wait(0.02)
