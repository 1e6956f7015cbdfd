"""The balance, the channels that can be used, and what messages cost."""

from __future__ import annotations

from typing import Any

from heliograph.domain.accounts import Account
from heliograph.domain.channels import Channel
from heliograph.doors import Call
from heliograph.numbers import UNNUMBERED
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import account as wire
from heliograph.protocols.smscx.wire.errors import Code

_TRAFFIC = {"transactional", "promotional", "2way"}


class AccountOverview(SmscxResource):
    operations = (
        operation(
            "GET", "/account/balance", "get_account_balance", "Get the account's balance.", response=wire.Balance
        ),
        operation(
            "GET",
            "/account/channels/status",
            "get_channels_status",
            "Get which channels can be used.",
            response=wire.ChannelsStatus,
        ),
        operation(
            "GET",
            "/account/pricing/{channel}/{traffic_type}",
            "get_channel_pricing",
            "Get the prices of a channel by country.",
            response=dict[str, Any],
        ),
        operation(
            "GET",
            "/account/pricing/{channel}/{traffic_type}/{country_iso}",
            "get_channel_pricing_by_country_iso",
            "Get the prices of a channel in one country.",
            response=dict[str, Any],
        ),
    )

    async def get_account_balance(self, call: Call[None, None]) -> wire.Balance:
        balance = await self._services.money.balance(call.account)
        return wire.Balance(
            balance=shapes.money(balance or 0),
            currency=self._services.money.currency.lower(),
            billing="postpaid" if balance is None else "prepaid",
        )

    async def get_channels_status(self, call: Call[None, None]) -> wire.ChannelsStatus:
        active = self._services.channels
        return wire.ChannelsStatus(
            sms=Channel.SMS in active,
            viber=Channel.VIBER in active,
            whatsapp=Channel.WHATSAPP in active,
            multichannel=len(active) > 1,
        )

    async def get_channel_pricing(self, call: Call[None, None]) -> dict[str, object]:
        return self._prices(call.account, call.path["channel"], call.path["traffic_type"], None)

    async def get_channel_pricing_by_country_iso(self, call: Call[None, None]) -> dict[str, object]:
        asked = call.path["country_iso"].upper()
        if reading.country(asked) is None and asked not in UNNUMBERED:
            raise invalid_param(Code.PRICING_COUNTRY_UNKNOWN, f"There is no country {asked!r}.")
        return self._prices(call.account, call.path["channel"], call.path["traffic_type"], asked)

    def _prices(self, account: Account, channel: str, traffic: str, asked: str | None) -> dict[str, object]:
        if traffic.lower() not in _TRAFFIC:
            raise invalid_param(Code.PRICING_CHANNEL_UNKNOWN, f"There are no prices for {channel} {traffic}.")
        by = reading.channel(channel, Code.PRICING_CHANNEL_UNKNOWN)
        found = self._services.money.prices(account, by, None if asked is None else [asked])
        if not found:
            raise SmscxRefusal(403, "no_coverage", Code.PRICING_NO_COVERAGE, "Nothing is sent there.")
        if by is Channel.SMS:
            return {place: {"default": shapes.money(price)} for place, price in found.items()}
        both = {
            place: {"TRANSACTIONAL": shapes.money(price), "PROMOTIONAL": shapes.money(price)}
            for place, price in found.items()
        }
        # Their client looks for the name of the field where the countries are (reference: section 6).
        return {**both, "countryCode": next(iter(both.values()))}
