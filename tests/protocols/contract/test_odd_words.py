"""Odd values at every place of what each provider's server tells: it is answered, and never with a fault of ours.

Everything is real from the address on: what the door takes in, the store has to keep.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import httpx2
import msgspec
import pytest
from tests.protocols.contract.wires import SECRET, WIRES, Wire

from heliograph.engine.contract import WebhookRequest
from heliograph.protocols.twilio.signature import HEADER, sign
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import load

INCOMPRESSIBLE = b64encode(b"".join(hashlib.sha512(bytes([n])).digest() for n in range(200))).decode()
"""No index of PostgreSQL has a text as long as this, and it can't be packed."""
ODD_TEXTS = (
    "",
    "\0",
    "+\0",
    "é\uffff😀",
    "\x7f\x01",
    "9" * 5_000,
    "-1",
    "1e999",
    "NaN",
    "٣٣",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-01-01T10:00:00",
    "2026-01-01",
    INCOMPRESSIBLE,
)
ODD_VALUES = (*ODD_TEXTS, "half \ud800", 2**63, -(10**40), 0, 1e300, None, True, [], {}, [None], {"x": {}})
SPEAKING = [wire for wire in WIRES if wire.inbound is not None or wire.heard("x")]


@pytest.fixture
async def platform(store_url: str, tmp_path: Path) -> AsyncIterator[Platform]:
    """One with all providers, on each store."""
    tables = {wire.type: {"type": wire.type} | wire.config("http://127.0.0.1:9") for wire in SPEAKING}
    environment = {"HELIOGRAPH_PROVIDERS": json.dumps(tables), "HELIOGRAPH_PUBLIC_URL": "https://sms.example.org"}
    settings = load(file=None, environment=environment, flags={"data_dir": tmp_path, "store": store_url}).settings
    async with running(settings) as platform:
        yield platform


def paths_in(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield from paths_in(each, (*at, step))


def changed(value: Any, at: tuple[str | int, ...], leaf: Any) -> Any:
    if not at:
        return leaf
    if isinstance(value, dict):
        return {**value, at[0]: changed(value[at[0]], at[1:], leaf)}
    return [changed(each, at[1:], leaf) if place == at[0] else each for place, each in enumerate(value)]


def odd_xml(body: bytes) -> Iterator[bytes]:
    """The document with another value in each attribute and each text; what no XML can have is left out."""
    for odd in filter(lambda text: text.isprintable(), ODD_TEXTS):
        for place in range(len(list(ElementTree.fromstring(body).iter()))):
            for name in [None, *list(ElementTree.fromstring(body).iter())[place].attrib]:
                root = ElementTree.fromstring(body)
                element = list(root.iter())[place]
                if name is None:
                    element.text = odd
                else:
                    element.set(name, odd)
                yield ElementTree.tostring(root)


def odd_ones(heard: WebhookRequest) -> Iterator[WebhookRequest]:
    """What is told, with one odd value in it."""
    for name in heard.query:
        for odd in ODD_TEXTS:
            yield msgspec.structs.replace(heard, query={**heard.query, name: odd})
    if heard.body.startswith((b"{", b"[")):
        document = json.loads(heard.body)
        for at in paths_in(document):
            for odd in ODD_VALUES:
                yield msgspec.structs.replace(heard, body=json.dumps(changed(document, at, odd)).encode())
    elif heard.body.startswith(b"<"):
        for body in odd_xml(heard.body):
            yield msgspec.structs.replace(heard, body=body)
    elif heard.body:
        fields = dict(parse_qsl(heard.body.decode()))
        for name in fields:
            for odd in ODD_TEXTS:
                yield msgspec.structs.replace(heard, body=urlencode({**fields, name: odd}).encode())


def signed(wire: Wire, heard: WebhookRequest, url: str) -> dict[str, str]:
    headers = dict(heard.headers)
    if wire.type == "twilio":
        fields = parse_qsl(heard.body.decode(), keep_blank_values=True)
        headers[HEADER] = sign(SECRET, url, fields)
    return headers


@pytest.mark.parametrize("wire", SPEAKING, ids=lambda wire: wire.type)
async def test_no_word_of_a_provider_s_is_a_fault_of_ours(wire: Wire, platform: Platform) -> None:
    url = platform.providers.addresses[wire.type]
    usual = [*wire.heard("ref:33612345678"), *([] if wire.inbound is None else [wire.inbound("+33612345678", "Oui")])]
    transport = httpx2.ASGITransport(app=platform.web(), client=("127.0.0.1", 40_000))
    answers: dict[int, list[str]] = {}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        for heard in (each for one in usual for each in (one, *odd_ones(one))):
            path = urlsplit(url).path + (f"?{urlencode(heard.query)}" if heard.query else "")
            answer = await client.request(
                heard.method, path, content=heard.body or None, headers=signed(wire, heard, url)
            )
            answers.setdefault(answer.status_code, []).append(f"{path} {heard.body[:300]!r}")

    assert len(answers[200]) >= len(usual)
    assert [told for status, those in answers.items() if status >= 500 for told in those] == []
