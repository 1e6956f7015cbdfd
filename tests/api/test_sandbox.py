"""The simulated phones, as a test suite uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from heliograph.domain.accounts import Scope
from heliograph.sandbox.chaos import Chaos

if TYPE_CHECKING:
    from tests.api.conftest import InProcess

ALL = [str(scope) for scope in Scope]


@pytest.fixture
async def caller(in_process: InProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as client:
        yield client


@pytest.fixture
async def stranger(in_process: InProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with in_process.client(await in_process.token("other", *ALL)) as client:
        yield client


@pytest.fixture
async def calm(shared: InProcess) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller of the platform that tests share, whose network behaves."""
    async with shared.client(await shared.token("sandbox", *ALL)) as client:
        await client.put("/sandbox/chaos", json={})
        yield client


async def send(caller: httpx2.AsyncClient, number: str, text: str) -> str:
    sent = await caller.post("/messages", json={"to": number, "text": text, "from": "Acme"})
    identifier: str = (await caller.get(f"/messages/{sent.json()['id']}/wait")).json()["id"]
    return identifier


async def test_a_wait_that_began_before_the_message_ends_with_it(
    caller: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    number = new_number()
    waiting = asyncio.create_task(caller.get(f"/sandbox/phones/{number}/messages/wait?timeout_s=240"))
    message_id = await send(caller, number, "Hello")

    shown = (await waiting).json()

    assert (shown["message_id"], shown["text"], shown["peer"], shown["direction"]) == (
        message_id,
        "Hello",
        "Acme",
        "received",
    )


async def test_a_wait_looks_only_at_what_it_was_asked_for(
    caller: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    number = new_number()
    for text in ("one", "two", "three"):
        await send(caller, number, text)
    path = f"/sandbox/phones/{number}/messages/wait"

    first = (await caller.get(path)).json()
    next_one = (await caller.get(path, params={"after": first["id"]})).json()
    with_words = (await caller.get(path, params={"contains": "hre"})).json()
    nothing = await caller.get(path, params={"after": with_words["id"], "timeout_s": 0})

    assert [shown["text"] for shown in (first, next_one, with_words)] == ["one", "two", "three"]
    assert (nothing.status_code, nothing.json()["error"]) == (
        408,
        {
            "code": "wait_timed_out",
            "message": f"No such message reached {number} within 0 s.",
            "hint": "Wait again, or longer; the message itself is not affected.",
            "field": None,
            "retryable": True,
        },
    )


@pytest.mark.parametrize("seconds", ["-1", "301", "nan", "inf", "soon"])
async def test_nobody_waits_for_ever(calm: httpx2.AsyncClient, new_number: Callable[[], str], seconds: str) -> None:
    answer = await calm.get(f"/sandbox/phones/{new_number()}/messages/wait", params={"timeout_s": seconds})

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "timeout_s"


async def test_the_code_is_that_of_the_latest_message_that_has_one(
    caller: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    number = new_number()
    for text in ("Your code is 111222", "G-code: 333 444", "See you at 12:30"):
        await send(caller, number, text)

    found = (await caller.get(f"/sandbox/phones/{number}/code")).json()
    none = await caller.get(f"/sandbox/phones/{new_number()}/code")

    assert (found["code"], found["message"]["text"]) == ("333444", "G-code: 333 444")
    assert (none.status_code, none.json()["error"]["code"]) == (408, "wait_timed_out")


async def test_only_codes_after_a_message_count(caller: httpx2.AsyncClient, new_number: Callable[[], str]) -> None:
    number = new_number()
    for text in ("Your code is 111222", "Hello", "Your code is 333444"):
        await send(caller, number, text)
    _, middle, last = (await caller.get(f"/sandbox/phones/{number}/messages")).json()["items"]
    path = f"/sandbox/phones/{number}/code"

    after_it = (await caller.get(path, params={"after": middle["id"]})).json()
    at_all = (await caller.get(path, params={"after": ""})).json()
    none = await caller.get(path, params={"after": last["id"]})

    assert [found["message"]["id"] for found in (after_it, at_all)] == [last["id"]] * 2
    assert (none.status_code, none.json()["error"]["code"]) == (408, "wait_timed_out")


async def test_an_account_clears_its_own_messages_only(
    caller: httpx2.AsyncClient, stranger: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    one, two = new_number(), new_number()
    for number in (one, two):
        for account in (caller, stranger):
            await send(account, number, "Hello")

    async def left(account: httpx2.AsyncClient) -> list[int]:
        pages = [await account.get(f"/sandbox/phones/{number}/messages") for number in (one, two)]
        return [len(page.json()["items"]) for page in pages]

    cleared = await caller.delete(f"/sandbox/phones/{one}/messages")
    after_one = await left(caller)
    all_cleared = await caller.delete("/sandbox/phones")

    assert (cleared.status_code, all_cleared.status_code) == (204, 204)
    assert (after_one, await left(caller), await left(stranger)) == ([0, 1], [0, 0], [1, 1])
    assert (await caller.get("/sandbox/phones")).json()["items"] == []


async def test_a_reply_is_an_inbound_message_of_whoever_sent_it(
    caller: httpx2.AsyncClient, stranger: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    number = new_number()
    await send(caller, number, "Hello")

    sent = await caller.post(f"/sandbox/phones/{number}/replies", json={"to": "Acme", "text": "Join me"})
    inbound_id = sent.json()["inbound_id"]
    message = (await caller.get(f"/inbound/{inbound_id}")).json()
    phone = (await caller.get(f"/sandbox/phones/{number}/messages")).json()["items"]

    assert sent.status_code == 201
    assert (message["from"], message["to"], message["text"], message["keyword"]) == (number, "Acme", "Join me", "JOIN")
    assert [(one["direction"], one["text"], one["status"]) for one in phone] == [
        ("received", "Hello", "delivered"),
        ("sent", "Join me", None),
    ]
    assert (await stranger.get(f"/inbound/{inbound_id}")).status_code == 404
    assert (await stranger.get("/inbound")).json()["items"] == []
    assert (await stranger.get(f"/sandbox/phones/{number}/messages")).json()["items"] == []
    assert (await stranger.get(f"/sandbox/phones/{number}/code")).status_code == 408


REPLIES: list[tuple[str, dict[str, Any], str]] = [
    ("no text", {"to": "Acme"}, "missing_field"),
    ("an empty text", {"to": "Acme", "text": ""}, "invalid_body"),
    ("a text too long", {"to": "Acme", "text": "x" * 2_001}, "invalid_body"),
    ("U+0000", {"to": "Acme", "text": "a\0"}, "invalid_field"),
    ("nobody", {"to": "", "text": "x"}, "invalid_originator"),
    ("an originator that is none", {"to": "ABCDEFGHIJKL", "text": "x"}, "invalid_originator"),
    ("a number for a text", {"to": "Acme", "text": 5}, "wrong_type"),
]


@pytest.mark.parametrize(("body", "code"), [case[1:] for case in REPLIES], ids=[case[0] for case in REPLIES])
async def test_a_reply_that_breaks_a_rule_is_refused(
    calm: httpx2.AsyncClient, new_number: Callable[[], str], body: dict[str, Any], code: str
) -> None:
    number = new_number()

    answer = await calm.post(f"/sandbox/phones/{number}/replies", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert (await calm.get(f"/sandbox/phones/{number}/messages")).json()["items"] == []
    assert (await calm.get("/inbound")).json()["items"] == []


@pytest.mark.parametrize("name", [name for name in Chaos.__struct_fields__ if not name.endswith("_s")])
@pytest.mark.parametrize(("share", "status"), [(0, 200), (1, 200), (1.01, 400), (-0.1, 400), ("1", 400), (None, 400)])
async def test_a_share_lies_between_never_and_always(
    calm: httpx2.AsyncClient, name: str, share: object, status: int
) -> None:
    answer = await calm.put("/sandbox/chaos", json={name: share})
    now = (await calm.get("/sandbox/chaos")).json()

    assert answer.status_code == status
    assert now[name] == (share if status == 200 else 0)


async def test_what_is_not_said_of_the_chaos_is_calm_again(calm: httpx2.AsyncClient) -> None:
    await calm.put("/sandbox/chaos", json={"lost": 1, "late_s": 9})

    now = (await calm.put("/sandbox/chaos", json={"doubled": 1})).json()

    assert (now["lost"], now["late_s"], now["doubled"]) == (0, 5, 1)


async def test_doubled_disordered_and_early_receipts_still_end_delivered(
    caller: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    await caller.put("/sandbox/chaos", json={"doubled": 1, "disordered": 1, "early": 0.5, "delivery_delay_s": 0})
    to = [new_number() for _ in range(20)]
    batch = (await caller.post("/batches", json={"to": to, "text": "x"})).json()
    for message in (await caller.get("/messages", params={"batch_id": batch["id"]})).json()["items"]:
        await caller.get(f"/messages/{message['id']}/wait")

    report = (await caller.get(f"/batches/{batch['id']}/report")).json()

    assert [(bucket["status"], bucket["count"]) for bucket in report["buckets"]] == [("delivered", 20)]


async def test_a_phone_shows_the_parts_that_its_handset_got(
    caller: httpx2.AsyncClient, new_number: Callable[[], str]
) -> None:
    number = new_number()
    bodies: list[dict[str, Any]] = [
        {"text": "Short €"},
        {"text": "Hello " * 40},
        {"text": "☺" * 100},
        {"data": "AAEC", "udh": "050003ab0302"},
    ]
    for body in bodies:
        sent = await caller.post("/messages", json={"to": number, "from": "Acme", **body})
        await caller.get(f"/messages/{sent.json()['id']}/wait")
    path = f"/sandbox/phones/{number}/messages"

    shown = (await caller.get(path, params={"parts": "true"})).json()["items"]
    plain = (await caller.get(path)).json()["items"]

    kinds = {
        each["text"] or each["data"]: [
            (part["number"], part["of"], part["encoding"], part["octets"], part["udh"][:6]) for part in each["handset"]
        ]
        for each in shown
    }
    assert kinds == {
        "Short €": [(1, 1, "gsm7", 8, "")],
        "Hello " * 40: [(1, 2, "gsm7", 153, "050003"), (2, 2, "gsm7", 87, "050003")],
        "☺" * 100: [(1, 2, "ucs2", 134, "050003"), (2, 2, "ucs2", 66, "050003")],
        "AAEC": [(2, 3, "binary", 3, "050003")],
    }
    for each in shown:
        assert "".join(part["text"] or "" for part in each["handset"]) == (each["text"] or "")
        assert len({part["udh"][:8] for part in each["handset"]}) == 1
    assert {each["handset"] for each in plain} == {None}
