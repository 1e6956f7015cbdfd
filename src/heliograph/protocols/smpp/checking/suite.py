"""What is tried on an SMSC, one thing after the other, and no more of it than the operator allows.

How it works. `check` binds as our provider would, and says what it would say, made by its own `Submits`; what is
refused in a way that a setting mends is said again with it. Each step adds what it found, and the settings that suit.
What may cost the connection comes last: PDUs in pieces, a second bind, a command that there is not. Should the SMSC
hang up before that, the next step binds again.

What holds: no more messages are sent than `Limits.messages`, and in no second more than `Limits.rate`; it is over after
`Limits.seconds`, and what was found until then is what is reported.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from heliograph.domain.batches import BodyKind
from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms
from heliograph.engine.contract import Outgoing
from heliograph.engine.provided import InvalidConfig
from heliograph.numbers import InvalidNumber, InvalidOriginator, normalise
from heliograph.protocols.smpp.checking.judging import ECHO, Sent, judge, receipts_in
from heliograph.protocols.smpp.checking.peer import Peer, PeerGone, Told, reach
from heliograph.protocols.smpp.checking.report import Finding, Report, Verdict
from heliograph.protocols.smpp.provider.config import Manners, SmppConfig, addresses, manners, require
from heliograph.protocols.smpp.provider.lines import bind_pdu, modes
from heliograph.protocols.smpp.provider.provider import tls_context
from heliograph.protocols.smpp.provider.submits import Submits
from heliograph.protocols.smpp.session import Mode, Oddity
from heliograph.protocols.smpp.wire.addresses import source
from heliograph.protocols.smpp.wire.pdus import EnquireLink, GenericNack, SubmitSm
from heliograph.protocols.smpp.wire.status import CommandStatus, code, told
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, number_in

_S = CommandStatus
_SPECIFIED = frozenset(map(int, CommandStatus))
_OPEN, _ODD, _RIGHT, _WRONG = Verdict.OPEN, Verdict.ODD, Verdict.RIGHT, Verdict.WRONG


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a foreign SMSC a check may take."""

    messages: int = 20
    """Submits at most, each part of a long message for itself."""
    rate: int = 5
    """Of them in any second."""
    seconds: float = 60.0
    answer_s: float = 10.0
    """How long an answer is waited for."""
    receipts_s: float = 20.0
    """How long receipts are waited for, after the last message."""
    linger_s: float = 1.0
    """How long after the last receipt one that repeats may come."""


async def check(config: SmppConfig, limits: Limits, *, to: str | None = None, originator: str | None = None) -> Report:
    """Check the first host of a config; with `to`, a number, also by messages to it. SetupError if it can't be bound.

    What is set in `config` is taken as it is, and not looked for.
    """
    try:
        require(config)
        usual = manners(config)
    except InvalidConfig as error:
        raise SetupError(f"{error}.") from error
    try:
        to = None if to is None else normalise(to)
        source(originator)
    except (InvalidNumber, InvalidOriginator) as error:
        raise SetupError(f"No message can go from {originator or 'nobody'} to {to}: {error}.") from error
    suite = _Suite(config, usual, limits, to, originator)
    try:
        async with asyncio.timeout(limits.seconds):
            await suite.run()
    except TimeoutError:
        suite.found("time", _OPEN, f"The check was over after {limits.seconds:g} seconds, with more to look at.")
    finally:
        suite.hang_up()
    suite.judge_octets()
    return suite.report


class _Allowance:
    """How many messages may still be sent, and when."""

    def __init__(self, limits: Limits) -> None:
        self.left = limits.messages
        self._rate = limits.rate
        self._taken: deque[float] = deque(maxlen=limits.rate)

    async def take(self, count: int) -> bool:
        """Wait until so many may be sent at once, at most `rate`; False if there are not so many left."""
        if count > self.left:
            return False
        self.left -= count
        loop = asyncio.get_running_loop()
        if (over := len(self._taken) + count - self._rate) > 0:
            await asyncio.sleep(max(self._taken[over - 1] + 1.0 - loop.time(), 0.0))
        self._taken.extend([loop.time()] * count)
        return True


class _Suite:
    def __init__(
        self, config: SmppConfig, usual: Manners, limits: Limits, to: str | None, originator: str | None
    ) -> None:
        self._config = config
        self._manners = usual
        self._limits = limits
        self._to = to
        self._originator = originator
        self._address = addresses(config)[0]
        self._allowance = _Allowance(limits)
        self._orders = itertools.count()
        self._told: list[Told] = []
        self._sent: list[Sent] = []
        self._peers: list[Peer] = []
        """Those that are bound: one, or a transmitter and a receiver."""
        self._all: list[Peer] = []
        self._links = True
        """It answers enquire_link."""
        self._statuses: Counter[int] = Counter()
        given = {name: getattr(config, name) for name in Manners.__struct_fields__}
        self._given = {name: value for name, value in given.items() if value is not None}
        self.report = Report(str(self._address), given=self._given)

    def found(self, name: str, verdict: Verdict, said: str, **settings: object) -> None:
        """Note what was found, and go on with the settings that suit it."""
        self.report.findings.append(Finding(name, verdict, said, settings))
        self._manners = msgspec.structs.replace(
            self._manners, **{each: value for each, value in settings.items() if each in Manners.__struct_fields__}
        )

    def hang_up(self) -> None:
        for peer in self._all:
            peer.hang_up()

    async def run(self) -> None:
        await self._bind()
        try:
            await self._step("enquire_link", self._enquire)
            if self._to is not None:
                await self._step("messages", self._messages)
                await self._wait_for_receipts()
        finally:
            self._judge_messages()
        await self._step("glued PDUs", self._glue)
        await self._step("second bind", self._bind_again)
        await self._step("unknown command", self._say_nonsense)
        await self._step("unbind", self._unbind)

    async def _step(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Do one thing, bound again if need be; that the SMSC hangs up is what was found of it."""
        try:
            if any(peer.is_over for peer in self._peers):
                self.hang_up()
                self._peers = [await self._bound(mode) for mode in modes(self._manners)]
            await step()
        except _Silent:
            pass  # it has been noted
        except PeerGone:
            how = "unbinds" if any(peer.unbound for peer in self._peers) else "hangs up"
            self.found(name, _WRONG, f"It {how} while this is looked at.")
        except (SetupError, _BindRefused) as error:
            self.found(name, _OPEN, f"This could not be looked at: {error}")

    # -- binding

    async def _bind(self) -> None:
        try:
            self._peers = [await self._bound(mode) for mode in modes(self._manners)]
        except _BindRefused as refused:
            if self._manners.bind == "separate" or refused.status in {_S.RINVPASWD, _S.RINVSYSID, _S.RINVSYSTYP}:
                raise SetupError(str(refused)) from refused
            await self._bind_separately(refused)
        else:
            if self._manners.bind == "transceiver":
                self.found("bind", _RIGHT, "It has transceivers.", bind="transceiver")

    async def _bind_separately(self, refused: _BindRefused) -> None:
        try:
            self._peers = [await self._bound(mode) for mode in (Mode.TRANSMITTER, Mode.RECEIVER)]
        except (SetupError, _BindRefused):
            raise SetupError(str(refused)) from refused
        said = f"It has no transceivers ({code(refused.status)}), but transmitters and receivers."
        self.found("bind", _WRONG, said, bind="separate")

    async def _bound(self, mode: Mode) -> Peer:
        """Connect, and bind. SetupError, _BindRefused."""
        where, limits = self._address, self._limits
        try:
            tls = tls_context(self._config)
            peer = await reach(where, tls, self._orders, self._told, limits.answer_s)
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise SetupError(f"{where} can't be spoken to by TLS: {reason}.") from error
        except TimeoutError as error:
            raise SetupError(f"{where} does not answer within {limits.answer_s:g} seconds.") from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SetupError(f"{where} can't be reached: {reason}.") from error
        self._all.append(peer)
        try:
            answer = await peer.ask(bind_pdu(self._config, self._manners, mode), limits.answer_s)
        except PeerGone as error:
            why = "says what is no SMPP" if peer.says_no_smpp else "hangs up"
            raise _BindRefused(f"{where} {why} when we bind as {mode.value}; does it want TLS, or none?") from error
        if answer is None:
            peer.hang_up()
            raise _BindRefused(f"{where} does not answer a bind as {mode.value}.")
        if status := answer.pdu.status or (isinstance(answer.pdu, GenericNack) and int(_S.RUNKNOWNERR)):
            peer.hang_up()
            raise _BindRefused(f"{where} refuses the bind: {told(status)} ({code(status)}).", status)
        known = any(finding.name == "version" for finding in self.report.findings)
        if not known and number_in(answer.pdu.tlvs, Tag.SC_INTERFACE_VERSION) is None:
            self.found("version", _ODD, "It does not say which version it speaks, so it counts as 3.3.")
        return peer

    # -- the session

    async def _enquire(self) -> None:
        for peer in self._peers:
            answer = await peer.ask(EnquireLink(), self._limits.answer_s)
            self._links &= answer is not None
        if self._links:
            self.found("enquire_link", _RIGHT, "It answers enquire_link.")
        else:
            said = "It does not answer enquire_link, so a quiet connection counts as lost: ask it seldom."
            self.found("enquire_link", _WRONG, said, enquire_link_s=600.0)

    async def _glue(self) -> None:
        if not self._links:
            return
        peer, within_s = self._peers[0], self._limits.answer_s
        together = await peer.answers(peer.send(EnquireLink(), EnquireLink(), EnquireLink()), within_s)
        head, tail, future = peer.send_split(EnquireLink())
        peer.write(head)
        await asyncio.sleep(_BETWEEN_PIECES_S)
        peer.write(tail)
        pieces = await peer.answers([future], within_s)
        if None in together:
            said = "It does not answer all of several PDUs that come in one piece: one at a time is safe."
            self.found("glued PDUs", _WRONG, said, window=1)
        if None in pieces:
            self.found("split PDUs", _WRONG, "It does not read a PDU that comes in two pieces.")
        if None not in (*together, *pieces):
            self.found("glued PDUs", _RIGHT, "It reads PDUs that come together, or in pieces.")

    async def _bind_again(self) -> None:
        first = self._peers[0]
        try:
            second = await self._bound(modes(self._manners)[0])
        except (SetupError, _BindRefused) as error:
            self.found("second bind", _ODD, f"It takes one bind only: {error}", binds=1)
            return
        await second.close(self._limits.answer_s)
        if self._links:
            with suppress(PeerGone):
                await first.ask(EnquireLink(), self._limits.answer_s)
        if first.is_over:
            self.found("second bind", _WRONG, "A second bind ends the first.", binds=1)
        else:
            self.found("second bind", _RIGHT, "It takes a second bind beside the first.")

    async def _say_nonsense(self) -> None:
        peer = self._peers[0]
        (answer,) = await peer.answers([peer.send_unknown(_NO_COMMAND)], self._limits.answer_s)
        if answer is None:
            self.found("unknown command", _WRONG, "It does not answer a command that there is not.")
        elif isinstance(answer.pdu, GenericNack) and answer.pdu.status == _S.RINVCMDID:
            self.found("unknown command", _RIGHT, "It answers a command that there is not with generic_nack.")
        else:
            said = (
                f"It answers a command that there is not with {type(answer.pdu).__name__}, {code(answer.pdu.status)}."
            )
            self.found("unknown command", _ODD, said)

    async def _unbind(self) -> None:
        answered = [await peer.close(self._limits.answer_s) for peer in self._peers]
        if all(answered):
            self.found("unbind", _RIGHT, "It answers unbind.")
        else:
            self.found("unbind", _WRONG, "It does not answer unbind.")

    # -- messages

    async def _messages(self) -> None:
        if not await self._plain():
            return
        await self._one("UCS-2", "Heliograph: Ж 你好", "It takes texts in UCS-2.", "It refuses texts in UCS-2")
        await self._parameter()
        if "alphabet_0" not in self._given:
            await self._alphabet()
        if "long_messages" not in self._given:
            await self._long()
        await self._burst()

    async def _plain(self) -> bool:
        """Send one text as our provider does, and with other settings where that is refused; whether one is taken."""
        tried: dict[str, object] = {}
        remedies = [each for each in _REMEDIES if not each[1].keys() & self._given.keys()]
        while True:
            answers = await self._submit(f"Heliograph checks this SMSC. {ECHO}")
            if not answers:
                return False
            status = answers[-1]
            if not status:
                break
            remedy = next((each for each in remedies if status in each[0]), None)
            if remedy is None:
                self.found("message", _WRONG, f"It refuses a plain text message: {told(status)} ({code(status)}).")
                return False
            remedies.remove(remedy)
            tried |= remedy[1]
            self._manners = msgspec.structs.replace(self._manners, **tried)
        if tried:
            names = " and ".join(tried)
            self.found("message", _WRONG, f"It takes a plain text message only with another {names}.", **tried)
        else:
            self.found("message", _RIGHT, "It takes a plain text message.")
        return True

    async def _one(self, name: str, text: str, good: str, bad: str, *more: Tlv) -> None:
        for status in await self._submit(text, *more):
            if status:
                self.found(name, _WRONG, f"{bad}: {told(status)} ({code(status)}).")
            else:
                self.found(name, _RIGHT, good)

    async def _parameter(self) -> None:
        unknown = Tlv(_VENDORS_TAG, b"\x01")
        good = "It takes parameters that it does not know."
        await self._one("unknown parameter", "Heliograph: a parameter", good, "It refuses unknown parameters", unknown)

    async def _alphabet(self) -> None:
        """Ask the operator what a phone shows: an octet that is another character in each of the alphabets."""
        statuses = await self._submit("Heliograph shows: ", octets=b"@ \xe9")
        if statuses and not statuses[0]:
            said = (
                "Look at the phone, which shows something behind “Heliograph shows:”. ¡ means alphabet_0 = "
                '"gsm", @ é means "latin1", @ and anything else means "ascii".'
            )
            self.found("alphabet", _OPEN, said)
        elif statuses:
            said = "It refuses octets above 127 with data_coding 0: not Latin-1."
            self.found("alphabet", _OPEN, said)

    async def _long(self) -> None:
        refused: list[str] = []
        for form, what in _LONG.items():
            self._manners = msgspec.structs.replace(self._manners, long_messages=form)
            statuses = await self._submit(_LONG_TEXT)
            if not statuses:
                break
            if not any(statuses):
                before = f"; not {' nor '.join(refused)}" if refused else ""
                verdict = _WRONG if refused else _RIGHT
                self.found("long messages", verdict, f"It takes long messages {what}{before}.", long_messages=form)
                return
            refused.append(what)
        if refused:
            self.found("long messages", _WRONG, f"It refuses long messages {', '.join(refused)}.")

    async def _burst(self) -> None:
        """Send as many at once as may be sent in a second, and see how many are taken."""
        count = min(self._limits.rate, self._allowance.left)
        before = set(self._statuses)
        taken = 0
        for _ in range(_BURSTS):
            if count < 2 or not await self._allowance.take(count):
                break
            statuses = await self._write([self._submits("Heliograph: several at once")[0]] * count)
            taken = max(taken, statuses.count(0))
            if any(statuses):
                self._judge_burst(statuses, count, set(statuses) - before - {0})
                return
        if taken:
            said = f"It takes {taken} messages at once, and as many a second."
            self.found("throttling", _RIGHT, f"{said} More was not tried.")

    def _judge_burst(self, statuses: Sequence[int], count: int, new: set[int]) -> None:
        taken = statuses.count(0)
        words = ", ".join(sorted(map(code, set(statuses) - {0})))
        said = f"Of {count} messages at once it takes {taken}, and answers {words} to the others."
        settings: dict[str, object] = {"window": max(taken, 1)}
        if _S.RTHROTTLED in statuses:
            settings["rate"] = max(taken, 1)
        if slow := sorted(new - _SPECIFIED):
            settings["slow_statuses"] = slow
        self.found("throttling", _ODD if new <= _BORNE else _WRONG, said, **settings)

    async def _submit(self, text: str, *more: Tlv, octets: bytes = b"") -> list[int]:
        """Send a text, and say again what was too much; the status of each of its parts up to the first that is
        refused, empty if there are too few messages left."""
        submits = [
            msgspec.structs.replace(each, tlvs=(*each.tlvs, *more), short_message=each.short_message + octets)
            for each in self._submits(text)
        ]
        statuses: list[int] = []
        for submit in submits:
            status = int(_S.RTHROTTLED)
            for _ in range(_PATIENCE):
                if not await self._allowance.take(1):
                    return []
                (status,) = await self._write([submit])
                if status not in {_S.RTHROTTLED, _S.RMSGQFUL}:
                    break
                await asyncio.sleep(_SLOW_S)
            statuses.append(status)
            if status:
                break
        return statuses

    def _submits(self, text: str) -> list[SubmitSm]:
        message = Outgoing(
            message_id="",
            account_id="",
            msisdn=self._to or "",
            originator=self._originator,
            kind=BodyKind.TEXT,
            body=text,
            udh="",
            encoding="",
            parts=1,
            flash=False,
            attempt=1,
            expire_at_ms=now_ms() + _VALID_MS,
        )
        return Submits(self._manners).of(message)

    async def _write(self, submits: Sequence[SubmitSm]) -> list[int]:
        """Write submits in one piece; the status that each is answered with. PeerGone also if one is not answered."""
        peer = self._peers[0]
        self.report.submitted += len(submits)
        answers = await peer.answers(peer.send(*submits), self._limits.answer_s)
        for submit, answer in zip(submits, answers, strict=True):
            if answer is not None:
                self._sent.append(Sent(submit, answer))
                self._statuses[answer.pdu.status] += 1
        statuses = [answer.pdu.status for answer in answers if answer is not None]
        if len(statuses) < len(submits):
            self.found(
                "response", _WRONG, f"It does not answer {len(submits) - len(statuses)} of {len(submits)} submits."
            )
            raise _Silent
        return statuses

    async def _wait_for_receipts(self) -> None:
        wanted = sum(each.awaits_receipt for each in self._sent)
        hears = self._peers[-1]
        try:
            async with asyncio.timeout(self._limits.receipts_s):
                while len(receipts_in(self._told)) < wanted and not hears.is_over:
                    await hears.news()
        except TimeoutError:
            return
        if wanted:
            await asyncio.sleep(self._limits.linger_s)

    def _judge_messages(self) -> None:
        self.report.receipts = len(receipts_in(self._told))
        for finding in judge(self._sent, self._told):
            self.found(finding.name, finding.verdict, finding.said, **finding.settings)
        taken = [each for each in self._sent if each.is_taken]
        if any(not each.message_id for each in taken):
            self.found("no id", _WRONG, "It gives messages no id, so no receipt can be matched.")
        if any(len(each.message_id) > _LONGEST_ID for each in taken):
            self.found("long ids", _ODD, f"Its ids are longer than {_LONGEST_ID} characters.")
        if unknown := sorted(self._statuses.keys() - _SPECIFIED - set(self._manners.slow_statuses)):
            said = f"It answers with statuses of its own, {', '.join(map(code, unknown))}: ask the operator whether "
            self.found("statuses", _OPEN, f"{said}they belong into again_statuses or refused_statuses.")

    def judge_octets(self) -> None:
        oddities = sum((peer.oddities for peer in self._all), Counter[Oddity]())
        for oddity, count in oddities.items():
            self.found("octets", _ODD, f"It sends {oddity.value}: {count}.")
        if tags := set().union(*(peer.tags for peer in self._all)) - set(map(int, Tag)):
            words = ", ".join(f"0x{tag:04x}" for tag in sorted(tags))
            self.found("parameters", _ODD, f"It sends parameters that the specification does not have: {words}.")


class _BindRefused(Exception):
    """It does not let us bind: why, and by which status."""

    def __init__(self, why: str, status: int = int(_S.RUNKNOWNERR)) -> None:
        super().__init__(why)
        self.status = status


class _Silent(PeerGone):
    """What was asked is not answered, so that nobody knows what the next answer would be about."""


_REMEDIES: Sequence[tuple[frozenset[int], Mapping[str, object]]] = (
    (frozenset({_S.RINVSRCTON, _S.RINVSRCNPI, _S.RINVSRCADR}), {"source_ton": 0, "source_npi": 0}),
    (frozenset({_S.RINVDSTTON, _S.RINVDSTNPI, _S.RINVDSTADR}), {"dest_ton": 0, "dest_npi": 0}),
    (frozenset({_S.RINVEXPIRY}), {"validity": "relative"}),
    (frozenset({_S.RINVEXPIRY}), {"validity": "none"}),
    (frozenset({_S.RINVREGDLVFLG}), {"registered_delivery": 0}),
)
"""Settings that may mend what an SMSC refuses with one of these statuses."""
_LONG = {
    "udh": "in parts with a header",
    "udh16": "in parts with a header of a 16-bit reference",
    "sar": "in parts with sar_ parameters",
    "payload": "whole, in message_payload",
}
_LONG_TEXT = "Heliograph: a long message. " + "It has two parts, which a phone shows as one. " * 4
_BORNE = frozenset(map(int, {_S.RTHROTTLED, _S.RMSGQFUL, _S.RSUBMITFAIL}))
_BURSTS = 2
_PATIENCE, _SLOW_S = 3, 1.0
"""How often a message is said that is too much, and how long between."""
_BETWEEN_PIECES_S = 0.1
_LONGEST_ID = 64
_NO_COMMAND = 0x0000_0F0F
_VENDORS_TAG = 0x1401
_VALID_MS = 3_600_000
