"""Contacts of a group: added, and brought up to date, whatever was there before."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import empty

from heliograph.domain.contacts import UNKNOWN, Details, together
from heliograph.domain.groups import GroupDraft
from heliograph.domain.ids import new_id
from heliograph.store import Store
from heliograph.store.contacts import contacts_in
from heliograph.store.groups import add_group
from heliograph.store.membership import add_contacts

from .conftest import ACCOUNT, OTHER

NUMBERS = [f"3361234567{last}" for last in range(6)]
VALUES = st.sampled_from([None, "", " ", "Ada", "Bob"])
FIELDS = st.dictionaries(st.sampled_from(["tier", "city"]), st.sampled_from(["", "gold", "Paris"]))
DETAILS = st.builds(Details, first_name=VALUES, last_name=VALUES, email=VALUES, fields=FIELDS) | st.just(UNKNOWN)
CONTACTS = st.dictionaries(st.sampled_from(NUMBERS), DETAILS, max_size=6)
ALIKE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def members(store: Store, group: str) -> dict[str, tuple[str, Details]]:
    found = await store.read(contacts_in, ACCOUNT, [group])
    return {contact.msisdn: (contact.id, contact.details) for contact in found}


def known(details: Details) -> Details:
    """Without what is blank."""
    return together([details, UNKNOWN])


@ALIKE
@given(first=CONTACTS, second=CONTACTS, update=st.booleans())
async def test_an_import_after_another_adds_who_is_new_and_updates_the_others_if_it_is_to(
    store: Store, first: dict[str, Details], second: dict[str, Details], update: bool
) -> None:
    await store.write(empty)
    group, beside = new_id(), new_id()
    for each in (group, beside):
        await store.write(add_group, ACCOUNT, each, GroupDraft(), 1)
        await store.write(add_contacts, ACCOUNT, each, list(first.items()))
    before = await members(store, group)
    elsewhere = await members(store, beside)

    put: Any = await store.write(add_contacts, ACCOUNT, group, list(second.items()), update=update)
    after = await members(store, group)

    there = [number for number in second if number in first]
    brought = {number: together([second[number], first[number]]) for number in there if update}
    changed = [number for number, details in brought.items() if known(details) != known(first[number])]
    assert list(put.put.new) == [number for number in second if number not in first]
    assert sorted(put.put.updated) == sorted(changed)
    assert {number: known(details) for number, (_, details) in after.items()} == {
        number: known(details) for number, details in (second | first | brought).items()
    }
    assert {number: after[number][0] for number in before} == {number: before[number][0] for number in before}
    assert all(after[number] == before[number] for number in before if number not in changed)
    assert await members(store, beside) == elsewhere


async def test_nothing_is_put_into_a_group_of_another_account(store: Store) -> None:
    group = new_id()
    await store.write(add_group, ACCOUNT, group, GroupDraft(members=NUMBERS[:1]), 1)

    said = [(NUMBERS[0], Details(first_name="Eve")), (NUMBERS[1], UNKNOWN)]
    put = await store.write(add_contacts, OTHER, group, said, update=True)

    assert put is None
    assert [details for _, details in (await members(store, group)).values()] == [UNKNOWN]
