"""The engine as one thing: it is started, handed batches, and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import time_ns
from types import MappingProxyType

import msgspec
import structlog
from msgspec import UnsetType

from heliograph.domain.accounts import Kept
from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import SESSION, Event
from heliograph.domain.caps import Caps
from heliograph.domain.errors import CapReached, NotNow
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import FREE, Tariff
from heliograph.domain.routes import Rule
from heliograph.engine.addresses import AddressGuard
from heliograph.engine.callbacks import CallbackShape, Payload, UrlSink
from heliograph.engine.contract import Provider
from heliograph.engine.dispatch import Dispatcher
from heliograph.engine.expanding import Expander
from heliograph.engine.expiring import EndingRents, ExpiringCodes
from heliograph.engine.falling_back import FallingBack
from heliograph.engine.hits import Hits
from heliograph.engine.holding import Holding
from heliograph.engine.importing import Importing
from heliograph.engine.indexing import Indexing
from heliograph.engine.intake import EngineIntake
from heliograph.engine.jobs import Job, alone
from heliograph.engine.joining import JoiningInbound
from heliograph.engine.looking_up import LookingUp
from heliograph.engine.metrics import Metrics
from heliograph.engine.news import News, SharedEvent
from heliograph.engine.notifier import Notifier
from heliograph.engine.observing import Observer
from heliograph.engine.outbox import Outbox
from heliograph.engine.pausing import Pausing
from heliograph.engine.plans import plans
from heliograph.engine.polling import Poller
from heliograph.engine.releasing import Releasing
from heliograph.engine.replacing import replaced
from heliograph.engine.retaining import Retaining
from heliograph.engine.routes import Route, RouteState
from heliograph.engine.routing import Router, Routing
from heliograph.engine.sessions import Sessions
from heliograph.engine.sinks import Elsewhere, Sink
from heliograph.engine.tracing import Facts, Step
from heliograph.engine.works import Works
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import Accepted, NewBatch, accept, everyone_looked_up, filling, quoted
from heliograph.store.events import end_event_leases
from heliograph.store.files import Files, clear_up_files
from heliograph.store.idempotency import FORGOTTEN_AT_ONCE, forget_old
from heliograph.store.imports import leave_imports
from heliograph.store.long_inbound import forget_long
from heliograph.store.lookups import Question
from heliograph.store.pacing import leave_lines
from heliograph.store.queue import end_leases
from heliograph.store.receipts import forget_early_receipts
from heliograph.store.references import forget_keys
from heliograph.store.works import MADE_AT_ONCE, leave_works

log = structlog.get_logger(__name__)

EARLY_RECEIPTS_KEPT_MS = 24 * 3_600_000
KEYS_KEPT_MS = 7 * EARLY_RECEIPTS_KEPT_MS
"""After that no receipt is looked up by another name than the one under which its message was taken."""
UNFINISHED_FILES_KEPT_MS = 3_600_000
HOUSEKEEPING_S = 600
LEFT_AT_ONCE = 5_000


def _rows_of(new: NewBatch) -> int:
    """Return how many messages are stored with a batch, at most."""
    if new.holder is not None:
        return 0
    due = new.batch.groups and new.batch.expand_at is None
    return MADE_AT_ONCE if due else len(new.batch.recipients)


def told_to_nobody(_news: News, _what: str = "") -> None:
    """Tell no other process, as where there is none."""


class Engine:
    def __init__(
        self,
        store: Store,
        notifier: Notifier,
        routes: Sequence[Route],
        *,
        default_route: str,
        guard: AddressGuard,
        shapes: Mapping[str, CallbackShape],
        lease_s: float,
        window: int,
        tariff: Tariff = FREE,
        rules: Sequence[Rule] = (),
        lookups: str | None = None,
        quiet_hours: tuple[int, int] | None = None,
        await_parts_s: float = 600.0,
        sends: bool = True,
        leads: Callable[[], bool] = alone,
        retention: Mapping[Kept, int] = MappingProxyType({}),
        tell_others: Callable[[News, str], None] = told_to_nobody,
        worker: str | None = None,
        files: Files | None = None,
    ) -> None:
        """Put the parts together; nothing runs before `start`.

        `rules` say by which of the `routes` messages go, `lookups` which of them is asked about numbers, and
        `quiet_hours` when marketing waits: from and to, in minutes of the recipient's day. `await_parts_s` is how
        long the other parts of an inbound message are waited for, in seconds.

        An engine that does not send accepts, takes in what providers' servers tell, and tells clients that are
        connected; the rest is for other processes. `leads` says whether this process does the jobs that one does.
        `retention` is for how many days data are kept, by class; what it does not name is kept for ever. `tell_others`
        has other processes look, if there are some. `worker` is the identifier under which it holds messages. Without
        `files` there are no imports.
        """
        self._sends = sends
        self._tell_others = tell_others
        self._leads = leads
        self._await_parts_s = await_parts_s
        self.quiet_hours = quiet_hours
        self.tariff = tariff
        self.store = store
        self.notifier = notifier
        self.metrics = Metrics()
        self.guard = guard
        self.router = Router(Routing(routes, default_route, rules, lookups))
        self._watch(routes)
        self.metrics.watch_store(store)
        self._shapes = shapes
        self.callback_protocols = frozenset(shapes)
        self._with_credentials = frozenset(name for name, shape in shapes.items() if shape.takes_credentials)
        self._on_events = SharedEvent(self._tell_of_events)
        self.intake = EngineIntake(
            store,
            self.notifier,
            self.metrics,
            self.router,
            self._prices,
            await_parts_s=await_parts_s,
            on_events=self._on_events,
            on_messages=self._messages_appeared,
        )
        self._dispatcher = Dispatcher(
            store,
            self.router,
            self.notifier,
            self.metrics,
            worker=worker or new_id(),
            lease_s=lease_s,
            window=window,
            on_events=self._on_events,
        )
        self._expansions_due = SharedEvent(self._tell_of_jobs)
        self._poller = Poller(store, self.router, self.intake, asyncio.Event())
        self._pauses_due = SharedEvent(self._tell_of_jobs)
        self._lookups_due = SharedEvent(self._tell_of_jobs)
        self._holding = Holding(store, self.router, self._messages_appeared, self._may_lead)
        self._looking_up = LookingUp(store, self.router, self._lookups_due, self._on_events)
        self.hits = Hits(store, self._on_events)
        self.sessions = Sessions(self._on_events.set_here)
        self.works = Works(store, plans(self._prices), self._slices_done)
        self.importing = Importing(store, files)
        urls: Sink = UrlSink(shapes, guard) if sends else Elsewhere()
        outbox = Outbox(
            store,
            {"http": urls, "https": urls, SESSION: self.sessions},
            self.metrics,
            self._prices,
            self._on_events,
            on_messages=self._messages_appeared,
        )
        of_leader = self._jobs_of_leader(leads, retention) if sends else ()
        self._jobs: Sequence[Job] = (outbox, self.hits, self.works, self.importing, self._holding, *of_leader)
        self._observer = Observer(store, self.metrics, outbox, leads) if sends else None
        self._tasks: list[asyncio.Task[None]] = []

    def _jobs_of_leader(self, leads: Callable[[], bool], retention: Mapping[Kept, int]) -> Sequence[Job]:
        """Make the jobs that one process does for all."""
        store = self.store
        made: Sequence[Job] = (
            Expander(store, self._expansions_due, self._messages_appeared, self._prices, self.works),
            FallingBack(store, asyncio.Event(), self._messages_appeared),
            Pausing(store, self._pauses_due, self._messages_appeared),
            Releasing(store, asyncio.Event(), self._held_decided),
            self._looking_up,
            ExpiringCodes(store, self._on_events),
            EndingRents(store),
            JoiningInbound(store, self.intake),
            self._poller,
            Retaining(store, self.metrics, retention),
            Indexing(store),
        )
        for job in made:
            job.leads = leads
        return made

    async def start(self) -> None:
        if self.store.dialect == "sqlite":  # the only process of this store: whoever held leases is dead
            await self.store.write(end_leases)
            await self.store.write(end_event_leases, now_ms())
            await self.store.write(leave_works)
            await self.store.write(leave_imports)
        await self._holding.look()
        if self._sends:
            await self._dispatcher.take_back_lapsed()
            await self._leave_lines_of_none()
        for provider in self._providers():
            await provider.start(self.intake)
        if self._sends:
            await self.take_over([])
            await self._poller.start()
            self._dispatching = asyncio.create_task(self._dispatcher.run(), name="dispatcher")
            self._keeping_house = asyncio.create_task(self._keep_house(), name="housekeeping")
        self._tasks = [asyncio.create_task(job.run(), name=job.name) for job in self._jobs]

    async def _leave_lines_of_none(self) -> None:
        """Let what waits for a provider that is not set up any more look for another."""
        while await self.store.write(leave_lines, LEFT_AT_ONCE, other_than=list(self.router.routes)):
            pass

    def _watch(self, routes: Sequence[Route]) -> None:
        """Show in the metrics how routes do, and tell other processes."""
        self.metrics.watch(routes)
        for route in routes:
            route.on_state = self._tell_of_route

    def _prices(self) -> Tariff:
        return self.tariff

    def _providers(self) -> list[Provider]:
        """List the providers that this process has to do with."""
        return [route.provider for route in self.router.routes.values() if self.uses(route.provider)]

    @property
    def sends(self) -> bool:
        """Say whether this process sends, calls back and does jobs, or leaves that to others."""
        return self._sends

    def uses(self, provider: Provider) -> bool:
        """Say whether this process has to do with a provider, which is started and stopped then."""
        return self._sends or not provider.stays_connected

    def renew(self, routing: Routing, tariff: Tariff) -> None:
        """Go by other routes and prices from now on, as of the next message; what is being sent ends as it began.

        Providers that are new among the routes have been started; those that were left out are stopped by whoever
        calls this, after `sent_off`.
        """
        self.router.renew(routing)
        self.tariff = tariff
        self._watch(routing.routes)
        self._messages_appeared()

    async def settle_routes(self, within_s: float) -> None:
        """Return when what was being sent as the routes changed has been answered, or `within_s` seconds are over.

        What waits for a provider that is no more looks for another then. Raises NotNow while the database is away.
        """
        if self._sends:
            await self._poller.start()
            await self._dispatcher.sent_off(within_s)
            await self._leave_lines_of_none()
            self._messages_appeared()

    async def take_over(self, ended: Sequence[str]) -> None:
        """Take on what processes that have died alone knew.

        What those that have `ended` for sure, by their identifiers, were sending is taken back at once; of others it
        comes back when their leases end, for they may be alive and only silent.
        """
        for provider in self._providers():
            await provider.take_over()
        for worker in ended:
            await self.store.write(end_leases, worker)
        if ended and self._sends:
            await self._dispatcher.take_back_lapsed()

    async def observe(self) -> None:
        """Bring the metrics of what waits up to date. Raises NotNow while the database is away."""
        if self._observer is not None:
            await self._observer.look()

    def is_alive(self) -> bool:
        """Say whether everything runs that was started."""
        dispatching = [self._dispatching] if self._sends else []
        return not any(task.done() for task in (*self._tasks, *dispatching))

    def require_callback(self, url: str | UnsetType | None, protocol: str) -> None:
        """Check a URL that may be called in a protocol's shape; none at all is fine. Raises InvalidCallbackUrl."""
        self.guard.require(url, credentials=protocol in self._with_credentials)

    async def accept(self, new: NewBatch) -> Accepted:
        """Store a batch with its messages and set them going. When this returns, they are committed.

        The messages of a large batch are made up before, and stored in slices; those that are stored go out at once.
        """
        began_ns = time_ns()
        new = await self._made_up(new)
        try:
            async with self.store.in_turn(_rows_of(new)):
                accepted = await self.store.write_item(accept, new, Lane.ACCEPT)
        except CapReached:
            self.metrics.cap_reached()
            raise
        for cap in accepted.neared:
            self.metrics.cap_neared(cap.name)
            log.warning("an account nears its cap", account=new.batch.account_id, **cap._asdict())
        if accepted.work is not None and new.ready is not None:
            await self.works.finished(accepted.work, filling(accepted.work, new.ready))
        if not accepted.repeated:
            self.metrics.accepted(new.batch.protocol, accepted.messages)
            if (tracing := self.metrics.tracing) is not None:
                facts: Facts = {
                    "protocol": new.batch.protocol,
                    "account_id": new.batch.account_id,
                    "count": accepted.messages,
                }
                tracing.note(new.batch.id, Step.ACCEPT, began_ns, facts)
            self._wake_dispatcher()
        if new.batch.expand_at is not None:
            self._expansions_due.set()
        if accepted.refused or not accepted.messages:
            self._on_events.set()
        return accepted

    async def _made_up(self, new: NewBatch) -> NewBatch:
        """Make up the messages of a batch if they are too many for one transaction."""
        batch = new.batch
        if len(batch.recipients) <= MADE_AT_ONCE and (not batch.groups or batch.expand_at is not None):
            return new
        msisdns, silent = await self.store.read(everyone_looked_up, batch)
        if len(msisdns) <= MADE_AT_ONCE:
            return new
        ready = await asyncio.to_thread(quoted, batch, msisdns, silent, new.tariff)
        return msgspec.structs.replace(new, ready=ready, holder=self.works.holder())

    async def replace(
        self,
        account_id: str,
        batch_id: str,
        renew: Callable[[Batch], Batch],
        tariff: Tariff,
        caps: Caps | None,
    ) -> Batch | None:
        """Replace a batch by what `renew` makes of it, while none of its messages has been with a worker.

        Returns None if there is no such batch. When this returns all of it is committed; of a large one nothing is sent
        in between. Raises what `store.rewriting.rewrite` raises.
        """
        batch = await replaced(self.store, self.works, account_id, batch_id, renew, tariff, caps)
        self.batch_changed()
        return batch

    def batch_changed(self) -> None:
        """Note that a batch may be due at another time now, and have other messages."""
        self._messages_appeared()
        self._expansions_due.set()

    def batch_paused(self) -> None:
        """Note that a batch is to pause, or to go on."""
        self._pauses_due.set()

    def _slices_done(self) -> None:
        self._messages_appeared()
        self._pauses_due.set()

    def _messages_appeared(self) -> None:
        self._wake_dispatcher()
        self._on_events.set()

    def _wake_dispatcher(self) -> None:
        """Have what is due sent, by this process if it sends, and else by others."""
        self._dispatcher.wake()
        if not self._sends:
            self._tell_others(News.MESSAGES, "")

    def _tell_of_events(self) -> None:
        self._tell_others(News.SESSIONS, "")
        if not self._sends:
            self._tell_others(News.EVENTS, "")

    def _tell_of_jobs(self) -> None:
        if not self._sends:
            self._tell_others(News.JOBS, "")

    def _tell_of_route(self, route: Route) -> None:
        self._tell_others(News.ROUTE, route.state.word())

    async def providers_paused(self) -> None:
        """Go by what the store says now of paused providers, and have other processes look. Raises NotNow."""
        await self._holding.look()
        self._tell_others(News.PAUSES, "")

    def _may_lead(self) -> bool:
        """Say whether this process does what one that sends does for all."""
        return self._sends and self._leads()

    def _hear_of_route(self, what: str) -> None:
        state = RouteState.of(what)
        if (route := self.router.routes.get(state.name)) is None:
            return
        was_in_service = route.in_service(now_ms())
        route.hear(state)
        if was_in_service and not route.in_service(now_ms()):
            log.warning("provider out of service, as another process has found", provider=route.name)

    def hear(self, news: str, what: str = "") -> None:
        """Look for something to do, because another process says so. A word of a newer version means nothing here."""
        if news == News.MESSAGES and self._sends:
            self._dispatcher.wake()
        elif (news == News.EVENTS and self._sends) or (news == News.SESSIONS and self.sessions.anyone):
            self._on_events.set_here()
        elif news == News.JOBS and self._leads():
            for due in (self._expansions_due, self._pauses_due, self._lookups_due):
                due.set_here()
        elif news == News.PAUSES:
            self._holding.look_soon()
        elif news == News.ROUTE:
            self._hear_of_route(what)

    async def look_up(self, questions: Sequence[Question]) -> None:
        """Ask providers about numbers now; what they can't say now is asked again later."""
        await self._looking_up.answer(questions)

    def lookups_appeared(self) -> None:
        """Note that lookups were stored."""
        self._lookups_due.set()

    def _held_decided(self) -> None:
        self._pauses_due.set()
        self._on_events.set()

    async def written(self, event: Event) -> Payload | None:
        """Write an event as the customer's server is told; None if connected clients are, or it is about nothing any
        more."""
        shape = None if event.sink.startswith(f"{SESSION}:") else self._shapes.get(event.protocol)
        return None if shape is None else await shape.encode(event)

    def wake_callbacks(self) -> None:
        """Note that events may have been written."""
        self._on_events.set()

    async def stop(self, within_s: float | None = None) -> None:
        """Stop: take nothing new from the queue, and wait for what is in flight. What waits is found again.

        What providers have not answered `within_s` seconds is left to whoever takes over what a dead process had;
        None: they are waited for.
        """
        ended = list(self._tasks)
        if self._sends:
            self._keeping_house.cancel()  # it only sleeps, and has nothing to finish
            ended += [self._dispatching, self._keeping_house]
            # In this order: outcomes are written by the dispatcher, receipts by the intake, and the jobs tell of both.
            self._dispatcher.stop()
            await asyncio.wait({self._dispatching}, timeout=within_s)
            if not self._dispatching.done():
                log.warning("stopped before providers had answered", count=self._dispatcher.in_flight)
                self._dispatching.cancel()
                await asyncio.wait({self._dispatching})
        for provider in self._providers():
            await provider.stop()
        await self.intake.finish()
        for job in self._jobs:
            job.stop()
        for error in await asyncio.gather(*ended, return_exceptions=True):
            if isinstance(error, Exception):
                log.error("stopped with an error", exc_info=error)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            if not self._leads():
                continue
            try:
                await self.store.write(forget_early_receipts, now_ms() - EARLY_RECEIPTS_KEPT_MS)
                await self.store.write(forget_keys, now_ms() - KEYS_KEPT_MS)
                await self.store.write(forget_long, now_ms() - int(self._await_parts_s * 1_000))
                while await self.store.write(forget_old, now_ms()) == FORGOTTEN_AT_ONCE:
                    pass
                await clear_up_files(self.store, now_ms() - UNFINISHED_FILES_KEPT_MS)
            except NotNow as error:
                log.warning("early receipts not looked through", error=str(error))
