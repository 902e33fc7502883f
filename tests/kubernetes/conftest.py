"""A cluster, and our programs as its pods."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import binaries  # noqa: E402
import cluster as clusters  # noqa: E402
from support.machine import API, BIN, GREETER, HAL, Machine, Service  # noqa: E402


def pytest_sessionstart():
    missing = [path.name for path in (HAL, API, GREETER) if not path.exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not in {BIN}: build first, or set HAL_BIN_DIR", 3)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    if not clusters.can_make_pods():
        pytest.skip("only root can give a program the files of a pod (unshare -m)")
    binaries.prepare()
    made = clusters.Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


class Pods(Machine):
    """Our programs in pods of the cluster, each on a loopback address of its own."""

    def __init__(self, cluster, folder):
        super().__init__(folder)
        self.cluster = cluster
        self._names = []

    def start_in_pod(self, name, address, program, account, wait=True, node=clusters.NODE,
                     **variables):
        self.cluster.add_pod(name, address, account, node=node)
        self._names.append(name)
        command, pod = clusters.in_pod(self.cluster, account, name, [program])
        merged = self.variables(**{"HAL_REGISTRY": "kubernetes", "HAL_LOCAL_DIR": None,
                                   "SERVICE_HOST": address, "HAL_DRAIN_GRACE": "1s", **pod,
                                   **variables})
        service = Service(command, self.folder, merged)
        service.name = name
        self._started.append(service)
        return service.wait_until_listening() if wait else service

    def greeter(self, name, address, **variables):
        return self.start_in_pod(name, address, GREETER, "greeter",
                                 **{"SERVICE_NAME": "hal9000-greeter", **variables})

    def api(self, name, address, **variables):
        return self.start_in_pod(name, address, API, "api",
                                 **{"SERVICE_NAME": "hal9000-api", **variables})

    def close(self):
        try:
            super().close()
        finally:  # whatever they ended with: the next test makes pods of these names
            for name in self._names:
                self._delete(name)

    def _delete(self, name):
        try:
            self.cluster.delete_pod(name)
        except clusters.ApiError as failure:
            if failure.status != 404:
                raise


@pytest.fixture
def pods(cluster, tmp_path):
    made = Pods(cluster, tmp_path / "local")
    yield made
    made.close()
