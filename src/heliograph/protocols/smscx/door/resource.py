"""What the resources of the SMS.CX door have in common: rows of a table of operations, and answers that are files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from heliograph.doors import AnyCall, Call, Operation, Resource
from heliograph.doors.downloads import Chunks, csv_download, xlsx_download
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import reading
from heliograph.protocols.smscx.door.refusals import NO_CODES, Codes
from heliograph.protocols.smscx.wire import common
from heliograph.services.services import Services

PROTOCOL = "smscx"


class SmscxOperation(Operation, frozen=True, kw_only=True):
    """An operation with the codes that its errors have."""

    codes: Codes = NO_CODES


def operation(
    method: str,
    path: str,
    name: str,
    summary: str,
    *,
    query: type[msgspec.Struct] | None = None,
    request: Any = None,
    response: Any = None,
    status: int = 200,
    form: bool = False,
    may_be_empty: bool = False,
    anybody: bool = False,
    codes: Codes = NO_CODES,
) -> SmscxOperation:
    """Describe one row of a table.

    The name is the published client's (reference: section 8); the summary is what our client says of the operation. Who
    asks needs the scope that the path begins with, unless `anybody` may ask.
    """
    return SmscxOperation(
        method=method,
        path=path,
        name=name,
        scope=None if anybody else path.split("/")[1],
        summary=summary,
        query=query,
        request=request,
        response=response,
        status=status,
        form=form,
        may_be_empty=may_be_empty,
        codes=codes,
    )


def exports(
    path: str,
    name: str,
    summary: str,
    *,
    query: type[common.ExportQuery | wire.reports.ReportExportQuery] = common.ExportQuery,
    codes: Codes = NO_CODES,
) -> tuple[SmscxOperation, SmscxOperation]:
    """Describe the two rows of what is answered as a file; `summary` lacks the kind of file."""
    csv, xlsx = (
        operation(
            "GET",
            f"{path}/{suffix}",
            f"export_{name}_to_{suffix}",
            f"{summary} as {suffix.upper()}.",
            query=query,
            codes=codes,
        )
        for suffix in ("csv", "xlsx")
    )
    return csv, xlsx


class Places(NamedTuple):
    """The addresses by which recipients reach this server."""

    base_url: str
    short_url: str


class SmscxResource(Resource):
    """The operations of one or two of the vendor's API classes."""

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        self._services = services
        self._settings = settings

    def places(self, call: AnyCall) -> Places:
        """Return the addresses by which recipients of messages reach this server."""
        return Places(self._settings.base_url(call.request), self._settings.short_url(call.request))


def csv_file(
    call: Call[common.ExportQuery | wire.reports.ReportExportQuery, None],
    name: str,
    header: Sequence[str],
    chunks: Chunks,
) -> Response:
    return csv_download(name, header, chunks, bom=reading.flag(call.query.bom))


def xlsx_file(name: str, header: Sequence[str], chunks: Chunks) -> Response:
    return xlsx_download(name, header, chunks)
