"""What a credential is not for is refused at every operation of every door, in the door's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.isolation.belongings import Belongings
from tests.isolation.callers import PROOFS, Caller, Place, Who
from tests.isolation.samples import encoded, sample

from heliograph.domain.accounts import CredentialKind, Scope
from heliograph.domain.errors import AddressNotAllowed, HeliographError, ScopeMissing, Unauthenticated
from heliograph.protocols.smscx.door.applications import SCOPES

OPEN = {"log_in", "get_access_token", "sign_in", "accept_invitation"}
"""Operations that anybody may call: they are how somebody says who they are."""
EVERYTHING = frozenset(map(str, Scope)) | SCOPES


@pytest.fixture(scope="module")
def places(caller: Caller) -> list[Place]:
    return [place for place in caller.places() if place.operation.scope is not None]


async def key(
    caller: Caller, of: Belongings, place: Place, scopes: frozenset[str], kind: CredentialKind | None = None
) -> Who:
    proof = PROOFS[type(place.door)]
    issued = await caller.platform.services.accounts.issue(of.account, kind or proof.kind, scopes=scopes)
    return Who(of.account, issued, proof)


async def ask(
    caller: Caller, place: Place, who: Who | None, of: Belongings, path: Mapping[str, str] | None = None
) -> Any:
    request = place.operation.request
    content = None if request is None else encoded(sample(request, everything=False).value)
    named = {**place.paths(of)[0], **(path or {})}
    return (await caller.call(place, who, named, query=place.quickly, content=content)).answer


def refusal(place: Place, error: HeliographError, request_id: str = "") -> Response:
    """How the door says it of a request of this name."""
    named = [(b"x-request-id", request_id.encode())]
    return place.door.refuse(Request({"type": "http", "path": "/", "headers": named}), error, place.operation)


def is_refused(answer: Any, place: Place, error: HeliographError) -> bool:
    expected = refusal(place, error, answer.headers.get("X-Request-Id", ""))
    return bool(answer.status_code == expected.status_code and answer.content == expected.body)


async def test_only_logins_are_open_to_anybody(caller: Caller) -> None:
    assert {place.operation.name for place in caller.places() if place.operation.scope is None} == OPEN


async def test_a_credential_with_every_scope_but_the_right_one_is_refused(
    caller: Caller, places: list[Place], ours: Belongings
) -> None:
    let_in = []
    for place in places:
        scope = str(place.operation.scope)
        who = await key(caller, ours, place, EVERYTHING - {scope})
        answer = await ask(caller, place, who, ours)
        if not is_refused(answer, place, ScopeMissing(f"This operation needs the scope {scope}.")):
            let_in.append(f"{place} without {scope}: {answer.status_code} {answer.text[:200]}")

    assert let_in == []


async def test_a_credential_with_the_right_scope_alone_is_not_refused_for_it(
    caller: Caller, places: list[Place], ours: Belongings
) -> None:
    kept_out = []
    for place in places:
        scope = str(place.operation.scope)
        answer = await ask(caller, place, await key(caller, ours, place, frozenset({scope})), ours)
        if is_refused(answer, place, ScopeMissing(f"This operation needs the scope {scope}.")):
            kept_out.append(str(place))

    assert kept_out == []


async def test_a_credential_is_refused_from_where_it_is_not_good(
    caller: Caller, places: list[Place], ours: Belongings
) -> None:
    let_in = []
    for place in places:
        proof = PROOFS[type(place.door)]
        issued = await caller.platform.services.accounts.issue(
            ours.account, proof.kind, scopes=EVERYTHING, networks=["192.0.2.0/24"]
        )
        answer = await ask(caller, place, Who(ours.account, issued, proof), ours)
        if not is_refused(answer, place, AddressNotAllowed("This credential can't be used from 127.0.0.1.")):
            let_in.append(f"{place}: {answer.status_code} {answer.text[:200]}")

    assert let_in == []


async def test_a_credential_is_refused_once_its_time_is_over(
    caller: Caller, places: list[Place], ours: Belongings
) -> None:
    let_in = []
    for place in places:
        proof = PROOFS[type(place.door)]
        issued = await caller.platform.services.accounts.issue(
            ours.account, proof.kind, scopes=EVERYTHING, lifetime_s=0
        )
        answer = await ask(caller, place, Who(ours.account, issued, proof), ours)
        if answer.status_code != refusal(place, Unauthenticated()).status_code or answer.status_code < 400:
            let_in.append(f"{place}: {answer.status_code} {answer.text[:200]}")

    assert let_in == []


@pytest.mark.parametrize("kind", [None, *CredentialKind])
async def test_no_credential_and_one_of_another_kind_are_refused(
    caller: Caller, places: list[Place], ours: Belongings, kind: CredentialKind | None
) -> None:
    issued = {}
    let_in = []
    for place in places:
        if kind is not None and kind not in issued:
            issued[kind] = await key(caller, ours, place, EVERYTHING, kind)
        proof = PROOFS[type(place.door)]
        if kind is proof.kind or (kind is CredentialKind.ACCESS_TOKEN and proof.kind is CredentialKind.SMSCX):
            continue
        who = None if kind is None else Who(ours.account, issued[kind].key, proof)
        mine = dict.fromkeys(place.parameters, "x") if who is None else {}
        answer = await ask(caller, place, who, ours, mine)
        if answer.status_code != refusal(place, Unauthenticated()).status_code or answer.status_code < 400:
            let_in.append(f"{place}: {answer.status_code} {answer.text[:200]}")

    assert let_in == []
