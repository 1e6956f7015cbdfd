"""Whatever clients of two accounts say, in whatever state and pieces: nobody else suffers, and nothing grows."""

from __future__ import annotations

import itertools
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Server
from tests.protocols.smpp.esme import Esme, submit
from tests.protocols.smpp.saying import pdus, pdus_of

from heliograph.protocols.smpp.wire.codec import Framer, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    BY_COMMAND,
    Bind,
    BindTransceiver,
    CancelSm,
    DataSm,
    DeliverSm,
    GenericNack,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Undecodable,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, text_in

S = CommandStatus
GROWTH_KB = 48 * 1024
"""Caches fill up, and pages are not given back; what was said, or all sessions, being kept would be more."""
FLOOD = 3_000

# A wrong password may be tried a few times only, so nobody says a bind here that would be looked at.
OTHERS = pdus.filter(lambda pdu: not isinstance(pdu, Bind))
REQUESTS = st.sampled_from([SubmitSm, SubmitMulti, DataSm, QuerySm, CancelSm, ReplaceSm]).flatmap(pdus_of)


class Step(NamedTuple):
    """What a client does: a way of `Player`, with what it says."""

    way: str
    said: Any = None


class Broken(NamedTuple):
    """A PDU with an octet changed, and a length that may not be its own."""

    pdu: bytes
    place: int
    octet: int
    longer: int


STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just("submit"), st.sampled_from([0, 1, 7, 7, 2**31 - 1, 2**31, 2**32 - 1])),
        st.builds(Step, st.just("say"), st.one_of(OTHERS, REQUESTS)),
        st.builds(
            Step,
            st.just("mangle"),
            st.builds(
                Broken,
                st.one_of(OTHERS, REQUESTS).map(encode),
                st.integers(12, 200),
                st.integers(0, 255),
                st.integers(-20, 20),
            ),
        ),
        st.builds(Step, st.just("unknown"), st.integers(0x200, 0x7FFF_FFFF)),
        st.just(Step("bind_again")),
        st.just(Step("pry")),
        st.builds(Step, st.just("write"), st.binary(min_size=1, max_size=80)),
    ),
    max_size=8,
)


class Player:
    """A client of an account, which says what it is told to, and then hears all that there is."""

    def __init__(self, entry: dict[str, Any], mine: set[str], others: set[str], *, binds: bool) -> None:
        """Take the ids of messages of this account's, and of the other's: what is heard is added."""
        self._esme = Esme(entry, bind=BindTransceiver if binds else None)
        self._binds = binds
        self._mine, self._others = mine, others
        self._sequence = itertools.count(1_000_000)
        self._unknown: set[int] = set()
        self._pried: dict[int, type[Pdu]] = {}

    def play(self, step: Step) -> None:
        with suppress(ConnectionError):  # it may have been sent away
            getattr(self, step.way)(*(() if step.said is None else (step.said,)))

    def submit(self, sequence: int) -> None:
        self.write(encode(submit("+33612349876"), sequence))

    def say(self, pdu: Pdu) -> None:
        self.write(encode(pdu))

    def mangle(self, broken: Broken) -> None:
        octets = bytearray(broken.pdu)
        if broken.place < len(octets):
            octets[broken.place] = broken.octet
        self.write(max(len(octets) + broken.longer, 0).to_bytes(4, "big") + bytes(octets[4:]))

    def unknown(self, command: int) -> None:
        if command not in BY_COMMAND:
            sequence = next(self._sequence)
            self._unknown.add(sequence)
            self.write(b"".join(each.to_bytes(4, "big") for each in (16, command, 0, sequence)))

    def bind_again(self) -> None:
        if self._binds:
            self.say(BindTransceiver(next(self._sequence), system_id="again", password="again"))

    def pry(self) -> None:
        for kind, message_id in itertools.product((QuerySm, CancelSm, ReplaceSm), sorted(self._others)[-2:]):
            sequence = next(self._sequence)
            self._pried[sequence] = kind
            self.say(kind(sequence, message_id=message_id))

    def write(self, octets: bytes) -> None:
        self._esme.write(octets)

    def judge(self) -> None:
        for pdu in self._heard():
            assert pdu.rest == b""
            if isinstance(pdu, SubmitSmResp) and pdu.status == S.ROK:
                self._mine.add(pdu.message_id)
            if isinstance(pdu, DeliverSm):
                assert text_in(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID) not in self._others
            if isinstance(pdu, GenericNack):
                assert pdu.status in {S.RINVCMDID, S.RINVCMDLEN}
            elif pdu.sequence in self._unknown:
                raise AssertionError(pdu)
            elif pdu.is_response:
                assert pdu.status in set(S)
            if pdu.sequence in self._pried and pdu.is_response:
                assert pdu.status in ({S.RINVMSGID} if self._binds else {S.RINVBNDSTS})

    def _heard(self) -> list[Pdu]:
        """Everything, until the server has closed the connection because there is nothing more to come."""
        framer, found = Framer(), list[bytes]()
        try:
            self._esme._socket.shutdown(socket.SHUT_WR)
            while octets := self._esme._socket.recv(65_536):
                complete, bad = framer.feed(octets)
                assert bad is None
                found += complete
        except OSError:
            pass
        self._esme.close()
        read = [decode(each) for each in found]
        assert [each for each in read if isinstance(each, Undecodable)] == []
        return [each for each in read if isinstance(each, Pdu)]


def memory_kb(server: Server) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found is not None
    return int(found[1])


def test_nothing_that_two_accounts_say_is_a_fault_of_ours_or_the_others(server: Server) -> None:
    entry = server.ready["protocols"]["smpp"]
    entries = (entry, {**entry, **entry["other"]})
    known: tuple[set[str], set[str]] = (set(), set())

    @settings(max_examples=60)
    @given(STEPS, STEPS, st.tuples(st.booleans(), st.booleans()))
    def play(first: list[Step], second: list[Step], binds: tuple[bool, bool]) -> None:
        players = [Player(entries[who], known[who], known[1 - who], binds=binds[who]) for who in (0, 1)]
        for steps in itertools.zip_longest(first, second):
            for player, step in zip(players, steps, strict=True):
                if step is not None:
                    player.play(step)
        for player in players:
            player.judge()

    for each, mine in zip(entries, known, strict=True):
        with Esme(each) as esme:
            mine.add(esme.submit("+33612349876").message_id)
    play()
    with Esme(entry) as esme, Esme({**entry, **entry["other"]}) as other:
        answers = [each.submit("+33612349877", registered_delivery=0) for each in (esme, other)]

    assert [answer.status for answer in answers] == [0, 0]
    assert "Traceback" not in Path(server.log.name).read_text()
    assert len(known[0] & known[1]) == 0


def test_what_is_said_does_not_stay_in_memory(server: Server) -> None:
    entry = server.ready["protocols"]["smpp"]
    unasked = b"".join(encode(SubmitSmResp(number, message_id="x" * 200)) for number in range(100))
    unknown = (16).to_bytes(4, "big") + (0x999).to_bytes(4, "big") + bytes(8)
    odd = encode(QuerySm(5, message_id="y" * 5_000))

    def flood() -> None:
        with Esme(entry) as esme:
            for _ in range(FLOOD // 100):
                esme.write(unasked + odd * 50 + unknown * 50)
                for _ in range(100):
                    esme.next()

    flood()
    before = memory_kb(server)
    for _ in range(5):
        flood()

    assert memory_kb(server) - before < GROWTH_KB


@pytest.mark.parametrize("sequence", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_an_answer_has_the_number_of_its_request_whatever_that_is(server: Server, sequence: int) -> None:
    with Esme(server.ready["protocols"]["smpp"]) as esme:
        esme.write(encode(QuerySm(sequence, message_id="nobodys")) * 2)
        answers = [esme.answer_to(sequence) for _ in range(2)]

    assert [(answer.sequence, answer.status) for answer in answers] == [(sequence, S.RINVMSGID)] * 2
