"""What providers have in common whose servers take one message in a request."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from heliograph.calling import Request, Response, Unreachable
from heliograph.calling.calls import Call
from heliograph.domain.statuses import Reason
from heliograph.protocols.contract import Outcome, Outgoing, Provider, Refused, TryAgain, Uncertain

TO_BE_MENDED_MS = 60_000
"""How long a message waits after the server did not take our credentials: somebody has to mend that."""


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


def unreachable(error: Unreachable) -> Outcome:
    """What became of messages whose request got no answer."""
    return Uncertain(str(error)) if error.written else TryAgain(detail=str(error))


def refusal(response: Response, code: str | None = None, detail: str | None = None) -> Outcome:
    """What an answer with an HTTP status other than success means, where the server's own code says no more.

    A server that is overloaded (429) or not there (503) has taken nothing; one that failed may have.
    """
    code, status = code or str(response.status), response.status
    if status in {401, 403, 407}:
        return TryAgain(TO_BE_MENDED_MS, code, detail)
    if status in {429, 503}:
        return TryAgain(_after_ms(response), code, detail, blames_provider=status == 503)
    if status >= 500:
        return Uncertain(detail or f"The server answered {status}.")
    return Refused(Reason.PROVIDER_REFUSED, code, detail)


def _after_ms(response: Response) -> int | None:
    seconds = response.headers.get("retry-after", "")
    return int(seconds) * 1_000 if seconds.isascii() and seconds.isdigit() else None


def exchanged(request: Request) -> Call[Response]:
    """A call of which the caller reads the answer itself."""
    return (yield request)
