"""Connections to one Heliograph, and the two ways of running a call by them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import anyio

from heliograph import calling
from heliograph.calling import AsyncHttpClient, Call, HttpClient, Unreachable
from heliograph.calling.transport import InvalidAddress
from heliograph.domain.errors import HeliographError
from heliograph.sdk.calls import QueryValue
from heliograph.sdk.connection import NoConnection
from heliograph.sdk.following import followed
from heliograph.sdk.retrying import Options, Pause, retried

T = TypeVar("T")


class AsyncTransport:
    """Runs calls for code that awaits, under asyncio and trio."""

    def __init__(self, driver: calling.AsyncTransport, options: Options) -> None:
        self._driver = driver
        self.options = options

    def with_options(self, options: Options) -> AsyncTransport:
        """Return another transport by the same connections."""
        return AsyncTransport(self._driver, options)

    async def run(self, call: Call[T], *, save_to: Path | None = None) -> T:
        """Run a call, and return what it returns. Raises Unreachable if the server is, and whatever the call raises.

        An answer that is not an error is written to `save_to`, if there is one, instead of being kept.
        """
        steps = retried(call, self.options)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    await anyio.sleep(step.seconds)
                    step = steps.send(None)
                    continue
                try:
                    if save_to is None:
                        answer = await self._driver.exchange(step)
                    else:
                        answer = await self._driver.save(step, save_to)
                except Unreachable as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as finished:
            result: T = finished.value
            return result

    async def follow(
        self, shape: type[T], *path: str, after: str | None = None, **query: QueryValue
    ) -> AsyncIterator[T]:
        """Yield the events of a stream as they come, until it is over, over as many connections as it takes.

        Raises what the server refuses, and Unreachable once asking again has not helped `max_retries` times in a row.
        """
        following = followed(shape, self.options, *path, after=after, **query)
        while True:
            try:
                async with self._driver.streamed(following.request()) as (answer, lines):
                    if following.is_over(answer):
                        return
                    async for line in lines:
                        if (event := following.heard(line)) is not None:
                            yield event
            except HeliographError as error:
                following.failed(error)
            await anyio.sleep(following.pause_s())

    async def close(self) -> None:
        await self._driver.close()


class SyncTransport:
    """Runs calls for code that does not await."""

    def __init__(self, driver: calling.SyncTransport, options: Options) -> None:
        self._driver = driver
        self.options = options

    def with_options(self, options: Options) -> SyncTransport:
        """Return another transport by the same connections."""
        return SyncTransport(self._driver, options)

    def run(self, call: Call[T], *, save_to: Path | None = None) -> T:
        """Run a call, and return what it returns. Raises Unreachable if the server is, and whatever the call raises.

        An answer that is not an error is written to `save_to`, if there is one, instead of being kept.
        """
        steps = retried(call, self.options)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = steps.send(None)
                    continue
                try:
                    answer = self._driver.exchange(step) if save_to is None else self._driver.save(step, save_to)
                except Unreachable as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as finished:
            result: T = finished.value
            return result

    def follow(self, shape: type[T], *path: str, after: str | None = None, **query: QueryValue) -> Iterator[T]:
        """Yield the events of a stream as they come, until it is over, over as many connections as it takes.

        Raises what the server refuses, and Unreachable once asking again has not helped `max_retries` times in a row.
        """
        following = followed(shape, self.options, *path, after=after, **query)
        while True:
            try:
                with self._driver.streamed(following.request()) as (answer, lines):
                    if following.is_over(answer):
                        return
                    for line in lines:
                        if (event := following.heard(line)) is not None:
                            yield event
            except HeliographError as error:
                following.failed(error)
            time.sleep(following.pause_s())

    def close(self) -> None:
        self._driver.close()


def sync_transport(
    base_url: str, token: str, account: str | None, options: Options, client: HttpClient | None
) -> SyncTransport:
    """Connect without asyncio. Raises NoConnection for an address or a token that can't be one."""
    headers = _headers(token, account)
    try:
        return SyncTransport(calling.SyncTransport(base_url, headers, client=client), options)
    except InvalidAddress as error:
        raise NoConnection(str(error)) from error


def async_transport(
    base_url: str, token: str, account: str | None, options: Options, client: AsyncHttpClient | None
) -> AsyncTransport:
    """Connect with asyncio. Raises NoConnection for an address or a token that can't be one."""
    headers = _headers(token, account)
    try:
        return AsyncTransport(calling.AsyncTransport(base_url, headers, client=client), options)
    except InvalidAddress as error:
        raise NoConnection(str(error)) from error


def _headers(token: str, account: str | None) -> Mapping[str, str]:
    if not (token.isascii() and token.isprintable()):
        raise NoConnection("The token has characters that no token has.")
    headers = {"Authorization": f"Bearer {token}"}
    if account is not None:
        headers["X-Heliograph-Account"] = quote(account, safe=" ")
    return headers
