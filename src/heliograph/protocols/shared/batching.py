"""What providers have in common whose servers take several messages in one request.

The problem. A chunk of up to 500 messages holds texts from several senders, to numbers that may repeat, while a request
says some things once for all of its messages and takes each number once at most. Outcomes must come back one for each
message, in the chunk's order, whatever becomes of each request.

How it works. Messages are sorted into requests by their `sameness`, all that a request says once. A number that is in
the request already, or a full request, begins another of the same sameness. All requests are on their way at the same
time; each is sent by `in_one_request`, which halves it where one of its messages may be to blame, so one bad message
costs its neighbours some requests and no attempt.

A message that can't even be sorted is a fault of ours for that message alone. A message that an answer does not name is
uncertain: it may have been taken. Which messages go together depends on the chunk only, so a key that is made of their
identifiers is the same if the very same request is made again.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from heliograph.engine.contract import Outcome, Outgoing
from heliograph.engine.handing import SAID_NOTHING, fault
from heliograph.protocols.shared.http_provider import HttpProvider

Outcomes = dict[str, Outcome]
"""Outcomes by the messages' identifiers."""


class BatchingProvider(HttpProvider):
    """A provider whose requests carry several messages that are alike, each number once in a request."""

    most_together: ClassVar[int]
    """The most messages in one request."""

    @abstractmethod
    def sameness(self, message: Outgoing) -> Hashable:
        """Return what the messages of one request must have in common.

        That is all that is said once for all of them, and nothing else.
        """

    @abstractmethod
    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        """Send messages in one request, and return what became of each that the answer names.

        May raise Unreachable, and what a client raises for an answer: if any one of several messages may be to blame,
        each half is then sent by itself.
        """

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        groups, outcomes = self._grouped(messages)
        sent = await asyncio.gather(*(self.in_one_request(self._in_order, group) for group in groups))
        for group, found in zip(groups, sent, strict=True):
            outcomes |= {message.message_id: outcome for message, outcome in zip(group, found, strict=True)}
        return [outcomes[message.message_id] for message in messages]

    async def _in_order(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        outcomes = await self.send_together(messages)
        return [outcomes.get(message.message_id, SAID_NOTHING) for message in messages]

    def _grouped(self, messages: Iterable[Outgoing]) -> tuple[list[list[Outgoing]], Outcomes]:
        """Group messages by what they share, in order; also return the faults of those that can't be grouped."""
        filling: dict[Hashable, dict[str, Outgoing]] = {}
        whole: list[dict[str, Outgoing]] = []
        faults: Outcomes = {}
        for message in messages:
            try:
                sameness, msisdn = self.sameness(message), message.msisdn
                request = filling.get(sameness)
            except Exception as error:
                faults[message.message_id] = fault(self, message, error)
                continue
            if request is None or msisdn in request or len(request) == self.most_together:
                request = filling[sameness] = {}
                whole.append(request)
            request[msisdn] = message
        return [list(request.values()) for request in whole], faults


def all_of(messages: Iterable[Outgoing], outcome: Outcome) -> Outcomes:
    """Give each message the same outcome."""
    return {message.message_id: outcome for message in messages}
