"""Messages by several channels, one after the other until one delivers."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.domain.accounts import Principal
from heliograph.domain.bounded import count_in
from heliograph.domain.channels import Channel
from heliograph.doors import Call
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.drafts import USUAL_TTL_S, Content, Said
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.sending import Sending, to_groups, to_numbers
from heliograph.protocols.smscx.door.settings import settings_of
from heliograph.protocols.smscx.door.templated import said_by_template
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code

_TIMES_TO_LIVE_S = range(300, 1_209_601)


class Multichannel(Sending[wire.MultichannelRequest | wire.MultichannelCampaignRequest]):
    area = shapes.MULTICHANNEL
    operations = (
        *to_numbers(area, "multichannel_message", wire.MultichannelRequest),
        *to_groups(area, wire.MultichannelCampaignRequest),
    )

    async def send_multichannel_message(self, call: Call[None, wire.MultichannelRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_multichannel_message(self, call: Call[None, wire.MultichannelRequest]) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_multichannel_message(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call)

    async def send_multichannel_campaign(self, call: Call[None, wire.MultichannelCampaignRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_multichannel_campaign(
        self, call: Call[None, wire.MultichannelCampaignRequest]
    ) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_multichannel_campaign(self, call: Call[None, None]) -> wire.DeletedCampaign:
        return await self._delete_campaign(call)

    async def content(
        self, caller: Principal, body: wire.MultichannelRequest | wire.MultichannelCampaignRequest
    ) -> Content:
        *before, last = zip(body.strategy, _channels(body.strategy), strict=True)
        said = []
        for step, channel in before:
            template_id = step.template_id if isinstance(step.template_id, int | str) else ""
            inactive = Code.STRATEGY_CHANNEL_NOT_ACTIVE
            said.append(await said_by_template(self._services, caller.account, template_id, channel, inactive=inactive))
        text = last[0].text
        if not isinstance(text, str) or not text:
            raise invalid_param(Code.TEXT_MISSING, "The SMS of a strategy has a `text`.")
        own = await settings_of(self._services, caller, self.area)
        return Content([*said, Said(Channel.SMS, text)], custom={}, after_s=_time_to_live(body.ttl, own.get("ttl")))


def _channels(steps: Sequence[wire.StrategyStep]) -> list[Channel]:
    """Read by which channels a strategy goes. Raises a refusal unless there are several, each once, SMS last."""
    if len(steps) < 2:
        raise invalid_param(Code.STRATEGY_TOO_SHORT, "A strategy has at least two channels.")
    channels = [reading.channel(step.channel, Code.STRATEGY_CHANNEL_UNKNOWN) for step in steps]
    if len(set(channels)) < len(channels):
        raise invalid_param(Code.STRATEGY_CHANNEL_REPEATED, "A channel can be tried once.")
    if channels[-1] is not Channel.SMS:
        raise invalid_param(Code.STRATEGY_WITHOUT_SMS, "The last channel of a strategy is sms.")
    return channels


def _time_to_live(asked: object, own: object) -> int:
    """Read how many seconds a channel has to deliver. Raises a refusal for anything but 5 minutes to 14 days."""
    text = str(asked if isinstance(asked, int | str) else own or USUAL_TTL_S)
    seconds = count_in(text)
    if seconds is None:
        raise invalid_param(Code.STRATEGY_TTL_INVALID, "`ttl` is not a number.")
    if seconds < _TIMES_TO_LIVE_S.start:
        raise invalid_param(Code.STRATEGY_TTL_TOO_SHORT, "`ttl` is at least 300 seconds.")
    if seconds not in _TIMES_TO_LIVE_S:
        raise invalid_param(Code.STRATEGY_TTL_TOO_LONG, "`ttl` is at most 14 days.")
    return seconds
