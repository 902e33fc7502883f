"""Two users on one machine: their registries are apart."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from support import registry
from support.machine import BIN, GREETER
from support.process import Process

NOBODY = 65534


@pytest.fixture
def as_user():
    """Runs the greeter as a user; the processes end with the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can start processes of other users")
    with tempfile.TemporaryDirectory() as folder:
        # Where everybody may run it: a build folder may be closed to other users.
        program = Path(folder) / GREETER.name
        Path(folder).chmod(0o755)
        shutil.copy(BIN / GREETER.name, program)
        started = []

        def start(user, **variables):
            process = Process([program], {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": 0,
                                          "HAL_ADMIN_PORT": 0, "HAL_REGISTRY": "local",
                                          **variables}, user)
            started.append(process)
            return process

        yield start
        for process in started:
            process.close()


def test_each_user_has_a_folder(as_user):
    name = f"two-users-{os.getpid()}"
    folders = {user: Path(f"/tmp/hal9000-{user}") for user in (0, NOBODY)}
    new = [folder for folder in folders.values() if not folder.exists()]
    try:
        services = {user: as_user(user, SERVICE_NAME=name) for user in folders}
        for user, process in services.items():
            process.wait_line("listens on")
            folder = folders[user]
            assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (user, 0o700)
            assert registry.node_of(folder, process.pid, name)
        for user, folder in folders.items():
            pids = {node.pid for node in registry.nodes(folder) if node.service == name}
            assert pids == {services[user].pid}
        for process in services.values():
            process.stop()
        for folder in folders.values():
            assert [node for node in registry.nodes(folder) if node.service == name] == []
    finally:
        for folder in new:
            shutil.rmtree(folder, ignore_errors=True)


def test_the_folder_of_another_user_is_refused(as_user):
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "registry"
        folder.mkdir(mode=0o700)
        process = as_user(NOBODY, HAL_LOCAL_DIR=folder)
        assert process.wait() == 2
        assert f"{folder} cannot be opened: Permission denied" in process.output("err")
        os.chown(folder, NOBODY, NOBODY)
        process = as_user(0, HAL_LOCAL_DIR=folder)
        assert process.wait() == 2
        assert f"{folder} belongs to user {NOBODY}, not to 0" in process.output("err")
