"""What a server of Twilio refuses, as exceptions of the client (reference: providers.md, section A3)."""

from __future__ import annotations

from heliograph.calling import RemoteError


class TwilioException(RemoteError):
    """A Twilio server did not do what it was asked."""

    def __init__(self, message: str, *, status: int, code: int | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """Of the answer, over HTTP."""
        self.code = code
        """Twilio's own; None if the answer has none."""
        self.retry_after_s = retry_after_s

    @property
    def vendor_code(self) -> str | None:
        return None if self.code is None else str(self.code)


class UnexpectedResponseException(TwilioException):
    """The server's answer is not one of Twilio's."""
