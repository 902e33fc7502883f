"""hal9000-auth: its server, its commands, its RPCs by grpcio."""

import importlib
import subprocess

import grpc

from support import CAP, rpc
from support.machine import AUTH
from support.process import clean_environment


def messages():
    return importlib.import_module("auth_pb2")


def command(*words, database=None, text="", **variables):
    """A finished command, its standard input `text`."""
    if database is not None:
        variables["HAL_AUTH_DB"] = database
    return subprocess.run([AUTH, *words], input=text, env=clean_environment(variables),
                          capture_output=True, text=True, timeout=CAP, check=False)


def add_user(database, name, password, *flags):
    done = command("adduser", name, *flags, database=database, text=password + "\n")
    assert done.returncode == 0, done.stderr


class Client:
    """Calls to one server; `client.Verify(username=..., password=...)`."""

    def __init__(self, address, token=None):
        self.channel = rpc.channel(address)
        self.metadata = [("authorization", f"Bearer {token}")] if token else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def __getattr__(self, method):
        pb = messages()
        call = self.channel.unary_unary(
            f"/auth.Auth/{method}",
            request_serializer=getattr(pb, f"{method}Request").SerializeToString,
            response_deserializer=getattr(pb, f"{method}Reply").FromString)
        return lambda more_metadata=(), **fields: call(
            getattr(pb, f"{method}Request")(**fields), timeout=CAP,
            metadata=[*self.metadata, *more_metadata])

    def token(self, name, password):
        return self.Verify(username=name, password=password).token


def code_of(call, **fields):
    """The code that a call ends with."""
    try:
        call(**fields)
    except grpc.RpcError as failure:
        return failure.code().name
    return "OK"
