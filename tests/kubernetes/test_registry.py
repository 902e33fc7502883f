"""Our services register on pods of a real API server and find each other there, whatever happens
to it."""

import json
import statistics
import threading
import time

import pytest

from cluster import MERGE, PODS
from outside import hal, served
from support import CAP
from support.http import get
from support.machine import GREETER
from support.traces import ask_until

HELLO = "/api/v1/hello/ww"
CALLS = 12_000


def eventually(check, what):
    assert ask_until(check), f"not within {CAP} s: {what}"


def document(pod, address, service="hal9000-greeter"):
    """A registration as another service would have written it."""
    return json.dumps({"name": service, "version": "v1", "metadata": None, "endpoints": [],
                       "nodes": [{"id": f"{service}-{pod}", "address": address,
                                  "metadata": {"server": "grpc", "hal": "1"}}]})


LABELS = {"micro.mu/type": "service", "micro.mu/selector-hal9000-greeter": "service"}


def knows(cluster, number):
    """Whether a program that asks now finds that many greeters; not if the API server is slow."""
    code, out, _ = hal(cluster, "services", "--json")
    return code == 0 and number == sum(
        len(each["nodes"]) for each in json.loads(out)  # each version apart
        if each["name"] == "hal9000-greeter")


def test_services_find_each_other_and_deregister(cluster, pods):
    greeter = pods.greeter("greeter-1", "127.0.1.1")
    found = cluster.registered("greeter-1", "hal9000-greeter")
    assert found["nodes"][0]["address"] == greeter.address
    assert found["endpoints"][0]["name"] == "Greeter.SayHello"
    api = pods.api("api-1", "127.0.1.2")
    assert api.get(HELLO).json() == {"status": "OK", "message": "world"}
    code, out, err = hal(cluster, "services", "--json")
    assert code == 0, err
    services = {each["name"]: each for each in json.loads(out)}
    assert services["hal9000-greeter"]["nodes"][0]["address"] == greeter.address
    assert services["hal9000-api"]["endpoints"]
    code, out, err = hal(cluster, "call", "greeter.Greeter/SayHello", '{"msg":"x"}')
    assert (code, json.loads(out)) == (0, {"rsp": "world"}), err
    greeter.stop()
    assert cluster.registered("greeter-1", "hal9000-greeter") is None
    assert "micro.mu/type" not in cluster.pod("greeter-1")["metadata"]["labels"]


def test_a_change_reaches_clients_at_once(cluster, pods, record_property):
    pods.greeter("greeter-1", "127.0.1.1")
    second = pods.greeter("greeter-2", "127.0.1.3")
    cluster.set_ready("greeter-2", False)
    api = pods.api("api-1", "127.0.1.2")
    times = []
    for _ in range(10):
        # Ready: it gets calls; not ready: it gets no more.
        before = served(second)
        started = time.monotonic()
        cluster.set_ready("greeter-2", True)

        def gets_calls():
            assert api.get(HELLO).status == 200
            return served(second) > before
        eventually(gets_calls, "the second greeter gets calls")
        times.append(time.monotonic() - started)
        cluster.set_ready("greeter-2", False)

        def is_left_alone():
            count = served(second)
            for _ in range(8):
                assert api.get(HELLO).status == 200
            return served(second) == count
        eventually(is_left_alone, "the second greeter gets no calls")
    median = statistics.median(times)
    record_property("seconds_until_a_new_pod_is_called", median)
    print(f"a pod's change reaches clients after {median:.3f} s (median of {len(times)})")


def test_fifty_pods_come_and_go(cluster, pods):
    greeter = pods.greeter("greeter-1", "127.0.1.1")
    api = pods.api("api-1", "127.0.1.2")
    assert api.get(HELLO).status == 200
    names = [f"greeter-many-{number}" for number in range(50)]
    for number, name in enumerate(names):
        # The same process behind each: every one of them answers.
        cluster.add_pod(name, "127.0.1.1", labels=LABELS, annotations={
            "micro.mu/service-hal9000-greeter": document(name, greeter.address)})
        assert api.get(HELLO).status == 200, number
    eventually(lambda: knows(cluster, 51), "each of them is a node")
    for name in names:
        cluster.delete_pod(name, grace=30)  # first with a deletionTimestamp
        assert api.get(HELLO).status == 200
    for name in names:
        cluster.delete_pod(name)
    assert api.get(HELLO).status == 200


def test_an_api_server_that_is_killed_and_comes_back(cluster, pods):
    greeter = pods.greeter("greeter-1", "127.0.1.1")
    api = pods.api("api-1", "127.0.1.2")
    assert api.get(HELLO).status == 200
    cluster.kill_api()
    try:
        api.wait_line("what is known stays in use")
        for _ in range(100):
            assert api.get(HELLO).status == 200
    finally:
        cluster.start_api()
    second = pods.greeter("greeter-2", "127.0.1.3")

    def reaches_the_second():
        assert api.get(HELLO).status == 200
        return served(second) > 0
    eventually(reaches_the_second, "the watch goes on")
    greeter.stop()
    assert api.get(HELLO).status == 200


def test_versions_that_are_gone_are_listed_again(cluster, pods):
    pods.greeter("greeter-1", "127.0.1.1")
    api = pods.api("api-1", "127.0.1.2")
    assert api.get(HELLO).status == 200
    cluster.add_pod("other", "127.0.1.9")
    for number in range(20):
        cluster.call("PATCH", f"{PODS}/other", {"metadata": {"labels": {"n": str(number)}}}, MERGE)
    cluster.compact_etcd()
    cluster.kill_api()
    cluster.start_api()
    cluster.delete_pod("other")
    api.wait_line("they are listed again")  # 410 Gone
    second = pods.greeter("greeter-2", "127.0.1.3")

    def reaches_the_second():
        assert api.get(HELLO).status == 200
        return served(second) > 0
    eventually(reaches_the_second, "what was listed is watched")


def test_the_token_rotates_and_the_account_is_deleted(cluster, pods):
    pods.greeter("greeter-1", "127.0.1.1")
    api = pods.api("api-1", "127.0.1.2")
    assert api.get(HELLO).status == 200
    cluster.delete_account("api")  # its tokens are refused from now on
    cluster.kill_api()
    cluster.start_api()
    api.wait_line("UNAUTHENTICATED")
    assert api.get(HELLO).status == 200
    cluster.add_account("api")
    second = pods.greeter("greeter-2", "127.0.1.3")

    def reaches_the_second():
        assert api.get(HELLO).status == 200
        return served(second) > 0
    eventually(reaches_the_second, "the new token is taken")


def test_what_the_role_does_not_allow_is_named(cluster, pods):
    refused = pods.start_in_pod("nobody-1", "127.0.1.4", GREETER, "nobody", wait=False,
                                SERVICE_NAME="hal9000-greeter")
    assert refused.wait() == 1
    assert ('not allowed to patch pods in namespace devel; a Role has to give the verb "patch" '
            'on "pods"') in refused.output("err")


@pytest.mark.parametrize("callers", [1, 8], ids=["sequential", "concurrent"])
def test_a_rolling_restart_loses_no_call(cluster, pods, callers):
    greeters = [pods.greeter("greeter-a", "127.0.1.1"), pods.greeter("greeter-b", "127.0.1.3")]
    api = pods.api("api-1", "127.0.1.2")
    wrong, rolled, over = [], threading.Event(), threading.Event()
    counts = [0] * callers

    def call(index):
        # The load is still there when the last of the old ones has stopped.
        while (counts[index] < CALLS / callers or not rolled.is_set()) and not over.is_set():
            answer = get(api.address, HELLO)
            counts[index] += 1
            if answer.status != 200:
                wrong.append((answer.status, answer.text))

    threads = [threading.Thread(target=call, args=(index,)) for index in range(callers)]
    for thread in threads:
        thread.start()
    try:
        for number, old in enumerate(greeters):
            pods.greeter(f"greeter-new-{number}", f"127.0.1.{5 + number}")
            old.stop()
        rolled.set()
        for thread in threads:
            thread.join()
    finally:
        over.set()
    assert sum(counts) >= CALLS
    assert wrong == []
