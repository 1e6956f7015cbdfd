"""Asking backends what became of messages, and noticing those of which nobody says anything."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import router, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from heliograph.django import conf
from heliograph.django.backends import get_backend
from heliograph.django.models.messages import OutputSMSMessage, chunks_of
from heliograph.django.publishing import free_left_claims, publish_left
from heliograph.django.receiving import forget_early_receipts
from heliograph.django.states import SMSState

log = logging.getLogger(__name__)

TIMED_OUT = "timeouted"
"""The error of messages that were on their way for too long; the word is pymess's."""


class Checked(NamedTuple):
    """What a check has come to."""

    asked: int
    """How many messages were on their way."""
    settled: int
    """How many of those that were on their way are settled now."""
    idle: int
    """How many messages were on their way for too long."""
    mistakes: list[str]
    """A sentence for each backend that could not be asked."""


def check() -> Checked:
    """Ask each backend about all messages that are on their way by it, with the configuration that they were sent with.

    Then deal with what has been on its way for too long, and with what processes that died have left, unsent or half
    sent.
    """
    sending = OutputSMSMessage.objects.filter(state=SMSState.SENDING)
    names = set(sending.order_by().values_list("backend_name", flat=True).distinct())
    asked = sending.count()
    mistakes = []
    for name in sorted(names | set(conf.backends())):
        try:
            get_backend(name).bulk_check_sms_states()
        except NotImplementedError:
            continue
        except (ImproperlyConfigured, ImportError) as error:
            mistakes.append(str(error))
        except Exception as error:  # the others are asked all the same
            log.exception("SMS backend could not be asked: %s", name)
            mistakes.append(f"{name}: {error}")
    left = sending.count()
    free_left_claims()
    publish_left()
    forget_early_receipts()
    return Checked(asked, max(asked - left, 0), settle_idle(), mistakes)


def check_some(messages: list[OutputSMSMessage]) -> list[str]:
    """Ask about these messages only, and return what went wrong: a sentence for each backend."""
    mistakes = []
    for name in sorted({message.backend_name for message in messages}):
        together = [message for message in messages if message.backend_name == name]
        try:
            backend = get_backend(name)
            for chunk in chunks_of(together):
                backend.update_sms_states(chunk)
        except NotImplementedError:
            mistakes.append(f"{name} can't be asked what became of messages.")
        except Exception as error:
            log.exception("SMS backend could not be asked: %s", name)
            mistakes.append(f"{name}: {error}")
    return mistakes


def settle_idle() -> int:
    """Count messages that are on their way for too long; log them or make them errors, as the settings say."""
    minutes = conf.get("IDLE_MINUTES")
    with transaction.atomic(using=router.db_for_write(OutputSMSMessage)):
        idle = _idle_since(timezone.now() - timedelta(minutes=minutes))
        if conf.get("LOG_IDLE_MESSAGES") and idle:
            log.warning('%d output SMS are more than %s minutes in the state "sending"', len(idle), minutes)
        if conf.get("SET_ERROR_TO_IDLE_MESSAGES"):
            before = [message.state for message in idle]
            for message in idle:
                message.state, message.error = SMSState.ERROR, TIMED_OUT
            OutputSMSMessage.objects.store_changes(idle, before, ("state", "error"))
    return len(idle)


def _idle_since(then: datetime) -> list[OutputSMSMessage]:
    """Lock and return messages that have been on their way since before `then`.

    The lock keeps a receipt that comes meanwhile from being overwritten.
    """
    return list(
        OutputSMSMessage.objects.select_for_update()
        .filter(state=SMSState.SENDING)
        .annotate(since=Coalesce("sent_at", "created_at"))
        .filter(since__lt=then)
    )
