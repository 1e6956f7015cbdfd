"""What providers have in common whose servers take several messages in one request."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from heliograph.protocols.contract import Outcome, Outgoing, Provider

Outcomes = dict[str, Outcome]
"""By the messages' identifiers."""


class BatchingProvider(Provider):
    """Messages that are the same in something go together, each number once in a request."""

    most_together: ClassVar[int]
    """Messages in one request."""

    @abstractmethod
    def sameness(self, message: Outgoing) -> Hashable:
        """What messages of one request have in common."""

    @abstractmethod
    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        """What became of messages that go in one request. Raises nothing: that would count for others, too."""

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        outcomes: Outcomes = {}
        for found in await asyncio.gather(*map(self.send_together, self._grouped(messages))):
            outcomes |= found
        return [outcomes[message.message_id] for message in messages]

    async def send_halves(self, messages: Sequence[Outgoing]) -> Outcomes:
        """Finds the one among several that the server does not take."""
        half = len(messages) // 2
        first, second = await asyncio.gather(self.send_together(messages[:half]), self.send_together(messages[half:]))
        return first | second

    def _grouped(self, messages: Iterable[Outgoing]) -> list[list[Outgoing]]:
        """In order."""
        filling: dict[Hashable, dict[str, Outgoing]] = {}
        whole: list[dict[str, Outgoing]] = []
        for message in messages:
            sameness = self.sameness(message)
            request = filling.get(sameness)
            if request is None or message.msisdn in request or len(request) == self.most_together:
                request = filling[sameness] = {}
                whole.append(request)
            request[message.msisdn] = message
        return [list(request.values()) for request in whole]


def all_of(messages: Iterable[Outgoing], outcome: Outcome) -> Outcomes:
    """The same for each."""
    return {message.message_id: outcome for message in messages}
