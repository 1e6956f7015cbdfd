"""Sending by an XMS server: CLX, Sinch, or another Heliograph.

Messages that share a sender and a body go as one batch; where recipients differ in parameters only, the template and
their values go, not a batch for each. A message's name at the server is its batch's identifier and its number.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec
import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver, RemoteError, Unreachable
from heliograph.calling.documents import from_json
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
from heliograph.domain.bounded import signed_at
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.receipts import Receipt
from heliograph.engine.contract import (
    Accepted,
    CheckResult,
    InboundArrival,
    Intake,
    Outgoing,
    PollAnswer,
    Provider,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.shared.answers import CANNOT_BE, REFUSED, TO_BE_MENDED, Meaning
from heliograph.protocols.shared.batching import BatchingProvider, Outcomes
from heliograph.protocols.xms import calls, model, wire
from heliograph.protocols.xms.async_client import AsyncClient
from heliograph.protocols.xms.errors import ApiException, ErrorResponseException, NotFoundException
from heliograph.protocols.xms.signature import SIGNATURE, SIGNATURE_NONCE, SIGNATURE_TIMESTAMP, sign
from heliograph.protocols.xms.statuses import our_status
from heliograph.text import Template

log = structlog.get_logger(__name__)

INBOUND = "inbound"
OVERLAP = timedelta(minutes=1)
"""How far inbound listings reach back behind the newest message that is known: the server's pages may lag."""
_WHOLE_PARAMETER = "text"


class XmsConfig(ProviderConfig, frozen=True, kw_only=True):
    endpoint: str
    """The server's address, which ends in /xms, without the service plan."""
    service_plan_id: Annotated[str, Meta(min_length=1)]
    token: Annotated[str, Meta(min_length=1)]
    delivery_report: wire.ReportType = "per_recipient"
    """What the server is asked to call back; `per_recipient_final` is half as much, where the server knows it."""
    poll_inbound_s: Annotated[float, Meta(gt=0)] = 10.0
    """Seconds between two questions for inbound messages, where callbacks can't reach us."""
    webhook_secret: str = ""
    """The secret of callbacks, which must be signed; empty: their secret address is enough."""


class XmsProvided(ProvidedProtocol):
    name: ClassVar[str] = "xms"
    config: ClassVar[type[ProviderConfig]] = XmsConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"token", "webhook_secret"})
    authorizes: ClassVar[str | None] = "endpoint"

    def provider(self, config: XmsConfig, context: ProviderContext) -> Provider:
        return XmsProvider(config, context)


class Sameness(NamedTuple):
    """What messages must have in common to go in one batch."""

    template: str
    varies: bool
    originator: str | None
    originator_ton: int | None
    originator_npi: int | None
    campaign_id: str | None
    kind: BodyKind
    udh: str
    flash: bool
    expire_at_ms: int


class XmsProvider(BatchingProvider):
    most_together: ClassVar[int] = wire.MAX_RECIPIENTS

    def __init__(self, config: XmsConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._driver = driver
        self._inbound_since = datetime.now(UTC) - timedelta(days=1)
        self._polls = context.callback_url is None
        self.standing_polls = (INBOUND,) if self._polls else ()

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        config = self._config
        address = f"{config.endpoint.rstrip('/')}/v1/{config.service_plan_id}"
        headers = {"Authorization": f"Bearer {config.token}", "Accept": "application/json"}
        self._driver = self._driver or PooledTransport(address, headers)
        self._client = AsyncClient(config.service_plan_id, config.token, config.endpoint, driver=self._driver)

    async def stop(self) -> None:
        await self._client.close()

    async def check(self) -> CheckResult:
        async for _ in self._client.fetch_batches(page_size=1):
            break
        return CheckResult(f"The token is good for the service plan {self._config.service_plan_id}.")

    def sameness(self, message: Outgoing) -> Sameness:
        varies = message.template is not None and _fits(message)
        return Sameness(
            message.template if varies and message.template is not None else message.body,
            varies,
            message.originator,
            message.options.originator_ton,
            message.options.originator_npi,
            message.options.campaign_id,
            message.kind,
            message.udh,
            message.flash,
            message.expire_at_ms,
        )

    async def send_together(self, together: Sequence[Outgoing]) -> Outcomes:
        batch = self._batch(together)
        try:
            made = await self._client.create_batch(batch)
        except (Unreachable, ApiException) as error:
            found = await self._found_again(batch.client_reference) if self.leaves_doubt(error) else None
            if found is None:
                raise
            made = found
        poll = made.batch_id if self._polls else None
        return {message.message_id: Accepted(_ref(made.batch_id, message.msisdn), poll) for message in together}

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        """Tell what XMS's error code means for the messages.

        A 403, and a 400 that is no syntax error, are about what all messages of a batch share (section 2).
        """
        if not isinstance(error, ErrorResponseException):
            return None
        if error.error_code == "insufficient_credit":
            return TO_BE_MENDED
        return CANNOT_BE if error.error_code.startswith("syntax_") else REFUSED

    async def _found_again(self, reference: str | None) -> model.BatchResult | None:
        """Look for the batch whose creation was not answered; None if the server lacks it or keeps no references."""
        recent = self._client.fetch_batches(page_size=wire.MAX_PAGE_SIZE, client_reference=reference)
        try:
            page = await recent.get(0)
        except (Unreachable, ApiException):
            return None
        return next((batch for batch in page if batch.client_reference == reference), None)

    def _batch(self, together: Sequence[Outgoing]) -> model.TextBatch | model.BinaryBatch:
        first = together[0]
        shared: dict[str, Any] = {
            "recipients": [message.msisdn for message in together],
            "sender": first.originator,
            "expire_at": from_ms(first.expire_at_ms),
            "delivery_report": None if self._polls else self._config.delivery_report,
            "callback_url": self._context.callback_url,
            "client_reference": f"{first.message_id}-{first.attempt}",
            "flash_message": first.flash or None,
            "from_ton": first.options.originator_ton,
            "from_npi": first.options.originator_npi,
            "campaign_id": first.options.campaign_id,
        }
        if first.kind is BodyKind.BINARY:
            return model.BinaryBatch(body=b64decode(first.body), udh=bytes.fromhex(first.udh), **shared)
        body, parameters = _worded(together)
        return model.TextBatch(body=body, parameters=parameters, **shared)

    async def poll(self, handle: str) -> PollAnswer:
        if handle == INBOUND:
            await self._fetch_inbound()
            return PollAnswer(again_after_s=self._config.poll_inbound_s)
        try:
            report = await self._client.fetch_delivery_report(handle, "full")
        except NotFoundException:
            return PollAnswer(over=True)
        receipts = list(self._receipts(report))
        return PollAnswer(receipts, over=len(receipts) >= report.total_message_count)

    async def _fetch_inbound(self) -> None:
        newest = self._inbound_since
        async for message in self._client.fetch_inbounds(
            page_size=wire.MAX_PAGE_SIZE, start_date=self._inbound_since - OVERLAP
        ).items():
            await self._hand_in(message)
            newest = max(newest, message.received_at or newest)
        self._inbound_since = newest

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        if not self._is_signed(heard):
            return WebhookResponse(401)
        try:
            await self._take_in(heard.body)
        except (msgspec.DecodeError, wire.XmsFormatError) as error:
            log.warning("callback not understood", provider=self.name, error=str(error))
            return WebhookResponse(400)
        return WebhookResponse()

    async def _take_in(self, body: bytes) -> None:
        """Take in a callback; what is about multimedia messages is ignored.

        Raises msgspec.DecodeError or wire.XmsFormatError for what can't be read.
        """
        told = from_json(body, _Typed).type
        if told in {"mo_text", "mo_binary"}:
            await self._hand_in(calls.inbound(from_json(body, wire.InboundReply)))
        elif told == "recipient_delivery_report_sms":
            report = calls.recipient_report(from_json(body, wire.RecipientReportReply))
            await self.intake.receipts(list(self._receipt(report)))
        elif told == "delivery_report_sms":
            whole = calls.delivery_report(from_json(body, wire.BatchReportReply))
            await self.intake.receipts(list(self._receipts(whole)))

    def _is_signed(self, heard: WebhookRequest) -> bool:
        if not self._config.webhook_secret:
            return True
        if signed_at(heard.header(SIGNATURE_TIMESTAMP)) is None:
            return False
        nonce, timestamp = heard.header(SIGNATURE_NONCE), heard.header(SIGNATURE_TIMESTAMP)
        expected = sign(self._config.webhook_secret, heard.body, nonce, timestamp)
        return hmac.compare_digest(expected.encode(), heard.header(SIGNATURE).encode())

    def _receipt(self, report: model.RecipientDeliveryReport) -> Iterator[Receipt]:
        """Yield one receipt, or none if the report is not final."""
        if (known := our_status(report.status, report.code)) is not None:
            yield Receipt(
                self.name,
                _ref(report.batch_id, report.recipient),
                *known,
                provider_code=str(report.code),
                detail=report.status_message,
                at_ms=to_ms(report.operator_status_at or report.status_at),
            )

    def _receipts(self, report: model.DeliveryReport) -> Iterator[Receipt]:
        for bucket in report.statuses:
            known = our_status(bucket.status, bucket.code)
            if known is None:
                continue
            for recipient in sorted(bucket.recipients):
                ref = _ref(report.batch_id, recipient)
                yield Receipt(self.name, ref, *known, provider_code=str(bucket.code))

    async def _hand_in(self, message: model.InboundResult) -> None:
        text = message if isinstance(message, model.TextInbound) else None
        await self.intake.inbound(
            self.name,
            InboundArrival(
                msisdn=message.sender,
                to=message.recipient,
                kind=BodyKind.BINARY if text is None else BodyKind.TEXT,
                body=wire.encode_binary(message.body).strip() if isinstance(message.body, bytes) else message.body,
                udh=message.udh.hex() if isinstance(message, model.BinaryInbound) else "",
                provider_ref=message.message_id,
                account_id=self._context.account_id,
                sent_at_ms=None if message.sent_at is None else to_ms(message.sent_at),
                operator=message.operator,
            ),
        )


class _Typed(msgspec.Struct):
    type: str


def _ref(batch_id: str, msisdn: str) -> str:
    """Return our reference of one message of a batch, whether or not the server writes numbers with a plus."""
    return f"{batch_id}:{msisdn.removeprefix('+')}"


def _fits(message: Outgoing) -> bool:
    """Say whether XMS's own parameters can carry the parameters of this message (reference section 4.2)."""
    values = message.values or {}
    return all(
        len(name) <= wire.MAX_PARAMETER_KEY and " " not in name and len(values[name]) <= wire.MAX_PARAMETER_VALUE
        for name in Template(message.template or "").names
    )


def _worded(together: Sequence[Outgoing]) -> tuple[str, Mapping[str, Mapping[str, str]] | None]:
    """Return the body of a text batch and its parameters, None if it has none."""
    first = together[0]
    if first.template is not None and _fits(first):
        names = sorted(Template(first.template).names)
        return first.template, {
            name: {message.msisdn: (message.values or {})[name] for message in together} for name in names
        }
    if Template(first.body).is_plain:
        return first.body, None
    # The text has a `${...}` that came out of a value and is no parameter: sent as a value, it stays as it is.
    width = wire.MAX_PARAMETER_VALUE
    pieces = [first.body[start : start + width] for start in range(0, len(first.body), width)]
    names = [f"{_WHOLE_PARAMETER}{place}" for place in range(len(pieces))]
    return "".join(f"${{{name}}}" for name in names), {
        name: {"default": piece} for name, piece in zip(names, pieces, strict=True)
    }
