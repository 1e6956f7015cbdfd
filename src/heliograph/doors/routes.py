"""Routes: what answers at an address, found in one look where the address has no parameters in it.

Why not Starlette's router: it tries one pattern after the other, copies the scope for each that fits, and is nested
once for each mount. Of a request to send one message that was a tenth of all the time that HTTP took.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """What answers at an address."""

    target: T
    parameters: Mapping[str, str]


class _Pattern(NamedTuple, Generic[T]):
    method: str
    path: re.Pattern[str]
    target: T


class Routes(Generic[T]):
    """A table of what answers at which method and path. Where two fit, it is the first one."""

    def __init__(self, table: Sequence[tuple[str, str, T]]) -> None:
        """Take methods, paths with `{names}` for what has no slash in it, and what answers there.

        What answers GET answers HEAD, too.
        """
        self._patterns = [
            _Pattern(each, compile_path(path)[0], target)
            for method, path, target in table
            for each in ((method, "HEAD") if method == "GET" else (method,))
        ]
        plain = {path for _, path, _ in table if "{" not in path}
        methods = {pattern.method for pattern in self._patterns}
        self._at_once = {
            (method, path): found for method in methods for path in plain if (found := self._search(method, path))
        }

    def find(self, method: str, path: str) -> Found[T] | None:
        """Return what answers; None if nothing does."""
        return self._at_once.get((method, path)) or self._search(method, path)

    def _search(self, method: str, path: str) -> Found[T] | None:
        for pattern in self._patterns:
            if pattern.method == method and (match := pattern.path.match(path)) is not None:
                return Found(pattern.target, match.groupdict())
        return None

    def methods_at(self, path: str) -> set[str]:
        """Return the methods that are answered at an address."""
        return {pattern.method for pattern in self._patterns if pattern.path.match(path)}


class Mounts:
    """Applications at addresses of one part, such as `/v1`, found in one look; whatever else is asked goes on."""

    def __init__(self, applications: Mapping[str, ASGIApp], others: ASGIApp, *, kept: Sequence[str] = ()) -> None:
        """Hand what is asked below each address to its application, but for what is `kept` for the others."""
        self._applications = applications
        self.others = others
        self._kept = frozenset(kept)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        end = path.find("/", 1)
        application = (
            None if end < 0 or path in self._kept or scope["root_path"] else self._applications.get(path[:end])
        )
        if application is None:
            await self.others(scope, receive, send)
        else:
            scope["root_path"] = path[:end]
            await application(scope, receive, send)
