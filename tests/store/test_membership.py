"""Changing who is in a group that is too large for one transaction, slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from tests.conftest import empty

from heliograph.domain.batches import BodyKind
from heliograph.domain.contacts import UNKNOWN, Details
from heliograph.domain.errors import NotNow
from heliograph.domain.groups import AutoUpdate, GroupChange, GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.prices import FREE
from heliograph.engine.plans import plans
from heliograph.engine.works import Works
from heliograph.services.erasure import erase
from heliograph.store import Store
from heliograph.store.checking import findings_in
from heliograph.store.contacts import contacts_in, delete_contact
from heliograph.store.groups import (
    add_group,
    asked_by,
    change_group,
    delete_group,
    follow_keywords,
    members_of,
    replace_group,
)
from heliograph.store.membership import add_contacts, empty_group, members_behind, moving
from heliograph.store.works import Holder, UnderChange, Work, carry_out

from .conftest import ACCOUNT

NUMBERS = [f"3361234567{last}" for last in range(10)]
BRAND = AutoUpdate(to="Acme", add=["JOIN"], remove=["LEAVE"])


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heliograph.store.membership.MEMBERS_AT_ONCE", 2)


async def begun(store: Store, command: Callable[..., Any], *arguments: object, **options: object) -> Any:
    """Let a process decide a change, and die."""
    return await store.write(command, ACCOUNT, *arguments, holder=Holder("dead", now_ms() - 1), **options)


async def do_slices(store: Store, work: Work, count: int) -> None:
    parts = moving(work, await store.read(members_behind, work))
    for part in parts[:count]:
        await store.write(carry_out, work, part, now_ms() - 1)


async def carried_out(store: Store) -> None:
    works = Works(store, plans(lambda: FREE), lambda: None)
    while await works.do_some():
        pass


async def group_of(store: Store, *members: str) -> str:
    identifier = new_id()
    await begun(
        store,
        add_group,
        identifier,
        GroupDraft(members=members, auto_update=BRAND),
        now_ms(),
    )
    await carried_out(store)
    return identifier


async def heard(store: Store, msisdn: str, text: str) -> None:
    message = Inbound(
        id=new_id(),
        account_id=ACCOUNT,
        msisdn=msisdn,
        to="Acme",
        kind=BodyKind.TEXT,
        body=text,
        udh="",
        provider="sandbox",
        provider_ref=None,
        keyword=None,
        received_at=from_ms(1),
    )
    await store.write(follow_keywords, ACCOUNT, message)


async def test_after_any_changes_and_deaths_a_group_has_whom_it_should(store: Store) -> None:
    for seed in range(12):
        random = Random(seed)
        await store.write(empty)
        group, source = await group_of(store, *NUMBERS[:5]), await group_of(store, *NUMBERS[4:8])
        expected = set(NUMBERS[:5])
        for _ in range(6):
            some, others = (random.sample(NUMBERS, random.randint(0, 8)) for _ in range(2))
            match random.choice(["replace", "change", "add", "empty"]):
                case "replace":
                    draft = GroupDraft(members=some, auto_update=BRAND)
                    made = await begun(store, replace_group, group, draft, 1)
                    after = set(some)
                case "change":
                    change = GroupChange(add=some, remove=others, add_from=source)
                    asked = await store.read(asked_by, ACCOUNT, change)
                    made = await begun(store, change_group, group, change, asked, 1)
                    after = (expected | set(some) | set(NUMBERS[4:8])) - set(others)
                case "add":
                    people = [(each, UNKNOWN) for each in some]
                    made = await begun(store, add_contacts, group, people)
                    after = expected | set(some)
                case _:
                    made = await begun(store, empty_group, group)
                    after = set()
            if made.work is not None:
                await do_slices(store, made.work, random.randint(0, 4))
                amid = set(await store.read(members_of, ACCOUNT, group))
                assert expected & after <= amid <= expected | after
                await carried_out(store)
            expected = after
            assert set(await store.read(members_of, ACCOUNT, group)) == expected, seed


@pytest.mark.parametrize("how", ["a keyword", "a deletion", "an erasure"])
async def test_who_leaves_while_many_come_in_is_not_put_back(store: Store, how: str) -> None:
    group = await group_of(store)
    leaver = NUMBERS[1]
    people = [(each, UNKNOWN) for each in NUMBERS]
    made = await begun(store, add_contacts, group, people)
    await do_slices(store, made.work, 2)

    for each in (leaver, NUMBERS[-1]):  # one who is in, one who is about to be
        if how == "a keyword":
            await heard(store, each, "leave")
        elif how == "an erasure":
            await erase(store, each, ACCOUNT)
    if how == "a deletion":
        (contact,) = [one for one in await store.read(contacts_in, ACCOUNT, [group]) if one.msisdn == leaver]
        await store.write(delete_contact, ACCOUNT, group, contact.id)
    await carried_out(store)

    gone = {leaver} if how == "a deletion" else {leaver, NUMBERS[-1]}
    assert set(await store.read(members_of, ACCOUNT, group)) == set(NUMBERS) - gone


async def test_who_joins_while_all_are_taken_out_stays(store: Store) -> None:
    group = await group_of(store, *NUMBERS[1:])
    await begun(store, empty_group, group)

    await heard(store, NUMBERS[0], "join")
    await carried_out(store)

    assert await store.read(members_of, ACCOUNT, group) == [NUMBERS[0]]


async def test_a_group_that_is_changed_is_not_changed_by_another_and_a_deleted_one_is_gone_at_once(
    store: Store,
) -> None:
    group = await group_of(store, *NUMBERS)
    await begun(store, delete_group, group)
    other = await group_of(store, *NUMBERS)
    await begun(store, empty_group, other)

    assert await begun(store, empty_group, group) is None
    assert await store.read(members_of, ACCOUNT, group) == []
    assert "groups" not in [finding.check for finding in await store.read(findings_in)]
    with pytest.raises(UnderChange) as refusal:
        await begun(store, delete_group, other)
    assert isinstance(refusal.value, NotNow)
    await carried_out(store)
    assert await store.read(lambda tx: members_of(tx, ACCOUNT, other)) == []


async def test_what_is_known_of_members_comes_with_them_and_is_forgotten_when_they_are_replaced(store: Store) -> None:
    group = await group_of(store, *NUMBERS[:3])
    ada = Details(first_name="Ada", fields={"tier": "gold"})
    people = [(each, ada) for each in NUMBERS]

    async def known() -> dict[str, Details]:
        return {one.msisdn: one.details for one in await store.read(contacts_in, ACCOUNT, [group])}

    await begun(store, add_contacts, group, people, update=True)
    await carried_out(store)
    assert await known() == dict(people)
    draft = GroupDraft(members=NUMBERS[2:])
    await begun(store, replace_group, group, draft, 1)
    await carried_out(store)
    assert await known() == dict.fromkeys(NUMBERS[2:], UNKNOWN)
