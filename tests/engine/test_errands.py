"""What falls due beside sending: codes and rents that end, lookups, and hits of links."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from heliograph.domain.batches import Draft
from heliograph.domain.errors import (
    InsufficientCredit,
    Locked,
    NotFound,
    NumberTaken,
    TooManyCodes,
    VerificationExpired,
    WrongCode,
)
from heliograph.domain.fraud import CodeLimits
from heliograph.domain.instants import now_ms
from heliograph.domain.links import Click, LinkKind, Tracked
from heliograph.domain.lookups import LineStatus, NetworkFacts
from heliograph.domain.prices import Tariff
from heliograph.domain.verifications import (
    LENGTHS,
    CodeKind,
    Verification,
    VerificationDraft,
    VerificationStatus,
    Wording,
    code_of,
    hash_code,
)
from heliograph.engine.routes import RouteRules
from heliograph.services.verify import Verify
from heliograph.store.links import record_hits
from heliograph.store.lookups import claim_lookups
from heliograph.store.schema import batches, hits, links, rents, verifications
from heliograph.store.tx import Tx
from heliograph.store.verifications import HIDDEN, verification_by_id

from .conftest import Running, ScriptedProvider, StartEngine

PHONE = "+33612345678"


def code_draft(**fields: object) -> VerificationDraft:
    wanted = {"number": PHONE, "wording": Wording(text="Code ${code}"), "protocol": "v1"} | fields
    return VerificationDraft(**wanted)  # type: ignore[arg-type]


async def sent_code(running: Running, verification: Verification) -> str:
    """The code that is on its way, as the stored message has it."""
    batch = await running.services.batches.get(running.account, verification.batch_id)
    return (batch.parameters or {})["code"]["default"]


def make_old(verification_id: str, by_ms: int) -> object:
    def command(tx: Tx) -> None:
        mine = verifications.c.id == verification_id
        tx.run(update(verifications).where(mine).values(expires_at=verifications.c.expires_at - by_ms))

    return command


async def test_a_code_that_nobody_types_expires_and_is_forgotten(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    started = await running.services.verify.start(running.account, code_draft())
    code = await sent_code(running, started)

    await running.engine.store.write(make_old(started.id, 3_600_000))  # type: ignore[arg-type]

    async def expired() -> Verification | None:
        found = await running.engine.store.read(_stored, running.account.id, started.id)
        return found if found.status is VerificationStatus.EXPIRED else None

    await running.once("codes", expired)
    with pytest.raises(VerificationExpired) as late:
        await running.services.verify.check(running.account, started.id, code)

    assert await sent_code(running, started) == HIDDEN
    assert late.value.facts["just_now"] is False


def _stored(tx: Tx, account_id: str, verification_id: str) -> Verification:
    found = verification_by_id(tx, account_id, verification_id)
    assert found is not None
    return found


async def test_a_code_is_kept_as_a_hash_only(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    started = await running.services.verify.start(running.account, code_draft())
    code = await sent_code(running, started)

    stored = await running.engine.store.read(_stored, running.account.id, started.id)

    assert code not in str(stored)
    assert len(stored.code_hash) == 64


async def test_wrong_codes_at_once_are_counted_one_after_the_other(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    started = await running.services.verify.start(running.account, code_draft(max_attempts=10))
    code = await sent_code(running, started)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"

    answers = await asyncio.gather(
        *(running.services.verify.check(running.account, started.id, wrong) for _ in range(9)),
        return_exceptions=True,
    )
    found = await running.services.verify.check(running.account, started.id, code)

    assert sorted(answer.facts["attempts_left"] for answer in answers if isinstance(answer, WrongCode)) == [
        *range(1, 10)
    ]
    assert found.status is VerificationStatus.VERIFIED


async def test_another_code_takes_the_place_of_the_last(start: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await start(ScriptedProvider())
    started = await running.services.verify.start(running.account, code_draft())
    first = await sent_code(running, started)
    with pytest.raises(TooManyCodes):
        await running.services.verify.resend(running.account, started.id)

    monkeypatch.setattr("heliograph.services.verify.RESEND_AFTER", timedelta())
    again = await running.services.verify.resend(running.account, started.id)
    second = await sent_code(running, again)

    assert again.sends == 2
    assert again.batch_id != started.batch_id
    if first != second:
        with pytest.raises(WrongCode):
            await running.services.verify.check(running.account, started.id, first)
    assert (await running.services.verify.check(running.account, started.id, second)).attempts <= 1


async def test_who_asks_twice_is_sent_the_same_code_which_lives_no_longer_for_that(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    verify, account = running.services.verify, running.account
    first = await verify.start_or_send_again(account, code_draft(max_attempts=5))
    code = await sent_code(running, first)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"

    with pytest.raises(WrongCode):
        await verify.check(account, first.id, wrong)
    second = await verify.start_or_send_again(account, code_draft(max_attempts=5))

    assert (second.id, second.sends, second.attempts) == (first.id, 2, 1)
    assert second.expires_at == first.expires_at
    assert second.batch_id != first.batch_id
    assert await sent_code(running, first) == await sent_code(running, second) == code
    with pytest.raises(WrongCode) as again:
        await verify.check(account, first.id, wrong)
    assert again.value.facts["attempts_left"] == 3

    verified = await verify.check(account, first.id, code)

    assert verified.status is VerificationStatus.VERIFIED
    assert [await sent_code(running, each) for each in (first, second)] == [HIDDEN, HIDDEN]
    afresh = await verify.start_or_send_again(account, code_draft())
    assert (afresh.id != first.id, afresh.sends, afresh.attempts) == (True, 1, 0)


async def test_a_code_is_sent_five_times_however_many_ask_at_once(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    verify, account = running.services.verify, running.account

    answers = await asyncio.gather(
        *(verify.start_or_send_again(account, code_draft()) for _ in range(9)), return_exceptions=True
    )

    sent = [answer for answer in answers if isinstance(answer, Verification)]
    assert len({each.id for each in sent}) == 1
    assert sorted(each.sends for each in sent) == [1, 2, 3, 4, 5]
    assert [type(answer) for answer in answers if not isinstance(answer, Verification)] == [TooManyCodes] * 4
    assert len({await sent_code(running, each) for each in sent}) == 1
    other = await verify.start_or_send_again(account, code_draft(number="+33700000001"))
    assert other.sends == 1


async def test_another_door_has_a_verification_of_its_own(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    verify, account = running.services.verify, running.account

    native = await verify.start(account, code_draft())
    twilio = await verify.start_or_send_again(account, code_draft(protocol="twilio"))

    assert (native.id != twilio.id, twilio.sends) == (True, 1)


@pytest.mark.parametrize("secret", [b"the same", b"another"])
async def test_another_process_sends_the_same_code_if_it_has_the_same_secret(start: StartEngine, secret: bytes) -> None:
    running = await start(ScriptedProvider())
    one, other = (
        Verify(running.engine, running.services.batches, each, CodeLimits()) for each in (b"the same", secret)
    )
    first = await one.start_or_send_again(running.account, code_draft())
    code = await sent_code(running, first)

    second = await other.start_or_send_again(running.account, code_draft())
    latest = await sent_code(running, second)

    assert (second.id, second.sends) == (first.id, 2)
    if secret == b"the same":
        assert latest == code
    else:
        assert await sent_code(running, first) == HIDDEN
    assert (await other.check(running.account, first.id, latest)).status is VerificationStatus.VERIFIED


async def test_what_is_stored_of_a_code_cannot_be_tried_with_what_is_in_the_store(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    started = await running.services.verify.start(running.account, code_draft())
    code = await sent_code(running, started)

    stored = await running.engine.store.read(_stored, running.account.id, started.id)

    secrets = [value for value in msgspec.structs.asdict(running.account).values() if isinstance(value, str)]
    assert running.account.callback_secret in secrets
    tried = [hash_code(secret.encode(), started.id, code) for secret in secrets]
    assert stored.code_hash not in tried
    written = f"code:{started.id}:{code}".encode()
    assert stored.code_hash not in [hmac.digest(secret.encode(), written, "sha256").hex() for secret in secrets]


@given(
    secret=st.binary(min_size=1),
    kind=st.sampled_from(CodeKind),
    length=st.sampled_from(LENGTHS),
    nth=st.integers(1, 10),
)
def test_a_code_follows_from_its_secret_and_from_nothing_less(
    secret: bytes, kind: CodeKind, length: int, nth: int
) -> None:
    wording = Wording(text="${code}", kind=kind, length=length)
    code = code_of(secret, "V" * 26, nth, wording)

    assert code == code_of(secret, "V" * 26, nth, wording)
    assert len(code) == length
    assert code.isdecimal() if kind is CodeKind.DIGITS else code.isalnum() and code == code.upper()
    longest = Wording(text="${code}", kind=CodeKind.ALPHANUMERIC, length=10)
    others = [(secret + b"x", "V" * 26, nth), (secret, "W" * 26, nth), (secret, "V" * 26, nth + 1)]
    assert code_of(secret, "V" * 26, nth, longest) not in {code_of(*other, longest) for other in others}


async def test_a_code_that_has_not_gone_when_it_is_of_no_use_never_goes(start: StartEngine) -> None:
    running = await start(ScriptedProvider(), lines={"scripted": RouteRules(per_second=0.01)})
    await running.services.verify.start(running.account, code_draft(number="+33700000001"))  # takes the line's place
    started = await running.services.verify.start(running.account, code_draft())

    await running.services.verify.cancel(running.account, started.id)
    batch = await running.services.batches.get(running.account, started.batch_id)

    assert batch.canceled
    assert await sent_code(running, started) == HIDDEN


async def test_codes_are_limited_for_each_address_whatever_the_number(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    for n in range(30):
        await running.services.verify.start(
            running.account, code_draft(number=f"+3361234{n:04}", address="203.0.113.9")
        )

    with pytest.raises(TooManyCodes):
        await running.services.verify.start(running.account, code_draft(number="+33700000000", address="203.0.113.9"))
    await running.services.verify.start(running.account, code_draft(number="+33700000000", address="203.0.113.8"))


async def test_what_is_refused_leaves_no_message_behind(start: StartEngine) -> None:
    running = await start(ScriptedProvider(), tariff=Tariff(channels={"sms": {"default": 10}}))
    await running.services.money.set_balance(running.account, 5)

    with pytest.raises(InsufficientCredit):
        await running.services.verify.start(running.account, code_draft())

    assert await running.engine.store.read(_count, batches) == 0
    assert await running.engine.store.read(_count, verifications) == 0


def _count(tx: Tx, table: object) -> int:
    return int(tx.value(select(func.count()).select_from(table)))  # type: ignore[arg-type]


class Register(ScriptedProvider):
    """Knows numbers, if it is not asked to fail first."""

    looks_up: ClassVar[bool] = True

    def __init__(self, *failures: Exception) -> None:
        super().__init__()
        self.failures = list(failures)
        self.asked: list[str] = []

    async def look_up(self, msisdns: Sequence[str]) -> Sequence[NetworkFacts]:
        self.asked += msisdns
        if self.failures:
            raise self.failures.pop()
        return [NetworkFacts(status=LineStatus.ACTIVE, detail=msisdn) for msisdn in msisdns]


async def test_a_job_is_answered_number_by_number(start: StartEngine) -> None:
    running = await start(Register())
    numbers = [f"+3361234{n:04}" for n in range(450)]

    job, _, _ = await running.services.numbers.look_up_many(
        running.account, numbers, protocol="v1", on_invalid=lambda _: NotFound()
    )

    async def answered() -> list[str] | None:
        found = await running.services.numbers.lookups(running.account, job.id, limit=1_000)
        done = [each.facts.detail for each in found if each.facts is not None]
        return done if len(done) == 450 else None

    details = await running.once("lookups", answered)
    assert sorted(details) == sorted(number[1:] for number in numbers)


async def test_a_register_that_fails_is_asked_again_and_given_up_in_the_end(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heliograph.engine.looking_up.AGAIN_AFTER_S", 0)
    register = Register(*[OSError("away")] * 4)
    running = await start(register, tariff=Tariff(channels={"lookup": {"default": 7}}))
    await running.services.money.set_balance(running.account, 100)

    job, _, _ = await running.services.numbers.look_up_many(
        running.account, [PHONE], protocol="v1", on_invalid=lambda _: NotFound()
    )

    async def answered() -> NetworkFacts | None:
        (found,) = await running.services.numbers.lookups(running.account, job.id, limit=2)
        return found.facts

    facts = await running.once("lookups", answered)
    assert (facts.status, len(register.asked)) == (LineStatus.FAILED, 4)
    assert await running.services.money.balance(running.account) == 100


async def test_a_lookup_whose_worker_died_is_asked_again(start: StartEngine) -> None:
    running = await start(ScriptedProvider())  # looks nothing up: what is due is answered as failed
    found = await running.services.numbers.look_up(running.account, PHONE, protocol="v1")

    assert found.facts is not None and found.facts.status is LineStatus.FAILED
    assert await running.engine.store.write(claim_lookups, limit=5, now_ms=now_ms(), lease_until=0) == []


async def test_a_number_is_rented_by_one_of_two_who_want_it(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    other = await running.services.accounts.ensure("other")
    offer = (await running.services.rents.available())[0]

    answers = await asyncio.gather(
        *(
            running.services.rents.rent(account, offer.number_id, 7, protocol="v1")
            for account in (running.account, other)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, NumberTaken) for answer in answers) == 1
    assert offer.number_id not in {terms.number_id for terms in await running.services.rents.available()}


@pytest.mark.parametrize(("auto_renew", "balance", "goes_on"), [(True, 10, True), (True, 0, False), (False, 10, False)])
async def test_a_rent_ends_unless_it_is_renewed_and_paid(
    start: StartEngine, auto_renew: bool, balance: int, goes_on: bool
) -> None:
    running = await start(ScriptedProvider())
    offer = (await running.services.rents.available())[0]
    week = offer.prices[7]
    await running.services.money.set_balance(running.account, week + balance * week // 10)
    rent = await running.services.rents.rent(running.account, offer.number_id, 7, protocol="v1", auto_renew=auto_renew)

    def pass_time(tx: Tx) -> None:
        tx.run(update(rents).values(ends_at=now_ms() - 1))

    await running.engine.store.write(pass_time)

    async def decided() -> tuple[bool] | None:
        found = (await running.services.rents.get(running.account, rent.id)).rent
        waits = found.active and found.ends_at <= rent.begins_at + timedelta(days=1)
        return None if waits else (found.active,)

    (active,) = await running.once("rents", decided)
    assert active is goes_on
    assert await running.services.money.balance(running.account) == (0 if goes_on else balance * week // 10)
    if not goes_on:
        with pytest.raises(Locked):
            await running.services.rents.renew(running.account, rent.id)


async def test_hits_that_are_noted_are_stored_and_counted(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    link = await running.services.links.shorten(running.account, "https://example.org/")
    gone = await running.services.links.shorten(running.account, "https://example.org/")
    for _ in range(2_500):
        running.services.links.note(_click(link.id))
    running.services.links.note(_click(gone.id))
    await running.services.links.delete(running.account, LinkKind.SHORTLINK, gone.id)

    async def stored() -> int | None:
        found = await running.services.links.get(running.account, LinkKind.SHORTLINK, link.id)
        return found.hits if found.hits == 2_500 else None

    await running.once("hits", stored)
    pages = [page async for page in running.services.links.all_hits(running.account, link)]

    numbers = [hit.number for page in pages for hit in page]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 2_500


def _click(link_id: str, token: str | None = None) -> Click:
    return Click(link_id, token, now_ms(), "Test", "203.0.113.0", None, None)


async def test_hits_that_are_not_stored_yet_are_stored_by_the_end(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    link = await running.services.links.shorten(running.account, "https://example.org/")
    for _ in range(100):
        running.services.links.note(_click(link.id))

    await running.engine.stop()

    assert await running.engine.store.read(_count, hits) == 100
    await running.engine.start()  # so that the fixture has something to stop


async def test_a_token_says_whose_message_it_was_in(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    link = await running.services.links.shorten(running.account, "https://example.org/")
    draft = Draft(protocol="v1", to=[PHONE], text="Hi", links=[Tracked(link.id, "abc", PHONE[1:])])
    batch = (await running.services.batches.create(running.account, draft)).batch

    await running.engine.store.write(record_hits, [_click(link.id, "abc"), _click(link.id, "other")])
    newest = await running.services.links.hits(running.account, link, limit=5)

    assert {(hit.msisdn, hit.batch_id) for hit in newest} == {(PHONE[1:], batch.id), (None, None)}


async def test_a_deleted_link_takes_its_hits_along(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    link = await running.services.links.shorten(running.account, "https://example.org/")
    await running.engine.store.write(record_hits, [_click(link.id)])

    await running.services.links.delete(running.account, LinkKind.SHORTLINK, link.id)

    assert await running.engine.store.read(_count, hits) == 0
    assert await running.engine.store.read(_count, links) == 0
