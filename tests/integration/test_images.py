"""Images of the programs, as a container engine starts them: a root file system without anything
else, read only, and the program as process 1 of a user without rights."""

import contextlib
import http.server
import json
import os
import re
import ssl
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from support import CAP
from support.certificates import Authority
from support.machine import API, AUTH, GREETER, Service

HELLO = "/api/v1/hello/ww"
MAKE = Path(__file__).resolve().parents[2] / "tools" / "image" / "make-image"
USER = 65532
DATA = "/var/lib/hal9000"
# $0 is the root, $1 what is mounted for data: as engines do, /proc is there and nothing else can be
# written. The rest is the process.
START = ('mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && '
         f'mount --bind "$1" "$0{DATA}" && mount -o remount,bind,ro "$0" && '
         'shift && exec env -i "$@"')


def make_images(folder, *words):
    done = subprocess.run([MAKE, "--out", folder, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Image:
    """An image, unpacked below a folder."""

    def __init__(self, archive, root):
        self.root = root
        root.mkdir()
        with tarfile.open(archive) as tar:
            (docker,) = json.load(tar.extractfile("manifest.json"))
            self.config = json.load(tar.extractfile(docker["Config"]))["config"]
            for path in docker["Layers"]:
                with tarfile.open(fileobj=tar.extractfile(path)) as layer:
                    layer.extractall(root, numeric_owner=True)
        # What engines put there.
        (root / "proc").mkdir()
        (root / "etc" / "hosts").write_text("127.0.0.1 localhost collector.test\n")

    def command(self, variables, volume=None):
        environment = (f"{name}={value}" for name, value in variables.items())
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
                "sh", "-c", START, self.root, volume or f"{self.root}{DATA}", *self.config["Env"],
                *environment, "/usr/sbin/chroot", f"--userspec={self.config['User']}", self.root,
                *self.config["Entrypoint"]]


class Container(Service):
    """`pid` is the program's, seen from outside."""

    def __init__(self, image, folder, variables, volume=None):
        super().__init__(image.command(variables, volume), folder, variables)
        self.name = image.config["Entrypoint"][0]

    def wait_until_listening(self):
        super().wait_until_listening()
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        (self.pid,) = map(int, children)
        return self

    def status(self, name):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.split()[1:]
        raise AssertionError(f"no {name} in the status of {self.name}")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("images") / "ca")


@pytest.fixture(scope="module")
def images(authority, tmp_path_factory):
    """By name; the test's CA is the only one that they trust."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"],
                                           capture_output=True).returncode:
        pytest.skip("only root can give a program a root file system (unshare, chroot)")
    folder = tmp_path_factory.mktemp("unpacked")
    programs = (API, AUTH, GREETER)
    make_images(folder, "--ca-bundle", authority.certificate, *programs)
    return {program.name: Image(folder / f"{program.name}.tar", folder / program.name)
            for program in programs}


@pytest.fixture
def start(machine, images):
    """Starts a container and waits until it listens; it drains with the test."""
    with contextlib.ExitStack() as stack:
        def make(name, volume=None, **variables):
            merged = machine.variables(HAL_REGISTRY="static", HAL_LOCAL_DIR=None, **variables)
            container = Container(images[name], machine.folder, merged, volume)
            stack.callback(container.close)
            container.wait_until_listening()
            stack.callback(lambda: container.running and container.stop())
            return container
        yield make


@contextlib.contextmanager
def https_collector(identity):
    """Takes OTLP; the list of paths that were asked for, and the event of the first."""
    paths, asked = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            asked.set()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, paths, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_programs_in_images_serve_and_end_by_sigterm(start):
    greeter = start("hal9000-greeter")
    api = start("hal9000-api", HAL_STATIC_ADDRESSES=f"hal9000-greeter={greeter.address}")
    assert api.get(HELLO).json() == {"status": "OK", "message": "world"}
    for container in (api, greeter):
        assert container.status("NSpid")[-1] == "1"
        assert container.status("Uid") == [str(USER)] * 4
        assert container.status("Gid") == [str(USER)] * 4
        assert container.status("CapEff") == ["0" * 16]
        container.stop()  # SIGTERM, and exit code 0


def test_a_name_is_found_and_its_certificate_verified(start, authority):
    identity = authority.issue("collector", "DNS:collector.test")
    with https_collector(identity) as (port, paths, asked):
        greeter = start("hal9000-greeter", OTEL_BSP_SCHEDULE_DELAY=10,
                        OTEL_EXPORTER_OTLP_ENDPOINT=f"https://collector.test:{port}")
        api = start("hal9000-api", HAL_STATIC_ADDRESSES=f"hal9000-greeter={greeter.address}")
        assert api.get(HELLO).status == 200
        assert asked.wait(CAP), greeter.output()
        greeter.stop()
    assert set(paths) == {"/v1/traces"}


def test_a_certificate_of_another_authority_is_refused(start, tmp_path):
    other = Authority(tmp_path / "other")
    with https_collector(other.issue("collector", "DNS:collector.test")) as (port, paths, _):
        greeter = start("hal9000-greeter", OTEL_BSP_SCHEDULE_DELAY=10,
                        OTEL_EXPORTER_OTLP_ENDPOINT=f"https://collector.test:{port}")
        api = start("hal9000-api", HAL_STATIC_ADDRESSES=f"hal9000-greeter={greeter.address}")
        assert api.get(HELLO).status == 200
        greeter.wait_line("certificate verify failed|unable to get local issuer")
        assert paths == []


@pytest.fixture
def volume(tmp_path):
    """As the kubelet mounts one for a pod with fsGroup."""
    folder = tmp_path / "volume"
    folder.mkdir()
    os.chown(folder, 0, USER)
    folder.chmod(0o2770)
    return folder


def test_auth_keeps_its_data_on_a_volume(start, images, volume):
    files = {"HAL_AUTH_DB": f"{DATA}/auth.db", "HAL_AUTH_KEY_FILE": f"{DATA}/auth.key"}

    def users(*words, line=""):
        command = [*images["hal9000-auth"].command(files, volume), *words]
        done = subprocess.run(command, input=line, capture_output=True, text=True, timeout=CAP)
        assert done.returncode == 0, done.stderr
        return done.stdout
    start("hal9000-auth", volume, **files).stop()
    key = (volume / "auth.key").read_bytes()
    users("adduser", "ww", line="correct horse battery\n")
    start("hal9000-auth", volume, **files).stop()
    assert re.search(r"^ww\b", users("list"), re.MULTILINE)
    assert (volume / "auth.key").read_bytes() == key
    assert (volume / "auth.key").stat().st_mode & 0o777 == 0o600


def test_auth_takes_a_key_from_a_secret(start, volume):
    """Which is mounted as root's, with fsGroup as its group."""
    variables = {"HAL_AUTH_DB": f"{DATA}/auth.db", "HAL_AUTH_KEY_FILE": f"{DATA}/auth.key"}
    start("hal9000-auth", volume, **variables).stop()  # makes a key
    secret = volume / "auth.key"
    os.chown(secret, 0, USER)
    secret.chmod(0o440)
    start("hal9000-auth", volume, **variables).stop()
    secret.chmod(0o444)
    with pytest.raises(AssertionError, match="HAL_AUTH_KEY_FILE"):
        start("hal9000-auth", volume, **variables)


def test_the_same_program_gives_the_same_image(tmp_path):
    first, second = (make_images(tmp_path / name, GREETER) for name in ("first", "second"))
    assert second == first.replace(f"{tmp_path}/first", f"{tmp_path}/second")
    archives = [tmp_path / name / "hal9000-greeter.tar" for name in ("first", "second")]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_another_reader_finds_every_blob(tmp_path):
    """skopeo copies what it finds, and checks every digest on the way."""
    make_images(tmp_path, "--tag", "1.2.3", API)
    for kind in ("oci-archive", "docker-archive"):
        target = tmp_path / kind
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet",
                        f"{kind}:{tmp_path}/hal9000-api.tar", f"dir:{target}"], check=True,
                       capture_output=True, timeout=CAP)
        manifest = json.loads((target / "manifest.json").read_text())
        assert len(manifest["layers"]) == 2
        config = json.loads((target / manifest["config"]["digest"].split(":")[1]).read_text())
        assert config["config"]["Labels"]["org.opencontainers.image.version"] == "1.2.3"
