"""The contract of a provider, the way out: what the engine asks of one, and what one may rely on.

A provider is only what differs from the others. Leases, retries, pacing, time, recording and logging are the engine's.
A provider says of each message it was handed what became of it, and hands receipts and inbound messages to the engine's
intake as they come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import ClassVar, Protocol
from urllib.parse import urlencode

import msgspec

from heliograph.domain.batches import USUAL, BodyKind, Options
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.figures import Figure
from heliograph.domain.inbound import InboundPart
from heliograph.domain.lookups import NetworkFacts
from heliograph.domain.receipts import Receipt


class Outgoing(msgspec.Struct, frozen=True):
    """One message, ready to go."""

    message_id: str
    """The message's identifier. It is also the idempotency key for providers that take one."""
    account_id: str
    msisdn: str
    originator: str | None
    kind: BodyKind
    body: str
    """The text with its parameters filled in; for binary, standard base64."""
    udh: str
    """User data header, hexadecimal; empty if there is none."""
    encoding: str
    parts: int
    flash: bool
    attempt: int
    """How often it has been handed to providers, this time included: 1 for the first."""
    expire_at_ms: int
    """Milliseconds since 1970; the message is not to be delivered after that."""
    template: str | None = None
    """The text with its parameters not filled in, where recipients differ in them."""
    values: Mapping[str, str] | None = None
    """What makes `template` into `body`: name -> value."""
    options: Options = USUAL
    channel: Channel = Channel.SMS
    rich_media: RichMedia | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The provider has taken the message and answers for it."""

    provider_ref: str
    poll: str | None = None
    """The question that `Provider.poll` is asked until the receipt has come; None: the provider tells by itself."""
    ref_key: str | None = None
    """What receipts may be found by that write `provider_ref` otherwise (`Receipt.ref_keys`); None: nothing."""


class Refused(msgspec.Struct, frozen=True):
    """The provider will not take the message, now or later."""

    reason: str
    code: str | None = None
    detail: str | None = None


class TryAgain(msgspec.Struct, frozen=True):
    """The message was not taken, and may be later."""

    after_ms: int | None = None
    """The provider's wish, in milliseconds from now, if it has one."""
    code: str | None = None
    detail: str | None = None
    blames_provider: bool = True
    """True if it counts towards taking the provider out of service for a while."""


class Fault(TryAgain, frozen=True):
    """The message was not taken, for a mistake of ours: nothing of it was written, and the log has the cause."""

    blames_provider: bool = False


class Uncertain(msgspec.Struct, frozen=True):
    """The message may have been taken: the request was written, and no answer came."""

    detail: str | None = None


Outcome = Accepted | Refused | TryAgain | Uncertain


class InboundArrival(msgspec.Struct, frozen=True, kw_only=True):
    """An inbound message as a provider hands it over: the engine reads the addresses, and cuts what is too long."""

    msisdn: str
    """The sender, as the provider writes it; empty if it does not say."""
    to: str
    """The number that was written to, as the provider writes it; empty if it does not say."""
    kind: BodyKind
    body: str
    udh: str = ""
    provider_ref: str | None = None
    """The provider's name for the message, by which a repetition is recognised."""
    account_id: str | None = None
    """The account that it belongs to, unless somebody has rented `to`; None: the oldest account; empty: nobody."""
    sent_at_ms: int | None = None
    operator: str | None = None
    provider_facts: str | None = None
    """What else the provider says of it, in its own terms; kept, and shown, as it is."""
    channel: Channel = Channel.SMS
    part: InboundPart | None = None
    """Which part of a long message it is: the engine puts the whole together; None: all of it. `body` is what this part
    says, `udh` what else its header says."""


class Intake(Protocol):
    """Where providers put receipts and inbound messages. Both methods return once it is stored."""

    async def receipts(self, receipts: Sequence[Receipt]) -> None: ...

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        """Store an inbound message and return its identifier.

        None if it belongs to nobody, was known, or is a part and others are awaited.
        """
        ...


class PollAnswer(msgspec.Struct, frozen=True):
    """A provider's answer to a poll."""

    receipts: Sequence[Receipt] = ()
    over: bool = False
    """True if nothing more will come of this question."""
    again_after_s: float | None = None
    """The provider's wish for the next time, in seconds; None: the pause grows each time."""


class CheckResult(msgspec.Struct, frozen=True):
    """A provider's answer about the account that we have with it."""

    detail: str
    """One sentence for a person."""
    balance: str | None = None
    """The money or units left to spend, as a decimal with its currency or unit; None: the provider does not say."""


class CheckFailed(Exception):
    """A provider can't be used as it is set up. The message is one sentence, without any secret."""


class WebhookRequest(msgspec.Struct, frozen=True):
    """A request that a provider's server made to us."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    query_string: str | None = None
    """The query as the request line has it; None: nobody kept it, and it is written again from `query`."""

    @property
    def raw_query(self) -> str:
        """Return the query as a signature over the URL has it."""
        return urlencode(self.query) if self.query_string is None else self.query_string

    def header(self, name: str) -> str:
        """Return a header, whatever the case of its name; empty if there is none."""
        return self.headers.get(name.lower(), "")


class WebhookResponse(msgspec.Struct, frozen=True):
    """The answer to a provider's server."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


class Provider(ABC):
    """A way to send messages."""

    name: str
    chunk_size: ClassVar[int] = 500
    """How many messages `send` takes at once, at most."""
    sends_twice_rather_than_never: ClassVar[bool] = False
    """True if a message that may or may not have been taken is sent again; False if it is marked unknown."""
    channels: Set[Channel] = frozenset({Channel.SMS})
    """The channels by which it can send."""
    looks_up: ClassVar[bool] = False
    """True if it can be asked about numbers."""
    notes_writing: ClassVar[bool] = False
    """True if every request goes by a driver of `heliograph.calling`, or is announced by `note_written`.

    An exception with nothing noted has sent nothing then, and the message to blame is looked for.
    """

    stays_connected: ClassVar[bool] = False
    """True if `start` connects to the other side, which then counts this process among those that send.

    A process that sends nothing does not start it; it is told nothing there, and asked nothing.
    """

    @abstractmethod
    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages, and return what became of each, in order.

        An exception counts as Uncertain for all of them, unless it is known that nothing was written.
        """

    standing_polls: Sequence[str] = ()
    """Questions that `poll` is asked again and again, as long as this provider is set up."""

    async def poll(self, handle: str) -> PollAnswer:
        """Answer an `Accepted.poll` or one of the standing polls. After an exception it is asked again later."""
        raise NotImplementedError(f"{self.name} tells by itself")

    def figures(self) -> Iterable[Figure]:
        """Tell those who watch how it does, now; called whenever somebody looks."""
        return ()

    async def check(self) -> CheckResult:
        """Try the credentials without sending anything. Raises CheckFailed, or any exception of the client's."""
        return CheckResult("Its credentials can't be tried without sending.")

    async def look_up(self, msisdns: Sequence[str]) -> Sequence[NetworkFacts]:
        """Ask the network about each number; the answers are in order.

        After an exception all of them are asked about again later.
        """
        raise NotImplementedError(f"{self.name} can't be asked about numbers")

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        """Take in what the provider's server tells: receipts, inbound messages. Return once it is stored.

        Raises NotNow to make the server tell it again later.
        """
        return WebhookResponse(404)

    async def start(self, intake: Intake) -> None:
        """Prepare for sending, and hand what comes in to `intake`. Called once, before the first send."""
        self.intake = intake

    async def take_over(self) -> None:  # noqa: B027 - most know nothing that is not in the store
        """Take on what processes that have died alone knew. Called after `start`, and whenever one is found dead.

        Only where messages are sent. Safe to repeat, also beside processes that are alive.
        """

    async def stop(self) -> None:  # noqa: B027 - most have nothing to stop
        """Release what `start` took. Called once, after the last send."""
