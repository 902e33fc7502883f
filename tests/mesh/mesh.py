"""A mesh on loopback: a gateway, and services with a sidecar each, in Envoy's real program.

    with Mesh(folder, mode=ZIPKIN, trace_mode="forward") as mesh:
        mesh.get("/api/v1/hello/ww")

Every application is a child on this machine; any program can stand in the place of one.
"""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap import (FLUSH_MS, LOOPBACK, ZIPKIN, Inbound, Outbound, Proxy, Tracing,
                       inbound_name, outbound_name)
from envoy import NEWEST, Envoy
from support import CAP, http
from support.machine import API, BIN, GREETER, HAL, Machine
from support.process import clean_environment
from support.traces import ask_until

HOP = BIN / "hal9000-mesh-hop"
QUIET_SECONDS = 6 * FLUSH_MS / 1000
GATEWAY = "istio-ingressgateway.istio-system"


def port_of(address):
    return int(address.rsplit(":", 1)[1])


@dataclass
class Place:
    """What an application in the mesh is told when it starts."""
    machine: Machine
    name: str
    addresses: dict  # of each service it calls: its own sidecar's outbound listener
    collector: str  # base URL for OTLP over HTTP
    variables: dict  # the same for a program made with the kit


@dataclass(frozen=True)
class Service:
    """`start(place)` returns what has started: `.port` is where it listens. What it starts by the
    place's machine ends with the mesh."""
    name: str
    start: Callable
    protocol: str = "http"  # what it serves: http or grpc
    calls: tuple = ()  # names of other services


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


class ReservedPort:
    """A free port that nobody else gets: bound, never listened on, and shared with the listener to
    come by SO_REUSEPORT."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind((LOOPBACK, 0))
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


@dataclass
class Pod:
    app: object
    sidecar: Envoy
    address: str  # its sidecar's inbound listener
    outbound: dict = field(default_factory=dict)  # service -> its sidecar's outbound listener


class Mesh:
    """Started from the collector up to the gateway when it is entered; ended the other way round,
    each process by SIGTERM and with exit code 0.

    trace_mode: HAL_TRACE_MODE of programs made with the kit. sampling: per cent of new traces.
    exports_through_sidecar: the programs' spans go through an outbound listener with tracing on, as
    they do in a pod. retries: Istio's retry policy on outbound routes."""

    def __init__(self, folder, *, mode=ZIPKIN, trace_mode="full", sampling=100.0, envoy=NEWEST,
                 services=CHAIN, generate_request_id=True, exports_through_sidecar=False,
                 retries=True):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.mode, self.trace_mode, self.envoy = mode, trace_mode, envoy
        self.services = services
        self.pods = {}
        self._sampling, self._generate_request_id = sampling, generate_request_id
        self._exports_through_sidecar, self._retries = exports_through_sidecar, retries

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
        self.collector = self.machine.collector()
        self.traces = self.collector.traces
        receives = self.collector.node.metadata
        self._otlp = receives["otlp"]
        tracing = Tracing(self.mode, port_of(receives[self.mode.provider]), self._sampling,
                          self._generate_request_id)
        for service in reversed(self.services):
            self.pods[service.name] = self._start_pod(service, tracing)
        first = self.services[0]
        to_first = self._outbound(first.name)
        self.gateway = self._start_envoy(Proxy(GATEWAY, tracing, outbound=(to_first,),
                                               is_gateway=True, retries=self._retries))
        self.address = f"{LOOPBACK}:{self.gateway.port_of(outbound_name(to_first))}"

    def _service(self, name):
        return next(service for service in self.services if service.name == name)

    def _outbound(self, name, port=0):
        to_port = port_of(self.pods[name].address)
        return Outbound(f"{name}.default.svc.cluster.local", self._service(name).protocol, to_port,
                        port)

    def _start_envoy(self, proxy):
        return Envoy(self.machine, self.envoy, proxy, self.folder / proxy.workload)

    def _start_pod(self, service, tracing):
        """The sidecar must know the application's port and the application its sidecar's outbound
        ports: those are reserved before either starts."""
        with contextlib.ExitStack() as stack:
            outbound = {}
            for name in service.calls:
                port = stack.enter_context(contextlib.closing(ReservedPort())).port
                outbound[name] = self._outbound(name, port)
            collector = self._otlp
            listeners = list(outbound.values())
            if self._exports_through_sidecar:
                port = stack.enter_context(contextlib.closing(ReservedPort())).port
                listeners.append(Outbound("otel.istio-system.svc.cluster.local", "http",
                                          port_of(self._otlp), port))
                collector = f"http://{LOOPBACK}:{port}"
            addresses = {name: f"{LOOPBACK}:{known.port}" for name, known in outbound.items()}
            app = service.start(self._place(service.name, addresses, collector))
            inbound = Inbound(app.port, service.protocol)
            sidecar = self._start_envoy(Proxy(f"{service.name}.default", tracing, (inbound,),
                                              tuple(listeners), retries=self._retries))
        address = f"{LOOPBACK}:{sidecar.port_of(inbound_name(inbound))}"
        return Pod(app, sidecar, address, addresses)

    def _place(self, name, addresses, collector):
        known = ",".join(f"{service}={address}" for service, address in addresses.items())
        return Place(self.machine, name, addresses, collector, {
            "HAL_REGISTRY": "static", "HAL_STATIC_ADDRESSES": known or None, "SERVICE_NAME": name,
            "HAL_TRACE_MODE": self.trace_mode, "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            "OTEL_BSP_SCHEDULE_DELAY": FLUSH_MS})

    @property
    def envoys(self):
        return [self.gateway, *(pod.sidecar for pod in self.pods.values())]

    def app(self, name):
        return self.pods[name].app

    def settled_traces(self, spans):
        """All traces, once so many spans have come and no more follow: all exporters send within
        FLUSH_MS, and what has not come in several times that does not come."""
        assert ask_until(lambda: self._spans() >= spans), (
            f"{self._spans()} spans of {spans} have come: {self.traces.traces(1000)}")
        return self._quiet_traces()

    def _spans(self):
        return sum(map(len, self.traces.traces(1000)))

    def _quiet_traces(self):
        seen, since = None, time.monotonic()
        pause = threading.Event()
        end = since + CAP
        while time.monotonic() < end:
            traces = self.traces.traces(1000)
            count = sum(map(len, traces))
            if count != seen:
                seen, since = count, time.monotonic()
            elif time.monotonic() - since > QUIET_SECONDS:
                return traces
            pause.wait(0.05)
        raise AssertionError(f"spans do not stop coming: {seen} so far")

    def hal(self, *words, stdout=subprocess.PIPE):
        """The hal command, asking the mesh's collector: what it printed into a pipe."""
        return subprocess.run([HAL, *words], stdin=subprocess.DEVNULL, stdout=stdout, text=True,
                              check=False, env=clean_environment(
                                  {"HAL_COLLECTOR_URL": self.traces.url})).stdout

    def get(self, path="/api/v1/hello/ww", headers=None):
        """A GET from outside the mesh."""
        return http.get(self.address, path, headers)
