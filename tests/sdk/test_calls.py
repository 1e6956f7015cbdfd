"""The calls without a server: they are fed answers, and what they ask for is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

import pytest

from heliograph import errors
from heliograph.api import wire
from heliograph.calling import Call, Request, Response, encoded
from heliograph.sdk import calls
from heliograph.sdk.resources.batches import Batches
from heliograph.sdk.resources.messages import Messages
from heliograph.sdk.resources.optouts import OptOuts
from heliograph.sdk.resources.sandbox import Sandbox

T = TypeVar("T")


def classes(root: type[errors.HeliographError]) -> Iterator[type[errors.HeliographError]]:
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


def refusal(code: str, *, retryable: bool = False, field: str | None = None) -> Response:
    detail = {"code": code, "message": "It went wrong.", "hint": "Mend it.", "field": field, "retryable": retryable}
    return Response(400, json.dumps({"error": detail}).encode())


class Safe(str):
    """As Django's templates make strings; its own `str` is no plain one either."""

    def __str__(self) -> str:
        return self


def test_a_string_of_another_class_is_the_string_that_it_is() -> None:
    body = wire.SendMessage(to=Safe("+33612345678"), text=Safe("Hello"), parameters={"name": Safe("Ann")})

    sent = next(calls.post(wire.Message, body, "messages"))
    asked = next(calls.get(wire.MessagePage, "messages", to=Safe("+33612345678")))

    assert json.loads(sent.body or b"")["text"] == "Hello"
    assert asked.query == {"to": "+33612345678"}
    with pytest.raises(TypeError):
        encoded({"at": object()})


@pytest.mark.parametrize(
    "kind", sorted(set(classes(errors.HeliographError)), key=lambda kind: (kind.code, kind.__name__))
)
def test_each_error_arrives_as_its_class(kind: type[errors.HeliographError]) -> None:
    raised = calls.error_in(refusal(kind.code, field="to"))

    assert type(raised) is kind
    assert (raised.message, raised.field) == ("It went wrong.", "to")


@pytest.mark.parametrize(("retryable", "kind"), [(True, errors.NotNow), (False, errors.RequestError)])
def test_an_error_of_a_newer_server_is_told_with_its_code(retryable: bool, kind: type[errors.HeliographError]) -> None:
    raised = calls.error_in(refusal("not_invented_yet", retryable=retryable))

    assert type(raised) is kind
    assert (raised.message, raised.retryable) == ("It went wrong. (not_invented_yet)", retryable)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "no"}', b'{"code": "x", "text": "y"}', b"\xff"])
def test_an_error_that_heliograph_never_gives_is_told_as_that(body: bytes) -> None:
    assert type(calls.error_in(Response(502, body))) is calls.UnexpectedAnswer


class Scripted:
    """A transport that answers from a list, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = [Response(200, json.dumps(answer).encode()) for answer in answers]
        self.asked: list[Request] = []

    def run(self, call: Call[T]) -> T:
        request = next(call)
        while True:
            self.asked.append(request)
            try:
                request = call.send(self.answers.pop(0))
            except StopIteration as finished:
                result: T = finished.value
                return result


def optout(number: str) -> dict[str, str]:
    return {"number": number, "source": "api", "created_at": "2026-01-01T00:00:00Z"}


def test_a_page_is_fetched_when_its_first_item_is_asked_for() -> None:
    transport = Scripted({"items": [optout("+1"), optout("+2")], "next": "+2"}, {"items": [optout("+3")], "next": None})

    listing = OptOuts(transport).list(page_size=2)  # type: ignore[arg-type]
    before = len(transport.asked)
    first = [entry.number for entry in islice(listing, 2)]
    after_the_first = len(transport.asked)
    rest = [entry.number for entry in listing]

    assert (before, after_the_first, len(transport.asked)) == (0, 1, 2)
    assert (first, rest) == (["+1", "+2"], ["+3"])
    assert [request.query for request in transport.asked] == [{"limit": "2"}, {"limit": "2", "after": "+2"}]


def test_a_listing_is_taken_page_by_page() -> None:
    transport = Scripted({"items": [optout("+1"), optout("+2")], "next": "+2"}, {"items": [optout("+3")], "next": None})

    listing = OptOuts(transport).list(page_size=2)  # type: ignore[arg-type]
    first_item = next(listing)
    pages = [listing.next_page(), listing.next_page(), listing.next_page()]

    assert first_item.number == "+1"
    assert [page and ([each.number for each in page.items], page.is_last) for page in pages] == [
        (["+2"], False),
        (["+3"], True),
        None,
    ]
    assert (list(listing), len(transport.asked)) == ([], 2)


def test_who_it_is_from_has_two_names() -> None:
    for given in ({"originator": "Acme"}, {"from_": "Acme"}, {"originator": "Acme", "from_": "Acme"}):
        transport = Scripted({"recipients": 1, "parts": 1, "price": "0", "failing": 0, "failures": []})
        Batches(transport).dry_run(to=["+33612345678"], text="x", **given)  # type: ignore[arg-type]
        assert json.loads(transport.asked[0].body or b"")["from"] == "Acme"
    with pytest.raises(TypeError, match="two names"):
        Batches(Scripted()).send(to=[], text="x", originator="Acme", from_="Other")  # type: ignore[arg-type]


def test_an_empty_listing_is_one_request() -> None:
    transport = Scripted({"items": [], "next": None})

    assert list(Messages(transport).list(to="+33612345678", status="sent")) == []  # type: ignore[arg-type]
    assert [(request.method, request.path, request.query) for request in transport.asked] == [
        ("GET", "/v1/messages", {"limit": "100", "to": "+33612345678", "status": "sent"})
    ]


def test_numbers_and_words_are_escaped_where_they_stand() -> None:
    transport = Scripted({"inbound_id": "x"})

    Sandbox(transport, {}).reply("+33 6/12?", to="Acme", text='"')  # type: ignore[arg-type]

    assert transport.asked[0].path == "/v1/sandbox/phones/%2B33%206%2F12%3F/replies"
    assert json.loads(transport.asked[0].body or b"") == {"to": "Acme", "text": '"'}


def test_a_wait_ends_when_its_time_is_over() -> None:
    call = calls.wait(wire.SentReply, "a", timeout_s=0.5)
    request = next(call)

    with pytest.raises(errors.WaitTimedOut):
        call.send(refusal("wait_timed_out", retryable=True))

    assert 0 <= request.waits_s <= 0.5


def test_a_wait_does_not_outlive_another_refusal() -> None:
    call = calls.wait(wire.SentReply, "a", timeout_s=100)
    next(call)

    with pytest.raises(errors.ShuttingDown):
        call.send(refusal("shutting_down", retryable=True))
