#!/usr/bin/env python3
"""Tests of the style test: snippets that each rule must flag, and their neighbours it must not."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import cpp  # noqa: E402
import rules  # noqa: E402

LONG_BODY = "  work();\n" * 69
PATHS = frozenset({"hal/http/router.hpp", "hal/http/router.cpp", "hal/base/README.md",
                   "hal/base/hex.hpp", "hal/wire/url.hpp"})

# (rule, path, text): the rule flags it.
FLAGGED = [
    ("layers", "hal/wire/a.cpp", "#include <hal/async/task.hpp>\n"),
    ("layers", "hal/base/a.hpp", "#pragma once\n#include <hal/wire/url.hpp>\n"),
    ("layers", "hal/http/a.cpp", "#include <hal/rpc/server.hpp>\n"),
    ("layers", "hal/http/a_test.cpp", "#include <hal/app/app.hpp>\n"),
    ("layers", "hal/http/a.cpp", "#include <hal/net/testing/memory.hpp>\n"),
    ("layers", "services/api/main.cpp", "#include <hal/net/testing/memory.hpp>\n"),
    ("layers", "hal/net/a_test.cpp", "#include <hal/app/testing/app.hpp>\n"),
    ("layers", "hal/http/a.cpp", "#include <hal/misc/a.hpp>\n"),
    ("include-form", "hal/http/a.cpp", '#include "router.hpp"\n'),
    ("own-header-first", "hal/http/router.cpp", "#include <vector>\n#include <hal/http/router.hpp>\n"),
    ("own-header-first", "hal/http/router_test.cpp", "#include <gtest/gtest.h>\n"),
    ("columns", "hal/http/a.cpp", "x" * 101),
    ("columns", "tools/a.py", "#" + "x" * 100),
    ("function-length", "hal/http/a.cpp", "void f() {\n" + LONG_BODY + "}\n"),
    ("function-length", "hal/http/a.cpp",
     "namespace a {\nclass B {\n  B(int x)\n      : x_{x}, y_{x} {\n" + LONG_BODY + "  }\n};\n}\n"),
    ("function-length", "hal/http/a.cpp",
     "TEST(A, B) {\n  auto f = [] { return 1; };\n" + LONG_BODY + "}\n"),
    ("function-length", "hal/http/a.cpp",
     "template <class T>\nauto f(T t) -> int {\n  if (t) {\n" + LONG_BODY + "  }\n}\n"),
    ("file-length", "hal/http/a.cpp", "\n" * 601),
    ("pragma-once", "hal/http/a.hpp", "#ifndef HAL_A_HPP\n#define HAL_A_HPP\n#endif\n"),
    ("using-namespace", "hal/http/a.hpp", "#pragma once\nusing namespace std;\n"),
    ("lambda-coroutine", "hal/http/a.cpp", "auto f = [&]() -> Task<int> { co_return 1; };\n"),
    ("lambda-coroutine", "hal/http/a.cpp",
     "spawn([this, x = std::move(y)](int a) -> Task<Result<>> {\n  co_await g(a);\n});\n"),
    ("lambda-coroutine", "hal/http/a.cpp", "run([x] { co_await y; });\n"),
    ("lambda-coroutine", "hal/http/a.cpp",
     "run([x](auto&& a) mutable noexcept -> hal::Task<> { co_return; });\n"),
    ("unfinished", "hal/http/a.cpp", "// TODO: later\n"),
    ("unfinished", "tools/a.py", "# FIXME\n"),
    ("machine-path", "docs/A.md", "see /home/ann/notes\n"),
    ("machine-path", "docs/A.md", "see ../shared/DESIGN.md\n"),
    ("machine-path", "tools/a.sh", "cd /work/main\n"),
    ("readme-length", "hal/base/README.md", "line\n" * 41),
    ("module-readme", "hal/wire/CMakeLists.txt", "hal_module(wire)\n"),
    ("std-format", "hal/http/a.cpp", "auto s = std::format(\"{}\", 1);\n"),
    ("sleep", "hal/http/a_test.cpp", "std::this_thread::sleep_for(1ms);\n"),
    ("sleep", "hal/http/a.cpp", "usleep(5);\n"),
    ("detach", "hal/http/a.cpp", "thread.detach();\n"),
    ("number-parsing", "hal/http/a.cpp", "int x = atoi(text);\n"),
    ("number-parsing", "hal/http/a.cpp", "int x = std::stoi(text);\n"),
    ("number-parsing", "hal/http/a.cpp", "auto x = strtoul(text, nullptr, 10);\n"),
    ("strtok", "hal/http/a.cpp", "strtok(text, \",\");\n"),
    ("unbounded-copy", "hal/http/a.cpp", "sprintf(buffer, \"x\");\n"),
    ("shared-time", "hal/http/a.cpp", "gmtime(&now);\n"),
    ("random", "hal/http/a.cpp", "int x = rand();\n"),
    ("getenv", "hal/http/a.cpp", "std::getenv(\"HOME\");\n"),
    ("output", "hal/http/a.cpp", "std::cout << 1;\n"),
    ("output", "services/api/a.cpp", "printf(\"x\");\n"),
    ("assert", "hal/http/a.cpp", "assert(x);\n"),
    ("endl", "hal/http/a.cpp", "out << std::endl;\n"),
    ("null", "hal/http/a.cpp", "f(NULL);\n"),
]

# (rule, path, text): a neighbour of the above that the rule leaves alone.
LEFT_ALONE = [
    ("layers", "hal/http/a.cpp", "#include <hal/wire/url.hpp>\n#include <hal/http/router.hpp>\n"),
    ("layers", "hal/http/a_test.cpp", "#include <hal/net/testing/memory.hpp>\n"),
    ("layers", "hal/app/testing/a.cpp", "#include <hal/net/testing/memory.hpp>\n"),
    ("layers", "hal/export/a.cpp", "#include <hal/internal/otlp.pb.h>\n"),
    ("layers", "services/api/main.cpp", "#include <hal/app/app.hpp>\n"),
    ("include-form", "hal/http/a.cpp", "#include <vector>\n"),
    ("include-form", "cmake/test_pch.hpp", '#pragma once\n#include "pch.hpp"\n'),
    ("own-header-first", "hal/http/router.cpp", "// why\n#include <hal/http/router.hpp>\n"),
    ("own-header-first", "hal/http/parts.cpp", "#include <vector>\n"),
    ("columns", "hal/http/a.cpp", "ä" * 100),
    ("function-length", "hal/http/a.cpp", "void f() {\n" + "  work();\n" * 68 + "}\n"),
    ("function-length", "hal/http/a.hpp", "class A {\n" + "  int x(int);\n" * 80 + "};\n"),
    ("function-length", "hal/http/a.cpp", "namespace {\n" + "void f() {}\n" * 80 + "}\n"),
    ("function-length", "hal/http/a.cpp",
     "const std::array kTable = make({\n" + "  {1, f(2)},\n" * 80 + "});\n"),
    ("function-length", "hal/http/a.cpp", "void f() {\n  char c = '{';\n}\n" + "void g() {}\n" * 80),
    ("function-length", "hal/http/a.cpp", "#define F(x) {\n" + "void g() {}\n" * 80),
    ("file-length", "hal/http/a.cpp", "\n" * 600),
    ("pragma-once", "hal/http/a.hpp", "// what\n#pragma once\n"),
    ("using-namespace", "hal/http/a.cpp", "using namespace std::chrono_literals;\n"),
    ("lambda-coroutine", "hal/http/a.cpp", "auto f = [](int x) -> Task<int> { co_return x; };\n"),
    ("lambda-coroutine", "hal/http/a.cpp", "auto f = [&](int x) { return g(x); };\n"),
    ("lambda-coroutine", "hal/http/a.cpp", "co_await values[i]; { co_await x; }\n"),
    ("lambda-coroutine", "hal/http/a.cpp", "[[nodiscard]] Task<> f() { co_return; }\n"),
    ("lambda-coroutine", "hal/http/a.cpp",
     "auto f = [&] { return [](int x) -> Task<> { co_await x; }; };\n"),
    ("unfinished", "hal/http/a.cpp", "int mastodon = 1;\n"),
    ("machine-path", "docs/A.md", "the route /home/:id, $HOME/work/x and ${X:-~/work/a}\n"),
    ("readme-length", "hal/base/README.md", "line\n" * 40),
    ("module-readme", "hal/base/CMakeLists.txt", "hal_module(base)\n"),
    ("std-format", "hal/http/a.cpp", "fmt::format(\"std::format({})\", 1); // std::format(1)\n"),
    ("sleep", "hal/http/a.cpp", "co_await sleep_for(1ms);\n"),
    ("number-parsing", "hal/http/a.cpp", "parse_int<int>(text);\n"),
    ("getenv", "hal/config/environment.cpp", "std::getenv(\"HOME\");\n"),
    ("getenv", "hal/http/a_test.cpp", "std::getenv(\"HOME\");\n"),
    ("output", "hal/cli/up.cpp", "std::cout << 1;\n"),
    ("output", "hal/http/a.cpp", "fprintf(stderr, \"x\"); fmt::print(out, \"x\");\n"),
    ("assert", "hal/http/a.cpp", "static_assert(sizeof(int) == 4);\n"),
    ("null", "hal/http/a.cpp", "auto text = \"NULL\";\n"),
    ("getenv", "hal/http/a.cpp", "getenv(\"A\");  // tidy: allow(getenv) read before main's config\n"),
]


def rules_broken(path, text):
    return {rule for _, rule, _ in rules.check(rules.File(path, text, PATHS))}


class Rules(unittest.TestCase):
    def test_every_rule_has_a_snippet_that_it_flags(self):
        self.assertEqual(set(rules.RULES), {rule for rule, _, _ in FLAGGED})

    def test_a_finding_names_line_rule_and_replacement(self):
        found = list(rules.check(rules.File("hal/http/a.cpp", "int a;\n\nassert(a);\n")))
        self.assertEqual([(line, rule) for line, rule, _ in found], [(3, "assert")])
        self.assertIn("expects(", found[0][2])

    def test_an_excuse_is_for_one_rule_and_needs_a_reason(self):
        self.assertIn("null", rules_broken("hal/a/a.cpp", "f(NULL);  // tidy: allow(endl) why\n"))
        self.assertIn("null", rules_broken("hal/a/a.cpp", "f(NULL);  // tidy: allow(null)\n"))


class Cpp(unittest.TestCase):
    def test_blank_keeps_length_and_lines(self):
        text = 'a("x//y\\"{"); // {\n/* {\n */ R"x({\n)")x" \'{\' 1\'000;\n'
        code = cpp.blank(text)
        self.assertEqual(len(code), len(text))
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertNotIn("{", code)
        self.assertIn("1'000;", code)

    def test_function_lengths(self):
        code = "int f(int a,\n      int b) {\n  return a;\n}\n\nstruct S {\n  int g() { return 1; }\n};\n"
        self.assertEqual([(f.line, f.lines) for f in cpp.functions(code)], [(1, 4), (7, 1)])


def add_cases(name, table, expect):
    for index, (rule, path, text) in enumerate(table):
        def test(self, rule=rule, path=path, text=text):
            expect(self, rule, rules_broken(path, text), f"{path}:\n{text}")
        setattr(Rules, f"test_{name}_{index:02}_{rule.replace('-', '_')}", test)


add_cases("flags", FLAGGED, unittest.TestCase.assertIn)
add_cases("leaves_alone", LEFT_ALONE, unittest.TestCase.assertNotIn)

if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
