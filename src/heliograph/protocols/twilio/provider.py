"""Sending by a Twilio server (reference: providers.md, section A).

There is no key that makes a repetition harmless, so a request without an answer leaves its message unknown. Receipts
and inbound messages are told to us, signed with the account's token; where Twilio can't reach us, each message is asked
about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver, RemoteError
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
from heliograph.domain.bounded import whole_number
from heliograph.domain.channels import Channel
from heliograph.domain.instants import now_ms
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import (
    Accepted,
    CheckResult,
    InboundArrival,
    Intake,
    Outcome,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.numbers import with_plus
from heliograph.protocols.shared.answers import BUSY, REFUSED, TO_BE_MENDED, Meaning
from heliograph.protocols.shared.singly import SinglyProvider
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.async_client import DEFAULT_BASE_URL, AsyncClient, credentials
from heliograph.protocols.twilio.codes import Code
from heliograph.protocols.twilio.signature import HEADER, is_signed

log = structlog.get_logger(__name__)

WHATSAPP = "whatsapp:"
NO_REPLY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
MOST_MEDIA = 10
_ERROR_CODES = range(1_000_000)
_REASONS: Mapping[int, Reason] = {
    Code.OPTED_OUT: Reason.OPTED_OUT,
    Code.TO_INVALID: Reason.UNKNOWN_SUBSCRIBER,
    21614: Reason.UNKNOWN_SUBSCRIBER,
    Code.UNKNOWN_NUMBER: Reason.UNKNOWN_SUBSCRIBER,
    30006: Reason.UNKNOWN_SUBSCRIBER,
    30036: Reason.EXPIRED_IN_NETWORK,
}
_CODES: Mapping[str, Meaning] = {
    **{str(int(code)): REFUSED._replace(reason=reason) for code, reason in _REASONS.items()},
    **{str(int(code)): BUSY for code in (Code.TOO_MANY_REQUESTS, 21611, Code.QUEUE_OVERFLOW)},
    str(int(Code.SUSPENDED)): TO_BE_MENDED,
}
_STATUSES: Mapping[str, Status] = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.FAILED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
    "partially_delivered": Status.FAILED,
}
_ON_ITS_WAY = {"accepted", "scheduled", "queued", "sending"}


class TwilioConfig(ProviderConfig, frozen=True, kw_only=True):
    account_sid: Annotated[str, Meta(pattern="^AC[0-9a-f]{32}$")]
    auth_token: Annotated[str, Meta(min_length=1)]
    """The account's token, which Twilio signs its calls with, too."""
    api_key_sid: str = ""
    """An API key that is used for requests instead of the token; it needs `api_key_secret`."""
    api_key_secret: str = ""
    messaging_service_sid: str = ""
    """The service that sends messages without an originator; empty: `sender` sends them."""
    sender: str = ""
    base_url: str = DEFAULT_BASE_URL
    whatsapp: bool = False
    """Whether the account can send by WhatsApp."""


class TwilioProvided(ProvidedProtocol):
    name: ClassVar[str] = "twilio"
    config: ClassVar[type[ProviderConfig]] = TwilioConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"auth_token", "api_key_secret"})
    authorizes: ClassVar[str | None] = "base_url"

    def provider(self, config: TwilioConfig, context: ProviderContext) -> Provider:
        return TwilioProvider(config, context)


class TwilioProvider(SinglyProvider):
    def __init__(self, config: TwilioConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._driver = driver
        self.channels = frozenset({Channel.SMS, Channel.WHATSAPP} if config.whatsapp else {Channel.SMS})

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        config = self._config
        key = (config.api_key_sid, config.api_key_secret) if config.api_key_sid else None
        headers = credentials(*(key or (config.account_sid, config.auth_token)))
        self._driver = self._driver or PooledTransport(config.base_url.rstrip("/"), headers)
        self._client = AsyncClient(
            config.account_sid, config.auth_token, config.base_url, api_key=key, driver=self._driver
        )

    async def stop(self) -> None:
        await self._client.close()

    async def send_one(self, message: Outgoing) -> Outcome:
        if message.kind is BodyKind.BINARY:
            return Refused(Reason.PROVIDER_REFUSED, detail="Twilio sends texts only.")
        config, prefix = self._config, WHATSAPP if message.channel is Channel.WHATSAPP else ""
        sender = with_plus(message.originator or config.sender)
        by_service = not sender and config.messaging_service_sid
        media = () if message.rich_media is None else (message.rich_media.image_url,)
        taken = await self._client.create_message(
            f"{prefix}+{message.msisdn}",
            body=message.body,
            from_=None if by_service else f"{prefix}{sender}",
            messaging_service_sid=config.messaging_service_sid if by_service else None,
            media_url=[url for url in media if url is not None],
            status_callback=self._context.callback_url,
            validity_period=min(max((message.expire_at_ms - now_ms()) // 1_000, 1), wire.VALIDITY_S[-1]),
        )
        return Accepted(taken.sid, poll=None if self._context.callback_url else taken.sid)

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        return _CODES.get(error.vendor_code or "")

    async def poll(self, handle: str) -> PollAnswer:
        message = await self._client.fetch_message(handle)
        if message.status in _ON_ITS_WAY:
            return PollAnswer()
        receipt = self._receipt(handle, message.status, message.error_code, message.error_message)
        return PollAnswer([receipt], over=message.status != "sent")

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        try:
            fields = wire.fields_in(heard.body)
        except ValueError:
            return WebhookResponse(400)
        url = self._context.callback_url or ""
        called = f"{url}?{heard.raw_query}" if heard.raw_query else url
        if not is_signed(self._config.auth_token, called, fields, heard.header(HEADER)):
            return WebhookResponse(403)
        said = dict(fields)
        if not (sid := said.get("MessageSid")):
            return WebhookResponse(400)  # nobody could say whether it was told before
        if (status := said.get("MessageStatus") or said.get("SmsStatus")) == "received":
            return await self._take_in(sid, said)
        if status is None:
            return WebhookResponse(400)
        if status not in _ON_ITS_WAY:
            code = whole_number(said.get("ErrorCode", ""), _ERROR_CODES)
            receipt = self._receipt(sid, status, code, None)
            await self.intake.receipts([receipt])
        return WebhookResponse()

    async def _take_in(self, sid: str, said: Mapping[str, str]) -> WebhookResponse:
        """Take in an inbound message. Media stay where they are; their links follow the text."""
        if "From" not in said or "To" not in said:
            return WebhookResponse(400)
        count = whole_number(said.get("NumMedia", ""), range(1_000)) or 0
        media = [said.get(f"MediaUrl{place}", "") for place in range(min(count, MOST_MEDIA))]
        whatsapp = said["From"].startswith(WHATSAPP)
        arrival = InboundArrival(
            msisdn=said["From"].removeprefix(WHATSAPP),
            to=said["To"].removeprefix(WHATSAPP),
            kind=BodyKind.TEXT,
            body="\n".join(filter(None, [said.get("Body", ""), *media])),
            provider_ref=sid,
            account_id=self._context.account_id,
            channel=Channel.WHATSAPP if whatsapp else Channel.SMS,
        )
        await self.intake.inbound(self.name, arrival)
        return WebhookResponse(200, NO_REPLY, "text/xml")

    def _receipt(self, sid: str, word: str, code: int | None, detail: str | None) -> Receipt:
        status = _STATUSES.get(word)
        reason = None
        if status is Status.FAILED:
            reason = _REASONS.get(code or 0, Reason.UNDELIVERED)
        return Receipt(self.name, sid, status, reason, None if code is None else str(code), detail or word)

    async def check(self) -> CheckResult:
        found = await self._client.fetch_balance()
        return CheckResult("The credentials are good.", f"{found.balance} {found.currency}")
