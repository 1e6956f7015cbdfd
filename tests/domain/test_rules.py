"""The domain's rules, each as the table that it is."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api import wire
from heliograph.calling import Response
from heliograph.domain import errors
from heliograph.domain.ids import earliest_at, encode, following, fresh, last_following, made_at_ms, new_id, to_int
from heliograph.domain.inbound import keyword_of
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.messages import Message, Waiting, why_waiting
from heliograph.domain.retries import LONGEST_DELAY_MS, retry_at_ms
from heliograph.domain.statuses import MEANING, NEXT, OPEN, SENTENCES, SETTLED, Reason, Status, diagram, may_become
from heliograph.protocols.xms.door.refusals import code_for
from heliograph.protocols.xms.statuses import status_and_code
from heliograph.sdk.calls import error_in

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_table_of_statuses_is_total() -> None:
    assert set(NEXT) == set(Status) == set(MEANING)
    for now, then in product(Status, Status):
        assert may_become(now, then) == (then in NEXT[now])
    assert all(now not in nexts for now, nexts in NEXT.items())
    assert {status for nexts in NEXT.values() for status in nexts} == set(Status)


def test_what_is_final_stays_and_delivered_above_all() -> None:
    assert all(not NEXT[status] for status in SETTLED - {Status.UNKNOWN})
    assert all(NEXT[status] for status in OPEN)
    assert NEXT[Status.UNKNOWN] <= SETTLED


def test_the_diagram_has_exactly_the_arrows_of_the_table() -> None:
    arrows = {tuple(line.strip().split(" --> ")) for line in diagram().splitlines()[1:]}

    assert arrows == {("[*]", "queued")} | {
        (now.value, then.value) for now, nexts in NEXT.items() for then in nexts
    } | {(now.value, "[*]") for now, nexts in NEXT.items() if not nexts}


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


def all_errors(root: type[errors.HeliographError] = errors.HeliographError) -> list[type[errors.HeliographError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in all_errors(child))]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in all_errors()]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_can_be_told(kind: type[errors.HeliographError]) -> None:
    assert kind.__doc__
    assert kind().message.endswith(".")
    assert 400 <= kind.http_status < 600
    if 400 <= kind.http_status < 500:
        assert kind.hint
    if kind.retryable:
        assert kind.http_status in {408, 409, 429, 500, 502, 503}


@pytest.mark.parametrize("kind", all_errors(errors.RequestError), ids=lambda kind: kind.__name__)
def test_every_error_has_its_words_in_xms_and_finds_its_class_again_in_the_sdk(
    kind: type[errors.HeliographError],
) -> None:
    import msgspec

    detail = wire.ErrorDetail(code=kind.code, message="m", hint="", field=None, retryable=False)
    answer = Response(kind.http_status, msgspec.json.encode(wire.ErrorBody(error=detail)))

    status, code = code_for(kind())

    assert status in {400, 401, 403, 404, 405, 409, 413, 415, 429}
    assert code
    assert type(error_in(answer)) is kind


@pytest.mark.parametrize(("status", "reason"), list(product(Status, [None, *Reason])))
def test_every_status_and_reason_has_xms_words(status: Status, reason: Reason | None) -> None:
    word, code = status_and_code(status, reason, None)

    assert word in {"Queued", "Dispatched", "Aborted", "Rejected", "Delivered", "Failed", "Expired", "Unknown"}
    assert (word == "Delivered") == (code == 0)
    assert status_and_code(Status.FAILED, Reason.UNDELIVERED, "27") == ("Failed", 27)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1))
def test_identifiers_carry_their_time_and_come_back(at_ms: int, bits: int) -> None:
    value = fresh(at_ms, bits)
    identifier = encode(value)

    assert len(identifier) == 26
    assert to_int(identifier) == value
    assert made_at_ms(identifier) == at_ms
    assert earliest_at(at_ms) <= identifier


@given(st.integers(0, 2**48 - 2), st.integers(0, 2**80 - 1), st.integers(1, 50))
def test_later_identifiers_sort_after_earlier_ones(at_ms: int, bits: int, later: int) -> None:
    assert encode(fresh(at_ms, bits)) < encode(fresh(min(at_ms + later, 2**48 - 1), 0)) or at_ms == 2**48 - 1


@pytest.mark.parametrize("start", [0, 2**20 - 3, 2**20 - 1, 2**21 - 2])
def test_followers_are_unique_ordered_and_within_the_bound(start: int) -> None:
    first = encode(fresh(1_700_000_000_000, 2**80 - 1) + start)

    found = list(following(first, 6))

    assert found == sorted(set(found))
    assert [to_int(identifier) for identifier in found] == [to_int(first) + n for n in range(1, 7)]
    assert found[-1] <= last_following(first)


@pytest.mark.parametrize("junk", ["", "x", "I" * 26, "z" * 26, "Z" * 26, "0" * 27])
def test_junk_is_no_identifier(junk: str) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        to_int(junk)


def test_two_draws_differ() -> None:
    assert new_id() != new_id()
    assert len({new_id() for _ in range(1_000)}) == 1_000


def test_a_forked_process_draws_others_than_its_parent() -> None:
    script = """
import os
from heliograph.domain import ids
ids.time.time_ns = lambda: 1_700_000_000_000_000_000
ids.new_id()
out, into = os.pipe()
if not os.fork():
    os.write(into, " ".join(ids.new_id() for _ in range(20)).encode())
    os._exit(0)
os.wait()
theirs = set(os.read(out, 10_000).decode().split())
assert len(theirs) == 20
assert theirs.isdisjoint(ids.new_id() for _ in range(20))
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("last", ["0", "9", "A", "Y", "Z"])
def test_the_next_one_is_the_first_of_many(last: str) -> None:
    first = encode(fresh(1_700_000_000_000, 2**80 - 1))[:25] + last

    assert following(first, 1) == following(first, 2)[:1] == [encode(to_int(first) + 1)]


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_instants_come_back_to_the_millisecond(instant: datetime) -> None:
    assert instant - from_ms(to_ms(instant)) < timedelta(milliseconds=1)


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="without an offset"):
        to_ms(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("attempts", "jitter", "after_ms", "expire_in_ms", "wait_ms"),
    [
        (1, 0.0, None, 10**9, 1_000),
        (2, 0.0, None, 10**9, 2_000),
        (5, 0.0, None, 10**9, 16_000),
        (11, 0.0, None, 10**9, 900_000),  # 1,024 s, but never more than a quarter of an hour
        (1, 1.0, None, 10**9, 1_500),  # half as long again
        (1, 0.0, 5_000, 10**9, 5_000),  # the provider wants longer
        (5, 0.0, 5_000, 10**9, 16_000),  # ... than we would wait anyway
        (1, 0.0, None, 1_001, 1_000),
        (1, 0.0, None, 1_000, None),  # its validity would be over
        (1_000, 0.0, None, 10**9, LONGEST_DELAY_MS),
        (1_000, 0.0, None, LONGEST_DELAY_MS, None),
    ],
)
def test_when_an_attempt_is_repeated(
    attempts: int, jitter: float, after_ms: int | None, expire_in_ms: int, wait_ms: int | None
) -> None:
    found = retry_at_ms(attempts, 50, 50 + expire_in_ms, jitter, after_ms)

    assert found == (None if wait_ms is None else 50 + wait_ms)


@pytest.mark.parametrize(
    ("text", "keyword"),
    [("join", "JOIN"), ("  Stop! now", "STOP"), ("...", None), ("", None), ("“x”", "X"), ("(Win) a", "WIN")],
)
def test_the_keyword_of_a_text(text: str, keyword: str | None) -> None:
    assert keyword_of(text) == keyword


@pytest.mark.parametrize(
    ("status", "due_in_s", "attempts", "why_queued", "why"),
    [
        (Status.QUEUED, 60, 0, None, Waiting.SCHEDULED),
        (Status.QUEUED, 60, 1, None, Waiting.RETRY),
        (Status.QUEUED, -1, 0, "paced", Waiting.PACED),
        (Status.QUEUED, -1, 0, "paused", Waiting.PAUSED),
        (Status.QUEUED, 60, 0, "quiet_hours", Waiting.QUIET),
        (Status.QUEUED, 60, 3, "provider_out_of_service", Waiting.OUT_OF_SERVICE),
        (Status.QUEUED, -1, 3, "provider_out_of_service", Waiting.NEXT),
        (Status.QUEUED, -1, 3, "provider_paused", Waiting.PROVIDER_PAUSED),
        (Status.SENDING, -1, 1, None, Waiting.IN_FLIGHT),
        (Status.SENT, -1, 1, None, Waiting.RECEIPT),
        (Status.UNKNOWN, -1, 1, None, Waiting.NOTHING),
        (Status.DELIVERED, -1, 1, None, Waiting.NOTHING),
    ],
)
def test_why_a_message_waits(
    status: Status, due_in_s: int, attempts: int, why_queued: str | None, why: Waiting
) -> None:
    unset = dict.fromkeys(
        [
            "originator",
            "detail",
            "provider_code",
            "encoding",
            "parts",
            "provider",
            "provider_ref",
            "lease_until",
            "sent_at",
        ]
    )
    message = Message(
        **unset,
        id="m",
        account_id="a",
        batch_id="b",
        msisdn="33612345678",
        text="x",
        status=status,
        reason=None,
        why_queued=why_queued,
        attempts=attempts,
        created_at=NOW,
        due_at=NOW + timedelta(seconds=due_in_s),
        expire_at=NOW + timedelta(days=1),
        settled_at=None,
    )

    found = why_waiting(message, NOW)

    assert found.why is why
    assert found.explanation
