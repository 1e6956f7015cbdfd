"""Messages on their way out, and receipts that came before their messages were known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, router, transaction
from django.db.models import Q
from django.utils import timezone

from heliograph.django import conf
from heliograph.django.models.related import Related
from heliograph.django.models.timed import Timed
from heliograph.django.signals import sms_state_changed, tell
from heliograph.django.states import FAILED, PUBLISHABLE, SMSState
from heliograph.domain.ids import new_id

MAX_CONTENT = 700
CHUNK = 500
"""The most rows in one statement."""


def default_priority() -> int:
    return int(conf.get("DEFAULT_PRIORITY"))


class MessageQuerySet(models.QuerySet):
    def filter_related_object(self, related_object: models.Model) -> MessageQuerySet:
        """Select the messages that are about an object."""
        return self.filter(**_about(type(related_object), related_object.pk))

    def filter_related_objects(self, related_objects: models.QuerySet) -> MessageQuerySet:
        """Select the messages that are about any of these objects, in one query."""
        model = related_objects.model
        about = Related.of(model)
        if about.integer_key:
            return self.filter(
                related_objects__content_type=about.content_type,
                related_objects__object_id_int__in=related_objects.values("pk"),
            ).distinct()
        keys = [str(key) for key in related_objects.values_list("pk", flat=True)]
        return self.filter(
            related_objects__content_type=about.content_type, related_objects__object_id__in=keys
        ).distinct()

    def publishable(self) -> MessageQuerySet:
        """Select the messages that no backend has and nobody is about to give to one."""
        return self.filter(state__in=PUBLISHABLE, claim=None)

    def due(self) -> MessageQuerySet:
        """Select the publishable messages that may go now, the urgent and then the old ones first."""
        now = timezone.now()
        return (
            self.publishable()
            .filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=now))
            .order_by("priority", "created_at", "pk")
        )

    def on_their_way(self, backend_name: str) -> Iterator[list[OutputSMSMessage]]:
        """Yield the messages that a backend is sending, in chunks."""
        return in_key_order(self.filter(state=SMSState.SENDING, backend_name=backend_name))

    def failed(self) -> MessageQuerySet:
        return self.filter(state__in=FAILED)


def _about(model: type[models.Model], key: Any) -> dict[str, Any]:
    about = Related.of(model)
    found: dict[str, Any] = {"related_objects__content_type": about.content_type}
    if about.integer_key:
        return found | {"related_objects__object_id_int": key}
    return found | {"related_objects__object_id": str(key)}


class MessageManager(models.Manager.from_queryset(MessageQuerySet)):  # type: ignore[misc]
    def was_sent(self, template_slug: str, related_object: models.Model) -> bool:
        """Say whether there is a message from this template about the object."""
        return bool(self.filter(template_slug=template_slug).filter_related_object(related_object).exists())

    def store_changes(
        self, messages: Sequence[OutputSMSMessage], before: Sequence[int], fields: Collection[str]
    ) -> None:
        """Store these fields of messages in chunks, and send a signal for each state that is not as in `before`."""
        now = timezone.now()
        for chunk in chunks_of(messages):
            for message in chunk:
                message.changed_at = now
            self._write(chunk, {*fields, "changed_at"})
        for message, old_state in zip(messages, before, strict=True):
            message.tell_of_change(old_state)

    def _write(self, messages: Sequence[OutputSMSMessage], fields: Collection[str]) -> None:
        """Write these fields of messages in few statements.

        Values that all of them share are written by one UPDATE: a value for each row and field takes Django several
        times as long.
        """
        first = messages[0]
        same = {
            field: getattr(first, field)
            for field in fields
            if all(getattr(each, field) == getattr(first, field) for each in messages)
        }
        with transaction.atomic(using=router.db_for_write(self.model)):
            if differing := set(fields) - same.keys():
                self.bulk_update(messages, differing)
            self.filter(pk__in=[each.pk for each in messages]).update(**same)


class OutputSMSMessage(Timed):
    """A message, from the moment in which it was wanted to its last receipt."""

    State = STATE = SMSState
    """The states, by the names that both lines of pymess have: one calls them STATE, the other State."""

    uid = models.CharField(max_length=32, unique=True, default=new_id, editable=False)
    """Our identifier at providers, by which they recognize a repetition."""
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When its backend sent it."""
    recipient = models.CharField(max_length=20, db_index=True)
    sender = models.CharField(max_length=20, null=True, blank=True)
    """The originator; null means the backend's."""
    content = models.TextField(max_length=MAX_CONTENT)
    template = models.ForeignKey(
        conf.template_model(),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="output_sms_messages",
    )
    template_slug = models.SlugField(max_length=100, null=True, blank=True, editable=False)
    """The template's slug, which stays when the template is deleted."""
    state = models.IntegerField(choices=SMSState.choices, default=SMSState.WAITING, editable=False)
    backend = models.CharField(max_length=250, null=True, blank=True, editable=False)
    """The dotted path of the backend's class."""
    backend_name = models.CharField(max_length=100, editable=False)
    """The backend's name in the settings, by which it is found again for checks and receipts."""
    provider_ref = models.CharField(max_length=255, null=True, blank=True, editable=False)
    """The provider's identifier of it."""
    poll = models.CharField(max_length=255, null=True, blank=True, editable=False)
    """The question for the provider about it; null if there is none: it tells by itself, or not at all."""
    error = models.TextField(null=True, blank=True, editable=False)
    extra_data = models.JSONField(null=True, blank=True, editable=False, encoder=DjangoJSONEncoder)
    extra_sender_data = models.JSONField(null=True, blank=True, editable=False, encoder=DjangoJSONEncoder)
    tag = models.SlugField(null=True, blank=True, editable=False)
    number_of_send_attempts = models.PositiveIntegerField(default=0, editable=False)
    priority = models.PositiveSmallIntegerField(default=default_priority)
    next_attempt_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When it may be tried again; null means at once."""
    parts = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    claim = models.CharField(max_length=32, null=True, blank=True, editable=False)
    """Set while somebody gives it to a backend, so that nobody else does."""
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MessageManager()

    class Meta:
        verbose_name = "output SMS"
        verbose_name_plural = "output SMS"
        ordering = ("-created_at", "-pk")
        indexes = (
            models.Index(fields=["state", "priority", "created_at"], name="heliograph_queue"),
            models.Index(fields=["backend_name", "provider_ref"], name="heliograph_provider_ref"),
            models.Index(fields=["created_at"], name="heliograph_newest"),
            models.Index(fields=["claim"], name="heliograph_claim"),
        )

    def __str__(self) -> str:
        return self.recipient

    @property
    def failed(self) -> bool:
        """Say whether it was not sent, was not delivered, or will be tried again."""
        return self.state in FAILED

    def change_and_save(self, **fields: Any) -> OutputSMSMessage:
        """Store these fields only, and send a signal if the state has changed. Backends use this."""
        before = self.state
        for name, value in fields.items():
            setattr(self, name, value)
        if "state" in fields:
            self.claim = None
            fields["claim"] = None
        self.save(update_fields=set(fields))
        self.tell_of_change(before)
        return self

    def tell_of_change(self, old_state: int) -> None:
        """Send the signal once the change is committed, if the state is not `old_state` any more."""
        if self.state != old_state:
            tell(
                sms_state_changed,
                type(self),
                using=router.db_for_write(type(self)),
                message=self,
                old_state=SMSState(old_state),
                new_state=SMSState(self.state),
            )


class EarlySMSReceipt(models.Model):
    """A receipt that came before its message knew the provider's identifier."""

    created_at = models.DateTimeField(default=timezone.now)
    backend_name = models.CharField(max_length=100)
    provider_ref = models.CharField(max_length=255)
    state = models.IntegerField(choices=SMSState.choices)
    code = models.CharField(max_length=100, null=True)
    detail = models.TextField(null=True)

    class Meta:
        indexes = (models.Index(fields=["backend_name", "provider_ref"], name="heliograph_early"),)

    def __str__(self) -> str:
        return f"{self.backend_name}: {self.provider_ref}"


def chunks_of(rows: Iterable[Any], size: int = CHUNK) -> Iterable[list[Any]]:
    """Split rows into lists of at most `size`."""
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def in_key_order(rows: models.QuerySet) -> Iterator[list[Any]]:
    """Yield rows in chunks, in the order of their keys.

    Each chunk is a query of its own: rows may change meanwhile. Rows that come meanwhile are left out.
    """
    rows = rows.order_by("pk")
    newest = rows.last()
    if newest is None:
        return
    rows = rows.filter(pk__lte=newest.pk)  # or whoever makes rows of what it gets would never end
    chunk = list(rows[:CHUNK])
    while chunk:
        yield chunk
        chunk = list(rows.filter(pk__gt=chunk[-1].pk)[:CHUNK])
