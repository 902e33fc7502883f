"""gRPC by python's grpcio: clients of the greeter, and a greeter that does what a test wants."""

import importlib
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc

PROTO = Path(__file__).resolve().parents[3] / "proto"
SAY_HELLO = "/greeter.Greeter/SayHello"
# Connections are not shared between channels: each test has its own.
OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


def generate(folder, proto=PROTO / "greeter.proto"):
    """Makes greeter_pb2, or that of another .proto, importable and returns it."""
    from grpc_tools import protoc
    code = protoc.main(["protoc", f"--proto_path={proto.parent}", f"--python_out={folder}",
                        str(proto)])
    assert code == 0
    sys.path.insert(0, str(folder))
    return importlib.import_module(f"{proto.stem}_pb2")


def messages():
    return importlib.import_module("greeter_pb2")


def channel(address, *options):
    return grpc.insecure_channel(address, options=(*OPTIONS, *options))


def say_hello(a_channel, path=SAY_HELLO):
    """A callable with grpcio's own request and response types."""
    pb = messages()
    return a_channel.unary_unary(path, request_serializer=pb.SayRequest.SerializeToString,
                                 response_deserializer=pb.SayResp.FromString)


def request(text):
    return messages().SayRequest(msg=text)


def raw(a_channel, path=SAY_HELLO):
    """A callable that sends and returns bytes as they are."""
    return a_channel.unary_unary(path, request_serializer=None, response_deserializer=None)


class StandIn:
    """A greeter in python. `handler(text, context)` returns the answer's text."""

    def __init__(self, handler, port=0, threads=16, options=()):
        pb = messages()
        self.calls = []  # (text, metadata as pairs)

        def serve(message, context):
            self.calls.append((message.msg, list(context.invocation_metadata())))
            return pb.SayResp(rsp=handler(message.msg, context))

        self.server = grpc.server(futures.ThreadPoolExecutor(threads), options=options)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            "greeter.Greeter", {"SayHello": grpc.unary_unary_rpc_method_handler(
                serve, request_deserializer=pb.SayRequest.FromString,
                response_serializer=pb.SayResp.SerializeToString)}),))
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        assert self.port, f"port {port} is taken"
        self.server.start()

    @property
    def variables(self):
        """How an api finds it."""
        return {"HAL_REGISTRY": "static",
                "HAL_STATIC_ADDRESSES": f"hal9000-greeter=127.0.0.1:{self.port}"}

    def metadata(self, text):
        """What came with the call of this text: name -> values."""
        found = {}
        for name, value in next(pairs for known, pairs in self.calls if known == text):
            found.setdefault(name, []).append(value)
        return found

    def stop(self):
        self.server.stop(None).wait()


class Gate:
    """Holds calls until the test opens it."""

    def __init__(self):
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.ended = threading.Event()

    def hold(self, context, cap):
        """In a handler: says that it is there, and waits. The RPC's end is an event, too."""
        if not context.add_callback(self.ended.set):
            self.ended.set()
        self.entered.set()
        assert self.opened.wait(cap)
