"""The processes of one entry, started and stopped."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
# What a program inherits: nothing that configures it.
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG")
START_SECONDS = 60
STOP_SECONDS = 60


class RunError(Exception):
    """A process that does not start, or does not last."""


class Ports(dict):
    """Free ports by name: a name that is new gets a port of its own. Below those that the kernel
    gives to whoever asks for any, as the load generator does for each connection."""

    def __missing__(self, name):
        while name not in self:
            port = random.randrange(20_000, 32_000)
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                self[name] = port
        return self[name]


def two_cpus(one_will_do):
    """The first two this process may use; the only one twice, if that will do."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 and not one_will_do:
        raise RunError("two CPUs are needed, one for the servers and one for the load generator")
    return cpus[0], cpus[min(1, len(cpus) - 1)]


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu), *command]


class Running:
    """An entry's processes, as a context: all of them listen on entry, all of them have ended
    afterwards. `cpus`: the one of the servers, the one of all else."""

    def __init__(self, entry, bin_folder, cpus, folder):
        self.entry = entry
        self.folder = Path(folder)
        self.ports = Ports(bin=str(bin_folder), bench=str(BENCH), folder=str(folder))
        self._cpus = cpus
        self._started = []  # (Program, Popen)

    def __enter__(self):
        try:
            for program in self.entry.programs:
                self._start(program)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def port(self):
        """Where the load goes."""
        return self.ports[self.entry.programs[-1].name]

    @property
    def counted_pids(self):
        return [popen.pid for program, popen in self._started if program.counted]

    def check(self):
        """Raises when a process has ended."""
        for program, popen in self._started:
            if popen.poll() is not None:
                raise RunError(f"{program.name} has ended with code {popen.returncode}:\n"
                               f"{self.output(program.name)}")

    def pid(self, name):
        return next(popen.pid for program, popen in self._started if program.name == name)

    def output(self, name):
        """What the program of that name has written."""
        return self._log(name).read_text(errors="replace")

    def stop(self):
        while self._started:
            _, popen = self._started.pop()
            if popen.poll() is None:
                popen.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    popen.wait(STOP_SECONDS)
            if popen.poll() is None:
                popen.kill()
                popen.wait()

    def _start(self, program):
        command = [word.format_map(self.ports) for word in program.command]
        if not Path(command[0]).exists():
            raise RunError(f"{command[0]} is missing: `make bench` builds it")
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= {name: value.format_map(self.ports)
                        for name, value in program.environment.items()}
        with self._log(program.name).open("wb") as log:
            popen = subprocess.Popen(pinned(self._cpus[0 if program.counted else 1], command),
                                     env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=subprocess.STDOUT)
        self._started.append((program, popen))
        self._wait_listening(program)

    def _wait_listening(self, program):
        end = time.monotonic() + START_SECONDS
        while True:
            self.check()
            with contextlib.suppress(OSError), socket.create_connection(
                    ("127.0.0.1", self.ports[program.name]), timeout=60):
                return
            if time.monotonic() > end:
                raise RunError(f"{program.name} does not listen after {START_SECONDS} s:\n"
                               f"{self.output(program.name)}")
            time.sleep(0.01)

    def _log(self, name):
        return self.folder / f"{name}.log"
