"""What messages cost: a price per part for each country, and sums of money as whole millionths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from heliograph.domain.batches import Batch
from heliograph.domain.rendering import Rendering
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
        """For one part; None: there is no price, so nothing is sent there."""
        prices = self.channels.get(channel, {})
        return prices.get(country or ELSEWHERE, prices.get(ELSEWHERE))

    def of_messages(self, batch: Batch, msisdns: Sequence[str]) -> list[int | None]:
        """What the message to each of these costs, in the order given; None where there is no price.

        A message that can't be made, because a parameter has no value or it would have too many parts, costs nothing:
        it is not going to be sent.
        """
        prices = self.channels.get("sms")
        if prices is None:
            return [0] * len(msisdns)
        elsewhere = prices.get(ELSEWHERE)
        by_country = len(prices) > (elsewhere is not None)
        rendering = Rendering(batch.kind, batch.body, batch.parameters, truncate=batch.options.truncate)
        most = min(batch.max_parts or MAX_PARTS, MAX_PARTS)
        found: list[int | None] = []
        for msisdn in msisdns:
            price = prices.get(country_of(msisdn) or ELSEWHERE, elsewhere) if by_country else elsewhere
            if price is None:
                found.append(None)
                continue
            try:
                parts = rendering.render(msisdn).parts
            except MissingParameter:
                parts = 0
            found.append(price * parts if parts <= most else 0)
        return found


FREE = Tariff()
"""Without prices everything is free, everywhere."""
