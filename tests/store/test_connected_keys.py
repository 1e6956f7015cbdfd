"""How often keys are connected to processes that share a store."""

from __future__ import annotations

from heliograph.store import Store
from heliograph.store.connected_keys import say_places, take_place


async def test_places_are_counted_over_all_who_are_alive(store: Store) -> None:
    async def take(holder: str, at: int = 100, alive_since: int = 90) -> bool:
        return await store.write(take_place, "key", holder, 3, at, alive_since)

    assert [await take(holder) for holder in ("one", "two", "two", "one")] == [True, True, True, False]
    assert await store.write(take_place, "another", "one", 1, 100, 90)
    await store.write(say_places, "two", {"key": 1}, 101, 90)
    assert [await take(holder) for holder in ("one", "one")] == [True, False]

    await store.write(say_places, "two", {"key": 1}, 200, 90)
    assert [await take("two", 200, 150) for _ in range(3)] == [True, True, False]  # the other has died

    await store.write(say_places, "two", {}, 300, 250)
    assert [await take("three", 300, 250) for _ in range(4)] == [True, True, True, False]


async def test_what_could_not_be_said_is_made_up_for(store: Store) -> None:
    await store.write(say_places, "one", {"key": 2, "other": 1}, 100, 90)
    await store.write(say_places, "one", {"key": 2, "other": 1}, 110, 90)

    assert not await store.write(take_place, "key", "two", 2, 110, 105)
    assert await store.write(take_place, "other", "two", 2, 110, 105)
