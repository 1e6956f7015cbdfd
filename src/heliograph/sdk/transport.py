"""Driving calls over HTTP: the only place in the SDK that knows a transport."""

from __future__ import annotations

from typing import TypeVar

import httpx2

from heliograph import __version__
from heliograph.sdk.calls import Call, Request, Response, Unreachable
from heliograph.sdk.connection import NoConnection

T = TypeVar("T")

CONNECT_S = 10.0
ANSWER_S = 30.0


def _headers(token: str) -> dict[str, str]:
    """NoConnection for what can't stand in a header."""
    if not (token.isascii() and token.isprintable()):
        raise NoConnection("The token has characters that no token has.")
    return {"Authorization": f"Bearer {token}", "User-Agent": f"heliograph-python/{__version__}"}


def _address(base_url: str) -> httpx2.URL:
    """NoConnection for what is no address."""
    try:
        return httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise NoConnection(f"{base_url!r} is not an address of a server: {error}.") from error


def _unreachable(address: httpx2.URL, error: httpx2.TransportError) -> Unreachable:
    return Unreachable(f"{address} can't be reached: {str(error).rstrip('.')}.")


def _arguments(request: Request) -> dict[str, object]:
    arguments: dict[str, object] = {
        "params": dict(request.query),
        "timeout": httpx2.Timeout(ANSWER_S + request.waits_s, connect=CONNECT_S),
    }
    if request.body is not None:
        arguments |= {"content": request.body, "headers": {"Content-Type": "application/json"}}
    return arguments


class SyncTransport:
    def __init__(self, base_url: str, token: str) -> None:
        self._client = httpx2.Client(base_url=_address(base_url), headers=_headers(token))

    def run(self, call: Call[T]) -> T:
        """Unreachable if the server is; whatever the call raises otherwise."""
        request = next(call)
        while True:
            try:
                answer = self._client.request(request.method, request.path, **_arguments(request))  # type: ignore[arg-type]
            except httpx2.TransportError as error:
                raise _unreachable(self._client.base_url, error) from error
            try:
                request = call.send(Response(answer.status_code, answer.content))
            except StopIteration as finished:
                result: T = finished.value
                return result

    def close(self) -> None:
        self._client.close()


class AsyncTransport:
    def __init__(self, base_url: str, token: str) -> None:
        self._client = httpx2.AsyncClient(base_url=_address(base_url), headers=_headers(token))

    async def run(self, call: Call[T]) -> T:
        """Unreachable if the server is; whatever the call raises otherwise."""
        request = next(call)
        while True:
            try:
                answer = await self._client.request(request.method, request.path, **_arguments(request))  # type: ignore[arg-type]
            except httpx2.TransportError as error:
                raise _unreachable(self._client.base_url, error) from error
            try:
                request = call.send(Response(answer.status_code, answer.content))
            except StopIteration as finished:
                result: T = finished.value
                return result

    async def close(self) -> None:
        await self._client.aclose()
