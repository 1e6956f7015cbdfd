"""Sending by ATS (reference: providers.md, section C).

Our `uniq` makes a repetition harmless: the gateway knows it, and says so (310). Receipts are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver
from heliograph.calling.transport import ANSWER_S
from heliograph.domain.batches import BodyKind
from heliograph.domain.instants import now_ms, to_ms
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason
from heliograph.engine.contract import (
    Accepted,
    CheckFailed,
    CheckResult,
    InboundArrival,
    Outcome,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
    TryAgain,
    Uncertain,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.ats import wire
from heliograph.protocols.shared.answers import TO_BE_MENDED_MS
from heliograph.protocols.shared.xml_gateway import UNKNOWN_TO_ALL, XmlGateway
from heliograph.protocols.shared.xmlish import NotXml

log = structlog.get_logger(__name__)

DEFAULT_URL = "https://fik.atspraha.cz/gwfcgi/XMLServerWrapper.fcgi"


class AtsConfig(ProviderConfig, frozen=True, kw_only=True):
    username: Annotated[str, Meta(min_length=1)]
    password: Annotated[str, Meta(min_length=1)]
    keyword: str = ""
    """The project's keyword at ATS (`kw`)."""
    sender: str = ""
    """The sender of messages that have no originator."""
    prefix: str = "hg"
    """Begins each `uniq`: one for each system that sends by the same account."""
    textid: str = ""
    opmid: str = ""
    """The operator's identifier, for accounts that have one."""
    url: str = DEFAULT_URL
    timeout_s: Annotated[float, Meta(gt=0)] = ANSWER_S
    """How long an answer is waited for, in seconds."""


class AtsProvided(ProvidedProtocol):
    name: ClassVar[str] = "ats"
    config: ClassVar[type[ProviderConfig]] = AtsConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    def provider(self, config: AtsConfig, context: ProviderContext) -> Provider:
        return AtsProvider(config, context)


class AtsProvider(XmlGateway[wire.Reply]):
    sends_twice_rather_than_never: ClassVar[bool] = True
    """True though nothing is sent twice: the gateway takes each `uniq` once."""

    def __init__(self, config: AtsConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        super().__init__(context.name, config.url, config.timeout_s, driver)
        self._config = config
        self._context = context

    def _uniq(self, message: Outgoing) -> str:
        """Return the gateway's identifier of a message; each attempt has the same, so a repetition is recognized."""
        return f"{self._config.prefix}-{message.message_id}"

    def request(self, messages: Sequence[Outgoing]) -> bytes:
        return wire.request(self._config.username, self._config.password, map(self._sms, messages))

    def question(self, identifier: str) -> bytes:
        return wire.request(self._config.username, self._config.password, questions=[identifier])

    def read(self, document: bytes) -> wire.Reply:
        return wire.reply(document)

    def _sms(self, message: Outgoing) -> wire.Sms:
        return wire.Sms(
            uniq=self._uniq(message),
            sender=message.originator or self._config.sender,
            recipient=f"+{message.msisdn}",
            text=message.body,
            validity_min=max((message.expire_at_ms - now_ms()) // 60_000, 1),
            keyword=self._config.keyword,
            textid=self._config.textid,
            opmid=self._config.opmid,
        )

    def outcome(self, message: Outgoing, answer: wire.Reply) -> Outcome:
        uniq = self._uniq(message)
        code = answer.codes.get(uniq, answer.whole)
        if code is None:
            return Uncertain("The answer says nothing of this message.")
        if code in {wire.ACCEPTED, wire.DUPLICATE}:
            return Accepted(uniq, poll=uniq)
        if code == wire.AUTHENTICATION_FAILED:
            return TryAgain(TO_BE_MENDED_MS, str(code))
        if code in wire.TO_BE_TRIED_AGAIN:
            return TryAgain(code=str(code))
        reason = Reason.UNKNOWN_SUBSCRIBER if code == wire.NUMBER_MALFORMED else Reason.PROVIDER_REFUSED
        return Refused(reason, str(code))

    async def poll(self, handle: str) -> PollAnswer:
        code = (await self.ask(handle)).codes.get(handle)
        known = wire.STATES.get(code) if code is not None else None
        if code is None or known is None:
            return PollAnswer()
        status, reason = known
        receipt = Receipt(self.name, handle, status, reason, str(code))
        return PollAnswer([receipt], over=code not in wire.NOT_THE_LAST)

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        """Take in a push of inbound messages. Always answers 200, with a code for each message."""
        try:
            arrived = wire.pushed(heard.body)
        except NotXml as error:
            log.warning("push not understood", provider=self.name, error=str(error))
            return WebhookResponse(200, wire.acknowledged({}), "text/xml")
        codes = {each.uniq: await self._take_in(each) for each in arrived}
        return WebhookResponse(200, wire.acknowledged(codes), "text/xml")

    async def _take_in(self, message: wire.PushedSms) -> int:
        if not message.uniq:
            return wire.NOT_TAKEN_IN
        arrival = InboundArrival(
            msisdn=message.sender,
            to=message.recipient,
            kind=BodyKind.TEXT,
            body=message.text,
            provider_ref=message.uniq,
            account_id=self._context.account_id,
            sent_at_ms=None if message.at is None else to_ms(message.at),
            operator=message.operator or None,
        )
        await self.intake.inbound(self.name, arrival)
        return wire.TAKEN_IN

    async def check(self) -> CheckResult:
        whole = (await self.ask(UNKNOWN_TO_ALL)).whole
        if whole is None:
            return CheckResult("The password is good.")
        wrong = whole == wire.AUTHENTICATION_FAILED
        raise CheckFailed("The name or the password is not right (100)." if wrong else f"It answered with {whole}.")
