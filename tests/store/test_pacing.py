"""Lines at which messages wait for a place, with a clock that the tests move."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.messages import Waiting
from heliograph.domain.priorities import Priority
from heliograph.domain.statuses import Status
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import accept
from heliograph.store.pacing import Pace, next_place_ms
from heliograph.store.queue import Claim, backlog, claim_due
from heliograph.store.receipts import Outcomes, record_outcomes
from heliograph.store.schema import paces
from heliograph.store.tx import Tx

from .conftest import MakeBatch

PROVIDER = "scripted"
#: So long after everything that was accepted that all places of the last tenth of a second are free.
START = now_ms() + 3_600_000


async def claim(store: Store, pace: Pace, at: int, limit: int = 500) -> list[str]:
    """Who is sent to then: the originators, as they stand in the line."""
    work = await store.write_item(claim_due, Claim("w", limit, at, at + 60_000, [pace]), Lane.ENGINE)
    return [work.batches[message.batch_id].originator or "" for message in work.messages]


async def wait_at_lines(store: Store, batch: MakeBatch, pace: Pace, **counts: int) -> None:
    """Lets so many messages from each originator wait as `pace` says."""
    for originator, count in counts.items():
        new = batch(*(str(33600000000 + number) for number in range(count)), originator=originator)
        await store.write_item(accept, new, Lane.ACCEPT)
        now = now_ms() + 1
        work = await store.write_item(claim_due, Claim("w", count, now, now + 60_000), Lane.ENGINE)
        put_back = [
            Change(message.id, Status.QUEUED, why_queued=Waiting.PACED, attempts=0, waits_at=pace.line(originator))
            for message in work.messages
        ]
        assert len(put_back) == count
        await store.write_item(record_outcomes, Outcomes(put_back, now), Lane.ENGINE)


def lines(tx: Tx) -> list[str]:
    return [line for (line,) in tx.rows(select(paces.c.line).order_by(paces.c.line))]


async def test_places_come_up_at_the_rate_and_a_quiet_hour_is_not_made_up_for(store: Store, batch: MakeBatch) -> None:
    pace = Pace(PROVIDER, per_second=20)
    await wait_at_lines(store, batch, pace, Acme=10)

    taken = [len(await claim(store, pace, START + after)) for after in (0, 10, 49, 60, 200, 3_600_000)]

    # Two of the last tenth of a second and the one that comes up now; then one each 50 ms.
    assert taken == [3, 0, 0, 1, 3, 3]
    assert await store.read(next_place_ms, [PROVIDER]) == START + 3_600_000 + 50


async def test_the_limit_of_the_provider_is_kept_by_all_of_its_originators(store: Store, batch: MakeBatch) -> None:
    pace = Pace(PROVIDER, per_second=20, per_originator=10)
    await wait_at_lines(store, batch, pace, Acme=5, Bell=5, Cole=5)

    first, then = await claim(store, pace, START), await claim(store, pace, START + 100)

    assert first == ["Acme", "Acme", "Bell"]  # two places each and three of the provider: the first who came
    assert Counter(then) <= Counter(Acme=1, Bell=2, Cole=2)
    assert len(then) == 2


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Pace(PROVIDER, 20), Pace(PROVIDER, 20, 10)),
        (Pace(PROVIDER, 20, 10), Pace(PROVIDER, 20)),
        (Pace(PROVIDER, 0, 10), Pace(PROVIDER, 0)),
        (Pace(PROVIDER, 20), Pace(PROVIDER, 0)),
    ],
    ids=["originators get limits", "originators lose limits", "no limits any more", "no limit any more"],
)
async def test_what_waits_goes_on_after_the_limits_were_changed(
    store: Store, batch: MakeBatch, before: Pace, now: Pace
) -> None:
    await wait_at_lines(store, batch, before, Acme=2, Bell=2)
    await wait_at_lines(store, batch, now, Cole=2)
    taken: list[str] = []
    seconds = 0
    while len(taken) < 6 and seconds < 30:
        at_once = await claim(store, now, START + seconds * 1_000)
        assert len(at_once) <= 3 or not now.per_second
        taken += at_once
        seconds += 1

    assert Counter(taken) == Counter(Acme=2, Bell=2, Cole=2)


async def test_a_line_at_which_nobody_waits_is_closed_the_providers_own_last(store: Store, batch: MakeBatch) -> None:
    pace = Pace(PROVIDER, per_second=20, per_originator=10)
    await wait_at_lines(store, batch, pace, Acme=1, Bell=3)
    acme, bell = pace.line("Acme"), pace.line("Bell")

    open_then = []
    for seconds in range(4):
        await claim(store, pace, START + seconds * 1_000)
        open_then.append(await store.read(lines))

    assert open_then == [[PROVIDER, acme, bell], [PROVIDER, bell], [], []]


async def test_what_waits_is_counted_by_priority_and_route(store: Store, batch: MakeBatch) -> None:
    await wait_at_lines(store, batch, Pace(PROVIDER, per_second=20, per_originator=10), Acme=3, Bell=2)
    await store.write_item(accept, batch("33655000001"))

    counted = {(each.priority, each.provider): each.waiting for each in await store.read(backlog)}

    assert counted == {(Priority.NORMAL, PROVIDER): 5, (Priority.NORMAL, ""): 1}
