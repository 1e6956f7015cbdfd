"""Every page of the console, whatever is added to its table: who may see it, and what of other accounts it shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import httpx2
import pytest
from tests.isolation.belongings import Belongings, digest_of, inside_of
from tests.isolation.callers import PEOPLES, PHONES, TABLES, WORDS, Caller

from heliograph.console.navigation import PAGES
from heliograph.console.shell import COOKIE, person_form_token
from heliograph.console.visits import FORM_TOKEN, View
from heliograph.domain.people import SCOPES, Role

VIEWS = [pytest.param(view, id=f"{view.method} {view.path}") for page in PAGES for view in page.views]


class House(NamedTuple):
    caller: Caller
    tokens: Mapping[Role, str]
    """Of somebody of each role at the account `ours`; an administrator is one of the installation."""
    ours: Belongings
    theirs: Belongings

    async def ask(
        self, view: View, account: str, names: Mapping[str, str], token: str = "", form_token: str | None = None
    ) -> httpx2.Response:
        path = f"/console/{account}" + re.sub(r"{(\w+)(:path)?}", lambda found: names[found[1]], view.path)
        form = {"form_token": person_form_token(token) if form_token is None else form_token}
        headers = {FORM_TOKEN: form["form_token"]} | ({"Cookie": f"{COOKIE}={token}"} if token else {})
        data = form if view.method == "POST" else None
        if view.path.endswith("/events"):
            return await self.begin_of(path, headers)
        return await self.caller.client.request(view.method, path, headers=headers, data=data)

    async def begin_of(self, path: str, headers: Mapping[str, str]) -> httpx2.Response:
        """The beginning of an answer that goes on for as long as somebody listens."""
        began = asyncio.Event()
        told: list[Any] = []

        async def receive() -> dict[str, Any]:
            await began.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)
            if message.get("body"):
                began.set()

        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"", "scheme": "http"}
        scope |= {"headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()]}
        scope |= {"client": ("127.0.0.1", 40_000), "server": ("test", 80), "asgi": {"version": "3.0"}}
        await self.caller.web(scope, receive, send)  # type: ignore[arg-type]
        body = b"".join(message.get("body", b"") for message in told)
        return httpx2.Response(
            told[0]["status"],
            headers=told[0]["headers"],
            content=body,
            request=httpx2.Request("GET", f"http://test{path}"),
        )


def parameters(view: View) -> list[str]:
    return re.findall(r"{(\w+)", view.path)


def names_by(parameter: str, of: Belongings) -> list[str]:
    """What a parameter of a path can be, of what this account has."""
    if parameter in PHONES:
        return of.phones
    if parameter in PEOPLES:
        return [f"{of.word}@example.com".lower()]
    if parameter == "account_id":
        return of.below
    if parameter in WORDS:
        return [WORDS[parameter]]
    return [each for table in TABLES[parameter] for each in of.names[table]]


def names_of(view: View, of: Belongings) -> list[dict[str, str]]:
    """All ways to fill in a path with what this account has."""
    choices = [names_by(name, of) for name in parameters(view)]
    return [dict(zip(parameters(view), chosen, strict=True)) for chosen in product(*choices)]


@pytest.fixture(scope="module")
async def house(caller: Caller, ours: Belongings, theirs: Belongings) -> House:
    people, signing_in = caller.platform.services.people, caller.platform.services.signing_in
    tokens = {}
    for role in Role:
        account = None if role is Role.ADMINISTRATOR else ours.account
        person = await people.create(f"{role}@example.com", "correct horse battery", role, account)
        tokens[role] = (await signing_in.begin(person, "127.0.0.1", "")).token
    return House(caller, tokens, ours, theirs)


def assert_tells_nothing_of(of: Belongings, answer: httpx2.Response, asked: Mapping[str, str]) -> None:
    words = [of.word, inside_of(of.word), *of.phones, of.account.name]
    echoed = " ".join(asked.values())
    assert [word for word in words if word in answer.text and word not in echoed] == []


# First, while everything is there: what follows deletes what may be deleted.
@pytest.mark.parametrize("view", VIEWS)
async def test_without_a_session_one_is_asked_to_sign_in_and_led_back_to_a_page(house: House, view: View) -> None:
    own = next(iter(names_of(view, house.ours)))
    for token in ("", "hs_over"):
        answer = await house.ask(view, house.ours.account.id, own, token)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")

    back = answer.cookies["heliograph_back"].strip('"')
    headers = {"Cookie": f"{COOKIE}={house.tokens[Role.ADMINISTRATOR]}"}
    there = await house.caller.client.get(back, headers=headers)
    assert back.startswith(f"/console/{house.ours.account.id}/")
    assert there.status_code in {200, 303}


@pytest.mark.parametrize("view", VIEWS)
async def test_each_role_sees_the_pages_that_its_scopes_allow(house: House, view: View) -> None:
    own = next(iter(names_of(view, house.ours)))

    answers = {role: await house.ask(view, house.ours.account.id, own, token) for role, token in house.tokens.items()}

    refused = {role for role, answer in answers.items() if answer.status_code == 403}
    assert refused == {role for role in Role if view.scope not in SCOPES[role]}
    assert [answer.status_code for answer in answers.values() if answer.status_code in {401, 500}] == []
    if view.method == "GET":
        shown = {answer.status_code for role, answer in answers.items() if role not in refused}
        assert shown <= {200, 303}


@pytest.mark.parametrize("view", VIEWS)
async def test_no_page_of_another_account_is_there(house: House, view: View) -> None:
    before = await house.caller.platform.engine.store.read(digest_of, house.theirs.account.id)
    named = next(iter(names_of(view, house.theirs)))
    for account in (house.theirs.account.id, house.theirs.account.name, "nobody"):
        answer = await house.ask(view, account, named, house.tokens[Role.MANAGER])
        assert answer.status_code == 404
        assert_tells_nothing_of(house.theirs, answer, {**named, "account": account})

    assert await house.caller.platform.engine.store.read(digest_of, house.theirs.account.id) == before


@pytest.mark.parametrize("view", [each for each in VIEWS if parameters(each.values[0])])
async def test_what_another_account_has_is_on_no_page(house: House, view: View) -> None:
    before = await house.caller.platform.engine.store.read(digest_of, house.theirs.account.id)
    own = names_of(view, house.ours)  # accounts count some things, so that both have a number 1
    for named in (each for each in names_of(view, house.theirs) if each not in own):
        answer = await house.ask(view, house.ours.account.id, named, house.tokens[Role.MANAGER])
        assert answer.status_code in {403, 404}, named
        assert_tells_nothing_of(house.theirs, answer, named)

    assert await house.caller.platform.engine.store.read(digest_of, house.theirs.account.id) == before


@pytest.mark.parametrize("view", [each for each in VIEWS if each.values[0].method == "POST"])
async def test_a_form_that_is_not_of_the_session_does_nothing(house: House, view: View) -> None:
    before = await house.caller.platform.engine.store.read(digest_of, house.ours.account.id)
    own, manager = next(iter(names_of(view, house.ours))), house.tokens[Role.ADMINISTRATOR]

    for form_token in ("", person_form_token(house.tokens[Role.VIEWER])):
        answer = await house.ask(view, house.ours.account.id, own, manager, form_token)
        assert answer.status_code == 403

    assert await house.caller.platform.engine.store.read(digest_of, house.ours.account.id) == before


async def test_a_page_that_breaks_and_one_that_is_not_there_are_answered_with_a_page(house: House) -> None:
    nothing = View("/nothing/here", "", VIEWS[0].values[0].handle)

    answer = await house.ask(nothing, house.ours.account.id, {}, house.tokens[Role.VIEWER])

    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
