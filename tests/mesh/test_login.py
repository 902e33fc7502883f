"""The worked example in the mesh: a login is one tree, gateway and sidecars in it."""

import pytest

from bootstrap import MODES
from mesh import Service, program
from support.auth import add_user
from support.login import log_in, wait_until_ready
from support.machine import API, AUTH
from trees import at_gateway, called, differences, request_ids, served, size

ANN = ("ann", "correct horse battery")


def expected(trace_mode):
    """root -> span2 -> {span3, span4 -> the auth service}; span2 and span3 are the api's own."""
    verify = called("hal9000-api", trace_mode, served("hal9000-auth", trace_mode))
    if trace_mode == "full":
        span2, span3 = ("hal9000-api", "internal"), ("hal9000-api", "internal", ())
        verify = (*span2, tuple(sorted([span3, verify])))
    return at_gateway(served("hal9000-api", trace_mode, [verify]))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_login_is_one_tree(mesh_of, newest, tmp_path, mode, trace_mode):
    add_user(tmp_path / "auth.db", *ANN)
    auth = Service("hal9000-auth", program(AUTH, HAL_AUTH_DB=tmp_path / "auth.db"), "grpc")
    api = Service("hal9000-api", program(API, AUTH_SERVICE_NAME="hal9000-auth",
                                         HAL_TRUSTED_PROXIES=1), calls=("hal9000-auth",))
    tree = expected(trace_mode)
    assert size(tree) == {"full": 10, "forward": 5}[trace_mode]
    with mesh_of(services=(api, auth), mode=mode, trace_mode=trace_mode, envoy=newest) as mesh:
        # What it asks for itself passes the sidecar, too, and is no trace.
        wait_until_ready(mesh.app("hal9000-api"))
        answer = log_in(mesh.address, *ANN)
        assert answer.status == 200, answer
        traces = mesh.settled_traces(size(tree))
        assert differences(traces, [tree]) == []
        assert mesh.doctor()["findings"] == []
        assert len(request_ids(traces)) == 1
