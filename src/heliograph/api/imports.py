"""Operations on imports: contact files that are read into groups."""

from __future__ import annotations

import msgspec

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.api.streams import Stream, progress
from heliograph.domain.accounts import Scope
from heliograph.domain.cursors import number_before
from heliograph.domain.errors import InvalidField
from heliograph.domain.imports import Import, ImportWish
from heliograph.doors import Call, Operation
from heliograph.doors.bodies import body_pieces
from heliograph.doors.operations import EVENT_STREAM


class Imports(NativeResource):
    operations = (
        Operation(
            name="list_imports",
            method="GET",
            path="/imports",
            scope=Scope.GROUPS_READ,
            query=wire.PageQuery,
            response=wire.ImportPage,
            summary="List imports of contact files, newest first",
        ),
        Operation(
            name="import_contacts",
            method="POST",
            path="/imports",
            upload=True,
            scope=Scope.GROUPS_WRITE,
            query=wire.ImportQuery,
            response=wire.Import,
            status=202,
            summary="Import a contact file into a group: the body is the file, whether CSV, XLSX or vCards",
        ),
        Operation(
            name="get_import",
            method="GET",
            path="/imports/{import_id}",
            scope=Scope.GROUPS_READ,
            query=wire.ImportWait,
            response=wire.Import,
            summary="Show what an import has understood, and how far it is",
        ),
        Operation(
            name="follow_import",
            method="GET",
            path="/imports/{import_id}/events",
            scope=Scope.GROUPS_READ,
            query=wire.EventsQuery,
            files=(EVENT_STREAM,),
            summary="How far an import is, as server-sent events, until it is over",
        ),
        Operation(
            name="list_rejected_rows",
            method="GET",
            path="/imports/{import_id}/rejected",
            scope=Scope.GROUPS_READ,
            query=wire.PageQuery,
            response=wire.RejectedRowPage,
            summary="List the rows that were not imported, in the order of the file, and why",
        ),
        Operation(
            name="undo_import",
            method="POST",
            path="/imports/{import_id}/undo",
            scope=Scope.GROUPS_WRITE,
            response=wire.Import,
            status=202,
            summary="Take away what an import has added and put back what it has updated, unless changed since",
        ),
    )

    async def list_imports(self, call: Call[wire.PageQuery, None]) -> wire.ImportPage:
        query = call.query
        found = await self._services.imports.page(call.account, limit=query.limit, before=query.before)
        return page(wire.ImportPage, [shown_import(each) for each in found], query.limit)

    async def import_contacts(self, call: Call[wire.ImportQuery, None]) -> wire.Import:
        query = call.query
        wish = ImportWish(
            group=query.group,
            mapping=_mapping(query.mapping),
            region=query.region,
            update=query.update,
            dry_run=query.dry_run,
            file_name=query.file_name,
        )
        imports = self._services.imports
        content = body_pieces(call.request, imports.largest_file)
        return shown_import(await imports.begin(call.account, content, wish))

    async def get_import(self, call: Call[wire.ImportWait, None]) -> wire.Import:
        import_id, timeout_s = call.path["import_id"], call.query.timeout_s
        return shown_import(await self._services.imports.get(call.account, import_id, timeout_s=timeout_s))

    async def follow_import(self, call: Call[wire.EventsQuery, None]) -> Stream:
        import_id = call.path["import_id"]

        async def show() -> tuple[wire.Import, bool]:
            found = await self._services.imports.get(call.account, import_id)
            return shown_import(found), found.is_over

        return await progress(self._services.live, call, f"import:{import_id}", show, scope=Scope.GROUPS_READ)

    async def list_rejected_rows(self, call: Call[wire.PageQuery, None]) -> wire.RejectedRowPage:
        query = call.query
        after = number_before(query.before) or 0
        found = await self._services.imports.rejected(
            call.account, call.path["import_id"], limit=query.limit, after=after
        )
        rows = [
            wire.RejectedRow(id=str(place), row=each.row, value=each.value, reason=each.reason, cells=each.cells)
            for place, each in found
        ]
        return page(wire.RejectedRowPage, rows, query.limit)

    async def undo_import(self, call: Call[None, None]) -> wire.Import:
        return shown_import(await self._services.imports.undo(call.account, call.path["import_id"]))


def _mapping(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError as error:
        message = f'mapping must be a JSON object such as {{"Telephone": "number"}}, not {text[:100]!r}.'
        raise InvalidField(message, field="mapping") from error


def shown_import(stored: Import) -> wire.Import:
    wish, understood, counts = stored.wish, stored.understood, stored.counts
    return wire.Import(
        id=stored.id,
        state=stored.state.value,
        group=wish.group,
        group_id=stored.group_id,
        dry_run=wish.dry_run,
        update=wish.update,
        region=wish.region,
        file_name=wish.file_name,
        format=understood.format,
        encoding=understood.encoding,
        delimiter=understood.delimiter,
        headings=understood.headings,
        columns=[wire.ImportedColumn(name=each.name, field=each.field) for each in understood.columns],
        rows=counts.rows,
        added=counts.added,
        updated=counts.updated,
        unchanged=counts.unchanged,
        duplicates=counts.duplicates,
        rejected=counts.rejected,
        undone=stored.undone,
        error=stored.error,
        created_at=stored.created_at,
        finished_at=stored.finished_at,
    )
