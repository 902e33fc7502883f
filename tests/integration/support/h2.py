"""HTTP/2 frame by frame (RFC 9113): a peer that does what no library does."""

import socket
import struct

from support import CAP
from support.ports import free_port

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4


def text(octets):
    """A string literal, its length as an integer with a prefix of 7 bits (RFC 7541 5)."""
    size = len(octets)
    if size < 127:
        return bytes([size]) + octets
    length, size = b"\x7f", size - 127
    while size >= 128:
        length, size = length + bytes([size % 128 + 128]), size // 128
    return length + bytes([size]) + octets


def literal(name, value):
    """A header field without indexing (RFC 7541 6.2.2)."""
    return b"\x00" + text(name) + text(value)


class Peer:
    """One end of a connection."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(CAP)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, "closed"
            data += more
        return data

    def read_frame(self):
        """Type, flags, stream, payload."""
        high, low, kind, flags, stream = struct.unpack(">BHBBI", self.read(9))
        return kind, flags, stream, self.read(high << 16 | low)

    def send_frame(self, kind, flags=0, stream=0, payload=b""):
        size = len(payload)
        self.socket.sendall(struct.pack(">BHBBI", size >> 16, size & 0xffff, kind, flags, stream)
                            + payload)

    def call(self, path, headers, flags=END_HEADERS):
        """As a client: shakes hands and sends the head of a POST on stream 1. `headers`: a dict, or
        pairs where a name may repeat."""
        self.socket.sendall(PREFACE)
        self.send_frame(SETTINGS)
        pairs = headers.items() if isinstance(headers, dict) else headers
        self.send_frame(HEADERS, flags, 1, b"\x83\x86" + b"".join(
            literal(name, value)
            for name, value in [(b":path", path), (b":authority", b"x"), *pairs]))

    def take_call(self):
        """Shakes hands and reads to the end of the first request; its stream."""
        assert self.read(24) == PREFACE
        self.send_frame(SETTINGS)
        return self.next_call()

    def next_call(self):
        while True:
            kind, flags, stream, _ = self.read_frame()
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                return stream

    def answer(self, stream, text):
        """OK with a SayResp."""
        message = b"\x0a" + bytes([len(text)]) + text.encode()
        self.send_frame(HEADERS, END_HEADERS, stream,
                        b"\x88" + literal(b"content-type", b"application/grpc"))
        self.send_frame(DATA, 0, stream, struct.pack(">BI", 0, len(message)) + message)
        self.send_frame(HEADERS, END_HEADERS | END_STREAM, stream, literal(b"grpc-status", b"0"))

    def reset(self):
        """RST instead of FIN: as a process that dies with unread bytes."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def connect(address):
    host, port = address.rsplit(":", 1)
    return Peer(socket.create_connection((host, int(port)), timeout=CAP))


def unary(address, path, headers, message):
    """One gRPC call with these pairs of text as metadata, to its end."""
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    with connect(address) as peer:
        peer.call(path, [(b"content-type", b"application/grpc"), (b"te", b"trailers"), *pairs])
        peer.send_frame(DATA, END_STREAM, 1, struct.pack(">BI", 0, len(message)) + message)
        while True:
            kind, flags, stream, _ = peer.read_frame()
            assert kind not in (RST_STREAM, GOAWAY), "refused"
            if stream == 1 and flags & END_STREAM:
                return


class Listener:
    """Where an api finds such a peer in the place of the greeter."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", free_port()))
        self.socket.settimeout(CAP)
        self.port = self.socket.getsockname()[1]
        self.variables = {"HAL_STATIC_ADDRESSES": f"hal9000-greeter=127.0.0.1:{self.port}"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def accept(self):
        return Peer(self.socket.accept()[0])
