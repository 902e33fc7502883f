"""Meshes of real Envoys on loopback; what starts programs is the integration tests'."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import envoy  # noqa: E402
from mesh import HOP, Mesh  # noqa: E402
from support.machine import API, BIN, GREETER, HAL  # noqa: E402


def pytest_sessionstart():
    missing = [path.name for path in (HAL, API, GREETER, HOP) if not path.exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not in {BIN}: build first, or set HAL_BIN_DIR", 3)


def end_without(reason):
    """The test cannot run here: that is a skip, and a failure where the mesh must be proved."""
    if os.environ.get("HAL_MESH_REQUIRED") == "1":
        pytest.fail(f"{reason} (HAL_MESH_REQUIRED=1)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def installed():
    """Says whether a version of Envoy is there; ends the test when it cannot be had."""
    missing = {}

    def check(version):
        if version not in missing:
            try:
                envoy.binary(version)
                missing[version] = None
            except envoy.EnvoyMissing as reason:
                missing[version] = str(reason)
        if missing[version]:
            end_without(missing[version])
        return version

    return check


@pytest.fixture(params=envoy.VERSIONS)
def envoy_version(request, installed):
    """For what versions do differently: contexts and sampling."""
    return installed(request.param)


@pytest.fixture
def newest(installed):
    return installed(envoy.NEWEST)


@pytest.fixture
def h2load():
    found = shutil.which("h2load")
    if not found:
        end_without("h2load (package nghttp2-client) is missing")
    return found


@pytest.fixture(params=("full", "forward"))
def trace_mode(request):
    return request.param


def maker(folder):
    made = []

    def make(**options):
        made.append(None)
        return Mesh(folder / f"mesh{len(made)}", **options)

    return make


@pytest.fixture
def mesh_of(tmp_path):
    """Makes meshes to be entered: each has a folder of its own."""
    return maker(tmp_path)


@pytest.fixture(scope="module")
def module_mesh_of(tmp_path_factory):
    """The same for meshes that the tests of a file share."""
    return maker(tmp_path_factory.mktemp("mesh"))
