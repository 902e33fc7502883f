"""hal9000-trace-harness: a request that names calls comes in raw, and what the calls carry is
recorded."""

import base64
import json

from support import h2, http, rpc
from support.machine import BIN

HARNESS = BIN / "hal9000-trace-harness"


def plain(headers):
    """Pairs as the tables have them: lower-case names, "-bin" values decoded."""
    made = []
    for name, value in headers:
        name = name.lower()
        if name.endswith("-bin") and isinstance(value, str):
            value = base64.b64decode(value + "=" * (-len(value) % 4))
        made.append((name, value))
    return made


class Harness:
    """The program between a raw request and two recorders, one of HTTP and one of gRPC."""

    def __init__(self, machine, callbacks, greeter, *flags, **variables):
        self.callbacks = callbacks
        self.greeter = greeter
        self.service = machine.service(
            HARNESS, "--port=0", "--grpc-port=0", *flags,
            **{"HAL_REGISTRY": "static", "SERVICE_HOST": None, "SERVICE_PORT": None,
               "HAL_STATIC_ADDRESSES": f"recorder=127.0.0.1:{greeter.port}", **variables})
        self.address = self.service.address
        self.grpc_address = self.service.wait_line(r"SayHello is on ([\d.]+:\d+)").group(1)
        self._asked = 0

    def _calls(self):
        """A list of one call of each recorder, its path and its text."""
        self._asked += 1
        path, text = f"/{id(self)}/{self._asked}", f'["{id(self)}",{self._asked}]'
        return json.dumps([{"url": self.callbacks.url + path, "arguments": []},
                           {"url": "grpc://recorder", "arguments": json.loads(text)}]), path, text

    def _recorded(self, path, text):
        ((by_http, _),) = self.callbacks.calls[path]
        known, by_rpc = self.greeter.calls[-1]
        assert known == text
        return {"HTTP": plain(by_http), "RPC": plain(by_rpc)}

    def by_http(self, headers, method="POST", path="/test"):
        """What both recorders get for a request with these headers."""
        body, where, text = self._calls()
        response = self.request(headers, body, method, path)
        assert (response.status, response.body) == (200, b"[]"), response
        return self._recorded(where, text)

    def by_grpc(self, headers):
        body, where, text = self._calls()
        h2.unary(self.grpc_address, rpc.SAY_HELLO.encode(), headers,
                 rpc.request(body).SerializeToString())
        return self._recorded(where, text)

    def request(self, headers, body, method="POST", path="/test"):
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        data = (f"{method} {path} HTTP/1.1\r\nHost: {self.address}\r\n{head}"
                f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
                f"{body}")
        return http.exchange(self.address, data.encode())
