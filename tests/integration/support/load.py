"""Load by h2load (package nghttp2-client): many connections, each with one request at a time."""

import re
import shutil

import pytest

CONNECTIONS = 50
CAP = 600.0  # seconds: thousands of requests on a busy machine

needs_h2load = pytest.mark.skipif(not shutil.which("h2load"),
                                  reason="h2load (package nghttp2-client) is missing")


def start_load(machine, api, requests, *more):
    return machine.run("h2load", "--h1", "-n", requests, "-c", CONNECTIONS, *more,
                       f"http://{api.address}/api/v1/hello/ww")


def results(load):
    """Once it has ended: how many requests ended in which way, and the answers by class."""
    assert load.wait(CAP) == 0, load.output()
    found = re.search(r"requests: (?P<total>\d+) total, .* (?P<succeeded>\d+) succeeded, "
                      r"(?P<failed>\d+) failed, (?P<errored>\d+) errored, (?P<timeout>\d+) timeout",
                      load.output())
    codes = re.search(r"status codes: (?P<ok>\d+) 2xx, (?P<moved>\d+) 3xx, (?P<refused>\d+) 4xx, "
                      r"(?P<broken>\d+) 5xx", load.output())
    assert found and codes, load.output()
    return {name: int(value) for name, value in (found.groupdict() | codes.groupdict()).items()}


def assert_all_answered(load):
    """Every request has an answer, and each of them is a success."""
    found = results(load)
    assert found["succeeded"] == found["ok"] == found["total"], load.output()
    assert found["failed"] == found["errored"] == found["timeout"] == 0, load.output()
