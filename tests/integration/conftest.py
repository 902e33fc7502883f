"""Fixtures: programs on a machine of their own, ended with exit code 0."""

import pytest

from support import rpc
from support.machine import API, AUTH, BIN, GREETER, HAL, Chain, Machine


def pytest_sessionstart():
    missing = [path.name for path in (HAL, API, AUTH, GREETER) if not path.exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not in {BIN}: build first, or set HAL_BIN_DIR", 3)


@pytest.fixture(scope="session", autouse=True)
def generated_messages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proto")
    rpc.generate(folder)
    rpc.generate(folder, rpc.PROTO / "auth.proto")


@pytest.fixture
def machine(tmp_path):
    """For one test."""
    the_machine = Machine(tmp_path / "local")
    yield the_machine
    the_machine.close()


@pytest.fixture(scope="module")
def shared_machine(tmp_path_factory):
    """For the tests of one file."""
    the_machine = Machine(tmp_path_factory.mktemp("machine") / "local")
    yield the_machine
    the_machine.close()


@pytest.fixture(scope="module")
def chain(shared_machine):
    """Collector, greeter and api that no test stops."""
    return Chain(shared_machine)


@pytest.fixture
def stand_in():
    """Makes greeters in python; they end with the test."""
    made = []

    def make(handler=lambda text, context: "world", **options):
        made.append(rpc.StandIn(handler, **options))
        return made[-1]

    yield make
    for server in made:
        server.stop()
