"""The sandbox's SMSC when it is told to misbehave: the check names it, and our provider is right by the profile."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import Server, StartServer
from tests.patience import HANG_S
from tests.protocols.smpp.esme import Esme, submit
from tests.protocols.smpp.smsc import configured, provided
from tests.protocols.smpp.test_checking import QUICK, Waiting, named
from tests.protocols.standing_in import outgoing

from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted
from heliograph.protocols.smpp.checking import Report, Verdict, check, write_profile
from heliograph.protocols.smpp.door.disorder import Pipe
from heliograph.protocols.smpp.door.hostile import CUT
from heliograph.protocols.smpp.provider.config import SmppConfig, manners
from heliograph.protocols.smpp.wire.codec import encode
from heliograph.protocols.smpp.wire.coding import UDHI, Coding, hear, text_pieces
from heliograph.protocols.smpp.wire.pdus import DeliverSm, EnquireLink, EnquireLinkResp, SubmitSmResp
from heliograph.protocols.smpp.wire.receipts import RECEIPT, is_receipt
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, find, text_in
from heliograph.sandbox.chaos import CALM, SMPP_NUMBERS, Chaos


@pytest.fixture(scope="module")
def hostile(start_server: StartServer) -> Server:
    """A server of its own: what it is told, everybody on it feels."""
    return start_server()


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    """One whose clients acknowledge all that they are told: the next client would be told the rest."""
    return start_server()


@pytest.fixture
def calm_again(hostile: Server) -> Iterator[None]:
    yield
    behave(hostile)


def behave(server: Server, **chaos: Any) -> None:
    with server.client() as client:
        client.sandbox.set_chaos(Chaos(delivery_delay_s=0.0, **chaos) if chaos else CALM)


def config_of(server: Server, **settings: Any) -> SmppConfig:
    entry = server.ready["protocols"]["smpp"]
    who = {"system_id": entry["system_id"], "password": entry["password"]}
    return configured(entry["port"], **who | settings)


async def checked(server: Server) -> Report:
    return await check(config_of(server, long_messages="payload"), QUICK, to="+33612345678")


@pytest.mark.parametrize(
    ("share", "name", "settings"),
    [
        ("smpp_decimal", "ids", {"id_form": "hex"}),
        ("smpp_bare", "fields", {}),
        ("smpp_words", "words", {}),
        ("smpp_payload", "payload", {}),
        ("smpp_unmarked", "marking", {"sniff_receipts": True}),
        ("smpp_unknown", "parameters", {}),
        ("smpp_doubled", "repeated", {}),
        ("smpp_hexadecimal", "ids", {"id_form": "dec"}),
        ("smpp_data", "data_sm", {}),
        ("smpp_cut", "octets", {}),
        ("smpp_early", "receipt first", {}),
    ],
)
@pytest.mark.usefixtures("calm_again")
async def test_what_it_does_wrong_is_named_and_mended_by_the_profile(
    hostile: Server, share: str, name: str, settings: dict[str, object], tmp_path: Path
) -> None:
    behave(hostile, **{share: 1.0})
    report = await checked(hostile)
    write_profile(report, tmp_path / "profile.toml")
    ears = Waiting()
    entry = config_of(hostile)
    profile = {"system_id": entry.system_id, "password": entry.password, "profile": str(tmp_path / "profile.toml")}
    async with provided(hostile.ready["protocols"]["smpp"]["port"], ears, **profile) as provider:
        (outcome,) = await provider.send([outgoing(1)])
        async with asyncio.timeout(HANG_S):
            await ears.told.wait()

    assert named(report, name).settings == settings
    assert isinstance(outcome, Accepted)
    heard = ears.heard[0]
    assert heard.provider_ref == outcome.provider_ref or outcome.ref_key in heard.ref_keys
    assert heard.status is Status.DELIVERED


@pytest.mark.parametrize(
    ("share", "name", "settings"),
    [
        ("smpp_deaf", "enquire_link", {"enquire_link_s": 600}),
        ("smpp_silent", "response", {}),
    ],
)
@pytest.mark.usefixtures("calm_again")
async def test_silence_is_named_and_so_is_what_suits_it(
    hostile: Server, share: str, name: str, settings: dict[str, object], tmp_path: Path
) -> None:
    behave(hostile, **{share: 1.0})
    limits = msgspec.structs.replace(QUICK, answer_s=3.0)
    report = await check(config_of(hostile, long_messages="payload"), limits, to="+33612345678")
    write_profile(report, tmp_path / "profile.toml")
    found = named(report, name)

    assert (found.verdict, found.settings) == (Verdict.WRONG, settings)
    assert "not answer" in found.said
    assert {
        each: getattr(manners(config_of(hostile, profile=str(tmp_path / "profile.toml"))), each) for each in settings
    } == settings


async def test_what_borne_faults_do_to_octets_is_no_fault_to_the_check(hostile: Server) -> None:
    entry = hostile.ready["protocols"]["smpp"]
    who = {"system_id": entry["system_id"], "password": entry["password"], "long_messages": "payload"}
    for share in ("smpp_split", "smpp_glued", "smpp_elsewhere"):
        report = await check(configured(entry["port"], **who), QUICK, to=number_of(share))
        assert [each for each in report.findings if each.verdict is Verdict.WRONG] == [], share


# -- by numbers: nobody is told to misbehave, and nobody else feels it

PLACES = {share: number for number, share in SMPP_NUMBERS.items()}
LONG = "A long answer, typed on a phone: £, é and more. " * 8


def number_of(share: str) -> str:
    return f"+{PLACES[share]}0000"


def test_every_fault_has_a_number_and_numbers_are_of_the_sandbox() -> None:
    faults = [name for name in Chaos.__struct_fields__ if name.startswith("smpp_")]

    assert sorted(SMPP_NUMBERS.values()) == sorted(faults)
    assert all(re.fullmatch("9998[0-9]{2}", number) for number in SMPP_NUMBERS)


async def test_our_provider_bears_every_fault(hostile: Server) -> None:
    faults = [share for share in PLACES if share not in {"smpp_throttled", "smpp_silent", "smpp_deaf"}]
    ears = Waiting()
    entry = hostile.ready["protocols"]["smpp"]
    who = {"system_id": entry["system_id"], "password": entry["password"], "sniff_receipts": True}
    async with provided(entry["port"], ears, **who, window=1_000) as provider:
        outcomes = await provider.send(
            [outgoing(place, msisdn=number_of(share)[1:]) for place, share in enumerate(faults)]
        )
        async with asyncio.timeout(HANG_S):
            while len({receipt.msisdns[:1] for receipt in ears.heard}) < len(faults):
                ears.told.clear()
                await ears.told.wait()

    for share, outcome in zip(faults, outcomes, strict=True):
        assert isinstance(outcome, Accepted), share
        about = [each for each in ears.heard if number_of(share)[1:] in each.msisdns]
        assert {each.status for each in about} == {Status.DELIVERED}, share
        for each in about:
            named_so = outcome.provider_ref in {each.provider_ref, *each.other_refs}
            assert named_so or outcome.ref_key in each.ref_keys, share


def test_a_submit_that_is_not_answered_is_on_the_phone(server: Server) -> None:
    number = number_of("smpp_silent")
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        esme.say(submit(number, registered_delivery=0))
        next_one = esme.submit("+33612340003", registered_delivery=0)
        with server.client() as client:
            shown = client.sandbox.wait_for_message(number, timeout_s=HANG_S)
        alive = esme.ask(EnquireLink())

    assert (next_one.status, shown.text, type(alive)) == (0, "Hello", EnquireLinkResp)


def test_a_deaf_smsc_answers_everything_but_enquire_links(server: Server) -> None:
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        assert isinstance(esme.ask(EnquireLink()), EnquireLinkResp)
        esme.submit(number_of("smpp_deaf"), registered_delivery=0)
        esme.say(EnquireLink())
        sequence, *_ = esme.say(submit("+33612340003", registered_delivery=0))
        answer = esme.next()

    assert (type(answer), answer.sequence) == (SubmitSmResp, sequence)


def test_responses_and_receipts_have_parameters_that_are_cut_or_have_no_end(server: Server) -> None:
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        cut = esme.submit(number_of("smpp_cut"))
        about_cut = esme.told()
        endless = esme.submit(number_of("smpp_unterminated"))
        about_endless = esme.told()

    assert cut.rest == about_cut.rest == CUT
    assert text_in(about_cut.tlvs, Tag.RECEIPTED_MESSAGE_ID) == cut.message_id
    assert find(about_endless.tlvs, Tag.RECEIPTED_MESSAGE_ID) == endless.message_id.encode()


def test_a_response_comes_behind_its_receipt(server: Server) -> None:
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        (sequence,) = esme.say(submit(number_of("smpp_early")))
        first = esme.next()
        assert isinstance(first, DeliverSm)
        esme.answer(first)
        response = esme.next()

    assert isinstance(response, SubmitSmResp)
    assert response.sequence == sequence
    assert text_in(first.tlvs, Tag.RECEIPTED_MESSAGE_ID) == response.message_id


def test_a_receipt_comes_by_another_connection(server: Server) -> None:
    entry = server.ready["protocols"]["smpp"]
    with Esme(entry) as sender, Esme(entry) as other:
        sent = [sender.submit(number_of("smpp_elsewhere")).message_id for _ in range(4)]
        told = [text_in(other.told().tlvs, Tag.RECEIPTED_MESSAGE_ID) for _ in sent]

    assert sorted(map(str, told)) == sorted(sent)


def test_octets_that_come_in_other_pieces_than_pdus_are_the_same(server: Server) -> None:
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        for share in ("smpp_split", "smpp_glued"):
            sequences = [esme.say(submit(number_of(share), registered_delivery=0))[0] for _ in range(3)]
            assert [esme.next().sequence for _ in sequences] == sequences


async def test_a_pipe_cuts_and_glues_and_keeps_the_order() -> None:
    written: list[bytes] = []
    came = asyncio.Event()

    def write(data: bytes) -> None:
        written.append(data)
        came.set()

    async def until_all_of(data: bytes) -> list[bytes]:
        async with asyncio.timeout(HANG_S):
            while b"".join(written) != data:
                came.clear()
                await came.wait()
        pieces = list(written)
        written.clear()
        return pieces

    pdus = [encode(SubmitSmResp(number, message_id="x" * 20)) for number in range(4)]
    alive = encode(EnquireLinkResp(9))
    pipe = Pipe(write)
    pipe.put(pdus[0], CALM)
    assert written == [pdus[0]]
    written.clear()
    pipe.put(pdus[1], Chaos(smpp_split=1.0))
    pipe.put(pdus[2], CALM)
    split = await until_all_of(pdus[1] + pdus[2])
    pipe.put(pdus[1], Chaos(smpp_glued=1.0))
    pipe.put(alive + pdus[2], Chaos(smpp_deaf=1.0))
    glued = await until_all_of(pdus[1] + pdus[2])
    pipe.put(pdus[3], Chaos(smpp_split=1.0))
    pipe.empty()

    assert len(split) > 5
    assert len(glued) == 1
    assert written == [pdus[3]]


@pytest.mark.parametrize("share", ["smpp_sar", "smpp_whole", "smpp_shuffled", "smpp_gaps"])
def test_a_long_reply_comes_in_parts_of_every_kind(server: Server, share: str) -> None:
    count = len(text_pieces(LONG, Coding(), reference=0))
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        with server.client() as client:
            client.sandbox.reply(number_of(share), to="+33700000000", text=LONG)
        told = [esme.told() for _ in range({"smpp_whole": 1, "smpp_gaps": count - 1}.get(share, count))]
        esme.submit("+33612340004")
        assert is_receipt(esme.told())  # and nothing more came before
    heard = [hear(each) for each in told]
    places = [each.place.sequence for each in heard if each.place is not None]
    in_order = sorted(heard, key=lambda each: 0 if each.place is None else each.place.sequence)
    text = "".join(each.part.text or "" for each in in_order)

    assert {each.named for each in heard} == {{"smpp_sar": "sar", "smpp_whole": ""}.get(share, "udh")}
    assert (text == LONG) == (share != "smpp_gaps")
    assert (places == sorted(places)) == (share != "smpp_shuffled")
    assert {each.esm_class & UDHI for each in told} == {0 if share in {"smpp_sar", "smpp_whole"} else UDHI}


@pytest.mark.usefixtures("calm_again")
def test_a_submit_that_is_throttled_is_not_accepted(hostile: Server) -> None:
    behave(hostile, smpp_throttled=1.0)
    number = "+33612340001"
    with Esme(hostile.ready["protocols"]["smpp"]) as esme:
        response = esme.ask(submit(number))
    with hostile.client() as client:
        shown = client.sandbox.messages(number)

    assert response.status == CommandStatus.RTHROTTLED
    assert list(shown) == []


@pytest.mark.usefixtures("calm_again")
def test_accounts_that_are_not_the_sandboxs_are_spared(hostile: Server) -> None:
    def heliograph(*words: str) -> Any:
        command = [sys.executable, "-m", "heliograph", *words, "--data-dir", str(hostile.data_dir), "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    heliograph("accounts", "create", "Acme")
    key = heliograph("keys", "create", "--account", "Acme", "--protocol", "smpp")
    behave(hostile, smpp_throttled=1.0, smpp_unmarked=1.0)
    entry = hostile.ready["protocols"]["smpp"] | {each: key[each] for each in ("system_id", "password")}
    with Esme(entry) as esme:
        response = esme.ask(submit("+33612340002"))
        told = esme.told()
        by_number = esme.submit(number_of("smpp_cut"))

    assert isinstance(response, SubmitSmResp)
    assert response.status == 0
    assert told.esm_class & RECEIPT
    assert by_number.rest == b""
