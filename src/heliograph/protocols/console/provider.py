"""Prints each message on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import ClassVar

from heliograph.calling import note_written
from heliograph.domain.channels import Channel
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted, CheckResult, Outcome, Outgoing, Provider
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext


class ConsoleProvided(ProvidedProtocol):
    name: ClassVar[str] = "console"
    config: ClassVar[type[ProviderConfig]] = ProviderConfig

    def provider(self, config: ProviderConfig, context: ProviderContext) -> Provider:
        return ConsoleProvider(context)


class ConsoleProvider(Provider):
    """Prints messages and counts each as delivered once printed, since no receipt will follow."""

    sends_twice_rather_than_never: ClassVar[bool] = True
    notes_writing: ClassVar[bool] = True
    channels = frozenset(Channel)

    def __init__(self, context: ProviderContext) -> None:
        self.name = context.name

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        shown = "".join(map(_shown, messages))
        note_written()
        sys.stderr.write(shown)
        sys.stderr.flush()
        await self.intake.receipts([Receipt(self.name, _ref(message), Status.DELIVERED) for message in messages])
        return [Accepted(_ref(message)) for message in messages]

    async def check(self) -> CheckResult:
        return CheckResult("It prints on standard error.")


def _ref(message: Outgoing) -> str:
    return f"{message.message_id}-{message.attempt}"


def _shown(message: Outgoing) -> str:
    """Format a message for reading; the lines of its text are indented, so that none looks like another message."""
    sender = message.originator or "-"
    body = message.body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\n    ")
    head = f"{message.channel.value} {sender} -> +{message.msisdn} ({message.parts} part(s), {message.encoding})"
    return f"{head}\n    {body}\n"
