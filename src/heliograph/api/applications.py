"""Operations on applications: programs that act for the account by access tokens of SMS.CX."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.domain.accounts import Scope
from heliograph.domain.directory import Application
from heliograph.doors import Call, Operation


class Applications(NativeResource):
    operations = (
        Operation(
            name="list_applications",
            method="GET",
            path="/applications",
            scope=Scope.ACCOUNT,
            response=wire.Applications,
            summary="List applications, newest first",
        ),
        Operation(
            name="create_application",
            method="POST",
            path="/applications",
            scope=Scope.ACCOUNT,
            request=wire.NewApplication,
            response=wire.Application,
            status=201,
            summary="Make an application of SMS.CX",
        ),
        Operation(
            name="change_application",
            method="PATCH",
            path="/applications/{application_id}",
            scope=Scope.ACCOUNT,
            request=wire.ChangeApplication,
            response=wire.Application,
            summary="Change an application, or some of its settings",
        ),
        Operation(
            name="delete_application",
            method="DELETE",
            path="/applications/{application_id}",
            scope=Scope.ACCOUNT,
            status=204,
            summary="Delete an application with its tokens",
        ),
    )

    async def list_applications(self, call: Call[None, None]) -> wire.Applications:
        found = await self._services.applications.all(call.account)
        return wire.Applications(items=[shown_application(each) for each in found])

    async def create_application(self, call: Call[None, wire.NewApplication]) -> wire.Application:
        body = call.body
        made = await self._services.applications.put(
            call.account,
            body.name,
            body.scopes,
            token_lifetime_s=body.token_lifetime_s,
            settings=body.settings,
        )
        return shown_application(made)

    async def change_application(self, call: Call[None, wire.ChangeApplication]) -> wire.Application:
        body = call.body
        changed = await self._services.applications.change(
            call.account,
            call.path["application_id"],
            name=body.name,
            scopes=body.scopes,
            settings=body.settings,
        )
        return shown_application(changed)

    async def delete_application(self, call: Call[None, None]) -> None:
        await self._services.applications.delete(call.account, call.path["application_id"])


def shown_application(stored: Application) -> wire.Application:
    return wire.Application(
        id=stored.id,
        name=stored.name,
        secret=stored.secret,
        scopes=sorted(stored.scopes),
        token_lifetime_s=stored.token_lifetime_s,
        settings=dict(stored.settings),
        created_at=stored.created_at,
    )
