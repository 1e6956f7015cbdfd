"""What every provider has to do, against a server that speaks its wire."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from tests.protocols.contract.far import Far
from tests.protocols.contract.starting import started
from tests.protocols.contract.wires import SECRET, WIRES, Wire
from tests.protocols.standing_in import outgoing

from heliograph.domain.batches import BodyKind
from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted, Outcome, Refused, TryAgain, Uncertain
from heliograph.protocols.providers import PROVIDED
from heliograph.runtime.providers import check

every_provider = pytest.mark.parametrize("wire", WIRES, ids=[wire.type for wire in WIRES])


async def one(wire: Wire, far: Far) -> Outcome:
    async with started(wire, far.origin) as (provider, _):
        (outcome,) = await provider.send([outgoing(1)])
    assert SECRET not in repr(outcome)
    return outcome


def test_every_provider_that_has_a_wire_is_in_the_table() -> None:
    without = {"console", "file", "smpp"}  # the last is asked the same in tests/protocols/smpp

    assert {wire.type for wire in WIRES} == {protocol.name for protocol in PROVIDED} - without


@every_provider
async def test_each_message_is_taken_under_an_id_of_its_own_in_order(wire: Wire, far: Far) -> None:
    far.behaviour = wire.accepted
    async with started(wire, far.origin) as (provider, _):
        outcomes: Sequence[Outcome] = await provider.send([outgoing(number) for number in (1, 2, 3)])

    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    assert len({outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)}) == 3


@every_provider
async def test_a_number_may_be_there_twice(wire: Wire, far: Far) -> None:
    far.behaviour = wire.accepted
    async with started(wire, far.origin) as (provider, _):
        outcomes = await provider.send([outgoing(1), outgoing(1, "Another", message_id="M9")])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]


@every_provider
async def test_a_refusal_is_final_and_has_a_code(wire: Wire, far: Far) -> None:
    far.behaviour = wire.refused

    outcome = await one(wire, far)

    assert isinstance(outcome, Refused)
    assert outcome.code or outcome.detail


@every_provider
async def test_throttled_is_tried_again(wire: Wire, far: Far) -> None:
    far.behaviour = wire.throttled

    assert isinstance(await one(wire, far), TryAgain)


@every_provider
async def test_nobody_there_is_tried_again(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with started(wire, f"http://127.0.0.1:{port}") as (provider, _):
        (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, TryAgain)


@every_provider
async def test_no_answer_to_a_request_that_was_written_is_uncertain(wire: Wire, far: Far) -> None:
    assert isinstance(await one(wire, far), Uncertain)


@every_provider
async def test_a_server_that_failed_may_have_taken_it(wire: Wire, far: Far) -> None:
    far.behaviour = wire.failed

    assert isinstance(await one(wire, far), Uncertain)


@every_provider
async def test_an_answer_that_makes_no_sense_is_uncertain(wire: Wire, far: Far) -> None:
    far.behaviour = wire.malformed

    assert isinstance(await one(wire, far), Uncertain)


@every_provider
async def test_wrong_credentials_are_for_somebody_to_mend(wire: Wire, far: Far) -> None:
    """Nothing is lost meanwhile. SMS Operator does not say: what it does not name may have been taken."""
    assert wire.locked is not None
    far.behaviour = wire.locked

    outcome = await one(wire, far)

    assert isinstance(outcome, Uncertain if wire.type == "smsoperator" else TryAgain)


@every_provider
async def test_credentials_are_tried_without_sending(wire: Wire, far: Far) -> None:
    async with started(wire, far.origin) as (provider, _):
        if wire.checked is None:
            assert (await check(provider)).works  # there is nothing to ask
            return
        far.behaviour = wire.checked
        right = await check(provider)
        assert wire.locked is not None
        far.behaviour = wire.locked
        wrong = await check(provider)

    assert right.works, right.told
    assert not wrong.works
    assert SECRET not in right.told + wrong.told


@every_provider
async def test_binary_messages_are_taken_or_refused_each_for_itself(wire: Wire, far: Far) -> None:
    far.behaviour = wire.accepted
    async with started(wire, far.origin) as (provider, _):
        outcomes = await provider.send([outgoing(1, "AAEC", kind=BodyKind.BINARY, udh="050003ab0201"), outgoing(2)])

    assert isinstance(outcomes[0], Accepted | Refused)
    assert isinstance(outcomes[1], Accepted)


HEARING = [wire for wire in WIRES if wire.heard("x:1")]


@pytest.mark.parametrize("wire", HEARING, ids=[wire.type for wire in HEARING])
async def test_receipts_come_home_in_each_form_of_the_id_once_or_again(wire: Wire, far: Far) -> None:
    far.behaviour = wire.accepted
    async with started(wire, far.origin) as (provider, ears):
        (outcome,) = await provider.send([outgoing(1)])
        assert isinstance(outcome, Accepted)
        told = wire.heard(outcome.provider_ref)
        said = [await provider.handle_webhook(heard) for heard in (*told, told[0])]

    assert {answer.status for answer in said} == {200}
    assert [receipt.status for receipt in ears.heard] == [Status.DELIVERED] * len(said)
    assert {(receipt.provider, receipt.provider_ref) for receipt in ears.heard} == {("line", outcome.provider_ref)}


@pytest.mark.parametrize("wire", HEARING, ids=[wire.type for wire in HEARING])
async def test_a_receipt_of_a_message_that_nobody_has_sent_yet_is_handed_on(wire: Wire, far: Far) -> None:
    """The engine keeps it until its message is known; the provider is told that it was heard."""
    async with started(wire, far.origin) as (provider, ears):
        answer = await provider.handle_webhook(wire.heard("early:33600000001")[0])

    assert answer.status == 200
    assert len(ears.heard) == 1


NONSENSE = [wire for wire in WIRES if wire.nonsense]


@pytest.mark.parametrize("wire", NONSENSE, ids=[wire.type for wire in NONSENSE])
async def test_what_is_no_receipt_is_refused(wire: Wire, far: Far) -> None:
    async with started(wire, far.origin) as (provider, ears):
        answers = [await provider.handle_webhook(heard) for heard in wire.nonsense]

    assert all(400 <= answer.status < 500 for answer in answers)
    assert (ears.heard, ears.arrived) == ([], [])


TALKING = [wire for wire in WIRES if wire.inbound is not None]


@pytest.mark.parametrize("wire", TALKING, ids=[wire.type for wire in TALKING])
async def test_inbound_messages_are_handed_in_with_an_id_that_makes_repetitions_known(wire: Wire, far: Far) -> None:
    assert wire.inbound is not None
    async with started(wire, far.origin) as (provider, ears):
        for _ in range(2):
            assert (await provider.handle_webhook(wire.inbound("33612345678", "Oui"))).status == 200

    first, again = ears.arrived
    assert (first.msisdn, first.to, first.body, first.account_id) == ("33612345678", "36111", "Oui", "A" * 26)
    assert first.provider_ref
    assert first.provider_ref == again.provider_ref


ASKED = [wire for wire in WIRES if wire.polled is not None]


@pytest.mark.parametrize("wire", ASKED, ids=[wire.type for wire in ASKED])
async def test_receipts_are_asked_for_where_nobody_tells(wire: Wire, far: Far) -> None:
    assert wire.polled is not None
    far.behaviour = wire.accepted
    async with started(wire, far.origin, reachable=False) as (provider, _):
        (outcome,) = await provider.send([outgoing(1)])
        assert isinstance(outcome, Accepted)
        assert outcome.poll is not None
        far.behaviour = wire.polled
        answer = await provider.poll(outcome.poll)

    (receipt,) = answer.receipts
    assert (receipt.provider_ref, receipt.status, answer.over) == (outcome.provider_ref, Status.DELIVERED, True)
