"""Sending by ATS (reference: providers.md, section C).

Our `uniq` makes a repetition harmless: the gateway knows it, and says so (310). Receipts are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver, Request, Unreachable
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
from heliograph.domain.instants import now_ms, to_ms
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason
from heliograph.protocols.ats import wire
from heliograph.protocols.contract import (
    CheckFailed,
    Heard,
    InboundArrival,
    Intake,
    Outcome,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
    Said,
    Standing,
    Taken,
    TryAgain,
    Uncertain,
)
from heliograph.protocols.provided import ProvidedProtocol, ProviderConfig, Surroundings
from heliograph.protocols.singly import TO_BE_MENDED_MS, exchanged, refusal, unreachable
from heliograph.protocols.xmlish import NotXml

log = structlog.get_logger(__name__)

DEFAULT_URL = "https://fik.atspraha.cz/gwfcgi/XMLServerWrapper.fcgi"
UNKNOWN_TO_ALL = "heliograph-check"


class AtsConfig(ProviderConfig, frozen=True, kw_only=True):
    username: Annotated[str, Meta(min_length=1)]
    password: Annotated[str, Meta(min_length=1)]
    keyword: str = ""
    """The project's (`kw`)."""
    sender: str = ""
    """For messages that have no originator."""
    prefix: str = "hg"
    """Begins each `uniq`: one for each system that sends by the same account."""
    textid: str = ""
    url: str = DEFAULT_URL


class AtsProvided(ProvidedProtocol):
    name: ClassVar[str] = "ats"
    config: ClassVar[type[ProviderConfig]] = AtsConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    def provider(self, config: AtsConfig, surroundings: Surroundings) -> Provider:
        return AtsProvider(config, surroundings)


class AtsProvider(Provider):
    chunk_size: ClassVar[int] = 100
    sends_twice_rather_than_never: ClassVar[bool] = True
    """It does not: the gateway takes each `uniq` once."""

    def __init__(self, config: AtsConfig, surroundings: Surroundings, driver: AsyncDriver | None = None) -> None:
        self.name = surroundings.name
        self._config = config
        self._surroundings = surroundings
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
        texts = {self._uniq(message): message for message in messages if message.kind is BodyKind.TEXT}
        said = await self._ask([self._sms(uniq, message) for uniq, message in texts.items()], ()) if texts else None
        refused = Refused(Reason.PROVIDER_REFUSED, detail="ATS sends texts only.")
        return [
            self._outcome(self._uniq(message), said) if message.kind is BodyKind.TEXT and said is not None else refused
            for message in messages
        ]

    def _uniq(self, message: Outgoing) -> str:
        """The same at each attempt."""
        return f"{self._config.prefix}-{message.message_id}"

    def _sms(self, uniq: str, message: Outgoing) -> wire.Sms:
        return wire.Sms(
            uniq=uniq,
            sender=message.originator or self._config.sender,
            recipient=f"+{message.msisdn}",
            text=message.body,
            validity_min=max((message.expire_at_ms - now_ms()) // 60_000, 1),
            keyword=self._config.keyword,
            textid=self._config.textid,
        )

    async def _ask(self, messages: Sequence[wire.Sms], questions: Sequence[str]) -> wire.Reply | Outcome:
        """What was answered, or what became of all messages because nothing was."""
        assert self._driver is not None  # noqa: S101 - started
        body = wire.request(self._config.username, self._config.password, messages, questions)
        request = Request("POST", self._path, body=body, content_type="text/xml; charset=utf-8")
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

    def _outcome(self, uniq: str, said: wire.Reply | Outcome) -> Outcome:
        if not isinstance(said, wire.Reply):
            return said
        code = said.codes.get(uniq, said.whole)
        if code is None:
            return Uncertain("The answer says nothing of this message.")
        if code in {wire.ACCEPTED, wire.DUPLICATE}:
            return Taken(uniq, poll=uniq)
        if code == wire.AUTHENTICATION_FAILED:
            return TryAgain(TO_BE_MENDED_MS, str(code))
        if code in wire.TO_BE_TRIED_AGAIN:
            return TryAgain(code=str(code))
        reason = Reason.UNKNOWN_SUBSCRIBER if code == wire.NUMBER_MALFORMED else Reason.PROVIDER_REFUSED
        return Refused(reason, str(code))

    async def poll(self, handle: str) -> PollAnswer:
        said = await self._ask((), [handle])
        if not isinstance(said, wire.Reply):
            raise CheckFailed(f"ATS did not say: {said}")
        code = said.codes.get(handle)
        known = wire.STATES.get(code) if code is not None else None
        if code is None or known is None:
            return PollAnswer()
        status, reason = known
        receipt = Receipt(self.name, handle, status, reason, str(code))
        return PollAnswer([receipt], over=code not in {22, 25})

    async def hear(self, heard: Heard) -> Said:
        """A push of inbound messages. Always answered 200: what was not taken in has a code of its own."""
        try:
            arrived = wire.pushed(heard.body)
        except NotXml as error:
            log.warning("push not understood", provider=self.name, error=str(error))
            return Said(200, wire.acknowledged({}), "text/xml")
        codes = {each.uniq: await self._take_in(each) for each in arrived}
        return Said(200, wire.acknowledged(codes), "text/xml")

    async def _take_in(self, message: wire.PushedSms) -> int:
        if not message.uniq or not message.sender:
            return wire.NOT_TAKEN_IN
        arrival = InboundArrival(
            msisdn=message.sender.removeprefix("+"),
            to=message.recipient.removeprefix("+"),
            kind=BodyKind.TEXT,
            body=message.text,
            provider_ref=message.uniq,
            account_id=self._surroundings.account_id,
            sent_at_ms=None if message.at is None else to_ms(message.at),
            operator=message.operator or None,
        )
        await self.intake.inbound(self.name, arrival)
        return wire.TAKEN_IN

    async def check(self) -> Standing:
        """Asks about a message that there never was."""
        said = await self._ask((), [UNKNOWN_TO_ALL])
        if isinstance(said, wire.Reply) and said.whole is None:
            return Standing("The password is good.")
        code = said.whole if isinstance(said, wire.Reply) else None
        raise CheckFailed(
            "The name or the password is not right (100)."
            if code == wire.AUTHENTICATION_FAILED
            else f"It answered with the code {code}."
            if code is not None
            else f"It did not answer: {said}"
        )
