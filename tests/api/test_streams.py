"""Server-sent events: what they say, how they go on after an interruption, and what bounds them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from itertools import islice, takewhile
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.patience import HANG_S

from heliograph import errors
from heliograph.api import streams
from heliograph.domain.accounts import Scope
from heliograph.domain.ids import earliest_at, made_at_ms
from heliograph.services import waits

if TYPE_CHECKING:
    from tests.api.conftest import InProcess
    from tests.conftest import Server


def events_in(text: str) -> list[tuple[str, Any]]:
    """The events of a stream, by identifier."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if "data" in fields:
            found.append((fields["id"], json.loads(fields["data"])))
    return found


def test_progress_is_told_to_its_end_and_to_nobody_who_has_seen_that(
    server: Server, new_number: Callable[[], str]
) -> None:
    number, other = new_number(), new_number()
    headers = {"Authorization": f"Bearer {server.token}"}
    with server.client() as client, httpx2.Client(base_url=f"{server.url}/v1", headers=headers, timeout=HANG_S) as http:
        message = client.messages.send(to=number, text="One")
        batch = client.batches.send(to=[number, other], text="Two")
        begun = client.imports.start(f"tel\n{number}\n{other}\n".encode(), group=f"Streamed {number}")
        for path, is_over in (
            (f"/messages/{message.id}/events", lambda each: each["status"] == "delivered"),
            (f"/batches/{batch.id}/events", lambda each: each["settled"] == each["total"] == 2),
            (f"/imports/{begun.id}/events", lambda each: (each["state"], each["added"]) == ("done", 2)),
        ):
            answer = http.get(path)
            told = events_in(answer.text)
            again = http.get(path, headers={"Last-Event-ID": told[-1][0]})
            anew = events_in(http.get(path, headers={"Last-Event-ID": "another"}).text)

            assert [is_over(each) for _, each in told] == [False] * (len(told) - 1) + [True]
            assert len({identifier for identifier, _ in told}) == len(told)
            assert (again.status_code, again.content, anew) == (204, b"", told[-1:])
            kept = [answer.headers[name] for name in ("Content-Type", "X-Accel-Buffering", "Cache-Control")]
            assert kept == ["text/event-stream", "no", "no-store"]

        assert list(client.messages.events(message.id)) == [client.messages.get(message.id)]
        assert [each.settled for each in client.batches.events(batch.id)] == [2]
        assert [each.state for each in client.imports.events(begun.id)] == ["done"]
        with pytest.raises(errors.NotFound):
            next(client.messages.events(batch.id))


def test_inbound_messages_come_as_they_are_sent_and_again_from_where_one_was(
    server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with server.client() as client:
        first = client.sandbox.reply(number, to="Acme", text="First")
        coming = client.inbound.events(number=number, after=first)
        sent = [client.sandbox.reply(number, to="Acme", text=f"No. {place}") for place in range(3)]
        assert [each.id for each in islice(coming, 3)] == sent

        late = client.sandbox.reply(number, to="Acme", text="Late")
        assert next(coming).id == late
        anew = [
            each.id
            for each in takewhile(lambda each: each.id != late, client.inbound.events(number=number, after=sent[1]))
        ]
        assert sent[2] in anew


async def test_what_is_committed_late_is_told_once(shared: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are there only after later ones are told too, and none twice; more than fit are told at once."""
    monkeypatch.setattr(streams, "_AT_ONCE", 2)
    now = 10**12
    rows = [earliest_at(now + ms) for ms in (0, 5, 10, 15, 20)]
    there = {rows[0], rows[2], rows[4]}

    async def next_after(after: str, limit: int) -> Any:
        return [SimpleNamespace(id=each) for each in sorted(there) if each > after][:limit]

    account = await shared.platform.services.accounts.ensure("sandbox")
    request = SimpleNamespace(headers={"last-event-id": earliest_at(now - 1)})
    call: Any = SimpleNamespace(request=request, account=account, query=SimpleNamespace(timeout_s=0.0))
    stream = streams.coming(shared.platform.services.live, call, "t", next_after, scope="s")
    look = stream._look  # type: ignore[attr-defined]

    told = []
    for _ in range(3):
        told += [identifier for identifier, _ in (await look()).events]
    there |= set(rows)
    for _ in range(3):
        told += [identifier for identifier, _ in (await look()).events]

    assert sorted(told) == rows
    assert made_at_ms(told[-1]) < made_at_ms(rows[-1])


async def test_a_stream_takes_a_place_and_ends_with_its_key(shared: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    services = shared.platform.services
    account = await services.accounts.ensure("sandbox")
    reads, nothing = await shared.token("sandbox", Scope.INBOUND_READ), await shared.token("sandbox", Scope.GROUPS_READ)
    async with shared.client(reads) as client, shared.client(nothing) as other:
        refused = await other.get("/inbound/events?timeout_s=0")
        with ExitStack() as places:
            for _ in range(waits.AT_ONCE):
                places.enter_context(services.live.watch(account, "t"))
            full = await client.get("/inbound/events?timeout_s=0")
        free = await client.get("/inbound/events?timeout_s=0")

        monkeypatch.setattr(streams, "HEARTBEAT_S", 0.0)
        beats = 0

        async def revoked(stream: streams.EventStream) -> AsyncIterator[bytes]:
            async for piece in plain(stream):
                nonlocal beats
                beats += piece.startswith(b":")
                if beats == 2:
                    stream.guard = refusing
                yield piece

        async def refusing() -> Any:
            raise errors.Unauthenticated()

        plain = streams.EventStream._events
        monkeypatch.setattr(streams.EventStream, "_events", revoked)
        ended = await client.get("/inbound/events?timeout_s=300", timeout=HANG_S)

    assert (refused.status_code, full.json()["error"]["code"]) == (403, "too_many_waits")
    assert (free.status_code, free.text) == (200, "retry: 1000\n\n")
    assert (ended.status_code, beats) == (200, 2)
