#!/usr/bin/env python3
"""make mesh: one request through a gateway, two sidecars and two services, in each tracing mode of
Istio, and the trace that comes of it. --break: the same with an api that passes nothing on."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from bootstrap import MODES  # noqa: E402
from envoy import NEWEST, VERSIONS, EnvoyMissing, binary  # noqa: E402
from mesh import Mesh  # noqa: E402
from trees import CHAIN, differences, size  # noqa: E402

PATH = "/api/v1/hello/ww"


def say_what_runs(mesh):
    api, greeter = mesh.pods["hal9000-api"], mesh.pods["hal9000-greeter"]
    print(f"  gateway            Envoy            {mesh.address}")
    print(f"  api's sidecar      Envoy, inbound   {api.address}")
    print(f"  api                hal9000-api      127.0.0.1:{api.app.port}")
    print(f"  api's sidecar      Envoy, outbound  {api.outbound['hal9000-greeter']}")
    print(f"  greeter's sidecar  Envoy, inbound   {greeter.address}")
    print(f"  greeter            hal9000-greeter  127.0.0.1:{greeter.app.port}")
    print(f"  collector          hal collector    {mesh.traces.url}")


def show(mesh, expected):
    """One request and its traces; whether they are what is expected."""
    say_what_runs(mesh)
    print(f"\n$ curl http://{mesh.address}{PATH}")
    print(mesh.get(PATH).text)
    traces = mesh.settled_traces(sum(map(size, expected)))
    for spans in sorted(traces, key=len, reverse=True):
        print(flush=True)
        mesh.hal("trace", "show", spans[0].trace_id, stdout=None)
    wrong = differences(traces, expected)
    for difference in wrong:
        print(f"WRONG: {difference}")
    if len(expected) > 1:
        print("\n$ hal trace doctor --settle=0s", flush=True)
        mesh.hal("trace", "doctor", "--settle=0s", stdout=None)
    return not wrong


def main():
    parser = argparse.ArgumentParser(prog="make mesh ARGS=", description=__doc__)
    parser.add_argument("--break", dest="broken", action="store_true",
                        help="the api passes nothing on: two traces, and what the doctor says")
    parser.add_argument("--mode", choices=[mode.name for mode in MODES], action="append",
                        help="one tracing mode instead of all (may repeat)")
    parser.add_argument("--envoy", choices=VERSIONS, default=NEWEST)
    options = parser.parse_args()
    try:
        binary(options.envoy)
    except EnvoyMissing as reason:
        print(reason, file=sys.stderr)
        return 1
    trace_mode = "off" if options.broken else "full"
    good = True
    for mode in MODES:
        if options.mode and mode.name not in options.mode:
            continue
        print(f"\n=== {mode.title} (Envoy {options.envoy}"
              f"{', api and greeter with HAL_TRACE_MODE=off' if options.broken else ''})\n")
        with tempfile.TemporaryDirectory(prefix="hal9000-mesh-") as folder:
            with Mesh(folder, mode=mode, trace_mode=trace_mode, envoy=options.envoy) as mesh:
                good = show(mesh, CHAIN[trace_mode]) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
