"""The judges written in Go, built once into a folder outside the repository."""

import hashlib
import shutil
from pathlib import Path

from support.go_programs import GoPrograms

GRPC_GO = "v1.85.0"
GRPCURL = "v1.9.4"
SERVER = Path(__file__).parent / "go" / "main.go"
PROGRAMS = GoPrograms("HAL_JUDGES_BUILD_SECONDS", 210, "its interoperability programs")


def _built(name, key, build):
    return PROGRAMS.built(name, hashlib.sha256(key.encode()).hexdigest()[:12], build)


def _grpc_go(name, source):
    """A program of grpc-go's module, or ours that uses it."""
    def build(folder):
        go = PROGRAMS.find_go()
        shutil.copy(SERVER, folder / "main.go")
        if not (folder / "go.mod").exists():
            PROGRAMS.run([go, "mod", "init", "interop"], folder)
        PROGRAMS.run([go, "get", f"google.golang.org/grpc@{GRPC_GO}",
                      f"google.golang.org/grpc/interop/client@{GRPC_GO}"], folder)
        PROGRAMS.run([go, "build", "-o", folder / f"{name}.new", source], folder,
                     GOFLAGS="-mod=mod")
        (folder / f"{name}.new").rename(folder / name)
    return _built(name, GRPC_GO + SERVER.read_text(), build)


def go_client():
    return _grpc_go("grpc-go-client", "google.golang.org/grpc/interop/client")


def go_server():
    return _grpc_go("grpc-go-server", ".")


def grpcurl():
    def build(folder):
        go = PROGRAMS.find_go()
        PROGRAMS.run([go, "install", f"github.com/fullstorydev/grpcurl/cmd/grpcurl@{GRPCURL}"],
                     folder, GOBIN=folder)
    return _built("grpcurl", GRPCURL, build)
