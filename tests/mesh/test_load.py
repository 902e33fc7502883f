"""10,000 requests through the mesh: all are answered, each is one whole trace, and the doctor finds
nothing."""

import re
from collections import Counter

import pytest

from bootstrap import MODES
from support.load import CAP
from support.traces import ask_until
from trees import CHAIN, draw, size, trees

REQUESTS, CONNECTIONS = 10_000, 50


def wrong_traces(mesh, tree):
    """How many traces there are, and what those look like that are not this tree."""
    found = Counter(tuple(trees(spans)) for spans in mesh.traces.each_trace())
    count = sum(found.values())
    right = found.pop((tree,), 0)
    return count, right, [f"{number} times\n" + "\n".join(map(draw, wrong))
                          for wrong, number in found.most_common(3)]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_ten_thousand_requests(mesh_of, newest, h2load, mode, trace_mode):
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=newest) as mesh:
        load = mesh.machine.run(h2load, "--h1", "-n", REQUESTS, "-c", CONNECTIONS,
                                f"http://{mesh.address}/api/v1/hello/ww")
        assert load.wait(CAP) == 0, load.output()
        answers = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx",
                            load.output())
        assert answers.groups() == (str(REQUESTS), "0", "0", "0"), load.output()
        assert ask_until(lambda: mesh.spans_sent() == REQUESTS * size(tree), CAP), mesh.spans_sent()
        for name in mesh.pods:
            mesh.app(name).stop()  # which sends what it still has
        # An Envoy's last batch may still be on its way.
        assert ask_until(lambda: wrong_traces(mesh, tree) == (REQUESTS, REQUESTS, []), CAP), (
            wrong_traces(mesh, tree))
        said = mesh.hal("trace", "doctor", "--settle=0s", "--limit=100000")
        assert said.startswith(f"Nothing found in {REQUESTS} traces of 3 meshed services"), said
