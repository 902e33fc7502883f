"""Load on the real processes: every request is answered, and every one is a whole trace."""

from support.load import assert_all_answered, needs_h2load, start_load
from support.machine import Chain
from support.traces import ask_until, problems

pytestmark = needs_h2load


def assert_all_whole(traces, requests):
    broken = [(spans[0].trace_id, problems(spans)) for spans in traces if problems(spans)]
    assert broken == []
    assert len(traces) == requests


def test_ten_thousand_requests_are_ten_thousand_whole_traces(machine):
    requests = 10_000
    chain = Chain(machine)
    assert_all_answered(start_load(machine, chain.api, requests))
    # A span may end after its answer has gone out, and then waits for its batch.
    for service, spans in ((chain.api, 2 * requests), (chain.greeter, requests)):
        assert ask_until(lambda: service.counter("hal_spans_exported_total") == spans)
        assert service.counter("hal_spans_recorded_total") == spans
        assert service.counter("hal_spans_dropped_total") == 0
        assert service.counter("hal_traces_dropped_total") == 0
        assert service.counter("hal_log_lines_dropped_total") == 0
    assert_all_whole(chain.flush().traces(100_000), requests)


def test_greeters_replaced_under_load_cost_no_request_and_no_trace(machine):
    """Each new greeter is there before an old one drains, as in a rolling update."""
    requests = 20_000
    chain = Chain(machine)
    load = start_load(machine, chain.api, requests)

    def serves():
        return "hello ww" in chain.greeter.output()

    for _ in range(3):
        # On a fast machine the load may be over before the last of them is needed.
        assert ask_until(lambda: serves() or not load.running)
        old, chain.greeter = chain.greeter, machine.greeter()
        old.stop()
    assert_all_answered(load)
    assert_all_whole(chain.flush().traces(100_000), requests)
