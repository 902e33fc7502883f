"""A cluster without nodes: etcd and a kube-apiserver with TLS, RBAC and service accounts, on
loopback. Pods are objects that the test makes and sets to Running and Ready."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import binaries
from support import CAP
from support.ports import free_port

NAMESPACE = "devel"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
ACCOUNTS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
MERGE = "application/strategic-merge-patch+json"
NODE = "node-a"
IDLE_S_MAX = 30
# What a registered service needs, and one that dials Services; no more.
REGISTRY_RULES = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "patch", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
     "verbs": ["list", "watch"]}]


class ApiError(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


def _openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True,
                   stdin=subprocess.DEVNULL)


def _make_certificates(folder):
    """A CA, the API server's certificate, an administrator's, and the key that signs tokens."""
    def key(name):
        _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                 f"{name}.key")

    def certificate(name, subject, more):
        key(name)
        (folder / f"{name}.ext").write_text(
            f"keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n{more}")
        _openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", subject, "-out",
                 f"{name}.csr")
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", "30", "-out", f"{name}.crt", "-extfile",
                 f"{name}.ext")

    key("ca")
    _openssl(folder, "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test-ca", "-days",
             "30", "-out", "ca.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    certificate("apiserver", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    certificate("admin", "/O=system:masters/CN=admin", "")
    _openssl(folder, "genrsa", "-out", "tokens.key", "2048")
    _openssl(folder, "rsa", "-in", "tokens.key", "-pubout", "-out", "tokens.pub")


class Daemon:
    def __init__(self, command, log):
        self.log = log
        with log.open("ab") as out:
            self.popen = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL)

    def end(self, number=signal.SIGTERM):
        """Killed after 2 s: an API server that ends cleanly takes a minute for it."""
        self.popen.send_signal(number)
        try:
            self.popen.wait(2)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Cluster:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.pki = self.folder / "pki"
        self.pki.mkdir(parents=True)
        _make_certificates(self.pki)
        self.etcd_port, self.port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._tls = ssl.create_default_context(cafile=self.pki / "ca.crt")
        self._tls.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        self._connections = threading.local()
        self.api = self.controllers = None
        self.etcd = self._start_etcd()
        try:
            self.start_api()
            self._fill()
        except BaseException:
            self.close()
            raise

    def _start_etcd(self):
        clients, peers = (f"http://127.0.0.1:{port}" for port in (self.etcd_port, free_port()))
        return Daemon([binaries.etcd(), "--name=test", f"--data-dir={self.folder / 'etcd'}",
                       "--unsafe-no-fsync", "--log-level=error",
                       f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
                       f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
                       f"--initial-cluster=test={peers}"], self.folder / "etcd.log")

    def start_api(self):
        pki = self.pki
        self.api = Daemon(
            [binaries.kube_apiserver(), f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
             "--bind-address=127.0.0.1", f"--secure-port={self.port}",
             "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
             f"--tls-cert-file={pki / 'apiserver.crt'}",
             f"--tls-private-key-file={pki / 'apiserver.key'}",
             f"--client-ca-file={pki / 'ca.crt'}", "--authorization-mode=RBAC",
             "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
             f"--service-account-key-file={pki / 'tokens.pub'}",
             f"--service-account-signing-key-file={pki / 'tokens.key'}",
             "--service-cluster-ip-range=10.96.0.0/16", f"--cert-dir={self.folder / 'run'}",
             "--v=0"], self.folder / "apiserver.log")
        end = time.monotonic() + 300
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ApiError, http.client.HTTPException):
                self.call("GET", "/readyz", raw=True)
                return
            assert self.api.popen.poll() is None, self.api.log.read_text()[-2000:]
            threading.Event().wait(0.1)
        raise AssertionError(f"the API server is not ready:\n{self.api.log.read_text()[-2000:]}")

    def start_controllers(self):
        """The one that makes EndpointSlices of Services and pods."""
        self.controllers = Daemon(
            [binaries.kube_controller_manager(), f"--kubeconfig={self.kubeconfig()}",
             "--controllers=endpointslice-controller", "--leader-elect=false",
             "--bind-address=127.0.0.1", f"--secure-port={free_port()}",
             f"--cert-dir={self.folder / 'run'}", "--v=0"], self.folder / "controllers.log")

    def kill_api(self):
        self.api.end(signal.SIGKILL)

    def close(self):
        for daemon in (self.controllers, self.api, self.etcd):
            if daemon is not None:
                daemon.end()

    def call(self, method, path, body=None, content_type="application/json", raw=False):
        """As the administrator; ApiError for an answer that is no success."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type} if data else {}
        connection = self._connection()
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._forget_connection()
            raise
        self._connections.used_at = time.monotonic()
        if response.status >= 300:
            raise ApiError(response.status, text.decode("utf-8", "replace")[:500])
        return text if raw else json.loads(text)

    def _connection(self):
        """This thread's; one that has been idle for long is closed by the API server (90 s)."""
        kept = getattr(self._connections, "kept", None)
        if kept is not None and time.monotonic() - self._connections.used_at < IDLE_S_MAX:
            return kept
        self._forget_connection()
        self._connections.used_at = time.monotonic()
        self._connections.kept = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self._tls, timeout=CAP)
        return self._connections.kept

    def _forget_connection(self):
        kept = getattr(self._connections, "kept", None)
        self._connections.kept = None
        if kept is not None:
            kept.close()

    def make(self, path, body):
        try:
            return self.call("POST", path, body)
        except ApiError as failure:
            if failure.status != 409:
                raise
            return None

    def _fill(self):
        self.make("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        self.make(f"{RBAC}/clusterroles", {"metadata": {"name": "micro-registry"},
                                           "rules": REGISTRY_RULES})
        for account in ("greeter", "api", "nobody"):
            self.add_account(account)
        subjects = [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
                    for name in ("greeter", "api")]
        self.make(f"{RBAC}/namespaces/{NAMESPACE}/rolebindings",
                  {"metadata": {"name": "micro-registry"}, "subjects": subjects,
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                               "name": "micro-registry"}})

    # Service accounts, as the kubelet mounts them.

    def add_account(self, name):
        self.make(ACCOUNTS, {"metadata": {"name": name}})
        self.rotate_token(name)

    def delete_account(self, name):
        self.call("DELETE", f"{ACCOUNTS}/{name}")

    def account_folder(self, name):
        return self.folder / "accounts" / name

    def rotate_token(self, name):
        """A new token, in the place of the old one."""
        answer = self.call("POST", f"{ACCOUNTS}/{name}/token",
                           {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                            "spec": {"expirationSeconds": 36000}})
        folder = self.account_folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token.new").write_text(answer["status"]["token"] + "\n")
        (folder / "token.new").rename(folder / "token")
        shutil.copy(self.pki / "ca.crt", folder / "ca.crt")
        (folder / "namespace").write_text(NAMESPACE)

    def kubeconfig(self):
        """The administrator's, for a person outside."""
        path = self.folder / "kubeconfig"

        def data(name):
            return base64.b64encode((self.pki / name).read_bytes()).decode()
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin",
                                                      "namespace": NAMESPACE}}],
            "clusters": [{"name": "test", "cluster": {
                "server": self.url, "certificate-authority-data": data("ca.crt")}}],
            "users": [{"name": "admin", "user": {
                "client-certificate-data": data("admin.crt"),
                "client-key-data": data("admin.key")}}]}))
        return path

    def add_node(self, name, zone):
        self.make("/api/v1/nodes", {"metadata": {
            "name": name, "labels": {"topology.kubernetes.io/zone": zone}}})
        self.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": {
            "allocatable": {"cpu": "4", "memory": "4Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}]}}, MERGE)

    def add_service(self, name, **more):
        """A headless Service of the pods with the label app=name. The ports are the target's."""
        self.make(f"/api/v1/namespaces/{NAMESPACE}/services", {
            "metadata": {"name": name},
            "spec": {"clusterIP": "None", "selector": {"app": name}, **more}})

    # Pods, as the kubelet leaves them. Addresses are 127.x, or the test runs in a network
    # namespace: what is dialled stays on this machine.

    def add_pod(self, name, address, account="greeter", annotations=None, labels=None, node=NODE):
        self.call("POST", PODS, {
            "metadata": {"name": name, "labels": {"app": account, **(labels or {})},
                         "annotations": annotations or {}},
            "spec": {"nodeName": node, "serviceAccountName": account,
                     "automountServiceAccountToken": False,
                     "containers": [{"name": "app", "image": "app:1"}]}})
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": now}
                      for kind in ("Initialized", "ContainersReady", "Ready")]
        self.call("PATCH", f"{PODS}/{name}/status", {"status": {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
            "startTime": now, "conditions": conditions}}, MERGE)

    def set_ready(self, name, ready):
        self.call("PATCH", f"{PODS}/{name}/status", {"status": {"conditions": [
            {"type": "Ready", "status": "True" if ready else "False"}]}}, MERGE)

    def delete_pod(self, name, grace=0):
        self.call("DELETE", f"{PODS}/{name}", {"gracePeriodSeconds": grace})

    def pod(self, name):
        return self.call("GET", f"{PODS}/{name}")

    def registered(self, name, service):
        """The document that a pod has registered for a service, or None."""
        metadata = self.pod(name)["metadata"]
        text = metadata.get("annotations", {}).get(f"micro.mu/service-{service}")
        labelled = metadata.get("labels", {}).get(f"micro.mu/selector-{service}") == "service"
        assert labelled == (text is not None)
        return json.loads(text) if text else None

    def compact_etcd(self):
        """Forgets every version but the newest: watches from older ones are 410 Gone, once the API
        server's own memory of them is gone, too."""
        def etcd(path, body):
            request = urllib.request.Request(f"http://127.0.0.1:{self.etcd_port}{path}",
                                             json.dumps(body).encode())
            with urllib.request.urlopen(request) as response:
                return json.load(response)
        status = etcd("/v3/maintenance/status", {})
        etcd("/v3/kv/compaction", {"revision": status["header"]["revision"], "physical": True})


def in_pod(cluster, account, pod, command):
    """The command as a container of that pod would start it: the account's files at their place,
    in a mount namespace of its own, and the variables."""
    script = ("mkdir -p /run/secrets && mount -t tmpfs tmpfs /run/secrets && "
              "mkdir -p /run/secrets/kubernetes.io/serviceaccount && "
              'mount --bind "$0" /run/secrets/kubernetes.io/serviceaccount && exec "$@"')
    words = ["unshare", "-m", "--propagation", "private", "sh", "-c", script,
             str(cluster.account_folder(account)), *(str(word) for word in command)]
    variables = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": cluster.port,
                 "HOSTNAME": pod}
    return words, variables


def can_make_pods():
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
