"""Sessions of the console, for whoever has the link that `heliograph serve` printed.

The key in that link opens a session: a signed cookie. Whatever a page posts carries a token made from the session, so
that no other site can post in its name. What was signed with a key ends with it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "heliograph_session"
LASTS_S = 30 * 24 * 3600

GoodKeys = Callable[[], Awaitable[Sequence[str]]]
"""Lists the keys that are good at this moment, the current one first."""


class Sessions:
    def __init__(self, good_keys: GoodKeys, on_refused: Callable[[], None]) -> None:
        """Open sessions by keys; `on_refused` is called for each that is not good."""
        self._good_keys = good_keys
        self._on_refused = on_refused

    async def _cookies(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer((await self._good_keys())[::-1], salt="session")  # it signs with the last

    async def opens(self, candidate: str) -> bool:
        """Say whether this is a key that is good. Takes equally long for every wrong one."""
        good = any(hmac.compare_digest(candidate.encode(), key.encode()) for key in await self._good_keys())
        if not good:
            self._on_refused()
        return good

    async def begin(self, request: Request, response: Response) -> None:
        response.set_cookie(
            COOKIE,
            (await self._cookies()).dumps(secrets.token_urlsafe(16)),
            max_age=LASTS_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    async def of(self, request: Request) -> str | None:
        """Return the session that a request belongs to; None if it has none that is valid."""
        try:
            session = (await self._cookies()).loads(request.cookies.get(COOKIE, ""), max_age=LASTS_S)
        except BadSignature:
            return None
        return session if isinstance(session, str) else None

    async def form_token(self, session: str) -> str:
        return _form_token((await self._good_keys())[0], session)

    async def posted_by(self, session: str, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        expected = [_form_token(key, session) for key in await self._good_keys()]
        return any(hmac.compare_digest(each.encode(), token.encode()) for each in expected)


def _form_token(key: str, session: str) -> str:
    return str(URLSafeSerializer(key, salt="form").dumps(session))
