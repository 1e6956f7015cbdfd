"""Callbacks that were given up, told anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx2
import pytest
from sqlalchemy import insert
from tests.patience import once_found
from tests.protocols.listening import Listener
from tests.store.conftest import store  # noqa: F401

from heliograph.domain.callbacks import LONGEST_MS, receiver_of, session_sink
from heliograph.domain.errors import InvalidField
from heliograph.domain.filters import EventFilter
from heliograph.domain.ids import encode, fresh
from heliograph.domain.instants import from_ms, now_ms
from heliograph.store import Store, Tx
from heliograph.store import events as telling
from heliograph.store.events import claim_events, list_told, replay_given_up
from heliograph.store.schema import events

if TYPE_CHECKING:
    from tests.conftest import Server


def test_what_was_given_up_is_told_anew(server: Server, new_number: Callable[[], str]) -> None:
    """As it was told before; what was taken then is not told again."""
    listener = Listener(status=400)
    try:
        with server.client() as client:
            sent = client.batches.send(
                to=[new_number()], text="Hello", report="summary", callback_url=listener.url, client_reference="mine"
            )
            first = listener.next()
            (given_up,) = once_found(lambda: list(client.callbacks.list(state="given_up", subject_id=sent.id)))
            request = client.callbacks.request(given_up.id)
            listener.status = 204
            replayed = client.callbacks.replay(ids=[given_up.id])
            again = listener.next()
            (taken,) = once_found(lambda: list(client.callbacks.list(state="delivered", subject_id=sent.id)))
            once_more = client.callbacks.replay(ids=[given_up.id])
            with pytest.raises(InvalidField, match="Say which"):
                client.callbacks.replay()
        refused = httpx2.post(
            f"{server.url}/v1/callbacks/{given_up.id}/replay", headers={"Authorization": f"Bearer {server.token}"}
        )
    finally:
        listener.close()

    assert (given_up.type, given_up.to, given_up.attempts) == ("batch.settled", listener.url, 1)
    assert (replayed, once_more) == (1, 0)
    assert (request.method, request.url, json.loads(request.body)) == ("POST", listener.url, first)
    assert again == first
    assert again["id"] == given_up.id == taken.id
    assert taken.created_at == given_up.created_at
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_given_up")


async def test_of_a_time_in_slices_and_never_anothers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(telling, "REPLAYED_AT_ONCE", 3)
    now = now_ms()
    old_ms = now - LONGEST_MS - 3_600_000

    def write(tx: Tx) -> list[str]:
        written = []
        for place in range(10):
            at_ms = old_ms + place * 60_000
            account = "B" if place == 9 else "A"
            sink = session_sink("smpp") if place == 8 else "http://a.example/"
            values = {"id": encode(fresh(at_ms, 1 << 30)), "account_id": account, "protocol": "v1", "sink": sink}
            values |= {"kind": "batch.settled", "subject_id": "x", "created_at": at_ms, "due_at": at_ms, "attempts": 16}
            values |= {"state": "delivered" if place == 7 else "given_up", "receiver": receiver_of(account, sink)}
            tx.connection.execute(insert(events).values(**values))
            written.append(values["id"])
        return written

    ids = await store.write(write)
    wanted = EventFilter(since=from_ms(old_ms + 60_000))
    counts, after = [], ""
    while True:
        done = await store.write(replay_given_up, "A", wanted, after, now)
        counts.append(done.replayed)
        if done.last is None:
            break
        after = done.last
    waiting = await store.read(list_told, "A", EventFilter(state="waiting"), limit=50)
    claimed = await store.write(claim_events, limit=50, now_ms=now, lease_until=now + 1)

    assert sum(counts) == 6
    assert max(counts) <= 3
    assert [each.id for each in waiting.items] == ids[6:0:-1]
    assert [each.id for each in claimed] == ids[1:7]
    assert {each.attempts for each in claimed} == {1}
    assert all(each.created_ms + LONGEST_MS > now for each in claimed)  # it is offered as long as a new one
