"""Inbound messages, and who asked not to be written to."""

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
    """A message that a phone sent to one of our numbers."""

    sender = models.CharField(max_length=20, db_index=True)
    """Who wrote it, with a plus if it is a number."""
    recipient = models.CharField(max_length=20, db_index=True)
    """Which of our numbers it was sent to."""
    content = models.TextField(blank=True)
    """The text; for a binary message, the data in base64."""
    is_binary = models.BooleanField(default=False)
    udh = models.TextField(blank=True, default="")
    """The user data header, in hexadecimal."""
    sent_at = models.DateTimeField(null=True, blank=True)
    """When it was sent, by the network's clock; null if the provider does not say."""
    backend_name = models.CharField(max_length=100)
    provider_ref = models.CharField(max_length=255, null=True, blank=True)
    """The provider's identifier, by which a repetition is recognized."""
    answers = models.ForeignKey(
        OutputSMSMessage, null=True, blank=True, on_delete=models.SET_NULL, related_name="answered_by"
    )
    """The last message that was sent to its sender before it came."""

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
        """Select the opt-outs of these numbers, however either is written."""
        return self.filter(recipient__in=set().union(*map(spellings_of, recipients)))


class SMSOptOut(Timed):
    """A number that is not written to any more."""

    recipient = models.CharField(max_length=20, unique=True)
    inbound = models.ForeignKey(InboundSMSMessage, null=True, blank=True, on_delete=models.SET_NULL)
    """The inbound message that asked for it; null if somebody entered it by hand."""

    objects = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name = "opt-out"
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.recipient

    def clean(self) -> None:
        """Write the number in its one spelling. Raises ValidationError if it is not a number."""
        try:
            self.recipient = one_spelling(self.recipient)
        except SMSSendingError as error:
            raise ValidationError({"recipient": str(error)}) from error

    def save(self, **options: object) -> None:
        """Store the opt-out with its number in its one spelling. Raises ValidationError if it is not a number.

        An opt-out that matches no recipient would keep nobody from being written to.
        """
        self.clean()
        super().save(**options)
