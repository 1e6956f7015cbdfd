"""Appends each message to a file, as a line of JSON."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from heliograph.calling import note_written
from heliograph.domain.channels import Channel
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted, CheckFailed, CheckResult, Outcome, Outgoing, Provider, TryAgain
from heliograph.engine.provided import InvalidConfig, ProvidedProtocol, ProviderConfig, ProviderContext


class FileConfig(ProviderConfig, frozen=True, kw_only=True):
    path: Annotated[str, Meta(min_length=1)]
    """The file, created if missing and readable by its owner only; its directory must exist."""


class FileProvided(ProvidedProtocol):
    name: ClassVar[str] = "file"
    config: ClassVar[type[ProviderConfig]] = FileConfig

    def provider(self, config: FileConfig, context: ProviderContext) -> Provider:
        return FileProvider(config, context)

    def require(self, config: FileConfig) -> None:
        if not Path(config.path).expanduser().parent.is_dir():
            raise InvalidConfig("path", f"must be in a directory that is there, not {config.path}")


class FileProvider(Provider):
    """Writes messages to a file and counts each as delivered once synced, since no receipt will follow."""

    sends_twice_rather_than_never: ClassVar[bool] = True
    notes_writing: ClassVar[bool] = True
    channels = frozenset(Channel)

    def __init__(self, config: FileConfig, context: ProviderContext) -> None:
        self.name = context.name
        self._file = Path(config.path).expanduser()

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        lines = b"".join(msgspec.json.encode(_line(message)) + b"\n" for message in messages)
        note_written()
        try:
            await asyncio.to_thread(_append, self._file, lines)
        except OSError as error:
            return [TryAgain(code=errno_name(error), detail=error.strerror)] * len(messages)
        await self.intake.receipts([Receipt(self.name, _ref(message), Status.DELIVERED) for message in messages])
        return [Accepted(_ref(message)) for message in messages]

    async def check(self) -> CheckResult:
        try:
            await asyncio.to_thread(_append, self._file, b"")
        except OSError as error:
            raise CheckFailed(f"{self._file} can't be written to: {error.strerror}.") from error
        return CheckResult(f"{self._file} can be written to.")


def errno_name(error: OSError) -> str:
    import errno

    return errno.errorcode.get(error.errno or 0, "EIO")


def _append(file: Path, lines: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as out:
        out.write(lines)
        out.flush()
        os.fsync(out.fileno())


def _ref(message: Outgoing) -> str:
    return f"{message.message_id}-{message.attempt}"


def _line(message: Outgoing) -> dict[str, Any]:
    return {
        "id": message.message_id,
        "attempt": message.attempt,
        "to": f"+{message.msisdn}",
        "from": message.originator,
        "channel": message.channel.value,
        "kind": message.kind.value,
        "body": message.body,
        "udh": message.udh,
        "encoding": message.encoding,
        "parts": message.parts,
        "at": datetime.now(UTC),
    }
