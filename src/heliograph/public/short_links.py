"""Short addresses as they are followed: behind each is a redirect, or a file.

An ASGI application of its own instead of routes: this is what recipients of campaigns call, thousands at once.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from heliograph.domain.instants import now_ms
from heliograph.domain.links import Click, LinkKind, is_preview, with_query, without_last_part
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.public.pages import no_link_page
from heliograph.services.links import Links

SHORT = "/l"
"""The path of short addresses, if they have no domain of their own."""
FILES = "/f"
LONGEST_KEPT = 500
"""How many bytes of each header are kept of a hit."""
_REDIRECT = (
    (b"content-length", b"0"),
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
)
_PURPOSES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_NEVER_RUN = "default-src 'none'; sandbox"
_SHOWN = {"application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "text/plain"}
"""Types of files that a browser may show; anything else is saved."""


def link_routes(links: Links) -> list[BaseRoute]:
    """Make the routes for everybody who has a short address or a file's."""
    return [
        Mount(SHORT, Redirects(links)),
        Route(FILES + "/{key}", _Files(links).answer, methods=["GET", "HEAD"]),
    ]


class OwnDomain:
    """The whole server, with short addresses at the root of a domain of their own."""

    def __init__(self, app: ASGIApp, link_url: str, links: Links) -> None:
        self._app = app
        self._redirects = Redirects(links)
        parts = urlsplit(link_url)
        self._host = parts.netloc.lower().encode()
        self._path = parts.path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and dict(scope["headers"]).get(b"host", b"").lower() == self._host:
            path: str = scope["path"]
            if path.startswith(f"{self._path}/") and not path.startswith(f"{FILES}/"):
                await self._redirects({**scope, "root_path": self._path}, receive, send)
                return
        await self._app(scope, receive, send)


class Redirects:
    """The application behind `/ID` and `/ID/TOKEN`: sends whoever asks on, and notes it.

    Only GET counts: what looks at an address without following it asks with HEAD.
    """

    def __init__(self, links: Links) -> None:
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        link_id, _, token = scope["path"].removeprefix(scope["root_path"]).strip("/").partition("/")
        link = await self._links.followed(link_id) if link_id.isalnum() and link_id.isascii() else None
        if link is None or scope["method"] not in {"GET", "HEAD"}:
            await HTMLResponse(no_link_page(), 404, PAGE_HEADERS)(scope, receive, send)
            return
        if scope["method"] == "GET":
            self._links.note(_click(link.id, token, scope))
        target = link.target
        if link.kind is LinkKind.ATTACHMENT:
            target = f"{FILES}/{link.target}"
        elif link.passes_query:
            target = with_query(target, scope["query_string"].decode("latin-1"))
        headers = [(b"location", quote(target, safe="%/:=&?~#+!$,;'@()*[]").encode()), *_REDIRECT]
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _click(link_id: str, token: str, scope: Scope) -> Click:
    headers = dict(scope["headers"])

    def kept(name: bytes) -> str | None:
        value = headers.get(name)
        return None if not value else value[:LONGEST_KEPT].decode("latin-1").replace("\0", "")

    client = scope.get("client")
    return Click(
        link_id,
        token if token.isalnum() and token.isascii() else None,
        now_ms(),
        kept(b"user-agent"),
        None if client is None else without_last_part(client[0]),
        kept(b"accept-language"),
        kept(b"referer"),
        is_preview(kept(b"user-agent"), filter(None, map(kept, _PURPOSES))),
    )


class _Files:
    def __init__(self, links: Links) -> None:
        self._links = links

    async def answer(self, request: Request) -> Response:
        """Answer with a file, in a way that no browser takes it for anything that it is not."""
        found = await self._links.file(request.path_params["key"])
        if found is None:
            return HTMLResponse(no_link_page(), 404, PAGE_HEADERS)
        link, content = found
        disposition = "inline" if link.media_type in _SHOWN else "attachment"
        ending = link.target.rpartition(".")[2]
        headers = {
            "Content-Length": str(link.size),
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(f'{link.name}.{ending}', safe='')}",
            "Content-Security-Policy": _NEVER_RUN,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, max-age=3600",
            "X-Robots-Tag": "noindex",
        }
        if request.method == "HEAD":
            return Response(None, 200, headers, link.media_type)
        return StreamingResponse(content, 200, headers, link.media_type)
