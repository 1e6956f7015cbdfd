"""Answers that are files, written as they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response, StreamingResponse

from heliograph.services.exports import Cell, as_csv, as_xlsx

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON_LINES = "application/jsonl"

Download = Response
"""An answer that is a file."""
Chunks = AsyncIterator[Sequence[Sequence[Cell]]]


def download(name: str, suffix: str, media_type: str, content: AsyncIterator[bytes]) -> Download:
    """Answer with a file that a browser saves under `name`, and never shows."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


def csv_download(name: str, header: Sequence[str], chunks: Chunks, *, bom: bool) -> Download:
    return download(name, "csv", CSV, as_csv(header, chunks, bom=bom))


def xlsx_download(name: str, header: Sequence[str], chunks: Chunks) -> Download:
    return download(name, "xlsx", XLSX, as_xlsx(header, chunks))
