"""What providers have in common whose servers take one message in a request."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from heliograph.calling import Unreachable
from heliograph.protocols.contract import Outcome, Outgoing, Provider
from heliograph.protocols.far_server import unreachable


class SinglyProvider(Provider):
    at_once: ClassVar[int] = 32
    """Requests on their way at any moment."""

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        places = asyncio.Semaphore(self.at_once)

        async def sent(message: Outgoing) -> Outcome:
            async with places:
                try:
                    return await self.send_one(message)
                except Unreachable as error:
                    return unreachable(error)

        return await asyncio.gather(*map(sent, messages))

    @abstractmethod
    async def send_one(self, message: Outgoing) -> Outcome:
        """What became of a message. May raise Unreachable; anything else counts for all that are sent with it."""
