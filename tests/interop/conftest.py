"""Our programs and other people's on one machine; what starts them is the integration tests'."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support.machine import BIN, GREETER, Machine  # noqa: E402

SERVER, CLIENT = BIN / "hal9000-interop-server", BIN / "hal9000-interop-client"


def pytest_sessionstart():
    missing = [path.name for path in (SERVER, CLIENT, GREETER) if not path.exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not in {BIN}: build first, or set HAL_BIN_DIR", 3)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    the_machine = Machine(tmp_path_factory.mktemp("machine") / "local")
    yield the_machine
    the_machine.close()


@pytest.fixture(scope="module")
def hal_server(machine):
    """hal9000-interop-server; `.address` is where it listens."""
    return machine.service(SERVER, "--port=0", "--host=127.0.0.1", "--use_tls=false",
                           SERVICE_HOST=None, SERVICE_PORT=None, HAL_REGISTRY="static")


@pytest.fixture(scope="module")
def hal_client(machine):
    """Runs a case of hal9000-interop-client; returns the process, which has ended."""
    def run(test_case, address, *flags):
        host, port = address.rsplit(":", 1)
        process = machine.run(CLIENT, f"--test_case={test_case}", f"--host={host}",
                              f"--port={port}", "--use_tls=false", *flags, HAL_REGISTRY=None,
                              SERVICE_HOST=None, SERVICE_PORT=None)
        process.wait()
        return process
    return run
