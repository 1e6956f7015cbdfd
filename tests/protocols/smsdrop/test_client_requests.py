"""Each request that our client writes, held against the one that a published client writes for the same call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest

from heliograph.protocols.smsdrop import AsyncClient, Campaign, Client, MessageType
from heliograph.protocols.smsdrop.errors import BadCredentialsError, SmsdropError

from .conftest import FIRST, SECOND, Published, PublishedError

pytestmark = pytest.mark.slow

LATER = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Recorded(NamedTuple):
    method: str
    path: str
    """With its query."""
    body: Any
    authorization: str | None
    content_type: str | None


class Recorder:
    """Stands where smsdrop would: logs everybody in, keeps each request, and fails it."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kind = self.headers.get("Content-Type")
                read = parse_qs(body.decode()) if kind and "form" in kind else json.loads(body) if body else None
                requests.append(Recorded(self.command, self.path, read, self.headers.get("Authorization"), kind))
                logs_in = self.path.endswith("/login")
                answer = b'{"access_token": "T", "token_type": "bearer"}' if logs_in else b"{}"
                self.send_response(200 if logs_in else 500)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


READ_ONLY = {"id", "delivery_percentage", "message_count", "sms_count", "status"}


def asked(recorder: Recorder) -> list[Recorded]:
    """Without what says nothing: fields that are the server's own, and those that are empty."""
    found = []
    for request in recorder.requests:
        body = request.body
        if isinstance(body, dict) and "recipient_list" in body:
            body = {name: value for name, value in body.items() if name not in READ_ONLY and value}
        found.append(request._replace(body=body))
    recorder.requests.clear()
    return found


FULL: dict[str, Any] = {
    "message": "Hello",
    "sender": "Acme",
    "recipient_list": ["+33612345678"],
    "title": "Spring",
    "message_type": 1,
    "defer_by": 60,
}

CALLS: list[tuple[str, Callable[[Published], Any], Callable[[Client], Any], Callable[[AsyncClient], Any]]] = [
    (
        "launch",
        lambda published: published.launch(**FULL),
        lambda client: client.launch(ours()),
        lambda client: client.launch(ours()),
    ),
    (
        "send_message",
        lambda published: published.call("send_message", message="Hi", sender="Acme", phone="336"),
        lambda client: client.send_message("Hi", "Acme", "336"),
        lambda client: client.send_message("Hi", "Acme", "336"),
    ),
    (
        "defer_until",
        lambda published: published.launch(recipient_list=["336"], defer_until=LATER.isoformat()),
        lambda client: client.launch(Campaign("Hello", "Acme", ["336"], defer_until=LATER)),
        lambda client: client.launch_campaign(Campaign("Hello", "Acme", ["336"], defer_until=LATER)),
    ),
    (
        "retry",
        lambda published: published.retry({"id": "c-1"}),
        lambda client: client.retry_campaign("c-1"),
        lambda client: client.retry(Campaign("x", "x", ["336"], id="c-1")),
    ),
    (
        "list",
        lambda published: published.campaigns(skip=2, limit=5),
        lambda client: client.read_campaigns(skip=2, limit=5),
        lambda client: client.get_campaigns(skip=2, limit=5),
    ),
    (
        "profile",
        lambda published: published.profile(),
        lambda client: client.read_me(),
        lambda client: client.get_profile(),
    ),
    (
        "subscription",
        lambda published: published.subscription(),
        lambda client: client.read_subscription(),
        lambda client: client.get_subscription(),
    ),
]


def ours() -> Campaign:
    return Campaign(
        "Hello",
        "Acme",
        ["+33612345678"],
        title="Spring",
        message_type=MessageType.FLASH_MESSAGE,
        defer_by=60,
    )


@pytest.mark.parametrize(("theirs", "sync", "waiting"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS])
@pytest.mark.parametrize(("version", "prefix"), [(FIRST, ""), (SECOND, "/api")])
async def test_each_call_is_written_as_the_published_client_writes_it(
    packages: Callable[[str], Path],
    recorder: Recorder,
    version: str,
    prefix: str,
    theirs: Callable[[Published], Any],
    sync: Callable[[Client], Any],
    waiting: Callable[[AsyncClient], Any],
) -> None:
    published = Published(version, packages(version), recorder.url, "me@example.org", "secret+&")
    with pytest.raises(PublishedError, match="ServerError"):
        theirs(published)
    published.close()
    expected = asked(recorder)

    with Client("me@example.org", "secret+&", recorder.url, prefix=prefix) as client, pytest.raises(SmsdropError):
        sync(client)
    written = asked(recorder)
    async with AsyncClient("me@example.org", "secret+&", recorder.url, prefix=prefix) as waits:
        with pytest.raises(SmsdropError):
            await waiting(waits)

    assert len(expected) == 2
    assert written == asked(recorder) == expected
    assert expected[0].body == {"username": ["me@example.org"], "password": ["secret+&"]}


def test_both_say_the_same_of_a_wrong_password(server: Any, connect: Any) -> None:
    ready = server.ready["protocols"]["smsdrop"]
    with pytest.raises(PublishedError, match="BadCredentialsError"):
        connect(SECOND, server, password="wrong").profile()
    with Client(ready["email"], "wrong", ready["context"]) as client, pytest.raises(BadCredentialsError):
        client.get_profile()
