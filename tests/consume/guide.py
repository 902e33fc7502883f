"""What a guide in docs/guides tells its reader to do: files to write, lines to type, and what comes
back."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A file: its name alone on a line, then its content.
FILE = re.compile(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    line: str
    output: str  # "" where the guide shows none

    @property
    def variables(self):
        return dict(word.split("=", 1) for word in self._split()[0])

    @property
    def words(self):
        return self._split()[1]

    def _split(self):
        words = shlex.split(self.line)
        count = next(index for index, word in enumerate(words)
                     if not re.match(r"[A-Z_]+=", word))
        return words[:count], words[count:]


class Guide:
    def __init__(self, path):
        self.text = Path(path).read_text()

    @property
    def blocks(self):
        """(language, content) of every fenced block."""
        return FENCE.findall(self.text)

    @property
    def dialogues(self):
        """The blocks of lines to type: sh, and console, which has their output too."""
        return [block for block in self.blocks if block[0] in ("sh", "console")]

    @property
    def files(self):
        """name -> content."""
        found = dict(FILE.findall(self.text))
        assert len(found) == len(FILE.findall(self.text)), "the guide has a file twice"
        return found

    @property
    def commands(self):
        """Every line to type, in order."""
        found = []
        for language, block in self.dialogues:
            if language == "sh":
                found += [Command(line, "") for line in block.splitlines()]
            else:
                for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                    line, _, output = part.partition("\n")
                    found.append(Command(line, output))
        return found
