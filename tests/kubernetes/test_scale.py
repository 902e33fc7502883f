"""What a client of a large namespace costs: memory, LISTs, CPU time at rest."""

import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from test_registry import HELLO, document, eventually, knows

PODS = 1000
SERVICES = ("hal9000-greeter", *(f"other-{number}" for number in range(4)))
LABELS = {"micro.mu/type": "service",
          **{f"micro.mu/selector-{name}": "service" for name in SERVICES}}
RESIDENT_MIB_MAX = 30
REST_S, RESTS_MAX, CPU_SHARE_MAX = 10, 6, 0.01


def each(function, names):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(function, names))


def memory(pid):
    """Resident now and at most, MiB (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def share_at_rest(pid):
    """Of a CPU, in the first of some seconds that are rest enough: what has come before may still
    keep a slow machine busy."""
    for _ in range(RESTS_MAX):
        used = cpu_seconds(pid)
        threading.Event().wait(REST_S)  # what is measured is that nothing is done in this time
        share = (cpu_seconds(pid) - used) / REST_S
        if share <= CPU_SHARE_MAX:
            break
    return share


def lists_of_pods(cluster):
    """How many LISTs of pods the API server has answered, whatever the answer."""
    text = cluster.call("GET", "/metrics", raw=True).decode()
    lines = re.findall(r"^apiserver_request_total\{(.*)\} (\S+)$", text, re.MULTILINE)
    return sum(float(count) for labels, count in lines
               if 'resource="pods"' in labels and 'verb="LIST"' in labels)


def test_a_thousand_pods(cluster, pods, record_property):
    greeter = pods.greeter("greeter-1", "127.0.1.1")
    names = [f"many-{number}" for number in range(PODS)]

    def add(name):
        cluster.add_pod(name, "127.0.1.1", labels=LABELS, annotations={
            f"micro.mu/service-{service}": document(name, greeter.address, service)
            for service in SERVICES})
    try:
        each(add, names)
        eventually(lambda: knows(cluster, PODS + 1), "each of them is a node")
        before = lists_of_pods(cluster)
        api = pods.api("api-1", "127.0.1.2")
        for _ in range(200):
            assert api.get(HELLO).status == 200
        assert lists_of_pods(cluster) - before == 1
        share = share_at_rest(api.pid)
        resident, peak = memory(api.pid)
    finally:
        each(cluster.delete_pod, names)
    record_property("resident_mib", round(resident, 1))
    record_property("cpu_share_at_rest", round(share, 4))
    print(f"{PODS} pods x {len(SERVICES)} services: {resident:.1f} MiB resident, {peak:.1f} MiB at "
          f"most; {share:.2%} of a CPU at rest")
    assert resident <= RESIDENT_MIB_MAX
    assert share <= CPU_SHARE_MAX
