"""What providers have in common whose servers take several messages in one request."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from heliograph.engine.contract import Outcome, Outgoing
from heliograph.engine.handing import SAID_NOTHING, fault
from heliograph.protocols.shared.http_provider import HttpProvider

Outcomes = dict[str, Outcome]
"""By the messages' identifiers."""


class BatchingProvider(HttpProvider):
    """Messages that are the same in something go together, each number once in a request."""

    most_together: ClassVar[int]
    """Messages in one request."""

    @abstractmethod
    def sameness(self, message: Outgoing) -> Hashable:
        """What messages of one request have in common: all that is said once for all of them, and nothing else."""

    @abstractmethod
    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        """What became of messages that go in one request. May raise Unreachable, and what a client raises for an
        answer: if that may be about one of several messages, each half is sent by itself."""

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
        """In order; and what became of those that can't be sorted."""
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
    """The same for each."""
    return {message.message_id: outcome for message in messages}
