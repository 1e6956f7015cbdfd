"""A client of SMPP that says what a test wants it to say, over a real socket."""

from __future__ import annotations

import itertools
import socket
import ssl
from collections import deque
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from tests.patience import HANG_S

from heliograph.protocols.smpp.wire.codec import Framer, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    Bind,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Undecodable,
)

Said = TypeVar("Said", bound=Pdu)


class Gone(Exception):
    """The server has closed the connection."""


class Esme:
    def __init__(
        self,
        entry: dict[str, Any],
        *,
        bind: type[Bind] | None = BindTransceiver,
        tls: ssl.SSLContext | None = None,
        **fields: Any,
    ) -> None:
        """Connects to what a ready file says, and binds unless `bind` is None; `fields` are the bind's."""
        self._socket = socket.create_connection((entry["host"], entry["port"]), timeout=HANG_S)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=entry["host"])
        self._framer = Framer()
        self._heard: deque[Pdu] = deque()
        self._sequence = itertools.count(1)
        self.bound: Pdu | None = None
        if bind is not None:
            login = {"system_id": entry["system_id"], "password": entry["password"]}
            self.bound = self.ask(bind(**{**login, **fields}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def say(self, *pdus: Pdu) -> list[int]:
        """Says them in one write; the sequence numbers of those that had none."""
        numbered = [
            pdu if pdu.sequence else msgspec.structs.replace(pdu, sequence=next(self._sequence)) for pdu in pdus
        ]
        self.write(b"".join(map(encode, numbered)))
        return [pdu.sequence for pdu in numbered]

    def write(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def next(self) -> Pdu:
        """What comes next. Gone once nothing can come any more."""
        while not self._heard:
            try:
                octets = self._socket.recv(65_536)
            except ConnectionError:
                octets = b""
            if not octets:
                raise Gone
            complete, bad = self._framer.feed(octets)
            assert bad is None
            for each in complete:
                pdu = decode(each)
                assert not isinstance(pdu, Undecodable), pdu
                self._heard.append(pdu)
        return self._heard.popleft()

    def answer_to(self, sequence: int) -> Pdu:
        """The response to one of ours; what else comes meanwhile is kept for later."""
        others = []
        while True:
            pdu = self.next()
            if pdu.is_response and pdu.sequence == sequence:
                self._heard.extendleft(reversed(others))
                return pdu
            others.append(pdu)

    def ask(self, pdu: Pdu) -> Pdu:
        return self.answer_to(self.say(pdu)[0])

    def submit(self, to: str, text: bytes = b"Hello", **fields: Any) -> SubmitSmResp:
        """Submits a text to an international number."""
        answer = self.ask(submit(to, text, **fields))
        assert isinstance(answer, SubmitSmResp), answer
        return answer

    def told(self, status: int = 0) -> DeliverSm:
        """The next deliver_sm, answered."""
        others = []
        while not isinstance(pdu := self.next(), DeliverSm):
            others.append(pdu)
        self._heard.extendleft(reversed(others))
        self.answer(pdu, status)
        return pdu

    def answer(self, pdu: DeliverSm, status: int = 0) -> None:
        self.say(DeliverSmResp(pdu.sequence, status))


def submit(to: str, text: bytes = b"Hello", **fields: Any) -> SubmitSm:
    """A submit_sm to an international number, that asks for a receipt."""
    usual: dict[str, Any] = {
        "source_addr_ton": 5,
        "source_addr": "Heliograph",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": to.removeprefix("+"),
        "registered_delivery": 1,
        "short_message": text,
    }
    return SubmitSm(**{**usual, **fields})
