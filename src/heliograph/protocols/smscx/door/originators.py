"""Originators: asked for, listed, and given back."""

from __future__ import annotations

from datetime import UTC, datetime

from heliograph.domain.directory import Originator
from heliograph.doors import Call
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import Codes
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import originators as wire
from heliograph.protocols.smscx.wire.errors import Code


class Originators(SmscxResource):
    operations = (
        operation(
            "GET",
            "/originators",
            "get_originators_list",
            "List the account's originators, newest first.",
            response=wire.OriginatorList,
        ),
        operation(
            "POST",
            "/originators",
            "create_originator",
            "Ask for an originator: 3 to 11 letters and digits, or 3 to 15 digits.",
            request=wire.NewOriginator,
            response=wire.OriginatorReply,
            status=201,
            codes=Codes(
                taken=Code.ORIGINATOR_TAKEN,
                fields={
                    "originator": (Code.ORIGINATOR_MISSING, Code.ORIGINATOR_CHARACTERS),
                    "originator_letters": Code.ORIGINATOR_LETTERS_LENGTH,
                    "originator_digits": Code.ORIGINATOR_DIGITS_LENGTH,
                },
            ),
        ),
        operation(
            "DELETE",
            "/originators/{originator_id}",
            "delete_originator",
            "Give an originator back.",
            response=wire.OriginatorReply,
            codes=Codes(not_found=Code.ORIGINATOR_UNKNOWN),
        ),
    )

    async def get_originators_list(self, call: Call[None, None]) -> wire.OriginatorList:
        now = datetime.now(UTC)
        default = call.account.default_originator
        found = await self._services.originators.all(call.account)
        return wire.OriginatorList(data=[_row(each, default, now) for each in found])

    async def create_originator(self, call: Call[None, wire.NewOriginator]) -> wire.OriginatorReply:
        made = await self._services.originators.create(call.account, call.body.originator)
        return wire.OriginatorReply(info=wire.OriginatorInfo(id=made.number, originator=made.value))

    async def delete_originator(self, call: Call[None, None]) -> wire.OriginatorReply:
        number = reading.number(call.path["originator_id"])
        gone = await self._services.originators.delete(call.account, number)
        return wire.OriginatorReply(info=wire.OriginatorInfo(id=gone.number, originator=gone.value))


def _row(originator: Originator, default: str | None, now: datetime) -> wire.OriginatorRow:
    return wire.OriginatorRow(
        id=originator.number,
        originator=originator.value,
        is_default=originator.value == default,
        approved=originator.approved(now),
        created_at=shapes.when(originator.created_at),
    )
