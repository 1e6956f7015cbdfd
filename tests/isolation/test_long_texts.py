"""A text that is long for its own sake, in every field of every operation of every door: it is refused, or cut.

What is kept comes back in lists, a hundred at a time: a request may be as long as `max_body_bytes`, and an answer with
a hundred such texts in it would be more than the process has memory for. And no index of PostgreSQL has room for one
that can't be packed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha512
from typing import Any

import pytest
from tests.isolation.belongings import Belongings, rows_of
from tests.isolation.callers import PROOFS, Caller, Place, Who
from tests.isolation.samples import Path, encoded, with_leaf
from tests.isolation.test_another_accounts_things import EVERYTHING, keys, own_path, requests, single_fields

from heliograph.domain.accounts import Scope
from heliograph.doors import Door
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings

LONGEST_KEPT = 70_000
UNPACKABLE = b64encode(b"".join(sha512(bytes([n])).digest() for n in range(200))).decode()
LONG = UNPACKABLE * 12


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def caller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    """On each store: what one takes may be a fault to the other."""
    store = request.getfixturevalue("postgresql").new_database() if request.param == "postgresql" else ""
    settings = Settings(data_dir=tmp_path_factory.mktemp("long"), rate_limit=1_000_000, store=store)
    async with running(settings) as platform:
        yield Caller(platform)


def renamed(value: Any, at: Path) -> Any:
    """A copy of `value` whose field at `at` has another, long name."""
    step, rest = at[0], at[1:]
    if isinstance(value, list):
        return [renamed(each, rest) if place == step else each for place, each in enumerate(value)]
    return {(LONG if name == step and not rest else name): each for name, each in value.items()} | (
        {step: renamed(value[step], rest)} if rest else {}
    )


def long_bodies(place: Place) -> Iterator[bytes]:
    for body, at in single_fields(place):
        yield encoded(with_leaf(body, at, UNPACKABLE))
        yield encoded(with_leaf(body, at, LONG))
        for depth in range(2, len(at) + 1):
            if isinstance(at[depth - 1], str):
                yield encoded(renamed(body, at[:depth]))


async def long_requests(caller: Caller, place: Place, me: Who, path: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    for content in long_bodies(place):
        yield {"query": place.quickly, "content": content}
    for usual in await requests(caller, place, me, path):
        for name in usual.get("form") or ():
            for text in (UNPACKABLE, LONG):
                yield usual | {"form": usual["form"] | {name: text}}


async def kept(caller: Caller, of: Belongings) -> set[str]:
    """The columns that have more in them than there is to be said."""
    rows = await caller.platform.engine.store.read(rows_of, of.account.id)
    return {
        f"{table}.{column}"
        for table, found in rows.items()
        for row in found
        for column, value in row.items()
        if isinstance(value, str) and len(value) > LONGEST_KEPT and UNPACKABLE[:100] in value
    }


@pytest.mark.parametrize("door", PROOFS, ids=lambda door: door.__name__)
async def test_no_text_is_kept_that_is_long_for_its_own_sake(
    caller: Caller, ours: Belongings, door: type[Door]
) -> None:
    found: dict[str, set[str]] = {}
    me = (await keys(caller, ours, EVERYTHING | {str(Scope.ADMIN)}))[door]
    before = await kept(caller, ours)
    for place in caller.handlers():
        if type(place.door) is not door or place.is_read or place.operation.scope is None:
            continue
        path = await own_path(caller, place, me, ours)
        async for request in long_requests(caller, place, me, path):
            answer = (await caller.call(place, me, path, **request)).answer
            if answer.status_code < 400 and (more := await kept(caller, ours) - before):
                before |= more
                found.setdefault(str(place), set()).update(more)
            assert answer.status_code < 500, place

    assert found == {}
