"""Our errors in the words of SMS.CX (reference: smscx.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from heliograph.domain import errors
from heliograph.domain.errors import HeliographError, RequestError
from heliograph.doors.door import OwnRefusal
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.wire.errors import Code

DOCUMENTATION = "https://api.sms.cx/errors"


class SmscxRefusal(OwnRefusal):
    """An error that only the SMS.CX protocol has."""

    def __init__(self, status: int, type: str, code: Code, message: str, invalid: Sequence[str] = ()) -> None:
        super().__init__(message)
        self._status = status
        self._reply = _reply(type, code, message, invalid or msgspec.UNSET)

    def response(self) -> Response:
        return Response(msgspec.json.encode(self._reply), self._status, media_type="application/json")


def invalid_param(code: Code, message: str, invalid: Sequence[str] = ()) -> SmscxRefusal:
    return SmscxRefusal(400, "invalid_param", code, message, invalid)


def invalid_numbers(invalid: Sequence[str], asked: int) -> SmscxRefusal:
    """Build the refusal of invalid numbers: a number that was asked alone has another code than one of several."""
    code, what = (
        (Code.NUMBER_INVALID, "The phone number is invalid.")
        if asked == 1
        else (Code.SOME_NUMBERS_INVALID, "Some phone numbers are invalid.")
    )
    return invalid_param(code, what, invalid)


CodesByField = Mapping[str, Code | tuple[Code, Code]]
"""The code of an error in each field, or two: one if it is missing, and one if it is wrong."""


class Codes(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The codes that one operation has for what can be wrong."""

    not_found: Code = Code.NONE
    taken: Code = Code.NONE
    taken_type: str = "duplicate_value"
    too_late: Code = Code.NOT_SCHEDULED
    locked: Code = Code.TEMPLATE_LOCKED
    fields: CodesByField = {}
    by_class: Mapping[type[HeliographError], Code] = {}
    """Codes of this operation for errors that have other codes elsewhere."""


NO_CODES = Codes()


def reply_for(error: HeliographError, codes: Codes) -> tuple[int, wire.errors.ErrorReply]:
    """Return the status and the body by which an operation with these codes answers an error."""
    status, type, code = _terms(error, codes)
    return status, _reply(type, code, error.message)


def _reply(
    type: str, code: Code, message: str, invalid: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
) -> wire.errors.ErrorReply:
    # The list goes where the vendor's README reads it and where its model declares it.
    detail = wire.errors.ErrorDetail(type=type, code=code, message=message, uri=DOCUMENTATION, invalid=invalid)
    return wire.errors.ErrorReply(error=detail, invalid=invalid)


def _terms(error: HeliographError, codes: Codes) -> tuple[int, str, Code]:
    if isinstance(error, errors.NotFound):
        return 404, "not_found", codes.not_found
    if isinstance(error, errors.NameTaken):
        return 400, codes.taken_type, codes.taken
    if isinstance(error, errors.Locked):
        return 403, "access_denied", codes.locked
    if isinstance(error, errors.AlreadyDispatched):
        return 403, "access_denied", codes.too_late
    for kind, code in codes.by_class.items():
        if isinstance(error, kind):
            return 400, "invalid_param", code
    for kind, terms in _BY_CLASS.items():
        if isinstance(error, kind):
            return terms
    if isinstance(error, RequestError) and error.field:
        return 400, "invalid_param", _field_code(error, codes)
    if isinstance(error, errors.MalformedRequest):
        return 400, "invalid_body", Code.NONE
    if isinstance(error, RequestError):
        return 400, "invalid_request", Code.NONE
    return 500, "server_error", Code.NONE


def _field_code(error: RequestError, codes: Codes) -> Code:
    for name in reversed((error.field or "").replace("[...]", "").split(".")):
        match codes.fields.get(name):
            case Code() as code:
                return code
            case missing, wrong:
                return missing if isinstance(error, errors.MissingField) else wrong
    return Code.NONE


_BY_CLASS: Mapping[type[HeliographError], tuple[int, str, Code]] = {
    errors.Unauthenticated: (401, "invalid_api_key", Code.NONE),
    errors.ScopeMissing: (403, "insufficient_scope", Code.NONE),
    errors.RateLimited: (429, "rate_limit", Code.NONE),
    errors.MethodNotAllowed: (405, "invalid_method", Code.NONE),
    errors.RequestTooLarge: (413, "invalid_body", Code.NONE),
    errors.UnsupportedMediaType: (415, "invalid_body", Code.NONE),
    errors.InsufficientCredit: (400, "insufficient_credit", Code.BALANCE_TOO_LOW),
    errors.IdempotencyMismatch: (400, "duplicate_id", Code.IDEMPOTENCY_ID_INVALID),
    errors.TooManyRecipients: (400, "invalid_param", Code.TOO_MANY_RECIPIENTS),
    errors.NoRecipients: (400, "invalid_param", Code.TO_MISSING),
    errors.InvalidOriginator: (400, "invalid_param", Code.FROM_INVALID),
    errors.InvalidBody: (400, "invalid_param", Code.TEXT_MISSING),
    errors.InvalidSchedule: (400, "invalid_param", Code.SCHEDULED_DATE_PAST),
    errors.InvalidCallbackUrl: (400, "invalid_param", Code.DLR_CALLBACK_URL_INVALID),
    errors.TooManyCodes: (429, "rate_limit", Code.NONE),
    errors.ChannelNotActive: (403, "access_denied", Code.CHANNEL_NOT_ACTIVE),
    errors.OptedOut: (403, "access_denied", Code.NONE),
    errors.CodesRefused: (403, "access_denied", Code.NONE),
    errors.NoCoverage: (403, "no_coverage", Code.NO_COVERAGE),
    errors.NotNow: (503, "server_error", Code.NONE),
}
