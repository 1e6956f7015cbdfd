"""Sending by another Heliograph, through its native API (docs/api.md).

Messages that share a text and an originator go as one batch, under a key that makes its repetition harmless: a request
that was not answered is made again at once, and if that is not answered either, nobody knows. A message's name at the
server is its batch's identifier and its number.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
import structlog
from msgspec import Meta

from heliograph.api import wire
from heliograph.calling import AsyncDriver, RemoteError, Request, Unreachable, encoded
from heliograph.calling.documents import from_json
from heliograph.domain import errors
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.receipts import Receipt
from heliograph.domain.signing import SIGNATURE_HEADER, Verdict, judged
from heliograph.domain.statuses import REPORTABLE, SETTLED, Reason, Status
from heliograph.engine.contract import (
    Accepted,
    CheckFailed,
    CheckResult,
    InboundArrival,
    Intake,
    Outgoing,
    PollAnswer,
    Provider,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.shared.answers import CANNOT_BE, IN_DOUBT, Meaning, TurnedDown
from heliograph.protocols.shared.batching import BatchingProvider, Outcomes
from heliograph.protocols.shared.far_server import FarServer
from heliograph.sdk import calls
from heliograph.text import verbatim

log = structlog.get_logger(__name__)

INBOUND = "inbound"
OVERLAP = timedelta(days=1)
"""How far back a process that has not asked before asks for inbound messages."""
PAGE = 1_000
_CODES: Mapping[str, Meaning] = {
    errors.InvalidRecipient.code: CANNOT_BE._replace(reason=Reason.UNKNOWN_SUBSCRIBER),
    errors.OptedOut.code: CANNOT_BE._replace(reason=Reason.OPTED_OUT),
    errors.NoCoverage.code: CANNOT_BE._replace(reason=Reason.UNROUTABLE),
    **dict.fromkeys(
        (each.code for each in (errors.ChannelNotActive, errors.TemplateNotApproved, errors.WindowClosed)), CANNOT_BE
    ),
    errors.IdempotencyMismatch.code: IN_DOUBT,  # another batch has our key: an earlier request was taken
}

T = TypeVar("T")


class HeliographConfig(ProviderConfig, frozen=True, kw_only=True):
    url: Annotated[str, Meta(pattern="^https?://")]
    """The server's address."""
    token: Annotated[str, Meta(min_length=1)]
    callback_secret: str = ""
    """The secret of the account's callbacks, which must be signed; empty: their secret address is enough."""
    poll_inbound_s: Annotated[float, Meta(gt=0)] = 10.0
    """Seconds between two questions for inbound messages, where callbacks can't reach us."""


class HeliographProvided(ProvidedProtocol):
    name: ClassVar[str] = "heliograph"
    config: ClassVar[type[ProviderConfig]] = HeliographConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"token", "callback_secret"})
    authorizes: ClassVar[str | None] = "url"

    def provider(self, config: HeliographConfig, context: ProviderContext) -> Provider:
        return HeliographProvider(config, context)


class HeliographProvider(BatchingProvider):
    most_together: ClassVar[int] = 1_000
    channels = frozenset(Channel)

    def __init__(self, config: HeliographConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._far = FarServer(config.url, {"Authorization": f"Bearer {config.token}"}, driver)
        self._inbound_since = datetime.now(UTC) - OVERLAP
        self.standing_polls = (INBOUND,) if context.callback_url is None else ()

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        self._far.open()

    async def stop(self) -> None:
        await self._far.close()

    async def check(self) -> CheckResult:
        try:
            response = await self._far.ask(self._request("GET", "account"))
        except Unreachable as error:
            raise CheckFailed(str(error)) from error
        if response.status >= 400:
            raise CheckFailed(str(calls.error_in(response)))
        account = calls.result(response, _Named)
        return CheckResult(f"The token is good for the account {account.name}.")

    def sameness(self, message: Outgoing) -> Hashable:
        return (
            message.body,
            message.originator,
            message.kind,
            message.udh,
            message.flash,
            message.expire_at_ms,
            message.channel,
            message.rich_media,
            message.options.priority,
        )

    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        request = self._request("POST", "batches", self._batch(messages))
        batch = await self.asked_twice(lambda: self._asked(request))  # its idempotency key makes that safe
        poll = batch.id if self._context.callback_url is None else None
        return {message.message_id: Accepted(_ref(batch.id, message.msisdn), poll) for message in messages}

    async def _asked(self, request: Request) -> _Made:
        response = await self._far.ask(request)
        if not 200 <= response.status < 300:
            told = calls.error_in(response)
            ours = not isinstance(told, calls.UnexpectedAnswer)
            raise TurnedDown(response, told.code if ours else None, str(told))
        try:
            return calls.result(response, _Made)
        except calls.UnexpectedAnswer as error:
            raise TurnedDown(response, detail=str(error)) from error

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        return _CODES.get(error.vendor_code or "")

    def _batch(self, messages: Sequence[Outgoing]) -> wire.CreateBatch:
        first = messages[0]
        told = self._context.callback_url
        shared: dict[str, Any] = {
            "to": [f"+{message.msisdn}" for message in messages],
            "originator": first.originator,
            "expire_at": from_ms(first.expire_at_ms),
            "callback_url": told,
            "report": "none" if told is None else "per_recipient",
            "idempotency_key": _key(messages),
            "client_reference": first.message_id,
            "flash": first.flash,
            "channel": first.channel.value,
            "priority": first.options.priority.name.lower(),
        }
        if first.rich_media is not None:
            shared["rich_media"] = msgspec.convert(first.rich_media, wire.RichMedia, from_attributes=True)
        if first.kind is BodyKind.BINARY:
            return wire.CreateBatch(data=b64decode(first.body), udh=first.udh, **shared)
        text, defaults = verbatim(first.body)
        # Each number's own: a contact of the far account may have a field of that name, which comes before a default.
        own = {
            name: dict.fromkeys(shared["to"], value) for name, column in defaults.items() for value in column.values()
        }
        if first.udh:  # then its text is everybody's
            return wire.CreateBatch(text=text, parameters=defaults or None, udh=first.udh, **shared)
        return wire.CreateBatch(text=text, parameters=own or None, **shared)

    def _request(
        self, method: str, path: str, body: msgspec.Struct | None = None, query: Mapping[str, str] | None = None
    ) -> Request:
        prefix = self._far.path.rstrip("/")
        return Request(method, f"{prefix}/v1/{path}", query or {}, None if body is None else encoded(body))

    # -- what became of them

    async def poll(self, handle: str) -> PollAnswer:
        if handle == INBOUND:
            return await self._fetch_inbound()
        receipts: list[Receipt] = []
        over = True
        async for page in self._pages("messages", wire.MessagePage, batch_id=handle):
            for message in page.items:
                receipts += _receipts(self.name, handle, message.to, message.status, message.reason, message)
                over = over and Status(message.status) in SETTLED
        return PollAnswer(receipts, over)

    async def _pages(self, path: str, shape: type[T], **query: str) -> Any:
        """Yield each page of a listing. Raises the server's refusal as an exception of the client."""
        query["limit"] = str(PAGE)
        while True:
            response = await self._far.ask(self._request("GET", path, query=query))
            page: Any = calls.result(response, shape)
            yield page
            if page.next is None:
                return
            query["before"] = page.next

    async def _fetch_inbound(self) -> PollAnswer:
        newest = self._inbound_since
        since = (self._inbound_since - timedelta(minutes=1)).isoformat()
        async for page in self._pages("inbound", wire.InboundPage, since=since):
            for message in page.items:
                await self._hand_in(message)
                newest = max(newest, message.received_at)
        self._inbound_since = newest
        return PollAnswer(again_after_s=self._config.poll_inbound_s)

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        if not self._is_signed(heard):
            return WebhookResponse(401)
        try:
            event = from_json(heard.body, _Told)
            if event.type == "inbound":
                await self._hand_in(from_json(event.data, wire.Inbound))
            elif event.type == "message.status":
                told = from_json(event.data, wire.MessageStatus)
                await self.intake.receipts(
                    list(_receipts(self.name, told.batch_id, told.to, told.status, told.reason, told))
                )
        except (msgspec.DecodeError, ValueError) as error:  # a time without an offset, for example
            log.warning("callback not understood", provider=self.name, error=str(error))
            return WebhookResponse(400)
        return WebhookResponse()

    def _is_signed(self, heard: WebhookRequest) -> bool:
        secret = self._config.callback_secret
        if not secret:
            return True
        return judged([secret], heard.header(SIGNATURE_HEADER), heard.body) is Verdict.GOOD

    async def _hand_in(self, message: wire.Inbound) -> None:
        await self.intake.inbound(
            self.name,
            InboundArrival(
                msisdn=message.msisdn,
                to=message.to,
                kind=BodyKind.BINARY if message.text is None else BodyKind.TEXT,
                body=message.data or "" if message.text is None else message.text,
                udh=message.udh or "",
                provider_ref=message.id,
                account_id=self._context.account_id,
                sent_at_ms=to_ms(message.received_at),
                channel=Channel(message.channel),
            ),
        )


class _Named(msgspec.Struct):
    name: str


class _Made(msgspec.Struct):
    id: str


class _Told(msgspec.Struct):
    type: str
    data: msgspec.Raw


def _ref(batch_id: str, number: str) -> str:
    return f"{batch_id}:{number.removeprefix('+')}"


def _key(messages: Sequence[Outgoing]) -> str:
    """Return the idempotency key of these messages: the same whenever they go together, at any attempt."""
    return hashlib.sha256("\n".join(message.message_id for message in messages).encode()).hexdigest()


def _receipts(
    name: str, batch_id: str, number: str, status: str, reason: str | None, told: wire.Message | wire.MessageStatus
) -> Iterator[Receipt]:
    """Yield one receipt for a message's status, or none if the status is not one to report yet."""
    known = Status(status)
    if known is Status.CANCELED:
        known = Status.FAILED
    if known in REPORTABLE:
        at = told.at if isinstance(told, wire.MessageStatus) else told.settled_at or told.sent_at
        yield Receipt(
            name,
            _ref(batch_id, number),
            known,
            reason,
            provider_code=told.provider_code,
            detail=told.explanation,
            at_ms=None if at is None else to_ms(at),
        )
