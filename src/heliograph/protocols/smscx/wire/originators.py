"""Originators of an account."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.protocols.smscx.wire.common import Wire


class NewOriginator(Wire):
    originator: str


class OriginatorInfo(Wire):
    id: int
    originator: str


class OriginatorReply(Wire):
    info: OriginatorInfo


class OriginatorRow(Wire):
    id: int
    originator: str
    is_default: bool
    approved: bool
    created_at: str


class OriginatorList(Wire):
    data: Sequence[OriginatorRow]
