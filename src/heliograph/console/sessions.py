"""Sessions of the console, for whoever has the link that `heliograph serve` printed.

The key in that link is kept in the data directory, readable by its owner only. It opens a session: a signed cookie.
Whatever a page posts carries a token made from the session, so that no other site can post in its name.

When the key changes, the one before stands below it in the file, with until when it is good; what was signed with it
ends with it. The file is looked at again whenever it has changed.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from heliograph.calling.private_files import kept_key, write_secrets
from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms

FILE_NAME = "console.key"
COOKIE = "heliograph_session"
LASTS_S = 30 * 24 * 3600


def console_key(data_dir: Path) -> str:
    """Return the key in the link, the same at every start, made at the first. Raises SetupError if it can't be kept."""
    file = data_dir / FILE_NAME
    try:
        return kept_key(file).partition("\n")[0]
    except OSError as error:
        raise SetupError(f"The console's key {file} cannot be read: {error.strerror}.") from error


def rotated_key(data_dir: Path, grace_s: int) -> str:
    """Make another key, in force at once; the one before is good besides for `grace_s` seconds.

    Raises SetupError if there is none yet, or the file cannot be written.
    """
    file = require_console(data_dir)
    before, key = console_key(data_dir), secrets.token_urlsafe(32)
    former = f"\n{now_ms() + grace_s * 1_000} {before}" if grace_s else ""
    write_secrets(file, (key + former).encode())
    return key


def require_console(data_dir: Path) -> Path:
    """Return the file that has the console's key. Raises SetupError if there is none yet."""
    file = data_dir / FILE_NAME
    if not file.exists():
        raise SetupError(f"There is no console in {data_dir}: a sandbox makes its key at the first start.")
    return file


class ConsoleKeys:
    """The keys that are good at this moment."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FILE_NAME
        self._read_at: tuple[int, int] | None = None
        self._current, self._former, self._until = console_key(data_dir), "", 0

    def good(self) -> list[str]:
        """List them, the current one first."""
        found = self._file.stat()
        if self._read_at != (found.st_mtime_ns, found.st_ino):
            self._read_at = found.st_mtime_ns, found.st_ino
            self._current, _, rest = self._file.read_text().strip().partition("\n")
            until, _, self._former = rest.partition(" ")
            self._until = int(until or 0)
        return [self._current, self._former] if self._former and now_ms() < self._until else [self._current]


class Sessions:
    def __init__(self, keys: ConsoleKeys) -> None:
        self._keys = keys

    def _cookies(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._keys.good()[::-1], salt="session")  # it signs with the last

    def opens(self, candidate: str) -> bool:
        """Say whether this is a key that is good. Takes equally long for every wrong one."""
        return any(hmac.compare_digest(candidate.encode(), key.encode()) for key in self._keys.good())

    def begin(self, request: Request, response: Response) -> None:
        response.set_cookie(
            COOKIE,
            self._cookies().dumps(secrets.token_urlsafe(16)),
            max_age=LASTS_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def of(self, request: Request) -> str | None:
        """Return the session that a request belongs to; None if it has none that is valid."""
        try:
            session = self._cookies().loads(request.cookies.get(COOKIE, ""), max_age=LASTS_S)
        except BadSignature:
            return None
        return session if isinstance(session, str) else None

    def form_token(self, session: str) -> str:
        return _form_token(self._keys.good()[0], session)

    def posted_by(self, session: str, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        expected = [_form_token(key, session) for key in self._keys.good()]
        return any(hmac.compare_digest(each.encode(), token.encode()) for each in expected)


def _form_token(key: str, session: str) -> str:
    return str(URLSafeSerializer(key, salt="form").dumps(session))
