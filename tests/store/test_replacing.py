"""Changing the contents of batches that are too large for one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace as with_
from sqlalchemy import func, select

from heliograph.domain.batches import Batch, ReportWish
from heliograph.domain.caps import Caps
from heliograph.domain.errors import AlreadyDispatched, CapReached, InsufficientCredit, UnknownGroup
from heliograph.domain.ids import following
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.prices import Tariff
from heliograph.engine.plans import plans
from heliograph.engine.replacing import replaced
from heliograph.engine.works import Works
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import Accepted, accept, batch_by_id, cancel, cancel_message, quoted
from heliograph.store.checking import findings_in
from heliograph.store.erasing import erase_in_batches
from heliograph.store.events import claim_events
from heliograph.store.ledger import balance_of, entries_of, set_balance
from heliograph.store.optouts import add_optouts
from heliograph.store.pausing import move_paused, pause_batch, resume_batch
from heliograph.store.queue import Claim, claim_due
from heliograph.store.replacing import changeable, replace
from heliograph.store.schema import messages
from heliograph.store.works import Holder

from .conftest import ACCOUNT, MakeBatch

PRICE = 1_000
TARIFF = Tariff(channels={"sms": {"default": PRICE}})
MANY = 1_300
BALANCE = 100_000_000
LATER = timedelta(hours=1)
NUMBERS = [f"336{place:08d}" for place in range(MANY)]
OTHERS = [f"337{place:08d}" for place in range(MANY)]
LONG = "x" * 161
"""Two parts."""


async def stored(store: Store, batch: MakeBatch, *, due_in: timedelta = LATER, **fields: Any) -> Batch:
    await store.write(set_balance, ACCOUNT, BALANCE, now_ms())
    new = batch(*NUMBERS, **fields)
    new = with_(new, batch=with_(new.batch, send_at=new.batch.send_at + due_in), tariff=TARIFF)
    accepted: Accepted = await store.write_item(accept, new, Lane.ACCEPT)
    assert accepted.messages == MANY
    return new.batch


def to(**fields: Any) -> Callable[[Batch], Batch]:
    return lambda before: with_(before, modified_at=before.modified_at + LATER, **fields)


async def changed(store: Store, batch: Batch, *, caps: Caps | None = None, **fields: Any) -> Batch:
    works = Works(store, plans(lambda: TARIFF), lambda: None)
    found = await replaced(store, works, ACCOUNT, batch.id, to(**fields), TARIFF, caps)
    assert found is not None
    return found


async def decided(store: Store, batch: Batch, **fields: Any) -> None:
    """Decide a change, by a process that dies then."""
    before = await store.read(changeable, ACCOUNT, batch.id)
    assert before is not None
    after = to(**fields)(before)
    wanted = quoted(after, after.recipients, set(), TARIFF)
    assert await store.write(replace, before, wanted, now_ms(), None, Holder("dead", now_ms() - 1)) is not None


async def carry_out(store: Store) -> None:
    assert await Works(store, plans(lambda: TARIFF), lambda: None).do_some()


async def standing(store: Store, batch: Batch) -> dict[str, tuple[str, str, int]]:
    """Identifiers, statuses and prices, by number."""
    columns = (messages.c.msisdn, messages.c.id, messages.c.status, messages.c.price)
    rows = await store.read(lambda tx: tx.rows(select(*columns).where(messages.c.batch_id == batch.id)))
    return {msisdn: (one, status, price) for msisdn, one, status, price in rows}


async def is_paid_for(store: Store) -> bool:
    """Say whether what is charged is what the messages cost, and the ledger says so."""
    balance = await store.read(balance_of, ACCOUNT)
    entries = await store.read(entries_of, ACCOUNT, limit=1_000)
    cost = await store.read(lambda tx: tx.value(select(func.sum(messages.c.price))))
    return balance == BALANCE - cost == sum(entry.amount for entry in entries)


async def claimed(store: Store) -> set[str]:
    claim = Claim("w", 5_000, now_ms(), now_ms() + 60_000)
    work = await store.write_item(claim_due, claim, Lane.ENGINE)
    return {message.msisdn for message in work.messages}


async def settle_pauses(store: Store) -> None:
    while await store.write(move_paused, 5_000, {}) is not None:
        pass


async def test_who_stays_keeps_the_message_and_everybody_pays_the_new_price(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch)
    before = await standing(store, made)

    after = await changed(store, made, recipients=NUMBERS[:700] + OTHERS[:900], body=LONG)

    found = await standing(store, made)
    new_ids = set(following(made.id, 900, MANY))
    assert found.keys() == {*NUMBERS[:700], *OTHERS[:900]}
    assert {found[number][0] for number in OTHERS[:900]} == new_ids
    assert all(found[number][0] == before[number][0] for number in NUMBERS[:700])
    assert {(status, price) for _, status, price in found.values()} == {("queued", 2 * PRICE)}
    assert await is_paid_for(store)
    assert after.recipient_count == 1_600
    again = await store.read(batch_by_id, ACCOUNT, made.id)
    assert again is not None
    assert (again.recipient_count, again.body, again.pause) == (1_600, LONG, None)


async def test_a_batch_shrinks_and_grows_and_what_it_cost_comes_back(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch)

    await changed(store, made, recipients=NUMBERS[:1])
    assert (len(await standing(store, made)), await is_paid_for(store)) == (1, True)
    await changed(store, made, recipients=NUMBERS)
    assert (len(await standing(store, made)), await is_paid_for(store)) == (MANY, True)
    await store.write(cancel, ACCOUNT, made.id, now_ms())

    assert await store.read(balance_of, ACCOUNT) == BALANCE


async def test_nothing_is_sent_while_it_is_changed_and_all_of_it_then(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch, due_in=timedelta())

    await decided(store, made, recipients=[*NUMBERS[1:], *OTHERS[:700]], body=LONG)
    amid = await claimed(store)
    await carry_out(store)
    await settle_pauses(store)

    assert amid == set()
    assert await claimed(store) == {*NUMBERS[1:], *OTHERS[:700]}
    assert await is_paid_for(store)


async def test_the_time_may_be_all_that_changes(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch)

    await changed(store, made, send_at=from_ms(now_ms()))

    assert await claimed(store) == set(NUMBERS)


@pytest.mark.parametrize("when", ["before", "amid", "not any more"])
async def test_a_batch_that_is_paused_stays_so(store: Store, batch: MakeBatch, when: str) -> None:
    made = await stored(store, batch, due_in=timedelta())
    if when != "amid":
        await store.write(pause_batch, ACCOUNT, made.id)

    await decided(store, made, body=LONG)
    if when == "amid":
        assert await store.write(pause_batch, ACCOUNT, made.id)
        assert await store.write(pause_batch, ACCOUNT, made.id) is False
    elif when == "not any more":
        assert await store.write(resume_batch, ACCOUNT, made.id)
        assert await store.write(resume_batch, ACCOUNT, made.id) is False
    amid = await store.read(batch_by_id, ACCOUNT, made.id)
    held = await claimed(store)
    await carry_out(store)
    await settle_pauses(store)

    assert amid is not None
    assert (amid.paused, held) == (when != "not any more", set())
    assert await claimed(store) == (set(NUMBERS) if when == "not any more" else set())
    await store.write(resume_batch, ACCOUNT, made.id)
    await settle_pauses(store)
    assert await claimed(store) == (set() if when == "not any more" else set(NUMBERS))


async def test_who_cancels_one_message_in_between_gets_its_price_back(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch)
    ids = await standing(store, made)

    await decided(store, made, recipients=NUMBERS[:700], body=LONG)
    for number in (NUMBERS[0], NUMBERS[-1]):  # one that stays, one that goes
        assert await store.write(cancel_message, ACCOUNT, ids[number][0], now_ms())
    await carry_out(store)

    assert (await standing(store, made))[NUMBERS[0]][1:] == ("canceled", 0)
    assert await is_paid_for(store)


async def test_a_check_in_between_finds_nothing_wrong(store: Store, batch: MakeBatch) -> None:
    url = {"report": ReportWish.SUMMARY, "callback_url": "http://127.0.0.1/"}
    made = await stored(store, batch, **url)

    await decided(store, made, recipients=NUMBERS[:700])
    amid = [finding.check for finding in await store.read(findings_in)]
    await carry_out(store)

    assert "counts" not in [*amid, *(finding.check for finding in await store.read(findings_in))]


async def test_a_number_that_is_erased_while_a_change_is_planned_does_not_come_back(
    store: Store, batch: MakeBatch
) -> None:
    made = await stored(store, batch)
    before = await store.read(changeable, ACCOUNT, made.id)
    assert before is not None
    wanted = quoted(to(body=LONG)(before), NUMBERS, set(), TARIFF)
    await store.write(erase_in_batches, NUMBERS[0], [made.id])

    assert await store.write(replace, before, wanted, now_ms(), None, Holder("w", now_ms())) is None


async def test_its_end_is_told_once_when_all_have_opted_out(store: Store, batch: MakeBatch) -> None:
    url = {"report": ReportWish.SUMMARY, "callback_url": "http://127.0.0.1/"}
    made = await stored(store, batch, **url)
    await store.write(add_optouts, ACCOUNT, OTHERS, OptOutSource.API, 1)

    await changed(store, made, recipients=OTHERS)

    now = now_ms()
    events = await store.write(claim_events, limit=5_000, now_ms=now + 1, lease_until=now + 60_000)
    assert [event.subject_id for event in events] == [made.id]
    assert {(status, price) for _, status, price in (await standing(store, made)).values()} == {("rejected", 0)}
    assert await store.read(balance_of, ACCOUNT) == BALANCE


@pytest.mark.parametrize("why", ["claimed", "canceled", "a group", "money", "a cap"])
async def test_what_may_not_be_changed_stays_as_it_was(store: Store, batch: MakeBatch, why: str) -> None:
    made = await stored(store, batch, due_in=timedelta() if why == "claimed" else LATER)
    refusals = {"a group": UnknownGroup, "money": InsufficientCredit, "a cap": CapReached}
    if why == "claimed":
        await store.write_item(claim_due, Claim("w", 1, now_ms(), now_ms() + 60_000), Lane.ENGINE)
    elif why == "canceled":
        await store.write(cancel, ACCOUNT, made.id, now_ms())
    elif why == "money":
        await store.write(set_balance, ACCOUNT, MANY * PRICE - 1, now_ms())
    before, stored_before = await standing(store, made), await store.read(batch_by_id, ACCOUNT, made.id)
    groups = {"groups": ["nothing"], "expand_at": made.send_at} if why == "a group" else {}
    caps = Caps(day_messages=1) if why == "a cap" else None

    with pytest.raises(refusals.get(why, AlreadyDispatched)):
        await changed(store, made, caps=caps, recipients=NUMBERS + OTHERS[:2], body=LONG, **groups)

    assert await standing(store, made) == before
    assert await store.read(batch_by_id, ACCOUNT, made.id) == stored_before


async def test_a_plan_for_a_batch_that_has_changed_since_is_made_anew(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch)
    before = await store.read(changeable, ACCOUNT, made.id)
    assert before is not None
    wanted = quoted(to(body=LONG)(before), NUMBERS, set(), TARIFF)
    await changed(store, made, recipients=NUMBERS[1:])

    assert await store.write(replace, before, wanted, now_ms(), None, Holder("w", now_ms())) is None
    assert len(await standing(store, made)) == MANY - 1
