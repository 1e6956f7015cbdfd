"""What a provider is to the engine: the way out.

A provider is only what differs from the others. Leases, retries, pacing, time, recording and logging are the
engine's. A provider says of each message it was handed what became of it, and hands receipts and inbound messages
to the engine's intake as they come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from typing import ClassVar, Protocol
from urllib.parse import urlencode

import msgspec

from heliograph.domain.batches import USUAL, BodyKind, Options
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.lookups import NetworkFacts
from heliograph.domain.receipts import Receipt


class Outgoing(msgspec.Struct, frozen=True):
    """One message, ready to go."""

    message_id: str
    """Also the idempotency key for providers that take one."""
    account_id: str
    msisdn: str
    originator: str | None
    kind: BodyKind
    body: str
    """The text with its parameters filled in; for binary, standard base64."""
    udh: str
    """Hexadecimal; empty if there is none."""
    encoding: str
    parts: int
    flash: bool
    attempt: int
    """1 for the first."""
    expire_at_ms: int
    """Milliseconds since 1970; not to be delivered after that."""
    template: str | None = None
    """The text with its parameters not filled in, where recipients differ in them."""
    values: Mapping[str, str] | None = None
    """What makes `template` into `body`: name -> value."""
    options: Options = USUAL
    channel: Channel = Channel.SMS
    rich_media: RichMedia | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The provider has it and answers for it."""

    provider_ref: str
    poll: str | None = None
    """What `poll` is to be asked until the receipt has come; None: the provider tells by itself."""


class Refused(msgspec.Struct, frozen=True):
    """The provider will not take it, now or later."""

    reason: str
    code: str | None = None
    detail: str | None = None


class TryAgain(msgspec.Struct, frozen=True):
    """It was not taken, and may be later."""

    after_ms: int | None = None
    """The provider's wish, if it has one."""
    code: str | None = None
    detail: str | None = None
    blames_provider: bool = True
    """Counts towards taking the provider out of service for a while."""


class Fault(TryAgain, frozen=True):
    """It was not taken, for a mistake of ours: nothing of it was written, and the log has the cause."""

    blames_provider: bool = False


class Uncertain(msgspec.Struct, frozen=True):
    """It may have been taken: the request was written, and no answer came."""

    detail: str | None = None


Outcome = Accepted | Refused | TryAgain | Uncertain


class InboundArrival(msgspec.Struct, frozen=True, kw_only=True):
    """An inbound message as a provider hands it over: the engine reads the addresses, and cuts what is too long."""

    msisdn: str
    """Who wrote it, as the provider writes that; empty if it does not say."""
    to: str
    """Whom it was written to, likewise."""
    kind: BodyKind
    body: str
    udh: str = ""
    provider_ref: str | None = None
    """Makes a repetition recognisable."""
    account_id: str | None = None
    """Whose it is, unless somebody has rented `to`; None: the account's that was made first; empty: nobody's."""
    sent_at_ms: int | None = None
    operator: str | None = None
    channel: Channel = Channel.SMS


class Intake(Protocol):
    """Where providers put what they hear. Both return once it is stored."""

    async def receipts(self, receipts: Sequence[Receipt]) -> None: ...

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        """The stored message's id; None if it belongs to nobody or was known."""
        ...


class PollAnswer(msgspec.Struct, frozen=True):
    """What a provider says when it is asked."""

    receipts: Sequence[Receipt] = ()
    over: bool = False
    """Nothing more will come of this question."""
    again_after_s: float | None = None
    """The provider's wish; None: later each time."""


class CheckResult(msgspec.Struct, frozen=True):
    """What a provider says of the account that we have with it."""

    detail: str
    """One sentence."""
    balance: str | None = None
    """What is left to spend, as a decimal, with its currency or unit; None: it does not say."""


class CheckFailed(Exception):
    """A provider can't be used as it is set up: one sentence, without any secret."""


class WebhookRequest(msgspec.Struct, frozen=True):
    """A request that a provider's server made to us."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    query_string: str | None = None
    """The query as the request line has it; None: nobody kept it."""

    @property
    def raw_query(self) -> str:
        """What a signature over the URL is over."""
        return urlencode(self.query) if self.query_string is None else self.query_string

    def header(self, name: str) -> str:
        """Empty if there is none."""
        return self.headers.get(name.lower(), "")


class WebhookResponse(msgspec.Struct, frozen=True):
    """What it is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


class Provider(ABC):
    """A way to send messages."""

    name: str
    chunk_size: ClassVar[int] = 500
    """How many messages `send` takes at once."""
    sends_twice_rather_than_never: ClassVar[bool] = False
    """What becomes of a message that may or may not have been taken: sent again, or marked unknown."""
    channels: Set[Channel] = frozenset({Channel.SMS})
    """By which it can send."""
    looks_up: ClassVar[bool] = False
    """Whether it can be asked about numbers."""
    notes_writing: ClassVar[bool] = False
    """Every request goes by a driver of `heliograph.calling`, or is announced by `note_written`: then an exception with
    nothing noted has sent nothing, and the message to blame is looked for."""

    @abstractmethod
    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """What became of each message, in order.

        An exception counts as Uncertain for all of them, unless it is known that nothing was written.
        """

    standing_polls: Sequence[str] = ()
    """What `poll` is asked again and again, as long as there is this provider."""

    async def poll(self, handle: str) -> PollAnswer:
        """What there is to say of an `Accepted.poll` or one of the standing polls. An exception: asked again later."""
        raise NotImplementedError(f"{self.name} tells by itself")

    async def check(self) -> CheckResult:
        """Tries the credentials without sending anything. CheckFailed, or any exception of the client's."""
        return CheckResult("Its credentials can't be tried without sending.")

    async def look_up(self, msisdns: Sequence[str]) -> Sequence[NetworkFacts]:
        """What the network says of each number, in order. An exception: all of them are asked about again later."""
        raise NotImplementedError(f"{self.name} can't be asked about numbers")

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        """Takes in what the provider's server tells: receipts, inbound messages. Returns once it is stored.

        A NotNow makes the server tell it again later.
        """
        return WebhookResponse(404)

    async def start(self, intake: Intake) -> None:
        """Called once before the first send."""
        self.intake = intake

    async def stop(self) -> None:  # noqa: B027 - most have nothing to stop
        """Called once after the last send."""
