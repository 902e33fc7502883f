"""The load generators: how wrk and h2load are called, and what they print."""

import re
from dataclasses import dataclass

MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000}


class LoadError(Exception):
    """A load generator that failed, or answers that are no success: the run is worth nothing."""


@dataclass(frozen=True)
class Load:
    """`streams`: requests under way on each connection, with HTTP/2; None: HTTP/1.1, one."""
    connections: int
    streams: int | None = None

    @property
    def under_way(self):
        return self.connections * (self.streams or 1)

    def __str__(self):
        return f"c={self.connections}" + (f" m={self.streams}" if self.streams else "")


@dataclass(frozen=True)
class Outcome:
    """`seconds`: how long the load lasted. Latencies are None where they are not told."""
    requests: int
    seconds: float
    p50_us: float | None = None
    p99_us: float | None = None


def parse_duration_us(text):
    """wrk's and h2load's "1.52ms"."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if not found:
        raise LoadError(f"'{text}' is no duration")
    return float(found[1]) * MICROSECONDS[found[2]]


def search(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise LoadError(f"no {pattern!r} in the load generator's output:\n{text}")
    return found


def parse_wrk(text):
    for complaint in (r"Socket errors: .*", r"Non-2xx or 3xx responses: .*"):
        if found := re.search(complaint, text):
            raise LoadError(f"wrk: {found[0]}")
    requests, seconds = search(r"(\d+) requests in ([\d.]+\w+),", text).groups()
    percentile = {name: parse_duration_us(search(rf"^ +{name}% +(\S+) *$", text)[1])
                  for name in (50, 99)}
    return Outcome(int(requests), parse_duration_us(seconds) / 1e6, percentile[50], percentile[99])


def parse_h2load(text):
    seconds = parse_duration_us(search(r"^finished in ([\d.]+\w+),", text)[1]) / 1e6
    done, succeeded, failed, errored, timeout = search(
        r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text).groups()
    if (failed, errored, timeout) != ("0", "0", "0") or done != succeeded:
        raise LoadError(f"h2load: {done} done, {succeeded} succeeded, {failed} failed, "
                        f"{errored} errored, {timeout} timeout")
    return Outcome(int(done), seconds)


def parse_h2load_log(lines):
    """(p50, p99) in microseconds of h2load's --log-file: start, status and microseconds a line."""
    times = sorted(int(line.rsplit("\t", 1)[1]) for line in lines)
    if not times:
        raise LoadError("h2load has logged no request")
    return tuple(times[min(len(times) - 1, len(times) * percent // 100)] for percent in (50, 99))


def wrk(load, seconds, url):
    # By itself it takes an answer that comes after 2 s for a failure.
    return ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "60s", "--latency",
            url]


def grpc_request(url, body):
    """`body`: the file that each request sends, a gRPC message behind its 5-byte prefix."""
    return ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers", url]


def h2load(load, request, *amount):
    """`amount`: "-D10" (seconds) or "-n1000" (requests). `request`: a URL and what goes with it."""
    version = ["--h1"] if load.streams is None else [f"-m{load.streams}"]
    return ["h2load", "-t1", f"-c{load.connections}", *version, *amount, *request]
