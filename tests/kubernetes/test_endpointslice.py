"""Services found by the EndpointSlices that a real controller makes of them."""

import itertools
import statistics
import time

import pytest

import binaries
import cluster as clusters
from conftest import Pods
from outside import served
from support.network import Namespace
from test_registry import HELLO, eventually

PORT = 8080
SERVICE = {"ports": [{"name": "grpc", "port": PORT}]}
ZONES = {"node-a": "zone-a", "node-b": "zone-b"}


@pytest.fixture(scope="module")
def namespace():
    if not clusters.can_make_pods():
        pytest.skip("only root can make network namespaces and give a program the files of a pod")
    made = Namespace()
    yield made
    made.close()


@pytest.fixture(scope="module")
def slices(namespace, tmp_path_factory):
    """A cluster of its own, inside the namespace."""
    def start():
        made = clusters.Cluster(tmp_path_factory.mktemp("slices"))
        for node, zone in ZONES.items():
            made.add_node(node, zone)
        made.start_controllers()
        return made
    # They are built where the Go proxy can be reached.
    binaries.prepare(binaries.kube_controller_manager)
    made = namespace.run(start)
    yield made
    namespace.run(made.close)


@pytest.fixture
def machine(namespace, slices, tmp_path):
    """Runs a test inside the namespace, with pods of its own."""
    pods = namespace.run(Pods, slices, tmp_path / "local")
    yield lambda check, *values: namespace.run(check, slices, pods, *values)
    namespace.run(pods.close)


hosts = (f"10.77.0.{number}" for number in itertools.count(1))


def greeter(pods, name, **more):
    return pods.greeter(name, next(hosts), SERVICE_PORT=PORT, HAL_REGISTRY="endpointslice", **more)


def api(pods, **more):
    return pods.api("api-1", next(hosts), HAL_REGISTRY="endpointslice", HAL_WORKERS=1,
                    GREETER_SERVICE_NAME="k8s://devel/greeter:grpc", **more)


def gets_calls(edge, service):
    before = served(service)
    assert edge.get(HELLO).status == 200
    return served(service) > before


def gets_no_calls(edge, service):
    before = served(service)
    for _ in range(8):
        assert edge.get(HELLO).status == 200
    return served(service) == before


def follow_a_service(cluster, pods, record_property):
    cluster.add_service("greeter", **SERVICE)
    first = greeter(pods, "greeter-1")
    edge = api(pods)
    eventually(lambda: edge.get(HELLO).status == 200, "the service has an endpoint")
    assert edge.get(HELLO).json() == {"status": "OK", "message": "world"}
    second = greeter(pods, "greeter-2")
    eventually(lambda: gets_calls(edge, second), "the second greeter gets calls")
    times = []
    for _ in range(5):
        cluster.set_ready("greeter-2", False)
        eventually(lambda: gets_no_calls(edge, second), "who is not ready gets no calls")
        started = time.monotonic()
        cluster.set_ready("greeter-2", True)
        eventually(lambda: gets_calls(edge, second), "who is ready gets calls")
        times.append(time.monotonic() - started)
    median = statistics.median(times)
    record_property("seconds_until_a_ready_pod_is_called", median)
    print(f"an endpoint's change reaches clients after {median:.3f} s (median of {len(times)})")
    # Terminating: it still serves, and the other one is used.
    cluster.delete_pod("greeter-1", grace=30)
    eventually(lambda: gets_no_calls(edge, first), "who terminates gets no calls")
    # The last one terminates: better than none (KEP-1669).
    cluster.delete_pod("greeter-2", grace=30)
    for _ in range(20):
        assert edge.get(HELLO).status == 200
    cluster.delete_pod("greeter-1")
    cluster.delete_pod("greeter-2")
    eventually(lambda: edge.get(HELLO).status == 503, "nobody is left")


def stay_in_the_zone(cluster, pods):
    cluster.add_service("greeter", **SERVICE)
    cluster.call("PATCH", f"/api/v1/namespaces/{clusters.NAMESPACE}/services/greeter",
                 {"spec": {"trafficDistribution": "PreferClose"}}, clusters.MERGE)
    near = greeter(pods, "near", node="node-a")
    far = greeter(pods, "far", node="node-b")
    edge = api(pods, HAL_ZONE="zone-a")
    eventually(lambda: edge.get(HELLO).status == 200, "the service has endpoints")
    eventually(lambda: gets_no_calls(edge, far), "calls stay in the zone")
    assert gets_calls(edge, near)


def test_a_service_is_followed(machine, record_property):
    machine(follow_a_service, record_property)


def test_topology_hints(machine):
    machine(stay_in_the_zone)
