"""What messages cost: a price per part for each country, and sums of money as whole millionths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from heliograph.domain.batches import Batch
from heliograph.domain.channels import Channel, Leg, Plan, plan_text
from heliograph.domain.rendering import Rendered, Rendering, most_parts, renderings_of
from heliograph.domain.statuses import Reason
from heliograph.numbers import country_of

if TYPE_CHECKING:
    from heliograph.domain.accounts import Terms

MICROS = 1_000_000
"""How many units sums are kept in: millionths of the currency, exact, and within 64 bits up to nine million million."""
ELSEWHERE = "default"
"""The price for countries that have none of their own."""


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of one installation."""

    currency: str = "EUR"
    channels: Mapping[str, Mapping[str, int]] = {}
    """Prices of a part in millionths, by channel and then by country (ISO 3166 alpha-2) or "default"."""
    countries: frozenset[str] | None = None
    """The countries that are sent to at all; None: all."""

    def under(self, terms: Terms) -> Tariff:
        """Return the tariff of an account with these terms: its prices, in the countries that it may send to."""
        agreed = self.with_prices(terms.prices)
        if terms.countries is None:
            return agreed
        return msgspec.structs.replace(agreed, countries=frozenset(terms.countries))

    def with_prices(self, prices: Mapping[str, int]) -> Tariff:
        """Raise the prices by SMS of some countries to what an account was told.

        The installation's own price is what a message costs it: nobody pays less, whatever was agreed, and what it does
        not send to stays closed.
        """
        if not prices:
            return self
        sms = dict(self.channels.get(Channel.SMS, {ELSEWHERE: 0}))
        for country, price in prices.items():
            if (least := self.price_of(Channel.SMS, country)) is not None:
                sms[country] = max(price, least)
        return msgspec.structs.replace(self, channels=dict(self.channels) | {Channel.SMS.value: sms})

    def price_of(self, channel: str, country: str | None) -> int | None:
        """Return the price of one part in millionths; None if there is none, so that nothing is sent there.

        On a channel without any prices it is 0.
        """
        if self.countries is not None and country not in self.countries:
            return None
        prices = self.channels.get(channel)
        if prices is None:
            return 0
        return prices.get(country or ELSEWHERE, prices.get(ELSEWHERE))

    def quotes(self, batch: Batch, msisdns: Sequence[str]) -> list[Quote]:
        """Quote the message to each of these numbers, in the order given.

        A message that can't be made, because a parameter has no value or it would have too many parts, costs nothing:
        it is not going to be sent.
        """
        most = most_parts(batch.max_parts)
        by_leg = [self._quotes_of_leg(rendering, msisdns, most) for rendering in renderings_of(batch)]
        if len(by_leg) == 1:
            return by_leg[0]
        channels = batch.options.channels
        after_ms = batch.options.fall_back_after_s * 1000
        planned: dict[tuple[Quote, ...], Quote] = {}
        return [
            planned.get(legs) or planned.setdefault(legs, _planned(channels, legs, after_ms))
            for legs in zip(*by_leg, strict=True)
        ]

    def _quotes_of_leg(self, rendering: Rendering, msisdns: Sequence[str], most: int) -> list[Quote]:
        known: dict[tuple[str | None, int], Quote] = {}  # a handful, however many messages there are
        found: list[Quote] = []
        shared = rendering.shared
        shared_parts = shared.parts if shared is not None and shared.parts <= most else 0
        for msisdn in msisdns:
            kind = (country_of(msisdn), _parts(rendering, msisdn, most) if shared is None else shared_parts)
            quote = known.get(kind)
            if quote is None:
                quote = known[kind] = self._quote(rendering.channel, *kind)
            found.append(quote)
        return found

    def _quote(self, channel: Channel, country: str | None, parts: int) -> Quote:
        price = self.price_of(channel, country)
        if price is None:
            return Quote(0, parts, country, Reason.NO_COVERAGE, channel)
        return Quote(price * parts, parts, country, None, channel)


def _planned(channels: Sequence[Channel], legs: Sequence[Quote], after_ms: int) -> Quote:
    """Quote a message that takes these legs one after the other, as far as they lead to its recipient."""
    covered = [
        Leg(number, channel, quote.price, quote.parts)
        for number, (channel, quote) in enumerate(zip(channels, legs, strict=True))
        if quote.refused is None
    ]
    if not covered:
        return legs[0]
    plan = Plan(after_ms, covered)
    first = covered[0]
    return Quote(
        plan.reserved, first.parts, legs[0].country, None, channels[first.number], first.number, plan_text(plan)
    )


def _parts(rendering: Rendering, msisdn: str, most: int) -> int:
    made = rendering.make(msisdn, most)
    return made.parts if isinstance(made, Rendered) else 0


class Quote(NamedTuple):
    """What the message to one recipient comes to."""

    price: int
    """The price in millionths."""
    parts: int
    """How many parts it has; 0 if it can't be made."""
    country: str | None
    """The number's country (ISO 3166 alpha-2); None if it belongs to none, as the sandbox's own."""
    refused: Reason | None = None
    """Why nothing is sent there: there is no price, or the recipient opted out."""
    channel: Channel = Channel.SMS
    """The first channel that it takes."""
    leg: int = 0
    plan: str | None = None
    """The plan of a message that may take several channels; else None."""


FREE = Tariff()
"""The tariff of an installation without prices: everything is free, everywhere."""
TRIAL = Tariff(
    channels={
        "sms": {ELSEWHERE: 50_000, "DE": 70_000, "FR": 45_000, "GB": 40_000, "US": 10_000},
        "viber": {ELSEWHERE: 20_000, "FR": 15_000},
        "whatsapp": {ELSEWHERE: 30_000, "FR": 25_000},
        "lookup": {ELSEWHERE: 5_000},
    }
)
"""The sandbox's prices, so that there is something to see."""
