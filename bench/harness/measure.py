"""One run of one server under one load."""

import contextlib
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness import metrics, process
from harness.load import LoadError
from harness.running import Running, pinned


@dataclass(frozen=True)
class Times:
    """Seconds of each phase of a run, whole ones, as wrk wants them."""
    warm_up: int = 3
    measured: int = 10
    detailed: int = 2


@dataclass
class Sample:
    """None: not known. `spans`: exported per request."""
    cpu_us: float
    requests_per_second: float
    peak_rss_mib: float
    p50_us: float | None = None
    p99_us: float | None = None
    system_calls: float | None = None
    spans: float | None = None


class Bench:
    """`cpus`: that of the servers, that of the load generator."""

    def __init__(self, bin_folder, cpus, folder, times):
        self._bin = bin_folder
        self._cpus = cpus
        self._folder = Path(folder)
        self._times = times

    def run(self, row, load, entry, detailed):
        """A Sample. `detailed` adds a further short run, for what would disturb the measured one:
        counting system calls, logging each request. Raises what makes the run worthless."""
        with Running(entry, self._bin, self._cpus, self._folder) as running:
            row.client.probe(running.port, self._folder)
            self._load(row, load, running, self._times.warm_up)
            pids = running.counted_pids
            before = process.cpu_seconds(pids)
            outcome = self._load(row, load, running, self._times.measured)
            used = process.cpu_seconds(pids) - before
            if not used:
                raise LoadError("the servers have used no CPU time that can be measured")
            sample = Sample(used * 1e6 / outcome.requests, outcome.requests / outcome.seconds,
                            process.peak_rss_mib(pids), outcome.p50_us, outcome.p99_us)
            if detailed:
                self._add_details(sample, row, load, running)
            if entry.spans:
                # Warm-up, the measured run and the detailed one each end with requests under way.
                cut_max = 3 * load.under_way
                sample.spans = metrics.spans_per_request(
                    [running.ports[name] for name in entry.spans.admin_ports],
                    entry.spans.per_request, cut_max)
            running.check()
        return sample

    def _load(self, row, load, running, seconds, log=None):
        command = row.client.command(load, seconds, running.port, self._folder, log)
        done = subprocess.run(pinned(self._cpus[1], command), capture_output=True, text=True,
                              check=False)
        running.check()
        if done.returncode != 0:
            raise LoadError(f"{command[0]} ended with code {done.returncode}:\n{done.stderr}")
        outcome = row.client.parse(done.stdout, log)
        if not outcome.requests:
            raise LoadError(f"{command[0]} has completed no request:\n{done.stdout}")
        return outcome

    def _add_details(self, sample, row, load, running):
        with SystemCalls(running.counted_pids, self._folder) as calls:
            outcome = self._load(row, load, running, self._times.detailed,
                                 log=self._folder / "requests")
        if calls.count is not None:
            sample.system_calls = calls.count / outcome.requests
        if sample.p50_us is None:
            sample.p50_us, sample.p99_us = outcome.p50_us, outcome.p99_us


def parse_perf(text):
    """The count in the output of `perf stat -x,`; None without one."""
    for line in text.splitlines():
        value = line.partition(",")[0]
        if value.isdigit():
            return int(value)
    return None


class SystemCalls:
    """Counts the system calls of processes while it is entered. `count` is None where perf may not
    or cannot."""

    EVENT = "raw_syscalls:sys_enter"

    def __init__(self, pids, folder):
        self.count = None
        self._report = Path(folder) / "perf"
        self._command = ["perf", "stat", "-x,", "-e", self.EVENT, "-o", str(self._report),
                         "-p", ",".join(str(pid) for pid in pids)]
        self._perf = None

    def __enter__(self):
        self._report.unlink(missing_ok=True)
        if shutil.which("perf"):
            self._perf = subprocess.Popen(self._command, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        if self._perf is None:
            return
        self._perf.send_signal(signal.SIGINT)
        self._perf.wait()
        with contextlib.suppress(OSError):
            self.count = parse_perf(self._report.read_text())
