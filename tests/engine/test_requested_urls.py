"""What an address comes to when it is called: the judge is the server that is called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import unquote, urlparse, urlsplit

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from yarl import URL

from heliograph.calling.requested import requested


class ToHere(AbstractResolver):
    """Every name is this machine's."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Caller:
    """Calls addresses, and says what the server saw of each."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self.port = port
        self._session = session

    async def seen(self, url: str | URL) -> str:
        async with self._session.get(url) as answer:
            return await answer.text()


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        (host,) = [line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("host:")]
        said = f"http://{host}{target}".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    connector = aiohttp.TCPConnector(resolver=ToHere(), force_close=True)
    async with server, aiohttp.ClientSession(connector=connector) as session:
        yield Caller(session, server.sockets[0].getsockname()[1])


HOSTS = ["127.0.0.1", "example.org", "EXAMPLE.Org", "example.org.", "exämple.org", "ｅxample.org", "日本.example"]
NAMES = ["", "user@", "user:pass@", "us%65r:p%40ss@", ":pass@", "ü:ß@"]
PARTS = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=30)
TAILS = st.builds("".join, st.tuples(st.sampled_from(["", "/", "?", "#"]), PARTS))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(["http", "HTTP"]), st.sampled_from(NAMES), st.sampled_from(HOSTS), TAILS)
async def test_it_is_what_the_server_sees(caller: Caller, scheme: str, name: str, host: str, tail: str) -> None:
    tail = tail if tail[:1] in {"", "/", "?", "#"} else f"/{tail}"
    url = f"{scheme}://{name}{host}:{caller.port}{tail}"

    try:
        target = requested(url)
    except ValueError:
        reject()  # such as a per cent sign before a full-width host

    assert await caller.seen(URL(target.url, encoded=True)) == target.url
    assert requested(target.url) == (target.url, "", "")
    assert urlparse(target.url).geturl() == target.url
    assert (await caller.seen(url)).replace(";", "%3B") == target.url.replace(";", "%3B")


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://example.org:80?q=1", "http://example.org/?q=1"),
        ("https://EXAMPLE.org:443/a%2fb", "https://example.org/a%2Fb"),
        ("https://example.org:80/%7Ea#f", "https://example.org:80/~a"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("http://example.org/a;b/;?c;", "http://example.org/a;b/%3B?c;"),
        ("http://example.org/;;/;b;", "http://example.org/;;/;b;"),
        ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080/"),
    ],
)
def test_usual_ports_and_other_spellings(url: str, seen: str) -> None:
    assert requested(url).url == seen


@given(st.sampled_from(NAMES))
def test_who_it_names_is_no_part_of_it(name: str) -> None:
    target = requested(f"http://{name}example.org/")
    user, _, password = name.removesuffix("@").partition(":")

    assert target == ("http://example.org/", unquote(user), unquote(password))
    assert (target.basic is None) == (not name)


@given(st.text(max_size=40))
def test_what_is_no_url_is_no_url(text: str) -> None:
    try:
        found = requested(text)
    except ValueError:
        return
    assert urlsplit(found.url).hostname
