"""The engine's counters, for Prometheus."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge

from heliograph.domain.instants import now_ms
from heliograph.domain.receipts import ReceiptFate
from heliograph.engine.contract import Outcome
from heliograph.engine.routes import Route


class Metrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        self._caps_reached = Counter(
            "heliograph_caps_reached", "Sends that were more than an account's cap", registry=self.registry
        )

    def watch(self, routes: Iterable[Route]) -> None:
        """Show how these providers are doing whenever somebody looks."""
        shown = (
            ("heliograph_provider_in_service", "Whether messages go by it", lambda route: route.in_service(now_ms())),
            ("heliograph_provider_in_flight", "Messages that it has not answered", lambda route: route.in_flight),
            ("heliograph_provider_share", "What its weight is multiplied by", lambda route: route.health.factor),
        )
        for name, meaning, look in shown:
            gauge = Gauge(name, meaning, ["provider"], registry=self.registry)
            for route in routes:
                gauge.labels(route.name).set_function(partial(look, route))

    def accepted(self, protocol: str, count: int) -> None:
        self._accepted.labels(protocol).inc(count)

    def sent(self, provider: str, outcomes: Sequence[Outcome]) -> None:
        for outcome, count in Tally(type(outcome).__name__.lower() for outcome in outcomes).items():
            self._sent.labels(provider, outcome).inc(count)

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

    def code_refused(self, why: str) -> None:
        self._codes_refused.labels(why).inc()

    def callback(self, outcome: str) -> None:
        self._callbacks.labels(outcome).inc()
