"""Calls that programs make for themselves pass their sidecar, too, and are no trace."""

import pytest

from bootstrap import MODES
from mesh import hop
from support.traces import ask_until
from trees import CHAIN, at_gateway, differences, served, size


def answered(mesh, host):
    """How many requests to the host the sidecar of the mesh's first service has let through."""
    name = mesh.services[0].name
    stats = mesh.pods[name].sidecar.stats(f"^http.outbound.*{host}.*downstream_rq_2xx$")
    return sum(stats.values())


@pytest.mark.parametrize("exports", ("otlp", "otlp_grpc", "zipkin"))
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_exports(mesh_of, envoy_version, mode, exports):
    (tree,) = CHAIN["full"]
    with mesh_of(mode=mode, envoy=envoy_version, exports=exports,
                 exports_through_sidecar=True) as mesh:
        for _ in range(3):
            assert mesh.get().status == 200
        traces = mesh.settled_traces(3 * size(tree))
        assert differences(traces, [tree] * 3) == []
        # The collector has the spans before the sidecar has its answer.
        assert ask_until(lambda: answered(mesh, "collector") > 0)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_probes(mesh_of, envoy_version, mode, trace_mode):
    """As registries, keys and sidecars are asked: with the headers that exports have."""
    registry = hop("registry", "http")
    front = hop("front", "http", probes=registry)
    tree = at_gateway(served("front", trace_mode))
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version,
                 services=(front, registry)) as mesh:
        assert mesh.get("/hop").status == 200
        assert differences(mesh.settled_traces(size(tree)), [tree]) == []
        assert answered(mesh, "registry") == 1
