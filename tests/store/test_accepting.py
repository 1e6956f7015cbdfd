"""Accepting batches: whole, once, and independent of their neighbours in a commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete

from heliograph.domain.batches import Options
from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.errors import IdempotencyMismatch
from heliograph.domain.filters import BatchFilter, MessageFilter
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.priorities import Priority
from heliograph.domain.releases import Release
from heliograph.domain.statuses import Reason, Status
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import (
    NewBatch,
    accept,
    batch_by_id,
    batches_of,
    count_batches,
    missing_of,
    sending_facts,
)
from heliograph.store.messages import buckets_of, message_by_id, messages_of, recipient_statuses_of
from heliograph.store.optouts import add_optouts
from heliograph.store.schema import messages
from heliograph.store.tx import Tx
from heliograph.store.works import Work

from .conftest import ACCOUNT, OTHER, MakeBatch

TEXTS = [
    'it\'s "quoted" \\ and\nbroken\ttwice',
    "😀☺漢字é",
    "${a} {{b}} %s ; DROP TABLE messages; --",
    "x" * 2_000,
    "\x01\x1f\x7f",
]


async def accepted(store: Store, *news: NewBatch) -> list[str]:
    return [(await store.write_item(accept, new, Lane.ACCEPT)).batch_id for new in news]


@pytest.mark.parametrize("text", TEXTS, ids=["quotes", "scripts", "code", "long", "controls"])
async def test_a_batch_comes_back_as_it_was_accepted(store: Store, batch: MakeBatch, text: str) -> None:
    new = batch(
        "33612345678",
        "46700000001",
        body=text,
        tags=[text[:50], "b"],
        title=text[:50],
        parameters={"name": {"33612345678": text, "default": ""}},
        flash=True,
        max_parts=3,
        client_reference=text[:50],
    )

    await accepted(store, new)

    assert await store.read(batch_by_id, ACCOUNT, new.batch.id) == new.batch
    assert [row.msisdn for row in await store.read(recipient_statuses_of, ACCOUNT, new.batch.id)] == [
        "33612345678",
        "46700000001",
    ]


@pytest.mark.parametrize("count", [1, 20, 21, 3_000])
async def test_every_recipient_gets_a_message(store: Store, batch: MakeBatch, count: int) -> None:
    new = batch(*(str(33600000000 + n) for n in range(count)))

    await accepted(store, new)

    assert [(bucket.status, bucket.count) for bucket in await store.read(buckets_of, ACCOUNT, new.batch.id)] == [
        (Status.QUEUED, count)
    ]


async def test_repeating_a_request_with_its_key_finds_the_first_one(store: Store, batch: MakeBatch) -> None:
    first, again, other = (
        batch(key="k", fingerprint="f"),
        batch(key="k", fingerprint="f"),
        batch(key="k", fingerprint="g"),
    )

    one = await store.write_item(accept, first, Lane.ACCEPT)
    two = await store.write_item(accept, again, Lane.ACCEPT)
    with pytest.raises(IdempotencyMismatch):
        await store.write_item(accept, other, Lane.ACCEPT)

    assert (one.repeated, two.repeated, two.batch_id) == (False, True, first.batch.id)
    assert await store.read(count_batches, ACCOUNT, BatchFilter()) == 1


async def test_the_same_request_many_times_at_once_is_stored_once(store: Store, batch: MakeBatch) -> None:
    answers = await asyncio.gather(
        *(store.write_item(accept, batch(key="k", fingerprint="f"), Lane.ACCEPT) for _ in range(20))
    )

    assert len({answer.batch_id for answer in answers}) == 1
    assert sum(not answer.repeated for answer in answers) == 1
    assert await store.read(count_batches, ACCOUNT, BatchFilter()) == 1


async def test_a_key_of_another_account_is_another_key(store: Store, batch: MakeBatch) -> None:
    await accepted(store, batch(key="k", fingerprint="f"), batch(key="k", fingerprint="g", account_id=OTHER))

    assert await store.read(count_batches, OTHER, BatchFilter()) == 1


async def test_a_write_that_fails_fails_no_other_in_its_commit(store: Store, batch: MakeBatch) -> None:
    good = [batch() for _ in range(10)]
    twin = batch(id=good[3].batch.id)  # the same primary key: the database refuses it

    answers = await asyncio.gather(
        *(store.write_item(accept, new, Lane.ACCEPT) for new in [*good[:5], twin, *good[5:]]), return_exceptions=True
    )

    assert [isinstance(answer, Exception) for answer in answers].count(True) == 1
    assert await store.read(count_batches, ACCOUNT, BatchFilter()) == 10


async def test_each_caller_gets_the_answer_to_its_own_item(store: Store) -> None:
    def double(_tx: Tx, items: list[int]) -> list[int | Exception]:
        return [ValueError(item) if item == 7 else item * 2 for item in items]

    answers = await asyncio.gather(*(store.write_item(double, n) for n in range(10)), return_exceptions=True)

    assert [answer for answer in answers if not isinstance(answer, Exception)] == [n * 2 for n in range(10) if n != 7]
    assert isinstance(answers[7], ValueError)


async def test_recipients_who_opted_out_are_refused_at_once(store: Store, batch: MakeBatch) -> None:
    await store.write(add_optouts, ACCOUNT, ["33612345678"], OptOutSource.API, 1)
    await store.write(add_optouts, OTHER, ["46700000001"], OptOutSource.API, 1)
    new = batch("33612345678", "46700000001")

    await accepted(store, new)

    rows = await store.read(recipient_statuses_of, ACCOUNT, new.batch.id)
    assert [(row.status, row.reason) for row in rows] == [(Status.REJECTED, Reason.OPTED_OUT), (Status.QUEUED, None)]


async def test_listings_filter_and_page(store: Store, batch: MakeBatch) -> None:
    red, blue, plain = batch(tags=["red"]), batch(tags=["blue", "Red"]), batch(originator="12345", client_reference="r")
    await accepted(store, red, blue, plain)

    async def found(**wanted: object) -> list[str]:
        page = await store.read(batches_of, ACCOUNT, BatchFilter(**wanted), limit=10)  # type: ignore[arg-type]
        return [one.id for one in page]

    newest_first = [plain.batch.id, blue.batch.id, red.batch.id]
    assert sorted(await found(), reverse=True) == sorted(newest_first, reverse=True)
    assert await found(tags=["red"]) == [red.batch.id]
    assert set(await found(tags=["red", "blue"])) == {red.batch.id, blue.batch.id}
    assert await found(tags=["re"]) == []
    assert await found(originators=["12345", "x"]) == [plain.batch.id]
    assert await found(client_reference="r") == [plain.batch.id]
    assert await found(until=red.batch.created_at) == []
    assert len(await found(since=red.batch.created_at)) == 3
    pages = [
        [one.id for one in await store.read(batches_of, ACCOUNT, BatchFilter(), limit=2, offset=offset)]
        for offset in (0, 2, 4)
    ]
    assert [len(page) for page in pages] == [2, 1, 0]


async def test_nothing_of_another_account_is_ever_found(store: Store, batch: MakeBatch) -> None:
    new = batch()
    await accepted(store, new)
    (message,) = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=10)

    assert await store.read(batch_by_id, OTHER, new.batch.id) is None
    assert await store.read(message_by_id, OTHER, message.id) is None
    assert await store.read(messages_of, OTHER, MessageFilter(batch_id=new.batch.id), limit=10) == []
    assert await store.read(buckets_of, OTHER, new.batch.id) == []
    assert await store.read(recipient_statuses_of, OTHER, new.batch.id) == []


async def test_a_batch_that_is_no_batch_has_no_messages(store: Store, batch: MakeBatch) -> None:
    await accepted(store, batch())

    for junk in ("", "x", "Z" * 26, "'; --"):
        assert await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=junk), limit=10) == []


EACH_SET: dict[str, Any] = {
    "truncate": True,
    "originator_ton": 5,
    "originator_npi": 1,
    "feedback": True,
    "local_time": True,
    "quiet": (1200, 480),
    "marketing": True,
    "priority": Priority.URGENT,
    "pause_share": 0.5,
    "pause_after": 7,
    "despite_optout": True,
    "as_given": True,
    "media": ("https://example.org/1", "https://example.org/2"),
    "campaign_id": "C1",
    "ucs2": True,
    "channel": Channel.VIBER,
    "rich_media": RichMedia(image_url="https://example.org/i"),
    "fallbacks": (Fallback(channel=Channel.SMS, body="By SMS", rich_media=RichMedia(button_caption="Open")),),
    "fall_back_after_s": 60,
    "release": Release(made_by="P1", after="B1", by_itself=True),
    "smpp_parameters": ((5123, "0a"),),
}


async def test_each_option_comes_out_of_the_store_as_it_went_in_and_is_hashed_alike(
    store: Store, batch: MakeBatch
) -> None:
    assert set(EACH_SET) == set(Options.__struct_fields__)
    wanted = {name: Options(**{name: value}) for name, value in EACH_SET.items()}
    made = {name: batch(options=options) for name, options in wanted.items()}

    await store.write(accept, list(made.values()))
    facts = await store.read(sending_facts, [new.batch.id for new in made.values()])

    found = {name: facts[new.batch.id].options for name, new in made.items()}
    assert found == wanted
    assert {name: hash(options) for name, options in found.items()} == {
        name: hash(options) for name, options in wanted.items()
    }


async def test_what_a_door_keeps_with_recipients_outlives_a_worker_that_stores_their_messages(
    store: Store, batch: MakeBatch
) -> None:
    """Of a large batch some have their messages when its worker dies; the others get theirs with what was kept."""
    facts = {"33600000001": '{"tracker":"a"}', "33600000003": '{"tracker":"c"}'}
    new = batch("33600000001", "33600000002", "33600000003", recipient_facts=facts)
    await accepted(store, new)
    found = await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=new.batch.id), limit=9)
    last = found[0]
    await store.write(lambda tx: tx.run(delete(messages).where(messages.c.id == last.id)))

    missing = await store.read(missing_of, Work(new.batch.id, ACCOUNT, "fill", "w", 0))

    assert {message.msisdn: message.recipient_facts for message in found} == {"33600000002": None} | facts
    assert (missing.msisdns, missing.batch.recipient_facts) == ([last.msisdn], facts)
