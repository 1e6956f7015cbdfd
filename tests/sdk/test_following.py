"""Streams of events in the SDK: interruptions are mended, and what can't be mended is raised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx2
import msgspec
import pytest

from heliograph import AsyncClient, Client, errors
from heliograph.api import wire
from heliograph.calling import Unreachable
from heliograph.sdk import following

REPORT = 'id: {0}\ndata: {{"batch_id": "b",\ndata: "total": 2, "settled": {1}, "buckets": []}}\n\n'
TOLD = wire.ErrorDetail(code=errors.ShuttingDown.code, message="Full.", hint="Later.", field=None, retryable=True)
BUSY = msgspec.json.encode(wire.ErrorBody(title="", status=503, detail="", request_id="", error=TOLD))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST_S", 0.0)
    monkeypatch.setattr(following, "_SHORT_S", 0.0)


class Cut(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """An answer that breaks off."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self._text.encode()
        raise httpx2.ReadError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._text.encode()
        raise httpx2.ReadError("cut")


Behaviour = list[Callable[[], httpx2.Response]]


def transport(behaviour: Behaviour, asked: list[str | None]) -> httpx2.MockTransport:
    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers.get("last-event-id"))
        return behaviour.pop(0)()

    return httpx2.MockTransport(handle)


def away() -> httpx2.Response:
    raise httpx2.ConnectError("away")


def mended() -> Behaviour:
    return [
        lambda: httpx2.Response(200, stream=Cut("retry: 1000\n\n" + REPORT.format("one", 0) + "id: two\ndata: {")),
        away,
        lambda: httpx2.Response(503, content=BUSY),
        lambda: httpx2.Response(200, text=": still here\n\n" + REPORT.format("three", 1)),
        lambda: httpx2.Response(200, text=REPORT.format("four", 2)),
        lambda: httpx2.Response(204),
    ]


WANTED = [None, "one", "one", "one", "three", "four"]


def test_what_breaks_off_goes_on_behind_the_last_whole_event() -> None:
    asked: list[str | None] = []
    with httpx2.Client(transport=transport(mended(), asked)) as http:
        client = Client("http://127.0.0.1:1", "t", http_client=http, max_retries=3)

        assert [each.settled for each in client.batches.events("b")] == [0, 1, 2]
    assert asked == WANTED


async def test_the_same_is_so_for_code_that_awaits() -> None:
    asked: list[str | None] = []
    async with httpx2.AsyncClient(transport=transport(mended(), asked)) as http:
        client = AsyncClient("http://127.0.0.1:1", "t", http_client=http, max_retries=3)

        assert [each.settled async for each in client.batches.events("b")] == [0, 1, 2]
    assert asked == WANTED


@pytest.mark.parametrize(
    ("behaviour", "kind", "attempts"),
    [
        ([away] * 9, Unreachable, 3),
        ([lambda: httpx2.Response(503, content=BUSY)] * 9, errors.ShuttingDown, 3),
        ([lambda: httpx2.Response(404)] * 9, errors.HeliographError, 1),
        ([lambda: httpx2.Response(200, text="data: {}\n\n")] * 9, errors.HeliographError, 1),
    ],
)
def test_what_does_not_get_better_is_raised(behaviour: Behaviour, kind: type[Exception], attempts: int) -> None:
    asked: list[str | None] = []
    with httpx2.Client(transport=transport(behaviour, asked)) as http:
        client = Client("http://127.0.0.1:1", "t", http_client=http, max_retries=2)

        with pytest.raises(kind):
            list(client.batches.events("b"))
    assert len(asked) == attempts
