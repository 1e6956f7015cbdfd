"""Binds: connections to an SMSC that are held, and what goes by them.

How it works. A `Pool` has the lines of one provider, and what waits for all of them; a line that has room takes the
next message, and says all of its parts. What is answered that it was too much goes to the front of its line again,
which waits a little; order is kept, and no message is held against it. When a connection is lost, what was written and
not answered is uncertain, and what was not written goes by another line.

A line is held for as long as the pool is open: connect, bind, wait for the end, wait a while, connect again. How long
is doubled at each failure, with jitter, so that many processes do not come at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import structlog

from heliograph.domain.figures import Figure
from heliograph.engine.contract import TryAgain
from heliograph.protocols.shared.answers import TO_BE_MENDED_MS
from heliograph.protocols.smpp.connection import Connection, NoAnswer, connect
from heliograph.protocols.smpp.counts import Counts
from heliograph.protocols.smpp.provider.answers import too_fast
from heliograph.protocols.smpp.provider.config import Address, Manners, SmppConfig
from heliograph.protocols.smpp.provider.waiting import Job, Pace, Queue
from heliograph.protocols.smpp.session import (
    TOO_MUCH,
    Answered,
    Asked,
    Event,
    Mode,
    Session,
    Side,
    State,
    Timing,
    Unanswered,
)
from heliograph.protocols.smpp.wire.pdus import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DeliverSm,
)
from heliograph.protocols.smpp.wire.status import CommandStatus, code, told

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between two attempts to bind."""
SLOW_S, SLOWEST_S = 0.1, 5.0
"""How long a line waits after it was told that this was too much; doubled each time."""
HELD_S = 10.0
"""A bind that was held for so long was a good one: the next attempt is the first again."""
PATIENCE_S = 10.0
"""How long messages wait for the first bind, or for the next one after all were lost."""
_CREDENTIALS = frozenset(
    {CommandStatus.RBINDFAIL, CommandStatus.RINVPASWD, CommandStatus.RINVSYSID, CommandStatus.RINVSYSTYP}
)
_BINDS = {
    Mode.TRANSCEIVER: BindTransceiver,
    Mode.TRANSMITTER: BindTransmitter,
    Mode.RECEIVER: BindReceiver,
}

LINE_STATES = ("bound", "not_bound", "refused")
"""`refused`: the SMSC was there, and did not let it bind."""

Told = Callable[[Connection, Sequence[DeliverSm | DataSm]], None]


class BindRefused(Exception):
    """An SMSC does not let us bind: one sentence, and its status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The SMSC refuses the bind: {told(status)} ({code(status)}).")
        self.status = status


def modes(manners: Manners) -> tuple[Mode, ...]:
    """Tell as what to bind: as one, or as two."""
    return (Mode.TRANSCEIVER,) if manners.bind == "transceiver" else (Mode.TRANSMITTER, Mode.RECEIVER)


def bind_pdu(config: SmppConfig, manners: Manners, mode: Mode) -> Bind:
    """Say who we are."""
    return _BINDS[mode](
        system_id=config.system_id,
        password=config.password,
        system_type=manners.system_type,
        interface_version=manners.interface_version,
        address_range=manners.address_range,
    )


async def bound(
    address: Address,
    config: SmppConfig,
    manners: Manners,
    mode: Mode,
    tls: ssl.SSLContext | None,
    on_connection: Callable[[Connection], Callable[[Sequence[Event]], None]],
    counts: Counts | None = None,
) -> Connection:
    """Connect, and bind. OSError, NoAnswer, BindRefused: then nothing is left open.

    `on_connection` is asked, before anything is said, who hears what comes by it.
    """
    timing = Timing(idle_s=manners.enquire_link_s, answer_s=manners.response_s)
    too_much = frozenset(map(int, TOO_MUCH)) | too_fast(manners)
    early: list[Event] = []  # it can end before anybody knows who hears it: connecting is given up
    hear: Callable[[Sequence[Event]], None] = early.extend
    connection = await connect(
        *address,
        lambda now: Session(Side.ESME, now, timing=timing, window=config.window, too_much=too_much, counts=counts),
        lambda events: hear(events),
        tls=tls,
        timeout_s=manners.response_s,
    )
    hear = on_connection(connection)
    try:
        if early:
            hear(early)
        response = await connection.ask(bind_pdu(config, manners, mode))
        if response.status:
            raise BindRefused(response.status)
        if connection.session.state is not State.BOUND:
            raise NoAnswer("It has hung up.")
    except BaseException:
        await connection.close()
        raise
    return connection


class Line:
    """One bind that is held."""

    def __init__(self, pool: Pool, address: Address, mode: Mode) -> None:
        self._pool = pool
        self._address = address
        self._mode = mode
        self.transmits = mode is not Mode.RECEIVER
        self.problem: TryAgain | None = None
        """Why it can't be bound; None: it is, or nobody knows yet."""
        self._connection: Connection | None = None
        self._current: Job | None = None
        self._again: list[Job] = []
        """Of which something was too much, the oldest first."""
        self._flying: dict[int, tuple[Job, int]] = {}
        self._slow_until = 0.0
        self._slow_s = SLOW_S
        self._held_at: float | None = None

    @property
    def is_bound(self) -> bool:
        return self._connection is not None and self._connection.session.state is State.BOUND

    @property
    def session(self) -> Session | None:
        """Return its session; None while it is not bound."""
        return self._connection.session if self._connection is not None and self.is_bound else None

    @property
    def state(self) -> str:
        """Tell how it is, as one of LINE_STATES."""
        if self.is_bound:
            return "bound"
        return "refused" if self.problem is not None and self.problem.code else "not_bound"

    def __str__(self) -> str:
        return f"{self._address} as {self._mode.value}"

    # -- holding it

    async def run(self) -> None:
        """Hold it until cancelled."""
        failures = 0
        while True:
            status = await self._hold()
            if self._held_at is not None and asyncio.get_running_loop().time() - self._held_at >= HELD_S:
                failures = 0
            self._held_at = None
            pause = min(FIRST_PAUSE_S * 2**failures, LONGEST_PAUSE_S)
            if status in _CREDENTIALS:
                pause = LONGEST_PAUSE_S  # somebody has to mend that
            failures = min(failures + 1, 10)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    async def _hold(self) -> int | None:
        """Hold one bind until it ends; the status with which it was refused, if it was."""
        pool = self._pool
        try:
            connection = await bound(
                self._address, pool.config, pool.manners, self._mode, pool.tls, self._on_connection, pool.counts
            )
        except BindRefused as error:
            self._not_bound(str(error), TryAgain(TO_BE_MENDED_MS, code(error.status), str(error)))
            return error.status
        except (OSError, NoAnswer) as error:
            why = str(error) or type(error).__name__
            self._not_bound(why, TryAgain(detail=f"{self._address}: {why}"))
            return None
        log.info("bound", **self._names)
        self._held_at = asyncio.get_running_loop().time()
        self.problem = None
        pool.changed()
        ending = await asyncio.shield(connection.ended)
        oddities = {each.name.lower(): count for each, count in connection.session.oddities.items()}
        level = logging.INFO if pool.is_closing else logging.WARNING
        log.log(level, "bind ended", why=ending.value, **self._names, **oddities)
        self._connection = None
        pool.changed()
        return None

    def _on_connection(self, connection: Connection) -> Callable[[Sequence[Event]], None]:
        self._connection = connection
        return self._heard

    def _not_bound(self, why: str, problem: TryAgain) -> None:
        self._connection = None
        self.problem = problem
        log.log(logging.INFO if self._pool.is_closing else logging.WARNING, "not bound", why=why, **self._names)
        self._pool.changed()

    @property
    def _names(self) -> dict[str, str]:
        return {"provider": self._pool.name, "smsc": str(self._address), "mode": self._mode.value}

    async def stop(self) -> None:
        """End it with an unbind."""
        if self._connection is not None:
            await self._connection.close()

    # -- what goes by it

    def pump(self) -> None:
        """Say as much as may be said."""
        loop = asyncio.get_running_loop()
        while self.is_bound and (connection := self._connection) and connection.session.room:
            if loop.time() < self._slow_until or (found := self._next()) is None:
                return
            job, place = found
            self._flying[connection.request(job.submits[place])] = job, place

    def _next(self) -> tuple[Job, int] | None:
        """Choose what is said next: what was too much, the rest of a message that has begun, another one."""
        while self._again:
            if (job := self._again[0]).has_more:
                return job, job.take()
            del self._again[0]
        if self._current is None or not self._current.has_more:
            self._current = self._pool.next_job()
        return None if self._current is None else (self._current, self._current.take())

    def _heard(self, events: Sequence[Event]) -> None:
        told: list[DeliverSm | DataSm] = []
        connection = self._connection
        for event in events:
            if isinstance(event, Answered):
                self._answered(event)
            elif isinstance(event, Asked):
                if isinstance(event.pdu, DeliverSm | DataSm):
                    told.append(event.pdu)
            elif isinstance(event, Unanswered) and (flown := self._flying.pop(event.sequence, None)) is not None:
                flown[0].unanswered(event.why)
        if told and connection is not None:
            self._pool.told(connection, told)
        if connection is not None and connection.session.is_over:
            self._let_go()
        self._pool.pump()

    def _answered(self, event: Answered) -> None:
        flown = self._flying.pop(event.sequence, None)
        if flown is None:
            return
        job, place = flown
        if event.response.status in self._pool.too_fast:
            self._slow_down()
            job.put_back(place)
            if job not in self._again:
                insort(self._again, job, key=lambda each: each.ordinal)
            return
        if event.response.status == 0:
            self._slow_s = SLOW_S
        job.answered(place, event.response)

    def _slow_down(self) -> None:
        """Wait, once for all that were on their way."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._slow_until:
            self._slow_until = loop.time() + self._slow_s * random.uniform(0.75, 1.0)  # noqa: S311 - jitter
            self._slow_s = min(self._slow_s * 2, SLOWEST_S)
            loop.call_at(self._slow_until, self._pool.pump)

    def _let_go(self) -> None:
        """Leave what has not been said to the other lines."""
        left = {job.ordinal: job for job in self._again}
        if self._current is not None:
            left[self._current.ordinal] = self._current
        self._again.clear()
        self._current = None
        self._pool.put_back([left[ordinal] for ordinal in sorted(left)])


class Pool:
    """All lines of a provider, and what waits for them."""

    def __init__(
        self,
        name: str,
        config: SmppConfig,
        manners: Manners,
        addresses: Sequence[Address],
        tls: ssl.SSLContext | None,
        told: Told,
    ) -> None:
        """Make the lines; `told` hears of receipts and inbound messages."""
        self.name = name
        self.config = config
        self.manners = manners
        self.tls = tls
        self.told = told
        self.too_fast = too_fast(manners)
        self.counts = Counts()
        self._queue = Queue(in_order=manners.in_order)
        self._pace = Pace(config.rate)
        self._lines = [
            Line(self, address, mode) for _ in range(config.binds) for address in addresses for mode in modes(manners)
        ]
        self._transmitting = [line for line in self._lines if line.transmits]
        self.is_closing = False
        self._changed = asyncio.Event()
        self._paced: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to hold the lines."""
        self._tasks = [asyncio.create_task(line.run(), name=f"smpp {line}") for line in self._lines]

    async def close(self) -> None:
        """Let go of them."""
        self.is_closing = True
        await asyncio.gather(*(line.stop() for line in self._lines))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def bound_line(self) -> Line | None:
        """Find a line that messages can go by now."""
        return next((line for line in self._transmitting if line.is_bound), None)

    def figures(self) -> Iterator[Figure]:
        """Tell how the lines do, if they are held by this process."""
        if not self._tasks:
            return
        labels = {"provider": self.name}
        states = Counter(line.state for line in self._lines)
        for state in LINE_STATES:
            yield Figure("smpp_provider_binds", "Binds by how they are", states[state], {**labels, "state": state})
        sessions = [line.session for line in self._transmitting if line.session is not None]
        yield Figure(
            "smpp_provider_window", "How much may be unanswered", sum(each.window.size for each in sessions), labels
        )
        yield Figure("smpp_provider_unanswered", "What is", sum(each.in_flight for each in sessions), labels)
        yield from self.counts.figures("provider", labels)

    async def usable(self) -> TryAgain | None:
        """Wait until messages can go; what they are to be answered if they can't."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self.bound_line is None:
                    if (problem := self._problem()) is not None:
                        return problem
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return TryAgain(detail="The SMSC has not answered the bind yet.")
        return None

    def _problem(self) -> TryAgain | None:
        """Tell why nothing can go by any line; None where one is bound, or may be in a moment."""
        problems = [line.problem for line in self._transmitting]
        return problems[0] if all(problems) else None

    def changed(self) -> None:
        """Take that a line is bound, or is not any more."""
        self._changed.set()
        problem = self._problem()
        while problem is not None and (job := self._queue.take()) is not None:
            job.give_up(problem)
        self.pump()

    def add(self, job: Job) -> None:
        """Let one wait for a line."""
        self._queue.add(job)

    def put_back(self, jobs: Sequence[Job]) -> None:
        self._queue.put_back(jobs)

    def ended(self, job: Job) -> None:
        """Take that one has ended: another may have waited for that."""
        self._queue.ended(job)

    def next_job(self) -> Job | None:
        """Take the next, if it may go now; the lines are pumped when it may."""
        loop = asyncio.get_running_loop()
        wait_s = self._pace.wait_s(loop.time())
        if wait_s > 0:
            if self._paced is None:
                self._paced = loop.call_later(wait_s, self._on_pace)
            return None
        job = self._queue.take()
        if job is not None:
            self._pace.take(len(job.submits), loop.time())
        return job

    def _on_pace(self) -> None:
        self._paced = None
        self.pump()

    def pump(self) -> None:
        """Have all lines say what they can."""
        for line in self._transmitting:
            line.pump()
