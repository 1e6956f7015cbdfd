"""People: made, changed, given roles and kept out, so that somebody always runs the installation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from heliograph.domain.accounts import ADMINISTRATORS, Account, Scope
from heliograph.domain.errors import AccountClosed, Conflict, HeliographError, InvalidField, NameTaken, NotFound
from heliograph.domain.people import SCOPES, SHORTEST_PASSWORD, Person, Role, email_in, password_in, role_named
from heliograph.domain.prices import FREE
from heliograph.domain.seals import Seal
from heliograph.protocols.registry import KEY_KINDS
from heliograph.services.access import Access
from heliograph.services.account_admin import AccountAdmin
from heliograph.services.accounts import Accounts
from heliograph.services.keys import Keys
from heliograph.services.people import People
from heliograph.store import Store

PASSWORD = "correct horse battery"


class Office:
    """Where people are made."""

    def __init__(self, store: Store) -> None:
        self.accounts = Accounts(store, Access(store), Seal(Seal.new_key()))
        self.people = People(store, self.accounts)
        self.keys = Keys(store, self.accounts, KEY_KINDS)
        self.admin = AccountAdmin(store, self.accounts, lambda: FREE)

    async def account(self, name: str = "Acme") -> Account:
        return await self.accounts.ensure(name)

    async def administrator(self, email: str = "ada@example.com") -> Person:
        return await self.people.create(email, PASSWORD, Role.ADMINISTRATOR, None)

    async def viewer(self, email: str = "vera@example.com") -> Person:
        return await self.people.create(email, PASSWORD, Role.VIEWER, await self.account())


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def roles_of(person: Person) -> dict[str, str]:
    return {held.account_name: held.role.value for held in person.roles}


def test_each_role_may_do_what_the_one_before_it_may_and_the_last_everything() -> None:
    assert all(SCOPES[less] < SCOPES[more] for less, more in pairwise(Role))
    assert SCOPES[Role.ADMINISTRATOR] == set(Scope)
    assert all(Scope.ADMIN not in SCOPES[role] for role in Role if role is not Role.ADMINISTRATOR)


async def test_a_person_has_a_role_at_each_of_several_accounts(office: Office) -> None:
    person = await office.viewer()
    await office.people.assign(person, Role.MANAGER, await office.account("Branch"))
    both = await office.people.assign(person, Role.SENDER, await office.account())
    one = await office.people.assign(person, None, await office.account())

    assert roles_of(both) == {"Acme": "sender", "Branch": "manager"}
    assert roles_of(one) == {"Branch": "manager"}
    assert await office.people.named("VERA@example.com") == one == await office.people.named(person.id)


async def test_people_are_listed_newest_first_a_page_at_a_time(office: Office) -> None:
    made = [await office.viewer(f"{name}@example.com") for name in ("a", "b", "c")]

    first = await office.people.page(limit=2)
    second = await office.people.page(limit=2, before=first[-1].id)

    assert [each.email for each in (*first, *second)] == [each.email for each in reversed(made)]
    assert all(roles_of(each) == {"Acme": "viewer"} for each in (*first, *second))


async def test_the_last_administrator_stays_and_one_of_two_may_go(office: Office) -> None:
    first = await office.administrator()
    with pytest.raises(Conflict, match="the last administrator: make another first"):
        await office.people.disable(first)
    with pytest.raises(Conflict, match="the last administrator"):
        await office.people.assign(first, None, None)
    second = await office.administrator("bob@example.com")
    await office.people.disable(first)

    assert (await office.people.named(second.id)).is_administrator
    with pytest.raises(Conflict, match=r"bob@example\.com is the last"):
        await office.people.disable(second)


async def test_of_two_administrators_who_go_at_the_same_moment_one_stays(office: Office) -> None:
    both = [await office.administrator(), await office.administrator("bob@example.com")]

    went = await asyncio.gather(*map(office.people.disable, both), return_exceptions=True)

    assert sorted(type(each).__name__ for each in went) == ["Conflict", "Person"]


async def test_who_is_disabled_can_be_let_in_again(office: Office) -> None:
    person = await office.viewer()
    disabled = await office.people.disable(person)
    again = await office.people.disable(person)
    enabled = await office.people.enable(person)

    assert disabled.disabled_at is not None
    assert again == disabled
    assert enabled == person


async def test_an_installation_that_a_person_runs_has_its_first_administrator(office: Office) -> None:
    await office.administrator()

    with pytest.raises(Conflict, match="has an administrator already"):
        await office.keys.make_administrator()


async def test_an_email_address_is_one_persons_whatever_the_case_of_its_letters(office: Office) -> None:
    person = await office.viewer("Vera@Example.com")
    other = await office.viewer("other@example.com")

    with pytest.raises(NameTaken, match="somebody with the e-mail address"):
        await office.viewer("vera@EXAMPLE.com")
    with pytest.raises(NameTaken, match="somebody with the e-mail address"):
        await office.people.change(other, email="VERA@example.com")
    moved = await office.people.change(person, email="vera@example.org")

    assert person.email == "vera@example.com"
    assert moved.email == "vera@example.org"
    assert (await office.people.named(other.id)).email == "other@example.com"


BAD: list[tuple[Callable[[Office], Coroutine[Any, Any, Any]], type[HeliographError], str]] = [
    (lambda office: office.people.named("nobody"), NotFound, "`heliograph people list` shows all"),
    (lambda office: office.people.create("x@example.com", PASSWORD, Role.VIEWER, None), InvalidField, "name the acc"),
    (lambda office: office.viewer("nobody"), InvalidField, "as in mary@example.com, not 'nobody'"),
]


@pytest.mark.parametrize(("work", "error", "told"), BAD)
async def test_what_cannot_be_makes_nobody(
    office: Office, work: Callable[[Office], Coroutine[Any, Any, Any]], error: type[HeliographError], told: str
) -> None:
    with pytest.raises(error, match=told):
        await work(office)

    assert await office.people.page(limit=9) == []


async def test_roles_go_where_they_belong(office: Office) -> None:
    person, acme = await office.viewer(), await office.account()
    await office.administrator()
    closed = await office.account("Closed")
    await office.admin.close(closed)

    with pytest.raises(InvalidField, match="one of the installation: name no account"):
        await office.people.assign(person, Role.ADMINISTRATOR, acme)
    with pytest.raises(InvalidField, match="one of an account: name the account"):
        await office.people.assign(person, Role.SENDER, await office.account(ADMINISTRATORS))
    with pytest.raises(AccountClosed, match="'Closed' was closed on"):
        await office.people.assign(person, Role.SENDER, await office.accounts.named("Closed"))
    with pytest.raises(NotFound, match="has no role at administrator"):
        await office.people.assign(person, None, None)
    with pytest.raises(InvalidField, match="no role 'owner'; there are viewer, sender, manager, administrator"):
        role_named("owner")

    assert await office.people.named(person.id) == person


@pytest.mark.parametrize(
    "email", ["", "mary", "@example.com", "mary@", "mary@@example.com", "m ary@example.com", "mary@example..com"]
)
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidField, match="An e-mail address is written as in"):
        email_in(email)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("x" * (SHORTEST_PASSWORD - 1), "12 characters or more, of any kind"),
        ("long" * 251, "12 characters or more"),
        ("aaaaaaaaaaaaaaaaaaaa", "5 different characters"),
        ("MARY@example.com1234", "5 different characters"),
        ("heliographheliograph", "5 different characters"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(password: str, told: str) -> None:
    with pytest.raises(InvalidField, match=told):
        password_in(password, "mary@example.com")


@pytest.mark.parametrize("password", ["all small letters", "123456789012", "ÅÄÖ ist auch eins", "pass word pass word"])
def test_nothing_is_asked_of_the_composition_of_a_password(password: str) -> None:
    assert password_in(password, "mary@example.com")


def test_a_password_is_the_same_whichever_keyboard_wrote_its_accents() -> None:
    assert password_in("cafe\u0301 au lait", "a@b.example") == password_in("café au lait", "a@b.example")
