"""Counters of a server's admin port (Prometheus' text format), and what they prove."""

import time
import urllib.request

# Much longer than an exporter waits for a batch to fill (OTEL_BSP_SCHEDULE_DELAY, 5 s).
FLUSH_SECONDS = 60
LOST = ("hal_spans_dropped_total", "hal_spans_failed_total", "hal_traces_dropped_total")


class SpansLost(Exception):
    """Requests whose spans are not all at the collector: the run is worth nothing."""


def parse(text):
    """{name: the sum over all label sets}."""
    sums = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name_and_labels, _, value = line.rpartition(" ")
            name = name_and_labels.partition("{")[0]
            sums[name] = sums.get(name, 0) + float(value)
    return sums


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return parse(answer.read().decode())


def total(counters, name):
    return sum(process[name] for process in counters)


def verdict(counters, per_request, cut_max):
    """Spans exported per request. `counters`: of each process, the one that takes the requests
    last. `cut_max`: so many requests may have been cut by the load generator's end, and a call
    that was cut early has no span on its far side. Raises SpansLost."""
    for name in LOST:
        if lost := total(counters, name):
            raise SpansLost(f"{name} is {lost:.0f}")
    requests = counters[-1]["hal_requests_total"]
    exported = total(counters, "hal_spans_exported_total")
    if not requests or abs(exported - per_request * requests) > per_request * cut_max:
        raise SpansLost(f"{exported:.0f} spans of {requests:.0f} requests are exported, "
                        f"{per_request} of each are due")
    return exported / requests


def spans_per_request(ports, per_request, cut_max):
    """Waits until every process has exported what it recorded, and asks for the verdict."""
    end = time.monotonic() + FLUSH_SECONDS
    while True:
        counters = [scrape(port) for port in ports]
        done = (total(counters, "hal_spans_exported_total")
                + total(counters, "hal_spans_failed_total"))
        if done >= total(counters, "hal_spans_recorded_total") or time.monotonic() > end:
            return verdict(counters, per_request, cut_max)
        time.sleep(0.1)
