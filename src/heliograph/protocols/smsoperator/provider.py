"""Sending by SMS Operator (reference: providers.md, section D). Receipts are asked for; nothing is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from heliograph.calling import AsyncDriver
from heliograph.calling.transport import ANSWER_S
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason
from heliograph.engine.contract import (
    Accepted,
    CheckFailed,
    CheckResult,
    Outcome,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
    Uncertain,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.shared.xml_gateway import UNKNOWN_TO_ALL, XmlGateway
from heliograph.protocols.smsoperator import wire

DEFAULT_URL = "https://www.sms-operator.cz/webservices/webservice.aspx"
_REFUSALS = {wire.MALFORMED: Reason.UNKNOWN_SUBSCRIBER, wire.TOO_LONG: Reason.TOO_MANY_PARTS}


class SmsOperatorConfig(ProviderConfig, frozen=True, kw_only=True):
    username: Annotated[str, Meta(min_length=1)]
    password: Annotated[str, Meta(min_length=1)]
    prefix: str = "hg"
    """Begins each `SmsId`: one for each system that sends by the same account."""
    url: str = DEFAULT_URL
    timeout_s: Annotated[float, Meta(gt=0)] = ANSWER_S
    """How long an answer is waited for, in seconds."""


class SmsOperatorProvided(ProvidedProtocol):
    name: ClassVar[str] = "smsoperator"
    config: ClassVar[type[ProviderConfig]] = SmsOperatorConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    def provider(self, config: SmsOperatorConfig, context: ProviderContext) -> Provider:
        return SmsOperatorProvider(config, context)


class SmsOperatorProvider(XmlGateway[dict[str, int]]):
    def __init__(self, config: SmsOperatorConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        super().__init__(context.name, config.url, config.timeout_s, driver)
        self._config = config

    def _sms_id(self, message: Outgoing) -> str:
        return f"{self._config.prefix}-{message.message_id}-{message.attempt}"

    def request(self, messages: Sequence[Outgoing]) -> bytes:
        texts = [
            wire.Sms(
                sms_id=self._sms_id(message),
                sender=message.originator or "",
                recipient=f"+{message.msisdn}",
                text=message.body,
            )
            for message in messages
        ]
        return wire.request(self._config.username, self._config.password, texts)

    def question(self, identifier: str) -> bytes:
        return wire.question(self._config.username, self._config.password, [identifier])

    def read(self, document: bytes) -> dict[str, int]:
        return wire.reply(document)

    def outcome(self, message: Outgoing, answer: dict[str, int]) -> Outcome:
        """Tell what an answer says of one message; one that it does not name may have been taken.

        How the gateway answers wrong credentials is not documented, so silence can't count as a refusal.
        """
        sms_id = self._sms_id(message)
        status = answer.get(sms_id)
        if status is None:
            return Uncertain("The answer says nothing of this message.")
        if status in _REFUSALS:
            return Refused(_REFUSALS[status], str(status))
        if status in {wire.OTHER_ERROR, wire.EVENT_ERROR}:
            return Refused(Reason.PROVIDER_REFUSED, str(status))
        return Accepted(sms_id, poll=sms_id)

    async def poll(self, handle: str) -> PollAnswer:
        status = (await self.ask(handle)).get(handle)
        known = None if status is None else wire.STATES.get(status)
        if known is None:
            return PollAnswer()
        return PollAnswer([Receipt(self.name, handle, *known, provider_code=str(status))], over=True)

    async def check(self) -> CheckResult:
        if UNKNOWN_TO_ALL not in await self.ask(UNKNOWN_TO_ALL):
            raise CheckFailed("It did not answer the question: the name or the password may be wrong.")
        return CheckResult("The password is good.")
