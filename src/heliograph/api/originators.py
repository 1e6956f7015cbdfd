"""Operations on originators: those that an account asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.domain import directory
from heliograph.domain.accounts import Scope
from heliograph.domain.bounded import count_in
from heliograph.domain.errors import InvalidField, NotFound
from heliograph.doors import Call, Operation


class Originators(NativeResource):
    operations = (
        Operation(
            name="list_originators",
            method="GET",
            path="/originators",
            scope=Scope.MESSAGES_READ,
            response=wire.Originators,
            summary="List the originators that were asked for, newest first",
        ),
        Operation(
            name="create_originator",
            method="POST",
            path="/originators",
            scope=Scope.ACCOUNT,
            request=wire.NewOriginator,
            response=wire.Originator,
            status=201,
            summary="Ask for an originator",
        ),
        Operation(
            name="delete_originator",
            method="DELETE",
            path="/originators/{originator_number}",
            scope=Scope.ACCOUNT,
            status=204,
            summary="Give an originator back",
        ),
    )

    async def list_originators(self, call: Call[None, None]) -> wire.Originators:
        now = datetime.now(UTC)
        found = await self._services.originators.all(call.account)
        return wire.Originators(items=[shown_originator(each, now) for each in found])

    async def create_originator(self, call: Call[None, wire.NewOriginator]) -> wire.Originator:
        try:
            made = await self._services.originators.create(call.account, call.body.originator)
        except InvalidField as error:
            raise InvalidField(error.message, field="originator") from error
        return shown_originator(made, datetime.now(UTC))

    async def delete_originator(self, call: Call[None, None]) -> None:
        number = count_in(call.path["originator_number"])
        if number is None:
            raise NotFound(f"There is no originator {call.path['originator_number']!r} in this account.")
        await self._services.originators.delete(call.account, number)


def shown_originator(stored: directory.Originator, now: datetime) -> wire.Originator:
    return wire.Originator(
        number=stored.number, originator=stored.value, approved=stored.approved(now), created_at=stored.created_at
    )
