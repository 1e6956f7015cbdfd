"""Files that are sent as short addresses."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.protocols.smscx.wire.common import Paging, Wire
from heliograph.protocols.smscx.wire.hits import HitRow


class AttachmentRow(Wire):
    id: str
    name: str
    short_url: str
    file_url: str
    file_type: str
    hits: int
    date_created: str


class AttachmentList(Wire):
    data: Sequence[AttachmentRow]


class AttachmentHits(Wire):
    info: AttachmentRow
    data: Sequence[HitRow]
    paging: Paging
