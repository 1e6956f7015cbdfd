"""Erasing one person's number: an account from its own data, those who run the installation from all."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.domain.accounts import Scope
from heliograph.doors import Call, Operation
from heliograph.services.erasure import Erased


class Erasures(NativeResource):
    operations = (
        Operation(
            name="erase_own",
            method="POST",
            path="/account/erasures",
            scope=Scope.ACCOUNT,
            request=wire.EraseOwn,
            response=wire.Erasure,
            summary="Erase a number from all that the account has; its opt-out stays",
        ),
        Operation(
            name="list_erasures",
            method="GET",
            path="/account/erasures",
            scope=Scope.ACCOUNT,
            query=wire.ErasuresQuery,
            response=wire.PastErasures,
            summary="List the erasures from the account's own data, newest first",
        ),
        Operation(
            name="erase",
            method="POST",
            path="/erasures",
            scope=Scope.ADMIN,
            request=wire.Erase,
            response=wire.Erasure,
            summary="Erase a number from the data of all accounts, or of one",
        ),
    )

    async def erase_own(self, call: Call[None, wire.EraseOwn]) -> wire.Erasure:
        body, account = call.body, call.account
        found = await self._services.erasures.erase(
            body.number, account, region=account.default_region, dry_run=body.dry_run
        )
        return _shown(found)

    async def list_erasures(self, call: Call[wire.ErasuresQuery, None]) -> wire.PastErasures:
        found = await self._services.erasures.past(call.account, call.query.limit)
        return wire.PastErasures(
            items=[
                wire.PastErasure(at=one.at, rows=one.rows, canceled=one.canceled, optouts_kept=one.optouts)
                for one in found
            ]
        )

    async def erase(self, call: Call[None, wire.Erase]) -> wire.Erasure:
        body = call.body
        account = None if body.account is None else await self._services.accounts.named(body.account)
        found = await self._services.erasures.erase(
            body.number, account, dry_run=body.dry_run, forget_optouts=body.forget_optouts
        )
        return _shown(found)


def _shown(found: Erased) -> wire.Erasure:
    return wire.Erasure(
        rows=found.rows, canceled=found.canceled, on_their_way=found.on_their_way, optouts_kept=found.optouts
    )
