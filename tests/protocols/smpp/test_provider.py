"""The provider against an SMSC over a real socket."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from tests.protocols.smpp.smsc import PASSWORD, Smsc, configured, provided, smsc
from tests.protocols.standing_in import Ears, outgoing

from heliograph.domain.batches import BodyKind, Options
from heliograph.domain.errors import NotNow
from heliograph.domain.priorities import Priority
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, CheckFailed, Fault, Outcome, Refused, TryAgain, Uncertain
from heliograph.engine.provided import InvalidConfig
from heliograph.protocols.smpp.connection import Connection
from heliograph.protocols.smpp.provider import SmppProvided
from heliograph.protocols.smpp.provider import lines as lines_module
from heliograph.protocols.smpp.provider.answers import meaning
from heliograph.protocols.smpp.provider.config import Manners, SmppConfig, TlvValue, addresses, manners
from heliograph.protocols.smpp.provider.waiting import Pace
from heliograph.protocols.smpp.session import Event, Mode
from heliograph.protocols.smpp.wire.coding import UDHI
from heliograph.protocols.smpp.wire.pdus import (
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    GenericNack,
    SubmitSm,
    SubmitSmResp,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, tlv

S = CommandStatus
RECEIPT = "id:{id} sub:001 dlvrd:001 submit date:2601021530 done date:2601021531 stat:{stat} err:{err} text:Hello"


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines come back at once, and wait no longer than they must."""
    monkeypatch.setattr(lines_module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(lines_module, "SLOW_S", 0.001)


def receipt(message_id: str, stat: str = "DELIVRD", err: str = "000", **said: Any) -> DeliverSm:
    text = RECEIPT.format(id=message_id, stat=stat, err=err).encode()
    usual: dict[str, Any] = {"esm_class": 4, "source_addr": "33600000001", "destination_addr": "12345"}
    return DeliverSm(**usual | {"short_message": text} | said)


def kinds(outcomes: Any) -> list[type[Outcome]]:
    return [type(outcome) for outcome in outcomes]


# -- sending


async def test_messages_go_in_their_order_and_each_has_the_smscs_id() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        outcomes = await provider.send([outgoing(number, f"Text {number}") for number in range(1, 31)])

    assert [outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)] == [
        f"{number:08d}" for number in range(1, 31)
    ]
    assert [submit.short_message.decode() for submit in far.submitted] == [f"Text {n}" for n in range(1, 31)]
    assert [submit.destination_addr for submit in far.submitted][:2] == ["33600000001", "33600000002"]


async def test_what_is_said_of_a_message() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        await provider.send([outgoing(1, originator="Acme")])

    (submit,) = far.submitted
    assert submit == SubmitSm(
        2,
        source_addr_ton=5,
        source_addr="Acme",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="33600000001",
        validity_period="300317174640000+",
        registered_delivery=1,
        short_message=b"Hello",
    )


SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "types and plans": (
        {"source_ton": 0, "source_npi": 1, "dest_ton": 2, "dest_npi": 8},
        {"source_addr_ton": 0, "source_addr_npi": 1, "dest_addr_ton": 2, "dest_addr_npi": 8},
    ),
    "service_type": ({"service_type": "CMT"}, {"service_type": "CMT"}),
    "validity": ({"validity": "none"}, {"validity_period": ""}),
    "registered_delivery": ({"registered_delivery": 17}, {"registered_delivery": 17}),
    "tlvs": (
        {"tlvs": {"0x1401": "0a0b", "1402": ""}},
        {"tlvs": (Tlv(0x1401, b"\x0a\x0b"), Tlv(0x1402, b""))},
    ),
    "tables of tlvs": (
        {
            "tlvs": {
                "0x1401": TlvValue(text="A1", nul=True),
                "0x1402": TlvValue(number=258, octets=4),
                "0x1403": TlvValue(source="message_id"),
                "0x1404": TlvValue(source="campaign_id"),
            }
        },
        {"tlvs": (Tlv(0x1401, b"A1\0"), Tlv(0x1402, b"\0\0\1\2"), Tlv(0x1403, b"M1"))},
    ),
    "priority": ({"priority": True}, {"priority_flag": 1}),
    "data_coding": ({"data_coding": 3}, {"data_coding": 3}),
    "nothing": ({}, {"priority_flag": 0, "tlvs": ()}),
}


@pytest.mark.parametrize(("settings", "said"), SETTINGS.values(), ids=SETTINGS.keys())
async def test_each_setting_is_said(settings: dict[str, Any], said: dict[str, Any]) -> None:
    """The last is trap 40: no parameters, unless they are asked for."""
    async with smsc() as far, provided(far.port, Ears(), **settings) as provider:
        assert kinds(await provider.send([outgoing(1)])) == [Accepted]

    (submit,) = far.submitted
    assert {name: getattr(submit, name) for name in said} == said


async def test_each_option_of_a_message_is_said() -> None:
    options = Options(originator_ton=5, originator_npi=9, priority=Priority.URGENT, ucs2=True)
    async with smsc() as far, provided(far.port, Ears(), priority=True, validity="relative") as provider:
        await provider.send([outgoing(1, options=options, flash=True)])

    (submit,) = far.submitted
    assert (submit.source_addr_ton, submit.source_addr_npi, submit.priority_flag) == (5, 9, 3)
    assert (submit.data_coding, submit.short_message) == (0x18, "Hello".encode("utf-16-be"))
    assert submit.validity_period.endswith("R")


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        ((), [Tlv(0x1401, b"own")]),
        (("0x1402",), [Tlv(0x1401, b"own"), Tlv(0x1402, b"2")]),
        (("vendor",), [Tlv(0x1401, b"1"), Tlv(0x1402, b"2")]),
    ],
)
async def test_what_came_with_a_message_goes_on_if_that_is_set(passed: tuple[str, ...], said: list[Tlv]) -> None:
    options = Options(smpp_parameters=((0x1401, b"1".hex()), (0x1402, b"2".hex())))
    async with smsc() as far, provided(far.port, Ears(), tlvs={"1401": b"own".hex()}, pass_tlvs=passed) as provider:
        await provider.send([outgoing(1, options=options)])

    (submit,) = far.submitted
    assert list(submit.tlvs) == said


async def test_binary_goes_with_its_header() -> None:
    data = b64encode(b"\0\1\2").decode()
    async with smsc() as far, provided(far.port, Ears()) as provider:
        outcomes = await provider.send([outgoing(1, data, kind=BodyKind.BINARY, udh="050003ab0201")])

    (submit,) = far.submitted
    assert kinds(outcomes) == [Accepted]
    assert (submit.esm_class, submit.data_coding) == (UDHI, 4)
    assert submit.short_message == bytes.fromhex("050003ab0201000102")


async def test_trap_23_the_parts_of_a_message_share_a_reference_and_no_number() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        outcomes = await provider.send([outgoing(1, "a" * 400), outgoing(1, "b" * 400)])

    headers = [submit.short_message[:6] for submit in far.submitted]
    references = [header[3] for header in headers]
    assert [tuple(header[4:]) for header in headers] == [(3, 1), (3, 2), (3, 3)] * 2
    assert references == [references[0]] * 3 + [(references[0] + 1) % 256] * 3
    assert len({submit.sequence for submit in far.submitted}) == 6
    assert [submit.registered_delivery for submit in far.submitted] == [0, 0, 1] * 2
    assert [outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)] == ["00000003", "00000006"]


@pytest.mark.parametrize(("long", "pdus"), [("udh", 2), ("udh16", 2), ("sar", 2), ("payload", 1)])
async def test_trap_23_long_messages_go_as_they_are_wanted(long: str, pdus: int) -> None:
    async with smsc() as far, provided(far.port, Ears(), long_messages=long) as provider:
        assert kinds(await provider.send([outgoing(1, "a" * 200)])) == [Accepted]

    assert len(far.submitted) == pdus


async def test_what_smpp_can_not_say_keeps_no_other_back() -> None:
    odd = [
        outgoing(2, originator="Ω"),
        outgoing(3, "x" * 60_000),
        outgoing(4, udh="zz"),
        outgoing(5, msisdn="33\ud800"),
    ]
    async with smsc() as far, provided(far.port, Ears()) as provider:
        outcomes = await provider.send([outgoing(1), *odd, outgoing(6)])

    assert kinds(outcomes) == [Accepted, Refused, Refused, Refused, Refused, Accepted]
    assert isinstance(outcomes[2], Refused)
    assert outcomes[2].reason == Reason.TOO_MANY_PARTS
    assert len(far.submitted) == 2


async def test_a_mistake_of_ours_is_one_messages_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        broken: Any = outgoing(2)
        msgspec.structs.force_setattr(broken, "options", None)
        with structlog.testing.capture_logs() as log:
            outcomes = await provider.send([outgoing(1), broken, outgoing(3)])

    assert kinds(outcomes) == [Accepted, Fault, Accepted]
    assert [line["message_id"] for line in log if line["log_level"] == "error"] == ["M2"]


# -- what it is answered


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (S.RINVDSTADR, Refused),
        (S.RINVMSGLEN, Refused),
        (S.RINVSRCADR, Refused),
        (S.RSYSERR, TryAgain),
        (S.RSUBMITFAIL, TryAgain),
        (S.RX_T_APPN, TryAgain),
        (S.RX_P_APPN, Refused),
        (S.RINVBNDSTS, TryAgain),
        (0x411, TryAgain),
        (0x2222, TryAgain),
    ],
)
async def test_a_status_is_what_becomes_of_the_message(status: int, kind: type[Outcome]) -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        far.answer = far.refusing(status)
        (outcome,) = await provider.send([outgoing(1)])

    assert type(outcome) is kind
    assert isinstance(outcome, Refused | TryAgain)
    assert outcome.code
    assert outcome.detail


async def test_an_answer_may_say_why() -> None:
    why = tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT, "Barred")
    async with smsc() as far, provided(far.port, Ears()) as provider:
        far.answer = lambda submit: SubmitSmResp(submit.sequence, int(S.RINVDSTADR), tlvs=(why,))
        (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.detail) == ("RINVDSTADR", "wrong destination address: Barred")


async def test_a_generic_nack_is_an_answer() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        far.answer = lambda submit: GenericNack(submit.sequence, int(S.RINVCMDID))
        (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, TryAgain)


def test_every_status_means_something() -> None:
    for status in S:
        if status is not S.ROK:
            assert meaning(int(status), Manners()).kind in {Refused, TryAgain}


def test_trap_15_what_a_vendors_status_means_can_be_told() -> None:
    told = Manners(again_statuses=(0x401, 0x0B), refused_statuses=(0x402, 0x58), unknown_status="refused")

    assert [meaning(status, told).kind for status in (0x401, 0x0B, 0x402, 0x58, 0x499)] == [
        TryAgain,
        TryAgain,
        Refused,
        Refused,
        Refused,
    ]
    assert meaning(0x499, Manners()).kind is TryAgain


@pytest.mark.parametrize("status", [S.RTHROTTLED, S.RMSGQFUL, 0x4F0])
async def test_trap_31_a_line_that_is_too_fast_slows_down_and_says_the_same_again(status: int) -> None:
    turns = iter([True, True, False] * 10)

    async with smsc() as far, provided(far.port, Ears(), slow_statuses=(0x4F0,), window=4) as provider:
        far.answer = lambda submit: (far.refusing(status) if next(turns, False) else far.taken)(submit)
        outcomes = await provider.send([outgoing(number, f"{number}") for number in range(1, 9)])
        line = provider._pool.bound_line  # type: ignore[attr-defined]
        window = line._connection.session.window

    assert kinds(outcomes) == [Accepted] * 8
    assert len({outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)}) == 8
    assert window.size < 4


async def test_trap_31_order_is_kept_where_it_is_asked_for() -> None:
    throttled = iter([True, False, True, True, False, True] * 6)
    taken: list[str] = []

    async with smsc() as far, provided(far.port, Ears(), in_order=True, window=8) as provider:

        def answer(submit: SubmitSm) -> SubmitSmResp:
            if next(throttled, False):
                return SubmitSmResp(submit.sequence, int(S.RTHROTTLED))
            taken.append(submit.short_message.decode())
            return far.taken(submit)

        far.answer = answer
        outcomes = await provider.send([outgoing(1 + number % 2, f"{number}") for number in range(10)])

    assert kinds(outcomes) == [Accepted] * 10
    for place in (0, 1):
        assert [text for text in taken if int(text) % 2 == place] == [f"{number}" for number in range(place, 10, 2)]


async def test_trap_32_no_more_is_unanswered_than_the_window_has_room_for() -> None:
    waiting: list[SubmitSm] = []
    most = 0

    async with smsc() as far, provided(far.port, Ears(), window=3) as provider:

        def later(submit: SubmitSm) -> None:
            nonlocal most
            waiting.append(submit)
            most = max(most, len(waiting))
            if len(waiting) == 1:
                asyncio.get_running_loop().call_soon(answer_all)

        def answer_all() -> None:
            for submit in waiting:
                far.connections[0].respond(far.taken(submit))
            waiting.clear()

        far.answer = later
        outcomes = await provider.send([outgoing(number, "x" * 400) for number in range(1, 9)])

    assert kinds(outcomes) == [Accepted] * 8
    assert most <= 3


def test_trap_33_parts_are_what_is_paced() -> None:
    pace = Pace(10)
    pace.take(3, 100.0)

    assert pace.wait_s(100.0) == pytest.approx(0.2)  # three places, of which one had come up before
    assert pace.wait_s(100.2) == pytest.approx(0)


async def test_trap_34_a_rate_of_nought_is_no_limit() -> None:
    none = Pace(0)
    none.take(1_000, 100.0)
    async with smsc() as far, provided(far.port, Ears(), rate=0) as provider:
        outcomes = await provider.send([outgoing(number, "x" * 400) for number in range(1, 9)])

    assert none.wait_s(100.0) == 0
    assert kinds(outcomes) == [Accepted] * 8


async def test_trap_33_a_rate_holds_nothing_up_for_ever() -> None:
    async with smsc() as far, provided(far.port, Ears(), rate=1_000) as provider:
        outcomes = await provider.send([outgoing(number, "x" * 400) for number in range(1, 5)])

    assert kinds(outcomes) == [Accepted] * 4


async def test_no_id_is_a_name_of_its_own() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        far.answer = lambda submit: SubmitSmResp(submit.sequence)
        outcomes = await provider.send([outgoing(1), outgoing(2)])

    refs = {outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(refs) == 2
    assert "" not in refs


async def test_a_part_that_is_refused_ends_the_message() -> None:
    async with smsc() as far, provided(far.port, Ears(), window=1) as provider:
        far.answer = lambda submit: (far.refusing(S.RINVMSGLEN) if submit.short_message[5] == 2 else far.taken)(submit)
        (outcome,) = await provider.send([outgoing(1, "x" * 600)])

    assert isinstance(outcome, Refused)
    assert [submit.short_message[5] for submit in far.submitted] == [1, 2]


# -- connections


async def test_nobody_there_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with provided(port, Ears()) as provider:
        (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, TryAgain)
    assert outcome.blames_provider


async def test_a_wrong_password_is_for_somebody_to_mend_and_is_in_no_log() -> None:
    with structlog.testing.capture_logs() as log:
        async with smsc() as far, provided(far.port, Ears(), password="wr0ng-0ne") as provider:
            (outcome,) = await provider.send([outgoing(1)])
            with pytest.raises(CheckFailed, match="wrong password") as failed:
                await provider.check()

    assert isinstance(outcome, TryAgain)
    assert (outcome.code, outcome.after_ms) == ("RINVPASWD", 60_000)
    assert "wr0ng-0ne" not in repr(log) + repr(outcome) + str(failed.value)


async def test_trap_36_who_is_refused_does_not_knock_again_and_again() -> None:
    async with smsc() as far, provided(far.port, Ears(), password="wrong") as provider:
        for _ in range(5):
            await provider.send([outgoing(1)])
        assert len(far.binds) == 1


async def test_trap_36_only_so_many_binds_are_held_and_they_end_with_an_unbind() -> None:
    async with smsc() as far:
        async with provided(far.port, Ears(), binds=3) as provider:
            await far.until(lambda: len(far.connections) == 3)
            await provider.send([outgoing(number) for number in range(30)])
            assert len(far.binds) == 3
        await far.until(lambda: not far.connections)


def hanging_up(far: Smsc, at: int) -> Callable[[SubmitSm], SubmitSmResp | None]:
    """Takes nothing of the first connection, and hangs up when so many have come."""

    def answer(submit: SubmitSm) -> SubmitSmResp | None:
        if len(far.submitted) == at:
            far.connections[0].hang_up()
        return far.taken(submit) if len(far.submitted) > at else None

    return answer


async def test_a_lost_connection_leaves_what_was_written_uncertain_and_comes_back() -> None:
    async with smsc() as far, provided(far.port, Ears(), window=2) as provider:
        far.answer = hanging_up(far, 2)
        outcomes = await provider.send([outgoing(1), outgoing(2), outgoing(3)])

    assert kinds(outcomes) == [Uncertain, Uncertain, Accepted]
    assert len(far.binds) == 2


async def test_what_was_not_written_goes_by_another_line() -> None:
    async with smsc() as first, smsc() as second:
        hosts = tuple(f"127.0.0.1:{far.port}" for far in (first, second))
        async with provided(first.port, Ears(), hosts=hosts, window=1) as provider:
            await first.until(lambda: first.connections)
            await second.until(lambda: second.connections)
            first.answer = hanging_up(first, 1)
            outcomes = await provider.send([outgoing(number, "x" * 200) for number in range(1, 9)])

    assert kinds(outcomes).count(Uncertain) == 1
    assert kinds(outcomes).count(Accepted) == 7
    assert len(first.submitted) + len(second.submitted) == 1 + 7 * 2


def hearing(heard: list[Event]) -> Callable[[Connection], Callable[[Sequence[Event]], None]]:
    return lambda connection: heard.extend


async def test_connecting_can_be_given_up_at_any_moment() -> None:
    mistakes: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: mistakes.append(context))
    async with smsc() as far:
        config = configured(far.port)
        for steps in range(30):
            heard: list[Event] = []
            binding = asyncio.create_task(
                lines_module.bound(
                    ("127.0.0.1", far.port), config, manners(config), Mode.TRANSCEIVER, None, hearing(heard)
                )
            )
            for _ in range(steps):
                await asyncio.sleep(0)
            binding.cancel()
            await asyncio.wait([binding])
            if not binding.cancelled():
                await binding.result().close()
        await far.until(lambda: all(connection.ended.done() for connection in far.connections))

    assert mistakes == []


async def test_no_answer_to_what_was_written_is_uncertain() -> None:
    async with smsc() as far, provided(far.port, Ears(), response_s=1) as provider:
        far.answer = lambda submit: None
        (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, Uncertain)


async def test_a_peer_that_unbinds_is_bound_to_again() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        await provider.send([outgoing(1)])
        await far.connections[0].close()
        assert kinds(await provider.send([outgoing(2)])) == [Accepted]

    assert (len(far.submitted), len(far.binds)) == (2, 2)


async def test_a_transmitter_and_a_receiver_where_there_are_no_transceivers() -> None:
    ears = Ears()
    async with smsc() as far, provided(far.port, ears, bind="separate", system_type="VMS") as provider:
        await far.until(lambda: len(far.connections) == 2)
        assert {type(bind) for bind in far.binds} == {BindTransmitter, BindReceiver}
        assert {bind.system_type for bind in far.binds} == {"VMS"}
        (outcome,) = await provider.send([outgoing(1)])
        assert isinstance(outcome, Accepted)
        by = next(
            place for place, connection in enumerate(far.connections) if str(connection.session.mode) == "receiver"
        )
        assert await far.tell(receipt(outcome.provider_ref), by=by) == DeliverSmResp(1)

    assert [each.provider_ref for each in ears.heard] == [outcome.provider_ref]


async def test_trap_29_what_is_glued_to_the_bind_response_is_heard() -> None:
    ears = Ears()
    async with smsc() as far:

        def at_once(bind: Any) -> BindTransceiverResp:
            connection = far.connections[-1]
            asyncio.get_running_loop().call_soon(connection.request, receipt("7"))
            return BindTransceiverResp(bind.sequence)

        far.bound = at_once
        async with provided(far.port, ears):
            await far.until(lambda: far.answered)

    assert [each.provider_ref for each in ears.heard] == ["7"]


async def test_a_check_binds_where_nothing_is_bound() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        first = await provider.check()
        await far.until(lambda: far.connections)
        await provider.send([outgoing(1)])
        second = await provider.check()

    assert f"127.0.0.1:{far.port}" in first.detail
    assert second.detail.startswith("Bound to")
    assert all(isinstance(bind, BindTransceiver) for bind in far.binds)


async def test_a_check_says_that_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with provided(port, Ears()) as provider:
        with pytest.raises(CheckFailed, match="can't be reached"):
            await provider.check()


# -- receipts


async def heard_of(pdu: DeliverSm | DataSm, **settings: Any) -> Receipt:
    ears = Ears()
    async with smsc() as far, provided(far.port, ears, **settings):
        await far.until(lambda: far.connections)
        answer = await far.tell(pdu)
    assert answer.status == 0
    (found,) = ears.heard
    return found


@pytest.mark.parametrize(
    ("stat", "status", "reason"),
    [
        ("DELIVRD", Status.DELIVERED, None),
        ("EXPIRED", Status.EXPIRED, Reason.EXPIRED_IN_NETWORK),
        ("DELETED", Status.FAILED, Reason.UNDELIVERED),
        ("UNDELIV", Status.FAILED, Reason.UNDELIVERED),
        ("ACCEPTD", Status.SENT, None),
        ("ENROUTE", Status.SENT, None),
        ("UNKNOWN", Status.UNKNOWN, None),
        ("REJECTD", Status.REJECTED, Reason.PROVIDER_REFUSED),
        ("NONSENSE", None, None),
    ],
)
async def test_trap_9_each_word_of_a_receipt_has_its_status(
    stat: str, status: Status | None, reason: Reason | None
) -> None:
    found = await heard_of(receipt("7", stat, "042"))

    assert (found.provider, found.provider_ref, found.status, found.reason) == ("line", "7", status, reason)
    assert (found.provider_code, found.detail) == ("042", stat)
    assert "33600000001" in found.msisdns


async def test_a_receipt_that_is_not_the_last_word_ends_nothing() -> None:
    failed = await heard_of(receipt("7", "UNDELIV", esm_class=0x20))
    delivered = await heard_of(receipt("7", esm_class=0x20))

    assert (failed.status, delivered.status) == (Status.SENT, Status.DELIVERED)


async def test_a_receipt_without_a_name_is_counted() -> None:
    found = await heard_of(receipt("7", short_message=b"stat:DELIVRD"))

    assert (found.status, found.provider_ref) == (None, "")


async def test_trap_1_a_receipt_may_mean_an_id_in_another_form() -> None:
    assert "ff" in (await heard_of(receipt("255"))).ref_keys
    assert (await heard_of(receipt("255"), id_form="dec")).ref_keys == ("ff",)
    assert (await heard_of(receipt("255"), id_form="as_is")).ref_keys == ()
    both = await heard_of(receipt("10", tlvs=(tlv(Tag.RECEIPTED_MESSAGE_ID, "0A"),)))
    assert (both.provider_ref, both.other_refs) == ("0A", ("10",))


async def test_trap_5_a_receipt_may_come_by_another_bind() -> None:
    ears = Ears()
    async with smsc() as far, provided(far.port, ears, binds=2) as provider:
        await far.until(lambda: len(far.connections) == 2)
        (outcome,) = await provider.send([outgoing(1)])
        assert isinstance(outcome, Accepted)
        other = next(place for place, each in enumerate(far.connections) if each is not far.hears)
        answer = await far.tell(receipt(outcome.provider_ref), by=other)

    assert answer.status == 0
    assert [each.provider_ref for each in ears.heard] == [outcome.provider_ref]


async def test_trap_7_a_receipt_of_the_future_has_no_time() -> None:
    later = RECEIPT.format(id="7", stat="DELIVRD", err="000").replace("2601021531", "6501021531")

    assert (await heard_of(receipt("7"))).at_ms is not None
    assert (await heard_of(receipt("7", short_message=later.encode()))).at_ms is None


async def test_trap_12_a_receipt_may_come_by_a_data_sm() -> None:
    ears = Ears()
    payload = tlv(Tag.MESSAGE_PAYLOAD, RECEIPT.format(id="7", stat="DELIVRD", err="0").encode())
    async with smsc() as far, provided(far.port, ears):
        await far.until(lambda: far.connections)
        assert await far.tell(DataSm(esm_class=4, tlvs=(payload,))) == DataSmResp(1)

    assert [each.provider_ref for each in ears.heard] == ["7"]


async def test_trap_13_an_unmarked_receipt_is_a_message_unless_told() -> None:
    ears = Ears()
    async with smsc() as far, provided(far.port, ears):
        await far.until(lambda: far.connections)
        await far.tell(receipt("7", esm_class=0))

    assert [arrival.body[:4] for arrival in ears.arrived] == ["id:7"]
    assert (await heard_of(receipt("7", esm_class=0), sniff_receipts=True)).provider_ref == "7"


class Forgetful(Ears):
    """A store that is away at first."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def receipts(self, receipts: Any) -> None:
        if self.times:
            self.times -= 1
            raise NotNow("away")
        await super().receipts(receipts)

    async def inbound(self, provider: str, arrival: Any) -> str | None:
        if self.times:
            self.times -= 1
            raise NotNow("away")
        return await super().inbound(provider, arrival)


@pytest.mark.parametrize(
    "pdu", [receipt("7"), DeliverSm(source_addr="336", short_message=b"Hi")], ids=["receipt", "text"]
)
async def test_what_could_not_be_stored_is_sent_again(pdu: DeliverSm) -> None:
    ears = Forgetful(1)
    async with smsc() as far, provided(far.port, ears):
        await far.until(lambda: far.connections)
        assert (await far.tell(pdu)).status == S.RX_T_APPN
        assert (await far.tell(pdu)).status == 0

    assert len(ears.heard) + len(ears.arrived) == 1


async def test_many_receipts_are_stored_together() -> None:
    chunks: list[int] = []

    class Counting(Ears):
        async def receipts(self, receipts: Any) -> None:
            chunks.append(len(receipts))
            await super().receipts(receipts)

    ears = Counting()
    async with smsc() as far, provided(far.port, ears):
        await far.until(lambda: far.connections)
        for number in range(300):
            far.connections[0].request(receipt(f"{number}"))
        await far.until(lambda: len(far.answered) == 300)

    assert [each.provider_ref for each in ears.heard] == [f"{number}" for number in range(300)]
    assert len(chunks) < 100


# -- inbound


async def test_an_inbound_message_is_handed_in() -> None:
    ears = Ears()
    mo = DeliverSm(
        source_addr_ton=1, source_addr_npi=1, source_addr="33612345678", destination_addr="36111", short_message=b"Oui"
    )
    async with smsc() as far, provided(far.port, ears):
        await far.until(lambda: far.connections)
        assert await far.tell(mo) == DeliverSmResp(1)
        assert await far.tell(msgspec.structs.replace(mo, data_coding=4)) == DeliverSmResp(2)

    first, second = ears.arrived
    assert (first.msisdn, first.to, first.body, first.account_id) == ("+33612345678", "36111", "Oui", "A" * 26)
    assert (second.kind, second.body) == (BodyKind.BINARY, b64encode(b"Oui").decode())


async def test_trap_25_a_part_says_which_it_is() -> None:
    ears = Ears()
    part = bytes.fromhex("050003ab0201") + b"Hello "
    async with smsc() as far, provided(far.port, ears):
        await far.until(lambda: far.connections)
        await far.tell(DeliverSm(source_addr="336", esm_class=UDHI, short_message=part))
        await far.tell(
            DeliverSm(
                source_addr="336",
                short_message=b"there",
                tlvs=(
                    tlv(Tag.SAR_MSG_REF_NUM, 171),
                    tlv(Tag.SAR_TOTAL_SEGMENTS, 2),
                    tlv(Tag.SAR_SEGMENT_SEQNUM, 2),
                ),
            )
        )

    by_header, by_parameters = (arrival.part for arrival in ears.arrived)
    assert by_header is not None
    assert by_parameters is not None
    assert (by_header.reference, by_header.total, by_header.sequence, by_header.payload.octets) == (
        "udh 171",
        2,
        1,
        b"Hello ",
    )
    assert (by_parameters.reference, by_parameters.sequence) == ("sar 171", 2)
    assert [arrival.udh for arrival in ears.arrived] == ["", ""]


async def test_trap_43_what_needs_no_answer_disturbs_nothing() -> None:
    async with smsc() as far, provided(far.port, Ears()) as provider:
        await far.until(lambda: far.connections)
        far.connections[0].request(AlertNotification(source_addr="336"))

        assert kinds(await provider.send([outgoing(1)])) == [Accepted]


# -- settings


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"hosts": ("smsc.example.org:port",)}, "hosts"),
        ({"hosts": ("me@smsc.example.org",)}, "hosts"),
        ({"hosts": ("",)}, "hosts"),
        ({"system_id": "Ω"}, "system_id"),
        ({"password": "a\0b"}, "password"),
        ({"tlvs": {"vendor": "00"}}, "tlvs"),
        ({"tlvs": {"0x1401": "0"}}, "tlvs"),
        ({"tlvs": {"0x1401": TlvValue()}}, "tlvs"),
        ({"tlvs": {"0x1401": TlvValue(text="a", number=1)}}, "tlvs"),
        ({"tlvs": {"0x1401": TlvValue(text="☺")}}, "tlvs"),
        ({"tlvs": {"0x1401": TlvValue(number=256)}}, "tlvs"),
        ({"pass_tlvs": ("0x001e",)}, "pass_tlvs"),
        ({"keep_tlvs": ("all",)}, "keep_tlvs"),
        ({"profile": "/nowhere/at/all.toml"}, "profile"),
        ({"tls_ca": "/nowhere/at/all.pem"}, "tls_ca"),
    ],
)
def test_what_can_not_be_is_told_at_the_start(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as told:
        SmppProvided().check(configured(2775, **settings))

    assert told.value.field == field
    assert PASSWORD not in str(told.value)


def test_a_host_has_a_port_or_the_usual_one() -> None:
    config = configured(1, hosts=("smsc.example.org", "192.0.2.1:3000", "[2001:db8::1]:4000"))

    assert [tuple(each) for each in addresses(config)] == [
        ("smsc.example.org", 2775),
        ("192.0.2.1", 3000),
        ("2001:db8::1", 4000),
    ]


def test_a_profile_says_what_is_peculiar_and_what_is_set_comes_first(tmp_path: Path) -> None:
    profile = tmp_path / "odd.toml"
    profile.write_text(
        'id_form = "hex"\nlong_messages = "sar"\nslow_statuses = [0x411]\n[tlvs]\n"0x1401" = "00"\n'
        '"0x1402" = { from = "message_id" }\n'
    )

    found = manners(configured(1, profile=str(profile), long_messages="payload"))

    assert (found.id_form, found.long_messages, found.slow_statuses) == ("hex", "payload", (0x411,))
    assert found.own_tlvs == (Tlv(0x1401, b"\0"),)
    assert [tag for tag, _ in found.made_tlvs] == [0x1402]
    assert manners(configured(1)) == Manners()


@pytest.mark.parametrize("text", ["id_form = 'octal'", "password = 'x'", "= 7"])
def test_a_profile_that_is_not_right_is_told(text: str, tmp_path: Path) -> None:
    profile = tmp_path / "odd.toml"
    profile.write_text(text)

    with pytest.raises(InvalidConfig, match="profile"):
        manners(configured(1, profile=str(profile)))


def test_everything_that_a_profile_can_say_can_be_set() -> None:
    of_profiles = {field.name: field.type for field in msgspec.structs.fields(Manners)}
    of_settings = {field.name: field.type for field in msgspec.structs.fields(SmppConfig)}

    assert of_profiles.keys() <= of_settings.keys()
    assert {of_settings[name] for name in of_profiles} == {kind | None for kind in of_profiles.values()}
