"""Sending by an SMS.CX server: the vendor's, or another Heliograph.

Messages that share a sender and a text go in one request, with an identifier that says which they are: when no answer
comes, the same request is made once more, and the server, if it had taken it, answers as it would have the first time.
A `{{name}}` in a text is a placeholder there, and the API has no way to say that it is none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

import msgspec
import structlog
from msgspec import UNSET, Meta

from heliograph.calling import AsyncDriver, RemoteError
from heliograph.calling.documents import from_json
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.instants import to_ms
from heliograph.domain.lookups import LineStatus, Network, NetworkFacts
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
from heliograph.protocols.shared.answers import (
    BUSY,
    REFUSED,
    TO_BE_MENDED,
    Meaning,
    wish_ms,
)
from heliograph.protocols.shared.batching import BatchingProvider, Outcomes, all_of
from heliograph.protocols.smscx import errors, wire
from heliograph.protocols.smscx.async_client import DEFAULT_HOST, AsyncClient

log = structlog.get_logger(__name__)

_FINAL: dict[str, tuple[Status | None, Reason | None]] = {
    "DELIVERED": (Status.DELIVERED, None),
    "FAILED": (Status.FAILED, Reason.UNDELIVERED),
    "REJECTED": (Status.REJECTED, Reason.PROVIDER_REFUSED),
    "NO COVERAGE": (Status.REJECTED, Reason.UNROUTABLE),
}
_ON_ITS_WAY = {"ACCEPTED", "SCHEDULED", "SENT"}
_INBOUND = {f"receive_{channel}": channel for channel in Channel}
LOOKUPS_AT_ONCE = 8


class SmscxConfig(ProviderConfig, frozen=True, kw_only=True):
    api_key: Annotated[str, Meta(min_length=1)]
    host: str = DEFAULT_HOST
    originator: Annotated[str, Meta(min_length=3, max_length=15)] = "Heliograph"
    """The sender of messages that have no originator: the API requires one."""
    viber_template: int = 0
    """The number of a template of theirs whose text is `{{text}}`, by which Viber messages go; 0: none do."""
    whatsapp_template: int = 0
    """The number of a template of theirs whose text is `{{text}}`, by which WhatsApp messages go; 0: none do."""


class SmscxProvided(ProvidedProtocol):
    name: ClassVar[str] = "smscx"
    config: ClassVar[type[ProviderConfig]] = SmscxConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"api_key"})

    def provider(self, config: SmscxConfig, context: ProviderContext) -> Provider:
        return SmscxProvider(config, context)


class SmscxProvider(BatchingProvider):
    most_together: ClassVar[int] = wire.sending.MAX_RECIPIENTS
    looks_up: ClassVar[bool] = True

    def __init__(self, config: SmscxConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._driver = driver
        self._polls = context.callback_url is None
        self._templates = {Channel.VIBER: config.viber_template, Channel.WHATSAPP: config.whatsapp_template}
        self.channels = {Channel.SMS} | {channel for channel, number in self._templates.items() if number}

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        address = self._config.host.rstrip("/")
        self._driver = self._driver or PooledTransport(address, {"Accept": "application/json"})
        self._client = AsyncClient(self._config.api_key, host=address, driver=self._driver)

    async def stop(self) -> None:
        await self._client.close()

    async def check(self) -> CheckResult:
        found = await self._client.get_account_balance()
        return CheckResult("The API key is good.", f"{found.balance} {found.currency}")

    def sameness(self, message: Outgoing) -> Hashable:
        return message.originator, message.kind, message.body, message.channel

    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        if messages[0].kind is BodyKind.BINARY:
            return all_of(messages, Refused(Reason.PROVIDER_REFUSED, detail="SMS.CX sends text only."))
        reply = await self.asked_twice(lambda: self._ask(messages))  # its identifier makes that safe
        rows = {row.to.removeprefix("+"): row for row in reply.data}
        poll = reply.info.campaign_id if self._polls else None
        return {message.message_id: _outcome(rows.get(message.msisdn), poll) for message in messages}

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        if isinstance(error, errors.RateLimitExceededException) and error.reset_at is not None:
            return BUSY._replace(after_ms=wish_ms(error.reset_at - time.time()))
        if isinstance(error, errors.NoCoverageException):
            return REFUSED._replace(reason=Reason.UNROUTABLE)
        if isinstance(error, errors.InsufficientBalanceException):
            return TO_BE_MENDED
        if isinstance(error, errors.InvalidRequestException):  # numbers that are none don't stop the others
            return REFUSED
        return None

    async def _ask(self, messages: Sequence[Outgoing]) -> wire.sending.SendReply:
        first = messages[0]
        names = " ".join(f"{message.message_id}/{message.attempt}" for message in messages)
        common: dict[str, Any] = {
            "from_": first.originator or self._config.originator,
            "to": [f"+{message.msisdn}" for message in messages],
            "allow_invalid": True,
            "dlr_callback_url": self._context.callback_url or UNSET,
            "idempotency_id": str(uuid5(NAMESPACE_URL, f"heliograph:{first.channel}:{names}")),
        }
        if first.channel is Channel.SMS:
            return await self._client.send_sms(wire.sending.SmsRequest(text=first.body, **common))
        template = wire.sending.TemplateRequest(
            template_id=self._templates[first.channel], custom_fields={"text": first.body}, **common
        )
        if first.channel is Channel.VIBER:
            return await self._client.send_viber_message(template)
        return await self._client.send_whatsapp_message(template)

    async def look_up(self, msisdns: Sequence[str]) -> Sequence[NetworkFacts]:
        places = asyncio.Semaphore(LOOKUPS_AT_ONCE)

        async def ask(msisdn: str) -> NetworkFacts:
            async with places:
                try:
                    return _facts((await self._client.lookup_number(f"+{msisdn}")).data)
                except (errors.InvalidRequestException, errors.NoCoverageException) as error:
                    if isinstance(error, errors.InsufficientBalanceException):
                        raise
                    return NetworkFacts(status=LineStatus.FAILED, detail=str(error))

        return await asyncio.gather(*map(ask, msisdns))

    async def poll(self, handle: str) -> PollAnswer:
        receipts: list[Receipt] = []
        waiting, cursor = 0, None
        while True:
            try:
                report = await self._client.get_campaign_report(handle, next=cursor)
            except errors.ResourceNotFoundException:
                return PollAnswer(over=True)
            for row in report.data:
                if row.status in _ON_ITS_WAY:
                    waiting += 1
                else:
                    receipts.append(self._receipt(row.msg_id, row.status, row.error_code, row.updated_at))
            cursor = report.paging.next
            if cursor is None:
                return PollAnswer(receipts, over=not waiting)

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        try:
            event = from_json(heard.body, _Event)
            if event.event == "dlr_update":
                items = msgspec.convert(event.data, list[wire.callbacks.DlrItem])
                await self.intake.receipts(
                    [
                        self._receipt(item.msg_id, item.status, item.error_code, item.datetime)
                        for item in items
                        if item.status not in _ON_ITS_WAY
                    ]
                )
            elif (channel := _INBOUND.get(event.event)) is not None:
                for message in msgspec.convert(event.data, list[wire.rents.InboundItem]):
                    await self._hand_in(message, channel)
        except (msgspec.DecodeError, ValueError) as error:
            log.warning("callback not understood", provider=self.name, error=str(error))
            return WebhookResponse(400)
        return WebhookResponse()

    def _receipt(self, msg_id: str, status: str, error_code: int | None, at: str | None) -> Receipt:
        known, reason = _FINAL.get(status, (None, None))
        return Receipt(
            self.name,
            msg_id,
            known,
            reason,
            provider_code=None if error_code is None else str(error_code),
            detail=None if status in _FINAL else status,
            at_ms=None if at is None else _instant_ms(at),
        )

    async def _hand_in(self, message: wire.rents.InboundItem, channel: Channel) -> None:
        await self.intake.inbound(
            self.name,
            InboundArrival(
                msisdn=message.from_,
                to=message.to,
                kind=BodyKind.TEXT,
                body=message.text,
                provider_ref=message.msg_id,
                account_id=self._context.account_id,
                sent_at_ms=_instant_ms(message.received_at),
                channel=channel,
            ),
        )


class _Event(msgspec.Struct):
    event: str
    data: list[Any]


def _facts(row: wire.lookups.Lookup) -> NetworkFacts:
    known = {status.value: status for status in LineStatus}
    away = row.roaming_network
    original = row.original_network
    mcc = row.mcc or None
    return NetworkFacts(
        status=known.get(row.status.lower(), LineStatus.FAILED),
        detail=row.status_description,
        original=Network(name=original.name, mcc=mcc, mnc=original.mnc, country=row.country_iso),
        ported_to=Network(name=row.ported_network.name, mcc=mcc, mnc=row.ported_network.mnc, country=row.country_iso)
        if row.ported
        else None,
        roaming_in=Network(name=away.name, mcc=away.mcc, mnc=away.mnc, country=away.country_iso)
        if row.roaming
        else None,
    )


def _outcome(row: wire.sending.SendRow | None, poll: str | None) -> Outcome:
    if row is None:
        return Refused(Reason.PROVIDER_REFUSED, detail="SMS.CX does not take this number.")
    if row.status in _ON_ITS_WAY:
        return Accepted(row.msg_id, poll)
    _, reason = _FINAL.get(row.status, (None, None))
    code = None if row.error_code is None else str(row.error_code)
    return Refused(reason or Reason.PROVIDER_REFUSED, code, row.status)


def _instant_ms(text: str) -> int:
    """Read a time in ISO 8601 as ms since 1970; without an offset it is UTC (section 5). Raises ValueError."""
    at = datetime.fromisoformat(text)
    return to_ms(at if at.tzinfo is not None else at.replace(tzinfo=UTC))
