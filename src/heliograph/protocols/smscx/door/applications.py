"""Applications of an account, and the tokens that they ask for."""

from __future__ import annotations

from starlette.requests import Request

from heliograph.domain.bounded import basic_credentials
from heliograph.domain.directory import Application
from heliograph.domain.errors import InvalidField, Unauthenticated
from heliograph.doors import Call
from heliograph.protocols.smscx.door.refusals import Codes, SmscxRefusal
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.door.settings import in_force
from heliograph.protocols.smscx.door.shapes import when
from heliograph.protocols.smscx.wire import applications as wire
from heliograph.protocols.smscx.wire.errors import Code

SCOPES = frozenset(
    {
        "account",
        "applications",
        "attachments",
        "conversations",
        "groups",
        "multichannel",
        "numbers",
        "optouts",
        "originators",
        "otp",
        "reports",
        "shortlinks",
        "sms",
        "templates",
        "viber",
        "whatsapp",
    }
)
"""What an application may be allowed. The vendor's examples name ten; the others follow its API classes."""


class Applications(SmscxResource):
    operations = (
        operation(
            "POST",
            "/oauth/token",
            "get_access_token",
            "Get a token for the application.",
            anybody=True,
            request=wire.TokenRequest,
            form=True,
            response=wire.TokenReply,
        ),
        operation(
            "GET",
            "/applications",
            "get_applications_list",
            "List the account's applications, newest first.",
            response=wire.ApplicationList,
        ),
        operation(
            "GET",
            "/applications/scopes",
            "get_scopes",
            "List the scopes that an application can have.",
            response=list[str],
        ),
        operation(
            "GET",
            "/applications/{application_id}",
            "get_application_settings",
            "Get the settings of an application.",
            response=wire.ApplicationSettings,
            codes=Codes(not_found=Code.APPLICATION_UNKNOWN),
        ),
    )

    async def get_access_token(self, call: Call[None, wire.TokenRequest]) -> wire.TokenReply:
        form = call.body
        if not form.grant_type:
            raise SmscxRefusal(400, "invalid_request", Code.TOKEN_REFUSED, "`grant_type` is missing.")
        if form.grant_type != "client_credentials":
            raise SmscxRefusal(
                400, "unsupported_grant_type", Code.TOKEN_REFUSED, "The only grant is client_credentials."
            )
        application_id, secret = _basic(call.request)
        scopes = form.scope.split()
        try:
            application, granted, issued = await self._services.applications.issue_token(
                application_id, secret, scopes or None
            )
        except Unauthenticated as error:
            raise SmscxRefusal(401, "invalid_client", Code.TOKEN_REFUSED, error.message) from error
        except InvalidField as error:
            raise SmscxRefusal(400, "invalid_scope", Code.TOKEN_REFUSED, error.message) from error
        return wire.TokenReply(
            access_token=issued.secret,
            expires_in=application.token_lifetime_s or 0,
            token_type="Bearer",  # noqa: S106 - the name of the scheme
            scope=" ".join(sorted(granted)),
        )

    async def get_applications_list(self, call: Call[None, None]) -> wire.ApplicationList:
        found = await self._services.applications.all(call.account)
        return wire.ApplicationList(data=[application_row(application) for application in found])

    async def get_scopes(self, call: Call[None, None]) -> list[str]:
        return sorted(SCOPES)

    async def get_application_settings(self, call: Call[None, None]) -> wire.ApplicationSettings:
        found = await self._services.applications.get(call.account, call.path["application_id"])
        return application_settings(found)


def _basic(request: Request) -> tuple[str, str]:
    found = basic_credentials(request.headers.get("authorization", ""))
    if found is None:
        raise SmscxRefusal(
            401, "invalid_client", Code.TOKEN_REFUSED, "Give the application's id and secret as HTTP Basic."
        )
    return found


_LIFETIMES = {None: "never", 86_400: "1 day", 604_800: "1 week"}


def _lifetime(seconds: int | None) -> str:
    return _LIFETIMES.get(seconds, f"{seconds} seconds")


def application_row(application: Application) -> wire.ApplicationRow:
    return wire.ApplicationRow(
        id=application.number,
        application_id=application.id,
        application_secret=application.secret,
        application_name=application.name,
        scopes=" ".join(sorted(application.scopes)),
        token_expiration=_lifetime(application.token_lifetime_s),
        created_at=when(application.created_at),
    )


def application_settings(application: Application) -> wire.ApplicationSettings:
    row = application_row(application)
    return wire.ApplicationSettings(
        application_id=row.application_id,
        name=row.application_name,
        scopes=row.scopes,
        token_expiration=row.token_expiration,
        settings=in_force(application),
    )
