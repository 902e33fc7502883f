"""One request in each tracing mode of the mesh and each mode of the applications: its traces."""

import pytest

from bootstrap import MODES
from trees import CHAIN, differences, request_ids, size


@pytest.mark.parametrize("trace_mode", CHAIN)
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_one_request(mesh_of, envoy_version, mode, trace_mode):
    expected = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version) as mesh:
        assert mesh.get().json() == {"status": "OK", "message": "world"}
        traces = mesh.settled_traces(sum(map(size, expected)))
        assert differences(traces, expected) == []
        # In the broken case too: it is what still joins the two.
        assert len(request_ids(traces)) == 1
        api, warning = mesh.app("hal9000-api"), "every trace breaks at this service"
        if trace_mode == "off":
            api.wait_line(warning)
        else:
            api.stop()
            assert warning not in api.output()
