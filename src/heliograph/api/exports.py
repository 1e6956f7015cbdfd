"""Everything in a list as a file: CSV, XLSX, or JSON lines, written as it is read.

A row of a table has what the list shows, under the same names. Contacts are the exception: their tables have the
number, what is known of it and one column for each field of the customer's own, so that they can be imported again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from heliograph.api import wire
from heliograph.api.contacts import shown_contact
from heliograph.api.messages import message_filter, shown_message
from heliograph.api.optouts import shown_optout
from heliograph.api.resource import NativeResource
from heliograph.domain.accounts import Scope
from heliograph.doors import Call, Operation
from heliograph.doors.downloads import CSV, JSON_LINES, XLSX, Download, csv_download, download, xlsx_download
from heliograph.services.exports import Cell

T = TypeVar("T")

FILES = (CSV, XLSX, JSON_LINES)

_encode_lines = msgspec.json.Encoder().encode_lines


class Exports(NativeResource):
    operations = (
        Operation(
            name="export_messages",
            method="GET",
            path="/exports/messages",
            scope=Scope.MESSAGES_READ,
            query=wire.MessageExportQuery,
            files=FILES,
            summary="All messages that a filter lets through as a file, newest first",
        ),
        Operation(
            name="export_contacts",
            method="GET",
            path="/exports/groups/{group_id}/contacts",
            scope=Scope.GROUPS_READ,
            query=wire.ExportQuery,
            files=FILES,
            summary="The members of a group as a file that can be imported again, newest first",
        ),
        Operation(
            name="export_optouts",
            method="GET",
            path="/exports/optouts",
            scope=Scope.OPTOUTS_READ,
            query=wire.ExportQuery,
            files=FILES,
            summary="The numbers that must not be written to as a file, newest first",
        ),
    )

    async def export_messages(self, call: Call[wire.MessageExportQuery, None]) -> Download:
        found = self._services.messages.everything(call.account, message_filter(call.query, call.account))
        return await _file("messages", call.query, wire.Message, _shown(found, shown_message))

    async def export_optouts(self, call: Call[wire.ExportQuery, None]) -> Download:
        found = self._services.optouts.everybody(call.account)
        return await _file("optouts", call.query, wire.OptOut, _shown(found, shown_optout))

    async def export_contacts(self, call: Call[wire.ExportQuery, None]) -> Download:
        group = await self._services.groups.get(call.account, call.path["group_id"])
        contacts = self._services.contacts
        if call.query.format == "jsonl":
            return await _file(
                "contacts", call.query, wire.Contact, _shown(contacts.everybody(call.account, group), shown_contact)
            )
        return _table("contacts", call.query, *await contacts.table(call.account, group))


async def _shown(
    chunks: AsyncIterator[Sequence[T]], shown: Callable[[T], Any]
) -> AsyncIterator[Sequence[msgspec.Struct]]:
    async for some in chunks:
        yield [shown(each) for each in some]


async def _file(
    name: str,
    query: wire.ExportQuery | wire.MessageExportQuery,
    shape: type[msgspec.Struct],
    chunks: AsyncIterator[Sequence[msgspec.Struct]],
) -> Download:
    """Answer with a file of structs. What the first of them raise is raised before there is an answer."""
    chunks = await _begun(chunks)
    if query.format == "jsonl":
        return download(name, "jsonl", JSON_LINES, _lines(chunks))
    header = [field.encode_name for field in msgspec.structs.fields(shape)]
    return _table(name, query, header, _rows(header, chunks))


async def _begun(chunks: AsyncIterator[T]) -> AsyncIterator[T]:
    first = await anext(chunks, None)

    async def all_of_them() -> AsyncIterator[T]:
        if first is not None:
            yield first
        async for some in chunks:
            yield some

    return all_of_them()


async def _lines(chunks: AsyncIterator[Sequence[msgspec.Struct]]) -> AsyncIterator[bytes]:
    async for some in chunks:
        yield _encode_lines(some)


async def _rows(
    header: Sequence[str], chunks: AsyncIterator[Sequence[msgspec.Struct]]
) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    async for some in chunks:
        yield [_row(header, msgspec.to_builtins(each)) for each in some]


def _row(header: Sequence[str], shown: Mapping[str, Cell]) -> Sequence[Cell]:
    return [shown[name] for name in header]


def _table(
    name: str,
    query: wire.ExportQuery | wire.MessageExportQuery,
    header: Sequence[str],
    rows: AsyncIterator[Sequence[Sequence[Cell]]],
) -> Download:
    return (
        xlsx_download(name, header, rows) if query.format == "xlsx" else csv_download(name, header, rows, bom=query.bom)
    )
