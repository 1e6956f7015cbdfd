"""What messages cost: a price per part for each country, and sums of money as whole millionths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from heliograph.domain.batches import Batch
from heliograph.domain.rendering import Rendering
from heliograph.domain.statuses import Reason
from heliograph.numbers import country_of
from heliograph.text import MAX_PARTS, MissingParameter

MICROS = 1_000_000
"""Sums are kept in millionths of the currency: exact, and small enough for 64 bits up to nine million millions."""
ELSEWHERE = "default"
"""The price for countries that have none of their own."""


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of one installation."""

    currency: str = "EUR"
    channels: Mapping[str, Mapping[str, int]] = {}
    """channel -> {ISO 3166 alpha-2 or "default" -> millionths for a part}."""

    def price_of(self, channel: str, country: str | None) -> int | None:
        """For one part; None: there is no price, so nothing is sent there. 0 on a channel without any prices."""
        prices = self.channels.get(channel)
        if prices is None:
            return 0
        return prices.get(country or ELSEWHERE, prices.get(ELSEWHERE))

    def quotes(self, batch: Batch, msisdns: Sequence[str]) -> list[Quote]:
        """What the message to each of these comes to, in the order given.

        A message that can't be made, because a parameter has no value or it would have too many parts, costs nothing:
        it is not going to be sent.
        """
        rendering = Rendering(batch.kind, batch.body, batch.parameters, truncate=batch.options.truncate)
        most = min(batch.max_parts or MAX_PARTS, MAX_PARTS)
        known: dict[tuple[str | None, int], Quote] = {}  # a handful, however many messages there are
        found: list[Quote] = []
        shared = rendering.shared
        for msisdn in msisdns:
            kind = (country_of(msisdn), _parts(rendering, msisdn) if shared is None else shared.parts)
            quote = known.get(kind)
            if quote is None:
                quote = known[kind] = self._quote(*kind, most)
            found.append(quote)
        return found

    def _quote(self, country: str | None, parts: int, most: int) -> Quote:
        price = self.price_of("sms", country)
        parts = parts if parts <= most else 0
        if price is None:
            return Quote(0, parts, country, Reason.NO_COVERAGE)
        return Quote(price * parts, parts, country)


def _parts(rendering: Rendering, msisdn: str) -> int:
    try:
        return rendering.render(msisdn).parts
    except MissingParameter:
        return 0


class Quote(NamedTuple):
    """What one message comes to."""

    price: int
    """Millionths."""
    parts: int
    """0 if the message can't be made."""
    country: str | None
    """ISO 3166 alpha-2; None if the number belongs to no country, as the sandbox's own."""
    refused: Reason | None = None
    """Why nothing is sent there: there is no price, or the recipient opted out."""


FREE = Tariff()
"""Without prices everything is free, everywhere."""
TRIAL = Tariff(channels={"sms": {ELSEWHERE: 50_000, "DE": 70_000, "FR": 45_000, "GB": 40_000, "US": 10_000}})
"""What the sandbox asks, so that there is something to see."""
