"""Codes that are sent for the sake of sending: what the limits do to an account, on both stores."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from prometheus_client import generate_latest
from sqlalchemy import func, select, update

from heliograph.domain.errors import CodesRefused, TooManyCodes
from heliograph.domain.fraud import CodeTerms, Guarded
from heliograph.domain.verifications import Verification, VerificationDraft, VerificationStatus, Wording
from heliograph.store.schema import batches, code_counts
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine


def draft(number: str, **fields: Any) -> VerificationDraft:
    return VerificationDraft(number=number, wording=Wording(text="Code ${code}"), protocol="v1", **fields)


async def agree(running: Running, **terms: Any) -> None:
    changed = msgspec.structs.replace(running.account.terms, codes=CodeTerms(**terms))
    await running.services.accounts.change(running.account, terms=changed)
    running.account = msgspec.structs.replace(running.account, terms=changed)


def earlier(tx: Tx, by_minutes: int) -> None:
    far = 10**9  # PostgreSQL looks for collisions row by row
    for shift in (far, -far - by_minutes):
        tx.run(update(code_counts).values(minute=code_counts.c.minute + shift))


async def pass_time(running: Running, minutes: int) -> None:
    await running.engine.store.write(earlier, minutes)


def _sent_to_all(tx: Tx) -> int:
    return int(tx.value(select(func.coalesce(func.sum(code_counts.c.sent), 0)).where(code_counts.c.prefix == "")))


def _batches(tx: Tx) -> int:
    return int(tx.value(select(func.count()).select_from(batches)))


def counted(running: Running, why: Guarded) -> bool:
    return f'heliograph_codes_refused_total{{why="{why}"}} 1.0'.encode() in generate_latest(
        running.engine.metrics.registry
    )


async def start_many(running: Running, numbers: list[str]) -> list[Verification]:
    return [await running.services.verify.start(running.account, draft(number)) for number in numbers]


async def code_of(running: Running, verification: Verification) -> str:
    batch = await running.services.batches.get(running.account, verification.batch_id)
    return (batch.parameters or {})["code"]["default"]


@pytest.mark.parametrize("number", ["+33899123456", "+33820123456", "+881612345678", "+870773111632"])
async def test_a_costly_number_is_sent_a_code_only_where_that_is_agreed(start: StartEngine, number: str) -> None:
    running = await start(ScriptedProvider())
    with pytest.raises(CodesRefused) as refused:
        await running.services.verify.start(running.account, draft(number))
    why = (await running.services.verify.why(running.account, number)).verdict

    assert why is not None
    assert (why.why, why.sentence) == (Guarded.KIND, refused.value.message)
    assert counted(running, Guarded.KIND)
    assert await running.engine.store.read(_batches) == 0

    await agree(running, kinds=["premium", "shared_cost", "satellite"])

    assert (await running.services.verify.start(running.account, draft(number))).status is VerificationStatus.PENDING


async def test_an_account_sends_codes_to_the_countries_that_are_agreed(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    await agree(running, countries=["BE"])

    with pytest.raises(CodesRefused, match="BE only"):
        await running.services.verify.start(running.account, draft("+33612345678"))
    await running.services.verify.start(running.account, draft("+32470123456"))
    await running.services.verify.start(running.account, draft("+99912345678"))

    assert counted(running, Guarded.COUNTRY)


async def test_of_many_at_once_as_many_are_sent_as_an_account_may_send(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    await agree(running, per_day=5)

    answers = await asyncio.gather(
        *(running.services.verify.start(running.account, draft(f"+3361{n}345678")) for n in range(9)),
        return_exceptions=True,
    )

    assert [type(each) for each in answers].count(TooManyCodes) == 4
    assert await running.engine.store.read(_sent_to_all) == 5
    assert await running.engine.store.read(_batches) == 5
    await pass_time(running, 24 * 60)
    await running.services.verify.start(running.account, draft("+33610345678"))


async def test_a_prefix_has_limits_of_its_own(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    await agree(running, prefix_per_day=3)
    await start_many(running, ["+33612345678", "+33612999999", "+33612000000"])

    with pytest.raises(TooManyCodes, match=r"begin with \+33612"):
        await running.services.verify.start(running.account, draft("+33612111111"))
    await running.services.verify.start(running.account, draft("+33613111111"))

    assert counted(running, Guarded.LIMIT)
    assert [each.prefix for each in await running.services.verify.guarded(running.account)] == ["33612"]


async def test_neighbours_whose_codes_nobody_enters_are_slowed_and_then_stopped(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    verify, account = running.services.verify, running.account
    await agree(running, slowed_from=5, stopped_from=12)
    account = running.account
    await start_many(running, [f"+3361234{n:04}" for n in range(5)])
    await pass_time(running, 5)

    for n in range(6):
        await verify.start(account, draft(f"+3361234{n + 50:04}"))
    with pytest.raises(TooManyCodes, match=r"Of 5 codes to numbers that begin with .* 0 were entered") as slowed:
        await verify.start(account, draft("+33612340099"))
    await pass_time(running, 5)
    await verify.start(account, draft("+33612340100"))
    await pass_time(running, 5)
    with pytest.raises(CodesRefused, match=r"Of 12 codes .* 0 were entered") as stopped:
        await verify.start(account, draft("+33612340101"))
    why = (await verify.why(account, "+33612340101")).verdict

    assert (slowed.value.facts["why"], stopped.value.facts["why"]) == (Guarded.SLOWED, Guarded.STOPPED)
    assert why is not None
    assert why.sentence == stopped.value.message
    assert counted(running, Guarded.SLOWED)
    assert counted(running, Guarded.STOPPED)
    assert (await verify.why(account, "+33700000000")).verdict is None
    await pass_time(running, 60)
    assert (await verify.why(account, "+33612340101")).verdict is None


async def test_neighbours_whose_codes_are_entered_are_not_slowed(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    await agree(running, slowed_from=5, stopped_from=10)
    verify = running.services.verify
    for started in await start_many(running, [f"+3361234{n:04}" for n in range(4)]):
        await verify.check(running.account, started.id, await code_of(running, started))
    await start_many(running, [f"+3361234{n:04}" for n in range(50, 56)])
    await pass_time(running, 5)

    outlook = await verify.why(running.account, "+33612340099")

    assert outlook.verdict is None
    assert {(count.last_hour, count.entered) for count in outlook.counts.values()} == {(10, 4)}


async def test_a_suite_of_tests_is_not_taken_for_a_fraud(start: StartEngine) -> None:
    running = await start(ScriptedProvider())

    await start_many(running, [f"+3361234{n:04}" for n in range(60)])


async def test_numbers_of_the_sandbox_count_for_nothing(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    await agree(running, per_minute=1, countries=["BE"])

    await start_many(running, [f"+9991234{n:04}" for n in range(5)])

    assert await running.engine.store.read(_sent_to_all) == 0


async def test_another_account_has_counts_of_its_own(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    await agree(running, per_day=1)
    await running.services.verify.start(running.account, draft("+33612345678"))
    other = await running.services.accounts.create("Other")
    assert other is not None

    await running.services.verify.start(other, draft("+33612345679"))
    with pytest.raises(TooManyCodes):
        await running.services.verify.start(running.account, draft("+33612345679"))
