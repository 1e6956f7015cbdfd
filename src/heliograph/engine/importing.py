"""Importing contact files into groups, and undoing it, slice by slice (`store/imports.py`).

How it works. Whoever asks for an import has put the file where all processes find it, and holds the import; the job
of that process reads it. The file is copied to a temporary one of this machine, as its readers go back and forth in
it, and read in a thread: while a slice is written the next is read. It is one thread from beginning to end, because
each has memory of its own, and keeps what the largest slice took. Other writes come between any two slices.

Which numbers have been met is known from the file itself, not from the store: `_Met` keeps eight octets of each. If the
process dies, another, or the next, takes the import over when its lease ends, reads the file from the beginning, and
writes nothing of the rows that are behind it.
"""

from __future__ import annotations

import asyncio
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import islice
from typing import BinaryIO

import structlog

from heliograph.contactfiles import Entry, open_contacts
from heliograph.domain.contacts import Details
from heliograph.domain.errors import HeliographError, NotNow, ShuttingDown
from heliograph.domain.ids import new_id
from heliograph.domain.imports import Counts, Import, ImportState, ImportWish, Rejected, Understood
from heliograph.domain.instants import now_ms
from heliograph.engine.jobs import Job
from heliograph.numbers import normalise_many
from heliograph.store import Store
from heliograph.store.files import Files
from heliograph.store.imports import (
    Slice,
    begin_import,
    begin_undoing,
    end_import,
    leave_imports,
    next_import_at,
    take_over_import,
    undo_slice,
    write_slice,
    written_by,
)
from heliograph.store.works import Holder, Lost

log = structlog.get_logger(__name__)

LEASE_MS = 15_000
ROWS_AT_ONCE = 1_000
"""How many rows are written in one transaction: on SQLite 8 ms of CPU where all are new, 25 ms where all change."""
_LARGEST_ARRAY = 65_536


class _Met:
    """The numbers that a file has had so far, in sorted arrays of growing size."""

    def __init__(self) -> None:
        self._arrays: list[array[int]] = []

    def __contains__(self, number: int) -> bool:
        for each in self._arrays:
            place = bisect_left(each, number)
            if place < len(each) and each[place] == number:
                return True
        return False

    def add(self, numbers: list[int]) -> None:
        """Add numbers that are not in it. Small arrays become one, so that there are few to look into."""
        numbers = sorted(numbers)
        while self._arrays and len(self._arrays[-1]) <= len(numbers) and len(numbers) < _LARGEST_ARRAY:
            numbers = sorted([*self._arrays.pop(), *numbers])
        if numbers:
            self._arrays.append(array("Q", numbers))


class Importing(Job):
    name = "imports"

    def __init__(self, store: Store, files: Files | None) -> None:
        """Read files from where services keep them; None: nobody asks for imports here."""
        super().__init__(asyncio.Event())
        self._store = store
        self._files = files
        self._worker = new_id()
        self._waiting: list[Import] = []
        """What this process holds and has not begun."""

    async def begin(self, account_id: str, wish: ImportWish, understood: Understood, file: str) -> Import:
        """Store an import of a kept file, and carry it out from now on."""
        begun = await self._store.write(begin_import, self._holder(), account_id, wish, understood, file, now_ms())
        return self._begun(begun)

    async def undo(self, account_id: str, import_id: str) -> Import | None:
        """Undo an import from now on; None if the account has none that is over."""
        begun = await self._store.write(begin_undoing, self._holder(), account_id, import_id)
        return None if begun is None else self._begun(begun)

    def _begun(self, begun: Import) -> Import:
        self._waiting.append(begun)
        self._wake.set()
        return begun

    def _holder(self) -> Holder:
        return Holder(self._worker, now_ms() + LEASE_MS)

    async def next_due_ms(self) -> int | None:
        return now_ms() if self._waiting else await self._store.read(next_import_at)

    async def do_some(self) -> bool:
        if self._waiting:
            found: Import | None = self._waiting.pop(0)
        elif (due_at := await self.next_due_ms()) is None or due_at >= now_ms():
            return False
        else:
            found = await self._store.write(take_over_import, self._holder(), now_ms())
        if found is not None:
            try:
                await self._carry_out(found)
            except Lost:  # whoever has it carries it out
                log.info("import taken over", import_id=found.id)
        return found is not None

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            await self._store.write(leave_imports, self._worker)

    async def _carry_out(self, found: Import) -> None:
        if found.state is ImportState.UNDOING:
            await self._undo(found)
            await self._store.write(end_import, self._holder(), found, ImportState.UNDONE, now_ms())
            return
        state, error = ImportState.DONE, None
        try:
            await self._read(found)
        except (NotNow, Lost):
            raise
        except HeliographError as failed:
            state, error = ImportState.FAILED, failed.message
        await self._store.write(end_import, self._holder(), found, state, now_ms(), error)
        if found.file is not None and self._files is not None:
            await self._files.delete(found.file)

    async def _read(self, of: Import) -> None:
        run_in = asyncio.get_running_loop().run_in_executor
        async with self._copied(of.file or "") as file:
            slices = _slices(file, of.wish, of.counts.rows)
            with ThreadPoolExecutor(1, "import") as reader:
                part = await run_in(reader, next, slices, None)
                while part is not None:
                    ahead = run_in(reader, next, slices, None)
                    try:
                        self._go_on()
                        await self._store.write(write_slice, self._holder(), of, part)
                    finally:
                        part = await ahead

    @asynccontextmanager
    async def _copied(self, key: str) -> AsyncIterator[BinaryIO]:
        """Copy a kept file to this machine. Raises NotNow if its place can't be reached."""
        with tempfile.TemporaryFile() as file:
            pieces = None if self._files is None else await self._files.read(key)
            if pieces is not None:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
            yield file

    async def _undo(self, of: Import) -> None:
        after = ""
        while members := await self._store.read(written_by, of, after):
            self._go_on()
            await self._store.write(undo_slice, self._holder(), of, [msisdn for _, msisdn in members])
            after = members[-1][0]

    def _go_on(self) -> None:
        if self._stopping:
            raise ShuttingDown


def _slices(file: BinaryIO, wish: ImportWish, behind: int) -> Iterator[Slice | None]:
    """Read a file, some rows at a time, and leave out what is in the first rows. Raises UnreadableFile."""
    met = _Met()
    entries = iter(open_contacts(file, wish.mapping))
    while rows := list(islice(entries, ROWS_AT_ONCE if behind <= 0 else min(behind, ROWS_AT_ONCE))):
        part = _slice(rows, wish.region, met)
        if behind <= 0:
            yield part
        behind -= len(rows)


def _slice(rows: list[Entry], region: str | None, met: _Met) -> Slice:
    texts = [(entry, number) for entry in rows for number in entry.numbers]
    found = normalise_many([number for _, number in texts], region=region)
    wrong = {each.index: each.reason for each in found.invalid}
    rejected = [
        Rejected(row=entry.row, value=entry.value, reason=entry.problem, cells=entry.cells)
        for entry in rows
        if entry.problem is not None
    ]
    rejected += [
        Rejected(row=texts[index][0].row, value=texts[index][1], reason=reason, cells=texts[index][0].cells)
        for index, reason in wrong.items()
    ]
    said: dict[str, Details] = {}
    duplicates = 0
    msisdns = iter(found.msisdns)
    for index, (entry, _) in enumerate(texts):
        if index in wrong:
            continue
        msisdn = next(msisdns)
        if msisdn in said or int(msisdn) in met:
            duplicates += 1
        else:
            said[msisdn] = entry.details
    met.add([int(msisdn) for msisdn in said])
    counts = Counts(rows=len(rows), duplicates=duplicates, rejected=len(rejected))
    rejected.sort(key=lambda each: each.row)
    return Slice(contacts=list(said.items()), rejected=rejected, counts=counts)
