"""Our errors in the words of smsdrop (reference: smsdrop.md, section 6)."""

from __future__ import annotations

import re

import msgspec
from starlette.responses import Response

from heliograph.domain import errors
from heliograph.domain.errors import HeliographError, RequestError
from heliograph.doors.door import OwnRefusal
from heliograph.protocols.smsdrop import wire

#: Where our fields are in the body of a campaign.
_FIELDS = {
    "to": "recipient_list",
    "from": "sender",
    "body": "message",
    "send_at": "defer_until",
    "expire_at": "defer_until",
}
_PIECE = re.compile(r"\w+")
"""One step of a path such as `recipient_list[1]`."""
_BY_CLASS: dict[type[HeliographError], int] = {
    errors.Unauthenticated: 401,
    errors.ScopeMissing: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.RequestTooLarge: 413,
    errors.RateLimited: 429,
    errors.NotNow: 503,
}


class SmsdropRefusal(OwnRefusal):
    """An error that only smsdrop knows."""

    def __init__(self, status: int, detail: str | list[wire.Problem]) -> None:
        super().__init__(str(detail))
        self._status = status
        self._detail = detail

    def response(self) -> Response:
        return answered(self._status, self._detail)


def invalid(field: str, message: str, *rest: int) -> SmsdropRefusal:
    return SmsdropRefusal(422, [wire.Problem(["body", field, *rest], message)])


def answered(status: int, detail: str | list[wire.Problem]) -> Response:
    """Build the answer to a refused request. It is always JSON, since the published client decodes every answer."""
    return Response(msgspec.json.encode(wire.Refusal(detail)), status, media_type="application/json")


def refused(error: HeliographError) -> Response:
    for kind, status in _BY_CLASS.items():
        if isinstance(error, kind):
            return answered(status, error.message)
    if isinstance(error, RequestError):
        # Whatever can be refused is 422, and each place has two pieces: the published client knows no other.
        name, *places = _PIECE.findall(error.field or "__root__")
        where = [_FIELDS.get(name, name), *(int(place) for place in places if place.isdecimal())]
        return answered(422, [wire.Problem(["body", *where], error.message)])
    return answered(500, error.message)
