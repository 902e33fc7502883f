"""The edge on the wire, byte by byte: each answer is the envelope, each connection ends as it
should."""

import contextlib

import grpc
import pytest

from support import CAP, http, rpc
from support.http import RawConnection, exchange

HOST = "Host: x\r\n"


def request(path="/api/v1/ping", method="GET", version="HTTP/1.1", headers=HOST):
    return f"{method} {path} {version}\r\n{headers}\r\n"


@pytest.fixture(scope="module")
def api(chain):
    return chain.api


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/ping/", "/api/v1/pong",
                                  "/api/v1/hello", "/api/v1/hello/", "/api/v1/hello/a/b",
                                  "/API/V1/PING", "//api/v1/ping"])
def test_an_unknown_route_is_404(api, path):
    response = exchange(api.address, request(path))
    assert response.status == 404
    assert response.error


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_method_is_405_and_names_the_right_ones(api, method):
    response = exchange(api.address, request(method=method, headers=HOST + "Content-Length: 0\r\n"))
    assert response.status == 405
    assert {word.strip() for word in response.header("allow").split(",")} >= {"GET", "HEAD"}
    assert response.error


def test_head_is_get_without_the_body(api):
    with RawConnection(api.address) as connection:
        connection.send(request(method="HEAD") + request())
        head = connection.read_response(to_head=True)
        full = connection.read_response()
    assert (head.status, full.status) == (200, 200)
    assert head.header("content-length") == str(len(full.body))
    assert head.header("content-type") == full.header("content-type")


def test_a_head_of_an_unknown_route_has_no_body_either(api):
    with RawConnection(api.address) as connection:
        connection.send(request("/nowhere", "HEAD") + request())
        assert connection.read_response(to_head=True).status == 404
        assert connection.read_response().status == 200


def test_a_connection_is_used_again(api):
    with RawConnection(api.address) as connection:
        for number in range(100):
            connection.send(request(f"/api/v1/hello/{number}"))
            response = connection.read_response()
            assert response.status == 200
            assert response.header("connection") in (None, "keep-alive")


def test_a_failure_of_a_handler_keeps_the_connection(api):
    with RawConnection(api.address) as connection:
        for path, status in (("/nowhere", 404), ("/api/v1/ping", 200), ("/nowhere", 404)):
            connection.send(request(path))
            assert connection.read_response().status == status


def test_pipelined_requests_are_answered_in_order(api):
    paths = {"/api/v1/hello/slow": "message", "/api/v1/ping": "status", "/nowhere": "error"}
    with RawConnection(api.address) as connection:
        connection.send("".join(request(path) for path in paths) * 20)
        for _ in range(20):
            for key in paths.values():
                assert key in connection.read_response().json()


def test_a_request_may_come_in_pieces(api):
    with RawConnection(api.address) as connection:
        for byte in request("/api/v1/hello/ww"):
            connection.send(byte)
        assert connection.read_response().json()["message"] == "world"


@pytest.mark.parametrize("head, keeps", [
    (request(headers=HOST + "Connection: close\r\n"), False),
    (request(version="HTTP/1.0"), False),
    (request(version="HTTP/1.0", headers=HOST + "Connection: keep-alive\r\n"), True),
    (request(), True),
], ids=["close", "1.0", "1.0 keep-alive", "1.1"])
def test_who_closes(api, head, keeps):
    with RawConnection(api.address) as connection:
        connection.send(head)
        response = connection.read_response()
        assert response.status == 200
        if keeps:
            connection.send(request(headers=HOST + "Connection: close\r\n"))
            assert connection.read_response().status == 200
        else:
            assert response.header("connection") == "close"
        assert connection.closed_by_peer()


def test_a_body_nobody_asked_for_leaves_the_connection_in_step(api):
    with RawConnection(api.address) as connection:
        connection.send(request(headers=HOST + "Content-Length: 5\r\n") + "GET /")
        connection.send(request(headers=HOST + "Transfer-Encoding: chunked\r\n")
                        + "3\r\nabc\r\n0\r\n\r\n")
        connection.send(request("/api/v1/hello/ww"))
        assert [connection.read_response().status for _ in range(3)] == [200, 200, 200]


TWO_LENGTHS = "Content-Length: 3\r\nContent-Length: 4\r\n"
# Bytes that are no request: status, and words of the message. The connection is closed after it.
MALFORMED = {
    "no request line": ("hello\r\n\r\n", 400, ""),
    "two words": ("GET /api/v1/ping\r\n" + HOST + "\r\n", 400, ""),
    "version 3": (request(version="HTTP/3.0"), 505, "HTTP/1.1"),
    "no version": (request(version="FTP/1.1"), 400, ""),
    "control characters": ("GET /\x01 HTTP/1.1\r\n" + HOST + "\r\n", 400, ""),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\r\n\r\n", 400, ""),
    "two lengths": (request(headers=HOST + TWO_LENGTHS), 400, "Content-Length"),
    "a length that is none": (request(headers=HOST + "Content-Length: x\r\n"), 400,
                              "Content-Length"),
    "a negative length": (request(headers=HOST + "Content-Length: -1\r\n"), 400,
                          "Content-Length"),
    "length and chunks": (request(headers=HOST + "Content-Length: 3\r\n"
                                  "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400, ""),
    "another coding": (request(headers=HOST + "Transfer-Encoding: gzip\r\n"), 501, ""),
    "a space before the colon": (request(headers=HOST + "A : b\r\n"), 400, ""),
    "a folded line": (request(headers=HOST + "A: b\r\n c\r\n"), 400, ""),
    "a bare line feed": ("GET /api/v1/ping HTTP/1.1\nHost: x\n\n", 400, ""),
    "no host": (request(headers=""), 400, "Host"),
    "two hosts": (request(headers=HOST + HOST), 400, "Host"),
    "a huge header": (request(headers=HOST + "A: " + "b" * 100_000 + "\r\n"), 431, ""),
    "many headers": (request(headers=HOST + "A: b\r\n" * 1000), 431, ""),
    "a huge target": (request("/" + "a" * 20_000), 414, ""),
    "a huge body": (request(method="POST", headers=HOST + "Content-Length: 99999999999\r\n"), 413,
                    ""),
    "a bad chunk": (request(headers=HOST + "Transfer-Encoding: chunked\r\n") + "x\r\n", 400, ""),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_request_is_told_so_and_the_connection_closed(api, case):
    data, status, words = MALFORMED[case]
    with RawConnection(api.address) as connection:
        # The api may have answered, and left, before all of it is sent.
        with contextlib.suppress(ConnectionError):
            connection.send(data)
        response = connection.read_response()
        assert response.status == status
        assert words.lower() in response.error.lower()
        assert response.header("connection") == "close"
        assert connection.closed_by_peer()


@pytest.mark.parametrize("path", ["/api/v1/hello/%zz", "/api/v1/hello/%4", "/api/v1/hello/%"])
def test_a_bad_percent_escape_is_400(api, path):
    response = exchange(api.address, request(path))
    assert response.status == 400
    assert "%" in response.error or "percent" in response.error.lower()


def test_bytes_behind_a_refusal_are_not_a_request(api):
    """What follows a message that cannot be understood is not looked at."""
    with RawConnection(api.address) as connection:
        connection.send(request(headers=HOST + TWO_LENGTHS) + request() + request())
        assert connection.read_response().status == 400
        assert connection.rest() == b""


def test_a_message_never_repeats_what_a_browser_could_run(api):
    response = exchange(api.address, request("/<script>alert(1)</script>"))
    assert response.status in (400, 404)
    assert response.header("content-type").startswith("application/json")


def test_a_client_that_leaves_in_the_middle_harms_nobody(api):
    for data in ("", "GET", request()[:-2], request(headers=HOST + "Content-Length: 9\r\n") + "x"):
        with RawConnection(api.address) as connection:
            connection.send(data)
    assert http.get(api.address, "/api/v1/ping").status == 200


def test_a_continue_is_sent_to_who_waits_for_it(api):
    with RawConnection(api.address) as connection:
        connection.send(request(headers=HOST + "Expect: 100-continue\r\nContent-Length: 2\r\n"))
        assert connection.read_response().status == 100
        connection.send("ab")
        assert connection.read_response().status == 200


def test_http1_on_the_grpc_port_is_told_so(chain):
    with RawConnection(chain.greeter.address) as connection:
        connection.send(request())
        response = connection.read_response()
        assert response.status == 400
        assert "gRPC" in response.text
        assert connection.closed_by_peer()


@pytest.mark.parametrize("data", [b"hello\r\n\r\n", b"\x16\x03\x01" + bytes(64), bytes(100)],
                         ids=["text", "TLS", "zeros"])
def test_other_bytes_on_the_grpc_port_end_the_connection_alone(chain, data):
    with RawConnection(chain.greeter.address) as connection:
        connection.send(data)
        connection.rest()
    with rpc.channel(chain.greeter.address) as channel:
        assert rpc.say_hello(channel)(rpc.request("ww"), timeout=CAP).rsp == "world"


def test_http2_on_the_edge_is_refused_in_words(api):
    """A gRPC client at the edge's port: the preface is a request line nobody serves."""
    with RawConnection(api.address) as connection:
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        response = connection.read_response()
        assert response.status == 505
        assert "HTTP/2.0 is not spoken here" in response.error
        assert connection.closed_by_peer()


def test_grpc_on_the_edge_fails_with_the_reason(api):
    """grpcio names the answer it got: 'Trying to connect an http1.x server (HTTP status 505)'."""
    with rpc.channel(api.address) as channel, pytest.raises(grpc.RpcError) as failure:
        rpc.say_hello(channel)(rpc.request("ww"), timeout=CAP)
    assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "http1.x server" in failure.value.details()
    assert "505" in failure.value.details()
