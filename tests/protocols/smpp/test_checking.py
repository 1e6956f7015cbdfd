"""What `heliograph smpp check` finds of an SMSC that misbehaves, and that our provider is right by its profile."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests import forking
from tests.patience import HANG_S
from tests.protocols.smpp.smsc import Smsc, configured, provided, smsc
from tests.protocols.standing_in import Ears, outgoing

from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms
from heliograph.domain.receipts import Receipt
from heliograph.engine.contract import Accepted, InboundArrival
from heliograph.protocols.smpp.checking import Finding, Limits, Report, Verdict, check, write_profile
from heliograph.protocols.smpp.checking.judging import form_of
from heliograph.protocols.smpp.checking.report import profile_text
from heliograph.protocols.smpp.provider.config import Manners, SmppConfig, manners
from heliograph.protocols.smpp.wire.ids import IdForm
from heliograph.protocols.smpp.wire.pdus import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DeliverSm,
    EnquireLinkResp,
    GenericNack,
    SubmitSm,
    SubmitSmResp,
    UnbindResp,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, find, tlv

if TYPE_CHECKING:
    from tests.conftest import Server

S = CommandStatus
TO = "+33600000001"
QUICK = Limits(messages=14, rate=100, seconds=HANG_S, answer_s=HANG_S, receipts_s=HANG_S, linger_s=0.0)

Receipts = Sequence[DeliverSm | DataSm]


def text_of(message_id: str, stat: str = "DELIVRD", at: datetime | None = None) -> bytes:
    date = f"{at or datetime.now(UTC):%y%m%d%H%M%S}"
    usual = f"id:{message_id} sub:001 dlvrd:001 submit date:{date} done date:{date} stat:{stat} err:000 text:Heliograph"
    return usual.encode()


def receipt(message_id: str, **said: Any) -> DeliverSm:
    usual: dict[str, Any] = {"esm_class": 4, "source_addr": TO[1:], "short_message": text_of(message_id)}
    return DeliverSm(**usual | said)


@dataclass
class Telling:
    """Gives each message an id, from 100 on, and tells receipts as a test says."""

    far: Smsc
    receipts: Callable[[str], Receipts] = lambda number: [receipt(number)]
    written: Callable[[int], str] = str
    """How responses write an id; `receipts` is given it in decimal."""
    first: bool = False
    refuses: Callable[[SubmitSm], int] = lambda submit: 0
    given: list[int] = field(default_factory=list)

    def __call__(self, submit: SubmitSm) -> SubmitSmResp:
        if status := self.refuses(submit):
            return SubmitSmResp(submit.sequence, int(status))
        self.given.append(100 + len(self.given))
        number = self.given[-1]
        if submit.registered_delivery and self.first:
            self.tell(number)
        elif submit.registered_delivery:
            asyncio.get_running_loop().call_soon(self.tell, number)  # behind the response
        return SubmitSmResp(submit.sequence, message_id=self.written(number))

    def tell(self, number: int) -> None:
        for pdu in self.receipts(str(number)):
            self.far.connections[-1].request(pdu)


def config_of(far: Smsc, **settings: Any) -> SmppConfig:
    return configured(far.port, **settings)


def named(report: Report, name: str) -> Finding:
    (found,) = (each for each in report.findings if each.name == name)
    return found


def wrong(report: Report) -> set[str]:
    return {each.name for each in report.findings if each.verdict is Verdict.WRONG}


class Waiting(Ears):
    """Says when it is told the first thing."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    async def receipts(self, receipts: Sequence[Receipt]) -> None:
        await super().receipts(receipts)
        self.told.set()

    async def inbound(self, provider: str, arrival: InboundArrival) -> None:
        await super().inbound(provider, arrival)
        self.told.set()


async def by_profile(far: Smsc, report: Report, path: Path, body: str = "Hello") -> tuple[Accepted, Ears]:
    """Sends by our provider, which has the profile, until it has heard of the message."""
    write_profile(report, path)
    ears = Waiting()
    async with provided(far.port, ears, profile=str(path)) as provider:
        (outcome,) = await provider.send([outgoing(1, body)])
        assert isinstance(outcome, Accepted), outcome
        async with asyncio.timeout(HANG_S):
            await ears.told.wait()
    return outcome, ears


# -- an SMSC that does nothing wrong


async def test_of_one_that_does_nothing_wrong_nothing_is_said_to_be() -> None:
    async with smsc() as far:
        far.answer = Telling(far)
        report = await check(config_of(far), QUICK, to=TO)

    assert wrong(report) == set()
    assert report.settings == {"bind": "transceiver", "long_messages": "udh", "id_form": "as_is"}
    assert {"enquire_link", "message", "UCS-2", "throttling", "ids", "glued PDUs", "second bind", "unbind"} <= {
        each.name for each in report.findings if each.verdict is Verdict.RIGHT
    }
    assert report.submitted == len(far.submitted) <= QUICK.messages
    assert report.receipts == len([submit for submit in far.submitted if submit.registered_delivery])


async def test_without_a_number_nothing_is_sent() -> None:
    async with smsc() as far:
        report = await check(config_of(far), QUICK)

    assert (far.submitted, report.submitted, wrong(report)) == ([], 0, set())


@pytest.mark.parametrize("messages", [1, 3, 6, 9])
async def test_no_more_is_sent_than_is_allowed(messages: int) -> None:
    async with smsc() as far:
        far.answer = Telling(far)
        await check(config_of(far), msgspec.structs.replace(QUICK, messages=messages), to=TO)

    assert 1 <= len(far.submitted) <= messages


async def test_in_no_second_more_is_sent_than_is_allowed() -> None:
    times: list[float] = []
    async with smsc() as far:
        told = Telling(far)

        def answer(submit: SubmitSm) -> SubmitSmResp:
            times.append(time.monotonic())
            return told(submit)

        far.answer = answer
        await check(config_of(far), msgspec.structs.replace(QUICK, messages=10, rate=4), to=TO)

    assert len(times) > 8
    lag_s = 0.1  # it is not read at once when it is written
    assert all(later - earlier > 1 - lag_s for earlier, later in zip(times, times[4:], strict=False))


async def test_it_is_over_when_its_time_is_and_says_what_was_found() -> None:
    async with smsc() as far:
        far.answer = lambda submit: None
        report = await check(config_of(far), msgspec.structs.replace(QUICK, seconds=1.0), to=TO)

    assert named(report, "time").verdict is Verdict.OPEN
    assert named(report, "bind").verdict is Verdict.RIGHT


# -- ids


@pytest.mark.parametrize(
    ("written", "receipted", "form"),
    [
        (lambda number: f"{number:x}", str, "dec"),
        (str, lambda number: f"{number:X}", "hex"),
        (lambda number: f"{number:08d}", lambda number: f"{number:08X}", "hex"),
        (lambda number: f"{number:08X}", str, "dec"),
        (lambda number: f"m-{number}", lambda number: f"m-{number}", "as_is"),
        (lambda number: f"{number:06d}", str, "auto"),
    ],
    ids=["hex then dec", "dec then hex", "padded dec then hex", "padded hex then dec", "a text", "zeros lost"],
)
async def test_receipts_that_write_ids_otherwise_find_their_messages(
    written: Callable[[int], str], receipted: Callable[[int], str], form: str, tmp_path: Path
) -> None:
    async with smsc() as far:
        far.answer = Telling(far, lambda number: [receipt(receipted(int(number)))], written)
        report = await check(config_of(far), QUICK, to=TO)
        outcome, ears = await by_profile(far, report, tmp_path / "profile.toml")

    assert report.settings["id_form"] == form
    (heard,) = ears.heard
    assert heard.provider_ref == outcome.provider_ref or outcome.ref_key in heard.ref_keys


@pytest.mark.parametrize(
    ("sent", "said", "form"),
    [
        (["1", "2", "9"], [["1"], ["9"]], IdForm.AUTO),
        (["1", "2", "a"], [["1"], ["10"]], IdForm.DEC),
        (["9", "10"], [["9"], ["10"]], IdForm.AS_IS),
        (["9", "10"], [["9"], ["A"]], IdForm.HEX),
        (["0e99", "0f00"], [["E99"]], IdForm.AUTO),
        (["100"], [["x"]], None),
        (["100"], [["other", "100"]], IdForm.AS_IS),
    ],
)
def test_the_form_of_ids_is_told_by_all_receipts(sent: list[str], said: list[list[str]], form: IdForm | None) -> None:
    assert form_of(sent, said) is form


# -- receipts

OTHERWISE: dict[str, tuple[Callable[[str], Receipts], Verdict]] = {
    "payload": (
        lambda n: [receipt(n, short_message=b"", tlvs=(tlv(Tag.MESSAGE_PAYLOAD, text_of(n)),))],
        Verdict.ODD,
    ),
    "data_sm": (
        lambda n: [DataSm(esm_class=4, source_addr=TO[1:], tlvs=(tlv(Tag.MESSAGE_PAYLOAD, text_of(n)),))],
        Verdict.ODD,
    ),
    "no text": (
        lambda n: [receipt(n, short_message=b"", tlvs=(tlv(Tag.RECEIPTED_MESSAGE_ID, n), tlv(Tag.MESSAGE_STATE, 2)))],
        Verdict.ODD,
    ),
    "two ids": (lambda n: [receipt(f"text-{n}", tlvs=(tlv(Tag.RECEIPTED_MESSAGE_ID, n),))], Verdict.ODD),
    "fields": (lambda n: [receipt(n, short_message=f"id:{n} stat:DELIVRD".encode())], Verdict.ODD),
    "repeated": (lambda n: [receipt(n), receipt(n)], Verdict.ODD),
    "words": (lambda n: [receipt(n, short_message=text_of(n, "FAILED"))], Verdict.ODD),
    "marking": (lambda n: [receipt(n, esm_class=0)], Verdict.WRONG),
    "parameters": (lambda n: [receipt(n, tlvs=(Tlv(0x1403, b"\1"),))], Verdict.ODD),
    "dates": (
        lambda n: [receipt(n, short_message=text_of(n, at=datetime.now(UTC) + timedelta(hours=5.5)))],
        Verdict.WRONG,
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
async def test_receipts_of_other_forms_are_named_and_heard_by_the_profile(name: str, tmp_path: Path) -> None:
    receipts, verdict = OTHERWISE[name]
    async with smsc() as far:
        far.answer = Telling(far, receipts)
        report = await check(config_of(far), QUICK, to=TO)
        outcome, ears = await by_profile(far, report, tmp_path / "profile.toml")

    assert named(report, name).verdict is verdict
    assert wrong(report) == ({name} if verdict is Verdict.WRONG else set())
    heard = ears.heard[0]
    assert outcome.provider_ref in {heard.provider_ref, *heard.other_refs}
    assert heard.status is not None
    assert not ears.arrived


async def test_the_clock_of_an_smsc_is_set_by_its_profile(tmp_path: Path) -> None:
    async with smsc() as far:
        far.answer = Telling(far, OTHERWISE["dates"][0])
        report = await check(config_of(far), QUICK, to=TO)
        _, ears = await by_profile(far, report, tmp_path / "profile.toml")

    assert report.settings["receipt_offset_minutes"] == 330
    at_ms = ears.heard[0].at_ms
    assert at_ms is not None
    assert abs(now_ms() - at_ms) < HANG_S * 1_000


async def test_a_receipt_before_its_response_is_named() -> None:
    async with smsc() as far:
        far.answer = Telling(far, first=True)
        report = await check(config_of(far), QUICK, to=TO)

    assert named(report, "receipt first").verdict is Verdict.ODD
    assert wrong(report) == set()


async def test_a_word_that_nobody_knows_is_wrong_and_no_setting_mends_it() -> None:
    async with smsc() as far:
        far.answer = Telling(far, lambda n: [receipt(n, short_message=text_of(n, "PERHAPS"))])
        report = await check(config_of(far), QUICK, to=TO)

    assert "PERHAPS" in named(report, "words").said
    assert wrong(report) == {"words"}


async def test_receipts_that_do_not_come_are_no_fault_but_open() -> None:
    async with smsc() as far:
        far.answer = Telling(far, lambda n: [])
        report = await check(config_of(far), msgspec.structs.replace(QUICK, receipts_s=0.0), to=TO)

    assert named(report, "receipts").verdict is Verdict.OPEN
    assert "id_form" not in report.settings


# -- what it takes


def without_sar_or_header(submit: SubmitSm) -> int:
    return S.RINVESMCLASS if submit.esm_class or find(submit.tlvs, Tag.SAR_TOTAL_SEGMENTS) else S.ROK


REFUSING: dict[str, tuple[str, Callable[[SubmitSm], int], dict[str, object]]] = {
    "no header": ("long messages", lambda s: S.RINVESMCLASS if s.esm_class else S.ROK, {"long_messages": "sar"}),
    "no parts": ("long messages", without_sar_or_header, {"long_messages": "payload"}),
    "no absolute time": (
        "message",
        lambda s: S.RINVEXPIRY if s.validity_period.endswith("+") else S.ROK,
        {"validity": "relative"},
    ),
    "no time": ("message", lambda s: S.RINVEXPIRY if s.validity_period else S.ROK, {"validity": "none"}),
    "destinations of no type": (
        "message",
        lambda s: S.RINVDSTTON if s.dest_addr_ton else S.ROK,
        {"dest_ton": 0, "dest_npi": 0},
    ),
}


@pytest.mark.parametrize("kind", REFUSING)
async def test_what_is_refused_is_sent_otherwise_and_by_the_profile_too(kind: str, tmp_path: Path) -> None:
    name, refuses, settings = REFUSING[kind]
    async with smsc() as far:
        far.answer = Telling(far, refuses=refuses)
        report = await check(config_of(far), QUICK, to=TO)
        await by_profile(far, report, tmp_path / "profile.toml", "A text of more than one part. " * 8)

    assert named(report, name).settings == settings
    assert wrong(report) == {name}


async def test_what_nothing_mends_is_said() -> None:
    async with smsc() as far:
        far.answer = far.refusing(S.RINVSERTYP)
        report = await check(config_of(far), QUICK, to=TO)

    assert "RINVSERTYP" in named(report, "message").said
    assert len(far.submitted) == 1


@pytest.mark.parametrize(
    ("name", "is_it"),
    [("UCS-2", lambda s: s.data_coding == 8), ("unknown parameter", lambda s: find(s.tlvs, 0x1401) is not None)],
)
async def test_what_it_does_not_take_is_named(name: str, is_it: Callable[[SubmitSm], bool]) -> None:
    async with smsc() as far:
        far.answer = Telling(far, refuses=lambda s: S.RSUBMITFAIL if is_it(s) else S.ROK)
        report = await check(config_of(far), QUICK, to=TO)

    assert wrong(report) == {name}


@pytest.mark.parametrize(
    ("status", "settings"),
    [
        (S.RTHROTTLED, {"window": 3, "rate": 3}),
        (S.RMSGQFUL, {"window": 3}),
        (0x4F0, {"window": 3, "slow_statuses": [0x4F0]}),
    ],
)
async def test_a_window_that_is_too_large_is_found(status: int, settings: dict[str, object], tmp_path: Path) -> None:
    together = 0

    def forget() -> None:
        nonlocal together
        together = 0

    def too_much(submit: SubmitSm) -> int:
        nonlocal together
        together += 1
        asyncio.get_running_loop().call_soon(forget)  # what comes in one piece comes in one turn
        return status if together > 3 else S.ROK

    async with smsc() as far:
        far.answer = Telling(far, refuses=too_much)
        report = await check(config_of(far), QUICK, to=TO)
    write_profile(report, tmp_path / "profile.toml")

    assert named(report, "throttling").settings == settings
    told = (tmp_path / "profile.toml").read_text()
    assert "# Beside it, in [providers.NAME]: window = 3" in told
    assert manners(config_of(far, profile=str(tmp_path / "profile.toml"))).slow_statuses == tuple(
        [0x4F0] if status == 0x4F0 else []
    )


async def test_a_message_without_an_answer_is_named_and_the_rest_is_looked_at() -> None:
    async with smsc() as far:
        far.answer = lambda submit: None
        report = await check(config_of(far), msgspec.structs.replace(QUICK, answer_s=1.5), to=TO)

    assert wrong(report) == {"response"}
    assert named(report, "unbind").verdict is Verdict.RIGHT
    assert len(far.submitted) == 1


# -- the session


async def test_one_without_transceivers_is_bound_separately(tmp_path: Path) -> None:
    async with smsc() as far:
        let_in = far.let_in

        def bound(bind: Any) -> Any:
            resp = let_in(bind)
            return msgspec.structs.replace(resp, status=int(S.RBINDFAIL)) if isinstance(bind, BindTransceiver) else resp

        far.bound = bound
        far.answer = Telling(far)
        report = await check(config_of(far), QUICK, to=TO)
        far.binds.clear()
        _, ears = await by_profile(far, report, tmp_path / "profile.toml")

    assert named(report, "bind").settings == {"bind": "separate"}
    assert wrong(report) == {"bind"}
    assert {type(bind) for bind in far.binds} == {BindTransmitter, BindReceiver}
    assert ears.heard


async def test_one_that_takes_one_bind_only_is_named() -> None:
    async with smsc() as far:
        let_in = far.let_in
        far.bound = lambda bind: (
            msgspec.structs.replace(let_in(bind), status=int(S.RALYBND)) if len(far.binds) > 1 else let_in(bind)
        )
        report = await check(config_of(far), QUICK)

    assert named(report, "second bind").settings == {"binds": 1}
    assert "binds = 1" in profile_text(report)


async def test_one_where_a_second_bind_ends_the_first_is_named() -> None:
    async with smsc() as far:
        let_in = far.let_in

        def bound(bind: Any) -> Any:
            if len(far.connections) > 1:
                far.connections[0].abort()
            return let_in(bind)

        far.bound = bound
        report = await check(config_of(far), QUICK)

    assert wrong(report) == {"second bind"}
    assert named(report, "second bind").settings == {"binds": 1}
    assert named(report, "unknown command").verdict is Verdict.RIGHT


async def test_one_that_loses_what_comes_in_the_same_piece_is_named() -> None:
    async with smsc() as far:
        far.reader = lambda data: data[: int.from_bytes(data[:4], "big")]
        report = await check(config_of(far), msgspec.structs.replace(QUICK, answer_s=1.5))

    assert "glued PDUs" in wrong(report)
    assert report.settings["window"] == 1


async def test_one_that_is_silent_is_named(tmp_path: Path) -> None:
    silent = {each.command for each in (EnquireLinkResp, GenericNack, UnbindResp)}
    async with smsc() as far:
        far.doctor = lambda pdu: b"" if int.from_bytes(pdu[4:8], "big") in silent else pdu
        report = await check(config_of(far), msgspec.structs.replace(QUICK, answer_s=1.5))

    assert wrong(report) == {"enquire_link", "unknown command", "unbind"}
    write_profile(report, tmp_path / "profile.toml")
    assert manners(config_of(far, profile=str(tmp_path / "profile.toml"))).enquire_link_s == 600


async def test_octets_and_responses_that_nobody_asked_for_are_named() -> None:
    def twice(pdu: bytes) -> bytes:
        if int.from_bytes(pdu[4:8], "big") != SubmitSmResp.command:
            return pdu
        longer = (len(pdu) + 1).to_bytes(4, "big") + pdu[4:] + b"\x7f"
        return longer + longer

    async with smsc() as far:
        far.doctor = twice
        far.answer = Telling(far)
        report = await check(config_of(far), QUICK, to=TO)

    said = [each.said for each in report.findings if each.name == "octets"]
    assert any("a second one" in each for each in said)
    assert any("octets behind the last parameter" in each for each in said)
    assert wrong(report) == set()


async def test_one_that_hangs_up_is_bound_again_for_what_is_left() -> None:
    async with smsc() as far:

        def hang_up(submit: SubmitSm) -> None:
            far.hears.hang_up()

        far.answer = hang_up
        report = await check(config_of(far), QUICK, to=TO)

    assert wrong(report) == {"messages"}
    assert named(report, "unknown command").verdict is Verdict.RIGHT


# -- what can't be checked


async def test_a_refused_bind_is_one_sentence() -> None:
    async with smsc() as far:
        with pytest.raises(SetupError, match="refuses the bind: wrong password"):
            await check(config_of(far, password="wrong"), QUICK)

    assert len(far.binds) == 1  # nobody is locked out by trying


async def test_one_is_checked_by_tls_if_its_certificate_is_trusted(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with smsc(tls=context) as far:
        report = await check(config_of(far, tls=True, tls_ca=str(certificate[0])), QUICK)
        with pytest.raises(SetupError, match=r"can't be spoken to by TLS: .*certificate"):
            await check(config_of(far, tls=True), QUICK)
        with pytest.raises(SetupError, match="does it want TLS"):
            await check(config_of(far), QUICK)

    assert wrong(report) == set()


async def test_one_that_is_no_smsc_is_one_sentence() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(SetupError, match="says what is no SMPP"):
            await check(configured(port), QUICK)


def test_every_setting_that_is_found_can_stand_in_a_profile(tmp_path: Path) -> None:
    settings = {name: value for _, _, found in REFUSING.values() for name, value in found.items()}
    report = Report("here:1", [Finding("all", Verdict.WRONG, "All.", settings)], given={"system_type": 'a"b\\'})
    write_profile(report, tmp_path / "p.toml")

    found = manners(configured(1, profile=str(tmp_path / "p.toml")))

    assert found == Manners(**settings, system_type='a"b\\')
    with pytest.raises(SetupError, match="File exists"):
        write_profile(report, tmp_path / "p.toml")


# -- the command


def heliograph(*arguments: str) -> tuple[int, str, str]:
    ended = forking.run("smpp", "check", *arguments, environment=dict(os.environ), timeout=HANG_S)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_sandbox_is_right_by_the_command(server: Server, tmp_path: Path) -> None:
    entry = server.ready["protocols"]["smpp"]
    profile = tmp_path / "profile.toml"
    who = ["--system-id", entry["system_id"], "--password", entry["password"]]
    how = ["--to", "+33612345678", "--rate", "100", "--json", "--profile", str(profile)]

    code, said, problem = heliograph(f"{entry['host']}:{entry['port']}", *who, *how)

    report = json.loads(said)
    assert problem == ""
    assert report["submitted"] > 5
    assert report["receipts"] > 5
    wrong_of_ours = {each["name"] for each in report["findings"] if each["verdict"] == "wrong"}
    assert wrong_of_ours <= {"long messages"}  # which are to be sent whole (docs/smpp.md)
    assert code == bool(wrong_of_ours)
    assert manners(configured(1, profile=str(profile))).id_form == report["settings"]["id_form"]


def test_what_can_not_be_checked_is_one_sentence(server: Server, tmp_path: Path) -> None:
    entry = server.ready["protocols"]["smpp"]
    address, who = f"{entry['host']}:{entry['port']}", ["--system-id", entry["system_id"]]
    there = tmp_path / "there.toml"
    there.touch()
    for arguments, words in (
        ([address, *who, "--password", "wrong"], "wrong password"),
        ([address, *who, "--tls"], "TLS"),
        (["127.0.0.1:1", *who], "can't be reached"),
        (["a@b", *who], "hosts must be addresses"),
        ([address, *who, "--to", "nobody"], "nobody"),
        ([address, *who, "--profile", str(there)], "there already"),
        ([address, "--system-id", ""], "empty"),
    ):
        code, said, problem = heliograph(*arguments)

        assert (code, said) == (2, ""), problem
        assert words in problem
        assert problem.count("\n") == 1
