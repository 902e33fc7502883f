"""The judges written in Go, built once into a folder outside the repository."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

GRPC_GO = "v1.85.0"
GRPCURL = "v1.9.4"
SERVER = Path(__file__).parent / "go" / "main.go"
# Seconds for all builds of a run: what does not fit is skipped, and Go's own cache lets the next
# run go on from there.
BUILD_SECONDS = float(os.environ.get("HAL_JUDGES_BUILD_SECONDS") or 210)
_spent = 0.0


def _cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hal9000"


def _go():
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not found:
        pytest.skip("there is no Go toolchain (go): its interoperability programs are not built")
    return found


def _run(command, folder, **variables):
    global _spent
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    started = time.monotonic()
    try:
        done = subprocess.run([str(word) for word in command], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=max(1.0, BUILD_SECONDS - _spent))
    except subprocess.TimeoutExpired:
        pytest.skip(f"{folder.name} is not built yet: its Go packages took more than "
                    f"HAL_JUDGES_BUILD_SECONDS={BUILD_SECONDS:.0f}")
    finally:
        _spent += time.monotonic() - started
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def _built(name, key, build):
    """The program, built by `build(folder)` unless a former run has done so."""
    folder = _cache() / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    program = folder / name
    if not program.exists():
        go = _go()
        folder.mkdir(parents=True, exist_ok=True)
        build(go, folder)
        assert program.exists(), f"{name} was not built in {folder}"
    return program


def _grpc_go(name, source):
    """A program of grpc-go's module, or ours that uses it."""
    def build(go, folder):
        shutil.copy(SERVER, folder / "main.go")
        if not (folder / "go.mod").exists():
            _run([go, "mod", "init", "interop"], folder)
        _run([go, "get", f"google.golang.org/grpc@{GRPC_GO}",
              f"google.golang.org/grpc/interop/client@{GRPC_GO}"], folder)
        _run([go, "build", "-o", folder / f"{name}.new", source], folder, GOFLAGS="-mod=mod")
        (folder / f"{name}.new").rename(folder / name)
    return _built(name, GRPC_GO + SERVER.read_text(), build)


def go_client():
    return _grpc_go("grpc-go-client", "google.golang.org/grpc/interop/client")


def go_server():
    return _grpc_go("grpc-go-server", ".")


def grpcurl():
    def build(go, folder):
        _run([go, "install", f"github.com/fullstorydev/grpcurl/cmd/grpcurl@{GRPCURL}"], folder,
             GOBIN=folder)
    return _built("grpcurl", GRPCURL, build)
