"""Sending by Amazon SNS (reference: providers.md, section B).

There is an identifier for each message and no way to ask for more: what became of it stands in CloudWatch's log, if
anywhere, so a message ends at `sent`. Inbound messages of two-way numbers, and events of AWS End User Messaging, come
by a topic whose subscription is confirmed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver, RemoteError, Request, Response
from heliograph.calling.documents import from_json
from heliograph.domain.batches import BodyKind
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import (
    Accepted,
    CheckFailed,
    CheckResult,
    InboundArrival,
    Intake,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import InvalidConfig, ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.numbers import with_plus
from heliograph.protocols.shared.answers import BUSY, REFUSED, TO_BE_MENDED, Meaning, TurnedDown
from heliograph.protocols.shared.far_server import FarServer
from heliograph.protocols.shared.singly import SinglyProvider
from heliograph.protocols.shared.xmlish import NotXml
from heliograph.protocols.sns import signing, wire
from heliograph.protocols.sns.notifications import Certificates, NotGenuine, Notification

log = structlog.get_logger(__name__)

_SENDER_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_CODES: Mapping[str, Meaning] = {
    **dict.fromkeys(wire.THROTTLED, BUSY),
    **dict.fromkeys(wire.NOT_ALLOWED, TO_BE_MENDED),
    wire.OPTED_OUT: REFUSED._replace(reason=Reason.OPTED_OUT),
}
_EVENTS: Mapping[str, tuple[Status, Reason | None]] = {
    "TEXT_DELIVERED": (Status.DELIVERED, None),
    "TEXT_BLOCKED": (Status.FAILED, Reason.UNDELIVERED),
    "TEXT_CARRIER_BLOCKED": (Status.FAILED, Reason.UNDELIVERED),
    "TEXT_CARRIER_UNREACHABLE": (Status.FAILED, Reason.UNDELIVERED),
    "TEXT_INVALID": (Status.FAILED, Reason.UNKNOWN_SUBSCRIBER),
    "TEXT_INVALID_MESSAGE": (Status.FAILED, Reason.UNDELIVERED),
    "TEXT_SPAM": (Status.FAILED, Reason.UNDELIVERED),
    "TEXT_TTL_EXPIRED": (Status.EXPIRED, Reason.EXPIRED_IN_NETWORK),
    "TEXT_UNREACHABLE": (Status.FAILED, Reason.UNDELIVERED),
    "TEXT_UNKNOWN": (Status.UNKNOWN, None),
    "TEXT_SENT": (Status.SENT, None),
    "TEXT_SUCCESSFUL": (Status.SENT, None),
}


class SnsConfig(ProviderConfig, frozen=True, kw_only=True):
    access_key_id: Annotated[str, Meta(min_length=1)]
    secret_access_key: Annotated[str, Meta(min_length=1)]
    region: Annotated[str, Meta(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    session_token: str = ""
    sms_type: Literal["Transactional", "Promotional", ""] = "Transactional"
    """The type of each message; empty leaves it to the account's settings."""
    max_price: str = ""
    """The most that a part may cost, in US dollars, such as 0.50; empty for no limit."""
    entity_id: str = ""
    template_id: str = ""
    """The registered template; with `entity_id`, required for numbers in India."""
    endpoint: str = ""
    """The server's address, if it is not https://sns.REGION.amazonaws.com."""
    topics: tuple[str, ...] = ()
    """The ARNs of topics whose notifications are taken in; with none, all notifications are refused."""


class SnsProvided(ProvidedProtocol):
    name: ClassVar[str] = "sns"
    config: ClassVar[type[ProviderConfig]] = SnsConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"secret_access_key", "session_token"})
    authorizes: ClassVar[str | None] = "endpoint"

    def provider(self, config: SnsConfig, context: ProviderContext) -> Provider:
        return SnsProvider(config, context)

    def require(self, config: SnsConfig) -> None:
        if not signing.is_installed():
            raise InvalidConfig("type", signing.INSTALL)


class SnsProvider(SinglyProvider):
    def __init__(
        self,
        config: SnsConfig,
        context: ProviderContext,
        driver: AsyncDriver | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        self.name = context.name
        self._config = config
        self._context = context
        self._url = (config.endpoint or f"https://sns.{config.region}.amazonaws.com").rstrip("/")
        self._far = FarServer(self._url, driver=driver)
        self._certificates = certificates or Certificates()

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        config = self._config
        self._signer = signing.Signer(
            config.access_key_id, config.secret_access_key, config.session_token, config.region
        )
        self._far.open()

    async def stop(self) -> None:
        await self._far.close()
        await self._certificates.close()

    def _request(self, body: bytes) -> Request:
        headers = self._signer.headers(f"{self._url}/", body, wire.CONTENT_TYPE)
        return Request("POST", "/", body=body, content_type=wire.CONTENT_TYPE, headers=headers)

    async def send_one(self, message: Outgoing) -> Outcome:
        if message.kind is BodyKind.BINARY:
            return Refused(Reason.PROVIDER_REFUSED, detail="SNS sends texts only.")
        attributes = wire.attributes(self._attributes(message))
        body = wire.action("Publish", PhoneNumber=f"+{message.msisdn}", Message=message.body, **attributes)
        response = await self._far.ask(self._request(body))
        if response.status != 200:
            raise _turned_down(response)
        try:
            return Accepted(wire.message_id(response.body))
        except NotXml as error:
            raise TurnedDown(response, detail=str(error)) from error

    def vendor_says(self, error: RemoteError) -> Meaning | None:
        return _CODES.get(error.vendor_code or "")

    def _attributes(self, message: Outgoing) -> dict[str, tuple[str, str]]:
        config = self._config
        originator = message.originator or ""
        wanted = {
            "AWS.SNS.SMS.SenderID": originator if _SENDER_ID.fullmatch(originator) else "",
            "AWS.MM.SMS.OriginationNumber": _number(originator),
            "AWS.SNS.SMS.SMSType": config.sms_type,
            "AWS.MM.SMS.EntityId": config.entity_id,
            "AWS.MM.SMS.TemplateId": config.template_id,
        }
        found = {name: ("String", value) for name, value in wanted.items() if value}
        if config.max_price:
            found["AWS.SNS.SMS.MaxPrice"] = ("Number", config.max_price)
        return found

    async def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        try:
            told = from_json(heard.body, Notification)
            if told.topic_arn not in self._config.topics:
                raise NotGenuine(f"The topic {told.topic_arn} is not among `topics`.")
            told.require_recent()
            await self._certificates.require(told, self._config.region)
        except (msgspec.DecodeError, NotGenuine) as error:
            log.warning("notification not taken", provider=self.name, error=str(error))
            return WebhookResponse(403)
        if told.type == "SubscriptionConfirmation":
            await self._certificates.visit(told.subscribe_url, self._config.region)
            log.info("subscription confirmed", provider=self.name, topic=told.topic_arn)
        elif told.type == "Notification":
            await self._take_in(told)
        return WebhookResponse()

    async def _take_in(self, told: Notification) -> None:
        try:
            said: Any = from_json(told.message)
        except msgspec.DecodeError:
            said = None
        if not isinstance(said, dict):
            return
        if "messageBody" in said and "originationNumber" in said:
            arrival = InboundArrival(
                msisdn=str(said["originationNumber"]),
                to=str(said.get("destinationNumber", "")),
                kind=BodyKind.TEXT,
                body=str(said["messageBody"]),
                provider_ref=str(said.get("inboundMessageId") or told.message_id),
                account_id=self._context.account_id,
            )
            await self.intake.inbound(self.name, arrival)
        elif "eventType" in said and "messageId" in said:
            word = str(said["eventType"])
            status, reason = _EVENTS.get(word, (None, None))
            detail = said.get("messageStatusDescription")
            receipt = Receipt(self.name, str(said["messageId"]), status, reason, word, detail and str(detail))
            await self.intake.receipts([receipt])

    async def check(self) -> CheckResult:
        response = await self._far.ask(self._request(wire.action("GetSMSAttributes")))
        if response.status != 200:
            told = _turned_down(response)
            raise CheckFailed(f"{told.vendor_code or response.status}: {told}")
        limit = wire.settings(response.body).get("MonthlySpendLimit")
        return CheckResult("The key is good." + (f" It may spend {limit} USD a month." if limit else ""))


def _turned_down(response: Response) -> TurnedDown:
    """Build an error from an answer, with Amazon's code and words if it has any."""
    try:
        code, said = wire.error(response.body)
    except NotXml:
        code = said = ""
    return TurnedDown(response, code or None, said or None)


def _number(originator: str) -> str:
    return with_plus(originator) if originator.isdigit() else ""
