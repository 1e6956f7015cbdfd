"""Our errors in the words of Twilio (reference: providers.md, section A3)."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from heliograph.domain import errors
from heliograph.domain.errors import HeliographError
from heliograph.doors.door import OwnRefusal
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.codes import HTTP_STATUS, Code

_BY_CLASS: dict[type[HeliographError], Code] = {
    errors.Unauthenticated: Code.CREDENTIALS,
    errors.ScopeMissing: Code.NOT_ALLOWED,
    errors.OptedOut: Code.OPTED_OUT,
    errors.CodesRefused: Code.BLOCKED,
    errors.AccessError: Code.CREDENTIALS,
    errors.NotFound: Code.NOT_FOUND,
    errors.MethodNotAllowed: Code.METHOD_NOT_ALLOWED,
    errors.InsufficientCredit: Code.SUSPENDED,
    errors.NoCoverage: Code.COUNTRY_NOT_ENABLED,
    errors.InvalidCallbackUrl: Code.CALLBACK_INVALID,
    errors.InvalidRecipient: Code.TO_INVALID,
    errors.InvalidOriginator: Code.FROM_INVALID,
    errors.ChannelNotActive: Code.FROM_NOT_USABLE,
    errors.InvalidSchedule: Code.SEND_AT_INVALID,
    errors.RateLimited: Code.TOO_MANY_REQUESTS,
    errors.TooManyCodes: Code.SENDS_EXHAUSTED,
    errors.Conflict: Code.CONFLICT,
    errors.NotNow: Code.TOO_MANY_REQUESTS,
    errors.RequestError: Code.PARAMETER_INVALID,
}


def answered(code: Code, message: str) -> Response:
    status = HTTP_STATUS.get(code, 400)
    body = wire.ErrorBody(
        code=int(code),
        message=message,
        more_info=f"https://www.twilio.com/docs/errors/{int(code)}",
        status=status,
    )
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else None
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def refused(error: HeliographError) -> Response:
    for kind, code in _BY_CLASS.items():
        if isinstance(error, kind):
            return answered(code, "Authenticate" if code is Code.CREDENTIALS else error.message)
    return answered(Code.INTERNAL, "An internal server error has occurred")


class TwilioRefusal(OwnRefusal):
    """A request that is refused with one of Twilio's own codes."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def response(self) -> Response:
        return answered(self.code, self.message)
