"""What is in deploy/, as kustomize writes it."""

import functools
import os
import re
import subprocess
from pathlib import Path

import yaml

import binaries

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
OVERLAYS = ("plain", "istio", "jaeger")
SERVICES = ("hal9000-api", "hal9000-greeter", "hal9000-auth")


@functools.cache
def render(folder):
    """The objects of a folder with a kustomization.yaml."""
    done = subprocess.run([binaries.kustomize(), "build", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # deprecated fields
    return tuple(yaml.safe_load_all(done.stdout))


def overlay(name):
    return render(DEPLOY / "overlays" / name)


def of_guide(folder):
    """What a user of docs/guides/kubernetes.md has in a folder elsewhere: a registry of theirs, and
    the one role of go-micro's services."""
    guide = (DEPLOY.parent / "docs/guides/kubernetes.md").read_text()
    (text,) = re.findall(r"^```yaml\n# kustomization.yaml\n(.*?)^```$", guide, re.DOTALL | re.M)
    (components,) = re.findall(r"`(components: .*?)`", guide)
    text = f"{text}{components}\n".replace("../hal9000/deploy", os.path.relpath(DEPLOY, folder))
    (folder / "kustomization.yaml").write_text(text)
    return render(folder)


def of_kind(objects, *kinds):
    """By name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] in kinds}


def workloads(objects):
    return of_kind(objects, "Deployment", "StatefulSet")


def pod_of(workload):
    return workload["spec"]["template"]["spec"]


def container_of(workload):
    """Each pod has one."""
    (container,) = pod_of(workload)["containers"]
    return container


def environment_of(objects, name, pod=None, address=None):
    """The variables of a service's container, as the kubelet makes them for this pod."""
    container = container_of(workloads(objects)[name])
    variables = {}
    for source in container["envFrom"]:
        variables |= of_kind(objects, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    twice = variables.keys() & {variable["name"] for variable in container["env"]}
    assert not twice, f"{name}: {twice} stand in the ConfigMap, too, where nobody reads them"
    fields = {"metadata.name": pod, "status.podIP": address, "metadata.namespace": "devel"}
    for variable in container["env"]:
        value = variable.get("value")
        if value is None:
            value = fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
        variables[variable["name"]] = value
    return variables
