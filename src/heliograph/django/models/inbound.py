"""What recipients write, and who asked not to be written to."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from heliograph.django.errors import SMSSendingError
from heliograph.django.models.messages import OutputSMSMessage
from heliograph.django.models.timed import Timed
from heliograph.django.recipients import one_spelling, spellings_of


class InboundSMSMessage(Timed):
    """A message that came in by a webhook."""

    sender = models.CharField(max_length=20, db_index=True)
    """Who wrote, with a plus where it is a number."""
    recipient = models.CharField(max_length=20, db_index=True)
    """To which of our numbers."""
    content = models.TextField(blank=True)
    """The text; of a binary message the data in base64."""
    is_binary = models.BooleanField(default=False)
    udh = models.TextField(blank=True, default="")
    """Hexadecimal."""
    sent_at = models.DateTimeField(null=True, blank=True)
    """By the network's clock, where the provider says."""
    backend_name = models.CharField(max_length=100)
    provider_ref = models.CharField(max_length=255, null=True, blank=True)
    """Makes a repetition recognisable."""
    answers = models.ForeignKey(
        OutputSMSMessage, null=True, blank=True, on_delete=models.SET_NULL, related_name="answered_by"
    )
    """The last message that was sent to its sender before."""

    class Meta:
        verbose_name = "inbound SMS"
        verbose_name_plural = "inbound SMS"
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["backend_name", "provider_ref"],
                condition=Q(provider_ref__isnull=False),
                name="heliograph_inbound_once",
            ),
        )

    def __str__(self) -> str:
        return self.sender


class OptOutQuerySet(models.QuerySet):
    def of(self, recipients: Iterable[str]) -> OptOutQuerySet:
        """Those of these numbers, however either is written."""
        return self.filter(recipient__in=set().union(*map(spellings_of, recipients)))


class SMSOptOut(Timed):
    """A number that is not written to any more."""

    recipient = models.CharField(max_length=20, unique=True)
    inbound = models.ForeignKey(InboundSMSMessage, null=True, blank=True, on_delete=models.SET_NULL)
    """What it said so with; null: somebody entered it."""

    objects = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name = "opt-out"
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.recipient

    def clean(self) -> None:
        """One spelling for each number. ValidationError for what is none."""
        try:
            self.recipient = one_spelling(self.recipient)
        except SMSSendingError as error:
            raise ValidationError({"recipient": str(error)}) from error

    def save(self, **options: object) -> None:
        """ValidationError as above: an opt-out that fits no recipient would keep nobody from being written to."""
        self.clean()
        super().save(**options)
