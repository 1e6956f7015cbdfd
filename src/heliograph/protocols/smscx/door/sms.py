"""Texts by SMS, in another alphabet if that is wished."""

from __future__ import annotations

from heliograph.domain.accounts import Principal
from heliograph.domain.channels import Channel
from heliograph.doors import Call
from heliograph.protocols.smscx.door.drafts import Content, Said
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.sending import Sending, to_groups, to_numbers
from heliograph.protocols.smscx.door.settings import settings_of
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.text import ALPHABETS, romanise, to_gsm, without_emoji

_NONE, _NON_GSM = "NONE", "NON_GSM"


class Sms(Sending[wire.SmsRequest | wire.CampaignRequest]):
    area = Channel.SMS.value
    operations = (*to_numbers(area, "sms", wire.SmsRequest), *to_groups(area, wire.CampaignRequest))

    async def send_sms(self, call: Call[None, wire.SmsRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_sms(self, call: Call[None, wire.SmsRequest]) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_sms(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call)

    async def send_sms_campaign(self, call: Call[None, wire.CampaignRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_sms_campaign(self, call: Call[None, wire.CampaignRequest]) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_sms_campaign(self, call: Call[None, None]) -> wire.DeletedCampaign:
        return await self._delete_campaign(call)

    async def content(self, caller: Principal, body: wire.SmsRequest | wire.CampaignRequest) -> Content:
        if not body.text:
            raise invalid_param(Code.TEXT_MISSING, "`text` is empty.")
        own = await settings_of(self._services, caller, self.area)
        written = _transliterated(body, own.get("transliteration"))
        return Content([Said(Channel.SMS, written)], plain=None if written == body.text else body.text)


def _transliterated(body: wire.SmsRequest | wire.CampaignRequest, own: object) -> str:
    """Write the text in the alphabet that the request, or else the application, wishes for.

    The text stays as it is if nothing would be left of it. Raises a refusal for an alphabet that there is not.
    """
    wish = body.transliteration
    if not isinstance(wish, wire.Transliteration):
        settings = own if isinstance(own, dict) else {}
        wish = wire.Transliteration(
            alphabet=str(settings.get("alphabet", _NONE)), remove_emojis=settings.get("removeEmojis") is True
        )
    text, alphabet = without_emoji(body.text) if wish.remove_emojis else body.text, wish.alphabet.upper()
    if alphabet == _NONE:
        return text or body.text
    if alphabet == _NON_GSM:
        return to_gsm(text) or body.text
    if alphabet not in ALPHABETS:
        raise invalid_param(Code.ALPHABET_UNKNOWN, f"There is no alphabet {wish.alphabet!r}.")
    return romanise(text, alphabet) or body.text
