"""`hal up`: the whole system by one command, and `hal trace show` beside it."""

import json
import os
import re
import shutil
import signal

import pytest

from support import registry
from support.login import log_in
from support.machine import ANY_PORT, HAL
from support.ports import taken_port
from support.process import wait_for_end
from support.traces import Collector, ask_until

CHILDREN = {"hal9000-collector", "hal9000-greeter", "hal9000-auth", "hal9000-api"}
HELLO = [("hal9000-api", "GET /api/v1/hello/:id", "server"),
         ("hal9000-api", "greeter.Greeter/SayHello", "client"),
         ("hal9000-greeter", "greeter.Greeter/SayHello", "server")]
LOGIN = [("hal9000-api", "POST /api/v1/login", "server"),
         ("hal9000-api", "LoginController.Login", "internal"),
         ("hal9000-api", "check_policy", "internal"),
         ("hal9000-api", "auth.Auth/Verify", "client"),
         ("hal9000-auth", "auth.Auth/Verify", "server")]


@pytest.fixture
def up(machine):
    """Starts `hal up` with free ports and waits until it serves."""
    def start(*flags, ports=ANY_PORT, **variables):
        process = machine.run(HAL, "up", *ports, *flags, **variables)
        process.wait_line("^Serving; Ctrl-C stops")
        return process
    return start


def once(machine, *flags, ports=ANY_PORT, **variables):
    return machine.run(HAL, "up", "--once", *ports, *flags, **variables)


def urls(process):
    """What it printed to try: api, query API and registry folder."""
    output = process.output("out")
    return {"api": re.search(r"curl (http://\S+)/api/v1/ping", output).group(1),
            "query": re.search(r"curl '(http://[^/]+)/api/traces", output).group(1),
            "folder": re.search(r"logs: (\S+)/\*\.log", output).group(1)}


def trace_id_in(process):
    return re.search(r"^trace ([0-9a-f]{32})  3 spans, 2 services", process.output("out"),
                     re.MULTILINE).group(1)


def assert_shows(output, *traces):
    """Whole traces, in this order."""
    kinds = "(server|client|internal)"
    lines = [line for line in output.splitlines() if re.search(f" {kinds}  ", line)]
    assert [re.search(rf"(hal9000-\w+)\s+(\S.*\S)\s+{kinds}\s", line).groups()
            for line in lines] == [span for trace in traces for span in trace], output
    assert "missing" not in output


def assert_shows_both_traces(output):
    assert_shows(output, HELLO, LOGIN)


@pytest.mark.parametrize("variables", [
    {},
    {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
    {"HAL_STATIC_ADDRESSES": "hal9000-greeter=127.0.0.1:1,hal9000-collector=127.0.0.1:1"},
    {"SERVICE_ADVERTISE": "192.0.2.1:1"},
    {"MICRO_SERVER_ADVERTISE": "192.0.2.1:1"},
    {"SERVICE_METADATA": "pid=1,protocol=mucp,server=mucp,hal=0,query=http://127.0.0.1:1"},
    {"MICRO_SERVER_METADATA": "pid=1,protocol=mucp,server=mucp"},
], ids=lambda variables: next(iter(variables), "nothing"))
def test_once_shows_answer_and_trace(machine, variables):
    """Whatever the environment says for other programs."""
    process = once(machine, **variables)
    assert process.wait() == 0, process.output()
    output = process.output("out")
    hello, login = map(json.loads, re.findall(r"^\{.*\}$", output, re.MULTILINE))
    assert hello == {"status": "OK", "message": "world"}
    assert login["expires_in"] == 600 and login["token"].endswith("...")
    assert_shows_both_traces(output)
    assert not (machine.folder / "auth").exists()
    assert registry.nodes(machine.folder) == []
    assert process.lines("err") == []


SLOW = """#!/bin/sh
trap 'kill $!; echo drained; exit 0' TERM
sleep 1000 &
echo started
wait
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_drains_what_is_there(machine, tmp_path, number):
    """A greeter that never gets ready: the programs so far end by SIGTERM, not SIGKILL."""
    programs = tmp_path / "programs"
    programs.mkdir()
    shutil.copy(HAL, programs / "hal")
    slow = programs / "hal9000-greeter"
    slow.write_text(SLOW)
    slow.chmod(0o700)
    process = machine.run(programs / "hal", "up", *ANY_PORT)
    log = machine.folder / "hal9000-greeter.log"
    assert ask_until(lambda: log.exists() and "started" in log.read_text())
    process.signal(number)
    assert process.wait() == 128 + number, process.output()
    assert "Draining..." in process.output("out")
    assert log.read_text() == "started\ndrained\n"
    assert "signal 15: drain" in (machine.folder / "hal9000-collector.log").read_text()
    assert registry.nodes(machine.folder) == []


def test_two_beside_each_other(machine):
    pair = [once(machine), once(machine)]
    assert [process.wait() for process in pair] == [0, 0], [one.output() for one in pair]
    for process in pair:
        assert_shows_both_traces(process.output("out"))


def test_a_second_one_keeps_to_itself(machine, up):
    first = up()
    second = up()
    assert "another `hal up` runs" in second.output("out")
    assert urls(first)["folder"] == str(machine.folder)
    assert urls(second)["folder"] != urls(first)["folder"]
    assert trace_id_in(first) != trace_id_in(second)
    # Each has its own trace, and not the other's.
    for mine, other in ((first, second), (second, first)):
        collector = Collector(urls(mine)["query"])
        assert len(collector.trace(trace_id_in(mine))) == 3
        assert collector.trace(trace_id_in(other)) == []
    for process in (second, first):
        process.stop()
    assert not os.path.exists(urls(second)["folder"])


def test_trace_show_finds_the_running_collector(machine, up):
    trace_id = trace_id_in(up())
    for which, trace in (("last", LOGIN), (trace_id, HELLO)):
        shown = machine.run(HAL, "trace", "show", which)
        assert shown.wait() == 0, shown.output()
        assert (trace_id in shown.output("out")) == (which == trace_id)
        assert_shows(shown.output("out"), trace)


def demo_password(process):
    return re.search(r"^Log in as demo with the password (\S+)$", process.output("out"),
                     re.MULTILINE).group(1)


def test_the_demo_user_has_a_new_password_each_time(machine, up):
    passwords = []
    for _ in range(2):
        process = up(HAL_AUTH_DB="/nowhere/auth.db", HAL_AUTH_AUDIENCE="others")
        address = urls(process)["api"].removeprefix("http://")
        passwords.append(demo_password(process))
        assert log_in(address, "demo", passwords[-1]).status == 200
        if len(passwords) == 2:
            assert log_in(address, "demo", passwords[0]).status == 401
        assert passwords[-1] not in "".join(
            log.read_text() for log in machine.folder.glob("*.log"))
        process.stop()
    assert passwords[0] != passwords[1]


def test_trace_show_takes_a_url(machine, up, tmp_path):
    process = up()
    other_folder = tmp_path / "other"
    other_folder.mkdir(mode=0o700)
    shown = machine.run(HAL, "trace", "show", "last", HAL_LOCAL_DIR=other_folder,
                        HAL_COLLECTOR_URL=urls(process)["query"])
    assert shown.wait() == 0, shown.output()
    assert_shows(shown.output("out"), LOGIN)


@pytest.mark.parametrize("words, code, message", [
    (("show", "last"), 1, "hal up"),
    (("show", "xyz"), 1, "hal up"),
    (("show",), 2, "usage"),
    (("show", "last", "--nonsense=1"), 2, "--nonsense"),
], ids=["last", "malformed", "no id", "unknown flag"])
def test_trace_show_without_a_collector(machine, words, code, message):
    shown = machine.run(HAL, "trace", *words)
    assert shown.wait() == code
    assert message in shown.output("err")


def test_trace_show_of_what_is_not_there(machine, up):
    up()
    for word, code in (("f" * 32, 1), ("not-hex", 2), ("f" * 33, 2)):
        shown = machine.run(HAL, "trace", "show", word)
        assert shown.wait() == code
        assert word in shown.output("err")


@pytest.mark.parametrize("flag, what", [("--port", "api"), ("--otlp-port", "OTLP"),
                                        ("--otlp-grpc-port", "OTLP/gRPC"),
                                        ("--zipkin-port", "Zipkin"), ("--query-port", "query")])
def test_a_taken_port_is_told_with_its_holder_and_the_next_one_used(machine, flag, what):
    with taken_port() as port:
        others = [other for other in ANY_PORT if not other.startswith(flag + "=")]
        process = once(machine, ports=(*others, f"{flag}={port}"))
        assert process.wait() == 0, process.output()
    notes = [line for line in process.lines("out") if line.startswith(f"note: {what}: ")]
    assert len(notes) == 2, process.output()
    assert str(port) in notes[0] and f"pid {os.getpid()}" in notes[0]
    used = int(re.search(r"(\d+) is used instead", notes[1]).group(1))
    assert port < used <= port + 100
    assert_shows_both_traces(process.output("out"))


def test_two_that_give_way_do_not_meet(machine):
    """The next free port of one is not that of the other, which nobody holds yet."""
    with taken_port(neighbours=1) as port:
        process = once(machine, ports=("--port=0", f"--otlp-port={port + 1}",
                                       f"--otlp-grpc-port={port}", "--zipkin-port=0",
                                       "--query-port=0"))
        assert process.wait() == 0, process.output()
    used = re.findall(r"(\d+) is used instead", process.output("out"))
    assert len(used) == len(set(used)) == 2, process.output()
    assert_shows_both_traces(process.output("out"))


def test_without_spans_once_says_what_is_missing(machine):
    process = once(machine, OTEL_TRACES_EXPORTER="none")
    assert process.wait() == 1
    missing = [line for line in process.lines("out") if line.startswith("missing: ")]
    assert missing and "trace" in missing[0], process.output()


def assert_gone(nodes):
    assert {node.service for node in nodes} == CHILDREN
    for node in nodes:
        assert wait_for_end(node.pid), f"{node.service} still runs"


def test_ctrl_c_drains(machine, up):
    process = up()
    children = registry.nodes(machine.folder)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.output()
    assert_gone(children)
    assert registry.nodes(machine.folder) == []
    # Each drained by itself: its log tells.
    for node in children:
        assert "drain" in (machine.folder / f"{node.service}.log").read_text()


def test_a_killed_hal_takes_its_children_along(machine, up):
    process = up()
    children = registry.nodes(machine.folder)
    process.kill()
    assert_gone(children)
    # Nothing that the dead left behind is in the way.
    again = once(machine)
    assert again.wait() == 0, again.output()


def test_a_child_that_dies_ends_it_all(machine, up):
    process = up()
    children = registry.nodes(machine.folder)
    greeter = next(node for node in children if node.service == "hal9000-greeter")
    os.kill(greeter.pid, signal.SIGKILL)
    assert process.wait() == 1
    assert "hal9000-greeter" in process.output("err") and "signal 9" in process.output("err")
    assert_gone(children)


@pytest.mark.parametrize("words, message", [
    (("up", "--nonsense"), "--nonsense"),
    (("up", "--port=many"), "--port='many'"),
    (("up", "-x"), "-x"),
    (("nonsense",), "nonsense"),
    ((), "usage"),
], ids=["unknown flag", "bad port", "short flag", "unknown command", "nothing"])
def test_a_wrong_command_line_is_exit_code_2(machine, words, message):
    process = machine.run(HAL, *words)
    assert process.wait() == 2
    assert message in process.output("err")


def test_a_name_from_outside_does_not_rename_all_services(machine):
    process = once(machine, OTEL_SERVICE_NAME="mine")
    assert process.wait() == 0, process.output()
    assert_shows_both_traces(process.output("out"))


def test_bare_up_uses_its_ports_or_the_next(machine):
    """The documented ports may be taken on this machine; then notes say so."""
    process = once(machine, ports=(), SERVICE_PORT=None, HAL_COLLECTOR_OTLP_PORT=None,
                   HAL_COLLECTOR_OTLP_GRPC_PORT=None, HAL_COLLECTOR_ZIPKIN_PORT=None,
                   HAL_COLLECTOR_QUERY_PORT=None)
    assert process.wait() == 0, process.output()
    assert_shows_both_traces(process.output("out"))


@pytest.mark.parametrize("word", ["help", "--help", "-h", "version", "--version"])
def test_help_and_version(machine, word):
    process = machine.run(HAL, word)
    assert process.wait() == 0
    assert process.output("out") and not process.output("err")
