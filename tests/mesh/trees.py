"""What traces in the mesh must look like: trees of (service, kind, children)."""

from collections import Counter, defaultdict

from mesh import GATEWAY


def line(*places, below=()):
    """Each (service, kind) the only child of the one before; `below`: the children of the last."""
    tree = tuple(sorted(below))
    for service, kind in reversed(places):
        tree = ((service, kind, tree),)
    return tree[0]


def sidecar(name, kind):
    return f"{name}.default", kind


def served(name, trace_mode, below=()):
    """A call as the callee's pod tells it; `below`: the calls that it makes."""
    spans = [sidecar(name, "server")]
    if trace_mode == "full":
        spans.append((name, "server"))
    return line(*spans, below=below)


def called(name, trace_mode, *answers):
    """A call as the caller's pod tells it; `answers`: what served it, once for each attempt."""
    spans = [sidecar(name, "client")]
    if trace_mode == "full":
        spans.insert(0, (name, "client"))
    return line(*spans, below=answers)


def at_gateway(tree):
    return line((GATEWAY, "server"), (GATEWAY, "client"), below=(tree,))


def inside(trace_mode):
    """api calls greeter, seen from api's sidecar on."""
    greeter = served("hal9000-greeter", trace_mode)
    return served("hal9000-api", trace_mode, (called("hal9000-api", trace_mode, greeter),))


FULL = at_gateway(inside("full"))  # 8 spans
FORWARD = at_gateway(inside("forward"))  # 5 spans
# What an application makes of it that passes nothing on: 3 spans and 2.
BROKEN = [at_gateway(line(sidecar("hal9000-api", "server"))),
          line(sidecar("hal9000-api", "client"), sidecar("hal9000-greeter", "server"))]
CHAIN = {"full": [FULL], "forward": [FORWARD], "off": BROKEN}


def size(tree):
    return 1 + sum(map(size, tree[2]))


def trees(spans, remote_parents=("",)):
    """What the spans of one trace are: one tree, if nothing is wrong. A span whose parent is
    missing and none of the remote ones is the root of a further tree, ("orphan of ...", ...)."""
    ids = Counter(span.id for span in spans)
    children = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in ids else None].append(span)
    seen = 0

    def tree(span):
        nonlocal seen
        seen += 1
        name = span.service if ids[span.id] == 1 else f"{span.service} with a span id used twice"
        return name, span.kind, tuple(sorted(map(tree, children[span.id])))

    found = []
    for root in children[None]:
        service, kind, below = tree(root)
        if root.parent_id not in remote_parents:
            service = f"orphan of {root.parent_id}: {service}"
        found.append((service, kind, below))
    return sorted(found) if seen == len(spans) else [*found, ("a loop of parents", "", ())]


def draw(tree, depth=0):
    service, kind, below = tree
    return "\n".join(["  " * depth + f"{service} {kind}", *(draw(child, depth + 1)
                                                             for child in below)])


def differences(traces, expected, remote_parents=("",)):
    """Empty when each trace is one of the expected trees, in any order, and none is missing."""
    have = Counter(tuple(trees(spans, remote_parents)) for spans in traces)
    want = Counter((tree,) for tree in expected)
    return [f"{count} {what}:\n" + "\n".join(map(draw, found))
            for what, counter in (("unexpected", have - want), ("missing", want - have))
            for found, count in counter.items()]


def parents_elsewhere(traces):
    """How many traces hang below which span that is not theirs; "": none."""
    return Counter(span.parent_id for spans in traces for span in spans
                   if span.parent_id not in {known.id for known in spans})


def request_ids(traces):
    """The x-request-ids that the traces' hops tell: all Envoys, and the kit's servers."""
    return {span.request_id for spans in traces for span in spans if span.request_id}
