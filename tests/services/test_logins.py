"""Passwords are neither guessed nor a way to keep others from logging in."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest
from tests.patience import HANG_S

from heliograph.domain.errors import TooManyLogins
from heliograph.services.logins import (
    AT_ONCE,
    PER_ADDRESS,
    PER_NAME,
    PER_NAME_AND_ADDRESS,
    WAITING,
    WAITING_PER_ADDRESS,
    WINDOW_S,
    Logins,
    network_of,
)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logins(clock: Clock) -> Logins:
    return Logins(clock)


async def tried(logins: Logins, name: str, address: str, *, right: bool = False) -> None:
    async with logins.attempt(name, address) as attempt:
        attempt.right = right


async def refused(logins: Logins, name: str, address: str) -> bool:
    try:
        await tried(logins, name, address)
    except TooManyLogins:
        return True
    return False


async def test_one_caller_tries_few_passwords_of_one_account(logins: Logins, clock: Clock) -> None:
    for _ in range(PER_NAME_AND_ADDRESS):
        await tried(logins, "anne", "203.0.113.1")

    assert await refused(logins, "anne", "203.0.113.1")
    assert not await refused(logins, "bert", "203.0.113.1")
    clock.now += WINDOW_S
    assert not await refused(logins, "anne", "203.0.113.1")


async def test_one_caller_tries_few_passwords_of_many_accounts(logins: Logins) -> None:
    for number in range(PER_ADDRESS):
        await tried(logins, f"name{number}", "203.0.113.1")

    assert await refused(logins, "another", "203.0.113.1")
    assert not await refused(logins, "another", "203.0.113.2")


async def test_many_callers_share_no_guessing_and_do_not_lock_out_the_owner(logins: Logins) -> None:
    await tried(logins, "anne", "198.51.100.7", right=True)
    for number in range(PER_NAME):
        await tried(logins, "anne", f"203.0.113.{number}")

    assert await refused(logins, "anne", "203.0.113.200")
    assert not await refused(logins, "anne", "198.51.100.7")


async def test_the_owner_is_not_locked_out_by_others_at_the_same_address(logins: Logins) -> None:
    await tried(logins, "anne", "198.51.100.7", right=True)
    for number in range(PER_ADDRESS):
        await tried(logins, f"name{number}", "198.51.100.7")

    assert await refused(logins, "bert", "198.51.100.7")
    assert not await refused(logins, "anne", "198.51.100.7")


async def test_of_many_that_are_tried_together_no_more_are_looked_at_than_one_after_the_other(logins: Logins) -> None:
    looked_at = 0

    async def attempt(number: int) -> None:
        nonlocal looked_at
        with suppress(TooManyLogins):
            async with logins.attempt("anne", f"203.0.113.{number}"):
                looked_at += 1
                await asyncio.sleep(0)  # as for whoever has the password checked elsewhere

    await asyncio.gather(*map(attempt, range(WAITING)))

    assert looked_at < PER_NAME + AT_ONCE


async def test_right_passwords_count_for_nothing(logins: Logins) -> None:
    for _ in range(10 * PER_ADDRESS):
        await tried(logins, "anne", "203.0.113.1", right=True)

    assert not await refused(logins, "anne", "203.0.113.1")


async def test_what_could_not_be_checked_counts_for_nothing(logins: Logins) -> None:
    for _ in range(2 * PER_NAME_AND_ADDRESS):
        with pytest.raises(ZeroDivisionError):
            async with logins.attempt("anne", "203.0.113.1"):
                raise ZeroDivisionError

    assert not await refused(logins, "anne", "203.0.113.1")


async def test_a_flood_of_strangers_keeps_nobody_from_logging_in(logins: Logins) -> None:
    await tried(logins, "anne", "198.51.100.7", right=True)
    over, all_places_taken = asyncio.Event(), asyncio.Event()
    busy: set[str] = set()

    async def stranger(number: int) -> None:
        async with logins.attempt(f"name{number}", f"203.0.113.{number}"):
            busy.add(f"name{number}")
            if len(busy) == AT_ONCE:
                all_places_taken.set()
            await over.wait()

    flood = [asyncio.create_task(stranger(number)) for number in range(WAITING)]
    await asyncio.wait_for(all_places_taken.wait(), HANG_S)

    too_late = await refused(logins, "one more", "203.0.113.250")
    await asyncio.wait_for(tried(logins, "anne", "198.51.100.7", right=True), HANG_S)
    over.set()
    await asyncio.gather(*flood)

    assert too_late


async def test_few_that_wait_are_of_one_address(logins: Logins) -> None:
    async with AsyncExitStack() as stack:
        for number in range(AT_ONCE):
            await stack.enter_async_context(logins.attempt(f"name{number}", f"198.51.100.{number}"))
        waiting = [
            asyncio.create_task(tried(logins, f"name{number}", "203.0.113.1")) for number in range(WAITING_PER_ADDRESS)
        ]
        await asyncio.sleep(0)  # they have all begun
        too_many = await refused(logins, "one more", "203.0.113.1")
    await asyncio.gather(*waiting)

    assert too_many
    assert not await refused(logins, "one more", "203.0.113.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("203.0.113.1", "203.0.113.2", False),
        ("", "", True),
        ("unix", "203.0.113.1", False),
    ],
)
def test_a_caller_is_an_address_or_a_network_of_one_customer(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


async def test_wrong_passwords_are_counted_by_all_processes_together(clock: Clock) -> None:
    one, other = Logins(clock), Logins(clock)
    one.on_wrong, other.on_wrong = other.hear, one.hear
    for place in range(PER_NAME_AND_ADDRESS):
        await tried((one, other)[place % 2], "anne: b c", "2001:db8::1")

    assert [await refused(each, "anne: b c", "2001:db8::2") for each in (one, other)] == [True, True]
    assert not await refused(one, "anne: b c", "2001:db8:1::1")
