"""What is on simulated phones, and what is on its way to them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.phones import PhoneMessage
from heliograph.domain.statuses import Status
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import NewBatch, accept
from heliograph.store.pausing import pause_batch
from heliograph.store.phones import clear_phones, messages_on, on_its_way, put_on_phones
from heliograph.store.queue import Claim, claim_due
from heliograph.store.receipts import Outcomes, record_outcomes
from heliograph.store.tx import Tx

from .conftest import ACCOUNT, OTHER, MakeBatch

PHONE = "33612345678"


async def accepted(store: Store, new: NewBatch) -> str:
    await store.write_item(accept, new, Lane.ACCEPT)
    return following(new.batch.id, 1)[0]


async def claim(store: Store) -> None:
    now = now_ms() + 1
    await store.write_item(claim_due, Claim("w", 500, now, now + 60_000), Lane.ENGINE)


async def coming(store: Store, account_id: str | None = ACCOUNT, after: str = "") -> set[str]:
    return await store.read(on_its_way, account_id, PHONE, after, now_ms() + 1)


async def test_what_is_due_or_with_a_worker_is_on_its_way(store: Store, batch: MakeBatch) -> None:
    first = await accepted(store, batch(PHONE))
    second = await accepted(store, batch(PHONE))
    other = await accepted(store, batch(PHONE, account_id=OTHER))
    await accepted(store, batch("33612345679"))
    later = batch(PHONE)
    later.batch.send_at += timedelta(hours=1)
    await accepted(store, later)

    assert await coming(store) == {first, second}
    assert await coming(store, after=first) == {second}
    assert await coming(store, None) == {first, second, other}
    await claim(store)
    assert await coming(store) == {first, second}
    await store.write_item(record_outcomes, Outcomes([Change(first, Status.SENT)], now_ms()), Lane.ENGINE)
    assert await coming(store) == {second}


async def test_what_is_paused_is_not_on_its_way(store: Store, batch: MakeBatch) -> None:
    new = batch(PHONE)
    await accepted(store, new)
    await store.write(pause_batch, ACCOUNT, new.batch.id)
    await claim(store)

    assert await coming(store) == set()


def _shown(msisdn: str, account_id: str) -> PhoneMessage:
    identifier = new_id()
    return PhoneMessage(
        id=identifier,
        msisdn=msisdn,
        peer="Acme",
        direction="received",
        body="Hello",
        udh="",
        encoding="gsm7",
        parts=1,
        message_id=None,
        account_id=account_id,
        provider_ref=identifier,
        outcome="delivered",
        at=now_ms(),
    )


@pytest.mark.parametrize(
    ("account_id", "msisdn", "left"),
    [
        (ACCOUNT, PHONE, {(PHONE, OTHER), ("331", ACCOUNT), ("331", OTHER)}),
        (ACCOUNT, None, {(PHONE, OTHER), ("331", OTHER)}),
        (None, PHONE, {("331", ACCOUNT), ("331", OTHER)}),
        (None, None, set()),
    ],
)
async def test_a_phone_is_cleared_for_one_account_or_for_all(
    store: Store, account_id: str | None, msisdn: str | None, left: set[tuple[str, str]]
) -> None:
    everywhere = [(phone, account) for phone in (PHONE, "331") for account in (ACCOUNT, OTHER)]

    def put(tx: Tx) -> None:
        put_on_phones(tx, [[_shown(*each) for each in everywhere]])

    await store.write(put)
    cleared = await store.write(clear_phones, account_id, msisdn)
    found = [shown for phone in (PHONE, "331") for shown in await store.read(messages_on, phone, limit=10)]

    assert cleared == 4 - len(left)
    assert {(shown.msisdn, shown.account_id) for shown in found} == left
