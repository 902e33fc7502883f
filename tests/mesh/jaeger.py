"""Jaeger: the real program, built from its Go module when that is asked for, and one process."""

import json
import re
import shutil
from pathlib import Path

from support.go_programs import GoPrograms
from support.machine import listening_addresses

# The last version of the Go module, which is Jaeger 2.13: Go cannot get the later ones.
JAEGER = "v1.76.0"
MODULE = "github.com/jaegertracing/jaeger"
PROGRAMS = GoPrograms("HAL_JAEGER_BUILD_SECONDS", 0, "Jaeger")
# Each of its listeners has an address of its own, which tells what the kernel's free ports are for.
QUERY, HEALTH, OTLP, OTLP_GRPC, ZIPKIN, QUERY_GRPC = (f"127.0.1.{i}" for i in range(1, 7))


def binary():
    """The program. Go honours the `replace` of Jaeger's module in a main module alone: it is built
    in one that has the same versions of all that Jaeger needs."""
    def build(folder):
        go = PROGRAMS.find_go()
        downloaded = json.loads(PROGRAMS.run(
            [go, "mod", "download", "-json", f"{MODULE}@{JAEGER}"], Path("/")))
        go_mod = Path(downloaded["GoMod"]).read_text()
        (folder / "go.mod").write_text(re.sub(
            r"^module .*$", f"module wrap\n\nrequire {MODULE} {JAEGER}", go_mod,
            flags=re.MULTILINE))
        shutil.copyfile(Path(downloaded["Dir"]) / "go.sum", folder / "go.sum")
        # Two packages at a time: the largest takes 2 GB to compile.
        PROGRAMS.run([go, "build", "-p", "2", "-trimpath", "-ldflags", "-s -w", "-o", "jaeger.new",
                      f"{MODULE}/cmd/jaeger"], folder, CGO_ENABLED=0, GOFLAGS="-mod=mod")
        (folder / "jaeger.new").rename(folder / "jaeger")
    return PROGRAMS.built("jaeger", JAEGER, build)


MEMORY = {"memory": {"max_traces": 100_000}}
BADGER = {"badger": {"ephemeral": True}}  # as Istio's addon has it


def config(storage, base_path):
    """As Jaeger's all-in-one (cmd/jaeger/internal/all-in-one.yaml), on free ports of loopback."""
    def at(host):
        return {"endpoint": f"{host}:0"}
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            "pipelines": {"traces": {"receivers": ["otlp", "zipkin"], "processors": ["batch"],
                                     "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}}},
        "extensions": {
            "jaeger_storage": {"backends": {"storage": storage}},
            "jaeger_query": {"storage": {"traces": "storage"}, "base_path": base_path,
                             "enable_tracing": False,  # of itself, to port 4317 of whoever
                             "http": at(QUERY), "grpc": at(QUERY_GRPC)},
            "healthcheckv2": {"use_v2": True, "http": at(HEALTH)}},
        "receivers": {"otlp": {"protocols": {"grpc": at(OTLP_GRPC), "http": at(OTLP)}},
                      "zipkin": at(ZIPKIN)},
        "processors": {"batch": {}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "storage"}}}


class Jaeger:
    """A process that is ready. The machine ends it."""

    def __init__(self, machine, folder, storage=MEMORY, base_path=""):
        file = folder / "jaeger.yaml"
        file.write_text(json.dumps(config(storage, base_path)))
        self.process = machine.start([binary(), f"--config=file:{file}"], {})
        self.process.wait_line("Everything is ready")
        self._ports = dict(listening_addresses(self.process.pid))
        self.url = f"http://{self._address(QUERY)}{base_path}"

    def receives(self, protocol):
        """Where: otlp, otlp_grpc or zipkin."""
        return self._address({"otlp": OTLP, "otlp_grpc": OTLP_GRPC, "zipkin": ZIPKIN}[protocol])

    def _address(self, host):
        return f"{host}:{self._ports[host]}"


if __name__ == "__main__":
    print(binary())
