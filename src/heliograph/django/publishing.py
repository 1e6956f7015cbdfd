"""Handing messages to their backends: claimed first, so that nobody else hands over the same.

A process that dies in between leaves its claim. When that is old, a message whose backend takes each message once is
free again; any other becomes UNKNOWN, because it may have gone out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import router, transaction
from django.utils import timezone

from heliograph.django import conf
from heliograph.django.backends import get_backend
from heliograph.django.errors import SMSSendingError
from heliograph.django.models.inbound import SMSOptOut
from heliograph.django.models.messages import CHUNK, OutputSMSMessage, chunks_of
from heliograph.django.recipients import spellings_of
from heliograph.django.states import PUBLISHABLE, SMSState
from heliograph.domain.ids import new_id

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)
"""A claim that is older was left by a process that died: far more than any backend takes for a chunk."""
PATIENCE = timedelta(minutes=1)
"""How long the process that stored a message has to send it, before another takes it for dead."""
OPTED_OUT = "The recipient opted out."
TOO_OLD = "It is older than MAX_SECONDS_TO_SEND."
NOT_AGAIN = "It was tried as often as MAX_SEND_ATTEMPTS allows."
LEFT = "The process that sent it ended before it knew what became of it."
SILENT = "The backend did not say what became of it."


def publish_after_commit(messages: Sequence[OutputSMSMessage]) -> None:
    """Publishes messages that have just been stored, when they are committed.

    Where nothing leaves this process, nothing has to be waited for: that is done at once, and rolled back with all.
    """
    names = {message.backend_name for message in messages}
    leaving_by = {name for name in names if get_backend(name).leaves_process}
    leaving = [message for message in messages if message.backend_name in leaving_by]
    publish([message for message in messages if message.backend_name not in leaving_by])
    if leaving:
        transaction.on_commit(lambda: publish(leaving), using=router.db_for_write(OutputSMSMessage))


def publish(messages: Sequence[OutputSMSMessage]) -> None:
    """Hands over those that nobody else has taken; the objects say afterwards what became of them."""
    for chunk in chunks_of(messages):
        claimed = _claim(chunk)
        opted_out = _opted_out(claimed)
        _fail([(message, OPTED_OUT) for message in claimed if message.recipient in opted_out])
        by_backend: dict[str, list[OutputSMSMessage]] = {}
        for message in claimed:
            if message.recipient not in opted_out:
                by_backend.setdefault(message.backend_name, []).append(message)
        for name, together in by_backend.items():
            _hand_over(name, together)


def publish_due(limit: int) -> Iterator[OutputSMSMessage]:
    """Publishes up to `limit` messages that are due, and yields each when that is done."""
    yield from _published(OutputSMSMessage.objects.due()[:limit], max(limit // 10, 20))


def publish_left() -> int:
    """Publishes messages that were stored to be sent at once, by a process that ended before it did. How many."""
    if conf.get("BATCH_SENDING"):
        return 0  # the command for batches has them
    left = OutputSMSMessage.objects.due().filter(created_at__lt=timezone.now() - PATIENCE)
    return sum(1 for _ in _published(left))


def free_left_claims() -> int:
    """Deals with what processes that died have left. How many messages."""
    with transaction.atomic(using=router.db_for_write(OutputSMSMessage)):
        stale = {"state__in": PUBLISHABLE, "claim__isnull": False, "claimed_at__lt": timezone.now() - LEASE}
        left = list(OutputSMSMessage.objects.select_for_update().filter(**stale))
        harmless = {name for name in {message.backend_name for message in left} if _takes_each_once(name)}
        before = [message.state for message in left]
        for message in left:
            message.claim = message.claimed_at = None
            if message.backend_name not in harmless:
                message.state, message.error = SMSState.UNKNOWN, LEFT
        OutputSMSMessage.objects.store_changes(left, before, ("state", "error", "claim", "claimed_at"))
    return len(left)


def _published(messages: Iterable[OutputSMSMessage], together: int = CHUNK) -> Iterator[OutputSMSMessage]:
    """Those that went too often, or are too old, fail instead."""
    for chunk in chunks_of(messages, together):
        most = {name: _most_attempts(name) for name in {message.backend_name for message in chunk}}
        hopeless = {
            message.pk: why for message in chunk if (why := _why_not(message, most[message.backend_name])) is not None
        }
        given_up = _claim([message for message in chunk if message.pk in hopeless])
        _fail([(message, hopeless[message.pk]) for message in given_up])
        publish([message for message in chunk if message.pk not in hopeless])
        yield from chunk


def _claim(messages: Sequence[OutputSMSMessage]) -> list[OutputSMSMessage]:
    """Those that nobody else has: one statement decides, on either database."""
    claim, now = new_id(), timezone.now()
    keys = [message.pk for message in messages]
    OutputSMSMessage.objects.publishable().filter(pk__in=keys).update(claim=claim, claimed_at=now)
    ours = set(OutputSMSMessage.objects.filter(claim=claim).values_list("pk", flat=True))
    claimed = [message for message in messages if message.pk in ours]
    for message in claimed:
        message.claim, message.claimed_at = claim, now
    return claimed


def _opted_out(messages: Sequence[OutputSMSMessage]) -> set[str]:
    """Recipients of these messages, as they are written there."""
    if not conf.get("OPT_OUTS"):
        return set()
    recipients = {message.recipient for message in messages}
    silent = set(SMSOptOut.objects.of(recipients).values_list("recipient", flat=True))
    return {recipient for recipient in recipients if silent & spellings_of(recipient)} if silent else set()


def _hand_over(name: str, messages: list[OutputSMSMessage]) -> None:
    try:
        backend = get_backend(name)
        backend.publish_messages(sorted(messages, key=lambda message: message.priority))
    except Exception as error:
        log.exception("SMS backend failed: %s", name)
        unsaid = _unsaid(messages)
        _fail([(message, f"{type(error).__name__}: {error}") for message in unsaid])
        return
    for message in _unsaid(messages):
        message.change_and_save(state=SMSState.UNKNOWN, error=SILENT)


def _unsaid(messages: Sequence[OutputSMSMessage]) -> list[OutputSMSMessage]:
    """Those of which the backend wrote nothing down, here or in rows that it read for itself."""
    silent = [message for message in messages if message.claim is not None]
    states = dict(OutputSMSMessage.objects.filter(pk__in=[each.pk for each in silent]).values_list("pk", "state"))
    for message in silent:
        if states.get(message.pk, message.state) not in PUBLISHABLE:
            message.refresh_from_db()
            message.change_and_save(claim=None)
    return [message for message in silent if states.get(message.pk) in PUBLISHABLE]


def _fail(reasons: Sequence[tuple[OutputSMSMessage, str]]) -> None:
    messages = [message for message, _ in reasons]
    before = [message.state for message in messages]
    for message, why in reasons:
        message.state, message.error, message.claim = SMSState.ERROR, why, None
    OutputSMSMessage.objects.store_changes(messages, before, ("state", "error", "claim"))


def _why_not(message: OutputSMSMessage, most_attempts: int) -> str | None:
    if message.number_of_send_attempts > most_attempts:
        return NOT_AGAIN
    if message.created_at < timezone.now() - timedelta(seconds=conf.get("MAX_SECONDS_TO_SEND")):
        return TOO_OLD
    return None


def _most_attempts(name: str) -> int:
    """What the settings say, where the backend is gone."""
    try:
        return get_backend(name).get_batch_max_number_of_send_attempts()
    except (ImproperlyConfigured, ImportError):
        return int(conf.get("MAX_SEND_ATTEMPTS"))


def _takes_each_once(name: str) -> bool:
    """No, where the backend is gone or can't be used any more."""
    try:
        return get_backend(name).takes_each_once
    except (ImproperlyConfigured, ImportError, SMSSendingError):
        return False
