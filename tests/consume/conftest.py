"""An installed hal9000, and projects outside of the source tree that are built with it alone."""

import os
import shutil
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "integration"))

from cmake import COMPILER, ROOT, cmake, must  # noqa: E402
from support.machine import BIN, Machine  # noqa: E402


def pytest_sessionstart():
    if not shutil.which("grpc_cpp_plugin"):
        pytest.exit("grpc_cpp_plugin is missing: tools/install-packages consume", 3)
    if not (BIN.parent / "cmake_install.cmake").exists():
        pytest.exit(f"{BIN.parent} is no build folder: build first, or set HAL_BIN_DIR", 3)


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """Where hal9000 is installed. Moved after the installation: nothing may depend on the place."""
    folder = tmp_path_factory.mktemp("prefix")
    must(cmake("--install", BIN.parent, "--prefix", folder / "before"))
    return (folder / "before").rename(folder / "hal9000")


@pytest.fixture(scope="session")
def notes(prefix, tmp_path_factory):
    """The program of project/, which has its own service, hal9000 and grpc++ in it."""
    folder = tmp_path_factory.mktemp("notes")
    shutil.copytree(TESTS / "consume" / "project", folder, dirs_exist_ok=True)
    shutil.copy(ROOT / "proto" / "greeter.proto", folder)
    headers = sorted(path.relative_to(prefix / "include" / "hal9000")
                     for path in (prefix / "include" / "hal9000").rglob("*.hpp"))
    (folder / "all_headers.cpp").write_text("".join(f"#include <{path}>\n" for path in headers))
    must(cmake("-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}", COMPILER, cwd=folder))
    must(cmake("--build", "build", "--parallel", os.cpu_count(), cwd=folder))
    return folder / "build" / "notes"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    the_machine = Machine(tmp_path_factory.mktemp("machine") / "local")
    yield the_machine
    the_machine.close()
