"""Where HTTP is served: by TLS, at a Unix socket, behind proxies; and how long a stop waits."""

from __future__ import annotations

import json
import signal
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.cli.test_starting_and_stopping import refused
from tests.conftest import StartServer
from tests.patience import HANG_S

from heliograph import Client


def make_certificate(
    directory: Path, name: str, password: bytes | None = None, *, ended: bool = False
) -> tuple[Path, Path]:
    """A certificate for this machine with its key, in files of this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(hours=-1 if ended else 24))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = directory / f"{name}.pem", directory / f"{name}.key"
    hidden = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden))
    return files


def tls(files: tuple[Path, Path]) -> dict[str, str]:
    return {"HELIOGRAPH_TLS_CERTIFICATE": str(files[0]), "HELIOGRAPH_TLS_KEY": str(files[1])}


def shown(url: httpx2.URL) -> bytes:
    """The certificate that a new connection sees."""
    return ssl.get_server_certificate((url.host, url.port or 0)).encode()


def test_servers_speak_tls_and_a_new_certificate_is_in_force_when_its_files_are_there(
    tmp_path: Path, start_server: StartServer
) -> None:
    used = make_certificate(tmp_path, "used")
    first = used[0].read_bytes()
    for_smpp = make_certificate(tmp_path, "smpp")
    smpp = {"HELIOGRAPH_SMPP_TLS_CERTIFICATE": str(for_smpp[0]), "HELIOGRAPH_SMPP_TLS_KEY": str(for_smpp[1])}
    server = start_server(tmp_path / "data", environment=tls(used) | smpp)
    at = server.ready["protocols"]["smpp"]
    of_smpp = httpx2.URL(f"smpp://{at['host']}:{at['port']}")
    first_of_smpp = shown(of_smpp)
    url = httpx2.URL(server.url)
    trusting = ssl.create_default_context(cafile=str(used[0]))
    with httpx2.Client(verify=trusting, timeout=HANG_S) as client:
        answer = client.get(f"{server.url}/livez")
    before = shown(url)

    server.wait_until_logged(f"The certificate {used[0]} ends on")  # tomorrow
    other = make_certificate(tmp_path, "other")
    other[0].replace(used[0])
    server.wait_until_logged("does not fit the key")
    meanwhile = shown(url)
    other[1].replace(used[1])
    server.wait_until_logged("the certificate was read anew")

    assert url.scheme == "https"
    assert answer.status_code == 200
    assert before.strip() == meanwhile.strip() == first.strip()
    assert shown(url).strip() == used[0].read_bytes().strip() != first.strip()

    another = make_certificate(tmp_path, "another", ended=True)
    for place in (1, 0):
        another[place].replace(for_smpp[place])
    server.process.send_signal(signal.SIGHUP)  # which is quicker than the look of every second
    server.wait_until_logged(f"file={for_smpp[0]}")

    server.wait_until_logged(f"The certificate {for_smpp[0]} ended on")
    assert shown(of_smpp).strip() == for_smpp[0].read_bytes().strip() != first_of_smpp.strip()


def test_a_certificate_that_can_not_be_used_is_one_sentence(tmp_path: Path) -> None:
    one, other = make_certificate(tmp_path, "one"), make_certificate(tmp_path, "other")
    locked = make_certificate(tmp_path, "locked", b"secret")
    (tmp_path / "empty").write_text("")
    (tmp_path / "cut").write_bytes(one[0].read_bytes()[:200])

    def told(certificate: Path, key: Path) -> str:
        with pytest.MonkeyPatch.context() as patched:
            for name, value in tls((certificate, key)).items():
                patched.setenv(name, value)
            return refused("--data-dir", str(tmp_path / "data"))

    assert f"The certificate {one[0]} does not fit the key {other[1]}" in told(one[0], other[1])
    assert f"The key {locked[1]} is encrypted" in told(*locked)
    assert f"{tmp_path / 'none'} of tls_certificate cannot be read: No such file" in told(tmp_path / "none", one[1])
    assert f"{tmp_path} of tls_key cannot be read: Is a directory" in told(one[0], tmp_path)
    assert f"There is no certificate in {tmp_path / 'empty'}: tls_certificate must" in told(tmp_path / "empty", one[1])
    assert f"There is no private key in {one[0]}: tls_key must be a file of one in PEM" in told(one[0], one[0])
    assert f"{tmp_path / 'cut'} with the key {one[1]} cannot be used" in told(tmp_path / "cut", one[1])


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HELIOGRAPH_TLS_CERTIFICATE", "x.pem")

        assert "tls_key must be given with the other" in refused("--data-dir", str(tmp_path / "data"))


def forwarded(url: str, transport: httpx2.HTTPTransport | None = None) -> tuple[int, int]:
    """Who may read the metrics: this machine, and somebody else by a proxy."""
    with httpx2.Client(transport=transport, timeout=HANG_S) as client:
        own = client.get(f"{url}/metrics")
        stranger = client.get(f"{url}/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    return own.status_code, stranger.status_code


@pytest.mark.parametrize(
    ("trusted", "seen"), [("127.0.0.0/8", (200, 404)), ("", (200, 200)), ("10.0.0.0/8", (200, 200))]
)
def test_which_proxies_are_believed_is_a_setting(
    tmp_path: Path, start_server: StartServer, trusted: str, seen: tuple[int, int]
) -> None:
    server = start_server(tmp_path / "data", environment={"HELIOGRAPH_TRUSTED_PROXIES": trusted})

    assert forwarded(server.url) == seen


def test_a_proxy_on_this_machine_comes_by_a_unix_socket(tmp_path: Path, start_server: StartServer) -> None:
    path = tmp_path / "socket"
    with closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(path))
    settings = {"HELIOGRAPH_PUBLIC_URL": "https://sms.example.org", "HELIOGRAPH_TRUSTED_PROXIES": ""}
    server = start_server(tmp_path / "data", "--host", f"unix:{path}", environment=settings)
    transport = httpx2.HTTPTransport(uds=str(path))

    assert forwarded("http://sms.example.org", transport) == (200, 404)
    assert server.url == "https://sms.example.org"
    assert path.stat().st_mode & 0o777 == 0o660
    told = refused("--data-dir", str(tmp_path / "other"), "--host", f"unix:{path}")
    assert "public_url must be given" in told
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HELIOGRAPH_PUBLIC_URL", "https://sms.example.org")
        assert f"The socket {path} cannot be used" in refused(
            "--data-dir", str(tmp_path / "other"), "--host", f"unix:{path}"
        )
    assert server.stop() == 0
    assert not path.exists()


def test_a_stop_does_not_wait_for_ever_for_a_provider_that_does_not_answer(
    tmp_path: Path, start_server: StartServer
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        provider = {"type": "webhook", "url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "json": {"to": "${to}"}}
        settings = {
            "HELIOGRAPH_PROVIDERS": json.dumps({"out": provider}),
            "HELIOGRAPH_DEFAULT_PROVIDER": "out",
            "HELIOGRAPH_SANDBOX": "on",
            "HELIOGRAPH_DRAIN_S": "0.2",
        }
        server = start_server(tmp_path / "data", environment=settings)
        with Client(server.url, server.token) as client:
            sent = client.messages.send(to="+33655000009", text="x")
        connection, _ = silent.accept()
        with closing(connection):
            connection.recv(1)
            code = server.stop()
        server.wait_until_logged("stopped before providers had answered")

        again = start_server(tmp_path / "data", environment=settings)
        with again.client() as client:
            status = client.messages.get(sent.id).status
        again.stop()

    assert code == 0
    assert status == "unknown"
