"""Listings: every filter, every way to page, and nobody else's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from heliograph.domain.accounts import Account
from heliograph.domain.batches import BodyKind
from heliograph.domain.conversations import Conversation, place_in, place_of
from heliograph.domain.filters import BatchFilter, InboundFilter, MessageFilter
from heliograph.domain.ids import encode, fresh
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, now_ms, to_ms
from heliograph.domain.life import Change
from heliograph.domain.optouts import Consent, OptOutSource
from heliograph.domain.phones import PhoneMessage
from heliograph.domain.statuses import Reason, Status
from heliograph.store import Store, open_store
from heliograph.store.accounts import add_account
from heliograph.store.base import Lane
from heliograph.store.batches import accept, batch_by_id, batches_of, cancel, count_batches
from heliograph.store.changes import apply_changes
from heliograph.store.conversations import conversations_of, note_heard
from heliograph.store.inbound import add_inbound, count_inbound, inbound_by_id, inbound_of
from heliograph.store.messages import (
    buckets_of,
    message_by_id,
    message_to,
    messages_of,
    recent_failures,
    recipient_statuses_of,
)
from heliograph.store.optouts import add_optouts, opted_out_among, optouts_of, remove_optouts
from heliograph.store.phones import messages_on, phones, put_on_phones, received_twice
from heliograph.store.tx import Tx

from .conftest import ACCOUNT, OTHER, MakeBatch

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def on_day(number: int) -> dict[str, Any]:
    """An identifier and times of the day so many days after the first."""
    at = NOON + number * DAY
    return {
        "id": encode(fresh(to_ms(at), number << 24)),
        "created_at": at,
        "modified_at": at,
        "send_at": at,
        "expire_at": at + DAY,
    }


ALL = [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (BatchFilter(), ALL),
        (BatchFilter(originators=["Acme"]), [4, 3, 2]),
        (BatchFilter(originators=["acme"]), []),
        (BatchFilter(originators=["Acme", "12345"]), [4, 3, 2, 1]),
        (BatchFilter(protocols=["xms"]), [1]),
        (BatchFilter(client_reference="ref"), [2]),
        (BatchFilter(client_reference="REF"), []),
        (BatchFilter(tags=["red"]), [4, 2]),
        (BatchFilter(tags=["Red"]), [3]),
        (BatchFilter(tags=["red", "Red", "none"]), [4, 3, 2]),
        (BatchFilter(tags=["re"]), []),
        (BatchFilter(tags=[","]), [1]),
        (BatchFilter(tags=["b"]), []),
        (BatchFilter(tags=['a"b']), [1]),
        (BatchFilter(tags=["back\\slash"]), [0]),
        (BatchFilter(tags=["été 😀"]), [0]),
        (BatchFilter(since=NOON + 3 * DAY), [4, 3]),
        (BatchFilter(until=NOON + 3 * DAY), [2, 1, 0]),
        (BatchFilter(since=NOON + DAY, until=NOON + 3 * DAY), [2, 1]),
        (BatchFilter(since=datetime(1, 1, 1, tzinfo=UTC), until=datetime(9999, 12, 31, tzinfo=UTC)), ALL),
        (BatchFilter(tags=["red"], originators=["Acme"], since=NOON + 3 * DAY), [4]),
    ],
)
async def test_batches_are_found_by_what_was_asked_for(
    store: Store, batch: MakeBatch, wanted: BatchFilter, days: list[int]
) -> None:
    made = [
        batch(**on_day(0), originator=None, tags=["back\\slash", "été 😀"]),
        batch(**on_day(1), originator="12345", protocol="xms", tags=['a"b', ",", "x"]),
        batch(**on_day(2), tags=["red", "blue"], client_reference="ref"),
        batch(**on_day(3), tags=["Red"]),
        batch(**on_day(4), tags=["blue", "red"]),
    ]
    for new in made:
        await store.write_item(accept, new, Lane.ACCEPT)

    found = await store.read(batches_of, ACCOUNT, wanted, limit=10)

    assert [one.id for one in found] == [made[day].batch.id for day in days]
    assert await store.read(count_batches, ACCOUNT, wanted) == len(days)


async def test_pages_of_batches_by_place_or_by_the_last_one_seen_are_the_same(store: Store, batch: MakeBatch) -> None:
    made = [batch(**on_day(day)) for day in range(5)]
    for new in made:
        await store.write_item(accept, new, Lane.ACCEPT)
    newest_first = [made[day].batch.id for day in ALL]

    async def page(**place: Any) -> list[str]:
        return [one.id for one in await store.read(batches_of, ACCOUNT, BatchFilter(), limit=2, **place)]

    by_place = [await page(offset=offset) for offset in (0, 2, 4, 6)]
    by_last = [await page(), await page(before=newest_first[1]), await page(before=newest_first[3])]

    assert by_place == [newest_first[0:2], newest_first[2:4], newest_first[4:], []]
    assert by_last == by_place[:3]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (MessageFilter(), ["24", "23", "12", "11"]),
        (MessageFilter(msisdns=["3361234567024", "3361234567011"]), ["24", "11"]),
        (MessageFilter(msisdns=["24"]), []),
        (MessageFilter(statuses=[Status.FAILED]), ["24", "12"]),
        (MessageFilter(statuses=[Status.FAILED, Status.QUEUED]), ["24", "23", "12", "11"]),
        (MessageFilter(statuses=[Status.DELIVERED]), []),
        (MessageFilter(since=NOON + 2 * DAY), ["24", "23"]),
        (MessageFilter(until=NOON + 2 * DAY), ["12", "11"]),
        (MessageFilter(batch_id=str(on_day(1)["id"])), ["12", "11"]),
        (MessageFilter(batch_id=str(on_day(1)["id"]), statuses=[Status.FAILED]), ["12"]),
        (MessageFilter(batch_id=str(on_day(3)["id"])), []),
    ],
)
async def test_messages_are_found_by_what_was_asked_for(
    store: Store, batch: MakeBatch, wanted: MessageFilter, numbers: list[str]
) -> None:
    for day in (1, 2):
        recipients = [f"33612345670{day}{2 * day + place - 1}" for place in (0, 1)]
        await store.write_item(accept, batch(*recipients, **on_day(day)), Lane.ACCEPT)
    everything = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=10)
    failing = [Change(message.id, Status.FAILED) for message in everything if message.msisdn[-1] in "24"]
    await store.write(apply_changes, failing, now_ms())

    found = await store.read(messages_of, ACCOUNT, wanted, limit=10)
    pages = [message.id for message in found[:1]]
    while page := await store.read(messages_of, ACCOUNT, wanted, limit=1, before=pages[-1] if pages else None):
        pages.append(page[0].id)

    assert [message.msisdn[-2:] for message in found] == numbers
    assert pages == [message.id for message in found]


def arrival(number: int, *, account_id: str = ACCOUNT, **fields: Any) -> Inbound:
    at = NOON + number * DAY
    values: dict[str, Any] = {
        "id": encode(fresh(to_ms(at), number << 24)),
        "account_id": account_id,
        "kind": BodyKind.TEXT,
        "msisdn": "33612345678",
        "to": "12345",
        "body": "Hello",
        "udh": "",
        "provider": "sandbox",
        "provider_ref": None,
        "keyword": "HELLO",
        "received_at": at,
    }
    return Inbound(**values | fields)


def owner(account_id: str = ACCOUNT) -> Account:
    return Account(id=account_id, name=account_id, created_at=NOON)


async def test_pages_of_conversations_have_each_once_also_where_many_wrote_at_once(store: Store) -> None:
    writers = [f"3361230000{number}" for number in range(7)]
    for place, msisdn in enumerate(writers):
        at = NOON + timedelta(hours=place // 5)  # five of them in one millisecond
        await store.write(note_heard, arrival(place, msisdn=msisdn, received_at=at))

    paged: list[Conversation] = []
    before = None
    while found := await store.read(conversations_of, ACCOUNT, limit=2, before=before):
        paged += found
        before = place_in(str(place_of(found[-1])))

    assert paged == await store.read(conversations_of, ACCOUNT, limit=9)
    assert sorted(each.msisdn for each in paged) == writers
    assert [each.last_at for each in paged] == sorted((each.last_at for each in paged), reverse=True)


async def receive(store: Store, *messages: Inbound) -> list[bool]:
    return [
        await store.write(add_inbound, owner(message.account_id), message, Consent.NOT_ABOUT_IT, now_ms())
        for message in messages
    ]


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (InboundFilter(), [3, 2, 1]),
        (InboundFilter(to=["12345"]), [3, 1]),
        (InboundFilter(to=["12345", "Acme"]), [3, 2, 1]),
        (InboundFilter(to=["acme"]), []),
        (InboundFilter(msisdns=["46700000001"]), [3]),
        (InboundFilter(since=NOON + 2 * DAY), [3, 2]),
        (InboundFilter(until=NOON + 2 * DAY), [1]),
        (InboundFilter(since=NOON + 2 * DAY, until=NOON + 3 * DAY, to=["Acme"]), [2]),
    ],
)
async def test_inbound_messages_are_found_by_what_was_asked_for(
    store: Store, wanted: InboundFilter, days: list[int]
) -> None:
    made = {1: arrival(1), 2: arrival(2, to="Acme"), 3: arrival(3, msisdn="46700000001")}
    await receive(store, *made.values())

    found = await store.read(inbound_of, ACCOUNT, wanted, limit=10)
    by_place = [await store.read(inbound_of, ACCOUNT, wanted, limit=1, offset=place) for place in range(len(days) + 1)]

    assert found == [made[day] for day in days]
    assert [page for page in by_place if page] == [[one] for one in found]
    assert await store.read(count_inbound, ACCOUNT, wanted) == len(days)
    if found:
        assert await store.read(inbound_of, ACCOUNT, wanted, limit=10, before=found[0].id) == found[1:]


@pytest.mark.parametrize(
    "body", ['it\'s "quoted" \\ and\nbroken', "😀漢字é", "{}[],:", "\x01\x7f", "x" * 100_000], ids=len
)
async def test_an_inbound_message_comes_back_as_it_came(store: Store, body: str) -> None:
    message = arrival(1, body=body, keyword=body[:5], sent_at=NOON, operator="99999", udh="050003010201")

    await receive(store, message)

    assert await store.read(inbound_by_id, ACCOUNT, message.id) == message


async def test_a_provider_that_repeats_an_inbound_message_is_heard_once(store: Store) -> None:
    first, again = arrival(1, provider_ref="R"), arrival(2, provider_ref="R")
    elsewhere = arrival(3, provider_ref="R", provider="another")

    stored = await receive(store, first, again, elsewhere, arrival(4), arrival(5))

    assert stored == [True, False, True, True, True]


async def test_opt_outs_are_listed_in_the_order_of_numbers_page_by_page(store: Store) -> None:
    numbers = ["46700000001", "33612345678", "33612345679"]
    added = await store.write(add_optouts, ACCOUNT, [*numbers, numbers[0]], OptOutSource.API, 1_000)
    again = await store.write(add_optouts, ACCOUNT, numbers, OptOutSource.INBOUND, 2_000)
    await store.write(add_optouts, OTHER, ["33600000000"], OptOutSource.INBOUND, 1_000)

    first = await store.read(optouts_of, ACCOUNT, limit=2)
    second = await store.read(optouts_of, ACCOUNT, limit=2, after=first[-1].msisdn)

    assert (added, again) == (3, 0)
    assert [one.msisdn for one in (*first, *second)] == sorted(numbers)
    assert {(one.source, one.created_at) for one in first} == {(OptOutSource.API, from_ms(1_000))}


@pytest.mark.parametrize(
    ("consent", "silent"), [(Consent.WITHDRAWN, True), (Consent.GIVEN, False), (Consent.NOT_ABOUT_IT, False)]
)
async def test_an_inbound_word_about_consent_counts_for_its_account_alone(
    store: Store, consent: Consent, silent: bool
) -> None:
    await store.write(add_optouts, OTHER, ["33612345678"], OptOutSource.API, 1)

    await store.write(add_inbound, owner(), arrival(1), consent, now_ms())
    found = await store.read(opted_out_among, [(ACCOUNT, ["33612345678"]), (OTHER, ["33612345678"])])

    assert found == {(OTHER, "33612345678")} | ({(ACCOUNT, "33612345678")} if silent else set())


Reader = Callable[[Store, str], Any]

MESSAGE_1 = encode(fresh(to_ms(NOON), 0) + 1)
BATCH_0 = str(on_day(0)["id"])
READERS: dict[str, tuple[Reader, object]] = {
    "batch_by_id": (lambda store, account: store.read(batch_by_id, account, BATCH_0), None),
    "batches_of": (lambda store, account: store.read(batches_of, account, BatchFilter(), limit=9), []),
    "count_batches": (lambda store, account: store.read(count_batches, account, BatchFilter()), 0),
    "cancel": (lambda store, account: store.write(cancel, account, BATCH_0, 1), None),
    "message_by_id": (lambda store, account: store.read(message_by_id, account, MESSAGE_1), None),
    "message_to": (lambda store, account: store.read(message_to, account, BATCH_0, "33612345678"), None),
    "messages_of": (lambda store, account: store.read(messages_of, account, MessageFilter(), limit=9), []),
    "messages_of a batch": (
        lambda store, account: store.read(messages_of, account, MessageFilter(batch_id=BATCH_0), limit=9),
        [],
    ),
    "buckets_of": (lambda store, account: store.read(buckets_of, account, BATCH_0), []),
    "recipient_statuses_of": (lambda store, account: store.read(recipient_statuses_of, account, BATCH_0), []),
    "inbound_by_id": (lambda store, account: store.read(inbound_by_id, account, arrival(1).id), None),
    "inbound_of": (lambda store, account: store.read(inbound_of, account, InboundFilter(), limit=9), []),
    "count_inbound": (lambda store, account: store.read(count_inbound, account, InboundFilter()), 0),
    "optouts_of": (lambda store, account: store.read(optouts_of, account, limit=9), []),
    "remove_optouts": (lambda store, account: store.write(remove_optouts, account, ["46700000001"]), 0),
    "phones": (lambda store, account: store.read(phones, 9, account), []),
    "messages_on": (
        lambda store, account: store.read(messages_on, "33612345678", limit=9, account_id=account),
        [],
    ),
    "received_twice": (lambda store, account: store.read(received_twice, account), (0, 0)),
}


async def test_no_reader_finds_anything_of_another_account(store: Store, batch: MakeBatch) -> None:
    await store.write_item(accept, batch("33612345678", **on_day(0)), Lane.ACCEPT)
    await receive(store, arrival(1))
    await store.write(add_optouts, ACCOUNT, ["46700000001"], OptOutSource.API, 1)
    shown = PhoneMessage(
        id="P",
        msisdn="33612345678",
        peer="Acme",
        direction="received",
        body="Hello",
        udh="",
        encoding="gsm7",
        parts=1,
        message_id=MESSAGE_1,
        account_id=ACCOUNT,
        provider_ref="P",
        outcome="delivered",
        at=1,
    )
    await store.write_item(put_on_phones, [shown])

    strangers = {name: await read(store, OTHER) for name, (read, _) in READERS.items()}
    owners = {name: await read(store, ACCOUNT) for name, (read, _) in READERS.items()}

    assert strangers == {name: nothing for name, (_, nothing) in READERS.items()}
    assert [name for name, found in owners.items() if found == READERS[name][1]] == []


async def test_failures_are_shown_newest_first_to_one_number_or_all(store: Store, batch: MakeBatch) -> None:
    new = batch("33612345670", "33612345671", "33612345672", "33612345673", **on_day(0))
    await store.write_item(accept, new, Lane.ACCEPT)
    ids = [row.id for row in (await store.read(messages_of, ACCOUNT, MessageFilter(), limit=9))[::-1]]
    ends: Sequence[Status] = (Status.FAILED, Status.DELIVERED, Status.REJECTED)
    changes = [Change(message_id, end, reason=Reason.INTERNAL) for message_id, end in zip(ids, ends, strict=False)]
    await store.write(apply_changes, changes, now_ms())

    everybody = await store.read(recent_failures, None, 10)
    one = await store.read(recent_failures, "33612345670", 10)

    assert [message.id for message in everybody] == [ids[2], ids[0]]
    assert [message.id for message in one] == [ids[0]]


async def test_an_account_of_the_same_name_is_not_made_twice(store: Store) -> None:
    first = Account(id=ACCOUNT, name="Acme", created_at=NOON)

    made = [
        await store.write(add_account, account) for account in (first, Account(id=OTHER, name="Acme", created_at=NOON))
    ]

    assert made == [1, 0]


async def test_the_messages_of_one_number_are_read_from_its_index(tmp_path: Path) -> None:
    store = await open_store("", tmp_path)

    def plan(tx: Tx) -> str:
        asked: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        event.listen(tx.connection, "before_cursor_execute", note)
        messages_of(tx, ACCOUNT, MessageFilter(msisdns=["33612345678"]), limit=500)
        event.remove(tx.connection, "before_cursor_execute", note)
        statement, parameters = asked[0]
        return str(tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    read = await store.read(plan)
    await store.close()

    assert "messages_by_msisdn" in read
    assert "TEMP B-TREE" not in read
