"""What became of messages, whatever is raised on the way.

An error of a server's client is what its answer means (`answers.py`). Any other exception is a mistake of ours. If
something had been written, nobody knows what became of the messages. If nothing had, none of them has gone out, and the
one to blame is looked for among the others by handing over each half by itself: the others go, and it comes back as a
`Fault`, which is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from heliograph.calling import RemoteError, Unreachable
from heliograph.calling.written import watched
from heliograph.protocols.answers import Meaning, meaning_of, outcome_of
from heliograph.protocols.contract import Fault, Outcome, Outgoing, Provider, Refused, Taken, TryAgain, Uncertain

log = structlog.get_logger(__name__)

T = TypeVar("T")
Send = Callable[[Sequence[Outgoing]], Awaitable[Sequence[Outcome]]]
SAID_NOTHING = Uncertain("The provider said nothing of this message.")


def meaning_for(provider: Provider, error: Unreachable | RemoteError) -> Meaning:
    """What an error means, the provider's own codes before the HTTP status."""
    return meaning_of(error, None if isinstance(error, Unreachable) else provider.vendor_says(error))


def is_in_doubt(provider: Provider, error: Unreachable | RemoteError) -> bool:
    """Whether the messages may have been taken all the same."""
    return meaning_for(provider, error).kind is Uncertain


async def became_of(provider: Provider, messages: Sequence[Outgoing]) -> list[Outcome]:
    """Hands messages to a provider: what became of each, in order. Raises nothing."""
    with watched() as watch:
        try:
            return _one_for_each(messages, await provider.send(messages))
        except Exception as error:
            if watch.used or not provider.notes_writing:
                return _lost_track(provider, messages, error)
            if len(messages) == 1:
                return [fault(provider, messages[0], error)]
    return await _by_halves(partial(became_of, provider), messages)


async def in_one_request(provider: Provider, send: Send, messages: Sequence[Outgoing]) -> list[Outcome]:
    """The same of messages that go in one request, which `send` makes; it may raise what a client raises."""
    with watched() as watch:
        try:
            return _one_for_each(messages, await send(messages))
        except (Unreachable, RemoteError) as error:
            meaning = meaning_for(provider, error)
            if len(messages) == 1 or not meaning.divides:
                return [outcome_of(error, meaning)] * len(messages)
        except Exception as error:
            if watch.used or not provider.notes_writing:
                return _lost_track(provider, messages, error)
            if len(messages) == 1:
                return [fault(provider, messages[0], error)]
    return await _by_halves(partial(in_one_request, provider, send), messages)


async def asked_twice(provider: Provider, ask: Callable[[], Awaitable[T]]) -> T:
    """Asks again, once, if the request may have been taken: for requests that can be taken only once.

    Of the second answer, only a refusal says that the first request was not taken either.
    """
    try:
        return await ask()
    except (Unreachable, RemoteError) as error:
        if not is_in_doubt(provider, error):
            raise
    try:
        return await ask()
    except (Unreachable, RemoteError) as error:
        if meaning_for(provider, error).kind is Refused:
            raise
        raise Unreachable(f"It may have been taken; asked again: {error}", written=True) from error


async def _by_halves(
    send: Callable[[Sequence[Outgoing]], Awaitable[list[Outcome]]], messages: Sequence[Outgoing]
) -> list[Outcome]:
    half = len(messages) // 2
    first, second = await asyncio.gather(send(messages[:half]), send(messages[half:]))
    return first + second


def fault(provider: Provider, message: Outgoing, error: Exception) -> Fault:
    """A message that could not be said in the provider's words."""
    log.error(
        "message not sent: Heliograph failed", provider=provider.name, message_id=message.message_id, exc_info=error
    )
    return Fault(detail=f"{type(error).__name__}: {error}")


def _lost_track(provider: Provider, messages: Sequence[Outgoing], error: Exception) -> list[Outcome]:
    log.error("provider failed", provider=provider.name, count=len(messages), exc_info=error)
    return [Uncertain(f"{type(error).__name__}: {error}")] * len(messages)


def _one_for_each(messages: Sequence[Outgoing], said: Sequence[Outcome]) -> list[Outcome]:
    """ValueError for another number of outcomes than of messages: nobody knows whose they are."""
    if len(said) != len(messages):
        raise ValueError(f"{len(said)} outcomes for {len(messages)} messages")
    return [
        outcome if isinstance(outcome, Taken | Refused | TryAgain | Uncertain) else SAID_NOTHING for outcome in said
    ]
