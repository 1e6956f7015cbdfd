"""What a server of iSendPro refuses, as exceptions of the client (reference: isendpro.md, sections 1 and 6)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.calling import RemoteError
from heliograph.protocols.isendpro import wire


class IsendproException(RemoteError):
    """An iSendPro server did not do what it was asked."""

    def __init__(self, message: str, *, status: int, entries: Sequence[wire.Entry] = ()) -> None:
        super().__init__(message)
        self.status = status
        """Of the answer, over HTTP."""
        self.entries = entries
        """What it says, if it is in the protocol's own form."""

    @property
    def code(self) -> str | None:
        """Return the code of the answer's first entry that has one; None if none has."""
        return next((str(entry.code) for entry in self.entries if entry.code is not msgspec.UNSET), None)

    @property
    def vendor_code(self) -> str | None:
        return self.code


class UnexpectedResponseException(IsendproException):
    """The server's answer is not one of the iSendPro protocol."""


class ServerErrorException(IsendproException):
    """The iSendPro server failed."""
