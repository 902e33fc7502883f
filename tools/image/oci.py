"""OCI images without an engine: layers, configuration and manifest, as one tar archive that is an
OCI image layout and what `docker load` reads.

The same content gives the same bytes: entries are sorted, times are those that the caller names,
and compression writes none. (opencontainers/image-spec: layer, config, manifest, image-layout)
"""

import functools
import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import PurePosixPath

_TYPE = "application/vnd.oci.image."


@dataclass(frozen=True)
class File:
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Folder:
    mode: int = 0o755
    owner: int = 0


@dataclass
class Image:
    """`name` with its registry, as localhost/greeter; `layers` from the lowest: each has the
    entries by absolute path, and parents that are not among them are folders of root."""
    name: str
    tag: str
    architecture: str
    layers: list
    config: dict
    time: int = 0
    blobs: dict = field(default_factory=dict)


def layer_tar(entries, time):
    """The layer before compression."""
    whole = dict(entries)
    for path in entries:
        for parent in PurePosixPath(path).parents:
            if str(parent) != "/":
                whole.setdefault(str(parent), Folder())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, entry in sorted(whole.items()):
            info = tarfile.TarInfo(path.lstrip("/"))
            info.mtime, info.mode = time, entry.mode
            if isinstance(entry, Folder):
                info.type, info.uid, info.gid = tarfile.DIRTYPE, entry.owner, entry.owner
                tar.addfile(info)
            else:
                info.size = len(entry.data)
                tar.addfile(info, io.BytesIO(entry.data))
    return out.getvalue()


@functools.cache
def _compressed(tar):
    """Once for all images with this layer."""
    return gzip.compress(tar, 6, mtime=0)


def _digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _json(value):
    return json.dumps(value, indent=1, sort_keys=True).encode()


def _path(digest):
    return f"blobs/{digest.replace(':', '/')}"


def _add(image, kind, data):
    """A blob, and its descriptor."""
    digest = _digest(data)
    image.blobs[digest] = data
    return {"mediaType": _TYPE + kind, "digest": digest, "size": len(data)}


def _manifest(image):
    created = datetime.fromtimestamp(image.time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    tars = [layer_tar(entries, image.time) for entries in image.layers]
    layers = [_add(image, "layer.v1.tar+gzip", _compressed(tar)) for tar in tars]
    config = _add(image, "config.v1+json", _json({
        "created": created, "architecture": image.architecture, "os": "linux",
        "config": image.config,
        "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in tars]},
        "history": [{"created": created} for _ in tars]}))
    manifest = _add(image, "manifest.v1+json", _json({
        "schemaVersion": 2, "mediaType": _TYPE + "manifest.v1+json", "config": config,
        "layers": layers}))
    return manifest, config, layers, sum(len(tar) for tar in tars)


def write(image, path):
    """Writes the archive; the manifest's digest, and the bytes of the layers before compression."""
    image.blobs.clear()
    manifest, config, layers, unpacked = _manifest(image)
    # containerd takes the name as it is: without a registry in it Kubernetes would not find it.
    name = f"{image.name}:{image.tag}"
    index = {"schemaVersion": 2, "mediaType": _TYPE + "index.v1+json", "manifests": [{
        **manifest, "platform": {"architecture": image.architecture, "os": "linux"},
        "annotations": {"org.opencontainers.image.ref.name": image.tag,
                        "io.containerd.image.name": name}}]}
    docker = [{"Config": _path(config["digest"]), "RepoTags": [name],
               "Layers": [_path(layer["digest"]) for layer in layers]}]
    files = {f"/{_path(digest)}": File(data) for digest, data in image.blobs.items()}
    files["/oci-layout"] = File(b'{"imageLayoutVersion":"1.0.0"}')
    files["/index.json"] = File(_json(index))
    files["/manifest.json"] = File(_json(docker))
    path.write_bytes(layer_tar(files, image.time))
    return manifest["digest"], unpacked
