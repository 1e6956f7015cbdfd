"""A provider's server that is asked without a client: one address, and what its answers and silences mean."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from heliograph.calling import AsyncDriver, Request, Response, Unreachable
from heliograph.calling.calls import Call
from heliograph.calling.pooled import PooledTransport
from heliograph.calling.transport import ANSWER_S
from heliograph.domain.statuses import Reason
from heliograph.protocols.contract import Refused, TryAgain, Uncertain

TO_BE_MENDED_MS = 60_000
"""How long a message waits after the server did not take our credentials: somebody has to mend that."""


class FarServer:
    """Open it before the first request, and close it after the last."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        driver: AsyncDriver | None = None,
        answer_s: float = ANSWER_S,
    ) -> None:
        """A `driver` is used instead of connections of its own."""
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
        """Unreachable if there is no answer."""
        assert self._driver is not None  # noqa: S101 - it was opened
        return await self._driver.run(_exchanged(request))

    async def close(self) -> None:
        if self._driver is not None:
            await self._driver.close()


def _exchanged(request: Request) -> Call[Response]:
    return (yield request)


def unreachable(error: Unreachable) -> TryAgain | Uncertain:
    """What became of messages whose request got no answer."""
    return Uncertain(str(error)) if error.written else TryAgain(detail=str(error))


def refusal(response: Response, code: str | None = None, detail: str | None = None) -> Refused | TryAgain | Uncertain:
    """What an answer with an HTTP status other than success means, where the server's own code says no more.

    A server that is overloaded (429) or not there (503) has taken nothing; one that failed may have.
    """
    code, status = code or str(response.status), response.status
    if status in {401, 403, 407}:
        return TryAgain(TO_BE_MENDED_MS, code, detail)
    if status in {429, 503}:
        return TryAgain(_after_ms(response), code, detail, blames_provider=status == 503)
    if status >= 500:
        return Uncertain(detail or f"The server answered {status}.")
    return Refused(Reason.PROVIDER_REFUSED, code, detail)


def _after_ms(response: Response) -> int | None:
    seconds = response.headers.get("retry-after", "")
    return int(seconds) * 1_000 if seconds.isascii() and seconds.isdigit() else None
