"""Changing what was accepted: contents, recipients, groups, tags."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.expanding import expand_due

from heliograph.domain.batches import Batch, Options, ReportWish
from heliograph.domain.errors import AlreadyDispatched, UnknownGroup
from heliograph.domain.filters import MessageFilter
from heliograph.domain.groups import AutoUpdate, Group, GroupChange, GroupDraft
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.life import Change
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.statuses import Status
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import Accepted, accept, batch_by_id, cancel
from heliograph.store.events import claim_events
from heliograph.store.groups import (
    add_group,
    asked_by,
    change_group,
    delete_group,
    group_by_id,
    members_below,
    members_of,
)
from heliograph.store.messages import messages_of
from heliograph.store.optouts import add_optouts
from heliograph.store.polls import Poll, add_polls, claim_polls, next_poll_due_at, settle_polls
from heliograph.store.queue import Claim, claim_due, next_due_at
from heliograph.store.receipts import Outcomes, record_outcomes
from heliograph.store.rewriting import change_tags, next_expansion_at, rewrite, tags_of

from .conftest import ACCOUNT, OTHER, MakeBatch

LATER = timedelta(hours=1)
URL = {"report": ReportWish.FULL, "callback_url": "http://127.0.0.1/"}


async def stored(store: Store, batch: MakeBatch, *numbers: str, **fields: Any) -> Batch:
    """A batch that is due in an hour."""
    new = batch(*numbers)
    due = new.batch.send_at + LATER
    expand_at = due if fields.get("groups") else None
    new = msgspec.structs.replace(
        new, batch=msgspec.structs.replace(new.batch, **{"send_at": due, "expand_at": expand_at} | fields)
    )
    accepted: Accepted = await store.write_item(accept, new, Lane.ACCEPT)
    assert accepted.messages == len(new.batch.recipients)
    return new.batch


def with_(**fields: Any) -> Callable[[Batch], Batch]:
    return lambda before: msgspec.structs.replace(before, modified_at=before.modified_at + LATER, **fields)


async def changed(store: Store, batch: Batch, **fields: Any) -> Batch:
    found = await store.write(rewrite, batch.account_id, batch.id, with_(**fields), now_ms())
    assert found is not None
    return found


async def standing(store: Store, batch: Batch) -> dict[str, tuple[str, Status]]:
    found = await store.read(messages_of, batch.account_id, MessageFilter(batch_id=batch.id), limit=1_000)
    return {message.msisdn: (message.id, message.status) for message in found}


async def ends(store: Store, at_ms: int | None = None) -> list[str]:
    """The batches whose end is to be called back."""
    now = at_ms or now_ms()
    events = await store.write(claim_events, limit=100, now_ms=now + 1, lease_until=now)
    return [event.subject_id for event in events]


async def group(store: Store, *members: str, children: tuple[str, ...] = (), account: str = ACCOUNT) -> str:
    identifier = new_id()
    await store.write(add_group, account, identifier, GroupDraft(members=members, children=children), now_ms())
    return identifier


async def regrouped(store: Store, identifier: str, change: GroupChange) -> Group:
    asked = await store.read(asked_by, ACCOUNT, change)
    found = await store.write(change_group, ACCOUNT, identifier, change, asked, now_ms())
    assert found is not None
    return found.group


async def test_recipients_that_stay_keep_their_messages_and_identifiers_are_never_used_again(
    store: Store, batch: MakeBatch
) -> None:
    made = await stored(store, batch, "331", "332", "333")
    ids = following(made.id, 6)

    await changed(store, made, recipients=["331", "332", "334"])
    last_gone = await changed(store, made, recipients=["331", "332"])
    again = await changed(store, made, recipients=["332", "335", "334"])

    assert {number: place for number, (place, _) in (await standing(store, made)).items()} == {
        "332": ids[1],
        "335": ids[4],
        "334": ids[5],
    }
    assert (last_gone.recipient_count, again.recipient_count) == (2, 3)
    found = await store.read(batch_by_id, ACCOUNT, made.id)
    assert found is not None
    assert (list(found.recipients), found.recipient_count) == (["332", "335", "334"], 3)


async def test_the_queue_follows_the_times(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch, "331", "332")
    now = from_ms(now_ms())

    assert await store.read(next_due_at) is not None
    await changed(store, made, send_at=now, expire_at=now + LATER, options=Options(truncate=True, originator_ton=5))
    work = await store.write_item(claim_due, Claim("w", 10, now_ms(), now_ms() + 60_000), Lane.ENGINE)

    assert sorted(message.msisdn for message in work.messages) == ["331", "332"]
    assert {from_ms(message.expire_at) for message in work.messages} == {now + LATER}
    assert work.batches[made.id].options == Options(truncate=True, originator_ton=5)


async def test_an_opted_out_recipient_is_refused_when_it_is_added(store: Store, batch: MakeBatch) -> None:
    await store.write(add_optouts, ACCOUNT, ["331", "333"], OptOutSource.API, 1)
    made = await stored(store, batch, "331", "332", **URL)

    await changed(store, made, recipients=["331", "332", "333"], **URL)

    found = await standing(store, made)
    assert {number: status for number, (_, status) in found.items()} == {
        "331": Status.REJECTED,
        "332": Status.QUEUED,
        "333": Status.REJECTED,
    }
    await changed(store, made, recipients=["331", "333"], **URL)
    assert await ends(store) == [made.id]


async def test_the_end_is_counted_anew_when_the_report_changes(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch, "331", "332", "333")

    await changed(store, made, recipients=["331", "332"], **URL)
    assert await ends(store) == []
    await store.write(cancel, ACCOUNT, made.id, now_ms())

    assert await ends(store) == [made.id]


@pytest.mark.parametrize("how", ["claimed", "put back after an attempt", "canceled", "expanded"])
async def test_what_has_begun_is_not_rewritten(store: Store, batch: MakeBatch, how: str) -> None:
    groups = [await group(store, "339")] if how == "expanded" else []
    made = await stored(store, batch, "331", "332", groups=groups)
    after = now_ms() + 2 * 3_600_000
    if how == "canceled":
        await store.write(cancel, ACCOUNT, made.id, now_ms())
    elif how == "expanded":
        await expand_due(store, after)
    else:
        await store.write_item(claim_due, Claim("w", 1, after, after + 60_000), Lane.ENGINE)
    if how == "put back after an attempt":
        held = [place for place, status in (await standing(store, made)).values() if status is Status.SENDING]
        back = [Change(held[0], Status.QUEUED, due_at=after)]
        await store.write_item(record_outcomes, Outcomes(back, after), Lane.ENGINE)
    before = await standing(store, made)

    with pytest.raises(AlreadyDispatched):
        await changed(store, made, recipients=["335"])

    assert await standing(store, made) == before


async def test_a_claim_and_a_change_at_the_same_moment_agree(store: Store, batch: MakeBatch) -> None:
    made = [await stored(store, batch, "331", send_at=from_ms(now_ms())) for _ in range(20)]

    async def claim() -> set[str]:
        work = await store.write_item(claim_due, Claim("w", 10, now_ms(), now_ms() + 60_000), Lane.ENGINE)
        bodies = {message.batch_id: work.batches[message.batch_id].body for message in work.messages}
        return {batch_id for batch_id, body in bodies.items() if body == "Hello"}

    async def change(one: Batch) -> str | None:
        try:
            await changed(store, one, body="Changed")
        except AlreadyDispatched:
            return None
        return one.id

    results = await asyncio.gather(claim(), *map(change, made), claim())

    sent_as_it_was = results[0] | results[-1]
    assert sent_as_it_was.isdisjoint({one for one in results[1:-1] if one is not None})


async def test_another_accounts_batch_is_not_there(store: Store, batch: MakeBatch) -> None:
    made = await stored(store, batch, "331")

    assert await store.write(rewrite, OTHER, made.id, with_(body="Mine"), now_ms()) is None
    assert await store.read(tags_of, "batches", OTHER, made.id) is None
    assert await store.write(change_tags, "batches", OTHER, made.id, lambda _: ["x"], now_ms()) is None


async def test_an_unknown_group_is_refused_before_anything_is_written(store: Store, batch: MakeBatch) -> None:
    theirs = await group(store, "331", account=OTHER)
    made = await stored(store, batch, "331")

    for groups in (["nothing"], [theirs]):
        with pytest.raises(UnknownGroup):
            await changed(store, made, groups=groups)
        with pytest.raises(UnknownGroup):
            await stored(store, batch, "331", groups=groups)

    assert list(await standing(store, made)) == ["331"]


async def test_a_batch_that_names_a_deleted_group_can_still_be_changed(store: Store, batch: MakeBatch) -> None:
    gone, there, new = await group(store, "332"), await group(store, "333"), await group(store, "334")
    made = await stored(store, batch, "331", groups=[gone, there])
    assert await store.write(delete_group, ACCOUNT, gone)

    body = await changed(store, made, body="Other")
    with_a_new_one = await changed(store, made, groups=[gone, there, new])
    with pytest.raises(UnknownGroup):
        await changed(store, made, groups=[gone, there, "nothing"])
    without = await changed(store, made, groups=[there, new])
    with pytest.raises(UnknownGroup):
        await changed(store, made, groups=[gone, there, new])
    at_once = await changed(store, made, send_at=made.created_at, expand_at=None)

    assert (body.body, body.groups) == ("Other", [gone, there])
    assert (with_a_new_one.groups, without.groups, at_once.groups) == ([gone, there, new], [there, new], [there, new])
    assert sorted(await standing(store, made)) == ["331", "333", "334"]


async def test_what_is_taken_out_of_a_group_need_not_be_there(store: Store) -> None:
    gone, child, theirs = await group(store), await group(store), await group(store, account=OTHER)
    made = await group(store, "331", children=(gone, child))
    assert await store.write(delete_group, ACCOUNT, gone)
    change = GroupChange(remove=["332"], remove_children=[gone, theirs, "nothing", child])

    found = await regrouped(store, made, change)

    assert (found.size, found.children) == (1, [])


async def test_groups_are_looked_up_when_they_are_due_and_once(store: Store, batch: MakeBatch) -> None:
    child = await group(store, "333", "331")
    parent = await group(store, "332", children=(child,))
    made = await stored(store, batch, "331", groups=[parent], **URL)
    other = await stored(store, batch, "331", groups=[child])
    early = await expand_due(store, now_ms())
    await regrouped(store, child, GroupChange(add=["334"]))
    after = now_ms() + 2 * 3_600_000

    count = await expand_due(store, after)
    again = await expand_due(store, after)

    assert (early, again, count) == (0, 0, 5)
    assert sorted(await standing(store, made)) == ["331", "332", "333", "334"]
    assert sorted(await standing(store, other)) == ["331", "333", "334"]
    assert await store.read(next_expansion_at) is None
    found = await store.read(batch_by_id, ACCOUNT, made.id)
    assert found is not None
    assert (found.recipient_count, list(found.recipients), found.expand_at) == (4, ["331"], None)


@pytest.mark.parametrize("empty", ["never filled", "deleted"])
async def test_a_batch_to_nobody_ends_when_it_is_due(store: Store, batch: MakeBatch, empty: str) -> None:
    there = await group(store) if empty == "never filled" else await group(store, "331")
    made = await stored(store, batch, recipients=[], recipient_count=0, groups=[there], **URL)
    if empty == "deleted":
        assert await store.write(delete_group, ACCOUNT, there)

    assert await ends(store) == []
    after = now_ms() + 2 * 3_600_000
    await expand_due(store, after)

    assert await ends(store, after) == [made.id]


async def test_groups_may_contain_each_other(store: Store) -> None:
    one = await group(store, "331")
    two = await group(store, "332", children=(one,))
    await regrouped(store, one, GroupChange(add_children=[two]))

    assert await store.read(members_below, ACCOUNT, [one]) == ["331", "332"]
    assert await store.read(members_below, OTHER, [one]) == []


async def test_a_change_adds_before_it_removes(store: Store) -> None:
    source = await group(store, "333", "334")
    made = await group(store, "331")
    change = GroupChange(add=["332", "335"], remove=["331", "335"], add_from=source, remove_from=source)

    found = await regrouped(store, made, change)

    assert (found.size, await store.read(members_of, ACCOUNT, made)) == (1, ["332"])


async def test_many_changes_at_once_lose_nothing(store: Store) -> None:
    made = await group(store)

    await asyncio.gather(
        *(regrouped(store, made, GroupChange(add=[f"33{n}"])) for n in range(30)),
        *(store.write(change_tags, "groups", ACCOUNT, made, _adding(f"t{n}"), now_ms()) for n in range(30)),
    )

    found = await store.read(group_by_id, ACCOUNT, made)
    assert found is not None
    assert (found.size, len(found.tags)) == (30, 30)


def _adding(tag: str) -> Callable[[list[str]], list[str]]:
    return lambda tags: [*tags, tag]


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("join", "begins"),
        ("JOIN now", "begins"),
        ("(Join!) please", "begins"),
        ("leave now", "ends"),
        ("leave", None),
        ("please join", None),
        ("", None),
        ("joining", None),
    ],
)
def test_a_text_does_what_its_first_words_say(text: str, effect: str | None) -> None:
    assert AutoUpdate(to="1", add=["JOIN"], remove=["LEAVE", "NOW"]).effect_of(text) == effect


@pytest.mark.parametrize("said", ["join", "JOIN", "Join!", "jOIN now"])
@pytest.mark.parametrize("keyword", ["join", "JOIN", "Join!", '"join"'])
def test_a_keyword_is_heard_however_either_side_writes_it(keyword: str, said: str) -> None:
    assert AutoUpdate(to="1", add=[keyword]).effect_of(said) == "begins"


def test_the_longer_keywords_count() -> None:
    words = AutoUpdate(to="1", add=["ACME"], remove=["ACME", "OUT"])

    assert (words.effect_of("acme out"), words.effect_of("acme in"), AutoUpdate(to="1").effect_of("x")) == (
        "ends",
        "begins",
        None,
    )


async def test_a_question_is_asked_by_one_worker_at_a_time_until_it_is_answered(store: Store) -> None:
    now = now_ms()
    questions = [Poll("a", f"B{n}", now, now + 1_000) for n in range(3)]
    await store.write(add_polls, [*questions, Poll("b", "B0", now)])
    await store.write(add_polls, [Poll("a", "B0", now + 5_000, 7)])

    async def claim(limit: int) -> list[Poll]:
        return await store.write(claim_polls, ["a"], limit=limit, now_ms=now, lease_until=now + 60_000)

    first, second = await asyncio.gather(claim(2), claim(2))
    await store.write(settle_polls, ["a:B0"], [("a:B1", now + 10)])

    assert sorted(poll.handle for poll in first + second) == ["B0", "B1", "B2"]
    assert {poll.give_up_at for poll in first + second} == {now + 1_000}
    assert {poll.attempts for poll in first + second} == {1}
    assert await store.read(next_poll_due_at, ["a"]) == now + 10
    assert await store.read(next_poll_due_at, ["b"]) == now
    (again,) = await store.write(claim_polls, ["a"], limit=9, now_ms=now + 10, lease_until=now + 60_000)
    assert (again.handle, again.attempts) == ("B1", 2)
