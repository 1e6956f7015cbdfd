"""The engine's counters, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, chain

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from heliograph.domain.figures import Figure, Spread
from heliograph.domain.ids import made_at_ms
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Transition
from heliograph.domain.priorities import Priority
from heliograph.domain.receipts import ReceiptFate
from heliograph.domain.statuses import Status
from heliograph.engine.contract import Outcome
from heliograph.engine.routes import Route
from heliograph.engine.tracing import Tracing
from heliograph.store import Store
from heliograph.store.queue import Backlog

_TO_SENT_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
_TO_DELIVERED_S = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3_600, 21_600, 86_400)
_STORE_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
UNROUTED = "none"
"""The route of messages that nobody has looked at yet, and the provider of those that had none."""


class Latencies(Collector):
    """A histogram with one label that is counted in plain lists: messages come in chunks, on one thread."""

    def __init__(
        self, name: str, meaning: str, label: str, bounds_s: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name, self._meaning, self._label, self._bounds = name, meaning, label, bounds_s
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(bounds_s) + 1))
        self._sums: defaultdict[str, float] = defaultdict(float)
        registry.register(self)

    def note(self, label: str, seconds: float) -> None:
        self._counts[label][bisect_left(self._bounds, seconds)] += 1
        self._sums[label] += seconds

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._meaning, labels=[self._label])
        for label, counts in self._counts.items():
            family.add_metric([label], _buckets(self._bounds, counts), self._sums[label])
        yield family


class Figures(Collector):
    """What parts of the process say of themselves when somebody looks: figures of one name from any of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.servers: list[Callable[[], Iterable[Figure]]] = []
        self.providers: Sequence[Callable[[], Iterable[Figure]]] = ()
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for figure in chain.from_iterable(source() for source in (*self.servers, *self.providers)):
            family = families.get(figure.name)
            if family is None:
                family = families[figure.name] = _family(figure)
            _add(family, figure)
        yield from families.values()


def _family(figure: Figure) -> Metric:
    name, labels = f"heliograph_{figure.name}", list(figure.labels)
    if isinstance(figure.value, Spread):
        return HistogramMetricFamily(name, figure.meaning, labels=labels)
    kind = CounterMetricFamily if figure.grows else GaugeMetricFamily
    return kind(name, figure.meaning, labels=labels)


def _add(family: Metric, figure: Figure) -> None:
    labels = list(figure.labels.values())
    if isinstance(family, HistogramMetricFamily) and isinstance(figure.value, Spread):
        family.add_metric(labels, _buckets(figure.value.bounds_s, figure.value.counts), figure.value.total_s)
    elif isinstance(family, CounterMetricFamily | GaugeMetricFamily) and not isinstance(figure.value, Spread):
        family.add_metric(labels, figure.value)


def _buckets(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return how many there are up to each bound."""
    return list(zip((*map(str, bounds), "+Inf"), accumulate(counts), strict=True))


class Metrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.tracing: Tracing | None = None
        """What follows single batches; None: nobody does."""
        self._accepted = Counter(
            "heliograph_messages_accepted", "Messages accepted", ["protocol"], registry=self.registry
        )
        self._sent = Counter(
            "heliograph_sends",
            "What providers said to messages offered",
            ["provider", "outcome"],
            registry=self.registry,
        )
        self._taken_back = Counter("heliograph_leases_lapsed", "Messages taken back", registry=self.registry)
        self._receipts = Counter(
            "heliograph_receipts", "Receipts by what came of them", ["fate"], registry=self.registry
        )
        self._inbound = Counter("heliograph_inbound", "Inbound messages", ["provider"], registry=self.registry)
        self._callbacks = Counter(
            "heliograph_callbacks", "Callbacks by what came of them", ["outcome"], registry=self.registry
        )

        self._refused = Counter(
            "heliograph_credentials_refused", "Callers whose credential was not right", ["kind"], registry=self.registry
        )
        self._codes_refused = Counter(
            "heliograph_codes_refused", "One-time codes that were not sent, by why", ["why"], registry=self.registry
        )

        self._caps_neared = Counter(
            "heliograph_caps_neared", "Caps of accounts that are nearly used up", ["cap"], registry=self.registry
        )
        self._retained = Counter(
            "heliograph_retention_rows", "Rows that were kept long enough, by class", ["kept"], registry=self.registry
        )
        self._caps_reached = Counter(
            "heliograph_caps_reached", "Sends that were more than an account's cap", registry=self.registry
        )
        self._logins_limited = Counter(
            "heliograph_logins_limited", "Logins that were one too many to be looked at", registry=self.registry
        )
        self._settled = Counter(
            "heliograph_messages_settled", "Messages by how they ended", ["provider", "status"], registry=self.registry
        )
        self._to_sent = Latencies(
            "heliograph_accepted_to_sent_seconds",
            "From when a message was accepted, or due, until a provider took it",
            "provider",
            _TO_SENT_S,
            self.registry,
        )
        self._to_delivered = Latencies(
            "heliograph_sent_to_delivered_seconds",
            "From when a provider took a message until it was delivered",
            "provider",
            _TO_DELIVERED_S,
            self.registry,
        )
        self._store_took = Latencies(
            "heliograph_store_seconds",
            "Reads and writes of the store, with their wait",
            "what",
            _STORE_S,
            self.registry,
        )
        self._queued = self._gauge("heliograph_queued", "Messages that are queued", "priority", "route")
        self._queued_age = self._gauge(
            "heliograph_queued_oldest_seconds", "How long the first of them has been due", "priority", "route"
        )
        self._untold = self._gauge("heliograph_callbacks_waiting", "Callbacks that wait, by how hosts do", "host")
        self._untold_age = self._gauge(
            "heliograph_callbacks_oldest_seconds", "How long the first of them has waited", "host"
        )

        self._in_service = self._gauge("heliograph_provider_in_service", "Whether messages go by it", "provider")
        self._in_flight = self._gauge("heliograph_provider_in_flight", "Messages that it has not answered", "provider")
        self._share = self._gauge("heliograph_provider_share", "What its weight is multiplied by", "provider")
        self._overdue = self._gauge(
            "heliograph_retention_overdue_seconds", "How long the next step of the retention has been due", "kept"
        )
        self._owed = self._gauge("heliograph_clients_owed", "What connected clients are to be told", "protocol")
        self._figures = Figures(self.registry)

    def watch_figures(self, source: Callable[[], Iterable[Figure]]) -> None:
        """Show what a server says of itself whenever somebody looks."""
        self._figures.servers.append(source)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

    def watch_store(self, store: Store) -> None:
        """Show how the store does whenever somebody looks."""
        store.on_done = self._store_took.note
        self._gauge("heliograph_store_reads", "Reads that run or wait").set_function(lambda: store.reading)
        self._gauge("heliograph_store_read_places", "Reads that run at once").set_function(lambda: store.read_places)
        self._gauge("heliograph_store_writes_waiting", "Writes that wait").set_function(store.writes_waiting)

    def seen(
        self,
        queued: Sequence[Backlog],
        untold: Mapping[str, int],
        untold_since: Mapping[str, int],
        owed: Mapping[str, int],
        now: int,
    ) -> None:
        """Show what waits; `untold` and since when are by how hosts do, `owed` to clients of protocols.

        Instants are in milliseconds since 1970.
        """
        self.nothing_seen()
        for each in queued:
            labels = Priority(each.priority).name.lower(), each.provider or UNROUTED
            self._queued.labels(*labels).set(each.waiting)
            self._queued_age.labels(*labels).set(max(now - each.due_at, 0) / 1_000)
        for host, count in untold.items():
            self._untold.labels(host).set(count)
            self._untold_age.labels(host).set(max(now - untold_since[host], 0) / 1_000)
        for protocol, count in owed.items():
            self._owed.labels(protocol).set(count)

    def retention_due(self, since: Mapping[str, int], now: int) -> None:
        """Show since when each class is to be gone through. Instants are in milliseconds since 1970."""
        for kept, due_at in since.items():
            self._overdue.labels(kept).set(max(now - due_at, 0) / 1_000)

    def nothing_seen(self) -> None:
        """Show nothing of what waits."""
        waits = (self._queued, self._queued_age, self._untold, self._untold_age, self._owed, self._overdue)
        for gauge in waits:
            gauge.clear()

    def watch(self, routes: Sequence[Route]) -> None:
        """Show how these providers, and no others, are doing whenever somebody looks."""
        shown: Mapping[Gauge, Callable[[Route], float]] = {
            self._in_service: lambda route: route.in_service(now_ms()),
            self._in_flight: lambda route: route.in_flight,
            self._share: lambda route: route.health.factor,
        }
        for gauge, look in shown.items():
            gauge.clear()
            for route in routes:
                gauge.labels(route.name).set_function(partial(look, route))
        self._figures.providers = [route.provider.figures for route in routes]

    def accepted(self, protocol: str, count: int) -> None:
        self._accepted.labels(protocol).inc(count)

    def sent(self, provider: str, outcomes: Sequence[Outcome]) -> None:
        for outcome, count in Tally(type(outcome).__name__.lower() for outcome in outcomes).items():
            self._sent.labels(provider, outcome).inc(count)

    def changed(self, applied: Sequence[Transition]) -> None:
        """Count how messages ended, and how long it took until they were sent and delivered."""
        ended: Tally[tuple[str, Status]] = Tally()
        made: dict[str, int] = {}
        for change in applied:
            status, before, provider = change.status, change.before, change.provider or UNROUTED
            if status is Status.SENT:
                when = before.id[:10]  # the same for all of a batch
                since = made[when] if when in made else made.setdefault(when, made_at_ms(before.id))
                if before.attempts <= 1:
                    since = max(since, before.due_at)
                self._to_sent.note(provider, max(change.at_ms - since, 0) / 1_000)
            elif change.settles:
                ended[provider, status] += 1
                if status is Status.DELIVERED and change.took_ms is not None:
                    self._to_delivered.note(provider, change.took_ms / 1_000)
        for (provider, status), count in ended.items():
            self._settled.labels(provider, status.value).inc(count)

    def login_limited(self) -> None:
        self._logins_limited.inc()

    def taken_back(self, count: int) -> None:
        self._taken_back.inc(count)

    def receipts(self, fate: ReceiptFate) -> None:
        for name in ("applied", "repeated", "parked", "not_understood", "ambiguous"):
            self._receipts.labels(name).inc(getattr(fate, name))

    def inbound(self, provider: str) -> None:
        self._inbound.labels(provider).inc()

    def credential_refused(self, kind: str) -> None:
        self._refused.labels(kind).inc()

    def cap_neared(self, name: str) -> None:
        self._caps_neared.labels(name).inc()

    def cap_reached(self) -> None:
        self._caps_reached.inc()

    def retained(self, kept: str, rows: int) -> None:
        self._retained.labels(kept).inc(rows)

    def code_refused(self, why: str) -> None:
        self._codes_refused.labels(why).inc()

    def callback(self, outcome: str) -> None:
        self._callbacks.labels(outcome).inc()
