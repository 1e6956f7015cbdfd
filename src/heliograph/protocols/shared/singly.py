"""What providers have in common whose servers take one message in a request."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from heliograph.engine.contract import Outcome, Outgoing
from heliograph.protocols.shared.http_provider import HttpProvider


class SinglyProvider(HttpProvider):
    at_once: ClassVar[int] = 32
    """The most requests that are on their way at any moment."""

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        places = asyncio.Semaphore(self.at_once)

        async def sent(message: Outgoing) -> Outcome:
            async with places:
                (outcome,) = await self.in_one_request(self._alone, [message])
                return outcome

        return await asyncio.gather(*map(sent, messages))

    async def _alone(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        return [await self.send_one(message) for message in messages]

    @abstractmethod
    async def send_one(self, message: Outgoing) -> Outcome:
        """Send one message. May raise Unreachable, and what a client raises for an answer."""
