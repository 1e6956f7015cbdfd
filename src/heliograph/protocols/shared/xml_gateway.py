"""What gateways have in common that take XML documents with many texts, and are asked what became of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import ClassVar, Generic, TypeVar

from heliograph.calling import AsyncDriver, Request, Unreachable
from heliograph.domain.batches import BodyKind
from heliograph.domain.statuses import Reason
from heliograph.engine.contract import CheckFailed, Intake, Outcome, Outgoing, Refused
from heliograph.protocols.shared.answers import TurnedDown
from heliograph.protocols.shared.batching import BatchingProvider, Outcomes, all_of
from heliograph.protocols.shared.far_server import FarServer
from heliograph.protocols.shared.xmlish import NotXml

Answer = TypeVar("Answer")

CONTENT_TYPE = "text/xml; charset=utf-8"
UNKNOWN_TO_ALL = "heliograph-check"
"""The identifier of a message that there never was, to ask about."""


class XmlGateway(BatchingProvider, Generic[Answer]):
    chunk_size: ClassVar[int] = 100
    most_together: ClassVar[int] = 100

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
        """Write the document that sends these texts."""

    @abstractmethod
    def question(self, identifier: str) -> bytes:
        """Write the document that asks what became of a message."""

    @abstractmethod
    def read(self, document: bytes) -> Answer:
        """Read the gateway's answer to a request or a question. Raises NotXml."""

    @abstractmethod
    def outcome(self, message: Outgoing, answer: Answer) -> Outcome:
        """Tell what an answer says of one of the texts that were sent."""

    def sameness(self, message: Outgoing) -> Hashable:
        """Group by the kind of body alone: in these documents each text has everything else of its own."""
        return message.kind

    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        if messages[0].kind is not BodyKind.TEXT:
            return all_of(messages, Refused(Reason.PROVIDER_REFUSED, detail="This gateway sends texts only."))
        answer = await self._ask(self.request(messages))
        return {message.message_id: self.outcome(message, answer) for message in messages}

    async def ask(self, identifier: str) -> Answer:
        """Ask what the gateway says about a message. Raises CheckFailed if it does not answer."""
        try:
            return await self._ask(self.question(identifier))
        except (Unreachable, TurnedDown) as error:
            raise CheckFailed(f"It did not answer: {error}") from error

    async def _ask(self, document: bytes) -> Answer:
        """Post a document and read the answer. Raises Unreachable; TurnedDown for an answer that can't be read."""
        request = Request("POST", self._far.path, body=document, content_type=CONTENT_TYPE)
        response = await self._far.ask(request)
        if response.status != 200:
            raise TurnedDown(response)
        try:
            return self.read(response.body)
        except NotXml as error:
            raise TurnedDown(response, detail=str(error)) from error
