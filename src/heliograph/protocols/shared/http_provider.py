"""What providers have in common whose servers are asked over HTTP, by `heliograph.calling`.

The problem. A request that carries messages may fail before, while or after the server takes it, and the caller sees
one exception for all three. A message that may have been taken must not be sent again by itself; one that was not taken
must not be lost; and one bad message must not end the others of its request.

How it works. `in_one_request` opens a watch (`calling/written.py`), which the driver marks as soon as anything has been
written to the server, and sends. What comes back is one of three:

* Outcomes: one for each message, as the server said.
* An answer that is not one of success, or none at all, which clients raise as RemoteError or Unreachable. Its `Meaning`
  is the vendor's, where `vendor_says` knows the code, else that of the HTTP status or of the silence (`answers.py`). If
  it can be the fault of one message among several (`divides`), nothing was taken, and each half is sent by itself, down
  to the single message that is refused.
* Any other exception, which is a mistake of ours (`engine/handing.py`): if something was written, nobody knows what
  became of the messages; if nothing was, halving finds the message that can't be said in the provider's words.

Halves are sent at the same time, so `n` messages cost at most some `2n` requests, in about `log2 n` rounds.

`asked_twice` is for requests that the server takes only once, because they carry a key. They may be repeated where any
other would be in doubt: the answer to the repetition is that of the first.

Nothing is kept here. If the process dies in the middle, the messages are still leased to it, and what becomes of them
when the lease ends is decided by `engine/leases.py` and the provider's `sends_twice_rather_than_never`.
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
        """Tell what the vendor's own code in an error means; None leaves it to the HTTP status."""
        return None

    def meaning(self, error: Unreachable | RemoteError) -> Meaning:
        """Tell what an error means for the messages: by the vendor's code, else by the HTTP status."""
        return meaning_of(error, None if isinstance(error, Unreachable) else self.vendor_says(error))

    def leaves_doubt(self, error: Unreachable | RemoteError) -> bool:
        """Say whether the messages may have been taken in spite of this error."""
        return self.meaning(error).kind is Uncertain

    async def in_one_request(self, send: Send, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Send messages in one request, and return their outcomes in order.

        `send` may raise what a client raises. If any one of several messages may be to blame, each half is sent by
        itself.
        """
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
        # Each half has a watch of its own: what one of them writes says nothing of the other.
        return await by_halves(partial(self.in_one_request, send), messages)

    async def asked_twice(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, and ask once more if the first request may have been taken although it failed.

        This is for requests that a server takes only once, however often it is asked. If the second one fails, too, it
        raises Unreachable with `written` set, except for a refusal: only that says that the first was not taken either.
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
