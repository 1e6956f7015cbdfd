"""Whatever is sent to a door: it answers, in its own words, and is never at fault itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.patience import HANG_S

from heliograph.api import wire
from heliograph.protocols.xms import wire as xms_wire

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
likely_values = st.sampled_from(
    [
        "+33612345678",
        ["33612345678"],
        "Hello",
        "",
        "2030-01-01T00:00:00Z",
        "AAEC",
        "00",
        1,
        2**63,
        10**40,
        {"x": {}},
        [],
    ]
)


def bodies(shape: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the fields of `shape`, and anything at all in them."""
    names = st.sampled_from([field.encode_name for field in msgspec.structs.fields(shape)])
    return st.dictionaries(names | st.text(max_size=5), json_values | likely_values, max_size=8)


# The server is the same for all examples, and a busy machine is no failure.
patiently = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def abused(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture(scope="module")
def native(abused: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{abused.url}/v1", headers=declared(abused.token)) as client:
        yield client


@pytest.fixture(scope="module")
def plan(abused: Server) -> Iterator[httpx2.Client]:
    ready = abused.ready["protocols"]["xms"]
    address = f"{ready['endpoint']}/v1/{ready['service_plan_id']}"
    with httpx2.Client(base_url=address, headers=declared(ready["token"])) as client:
        yield client


def declared(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


@given(body=bodies(wire.SendMessage) | bodies(wire.CreateBatch) | json_values)
@patiently
def test_the_native_door_is_never_at_fault(native: httpx2.Client, body: object) -> None:
    for path in ("/messages", "/batches", "/batches/dry_run"):
        answer = native.post(path, content=msgspec.json.encode(body))

        assert answer.status_code in {200, 201, 400}
        if answer.status_code == 400:
            error = msgspec.json.decode(answer.content, type=wire.ErrorBody).error
            assert error.message and error.hint


@given(body=bodies(xms_wire.BatchCreate) | json_values)
@patiently
def test_the_xms_door_is_never_at_fault(plan: httpx2.Client, body: object) -> None:
    for path in ("/batches", "/batches/dry_run"):
        answer = plan.post(path, content=msgspec.json.encode(body))

        assert answer.status_code in {200, 201, 400, 403}
        if answer.status_code >= 400:
            assert msgspec.json.decode(answer.content, type=xms_wire.ErrorReply).code


def raw(server: Server, *parts: bytes) -> bytes:
    """What the server answers to these bytes, until it closes or is silent once the answer is whole."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=HANG_S) as connection:
        for part in parts:
            connection.sendall(part)
        return connection.recv(65_536)


def test_a_length_that_is_none_is_refused(abused: Server) -> None:
    for length in (b"x", b"-1", b"9" * 30):
        answer = raw(abused, b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n{}")

        assert answer.startswith(b"HTTP/1.1 400 ")


def test_an_announced_length_beyond_the_limit_is_refused_before_the_body_comes(abused: Server) -> None:
    authorization = f"Authorization: Bearer {abused.token}\r\n".encode()

    answer = raw(
        abused,
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
        authorization + b"Content-Length: 1000000000000\r\n\r\n{",
    )

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_caller_who_hangs_up_is_no_error_of_ours(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    host, port = server.url.removeprefix("http://").split(":")
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
    for _ in range(3):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    with server.client() as client:
        heard = client.messages.list()
        assert list(heard) == []

    server.stop()

    assert Path(server.log.name).read_text() == ""
