"""What the SDK does again by itself, and what it must not: against a server whose answers are lost on the way."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import httpx2
import pytest

from heliograph import AsyncClient, Client, errors
from heliograph.calling import Unreachable
from heliograph.sdk import retrying

if TYPE_CHECKING:
    from tests.conftest import Server


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


class Lost(NamedTuple):
    """The request is handed on, and its answer never told."""


class Held(NamedTuple):
    """The request is answered by nobody until all is over."""


Behaviour = Answer | Lost | Held


class Between:
    """A server before the real one, which does as it is told and then hands on; it keeps what it was asked."""

    def __init__(self, behaviour: list[Behaviour], behind: str | None) -> None:
        self.asked: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.behaviour = behaviour
        self.behind = behind
        self.url = ""
        self.over = threading.Event()

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer | None:
        """Give the answer; None: none is given."""
        self.asked.append((method, path, body, headers))
        done = self.behaviour.pop(0) if self.behaviour else None
        if isinstance(done, Answer):
            return done
        if isinstance(done, Held):
            self.over.wait()
            return None
        assert self.behind is not None
        passed = {name: headers[name] for name in ("authorization", "content-type", "x-request-id") if name in headers}
        real = httpx2.request(method, self.behind + path, content=body, headers=passed)
        return None if isinstance(done, Lost) else Answer(real.status_code, real.content, dict(real.headers))


@contextmanager
def between(*behaviour: Behaviour, behind: str | None = None) -> Iterator[Between]:
    middle = Between(list(behaviour), behind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            given = middle.answer(self.command, self.path, body, {k.lower(): v for k, v in self.headers.items()})
            if given is None:
                self.close_connection = True
                return
            self.send_response(given.status)
            for name, value in given.headers.items():
                if name.lower() in {"retry-after", "x-request-id", "content-type", "location"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_GET = do_POST = do_DELETE = do_PUT = _any

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    middle.url = f"http://127.0.0.1:{listening.server_port}"
    try:
        yield middle
    finally:
        middle.over.set()
        listening.shutdown()
        thread.join()
        listening.server_close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that nobody asked for are short here."""
    monkeypatch.setattr(retrying, "FIRST_S", 0.001)


def refusal(code: str, status: int, *, retryable: bool = False, **headers: str) -> Answer:
    detail = {"code": code, "message": "It went wrong.", "hint": "", "field": None, "retryable": retryable}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"error": detail}).encode(), named)


async def test_what_was_sent_and_not_answered_is_not_sent_again(
    server: Server, new_number: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "heliograph.sdk")
    one, two = new_number(), new_number()
    busy = refusal("store_unavailable", 503, retryable=True)
    with between(Lost(), busy, behind=server.url) as middle:
        with Client(middle.url, server.token) as client:
            sent = client.messages.send(to=one, text="Secret 4711")
            client.messages.wait_for_delivery(sent.id)
            keys = {json.loads(body)["idempotency_key"] for method, _, body, _ in middle.asked if method == "POST"}
            on_phone = client.sandbox.messages(one)
        middle.behaviour[:] = [Lost(), Answer(502)]
        async with AsyncClient(middle.url, server.token) as other:
            again = await other.batches.send(to=[two], text="Bye")
            listed = [each.to async for each in other.messages.list(to=two)]

    assert (len(keys), len(on_phone), on_phone[0].text) == (1, 1, "Secret 4711")
    assert (again.recipient_count, listed) == (1, [two])
    assert "POST /v1/messages: no answer" in caplog.text
    for unwanted in ("Secret", "4711", server.token, one[1:]):
        assert unwanted not in caplog.text


READ = ("GET", lambda client: client.messages.get("x"))
MADE = ("POST", lambda client: client.groups.create(name="x"))
SENT = ("POST", lambda client: client.messages.send(to="+33612345678", text="x"))
KNOWN = refusal("not_found", 404)


@pytest.mark.parametrize(
    ("call", "first", "attempts"),
    [
        (READ, Answer(503), 2),
        (READ, Answer(502, b"<html>"), 2),
        (READ, refusal("unavailable", 503, retryable=True), 2),
        (READ, refusal("internal_error", 500), 1),
        (READ, refusal("wait_timed_out", 408, retryable=True), 1),
        (READ, Answer(429), 2),
        (READ, Answer(429, headers={"Retry-After": "0"}), 2),
        (READ, Answer(429, headers={"Retry-After": "3600"}), 1),
        (READ, refusal("too_many_logins", 429), 1),
        (SENT, Answer(504), 2),
        (SENT, refusal("rate_limited", 429, Retry_After="0"), 2),
        (SENT, refusal("rate_limited", 429, Retry_After="Thu, 01 Jan 2026 00:00:00 GMT"), 2),
        (SENT, refusal("invalid_recipient", 400), 1),
        (MADE, Answer(503), 1),
        (MADE, refusal("store_unavailable", 503, retryable=True), 1),
        (MADE, refusal("rate_limited", 429, Retry_After="0"), 2),
        (MADE, Answer(302, headers={"Location": "http://127.0.0.1:1/"}), 1),
    ],
)
def test_only_what_can_do_no_harm_is_repeated(
    call: tuple[str, Callable[[Client], object]], first: Answer, attempts: int
) -> None:
    with (
        between(first, KNOWN) as middle,
        Client(middle.url, "t", max_retries=1) as client,
        pytest.raises(errors.HeliographError) as told,
    ):
        call[1](client)

    assert [method for method, *_ in middle.asked] == [call[0]] * attempts
    assert told.value.status == (404 if attempts == 2 else first.status)
    assert len({headers["x-request-id"] for *_, headers in middle.asked}) == attempts


def test_options_are_of_the_client_or_of_a_call() -> None:
    with between(*[Answer(503)] * 9) as middle, Client(middle.url, "t", max_retries=3) as client:
        for each, attempts in ((client, 4), (client.with_options(max_retries=0, timeout=1), 1)):
            middle.asked.clear()
            with pytest.raises(errors.HeliographError):
                each.messages.get("x")
            assert len(middle.asked) == attempts
    with between(Held()) as middle, Client(middle.url, "t") as client, pytest.raises(Unreachable) as slow:
        client.with_options(timeout=0.05, max_retries=0).messages.get("x")
    for wrong in ({"timeout": 0}, {"timeout": float("nan")}, {"max_retries": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Client("http://127.0.0.1:1", "t", **wrong)  # type: ignore[arg-type]

    assert (slow.value.status, len(slow.value.request_id or "")) == (None, 32)


def test_a_client_of_ones_own_is_used_and_not_closed(server: Server) -> None:
    seen: list[str] = []
    own = httpx2.Client(event_hooks={"request": [lambda request: seen.append(request.url.path)]})

    with Client(server.url, server.token, http_client=own) as client, pytest.raises(errors.NotFound) as unknown:
        client.messages.get("x")

    assert (seen, own.is_closed, unknown.value.status) == (["/v1/messages/x"], False, 404)
    assert "authorization" not in own.headers
    own.close()


@pytest.mark.parametrize("said", ["abc-1", "two words", "x" * 65, ""])
def test_the_server_names_a_request_as_its_caller_does(server: Server, said: str) -> None:
    headers = {"Authorization": f"Bearer {server.token}", "X-Request-Id": said}

    answered = httpx2.get(f"{server.url}/v1/messages/x", headers=headers).headers.get_list("x-request-id")

    assert len(answered) == 1
    assert (answered == [said]) is (said == "abc-1")
    assert len(answered[0]) in {5, 32}


def test_a_path_is_logged_without_the_numbers_in_it() -> None:
    path = "/v1/optouts/%2B33612345678/33612345678/ann%40example.org/01KB/phones"

    assert retrying.shown(path) == "/v1/optouts/…/…/…/01KB/phones"
