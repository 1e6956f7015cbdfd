"""What providers have in common whose servers are asked over HTTP, by `heliograph.calling`.

What a server answers, or a client raises for an answer, means what `answers.py` says, unless the vendor's own code says
more. Any other exception is a mistake of ours (`engine/handing.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from heliograph.calling import RemoteError, Unreachable
from heliograph.calling.written import watched
from heliograph.engine.contract import Outcome, Outgoing, Provider, Refused, Uncertain
from heliograph.engine.handing import Send, after_mistake, by_halves, one_for_each
from heliograph.protocols.shared.answers import Meaning, meaning_of, outcome_of

T = TypeVar("T")


class HttpProvider(Provider):
    notes_writing: ClassVar[bool] = True
    """False for one that asks its server otherwise than by `heliograph.calling`."""

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        """What the vendor's own code in an error means; None: what the HTTP status means."""
        return None

    def meaning(self, error: Unreachable | RemoteError) -> Meaning:
        """What an error means, the vendor's code before the HTTP status."""
        return meaning_of(error, None if isinstance(error, Unreachable) else self.vendor_says(error))

    def leaves_doubt(self, error: Unreachable | RemoteError) -> bool:
        """Whether the messages may have been taken all the same."""
        return self.meaning(error).kind is Uncertain

    async def in_one_request(self, send: Send, messages: Sequence[Outgoing]) -> list[Outcome]:
        """What became of messages that go in one request, in order; `send` may raise what a client raises."""
        with watched() as watch:
            try:
                return one_for_each(messages, await send(messages))
            except (Unreachable, RemoteError) as error:
                meaning = self.meaning(error)
                if len(messages) == 1 or not meaning.divides:
                    return [outcome_of(error, meaning)] * len(messages)
            except Exception as error:
                if (known := after_mistake(self, messages, error, watch)) is not None:
                    return known
        return await by_halves(partial(self.in_one_request, send), messages)

    async def asked_twice(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks again, once, if the request may have been taken: for requests that can be taken only once.

        Of the second answer, only a refusal says that the first request was not taken either.
        """
        try:
            return await ask()
        except (Unreachable, RemoteError) as error:
            if not self.leaves_doubt(error):
                raise
        try:
            return await ask()
        except (Unreachable, RemoteError) as error:
            if self.meaning(error).kind is Refused:
                raise
            raise Unreachable(f"It may have been taken; asked again: {error}", written=True) from error
