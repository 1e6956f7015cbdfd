"""Who is let in by SMPP, how long they may stay, and what is answered to what can't be."""

from __future__ import annotations

import json
import signal
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, StartServer
from tests.protocols.smpp.esme import Esme, Gone, submit

from heliograph.domain import errors
from heliograph.protocols.smpp.door.operations import OPERATIONS
from heliograph.protocols.smpp.door.refusals import STATUSES, Refused, status_of
from heliograph.protocols.smpp.wire.pdus import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    ReplaceSm,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    Unbind,
    UnbindResp,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, number_in

S = CommandStatus
REVOKED_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def entry(server: Server) -> dict[str, Any]:
    return dict(server.ready["protocols"]["smpp"])


def keys(server: Server, *words: str) -> str:
    """What `heliograph keys` says."""
    command = [sys.executable, "-m", "heliograph", "keys", *words, "--data-dir", str(server.data_dir)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def made(server: Server, *words: str) -> Mapping[str, Any]:
    """A key of the sandbox's account."""
    found: Mapping[str, Any] = json.loads(
        keys(server, "create", "--account", "sandbox", "--protocol", "smpp", "--json", *words)
    )
    return found


def ends(esme: Esme) -> bool:
    with pytest.raises(Gone):
        while True:
            esme.next()
    return True


@pytest.mark.parametrize("bind", [BindReceiver, BindTransmitter, BindTransceiver])
def test_a_client_is_bound_by_its_key_and_told_which_version_is_spoken(entry: dict[str, Any], bind: type[Bind]) -> None:
    with Esme(entry, bind=bind) as new, Esme(entry, bind=bind, interface_version=0x33) as old:
        assert new.bound is not None and old.bound is not None
        assert type(new.bound) is response_to(bind.command)
        assert (new.bound.status, number_in(new.bound.tlvs, Tag.SC_INTERFACE_VERSION)) == (S.ROK, 0x34)
        assert (old.bound.status, old.bound.tlvs) == (S.ROK, ())


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"system_id": "nobody"}, {"system_id": "", "password": ""}], ids=str
)
def test_a_client_with_a_wrong_name_or_password_is_told_the_same_and_sent_away(
    entry: dict[str, Any], wrong: dict[str, str]
) -> None:
    with Esme(entry, **wrong) as esme:
        assert esme.bound is not None
        assert esme.bound.status == S.RINVPASWD
        assert ends(esme)


def test_a_key_of_another_network_binds_nobody(server: Server, entry: dict[str, Any]) -> None:
    key = made(server, "--networks", "192.0.2.0/24")
    with Esme({**entry, **key}) as esme:
        assert esme.bound is not None
        assert esme.bound.status == S.RBINDFAIL
        assert ends(esme)


def test_who_tries_too_many_passwords_is_not_listened_to(start_server: StartServer) -> None:
    entry = start_server().ready["protocols"]["smpp"]
    answers = []
    for _ in range(12):
        with Esme(entry, password="wrong") as esme:
            assert esme.bound is not None
            answers.append(esme.bound.status)
    with Esme(entry) as right:
        assert right.bound is not None
        answers.append(right.bound.status)

    assert answers == [S.RINVPASWD] * 10 + [S.RBINDFAIL] * 3


def test_a_client_whose_key_is_revoked_is_sent_away_within_two_seconds(server: Server, entry: dict[str, Any]) -> None:
    key = made(server)
    with Esme({**entry, **key}) as esme, Esme(entry) as another:
        keys(server, "revoke", key["id"])
        revoked = time.monotonic()
        assert ends(esme)
        took_s = time.monotonic() - revoked
        assert isinstance(another.ask(EnquireLink()), EnquireLinkResp)

    assert took_s < REVOKED_WITHIN_S


def test_a_key_that_rotates_keeps_its_clients_as_long_as_its_old_password_is_good(
    server: Server, entry: dict[str, Any]
) -> None:
    key = made(server)
    with Esme({**entry, **key}) as esme:
        new = json.loads(keys(server, "rotate", key["id"], "--grace", "1h", "--json"))
        with Esme({**entry, **new}) as renewed:
            assert renewed.bound is not None and renewed.bound.status == S.ROK
            assert isinstance(esme.ask(EnquireLink()), EnquireLinkResp)
            keys(server, "rotate", key["id"])
            assert ends(renewed)
            assert ends(esme)


def test_a_key_is_bound_as_often_as_is_set_and_no_oftener(start_server: StartServer) -> None:
    entry = start_server(environment={"HELIOGRAPH_SMPP_BINDS": "2"}).ready["protocols"]["smpp"]
    with Esme(entry) as first, Esme(entry):
        with Esme(entry) as third:
            assert third.bound is not None and third.bound.status == S.RBINDFAIL
            assert ends(third)
        assert isinstance(first.ask(Unbind()), UnbindResp)
        assert ends(first)
        with Esme(entry) as fourth:
            assert fourth.bound is not None and fourth.bound.status == S.ROK


def test_who_does_not_bind_gives_way_and_who_has_bound_stays(start_server: StartServer) -> None:
    entry = start_server(environment={"HELIOGRAPH_SMPP_CONNECTIONS": "3"}).ready["protocols"]["smpp"]
    with Esme(entry) as bound, Esme(entry, bind=None) as silent, Esme(entry, bind=None), Esme(entry) as late:
        assert late.bound is not None and late.bound.status == S.ROK
        assert ends(silent)
        assert isinstance(bound.ask(EnquireLink()), EnquireLinkResp)


def test_clients_bind_over_tls_where_there_is_a_certificate(
    start_server: StartServer, certificate: tuple[Path, Path], new_number: Callable[[], str]
) -> None:
    pem, key = certificate
    server = start_server(
        environment={"HELIOGRAPH_SMPP_TLS_CERTIFICATE": str(pem), "HELIOGRAPH_SMPP_TLS_KEY": str(key)}
    )
    entry = server.ready["protocols"]["smpp"]
    with Esme(entry, tls=ssl.create_default_context(cafile=str(pem))) as esme:
        assert esme.submit(new_number()).status == S.ROK
    with Esme(entry, bind=None) as clear:
        clear.say(EnquireLink())
        assert ends(clear)


def test_a_port_is_served_without_a_sandbox_where_one_is_set(start_server: StartServer, tmp_path: Path) -> None:
    sent = {"type": "file", "path": str(tmp_path / "sent.jsonl")}
    environment = {"HELIOGRAPH_PROVIDERS": json.dumps({"out": sent}), "HELIOGRAPH_DEFAULT_PROVIDER": "out"}
    closed = start_server(environment=environment)
    served = start_server(environment={**environment, "HELIOGRAPH_SMPP_PORT": "0"})

    assert "smpp" not in closed.ready["protocols"]
    assert served.ready["protocols"]["smpp"].keys() == {"host", "port"}
    with Esme({**served.ready["protocols"]["smpp"], "system_id": "sandbox", "password": "guess"}) as esme:
        assert esme.bound is not None and esme.bound.status == S.RINVPASWD


@pytest.mark.parametrize(
    ("bind", "pdu", "status"),
    [
        (None, SubmitSm(), S.RINVBNDSTS),
        (None, QuerySm(), S.RINVBNDSTS),
        (None, Unbind(), S.RINVBNDSTS),
        (BindReceiver, SubmitSm(), S.RINVBNDSTS),
        (BindReceiver, SubmitMulti(), S.RINVBNDSTS),
        (BindReceiver, CancelSm(), S.RINVBNDSTS),
        (BindReceiver, ReplaceSm(), S.RINVBNDSTS),
        (BindTransceiver, BindTransceiver(), S.RALYBND),
        (BindTransmitter, BindReceiver(), S.RALYBND),
        (BindTransceiver, DeliverSm(), S.RINVBNDSTS),
        (BindTransceiver, SubmitMulti(), S.RINVNUMDESTS),
        (BindTransceiver, QuerySm(message_id="nobodys"), S.RINVMSGID),
        (BindTransceiver, CancelSm(message_id="nobodys"), S.RINVMSGID),
        (BindTransceiver, CancelSm(), S.RCANCELFAIL),
        (BindTransceiver, ReplaceSm(message_id="nobodys", short_message=b"Hello"), S.RINVMSGID),
        (BindTransceiver, submit("33612"), S.RINVDSTADR),
        (BindTransceiver, submit("+33612345678", source_addr="much too long a name"), S.RINVSRCADR),
        (BindTransceiver, submit("+33612345678", b""), S.RINVMSGLEN),
        (BindTransceiver, submit("+33612345678", schedule_delivery_time="tomorrow"), S.RINVSCHED),
        (BindTransceiver, submit("+33612345678", validity_period="991399999999000+"), S.RINVEXPIRY),
        (BindTransceiver, submit("+33612345678", validity_period="200101000000000+"), S.RINVEXPIRY),
        (BindTransceiver, submit("+33612345678", priority_flag=4), S.RINVPRTFLG),
        (BindTransceiver, submit("+33612345678", esm_class=0x04), S.RINVESMCLASS),
        (BindTransceiver, submit("+33612345678", replace_if_present_flag=1), S.RINVREPFLAG),
        (BindTransceiver, submit("+33612345678", sm_default_msg_id=1), S.RINVDFTMSGID),
        (BindTransceiver, submit("+33612345678", data_coding=4, short_message=bytes(141)), S.RINVMSGLEN),
        (BindTransceiver, DataSm(destination_addr="nowhere"), S.RINVDSTADR),
        (BindTransceiver, SubmitMulti(destinations=(SmeAddress(1, 1, "1"),), short_message=b"Hi"), S.RINVDSTADR),
    ],
    ids=str,
)
def test_trap_41_what_can_not_be_is_answered_in_the_codes_of_the_specification(
    entry: dict[str, Any], bind: type[Bind] | None, pdu: Pdu, status: CommandStatus
) -> None:
    with Esme(entry, bind=bind) as esme:
        answer = esme.ask(pdu)
        after = esme.ask(EnquireLink())

    assert (type(answer), S(answer.status)) == (response_to(pdu.command), status)
    assert isinstance(after, EnquireLinkResp)


def test_an_outbind_has_no_answer_and_an_unknown_command_is_nacked(entry: dict[str, Any]) -> None:
    with Esme(entry) as esme:
        esme.say(Outbind(7))
        esme.write(struct.pack(">IIII", 16, 0x0000_0999, 0, 8))
        unknown = esme.next()

    assert unknown == GenericNack(8, S.RINVCMDID)


@pytest.mark.parametrize("length", [0, 15, 0x10001, 0xFFFFFFFF])
@pytest.mark.parametrize("bind", [None, BindTransceiver])
def test_a_length_that_can_not_be_is_nacked_and_ends_the_connection(
    entry: dict[str, Any], bind: type[Bind] | None, length: int
) -> None:
    with Esme(entry, bind=bind) as esme:
        esme.write(struct.pack(">IIII", length, 4, 0, 1))
        answer = esme.next()
        assert ends(esme)

    assert answer == GenericNack(0, S.RINVCMDLEN)


def test_a_flood_of_halves_of_pdus_keeps_nobody_from_being_served(
    entry: dict[str, Any], new_number: Callable[[], str]
) -> None:
    halves = []
    for _ in range(200):
        halves.append(Esme(entry, bind=None))
        halves[-1].write(struct.pack(">IIII", 60_000, 9, 0, 1) + bytes(40_000))
    with Esme(entry) as esme:
        answer = esme.submit(new_number())
    for each in halves:
        each.close()

    assert answer.status == S.ROK


def test_trap_41_every_error_of_ours_has_a_code_of_the_specification() -> None:
    def below(kind: type[errors.HeliographError]) -> list[type[errors.HeliographError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in below(sub))]

    for operation in OPERATIONS.values():
        codes = {kind: status_of(kind(), operation.failed) for kind in below(errors.HeliographError)}
        assert set(codes.values()) <= {*STATUSES.values(), operation.failed}
        assert codes[errors.OriginatorNotAllowed] == 0x0A
        assert codes[errors.InvalidRecipient] == 0x0B
        assert codes[errors.InvalidBody] == 0x01
        assert codes[errors.NotFound] == 0x0C
        assert codes[errors.RateLimited] == 0x58
        assert codes[errors.StoreUnavailable] == codes[errors.ShuttingDown] == 0x14
        assert codes[errors.InternalError] == 0x08
        assert codes[errors.CapReached] == codes[errors.ScopeMissing] == codes[errors.AlreadyDispatched]
        assert codes[errors.ScopeMissing] == operation.failed
        assert status_of(errors.InvalidSchedule(field="send_at"), operation.failed) == 0x61
        assert status_of(errors.InvalidSchedule(field="expire_at"), operation.failed) == 0x62
        assert status_of(Refused(S.RINVESMCLASS), operation.failed) == 0x43
    failed = {kind.__name__: int(operation.failed) for kind, operation in OPERATIONS.items()}
    assert failed == {
        "SubmitSm": 0x45,
        "SubmitMulti": 0x45,
        "DataSm": 0x45,
        "QuerySm": 0x67,
        "CancelSm": 0x11,
        "ReplaceSm": 0x13,
    }


def test_a_key_without_the_scope_gets_nothing_done(
    server: Server, entry: dict[str, Any], new_number: Callable[[], str]
) -> None:
    key = made(server, "--scopes", "messages:read")
    with Esme(entry) as sender, Esme({**entry, **key}) as reader:
        sent = sender.submit(new_number())
        assert reader.submit(new_number()).status == S.RSUBMITFAIL
        assert reader.ask(CancelSm(message_id=sent.message_id)).status == S.RCANCELFAIL
        assert reader.ask(QuerySm(message_id=sent.message_id)).status == S.ROK


def test_requests_over_the_rate_are_throttled_and_those_after_it_are_not(
    start_server: StartServer, new_number: Callable[[], str]
) -> None:
    entry = start_server(environment={"HELIOGRAPH_RATE_LIMIT": "5"}).ready["protocols"]["smpp"]
    with Esme(entry) as esme:
        sequences = esme.say(*(submit(new_number()) for _ in range(40)))
        statuses = [esme.answer_to(sequence).status for sequence in sequences]
        while esme.submit(new_number()).status != S.ROK:
            pass  # until the next second

    assert set(statuses) == {S.ROK, S.RTHROTTLED}


def test_a_server_that_stops_answers_what_was_asked_and_unbinds(
    start_server: StartServer, new_number: Callable[[], str], tmp_path: Path
) -> None:
    server = start_server(tmp_path / "data")
    with Esme(server.ready["protocols"]["smpp"]) as esme, Esme(server.ready["protocols"]["smpp"], bind=None) as silent:
        sequences = esme.say(*(submit(new_number(), registered_delivery=0) for _ in range(50)))
        first = esme.answer_to(sequences[0])
        server.process.send_signal(signal.SIGTERM)
        answers = [first, *(esme.answer_to(sequence) for sequence in sequences[1:])]
        while not isinstance(pdu := esme.next(), Unbind):
            pass
        esme.say(UnbindResp(pdu.sequence))
        assert ends(esme)
        assert ends(silent)
        assert server.stop() == 0

    assert {answer.status for answer in answers} <= {S.ROK, S.RMSGQFUL}
