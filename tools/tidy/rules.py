"""The rules of docs/STYLE.md that a program can check. Each takes a File and yields (line, text)."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import cpp

COLUMNS = 100
FUNCTION_LINES = 70
FILE_LINES = 600
README_LINES = 40

# A module may include itself and modules of lower layers: docs/ARCHITECTURE.md.
LAYERS = {
    "base": 0,
    "wire": 1, "async": 1,
    "config": 2, "net": 2, "telemetry": 2,
    "service": 3,
    "transport": 4,
    "http": 5, "rpc": 5,
    "discovery": 6, "export": 6, "identity": 6,
    "app": 7,
    "collector": 8, "console": 8,
    "cli": 9,
}
GENERATED = re.compile(r"\.(pb\.h|hal\.hpp|hal\.pb\.hpp)$")


@dataclass
class File:
    path: str
    text: str
    paths: frozenset = field(default_factory=frozenset)  # every file of the project

    @cached_property
    def code(self):
        return cpp.blank(self.text)

    @cached_property
    def includes(self):
        """(line, name, quoted) of every #include."""
        found = re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)', self.text, re.MULTILINE)
        return [(cpp.line_of(self.text, m.start(1)), m.group(2), m.group(1) == '"') for m in found]

    @property
    def is_cpp(self):
        return self.path.endswith((".cpp", ".hpp"))

    @property
    def is_test(self):
        return self.path.endswith("_test.cpp")

    @property
    def module(self):
        """The module under hal/ that the file belongs to, or None."""
        parts = PurePosixPath(self.path).parts
        return parts[1] if len(parts) > 2 and parts[0] == "hal" else None

    @property
    def is_double(self):
        return "/testing/" in self.path


def layers(file):
    if not file.is_cpp:
        return
    for line, name, _ in file.includes:
        parts = name.split("/")
        if parts[0] != "hal" or len(parts) < 3 or GENERATED.search(name):
            continue
        used = parts[1]
        if used not in LAYERS:
            yield line, f"<{name}> is of no known module: add {used} to LAYERS in tools/tidy/rules.py"
            continue
        if file.module and file.module != used and LAYERS.get(file.module, 0) <= LAYERS[used]:
            yield line, (f"{file.module} (layer {LAYERS.get(file.module, '?')}) must not include "
                         f"{used} (layer {LAYERS[used]}): move what both need to a lower layer")
        if "testing" in parts and not (file.is_test or file.is_double):
            yield line, f"<{name}> is a test double: only _test.cpp and testing/ may include it"


def include_form(file):
    if not file.is_cpp or not file.module:
        return
    for line, name, quoted in file.includes:
        if quoted and not GENERATED.search(name):
            yield line, f'"{name}": write the whole path as <hal/module/name.hpp>'


def own_header_first(file):
    if not file.module or not file.path.endswith(".cpp"):
        return
    header = re.sub(r"(_test)?\.cpp$", ".hpp", file.path)
    if header in file.paths and (not file.includes or file.includes[0][1] != header):
        line = file.includes[0][0] if file.includes else 1
        yield line, f"the first #include is <{header}>: it proves that the header stands alone"


def columns(file):
    if not file.path.endswith((".cpp", ".hpp", ".py", ".cmake", ".proto", ".sh", "CMakeLists.txt")):
        return
    for number, line in enumerate(file.text.split("\n"), 1):
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns: break the line at {COLUMNS}"


def function_length(file):
    if not file.is_cpp:
        return
    for function in cpp.functions(file.code):
        if function.lines > FUNCTION_LINES:
            yield function.line, (f"a function of {function.lines} lines: split it into named steps "
                                  f"of at most {FUNCTION_LINES}")


def file_length(file):
    lines = file.text.count("\n")
    if file.path.endswith((".cpp", ".hpp", ".py")) and lines > FILE_LINES:
        yield FILE_LINES, f"{lines} lines: split the file by concern, at most {FILE_LINES} each"


def pragma_once(file):
    if file.path.endswith(".hpp") and "#pragma once" not in file.text:
        guard = re.search(r"^#\s*ifndef\s+\w+_H", file.text, re.MULTILINE)
        yield (cpp.line_of(file.text, guard.start()) if guard else 1), "write #pragma once at the top"


def using_namespace(file):
    if file.path.endswith(".hpp"):
        for match in re.finditer(r"\busing\s+namespace\b", file.code):
            yield cpp.line_of(file.code, match.start()), (
                "using namespace in a header: name what you need in the narrowest scope")


def lambda_coroutine(file):
    if not file.is_cpp:
        return
    for line in cpp.capturing_lambda_coroutines(file.code):
        yield line, ("a capturing lambda is a coroutine: its captures die before it does; pass them "
                     "as arguments of a function to scope.spawn(function, values...)")


def unfinished(file):
    if re.search(r"\.(cpp|hpp|py|cmake|proto|sh|js)$|CMakeLists\.txt$|Makefile$", file.path):
        for match in re.finditer(r"\b(TODO|FIXME|XXX)\b", file.text):
            yield cpp.line_of(file.text, match.start()), (
                f"{match.group(1)}: finish it, or say in the present tense what holds")


def machine_path(file):
    for match in re.finditer(r"(?<![\w.$}~-])/(work|root|home/\w+)/\w|\.\./shared\b", file.text):
        yield cpp.line_of(file.text, match.start()), (
            f"{match.group(0)!r} is a folder of one machine: say it in own words or take it relative")


def module_readme(file):
    if not file.module or file.path != f"hal/{file.module}/CMakeLists.txt":
        return
    if any(path.endswith((".cpp", ".hpp")) and path.startswith(f"hal/{file.module}/")
           for path in file.paths) and f"hal/{file.module}/README.md" not in file.paths:
        yield 1, f"write hal/{file.module}/README.md: at most {README_LINES} lines"


def readme_length(file):
    lines = file.text.count("\n")
    if re.fullmatch(r"hal/\w+/README\.md", file.path) and lines > README_LINES:
        yield README_LINES, f"{lines} lines: a module's page has at most {README_LINES}"


def everywhere(_):
    return True


def outside(*prefixes):
    """Files that are neither below one of the prefixes nor tests."""
    return lambda file: not file.path.startswith(prefixes) and not file.is_test


# (rule, what is banned in code, where, what to write in its place)
BANNED = [
    ("std-format", r"\bstd::(v?format(_to|_to_n)?|print(ln)?)\s*\(", everywhere,
     "fmt::format (libstdc++ 12 has no std::format)"),
    ("sleep", r"\b(this_thread::sleep_(for|until)|usleep|nanosleep)\s*\(", everywhere,
     "the manual clock in tests, a timer of the Loop elsewhere: sleeping blocks a worker"),
    ("detach", r"\.detach\s*\(\s*\)", everywhere, "an owner that joins it: with_scope, std::jthread"),
    ("number-parsing", r"\b(ato[ilf]|atoll|strto(u?ll?|[dfi])|std::sto(i|u?ll?|[dfl]+))\s*\(",
     everywhere, "hal::parse_int or std::from_chars: they report what is no number"),
    ("strtok", r"\bstrtok(_r)?\s*\(", everywhere, "std::string_view and find"),
    ("unbounded-copy", r"\b(sprintf|vsprintf|strcpy|strcat)\s*\(", everywhere, "fmt::format"),
    ("shared-time", r"\b(localtime|gmtime|ctime|asctime)\s*\(", everywhere, "gmtime_r"),
    ("random", r"\b(std::)?s?rand\s*\(", everywhere, "an engine with a printed seed"),
    ("getenv", r"\b(secure_)?getenv\s*\(", outside("hal/config/"), "config::Environment from main"),
    ("output", r"\bstd::(cout|cerr|clog)\b|\b(std::)?(printf|puts|putchar)\s*\(",
     outside("hal/cli/", "tools/", "tests/", "bench/", "fuzz/", "cmake/"), "hal::log"),
    ("assert", r"(?<!\w)assert\s*\(", everywhere, 'expects(condition, "rule"): checked in all builds'),
    ("endl", r"\bstd::endl\b", everywhere, "'\\n': endl flushes"),
    ("null", r"\bNULL\b", everywhere, "nullptr"),
]


def banned(pattern, where, replacement):
    expression = re.compile(pattern)

    def rule(file):
        if file.is_cpp and where(file):
            for match in expression.finditer(file.code):
                yield cpp.line_of(file.code, match.start()), (
                    f"{match.group(0).strip('( ')}: write {replacement}")
    return rule


RULES = {
    "layers": layers,
    "include-form": include_form,
    "own-header-first": own_header_first,
    "columns": columns,
    "function-length": function_length,
    "file-length": file_length,
    "pragma-once": pragma_once,
    "using-namespace": using_namespace,
    "lambda-coroutine": lambda_coroutine,
    "unfinished": unfinished,
    "machine-path": machine_path,
    "module-readme": module_readme,
    "readme-length": readme_length,
    **{name: banned(pattern, where, instead) for name, pattern, where, instead in BANNED},
}


def check(file):
    """Yields (line, rule, text) for everything in the file that breaks a rule. A line that ends in
    a comment `tidy: allow(rule) reason` is excused from that rule."""
    lines = file.text.split("\n")
    for name, rule in RULES.items():
        for line, text in rule(file):
            excuse = re.search(r"tidy: allow\(([\w-]+)\) \w", lines[min(line, len(lines)) - 1])
            if not excuse or excuse.group(1) != name:
                yield line, name, text
