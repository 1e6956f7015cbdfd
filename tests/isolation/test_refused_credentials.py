"""Every credential that is refused is counted, at whichever door: a rise is somebody who tries."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections import Counter
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.patience import HANG_S

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

PROVIDER = {"type": "isendpro", "host": "http://127.0.0.1:9", "keyid": "k"}
OAUTH = {"grant_type": "client_credentials"}
WRONG = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def watched(start_server: StartServer) -> Server:
    return start_server(environment={"HELIOGRAPH_PROVIDERS": json.dumps({"far": PROVIDER})})


def refused(server: Server) -> Counter[str]:
    text = httpx2.get(f"{server.url}/metrics", timeout=HANG_S).text
    found = re.findall(r'^heliograph_credentials_refused_total\{kind="(\w+)"\} (\d+)', text, re.MULTILINE)
    return Counter({kind: int(count) for kind, count in found})


@pytest.mark.parametrize(
    ("kind", "method", "path", "more"),
    [
        ("api_key", "GET", "/v1/account", {"headers": {"Authorization": f"Bearer hg_{WRONG}"}}),
        ("session", "GET", "/v1/session", {"headers": {"Authorization": f"Bearer hs_{WRONG}"}}),
        ("person", "POST", "/v1/session", {"json": {"email": "nobody@example.org", "password": WRONG}}),
        ("invitation", "GET", f"/invitation/{WRONG}", {}),
        ("xms", "GET", f"/xms/v1/{WRONG}/batches", {"headers": {"Authorization": f"Bearer {WRONG}"}}),
        ("smscx", "GET", "/smscx/account/balance", {"headers": {"X-API-Key": f"sc_{WRONG}"}}),
        ("access_token", "GET", "/smscx/account/balance", {"headers": {"Authorization": f"Bearer {WRONG}"}}),
        (
            "application",
            "POST",
            "/smscx/oauth/token",
            {"data": OAUTH, "auth": (WRONG, "x")},
        ),
        ("smsdrop", "POST", "/smsdrop/auth/login", {"data": {"username": "nobody@example.org", "password": WRONG}}),
        ("smsdrop_token", "GET", "/smsdrop/users/me", {"headers": {"Authorization": f"Bearer {WRONG}"}}),
        ("isendpro", "GET", f"/isendpro/cgi-bin/credit?credit=1&keyid={WRONG}", {}),
        ("twilio", "GET", f"/2010-04-01/Accounts/AC{WRONG}/Messages.json", {"auth": (f"AC{WRONG}", "x")}),
        ("provider", "POST", f"/providers/far/{WRONG}", {}),
        ("console", "GET", f"/login?key={WRONG}", {}),
    ],
)
def test_a_refused_credential_is_counted(
    watched: Server, kind: str, method: str, path: str, more: dict[str, object]
) -> None:
    before = refused(watched)

    answer = httpx2.request(method, watched.url + path, timeout=HANG_S, **more)

    assert 400 <= answer.status_code < 500
    assert refused(watched) - before == {kind: 1}


def test_a_refused_bind_is_counted(watched: Server) -> None:
    before, smpp = refused(watched), watched.ready["protocols"]["smpp"]
    body = smpp["system_id"].encode() + b"\0wrong\0\0\x34\0\0\0"

    with socket.create_connection((smpp["host"], smpp["port"]), timeout=HANG_S) as client:
        client.sendall(struct.pack(">IIII", 16 + len(body), 9, 0, 1) + body)
        status = struct.unpack(">IIII", client.recv(1_000)[:16])[2]

    assert status
    assert refused(watched) - before == {"smpp": 1}
