"""Odd values at every place of every operation of every door: the door answers, and never with a fault of its own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.isolation.belongings import Belongings
from tests.isolation.callers import PROOFS, Caller, Place, Who
from tests.isolation.samples import encoded, with_leaf
from tests.isolation.test_another_accounts_things import EVERYTHING, own_path, requests, single_fields

from heliograph.domain.accounts import Scope
from heliograph.doors import Door

ODD_TEXTS = (
    "0" * 30 + "7",
    "9" * 5_000,
    "-1",
    str(2**63),
    "٣٣",
    "1e999",
    "NaN",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "0000-00-00 00:00",
    "o" + "9" * 40,
    "é\ud7ff\uffff😀",
    "[::1",
    "http://[",
    "\x7f\x01",
    "{{shortlink:",
)
ODD_VALUES = (*ODD_TEXTS, 2**63, -(10**40), 0, 1e300, None, [], {"x": {}})
ODD_AUTHORIZATIONS = (
    b"",
    b"\xff",
    b"Basic",
    b"Basic \xff",
    b"Basic " + b64encode(b"\xff:\xff"),
    b"Basic " + b64encode(b"\x00:\x00"),
    b"Basic " + b64encode(b"no colon"),
    b"Basic ====",
    b"Bearer \xff\xfe",
    b"Bearer " + b"x" * 5_000,
    b"Bearer  ",
)


@pytest.fixture(scope="module")
def places(caller: Caller) -> list[Place]:
    return caller.places()


async def somebody(caller: Caller, ours: Belongings, place: Place) -> Who:
    proof = PROOFS[type(place.door)]
    issued = await caller.platform.services.accounts.issue(
        ours.account, proof.kind, scopes=EVERYTHING | {str(Scope.ADMIN)}
    )
    return Who(ours.account, issued, proof)


def in_bodies(place: Place, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for body, at in single_fields(place):
        for odd in ODD_VALUES:
            yield {"query": query, "content": encoded(with_leaf(body, at, odd))}


async def odd_requests(caller: Caller, place: Place, me: Who, path: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    for request in in_bodies(place, place.quickly):
        yield request
    for name in place.query_fields:
        for odd in ODD_TEXTS:
            yield {"query": place.quickly | {name: odd}}
    for usual in await requests(caller, place, me, path):
        for how in ("form", "query"):
            for name in usual.get(how) or ():
                for odd in ODD_TEXTS:
                    yield usual | {how: usual[how] | {name: odd}}


@pytest.mark.parametrize("door", PROOFS, ids=lambda door: door.__name__)
async def test_no_value_is_a_fault_of_ours(caller: Caller, ours: Belongings, door: type[Door]) -> None:
    faults = []
    for place in caller.handlers():
        if type(place.door) is not door:
            continue
        me = await somebody(caller, ours, place)
        path = await own_path(caller, place, me, ours)
        async for request in odd_requests(caller, place, me, path):
            asked = await caller.call(place, me, path, **request)
            if asked.answer.status_code >= 500:
                faults.append(asked.sent)
        for name in place.parameters:
            for odd in ODD_TEXTS:
                asked = await caller.call(place, me, path | {name: odd}, query=place.quickly)
                if asked.answer.status_code >= 500:
                    faults.append(asked.sent)

    assert faults == []


async def test_no_authorization_is_a_fault_of_ours(caller: Caller, places: list[Place], ours: Belongings) -> None:
    faults = []
    for place in places:
        for odd in ODD_AUTHORIZATIONS:
            path = dict.fromkeys(place.parameters, "x")
            for header in ("Authorization", "X-Api-Key"):
                asked = await caller.call(place, None, path, headers={header: odd})
                if not 400 <= asked.answer.status_code < 500:
                    faults.append(f"{asked.sent} with {header}: {odd!r} is answered {asked.answer.status_code}")

    assert faults == []


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/x",
        "/console/static/",
        "/console/static/%00",
        "/o/%00",
        "/l/%00",
        "/l/x/y",
        "/files/%00",
        "/login?key=%FF",
        f"/inbox/{'9' * 5_000}",
        f"/inbox/{'9' * 5_000}/replies",
        "/inbox/%D9%A3/replies",
        "/inbox/x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
async def test_no_address_beside_the_doors_is_a_fault_of_ours(caller: Caller, path: str, method: str) -> None:
    answer = await caller.client.request(method, path)

    assert answer.status_code < 500
