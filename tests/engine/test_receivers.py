"""One customer's slow or dead server holds up nobody else's callbacks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.patience import HANG_S

from heliograph.domain.batches import ReportWish
from heliograph.domain.callbacks import Event, EventKind, receiver_of
from heliograph.domain.instants import now_ms
from heliograph.domain.statuses import Status
from heliograph.engine.receivers import AHEAD, AT_ONCE, BREAKER, CAREFUL, QUICK, Offer, Receivers
from heliograph.store import Store
from heliograph.store.events import claim_events, give_up_old_events, put_back_events, waiting_receivers
from heliograph.store.outbox import NewEvent, add_events
from heliograph.store.schema import events
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine


def event(receiver: str, number: int = 0, account_id: str = "") -> Event:
    return Event(
        id=f"{receiver}{number}",
        account_id=account_id or receiver,
        protocol="v1",
        sink="",
        kind=EventKind.INBOUND,
        subject_id="",
        facts=None,
        created_ms=0,
        attempts=1,
        receiver=receiver,
    )


def offers(receivers: Receivers, now: float) -> list[Offer]:
    found = []
    while (offer := receivers.next_offer(now)) is not None:
        found.append(offer)
    return found


def make_quick(receivers: Receivers, name: str) -> None:
    receivers[name].answered(0.01)


def test_a_quick_receiver_has_places_however_many_others_do_not_answer() -> None:
    receivers = Receivers()
    make_quick(receivers, "quick")
    receivers.take(event(f"slow{number}", place) for number in range(1_000) for place in range(4))
    receivers.take(event("quick", place) for place in range(500))

    taken = offers(receivers, now=0.0)

    by_receiver = [offer.event.receiver for offer in taken]
    assert by_receiver.count("quick") == QUICK
    assert len(taken) - QUICK == AT_ONCE // 2


@pytest.mark.parametrize("accounts", [1, 2, 5, 8])
def test_an_account_with_many_hosts_that_never_answer_leaves_places_for_others(accounts: int) -> None:
    receivers = Receivers()
    receivers.take(
        event(f"{account} host{host}", place, str(account))
        for account in range(accounts)
        for host in range(300)
        for place in range(4)
    )
    held = offers(receivers, now=0.0)
    receivers.take([event("new")])

    assert [offer.event.receiver for offer in offers(receivers, now=0.0)] == ["new"]
    assert len(held) >= CAREFUL // 3
    for offer in held:
        receivers.done(offer)
    assert receivers.in_flight == 1


def test_a_quick_receiver_is_claimed_events_by_the_hundred_and_again_once_half_are_over() -> None:
    receivers = Receivers()
    make_quick(receivers, "quick")
    (first,) = receivers.claims(["quick"], 0.0, 1_000).values()
    receivers.take(event("quick", place) for place in range(first))
    told = 0

    while not (again := receivers.claims(["quick"], 0.0, 1_000)):
        for offer in offers(receivers, now=0.0):
            receivers.done(offer)
            told += 1

    assert first == QUICK * AHEAD
    assert again == {"quick": told}
    assert first // 2 <= told < first // 2 + QUICK


def test_one_that_fails_again_and_again_is_left_alone_and_then_asked_by_one_event() -> None:
    receivers = Receivers()
    receivers.take(event("dead", place) for place in range(100))
    for _ in range(BREAKER):
        receivers[event("dead").receiver].failed(now=10.0)

    assert offers(receivers, now=10.0) == []
    assert receivers.claims(["dead"], 10.0, 100) == {}
    opening = receivers.next_opening(["dead"], 10.0)
    assert opening == 11.0
    assert len(offers(receivers, now=opening)) == 1
    assert [each.receiver for each in receivers.left_over(10.5)] == ["dead"] * 99


def test_the_waits_double_up_to_a_minute_and_end_with_the_first_answer() -> None:
    receivers = Receivers()
    waits = []
    for _ in range(BREAKER + 9):
        receivers["dead"].failed(now=0.0)
        waits.append(receivers["dead"].shut_until)
    receivers["dead"].answered(0.1)

    assert waits[BREAKER - 1 :] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
    assert receivers["dead"].is_quick


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["take", "answer", "slow", "fail"])), max_size=200)
)
def test_places_are_neither_lost_nor_made(steps: list[tuple[str, str]]) -> None:
    receivers = Receivers()
    under_way: list[Offer] = []
    claimed = given_out = 0
    for number, (name, step) in enumerate(steps):
        now = float(number)
        if step == "take":
            claimed += sum(receivers.claims([name], now, 50).values())
            receivers.take(event(name, place) for place in range(3))
        elif under_way:
            offer = under_way.pop(0)
            if step == "fail":
                offer.receiver.failed(now)
            else:
                offer.receiver.answered(5.0 if step == "slow" else 0.01)
            receivers.done(offer)
        new = offers(receivers, now)
        given_out += len(new)
        under_way += new
        assert receivers.in_flight == len(under_way) <= AT_ONCE
    for offer in under_way:
        receivers.done(offer)
    assert receivers.in_flight == 0
    assert len({offer.event.id for offer in under_way}) <= given_out


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://example.org/a?b#c", "https://EXAMPLE.org/d", True),
        ("https://user:pass@example.org/a", "https://example.org", True),
        ("https://example.org:8443/", "https://example.org/", False),
        ("http://example.org/", "https://example.org/", False),
    ],
)
def test_a_receiver_is_an_accounts_view_of_a_host(one: str, other: str, same: bool) -> None:
    assert (receiver_of("A", one) == receiver_of("A", other)) is same
    assert receiver_of("A", one) != receiver_of("B", one)


def write_events(tx: Tx, account: str, url: str, count: int, at_ms: int) -> None:
    add_events(tx, [NewEvent(account, "v1", url, EventKind.INBOUND, "nothing")] * count, at_ms)


async def test_claims_take_of_each_receiver_what_it_may_have(store: Store) -> None:
    await store.write(write_events, "A", "https://a.example/", 50, 1)
    await store.write(write_events, "B", "https://b.example/", 3, 2)
    await store.write(write_events, "C", "https://c.example/", 3, now_ms() + 60_000)
    found = {each.receiver: each.due_at for each in await store.read(waiting_receivers)}
    places = {receiver_of("A", "https://a.example/"): 5, receiver_of("B", "https://b.example/"): 5}
    places[receiver_of("C", "https://c.example/")] = 5

    claimed = await store.write(claim_events, limit=100, now_ms=now_ms(), lease_until=now_ms() + 9_000, places=places)

    assert set(found) == set(places)
    assert found[receiver_of("A", "https://a.example/")] == 1
    assert [each.account_id for each in claimed].count("A") == 5
    assert [each.account_id for each in claimed].count("B") == 3
    assert len(claimed) == 8


@pytest.fixture
def silent() -> Iterator[Callable[[], str]]:
    """Servers that accept connections and never answer."""
    with ExitStack() as stack:

        def url() -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=500))
            return f"http://127.0.0.1:{listener.getsockname()[1]}/"

        yield url


@pytest.fixture
async def quick() -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    calls: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(request: web.Request) -> web.Response:
        calls.put_nowait(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", calls
    await runner.cleanup()


async def one_of(running: Running, name: str) -> Running:
    """The same engine, and another account that sends through it."""
    return replace(running, account=await running.services.accounts.ensure(name))


async def test_a_quick_receiver_is_called_while_others_never_answer(
    start: StartEngine, silent: Callable[[], str], quick: tuple[str, asyncio.Queue[bytes]]
) -> None:
    """The others' events are older, and more than there are places."""
    running = await start(ScriptedProvider())
    for name in ("one", "two", "three"):
        other = await one_of(running, name)
        numbers = [f"+336{number:08d}" for number in range(AT_ONCE // 2)]
        messages = await other.send(*numbers, report=ReportWish.PER_RECIPIENT_FINAL, callback_url=silent())
        await other.until(messages[-1], Status.SENT)
        for message in messages:
            await other.receipt(message, Status.DELIVERED)
    url, calls = quick
    (message,) = await running.send(report=ReportWish.PER_RECIPIENT_FINAL, callback_url=url)
    await running.until(message, Status.SENT)
    await running.receipt(message, Status.DELIVERED)

    told = await asyncio.wait_for(calls.get(), HANG_S)

    assert message.id.encode() in told


async def test_a_dead_receiver_costs_little_and_what_is_too_old_for_it_is_given_up(start: StartEngine) -> None:
    """Nothing listens there. Only as many are offered as it takes to see that; the rest wait without an attempt."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = await start(ScriptedProvider())
    numbers = [f"+336{number:08d}" for number in range(300)]
    messages = await running.send(
        *numbers, report=ReportWish.PER_RECIPIENT_FINAL, callback_url=f"http://127.0.0.1:{port}/"
    )
    await running.until(messages[-1], Status.SENT)
    for message in messages:
        await running.receipt(message, Status.DELIVERED)

    async def seen() -> list[int] | None:
        found = await running.engine.store.read(attempts_of)
        return found if sum(found) >= BREAKER else None

    attempts = await running.once("callbacks", seen)

    assert len(attempts) == 300
    assert sum(attempts) < 100


def attempts_of(tx: Tx) -> list[int]:
    return [row[0] for row in tx.rows(select(events.c.attempts))]


async def test_what_is_too_old_is_given_up_without_being_offered(store: Store) -> None:
    url = "http://dead.example/"
    await store.write(write_events, "A", url, 10, 1)
    later = now_ms() + 60_000

    ended = await store.write(give_up_old_events, [receiver_of("A", url)], before_ms=later, now_ms=now_ms(), limit=7)
    others = await store.write(
        give_up_old_events, [receiver_of("A", url)], before_ms=later - 120_000, now_ms=now_ms(), limit=7
    )

    assert (ended, others) == (7, 0)
    assert len(await store.write(claim_events, limit=100, now_ms=now_ms(), lease_until=later)) == 3


async def test_what_is_put_back_was_never_claimed(store: Store) -> None:
    await store.write(write_events, "A", "http://dead.example/", 3, 1)
    claimed = await store.write(claim_events, limit=100, now_ms=now_ms(), lease_until=now_ms() + 60_000)

    await store.write(put_back_events, claimed)
    again = await store.write(claim_events, limit=100, now_ms=now_ms(), lease_until=now_ms() + 60_000)

    assert [each.id for each in again] == [each.id for each in claimed]
    assert [each.attempts for each in again] == [1, 1, 1]
