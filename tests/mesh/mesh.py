"""A mesh on loopback: a gateway, and services with a sidecar each, in Envoy's real program.

    with Mesh(folder, mode=ZIPKIN, trace_mode="forward") as mesh:
        mesh.get("/api/v1/hello/ww")

Every application is a child on this machine; any program can stand in the place of one.
"""

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bootstrap import (FLUSH_MS, LOOPBACK, ZIPKIN, Inbound, Mtls, Outbound, Proxy, Tracing,
                       spiffe_id)
from envoy import NEWEST, Envoy
from support import http
from support.certificates import Authority
from support.machine import API, BIN, GREETER, HAL, Machine
from support.process import clean_environment
from support.traces import ask_until
from tee import GrpcTee, HttpTee

HOP = BIN / "hal9000-mesh-hop"
GATEWAY = "istio-ingressgateway.istio-system"


def port_of(address):
    return int(address.rsplit(":", 1)[1])


@dataclass
class Place:
    """What an application in the mesh is told when it starts."""
    machine: Machine
    name: str
    addresses: dict  # of each service it calls: its own sidecar's outbound listener
    zipkin: str  # base URL for Zipkin's spans
    variables: dict  # the same for a program made with the kit


@dataclass(frozen=True)
class Service:
    """`start(place)` returns what has started: `.port` is where it listens, `.spans_sent()` how
    many spans it gave its exporter. What it starts by the place's machine ends with the mesh."""
    name: str
    start: Callable
    protocol: str = "http"  # what it serves: http or grpc
    calls: tuple = ()  # names of other services


def export_variables(protocol, port):
    """For programs made with the kit: where spans go, in a protocol named as in Mode.provider."""
    url = f"http://{LOOPBACK}:{port}"
    if protocol == "zipkin":
        return {"OTEL_EXPORTER_ZIPKIN_ENDPOINT": url}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if protocol == "otlp_grpc" else "http/protobuf"}


def program(path, **variables):
    """A start for programs made with the kit."""
    return lambda place: place.machine.service(path, **{**place.variables, **variables})


def hop(name, protocol, *calls, probes=None, **variables):
    """A service of hal9000-mesh-hop's. `calls`: other services of the mesh; `probes`: one that it
    calls outside the traces; `variables`: HOP_AT_ONCE and so on (hop.cpp)."""
    def start(place):
        def target(call):
            return (f"http://{place.addresses[call.name]}" if call.protocol == "http"
                    else call.name)
        return program(HOP, HOP_SERVES=protocol, HOP_CALLS=",".join(map(target, calls)) or None,
                       HOP_PROBES=probes and f"{target(probes)}/hop", **variables)(place)
    called = (*calls, probes) if probes else calls
    return Service(name, start, protocol, tuple(call.name for call in called))


GREETER_SERVICE = Service("hal9000-greeter", program(GREETER), "grpc")
API_SERVICE = Service("hal9000-api", program(API), calls=("hal9000-greeter",))
CHAIN = (API_SERVICE, GREETER_SERVICE)  # the first is the one behind the gateway


class ReservedPorts:
    """Free ports that nobody else gets: bound, never listened on, and shared by SO_REUSEPORT with
    the listener to come."""

    def __init__(self):
        self._sockets = contextlib.ExitStack()

    def take(self):
        reserved = self._sockets.enter_context(socket.socket())
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((LOOPBACK, 0))
        return reserved.getsockname()[1]

    def close(self):
        self._sockets.close()


@dataclass
class Pod:
    app: object
    sidecar: Envoy
    address: str  # its sidecar's inbound listener
    outbound: dict  # service -> its sidecar's outbound listener


class Mesh:
    """Started from the collector up to the gateway when it is entered; ended the other way round,
    each process by SIGTERM and with exit code 0.

    trace_mode: HAL_TRACE_MODE of programs made with the kit. sampling: per cent of new traces.
    exports: the protocol of the programs' spans; exports_through_sidecar: they go through an
    outbound listener with tracing on, as in a pod. retries: Istio's retry policy on outbound
    routes. mtls: proxies show each other certificates and take nothing else. jaeger: gets a folder
    and the machine, and returns a Jaeger that is sent every span as well."""

    def __init__(self, folder, *, mode=ZIPKIN, trace_mode="full", sampling=100.0, envoy=NEWEST,
                 services=CHAIN, generate_request_id=True, exports="otlp",
                 exports_through_sidecar=False, retries=True, mtls=False, jaeger=None):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.mode, self.trace_mode, self.envoy = mode, trace_mode, envoy
        self.services = services
        self.pods = {}
        self._sampling, self._generate_request_id = sampling, generate_request_id
        self._exports, self._exports_through_sidecar = exports, exports_through_sidecar
        self._retries, self._mtls = retries, mtls
        self._start_jaeger, self.jaeger = jaeger, None

    def __enter__(self):
        self.machine = Machine(self.folder / "local")
        with contextlib.ExitStack() as stack:
            stack.callback(self.machine.close)
            self._start()
            stack.pop_all()
        return self

    def __exit__(self, *_):
        self.machine.close()

    def _start(self):
        self.authority = Authority(self.folder / "pki") if self._mtls else None
        self.collector = self.machine.collector()
        self.traces = self.collector.traces
        self._receivers = {protocol: port_of(self.collector.node.metadata[protocol])
                           for protocol in ("zipkin", "otlp", "otlp_grpc")}
        if self._start_jaeger:
            self.jaeger = self._start_jaeger(self.machine, self.folder)
            for protocol, port in self._receivers.items():
                tee = GrpcTee if protocol == "otlp_grpc" else HttpTee
                self._receivers[protocol] = self.machine.adopt(
                    tee(f"{LOOPBACK}:{port}", self.jaeger.receives(protocol))).port
        self._tracing = Tracing(self.mode, self._receivers[self.mode.provider], self._sampling,
                                self._generate_request_id)
        with contextlib.closing(ReservedPorts()) as ports:
            for service in reversed(self.services):
                self.pods[service.name] = self._start_pod(service, ports)
            to_first = self._outbound(self.services[0].name, ports.take())
            self.gateway = self._start_envoy(GATEWAY, ports, outbound=(to_first,), is_gateway=True)
            for envoy in self.envoys:
                envoy.wait_until_listening()
        self.address = f"{LOOPBACK}:{to_first.port}"

    def _outbound(self, name, port):
        (protocol,) = (known.protocol for known in self.services if known.name == name)
        return Outbound(f"{name}.default.svc.cluster.local", protocol,
                        port_of(self.pods[name].address), port)

    def _start_envoy(self, workload, ports, **listeners):
        proxy = Proxy(workload, self._tracing, ports.take(), retries=self._retries,
                      mtls=self._identity(workload), **listeners)
        return Envoy(self.machine, self.envoy, proxy, self.folder / workload)

    def _identity(self, workload):
        if self.authority is None:
            return None
        identity = self.authority.issue(workload, f"URI:{spiffe_id(workload)}")
        return Mtls(str(identity.certificate), str(identity.key), str(self.authority.certificate))

    def _start_pod(self, service, ports):
        outbound = [self._outbound(name, ports.take()) for name in service.calls]
        addresses = {name: f"{LOOPBACK}:{known.port}"
                     for name, known in zip(service.calls, outbound)}
        exports_to = self._receivers[self._exports]
        if self._exports_through_sidecar:
            outbound.append(Outbound("collector.observability.svc.cluster.local",
                                     "grpc" if self._exports == "otlp_grpc" else "http",
                                     exports_to, ports.take(), in_mesh=False))
            exports_to = outbound[-1].port
        app = service.start(self._place(service.name, addresses, exports_to))
        inbound = Inbound(app.port, service.protocol, ports.take())
        sidecar = self._start_envoy(f"{service.name}.default", ports, inbound=(inbound,),
                                    outbound=tuple(outbound))
        return Pod(app, sidecar, f"{LOOPBACK}:{inbound.port}", addresses)

    def _place(self, name, addresses, exports_to):
        known = ",".join(f"{service}={address}" for service, address in addresses.items())
        zipkin = f"http://{LOOPBACK}:{self._receivers['zipkin']}"
        return Place(self.machine, name, addresses, zipkin, {
            "HAL_REGISTRY": "static", "HAL_STATIC_ADDRESSES": known or None, "SERVICE_NAME": name,
            "HAL_TRACE_MODE": self.trace_mode, "OTEL_BSP_SCHEDULE_DELAY": FLUSH_MS,
            **export_variables(self._exports, exports_to)})

    @property
    def envoys(self):
        return [self.gateway, *(pod.sidecar for pod in self.pods.values())]

    def app(self, name):
        return self.pods[name].app

    def settled_traces(self, spans):
        """All traces, once so many spans have come and no more follow."""
        assert ask_until(lambda: self._spans() >= spans), (
            f"{self._spans()} spans of {spans} have come: {self.traces.traces(1000)}")
        return self.quiet_traces()

    def _spans(self):
        return sum(map(len, self.traces.traces(1000)))

    def spans_sent(self):
        """By all Envoys and services, as they count them themselves."""
        return sum(part.spans_sent() for part in (
            *self.envoys, *(pod.app for pod in self.pods.values())))

    def quiet_traces(self):
        """All traces, once the collector has every span that is sent, and no Envoy had one left to
        send: the requests must have been answered."""
        sent, traces = None, []

        def quiet():
            nonlocal sent, traces
            sent = self.spans_sent()
            self._wait_until_flushed()
            traces = self.traces.traces(1000)
            return sum(map(len, traces)) == sent == self.spans_sent()

        assert ask_until(quiet), f"{sent} spans are sent, and these have come: {traces}"
        return traces

    def _wait_until_flushed(self):
        """Until all Envoys have begun to send what they hold now. Their workers do so whenever a
        timer of FLUSH_MS fires. What they count says nothing of it: their main threads, which have
        nothing to send, do the same."""
        self._ask_workers()
        threading.Event().wait(2 * FLUSH_MS / 1000)  # at least: now each of the timers is due
        self._ask_workers()  # this may be answered just before a timer
        self._ask_workers()

    def _ask_workers(self):
        for envoy in self.envoys:
            envoy.ask_worker()

    def hal(self, *words, stdout=subprocess.PIPE):
        """The hal command, asking the mesh's collector: what it printed into a pipe."""
        return subprocess.run([HAL, *words], stdin=subprocess.DEVNULL, stdout=stdout, text=True,
                              check=False, env=clean_environment(
                                  {"HAL_COLLECTOR_URL": self.traces.url})).stdout

    def doctor(self, *words):
        """What `hal trace doctor` finds in all traces that have come."""
        return json.loads(self.hal("trace", "doctor", "--settle=0s", "--limit=100000", "--json",
                                   *words))

    def get(self, path="/api/v1/hello/ww", headers=None):
        """A GET from outside the mesh."""
        return http.get(self.address, path, headers)
