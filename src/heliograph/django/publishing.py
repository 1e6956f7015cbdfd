"""Handing messages to their backends: each by one process, once.

The problem. A request that stores a message, the command for batches and the command for checks may see it at the same
time, in several processes; only one of them may hand it over. And a process may die at any moment: what it had in hand
must neither be forgotten nor go out twice.

How it works. A message in a publishable state without a claim is free. `_claim` writes a new claim into the free ones
of a chunk by one UPDATE; whoever's claim a row has is the one who hands it over. Claims are committed before a backend
is called. The backend stores a state for each message, and storing a state ends the claim. If it raises, messages that
it stored no state for fail; if it returns without storing one, they become UNKNOWN, because they may have gone out.

Why not a row lock: it would keep a transaction open while a provider answers, receipts would wait for it, and a
rollback would forget what has gone out already.

If a process dies:

* before the commit that stores a message, there is none;
* after it and before the claim, `publish_left` finds the message after `PATIENCE`, unless it waits for the command for
  batches anyway;
* with the claim, `free_left_claims` finds it after `LEASE`: it is free again if its backend takes each message once,
  else it becomes UNKNOWN;
* after the backend has stored a state, that stands.

Both of these run with every check (`checking.py`). A live process is never mistaken for a dead one as long as it hands
a chunk over within `LEASE`.
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
"""A claim older than this was left by a process that died: it is far more than any backend takes for a chunk."""
PATIENCE = timedelta(minutes=1)
"""How long the process that stored a message has to send it, before another takes it for dead."""
OPTED_OUT = "The recipient opted out."
TOO_OLD = "It is older than MAX_SECONDS_TO_SEND."
NOT_AGAIN = "It was tried as often as MAX_SEND_ATTEMPTS allows."
LEFT = "The process that sent it ended before it knew what became of it."
SILENT = "The backend did not say what became of it."


def publish_after_commit(messages: Sequence[OutputSMSMessage]) -> None:
    """Publish messages that have just been stored, as soon as they are committed.

    Backends that send nothing out of this process are called at once, inside the transaction, and rolled back with it.
    """
    names = {message.backend_name for message in messages}
    leaving_by = {name for name in names if get_backend(name).leaves_process}
    leaving = [message for message in messages if message.backend_name in leaving_by]
    publish([message for message in messages if message.backend_name not in leaving_by])
    if leaving:
        transaction.on_commit(lambda: publish(leaving), using=router.db_for_write(OutputSMSMessage))


def publish(messages: Sequence[OutputSMSMessage]) -> None:
    """Hand over the messages that nobody else has claimed; the objects tell afterwards what became of them."""
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
    """Publish up to `limit` messages that are due, and yield each when that is done."""
    yield from _published(OutputSMSMessage.objects.due()[:limit], max(limit // 10, 20))


def publish_left() -> int:
    """Publish messages that were to be sent at once by a process that ended before it did, and count them."""
    if conf.get("BATCH_SENDING"):
        return 0  # the command for batches has them
    left = OutputSMSMessage.objects.due().filter(created_at__lt=timezone.now() - PATIENCE)
    return sum(1 for _ in _published(left))


def free_left_claims() -> int:
    """Settle what processes that died have left claimed, and return how many messages that were."""
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
    """Publish messages and yield them; those that were tried too often, or are too old, fail instead."""
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
    """Claim messages, and return those that nobody else had: one UPDATE decides, on either database."""
    # An UPDATE can't return rows on every database of Django's: what it has taken is found by the claim.
    claim, now = new_id(), timezone.now()
    keys = [message.pk for message in messages]
    OutputSMSMessage.objects.publishable().filter(pk__in=keys).update(claim=claim, claimed_at=now)
    ours = set(OutputSMSMessage.objects.filter(claim=claim).values_list("pk", flat=True))
    claimed = [message for message in messages if message.pk in ours]
    for message in claimed:
        message.claim, message.claimed_at = claim, now
    return claimed


def _opted_out(messages: Sequence[OutputSMSMessage]) -> set[str]:
    """Find the recipients of these messages that have opted out, as the messages spell them."""
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
    """Return the messages of which the backend stored no result, here or in rows that it read for itself."""
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
    """Return the backend's limit of attempts, or that of the settings if the backend is gone."""
    try:
        return get_backend(name).get_batch_max_number_of_send_attempts()
    except (ImproperlyConfigured, ImportError):
        return int(conf.get("MAX_SEND_ATTEMPTS"))


def _takes_each_once(name: str) -> bool:
    """Say whether a backend takes each message once; one that is gone or can't be used does not."""
    try:
        return get_backend(name).takes_each_once
    except (ImproperlyConfigured, ImportError, SMSSendingError):
        return False
