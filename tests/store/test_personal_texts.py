"""Names in texts that contacts' fields fill in: at acceptance, when groups are due, and after a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.expanding import expand_due

from heliograph.domain.batches import Batch, Options
from heliograph.domain.channels import Channel, Fallback
from heliograph.domain.contacts import Details, together
from heliograph.domain.filters import MessageFilter
from heliograph.domain.groups import GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.prices import Tariff
from heliograph.domain.rendering import renderings_of
from heliograph.domain.statuses import Status
from heliograph.services.history import renderer
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import accept, batches_by_ids
from heliograph.store.changes import apply_changes
from heliograph.store.contacts import change_contact, contacts_of, known_as
from heliograph.store.forgetting import redact_message
from heliograph.store.groups import add_group
from heliograph.store.membership import add_contacts
from heliograph.store.messages import messages_of
from heliograph.store.rewriting import rewrite
from heliograph.store.tx import Tx
from heliograph.text import MissingParameter

from .conftest import ACCOUNT, OTHER, MakeBatch

LATER = timedelta(hours=1)
TARIFF = Tariff(channels={"sms": {"default": 10}})
ADA, BOB, CY = "33612340001", "33612340002", "33612340003"


async def group(
    store: Store, *contacts: tuple[str, Details], children: tuple[str, ...] = (), account: str = ACCOUNT
) -> str:
    identifier = new_id()
    await store.write(add_group, account, identifier, GroupDraft(children=children), now_ms())
    await store.write(add_contacts, account, identifier, list(contacts))
    return identifier


def named(name: str | None, **fields: str) -> Details:
    return Details(first_name=name, fields=fields)


async def accepted(store: Store, batch: MakeBatch, *numbers: str, due_in: timedelta | None = None, **given: Any) -> str:
    new = batch(*numbers, **given)
    new.batch.recipients = list(numbers)
    if due_in is not None:
        new.batch.send_at += due_in
        new.batch.expand_at = new.batch.send_at if new.batch.groups else None
    await store.write_item(accept, msgspec.structs.replace(new, tariff=TARIFF), Lane.ACCEPT)
    return new.batch.id


async def read(store: Store, batch_id: str) -> Batch:
    return (await store.read(batches_by_ids, ACCOUNT, [batch_id]))[batch_id]


async def texts(store: Store, batch_id: str) -> dict[str, str | None]:
    """What each recipient gets; None: nothing, a value is missing."""
    (rendering, *_) = renderings_of(await read(store, batch_id))
    found: dict[str, str | None] = {}
    for message in await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=batch_id), limit=1_000):
        try:
            found[message.msisdn] = rendering.render(message.msisdn).body
        except MissingParameter:
            found[message.msisdn] = None
    return found


async def prices(store: Store, batch_id: str) -> dict[str, int]:
    found = await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=batch_id), limit=1_000)
    return {message.msisdn: message.price for message in found}


async def test_members_fields_fill_in_names_and_are_paid_for(store: Store, batch: MakeBatch) -> None:
    there = await group(store, (ADA, named("Ada", city="Paris")), (BOB, named("B" * 200)), (CY, named(None)))

    made = await accepted(store, batch, groups=[there], body="Hello ${first_name}")

    assert await texts(store, made) == {ADA: "Hello Ada", BOB: "Hello " + "B" * 200, CY: None}
    assert await prices(store, made) == {ADA: 10, BOB: 20, CY: 0}
    assert set((await read(store, made)).fields or {}) == {"first_name"}


async def test_the_recipients_own_value_comes_first_then_its_field_then_the_default(
    store: Store, batch: MakeBatch
) -> None:
    there = await group(store, (ADA, named("Ada")), (BOB, named("Bob")), (CY, named(" ")))
    parameters = {"first_name": {f"+{BOB}": "Robert", "default": "friend"}}

    made = await accepted(store, batch, "33699", groups=[there], body="Hello ${first_name}", parameters=parameters)

    assert await texts(store, made) == {
        ADA: "Hello Ada",
        BOB: "Hello Robert",
        CY: "Hello friend",
        "33699": "Hello friend",
    }
    assert (await read(store, made)).parameters == parameters


async def test_numbers_that_are_named_are_contacts_all_the_same(store: Store, batch: MakeBatch) -> None:
    await group(store, (ADA, named("Ada", tier="gold")))
    await group(store, (ADA, named("Eve", tier="lead")), account=OTHER)

    made = await accepted(store, batch, ADA, BOB, body="${first_name}: ${tier}")

    assert await texts(store, made) == {ADA: "Ada: gold", BOB: None}


async def test_the_groups_that_it_goes_to_know_best_and_others_help_out(store: Store, batch: MakeBatch) -> None:
    elsewhere = await group(store, (ADA, named("Mrs Lovelace", city="London")))
    child = await group(store, (ADA, named("Ada", city="")))
    parent = await group(store, children=(child,))

    ours, theirs = [
        await accepted(store, batch, groups=[each], body="${first_name}, ${city}") for each in (parent, elsewhere)
    ]

    assert await texts(store, ours) == {ADA: "Ada, London"}
    assert await texts(store, theirs) == {ADA: "Mrs Lovelace, London"}
    assert (await store.read(known_as, ACCOUNT, [ADA, BOB])) == {ADA: named("Mrs Lovelace", city="London")}


async def test_fields_are_those_of_the_moment_when_groups_are_looked_up(store: Store, batch: MakeBatch) -> None:
    there = await group(store, (ADA, named("Ada")), (BOB, named("Bob")))
    made = await accepted(store, batch, BOB, groups=[there], body="${first_name} ${tier}", due_in=LATER)
    for contact in await store.read(contacts_of, ACCOUNT, there, limit=10):
        changed = named(f"{contact.details.first_name} II", tier="gold")
        await store.write(change_contact, ACCOUNT, there, contact.id, None, lambda _, changed=changed: changed)
    before = await texts(store, made)

    await expand_due(store, now_ms() + 2 * 3_600_000, TARIFF)

    assert before == {BOB: None}
    assert await texts(store, made) == {ADA: "Ada II gold", BOB: None}
    assert await prices(store, made) == {ADA: 10, BOB: 0}


async def test_recipients_keep_their_fields_when_members_bring_theirs(store: Store, batch: MakeBatch) -> None:
    await group(store, (BOB, named("Bob")))
    there = await group(store, (ADA, named("Ada")))
    made = await accepted(store, batch, BOB, groups=[there], body="Hello ${first_name}", due_in=LATER)

    await expand_due(store, now_ms() + 2 * 3_600_000)

    assert await texts(store, made) == {ADA: "Hello Ada", BOB: "Hello Bob"}


async def test_a_changed_text_is_filled_in_anew(store: Store, batch: MakeBatch) -> None:
    await group(store, (ADA, named("Ada", tier="gold")))
    made = await accepted(store, batch, ADA, body="Hello ${first_name}", due_in=LATER)

    for text in ("You are ${tier}", "Nothing"):
        await store.write(rewrite, ACCOUNT, made, _with_text(text), now_ms())
        found = await read(store, made)
        assert await texts(store, made) == {ADA: text.replace("${tier}", "gold")}
        assert found.fields == ({"tier": {ADA: "gold"}} if "$" in text else None)


def _with_text(text: str) -> Any:
    return lambda before: msgspec.structs.replace(before, body=text)


async def test_fallbacks_are_filled_in_too(store: Store, batch: MakeBatch) -> None:
    await group(store, (ADA, named("Ada")))
    options = Options(channel=Channel.VIBER, fallbacks=(Fallback(channel=Channel.SMS, body="Hi ${first_name}"),))

    made = await accepted(store, batch, ADA, body="Hello", options=options)

    assert renderer(await read(store, made))(ADA, 1).body == "Hi Ada"


async def test_a_door_with_values_of_its_own_is_left_alone(store: Store, batch: MakeBatch) -> None:
    await group(store, (ADA, named(None, code="000000", dollar="€")))
    parameters = {"code": {"default": "482913"}, "dollar": {"default": "$"}}

    options = Options(as_given=True)
    made = await accepted(store, batch, ADA, body="${code} ${dollar}", parameters=parameters, options=options)

    assert await texts(store, made) == {ADA: "482913 $"}


async def test_a_text_that_is_taken_away_takes_the_fields_with_it(store: Store, batch: MakeBatch) -> None:
    await group(store, (ADA, named("Ada")))
    made = await accepted(store, batch, ADA, body="Hello ${first_name} ${nothing}")
    (message,) = await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=made), limit=1)
    await store.write(_end, message.id)

    assert await store.write(redact_message, ACCOUNT, message.id, now_ms())

    assert (await read(store, made)).fields is None


def _end(tx: Tx, message_id: str) -> None:
    apply_changes(tx, [Change(message_id, Status.FAILED)], now_ms())


words = st.none() | st.sampled_from(["", " ", "a", "b", "\t"])


@given(st.lists(st.tuples(words, st.dictionaries(st.sampled_from("xy"), st.sampled_from(["", " ", "1", "2"])))))
def test_of_several_contacts_the_first_that_says_something_counts(
    several: list[tuple[str | None, Mapping[str, str]]],
) -> None:
    found = together([Details(first_name=name, fields=fields) for name, fields in several])

    def first(values: list[str | None]) -> str | None:
        return next((value for value in values if value is not None and value.strip()), None)

    assert found.value_of("first_name") == first([name for name, _ in several])
    for name in "xy":
        assert found.value_of(name) == first([fields.get(name) for _, fields in several])
