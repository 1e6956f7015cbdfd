"""Messages by the words of their texts: what is found is what a reader of all texts finds, whatever is indexed."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text

from heliograph.domain.accounts import Kept
from heliograph.domain.batches import Batch
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import encode, fresh
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.retention import DAY_MS, walks_of
from heliograph.domain.statuses import Status
from heliograph.services.erasure import erase
from heliograph.store import Store, Tx, searching
from heliograph.store.base import Lane
from heliograph.store.batches import accept
from heliograph.store.forgetting import delete_message, redact_message
from heliograph.store.indexing import index_of, learn_new, look, next_index, note_search, stored_as, take
from heliograph.store.messages import messages_of
from heliograph.store.retention import keep_walks, next_walk
from heliograph.store.retention import look as look_at_old
from heliograph.store.retention import take as forget_old
from heliograph.store.rewriting import rewrite
from heliograph.store.schema import batches, text_words
from heliograph.store.searching import search_messages
from heliograph.text.words import words_of

from .conftest import ACCOUNT, OTHER, MakeBatch
from .test_stretches import counted

VOCABULARY = ["parcel", "Été", "code", "rare", "一二三", "arrived"]


async def indexed(store: Store, account_id: str = ACCOUNT, *, steps: int = 1_000) -> None:
    """Index what is there, or a few steps of it; what is older than a minute, that is."""
    await store.write(note_search, account_id, now_ms())
    for _ in range(steps):
        index = await store.read(index_of, account_id)
        assert index is not None
        step = await store.read(look, index, now_ms())
        await store.write(take, index, step, now_ms())
        if step.is_last:
            return


def aged(number: int) -> dict[str, Any]:
    """The identifier and times of a batch that was accepted some hours ago."""
    at = from_ms(now_ms()) - timedelta(hours=5) + timedelta(seconds=number)
    identifier = encode(fresh(int(at.timestamp() * 1_000), random.randrange(2**80)))
    return {"id": identifier, "created_at": at, "modified_at": at}


async def pages(store: Store, wanted: MessageFilter, limit: int, most: int | None = None) -> list[str]:
    """Follow a search to its end; no page looks at more than `most` rows."""
    found: list[str] = []
    before = None
    while True:
        search = partial(search_messages, account_id=ACCOUNT, wanted=wanted, limit=limit, before=before)
        if most is None:
            page = await store.read(search)
        else:
            page, rows = await store.read(counted(search))
            assert rows <= most
        found += [message.id for message in page.items]
        assert len(page.items) <= limit
        if page.next is None:
            return found
        assert before is None or page.next < before
        before = page.next


@pytest.mark.parametrize("steps", [1, 1_000])
async def test_each_search_finds_what_has_all_its_words(
    store: Store, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """With half of it indexed, and all: page by page, large batches and small ones, beside other filters."""
    for name, value in {"FIRST_ROWS": 3, "ROWS": 7, "MOST_ROWS": 25, "_LARGE": 4}.items():
        monkeypatch.setattr(searching, name, value)
    monkeypatch.setattr("heliograph.store.indexing.AT_ONCE", 20)
    chance = random.Random(steps)
    for number in range(40):
        words = [word for word in VOCABULARY if chance.random() < (0.05 if word == "rare" else 0.4)]
        numbers = [f"3361{number:03}{place:04}" for place in range(chance.choice([1, 1, 2, 12]))]
        tags = ["red"] if number % 2 else []
        mine = aged(number) | {"account_id": OTHER if number % 10 == 9 else ACCOUNT, "tags": tags}
        await store.write_item(accept, batch(*numbers, body=" ".join(words) or "?", **mine), Lane.ACCEPT)
    await store.write(
        lambda tx: tx.connection.execute(text("UPDATE messages SET provider = 'p' WHERE id < :half"), {"half": "Z"})
    )
    await indexed(store, steps=steps)
    everything = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=10_000)
    tagged = {each.id for each in await store.read(messages_of, ACCOUNT, MessageFilter(tags=["red"]), limit=10_000)}
    middle = everything[len(everything) // 2]

    def reference(wanted: MessageFilter) -> list[str]:
        return [
            each.id
            for each in everything
            if words_of(wanted.text) <= words_of(each.text or "")
            and (not wanted.tags or each.id in tagged)
            and (not wanted.msisdns or each.msisdn in wanted.msisdns)
            and (wanted.batch_id is None or each.batch_id == wanted.batch_id)
            and (wanted.since is None or each.created_at >= wanted.since)
            and (wanted.until is None or each.created_at < wanted.until)
        ]

    queries = ["parcel", "PARCEL code", "ete", "rare", "二三", "rare arrived 一", "nothing", "parcel nothing"]
    filters: list[dict[str, Any]] = [
        {},
        {"tags": ["red"]},
        {"provider": "p"},
        {"msisdns": [middle.msisdn]},
        {"batch_id": middle.batch_id},
        {"since": middle.created_at},
        {"until": middle.created_at},
    ]
    for query in queries:
        for others in filters:
            wanted = MessageFilter(text=query, **others)
            assert await pages(store, wanted, limit=chance.choice([5, 1_000])) == reference(wanted), wanted


async def test_a_page_looks_at_a_bounded_number_of_rows(
    store: Store, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One text in a thousand has the word, and another word is in each; indexed and not."""
    for name, value in {"FIRST_ROWS": 20, "ROWS": 100, "MOST_ROWS": 200, "_COUNTED": 100}.items():
        monkeypatch.setattr(searching, name, value)
    made = [batch(body=f"Hello number{place}", **aged(place)) for place in range(1_000)]
    made[3] = batch(body="Hello needle", **aged(3))
    await asyncio.gather(*(store.write_item(accept, new, Lane.ACCEPT) for new in made))
    if store.dialect != "sqlite":
        await store.write(lambda tx: tx.connection.exec_driver_sql("ANALYZE messages, batches, text_words"))
    needle, hay = MessageFilter(text="needle"), MessageFilter(text="hello needle")

    unindexed = await pages(store, needle, limit=30, most=400)
    await indexed(store)
    if store.dialect != "sqlite":
        await store.write(lambda tx: tx.connection.exec_driver_sql("ANALYZE text_words"))
    by_index = await pages(store, needle, limit=30, most=60)
    of_both = await pages(store, hay, limit=30, most=400)
    # PostgreSQL scans tables as small as these.
    most = 2_000 if store.dialect == "sqlite" else None
    every = await pages(store, MessageFilter(text="hello", statuses=[Status.FAILED]), limit=30, most=most)

    assert len(unindexed) == 1
    assert unindexed == by_index == of_both
    assert every == []


async def test_the_index_follows_what_becomes_of_texts(store: Store, batch: MakeBatch) -> None:
    """Redacted, deleted, erased, forgotten after their days, changed, and made from what was kept."""
    old = {"created_at": from_ms(now_ms() - 40 * DAY_MS), "id": encode(fresh(now_ms() - 40 * DAY_MS, 5 << 24))}
    made: dict[str, Batch] = {}
    for place, name in enumerate(["redacted", "deleted", "erased", "named", "forgotten", "changed", "kept"]):
        body = f"secret {name} 33611111111" if name == "named" else f"secret {name}"
        number = "33611111111" if name == "erased" else f"3362222222{place}"
        mine = old if name == "forgotten" else aged(place)
        new = batch(number, body=body, **mine)
        made[name] = new.batch
        await store.write_item(accept, new, Lane.ACCEPT)
    await indexed(store)
    first = await store.read(_words_by_batch)
    ids = {name: each.id for name, each in made.items()}
    sole = {each.batch_id: each.id for each in await store.read(messages_of, ACCOUNT, MessageFilter(), limit=20)}
    settled = [ids["redacted"], ids["deleted"], ids["forgotten"]]
    await store.write(
        lambda tx: [
            tx.connection.execute(text("UPDATE messages SET status = 'delivered' WHERE batch_id = :id"), {"id": each})
            for each in settled
        ]
    )

    assert await store.write(redact_message, ACCOUNT, sole[ids["redacted"]], now_ms())
    assert await store.write(delete_message, ACCOUNT, sole[ids["deleted"]])
    await erase(store, "33611111111", None)
    await _forget_texts(store)
    await store.write(
        rewrite, ACCOUNT, ids["changed"], lambda before: msgspec.structs.replace(before, body="now other"), now_ms()
    )
    await store.write(learn_new, ACCOUNT, ids["kept"], "secret kept")
    bodies = await store.read(lambda tx: tx.pairs(select(batches.c.id, batches.c.body)))

    assert first[ids["redacted"]] == set(stored_as(ACCOUNT, ["secret", "redacted"]))
    assert await store.read(_words_by_batch) == {
        each: set(stored_as(ACCOUNT, words_of(body))) for each, body in bodies.items() if body
    }
    assert {name for name, each in ids.items() if bodies.get(each)} == {"named", "changed", "kept"}
    assert await pages(store, MessageFilter(text="now other"), limit=9) == [sole[ids["changed"]]]
    assert await pages(store, MessageFilter(text="33611111111"), limit=9) == []


async def test_what_changes_while_it_is_indexed_is_indexed_as_it_is_then(store: Store, batch: MakeBatch) -> None:
    new = batch(body="first", **aged(0))
    await store.write_item(accept, new, Lane.ACCEPT)
    await store.write(note_search, ACCOUNT, now_ms())
    index = await store.read(next_index, now_ms())
    assert index is not None
    step = await store.read(look, index, now_ms())

    await store.write(
        rewrite, ACCOUNT, new.batch.id, lambda before: msgspec.structs.replace(before, body="second"), now_ms()
    )
    done = await store.write(take, index, step, now_ms())
    again = await store.write(take, index, step, now_ms())

    assert (done, again) == (1, None)
    assert await store.read(_words_by_batch) == {new.batch.id: set(stored_as(ACCOUNT, ["second"]))}


async def test_nothing_is_indexed_of_accounts_that_do_not_search(store: Store, batch: MakeBatch) -> None:
    await store.write_item(accept, batch(**aged(0)), Lane.ACCEPT)

    assert await store.read(next_index, now_ms()) is None
    await indexed(store, OTHER)

    assert await store.read(lambda tx: tx.value(select(func.count()).select_from(text_words))) == 0


def _words_by_batch(tx: Tx) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for word, batch_id in tx.rows(select(text_words.c.word, text_words.c.batch_id)):
        found.setdefault(batch_id, set()).add(word)
    return found


async def _forget_texts(store: Store) -> None:
    walks = walks_of({Kept.TEXTS: 30}, {})
    await store.write(keep_walks, walks, now_ms())
    for _ in range(10):
        position = await store.read(next_walk)
        if position is None or position.next_at > now_ms():
            return
        step = await store.read(look_at_old, walks[position.id], position, now_ms())
        await store.write(forget_old, walks[position.id], position, step, now_ms())
