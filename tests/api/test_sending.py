"""Sending and following by the native API, as a customer's program does it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from heliograph.domain.accounts import Scope

if TYPE_CHECKING:
    from tests.api.conftest import InProcess

ALL = [str(scope) for scope in Scope]
Numbers = Callable[[int], list[str]]


@pytest.fixture
async def caller(in_process: InProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as client:
        yield client


@pytest.fixture
async def stranger(in_process: InProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with in_process.client(await in_process.token("other", *ALL)) as client:
        yield client


async def settled(caller: httpx2.AsyncClient, batch_id: str) -> list[dict[str, Any]]:
    listed = (await caller.get("/messages", params={"batch_id": batch_id})).json()["items"]
    return [(await caller.get(f"/messages/{message['id']}/wait")).json() for message in listed]


async def on_phone(caller: httpx2.AsyncClient, number: str) -> list[str]:
    return [one["text"] for one in (await caller.get(f"/sandbox/phones/{number}/messages")).json()["items"]]


async def test_each_recipient_gets_its_own_text(caller: httpx2.AsyncClient, numbers: Numbers) -> None:
    mary, joe = numbers(2)
    parameters = {"name": {mary: "Mary", "default": "you"}}

    created = await caller.post(
        "/batches", json={"to": [mary, joe, mary], "text": "Hi ${name}", "from": "Acme", "parameters": parameters}
    )
    await settled(caller, created.json()["id"])

    assert (created.status_code, created.json()["recipient_count"]) == (201, 2)
    assert [await on_phone(caller, number) for number in (mary, joe)] == [["Hi Mary"], ["Hi you"]]


async def test_a_report_says_how_many_ended_how(caller: httpx2.AsyncClient, numbers: Numbers) -> None:
    to = [*numbers(2), "+99910001", "+99920001", "+99930001"]
    batch = (await caller.post("/batches", json={"to": to, "text": "Hello"})).json()
    await settled(caller, batch["id"])

    report = (await caller.get(f"/batches/{batch['id']}/report")).json()

    found = {(bucket["status"], bucket["reason"]): bucket["count"] for bucket in report["buckets"]}
    assert (report["total"], report["settled"]) == (5, 5)
    assert found == {
        ("delivered", None): 2,
        ("failed", "undelivered"): 1,
        ("rejected", "provider_refused"): 1,
        ("expired", "expired_in_network"): 1,
    }


async def test_canceling_calls_back_what_waits_and_leaves_what_went_out(
    caller: httpx2.AsyncClient, numbers: Numbers
) -> None:
    wanted = {"to": numbers(2), "text": "Hello"}
    waiting = (await caller.post("/batches", json=wanted | {"send_at": "2099-01-01T00:00:00Z"})).json()
    gone = (await caller.post("/batches", json=wanted)).json()
    await settled(caller, gone["id"])

    answers = [await caller.post(f"/batches/{batch['id']}/cancel") for batch in (waiting, waiting, gone)]
    reports = [(await caller.get(f"/batches/{batch['id']}/report")).json() for batch in (waiting, gone)]

    assert [(answer.status_code, answer.json()["canceled"]) for answer in answers] == [(200, True)] * 3
    assert [[(one["status"], one["count"]) for one in report["buckets"]] for report in reports] == [
        [("canceled", 2)],
        [("delivered", 2)],
    ]


async def test_a_dry_run_counts_parts_and_stores_nothing(caller: httpx2.AsyncClient, numbers: Numbers) -> None:
    counted = await caller.post("/batches/dry_run", json={"to": numbers(2), "text": "☺" * 71})

    assert counted.json() == {"recipients": 2, "parts": 4, "price": "0.18"}
    assert (await caller.get("/batches")).json()["items"] == []


async def test_binary_is_shown_as_it_was_sent(caller: httpx2.AsyncClient, numbers: Numbers) -> None:
    (number,) = numbers(1)
    sent = (await caller.post("/messages", json={"to": number, "data": "AAEC", "udh": "050003FF0201"})).json()
    await caller.get(f"/messages/{sent['id']}/wait")

    batch = (await caller.get(f"/batches/{sent['batch_id']}")).json()

    assert (batch["data"], batch["udh"], batch["text"]) == ("AAEC", "050003ff0201", None)


async def test_a_text_can_have_a_header_of_its_own_if_it_fits_into_one_part_with_it(
    caller: httpx2.AsyncClient, numbers: Numbers
) -> None:
    (number,) = numbers(1)
    header = "050003ff0201"
    sent = (await caller.post("/messages", json={"to": number, "text": "x" * 153, "udh": header})).json()
    refused = [
        await caller.post("/messages", json={"to": number, "udh": header, **rest})
        for rest in (
            {"text": "x" * 154},
            {"text": "☺" * 68},
            {"text": "${name}"},
            {"text": "${name}", "parameters": {"name": {number: "Ada", "default": "you"}}},
        )
    ]
    cut = await caller.post("/messages", json={"to": number, "text": "x", "udh": "05"})

    batch = (await caller.get(f"/batches/{sent['batch_id']}")).json()
    assert (batch["text"], batch["udh"], batch["data"]) == ("x" * 153, header, None)
    assert {answer.json()["error"]["code"] for answer in (*refused, cut)} == {"invalid_body"}


async def test_listings_narrow_by_what_is_asked_for(caller: httpx2.AsyncClient, numbers: Numbers) -> None:
    first, second = numbers(2)
    red = (await caller.post("/batches", json={"to": [first], "text": "x", "from": "Red", "tags": ["r"]})).json()
    blue = (await caller.post("/batches", json={"to": [second], "text": "x", "from": "Blue", "tags": ["b"]})).json()

    async def found(path: str, **query: str) -> list[str]:
        return [item.get("batch_id", item["id"]) for item in (await caller.get(path, params=query)).json()["items"]]

    assert await found("/batches", **{"from": "Red"}) == [red["id"]]
    assert await found("/batches", tag="b") == [blue["id"]]
    assert await found("/batches") == [blue["id"], red["id"]]
    assert await found("/batches", since="2020-01-01T00:00:00Z", tag="r") == [red["id"]]
    assert await found("/batches", until="2020-01-01T00:00:00+02:00") == []
    assert await found("/messages", to=first) == [red["id"]]
    assert await found("/messages", to="nobody") == []
    assert await found("/messages", status="canceled") == []


@pytest.fixture
def far_from_utc() -> Iterator[None]:
    """A machine whose clock on the wall shows another hour than UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


async def test_a_time_without_an_offset_is_refused_rather_than_guessed(
    caller: httpx2.AsyncClient, numbers: Numbers, far_from_utc: None
) -> None:
    wanted = {"to": numbers(1)[0], "text": "x"}

    refused = [
        await caller.post("/messages", json=wanted | {name: "2099-01-01T00:00:00"}) for name in ("send_at", "expire_at")
    ]
    refused += [
        await caller.get(path, params={name: "2020-01-01T00:00:00"})
        for path in ("/messages", "/batches", "/inbound")
        for name in ("since", "until")
    ]
    taken = await caller.post("/messages", json=wanted | {"send_at": "2099-01-01T00:00:00+09:00"})

    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in refused} == {(400, "invalid_field")}
    assert [answer.json()["error"]["field"] for answer in refused] == ["send_at", "expire_at", *["since", "until"] * 3]
    assert taken.json()["send_at"] == "2098-12-31T15:00:00Z"


async def test_a_key_stands_for_one_batch_however_often_and_at_once_it_comes(
    caller: httpx2.AsyncClient, stranger: httpx2.AsyncClient, numbers: Numbers
) -> None:
    wanted = {"to": numbers(3), "text": "Hello", "idempotency_key": "order-7"}

    answers = await asyncio.gather(*(caller.post("/batches", json=wanted) for _ in range(10)))
    other = await caller.post("/batches", json=wanted | {"text": "Bye"})
    theirs = await stranger.post("/batches", json=wanted)

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    (batch_id,) = {answer.json()["id"] for answer in answers}
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert theirs.status_code == 201 and theirs.json()["id"] != batch_id
    assert len((await caller.get("/messages")).json()["items"]) == 3


async def test_an_opted_out_number_is_not_written_to_until_it_is_removed(
    caller: httpx2.AsyncClient, numbers: Numbers
) -> None:
    (number,) = numbers(1)
    added = [(await caller.put(f"/optouts/{number}")).status_code for _ in range(2)]
    refused = (await caller.post("/messages", json={"to": number, "text": "x"})).json()
    removed = [(await caller.delete(f"/optouts/{number}")).status_code for _ in range(2)]
    sent = (await caller.post("/messages", json={"to": number, "text": "y"})).json()
    delivered = (await caller.get(f"/messages/{sent['id']}/wait")).json()

    assert (added, removed) == ([204, 204], [204, 404])
    assert (refused["status"], refused["reason"]) == ("rejected", "opted_out")
    assert delivered["status"] == "delivered"
    assert await on_phone(caller, number) == ["y"]


async def test_opt_outs_are_listed_in_pages_and_belong_to_one_account(
    caller: httpx2.AsyncClient, stranger: httpx2.AsyncClient, numbers: Numbers
) -> None:
    silent = numbers(3)
    for number in silent:
        await caller.put(f"/optouts/{number}")

    first = (await caller.get("/optouts?limit=2")).json()
    second = (await caller.get("/optouts", params={"limit": 2, "after": first["next"]})).json()
    theirs = (await stranger.get("/optouts")).json()
    sent = (await stranger.post("/messages", json={"to": silent[0], "text": "x"})).json()

    assert [one["number"] for one in first["items"] + second["items"]] == sorted(silent)
    assert (second["next"], theirs["items"]) == (None, [])
    assert sent["status"] == "queued"
