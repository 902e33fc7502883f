"""What a dynamically linked program needs to be started in an empty root file system."""

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# ELF e_machine (elf(5)) to the names of architectures in images.
ARCHITECTURES = {62: "amd64", 183: "arm64"}
_LIBRARY = re.compile(r"^\t(\S+) => (/\S+) \(0x[0-9a-f]+\)$")
_LOADER = re.compile(r"^\t(/\S+) \(0x[0-9a-f]+\)$")
_MISSING = re.compile(r"^\t(\S+) => not found$", re.MULTILINE)


class ImageError(Exception):
    """What stands in the way of an image, in words for whoever asked for it."""


@dataclass(frozen=True)
class Closure:
    """Files by the path that they have in the image."""
    architecture: str
    files: dict


def architecture_of(program):
    try:
        with open(program, "rb") as file:
            header = file.read(20)
    except OSError as failure:
        raise ImageError(f"{program}: {failure.strerror}") from None
    if len(header) < 20 or header[:4] != b"\x7fELF":
        raise ImageError(f"{program} is no ELF program")
    machine = struct.unpack("<H" if header[5] == 1 else ">H", header[18:20])[0]
    if machine not in ARCHITECTURES:
        raise ImageError(f"{program} is for the ELF machine {machine}: there are names for "
                         f"{', '.join(ARCHITECTURES.values())}")
    return ARCHITECTURES[machine]


def closure_of(program):
    """The loader at the path that the program names, and each library, under the name by which it
    is asked for, beside libc: the loader looks there without a cache, wherever they came from."""
    architecture = architecture_of(program)
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
    missing = _MISSING.findall(done.stdout)
    if missing:
        raise ImageError(f"{program} needs {', '.join(missing)}, which the loader does not find")
    libraries, loader = {}, None
    for line in done.stdout.splitlines():
        if library := _LIBRARY.match(line):
            libraries[library[1]] = Path(library[2])
        elif found := _LOADER.match(line):
            loader = found[1]
    if loader is None or "libc.so.6" not in libraries:
        raise ImageError(f"{program} is not linked dynamically with glibc: "
                         f"{(done.stdout + done.stderr).strip()}")
    folder = PurePosixPath(libraries["libc.so.6"]).parent
    files = {str(folder / name): path for name, path in libraries.items()}
    return Closure(architecture, {**files, loader: Path(loader)})
