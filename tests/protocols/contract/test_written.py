"""Drivers know whether a request may have arrived: what was not written can be said again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from tests.protocols.contract.far import Far
from tests.protocols.contract.wires import always

from heliograph.calling import AsyncDriver, AsyncTransport, Call, Request, Response, Unreachable, note_written
from heliograph.calling.pooled import PooledTransport
from heliograph.calling.written import may_be_written, watched

Make = Callable[[str], AsyncDriver]
every_driver = pytest.mark.parametrize(
    "make", [lambda url: PooledTransport(url, {}), lambda url: AsyncTransport(url, {})], ids=["pooled", "single"]
)
SEND = Request("POST", "/send", body=b"{}")


def exchanged(request: Request) -> Call[Response]:
    return (yield request)


async def noted(driver: AsyncDriver, request: Request) -> bool:
    with watched() as watch:
        try:
            await driver.run(exchanged(request))
        except (Unreachable, ValueError) as error:
            assert watch.used == getattr(error, "written", False)
    await driver.close()
    return watch.used


@every_driver
@pytest.mark.parametrize(("status", "is_noted"), [(200, True), (500, True), (429, True), (401, False)])
async def test_what_was_answered_may_have_been_done_unless_nobody_was_let_in(
    make: Make, status: int, is_noted: bool, far: Far
) -> None:
    far.behaviour = always(status)

    assert await noted(make(far.origin), SEND) is is_noted


@every_driver
async def test_what_was_not_answered_may_have_arrived(make: Make, far: Far) -> None:
    assert await noted(make(far.origin), SEND)


@every_driver
async def test_a_login_is_not_the_call(make: Make, far: Far) -> None:
    far.behaviour = always(200)

    assert not await noted(make(far.origin), Request("POST", "/login", preliminary=True))


@every_driver
async def test_nobody_was_there(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert not await noted(make(f"http://127.0.0.1:{port}"), SEND)


@every_driver
@pytest.mark.parametrize("headers", [{"X-Name": "a\r\nb: c"}, {"X-Name": "a\0b"}], ids=["lines", "nothing"])
async def test_what_can_not_be_written_in_http_has_not_been(make: Make, headers: dict[str, str], far: Far) -> None:
    far.behaviour = always(200)

    assert not await noted(make(far.origin), Request("POST", "/send", body=b"{}", headers=headers))
    assert far.requests == []


async def test_a_watch_sees_what_is_written_inside_it_and_in_its_tasks() -> None:
    async def write() -> bool:
        with watched() as inner:
            note_written()
        return inner.used

    with watched() as outer, watched() as beside:
        pass
    assert not (outer.used or beside.used)
    with watched() as outer:
        with watched() as quiet:
            pass
        assert await asyncio.create_task(write())
        assert may_be_written()
    assert (outer.used, quiet.used) == (True, False)


def test_without_a_watch_nobody_knows() -> None:
    note_written()

    assert may_be_written()
