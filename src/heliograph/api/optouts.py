"""Operations on opt-outs: numbers that must not be written to."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.domain import optouts
from heliograph.domain.accounts import Scope
from heliograph.doors import Call, Operation
from heliograph.numbers import with_plus


class OptOuts(NativeResource):
    operations = (
        Operation(
            name="list_optouts",
            method="GET",
            path="/optouts",
            scope=Scope.OPTOUTS_READ,
            query=wire.OptOutQuery,
            response=wire.OptOutPage,
            summary="List the numbers that must not be written to",
        ),
        Operation(
            name="add_optout",
            method="PUT",
            path="/optouts/{number}",
            scope=Scope.OPTOUTS_WRITE,
            status=204,
            summary="Never write to a number again",
        ),
        Operation(
            name="remove_optout",
            method="DELETE",
            path="/optouts/{number}",
            scope=Scope.OPTOUTS_WRITE,
            status=204,
            summary="Allow a number to be written to again",
        ),
    )

    async def list_optouts(self, call: Call[wire.OptOutQuery, None]) -> wire.OptOutPage:
        query = call.query
        after = None if query.after is None else query.after.removeprefix("+")
        found = await self._services.optouts.page(call.account, limit=query.limit, after=after)
        following_page = with_plus(found[-1].msisdn) if len(found) == query.limit else None
        return wire.OptOutPage(items=[shown_optout(entry) for entry in found], next=following_page)

    async def add_optout(self, call: Call[None, None]) -> None:
        await self._services.optouts.add(call.account, call.path["number"])

    async def remove_optout(self, call: Call[None, None]) -> None:
        await self._services.optouts.remove(call.account, call.path["number"])


def shown_optout(stored: optouts.OptOut) -> wire.OptOut:
    return wire.OptOut(number=with_plus(stored.msisdn), source=stored.source.value, created_at=stored.created_at)
