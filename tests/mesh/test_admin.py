"""The admin port, as the mesh can reach it: a sidecar hands on calls to any port of its pod."""

from mesh import Service, program
from support import http
from support.machine import GREETER


class AdminPort:
    """A started program, as a service that listens on its admin port."""

    def __init__(self, app):
        self.app = app
        self.port = int(app.admin_address.rsplit(":", 1)[1])
        self.spans_sent = app.spans_sent


def test_what_is_for_this_machine_is_not_for_the_mesh(mesh_of, newest):
    admin = Service("hal9000-greeter", lambda place: AdminPort(program(GREETER)(place)))
    with mesh_of(services=(admin,), envoy=newest) as mesh:
        assert mesh.get("/version").status == 200, "the mesh does reach the admin port"
        for answer in (mesh.get("/config"), mesh.get("/log-level"),
                       http.put(mesh.address, "/log-level", b"debug")):
            assert answer.status == 403
            assert "this call is from 127.0.0.6" in answer.error
        app = mesh.app("hal9000-greeter").app
        assert app.admin("/log-level").json() == {"level": "info"}
