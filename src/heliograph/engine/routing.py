"""Routing: which route a message takes.

**The problem.** Each message of a chunk needs a provider that its rule names, that is in service, that can send by its
channel, and that has not refused it before. There are five hundred to decide at once, so it must not cost a query.

**How it works.** The first rule that matches names the routes, in the order in which they are tried: as listed, the
cheapest first, or the one that its weight has drawn, with the others behind it. What no rule matches goes by the
default. `way` takes the first that is open to this message. If there are some but none is in service, it says when to
look again, or, where all are paused, at which line to wait; if there are none, the message ends. The draw is made anew
for each call, so a message that looks again may draw another route; what is stored of its way is only which routes have
passed it on.

**Most messages** go by the default of a platform that has no rules: `usual` says so without making a subject of them.

**One thing always holds**: numbers of the sandbox's own range leave by no other route than the sandbox's, whatever
rules and settings say. No real network could deliver to them.

Everything here is a function of the settings and of what `routes.py` knows at this moment; nothing is kept. Settings
that are read anew come into force between two decisions (`renew`): nobody keeps a list of routes for longer.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence, Set
from typing import NamedTuple

from heliograph.domain.channels import Channel
from heliograph.domain.routes import Rule, Subject, cost_of
from heliograph.engine.routes import Route
from heliograph.numbers import country_of, is_test_number


class Way(NamedTuple):
    """The route that is left for a message, if there is one."""

    route: Route | None
    """The route by which it goes now; None: there is none now."""
    wait_until_ms: int | None = None
    """None of its routes is in service; one of them will be tried again then, in milliseconds since 1970."""
    held: Route | None = None
    """All of its routes are paused; it waits at the line of this one."""

    @property
    def goes_on(self) -> bool:
        """Say whether there is a route for it, now or later."""
        return self != NO_WAY


NO_WAY = Way(None)


class Routing(NamedTuple):
    """What the settings say of routes."""

    routes: Sequence[Route]
    default: str
    """The route of what no rule matches."""
    rules: Sequence[Rule] = ()
    lookups: str | None = None
    """The route that is asked about numbers; None: the default."""


class Router:
    """Finds the route of each message, by the rules. Numbers of the sandbox's range leave by the sandbox only."""

    def __init__(self, routing: Routing, *, sandbox: str = "sandbox") -> None:
        """Route by the settings; `sandbox` is the route of the sandbox's numbers, where there is one."""
        self._sandbox_name = sandbox
        self._paused: Set[str] = frozenset()
        self.renew(routing)

    @property
    def sandbox(self) -> str | None:
        """Return the provider of the sandbox's own numbers; None where there is no sandbox."""
        return self._sandbox[0].name if self._sandbox else None

    def hold(self, paused: Collection[str]) -> tuple[Sequence[Route], Sequence[Route]]:
        """Send nothing by the providers of these names; return the routes that are paused now, and those resumed."""
        self._paused = frozenset(paused)
        before = {name for name, route in self.routes.items() if route.is_paused}
        for route in self.routes.values():
            route.is_paused = route.name in self._paused
        fresh = [route for route in self.routes.values() if route.is_paused and route.name not in before]
        over = [route for route in self.routes.values() if not route.is_paused and route.name in before]
        return fresh, over

    def renew(self, routing: Routing) -> None:
        """Route by other settings from now on."""
        routes, default, rules, lookups = routing
        for route in routes:
            route.is_paused = route.name in self._paused
        self.routes = {route.name: route for route in routes}
        self.rules = rules
        self.default = default
        self._default = [self.routes[default]]
        self._lookups = self.routes[lookups or default]
        self._sandbox = [route for route in routes if route.name == self._sandbox_name]
        self._by_rule = [(rule, [self.routes[name] for name in rule.names]) for rule in rules]
        for route in routes:
            route.health.is_followed = False
        for rule, those in self._by_rule:
            for route in those:
                route.health.is_followed |= rule.follow_health
        reachable = [*self._default, *(route for _, those in self._by_rule for route in those)]
        self.channels: Set[Channel] = frozenset().union(*(route.provider.channels for route in reachable))
        """The channels by which ordinary numbers can be reached."""
        self._with_others = {route.name for _, those in self._by_rule if len(those) > 1 for route in those}

    def has_others(self, route: Route) -> bool:
        """Say whether messages that wait for this route might go by another."""
        return route.name in self._with_others

    def leads_elsewhere(self, route: Route) -> bool:
        """Say whether messages that wait for this route might go by another that is not paused."""
        return any(
            route in those and any(not each.is_paused for each in those if each is not route)
            for _, those in self._by_rule
        )

    def routes_for(self, subject: Subject) -> Sequence[Route]:
        """List the routes that a message may take, in the order in which they are tried."""
        if is_test_number(subject.msisdn):
            return self._sandbox
        for rule, routes in self._by_rule:
            if rule.mismatch(subject) is None:
                return _ordered(rule, routes, subject.msisdn)
        return self._default

    def usual(self, msisdn: str, channel: str) -> Route | None:
        """Return the route of a message that no rule is asked about; None if `way` has to say."""
        if self._by_rule or is_test_number(msisdn):
            return None
        (route,) = self._default
        return route if channel in route.provider.channels else None

    def way(self, subject: Subject, now_ms: int, passed_on_by: str = "") -> Way:
        """Return the first route that is in service, leads there by the message's channel, and has not passed it on."""
        before = passed_on_by.split()
        out_of_service: list[int] = []
        held: Route | None = None
        for route in self.routes_for(subject):
            if subject.channel not in route.provider.channels or route.name in before:
                continue
            if route.in_service(now_ms):
                return Way(route)
            if route.is_paused:
                held = held or route
            else:
                out_of_service.append(route.out_of_service_until_ms)
        if out_of_service:
            return Way(None, min(out_of_service))
        return NO_WAY if held is None else Way(None, None, held)

    def asked_about(self, msisdn: str) -> Route | None:
        """Return the route that can be asked about a number; None if there is none."""
        route = next(iter(self._sandbox), None) if is_test_number(msisdn) else self._lookups
        return None if route is None or not route.provider.looks_up else route


def _ordered(rule: Rule, routes: Sequence[Route], msisdn: str) -> Sequence[Route]:
    if rule.cheapest:
        country = country_of(msisdn)
        return sorted(routes, key=lambda route: cost_of(route.rules.costs, country))
    if not rule.weights:
        return routes
    weights = [rule.weights[route.name] * (route.health.factor if rule.follow_health else 1.0) for route in routes]
    # Only the first is drawn. The others are for failover: the heaviest next.
    (first,) = random.choices(routes, weights)  # noqa: S311 - a share, not a secret
    return [
        first,
        *(route for route in sorted(routes, key=lambda route: -rule.weights[route.name]) if route is not first),
    ]
