"""Driving calls over HTTP, for an application that calls now and then; `pooled.py` is for many calls at once."""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar
from urllib.request import getproxies

import anyio
import httpx2

from heliograph import __version__
from heliograph.calling.calls import Call, Request, Response, Unreachable
from heliograph.calling.written import note_written

T = TypeVar("T")

CONNECT_S = 10.0
ANSWER_S = 30.0
_SENT_AT_ONCE = 256 * 1024
USER_AGENT = f"heliograph-python/{__version__}"

#: What httpx2 raises before it has written anything.
_NOT_WRITTEN = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)


class InvalidAddress(ValueError):
    """The base URL is not the address of a server."""


HttpClient = httpx2.Client
AsyncHttpClient = httpx2.AsyncClient


class AsyncDriver(ABC):
    """The driver that an asynchronous client runs its calls with."""

    async def run(self, call: Call[T]) -> T:
        """Run a call, and return what it returns. Raises Unreachable if the server is, and whatever the call raises."""
        request = next(call)
        while True:
            response = await self._noted(request)
            try:
                request = call.send(response)
            except StopIteration as finished:
                result: T = finished.value
                return result

    async def _noted(self, request: Request) -> Response:
        """Exchange a request, and note whether the server may have done what was asked."""
        may_have_arrived = not request.preliminary
        try:
            response = await self.exchange(request)
            may_have_arrived = may_have_arrived and response.status != 401  # it was not let in
            return response
        except Unreachable as error:
            may_have_arrived = may_have_arrived and error.written
            raise
        except (TypeError, ValueError):  # it can't be written in HTTP, a header with a line break for example
            may_have_arrived = False
            raise
        finally:
            if may_have_arrived:
                note_written()

    @abstractmethod
    async def exchange(self, request: Request) -> Response: ...

    @abstractmethod
    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncTransport(AsyncDriver):
    """The driver for asyncio and trio."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        answer_s: float = ANSWER_S,
        client: AsyncHttpClient | None = None,
    ) -> None:
        """Connect by a client of one's own, or by the caller's, which is never closed and told no secret for good."""
        self._base_url, self._headers, self._answer_s = _base(base_url), with_agent(headers), answer_s
        self._client = client or httpx2.AsyncClient(verify=_is_secret(self._base_url))
        self._owned = client is None

    async def exchange(self, request: Request) -> Response:
        arguments = _arguments(request, self._headers, self._answer_s)
        if request.file is not None:
            arguments["content"] = _async_pieces(request.file)
        try:
            answer = await self._client.request(request.method, self._base_url + request.path, **arguments)
        except httpx2.TransportError as error:
            raise _unreachable(self._base_url, error) from error
        return _response(answer)

    async def save(self, request: Request, path: Path) -> Response:
        """Exchange a request whose answer is a file, and write that to `path` as it comes.

        The answer that is returned has no body then. The file is whole, or it is not there: what there was under its
        name stays until then. Raises Unreachable also if the answer breaks off.
        """
        arguments = _arguments(request, self._headers, self._answer_s)
        try:
            async with self._client.stream(request.method, self._base_url + request.path, **arguments) as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                    return _response(answer)
                with _saving(path) as file:
                    async for piece in answer.aiter_bytes():
                        file.write(piece)
                return _without_body(answer)
        except httpx2.TransportError as error:
            raise _unreachable(self._base_url, error) from error

    @asynccontextmanager
    async def streamed(self, request: Request) -> AsyncIterator[tuple[Response, AsyncIterator[str]]]:
        """Ask for an answer that goes on, and give its lines as they come; only one with another status has a body.

        Raises Unreachable, also where lines are read, if the answer breaks off.
        """
        arguments = _arguments(request, self._headers, self._answer_s)
        try:
            async with self._client.stream(request.method, self._base_url + request.path, **arguments) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    yield _response(answer), answer.aiter_lines()
                else:
                    yield _without_body(answer), answer.aiter_lines()
        except httpx2.TransportError as error:
            raise _unreachable(self._base_url, error) from error

    async def close(self) -> None:
        if self._owned:
            await self._client.aclose()


class Driver(ABC):
    """The driver that a synchronous client runs its calls with."""

    @abstractmethod
    def run(self, call: Call[T]) -> T:
        """Run a call, and return what it returns. Raises Unreachable if the server is, and whatever the call raises."""

    @abstractmethod
    def close(self) -> None: ...


class SyncTransport(Driver):
    """The driver for code that does not await."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        answer_s: float = ANSWER_S,
        client: HttpClient | None = None,
    ) -> None:
        """Connect by a client of one's own, or by the caller's, which is never closed and told no secret for good."""
        self._base_url, self._headers, self._answer_s = _base(base_url), with_agent(headers), answer_s
        self._client, self._owned = client or httpx2.Client(verify=_is_secret(self._base_url)), client is None

    def run(self, call: Call[T]) -> T:
        request = next(call)
        while True:
            response = self.exchange(request)
            try:
                request = call.send(response)
            except StopIteration as finished:
                result: T = finished.value
                return result

    def exchange(self, request: Request) -> Response:
        arguments = _arguments(request, self._headers, self._answer_s)
        if request.file is not None:
            arguments["content"] = _pieces(request.file)
        try:
            answer = self._client.request(request.method, self._base_url + request.path, **arguments)
        except httpx2.TransportError as error:
            raise _unreachable(self._base_url, error) from error
        return _response(answer)

    def save(self, request: Request, path: Path) -> Response:
        """Exchange a request whose answer is a file, and write that to `path` as it comes.

        The answer that is returned has no body then. The file is whole, or it is not there: what there was under its
        name stays until then. Raises Unreachable also if the answer breaks off.
        """
        arguments = _arguments(request, self._headers, self._answer_s)
        try:
            with self._client.stream(request.method, self._base_url + request.path, **arguments) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    return _response(answer)
                with _saving(path) as file:
                    for piece in answer.iter_bytes():
                        file.write(piece)
                return _without_body(answer)
        except httpx2.TransportError as error:
            raise _unreachable(self._base_url, error) from error

    @contextmanager
    def streamed(self, request: Request) -> Iterator[tuple[Response, Iterator[str]]]:
        """Ask for an answer that goes on, and give its lines as they come; only one with another status has a body.

        Raises Unreachable, also where lines are read, if the answer breaks off.
        """
        arguments = _arguments(request, self._headers, self._answer_s)
        try:
            with self._client.stream(request.method, self._base_url + request.path, **arguments) as answer:
                if answer.status_code != 200:
                    answer.read()
                    yield _response(answer), answer.iter_lines()
                else:
                    yield _without_body(answer), answer.iter_lines()
        except httpx2.TransportError as error:
            raise _unreachable(self._base_url, error) from error

    def close(self) -> None:
        if self._owned:
            self._client.close()


def with_agent(headers: Mapping[str, str]) -> dict[str, str]:
    return {"User-Agent": USER_AGENT} | dict(headers)


def address_of(base_url: str) -> httpx2.URL:
    try:
        return httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise InvalidAddress(f"{base_url!r} is not an address of a server: {error}.") from error


def _is_secret(base_url: str) -> bool:
    """Say whether certificates will have to be checked, the address's or a proxy's: to read all that are trusted takes
    40 ms of the processor."""
    return not base_url.startswith("http://") or bool(getproxies())


def _base(base_url: str) -> str:
    """Return what paths are put behind."""
    return str(address_of(base_url)).rstrip("/")


def _unreachable(address: str, error: httpx2.TransportError) -> Unreachable:
    return Unreachable(f"{address} can't be reached: {told(error)}.", written=not isinstance(error, _NOT_WRITTEN))


def told(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _arguments(request: Request, headers: Mapping[str, str], answer_s: float) -> dict[str, Any]:
    headers = {**headers, **request.headers}
    answer_s = answer_s if request.timeout_s is None else request.timeout_s
    if request.body is not None or request.file is not None:
        headers["Content-Type"] = request.content_type
    return {
        "params": dict(request.query),
        "timeout": httpx2.Timeout(answer_s + request.waits_s, connect=min(CONNECT_S, answer_s)),
        "follow_redirects": False,  # the credential is for this address
        "content": request.body,
        "headers": headers,
    }


def _pieces(path: Path) -> Iterator[bytes]:
    """Read a file, a piece at a time. Raises OSError."""
    with path.open("rb") as file:
        while piece := file.read(_SENT_AT_ONCE):
            yield piece


async def _async_pieces(path: Path) -> AsyncIterator[bytes]:
    """Read a file, a piece at a time, between which others go on. Raises OSError."""
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(_SENT_AT_ONCE):
            yield piece


@contextmanager
def _saving(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes its name when it is whole."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def _without_body(answer: httpx2.Response) -> Response:
    return Response(answer.status_code, b"", {name.lower(): value for name, value in answer.headers.items()})


def _response(answer: httpx2.Response) -> Response:
    return Response(answer.status_code, answer.content, {name.lower(): value for name, value in answer.headers.items()})
