"""Takes in what providers tell: receipts of messages that were sent, and inbound messages."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.db import router, transaction
from django.utils import timezone

from heliograph.django import conf
from heliograph.django.models.inbound import InboundSMSMessage, SMSOptOut
from heliograph.django.models.messages import EarlySMSReceipt, OutputSMSMessage, chunks_of
from heliograph.django.recipients import read, spellings_of
from heliograph.django.signals import sms_opted_in, sms_opted_out, sms_received, tell
from heliograph.django.states import OF_STATUS, SMSState, may_become
from heliograph.domain.batches import BodyKind
from heliograph.domain.instants import from_ms
from heliograph.domain.optouts import Consent, consent_in
from heliograph.domain.receipts import Receipt
from heliograph.engine.contract import InboundArrival, Intake
from heliograph.engine.foreign import bounded, code_of, detail_of, reference
from heliograph.numbers import is_msisdn, with_plus

log = logging.getLogger(__name__)

EARLY_KEPT = timedelta(days=2)
"""How long a receipt waits for its message to be known."""
MAX_NUMBER = 20
"""The most characters of a number that the tables have room for."""
_TOLD = ("state", "error", "extra_sender_data", "poll")
"""The fields that receipts change."""


class News(NamedTuple):
    """A receipt in the words of this app."""

    provider_ref: str
    state: SMSState
    code: str | None
    detail: str | None


class Reception(Intake):
    """The intake that the provider of a backend hands receipts and inbound messages to."""

    def __init__(self, backend_name: str) -> None:
        self._backend_name = backend_name

    async def receipts(self, receipts: Sequence[Receipt]) -> None:
        await sync_to_async(apply_receipts)(self._backend_name, receipts)

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        return await sync_to_async(take_in)(self._backend_name, arrival)


def apply_receipts(backend_name: str, receipts: Sequence[Receipt]) -> None:
    """Change the messages that receipts are about, as far as the table of states allows.

    A receipt whose message is not known yet is kept for it; one that repeats, or would go back, changes nothing.
    """
    early: set[str] = set()
    for chunk in chunks_of(each for each in receipts if each.status is not None):
        early |= _apply(backend_name, list(map(_news, chunk)), keep=True)
    if early:
        # Whoever sent them may have looked before these were committed: then its messages can be seen by now.
        apply_early_receipts(
            backend_name, OutputSMSMessage.objects.filter(backend_name=backend_name, provider_ref__in=early)
        )


def apply_early_receipts(backend_name: str, messages: Iterable[OutputSMSMessage]) -> None:
    """Apply the receipts that came before these messages knew the provider's identifiers."""
    messages = [message for message in messages if message.provider_ref]
    refs = [message.provider_ref for message in messages]
    early = list(EarlySMSReceipt.objects.filter(backend_name=backend_name, provider_ref__in=refs).order_by("pk"))
    news = [News(each.provider_ref, SMSState(each.state), each.code, each.detail) for each in early]
    if not news:
        return
    _apply(backend_name, news, keep=False)
    EarlySMSReceipt.objects.filter(pk__in=[each.pk for each in early]).delete()  # others may have come since
    told = {each.provider_ref for each in news}
    stale = {message.pk: message for message in messages if message.provider_ref in told}
    for row in OutputSMSMessage.objects.filter(pk__in=stale).values("pk", *_TOLD):
        for field in _TOLD:
            setattr(stale[row["pk"]], field, row[field])


def _news(receipt: Receipt) -> News:
    assert receipt.status is not None  # noqa: S101 - its caller has looked
    code, detail = code_of(receipt.provider_code), detail_of(receipt.detail or receipt.reason)
    return News(reference(receipt.provider_ref), OF_STATUS[receipt.status], code, detail)


def _apply(backend_name: str, news: Sequence[News], *, keep: bool) -> set[str]:
    """Apply receipts in one transaction, and return the identifiers that no message has.

    With `keep`, receipts of those are stored for later.
    """
    if not news:
        return set()
    with transaction.atomic(using=router.db_for_write(OutputSMSMessage)):
        rows = OutputSMSMessage.objects.select_for_update().filter(
            backend_name=backend_name, provider_ref__in={each.provider_ref for each in news}
        )
        messages: dict[str, OutputSMSMessage] = {}
        for message in rows:
            messages.setdefault(str(message.provider_ref), message)
        before = {ref: message.state for ref, message in messages.items()}
        touched: dict[str, OutputSMSMessage] = {}
        for each in news:
            found = messages.get(each.provider_ref)
            if found is not None and _tell(found, each):
                touched[each.provider_ref] = found
        OutputSMSMessage.objects.store_changes(
            list(touched.values()),
            [before[ref] for ref in touched],
            _TOLD,
        )
        early = [each for each in news if each.provider_ref not in messages]
        EarlySMSReceipt.objects.bulk_create(
            [
                EarlySMSReceipt(
                    backend_name=backend_name,
                    provider_ref=each.provider_ref,
                    state=each.state,
                    code=each.code,
                    detail=each.detail,
                )
                for each in early
                if keep
            ]
        )
    return {each.provider_ref for each in early}


def _tell(message: OutputSMSMessage, news: News) -> bool:
    """Apply a receipt to a message in memory, and say whether it changes the message."""
    if not may_become(message.state, news.state):
        return False
    message.extra_sender_data = {**(message.extra_sender_data or {}), "sender_state": _plain(news.code)}
    still_asked = message.poll is not None and news.state in {SMSState.SENT, SMSState.UNKNOWN}
    if message.state == SMSState.SENDING and still_asked:
        return True  # the provider has more to say, and is asked on
    message.state = news.state
    failed = news.state == SMSState.ERROR_UPDATE
    message.error = ": ".join(part for part in (news.code, news.detail) if part) or "Not delivered." if failed else None
    if news.state in {SMSState.DELIVERED, SMSState.ERROR_UPDATE}:
        message.poll = None
    return True


def _plain(code: str | None) -> str | int | None:
    return int(code) if code is not None and code.isascii() and code.isdigit() else code


def settle_asked(backend_name: str, handles: Sequence[str]) -> None:
    """Make messages `sent` of which a provider has said nothing final, and has no more to say."""
    with transaction.atomic(using=router.db_for_write(OutputSMSMessage)):
        rows = OutputSMSMessage.objects.select_for_update().filter(backend_name=backend_name, poll__in=handles)
        messages = list(rows)
        before = [message.state for message in messages]
        for message in messages:
            message.poll = None
            if message.state == SMSState.SENDING:
                message.state = SMSState.SENT
        OutputSMSMessage.objects.store_changes(messages, before, ("state", "poll"))


def take_in(backend_name: str, arrival: InboundArrival) -> str | None:
    """Store an inbound message, and what it says about consent. Returns its key, or None if it was known already."""
    arrival = bounded(arrival)
    address = read(arrival.msisdn)
    sender = with_plus(address)[:MAX_NUMBER]
    using = router.db_for_write(InboundSMSMessage)
    with transaction.atomic(using=using):
        fields = {
            "sender": sender,
            "recipient": with_plus(read(arrival.to))[:MAX_NUMBER],
            "content": arrival.body,
            "is_binary": arrival.kind is BodyKind.BINARY,
            "udh": arrival.udh,
            "sent_at": None if arrival.sent_at_ms is None else from_ms(arrival.sent_at_ms),
            "answers": OutputSMSMessage.objects.filter(recipient__in=spellings_of(sender)).first(),
        }
        if arrival.provider_ref is None:
            message, is_new = InboundSMSMessage.objects.create(backend_name=backend_name, **fields), True
        else:
            message, is_new = InboundSMSMessage.objects.get_or_create(
                backend_name=backend_name, provider_ref=arrival.provider_ref, defaults=fields
            )
        if not is_new:
            return None
        if arrival.kind is BodyKind.TEXT and is_msisdn(address) and conf.get("OPT_OUTS"):
            _note_consent(message, using)
        tell(sms_received, InboundSMSMessage, using=using, message=message)
    return str(message.pk)


def _note_consent(message: InboundSMSMessage, using: str) -> None:
    consent, known = consent_in(message.content), SMSOptOut.objects.of([message.sender])
    if consent is Consent.WITHDRAWN and not known.exists():
        _, is_new = SMSOptOut.objects.get_or_create(recipient=message.sender, defaults={"inbound": message})
        if is_new:
            tell(sms_opted_out, SMSOptOut, using=using, recipient=message.sender)
    elif consent is Consent.GIVEN:
        gone, _ = known.delete()
        if gone:
            tell(sms_opted_in, SMSOptOut, using=using, recipient=message.sender)


def forget_early_receipts() -> None:
    """Delete receipts whose message never came: most likely they are another system's."""
    EarlySMSReceipt.objects.filter(created_at__lt=timezone.now() - EARLY_KEPT).delete()
