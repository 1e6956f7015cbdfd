"""Contact files that are imported into groups."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from typing import BinaryIO

from heliograph.contactfiles import LARGEST_FILE, ContactFile, open_contacts
from heliograph.domain.accounts import Account
from heliograph.domain.errors import InvalidField, NotFound, NothingToUndo, UnreadableFile
from heliograph.domain.imports import ColumnRead, Import, ImportWish, Rejected, Understood
from heliograph.domain.lengths import require_short
from heliograph.engine.engine import Engine
from heliograph.numbers import normalise_many
from heliograph.store.files import Files
from heliograph.store.imports import import_by_id, imports_of, rejects_of

_LOOK_AGAIN_S = 0.1


class Imports:
    """The imports of an account. Raises NotFound for one that it does not have."""

    def __init__(self, engine: Engine, files: Files) -> None:
        self._store = engine.store
        self._importing = engine.importing
        self._files = files
        self.largest_file = LARGEST_FILE

    async def begin(self, account: Account, content: AsyncIterator[bytes], wish: ImportWish) -> Import:
        """Take a file, and import it into a group; when this returns the file is kept, and its rows are being read.

        National numbers are those of the wish's region, or else of the account's. Raises UnreadableFile for what is no
        contact file, InvalidField for a mapping of a column that there is not or a region that there is not: then
        nothing is stored.
        """
        require_short([wish.group, wish.file_name], "group")
        if not wish.group.strip():
            raise InvalidField("Give the name of the group that the contacts are for.", field="group")
        region = wish.region or account.default_region
        try:
            normalise_many([], region=region)
        except ValueError as error:
            raise InvalidField(
                f"region must be a country in ISO 3166 alpha-2 such as DE, not {region!r}.", field="region"
            ) from error
        wish = ImportWish(
            group=wish.group.strip(),
            mapping=wish.mapping,
            region=region,
            update=wish.update,
            dry_run=wish.dry_run,
            file_name=wish.file_name,
        )
        with tempfile.TemporaryFile() as file:
            await _fill(file, content)
            found = await asyncio.to_thread(open_contacts, file, wish.mapping)
            key = f"import-{secrets.token_hex(16)}"
            await asyncio.to_thread(file.seek, 0)
            await self._files.keep(key, file)
        try:
            return await self._importing.begin(account.id, wish, _understood(found), key)
        except BaseException:
            await self._files.delete(key)
            raise

    async def get(self, account: Account, import_id: str, *, timeout_s: float = 0.0) -> Import:
        """Read an import when it is over, or as it is after `timeout_s` seconds."""
        give_up_at = time.monotonic() + timeout_s
        while True:
            found = await self._store.read(import_by_id, account.id, import_id)
            if found is None:
                raise _no_import(import_id)
            if found.is_over or time.monotonic() >= give_up_at:
                return found
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def page(self, account: Account, *, limit: int, before: str | None = None) -> list[Import]:
        """Read a page of imports, newest first."""
        return await self._store.read(imports_of, account.id, limit=limit, before=before)

    async def rejected(
        self, account: Account, import_id: str, *, limit: int, after: int = 0
    ) -> list[tuple[int, Rejected]]:
        """Read a page of rejected rows behind the place `after`, in the order of the file, with their places from 1."""
        await self.get(account, import_id)
        return await self._store.read(rejects_of, account.id, import_id, limit=limit, after=after)

    async def undo(self, account: Account, import_id: str) -> Import:
        """Take away what an import has added, and put back what it has updated, unless that has changed since.

        It goes on after this returns, also in another process if this one dies. Raises NothingToUndo while it is
        still running, and for what is undone already or was only a dry run.
        """
        found = await self.get(account, import_id)
        undoing = None if found.wish.dry_run else await self._importing.undo(account.id, import_id)
        if undoing is None:
            why = "was only a dry run" if found.wish.dry_run else f"is {found.state}"
            raise NothingToUndo(f"The import {import_id} {why}.")
        return undoing


def _no_import(import_id: str) -> NotFound:
    return NotFound(f"There is no import {import_id} in this account.")


async def _fill(file: BinaryIO, content: AsyncIterator[bytes]) -> None:
    """Write a file as it comes. Raises UnreadableFile as soon as it is too large."""
    size = 0
    async for piece in content:
        size += len(piece)
        if size > LARGEST_FILE:
            raise UnreadableFile(f"The file has more than {LARGEST_FILE} octets.")
        await asyncio.to_thread(file.write, piece)


def _understood(found: ContactFile) -> Understood:
    return Understood(
        format=found.format.value,
        encoding=found.encoding,
        delimiter=found.delimiter,
        headings=found.headed,
        columns=[ColumnRead(name=column.name, field=column.field) for column in found.columns],
    )
