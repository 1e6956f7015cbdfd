"""Sending by SMS Operator (reference: providers.md, section D). Receipts are asked for; nothing is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from msgspec import Meta

from heliograph.calling import AsyncDriver, Request, Unreachable
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason
from heliograph.protocols.contract import (
    CheckFailed,
    Intake,
    Outcome,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
    Standing,
    Taken,
    Uncertain,
)
from heliograph.protocols.provided import ProvidedProtocol, ProviderConfig, Surroundings
from heliograph.protocols.singly import exchanged, refusal, unreachable
from heliograph.protocols.smsoperator import wire
from heliograph.protocols.xmlish import NotXml

DEFAULT_URL = "https://www.sms-operator.cz/webservices/webservice.aspx"
UNKNOWN_TO_ALL = "heliograph-check"
_REFUSALS = {wire.MALFORMED: Reason.UNKNOWN_SUBSCRIBER, wire.TOO_LONG: Reason.TOO_MANY_PARTS}


class SmsOperatorConfig(ProviderConfig, frozen=True, kw_only=True):
    username: Annotated[str, Meta(min_length=1)]
    password: Annotated[str, Meta(min_length=1)]
    prefix: str = "hg"
    """Begins each `SmsId`: one for each system that sends by the same account."""
    url: str = DEFAULT_URL


class SmsOperatorProvided(ProvidedProtocol):
    name: ClassVar[str] = "smsoperator"
    config: ClassVar[type[ProviderConfig]] = SmsOperatorConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    def provider(self, config: SmsOperatorConfig, surroundings: Surroundings) -> Provider:
        return SmsOperatorProvider(config, surroundings)


class SmsOperatorProvider(Provider):
    chunk_size: ClassVar[int] = 100

    def __init__(
        self, config: SmsOperatorConfig, surroundings: Surroundings, driver: AsyncDriver | None = None
    ) -> None:
        self.name = surroundings.name
        self._config = config
        self._driver = driver
        parts = urlsplit(config.url)
        self._origin, self._path = f"{parts.scheme}://{parts.netloc}", parts.path or "/"

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        self._driver = self._driver or PooledTransport(self._origin, {})

    async def stop(self) -> None:
        if self._driver is not None:
            await self._driver.close()

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        texts = [
            wire.Sms(
                sms_id=self._sms_id(message),
                sender=message.originator or "",
                recipient=f"+{message.msisdn}",
                text=message.body,
            )
            for message in messages
            if message.kind is BodyKind.TEXT
        ]
        document = wire.request(self._config.username, self._config.password, texts)
        said = await self._ask(document) if texts else {}
        return [
            self._outcome(self._sms_id(message), said)
            if message.kind is BodyKind.TEXT
            else Refused(Reason.PROVIDER_REFUSED, detail="SMS Operator sends texts only.")
            for message in messages
        ]

    def _sms_id(self, message: Outgoing) -> str:
        return f"{self._config.prefix}-{message.message_id}-{message.attempt}"

    async def _ask(self, document: bytes) -> dict[str, int] | Outcome:
        """Each id's status, or what became of all messages because nothing was answered."""
        assert self._driver is not None  # noqa: S101 - started
        request = Request("POST", self._path, body=document, content_type="text/xml; charset=utf-8")
        try:
            response = await self._driver.run(exchanged(request))
        except Unreachable as error:
            return unreachable(error)
        if response.status != 200:
            return refusal(response)
        try:
            return wire.reply(response.body)
        except NotXml as error:
            return Uncertain(str(error))

    def _outcome(self, sms_id: str, said: dict[str, int] | Outcome) -> Outcome:
        """How wrong credentials are answered is not known: what is not named in an answer may have been taken."""
        if not isinstance(said, dict):
            return said
        status = said.get(sms_id)
        if status is None:
            return Uncertain("The answer says nothing of this message.")
        if status in _REFUSALS:
            return Refused(_REFUSALS[status], str(status))
        if status in {wire.OTHER_ERROR, wire.EVENT_ERROR}:
            return Refused(Reason.PROVIDER_REFUSED, str(status))
        return Taken(sms_id, poll=sms_id)

    async def poll(self, handle: str) -> PollAnswer:
        said = await self._ask(wire.question(self._config.username, self._config.password, [handle]))
        if not isinstance(said, dict):
            raise CheckFailed(f"SMS Operator did not say: {said}")
        status = said.get(handle)
        known = None if status is None else wire.STATES.get(status)
        if known is None:
            return PollAnswer()
        return PollAnswer([Receipt(self.name, handle, *known, provider_code=str(status))], over=True)

    async def check(self) -> Standing:
        """Asks about a message that there never was."""
        said = await self._ask(wire.question(self._config.username, self._config.password, [UNKNOWN_TO_ALL]))
        if not isinstance(said, dict):
            raise CheckFailed(f"It did not answer: {said}")
        if UNKNOWN_TO_ALL not in said:
            raise CheckFailed("It did not answer the question: the name or the password may be wrong.")
        return Standing("The password is good.")
