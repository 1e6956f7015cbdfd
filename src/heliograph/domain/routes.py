"""Rules that decide which providers a message goes by.

Rules are looked at in the order of the settings file; the first that matches says by which providers the message may
go. Everything here is a function of values: the engine asks with what it knows of a message, the command line with what
somebody typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

import msgspec

from heliograph.numbers import country_of, operator_of

_EXACT = ("country", "account", "channel", "tag")
"""The conditions whose values match nothing but themselves."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule can ask about a message."""

    msisdn: str
    originator: str | None = None
    account: str = ""
    """The account as the rules name it; where those names were looked up, its identifier."""
    tags: Sequence[str] = ()
    channel: str = "sms"
    parts: int = 1


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A table `[[routes]]`: conditions, all of which must hold, and where messages go then.

    A condition that is absent always holds.
    """

    name: str = ""
    country: Sequence[str] = ()
    """The number's country, in ISO 3166 alpha-2."""
    prefix: Sequence[str] = ()
    """What the number begins with, without a plus."""
    operator: Sequence[str] = ()
    """The network that issued the number, if the numbering plan tells; `*` stands for anything."""
    originator: Sequence[str] = ()
    """The originator; `*` stands for anything."""
    account: Sequence[str] = ()
    tag: Sequence[str] = ()
    """Tags, one of which the batch has."""
    channel: Sequence[str] = ()
    min_parts: int = 1
    max_parts: int = 255
    providers: Sequence[str] = ()
    """The providers, in the order in which they are tried."""
    weights: Mapping[str, float] = {}
    """Each provider's share of the messages, instead of `providers`; the others are tried if one fails."""
    cheapest: bool = False
    """Whether the provider with the lowest price for the country is tried first."""
    follow_health: bool = False
    """Whether providers that fail or are slow get a smaller share, until they are well again."""

    @property
    def names(self) -> Sequence[str]:
        """Return the names of its providers."""
        return tuple(self.weights) or self.providers

    @cached_property
    def _operators(self) -> Sequence[str]:
        return [pattern.casefold() for pattern in self.operator]

    def mismatch(self, subject: Subject) -> str | None:
        """Describe the first condition that does not hold, for a person; None if the rule matches."""
        msisdn = subject.msisdn
        if self.country and country_of(msisdn) not in self.country:
            return f"the country is {country_of(msisdn) or 'unknown'}, not {_either(self.country)}"
        if self.prefix and not msisdn.startswith(tuple(self.prefix)):
            return f"the number does not begin with {_either(self.prefix)}"
        if self.operator and not _like((operator_of(msisdn) or "").casefold(), self._operators):
            return f"the operator is {operator_of(msisdn) or 'unknown'}, not {_either(self.operator)}"
        if self.originator and not _like(subject.originator or "", self.originator):
            return f"the originator is {subject.originator or 'none'}, not {_either(self.originator)}"
        if self.account and subject.account not in self.account:
            return f"the account is {subject.account or 'unknown'}, not {_either(self.account)}"
        if self.tag and not set(self.tag) & set(subject.tags):
            return f"it has no tag {_either(self.tag)}"
        if self.channel and subject.channel not in self.channel:
            return f"the channel is {subject.channel}, not {_either(self.channel)}"
        if not self.min_parts <= subject.parts <= self.max_parts:
            return f"it has {subject.parts} parts, not {self.min_parts} to {self.max_parts}"
        return None

    def covers(self, other: Rule) -> bool:
        """Say whether it matches whatever the other matches, as far as their conditions tell."""
        return (
            self.min_parts <= other.min_parts
            and self.max_parts >= other.max_parts
            and all(_wider(getattr(self, name), getattr(other, name)) for name in _EXACT)
            and _wider(self.operator, other.operator, fnmatchcase)
            and _wider(self.originator, other.originator, fnmatchcase)
            and _wider(self.prefix, other.prefix, str.startswith)
        )


def _wider(one: Sequence[str], other: Sequence[str], within: object = str.__eq__) -> bool:
    """Say whether each of the other's values is within one of these; no values stand for all."""
    if not one:
        return True
    check = within
    return bool(other) and all(any(check(value, bound) for bound in one) for value in other)  # type: ignore[operator]


def _like(value: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def _either(values: Sequence[str]) -> str:
    return " or ".join(values)


def mistakes_in(rules: Sequence[Rule], providers: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, str]]:
    """Say what is wrong with rules: where, such as `[2].providers` of the second, and what must be there.

    `providers` are those that are set up, each with its prices.
    """
    for place, rule in enumerate(rules):
        for field, told in _mistakes(rule, providers):
            yield f"[{place + 1}]{field}", told
        for earlier_place, earlier in enumerate(rules[:place]):
            if earlier.covers(rule):
                title = title_of(earlier, earlier_place)
                yield f"[{place + 1}]", f"must match what {title}, which comes before, does not: that takes all of it"
                break


def _mistakes(rule: Rule, providers: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, str]]:
    named = ".weights" if rule.weights else ".providers"
    for name in rule.names:
        if name not in providers:
            yield named, f"must name tables [providers.NAME], or sandbox, not {name}"
    if not rule.names:
        yield ".providers", "must name a provider, or `weights` must"
    if rule.weights and rule.providers:
        yield ".providers", "must be left out beside `weights`: one of them says which providers there are"
    if any(weight < 0 for weight in rule.weights.values()) or (rule.weights and not any(rule.weights.values())):
        yield ".weights", f"must be 0 or more, and one of them above 0, not {_plain(rule.weights)}"
    if rule.cheapest and (free := [name for name in rule.names if not providers.get(name, {"": 0.0})]):
        yield ".cheapest", f"must compare prices, and {free[0]} has no `costs`"
    if rule.follow_health and not rule.weights:
        yield ".follow_health", "must go with `weights`, which it moves, and there are none"
    if rule.min_parts > rule.max_parts:
        yield ".min_parts", f"must be at most max_parts, {rule.max_parts}, not {rule.min_parts}"


def _plain(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {weight:g}" for name, weight in weights.items())


def title_of(rule: Rule, place: int) -> str:
    """Return the name by which people know a rule."""
    return f"route `{rule.name}`" if rule.name else f"route {place + 1}"


class ProviderPause(msgspec.Struct, frozen=True):
    """That somebody who runs the installation has nothing sent by a provider, until it is resumed."""

    since: int
    """Milliseconds since 1970."""
    by: str
    """Who paused it: an e-mail address, a user of the machine, or the name of a key's account."""


class Considered(msgspec.Struct, frozen=True):
    """A rule that was looked at, and why it did not match; None if it did."""

    title: str
    mismatch: str | None


class Explanation(msgspec.Struct, frozen=True):
    """The way that a message takes, and why."""

    considered: Sequence[Considered]
    """The rules that were looked at, up to the one that matched."""
    rule: Rule | None
    """The rule that matched; None if none did: the message goes by the default provider."""
    providers: Sequence[str]
    """The providers, in the order in which they are tried; of weighted ones the heaviest first."""


def explain(
    rules: Sequence[Rule], subject: Subject, default: str, costs: Mapping[str, Mapping[str, float]]
) -> Explanation:
    """Tell which way the rules send a message, and why."""
    considered: list[Considered] = []
    for place, rule in enumerate(rules):
        mismatch = rule.mismatch(subject)
        considered.append(Considered(title_of(rule, place), mismatch))
        if mismatch is None:
            return Explanation(considered, rule, in_order(rule, country_of(subject.msisdn), costs))
    return Explanation(considered, None, (default,))


def in_order(rule: Rule, country: str | None, costs: Mapping[str, Mapping[str, float]]) -> Sequence[str]:
    """Return a rule's providers in the order in which they are tried."""
    if rule.weights:
        return sorted(rule.weights, key=lambda name: -rule.weights[name])
    if rule.cheapest:
        return sorted(rule.providers, key=lambda name: cost_of(costs.get(name, {}), country))
    return rule.providers


def cost_of(costs: Mapping[str, float], country: str | None) -> float:
    """Return what a part costs at a provider; infinite where it has no price."""
    return costs.get(country or "default", costs.get("default", float("inf")))
