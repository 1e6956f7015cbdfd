"""Contacts: the members of groups, with what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncContacts:
    """Contacts: the members of groups, with what is known of them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list(self, group_id: str, *, page_size: int = 100) -> AsyncListing[wire.Contact]:
        """Iterate over all contacts of a group, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.ContactPage, "groups", group_id, "contacts", limit=page_size)

    async def export(
        self, group_id: str, path: Path | str, *, format: wire.ExportFormat | None = None, bom: bool = False
    ) -> None:
        """Write all contacts of a group, newest first, to a file, as they come: `.csv`, `.xlsx` or `.jsonl`.

        The tables can be imported again. When this returns the file is whole; if it raises there is none. `bom` has a
        CSV file begin with a byte order mark, as Excel wants it.
        """
        call = calls.saved(Path(path), format, "groups", group_id, "contacts", bom=bom or None)
        await self._transport.run(call, save_to=Path(path))

    async def add(
        self,
        group_id: str,
        contacts: Sequence[wire.NewContact],
        *,
        skip_invalid: bool = False,
        update: bool = False,
    ) -> wire.AddedContacts:
        """Add contacts with new numbers; with `update`, also overwrite what is known of the others.

        Blank values overwrite nothing. Raises InvalidRecipient if a number is not valid, unless `skip_invalid`: its
        `facts["invalid"]` has the rows.
        """
        body = wire.AddContacts(contacts=list(contacts), skip_invalid=skip_invalid, update=update)
        return await self._transport.run(calls.post(wire.AddedContacts, body, "groups", group_id, "contacts"))

    async def get(self, group_id: str, contact_id: str) -> wire.Contact:
        """Get a contact of a group. Raises NotFound if the group has no such contact."""
        return await self._transport.run(calls.get(wire.Contact, "groups", group_id, "contacts", contact_id))

    async def change(
        self, group_id: str, contact_id: str, change: wire.ChangeContact, *, if_match: str | None = None
    ) -> wire.Contact:
        """Change a contact: what `change` leaves out stays, None removes a value.

        Raises NameTaken if the group has the new number already. With `if_match`, the `etag` of what was seen, nothing
        else is changed: raises ChangedMeanwhile.
        """
        path = ("groups", group_id, "contacts", contact_id)
        return await self._transport.run(calls.patch(wire.Contact, change, *path, if_match=if_match))

    async def delete(self, group_id: str, contact_id: str) -> None:
        """Delete a contact from its group. Raises NotFound if the group has no such contact."""
        await self._transport.run(calls.without_answer("DELETE", "groups", group_id, "contacts", contact_id))
