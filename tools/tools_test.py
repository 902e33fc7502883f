#!/usr/bin/env python3
"""Tests of install-packages (with stand-ins for apt-get and dpkg-query), run-tests, run-fuzzers."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
TOOLS = Path(__file__).resolve().parent


def load(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


run_tests = load("run-tests")
run_fuzzers = load("run-fuzzers")


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path


class InstallPackages(Folder):
    def setUp(self):
        super().setUp()
        self.apt_log = self.folder / "apt.log"
        self.write("os-release", "ID=debian\nVERSION_ID=12\n")
        self.has_all_but()
        self.write("apt-get", f'#!/bin/sh\necho "$*" >>{self.apt_log}\n')
        self.write("id", "#!/bin/sh\necho 0\n")

    def has_all_but(self, *packages):
        missing = "|".join(packages) or "none"
        self.write("dpkg-query", '#!/bin/sh\nfor last; do :; done\n'
                                 f'case $last in {missing}) exit 1 ;; esac\nprintf installed\n')

    def install(self, *arguments, **variables):
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin",
                       "HAL_OS_RELEASE": str(self.folder / "os-release"), **variables}
        return subprocess.run([TOOLS / "install-packages", *arguments], env=environment,
                              capture_output=True, text=True, check=False)

    def apt_calls(self):
        return self.apt_log.read_text().splitlines() if self.apt_log.exists() else []

    def test_does_nothing_when_all_is_there(self):
        done = self.install()
        self.assertEqual((done.returncode, done.stderr, self.apt_calls()), (0, "", []))

    def test_installs_what_is_missing_and_says_so(self):
        self.has_all_but("libfmt-dev", "curl")
        done = self.install()
        self.assertEqual(done.returncode, 0)
        self.assertIn("installing: libfmt-dev", done.stderr)
        self.assertEqual(self.apt_calls()[-1],
                         "install -y --no-install-recommends --no-remove libfmt-dev")
        self.assertTrue(self.apt_calls()[0].startswith("update"))

    def test_test_packages_are_for_tests(self):
        self.has_all_but("curl")
        self.install()
        self.assertEqual(self.apt_calls(), [])
        self.install("test")
        self.assertIn("--no-remove curl", self.apt_calls()[-1])

    def test_each_set_holds_the_smaller_ones(self):
        self.has_all_but("ccache", "binutils", "curl", "libgrpc++-dev", "linux-perf", "valgrind")
        self.install("images")
        self.assertTrue(self.apt_calls()[-1].endswith("--no-remove ccache binutils"))
        self.install("test")
        self.assertTrue(self.apt_calls()[-1].endswith("--no-remove ccache binutils curl"))
        self.install("consume")
        self.assertTrue(self.apt_calls()[-1].endswith("binutils curl libgrpc++-dev"))
        self.install("bench")
        self.assertTrue(self.apt_calls()[-1].endswith("curl libgrpc++-dev linux-perf valgrind"))

    def test_no_install_refuses_and_prints_the_line(self):
        self.has_all_but("libfmt-dev", "ccache")
        done = self.install(HAL_NO_INSTALL="1")
        self.assertEqual((done.returncode, self.apt_calls()), (1, []))
        self.assertIn("missing packages: ccache libfmt-dev\n", done.stderr)
        self.assertIn("  apt-get update && apt-get install -y --no-install-recommends --no-remove "
                      "ccache libfmt-dev\n", done.stderr)

    def test_a_user_takes_sudo(self):
        self.has_all_but("ccache")
        self.write("id", "#!/bin/sh\necho 1000\n")
        self.write("sudo", f'#!/bin/sh\necho "sudo" >>{self.apt_log}\nexec "$@"\n')
        self.assertEqual(self.install().returncode, 0)
        self.assertEqual(self.apt_calls()[0], "sudo")

    def test_a_conflict_stops_with_the_line_to_type(self):
        self.has_all_but("libboost1.81-dev")
        self.write("apt-get", '#!/bin/sh\n[ "$1" = update ] || exit 100\n')
        done = self.install()
        self.assertEqual(done.returncode, 1)
        self.assertIn("  apt-get install --no-install-recommends libboost1.81-dev\n", done.stderr)

    def test_another_system_goes_on_only_with_the_tools(self):
        self.write("os-release", "ID=fedora\nVERSION_ID=41\n")
        for tool in ["clang++-19", "ld.lld-19", "cmake", "ninja", "make", "protoc", "pkg-config"]:
            self.write(tool, "#!/bin/sh\n")
        done = self.install()
        self.assertEqual((done.returncode, self.apt_calls()), (0, []))
        self.assertIn("not Debian 12", done.stderr)
        self.assertIn("clang-19 lld-19", done.stderr)
        without = {"PATH": str(self.folder)}
        (self.folder / "protoc").unlink()
        for tool in ["sh", "printf", "env"]:
            os.symlink(f"/bin/{tool}", self.folder / tool)
        self.assertEqual(self.install(**without).returncode, 1)

    def test_an_unknown_set_is_refused(self):
        self.assertEqual(self.install("everything").returncode, 2)


class Counts(Folder):
    CTEST = '<testsuite><testcase name="wire" status="{}"><system-out>{}</system-out></testcase>' \
            "</testsuite>"

    def ctest(self, status, output=""):
        report = self.write("ctest.xml", self.CTEST.format(status, output))
        return str(run_tests.count_ctest(report, self.folder))

    def test_googletest_cases_are_counted_one_by_one(self):
        self.write("wire.json", '{"testsuites": [{"testsuite": ['
                                '{"status": "RUN", "result": "COMPLETED"},'
                                '{"status": "RUN", "result": "COMPLETED", "failures": [{}]},'
                                '{"status": "RUN", "result": "SKIPPED"}, {"status": "NOTRUN"}]}]}')
        self.assertEqual(self.ctest("fail"), "1 passed, 1 failed, 2 skipped")

    def test_a_crash_without_a_report_is_a_failure(self):
        self.assertEqual(self.ctest("fail"), "0 passed, 1 failed")

    def test_a_failure_after_the_cases_is_a_failure(self):
        self.write("wire.json", '{"testsuites": [{"testsuite": [{"status": "RUN"}]}]}')
        self.assertEqual(self.ctest("fail"), "1 passed, 1 failed")
        self.assertEqual(self.ctest("run"), "1 passed, 0 failed")

    def test_a_closing_line_is_taken(self):
        self.assertEqual(self.ctest("run", "noise\n7 passed, 0 failed\n"), "7 passed, 0 failed")

    def test_a_program_without_counts_is_one_test(self):
        self.assertEqual(self.ctest("run", "all well"), "1 passed, 0 failed")
        self.assertEqual(self.ctest("notrun"), "0 passed, 1 failed")

    def test_pytest_errors_are_failures(self):
        report = self.write("pytest.xml", "<testsuites><testsuite><testcase/><testcase><error/>"
                                          "</testcase><testcase><skipped/></testcase></testsuite>"
                                          "</testsuites>")
        self.assertEqual(str(run_tests.count_pytest(report)), "1 passed, 1 failed, 1 skipped")


class ExitCode(unittest.TestCase):
    def code_of(self, *counts):
        with mock.patch.object(run_tests, "run_suites", return_value=run_tests.Count(*counts)), \
                mock.patch.object(sys, "argv", ["run-tests", "unit"]), \
                contextlib.redirect_stdout(io.StringIO()):
            return run_tests.main()

    def test_a_suite_that_is_skipped_whole_has_not_failed(self):
        self.assertEqual(self.code_of(3, 0, 0), 0)
        self.assertEqual(self.code_of(0, 0, 81), 0)
        self.assertEqual(self.code_of(0, 0, 0), 1)
        self.assertEqual(self.code_of(3, 1, 0), 1)


class Fuzzers(unittest.TestCase):
    FUZZ = TOOLS.parent / "fuzz"

    def test_every_target_is_run_and_has_seeds(self):
        text = (self.FUZZ / "CMakeLists.txt").read_text()
        built = {*re.search(r"foreach\(name ([^)]*)\)", text)[1].split(),
                 *re.findall(r"^hal_fuzzer\((\w+) ", text, re.MULTILINE)}
        self.assertEqual(built, {*run_fuzzers.HEADERS, "extract", *run_fuzzers.OTHERS})
        self.assertEqual(built, {path.stem for path in self.FUZZ.glob("*.cpp")})
        for target in built:
            seeds = list(run_fuzzers.seeds(target))
            self.assertGreater(len(seeds), 5 if target in run_fuzzers.HEADERS else 2, target)

    def test_the_names_of_headers_stand_in_the_targets_order(self):
        names = re.search(r"kNames\{(.*?)\}", (self.FUZZ / "extract.cpp").read_text(), re.DOTALL)[1]
        quoted = re.findall('"([^"]+)"', names)
        names = sys.modules["seeds"].NAMES
        self.assertEqual(names, quoted[:len(names)])
        self.assertEqual(64 % len(quoted), 0)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
