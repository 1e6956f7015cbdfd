"""Downloads: a ZIP with one CSV file in it. What the vendor calls its columns is not documented; these are ours."""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncIterator, Sequence

from starlette.responses import StreamingResponse

from heliograph.services.exports import Cell, as_csv

BLACKLIST_HEADER = ("tel", "date")
CAMPAIGN_HEADER = ("tel", "emetteur", "sms", "date", "statut", "smslong", "tracker")
_IN_MEMORY = 1024 * 1024
_READ_AT_ONCE = 256 * 1024


def zipped(
    name: str, header: Sequence[str], chunks: AsyncIterator[Sequence[Sequence[Cell]]], *, bom: bool
) -> StreamingResponse:
    """Stream rows as a CSV file inside a ZIP.

    `name` is that of both files, without an ending; with `bom` the inner one begins with a byte order mark.
    """
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(
        _blocks(name, as_csv(header, chunks, bom=bom)), media_type="application/zip", headers=headers
    )


async def _blocks(name: str, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the ZIP in blocks. It is written first, on disk if it is large: a ZIP ends with its table of contents."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(f"{name}.csv", "w") as inside:
            async for block in content:
                await asyncio.to_thread(inside.write, block)
        file.seek(0)
        while block := await asyncio.to_thread(file.read, _READ_AT_ONCE):
            yield block
