"""One account's credential, another account's identifiers, at every operation of every door: nothing is told, nothing
changes.

The operations are those of the tables, and what they are sent is made from their structs: one that is added later is
tried by itself, or fails here until it can be.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from tests.isolation.belongings import Belongings, assert_complete, digest_of, inside_of, rows_of
from tests.isolation.callers import PROOFS, Asked, Caller, Place, Who, addresses, clothed
from tests.isolation.samples import Path, Sample, could_name, encoded, forms, sample, with_leaf

from heliograph.domain.accounts import Scope
from heliograph.doors import Door
from heliograph.protocols.smscx.door.applications import SCOPES

EVERYTHING = (frozenset(map(str, Scope)) | SCOPES) - {str(Scope.ADMIN), str(Scope.PERSON)}
"""All that a key may do in its own account: what is for those who run the installation is about all accounts, and
closed to it."""


@pytest.fixture(scope="module")
async def who(caller: Caller, ours: Belongings) -> Mapping[type, Who]:
    """The caller, with a key for each door that may do all that there is."""
    return await keys(caller, ours)


@pytest.fixture(scope="module")
async def owner(caller: Caller, theirs: Belongings) -> Mapping[type, Who]:
    return await keys(caller, theirs)


async def keys(caller: Caller, of: Belongings, scopes: frozenset[str] = EVERYTHING) -> Mapping[type, Who]:
    issue = caller.platform.services.accounts.issue
    return {
        door: Who(of.account, await issue(of.account, proof.kind, scopes=scopes), proof)
        for door, proof in PROOFS.items()
    }


@pytest.fixture(scope="module")
def places(caller: Caller) -> list[Place]:
    return [place for place in caller.places() if place.operation.scope is not None]


def bodies(place: Place) -> list[Sample]:
    """What the operation could be sent as JSON, with what must be there and with all that can be."""
    if place.operation.request is None:
        return []
    return [sample(place.operation.request, everything=every) for every in (False, True)]


def single_fields(place: Place) -> Iterator[tuple[Any, Path]]:
    """What must be there and one field more, for each place in each field that has a text or a number."""
    if place.operation.request is not None:
        least, most = bodies(place)
        for at in most.leaves:
            yield least.value | {at[0]: most.value[at[0]]} if at else most.value, at


async def requests(caller: Caller, place: Place, me: Who, path: Mapping[str, str]) -> list[dict[str, Any]]:
    """What belongs to a request that names nothing of anybody."""
    query = place.quickly
    made = [{"query": query, "content": encoded(body.value)} for body in bodies(place)]
    for form in forms(await caller.fields(place, me, path)) if me.proof.forms else ():
        made.append({"query": form} if place.is_read else {"form": form})
    return made or [{"query": query, "content": None if place.is_read else b"Hello"}]


async def own_path(caller: Caller, place: Place, me: Who, ours: Belongings) -> dict[str, str]:
    """A path to what is the caller's own; the first of those that lead somewhere."""
    found = place.paths(ours)
    for path in found:
        if len(found) == 1:
            break
        for request in await requests(caller, place, me, path):
            if (await caller.call(place, me, path, **request)).answer.status_code not in {400, 404, 422}:
                return path
    return found[0]


async def variants(
    caller: Caller, place: Place, me: Who, path: Mapping[str, str], values: list[str]
) -> AsyncIterator[dict[str, Any]]:
    """Requests with each of `values` in each field of the body, the form and the query."""
    query = place.quickly
    for body, at in single_fields(place):
        for value in values:
            yield {"query": query, "content": encoded(with_leaf(body, at, as_its_kind(value, body, at)))}
    for name in place.query_fields:
        for value in values:
            yield {"query": query | {name: value}}
    for form in forms(await caller.fields(place, me, path)) if me.proof.forms else ():
        for name in filter(could_name, form):
            for value in values:
                changed = form | {name: value}
                yield {"query": changed} if place.is_read else {"form": changed}


def as_its_kind(value: str, body: Any, at: Path) -> Any:
    """A number where a number is, if it can be one."""
    here = body
    for step in at:
        here = here[step]
    return int(value) if isinstance(here, int) and value.isdecimal() else value


class Watch:
    """Looks at every answer, and at what the other account has after each operation."""

    def __init__(self, caller: Caller, theirs: Belongings) -> None:
        self._caller, self._theirs = caller, theirs
        self.found: list[str] = []
        self._before = ""

    async def begin(self) -> None:
        self._before = await self._digest()

    async def _digest(self) -> str:
        return await self._caller.platform.engine.store.read(digest_of, self._theirs.account.id)

    def look(self, asked: Asked, *, never: tuple[str, ...] = ()) -> None:
        """Notes an answer that tells something of theirs, or is no answer."""
        text = asked.answer.text
        told = [word for word in (inside_of(self._theirs.word), *never) if word in text]
        if told or asked.answer.status_code >= 500:
            self.found.append(f"{asked.sent} is answered {asked.answer.status_code} with {told}: {text[:300]}")

    async def unchanged(self, place: Place) -> None:
        """Notes an operation that changed something of theirs."""
        after = await self._digest()
        if after != self._before:
            self.found.append(f"{place} changed what is another account's")
            self._before = after


@pytest.fixture
async def watch(caller: Caller, theirs: Belongings) -> Watch:
    made = Watch(caller, theirs)
    await made.begin()
    return made


async def test_the_other_account_has_a_row_in_every_table(caller: Caller, theirs: Belongings) -> None:
    rows = await caller.platform.engine.store.read(rows_of, theirs.account.id)

    assert_complete(rows)


async def test_every_door_is_known_here(caller: Caller) -> None:
    assert {type(place.door) for place in caller.places()} == set(PROOFS)


async def test_an_owner_reaches_all_of_it(
    caller: Caller, places: list[Place], owner: Mapping[type, Who], theirs: Belongings
) -> None:
    """Or the other tests would try nothing."""
    out_of_reach = []
    for place in places:
        if not place.is_read or not place.names_something or place.is_administrators:
            continue
        for path in place.paths(theirs):
            asked = await caller.call(place, owner[type(place.door)], path, query=place.quickly)
            if asked.answer.status_code < 400:
                break
        else:
            out_of_reach.append(str(place))

    assert out_of_reach == []


async def test_what_an_account_reads_is_its_own(
    caller: Caller, places: list[Place], who: Mapping[type, Who], ours: Belongings, theirs: Belongings, watch: Watch
) -> None:
    never = (
        theirs.word,
        *(phone[1:] for phone in theirs.phones),
        *(each for each in theirs.all_names if len(each) > 8),
    )
    for place in places:
        if place.is_read:
            for path in place.paths(ours):
                watch.look(await caller.call(place, who[type(place.door)], path, query=place.quickly), never=never)

    assert watch.found == []


async def test_no_path_leads_to_what_is_anothers(
    caller: Caller,
    places: list[Place],
    who: Mapping[type, Who],
    owner: Mapping[type, Who],
    theirs: Belongings,
    watch: Watch,
) -> None:
    for place in filter(lambda each: each.parameters, places):
        me, other = who[type(place.door)], owner[type(place.door)]
        named = addresses(other.account, other.key)
        their_own = {name: value for name, value in named.items() if name in place.parameters}
        asked = await requests(caller, place, me, place.paths(theirs)[0])
        for path in place.paths(theirs):
            for own in ({}, their_own) if their_own else ({},):
                for request in asked:
                    watch.look(await caller.call(place, me, path | own, **request))
        await watch.unchanged(place)

    assert watch.found == []


@pytest.mark.parametrize("door", PROOFS, ids=lambda door: door.__name__)
async def test_no_field_leads_to_what_is_anothers(
    door: type[Door],
    caller: Caller,
    places: list[Place],
    who: Mapping[type, Who],
    ours: Belongings,
    theirs: Belongings,
    watch: Watch,
) -> None:
    for place in caller.handlers():
        if place.operation.scope is None or type(place.door) is not door:
            continue
        me = who[type(place.door)]
        path = await own_path(caller, place, me, ours)
        values = [name for each in theirs.names_to_try for name in clothed(each, place.door)]
        async for more in variants(caller, place, me, path, values):
            watch.look(await caller.call(place, me, path, **more))
        await watch.unchanged(place)

    assert watch.found == []
