"""Who is not written to any more."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.protocols.smscx.wire.common import Paging, Wire


class OptoutsInfo(Wire):
    id: str
    link: str
    total: int


class OptoutRow(Wire):
    id: int
    phone_number: str
    country_iso: str
    optout_from: str
    datetime: str
    campaign_id: str | None
    group_id: str | None
    group_name: str | None
    campaign_name: str | None


class OptoutList(Wire):
    info: OptoutsInfo
    data: Sequence[OptoutRow]
    paging: Paging


class DeletedOptoutInfo(Wire):
    id: str
    phone_number: str


class DeletedOptout(Wire):
    info: DeletedOptoutInfo
