"""Requests with a key in a header: carried out once, answered alike, at every door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.api.conftest import InProcess
from tests.protocols.contract.doors import DOORS, Door
from tests.store.conftest import store  # noqa: F401

from heliograph.domain.batches import Draft
from heliograph.domain.errors import IdempotencyMismatch, RequestInProgress
from heliograph.domain.idempotency import KEPT_MS, Begun, under_key
from heliograph.domain.instants import now_ms
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings
from heliograph.services.idempotency import Idempotency
from heliograph.store.idempotency import LEASE_MS, begin, finish, forget_old

if TYPE_CHECKING:
    from tests.conftest import Server

    from heliograph.store import Store

NewNumber = Callable[[], str]
HEADERS = [*((door, "Idempotency-Key") for door in DOORS), (DOORS[-1], "I-Twilio-Idempotency-Token")]


@pytest.mark.parametrize(("door", "header"), HEADERS, ids=[f"{door.name}, {header}" for door, header in HEADERS])
def test_a_request_that_comes_twice_sends_once(server: Server, door: Door, header: str, new_number: NewNumber) -> None:
    number, other, key = new_number(), new_number(), new_number()

    with httpx2.Client(timeout=60) as http:
        plain = [door.ask(http, server.ready, number[1:], {}) for _ in range(2)]
        http.headers[header] = key
        first, again = (door.ask(http, server.ready, other[1:], {}) for _ in range(2))
        mistaken = door.ask(http, server.ready, number[1:], {})
        http.headers[header] = "ü"
        unfit = door.ask(http, server.ready, number[1:], {})
        del http.headers[header]
        unknown = door.ask(http, server.ready, "1", {})

    with server.client() as client:
        sent = {each: len(list(client.messages.list(to=each))) for each in (number, other)}
    assert first.is_success, first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (again.headers["Idempotency-Replayed"], "Idempotency-Replayed" in first.headers) == ("true", False)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert sent == {number: 2, other: 1}
    assert all(each.is_success for each in plain)
    assert type(mistaken.json()) is type(unknown.json())  # refused, in the door's own words
    assert mistaken.content != first.content
    assert unfit.content != first.content


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with running(Settings(data_dir=tmp_path)) as platform:
        yield InProcess(platform)


async def test_what_a_dead_process_has_sent_is_not_sent_again(here: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """It died before the answer was kept: whoever repeats the request takes it over when the lease has ended."""

    async def dies(*_: object) -> None:
        return None

    monkeypatch.setattr(Idempotency, "finish", dies)
    async with here.client(await here.token("sandbox", "messages:send", "messages:read")) as client:
        body = {"to": "+33612345678", "text": "Hello"}
        first = await client.post("/messages", json=body, headers={"Idempotency-Key": "k"})
        at_once = await client.post("/messages", json=body, headers={"Idempotency-Key": "k"})
        monkeypatch.setattr("heliograph.services.idempotency.now_ms", lambda: now_ms() + LEASE_MS)
        later = await client.post("/messages", json=body, headers={"Idempotency-Key": "k"})
        messages = (await client.get("/messages")).json()["items"]

    assert first.status_code == 201
    assert (at_once.status_code, at_once.json()["error"]["code"]) == (409, "request_in_progress")
    assert later.json()["id"] == first.json()["id"]
    assert [each["id"] for each in messages] == [first.json()["id"]]


async def test_each_batch_of_a_request_has_a_key_of_its_own_which_is_the_same_the_next_time(here: InProcess) -> None:
    services = here.platform.services
    account = await services.accounts.ensure("sandbox")
    drafts = [Draft(protocol="v1", to=["+33612345678"], text=text) for text in ("one", "two")]

    async def carried_out() -> list[str]:
        with under_key("k", Begun(5, None)):
            made = [await services.batches.create(account, draft) for draft in drafts]
            parked = await services.parking.create(account, drafts[0])
            return [*(each.batch.id for each in made), parked.batch.id]  # type: ignore[union-attr]

    first, again = await carried_out(), await carried_out()

    assert first == again
    assert len(set(first)) == 3


async def test_what_was_refused_leaves_the_key_free(here: InProcess) -> None:
    async with here.client(await here.token("sandbox", "groups:write", "groups:read")) as client:
        key = {"Idempotency-Key": "k"}
        refused = await client.post("/groups", json={"name": "Friends", "members": ["nobody"]}, headers=key)
        made = await client.post("/groups", json={"name": "Friends"}, headers=key)
        again = await client.post("/groups", json={"name": "Friends"}, headers=key)
        read = [(await client.get("/groups", headers=key)).json() for _ in range(2)]
        gone = [await client.delete(f"/groups/{made.json()['id']}", headers={"Idempotency-Key": "d"}) for _ in range(2)]
        nothing = (await client.get("/groups", headers=key)).json()

    assert refused.status_code == 400
    assert (made.status_code, again.status_code, again.json()) == (201, 201, made.json())
    assert read[0] == read[1]
    assert [each.status_code for each in gone] == [204, 204]
    assert nothing["items"] == []


async def test_keys_in_the_store(store: Store) -> None:  # noqa: F811
    """Of several that begin at once one does; a key is an account's, ends after its time, and is freed by failure."""
    now = now_ms()
    answers = await asyncio.gather(
        *(store.write(begin, "a", "k", "same", now) for _ in range(5)), return_exceptions=True
    )
    begun = [each for each in answers if isinstance(each, Begun)]
    refused = [type(each) for each in answers if not isinstance(each, Begun)]
    other = await store.write(begin, "b", "k", "another", now)
    await store.write(finish, "a", "k", now, "answer")
    await store.write(finish, "b", "k", now, None)

    assert (begun, refused) == ([Begun(now, None)], [RequestInProgress] * 4)
    assert other == Begun(now, None)
    assert await store.write(begin, "a", "k", "same", now + KEPT_MS - 1) == Begun(now, "answer")
    with pytest.raises(IdempotencyMismatch):
        await store.write(begin, "a", "k", "another", now + 1)
    assert await store.write(begin, "b", "k", "something", now + 1) == Begun(now + 1, None)
    assert await store.write(begin, "a", "k", "another", now + KEPT_MS) == Begun(now + KEPT_MS, None)
    assert await store.write(forget_old, now + KEPT_MS + 1) == 1
    assert await store.write(forget_old, now + 2 * KEPT_MS) == 1
