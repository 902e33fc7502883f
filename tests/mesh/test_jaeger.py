"""`hal trace doctor` and `hal trace show` say of a real Jaeger what they say of our collector, with
the same spans in both. Skipped where Jaeger is not built (docs/TESTING.md)."""

import json
import os
import random
import time
from pathlib import Path

import pytest
import yaml

from bootstrap import OTLP_GRPC, OTLP_HTTP, ZIPKIN
from jaeger import BADGER, MEMORY, Jaeger, binary
from mesh import export_variables
from support import CAP, http
from support.machine import HAL, Machine
from support.network import Namespace
from support.proxy_spans import request
from support.traces import ask_until
from tee import GrpcTee, HttpTee
from test_doctor import WAYS, broken_mesh

OVERLAY = Path(__file__).resolve().parents[2] / "deploy/overlays/jaeger/jaeger.yaml"
POD_IP = "10.77.0.9"
MANY, PAGE = 1000, 500  # requests; traces that hal asks for at once
TIMEOUTS = dict.fromkeys(("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
                          "OTEL_BSP_EXPORT_TIMEOUT"), int(CAP * 1000))


@pytest.fixture(scope="module", autouse=True)
def built():
    binary()


def assert_same(doctor, jaeger):
    """What the doctor finds in both. Jaeger stores spans a moment after it has taken them."""
    ours, theirs = doctor(), None

    def same():
        nonlocal theirs
        theirs = doctor("--jaeger", jaeger.url)
        return theirs == ours

    assert ask_until(same), f"of our collector: {ours}\nof Jaeger: {theirs}"
    return ours


@pytest.mark.parametrize("mode", [ZIPKIN, OTLP_HTTP, OTLP_GRPC], ids=str)
def test_the_same_is_found_of_broken_traces(mesh_of, newest, mode):
    with broken_mesh(mesh_of, mode, newest, WAYS, 6, jaeger=Jaeger) as case:
        found = assert_same(case.mesh.doctor, case.mesh.jaeger)
        # test_doctor.py says which of them are right.
        assert {finding["cause"] for finding in found["findings"]} >= {
            "no-context", "own-trace", "stale-context", "spans-not-exported", "sampling-changed"}


class Both:
    """A Jaeger and our collector on one machine, which get the same spans."""

    def __init__(self, folder, **options):
        self.machine = Machine(folder / "local")
        self.collector = self.machine.collector()
        self.jaeger = Jaeger(self.machine, folder, **options)

    def receiver(self, protocol):
        """The port where both receive it."""
        ours = self.collector.node.metadata[protocol].removeprefix("http://")
        tee = GrpcTee if protocol == "otlp_grpc" else HttpTee
        return self.machine.adopt(tee(ours, self.jaeger.receives(protocol))).port

    def run(self, *words, **variables):
        run = self.machine.run(HAL, "trace", *words, **variables)
        return run.wait(), run.output("out"), run.output("err")

    def doctor(self, *words):
        code, out, err = self.run("doctor", "--json", "--limit=5000", *words)
        assert code in (0, 1), err
        return json.loads(out)


@pytest.fixture
def both(tmp_path):
    made = []

    def make(**options):
        made.append(Both(tmp_path, **options))
        return made[0]

    yield make
    for each in made:
        each.machine.close()


@pytest.mark.parametrize("storage", [MEMORY, BADGER], ids=["memory", "badger"])
def test_not_a_trace_is_left_out(both, storage):
    """They come in another order than they began in, as from many services at once."""
    backends = both(storage=storage)
    port = backends.receiver("zipkin")
    start_us = time.time_ns() // 1000 - 60_000_000
    requests = [request(number, start_us + number * 10_000, broken=number % 10 == 0)
                for number in range(1, MANY + 1)]
    random.Random(5).shuffle(requests)
    for begin in range(0, MANY, 50):
        spans = [span for spans in requests[begin:begin + 50] for span in spans]
        sent = http.post(f"127.0.0.1:{port}", "/api/v2/spans", json.dumps(spans).encode(),
                         {"content-type": "application/json"})
        assert sent.status == 202
    found = assert_same(backends.doctor, backends.jaeger)
    assert found["traces"] == MANY * 11 // 10 > 2 * PAGE and not found["is_cut"]
    (finding,) = found["findings"]
    assert finding["calls"] == MANY // 10
    of_one = f"{0x200000 + MANY // 2:032x}"  # a half of a broken trace
    assert assert_same(lambda *words: backends.doctor(of_one, *words), backends.jaeger)["findings"]


@pytest.mark.parametrize("protocol", ["otlp", "otlp_grpc", "zipkin"])
def test_traces_of_ours_are_shown_the_same(both, protocol):
    """One that is well, and one that fails and says why."""
    backends = both(base_path="/jaeger")
    variables = export_variables(protocol, backends.receiver(protocol)) | TIMEOUTS
    greeter = backends.machine.greeter(**variables)
    api = backends.machine.api(**variables)
    assert api.get("/api/v1/hello/ww").status == 200
    greeter.stop()
    assert api.get("/api/v1/hello/ww").status == 503
    api.stop()  # with all spans sent
    failed, well = backends.collector.traces.traces()
    for which, spans in (("last", failed), (failed[0].trace_id, failed), (well[0].trace_id, well)):
        ours = backends.run("show", which)
        assert ours[0] == 0 and spans[0].trace_id in ours[1]

        def theirs():
            return backends.run("show", which, HAL_COLLECTOR_URL=backends.jaeger.url)

        assert ask_until(lambda: theirs() == ours), f"ours: {ours}\nJaeger's: {theirs()}"


def test_what_jaeger_does_not_have(both):
    backends = both(base_path="/jaeger")
    url = backends.jaeger.url
    code, out, _ = backends.run("doctor", "--jaeger", url)
    assert code == 0 and "No traces to judge" in out
    code, _, err = backends.run("doctor", "f" * 32, "--jaeger", url)
    assert code == 2 and f"{url} has no trace {'f' * 32}" in err
    code, _, err = backends.run("show", "last", HAL_COLLECTOR_URL=url)
    assert code == 1 and f"{url} has no traces yet" in err
    code, _, err = backends.run("doctor", "--jaeger", url.removesuffix("/jaeger"))
    assert code == 2 and "/api/services answered 200 with a page, no JSON: is the URL's path" in err


@pytest.fixture
def namespace():
    if os.geteuid() != 0:
        pytest.skip("only root can make network namespaces")
    made = Namespace()
    yield made
    made.close()


def overlays_container():
    """Of deploy/overlays/jaeger, with the ports by their names."""
    (deployment,) = [each for each in yaml.safe_load_all(OVERLAY.read_text())
                     if each["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container, {port["name"]: port["containerPort"] for port in container["ports"]}


def test_the_overlays_jaeger(namespace, tmp_path):
    """With its arguments and variables it listens where the manifest says, outside of loopback."""
    machine = Machine(tmp_path / "local")
    container, ports = overlays_container()

    def at(port):
        return f"{POD_IP}:{ports[port]}"

    def check():
        jaeger = machine.start([binary(), *container["args"]],
                               {each["name"]: each["value"] for each in container["env"]})
        jaeger.wait_line("Everything is ready")
        probe = container["readinessProbe"]["httpGet"]
        assert ask_until(lambda: http.get(at(probe["port"]), probe["path"]).status == 200)
        greeter = machine.greeter(OTEL_EXPORTER_OTLP_PROTOCOL="grpc", **TIMEOUTS,
                                  OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{at('grpc-otlp')}")
        api = machine.api(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{at('http-otlp')}", **TIMEOUTS)
        assert api.get("/api/v1/hello/ww").status == 200
        api.stop()
        greeter.stop()

        def shown():
            run = machine.run(HAL, "trace", "show", "last",
                              HAL_COLLECTOR_URL=f"http://{at('http-query')}")
            run.wait()
            return run.output()

        assert ask_until(lambda: "3 spans, 2 services" in shown()), shown()

    try:
        namespace.run(check)
    finally:
        namespace.run(machine.close)
