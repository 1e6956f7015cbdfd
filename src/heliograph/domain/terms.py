"""Changing what is agreed with an account."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.accounts import OF_AN_ACCOUNT, Kept, Terms
from heliograph.domain.caps import Caps
from heliograph.domain.channels import Channel
from heliograph.domain.errors import InvalidField, InvalidOriginator
from heliograph.domain.fraud import CodeTerms
from heliograph.domain.prices import MICROS, Tariff
from heliograph.domain.retention import MOST_DAYS
from heliograph.numbers import COUNTRIES, parse_originator, region_named
from heliograph.numbers import InvalidOriginator as NotAnOriginator

Name = TypeVar("Name", bound=str)

MOST_ORIGINATORS = 1_000
LARGEST = 2**63 - 1
MOST_CODES = 1_000_000_000
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class TermsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is UNSET stays; None: nothing is agreed any more. Prices and days of retention are changed one by one."""

    prices: Mapping[str, int | None] | UnsetType = UNSET
    countries: Sequence[str] | UnsetType | None = UNSET
    originators: Sequence[str] | UnsetType | None = UNSET
    requests_per_second: int | UnsetType | None = UNSET
    day_messages: int | UnsetType | None = UNSET
    day_amount: int | UnsetType | None = UNSET
    month_messages: int | UnsetType | None = UNSET
    month_amount: int | UnsetType | None = UNSET
    warn_percent: int | UnsetType | None = UNSET
    quiet_hours: str | UnsetType | None = UNSET
    """Two times of the recipient's day, as in 20:00-08:00."""
    retention: Mapping[str, int | None] | UnsetType = UNSET
    may_omit_stop: bool | UnsetType = UNSET
    may_send_at_night: bool | UnsetType = UNSET
    second_person: bool | UnsetType = UNSET
    codes: CodeTerms | UnsetType = UNSET
    """All limits of one-time codes at once."""


_CAPS = ("day_messages", "day_amount", "month_messages", "month_amount", "warn_percent")
_LEAST = {"requests_per_second": 1, "warn_percent": 1}


def changed(terms: Terms, change: TermsChange) -> Terms:
    """Give the terms after a change. Raises InvalidField by name for what can't be agreed."""
    wanted = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    for name in (*_CAPS, "requests_per_second"):
        _require_within(name, wanted.get(name))
    caps = {name: _usual(name) if (value := wanted.pop(name)) is None else value for name in _CAPS if name in wanted}
    if "prices" in wanted:
        wanted["prices"] = _merged(
            terms.prices, {_region(name, "prices"): value for name, value in wanted["prices"].items()}
        )
    if "retention" in wanted:
        days = {_kept(name, value): value for name, value in wanted["retention"].items()}
        wanted["retention"] = _merged(terms.retention, days)
    if wanted.get("countries") is not None:
        wanted["countries"] = sorted({_region(name, "countries") for name in wanted["countries"]})
    if wanted.get("originators") is not None:
        wanted["originators"] = _originators(wanted["originators"])
    if "codes" in wanted:
        wanted["codes"] = _codes(wanted["codes"])
    if wanted.get("quiet_hours") is not None:
        wanted["quiet_hours"] = quiet_hours_in(wanted["quiet_hours"])
    return msgspec.structs.replace(terms, **wanted, caps=msgspec.structs.replace(terms.caps, **caps))


def require_prices(prices: Mapping[str, int], tariff: Tariff) -> None:
    """Check prices by SMS that are to be agreed, by country. Raises InvalidField.

    None may be less than what `tariff` says, and there is none for a country that this does not send to.
    """
    for country, price in prices.items():
        least = tariff.price_of(Channel.SMS, country)
        if least is None:
            raise InvalidField(f"Nothing is sent to {COUNTRIES[country]}, whatever the price.", field="prices")
        if price < least:
            raise InvalidField(
                f"A part to {COUNTRIES[country]} costs {least / MICROS:g} or more, not {price / MICROS:g}.",
                field="prices",
            )


def inherited(above: Terms) -> Terms:
    """Return what is agreed with a new account below one with these terms."""
    return Terms(
        prices=above.prices,
        codes=above.codes,
        countries=above.countries,
        originators=above.originators,
        quiet_hours=above.quiet_hours,
        second_person=above.second_person,
    )


def narrowed(terms: Terms, above: Terms) -> Terms:
    """Bring the terms of an account within those of the one above it, whose money it sends with.

    It pays no less, and sends nowhere and from nobody where that one does not; nor has it a right that that one has
    not. What is within them stays as it is.
    """
    prices = {**above.prices, **terms.prices}
    return msgspec.structs.replace(
        terms,
        prices={country: max(price, above.prices.get(country, 0)) for country, price in prices.items()},
        countries=_those_of(terms.countries, above.countries),
        originators=_those_of(terms.originators, above.originators),
        may_omit_stop=terms.may_omit_stop and above.may_omit_stop,
        may_send_at_night=terms.may_send_at_night and above.may_send_at_night,
        second_person=terms.second_person or above.second_person,
    )


def _those_of(mine: Sequence[str] | None, above: Sequence[str] | None) -> Sequence[str] | None:
    """Keep what is in both lists, whatever the case of its letters; None is a list of everything."""
    if mine is None or above is None:
        return above if mine is None else mine
    allowed = {each.casefold() for each in above}
    return [each for each in mine if each.casefold() in allowed]


def require_within(wanted: Terms, change: TermsChange, above: Terms, name: str) -> None:
    """Check that a change leaves the terms of an account within those of the account called `name`, above it.

    Raises InvalidField for the first field of the change that does not.
    """
    within = narrowed(wanted, above)
    for field in ("prices", "countries", "originators", "may_omit_stop", "may_send_at_night", "second_person"):
        if getattr(change, field) is not UNSET and getattr(within, field) != getattr(wanted, field):
            raise InvalidField(
                f"`{field}` goes beyond what is agreed with {name}, which this account is below.", field=field
            )


def _usual(name: str) -> int | None:
    found: int | None = getattr(Caps(), name)
    return found


def _merged(before: Mapping[Name, int], change: Mapping[Name, int | None]) -> dict[Name, int]:
    merged: dict[Name, int | None] = {**before, **change}
    for value in merged.values():
        if value is not None and not 0 <= value <= LARGEST:
            raise InvalidField(f"A price is from 0 to {LARGEST / 1e6:g}.", field="prices")
    return {name: value for name, value in merged.items() if value is not None}


def _require_within(name: str, value: int | None) -> None:
    least, most = _LEAST.get(name, 0), 100 if name == "warn_percent" else LARGEST
    if value is not None and not least <= value <= most:
        raise InvalidField(f"`{name}` is from {least} to {most}.", field=name)


def _region(code: str, field: str) -> str:
    region = region_named(code)
    if region is None:
        raise InvalidField(f"There is no country {code!r}: two letters of ISO 3166, as in FR.", field=field)
    return region


def _kept(name: str, days: int | None) -> Kept:
    if name not in OF_AN_ACCOUNT:
        raise InvalidField(f"Nothing is kept as {name!r}; there are {', '.join(OF_AN_ACCOUNT)}.", field="retention")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidField(f"Data are kept for 1 to {MOST_DAYS} days.", field="retention")
    return Kept(name)


def _codes(codes: CodeTerms) -> CodeTerms:
    """Check limits of one-time codes. Raises InvalidField at `codes.` and the name of the one."""
    for name, value in msgspec.structs.asdict(codes).items():
        most = 100 if name == "entered_percent" else MOST_CODES
        if isinstance(value, int) and not 0 <= value <= most:
            raise InvalidField(f"`{name}` of one-time codes is from 0 to {most}.", field=f"codes.{name}")
    if codes.countries is None:
        return codes
    countries = sorted({_region(name, "codes.countries") for name in codes.countries})
    return msgspec.structs.replace(codes, countries=countries)


def _originators(given: Sequence[str]) -> list[str]:
    if len(given) > MOST_ORIGINATORS:
        raise InvalidField(f"There may be {MOST_ORIGINATORS} originators.", field="originators")
    try:
        return list(dict.fromkeys(parse_originator(each).value for each in given))
    except NotAnOriginator as error:
        raise InvalidOriginator(f"That can't be an originator: {error.reason}.", field="originators") from error


def quiet_hours_in(text: str) -> tuple[int, int]:
    """Read two times of the day, in minutes. Raises InvalidField."""
    found = _QUIET.fullmatch(text)
    if found is None:
        raise InvalidField(f"Quiet hours are written as in 20:00-08:00, not {text!r}.", field="quiet_hours")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    return from_hour * 60 + from_minute, to_hour * 60 + to_minute


def quiet_hours_text(minutes: tuple[int, int]) -> str:
    """Write what `quiet_hours_in` reads."""
    return "-".join(f"{each // 60:02}:{each % 60:02}" for each in minutes)
