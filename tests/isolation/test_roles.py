"""What each role may ask for, at every operation of every door: one that is added later is tried by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.isolation.belongings import Belongings
from tests.isolation.callers import Caller
from tests.isolation.samples import encoded, sample
from tests.isolation.test_scopes_and_credentials import is_refused, refusal

from heliograph.api.server import NativeDoor
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import ScopeMissing, Unauthenticated
from heliograph.domain.people import SCOPES, Role

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()
PASSWORD = "correct horse battery"


async def session(caller: Caller, of: Belongings, role: Role) -> str:
    services = caller.platform.services
    account = None if role is Role.ADMINISTRATOR else of.account
    person = await services.people.create(f"{role}@{of.word}.example", PASSWORD, role, account)
    return (await services.signing_in.sign_in(person.email, PASSWORD, address="127.0.0.1")).token


@pytest.mark.parametrize("role", Role)
async def test_a_role_is_refused_what_is_not_its_own_and_nothing_else(
    caller: Caller, ours: Belongings, role: Role
) -> None:
    wrong = []
    token = await session(caller, ours, role)
    headers = {"Authorization": f"Bearer {token}", "X-Heliograph-Account": ours.account.id}
    for place in caller.places():
        scope = place.operation.scope
        if scope is None or place.operation.name == "sign_out":
            continue
        request = place.operation.request
        content = None if request is None else encoded(sample(request, everything=False).value)
        own = {"service_plan_id": "x", "account_sid": "x", "service_sid": "x"}
        path = own | place.paths(ours)[0]
        asked = await caller.call(place, None, path, query=place.quickly, content=content, headers=headers)
        if not isinstance(place.door, NativeDoor):
            expected = asked.answer.status_code == refusal(place, Unauthenticated()).status_code
        else:
            missing = is_refused(asked.answer, place, ScopeMissing(f"This operation needs the scope {scope}."))
            expected = missing == (scope not in SCOPES[role]) and asked.answer.status_code != 401
        if not expected:
            wrong.append(f"{place} as {role}: {asked.answer.status_code} {asked.answer.text[:200]}")

    assert wrong == []


@pytest.mark.parametrize("scope", Scope)
def test_the_page_says_which_roles_have_a_scope(scope: Scope) -> None:
    marks = ["yes" if scope in SCOPES[role] else "–" for role in Role]

    assert f"| `{scope}` | {' | '.join(marks)} |" in PAGE
