"""Sending by an iSendPro server (reference: isendpro.md, section 7).

Messages from the same originator go together, each with its own text. The server gives no identifiers: a message's name
there is the `tracker` that we give it, and only its receipts carry that. Nothing can be asked afterwards, so a request
without an answer leaves its messages unknown.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar

import structlog
from msgspec import UNSET, Meta

from heliograph.calling import AsyncDriver, RemoteError
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
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
    Provider,
    Refused,
    TryAgain,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.async_client import DEFAULT_HOST, AsyncClient
from heliograph.protocols.isendpro.codes import Code
from heliograph.protocols.isendpro.queries import DELIVERED, INBOUND, RECEIPT, understood
from heliograph.protocols.shared.answers import REFUSED, TO_BE_MENDED, TO_BE_MENDED_MS, Meaning
from heliograph.protocols.shared.batching import BatchingProvider, Outcomes, all_of
from heliograph.text import is_gsm

log = structlog.get_logger(__name__)

MOST_TOGETHER = 500
UNKNOWN_OPERATOR = "?"
_TO_BE_MENDED = {str(int(code)) for code in (Code.KEY_INVALID, Code.CREDIT_TOO_LOW, Code.ADDRESS_NOT_ALLOWED)}
_OF_ALL = {str(int(code)): REFUSED for code in (Code.SENDER_INVALID, Code.UCS2_NOT_THERE, Code.NOT_YOURS_TO_GIVE)}
_OF_ALL |= dict.fromkeys(_TO_BE_MENDED, TO_BE_MENDED)
"""Codes of a request, not of one message in it."""
_REASONS = {str(int(Code.BLACKLISTED)): Reason.OPTED_OUT, str(int(Code.NOT_ASSIGNED)): Reason.UNKNOWN_SUBSCRIBER}


class IsendproConfig(ProviderConfig, frozen=True, kw_only=True):
    keyid: Annotated[str, Meta(min_length=1)]
    host: str = DEFAULT_HOST
    """The server's address, which ends in /cgi-bin."""
    nostop: bool = False
    """Ask for the words that say how to opt out to be left away: nothing that is sent is marketing."""
    receipt_query: str = RECEIPT
    """The template that says by which names a receipt's query has its values."""
    inbound_query: str = INBOUND
    delivered: tuple[str, ...] = (DELIVERED,)
    """Statuses of a receipt that mean delivered; any other means that it was not."""


class IsendproProvided(ProvidedProtocol):
    name: ClassVar[str] = "isendpro"
    config: ClassVar[type[ProviderConfig]] = IsendproConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"keyid"})

    def provider(self, config: IsendproConfig, context: ProviderContext) -> Provider:
        return IsendproProvider(config, context)


class IsendproProvider(BatchingProvider):
    most_together: ClassVar[int] = MOST_TOGETHER
    looks_up: ClassVar[bool] = True

    def __init__(self, config: IsendproConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._driver = driver

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        self._driver = self._driver or PooledTransport(self._config.host.rstrip("/"), {"Accept": "application/json"})
        self._client = AsyncClient(self._config.keyid, self._config.host, driver=self._driver)

    async def stop(self) -> None:
        await self._client.close()

    async def check(self) -> CheckResult:
        found = await self._client.get_credit()
        return CheckResult("The key is good.", f"{found.credit} EUR")

    def sameness(self, message: Outgoing) -> Hashable:
        return message.originator, message.kind, _needs_ucs2(message)

    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        first = messages[0]
        if first.kind is BodyKind.BINARY:
            return all_of(messages, Refused(Reason.PROVIDER_REFUSED, detail="iSendPro sends texts only."))
        options = {"smslong": str(wire.AS_MANY_AS_NEEDED)}
        if first.originator is not None:
            options["emetteur"] = first.originator
        if self._config.nostop:
            options["nostop"] = "1"
        if _needs_ucs2(first):
            options["ucs2"] = "1"
        trackers = [f"{message.message_id}{message.attempt}" for message in messages]
        numbers = [message.msisdn for message in messages]
        texts = [message.body for message in messages]
        entries = await self._client.send_sms_multi(numbers, texts, tracker=trackers, **options)
        by_number = {str(entry.tel).removeprefix("+"): entry for entry in entries}
        return {
            message.message_id: _outcome(by_number.get(message.msisdn), tracker)
            for message, tracker in zip(messages, trackers, strict=True)
        }

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        return _OF_ALL.get(error.vendor_code or "")

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        receipt = understood(self._config.receipt_query, heard.query)
        if receipt.get("tracker") and "status" in receipt:
            await self.intake.receipts([self._receipt(receipt)])
            return WebhookResponse()
        inbound = understood(self._config.inbound_query, heard.query)
        if not {"tel", "text", "to"} <= inbound.keys():
            log.warning("callback not understood", provider=self.name)
            return WebhookResponse(400)
        await self.intake.inbound(
            self.name,
            InboundArrival(
                msisdn=inbound["tel"],
                to=inbound["to"],
                kind=BodyKind.TEXT,
                body=inbound["text"],
                provider_ref=" ".join(inbound.values()) if inbound.get("date") else None,
                account_id=self._context.account_id,
            ),
        )
        return WebhookResponse()

    def _receipt(self, said: dict[str, str]) -> Receipt:
        code = said.get("code") or None
        delivered = said["status"] in self._config.delivered
        return Receipt(
            self.name,
            said["tracker"],
            Status.DELIVERED if delivered else Status.FAILED,
            None if delivered else _REASONS.get(code or "", Reason.UNDELIVERED),
            provider_code=code,
            detail=None if delivered else said["status"],
        )

    async def look_up(self, msisdns: Sequence[str]) -> Sequence[NetworkFacts]:
        found: dict[str, wire.Entry] = {}
        for start in range(0, len(msisdns), wire.MAX_LOOKUPS):
            entries = await self._client.get_hlr(msisdns[start : start + wire.MAX_LOOKUPS])
            found |= {str(entry.tel).removeprefix("+"): entry for entry in entries}
        return [_facts(found.get(msisdn, wire.Entry())) for msisdn in msisdns]


def _needs_ucs2(message: Outgoing) -> bool:
    return message.options.ucs2 or not is_gsm(message.body)


def _outcome(entry: wire.Entry | None, tracker: str) -> Outcome:
    """Tell what an entry of the reply means for its message; a code that is not known is a final refusal."""
    if entry is None or entry.code is UNSET:
        return Refused(Reason.PROVIDER_REFUSED, detail="iSendPro says nothing of this number.")
    code, said = str(entry.code), "" if entry.message is UNSET else entry.message
    if code == str(int(Code.ACCEPTED)):
        return Accepted(tracker)
    if code in _TO_BE_MENDED:
        return TryAgain(TO_BE_MENDED_MS, code, said)
    return Refused(_REASONS.get(code, Reason.PROVIDER_REFUSED), code, said)


def _facts(entry: wire.Entry) -> NetworkFacts:
    if str(entry.code) == str(int(Code.NOT_ASSIGNED)):
        return NetworkFacts(status=LineStatus.UNKNOWN)
    if entry.operateur is UNSET or entry.operateur in {"", UNKNOWN_OPERATOR}:
        return NetworkFacts(status=LineStatus.FAILED, detail="" if entry.message is UNSET else entry.message)
    return NetworkFacts(status=LineStatus.ACTIVE, original=Network(name=entry.operateur))
