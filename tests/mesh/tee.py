"""Gives each export to two backends: then both have the same spans."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import grpc

from support import CAP
from support.http import ServerThread

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def _post(address, path, content_type, body):
    connection = http.client.HTTPConnection(address, timeout=CAP)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _read_body(handler):
    length = handler.headers["Content-Length"]
    if length is not None:
        return handler.rfile.read(int(length))
    body = b""  # in chunks: Envoy's
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


class HttpTee:
    """For OTLP/HTTP and Zipkin, until close(). The sender gets the first backend's answer."""

    def __init__(self, *addresses):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one segment

            def do_POST(handler):
                kind = handler.headers["Content-Type"]
                body = _read_body(handler)
                answers = [_post(address, handler.path, kind, body) for address in addresses]
                bad = [answer for answer in answers if answer[0] not in (200, 202)]
                status, text = (bad or answers)[0]
                handler.send_response(status)
                handler.send_header("Content-Type", kind)
                handler.send_header("Content-Length", str(len(text)))
                handler.end_headers()
                handler.wfile.write(text)

            def log_message(self, *_):
                pass

        self._server = ServerThread(Handler)
        self.port = self._server.port

    def close(self):
        self._server.close()


class GrpcTee:
    """The same for OTLP/gRPC."""

    def __init__(self, *addresses):
        self._channels = [grpc.insecure_channel(address) for address in addresses]
        exports = [channel.unary_unary(EXPORT) for channel in self._channels]

        def export(body, _):
            return [call(body, timeout=CAP) for call in exports][0]

        service, method = EXPORT.removeprefix("/").split("/")
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[
            grpc.method_handlers_generic_handler(
                service, {method: grpc.unary_unary_rpc_method_handler(export)})])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self):
        self._server.stop(None).wait()
        for channel in self._channels:
            channel.close()
