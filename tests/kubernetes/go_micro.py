"""Services on the real go-micro 1.18, built once into a folder outside the repository, and how they
run beside ours."""

import hashlib
import json
import signal
import sys
from pathlib import Path

import binaries
import cluster as clusters
from support.process import Process
from support.traces import ask_until

sys.path.insert(0, str(Path(__file__).resolve().parent / "gomicro"))
import build  # noqa: E402

ACCOUNT = "go"
# The names by which go-micro takes its flags from the environment. Its broker listens on every
# address unless it is told one.
COMMON = {"MICRO_REGISTRY": "kubernetes", "MICRO_BROKER_ADDRESS": "127.0.0.1:0"}


def _program(name):
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in build.sources()))
    key = digest.hexdigest()[:12]

    def make(folder):
        binaries.find_go()  # or the test is skipped
        workshop = build.Workshop(folder.with_name(f"gomicro-{key}"), binaries.run)
        workshop.prepare()
        workshop.build(build.HERE / name, folder / f"gomicro-{name}")
    return binaries.built(f"gomicro-{name}", key, make)


def greeter():
    return _program("greeter")


def caller():
    return _program("caller")


def add_account(cluster):
    """Theirs does not trim the token that it reads: it ends in no newline, as the kubelet's."""
    cluster.add_account(ACCOUNT)
    cluster.make(f"{clusters.RBAC}/namespaces/{clusters.NAMESPACE}/rolebindings", {
        "metadata": {"name": f"micro-registry-{ACCOUNT}"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT,
                      "namespace": clusters.NAMESPACE}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "micro-registry"}})
    token = cluster.account_folder(ACCOUNT) / "token"
    token.write_text(token.read_text().strip())


class Greeter:
    """One that runs in a pod, and what it has seen."""

    def __init__(self, process):
        self.process = process
        process.wait_line('"event":"registered"')
        self.address = process.wait_line(r"Listening on ([\d.]+:\d+)").group(1)

    def requests(self):
        """Those that have come: msg, metadata, left_ms (until the deadline)."""
        seen = [json.loads(line) for line in self.process.lines("out")]
        return [each for each in seen if each["event"] == "request"]

    def wait_request(self, number):
        """The one of that number, from 1. What it writes is read later than its answers."""
        assert ask_until(lambda: len(self.requests()) >= number), self.process.output()
        return self.requests()[number - 1]

    def stop(self):
        self.process.stop()


class GoMicro:
    """Starts them in pods."""

    def __init__(self, pods):
        self._pods = pods

    def greeter(self, pod, address, service="hal9000-greeter"):
        return Greeter(self._pods.start_in_pod(
            pod, address, greeter(), ACCOUNT, wait=False, **COMMON, MICRO_SERVER_NAME=service,
            MICRO_SERVER_ADDRESS=f"{address}:0"))

    def call(self, *words, address=None):
        """What each of the calls has come to: {"rsp": ..} or {"error": {..}}. `address`: who is
        called, instead of those in the registry."""
        direct = {"MICRO_PROXY_ADDRESS": address} if address else {}
        process = Process(*self._caller(words, direct))
        code = process.wait()
        lines, errors = process.lines("out"), process.output("err")
        process.close()
        assert code == 0, errors
        return [json.loads(line) for line in lines]

    def call_until_ended(self, *words):
        """A process that calls, and has begun to see changes of the registry: for end_calls()."""
        process = self._pods.start(*self._caller(("-calls=0", *words), {}))
        process.wait_line('"event":"watching"')
        return process

    def _caller(self, words, more):
        command, pod = clusters.in_pod(self._pods.cluster, ACCOUNT, "caller", [caller(), *words])
        return command, {**COMMON, **pod, **more}


def end_calls(process):
    """What such a process tells of its calls: {"calls": .., "failed": [..]}."""
    process.signal(signal.SIGTERM)
    assert process.wait() == 0, process.output()
    return json.loads(process.lines("out")[-1])
