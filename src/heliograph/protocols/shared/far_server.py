"""A provider's server that is asked without a client: its address, and the connections to it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from heliograph.calling import AsyncDriver, Request, Response
from heliograph.calling.calls import Call
from heliograph.calling.pooled import PooledTransport
from heliograph.calling.transport import ANSWER_S
from heliograph.protocols.shared.answers import TO_BE_MENDED_MS, refusal, unreachable

__all__ = ["TO_BE_MENDED_MS", "FarServer", "refusal", "unreachable"]  # the latter as providers of one's own know them


class FarServer:
    """A server at one address. Open it before the first request, and close it after the last."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        driver: AsyncDriver | None = None,
        answer_s: float = ANSWER_S,
    ) -> None:
        """Take the address and the headers of every request; `answer_s` is how long an answer is waited for.

        A `driver` is used instead of connections of its own.
        """
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.path = url[len(self.origin) :] or "/"
        """What follows the host in `url`."""
        self._headers = headers or {}
        self._driver = driver
        self._answer_s = answer_s

    def open(self) -> None:
        self._driver = self._driver or PooledTransport(self.origin, self._headers, answer_s=self._answer_s)

    async def ask(self, request: Request) -> Response:
        """Send a request and return the answer, whatever its status. Raises Unreachable if there is none."""
        assert self._driver is not None  # noqa: S101 - it was opened
        return await self._driver.run(_exchanged(request))

    async def close(self) -> None:
        if self._driver is not None:
            await self._driver.close()


def _exchanged(request: Request) -> Call[Response]:
    return (yield request)
