"""HTTP clients, a plain one and raw bytes over a socket, and a server that keeps what comes."""

import http.client
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import CAP


@dataclass
class Response:
    status: int
    headers: list = field(default_factory=list)  # (name in lower case, value)
    body: bytes = b""

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((value for known, value in self.headers if known == name), None)

    @property
    def error(self):
        """The message of the error envelope, whose code must be the status."""
        content = self.json()
        assert list(content) == ["error"], content
        assert content["error"]["code"] == self.status, content
        assert self.header("content-type").startswith("application/json")
        assert content["error"]["message"], content
        return content["error"]["message"]


def get(address, path, headers=None):
    """One GET on a connection of its own. `headers`: a dict, or pairs where a name may repeat."""
    return _request("GET", address, path, headers)


def post(address, path, body, headers=None):
    """One POST, likewise."""
    return _request("POST", address, path, headers, body)


def put(address, path, body, headers=None):
    """One PUT, likewise."""
    return _request("PUT", address, path, headers, body)


def _request(method, address, path, headers, body=None):
    connection = http.client.HTTPConnection(address, timeout=CAP)
    try:
        connection.putrequest(method, path)
        pairs = headers.items() if isinstance(headers, dict) else headers or []
        for name, value in pairs:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Response(response.status,
                        [(name.lower(), value) for name, value in response.getheaders()],
                        response.read())
    finally:
        connection.close()


class RawConnection:
    """Bytes out, responses in."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=CAP)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def _more(self):
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def read_response(self, to_head=False):
        """The next response with Content-Length; a response to HEAD has no body."""
        while b"\r\n\r\n" not in self._buffer:
            assert self._more(), f"closed within a head: {self._buffer!r}"
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        start, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        response = Response(int(start.split()[1]),
                            [(name.lower(), value.strip()) for name, value in pairs])
        size = 0 if to_head else int(response.header("content-length") or 0)
        while len(self._buffer) < size:
            assert self._more(), "closed within a body"
        response.body, self._buffer = self._buffer[:size], self._buffer[size:]
        return response

    def closed_by_peer(self):
        """Waits for the end of the stream; false when more bytes come instead."""
        try:
            return not self._buffer and self.socket.recv(65536) == b""
        except ConnectionResetError:
            return True

    def rest(self):
        """All bytes until the peer closes."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            pass
        rest, self._buffer = self._buffer, b""
        return rest


def exchange(address, data):
    """One raw request and its response, on a connection of its own."""
    with RawConnection(address) as connection:
        connection.send(data)
        return connection.read_response()


class ServerThread:
    """A handler on a free port of loopback, in threads of this process until close()."""

    def __init__(self, handler):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True  # clients may keep their connections
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Recorder:
    """A server that keeps the headers of each request, as pairs, and its body."""

    def __init__(self, status=200):
        self.calls = {}  # path -> [(headers, body)]
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                calls.setdefault(self.path, []).append((self.headers.items(), body))
                # In one piece: a second one would wait for the acknowledgement of the first.
                self.wfile.write(b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\n"
                                 b"content-length: 2\r\n\r\n[]" % status)

            def log_message(self, *_):
                pass

        self._server = ServerThread(Handler)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def stop(self):
        self._server.close()
