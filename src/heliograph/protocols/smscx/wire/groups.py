"""Groups of contacts."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.protocols.smscx.wire.common import Paging, Wire
from heliograph.protocols.smscx.wire.contacts import ContactRow


class NewGroup(Wire):
    name: str


class Named(Wire):
    id: int
    name: str


class NamedReply(Wire):
    info: Named


class DeletedGroupInfo(Named):
    total_phone_numbers: int


class DeletedGroup(Wire):
    info: DeletedGroupInfo


class GroupRow(Wire):
    id: int
    name: str
    total_phone_numbers: int
    total_cost: float
    total_optouts: int
    created_at: str


class GroupList(Wire):
    data: Sequence[GroupRow]


class GroupDetails(Wire):
    info: GroupRow
    data: Sequence[ContactRow]
    paging: Paging
