"""The life of a message: what each change makes of it, and what holds whatever comes in whatever order."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.attempts import AttemptOutcome
from heliograph.domain.batches import Notify
from heliograph.domain.channels import Leg, Plan, plan_text
from heliograph.domain.life import Change, Queued, Snapshot, Transition, claimed, transition
from heliograph.domain.messages import Waiting
from heliograph.domain.statuses import OPEN, SETTLED, Reason, Status

NOW = 1_800_000_000_000
LATER = NOW + 5_000
PLAN = Plan(60_000, [Leg(0, "viber", 30, 1), Leg(2, "sms", 90, 3)])
EVERYTHING = int(Notify.EVERY_CHANGE | Notify.BATCH_WHEN_SETTLED | Notify.WATCHED)


def message(status: Status = Status.SENDING, leg: int | None = None, *, notify: int = 0) -> Snapshot:
    """One that a provider has had once it is sent; `leg`: of `PLAN`, None: it has one channel only."""
    with_provider = status not in {Status.QUEUED, Status.SENDING}
    return Snapshot(
        id="M",
        account_id="A",
        batch_id="B",
        msisdn="33612345678",
        status=status.value,
        notify=notify,
        provider="first" if with_provider else None,
        provider_ref="ref" if with_provider else None,
        encoding="gsm7" if with_provider else None,
        parts=1,
        due_at=NOW - 1_000,
        sent_at=NOW - 500 if with_provider else None,
        attempts=0 if status is Status.QUEUED else 1,
        price=40 if leg is None else PLAN.reserved,
        channel="sms" if leg is None else PLAN.at(leg).channel,
        leg=leg or 0,
        plan=None if leg is None else plan_text(PLAN),
        fall_back_at=NOW + 60_000 if status is Status.SENT and leg == 0 else None,
        passed_on_by=None,
    )


def asked(status: Status, *, elsewhere: bool = False, reason: str | None = None) -> Change:
    return Change("M", status, elsewhere=elsewhere, reason=reason, provider_code="7", detail="said so")


#: A line for each status, a column for each that is asked for: what the message then is. A dot: as it was, and nothing
#: is written. `next`: queued for the next channel; `other`: queued for another provider.
ONE_CHANNEL = """
    asked:     queued  sending  sent   delivered  failed  rejected  expired  canceled  unknown
    queued     .       sending  sent   delivered  failed  rejected  expired  canceled  unknown
    sending    queued  .        sent   delivered  failed  rejected  expired  canceled  unknown
    sent       .       .        .      delivered  failed  rejected  expired  .         unknown
    delivered  .       .        .      .          .       .         .        .         .
    failed     .       .        .      .          .       .         .        .         .
    rejected   .       .        .      .          .       .         .        .         .
    expired    .       .        .      .          .       .         .        .         .
    canceled   .       .        .      .          .       .         .        .         .
    unknown    .       .        .      delivered  failed  rejected  expired  .         .
"""
#: Where another channel is left, two lines are others.
CHANNEL_LEFT = {
    "sending": "queued  .        sent   delivered  next    next      next     canceled  sent",
    "sent": "   .       .        .      delivered  next    next      next     .         unknown",
}
#: Where whoever asks knows of another provider, one line is another, whatever the plan.
PROVIDER_LEFT = {
    "sent": "   other   other    other  other      other   other     other    other     other",
}


def table(*lines: dict[str, str]) -> dict[tuple[Status, Status], str]:
    head, *rows = (line.split() for line in ONE_CHANNEL.strip().splitlines())
    found = {
        (Status(before), Status(then)): result
        for before, *results in rows
        for then, result in zip(head[1:], results, strict=True)
    }
    for line in lines:
        for before, results in line.items():
            found |= dict(zip(product([Status(before)], map(Status, head[1:])), results.split(), strict=True))
    return found


#: (the leg that it goes by, whether another provider is left) -> what becomes of each status by each change
SITUATIONS: dict[tuple[int | None, bool], dict[tuple[Status, Status], str]] = {
    (None, False): table(),
    (None, True): table(PROVIDER_LEFT),
    (0, False): table(CHANNEL_LEFT),
    (0, True): table(CHANNEL_LEFT, PROVIDER_LEFT),
    (2, False): table(),
    (2, True): table(PROVIDER_LEFT),
}
CASES = [
    pytest.param(leg, elsewhere, before, then, result, id=f"leg {leg}, elsewhere {elsewhere}, {before} to {then}")
    for (leg, elsewhere), results in SITUATIONS.items()
    for (before, then), result in results.items()
]


@pytest.mark.parametrize(("leg", "elsewhere", "before", "then", "result"), CASES)
def test_a_change_makes_of_a_message_what_the_table_says(
    leg: int | None, elsewhere: bool, before: Status, then: Status, result: str
) -> None:
    was = message(before, leg)

    taking = transition(was, asked(then, elsewhere=elsewhere), LATER)

    if result == ".":
        assert taking is None
        return
    assert taking is not None
    after = taking.after
    assert taking.before == was
    assert taking.status == after.status
    if result == "next":
        assert (after.status, after.channel, after.leg, after.parts) == ("queued", "sms", 2, 3)
        assert (after.attempts, after.passed_on_by, taking.change.why_queued) == (0, "", Waiting.FELL_BACK)
    elif result == "other":
        assert (after.status, after.channel, after.leg) == ("queued", was.channel, was.leg)
        assert (after.attempts, after.passed_on_by) == (was.attempts, "first")
        assert (taking.change.why_queued, taking.change.reason) == (Waiting.FAILED_OVER, None)
    else:
        assert (after.status, after.channel, after.leg, after.parts) == (result, was.channel, was.leg, was.parts)
        assert after.passed_on_by is None


def test_every_situation_has_every_pair_of_statuses() -> None:
    assert all(set(results) == set(product(Status, Status)) for results in SITUATIONS.values())


@pytest.mark.parametrize("result", ["next", "other"])
def test_what_goes_on_starts_anew_and_keeps_the_attempt_that_ended(result: str) -> None:
    leg, elsewhere = (0, False) if result == "next" else (None, True)

    taking = transition(message(Status.SENT, leg), asked(Status.FAILED, elsewhere=elsewhere), LATER)

    assert taking is not None
    after, attempt = taking.after, taking.ended_attempt
    assert (after.provider_ref, after.sent_at, after.fall_back_at, after.due_at) == (None, None, None, LATER)
    assert attempt is not None
    assert (attempt.provider, attempt.outcome, attempt.at_ms) == ("first", AttemptOutcome.FAILED, LATER)
    assert (attempt.provider_code, attempt.detail) == ("7", "said so")
    # A late receipt may still say that the first provider delivered it; of another channel nobody asks any more.
    assert attempt.provider_ref == (None if result == "next" else "ref")


def test_of_a_channel_that_was_refused_it_is_kept_who_refused_it() -> None:
    refused = msgspec.structs.replace(asked(Status.REJECTED), provider="second")

    taking = transition(message(Status.SENDING, 0), refused, LATER)

    assert taking is not None
    assert taking.ended_attempt is not None
    assert (taking.ended_attempt.provider, taking.after.provider) == ("second", "second")


@pytest.mark.parametrize("reason", [Reason.OPTED_OUT, Reason.EXPIRED_BEFORE_SENDING])
def test_no_channel_helps_against_some_reasons(reason: Reason) -> None:
    taking = transition(message(Status.SENDING, 0), asked(Status.REJECTED, reason=reason), LATER)

    assert taking is not None
    assert taking.after.status == "rejected"
    assert taking.given_back == PLAN.reserved


def test_a_channel_that_took_a_message_gets_its_time_if_another_is_left() -> None:
    for status in (Status.SENT, Status.UNKNOWN):
        taking = transition(message(Status.SENDING, 0), asked(status), LATER)
        assert taking is not None
        assert taking.after.fall_back_at == LATER + PLAN.after_ms
    last = transition(message(Status.SENDING, 2), asked(Status.SENT), LATER)
    assert last is not None
    assert last.after.fall_back_at is None


@pytest.mark.parametrize(
    ("leg", "before", "then", "left"),
    [
        *((None, before, then, 0) for before in ("queued", "sending") for then in ("failed", "rejected", "expired")),
        (None, "queued", "canceled", 0),
        (None, "sending", "unknown", 40),
        (None, "sent", "failed", 40),  # whoever sent it has to be paid
        (None, "sent", "delivered", 40),
        (None, "unknown", "failed", 40),
        (0, "queued", "failed", 0),
        (0, "sending", "delivered", 30),
        (0, "sending", "rejected", 90),  # the other channel is to be paid from it
        (0, "sending", "canceled", 0),
        (0, "sent", "delivered", 30),
        (0, "sent", "unknown", 30),
        (2, "sent", "delivered", 90),
        (2, "sending", "rejected", 0),
    ],
)
def test_what_is_not_owed_any_more_is_given_back(leg: int | None, before: str, then: str, left: int) -> None:
    was = message(Status(before), leg)

    taking = transition(was, asked(Status(then)), LATER)

    assert taking is not None
    assert (taking.after.price, taking.given_back) == (left, was.price - left)


@pytest.mark.parametrize("notify", [*Notify, Notify(0), Notify(EVERYTHING)])
@pytest.mark.parametrize(("before", "then"), sorted(product(Status, Status)))
def test_who_is_told_and_what_is_counted_follows_from_what_the_message_carries(
    before: Status, then: Status, notify: Notify
) -> None:
    taking = transition(message(before, notify=int(notify)), asked(then), LATER)

    if taking is None:
        return
    settled, settles = then in SETTLED, then in SETTLED and before in OPEN
    every_change = bool(notify & Notify.EVERY_CHANGE)
    assert taking.is_told == (
        (every_change and (settled or then is Status.SENT))
        or (bool(notify & Notify.WHEN_SETTLED) and settled)
        or (bool(notify & Notify.WHEN_NOT_DELIVERED) and settled and then is not Status.DELIVERED)
    )
    assert taking.settles == settles
    assert taking.ends_in_batch == (settles and bool(notify & Notify.BATCH_WHEN_SETTLED))
    assert taking.is_counted == (settles and bool(notify & Notify.WATCHED))


@pytest.mark.parametrize(
    ("status", "reason", "failed"),
    [
        (Status.DELIVERED, None, False),
        (Status.CANCELED, Reason.CANCELED_BY_CUSTOMER, False),
        (Status.FAILED, Reason.UNDELIVERED, True),
        (Status.REJECTED, Reason.PROVIDER_REFUSED, True),
        (Status.REJECTED, Reason.OPTED_OUT, False),
        (Status.REJECTED, Reason.NO_COVERAGE, False),
        (Status.REJECTED, Reason.INSUFFICIENT_CREDIT, False),
        (Status.EXPIRED, Reason.EXPIRED_IN_NETWORK, True),
        (Status.EXPIRED, Reason.EXPIRED_BEFORE_SENDING, False),
        (Status.UNKNOWN, Reason.UNCERTAIN, True),
    ],
)
def test_a_batch_pauses_only_for_what_says_something_of_the_others(status: Status, reason: str, failed: bool) -> None:
    taking = transition(message(), asked(status, reason=reason), LATER)

    assert taking is not None
    assert taking.counts_as_failed is failed


def test_the_customer_is_told_of_the_message_as_it_is_after_the_change() -> None:
    change = Change("M", Status.SENT, provider="p", provider_ref="r", encoding="ucs2", parts=2, at_ms=NOW + 1)

    taking = transition(message(), change, LATER)

    assert taking is not None
    facts = taking.facts
    assert (facts.message_id, facts.msisdn, facts.status) == ("M", "33612345678", "sent")
    assert (facts.encoding, facts.parts, facts.at_ms) == ("ucs2", 2, NOW + 1)
    assert (taking.after.sent_at, taking.settled_at) == (NOW + 1, None)


@pytest.mark.parametrize(
    ("before", "then", "at_ms", "took_ms"),
    [
        (Status.SENT, Status.DELIVERED, None, 5_500),
        (Status.SENT, Status.FAILED, NOW, 500),
        (Status.SENT, Status.DELIVERED, NOW - 1_000, 0),  # by the provider's clock, which is slow
        (Status.UNKNOWN, Status.DELIVERED, None, None),
        (Status.SENDING, Status.DELIVERED, None, None),
    ],
)
def test_how_long_delivery_took_is_known_of_what_was_sent(
    before: Status, then: Status, at_ms: int | None, took_ms: int | None
) -> None:
    taking = transition(message(before), Change("M", then, at_ms=at_ms), LATER)

    assert taking is not None
    assert taking.took_ms == took_ms


@pytest.mark.parametrize("status", list(Status))
def test_a_worker_can_claim_what_is_queued_and_nothing_else(status: Status) -> None:
    waiting = Queued("M", "A", "B", "33612345678", status.value, 2, LATER, "sms", 0, None, None)

    found = claimed(waiting)

    if status is Status.QUEUED:
        assert found is not None
        assert (found.id, found.status, found.attempts) == ("M", "sending", 3)
    else:
        assert found is None


CHANGES = st.lists(
    st.builds(
        Change,
        message_id=st.just("M"),
        status=st.sampled_from(Status),
        reason=st.none() | st.sampled_from(Reason),
        at_ms=st.none() | st.integers(NOW - 10_000, NOW + 10_000),
        provider=st.none() | st.sampled_from(["first", "second"]),
        provider_ref=st.none() | st.sampled_from(["1", "2"]),
        attempted=st.none() | st.sampled_from(AttemptOutcome),
        elsewhere=st.booleans(),
    ),
    max_size=25,
)
PLANS = st.none() | st.builds(
    lambda prices: plan_text(Plan(60_000, [Leg(number, "sms", price, 1) for number, price in enumerate(prices)])),
    st.lists(st.integers(0, 100), min_size=1, max_size=4),
)


@st.composite
def lives(draw: st.DrawFn) -> list[Transition]:
    """What took place of a message's changes, in order, from the moment that it was accepted."""
    plan = draw(PLANS)
    price = draw(st.integers(0, 100)) if plan is None else msgspec.json.decode(plan, type=Plan).reserved
    notify = int(draw(st.sampled_from(Notify)) | draw(st.sampled_from(Notify)))
    state = msgspec.structs.replace(
        message(Status.QUEUED), plan=plan, price=price, notify=notify, provider="first", passed_on_by=""
    )
    found = []
    for place, change in enumerate(draw(CHANGES)):
        if (taking := transition(state, change, NOW + place)) is not None:
            found.append(taking)
            state = taking.after
    return found


RANK = {Status.QUEUED: 0, Status.SENDING: 1, Status.SENT: 2, Status.UNKNOWN: 3}
FINAL = 4


@given(lives())
def test_a_message_never_goes_backwards_but_to_be_tried_again(life: list[Transition]) -> None:
    for taking in life:
        before, after = taking.before, taking.after
        if RANK.get(Status(after.status), FINAL) > RANK.get(Status(before.status), FINAL):
            continue
        assert after.status == Status.QUEUED
        goes_on = after.leg > before.leg or len(after.passed_on_by or "") > len(before.passed_on_by or "")
        assert before.status == Status.SENDING or (before.status == Status.SENT and goes_on)


@given(lives())
def test_what_is_settled_stays_so_and_only_unknown_is_bettered(life: list[Transition]) -> None:
    settled = [taking for taking in life if taking.before.status in SETTLED]

    assert len(settled) <= 1
    assert all(each.before.status == Status.UNKNOWN for each in settled)
    assert all(each.status in SETTLED and each.status is not Status.UNKNOWN for each in settled)


@given(lives())
def test_money_is_given_back_once_at_most_and_never_more_than_was_charged(life: list[Transition]) -> None:
    given = [taking.given_back for taking in life if taking.given_back]

    assert len(given) <= 1
    assert all(amount > 0 for amount in given)
    assert not life or life[-1].after.price == life[0].before.price - sum(given) >= 0


@given(lives())
def test_each_status_is_told_once_and_a_batch_waits_for_a_message_once(life: list[Transition]) -> None:
    told = [
        (taking.status, None if taking.status in SETTLED else (taking.before.leg, taking.before.passed_on_by))
        for taking in life
        if taking.is_told
    ]

    assert len(told) == len(set(told))
    assert sum(taking.settles for taking in life) <= 1
    assert sum(taking.ends_in_batch for taking in life) <= 1
    assert sum(taking.is_counted for taking in life) <= 1


@given(lives())
def test_an_attempt_is_kept_of_everything_that_a_provider_had_and_did_not_settle(life: list[Transition]) -> None:
    for taking in life:
        if taking.before.status == Status.SENT and taking.status is Status.QUEUED:
            assert taking.ended_attempt is not None
            assert taking.ended_attempt.provider == taking.before.provider
