"""What gateways have in common that take XML documents with many texts, and are asked what became of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from heliograph.calling import AsyncDriver, Request, Unreachable
from heliograph.domain.batches import BodyKind
from heliograph.domain.statuses import Reason
from heliograph.protocols.contract import CheckFailed, Intake, Outcome, Outgoing, Provider, Refused, TryAgain, Uncertain
from heliograph.protocols.far_server import FarServer, refusal, unreachable
from heliograph.protocols.xmlish import NotXml

Answer = TypeVar("Answer")
NoAnswer = Refused | TryAgain | Uncertain
"""What became of messages about which the gateway said nothing."""

CONTENT_TYPE = "text/xml; charset=utf-8"
UNKNOWN_TO_ALL = "heliograph-check"
"""The identifier of a message that there never was, to ask about."""


class XmlGateway(Provider, Generic[Answer]):
    chunk_size: ClassVar[int] = 100

    def __init__(self, name: str, url: str, answer_s: float, driver: AsyncDriver | None = None) -> None:
        self.name = name
        self._far = FarServer(url, driver=driver, answer_s=answer_s)

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        self._far.open()

    async def stop(self) -> None:
        await self._far.close()

    @abstractmethod
    def request(self, messages: Sequence[Outgoing]) -> bytes:
        """The document that sends these texts."""

    @abstractmethod
    def question(self, identifier: str) -> bytes:
        """The document that asks what became of a message."""

    @abstractmethod
    def read(self, document: bytes) -> Answer:
        """What is answered to both. NotXml."""

    @abstractmethod
    def outcome(self, message: Outgoing, answer: Answer) -> Outcome:
        """What an answer says of one of the texts that were sent."""

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        texts = [message for message in messages if message.kind is BodyKind.TEXT]
        said: Answer | NoAnswer = Uncertain() if not texts else await self._ask(self.request(texts))
        return [self._became_of(message, said) for message in messages]

    def _became_of(self, message: Outgoing, said: Answer | NoAnswer) -> Outcome:
        if message.kind is not BodyKind.TEXT:
            return Refused(Reason.PROVIDER_REFUSED, detail="This gateway sends texts only.")
        return said if isinstance(said, NoAnswer) else self.outcome(message, said)

    async def ask(self, identifier: str) -> Answer:
        """What the gateway says about a message. CheckFailed if it says nothing."""
        said = await self._ask(self.question(identifier))
        if isinstance(said, NoAnswer):
            raise CheckFailed(f"It did not answer: {said.detail}")
        return said

    async def _ask(self, document: bytes) -> Answer | NoAnswer:
        """What was answered, or what became of all messages because nothing was."""
        try:
            response = await self._far.ask(Request("POST", self._far.path, body=document, content_type=CONTENT_TYPE))
        except Unreachable as error:
            return unreachable(error)
        if response.status != 200:
            return refusal(response)
        try:
            return self.read(response.body)
        except NotXml as error:
            return Uncertain(str(error))
