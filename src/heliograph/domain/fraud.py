"""Limits on one-time codes, and how to tell that somebody has them sent for the sake of sending.

Whoever has a share in what a call or a text to certain numbers costs lets forms of strangers send codes to these
numbers, which nobody enters. They are numbers of costly kinds, or neighbours in ranges that were rented as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import ceil

import msgspec

from heliograph.domain.errors import InvalidField
from heliograph.numbers import NumberType, country_of, is_test_number, type_of


class CostlyKind(StrEnum):
    """Kinds of numbers that cost more than others, and that no person has for their texts."""

    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    SATELLITE = "satellite"
    """Satellite phones, and the world-wide networks and services with calling codes of their own."""


_WORLD_WIDE = {
    "808": CostlyKind.SHARED_COST,
    "870": CostlyKind.SATELLITE,
    "878": CostlyKind.SATELLITE,
    "881": CostlyKind.SATELLITE,
    "882": CostlyKind.SATELLITE,
    "883": CostlyKind.SATELLITE,
    "888": CostlyKind.SATELLITE,
    "979": CostlyKind.PREMIUM,
}
"""The kinds of numbers whose calling code belongs to no country (ITU-T E.164, list of assigned codes)."""
_OF_TYPE = {NumberType.PREMIUM: CostlyKind.PREMIUM, NumberType.SHARED_COST: CostlyKind.SHARED_COST}
IN_ALL = ""
"""The prefix that all numbers have."""
_BLOCK, _RANGE = 4, 6
"""How many last digits neighbours may differ in, and within how many networks hand numbers out."""
_TOO_MANY = 4
"""How many digits may be too many in a number that still leads somewhere."""
MINUTE_MS = 60_000
HOUR, DAY = 60, 24 * 60
"""An hour and a day, in minutes."""


class CodeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many codes may be sent, and where; 0 stands for no limit."""

    countries: Sequence[str] = ()
    """Countries that may be sent codes, in ISO 3166 alpha-2; empty means all."""
    kinds: Sequence[CostlyKind] = ()
    """Costly kinds that may be sent codes."""
    per_minute: int = 300
    per_day: int = 20_000
    prefix_per_minute: int = 100
    """The most codes in a minute to numbers that differ only in their last six digits, or only in four."""
    prefix_per_day: int = 5_000
    per_number: int = 10
    """The most codes to one number in an hour."""
    per_address: int = 30
    """The most codes in an hour on behalf of whoever is to prove that a number is theirs."""
    slowed_from: int = 100
    """How many codes to a prefix within an hour make it count how many of them are entered."""
    stopped_from: int = 300
    """How many codes within an hour stop a prefix that was slowed."""
    entered_percent: int = 20
    """The percentage of the codes to a prefix that must be entered."""
    slowed_per_minute: int = 6
    """The most codes in a minute to a prefix that is slowed."""


class CodeTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits that are agreed with one account; None leaves the installation's limit."""

    countries: Sequence[str] | None = None
    kinds: Sequence[CostlyKind] | None = None
    per_minute: int | None = None
    per_day: int | None = None
    prefix_per_minute: int | None = None
    prefix_per_day: int | None = None
    per_number: int | None = None
    per_address: int | None = None
    slowed_from: int | None = None
    stopped_from: int | None = None
    entered_percent: int | None = None


def limits_with(limits: CodeLimits, terms: CodeTerms) -> CodeLimits:
    agreed = {name: value for name, value in msgspec.structs.asdict(terms).items() if value is not None}
    return msgspec.structs.replace(limits, **agreed)


class CodeCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many codes were sent to the numbers of one prefix before now."""

    this_minute: int = 0
    last_minute: int = 0
    """How many were sent in the minute of the clock before this one."""
    last_hour: int = 0
    """How many were sent in the hour before these two minutes, which people may need for typing."""
    entered: int = 0
    """How many codes of the last hour, these two minutes included, somebody entered."""
    last_day: int = 0


NOTHING = CodeCount()


class Guarded(StrEnum):
    """Why a number is sent no code."""

    NUMBER = "number"
    """The number, or who asks, was sent as many codes as may be."""
    KIND = "kind"
    COUNTRY = "country"
    LIMIT = "limit"
    """The account, or a prefix, has had as many codes as it may have in a minute or a day."""
    SLOWED = "slowed"
    STOPPED = "stopped"

    @property
    def passes(self) -> bool:
        """Say whether waiting is enough, without anybody's doing."""
        return self in {Guarded.NUMBER, Guarded.LIMIT, Guarded.SLOWED}


class Verdict(msgspec.Struct, frozen=True):
    """The decision that no code is sent, and why."""

    why: Guarded
    sentence: str
    prefix: str = IN_ALL


def kinds_in(names: Sequence[str], field: str) -> list[CostlyKind]:
    """Read the names of kinds. Raises InvalidField for what is none."""
    for name in names:
        if name not in {*CostlyKind}:
            raise InvalidField(f"There is no kind of numbers {name!r}; there are {', '.join(CostlyKind)}.", field=field)
    return [CostlyKind(name) for name in names]


def kind_of(msisdn: str) -> CostlyKind | None:
    """Return the costly kind that a number is of; None if it is of none.

    One with digits too many is what it begins with: that is how networks connect it.
    """
    if (world_wide := _WORLD_WIDE.get(msisdn[:3])) is not None:
        return world_wide
    if (found := type_of(msisdn)) is not NumberType.UNKNOWN:
        return _OF_TYPE.get(found)
    shorter = (_OF_TYPE.get(type_of(msisdn[:-many])) for many in range(1, _TOO_MANY + 1))
    return next((kind for kind in shorter if kind is not None), None)


def prefixes_of(msisdn: str) -> Sequence[str]:
    """Return the prefixes that a code to this number counts for; none for numbers of the sandbox.

    They stand for all numbers, for those that networks hand out together with it, and for its neighbours.
    """
    return () if is_test_number(msisdn) else (IN_ALL, msisdn[:-_RANGE], msisdn[:-_BLOCK])


def refused_place(msisdn: str, limits: CodeLimits) -> Verdict | None:
    """Decide whether no number of this kind or country is sent codes, whatever was sent before; None if they may be."""
    if is_test_number(msisdn):
        return None
    kind = kind_of(msisdn)
    if kind is not None and kind not in limits.kinds:
        return Verdict(Guarded.KIND, f"Numbers of this kind are sent no codes: {_WORDS[kind]}.")
    country = country_of(msisdn)
    if limits.countries and country not in limits.countries:
        return Verdict(Guarded.COUNTRY, f"Codes are sent to {', '.join(limits.countries)} only.")
    return None


_WORDS = {
    CostlyKind.PREMIUM: "it is one at a premium rate",
    CostlyKind.SHARED_COST: "it is one of shared cost",
    CostlyKind.SATELLITE: "it is a satellite phone's, or of a world-wide network",
}


def refused_person(to_number: int, for_address: int, limits: CodeLimits) -> Verdict | None:
    """Decide whether one number, or one address, had too many codes within an hour; None if not."""
    if limits.per_number and to_number >= limits.per_number:
        return Verdict(Guarded.NUMBER, "This number was sent too many codes in the last hour.")
    if limits.per_address and for_address >= limits.per_address:
        return Verdict(Guarded.NUMBER, "This address has asked for too many codes in the last hour.")
    return None


def refused(counts: Mapping[str, CodeCount], limits: CodeLimits, into_minute: float) -> Verdict | None:
    """Decide whether one of these prefixes may not be sent one code more; None if all may.

    `into_minute` is how much of this minute is over, from 0 to 1.
    """
    for prefix, count in counts.items():
        if (found := _refused(prefix, count, limits, into_minute)) is not None:
            return found
    return None


def _refused(prefix: str, count: CodeCount, limits: CodeLimits, into_minute: float) -> Verdict | None:
    whole = prefix == IN_ALL
    sent = sent_within_a_minute(count, into_minute)
    per_minute = limits.per_minute if whole else limits.prefix_per_minute
    per_day = limits.per_day if whole else limits.prefix_per_day
    where = "in all" if whole else f"to numbers that begin with +{prefix}"
    if per_day and count.last_day >= per_day:
        return Verdict(Guarded.LIMIT, f"The account has sent {count.last_day} codes {where} in a day.", prefix)
    if per_minute and sent >= per_minute:
        return Verdict(Guarded.LIMIT, f"The account has sent {sent} codes {where} in a minute.", prefix)
    if whole or not is_suspect(count, limits):
        return None
    told = f"Of {count.last_hour} codes {where} in the last hour, {count.entered} were entered"
    if limits.stopped_from and count.last_hour >= limits.stopped_from:
        return Verdict(Guarded.STOPPED, f"{told}: for now no more are sent.", prefix)
    if sent >= limits.slowed_per_minute:
        return Verdict(
            Guarded.SLOWED, f"{told}: they are sent {limits.slowed_per_minute} a minute until more are.", prefix
        )
    return None


def is_suspect(count: CodeCount, limits: CodeLimits) -> bool:
    """Say whether so few of a prefix's codes are entered that they seem to be sent for the sake of sending."""
    few = 100 * count.entered < limits.entered_percent * count.last_hour
    return bool(limits.slowed_from) and count.last_hour >= limits.slowed_from and few


def sent_within_a_minute(count: CodeCount, into_minute: float) -> int:
    """Estimate the codes of the last 60 seconds, as if those of the minute before had been sent evenly."""
    return count.this_minute + ceil(count.last_minute * (1 - into_minute))
