"""The page behind an opt-out link: one button, because a link that is only looked at must change nothing.

Phones and mail scanners open links by themselves to show what is behind them; only the form says yes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from heliograph.domain.consent_links import PATH
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.public.pages import optout_page
from heliograph.services.optouts import OptOuts


def optout_routes(optouts: OptOuts) -> list[BaseRoute]:
    """Make the routes for everybody who has an opt-out link."""
    return [
        Route(f"{PATH}/{{page}}", _without_number, methods=["GET"]),
        Route(f"{PATH}/{{page}}/{{token}}", _page(optouts), methods=["GET", "POST"]),
    ]


async def _without_number(_request: Request) -> Response:
    return HTMLResponse(optout_page("no_number", None), 200, PAGE_HEADERS)


def _page(optouts: OptOuts) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        found = await optouts.asked_by_link(request.path_params["page"], request.path_params["token"])
        if found is None:
            return HTMLResponse(optout_page("unknown", None), 404, PAGE_HEADERS)
        account, msisdn = found
        if request.method == "POST":
            await optouts.add_by_link(account, msisdn)
            return HTMLResponse(optout_page("done", msisdn), 200, PAGE_HEADERS)
        return HTMLResponse(optout_page("asked", msisdn), 200, PAGE_HEADERS)

    return page
