"""Certificates made by openssl(1), for servers on this machine and their clients."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = ["-days", "2"]
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], capture_output=True, check=True)


@dataclass
class Identity:
    certificate: Path
    key: Path

    @property
    def variables(self):
        """Of a service that is to show it."""
        return {"HAL_TLS_CERTIFICATE": self.certificate, "HAL_TLS_KEY": self.key}


class Authority:
    """A CA with a key of its own, in a folder."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca-key.pem"
        openssl("req", "-x509", *NEW_KEY, *DAYS, "-keyout", self._key, "-out", self.certificate,
                "-subj", "/CN=hal9000 test CA", "-addext", "basicConstraints=critical,CA:TRUE")

    def issue(self, name, alternative_names="DNS:localhost,IP:127.0.0.1", replace=None):
        """A new certificate; in the files of an old one if it is to be replaced."""
        made = replace or Identity(self.folder / f"{name}.pem", self.folder / f"{name}-key.pem")
        request, extensions = self.folder / "request.pem", self.folder / "extensions"
        extensions.write_text(f"subjectAltName={alternative_names}\n")
        openssl("req", *NEW_KEY, "-keyout", made.key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", *DAYS, "-in", request, "-out", made.certificate, "-CA",
                self.certificate, "-CAkey", self._key, "-CAcreateserial", "-extfile", extensions)
        return made
