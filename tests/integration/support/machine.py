"""A machine of its own: a registry folder and the programs that find each other in it."""

import contextlib
import os
import socket
import struct
from pathlib import Path

from support import http, registry
from support.process import Process
from support.traces import Collector

BIN = Path(os.environ.get("HAL_BIN_DIR") or
           Path(__file__).resolve().parents[3] / "build" / "release" / "bin")
# For `hal up`.
ANY_PORT = ("--port=0", "--otlp-port=0", "--otlp-grpc-port=0", "--zipkin-port=0", "--query-port=0")
HAL, API, GREETER = BIN / "hal", BIN / "hal9000-api", BIN / "hal9000-greeter"
AUTH = BIN / "hal9000-auth"


def listening_addresses(pid):
    """Host and port where a process listens on TCP over IPv4 (proc(5))."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            inodes.add(os.readlink(descriptor))
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    sockets = [field[1].split(":") for field in fields
               if field[3] == "0A" and f"socket:[{field[9]}]" in inodes]
    return {(socket.inet_ntoa(struct.pack("=I", int(host, 16))), int(port, 16))
            for host, port in sockets}


def listening_ports(pid):
    return {port for _, port in listening_addresses(pid)}


class Service(Process):
    """A service that listens: its node is in the registry."""

    def __init__(self, command, folder, variables):
        super().__init__(command, variables)
        self.folder = folder
        self.registered = variables["HAL_REGISTRY"] == "local"
        self.address = None
        self.node = None

    def wait_until_listening(self):
        self.address = self.wait_line(r'message="\S+ listens on ([\d.]+:\d+)"').group(1)
        if self.registered:
            self.node = registry.node_of(self.folder, self.pid)
            assert self.node, f"{self.name} listens, but is not in the registry:\n{self.output()}"
        return self

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    @property
    def admin_address(self):
        if self.node:
            return self.node.metadata["admin"]
        return self.wait_line(r"/livez, /readyz and /metrics are on ([\d.]+:\d+)").group(1)

    def get(self, path, headers=None):
        return http.get(self.address, path, headers)

    def admin(self, path):
        return http.get(self.admin_address, path)

    def set_log_level(self, level):
        response = http.exchange(
            self.admin_address, f"PUT /log-level HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                f"Content-Length: {len(level)}\r\n\r\n{level}")
        assert response.status == 200, response

    def counter(self, name):
        """The value of an unlabelled counter on the admin port."""
        for line in self.admin("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"{self.name} has no counter {name}")

    def spans_sent(self):
        """How many spans it has given to its exporter."""
        return self.counter("hal_spans_recorded_total")


class Machine:
    """Starts services; close() drains them, the last started first, and checks their exit codes."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._started = []

    def variables(self, **more):
        common = {"HAL_LOCAL_DIR": self.folder, "HAL_REGISTRY": "local",
                  "SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": 0, "HAL_ADMIN_PORT": 0,
                  "HAL_COLLECTOR_OTLP_PORT": 0, "HAL_COLLECTOR_OTLP_GRPC_PORT": 0,
                  "HAL_COLLECTOR_ZIPKIN_PORT": 0, "HAL_COLLECTOR_QUERY_PORT": 0,
                  "OTEL_BSP_SCHEDULE_DELAY": 200, "HAL_DRAIN_TIMEOUT": "50s"}
        merged = {**common, **more}
        return {name: value for name, value in merged.items() if value is not None}

    def start(self, command, variables):
        """Any program, with these variables alone; it may end by itself, and ends with the
        machine."""
        process = Process(command, variables)
        self._started.append(process)
        return process

    def run(self, *command, **variables):
        """A program that takes the machine's variables; else like start()."""
        return self.start(command, self.variables(**variables))

    def service(self, *command, **variables):
        service = Service(command, self.folder, self.variables(**variables))
        self._started.append(service)
        return service.wait_until_listening()

    def adopt(self, part):
        """Something else to be ended with the machine: its close() is called."""
        part.running = False
        self._started.append(part)
        return part

    def greeter(self, **variables):
        return self.service(GREETER, **{"SERVICE_NAME": "hal9000-greeter", **variables})

    def api(self, **variables):
        return self.service(API, **{"SERVICE_NAME": "hal9000-api", **variables})

    def auth(self, database, **variables):
        return self.service(AUTH, **{"SERVICE_NAME": "hal9000-auth", "HAL_AUTH_DB": database,
                                     **variables})

    def collector(self, **variables):
        service = self.service(HAL, "collector", **variables)
        service.traces = Collector(service.node.metadata["query"])
        return service

    def close(self):
        with contextlib.ExitStack() as stack:
            for process in self._started:  # the stack ends them from the last to the first
                stack.callback(process.close)
                stack.callback(self._stop, process)

    @staticmethod
    def _stop(process):
        if process.running:
            process.stop()


class Chain:
    """Collector, greeter and api on one machine."""

    def __init__(self, machine, **variables):
        self.machine = machine
        self.collector = machine.collector()
        self.greeter = machine.greeter(**variables)
        self.api = machine.api(**variables)

    def flush(self):
        """Drains api and greeter: afterwards the collector has every span. Returns its traces."""
        self.api.stop()
        self.greeter.stop()
        return self.collector.traces
