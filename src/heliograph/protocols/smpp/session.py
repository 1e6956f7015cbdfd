"""A session of SMPP, from either side, without I/O: what came goes in, what happened comes out.

How it works. Whoever has a connection hands what arrives to `receive`, and gets events: a request of the peer's that
somebody has to answer (`Asked`), the answer to one of ours (`Answered`), one that will get none (`Unanswered`), the end
(`Ended`). What is to be written lies in `output`, joined, and a request is known here before it lies there: no answer
can be too early. Time comes as an argument, in seconds of a clock that never goes back; `next_due` says when `tick` has
something to do.

The session itself answers what needs nobody: enquire_link, unbind, and everything that can't be, in the words of the
specification. What only breaks a rule and can be understood all the same is counted in `oddities`, and goes on.

What holds: every request that `request` took ends in exactly one `Answered` or `Unanswered`. After `Ended` there is
nothing more; the connection is to be closed once the output has been written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum, StrEnum
from itertools import islice, takewhile

import msgspec

from heliograph.protocols.smpp.counts import Counts
from heliograph.protocols.smpp.window import Window
from heliograph.protocols.smpp.wire.codec import Framer, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    RESPONSE,
    VERSION,
    AlertNotification,
    Bind,
    BindReceiver,
    BindResp,
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
    SubmitMulti,
    SubmitSm,
    Unbind,
    UnbindResp,
    Undecodable,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, number_in

LAST_SEQUENCE = 0x7FFF_FFFF
"""The first is 1 (5.1.4); after the last comes the first again."""
TOO_MUCH = frozenset({CommandStatus.RTHROTTLED, CommandStatus.RMSGQFUL, CommandStatus.RSUBMITFAIL})
"""What SMSCs answer that are sent too much."""


class Side(Enum):
    """Which of the two we are."""

    ESME = "esme"
    SMSC = "smsc"


class State(Enum):
    OPEN = "open"
    """Connected; nobody has said who it is."""
    BOUND = "bound"
    UNBINDING = "unbinding"
    """We have said that we go, and wait for the answer."""
    CLOSED = "closed"


class Mode(StrEnum):
    """What an ESME has bound for."""

    RECEIVER = "receiver"
    TRANSMITTER = "transmitter"
    TRANSCEIVER = "transceiver"


class Ending(StrEnum):
    """Why a session is over."""

    UNBOUND = "we have unbound"
    PEER_UNBOUND = "the other side has unbound"
    BAD_LENGTH = "a command_length that can't be"
    SILENT = "the other side does not answer"
    CUT = "a PDU did not arrive whole"
    NOT_BOUND = "nobody has bound in time"
    LOST = "the connection was lost"


class Oddity(StrEnum):
    """What a peer does wrong and the session bears."""

    UNMATCHED = "a response to nothing that was asked, or a second one"
    UNDECODABLE = "a PDU that can't be"
    STRAY_OCTETS = "octets behind the last parameter"
    WRONG_STATE = "a request that is not allowed in this state"
    LATE = "no answer in time"


class Timing(msgspec.Struct, frozen=True):
    """How long things may take, in seconds."""

    idle_s: float = 30.0
    """Nothing has been heard for so long: enquire_link is sent."""
    answer_s: float = 30.0
    bind_s: float = 10.0
    """A server waits so long for a bind."""


class Asked(msgspec.Struct, frozen=True):
    """A request of the peer's: `respond` to it, unless it is one that nobody answers (alert_notification, outbind)."""

    pdu: Pdu


class Answered(msgspec.Struct, frozen=True):
    """What the peer said to a request of ours: its response, or a generic_nack, whatever their status."""

    request: Pdu
    """As it was handed over."""
    response: Pdu
    sequence: int


class Unanswered(msgspec.Struct, frozen=True):
    """A request of ours that will get no answer: the peer may have done it, or not."""

    request: Pdu
    why: str
    sequence: int


class Ended(msgspec.Struct, frozen=True):
    ending: Ending


Event = Asked | Answered | Unanswered | Ended


class _Pending(msgspec.Struct):
    request: Pdu
    due: float
    sent: float
    place: int
    """In the window; 0: it takes none there."""
    command: int


_RECEIVING = frozenset({Mode.RECEIVER, Mode.TRANSCEIVER})
_TRANSMITTING = frozenset({Mode.TRANSMITTER, Mode.TRANSCEIVER})
_ANY = frozenset(Mode)
#: What the other side may ask for, by who we are, and bound as what (2.3, table 2-1).
_ALLOWED: Mapping[Side, Mapping[type[Pdu], frozenset[Mode]]] = {
    Side.SMSC: {
        SubmitSm: _TRANSMITTING,
        SubmitMulti: _TRANSMITTING,
        DataSm: _ANY,
        QuerySm: _TRANSMITTING,
        CancelSm: _TRANSMITTING,
        ReplaceSm: _TRANSMITTING,
    },
    Side.ESME: {DeliverSm: _RECEIVING, DataSm: _RECEIVING, AlertNotification: _RECEIVING},
}
_MODES: Mapping[type[Pdu], Mode] = {
    BindReceiver: Mode.RECEIVER,
    BindTransmitter: Mode.TRANSMITTER,
    BindTransceiver: Mode.TRANSCEIVER,
}
_OUTSIDE_THE_WINDOW = (Bind, Unbind, EnquireLink)


class SessionOver(Exception):
    """Nothing can be asked any more."""


class Session:
    def __init__(
        self,
        side: Side,
        now: float,
        *,
        timing: Timing | None = None,
        window: int = 10,
        too_much: frozenset[int] = frozenset(map(int, TOO_MUCH)),
        counts: Counts | None = None,
    ) -> None:
        """Begin one. `window` is how many requests may be unanswered at once, `too_much` what says that it was.

        `counts` are those of several sessions that are watched together.
        """
        self.side = side
        self.state = State.OPEN
        self.mode: Mode | None = None
        """What the ESME has bound for, once it has."""
        self.peer_version = VERSION
        """`interface_version` of the other side; 0x33 where it does not say (5.3.2.25)."""
        self.window = Window(window)
        self.oddities: Counter[Oddity] = Counter()
        self._counts = counts or Counts()
        self.owed = 0
        """Requests of the peer's that have not been answered yet."""
        self._timing = timing or Timing()
        self._too_much = too_much
        self._framer = Framer()
        self._out: list[bytes] = []
        self._pending: dict[int, _Pending] = {}
        self._in_window = 0
        self._sequence = 0
        self._enquiring = False
        self._began = self._heard = now
        self._cut_since: float | None = None
        self._binding: Mode | None = None

    @property
    def room(self) -> int:
        """Tell how many more requests may be on their way."""
        return max(self.window.size - self._in_window, 0) if self.state is State.BOUND else 0

    @property
    def is_over(self) -> bool:
        return self.state is State.CLOSED

    @property
    def in_flight(self) -> int:
        """Count our requests that have not been answered, without binds, unbinds and enquire_links."""
        return self._in_window

    def output(self) -> bytes:
        """Take what is to be written."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    # -- what we say

    def request(self, pdu: Pdu, now: float) -> int:
        """Ask for something; the sequence number that its answer will have. SessionOver; Unencodable, and then nothing
        has been asked.

        Nothing keeps to `room` here: whoever asks does.
        """
        if self.is_over:
            raise SessionOver(pdu)
        if pdu.tlvs and self.side is Side.SMSC and self.peer_version < VERSION:
            pdu = msgspec.structs.replace(pdu, tlvs=())
        sequence = self._next_sequence()
        data = encode(pdu, sequence)
        if response_to(pdu.command) is not None:
            place = 0
            if not isinstance(pdu, _OUTSIDE_THE_WINDOW):
                place = self.window.opened()
                self._in_window += 1
            self._pending[sequence] = _Pending(pdu, now + self._timing.answer_s, now, place, pdu.command)
        if isinstance(pdu, Bind):
            self._binding = _MODES[type(pdu)]
        self._out.append(data)
        return sequence

    def respond(self, pdu: Pdu) -> None:
        """Answer a request of the peer's: `pdu.sequence` says which. Once the session is over this does nothing.

        A good answer to a bind makes the session bound.
        """
        if self.is_over:
            return
        self._out.append(encode(pdu))
        self.owed -= 1
        if pdu.status:
            self._counts.refuse(pdu.status)
        if isinstance(pdu, BindResp):
            self._bound_if(pdu)

    def leave_unanswered(self) -> None:
        """Take note that a request of the peer's gets no answer: only the sandbox's SMSC has reason to."""
        self.owed -= 1

    def unbind(self, now: float) -> None:
        """Say that we go. The session ends with the answer, or when that does not come."""
        if self.state in {State.OPEN, State.BOUND}:
            self.request(Unbind(), now)
            self.state = State.UNBINDING

    # -- what we hear

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived."""
        if self.is_over:
            return []
        complete, bad = self._framer.feed(data)
        events: list[Event] = []
        if complete:
            self._heard = now
        for each in complete:
            self._take(decode(each), events)
            if events and isinstance(events[-1], Ended):
                return events
        if bad is not None:
            self._out.append(encode(GenericNack(0, CommandStatus.RINVCMDLEN)))
            self._counts.refuse(CommandStatus.RINVCMDLEN)
            self._end(Ending.BAD_LENGTH, events)
        self._note_cut(now, arrived=bool(complete))
        return events

    def lost(self) -> list[Event]:
        """Take that the connection is gone."""
        events: list[Event] = []
        if not self.is_over:
            self._end(Ending.LOST, events)
        return events

    # -- what time brings

    def next_due(self) -> float:
        """Tell when `tick` has something to do."""
        due = [pending.due for pending in islice(self._pending.values(), 1)]  # all have the same time
        if self.state is State.BOUND and not self._enquiring:
            due.append(self._heard + self._timing.idle_s)
        if self.state is State.OPEN and self.side is Side.SMSC:
            due.append(self._began + self._timing.bind_s)
        if self._cut_since is not None:
            due.append(self._cut_since + self._timing.answer_s)
        return min(due, default=float("inf"))

    def tick(self, now: float) -> list[Event]:
        """Do what has fallen due: end what was not answered in time, ask whether the other side is there."""
        events: list[Event] = []
        if self.is_over:
            return events
        timing = self._timing
        overdue = list(takewhile(lambda each: each[1].due <= now, self._pending.items()))
        for sequence, pending in overdue:
            self._give_up(sequence, pending, events)
        if self.state is State.OPEN and self.side is Side.SMSC and now >= self._began + timing.bind_s:
            self._end(Ending.NOT_BOUND, events)
        elif self._cut_since is not None and now >= self._cut_since + timing.answer_s:
            self._end(Ending.CUT, events)
        elif self.state is State.BOUND and not self._enquiring and now >= self._heard + timing.idle_s:
            self.request(EnquireLink(), now)
            self._enquiring = True
        return events

    def _give_up(self, sequence: int, pending: _Pending, events: list[Event]) -> None:
        """Take that there was no answer in time. The session goes on, unless the request was about it."""
        if sequence not in self._pending:
            return  # the session has ended with one before
        self._forget(sequence)
        if isinstance(pending.request, EnquireLink):
            self._enquiring = False
            if self._heard > pending.sent:
                self._odd(Oddity.LATE)
            else:
                self._end(Ending.SILENT, events)
        elif isinstance(pending.request, Unbind):
            self._end(Ending.UNBOUND, events)
        else:
            self._odd(Oddity.LATE)
            events.append(Unanswered(pending.request, Oddity.LATE, sequence))
            if isinstance(pending.request, Bind):
                self._end(Ending.SILENT, events)

    # -- one PDU

    def _take(self, pdu: Pdu | Undecodable, events: list[Event]) -> None:
        if isinstance(pdu, Undecodable):
            self._take_undecodable(pdu, events)
            return
        if pdu.rest:
            self._odd(Oddity.STRAY_OCTETS)
        if pdu.is_response:
            self._take_response(pdu, events)
        elif isinstance(pdu, EnquireLink):
            self._out.append(encode(EnquireLinkResp(pdu.sequence)))
        elif isinstance(pdu, Unbind):
            self._take_unbind(pdu, events)
        elif (refused := self._refused(pdu)) is not None:
            self._odd(Oddity.WRONG_STATE)
            self._answer(pdu.command, pdu.sequence, refused)
        else:
            self.owed += response_to(pdu.command) is not None
            if isinstance(pdu, Bind):
                self._binding = _MODES[type(pdu)]
                self.peer_version = pdu.interface_version
            events.append(Asked(pdu))

    def _refused(self, pdu: Pdu) -> CommandStatus | None:
        """Tell why a request can't be made now; None: it can."""
        if isinstance(pdu, Bind):
            if self.side is Side.SMSC and self.state is State.OPEN and self._binding is None:
                return None
            return CommandStatus.RALYBND if self.side is Side.SMSC else CommandStatus.RINVBNDSTS
        if isinstance(pdu, Outbind):
            return None if self.side is Side.ESME and self.state is State.OPEN else CommandStatus.RINVBNDSTS
        allowed = _ALLOWED[self.side].get(type(pdu), frozenset())
        return None if self.state is State.BOUND and self.mode in allowed else CommandStatus.RINVBNDSTS

    def _take_unbind(self, pdu: Unbind, events: list[Event]) -> None:
        if self.state is State.OPEN:
            self._odd(Oddity.WRONG_STATE)
            self._answer(pdu.command, pdu.sequence, CommandStatus.RINVBNDSTS)
            return
        self._out.append(encode(UnbindResp(pdu.sequence)))
        self._end(Ending.PEER_UNBOUND, events)

    def _take_undecodable(self, pdu: Undecodable, events: list[Event]) -> None:
        self._odd(Oddity.UNDECODABLE)
        if pdu.command_id < RESPONSE:
            self._answer(pdu.command_id, pdu.sequence, pdu.why)
        elif (pending := self._pending.get(pdu.sequence)) and pending.command | RESPONSE == pdu.command_id:
            if pdu.status:
                self._take_response(GenericNack(pdu.sequence, pdu.status), events)
            else:
                self._forget(pdu.sequence)
                events.append(Unanswered(pending.request, Oddity.UNDECODABLE, pdu.sequence))

    def _answer(self, command: int, sequence: int, status: CommandStatus) -> None:
        """Refuse a request: by its response, or by a generic_nack if there is no such command (4.3). What is never
        answered is not answered here, either."""
        self._counts.refuse(status)
        response = response_to(command)
        if response is not None:
            self._out.append(encode(response(sequence, status)))
        elif status is CommandStatus.RINVCMDID:
            self._out.append(encode(GenericNack(sequence, status)))

    def _take_response(self, pdu: Pdu, events: list[Event]) -> None:
        pending = self._pending.get(pdu.sequence)
        nacked = isinstance(pdu, GenericNack)
        if pending is None or (not nacked and pdu.command != pending.command | RESPONSE):
            self._odd(Oddity.UNMATCHED)
            return
        self._forget(pdu.sequence)
        if pending.place:
            too_much = pdu.status in self._too_much
            self.window.closed(pending.place, slow_down=too_much)
            self._counts.answers.note(self._heard - pending.sent)
            self._counts.throttled += too_much
        if isinstance(pending.request, EnquireLink):
            self._enquiring = False  # whatever it says: somebody is there
            return
        if isinstance(pending.request, Unbind):
            self._end(Ending.UNBOUND, events)
            return
        if isinstance(pdu, BindResp):
            self.peer_version = number_in(pdu.tlvs, Tag.SC_INTERFACE_VERSION) or 0x33
            self._bound_if(pdu)
        events.append(Answered(pending.request, pdu, pdu.sequence))

    # -- what is kept

    def _odd(self, oddity: Oddity) -> None:
        self.oddities[oddity] += 1
        self._counts.oddities[oddity.name.lower()] += 1

    def _bound_if(self, response: BindResp) -> None:
        if response.status == 0 and self.state is State.OPEN:
            self.state, self.mode = State.BOUND, self._binding
        self._binding = None

    def _forget(self, sequence: int) -> None:
        if self._pending.pop(sequence).place:
            self._in_window -= 1

    def _next_sequence(self) -> int:
        sequence = self._sequence % LAST_SEQUENCE + 1
        while sequence in self._pending:
            sequence = sequence % LAST_SEQUENCE + 1
        self._sequence = sequence
        return sequence

    def _note_cut(self, now: float, *, arrived: bool) -> None:
        if not self._framer.holds:
            self._cut_since = None
        elif self._cut_since is None or arrived:
            self._cut_since = now

    def _end(self, ending: Ending, events: list[Event]) -> None:
        self.state = State.CLOSED
        pending, self._pending, self._in_window = self._pending, {}, 0
        events += [
            Unanswered(each.request, ending, sequence)
            for sequence, each in pending.items()
            if not isinstance(each.request, EnquireLink | Unbind)
        ]
        events.append(Ended(ending))
