#!/usr/bin/env python3
"""Tests of make-image, closure and oci, on programs of this system."""

import contextlib
import gzip
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import closure  # noqa: E402
import oci  # noqa: E402

loader = importlib.machinery.SourceFileLoader("make_image", str(HERE / "make-image"))
make_image = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(make_image)
PROGRAM = Path(shutil.which("env")).resolve()


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(0o755)
        return path


class Closures(Folder):
    def refused(self, program, text):
        with self.assertRaisesRegex(closure.ImageError, text):
            closure.closure_of(program)

    def test_the_loader_and_each_library_are_where_the_loader_looks(self):
        found = closure.closure_of(PROGRAM)
        self.assertIn(found.architecture, closure.ARCHITECTURES.values())
        (libc,) = [path for path in found.files if path.endswith("/libc.so.6")]
        interpreter = subprocess.run(["readelf", "-l", PROGRAM], capture_output=True, text=True)
        (loader,) = [path for path in found.files if f"interpreter: {path}]" in interpreter.stdout]
        for path in set(found.files) - {loader}:
            self.assertEqual(Path(path).parent, Path(libc).parent)
        self.assertTrue(all(path.is_file() for path in found.files.values()))

    def test_a_library_from_elsewhere_goes_beside_libc_too(self):
        done = mock.Mock(stderr="", stdout="\tlinux-vdso.so.1 (0x00007ffc)\n"
                         "\tlibown.so.3 => /opt/own/lib/libown.so.3.1 (0x00007f01)\n"
                         "\tlibc.so.6 => /lib/here/libc.so.6 (0x00007f02)\n"
                         "\t/lib64/ld.so.2 (0x00007f03)\n")
        with mock.patch.object(closure.subprocess, "run", return_value=done):
            found = closure.closure_of(PROGRAM)
        self.assertEqual(found.files, {
            "/lib/here/libown.so.3": Path("/opt/own/lib/libown.so.3.1"),
            "/lib/here/libc.so.6": Path("/lib/here/libc.so.6"),
            "/lib64/ld.so.2": Path("/lib64/ld.so.2")})

    def test_what_is_no_program_is_refused_by_name(self):
        self.refused(self.write("script", b"#!/bin/sh\nexit 0\n" * 3), "script is no ELF program")
        self.refused(self.write("short", b"\x7fELF"), "short is no ELF program")
        self.refused(self.folder / "nothing", "nothing: No such file")

    def test_another_machine_is_refused(self):
        header = bytearray(PROGRAM.read_bytes()[:64])
        header[18:20] = (243).to_bytes(2, "little")
        self.refused(self.write("riscv", header), "ELF machine 243: there are names for amd64")

    def test_a_missing_library_is_named(self):
        changed = PROGRAM.read_bytes().replace(b"libc.so.6\0", b"libq.so.6\0")
        self.refused(self.write("lacking", changed), "lacking needs libq.so.6")

    def test_a_static_program_is_refused(self):
        self.refused(Path("/sbin/ldconfig").resolve(), "not linked dynamically")


class Images(Folder):
    def image(self, **more):
        layers = [{"/lib/b": oci.File(b"b"), "/lib/a": oci.File(b"a" * 2000, 0o755)},
                  {"/var/data": oci.Folder(0o700, 65532), "/bin/x": oci.File(b"x", 0o755)}]
        return oci.Image(**{"name": "localhost/x", "tag": "1", "architecture": "amd64",
                            "layers": layers, "config": {"User": "1:1"}, **more})

    def written(self, image):
        path = self.folder / "x.tar"
        digest, size = oci.write(image, path)
        with tarfile.open(path) as tar:
            files = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}
        return digest, size, files

    def blob(self, files, descriptor):
        """The blob, which is what its descriptor says."""
        data = files["blobs/" + descriptor["digest"].replace(":", "/")]
        self.assertEqual(descriptor["digest"], "sha256:" + hashlib.sha256(data).hexdigest())
        self.assertEqual(descriptor["size"], len(data))
        return data

    def test_every_blob_is_what_its_descriptor_says(self):
        digest, size, files = self.written(self.image())
        self.assertEqual(json.loads(files["oci-layout"]), {"imageLayoutVersion": "1.0.0"})
        (entry,) = json.loads(files["index.json"])["manifests"]
        self.assertEqual(entry["digest"], digest)
        self.assertEqual(entry["annotations"]["io.containerd.image.name"], "localhost/x:1")
        manifest = json.loads(self.blob(files, entry))
        config = json.loads(self.blob(files, manifest["config"]))
        self.assertEqual((config["os"], config["architecture"], config["config"]),
                         ("linux", "amd64", {"User": "1:1"}))
        tars = [gzip.decompress(self.blob(files, layer)) for layer in manifest["layers"]]
        self.assertEqual(config["rootfs"]["diff_ids"],
                         ["sha256:" + hashlib.sha256(tar).hexdigest() for tar in tars])
        self.assertEqual(size, sum(len(tar) for tar in tars))

    def test_docker_finds_the_same_blobs(self):
        _, _, files = self.written(self.image())
        (docker,) = json.loads(files["manifest.json"])
        self.assertEqual(docker["RepoTags"], ["localhost/x:1"])
        manifest = json.loads(self.blob(files, json.loads(files["index.json"])["manifests"][0]))
        names = ["blobs/" + descriptor["digest"].replace(":", "/")
                 for descriptor in [manifest["config"], *manifest["layers"]]]
        self.assertEqual([docker["Config"], *docker["Layers"]], names)

    def test_a_layer_is_sorted_and_has_its_folders(self):
        with tarfile.open(fileobj=io.BytesIO(oci.layer_tar(self.image().layers[1], 7))) as tar:
            entries = [(each.name, each.mode, each.uid, each.gid, each.mtime, each.isdir())
                       for each in tar]
        self.assertEqual(entries, [("bin", 0o755, 0, 0, 7, True), ("bin/x", 0o755, 0, 0, 7, False),
                                   ("var", 0o755, 0, 0, 7, True),
                                   ("var/data", 0o700, 65532, 65532, 7, True)])

    def test_the_same_content_has_the_same_bytes(self):
        image = self.image()
        first = self.written(image)
        self.assertEqual(self.written(image), first)
        layers = [dict(reversed(layer.items())) for layer in image.layers]
        self.assertEqual(self.written(self.image(layers=layers)), first)
        self.assertNotEqual(self.written(self.image(time=1))[0], first[0])


class Command(Folder):
    def run_main(self, *words, **variables):
        out, err = io.StringIO(), io.StringIO()
        argv = ["make-image", "--out", str(self.folder), *map(str, words)]
        with mock.patch.object(sys, "argv", argv), mock.patch.dict(os.environ, variables), \
                contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = make_image.main()
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    def bundle(self):
        return self.write("bundle.crt", b"certificates")

    def test_an_image_has_what_a_program_needs_and_no_more(self):
        code, out, err = self.run_main("--tag", "1.2", "--ca-bundle", self.bundle(), PROGRAM)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, rf"^{self.folder}/env.tar  localhost/env:1.2  .* sha256:[0-9a-f]+\n$")
        with tarfile.open(self.folder / "env.tar") as tar:
            (docker,) = json.load(tar.extractfile("manifest.json"))
            layers = [gzip.decompress(tar.extractfile(path).read()) for path in docker["Layers"]]
            config = json.load(tar.extractfile(docker["Config"]))["config"]
        files = {}
        for layer in layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                files |= {f"/{each.name}": tar.extractfile(each).read() if each.isfile() else None
                          for each in tar}
        libraries = set(closure.closure_of(PROGRAM).files)
        others = {path for path, data in files.items() if data is not None} - libraries
        self.assertEqual(others, {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf",
                                  "/etc/ssl/certs/ca-certificates.crt", "/usr/bin/env"})
        self.assertEqual(files["/etc/ssl/certs/ca-certificates.crt"], b"certificates")
        self.assertIn(b"hal9000:x:65532:65532:", files["/etc/passwd"])
        self.assertEqual((config["Entrypoint"], config["User"], config["StopSignal"]),
                         (["/usr/bin/env"], "65532:65532", "SIGTERM"))

    def test_the_time_is_that_of_the_source(self):
        words = ("--ca-bundle", self.bundle(), PROGRAM)
        digests = [self.run_main(*words, SOURCE_DATE_EPOCH=time)[1].split()[-1]
                   for time in ("", "0", "1700000000", "1700000000")]
        self.assertEqual((digests[0], digests[2]), (digests[1], digests[3]))
        self.assertNotEqual(digests[0], digests[2])
        code, _, err = self.run_main(*words, SOURCE_DATE_EPOCH="yesterday")
        self.assertEqual(code, 2)
        self.assertIn("SOURCE_DATE_EPOCH is no number of seconds", err)

    def test_an_image_that_is_too_large_is_not_left_behind(self):
        with mock.patch.object(make_image, "BYTES_MAX", 1000):
            code, out, err = self.run_main("--ca-bundle", self.bundle(), PROGRAM)
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(err, r"localhost/env would have \d+ bytes, more than 1000")
        self.assertFalse((self.folder / "env.tar").exists())

    def test_what_is_wrong_is_named(self):
        for words, code, text in [
                (("--ca-bundle", self.folder / "none", PROGRAM), 1, "none: No such file"),
                (("/etc/passwd",), 1, "/etc/passwd is no ELF program"),
                (("--prefix", "Upper/Case", PROGRAM), 2, "'Upper/Case' is no registry"),
                (("--prefix", "a/", PROGRAM), 2, "'a/' is no registry"),
                (("--tag", "a b", PROGRAM), 2, "'a b' is no tag"),
                (("--tag", "", PROGRAM), 2, "'' is no tag")]:
            with self.subTest(words=words):
                done, _, err = self.run_main(*words)
                self.assertEqual(done, code)
                self.assertIn(text, err)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
