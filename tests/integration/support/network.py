"""A network namespace with loopback and one range of addresses that never leaves it, for what takes
no 127.x, or listens on ports that it chooses. For root only."""

import ctypes
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

RANGE = "10.77.0.0/24"  # there is no route to anywhere else
CLONE_NEWNET = 0x40000000  # sched.h


class Namespace:
    """One thread is in it, and what that thread starts: threads and processes."""

    def __init__(self):
        self._thread = ThreadPoolExecutor(1)
        self.run(self._enter)

    @staticmethod
    def _enter():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
        # "local": every address of the range is this machine's own.
        for words in (("link", "set", "lo", "up"), ("address", "add", "dev", "lo", "local", RANGE)):
            subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL,
                           env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"})

    def run(self, function, *values, **named):
        """Its result, or what it raises."""
        return self._thread.submit(function, *values, **named).result()

    def close(self):
        self._thread.shutdown()
