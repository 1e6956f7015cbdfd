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
    """A template. Extend it, name the model in the setting TEMPLATE_MODEL, and override what should differ."""

    slug = models.SlugField(max_length=100)
    locale = models.CharField(max_length=10, blank=True, default="")
    """A language, such as `cs` or `pt-br`; empty for all languages without a template of their own."""
    body = models.TextField()
    """The text in Django's template language; values that are filled in are not escaped for HTML."""
    sender_name = models.CharField(max_length=20, blank=True, default="")
    """The originator of its messages; empty means the backend's."""
    is_active = models.BooleanField(default=True)
    """Whether anything may be sent from it."""
    is_locked = models.BooleanField(default=False)
    """Whether the admin lets nobody change or delete it."""
    is_allowed_duplicate_messages = models.BooleanField("duplicates allowed", default=True)
    """Whether it may be sent more than once about the same related objects."""

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
        """Store the template. Raises ValidationError for a body that Django can't read."""
        self.clean_body()
        super().save(**options)

    def clean(self) -> None:
        self.clean_body()

    def clean_body(self, context_data: Mapping[str, Any] | None = None) -> None:
        """Check the body. Raises ValidationError if Django can't read it."""
        try:
            Template(self.get_body())
        except (TemplateSyntaxError, TemplateDoesNotExist) as error:
            raise ValidationError({"body": f"The body can't be read as a template: {error}"}) from error

    def get_body(self) -> str:
        """Return the body that is rendered; projects may override it."""
        return self.body

    def render_body(self, context_data: Mapping[str, Any], recipient: str | None = None) -> str:
        """Render the text of a message. Nothing is escaped, since it is plain text: `O'Neil & Co` stays as it is."""
        return Template(self.get_body()).render(Context(dict(context_data), autoescape=False))

    def can_send(
        self,
        recipient: str,
        context_data: Mapping[str, Any] | None = None,
        related_objects: Sequence[models.Model] | None = None,
    ) -> bool:
        """Say whether it may be sent: it is active, allowed for these objects, and no forbidden duplicate.

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
        """Say whether a message from this template, in any language, is about all of these objects."""
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
        """Send what the template makes of `context_data`; return None if it may not be sent.

        Raises SMSSendingError as `heliograph.django.send` does.
        """
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
        """Enter a lock if duplicates are forbidden: who sends for the same object then sees what was stored first."""
        from heliograph.django.locks import one_at_a_time

        if self.is_allowed_duplicate_messages or not related_objects:
            return nullcontext()
        return one_at_a_time(f"{self.slug} {each._meta.label_lower} {each.pk}" for each in related_objects)


def _disallowed(template: models.Model, related_objects: Iterable[models.Model]) -> bool:
    rows = SMSTemplateDisallowedObject.objects.filter_from_related_objects(*related_objects)
    return bool(rows.filter(models.Q(template=None) | models.Q(template=template.pk)).exists())


def with_what_it_takes(method: Callable[..., Any], **facts: Any) -> Any:
    """Call a method that a project may have overridden with the parameters of either line of pymess.

    `can_send` takes (recipient, context_data) in one and (recipient, related_objects) in the other; `render_body` takes
    a recipient in one and not in the other.
    """
    parameters = inspect.signature(method).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return method(**facts)
    in_order = list(facts.values())
    return method(*(facts.get(name, in_order[place]) for place, name in enumerate(list(parameters)[: len(in_order)])))


class SMSTemplate(AbstractSMSTemplate):
    """The template model of projects that name no other."""
