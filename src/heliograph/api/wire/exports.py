"""Everything in a list as a file."""

from __future__ import annotations

from typing import Literal

import msgspec

from heliograph.api.wire.messages import MessageFilter

ExportFormat = Literal["csv", "xlsx", "jsonl"]


class ExportQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    format: ExportFormat = "csv"
    """`csv`, `xlsx`, or `jsonl`: a JSON object in each line."""
    bom: bool = False
    """Whether CSV begins with a byte order mark, without which Excel reads it in the alphabet of its country."""


class MessageExportQuery(MessageFilter, forbid_unknown_fields=True, kw_only=True):
    format: ExportFormat = "csv"
    """`csv`, `xlsx`, or `jsonl`: a JSON object in each line."""
    bom: bool = False
    """Whether CSV begins with a byte order mark, without which Excel reads it in the alphabet of its country."""
