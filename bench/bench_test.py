#!/usr/bin/env python3
"""Tests of the parts of bench/run that need no server; tests/integration/test_bench.py runs it."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import (  # noqa: E402
    callgrind, cases, load, measure, metrics, process, report, running, systems)
from harness.load import Load, LoadError, Outcome  # noqa: E402
from harness.measure import Sample  # noqa: E402
from harness.rows import ROWS, Row  # noqa: E402

WRK = """Running 2s test @ http://127.0.0.1:7003/api/v1/hello/ww
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.04ms    3.92ms  44.13ms   92.04%
    Req/Sec    20.48k     4.73k   31.61k    75.00%
  Latency Distribution
     50%  950.00us
     75%    3.92ms
     90%    6.26ms
     99%   21.74ms
  40799 requests in 2.10s, 5.49MB read
Requests/sec:  20349.97
Transfer/sec:      2.74MB
"""

H2LOAD = """
finished in 2.01s, 23395.00 req/s, 961.61KB/s
requests: 46790 total, 46840 started, 46790 done, 46790 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 46790 2xx, 0 3xx, 0 4xx, 0 5xx
"""

# A name with a blank and a parenthesis; utime 250, stime 50 ticks, children's times beside them.
STAT = "42 (hal (x) y) S 1 42 42 0 -1 4194304 900 0 0 0 250 50 7 9 20 0 3 0 1000 5000 800 0"


class Loads(unittest.TestCase):
    def test_wrk(self):
        self.assertEqual(load.parse_wrk(WRK), Outcome(40799, 2.1, 950, 21740))
        # Units of one letter have a blank behind them.
        slow = WRK.replace("21.74ms\n", "3.28s \n")
        self.assertEqual(load.parse_wrk(slow), Outcome(40799, 2.1, 950, 3.28e6))

    def test_wrk_with_failures_is_worth_nothing(self):
        for complaint in ("  Socket errors: connect 0, read 3, write 0, timeout 0\n",
                          "  Non-2xx or 3xx responses: 7\n"):
            with self.assertRaisesRegex(LoadError, complaint.strip()):
                load.parse_wrk(WRK + complaint)

    def test_h2load(self):
        self.assertEqual(load.parse_h2load(H2LOAD), Outcome(46790, 2.01))

    def test_h2load_with_failures_is_worth_nothing(self):
        for wrong in (H2LOAD.replace("0 failed", "1 failed"),
                      H2LOAD.replace("0 errored", "1 errored"),
                      H2LOAD.replace("0 timeout", "1 timeout"),
                      H2LOAD.replace("46790 succeeded", "46789 succeeded")):
            with self.assertRaisesRegex(LoadError, "h2load: 46790 done"):
                load.parse_h2load(wrong)

    def test_other_output_is_an_error_that_shows_it(self):
        for parse in (load.parse_wrk, load.parse_h2load):
            with self.assertRaisesRegex(LoadError, "unable to connect"):
                parse("unable to connect to 127.0.0.1")

    def test_percentiles_of_a_log(self):
        lines = [f"1795647026547619\t200\t{time}\n" for time in range(1000, 0, -1)]
        self.assertEqual(load.parse_h2load_log(lines), (501, 991))
        self.assertEqual(load.parse_h2load_log(["1\t200\t7\n"]), (7, 7))
        with self.assertRaises(LoadError):
            load.parse_h2load_log([])

    def test_durations(self):
        for text, microseconds in (("0.98us", 0.98), ("1.50ms", 1500), ("2.10s", 2.1e6),
                                   ("1.00m", 6e7)):
            self.assertEqual(load.parse_duration_us(text), microseconds)
        for text in ("", "3", "ms", "1.5 ms", "1h"):
            with self.assertRaises(LoadError):
                load.parse_duration_us(text)

    def test_commands(self):
        self.assertEqual(load.wrk(Load(50), 10, "http://x/"),
                         ["wrk", "-t1", "-c50", "-d10s", "--timeout", "60s", "--latency",
                          "http://x/"])
        self.assertEqual(load.h2load(Load(4, 25), ["http://x/"], "-D10"),
                         ["h2load", "-t1", "-c4", "-m25", "-D10", "http://x/"])
        self.assertEqual(load.h2load(Load(4), ["http://x/"], "-n10"),
                         ["h2load", "-t1", "-c4", "--h1", "-n10", "http://x/"])

    def test_names(self):
        self.assertEqual([str(Load(50)), str(Load(1, 10))], ["c=50", "c=1 m=10"])
        self.assertEqual([Load(50).under_way, Load(4, 25).under_way], [50, 100])


class Proc(unittest.TestCase):
    def test_stat(self):
        self.assertEqual(process.parse_stat(STAT), 300 / process.TICKS_PER_SECOND)

    def test_status(self):
        text = "Name:\tapi\nVmHWM:\t   10240 kB\nVmRSS:\t 9000 kB\n"
        self.assertEqual(process.parse_status(text, "VmHWM"), "10240 kB")
        self.assertIsNone(process.parse_status(text, "VmSwap"))

    def test_this_process(self):
        self.assertGreater(process.peak_rss_mib([os.getpid()]), 1)
        self.assertRegex(process.machine(), r".+, \d+ CPUs, Linux \S+")

    def test_perf(self):
        self.assertEqual(measure.parse_perf("# started\n\n139,,raw_syscalls:sys_enter,9,"), 139)
        self.assertIsNone(measure.parse_perf("<not counted>,,raw_syscalls:sys_enter,0,0.00,,\n"))
        self.assertIsNone(measure.parse_perf(""))


class Callgrind(unittest.TestCase):
    def test_the_number(self):
        text = "==7== Events    : Ir\n==7== Collected : 243467305\n==7==\n"
        self.assertEqual(callgrind.parse_collected(text), 243467305)
        with self.assertRaisesRegex(LoadError, "no number:\nvalgrind: no such tool"):
            callgrind.parse_collected("valgrind: no such tool")


class Metrics(unittest.TestCase):
    TEXT = """# HELP hal_requests_total Requests answered.
hal_requests_total{route="/a b",status="200"} 90
hal_requests_total{route="/c",status="404"} 10
hal_spans_exported_total 200
hal_spans_failed_total 0
hal_spans_dropped_total 0
hal_traces_dropped_total 0
"""

    def counters(self, requests, exported, **lost):
        greeter = {"hal_requests_total": requests, "hal_spans_exported_total": exported / 3,
                   **dict.fromkeys(metrics.LOST, 0), **lost}
        api = {**dict.fromkeys(metrics.LOST, 0), "hal_requests_total": requests,
               "hal_spans_exported_total": exported * 2 / 3}
        return [greeter, api]

    def test_label_sets_are_summed(self):
        counters = metrics.parse(self.TEXT)
        self.assertEqual(counters["hal_requests_total"], 100)
        self.assertEqual(counters["hal_spans_exported_total"], 200)

    def test_all_spans_exported(self):
        self.assertEqual(metrics.verdict(self.counters(1000, 3000), 3, 0), 3)

    def test_calls_cut_at_the_end_are_allowed(self):
        self.assertAlmostEqual(metrics.verdict(self.counters(1000, 2994), 3, 2), 2.994)
        with self.assertRaisesRegex(metrics.SpansLost, "2991 spans of 1000 requests"):
            metrics.verdict(self.counters(1000, 2991), 3, 2)

    def test_lost_spans_are_an_error(self):
        for name in metrics.LOST:
            with self.assertRaisesRegex(metrics.SpansLost, f"{name} is 1"):
                metrics.verdict(self.counters(1000, 3000, **{name: 1}), 3, 50)

    def test_no_request_is_an_error(self):
        with self.assertRaises(metrics.SpansLost):
            metrics.verdict(self.counters(0, 0), 3, 50)


SYSTEM = """
name = "peer"
version = ["peer", "--version"]
environment = {A = "1", B = "2"}
[process.front]
command = ["{bin}/front", "{front}"]
environment = {B = "3"}
[process.store]
command = ["{bin}/store"]
counted = false
[[entry]]
row = "chain"
processes = ["store", "front"]
label = "traced"
environment = {A = "4"}
spans = {per_request = 3, admin_ports = ["front_admin"]}
[[entry]]
row = "edge"
processes = ["front"]
"""


class Systems(unittest.TestCase):
    def test_entries(self):
        system = systems.parse(SYSTEM, "x")
        traced, edge = system.entries
        self.assertEqual((traced.row, traced.label, edge.label), ("chain", "peer, traced", "peer"))
        self.assertEqual([program.name for program in traced.programs], ["store", "front"])
        self.assertEqual([program.counted for program in traced.programs], [False, True])
        self.assertEqual(traced.spans, systems.Spans(3, ("front_admin",)))
        self.assertIsNone(edge.spans)

    def test_the_nearest_environment_wins_and_what_is_beside_gets_no_entrys(self):
        traced, edge = systems.parse(SYSTEM, "x").entries
        store, front = traced.programs
        self.assertEqual(store.environment, {"A": "1", "B": "2"})
        self.assertEqual(front.environment, {"A": "4", "B": "3"})
        self.assertEqual(edge.programs[0].environment, {"A": "1", "B": "3"})

    def test_a_wrapper_goes_before_one_program(self):
        traced, _ = systems.parse(SYSTEM, "x").entries
        store, front = traced.wrapped("front", ("time", "-v")).programs
        self.assertEqual(store.command, ("{bin}/store",))
        self.assertEqual(front.command, ("time", "-v", "{bin}/front", "{front}"))
        self.assertEqual(front.environment, {"A": "4", "B": "3"})

    def test_mistakes_are_named(self):
        for wrong, message in (
                (SYSTEM.replace('row = "edge"', 'row = "edges"'), "x: unknown row 'edges'"),
                (SYSTEM.replace('"store", "front"', '"shop"'), "names the process 'shop'"),
                (SYSTEM.replace("version", "versions"), "x: unknown 'versions', known are name"),
                (SYSTEM.replace("label", "lable"), "x: entry: unknown 'lable'"),
                (SYSTEM.replace("command", "call"), "x: process.front: 'command' is missing")):
            with self.assertRaisesRegex(systems.BadSystem, message):
                systems.parse(wrong, "x")

    def test_those_of_the_project_are_well_formed(self):
        loaded = systems.load_all()
        self.assertEqual([system.name for system in loaded][:2], ["raw epoll", "hal9000"])
        for row in ROWS:
            labels = [entry.label for system in loaded for entry in system.entries
                      if entry.row == row.name]
            self.assertEqual(len(labels), len(set(labels)))
            self.assertTrue(any(report.is_baseline(label) for label in labels))

    def test_what_is_not_built_is_named(self):
        system = systems.parse("optional = true\n" + SYSTEM, "x")
        self.assertTrue(system.optional)
        self.assertFalse(systems.parse(SYSTEM, "x").optional)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("store", "front"):
                self.assertEqual(system.missing(folder), f"{folder}/{name}")
                Path(folder, name).touch()
            self.assertIsNone(system.missing(folder))

    def test_ports_are_given_by_name(self):
        ports = running.Ports(bin="/x")
        words = ["{bin}/front", "{front}", "{front}", "{front_admin}"]
        program, first, again, other = [word.format_map(ports) for word in words]
        self.assertEqual((program, first), ("/x/front", again))
        self.assertNotEqual(first, other)


class Cases(unittest.TestCase):
    def setUp(self):
        self.cases = cases.all_cases(systems.load_all())

    def names(self, *texts):
        return [str(case) for case in cases.select(self.cases, texts)]

    def test_selection(self):
        self.assertEqual(self.names("rpc/c=1 m=1/"),
                         ["rpc/c=1 m=1/hal9000", "rpc/c=1 m=1/go-micro", "rpc/c=1 m=1/grpc++"])
        self.assertEqual(self.names("edge/c=1", "nothing"),
                         ["edge/c=1/raw epoll", "edge/c=1/hal9000"])
        self.assertEqual(len(self.names()), len(self.cases))

    def test_servers_take_turns(self):
        order = cases.in_turn(cases.select(self.cases, ["edge"]), 2)
        self.assertEqual([(run, str(case.load), case.entry.label) for run, case in order],
                         [(run, name, label) for name in ("c=50", "c=1") for run in (0, 1)
                          for label in ("raw epoll", "hal9000")])


class Report(unittest.TestCase):
    ROW = Row("edge", "The edge", None, (Load(50), Load(1)))

    def setUp(self):
        self.results = report.Results()

    def add(self, load_, label, *costs, **more):
        for cost in costs:
            self.results.add("edge", load_, label, Sample(cost, 1e6 / cost, 10, **more))

    def table(self):
        return report.table(self.ROW, self.results).splitlines()

    def test_median_and_spread(self):
        self.assertEqual(report.cell([3.0, 1.0, 2.26], "{:.1f}", True), "2.3 (1.0-3.0)")
        self.assertEqual(report.cell([3.0, 1.0, 2.0], "{:.1f}", False), "2.0")
        self.assertEqual(report.cell([3.0], "{:.1f}", True), "3.0")
        self.assertEqual(report.cell([], "{:.1f}", True), "-")

    def test_a_line_for_each_server_load_by_load(self):
        for run in (0, 1):  # runs take turns; c=1 comes later
            self.add(Load(50), "limit", 6 + run)
            self.add(Load(50), "hal9000, untraced", 8 + run)
            self.add(Load(50), "hal9000, traced", 16 + run)
        self.add(Load(1), "hal9000, untraced", 40, p50_us=1234.5, system_calls=2.5)
        lines = self.table()
        self.assertEqual(lines[0], "### The edge")
        self.assertEqual([line.split(" | ")[:4] for line in lines[4:]], [
            ["| c=50", "limit", "6.5 (6.0-7.0)", "0.76"],
            ["| c=50", "hal9000, untraced", "8.5 (8.0-9.0)", "1.00"],
            ["| c=50", "hal9000, traced", "16.5 (16.0-17.0)", "1.94"],
            ["| c=1", "hal9000, untraced", "40.0", "1.00"]])
        self.assertEqual(lines[-1], "| c=1 | hal9000, untraced | 40.0 | 1.00 | 25,000 | 1,234 | - "
                                    "| 10.0 | 2.50 |")
        columns = {line.count("|") for line in lines[2:]}
        self.assertEqual(len(columns), 1)

    def test_without_ours_there_is_no_ratio(self):
        self.add(Load(50), "hal9000000", 6)
        self.assertIn("| 6.0 | - |", self.table()[-1])

    def test_spans_are_told(self):
        self.add(Load(50), "hal9000, traced", 16, spans=2.999)
        self.add(Load(50), "hal9000, traced", 17, spans=3.0)
        self.assertEqual(self.table()[-1], "hal9000, traced: 3.00 to 3.00 spans exported per "
                                           "request, none lost.")

    def test_a_row_without_samples_is_left_out(self):
        self.assertEqual(report.table(self.ROW, self.results), "")
        self.assertEqual(report.report([self.ROW], self.results, ["a", "b"]), "- a\n- b\n")

    def test_the_page_changes_between_its_markers_only(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
            report.write(page, "new\n")
            report.write(page, "newer\n")
            self.assertEqual(page.read_text(),
                             f"before\n{report.BEGIN}\nnewer\n{report.END}\nafter\n")
        with self.assertRaisesRegex(ValueError, "no lines"):
            report.replace_between_markers("a page", "new")


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
