"""The providers of the settings file: made, and heard."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.domain.accounts import Account, new_secret
from heliograph.domain.errors import NotNow, RequestError, SetupError
from heliograph.doors.bodies import read_body
from heliograph.engine.lines import Line, LineRules
from heliograph.protocols.contract import Heard, Provider
from heliograph.protocols.provided import Surroundings
from heliograph.protocols.registry import PROVIDED
from heliograph.runtime.settings import Settings
from heliograph.store import Store
from heliograph.store.accounts import account_by_name
from heliograph.store.settings import ensure_setting

log = structlog.get_logger(__name__)

MOUNT = "/providers"
_SECRET_SETTING = "providers.callback_secret"  # noqa: S105 - its name


class Providers:
    """Those that are set up, beside the sandbox."""

    def __init__(self, lines: list[Line], secret: str, addresses: dict[str, str]) -> None:
        self.lines = lines
        self.addresses = addresses
        """Where each hears its server, by name; empty if nobody outside can reach this one."""
        self._secret = secret
        self._by_name: Mapping[str, Provider] = {line.provider.name: line.provider for line in lines}

    def route(self, max_body_bytes: int) -> Route:
        """Where their servers tell what they have to tell: `/providers/NAME/SECRET`."""

        async def hear(request: Request) -> Response:
            provider = self._by_name.get(request.path_params["name"])
            right = hmac.compare_digest(request.path_params["secret"].encode(), self._secret.encode())
            if provider is None or not right:
                return Response(status_code=404)
            try:
                body = await read_body(request, max_body_bytes)
                headers = {name.lower(): value for name, value in request.headers.items()}
                said = await provider.hear(Heard(request.method, dict(request.query_params), headers, body))
            except (NotNow, RequestError) as error:
                return Response(status_code=error.http_status)
            except Exception:
                log.exception("provider's callback failed", provider=provider.name)
                return Response(status_code=500)
            return Response(said.body, said.status, media_type=said.content_type)

        return Route(MOUNT + "/{name}/{secret}", hear, methods=["GET", "POST"])


async def ensure(settings: Settings, store: Store, first: Account) -> Providers:
    """Makes the providers of the settings. SetupError for an account that does not exist."""
    secret = await store.write(ensure_setting, _SECRET_SETTING, new_secret())
    kinds = {protocol.name: protocol for protocol in PROVIDED}
    public_url = settings.public_url.rstrip("/")
    addresses = {name: f"{public_url}{MOUNT}/{name}/{secret}" for name in settings.providers if public_url}
    lines = []
    for name, config in settings.providers.items():
        account = await store.read(account_by_name, config.account) if config.account else first
        if account is None:
            raise SetupError(f"The provider `{name}` is for an account that does not exist: {config.account!r}.")
        surroundings = Surroundings(name=name, account_id=account.id, callback_url=addresses.get(name))
        lines.append(Line(kinds[config.type].provider(config, surroundings), LineRules(config.rate)))
    return Providers(lines, secret, addresses)
