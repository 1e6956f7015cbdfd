"""Sending by any HTTP API that the settings describe: what is requested, and where its answers have what."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver, Request, Response
from heliograph.domain.batches import BodyKind
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import (
    Accepted,
    CheckResult,
    InboundArrival,
    Intake,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    TryAgain,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import (
    InvalidConfig,
    ProvidedProtocol,
    ProviderConfig,
    ProviderContext,
    require_nobody_in,
)
from heliograph.protocols.shared.answers import refusal, retry_after_ms
from heliograph.protocols.shared.far_server import FarServer
from heliograph.protocols.shared.singly import SinglyProvider
from heliograph.protocols.webhook.places import FIELDS, at, document, filled, unknown_fields

log = structlog.get_logger(__name__)


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a provider's settings."""


class ReceiptPlaces(Table, frozen=True, kw_only=True):
    """Where in a receipt its parts are found, and what its statuses mean."""

    ref: str
    status: str
    code: str = ""
    detail: str = ""
    delivered: tuple[str, ...] = ("delivered", "DELIVRD")
    failed: tuple[str, ...] = ("failed", "undelivered", "UNDELIV", "REJECTD")
    expired: tuple[str, ...] = ("expired", "EXPIRED")
    sent: tuple[str, ...] = ("sent", "accepted", "queued", "ACCEPTD", "ENROUTE")


class InboundPlaces(Table, frozen=True, kw_only=True):
    """Where in an inbound message its parts are found."""

    sender: str = msgspec.field(name="from")
    to: str
    text: str
    ref: str = ""


class WebhookConfig(ProviderConfig, frozen=True, kw_only=True):
    url: Annotated[str, Meta(min_length=1)]
    """The address that is requested. It may name fields, as the body may."""
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    form: dict[str, str] = msgspec.field(default_factory=dict)
    """The fields of a form to send; with neither form nor JSON, everything is in the URL."""
    json: Any = None
    """The JSON document to send instead of a form."""
    ref: str = ""
    """Where the answer has the provider's id of the message; empty: our own id is used."""
    code: str = ""
    """Where the answer has a code; empty: it has none."""
    refused: tuple[str, ...] = ()
    """Codes in an answer that mean a refusal, whatever the HTTP status."""
    again: tuple[str, ...] = ()
    """Codes in an answer after which the message is tried again, whatever the HTTP status."""
    detail: str = ""
    receipt: ReceiptPlaces | None = None
    inbound: InboundPlaces | None = None
    answer: str = ""
    """The body of our answers to the provider's calls."""
    header_secret: tuple[str, str] | None = None
    """The name and the value of a header that the provider's calls must have."""


class WebhookProvided(ProvidedProtocol):
    name: ClassVar[str] = "webhook"
    config: ClassVar[type[ProviderConfig]] = WebhookConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"headers", "header_secret"})

    def provider(self, config: WebhookConfig, context: ProviderContext) -> Provider:
        return WebhookProvider(config, context)

    def require(self, config: WebhookConfig) -> None:
        if config.form and config.json is not None:
            raise InvalidConfig("form", "must be left out beside `json`: one of them is what is sent")
        if urlsplit(config.url).scheme not in {"http", "https"} or "$" in "".join(urlsplit(config.url)[:2]):
            raise InvalidConfig("url", f"must begin with http:// or https:// and a host, not {config.url}")
        if any(name.lower() == "authorization" for name in config.headers):
            require_nobody_in(config.url, "url")
        for name in ("url", "form", "json"):
            if strangers := unknown_fields(getattr(config, name)):
                known = ", ".join(FIELDS)
                raise InvalidConfig(name, f"must name some of the fields {known}, not {strangers[0]}")
        if config.method == "GET" and (config.form or config.json is not None):
            raise InvalidConfig("method", "must be another than GET, which has no body: or put the fields into `url`")


class WebhookProvider(SinglyProvider):
    def __init__(self, config: WebhookConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._far = FarServer(config.url, config.headers, driver)

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        self._far.open()

    async def stop(self) -> None:
        await self._far.close()

    async def send_one(self, message: Outgoing) -> Outcome:
        return self._outcome(message, await self._far.ask(self._request(message)))

    def _request(self, message: Outgoing) -> Request:
        config, values = self._config, _values(message)
        path = filled(self._far.path, {name: quote(value, safe="") for name, value in values.items()})
        body, content_type = None, "application/json"
        if config.form:
            body, content_type = urlencode(filled(config.form, values)).encode(), "application/x-www-form-urlencoded"
        elif config.json is not None:
            body = msgspec.json.encode(filled(config.json, values))
        return Request(config.method, path, body=body, content_type=content_type)

    def _outcome(self, message: Outgoing, response: Response) -> Outcome:
        config = self._config
        try:
            said = document(response.body, response.headers.get("content-type", ""), {})
        except ValueError as error:
            said, fault = {}, str(error)
        else:
            fault = ""
        code = at(config.code, said) if config.code else None
        detail = at(config.detail, said) if config.detail else None
        if code in config.refused:
            return Refused(Reason.PROVIDER_REFUSED, code, detail)
        if code in config.again:
            return TryAgain(retry_after_ms(response.headers), code, detail)
        if not 200 <= response.status < 300:
            return refusal(response, code, detail)
        if not config.ref:
            return Accepted(message.message_id)
        ref = at(config.ref, said)
        if ref is None:
            return refusal(response, code, f"The answer has nothing at {config.ref}. {fault}".strip())
        return Accepted(ref)

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        if self._config.header_secret is not None:
            name, value = self._config.header_secret
            if not hmac.compare_digest(heard.header(name).encode(), value.encode()):
                return WebhookResponse(401)
        try:
            said = document(heard.body, heard.header("content-type"), heard.query)
        except ValueError as error:
            log.warning("callback not understood", provider=self.name, error=str(error))
            return WebhookResponse(400)
        for each in said if isinstance(said, list) else [said]:
            if not await self._take_in(each):
                log.warning("callback not understood", provider=self.name)
                return WebhookResponse(400)
        return WebhookResponse(200, self._config.answer.encode())

    async def _take_in(self, said: Any) -> bool:
        if (places := self._config.receipt) is not None:
            ref, status = at(places.ref, said), at(places.status, said)
            if ref is not None and status is not None:
                await self.intake.receipts([_receipt(self.name, places, ref, status, said)])
                return True
        if (inbound := self._config.inbound) is None:
            return False
        sender, to, text = (at(place, said) for place in (inbound.sender, inbound.to, inbound.text))
        if to is None or text is None:
            return False
        arrival = InboundArrival(
            msisdn=(sender or "").strip(),
            to=to.strip(),
            kind=BodyKind.TEXT,
            body=text,
            provider_ref=at(inbound.ref, said) if inbound.ref else None,
            account_id=self._context.account_id,
        )
        await self.intake.inbound(self.name, arrival)
        return True

    async def check(self) -> CheckResult:
        return CheckResult(f"It sends by {self._far.origin}; nobody can say whether that is right without sending.")


def _receipt(name: str, places: ReceiptPlaces, ref: str, word: str, said: Any) -> Receipt:
    code = at(places.code, said) if places.code else None
    detail = at(places.detail, said) if places.detail else word
    known: Mapping[Status, tuple[tuple[str, ...], Reason | None]] = {
        Status.DELIVERED: (places.delivered, None),
        Status.FAILED: (places.failed, Reason.UNDELIVERED),
        Status.EXPIRED: (places.expired, Reason.EXPIRED_IN_NETWORK),
        Status.SENT: (places.sent, None),
    }
    for status, (words, reason) in known.items():
        if word in words:
            return Receipt(name, ref, status, reason, code, detail)
    return Receipt(name, ref, None, None, code, detail)


def _values(message: Outgoing) -> dict[str, str]:
    binary = message.kind is BodyKind.BINARY
    return {
        "id": message.message_id,
        "attempt": str(message.attempt),
        "to": f"+{message.msisdn}",
        "msisdn": message.msisdn,
        "from": message.originator or "",
        "text": "" if binary else message.body,
        "data": message.body if binary else "",
        "udh": message.udh,
        "parts": str(message.parts),
        "encoding": message.encoding,
        "channel": message.channel.value,
        "account": message.account_id,
    }
