"""Clients send contexts in formats that the mesh does not write, and several at once: applications
join the one that their sidecar wrote last."""

from collections import Counter
from dataclasses import dataclass

import pytest

from bootstrap import MODES
from envoy import NEWEST
from mesh import API, GATEWAY, GREETER, Service, program
from trees import (CHAIN, called, differences, inside, line, parents_elsewhere, served, size,
                   trees)

TRACE = "463ac35c9f6413ad48485a3953bb61{:02x}"


@dataclass(frozen=True)
class Sent:
    """A client's headers; the parent that they name in each format, "" without one."""
    headers: dict
    b3: str = ""
    w3c: str = ""

    def read_by(self, mode):
        if mode.provider != "zipkin":
            return self.w3c
        return self.b3 or (self.w3c if mode.context_option != "USE_B3" else "")


def w3c(number, **more):
    parent = f"{number:016x}"
    return Sent({"traceparent": f"00-{TRACE.format(number)}-{parent}-01", **more}, w3c=parent)


def b3_multi(number, parent=None):
    parent = parent or f"{number:016x}"
    return Sent({"x-b3-traceid": TRACE.format(number), "x-b3-spanid": parent, "x-b3-sampled": "1"},
                b3=parent)


def b3_root(number):
    """As Brave and Envoy make roots: the span id is the low half of the trace id."""
    return b3_multi(number, TRACE.format(number)[16:])


def both(b3, other):
    return Sent({**b3.headers, **other.headers}, b3=b3.b3, w3c=other.w3c)


SENT = [
    Sent({}),
    w3c(1),
    w3c(2, tracestate="vendor=1"),
    b3_multi(3),
    b3_root(4),
    both(b3_multi(5), w3c(6)),
    both(b3_root(7), w3c(8)),
    both(b3_multi(9), w3c(10, tracestate="vendor=1")),
]
# In an OpenTelemetry mesh this looks as if the B3 headers were a sidecar's.
AMBIGUOUS = both(b3_root(11), w3c(12, tracestate="vendor=1"))


def check(mesh, mode, sent, tree):
    for known in sent:
        assert mesh.get(headers=known.headers).status == 200
    traces = mesh.settled_traces(len(sent) * size(tree))
    parents = Counter(known.read_by(mode) for known in sent)
    assert differences(traces, [tree] * len(sent), parents) == []
    assert parents_elsewhere(traces) == parents


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_without_knowing_the_mesh(mesh_of, envoy_version, mode, trace_mode):
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version) as mesh:
        check(mesh, mode, SENT, tree)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_with_hal_mesh_provider(mesh_of, newest, mode, trace_mode):
    """What operators set for contexts that cannot be told apart."""
    provider = {"HAL_MESH_PROVIDER": "zipkin" if mode.provider == "zipkin" else "w3c"}
    services = (Service("hal9000-api", program(API, **provider), calls=("hal9000-greeter",)),
                Service("hal9000-greeter", program(GREETER, **provider), "grpc"))
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=newest, services=services) as mesh:
        check(mesh, mode, [*SENT, AMBIGUOUS], tree)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_b3_in_one_header(mesh_of, envoy_version, mode, trace_mode):
    """Envoy 1.40 answers it with b3 alone. Before, Zipkin's tracer never renews it: the gateway and
    the first sidecar are both below the client; what follows is whole."""
    parent = f"{13:016x}"
    sent = Sent({"b3": f"{TRACE.format(13)}-{parent}-1"}, b3=parent)
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version) as mesh:
        if mode.provider != "zipkin" or envoy_version == NEWEST:
            check(mesh, mode, [sent], tree)
            return
        assert mesh.get(headers=sent.headers).status == 200
        (spans,) = mesh.settled_traces(size(tree))
        gateway = line((GATEWAY, "server"), (GATEWAY, "client"))
        assert trees(spans, [parent]) == sorted([gateway, inside(trace_mode)])


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_malformed(mesh_of, envoy_version, mode, trace_mode):
    """Envoy neither traces such a request nor repairs it: the trace begins in the application."""
    bad = ({"x-b3-traceid": "xyz", "x-b3-spanid": f"{14:016x}"} if mode.provider == "zipkin" else
           {"traceparent": f"00-{TRACE.format(14)}-xyz-01"})
    call = called("hal9000-api", trace_mode, served("hal9000-greeter", trace_mode))
    tree = line(("hal9000-api", "server"), below=[call]) if trace_mode == "full" else call
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version) as mesh:
        check(mesh, mode, [Sent(bad)], tree)
