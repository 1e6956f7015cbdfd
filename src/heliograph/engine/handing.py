"""Handing messages to a provider, and finding out what became of each, whatever is raised on the way.

An exception is a mistake of ours. If something had been written, nobody knows what became of the messages. If nothing
had, none of them has gone out, and the one to blame is looked for by handing over each half by itself: the others go,
and it comes back as a `Fault`, which is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from heliograph.calling.written import Watch, watched
from heliograph.engine.contract import Accepted, Fault, Outcome, Outgoing, Provider, Refused, TryAgain, Uncertain

log = structlog.get_logger(__name__)

Send = Callable[[Sequence[Outgoing]], Awaitable[Sequence[Outcome]]]
SAID_NOTHING = Uncertain("The provider said nothing of this message.")


async def became_of(provider: Provider, messages: Sequence[Outgoing]) -> list[Outcome]:
    """Hand messages over, and return what became of each, in order. Raises nothing."""
    with watched() as watch:
        try:
            return one_for_each(messages, await provider.send(messages))
        except Exception as error:
            known = after_mistake(provider, messages, error, watch)
    return await by_halves(partial(became_of, provider), messages) if known is None else known


def after_mistake(
    provider: Provider, messages: Sequence[Outgoing], error: Exception, watch: Watch
) -> list[Outcome] | None:
    """Return what an exception makes of the messages; None if one of several is to blame and nothing was written."""
    if watch.used or not provider.notes_writing:
        log.error("provider failed", provider=provider.name, count=len(messages), exc_info=error)
        return [Uncertain(f"{type(error).__name__}: {error}")] * len(messages)
    return [fault(provider, messages[0], error)] if len(messages) == 1 else None


def fault(provider: Provider, message: Outgoing, error: Exception) -> Fault:
    """Log a message that could not be said in the provider's words, and return its outcome."""
    identifier = message.message_id
    log.error("message not sent: Heliograph failed", provider=provider.name, message_id=identifier, exc_info=error)
    return Fault(detail=f"{type(error).__name__}: {error}")


async def by_halves(
    send: Callable[[Sequence[Outgoing]], Awaitable[list[Outcome]]], messages: Sequence[Outgoing]
) -> list[Outcome]:
    """Hand over each half of the messages by itself, both at the same time."""
    half = len(messages) // 2
    first, second = await asyncio.gather(send(messages[:half]), send(messages[half:]))
    return first + second


def one_for_each(messages: Sequence[Outgoing], said: Sequence[Outcome]) -> list[Outcome]:
    """Check that there is an outcome for each message. Raises ValueError if not: nobody knows whose they are then."""
    if len(said) != len(messages):
        raise ValueError(f"{len(said)} outcomes for {len(messages)} messages")
    return [
        outcome if isinstance(outcome, Accepted | Refused | TryAgain | Uncertain) else SAID_NOTHING for outcome in said
    ]
