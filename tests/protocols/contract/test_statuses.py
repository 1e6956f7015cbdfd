"""Every HTTP status over every provider, in words that are none of its vendor's: the same question to all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.contract.far import Far
from tests.protocols.contract.starting import started
from tests.protocols.contract.wires import SECRET, WIRES, Answer, Wire, always
from tests.protocols.standing_in import outgoing

from heliograph.calling import Request, Response
from heliograph.calling.written import watched
from heliograph.domain.statuses import Reason
from heliograph.engine.contract import Accepted, Outcome, Refused, TryAgain, Uncertain
from heliograph.protocols.shared.answers import (
    LONGEST_WISH_MS,
    MEANINGS,
    TO_BE_MENDED_MS,
    TurnedDown,
    outcome_of,
    refusal,
    retry_after_ms,
)

every_provider = pytest.mark.parametrize("wire", WIRES, ids=[wire.type for wire in WIRES])

FOREIGN = {
    "a page": b"<html><body>Sorry</body></html>",
    "nothing": b"",
    "an object": b'{"error": "no", "status": 1}',
    "a list": b"[]",
    "null": b"null",
    "no text at all": b"\xff\xfe\x00",
    "objects without an end": b'{"error":' * 5_000,
    "lists without an end": b"[" * 5_000,
}


class Expected(NamedTuple):
    """What a status has to come to."""

    kind: type[Outcome]
    blames_provider: bool = True
    after_ms: int | None = None


MENDED = Expected(TryAgain, True, TO_BE_MENDED_MS)
AWAY = Expected(TryAgain)
BUSY = Expected(TryAgain, False)
EXPECTED: dict[int, Expected] = {
    **dict.fromkeys((200, 201, 202, 299), Expected(Uncertain)),
    **dict.fromkeys((300, 301, 302, 307, 308), MENDED),
    303: Expected(Uncertain),
    **dict.fromkeys((400, 412, 413, 414, 416, 418, 422, 431, 451, 499), Expected(Refused)),
    **dict.fromkeys((401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 417, 421, 426, 428), MENDED),
    408: AWAY,
    **dict.fromkeys((409, 423, 424, 425, 429), BUSY),
    **dict.fromkeys((500, 502, 504, 506, 507, 508, 510, 520, 599, 600, 999), Expected(Uncertain)),
    **dict.fromkeys((501, 505, 511), MENDED),
    503: AWAY,
}


def test_every_status_of_the_table_is_asked() -> None:
    assert set(MEANINGS) <= set(EXPECTED)


@pytest.mark.parametrize("status", EXPECTED)
@every_provider
async def test_a_bare_status_means_the_same_for_every_provider(wire: Wire, status: int, far: Far) -> None:
    expected = EXPECTED[status]
    async with started(wire, far.origin) as (provider, _):
        for what, body in FOREIGN.items():
            far.behaviour = wire.let_in(always(status, body, Location=f"{far.origin}/elsewhere"))

            outcomes = await provider.send([outgoing(1), outgoing(2), outgoing(3, "Another")])

            for outcome in outcomes:
                assert type(outcome) is expected.kind, (what, outcome)
                if isinstance(outcome, TryAgain):
                    assert (outcome.blames_provider, outcome.after_ms) == expected[1:], (what, outcome)
            assert SECRET not in repr(outcomes)
    assert "/elsewhere" not in {request.path for request in far.requests}


@every_provider
async def test_a_server_says_when_to_come_again(wire: Wire, far: Far) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    wishes: dict[str, Callable[[int | None], bool]] = {
        "7": lambda after_ms: after_ms == 7_000,
        in_an_hour: lambda after_ms: after_ms is not None and 1_700_000 < after_ms <= 1_800_000,
        "9" * 5_000: lambda after_ms: after_ms is None,
        "soon": lambda after_ms: after_ms is None,
    }
    async with started(wire, far.origin) as (provider, _):
        for wish, is_right in wishes.items():
            far.behaviour = wire.let_in(always(429, b"", Retry_After=wish))

            (outcome,) = await provider.send([outgoing(1)])

            assert isinstance(outcome, TryAgain)
            assert is_right(outcome.after_ms), (wish[:50], outcome.after_ms)


@every_provider
async def test_what_is_too_large_together_goes_in_pieces(wire: Wire, far: Far) -> None:
    async with started(wire, far.origin) as (provider, _):
        far.behaviour = wire.accepted
        await provider.send([outgoing(1)])
        alone = max(len(request.body or b"") for request in far.requests)
        far.behaviour = wire.let_in(_unless(lambda request: len(request.body or b"") > alone + 5, 413, wire.accepted))

        outcomes = await provider.send([outgoing(number) for number in (1, 2, 3, 4)])

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 4


@pytest.mark.parametrize("status", [400, 413, 422])
@every_provider
async def test_one_that_can_not_be_is_found_among_the_others(wire: Wire, status: int, far: Far) -> None:
    culprit = outgoing(2)

    def names_it(request: Request) -> bool:
        return culprit.msisdn in f"{request.path}{(request.body or b'').decode()}"

    far.behaviour = wire.let_in(_unless(names_it, status, wire.accepted))
    async with started(wire, far.origin) as (provider, _):
        outcomes = await provider.send([outgoing(1), culprit, outgoing(3)])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted]


def _unless(is_wrong: Callable[[Request], bool], status: int, otherwise: Answer) -> Answer:
    return lambda request: Response(status, b"<html>") if is_wrong(request) else otherwise(request)


# -- the table itself


@given(st.integers(-1, 2_000), st.binary(max_size=20), st.dictionaries(st.just("retry-after"), st.text(max_size=40)))
def test_every_answer_has_an_outcome(status: int, body: bytes, headers: dict[str, str]) -> None:
    outcome = refusal(Response(status, body, headers))

    assert not isinstance(outcome, Accepted)
    if isinstance(outcome, TryAgain) and outcome.after_ms is not None:
        assert 0 <= outcome.after_ms <= LONGEST_WISH_MS


@given(st.integers(0, 10**9 - 1))
def test_seconds_are_honoured_as_far_as_a_message_can_wait(seconds: int) -> None:
    assert retry_after_ms({"retry-after": str(seconds)}) == min(seconds * 1_000, LONGEST_WISH_MS)


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_dates_are_honoured_likewise(away: timedelta) -> None:
    wish = format_datetime(datetime.now(UTC) + away, usegmt=True)

    found = retry_after_ms({"retry-after": wish})

    assert found is not None
    assert abs(found - min(max(away.total_seconds() * 1_000, 0), LONGEST_WISH_MS)) < 5_000


@pytest.mark.parametrize(("status", "kind"), [(status, each.kind) for status, each in EXPECTED.items()])
def test_what_a_login_is_answered_says_nothing_of_the_messages(status: int, kind: type[Outcome]) -> None:
    """They have not been seen: they wait, whatever it is."""
    with watched():
        outcome = outcome_of(TurnedDown(Response(status, json.dumps({}).encode())))

    assert isinstance(outcome, TryAgain)


def test_the_server_s_own_words_go_with_the_message() -> None:
    assert refusal(Response(400, b""), "E17", "No such number.") == Refused(
        Reason.PROVIDER_REFUSED, "E17", "No such number."
    )
