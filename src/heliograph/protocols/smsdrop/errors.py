"""What a server of smsdrop refuses, as exceptions of the client (reference: smsdrop.md, section 6)."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.calling import RemoteError
from heliograph.protocols.smsdrop import wire


class SmsdropError(RemoteError):
    """An smsdrop server did not do what it was asked."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """Of the answer, over HTTP."""


class BadCredentialsError(SmsdropError):
    """The e-mail address or the password is wrong."""


class BadTokenError(SmsdropError):
    """The server does not take the token, not even a fresh one."""


class InsufficientSmsError(SmsdropError):
    """The campaign was created and not launched: there are not enough SMS left. `retry` it after a top-up."""

    def __init__(self, id: str) -> None:
        super().__init__("The campaign was created, but there are not enough SMS left to launch it.")
        self.id = id
        """The campaign's."""


class ValidationError(SmsdropError):
    """Something in the campaign is not valid."""

    def __init__(self, problems: Sequence[wire.Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, each.loc[1:]))}: {each.msg}" for each in problems))
        self.errors = problems


class ServerError(SmsdropError):
    """The smsdrop server failed."""


class UnexpectedResponseError(SmsdropError):
    """The server's answer is not one of the smsdrop protocol."""
