"""The description of the native API, for programs and for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from heliograph import __version__
from heliograph.api.descriptions import description_of
from heliograph.api.reference import reference_page
from heliograph.api.wire.errors import ErrorBody
from heliograph.domain.errors import HeliographError, SetupError
from heliograph.doors import Operation
from heliograph.doors.openapi import openapi_document

PLACES = {
    "account_id": "The account, by its id or its name.",
    "application_id": "The application, by its id.",
    "batch_id": "The batch, by its id.",
    "callback_id": "The callback, by its id.",
    "contact_id": "The contact, by its id.",
    "conversation_id": "The conversation, by its id.",
    "group_id": "The group, by its id.",
    "import_id": "The import, by its id.",
    "inbound_id": "The inbound message, by its id.",
    "invitation_id": "The invitation, by its id.",
    "job_id": "The job, by its id.",
    "key_id": "The key, by its id.",
    "link_id": "The link or the file, by its id.",
    "message_id": "The message, by its id.",
    "note_id": "The note, by its id.",
    "number": "A phone number, with its plus.",
    "originator_number": "The originator, by its number.",
    "person_id": "The person, by the id or the e-mail address.",
    "rent_id": "The rent, by its id.",
    "session_id": "The session, by its id.",
    "template_number": "The template, by its number.",
    "verification_id": "The verification, by its id.",
}
"""What the parameters of paths are."""


def errors_told() -> list[type[HeliographError]]:
    """List the errors that a caller can be told, in the order of their codes."""

    def below(kind: type[HeliographError]) -> Iterator[type[HeliographError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    served = (kind for kind in below(HeliographError) if kind.__module__.startswith(_SERVED))
    told = (kind for kind in served if not issubclass(kind, SetupError) and kind is not HeliographError)
    return sorted(set(told), key=lambda kind: kind.code)


_SERVED = ("heliograph.domain.", "heliograph.store.", "heliograph.services.", "heliograph.engine.")


def description(operations: Sequence[Operation], base_path: str) -> dict[str, Any]:
    """Write the OpenAPI document of these operations."""
    return openapi_document(
        "Heliograph",
        __version__,
        base_path,
        operations,
        ErrorBody,
        describe=description_of,
        errors=errors_told(),
        places=PLACES,
    )


class Description:
    """The description of a server's operations, made when it is first asked for."""

    def __init__(self, operations: Sequence[Operation], base_path: str) -> None:
        self._operations, self._base_path = operations, base_path
        self._document: bytes | None = None
        self._page: bytes | None = None

    def document(self) -> bytes:
        """Return the OpenAPI document."""
        if self._document is None:
            self._document = msgspec.json.encode(description(self._operations, self._base_path))
        return self._document

    def page(self) -> bytes:
        """Return a page for people, which loads nothing from anywhere."""
        if self._page is None:
            self._page = reference_page(msgspec.json.decode(self.document())).encode()
        return self._page
