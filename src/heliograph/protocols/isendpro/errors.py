"""Errors of iSendPro (reference: isendpro.md, sections 1 and 6): ours by its codes for the server, its own as an
exception for the client."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from heliograph.calling import RemoteError
from heliograph.domain import errors
from heliograph.domain.errors import HeliographError
from heliograph.doors.door import OwnRefusal
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.codes import SENTENCES, Code

_BY_CLASS: dict[type[HeliographError], Code] = {
    errors.AddressNotAllowed: Code.ADDRESS_NOT_ALLOWED,
    errors.AccessError: Code.KEY_INVALID,
    errors.InsufficientCredit: Code.CREDIT_TOO_LOW,
    errors.InvalidOriginator: Code.SENDER_INVALID,
    errors.InvalidRecipient: Code.NUMBER_INVALID,
    errors.InvalidSchedule: Code.DATE_INVALID,
    errors.NoCoverage: Code.NO_COVERAGE,
    errors.NotFound: Code.OPERATION_UNKNOWN,
    errors.MethodNotAllowed: Code.OPERATION_UNKNOWN,
    errors.RateLimited: Code.TOO_MANY_REQUESTS,
    errors.RequestError: Code.PARAMETER_INVALID,
}


class IsendproRefusal(OwnRefusal):
    """A request that is refused as a whole."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self._detail = detail

    def response(self) -> Response:
        return answered(self.code, self._detail)


def answered(code: Code, detail: str = "", status: int = 400) -> Response:
    """`detail` is put behind the code's own sentence."""
    message = f"{SENTENCES[code]} : {detail}" if detail else SENTENCES[code]
    body = wire.reply([wire.Entry(code=str(int(code)), message=message)])
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refused(error: HeliographError) -> Response:
    for kind, code in _BY_CLASS.items():
        if isinstance(error, kind):
            detail = "" if isinstance(error, errors.AccessError) else error.message
            return answered(code, detail, 429 if isinstance(error, errors.RateLimited) else 400)
    return answered(Code.INTERNAL, status=503 if isinstance(error, errors.NotNow) else 500)


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
        """Of the first entry."""
        return next((str(entry.code) for entry in self.entries if entry.code is not msgspec.UNSET), None)

    @property
    def vendor_code(self) -> str | None:
        return self.code


class UnexpectedResponseException(IsendproException):
    """The answer is not one of the protocol's."""


class ServerErrorException(IsendproException):
    """The server failed."""
