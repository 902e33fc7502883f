"""More than one call: longer chains, calls at once, calls that are made again."""

import pytest

from bootstrap import MODES
from mesh import GREETER_SERVICE, hop
from trees import at_gateway, called, differences, line, request_ids, served, size


def run(mesh_of, services, expected, **options):
    """One request through the mesh; every hop got the same request id. What they answered."""
    with mesh_of(services=services, **options) as mesh:
        answer = mesh.get("/hop")
        assert answer.status == 200, answer
        traces = mesh.settled_traces(size(expected))
        assert differences(traces, [expected]) == []
        assert mesh.doctor()["findings"] == []
        (request_id,) = request_ids(traces)
        hops = list(every(answer.json()))
        assert [hop["headers"]["x-request-id"] for hop in hops] == [[request_id]] * len(hops)
        return hops


def every(answer):
    """An answer of hal9000-mesh-hop's and those in it; the greeter answers no such thing."""
    if isinstance(answer, dict):
        yield answer
        for inner in answer["called"]:
            yield from every(inner)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_four_services(mesh_of, newest, mode, trace_mode):
    third = hop("third", "http", GREETER_SERVICE)
    second = hop("second", "grpc", third)
    first = hop("first", "http", second)
    tree = served("hal9000-greeter", trace_mode)
    for name in ("third", "second", "first"):
        tree = served(name, trace_mode, [called(name, trace_mode, tree)])
    expected = at_gateway(tree)
    assert size(expected) == {"full": 16, "forward": 9}[trace_mode]
    hops = run(mesh_of, (first, second, third, GREETER_SERVICE), expected, mode=mode,
               trace_mode=trace_mode, envoy=newest)
    assert [known["service"] for known in hops] == ["first", "second", "third"]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_three_calls_at_once(mesh_of, newest, mode, trace_mode):
    leaves = (hop("left", "http"), hop("middle", "grpc"), GREETER_SERVICE)
    first = hop("first", "http", *leaves, HOP_AT_ONCE="true")
    calls = [called("first", trace_mode, served(leaf.name, trace_mode)) for leaf in leaves]
    hops = run(mesh_of, (first, *leaves), at_gateway(served("first", trace_mode, calls)),
               mode=mode, trace_mode=trace_mode, envoy=newest)
    assert sorted(known["service"] for known in hops) == ["first", "left", "middle"]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_sidecar_calls_again(mesh_of, newest, mode, trace_mode):
    """The two attempts are calls of one span of the caller's sidecar."""
    second = hop("second", "grpc", HOP_REFUSALS=1)
    first = hop("first", "http", second)
    attempt = served("second", trace_mode)
    expected = at_gateway(served("first", trace_mode, [
        called("first", trace_mode, attempt, attempt)]))
    hops = run(mesh_of, (first, second), expected, mode=mode, trace_mode=trace_mode,
               envoy=newest)
    assert hops[1]["headers"]["x-envoy-attempt-count"] == ["2"]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_the_kit_calls_again(mesh_of, newest, mode, trace_mode):
    """Without Istio's retries: the two attempts are calls of one span of the application."""
    second = hop("second", "grpc", HOP_REFUSALS=1)
    first = hop("first", "http", second, HOP_IDEMPOTENT="true")
    attempt = called("first", "forward", served("second", trace_mode))
    calls = [attempt, attempt]
    if trace_mode == "full":
        calls = [line(("first", "client"), below=calls)]
    hops = run(mesh_of, (first, second), at_gateway(served("first", trace_mode, calls)), mode=mode,
               trace_mode=trace_mode, envoy=newest, retries=False)
    assert hops[1]["headers"]["grpc-previous-rpc-attempts"] == ["1"]
