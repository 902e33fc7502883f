"""The rows of the table: what is asked of a server, how it is loaded, what must come back."""

import re
import subprocess
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

from harness.load import (
    Load, LoadError, grpc_request, h2load, parse_h2load, parse_h2load_log, parse_wrk, wrk)

HTTP_PATH = "/api/v1/hello/ww"
HTTP_ANSWER = b'{"status":"OK","message":"world"}'
RPC_PATH = "/greeter.Greeter/SayHello"
# SayRequest{msg: "ww"} behind gRPC's prefix: not compressed, 4 bytes of length.
RPC_BODY = b"\x00\x00\x00\x00\x04" + b"\x0a\x02ww"
# SayResp{rsp: "world"} in the same way.
RPC_ANSWER = b"\x00\x00\x00\x00\x07" + b"\x0a\x05world"


class Http:
    """GET over HTTP/1.1, by wrk."""

    def probe(self, port, folder):
        with urllib.request.urlopen(self.url(port), timeout=60) as answer:
            body = answer.read()
        if body.rstrip(b"\n") != HTTP_ANSWER:  # gin ends its JSON so
            raise LoadError(f"the server answers {body!r}, not {HTTP_ANSWER!r}")

    def command(self, load, seconds, port, folder, log=None):
        return wrk(load, seconds, self.url(port))

    def counted_command(self, load, requests, port, folder):
        """wrk cannot be told a number of requests."""
        return h2load(load, [self.url(port)], f"-n{requests}")

    def parse(self, text, log=None):
        return parse_wrk(text)

    def url(self, port):
        return f"http://127.0.0.1:{port}{HTTP_PATH}"


class Rpc:
    """A unary gRPC call, by h2load. It looks at HTTP's status only: the probe sees gRPC's. It
    prints no percentiles: those are taken from a `log` of all requests, which costs it a lot."""

    def probe(self, port, folder):
        done = subprocess.run(
            ["nghttp", "-v", "-t", "60", *self.request(port, folder)], capture_output=True,
            check=False)
        # It colours the names and values of fields.
        output = re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout)
        if RPC_ANSWER not in output or not re.search(rb"grpc-status: 0\b", output):
            raise LoadError(f"the server's answer is no success:\n{output.decode('latin1')}"
                            f"{done.stderr.decode('latin1')}")

    def command(self, load, seconds, port, folder, log=None):
        logged = [f"--log-file={log}"] if log else []
        return h2load(load, self.request(port, folder), f"-D{seconds}", *logged)

    def counted_command(self, load, requests, port, folder):
        return h2load(load, self.request(port, folder), f"-n{requests}")

    def parse(self, text, log=None):
        outcome = parse_h2load(text)
        if log is None:
            return outcome
        with open(log, encoding="ascii") as lines:
            p50, p99 = parse_h2load_log(lines)
        return replace(outcome, p50_us=p50, p99_us=p99)

    def request(self, port, folder):
        body = Path(folder) / "request"
        body.write_bytes(RPC_BODY)
        return grpc_request(f"http://127.0.0.1:{port}{RPC_PATH}", str(body))


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    client: object
    loads: tuple


ROWS = (
    Row("edge", "HTTP edge: one route, answered at once", Http(), (Load(50), Load(1))),
    Row("rpc", "Unary RPC server, alone", Rpc(),
        (Load(50, 1), Load(4, 25), Load(1, 10), Load(1, 1))),
    Row("chain", "Chain: HTTP edge, which calls an RPC server for each request", Http(),
        (Load(50), Load(1))),
    Row("logins", "The chain, while eight times more logins come than passwords can be checked",
        Http(), (Load(1),)),
)
