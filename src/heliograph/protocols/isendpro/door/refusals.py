"""Our errors in the words of iSendPro (reference: isendpro.md, sections 1 and 6)."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

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
    """Build the reply to a refused request; `detail` is put behind the code's own sentence."""
    message = f"{SENTENCES[code]} : {detail}" if detail else SENTENCES[code]
    body = wire.reply([wire.Entry(code=str(int(code)), message=message)])
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refused(error: HeliographError) -> Response:
    for kind, code in _BY_CLASS.items():
        if isinstance(error, kind):
            detail = "" if isinstance(error, errors.AccessError) else error.message
            return answered(code, detail, 429 if isinstance(error, errors.RateLimited) else 400)
    return answered(Code.INTERNAL, status=503 if isinstance(error, errors.NotNow) else 500)
