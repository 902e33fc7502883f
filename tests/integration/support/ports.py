"""Ports that a test holds while a program wants them."""

import contextlib
import itertools
import os
import socket

# Below those that the kernel gives to who asks for any. Other runs of the tests begin elsewhere.
_next = itertools.count(20_000 + os.getpid() % 10_000)


@contextlib.contextmanager
def taken_port(neighbours=0):
    """One that this process holds, with so many of those behind it. The one behind them is still
    free when a program looks for it."""
    with contextlib.ExitStack() as held:
        for port in _next:
            with contextlib.suppress(OSError), contextlib.ExitStack() as tried:
                for number in range(port, port + 1 + neighbours):
                    tried.enter_context(socket.create_server(("127.0.0.1", number)))
                held.enter_context(tried.pop_all())
                break
        yield port


def free_port():
    """One that nobody of this run gets again, and outside of what the kernel gives out."""
    with taken_port() as port:
        return port
