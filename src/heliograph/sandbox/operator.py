"""The sandbox operator: takes messages, shows them on simulated phones, reports on them, and lets phones write back.

What phones have on their screens is committed before a submit is answered, so a killed process forgets nothing that it
took. Receipts that were still to come then are found again from the store.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar

import msgspec
import structlog

from heliograph.calling import note_written
from heliograph.domain.audit import Act, Action, Facts, differences
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.errors import NotNow
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.lookups import NetworkFacts
from heliograph.domain.phones import PhoneMessage
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import (
    Accepted,
    InboundArrival,
    Intake,
    Outgoing,
    Provider,
    Refused,
    TryAgain,
    Uncertain,
)
from heliograph.engine.contract import Outcome as SubmitOutcome
from heliograph.numbers import with_plus
from heliograph.sandbox.chaos import CALM, Chaos
from heliograph.sandbox.outcomes import NETWORK, Outcome, facts_about, outcome_for
from heliograph.services.audit import audited
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.phones import messages_on, put_on_phones, unreported
from heliograph.store.settings import get_setting, put_setting
from heliograph.text import Encoding, measure_text

log = structlog.get_logger(__name__)

TICK_S = 0.05
"""How often receipts are handed over, in seconds: those that fall due within this time together."""
SLOW_S = 10.0
ANSWER_AFTER_S = 1.0
"""How long a phone waits before it answers STOP, in seconds."""
RECOVERY_CHUNK = 1_000
LOOK_AGAIN_S = 1.0
"""How soon the network misbehaves as another process was told, in seconds."""
NOBODY = ""
"""The account of what a phone writes to an originator that is nobody's."""
_CHAOS_SETTING = "sandbox.chaos"

TellPhones = Callable[[Iterable[str]], None]
_Due = Callable[[], Awaitable[None]]


def _written(chaos: Chaos) -> str:
    """Write what differs from calm: a process of the version before has not heard of every fault."""
    calm = msgspec.structs.asdict(CALM)
    said = {name: value for name, value in msgspec.structs.asdict(chaos).items() if value != calm[name]}
    return msgspec.json.encode(said).decode()


def _facts(chaos: Chaos) -> Facts:
    return {name: f"{value:g}" for name, value in msgspec.structs.asdict(chaos).items()}


class SandboxOperator(Provider):
    name = "sandbox"
    chunk_size: ClassVar[int] = 500
    sends_twice_rather_than_never: ClassVar[bool] = True
    notes_writing: ClassVar[bool] = True
    channels = frozenset(Channel)
    looks_up: ClassVar[bool] = True

    def __init__(self, store: Store, tell: TellPhones, *, default_account_id: str | None = None) -> None:
        """Operate phones; `tell` is called with `phones` and `phone:MSISDN` when something changed on them.

        `default_account_id` gets what a phone writes to an originator that it never heard from.
        """
        self._store = store
        self._tell = tell
        self._default_account_id = default_account_id
        self.chaos = CALM
        self._ticks: dict[int, list[Receipt]] = {}
        self._owing = asyncio.Event()
        """Set while there is a receipt to be told."""
        self._answers: set[asyncio.Task[None]] = set()
        self._clock: asyncio.Task[None] | None = None
        self._is_shared = store.dialect != "sqlite"
        self._look_again_at = 0.0

    async def start(self, intake: Intake) -> None:
        self.intake = intake
        await self._read_chaos()
        self._clock = asyncio.create_task(self._run_clock(), name="sandbox-clock")

    async def stop(self) -> None:
        """Stop reporting. Receipts that are still to come are found again by `take_over`."""
        tasks = [task for task in (self._clock, *self._answers) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def set_chaos(self, chaos: Chaos) -> None:
        """Set how the network misbehaves, in force at once, and after a restart."""
        was, is_now = differences(_facts(self.chaos), _facts(chaos))
        act = Act(action=Action.SANDBOX_CHAOS_CHANGED, object_id="sandbox", before=was, after=is_now)
        acts = [act] if is_now else []
        await audited(self._store, lambda _done: acts, put_setting, _CHAOS_SETTING, _written(chaos))
        self.chaos = chaos

    async def _read_chaos(self) -> None:
        saved = await self._store.read(get_setting, _CHAOS_SETTING)
        if saved is not None:
            self.chaos = msgspec.json.decode(saved, type=Chaos)
        self._look_again_at = time.monotonic() + LOOK_AGAIN_S

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[SubmitOutcome]:
        if self._is_shared and time.monotonic() >= self._look_again_at:
            await self._read_chaos()
        now = now_ms()
        identifiers = following(new_id(), len(messages))
        shown: list[PhoneMessage] = []
        reports: list[tuple[str, str, Outcome]] = []
        outcomes: list[SubmitOutcome] = []
        calm = self.chaos == CALM
        for message, identifier in zip(messages, identifiers, strict=True):
            fate = outcome_for(message.msisdn, message.channel)
            taken: SubmitOutcome = Accepted(identifier)
            if fate is Outcome.REJECTED:
                taken = Refused(Reason.PROVIDER_REFUSED, "SBX-2", "The sandbox rejects this test number.")
            elif not calm:
                taken = self._disturbed(identifier)
            outcomes.append(taken)
            if isinstance(taken, Refused | TryAgain) or self._draw(self.chaos.lost):
                continue
            if isinstance(taken, Uncertain) and self._draw(0.5):
                continue
            shown.append(_shown(message, identifier, fate, now))
            reports.append((identifier, message.msisdn, fate))
        note_written()
        await self._store.write_item(put_on_phones, shown, Lane.ENGINE)
        self._tell(["phones", *(f"phone:{each.msisdn}" for each in shown)])
        await self._report(reports, shown)
        return outcomes

    def _disturbed(self, identifier: str) -> SubmitOutcome:
        if self._draw(self.chaos.refused):
            return TryAgain(code="SBX-BUSY", detail="The sandbox refuses this submit for the moment.")
        if self._draw(self.chaos.timing_out):
            return Uncertain("The sandbox did not answer.")
        return Accepted(identifier)

    @staticmethod
    def _draw(share: float) -> bool:
        return share > 0 and random.random() < share  # noqa: S311 - a simulation

    async def _report(self, reports: Sequence[tuple[str, str, Outcome]], shown: Sequence[PhoneMessage]) -> None:
        chaos = self.chaos
        early: list[Receipt] = []
        for (identifier, _, fate), received in zip(reports, shown, strict=True):
            receipt = _receipt(identifier, fate)
            if fate is Outcome.STOP:
                self._answer_stop(received)
            if receipt is None:
                continue
            if self._draw(chaos.early):
                early.append(receipt)
                continue
            delay_s = SLOW_S if fate is Outcome.SLOW else chaos.delivery_delay_s
            if self._draw(chaos.late):
                delay_s += chaos.late_s
            self._later(receipt, delay_s)
            if self._draw(chaos.doubled):
                self._later(receipt, delay_s + 2 * TICK_S)
            if self._draw(chaos.disordered):
                self._later(Receipt(self.name, identifier, Status.SENT), delay_s + 2 * TICK_S)
        if early:
            await self.intake.receipts(early)

    def _later(self, receipt: Receipt, delay_s: float) -> None:
        tick = int((now_ms() / 1_000 + delay_s) / TICK_S) + 1
        self._ticks.setdefault(tick, []).append(receipt)
        self._owing.set()

    async def _run_clock(self) -> None:
        while True:
            await self._owing.wait()
            await asyncio.sleep(TICK_S)
            now = int(now_ms() / 1_000 / TICK_S)
            due = [
                receipt
                for tick in sorted(tick for tick in self._ticks if tick <= now)
                for receipt in self._ticks.pop(tick)
            ]
            if not self._ticks:
                self._owing.clear()
            if not due:
                continue
            at = now_ms()
            stamped = [msgspec.structs.replace(receipt, at_ms=at) for receipt in due]
            try:
                await self.intake.receipts(stamped)
            except NotNow as error:
                log.warning("sandbox receipts not taken; offered again", count=len(due), error=str(error))
                self._ticks.setdefault(now + 20, []).extend(due)
                self._owing.set()
            except Exception:  # the clock goes on; a restart finds what is owed
                log.exception("sandbox receipts failed", count=len(due))

    async def take_over(self) -> None:
        """Schedule the receipts that stopped or killed processes still owed; one that is told twice changes nothing."""
        after = ""
        while owed := await self._store.read(unreported, after=after, limit=RECOVERY_CHUNK):
            for shown in owed:
                receipt = _receipt(shown.id, Outcome(shown.outcome))
                if receipt is not None:
                    self._later(receipt, self.chaos.delivery_delay_s)
            after = owed[-1].id

    def _answer_stop(self, received: PhoneMessage) -> None:
        async def answer() -> None:
            await asyncio.sleep(self.chaos.delivery_delay_s + ANSWER_AFTER_S)
            to, channel = received.peer, Channel(received.channel)
            await self.reply(received.msisdn, to, "STOP", account_id=received.account_id, channel=channel)

        task = asyncio.create_task(answer(), name="phone-answers")
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def reply(
        self,
        msisdn: str,
        to: str,
        body: str,
        *,
        kind: BodyKind = BodyKind.TEXT,
        udh: str = "",
        account_id: str | None = None,
        channel: Channel | None = None,
    ) -> str | None:
        """Send from a phone, and return the inbound message's id; None if the message belongs to nobody.

        It belongs to the account that last wrote to the phone from `to`, and goes by the channel that this came by.
        """
        heard = await self._store.read(messages_on, msisdn, limit=1, direction="received", peer=to)
        owner = account_id or (heard[0].account_id if heard else self._default_account_id) or NOBODY
        channel = channel or (Channel(heard[0].channel) if heard else Channel.SMS)
        identifier = new_id()
        if kind is BodyKind.BINARY:
            encoding, parts = Encoding.BINARY.value, 1
        else:
            measure = measure_text(body)
            encoding, parts = measure.encoding.value, measure.parts
        now = now_ms()
        written = PhoneMessage(
            id=identifier,
            msisdn=msisdn,
            peer=to,
            direction="sent",
            body=body,
            udh=udh,
            encoding=encoding,
            parts=parts,
            message_id=None,
            account_id=owner,
            provider_ref=identifier,
            outcome="",
            at=now,
            channel=channel.value,
        )
        await self._store.write_item(put_on_phones, [written])
        self._tell(["phones", f"phone:{msisdn}"])
        arrival = InboundArrival(
            msisdn=f"+{msisdn}",
            to=with_plus(to),
            kind=kind,
            body=body,
            udh=udh,
            provider_ref=identifier,
            account_id=owner,
            sent_at_ms=now,
            operator=NETWORK,
            channel=channel,
        )
        return await self.intake.inbound(self.name, arrival)

    async def look_up(self, msisdns: Sequence[str]) -> Sequence[NetworkFacts]:
        return [facts_about(msisdn) for msisdn in msisdns]


def _shown(message: Outgoing, identifier: str, fate: Outcome, now: int) -> PhoneMessage:
    return PhoneMessage(
        id=identifier,
        msisdn=message.msisdn,
        peer=message.originator or "",
        direction="received",
        body=message.body,
        udh=message.udh,
        encoding=message.encoding,
        parts=message.parts,
        message_id=message.message_id,
        account_id=message.account_id,
        provider_ref=identifier,
        outcome=fate.value,
        at=now,
        channel=message.channel.value,
        rich_media=None if message.rich_media is None else msgspec.json.encode(message.rich_media).decode(),
    )


def _receipt(provider_ref: str, fate: Outcome) -> Receipt | None:
    name = SandboxOperator.name
    if fate is Outcome.NO_RECEIPT:
        return None
    if fate is Outcome.FAILED:
        return Receipt(
            name, provider_ref, Status.FAILED, Reason.UNDELIVERED, "SBX-1", "The sandbox fails this test number."
        )
    if fate is Outcome.EXPIRED:
        return Receipt(name, provider_ref, Status.EXPIRED, Reason.EXPIRED_IN_NETWORK, "SBX-3", "The phone stayed off.")
    return Receipt(name, provider_ref, Status.DELIVERED)
