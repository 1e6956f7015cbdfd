"""How each call of iSendPro is made (reference: isendpro.md, sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from heliograph.calling import Call, Request, Response, encoded
from heliograph.calling.documents import from_json
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.errors import IsendproException, ServerErrorException, UnexpectedResponseException

Value = str | Sequence[str] | None


class Calls:
    """The calls that are made with one key."""

    def __init__(self, keyid: str) -> None:
        self._keyid = keyid

    def entries(self, method: str, path: str, parameters: Mapping[str, Value]) -> Call[list[wire.Entry]]:
        """Ask with the parameters in a JSON document, and return the entries of the reply."""
        body = encoded(self._all(parameters))
        return _read((yield Request(method, path, body=body)))

    def queried(self, path: str, parameters: Mapping[str, str]) -> Call[list[wire.Entry]]:
        """Ask with the parameters in the query and an empty body, and return the entries of the reply."""
        request = Request("POST", path, _strings(self._all(parameters)))
        return _read((yield request))

    def file(self, method: str, path: str, parameters: Mapping[str, str]) -> Call[bytes]:
        """Download a ZIP, with the parameters in the query. Raises UnexpectedResponseException if it is none."""
        response = yield Request(method, path, _strings(self._all(parameters)))
        _check(response)
        if not response.body.startswith(b"PK"):
            raise UnexpectedResponseException("The answer is no ZIP.", status=response.status).about(response)
        return response.body

    def credit(self, wanted: str) -> Call[wire.Credit]:
        response = yield Request("GET", "/credit", {"keyid": self._keyid, "credit": wanted})
        _check(response)
        try:
            return from_json(response.body, wire.CreditReply).etat
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(response, error) from error

    def _all(self, parameters: Mapping[str, Value]) -> dict[str, Value]:
        return {"keyid": self._keyid} | {name: value for name, value in parameters.items() if value is not None}


def _strings(parameters: Mapping[str, Value]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}


def _read(response: Response) -> list[wire.Entry]:
    _check(response)
    try:
        return wire.entries_of(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(response, error) from error


def _check(response: Response) -> None:
    if response.status == 200:
        return
    try:
        entries = wire.entries_of(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        entries = []
    first = next(iter(entries), wire.Entry())
    said = "The server said no more." if first.message is UNSET else first.message
    kind = ServerErrorException if response.status >= 500 else IsendproException
    raise kind(f"{response.status}: {said}", status=response.status, entries=entries).about(response)


def _unreadable(response: Response, error: Exception) -> UnexpectedResponseException:
    told = UnexpectedResponseException(f"The answer can't be read: {error}.", status=response.status)
    return told.about(response)
