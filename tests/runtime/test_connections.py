"""Connections that take more than their share are closed, and others are served meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.conftest import Server, StartServer
from tests.patience import HANG_S, once_found

QUICK = {
    "HELIOGRAPH_HEADER_TIMEOUT_S": "1",
    "HELIOGRAPH_BODY_TIMEOUT_S": "1",
    "HELIOGRAPH_CONNECTIONS_PER_ADDRESS": "20",
    "HELIOGRAPH_HEADER_BYTES": "4096",
    "HELIOGRAPH_HEADERS": "30",
}
HALF_HEADERS = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
Connect = Callable[[bytes], socket.socket]


@pytest.fixture(scope="module")
def strict(start_server: StartServer) -> Server:
    return start_server(environment=QUICK)


@pytest.fixture
def connect(strict: Server) -> Iterator[Connect]:
    """Opens a connection and sends something; all are closed in the end."""
    parts = urlsplit(strict.url)
    with ExitStack() as stack:

        def opened(sent: bytes) -> socket.socket:
            connection = stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=HANG_S))
            connection.sendall(sent)
            return connection

        yield opened


def answer(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    told = b""
    with suppress(ConnectionResetError):
        while block := connection.recv(65_536):
            told += block
    return told


def half_a_body(server: Server) -> bytes:
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode()


def test_headers_that_do_not_come_are_not_waited_for(connect: Connect) -> None:
    assert answer(connect(HALF_HEADERS)).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_does_not_come_is_not_waited_for(strict: Server, connect: Connect) -> None:
    assert answer(connect(half_a_body(strict))).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_asks_nothing_is_closed(connect: Connect) -> None:
    assert answer(connect(b"")) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X-%d: 1\r\n" % number for number in range(31)),
        b"X: " + b"a" * 5_000 + b"\r\n",
        b"X" * 5_000 + b": 1\r\n",
        b"X: " + b"a" * 500_000,  # it never ends
    ],
    ids=["many", "long value", "long name", "endless"],
)
def test_headers_are_neither_many_nor_large(connect: Connect, head: bytes) -> None:
    connection = connect(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    with suppress(BrokenPipeError, ConnectionResetError):  # it may be refused before all of it was sent
        connection.sendall(head + b"\r\n")

    told = answer(connection)

    assert told == b"" or told.startswith(b"HTTP/1.1 431 ")


def test_a_long_address_is_refused(connect: Connect) -> None:
    told = answer(connect(b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"))

    assert told.startswith(b"HTTP/1.1 431 ")


def test_half_sent_requests_shut_nobody_out(strict: Server, connect: Connect) -> None:
    """There are fifteen times as many as there are places."""
    half_sent = []
    for number in range(300):
        half_sent.append(connect(half_a_body(strict) if number % 2 else HALF_HEADERS))
        if number % 30 == 0:
            assert httpx2.get(f"{strict.url}/healthz", timeout=HANG_S).status_code == 200

    assert {answer(connection)[:13] for connection in half_sent} <= {b"HTTP/1.1 408 ", b""}


def test_who_reads_no_answer_and_leaves_a_request_half_sent_is_not_waited_for(strict: Server) -> None:
    """What was answered lies in the way of the refusal, so that the connection can't end as others do."""
    parts = urlsplit(strict.url)
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        caller.connect((parts.hostname, parts.port))
        caller.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20 + HALF_HEADERS)

        assert once_found(lambda: not is_held(caller))


def is_held(caller: socket.socket) -> bool:
    """Say whether the server has this connection open: its end is established (proc(5), /proc/net/tcp)."""
    ends = [f"{port:04X}" for _, port in (caller.getpeername(), caller.getsockname())]
    rows = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [state for *both, state in rows if [end.rpartition(":")[2] for end in both] == ends] == ["01"]


def test_an_answer_may_take_longer_than_a_request(strict: Server, new_number: Callable[[], str]) -> None:
    answered = httpx2.get(
        f"{strict.url}/v1/sandbox/phones/{new_number()}/messages/wait",
        params={"timeout_s": 4},
        headers={"Authorization": f"Bearer {strict.token}"},
        timeout=HANG_S,
    )

    assert answered.status_code == 408
    assert answered.json()["error"]["code"] == "wait_timed_out"


def test_a_connection_is_used_again(strict: Server) -> None:
    with httpx2.Client(base_url=strict.url) as client:
        assert [client.get("/healthz").status_code for _ in range(50)] == [200] * 50
