"""What connected clients are told: nothing is lost while nobody is connected, and it is told to who comes next."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from heliograph.domain.accounts import CredentialKind, Principal, Scope
from heliograph.domain.batches import Draft, ReportWish
from heliograph.domain.callbacks import LONGEST_MS, Event, EventKind, session_sink
from heliograph.domain.errors import MissingCallbackUrl
from heliograph.domain.ids import earliest_at
from heliograph.domain.instants import now_ms
from heliograph.domain.messages import Message
from heliograph.domain.statuses import Status
from heliograph.engine import outbox
from heliograph.engine.receivers import FEW
from heliograph.engine.sessions import Session, SessionEnded, Sessions
from heliograph.engine.sinks import TAKEN, Delivery, Fate
from heliograph.store import open_store
from heliograph.store.messages import MessageFilter
from heliograph.store.outbox import NewEvent, add_events
from heliograph.store.schema import events
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine

LINE = "line"
Answer = Delivery | BaseException


class Client(Session):
    """Says to what it is told what the test has said before, else that it has it."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = deque(answers)
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self.answering = asyncio.Event()
        self.answering.set()
        self.closed = False

    async def push(self, event: Event) -> Delivery:
        self.told.put_nowait(event)
        await self.answering.wait()
        answer = self.answers.popleft() if self.answers else TAKEN
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True

    async def next(self) -> Event:
        return await asyncio.wait_for(self.told.get(), 20)


async def key(running: Running, *scopes: str) -> Principal:
    """A key of a protocol whose clients stay connected, with these scopes besides that to send."""
    accounts = running.services.accounts
    issued = await accounts.issue(
        running.account,
        CredentialKind.API_KEY,
        scopes={Scope.MESSAGES_SEND, *scopes},
        listens=LINE if Scope.INBOUND_READ in scopes else None,
    )
    return await running.services.access.authenticate(
        CredentialKind.API_KEY, issued.public_id, issued.secret, address=None
    )


async def settled(running: Running, caller: Principal, count: int = 1) -> list[Message]:
    """Messages sent with this key, of whose ends it is to be told, and that have ended."""
    draft = Draft(
        protocol=LINE,
        to=[f"+336{number:08d}" for number in range(count)],
        originator="Acme",
        text="Hello",
        sink=running.services.sessions.sink_of(caller, LINE),
        report=ReportWish.PER_RECIPIENT_FINAL,
    )
    batch = (await running.services.batches.create(running.account, draft)).batch
    messages = await running.services.messages.page(running.account, MessageFilter(batch_id=batch.id), limit=1_000)
    for message in messages[::-1]:
        await running.until(message, Status.SENT)
        await running.receipt(message, Status.DELIVERED)
    return messages[::-1]


def rows(tx: Tx) -> list[tuple[str, int, str | None]]:
    found = tx.rows(select(events.c.state, events.c.attempts, events.c.last_error).order_by(events.c.id))
    return [(row[0], row[1], row[2]) for row in found]


async def recorded(running: Running, *states: str) -> list[tuple[str, int, str | None]]:
    """The outbox once its events have these states, and no lease."""

    async def there() -> list[tuple[str, int, str | None]] | None:
        found = await running.engine.store.read(rows)
        free = all(state != "waiting" or error is not None or not attempts for state, attempts, error in found)
        return found if free and [row[0] for row in found] == list(states) else None

    return await running.once("events", there)


def make_due(tx: Tx) -> int:
    return tx.run(update(events).where(events.c.state == "waiting").values(due_at=0))


async def test_a_client_is_told_what_came_of_what_was_sent_with_its_key(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    caller = await key(running)
    client = Client()
    with running.services.sessions.joined(caller, LINE, client):
        (message,) = await settled(running, caller)
        event = await client.next()
        found = await recorded(running, "delivered")

    assert event.facts is not None
    assert (event.facts.message_id, event.facts.status, event.protocol) == (message.id, "delivered", LINE)
    assert found == [("delivered", 1, None)]


async def test_what_a_client_takes_long_for_is_told_once(start: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LEASE_S", 1.5)
    running = await start(ScriptedProvider())
    caller = await key(running)
    client = Client()
    client.answering.clear()

    def lease(tx: Tx) -> int:
        return int(tx.value(select(events.c.due_at)))

    async def over() -> bool | None:
        return now_ms() > first_lease or None

    with running.services.sessions.joined(caller, LINE, client):
        await settled(running, caller)
        await client.next()
        first_lease = await running.engine.store.read(lease)
        await running.once("events", over)
        later_lease = await running.engine.store.read(lease)
        client.answering.set()
        found = await recorded(running, "delivered")

    assert later_lease > first_lease
    assert found == [("delivered", 1, None)]
    assert client.told.empty()


async def test_trap_37_what_nobody_is_connected_for_waits_without_an_attempt_and_is_told_in_order(
    start: StartEngine,
) -> None:
    running = await start(ScriptedProvider())
    caller = await key(running)
    messages = await settled(running, caller, 3)
    found = await recorded(running, "waiting", "waiting", "waiting")
    client = Client()

    with running.services.sessions.joined(caller, LINE, client):
        told = [await client.next() for _ in messages]

    assert {attempts for _, attempts, _ in found} == {0}
    assert [event.facts and event.facts.message_id for event in told] == [message.id for message in messages]


async def test_what_the_first_client_did_not_acknowledge_goes_to_the_next_with_the_same_id(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    caller = await key(running)
    first, second = Client(SessionEnded()), Client()
    with running.services.sessions.joined(caller, LINE, first):
        await settled(running, caller)
        told = await first.next()
        waiting = await recorded(running, "waiting")

    with running.services.sessions.joined(caller, LINE, second):
        again = await second.next()
        await recorded(running, "delivered")

    assert [attempts for _, attempts, _ in waiting] == [0]
    assert told.id == again.id
    assert told.facts == again.facts


async def test_where_several_are_connected_one_that_ends_is_stood_in_for_at_once(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    caller = await key(running)
    ends, stays = Client(SessionEnded()), Client()
    with ExitStack() as stack:
        for client in (ends, stays):
            stack.enter_context(running.services.sessions.joined(caller, LINE, client))
        await settled(running, caller, 4)
        found = await recorded(running, *["delivered"] * 4)

    assert ends.told.qsize() == 1
    assert stays.told.qsize() == 4
    assert {attempts for _, attempts, _ in found} == {1}


async def test_a_client_that_never_acknowledges_is_cut_off_and_the_next_is_told(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    running.engine.sessions.acknowledged_within_s = 0.01
    caller = await key(running)
    silent, client = Client(), Client()
    silent.answering.clear()
    with running.services.sessions.joined(caller, LINE, silent):
        await settled(running, caller)
        await silent.next()
        running.engine.sessions.acknowledged_within_s = 20
        with running.services.sessions.joined(caller, LINE, client):
            await client.next()
            await recorded(running, "delivered")

    assert silent.closed
    assert not client.closed


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (Delivery(Fate.FAILED, "busy"), "waiting", "busy"),
        (Delivery(Fate.FAILED), "waiting", "it was not taken"),
        (Delivery(Fate.REFUSED, "unknown number"), "given_up", "unknown number"),
        (Delivery(Fate.REFUSED, "half \ud800 of a pair\0"), "given_up", "half \ufffd of a pair\ufffd"),
        (KeyError("oops"), "waiting", "KeyError: 'oops'"),
    ],
    ids=str,
)
async def test_what_a_client_says_decides_whether_it_is_told_again(
    start: StartEngine, answer: Answer, state: str, reason: str
) -> None:
    running = await start(ScriptedProvider())
    caller = await key(running)
    client = Client(answer)
    with running.services.sessions.joined(caller, LINE, client):
        await settled(running, caller)
        first = await client.next()
        found = await recorded(running, state)
        await running.engine.store.write(make_due)
        running.engine.wake_callbacks()
        again = [await client.next()] if state == "waiting" else []

    assert found == [(state, 1, reason)]
    assert [event.id for event in again] == ([first.id] if state == "waiting" else [])


async def test_a_client_that_does_not_answer_holds_up_no_other(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    slow_one = replace(running, account=await running.services.accounts.ensure("slow"))
    slow, quick = await key(slow_one), await key(running)
    silent, client = Client(), Client()
    silent.answering.clear()
    with ExitStack() as stack:
        stack.enter_context(running.services.sessions.joined(slow, LINE, silent))
        stack.enter_context(running.services.sessions.joined(quick, LINE, client))
        await settled(slow_one, slow, 50)
        messages = await settled(running, quick, 50)
        told = [await client.next() for _ in messages]
        silent.answering.set()
        await recorded(running, *["delivered"] * 100)

    assert {event.facts and event.facts.message_id for event in told} == {message.id for message in messages}
    assert silent.told.qsize() >= FEW


async def test_only_the_process_that_a_client_is_connected_to_takes_its_events(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    if running.engine.store.dialect == "sqlite":
        pytest.skip("an embedded store has one process")
    other = await start(ScriptedProvider())
    caller = await key(running)
    client = Client()
    with other.services.sessions.joined(caller, LINE, client):
        messages = await settled(running, caller, 20)
        told = [await client.next() for _ in messages]
        found = await recorded(other, *["delivered"] * 20)

    assert {event.facts and event.facts.message_id for event in told} == {message.id for message in messages}
    assert {attempts for _, attempts, _ in found} == {1}


def write_old(tx: Tx, account_id: str, ages_ms: list[int]) -> None:
    """Events for clients that are not connected, as old as that."""
    now = now_ms()
    sink = session_sink(LINE)
    add_events(tx, [NewEvent(account_id, LINE, sink, EventKind.INBOUND, f"{age}") for age in ages_ms], now)
    for age in ages_ms:
        values = {"id": earliest_at(now - age), "created_at": now - age, "due_at": now - age}
        tx.run(update(events).where(events.c.subject_id == f"{age}").values(**values))


async def test_trap_37_what_nobody_comes_for_is_given_up_when_it_is_too_old(
    start: StartEngine, emptied_url: str, tmp_path: Path
) -> None:
    store = await open_store(emptied_url, tmp_path)
    await store.write(write_old, "A", [LONGEST_MS + 60_000, LONGEST_MS - 600_000])
    await store.close()

    running = await start(ScriptedProvider())
    found = await recorded(running, "given_up", "waiting")

    assert [attempts for _, attempts, _ in found] == [0, 0]


async def test_inbound_messages_go_to_clients_that_may_read_them_one_of_each_protocol(start: StartEngine) -> None:
    running = await start()
    reader, sender = await key(running, Scope.INBOUND_READ), await key(running)
    clients = [Client(), Client()]
    stranger = Client()
    with ExitStack() as stack:
        for client in clients:
            stack.enter_context(running.services.sessions.joined(reader, LINE, client))
        stack.enter_context(running.services.sessions.joined(sender, LINE, stranger))
        for number in range(4):
            await running.phones.reply(running.account, "+33612345678", "+33700000000", f"Hi {number}")
        await recorded(running, *["delivered"] * 4)

    assert [client.told.qsize() for client in clients] == [2, 2]
    assert stranger.told.empty()


async def test_nothing_is_written_for_clients_that_no_key_lets_in(start: StartEngine) -> None:
    running = await start()
    await key(running)
    revoked = await key(running, Scope.INBOUND_READ)
    await running.services.accounts.revoke(running.account, revoked.credential_id)

    await running.phones.reply(running.account, "+33612345678", "+33700000000", "Hi")

    assert await running.engine.store.read(rows) == []


async def test_a_report_needs_somebody_to_be_told(start: StartEngine) -> None:
    running = await start(ScriptedProvider())

    with pytest.raises(MissingCallbackUrl):
        await running.send(report=ReportWish.SUMMARY)


async def test_a_batch_that_is_changed_still_tells_who_sent_it(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    sink = session_sink(LINE, "somebody")
    draft = Draft(
        protocol=LINE,
        to=["+33612345678"],
        originator="Acme",
        text="Hello",
        sink=sink,
        report=ReportWish.SUMMARY,
        send_at=running.started.replace(year=running.started.year + 1),
    )
    made = (await running.services.batches.create(running.account, draft)).batch

    def longer(before: Draft) -> Draft:
        before.text = "Hello again"
        return before

    await running.services.batches.change(running.account, made.id, longer)
    found = await running.services.batches.get(running.account, made.id)

    assert (found.body, found.sink) == ("Hello again", sink)


async def test_clients_take_turns_and_who_left_is_told_nothing() -> None:
    joined = 0

    def on_joined() -> None:
        nonlocal joined
        joined += 1

    sessions = Sessions(on_joined)
    clients = [Client() for _ in range(3)]
    event = Event(
        id="E",
        account_id="A",
        protocol=LINE,
        sink=session_sink(LINE),
        kind=EventKind.INBOUND,
        subject_id="S",
        facts=None,
        created_ms=0,
        attempts=1,
        receiver="A session:line",
    )
    for client in clients:
        sessions.join([event.receiver], client)

    for _ in range(6):
        await sessions.deliver(event)
    sessions.leave(clients[0])
    sessions.leave(clients[0])
    for _ in range(4):
        await sessions.deliver(event)
    for client in clients:
        sessions.leave(client)

    assert joined == 3
    assert [client.told.qsize() for client in clients] == [2, 4, 4]
    assert not sessions.reaches(event.receiver)
    assert (await sessions.deliver(event)).fate is Fate.NOBODY
