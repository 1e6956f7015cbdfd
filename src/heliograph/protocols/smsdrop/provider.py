"""Sending by an smsdrop server (reference: smsdrop.md, section 7).

Messages that share a sender and a text go as one campaign, whose title is our name for it. The server neither calls
back nor says what became of each number: a campaign is asked about until it is over, and its share of delivered
messages tells of all of them, or, between none and all, that nobody knows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar

import structlog
from msgspec import Meta

from heliograph.calling import AsyncDriver, Unreachable
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.batches import BodyKind
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import (
    Accepted,
    CheckResult,
    Intake,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.shared.batching import BatchingProvider, Outcomes, all_of
from heliograph.protocols.smsdrop import errors, wire
from heliograph.protocols.smsdrop.async_client import DEFAULT_CONTEXT, DEFAULT_TIMEOUT_S, AsyncClient
from heliograph.protocols.smsdrop.model import Campaign, MessageType, ShipmentState
from heliograph.text import is_gsm

log = structlog.get_logger(__name__)

MAX_RECIPIENTS = 1_000
"""The most recipients of one campaign: our limit; the vendor's is not known."""
LOOKED_THROUGH = 200
"""How many of the newest campaigns are looked through for one whose launch was not answered."""
PARKED = "parked:"
"""Begins the question about a campaign for which there were not enough SMS: only such a one is tried again."""
RETRY_S = 60.0
"""Seconds between two attempts to launch a campaign for which there were not enough SMS."""


class SmsdropConfig(ProviderConfig, frozen=True, kw_only=True):
    email: Annotated[str, Meta(min_length=1)]
    password: Annotated[str, Meta(min_length=1)]
    context: str = DEFAULT_CONTEXT
    """The server's address."""
    prefix: str = wire.PREFIX
    """`/api`, or empty for a server that speaks only the older of the two dialects."""
    sender: str = ""
    """The sender of messages that have no originator; if it is empty these are refused."""


class SmsdropProvided(ProvidedProtocol):
    name: ClassVar[str] = "smsdrop"
    config: ClassVar[type[ProviderConfig]] = SmsdropConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})
    authorizes: ClassVar[str | None] = "context"

    def provider(self, config: SmsdropConfig, context: ProviderContext) -> Provider:
        return SmsdropProvider(config, context)


class SmsdropProvider(BatchingProvider):
    most_together: ClassVar[int] = MAX_RECIPIENTS

    def __init__(self, config: SmsdropConfig, context: ProviderContext, driver: AsyncDriver | None = None) -> None:
        self.name = context.name
        self._tokens = context.tokens
        self._config = config
        self._driver = driver

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        config = self._config
        self._driver = self._driver or PooledTransport(
            config.context.rstrip("/"), {"Accept": "application/json"}, answer_s=DEFAULT_TIMEOUT_S
        )
        self._client = AsyncClient(
            config.email, config.password, config.context, self._tokens, prefix=config.prefix, driver=self._driver
        )

    async def stop(self) -> None:
        await self._client.close()

    async def check(self) -> CheckResult:
        found = await self._client.get_subscription()
        return CheckResult("The password is good.", f"{found.nbr_sms} SMS")

    def sameness(self, message: Outgoing) -> Hashable:
        return message.originator, message.kind, message.body, _type(message)

    async def send_together(self, messages: Sequence[Outgoing]) -> Outcomes:
        first = messages[0]
        sender = first.originator or self._config.sender
        if first.kind is BodyKind.BINARY or not sender:
            detail = "smsdrop sends texts only." if sender else "smsdrop needs a sender."
            return all_of(messages, Refused(Reason.PROVIDER_REFUSED, detail=detail))
        numbers = [f"+{message.msisdn}" for message in messages]
        title = f"{first.message_id}-{first.attempt}"
        campaign = Campaign(first.body, sender, numbers, title, _type(first))
        try:
            campaign.check()
        except ValueError as error:
            return all_of(messages, Refused(Reason.PROVIDER_REFUSED, detail=str(error)))
        parked = ""
        try:
            await self._client.launch(campaign)
        except errors.InsufficientSmsError:
            parked = PARKED
            log.warning("campaign waits for SMS to be bought", provider=self.name, campaign=campaign.id)
        except (Unreachable, errors.SmsdropError) as error:
            found = await self._found_again(title) if self.leaves_doubt(error) else None
            if found is None:
                raise
            campaign = found
        poll = f"{parked}{campaign.id}"
        return {message.message_id: Accepted(f"{campaign.id}:{message.msisdn}", poll) for message in messages}

    async def _found_again(self, title: str) -> Campaign | None:
        """Look for the campaign whose launch was not answered; None if the server does not have it."""
        try:
            recent = await self._client.get_campaigns(limit=LOOKED_THROUGH)
        except (Unreachable, errors.SmsdropError):
            return None
        return next((campaign for campaign in recent if campaign.title == title), None)

    async def poll(self, handle: str) -> PollAnswer:
        campaign = await self._client.read_campaign(handle.removeprefix(PARKED))
        if campaign is None:
            return PollAnswer(over=True)
        if handle.startswith(PARKED) and campaign.status is ShipmentState.PENDING:
            try:
                await self._client.retry(campaign)
            except errors.InsufficientSmsError:
                return PollAnswer(again_after_s=RETRY_S)
        if campaign.status not in {ShipmentState.COMPLETED, ShipmentState.ABORTED}:
            return PollAnswer()
        status, reason = _result(campaign)
        receipts = [
            Receipt(
                self.name,
                f"{campaign.id}:{number.removeprefix('+')}",
                status,
                reason,
                detail=f"{campaign.status.value}, {campaign.delivery_percentage} % delivered",
            )
            for number in campaign.recipient_list
        ]
        return PollAnswer(receipts, over=True)


def _result(campaign: Campaign) -> tuple[Status, Reason | None]:
    """Tell what became of each message of a campaign that is over, as far as the campaign tells."""
    if campaign.status is ShipmentState.ABORTED:
        return Status.FAILED, Reason.PROVIDER_REFUSED
    if campaign.delivery_percentage >= 100:
        return Status.DELIVERED, None
    if campaign.delivery_percentage <= 0:
        return Status.FAILED, Reason.UNDELIVERED
    return Status.UNKNOWN, None


def _type(message: Outgoing) -> MessageType:
    if message.flash:
        return MessageType.FLASH_MESSAGE
    if message.options.ucs2 or not is_gsm(message.body):
        return MessageType.UNICODE
    return MessageType.PLAIN_TEXT
