"""Connections of servers: over TLS, with client certificates, and how old they become."""

import contextlib
import signal
import socket
import ssl
import subprocess

import grpc
import pytest

from support import CAP, h2, http, rpc
from support.certificates import Authority
from support.machine import GREETER
from support.traces import ask_until


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def server(authority):
    return authority.issue("server")


def curl(*words):
    """The exit code, and what it wrote."""
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", str(CAP),
                           *map(str, words)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def secure_channel(address, authority, identity=None):
    credentials = grpc.ssl_channel_credentials(
        authority.certificate.read_bytes(),
        identity and identity.key.read_bytes(), identity and identity.certificate.read_bytes())
    return grpc.secure_channel(address, credentials, rpc.OPTIONS)


def secure_socket(address, authority, *protocols):
    """A connection to a server whose certificate is verified; `protocols`: offered by ALPN."""
    context = ssl.create_default_context(cafile=authority.certificate)
    context.set_alpn_protocols(protocols)
    host, port = address.rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=CAP),
                               server_hostname="localhost")


def hello(channel):
    return rpc.say_hello(channel)(rpc.request("ww"), timeout=CAP).rsp


def test_the_edge_by_curl(machine, authority, server):
    collector = machine.collector()
    api = machine.api(**server.variables)
    url = f"https://{api.address}/api/v1/ping"
    code, answer = curl("--cacert", authority.certificate, "--header", "x-request-id: secure",
                        "--write-out", " %{http_version}", url)
    assert (code, answer) == (0, '{"status":"OK"} 1.1')
    assert curl(url)[0] == 60  # not verified without the CA
    assert curl(f"http://{api.address}/api/v1/ping")[0] != 0
    assert api.admin("/readyz").status == 200  # the admin port stays plain
    assert ask_until(lambda: collector.traces.of_request("secure"))
    (span,) = collector.traces.of_request("secure")
    assert span.tags["url.scheme"] == "https"


def test_the_greeter_by_grpcio(machine, authority, server):
    greeter = machine.greeter(**server.variables)
    with secure_channel(greeter.address, authority) as channel:
        assert hello(channel) == "world"
    with rpc.channel(greeter.address) as channel, pytest.raises(grpc.RpcError) as failure:
        hello(channel)
    assert failure.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_drain_over_tls_says_goodbye(machine, authority, server):
    greeter = machine.greeter(**server.variables)
    with h2.Peer(secure_socket(greeter.address, authority, "h2")) as peer:
        peer.socket.sendall(h2.PREFACE)
        peer.send_frame(h2.SETTINGS)
        assert peer.read_frame()[0] == h2.SETTINGS  # it is served
        greeter.signal(signal.SIGTERM)
        frames = iter(peer.read_frame, None)
        assert next(frame for frame in frames if frame[0] == h2.GOAWAY)
    assert greeter.wait() == 0, greeter.output()


def test_clients_have_to_show_a_certificate(machine, authority, server, tmp_path):
    variables = {**server.variables, "HAL_TLS_CLIENT_CA": authority.certificate}
    known = authority.issue("client", "URI:spiffe://test/client")
    stranger = Authority(tmp_path / "other").issue("client")
    api, greeter = machine.api(**variables), machine.greeter(**variables)
    url = f"https://{api.address}/api/v1/ping"
    for identity, answers in ((None, False), (stranger, False), (known, True)):
        shown = ("--cert", identity.certificate, "--key", identity.key) if identity else ()
        code, answer = curl("--cacert", authority.certificate, *shown, url)
        assert (code == 0, answer == '{"status":"OK"}') == (answers, answers)
        with secure_channel(greeter.address, authority, identity) as channel:
            if answers:
                assert hello(channel) == "world"
            else:
                with pytest.raises(grpc.RpcError) as failure:
                    hello(channel)
                assert failure.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("change, words", [
    ({"HAL_TLS_KEY": None}, "HAL_TLS_KEY=''"),
    ({"HAL_TLS_CERTIFICATE": "/no/such/file"}, "HAL_TLS_CERTIFICATE='/no/such/file'"),
    ({"HAL_TLS_KEY": "another"}, "key values mismatch"),
    ({"HAL_TLS_CLIENT_CA": "/dev/null"}, "HAL_TLS_CLIENT_CA='/dev/null'"),
], ids=["no key", "missing file", "another key", "no CA"])
def test_wrong_files_are_told_before_anything_starts(machine, authority, server, change, words):
    if change.get("HAL_TLS_KEY") == "another":
        change = {"HAL_TLS_KEY": authority.issue("another").key}
    process = machine.run(GREETER, **{**server.variables, **change})
    assert process.wait() == 2, process.output()
    assert words in process.output("err")


def serial_of(address, authority):
    with secure_socket(address, authority) as secured:
        return secured.getpeercert()["serialNumber"]


def test_sighup_takes_a_renewed_certificate(machine, authority):
    identity = authority.issue("renewed")
    greeter = machine.greeter(**identity.variables)
    first = serial_of(greeter.address, authority)
    authority.issue("renewed", replace=identity)
    assert serial_of(greeter.address, authority) == first
    greeter.signal(signal.SIGHUP)
    greeter.wait_line(f"SIGHUP: {identity.certificate} was read again")
    second = serial_of(greeter.address, authority)
    assert second != first
    identity.key.write_text("no key")
    greeter.signal(signal.SIGHUP)
    greeter.wait_line("level=error .*HAL_TLS_KEY=.*the certificate stays as it was")
    assert serial_of(greeter.address, authority) == second


def answers_on_one_connection(address):
    """As many as it gives until it is closed."""
    answers = []
    with http.RawConnection(address) as connection:
        with contextlib.suppress(AssertionError, ConnectionError):
            for _ in range(1_000_000):
                connection.send("GET /api/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
                answers.append(connection.read_response())
    return answers


def test_old_connections_are_told_to_go(machine):
    old = {"HAL_MAX_CONNECTION_AGE": "100ms", "HAL_MAX_CONNECTION_AGE_GRACE": "1m"}
    greeter, api = machine.greeter(**old), machine.api(**old)
    with h2.connect(greeter.address) as peer:
        peer.socket.sendall(h2.PREFACE)
        peer.send_frame(h2.SETTINGS)
        frames = iter(peer.read_frame, None)
        assert next(frame for frame in frames if frame[0] == h2.GOAWAY)

    def last_answer_says_so():
        answers = answers_on_one_connection(api.address)
        assert {answer.status for answer in answers} <= {200}
        told = ["close" == answer.header("connection") for answer in answers]
        assert not any(told[:-1]), "a connection outlives its last answer"
        return told and told[-1]
    # One that is idle when it gets too old is closed without a word.
    assert ask_until(last_answer_says_so)
