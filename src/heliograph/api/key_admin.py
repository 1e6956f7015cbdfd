"""Operations on the keys of all accounts, for those who run the installation."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.domain.accounts import Scope
from heliograph.domain.keys import KeyRecord
from heliograph.doors import Call, Operation
from heliograph.services.keys import MadeKey


class KeyAdmin(NativeResource):
    operations = (
        Operation(
            name="list_keys",
            method="GET",
            path="/keys",
            scope=Scope.ADMIN,
            query=wire.KeyQuery,
            response=wire.KeyPage,
            summary="List keys, newest first, with their last use",
        ),
        Operation(
            name="create_key",
            method="POST",
            path="/keys",
            scope=Scope.ADMIN,
            request=wire.CreateKey,
            response=wire.MadeKey,
            status=201,
            summary="Make a key of an account for one protocol",
        ),
        Operation(
            name="get_key",
            method="GET",
            path="/keys/{key_id}",
            scope=Scope.ADMIN,
            response=wire.KeyInfo,
            summary="Read a key, without its secret",
        ),
        Operation(
            name="rotate_key",
            method="POST",
            path="/keys/{key_id}/rotate",
            scope=Scope.ADMIN,
            request=wire.RotateKey,
            may_be_empty=True,
            response=wire.MadeKey,
            summary="Give a key another secret",
        ),
        Operation(
            name="revoke_key",
            method="DELETE",
            path="/keys/{key_id}",
            scope=Scope.ADMIN,
            status=204,
            summary="End a key, in every process within two seconds",
        ),
    )

    async def list_keys(self, call: Call[wire.KeyQuery, None]) -> wire.KeyPage:
        query = call.query
        account = None if query.account is None else await self._services.accounts.named(query.account)
        found = await self._services.keys.page(account, limit=query.limit, before=query.before)
        return page(wire.KeyPage, [self._shown(key) for key in found], query.limit)

    async def create_key(self, call: Call[None, wire.CreateKey]) -> wire.MadeKey:
        body = call.body
        account = await self._services.accounts.named(body.account)
        made = await self._services.keys.create(
            account, body.protocol, scopes=body.scopes, networks=body.networks, expires_at=body.expires_at
        )
        return shown_made(made)

    async def get_key(self, call: Call[None, None]) -> wire.KeyInfo:
        return self._shown(await self._services.keys.get(call.path["key_id"]))

    async def rotate_key(self, call: Call[None, wire.RotateKey]) -> wire.MadeKey:
        return shown_made(await self._services.keys.rotate(call.path["key_id"], call.body.grace_s))

    async def revoke_key(self, call: Call[None, None]) -> None:
        await self._services.keys.revoke(call.path["key_id"])

    def _shown(self, key: KeyRecord) -> wire.KeyInfo:
        return wire.KeyInfo(
            id=key.id,
            account_id=key.account_id,
            account=key.account_name,
            protocol=self._services.keys.protocol_of(key),
            name=key.public_id,
            state=key.state.value,
            scopes=sorted(key.scopes),
            networks=key.networks,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            grace_until=key.grace_until,
            last_used_at=key.last_used_at,
            last_used_from=key.last_used_from,
        )


def shown_made(made: MadeKey) -> wire.MadeKey:
    return wire.MadeKey(id=made.id, protocol=made.protocol, **made.parts)
