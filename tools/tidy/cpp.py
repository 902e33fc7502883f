"""What the rules need to know of C++ text: code without comments and strings, functions, lambdas."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w'])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL)
_TEMPLATE = re.compile(r"\btemplate\s*<")
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern|concept)\b")
_COROUTINE = re.compile(r"\bco_(await|return|yield)\b")


def blank(text):
    """The text with comments and the insides of strings as spaces: same length, same lines."""
    def spaces(match):
        token = match.group(0)
        inside = re.sub(r"[^\n]", " ", token)
        return '"' + inside[1:-1] + '"' if token[0] in "\"R" else inside
    return _TOKEN.sub(spaces, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing(code, position):
    """The position of the bracket that closes the one at position; len(code) without one."""
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    opened, closed, depth = code[position], pairs[code[position]], 0
    for index in range(position, len(code)):
        if code[index] == opened:
            depth += 1
        elif code[index] == closed:
            depth -= 1
            if depth == 0:
                return index
    return len(code)


def _without_brackets(header):
    """The header with templates and everything in parentheses removed."""
    while match := _TEMPLATE.search(header):
        header = header[:match.start()] + header[closing(header, match.end() - 1) + 1:]
    previous = None
    while previous != header:
        previous, header = header, re.sub(r"\([^()]*\)", " ", header)
    return header


def _is_function(header):
    if "(" not in header:
        return False
    bare = _without_brackets(header)
    assigns = re.search(r"(?<![=!<>])=(?!=)", bare) and "operator" not in bare
    return not _SCOPE.search(bare) and not assigns


@dataclass
class Function:
    line: int
    lines: int


def functions(code):
    """The functions of blanked code with their lengths, signature included. A heuristic on braces:
    a block outside any function whose head has parentheses and is no class, namespace or value."""
    found, stack, start = [], [], 0
    # Preprocessor lines belong to no head.
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code,
                  flags=re.MULTILINE)
    begin = 0  # of the function whose member initializers or body follow
    after_function = False
    for index, char in enumerate(code):
        if char == "{":
            head = code[start:index]
            inside = any(kind == "function" for kind, _ in stack)
            continues = after_function and (not head.strip() or head.lstrip().startswith(","))
            if not inside and (continues or _is_function(head)):
                if not continues:
                    begin = start + len(head) - len(head.lstrip())
                stack.append(("function", begin))
            else:
                stack.append(("scope" if _SCOPE.search(_without_brackets(head)) else "other", index))
            start, after_function = index + 1, False
        elif char == "}" and stack:
            kind, opened = stack.pop()
            if kind == "function":
                first, last = line_of(code, opened), line_of(code, index)
                if found and found[-1].line == first:
                    found.pop()
                found.append(Function(first, last - first + 1))
            start, after_function = index + 1, kind == "function"
        elif char == ";":
            start, after_function = index + 1, False
    return found


def capturing_lambda_coroutines(code):
    """The lines of lambdas in blanked code that capture something and are coroutines themselves."""
    lines = []
    for match in re.finditer(r"(?<![\w\])\[])\s*\[(?!\[)", code):
        opened = match.end() - 1
        end = closing(code, opened)
        body = _lambda_body(code, end + 1)
        if code[opened + 1:end].strip() and body is not None and _COROUTINE.search(body):
            lines.append(line_of(code, opened))
    return lines


def _lambda_body(code, position):
    """The body of the lambda whose captures end before position, nested lambdas removed."""
    head = re.compile(r"\s*(<)|\s*(\()|[\s\w:<>,*&]*?(?:->[\s\w:<>,*&()]*?)?\s*(\{)")
    for _ in range(4):
        match = head.match(code, position)
        if not match:
            return None
        opened = match.end() - 1
        if match.group(3):
            body = code[opened + 1:closing(code, opened)]
            return _without_lambdas(body)
        position = closing(code, opened) + 1
    return None


def _without_lambdas(body):
    for match in re.finditer(r"(?<![\w\])\[])\s*\[(?!\[)", body):
        opened = match.end() - 1
        end = closing(body, opened)
        brace = body.find("{", end)
        if brace < 0 or re.search(r"[;}]", body[end:brace]):
            continue
        last = closing(body, brace)
        return body[:opened] + " " + _without_lambdas(body[last + 1:])
    return body
