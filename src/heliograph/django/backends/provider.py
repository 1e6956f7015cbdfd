"""Any of Heliograph's providers as a backend: `{"type": "xms", ...}`, as in docs/providers.md."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from asgiref.sync import async_to_sync
from django.utils import timezone

from heliograph.django.backends.base import SMSBackend
from heliograph.django.errors import SMSSendingError
from heliograph.django.models.messages import OutputSMSMessage
from heliograph.django.receiving import Reception, apply_early_receipts, apply_receipts, settle_asked
from heliograph.django.recipients import msisdn_of
from heliograph.django.states import SMSState
from heliograph.django.storages import DjangoCacheStorage
from heliograph.django.webhooks import address_of
from heliograph.domain.batches import BodyKind
from heliograph.domain.instants import to_ms
from heliograph.engine.contract import (
    Accepted,
    CheckResult,
    Outcome,
    Outgoing,
    PollAnswer,
    Provider,
    Refused,
    TryAgain,
    Uncertain,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.foreign import code_of, is_handle, reference, storable
from heliograph.engine.handing import became_of
from heliograph.engine.provided import InvalidConfig, ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.providers import TYPES, provided
from heliograph.text import measure_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)

VALIDITY = timedelta(days=2)
"""How long networks try to deliver, unless a backend's config says otherwise."""
ASKED_AT_ONCE = 16
UNCERTAIN = "It may have been sent: the provider did not answer."
_RECORDED = (
    "state",
    "error",
    "sent_at",
    "claim",
    "backend",
    "provider_ref",
    "poll",
    "extra_sender_data",
    "number_of_send_attempts",
    "next_attempt_at",
)


class ProviderSMSBackend(SMSBackend):
    kind: ClassVar[str] = ""
    """The provider's type; if it is empty, the config has it as `type`."""
    validity: timedelta = VALIDITY

    @classmethod
    def provider_table(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config as a table `[providers.NAME]` has it. Raises LookupError for what is missing."""
        return dict(config) | ({"type": cls.kind} if cls.kind else {})

    @classmethod
    def protocol_and_config(cls, config: Mapping[str, Any]) -> tuple[ProvidedProtocol, ProviderConfig]:
        """Read the config. Raises SMSSendingError, with a sentence, for what is not valid in it."""
        try:
            table = cls.provider_table(config)
            protocol = provided(str(table.get("type", "")))
        except LookupError as error:
            raise SMSSendingError(f"type must be {TYPES}, not {error.args[0]}") from error
        try:
            found = msgspec.convert(table, protocol.config, strict=False)
            protocol.require(found)
        except (msgspec.ValidationError, InvalidConfig) as error:
            raise SMSSendingError(str(error)) from error
        return protocol, found

    @classmethod
    def require(cls, config: Mapping[str, Any]) -> str | None:
        try:
            cls.protocol_and_config({**cls.config, **config})
        except SMSSendingError as error:
            return str(error)
        return None

    @property
    def takes_each_once(self) -> bool:  # type: ignore[override]
        return self._sends_twice(self.provider())

    def provider(self) -> Provider:
        """Make a provider that is not started yet."""
        protocol, config = self.protocol_and_config(self.config)
        context = ProviderContext(
            name=self.name, account_id="", callback_url=address_of(self.name), tokens=DjangoCacheStorage()
        )
        return protocol.provider(config, context)

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Provider]:
        """Yield a started provider, and stop it afterwards.

        It lives for one task only: a Django process has no place where it could be kept.
        """
        provider = self.provider()
        await provider.start(Reception(self.name))
        try:
            yield provider
        finally:
            try:
                await provider.stop()
            except Exception:  # what it has done is done
                log.exception("SMS provider could not be stopped: %s", self.name)

    # -- sending

    def publish_message(self, message: OutputSMSMessage) -> None:
        self.publish_messages([message])

    def publish_messages(self, messages: Sequence[OutputSMSMessage]) -> None:
        outgoing: list[Outgoing] = []
        outcomes: dict[str, Outcome] = {}
        expire_at_ms = to_ms(timezone.now() + self.validity)  # the same for all, so that they can go in one request
        for message in messages:
            try:
                outgoing.append(_outgoing(message, expire_at_ms))
            except SMSSendingError as error:
                outcomes[message.uid] = Refused("invalid_recipient", detail=str(error))
        sent, sends_twice = async_to_sync(self._send)(outgoing)
        outcomes |= {each.message_id: outcome for each, outcome in zip(outgoing, sent, strict=True)}
        before, now = [message.state for message in messages], timezone.now()
        for message in messages:
            self._record(message, outcomes[message.uid], sends_twice, now)
        OutputSMSMessage.objects.store_changes(messages, before, _RECORDED)
        apply_early_receipts(self.name, messages)

    async def _send(self, outgoing: Sequence[Outgoing]) -> tuple[list[Outcome], bool]:
        if not outgoing:
            return [], False
        async with self.started() as provider:
            size = provider.chunk_size
            chunks = [outgoing[start : start + size] for start in range(0, len(outgoing), size)]
            sent = [await became_of(provider, chunk) for chunk in chunks]
            return [outcome for chunk in sent for outcome in chunk], self._sends_twice(provider)

    def _sends_twice(self, provider: Provider) -> bool:
        wish = self.protocol_and_config(self.config)[1].resend_uncertain
        return provider.sends_twice_rather_than_never if wish is None else wish

    def _record(self, message: OutputSMSMessage, outcome: Outcome, sends_twice: bool, now: datetime) -> None:
        message.number_of_send_attempts += 1
        message.claim = message.next_attempt_at = message.error = None
        message.backend = self.path
        data = self._get_extra_sender_data()
        if isinstance(outcome, Accepted):
            message.state = SMSState.SENT if outcome.poll is None else SMSState.SENDING
            message.sent_at = now
            message.provider_ref = reference(outcome.provider_ref)
            message.poll = outcome.poll if is_handle(outcome.poll or "") else None
        elif isinstance(outcome, Refused):
            message.state = SMSState.ERROR_UPDATE
            message.error = _sentence(outcome.code or outcome.reason, outcome.detail)
            data["sender_state"] = code_of(outcome.code)
        elif isinstance(outcome, Uncertain) and not sends_twice:
            message.state, message.error = SMSState.UNKNOWN, _sentence(UNCERTAIN, outcome.detail)
        else:
            after_ms = outcome.after_ms if isinstance(outcome, TryAgain) else None
            code = outcome.code if isinstance(outcome, TryAgain) else None
            message.error = _sentence(code, outcome.detail) or "The provider could not take it."
            message.next_attempt_at = self.next_attempt_at(
                message.number_of_send_attempts, message.created_at, after_ms
            )
            message.state = SMSState.ERROR if message.next_attempt_at is None else SMSState.ERROR_RETRY
            data["sender_state"] = code_of(code)
        message.extra_sender_data = data

    # -- what became of them

    def update_sms_states(self, messages: Sequence[OutputSMSMessage]) -> None:
        handles = sorted({message.poll for message in messages if message.poll})
        answers = async_to_sync(self._ask)(handles)
        apply_receipts(self.name, [receipt for answer in answers.values() for receipt in answer.receipts])
        settle_asked(self.name, [handle for handle, answer in answers.items() if answer.over])

    def bulk_check_sms_states(self) -> None:
        """Ask about messages on their way; also for inbound messages, where the provider does not push them."""
        super().bulk_check_sms_states()
        if standing := list(self.provider().standing_polls):
            async_to_sync(self._ask)(standing)

    async def _ask(self, handles: Sequence[str]) -> dict[str, PollAnswer]:
        """Ask several questions, and return the answers; questions that failed are left for the next time.

        Raises SMSSendingError if all of them failed.
        """
        places = asyncio.Semaphore(ASKED_AT_ONCE)
        async with self.started() as provider:

            async def asked(handle: str) -> PollAnswer | Exception:
                async with places:
                    try:
                        return await provider.poll(handle)
                    except Exception as error:  # one question must not keep the others from being asked
                        return error

            answers = await asyncio.gather(*map(asked, handles))
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        if failed and len(failed) == len(answers):
            raise SMSSendingError(f"The provider does not answer: {failed[0]}") from failed[0]
        return {
            handle: answer for handle, answer in zip(handles, answers, strict=True) if isinstance(answer, PollAnswer)
        }

    def handle_webhook(self, heard: WebhookRequest) -> WebhookResponse:
        """Take in what the provider's server tells. Returns once it is stored."""
        return async_to_sync(self._hear)(heard)

    async def _hear(self, heard: WebhookRequest) -> WebhookResponse:
        async with self.started() as provider:
            return await provider.handle_webhook(heard)

    def check(self) -> CheckResult:
        """Try the credentials without sending. Raises CheckFailed, or any exception of the provider's client."""
        return async_to_sync(self._check)()

    async def _check(self) -> CheckResult:
        async with self.started() as provider:
            return await provider.check()


def _outgoing(message: OutputSMSMessage, expire_at_ms: int) -> Outgoing:
    """Turn a message into what providers take. Raises SMSSendingError for a recipient that none could reach."""
    measure = measure_text(message.content)
    return Outgoing(
        message_id=message.uid,
        account_id="",
        msisdn=msisdn_of(message.recipient),
        originator=message.sender or None,
        kind=BodyKind.TEXT,
        body=message.content,
        udh="",
        encoding=measure.encoding,
        parts=measure.parts,
        flash=False,
        attempt=message.number_of_send_attempts + 1,
        expire_at_ms=expire_at_ms,
    )


def _sentence(*parts: str | None) -> str:
    return storable(": ".join(part for part in parts if part))
