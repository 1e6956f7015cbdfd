"""Programs that stand before a server, and what they need."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def debian_package(package: str, program: str) -> str:
    """Where a program is; installs Debian's package where the tests may, else skips with the reason."""
    places = f"{os.environ['PATH']}:/usr/sbin"
    if found := shutil.which(program, path=places):
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip(f"{program} is not installed: Debian has it in its package {package}")
    # The package would start a service of its own.
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    turn = "DPkg::Lock::Timeout=300"  # tests beside this one may install something, too
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "-o", turn, package]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            pytest.skip(f"{program} could not be installed: {done.stderr[-200:]}")
    return shutil.which(program, path=places) or pytest.skip(f"{program} is not in Debian's package {package}")


def certificate(directory: Path, host: str = "localhost") -> None:
    """Write `fullchain.pem` and `key.pem`: a certificate for a host that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (directory / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
