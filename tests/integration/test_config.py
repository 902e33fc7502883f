"""Where options come from, what a service says of them, and reading them again."""

import json
import re
import signal
from pathlib import Path

import pytest

from support import CAP, rpc
from support.machine import API, AUTH, GREETER, HAL, listening_ports

PROGRAMS = [[GREETER], [API], [AUTH], [HAL, "collector"]]
IDS = ["greeter", "api", "auth", "collector"]


def run(machine, program, *flags, **variables):
    process = machine.run(*program, *flags, **variables)
    return process.wait(), process


def settings(output):
    """NAME -> (value, source) of --print-config."""
    lines = [re.fullmatch(r"(\w+)=(.*?) +# ([^;]*)(; .*)?", line) for line in output.splitlines()]
    assert all(lines), output
    return {line[1]: (line[2], line[3]) for line in lines}


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "app.yaml"

    def write(text):
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("program", PROGRAMS, ids=IDS)
def test_help_names_every_option(machine, program):
    code, process = run(machine, program, "--help", SERVICE_PORT="wrong", HAL_REGISTRY="wrong")
    assert code == 0, process.output()
    text = process.output("out")
    assert text.startswith("usage: ")
    for words in ("--service-port, SERVICE_PORT [8080]", "--drain-timeout, HAL_DRAIN_TIMEOUT [25s]",
                  "--registry, HAL_REGISTRY, MICRO_REGISTRY [auto]", "--config, HAL_CONFIG",
                  "--check-config", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        assert words in text
    own = {GREETER: "SERVICE_NAME, MICRO_SERVER_NAME [hal9000-greeter]",
           AUTH: "--auth-db, HAL_AUTH_DB",
           API: "--greeter-service-name, GREETER_SERVICE_NAME [hal9000-greeter]",
           HAL: "--otlp-port, HAL_COLLECTOR_OTLP_PORT [4318]"}
    assert own[program[0]] in text


def test_print_config_tells_where_each_value_comes_from(machine, config_file):
    path = config_file("greeter:\n  service_name: from-file\nhal: {log_level: warn}\n"
                       "SERVICE_PORT: 1\n")
    code, process = run(machine, [API], "--print-config", f"--config={path}", "--workers=2",
                        SERVICE_PORT="7", SERVICE_NAME="edge")
    assert code == 0, process.output()
    values = settings(process.output("out"))
    assert values["GREETER_SERVICE_NAME"] == ("from-file", f"file {path}:2")
    assert values["HAL_LOG_LEVEL"] == ("warn", f"file {path}:3")
    assert values["SERVICE_PORT"] == ("7", "environment SERVICE_PORT")
    assert values["HAL_WORKERS"] == ("2", "flag --workers")
    assert values["HAL_LOG_FORMAT"] == ("text", "default")
    assert values["HAL_CONFIG"] == (str(path), "flag --config")


@pytest.mark.parametrize("program", [API, AUTH], ids=["api", "auth"])
def test_the_guide_has_every_variable(machine, program):
    """But for the second names that it describes as a rule."""
    code, process = run(machine, [program], "--help")
    assert code == 0
    options = [line for line in process.output("out").splitlines() if line.startswith("  --")]
    names = set(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", "\n".join(options)))
    assert len(names) > 50
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "configuration.md")
    told = set(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", guide.read_text()))
    untold = {name.replace("OTLP_TRACES_", "OTLP_") for name in names
              if not name.startswith("MICRO_SERVER_")} - told
    assert untold == set()


def test_secrets_are_not_shown(machine):
    code, process = run(machine, [API], "--print-config",
                        OTEL_EXPORTER_OTLP_HEADERS="authorization=hunter2")
    assert code == 0
    assert "hunter2" not in process.output()
    values = settings(process.output("out"))
    assert values["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] == (
        "***", "environment OTEL_EXPORTER_OTLP_HEADERS")
    code, process = run(machine, [API], OTEL_EXPORTER_OTLP_HEADERS="hunter2")
    assert code == 2
    assert "hunter2" not in process.output() and "entry 1 has no '='" in process.output()


@pytest.mark.parametrize("program", PROGRAMS, ids=IDS)
def test_check_config_starts_nothing(machine, program):
    code, process = run(machine, program, "--check-config")
    assert code == 0, process.output()
    assert "listens on" not in process.output()
    assert list(machine.folder.glob("*.json")) == []


# Flags, variables, words of the message.
REFUSED = [
    (["--service-port=x"], {}, ["--service-port='x'"]),
    ([], {"HAL_WORKERS": "many"}, ["HAL_WORKERS='many'"]),
    ([], {"HAL_LOG_LEVEL": "loud"}, ["HAL_LOG_LEVEL", "loud"]),
    ([], {"OTEL_TRACES_SAMPLER": "sometimes"}, ["sometimes"]),
    ([], {"HAL_REGISTRY": "zookeeper"}, ["HAL_REGISTRY=zookeeper"]),
    ([], {"HAL_REGISTRY": None, "MICRO_REGISTRY": "zookeeper"}, ["MICRO_REGISTRY=zookeeper"]),
    ([], {"MICRO_SERVER_ADDRESS": "here"}, ["MICRO_SERVER_ADDRESS='here'"]),
    ([], {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
     ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL='http/json'"]),
    (["--trace-mode=half"], {}, ["--trace-mode='half'"]),
    (["--admin-port=15020"], {}, ["--admin-port='15020'", "Istio"]),
    (["--log-level=loud"], {}, ["--log-level: "]),
    ([], {"TRACE_URL": "http://me:hunter2@zipkin:9411/"}, ["TRACE_URL='http://***@zipkin:9411/'"]),
    ([], {"SERVICE_PORT": "tcp://10.0.0.1:80"}, ["enableServiceLinks"]),
    ([], {"HAL_ADMIN_PORT": "15020"}, ["HAL_ADMIN_PORT='15020'", "Istio"]),
    ([], {"HAL_MAX_CONNECTION_AGE": "soon"}, ["HAL_MAX_CONNECTION_AGE='soon'"]),
    ([], {"HAL_TLS_KEY": "/key.pem"}, ["HAL_TLS_CERTIFICATE=''", "set together"]),
    (["--no-such-flag"], {}, ["unknown flag --no-such-flag", "--greeter-service-name"]),
    (["--config=/no/such/file"], {}, ["/no/such/file cannot be read"]),
]


@pytest.mark.parametrize("command", ["--check-config", "--print-config", None])
@pytest.mark.parametrize("flags, variables, words", REFUSED,
                         ids=[" ".join([*flags, *variables]) for flags, variables, _ in REFUSED])
def test_what_is_wrong_is_exit_code_2(machine, command, flags, variables, words):
    code, process = run(machine, [API], *([command] if command else []), *flags, **variables)
    assert code == 2, process.output()
    for word in words:
        assert word in process.output("err").splitlines()[-1]
    assert "hunter2" not in process.output()


@pytest.mark.parametrize("text, message", [
    ("hal:\n  log_levle: debug\n", ":2: HAL_LOG_LEVLE is no option, nearest is HAL_LOG_LEVEL"),
    ("SERVICE_NAME: a\nHAL_WORKERS: 65\n", ":2: HAL_WORKERS='65': allowed is"),
    ("hal: {trace_mode: half}\n", ":1: HAL_TRACE_MODE='half': "),
    ("SERVICE_NAME: a\nservice: {name: b}\n", ":2: SERVICE_NAME is given in line 1 already"),
    ("a: [\n", ":2: "),
])
@pytest.mark.parametrize("command", ["--check-config", None])
def test_a_wrong_file_is_exit_code_2_and_names_the_line(machine, config_file, command, text,
                                                        message):
    path = config_file(text)
    code, process = run(machine, [API], *([command] if command else []), HAL_CONFIG=path,
                        SERVICE_NAME=None)
    assert code == 2, process.output()
    assert f"{path}{message}" in process.output("err")


def test_a_mistyped_variable_is_a_warning_with_the_nearest_name(machine):
    api = machine.api(HAL_LOGLEVEL="debug", HAL_SERVICE_HOST="10.0.0.1")
    api.wait_line("level=warn .*HAL_LOGLEVEL is set.*nearest is HAL_LOG_LEVEL")
    assert "HAL_SERVICE_HOST" not in api.output()
    assert "HAL_COLLECTOR" not in api.output()


def options_of(service):
    return {option["name"]: (option["value"], option["source"])
            for option in service.admin("/config").json()["options"]}


def test_sighup_reads_the_file_again(machine, config_file):
    path = config_file("hal:\n  log_level: info\n  workers: 1\n")
    greeter = machine.greeter(HAL_CONFIG=path, HAL_DRAIN_TIMEOUT=None)
    with rpc.channel(greeter.address) as channel:
        def hello(text):
            rpc.say_hello(channel)(rpc.request(text), timeout=CAP)

        hello("first")
        greeter.wait_line("hello first")
        config_file("hal:\n  log_level: warn\n  log_format: json\n  workers: 2\n"
                    "OTEL_TRACES_SAMPLER: always_off\n")
        greeter.signal(signal.SIGHUP)
        restart = greeter.wait_line("SIGHUP: HAL_WORKERS is '2', was '1': takes effect with the "
                                    "next start").string
        assert "level=warn" in restart
        # The level is set before the next signal is read.
        greeter.signal(signal.SIGHUP)
        line = greeter.wait_line(r"^\{.*HAL_WORKERS is '2'").string
        assert json.loads(line)["level"] == "warn"
        hello("second")
        values = options_of(greeter)
        assert values["HAL_LOG_LEVEL"] == ("warn", f"file {path}:2")
        assert values["HAL_WORKERS"] == ("1", f"file {path}:3")
        assert values["OTEL_TRACES_SAMPLER"][0] == "always_off"
        assert "hello second" not in greeter.output()


def test_a_bad_file_keeps_the_old_values(machine, config_file):
    path = config_file("HAL_LOG_LEVEL: info\n")
    api = machine.api(HAL_CONFIG=path)
    config_file("HAL_LOG_LEVEL: debug\nHAL_WORKRES: 1\nSERVICE_NAME: [[]]\n")
    api.signal(signal.SIGHUP)
    api.wait_line("level=error .*SIGHUP: .*:3: .*the options stay as they are")
    assert options_of(api)["HAL_LOG_LEVEL"][0] == "info"
    assert api.admin("/log-level").json() == {"level": "info"}
    config_file("HAL_LOG_LEVEL: debug\n")
    api.signal(signal.SIGHUP)
    api.wait_line("was read again, 1 options differ")
    assert api.admin("/log-level").json() == {"level": "debug"}
    assert api.get("/api/v1/ping").status == 200


def test_the_sampler_is_taken_over(machine, config_file):
    collector = machine.collector()
    path = config_file("OTEL_TRACES_SAMPLER: always_off\n")
    api = machine.api(HAL_CONFIG=path, HAL_WORKERS=1)
    assert api.get("/api/v1/ping").status == 200
    config_file("OTEL_TRACES_SAMPLER: always_on\n")
    api.signal(signal.SIGHUP)
    api.wait_line("was read again, 1 options differ")
    assert api.admin("/metrics").status == 200  # each worker has answered, so has its new sampler
    assert api.get("/api/v1/ping").status == 200
    api.stop()
    assert len(collector.traces.traces()) == 1


def test_a_dry_run_opens_no_port(machine):
    """--check-config beside a service that holds the port."""
    greeter = machine.greeter()
    code, process = run(machine, [GREETER], "--check-config", SERVICE_PORT=greeter.port)
    assert code == 0, process.output()
    assert greeter.port in listening_ports(greeter.pid)
