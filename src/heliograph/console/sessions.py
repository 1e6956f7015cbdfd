"""Sessions of the console, for whoever has the link that `heliograph serve` printed.

The key in that link is kept in the data directory, readable by its owner only. It opens a session: a signed cookie.
Whatever a page posts carries a token made from the session, so that no other site can post in its name.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from heliograph.calling.private_files import kept_key
from heliograph.domain.errors import SetupError

FILE_NAME = "console.key"
COOKIE = "heliograph_session"
LASTS_S = 30 * 24 * 3600


def console_key(data_dir: Path) -> str:
    """Return the key in the link, the same at every start, made at the first. Raises SetupError if it can't be kept."""
    file = data_dir / FILE_NAME
    try:
        return kept_key(file)
    except OSError as error:
        raise SetupError(f"The console's key {file} cannot be read: {error.strerror}.") from error


class Sessions:
    def __init__(self, key: str) -> None:
        self._key = key
        self._cookies = URLSafeTimedSerializer(key, salt="session")
        self._forms = URLSafeSerializer(key, salt="form")

    def opens(self, candidate: str) -> bool:
        """Say whether this is the key. Takes equally long for every wrong one."""
        return hmac.compare_digest(candidate.encode(), self._key.encode())

    def begin(self, request: Request, response: Response) -> None:
        response.set_cookie(
            COOKIE,
            self._cookies.dumps(secrets.token_urlsafe(16)),
            max_age=LASTS_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def of(self, request: Request) -> str | None:
        """Return the session that a request belongs to; None if it has none that is valid."""
        try:
            session = self._cookies.loads(request.cookies.get(COOKIE, ""), max_age=LASTS_S)
        except BadSignature:
            return None
        return session if isinstance(session, str) else None

    def form_token(self, session: str) -> str:
        return str(self._forms.dumps(session))

    def posted_by(self, session: str, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())
