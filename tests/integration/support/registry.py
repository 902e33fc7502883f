"""The local registry: one JSON document per node, go-micro's registry.Service."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Node:
    service: str
    id: str
    address: str
    metadata: dict

    @property
    def pid(self):
        return int(self.metadata.get("pid", 0))

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])


def nodes(folder):
    """Every node with a readable document; one that was killed may still have its file."""
    found = []
    for path in sorted(Path(folder).rglob("*.json")):
        try:
            document = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        for node in document.get("nodes") or []:
            found.append(Node(document["name"], node["id"], node["address"],
                              node.get("metadata") or {}))
    return found


def node_of(folder, pid, service=None):
    """The node that the process registered; None without one."""
    for node in nodes(folder):
        if node.pid == pid and service in (None, node.service):
            return node
    return None
