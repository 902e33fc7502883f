"""A real etcd, kube-apiserver and kube-controller-manager, built once from their Go modules into a
folder outside the repository."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from support.go_programs import GoPrograms  # noqa: E402

KUBERNETES = "v1.37.2"
ETCD = "v3.6.15"  # Debian's 3.4 answers watches without a version with 504
KUSTOMIZE = "v5.8.1"
# Where other people's resources are defined, which deploy/ uses: module, version, file or folder.
DEFINITIONS = (("istio.io/api", "v1.31.4", "kubernetes/customresourcedefinitions.gen.yaml"),
               ("sigs.k8s.io/gateway-api", "v1.6.3", "config/crd/standard"))
PROGRAMS = GoPrograms("HAL_KUBERNETES_BUILD_SECONDS", 900, "kube-apiserver and others")
find_go, built = PROGRAMS.find_go, PROGRAMS.built


def run(command, folder):
    return PROGRAMS.run(command, folder, CGO_ENABLED=0, GOFLAGS="-mod=mod")


def _build(name, folder, package, module_file, flags):
    """Builds a command of another module in a module of its own, which imports it: `go mod tidy`
    then finds just what that command needs."""
    go = find_go()
    (folder / "go.mod").write_text(module_file)
    (folder / "tools.go").write_text(
        f'//go:build tools\n\npackage wrap\n\nimport _ "{package}"\n')
    run([go, "mod", "tidy", "-e"], folder)
    # One package at a time: the largest takes 2 GB to compile.
    run([go, "build", "-p", "2", "-trimpath", "-ldflags", flags, "-o", f"{name}.new", package],
         folder)
    (folder / f"{name}.new").rename(folder / name)


def etcd():
    def build(folder):
        _build("etcd", folder, "go.etcd.io/etcd/server/v3",
               f"module wrap\n\ngo 1.24\n\nrequire go.etcd.io/etcd/server/v3 {ETCD}\n", "-s -w")
    return built("etcd", ETCD, build)


def kustomize():
    package = "sigs.k8s.io/kustomize/kustomize/v5"

    def build(folder):
        _build("kustomize", folder, package,
               f"module wrap\n\ngo 1.24\n\nrequire {package} {KUSTOMIZE}\n", "-s -w")
    return built("kustomize", KUSTOMIZE, build)


def definitions():
    """The YAML files with the CustomResourceDefinitions of Istio and of the Gateway API."""
    for module, version, path in DEFINITIONS:
        name = f"{module.replace('/', '-')}.yaml"

        def build(folder, module=module, version=version, path=path, name=name):
            downloaded = run([find_go(), "mod", "download", "-json", f"{module}@{version}"],
                             Path("/"))
            found = Path(json.loads(downloaded)["Dir"]) / path
            files = sorted(found.glob("*.yaml")) if found.is_dir() else [found]
            (folder / f"{name}.new").write_text("\n---\n".join(file.read_text() for file in files))
            (folder / f"{name}.new").rename(folder / name)
        yield built(name, version, build)


def _kubernetes(name):
    """A command of Kubernetes. Its module replaces each staging module by a folder that the module
    itself lacks: here each is replaced by its published release."""
    def build(folder):
        downloaded = run([find_go(), "mod", "download", "-json", f"k8s.io/kubernetes@{KUBERNETES}"],
                          Path("/"))
        go_mod = Path(json.loads(downloaded)["GoMod"]).read_text()
        release = "v0." + KUBERNETES.removeprefix("v1.")
        staged = re.findall(r"^\s+(k8s\.io/[a-z-]+) => \./staging", go_mod, re.MULTILINE)
        replaced = "".join(f"\t{name} => {name} {release}\n" for name in staged)
        module = (f"module wrap\n\ngo 1.26.0\n\ngodebug default=go1.26\n\n"
                  f"require k8s.io/kubernetes {KUBERNETES}\n\nreplace (\n{replaced})\n")
        flags = ["-s", "-w"]
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            minor = KUBERNETES.split(".")[1]
            flags += [f"-X {package}.gitVersion={KUBERNETES}", f"-X {package}.gitMajor=1",
                      f"-X {package}.gitMinor={minor}", f"-X {package}.gitTreeState=clean"]
        _build(name, folder, f"k8s.io/kubernetes/cmd/{name}", module, " ".join(flags))
    return built(name, KUBERNETES, build)


def kube_apiserver():
    return _kubernetes("kube-apiserver")


def kube_controller_manager():
    return _kubernetes("kube-controller-manager")


def prepare(*more):
    """What a cluster runs, and `more`: built before it starts, in the caller's network."""
    return [program() for program in (etcd, kube_apiserver, *more)]


if __name__ == "__main__":
    print(*prepare(kube_controller_manager, kustomize), *definitions(), sep="\n")
