"""What is agreed with an account bounds what it sends; and what is left of one that is closed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update
from tests.engine.conftest import Running, StartEngine

from heliograph.domain.accounts import Account, CredentialKind, Scope, Terms
from heliograph.domain.audit import Actor, ActorKind, AuditFilter
from heliograph.domain.batches import BodyKind, Draft, Options, PauseReason, ReportWish
from heliograph.domain.caps import month_of
from heliograph.domain.consent_links import msisdn_in, optout_path
from heliograph.domain.errors import (
    AccountClosed,
    CapReached,
    Conflict,
    InsufficientCredit,
    InvalidField,
    NameTaken,
    OriginatorNotAllowed,
    Unauthenticated,
)
from heliograph.domain.filters import MessageFilter
from heliograph.domain.groups import GroupDraft
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.ledger import EntryKind
from heliograph.domain.messages import Message
from heliograph.domain.people import Role
from heliograph.domain.prices import MICROS, Tariff
from heliograph.domain.releases import Release
from heliograph.domain.statuses import Reason, Status
from heliograph.domain.terms import TermsChange
from heliograph.domain.verifications import VerificationDraft, Wording
from heliograph.engine.contract import InboundArrival
from heliograph.services.audit import acting_as, person_actor
from heliograph.store.schema import batches, usage
from heliograph.store.tx import Tx

PHONES = [f"+33612{number:06}" for number in range(200)]
PRICED = Tariff(channels={"sms": {"FR": MICROS, "DE": MICROS, "default": MICROS}})


async def agreed(running: Running, **change: Any) -> Account:
    return await running.services.account_admin.agree(running.account, TermsChange(**change))


async def send(running: Running, account: Account, count: int = 1, **more: Any) -> Any:
    wanted: dict[str, Any] = {"to": PHONES[:count], "originator": "Acme", "text": "Hello", **more}
    return await running.services.batches.create(account, Draft(protocol="v1", **wanted))


async def test_a_cap_on_messages_holds_exactly_also_for_those_who_ask_together(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, day_messages=10, month_messages=25)

    answers = await asyncio.gather(*(send(running, account, 3) for _ in range(5)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, CapReached)]
    one_more = await send(running, account, 1)

    assert len(refused) == 2
    assert str(refused[0]) == "The account may send 10 messages a day; it has sent 9 today."
    assert one_more.batch.recipient_count == 1
    with pytest.raises(CapReached):
        await send(running, account, 1)


async def test_what_an_account_is_told_of_prices_is_what_it_is_charged(start: StartEngine) -> None:
    tariff = Tariff(channels={"sms": {"FR": MICROS, "DE": MICROS}, "viber": {"FR": 3 * MICROS}})
    running = await start(tariff=tariff)
    account = await agreed(running, prices={"FR": 2 * MICROS}, countries=frozenset({"FR"}))
    services = running.services
    await services.money.set_balance(account, 100 * MICROS)

    told = services.money.prices(account, "sms")
    group = await services.groups.create(account, GroupDraft(members=PHONES[:3]))
    headcount = await services.contacts.headcount(account, group.number)
    code = await services.verify.start(
        account, VerificationDraft(number=PHONES[0], wording=Wording(text="${code}"), protocol="v1")
    )
    await send(running, account)

    assert told == {"FR": 2 * MICROS}
    assert services.money.prices(account, "viber") == {"FR": 3 * MICROS}
    assert services.money.quotes(account, [PHONES[0][1:], "4915112345678"]) == [2 * MICROS, None]
    assert [services.money.covers(account, msisdn) for msisdn in (PHONES[0][1:], "4915112345678")] == [True, False]
    assert headcount.price == 6 * MICROS
    assert code.price == 2 * MICROS
    assert await services.money.balance(account) == (100 - 2 * 2) * MICROS


async def test_a_cap_counts_for_its_day_and_its_month(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, day_messages=10, month_messages=15)
    await send(running, account, 10)

    await running.engine.store.write(as_of, day=now_ms() // 86_400_000 - 1, month=month_of(now_ms()))
    await send(running, account, 5)
    with pytest.raises(CapReached, match="15 messages a month; it has sent 15 this month"):
        await send(running, account, 1)
    await running.engine.store.write(as_of, day=0, month=month_of(now_ms()) - 1)
    await send(running, account, 10)

    standing = await running.services.account_admin.standing(account)
    assert (standing.usage.day_messages, standing.usage.month_messages) == (10, 10)


def as_of(tx: Tx, *, day: int, month: int) -> None:
    tx.run(update(usage).values(day=day, month=month))


async def test_a_cap_on_money_counts_what_is_accepted_only(start: StartEngine) -> None:
    running = await start(tariff=PRICED)
    await running.services.account_admin.top_up(running.account, 3 * MICROS, "Invoice 7")
    account = await agreed(running, day_amount=5 * MICROS)

    with pytest.raises(InsufficientCredit, match="balance does not cover"):
        await send(running, account, 4)
    await send(running, account, 3)
    await running.services.account_admin.top_up(account, 100 * MICROS, None)
    with pytest.raises(CapReached, match="may send 5 in money a day; it has sent 3 today"):
        await send(running, account, 3)
    await send(running, account, 2)

    assert await running.services.money.balance(account) == 98 * MICROS


async def test_who_runs_the_installation_is_warned_once_when_a_cap_is_nearly_used(
    start: StartEngine, caplog: pytest.LogCaptureFixture
) -> None:
    running = await start()
    account = await agreed(running, day_messages=10, warn_percent=50)
    metrics = running.engine.metrics.registry

    def counted(name: str, **labels: str) -> float | None:
        return metrics.get_sample_value(name, labels)

    await send(running, account, 4)
    before = counted("heliograph_caps_neared_total", cap="day_messages")
    await send(running, account, 2)
    await send(running, account, 2)
    with pytest.raises(CapReached):
        await send(running, account, 3)

    assert before is None
    assert counted("heliograph_caps_neared_total", cap="day_messages") == 1
    assert counted("heliograph_caps_reached_total") == 1


async def test_a_batch_that_is_changed_counts_what_it_sends_besides(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, day_messages=5)
    later = from_ms(now_ms()) + timedelta(days=1)
    created = await send(running, account, 3, send_at=later)

    async def change(count: int) -> Any:
        def edit(draft: Draft) -> Draft:
            return msgspec.structs.replace(draft, to=PHONES[:count])

        return await running.services.batches.change(account, created.batch.id, edit)

    with pytest.raises(CapReached):
        await change(6)
    changed = await change(5)
    await change(1)
    with pytest.raises(CapReached):
        await send(running, account, 1)

    assert changed.recipient_count == 5


async def test_groups_that_are_looked_up_later_count_then_and_are_rejected_if_they_are_too_many(
    start: StartEngine,
) -> None:
    running = await start()
    account = await agreed(running, day_messages=2, countries=["FR"])
    members = [*(phone[1:] for phone in PHONES[:3]), "4915112345678"]
    few = await running.services.groups.create(account, GroupDraft(members=members[2:]))
    many = await running.services.groups.create(account, GroupDraft(members=members))
    later = from_ms(now_ms()) + timedelta(days=1)
    first = await send(running, account, to=[], groups=[few.id], send_at=later)
    second = await send(running, account, to=[], groups=[many.id], send_at=later)

    sent = await expanded_reasons(running, account, first.batch.id, 2)
    refused = await expanded_reasons(running, account, second.batch.id, 4)

    assert sent == {Reason.NO_COVERAGE: 1, None: 1}
    assert refused == {Reason.NO_COVERAGE: 1, Reason.INSUFFICIENT_CREDIT: 3}


def due_now(tx: Tx, batch_id: str) -> None:
    tx.run(update(batches).where(batches.c.id == batch_id).values(expand_at=1))


async def expanded_reasons(running: Running, account: Account, batch_id: str, count: int) -> dict[str | None, int]:
    """Why the messages of a batch were rejected, once its groups are looked up; None for those that were not."""
    await running.engine.store.write(due_now, batch_id)
    running.engine.batch_changed()

    async def look() -> list[Message] | None:
        found = await running.services.messages.page(account, MessageFilter(batch_id=batch_id), limit=10)
        return found if len(found) == count else None

    found = await running.once(batch_id, look)
    return Counter(message.reason if message.status is Status.REJECTED else None for message in found)


async def test_an_account_makes_as_many_requests_as_it_was_told(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, requests_per_second=3)

    states = [await running.services.rates.take(account.id, 500, account.terms.requests_per_second) for _ in range(2)]

    assert {state.limit for state in states} == {3}


async def test_credit_lets_a_balance_go_below_nothing_and_no_further(start: StartEngine) -> None:
    running = await start(tariff=PRICED)
    admin = running.services.account_admin
    with pytest.raises(InvalidField, match="not billed"):
        await admin.agree(running.account, TermsChange(countries=["FR"]), 2 * MICROS)
    unchanged = await running.services.accounts.named("tester")
    await admin.top_up(running.account, MICROS, None)
    account = await admin.agree(running.account, TermsChange(), 2 * MICROS)

    await send(running, account, 3)
    with pytest.raises(InsufficientCredit):
        await send(running, account, 1)

    standing = await admin.standing(account)
    assert standing.balance is not None
    assert unchanged.terms == Terms()
    assert (standing.balance.amount, standing.balance.credit) == (-2 * MICROS, 2 * MICROS)


async def test_changes_of_a_balance_by_hand_are_in_the_ledger_with_their_notes(start: StartEngine) -> None:
    running = await start()
    admin, account = running.services.account_admin, running.account
    await admin.top_up(account, 10 * MICROS, "Invoice 7")
    await admin.correct(account, -3 * MICROS, "Counted twice")
    for amount, note in ((0, None), (-1, None)):
        with pytest.raises(InvalidField):
            await admin.top_up(account, amount, note)
    with pytest.raises(InvalidField, match="needs a note"):
        await admin.correct(account, 1, None)

    entries = await running.services.money.ledger(account, limit=10)

    assert [(entry.kind, entry.amount, entry.note) for entry in entries] == [
        (EntryKind.CORRECTION, -3 * MICROS, "Counted twice"),
        (EntryKind.TOP_UP, 10 * MICROS, "Invoice 7"),
    ]
    assert await running.services.money.balance(account) == 7 * MICROS


async def test_an_account_sends_from_its_originators_to_its_countries(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, originators=["Acme", "+33600000000"], countries=["fr"])

    await send(running, account, originator="ACME")
    for originator in ("Other", None):
        with pytest.raises(OriginatorNotAllowed, match="sends from Acme, 33600000000, and not from"):
            await send(running, account, originator=originator)
    created = await send(running, account, to=[PHONES[0], "+4915112345678"])
    dry = await running.services.batches.dry_run(
        account, Draft(protocol="v1", to=["+4915112345678"], originator="Acme", text="Hello")
    )

    assert created.refused == 1
    assert [failure.unsent.reason for failure in dry.failures] == [Reason.NO_COVERAGE]


async def test_an_account_has_its_own_quiet_hours_for_marketing(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, quiet_hours="21:30-07:00")

    created = await send(running, account, options=Options(marketing=True))
    other = await send(running, running.account, options=Options(marketing=True))

    assert created.batch.options.quiet == (21 * 60 + 30, 7 * 60)
    assert other.batch.options.quiet is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"countries": ["XX"]}, "countries"),
        ({"originators": ["much too long a name"]}, "originators"),
        ({"quiet_hours": "25:00-08:00"}, "quiet_hours"),
        ({"retention": {"everything": 5}}, "retention"),
        ({"retention": {"texts": 0}}, "retention"),
        ({"warn_percent": 0}, "warn_percent"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"day_messages": -1}, "day_messages"),
        ({"prices": {"FR": -1}}, "prices"),
    ],
)
async def test_terms_that_cannot_be_change_nothing(start: StartEngine, change: Any, field: str) -> None:
    running = await start()
    before = await agreed(running, countries=["FR"], retention={"texts": 30})

    with pytest.raises(InvalidField) as refusal:
        await agreed(running, **change)

    assert refusal.value.field == field
    assert await running.services.accounts.named("tester") == before


async def test_terms_are_taken_away_one_by_one(start: StartEngine) -> None:
    running = await start()
    await agreed(
        running,
        prices={"FR": 5, "DE": 6},
        countries=["FR"],
        requests_per_second=5,
        day_messages=5,
        warn_percent=10,
        retention={"texts": 30, "hits": 5},
    )

    account = await agreed(
        running,
        prices={"DE": None},
        countries=None,
        requests_per_second=None,
        day_messages=None,
        warn_percent=None,
        retention={"hits": None},
    )

    assert account.terms == Terms(prices={"FR": 5}, retention={"texts": 30})  # type: ignore[dict-item]
    assert await running.services.accounts.named("tester") == account


async def test_names_are_taken_once_and_accounts_stand_below_others(start: StartEngine) -> None:
    running = await start()
    admin = running.services.account_admin
    below = await admin.create("Branch", running.account)

    with pytest.raises(NameTaken, match="an account named 'Branch' already"):
        await admin.create("Branch")

    assert below.parent_id == running.account.id


@pytest.mark.parametrize("seed", range(3))
async def test_nobody_sends_for_less_or_further_than_the_account_above(start: StartEngine, seed: int) -> None:
    """Whatever is agreed with whom, in whatever order and at the same moment."""
    chance = random.Random(seed)
    running = await start(tariff=ONLY_TWO)
    admin, subaccounts = running.services.account_admin, running.services.subaccounts
    family = [running.account]
    for above in (0, 0, 1, 1, 3):
        family.append(await admin.create(f"below-{len(family)}", family[above]))

    def a_change() -> Any:
        one = chance.choice(family)
        price = {
            chance.choice(["FR", "DE", "BE"]): chance.choice([None, 0, MICROS - 1, MICROS, 2 * MICROS, 7 * MICROS])
        }
        wanted: dict[str, Any] = chance.choice(
            [
                {"prices": price},
                {"countries": chance.choice([None, ["FR"], ["DE"], ["FR", "DE"]])},
                {"originators": chance.choice([None, ["Acme"], ["ACME", "Shop"]])},
                {"may_omit_stop": chance.random() < 0.5, "may_send_at_night": chance.random() < 0.5},
            ]
        )
        if one.parent_id is not None and chance.random() < 0.3:
            return subaccounts.set_price(one, "FR", chance.randrange(3 * MICROS))
        return admin.agree(one, TermsChange(**wanted))

    refusals = 0
    for _ in range(25):
        done = await asyncio.gather(*(a_change() for _ in range(4)), return_exceptions=True)
        refusals += sum(isinstance(each, InvalidField) for each in done)
        assert [each for each in done if isinstance(each, Exception) and not isinstance(each, InvalidField)] == []
        family = [await running.services.accounts.named(each.name) for each in family]
        by_id = {each.id: each.terms for each in family}
        for each in family:
            require_no_more_than(each.terms, by_id.get(each.parent_id or "", Terms()), top=each.parent_id is None)
    assert 0 < refusals < 100


ONLY_TWO = Tariff(channels={"sms": {"FR": MICROS, "DE": MICROS}})


def require_no_more_than(terms: Terms, above: Terms, *, top: bool) -> None:
    for country in ("FR", "DE", "BE"):
        mine, its = (ONLY_TWO.under(each).price_of("sms", country) for each in (terms, above))
        if mine is not None:
            assert its is not None
            assert mine >= max(its, MICROS)
        assert all(price >= MICROS for price in terms.prices.values())
    for name in ("Acme", "acme", "Shop", "Other"):
        assert above.may_send_from(name) or not terms.may_send_from(name)
    if not top:
        assert terms.may_omit_stop <= above.may_omit_stop
        assert terms.may_send_at_night <= above.may_send_at_night


async def test_what_changes_above_is_brought_down_and_the_audit_log_says_so(start: StartEngine) -> None:
    running = await start(tariff=PRICED)
    await agreed(running, prices={"FR": 2 * MICROS}, countries=["FR", "DE"])
    below = await running.services.account_admin.create("Branch", running.account)

    await agreed(running, prices={"FR": 5 * MICROS}, countries=["FR"])

    found = await running.services.accounts.named("Branch")
    entries = await running.services.audit_log.page(AuditFilter(account_id=below.id), limit=1)
    assert (below.terms.prices, below.terms.countries) == ({"FR": 2 * MICROS}, ["DE", "FR"])
    assert (found.terms.prices, found.terms.countries) == ({"FR": 5 * MICROS}, ["FR"])
    assert entries[0].after == '{"countries":["FR"],"prices":{"FR":"5"}}'


async def test_closing_an_account_stops_its_traffic_and_that_of_those_below_it(start: StartEngine) -> None:
    running = await start()
    services, admin = running.services, running.services.account_admin
    account = await admin.create("Acme")
    branch = await admin.create("Branch", account)
    key = await services.accounts.issue(branch, CredentialKind.API_KEY, scopes=list(Scope))
    later = from_ms(now_ms()) + timedelta(days=1)
    group = await services.groups.create(account, GroupDraft(members=[PHONES[150][1:]]))
    waiting = await send(running, branch, 3, send_at=later, report=ReportWish.NONE)
    unexpanded = await send(running, account, to=[], groups=[group.id], send_at=later)
    sent = await send(running, account, 1)
    many = [f"+3361{number:07}" for number in range(2_500)]
    being_made = asyncio.create_task(send(running, branch, to=many, send_at=later))

    closed = await admin.close(account)
    again = await admin.close(account)

    assert list(closed) == list(again) == [account.id, branch.id]
    with suppress(AccountClosed):
        await being_made
    assert await services.messages.page(branch, MessageFilter(statuses=[Status.QUEUED]), limit=1) == []
    report = await services.reports.of_batch(branch.id, waiting.batch.id, with_recipients=True)
    assert {standing.status for standing in report.standings} == {Status.CANCELED}
    assert (await services.batches.get(account, unexpanded.batch.id)).canceled
    assert (await services.batches.get(account, sent.batch.id)).recipient_count == 1
    with pytest.raises(Unauthenticated):
        await services.access.authenticate(CredentialKind.API_KEY, key.public_id, key.secret, address=None)
    gone = await services.accounts.named("Acme")
    assert gone.closed_at is not None
    for refused in (
        admin.top_up(gone, 1, None),
        admin.agree(gone, TermsChange()),
        admin.create("New", gone),
        admin.rotate_callback_secret(gone, 0),
    ):
        with pytest.raises(AccountClosed, match="was closed on"):
            await refused


async def test_nothing_inbound_is_a_closed_accounts(start: StartEngine) -> None:
    running = await start()
    account = await running.services.account_admin.create("Acme")
    arrival = InboundArrival(msisdn="33612345678", to="36105", kind=BodyKind.TEXT, body="Hello", account_id=account.id)
    heard = await running.engine.intake.inbound("sandbox", arrival)
    await running.services.account_admin.close(account)

    unheard = await running.engine.intake.inbound("sandbox", msgspec.structs.replace(arrival, provider_ref="2"))

    assert heard is not None
    assert unheard is None


async def test_the_administrators_account_has_no_traffic_and_stays(start: StartEngine) -> None:
    running = await start()
    made = await running.services.keys.make_administrator()

    with pytest.raises(InvalidField, match="administrators' account stays"):
        await running.services.account_admin.close(made.account)


async def test_opt_out_links_outlive_the_callback_secret_that_they_were_made_with(start: StartEngine) -> None:
    running = await start()
    path = optout_path(running.account, "33612345678")

    first = await running.services.account_admin.rotate_callback_secret(running.account, 60)
    between = await running.services.accounts.named("tester")
    second = await running.services.account_admin.rotate_callback_secret(between, 0)
    after = await running.services.accounts.named("tester")

    now = from_ms(now_ms())
    assert between.callback_secrets(now) == [first, running.account.callback_secret]
    assert between.callback_secrets(now + timedelta(seconds=61)) == [first]
    assert after.callback_secrets(now) == [second]
    assert [msisdn_in(each, path.rpartition("/")[2]) for each in (between, after)] == ["33612345678"] * 2
    assert optout_path(after, "33612345678") == path


async def test_what_a_person_sends_to_several_waits_for_another_where_that_is_agreed(start: StartEngine) -> None:
    running = await start()
    account = await agreed(running, second_person=True)
    batches_of, people = running.services.batches, running.services.people
    ada = person_actor(await people.create("ada@example.com", "correct horse battery", Role.SENDER, account), None)
    bob = person_actor(await people.create("bob@example.com", "correct horse battery", Role.SENDER, account), None)
    key = Actor(kind=ActorKind.KEY, id="K", name=account.name)

    async def released_by(actor: Actor, batch_id: str) -> Any:
        with acting_as(actor):
            return await batches_of.resume(account, batch_id)

    with acting_as(ada):
        held = (await send(running, account, 3)).batch
        alone = (await send(running, account, 1)).batch
        shares = await batches_of.create_in_shares(
            account, Draft(protocol="v1", to=PHONES[:4], originator="Acme", text="Hello"), 0.5, Release()
        )
    with acting_as(key):
        by_key = (await send(running, account, 3)).batch
    for actor in (ada, key):
        for batch_id in (held.id, shares.first.batch.id, shares.rest.batch.id):
            with pytest.raises(Conflict, match="Another person"):
                await released_by(actor, batch_id)
    kept = await batches_of.get(account, held.id)
    counted = []
    for actor in (ada, bob):
        with acting_as(actor):
            counted.append(await running.services.attention.count_lately(account, everywhere=False))
    went = await released_by(bob, held.id)
    with acting_as(ada), pytest.raises(Conflict, match="as it is"):
        await batches_of.change(account, held.id, lambda draft: msgspec.structs.replace(draft, text="Other"))

    assert (kept.paused, kept.pause_reason, went.paused) == (True, PauseReason.RELEASE, False)
    assert (alone.paused, by_key.paused) == (False, False)
    assert counted == [0, 2]  # only who may let it go is told
    assert [shares.first.batch.pause_reason, shares.rest.batch.pause_reason] == ["release", "share"]
    for message in await running.services.messages.page(account, MessageFilter(batch_id=held.id), limit=9):
        await running.until(message, Status.SENT, Status.DELIVERED)
