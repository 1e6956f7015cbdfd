"""Templates of messages."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.template import Context, Template
from django.template.exceptions import TemplateDoesNotExist, TemplateSyntaxError

from heliograph.django.models.messages import OutputSMSMessage
from heliograph.django.models.related import SMSTemplateDisallowedObject
from heliograph.django.models.timed import Timed

if TYPE_CHECKING:
    from collections.abc import Iterable


class AbstractSMSTemplate(Timed):
    """Extend it, name the model in the setting TEMPLATE_MODEL, and override what should be different."""

    slug = models.SlugField(max_length=100)
    locale = models.CharField(max_length=10, blank=True, default="")
    """A language, such as `cs` or `pt-br`; empty: for all that have none of their own."""
    body = models.TextField()
    """In Django's template language. What is filled in is not escaped for HTML."""
    sender_name = models.CharField(max_length=20, blank=True, default="")
    """Its messages' originator; empty: the backend's."""
    is_active = models.BooleanField(default=True)
    """Nothing is sent from one that is not."""
    is_locked = models.BooleanField(default=False)
    """Can be neither changed nor deleted in the admin."""
    is_allowed_duplicate_messages = models.BooleanField("duplicates allowed", default=True)
    """Without: sent once for the same related objects."""

    class Meta:
        abstract = True
        verbose_name = "SMS template"
        verbose_name_plural = "SMS templates"
        ordering = ("slug", "locale")
        constraints = (
            models.UniqueConstraint(fields=["slug", "locale"], name="%(app_label)s_%(class)s_slug_and_locale"),
        )

    def __str__(self) -> str:
        return f"{self.slug} ({self.locale})" if self.locale else self.slug

    def save(self, **options: Any) -> None:
        """ValidationError for a body that can't be read."""
        self.clean_body()
        super().save(**options)

    def clean(self) -> None:
        self.clean_body()

    def clean_body(self, context_data: Mapping[str, Any] | None = None) -> None:
        """ValidationError for a body that Django can't read."""
        try:
            Template(self.get_body())
        except (TemplateSyntaxError, TemplateDoesNotExist) as error:
            raise ValidationError({"body": f"The body can't be read as a template: {error}"}) from error

    def get_body(self) -> str:
        """What is rendered."""
        return self.body

    def render_body(self, context_data: Mapping[str, Any], recipient: str | None = None) -> str:
        """The text of a message. It is plain text, so nothing is escaped: `O'Neil & Co` stays as it is."""
        return Template(self.get_body()).render(Context(dict(context_data), autoescape=False))

    def can_send(
        self,
        recipient: str,
        context_data: Mapping[str, Any] | None = None,
        related_objects: Sequence[models.Model] | None = None,
    ) -> bool:
        """Whether it may go out: active, allowed for these objects, and, without duplicates, not sent for them yet.

        The later line of pymess has the related objects in the second place, and so may they be here.
        """
        second: Any = context_data
        if related_objects is None and isinstance(second, list | tuple):
            related_objects = second
        return self.is_active and self.can_send_for_object(related_objects)

    def can_send_for_object(self, related_objects: Sequence[models.Model] | None) -> bool:
        if not self.is_allowed_duplicate_messages and self.exist_duplicate_messages(related_objects):
            return False
        return not related_objects or not _disallowed(self, related_objects)

    def exist_duplicate_messages(self, related_objects: Sequence[models.Model] | None) -> bool:
        """Whether a message from this template, in any language, is about all of these."""
        if not related_objects:
            return False
        messages = OutputSMSMessage.objects.filter(template_slug=self.slug)
        for each in related_objects:
            messages = messages.filter_related_object(each)
        return bool(messages.exists())

    def send(
        self,
        recipient: str,
        context_data: Mapping[str, Any],
        related_objects: Sequence[models.Model] | None = None,
        tag: str | None = None,
        **attributes: Any,
    ) -> OutputSMSMessage | None:
        """The message, or None if the template may not be sent. SMSSendingError as `send`."""
        from heliograph.django.sending import send

        with self._one_at_a_time(related_objects):
            if not with_what_it_takes(
                self.can_send, recipient=recipient, context_data=context_data, related_objects=related_objects
            ):
                return None
            content = with_what_it_takes(self.render_body, context_data=context_data, recipient=recipient)
            if self.sender_name:
                attributes.setdefault("sender", self.sender_name)
            return send(recipient, content, related_objects, tag, template=self, **attributes)

    def _one_at_a_time(self, related_objects: Sequence[models.Model] | None) -> AbstractContextManager[None]:
        """Without duplicates, who sends for the same object meanwhile waits to see what this one has stored."""
        from heliograph.django.locks import one_at_a_time

        if self.is_allowed_duplicate_messages or not related_objects:
            return nullcontext()
        return one_at_a_time(f"{self.slug} {each._meta.label_lower} {each.pk}" for each in related_objects)


def _disallowed(template: models.Model, related_objects: Iterable[models.Model]) -> bool:
    rows = SMSTemplateDisallowedObject.objects.filter_from_related_objects(*related_objects)
    return bool(rows.filter(models.Q(template=None) | models.Q(template=template.pk)).exists())


def with_what_it_takes(method: Callable[..., Any], **facts: Any) -> Any:
    """Calls a method that a project may have overridden with the parameters of either line of pymess.

    `can_send` takes (recipient, context_data) in one and (recipient, related_objects) in the other; `render_body`
    takes a recipient in one and not in the other.
    """
    parameters = inspect.signature(method).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return method(**facts)
    in_order = list(facts.values())
    return method(*(facts.get(name, in_order[place]) for place, name in enumerate(list(parameters)[: len(in_order)])))


class SMSTemplate(AbstractSMSTemplate):
    """The model that is used if the project names no other."""
