"""PeerAuthentication STRICT: proxies take each other's certificates alone, and answers, traces and
probes are as without."""

import http.client
import ssl

import pytest

from bootstrap import MODES, spiffe_id
from support import CAP
from support.certificates import Authority
from trees import CHAIN, differences, size

HELLO = "/api/v1/hello/ww"


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_traces_are_whole(mesh_of, newest, mode, trace_mode):
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=newest, mtls=True) as mesh:
        assert mesh.get().json() == {"status": "OK", "message": "world"}
        assert differences(mesh.settled_traces(size(tree)), [tree]) == []
        for pod in mesh.pods.values():
            assert sum(pod.sidecar.stats(r"^listener\..*\.ssl\.handshake$").values()) == 1


def ask(address, context=None):
    """The status, past the sidecar's caller."""
    make = http.client.HTTPConnection
    more = {}
    if context is not None:
        make, more = http.client.HTTPSConnection, {"context": context}
    connection = make(address, timeout=CAP, **more)
    try:
        connection.request("GET", HELLO)
        return connection.getresponse().status
    finally:
        connection.close()


def client(mesh, identity=None):
    context = ssl.create_default_context(cafile=mesh.authority.certificate)
    context.check_hostname = False  # names are those of SPIFFE
    if identity:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def test_nobody_else_is_let_in(mesh_of, newest, tmp_path):
    with mesh_of(envoy=newest, mtls=True) as mesh:
        api = mesh.pods["hal9000-api"]
        name = f"URI:{spiffe_id('other.default')}"
        known = mesh.authority.issue("other", name)
        assert ask(api.address, client(mesh, known)) == 200
        stranger = Authority(tmp_path / "stranger").issue("other", name)
        for context in (None, client(mesh), client(mesh, stranger)):
            with pytest.raises((OSError, http.client.HTTPException)):
                ask(api.address, context)
        # What kubelet asks by Istio's agent, which is in the pod.
        for pod in mesh.pods.values():
            assert pod.app.admin("/livez").status == 200
            assert pod.app.admin("/readyz").status == 200
