"""Providers and routes, for those who run the installation: how each does, pausing, which way a number takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.amounts import money_text
from heliograph.domain.audit import Act, Action
from heliograph.domain.errors import InvalidField, InvalidRecipient, NotFound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.routes import ProviderPause, Rule, Subject, cost_of, explain
from heliograph.engine.engine import Engine
from heliograph.numbers import Check, InvalidNumber, country_of, is_test_number, normalise, operator_of
from heliograph.services.audit import audited
from heliograph.store import Store
from heliograph.store.accounts import accounts_among
from heliograph.store.provider_pauses import pause_provider, paused_providers, resume_provider
from heliograph.store.queue import backlog
from heliograph.text import TooManyParts, measure_text


class Ways(NamedTuple):
    """What decides which provider a message takes."""

    rules: Sequence[Rule]
    default: str
    costs: Mapping[str, Mapping[str, float]]
    """Each provider's prices of a part, by country or `default`."""
    sandbox: str | None
    """The provider of the sandbox's own numbers; None where there is no sandbox."""


class ProviderStanding(NamedTuple):
    """How a provider does, as this process sees it."""

    name: str
    is_default: bool
    paused: ProviderPause | None
    left_alone_until: datetime | None
    """Until when nothing is sent by it because it fails; None: it is in service."""
    factor: float
    """Which share of its weight it gets by its health: from 1/16 to 1."""
    per_second: float
    """Messages a second that it may be sent; 0: any number."""
    per_originator: float
    in_flight: int
    """Messages that it has not answered, of this process."""
    waiting: int
    """Messages that wait at its line, of all processes."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a message would be like whose way is asked for."""

    number: str
    originator: str | None = None
    tags: Sequence[str] = ()
    channel: str = "sms"
    text: str = ""


async def pause_by_name(store: Store, name: str, by: str) -> bool:
    """Note that nothing is to be sent by a provider, within a second in every process; `by` says who wants it.

    Return False if it was paused before.
    """
    act = Act(action=Action.PROVIDER_PAUSED, object_id=name)
    return await audited(store, act, pause_provider, name, ProviderPause(now_ms(), by))


async def resume_by_name(store: Store, name: str) -> bool:
    """Note that a provider is sent to again. Return False if it was not paused."""
    return await audited(store, Act(action=Action.PROVIDER_RESUMED, object_id=name), resume_provider, name)


class ProviderAdmin:
    """Spans accounts: for whoever runs the installation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    async def standings(self) -> Sequence[ProviderStanding]:
        """Read how each provider does. It counts all that waits, so it is for people."""
        paused = await self._store.read(paused_providers)
        waiting: Counter[str] = Counter()
        for each in await self._store.read(backlog):
            waiting[each.provider] += each.waiting
        router, now = self._engine.router, now_ms()
        return [
            ProviderStanding(
                name=route.name,
                is_default=route.name == router.default,
                paused=paused.get(route.name),
                left_alone_until=from_ms(until) if (until := route.out_of_service_until_ms) > now else None,
                factor=route.health.factor,
                per_second=route.rules.per_second,
                per_originator=route.rules.per_originator,
                in_flight=route.in_flight,
                waiting=waiting[route.name],
            )
            for route in router.routes.values()
        ]

    async def pause(self, name: str, by: str) -> bool:
        """Send nothing by a provider until it is resumed; what it has been handed goes on.

        What has no other route waits, for as long as it is valid. Return False if it was paused before. Raises NotFound
        if there is no such provider.
        """
        self._require(name)
        was_changed = await pause_by_name(self._store, name, by)
        await self._engine.providers_paused()
        return was_changed

    async def resume(self, name: str) -> bool:
        """Send by a provider again. Return False if it was not paused. Raises NotFound if there is no such provider."""
        self._require(name)
        was_changed = await resume_by_name(self._store, name)
        await self._engine.providers_paused()
        return was_changed

    def _require(self, name: str) -> None:
        if name not in self._engine.router.routes:
            raise NotFound(f"There is no provider {name!r}; there are {', '.join(self._engine.router.routes)}.")

    async def rules(self) -> Sequence[Rule]:
        """Return the rules of the settings, in the order in which they are looked at; accounts by their names."""
        rules = self._engine.router.rules
        named = sorted({identifier for rule in rules for identifier in rule.account})
        if not named:
            return rules
        names = {each.id: each.name for each in await self._store.read(accounts_among, named)}
        return [
            msgspec.structs.replace(rule, account=[names.get(each, each) for each in rule.account]) for rule in rules
        ]

    async def explain(self, account: Account, question: Question) -> Sequence[str]:
        """Say which way a message of an account would take, why, and what it would cost, in lines for a person.

        Raises InvalidRecipient or InvalidField.
        """
        router = self._engine.router
        costs = {route.name: route.rules.costs for route in router.routes.values()}
        lines = list(explained(Ways(await self.rules(), router.default, costs, router.sandbox), question, account.name))
        return [*lines, self._price(account, question)]

    def _price(self, account: Account, question: Question) -> str:
        country = country_of(_msisdn(question.number))
        tariff = self._engine.tariff.under(account.terms)
        price = tariff.price_of(question.channel, country)
        if price is None:
            return f"Nothing is sent there: {account.name} has no price for {country or 'this number'}."
        return f"A part costs {account.name} {money_text(price)} {tariff.currency}."


def _msisdn(number: str) -> str:
    try:
        return normalise(number, check=Check.POSSIBLE)
    except InvalidNumber as error:
        raise InvalidRecipient(f"{number!r} is not a phone number: {error.reason}.", field="number") from error


def explained(ways: Ways, question: Question, account: str) -> Iterator[str]:
    """Explain in lines for a person which way a message of this account would take.

    Raises InvalidRecipient for what is not a number, InvalidField for a text that fits into no message.
    """
    msisdn = _msisdn(question.number)
    try:
        parts = measure_text(question.text).parts if question.text else 1
    except TooManyParts as error:
        raise InvalidField("The text is too long for any message.", field="text") from error
    facts = (country_of(msisdn) or "no country", operator_of(msisdn) or "operator unknown", f"{parts} part(s)")
    yield f"+{msisdn}: {', '.join(facts)}"
    if is_test_number(msisdn):
        where = f"it goes by {ways.sandbox}, whatever the rules say" if ways.sandbox else "no provider takes it"
        yield f"It is one of the sandbox's own numbers: {where}."
        return
    subject = Subject(
        msisdn=msisdn,
        originator=question.originator,
        account=account,
        tags=question.tags,
        channel=question.channel,
        parts=parts,
    )
    found = explain(ways.rules, subject, ways.default, ways.costs)
    for considered in found.considered:
        if considered.mismatch is not None:
            yield f"{considered.title}: no, {considered.mismatch}"
    if found.rule is None:
        yield f"No rule matches: it goes by the default provider, {ways.default}."
        return
    yield f"{found.considered[-1].title}: yes"
    first, *others = found.providers
    if found.rule.weights:
        total = sum(found.rule.weights.values())
        shares = ", ".join(f"{name} {found.rule.weights[name] / total:.0%}" for name in found.providers)
        yield f"It goes by one of these, by lot: {shares}."
    elif found.rule.cheapest:
        price = cost_of(ways.costs.get(first, {}), country_of(msisdn))
        yield f"It goes by {first}, the cheapest: {price:g} a part."
    else:
        yield f"It goes by {first}."
    if others:
        yield f"If that is out of service, refuses it or does not deliver it: {', '.join(others)}."
