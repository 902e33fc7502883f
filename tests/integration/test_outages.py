"""A part fails while requests come: what callers see of it, and what it costs."""

import contextlib
import http.server
import socket
import threading

import pytest

from support.load import CONNECTIONS, assert_all_answered, needs_h2load, results, start_load
from support.traces import ask_until

pytestmark = needs_h2load

UNTRACED = {"HAL_TRACE_MODE": "off"}


def calls(service):
    """Requests that ended, over all labels."""
    return sum(float(line.rsplit(" ", 1)[1])
               for line in service.admin("/metrics").text.splitlines()
               if line.startswith("hal_requests_total"))


def test_one_of_two_greeters_stops_ten_times_and_no_request_fails(machine):
    api = machine.api(**UNTRACED)
    greeters = [machine.greeter(**UNTRACED), machine.greeter(**UNTRACED)]
    requests, rounds = 8_000, 0
    while rounds < 10:
        leaving = greeters.pop(0)
        before = calls(leaving)
        load = start_load(machine, api, requests)
        assert ask_until(lambda: calls(leaving) > before or not load.running)
        leaving.stop()
        if load.running:
            rounds += 1
        else:
            requests *= 2  # this machine is fast: the load ended first, and nothing was shown
            assert requests < 10_000_000
        assert_all_answered(load)
        greeters.append(machine.greeter(**UNTRACED))


def test_a_killed_greeter_costs_the_calls_it_had_and_no_other(machine):
    api = machine.api(**UNTRACED)
    greeters = [machine.greeter(**UNTRACED), machine.greeter(**UNTRACED)]
    load = start_load(machine, api, 20_000)
    assert ask_until(lambda: all(calls(one) > 0 for one in greeters))
    greeters[0].kill()
    found = results(load)
    assert found["total"] == found["ok"] + found["broken"], load.output()
    # Each connection has one request under way; whatever comes later finds the other greeter.
    assert found["broken"] <= CONNECTIONS, load.output()
    assert found["errored"] == found["timeout"] == 0, load.output()


class Collector:
    """Stands where spans are sent to; `answer` does what it likes with each connection."""

    def __init__(self, answer):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._answer = answer
        self._kept = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self.socket.accept()
                self._kept.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            self._answer(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self._kept:
            connection.close()


def say_nothing(_):
    """Takes connections, reads nothing, keeps them."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Takes each request and answers as its subclass does."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection):
        super().__init__(connection, connection.getpeername(), None)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.answer()

    def log_message(self, *_):
        pass


class Answer500(Handler):
    def answer(self):
        self.send_error(500)


class Trickle(Handler):
    """Answers byte by byte: there is always one more to come, and never the last."""

    def answer(self):
        pause = threading.Event()
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + b" " * 999_999:
            self.wfile.write(bytes([byte]))
            pause.wait(0.02)


def answer_garbage(connection):
    while connection.recv(65536):
        connection.sendall(b"\x00\xff\x16\x03 200 nonsense\r\n\r\n" * 100)


def memory_bytes(service):
    with open(f"/proc/{service.pid}/status", encoding="ascii") as lines:
        (size,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(size) * 1024


@pytest.mark.parametrize("how", ["away", "silent", "500", "garbage", "trickle"])
def test_a_broken_collector_costs_spans_and_nothing_else(machine, how):
    collector = Collector({"500": Answer500, "garbage": answer_garbage, "trickle": Trickle}.get(
        how, say_nothing))
    if how == "away":
        collector.close()
    queue = {"OTEL_BSP_MAX_QUEUE_SIZE": 2_000, "OTEL_EXPORTER_OTLP_TIMEOUT": 1_000,
             "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    try:
        services = [machine.greeter(**queue), machine.api(**queue)]
        for service in services:  # lines that nobody reads would lie in memory, too
            service.set_log_level("warn")
        assert_all_answered(start_load(machine, services[-1], 5_000))  # more than the queues take
        before = [memory_bytes(service) for service in services]
        assert_all_answered(start_load(machine, services[-1], 25_000))
        grown = [memory_bytes(service) - old for service, old in zip(services, before)]
        for service in services:
            lost = (service.counter("hal_spans_dropped_total")
                    + service.counter("hal_spans_failed_total"))
            assert lost > 0
            assert service.counter("hal_spans_exported_total") == 0
            service.wait_line("level=warn .*trace export to")  # said, too
        # The api would keep 15 MB of spans without the queue's limit.
        assert max(grown) < 4 * 1024 * 1024, grown
    finally:
        collector.close()


def test_large_requests_do_not_fill_the_memory_with_spans(machine):
    collector = Collector(say_nothing)
    collector.close()
    large = ["-H", "user-agent: " + "a" * 15_000]
    try:
        api = machine.api(HAL_WORKERS=1, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
        machine.greeter(**UNTRACED)
        # Far fewer spans than the queue takes by default, and more bytes than it does.
        assert_all_answered(start_load(machine, api, 4_000, *large))
        before = memory_bytes(api)
        assert_all_answered(start_load(machine, api, 8_000, *large))
        assert api.counter("hal_spans_dropped_total") > 0
        # Without a limit of bytes these are 120 MB more.
        assert memory_bytes(api) - before < 40 * 1024 * 1024
    finally:
        collector.close()
