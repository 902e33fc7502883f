"""A program under test: started, listened to, ended by its process id."""

import contextlib
import fcntl
import os
import re
import select
import signal
import subprocess
import threading
import time

from support import CAP

# What a program under test inherits: nothing that configures hal9000 or OpenTelemetry.
INHERITED = ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


def clean_environment(variables=None):
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment["LC_ALL"] = "C.UTF-8"
    environment.update({name: str(value) for name, value in (variables or {}).items()})
    return environment


def wait_for_end(pid, cap=CAP):
    """Waits until a process that need not be our child has ended; false when it has not."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], cap)[0])
    finally:
        os.close(descriptor)


class Process:
    """A child whose output is read line by line as it comes. Not restarted. `user`: runs it as this
    user, with no other groups; for root only."""

    PIPE_BYTES = 1024 * 1024  # as much as any user may have: programs drop what a pipe never takes

    def __init__(self, command, variables=None, user=None):
        self.name = os.path.basename(str(command[0]))
        self._changed = threading.Condition()
        self._lines = []  # (stream, line) in the order they were read
        self._open_streams = 2
        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.popen = subprocess.Popen(
            [str(word) for word in command], env=clean_environment(variables), **identity,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.popen.pid
        for stream in (self.popen.stdout, self.popen.stderr):
            with contextlib.suppress(OSError):  # too many of them: the usual 64 KiB will do
                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, self.PIPE_BYTES)
        self._readers = [
            threading.Thread(target=self._read, args=(stream, name), daemon=True)
            for stream, name in ((self.popen.stdout, "out"), (self.popen.stderr, "err"))]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, name):
        for line in stream:
            with self._changed:
                self._lines.append((name, line.decode("utf-8", "replace").rstrip("\n")))
                self._changed.notify_all()
        with self._changed:
            self._open_streams -= 1
            self._changed.notify_all()

    def lines(self, stream=None):
        with self._changed:
            return [line for name, line in self._lines if stream in (None, name)]

    def output(self, stream=None):
        """All that was written so far; all at all once the process has ended."""
        return "\n".join(self.lines(stream))

    def wait_line(self, pattern, cap=CAP):
        """The match of the first line with the pattern, which may still be to come."""
        expression = re.compile(pattern)
        end = time.monotonic() + cap
        seen = 0
        with self._changed:
            while True:
                for _, line in self._lines[seen:]:
                    found = expression.search(line)
                    if found:
                        return found
                seen = len(self._lines)
                left = end - time.monotonic()
                if self._open_streams == 0 or left <= 0:
                    break
                self._changed.wait(left)
        raise AssertionError(f"{self.name} wrote no line with {pattern!r}:\n{self.output()}")

    def signal(self, number):
        if self.popen.poll() is None:
            os.kill(self.pid, number)

    def wait(self, cap=CAP):
        """The exit code (negative: a signal), once all its output has been read."""
        try:
            code = self.popen.wait(cap)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} still runs after {cap} s:\n{self.output()}") from None
        for reader in self._readers:
            reader.join(cap)
        return code

    def stop(self):
        """SIGTERM, and the drain must end with exit code 0."""
        self.signal(signal.SIGTERM)
        code = self.wait()
        assert code == 0, f"{self.name} ended with {code} after SIGTERM:\n{self.output()}"

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    @property
    def running(self):
        return self.popen.poll() is None

    def close(self):
        """The last resort of a fixture."""
        if self.running:
            self.kill()
        self.popen.stdout.close()
        self.popen.stderr.close()
