"""Making messages: the only place where a row of OutputSMSMessage begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import get_language

from heliograph.calling import plain
from heliograph.django import conf
from heliograph.django.backends import get_backend
from heliograph.django.errors import SMSSendingError
from heliograph.django.models.messages import CHUNK, MAX_CONTENT, OutputSMSMessage
from heliograph.django.models.related import OutputSMSRelatedObject, fields_of
from heliograph.django.publishing import publish_after_commit
from heliograph.django.recipients import canonical
from heliograph.django.routers import backend_names_for
from heliograph.engine.foreign import storable
from heliograph.text import TooManyParts, measure_text, to_ascii

_FIELDS = frozenset({"sender", "priority"})
"""The attributes that are fields of a message; all others are kept in `extra_data`."""


def send(
    recipient: str,
    content: str,
    related_objects: Sequence[models.Model] | None = None,
    tag: str | None = None,
    send_immediately: bool = False,
    *,
    template: models.Model | None = None,
    message_backend: str | None = None,
    **attributes: Any,
) -> OutputSMSMessage:
    """Store a message, and send it when the transaction around is committed.

    It is sent once, or not at all if the transaction is rolled back. Outside of a transaction it has been sent when
    this returns. With BATCH_SENDING it waits for the command `send_messages_batch`, unless `send_immediately`.

    `related_objects` are what it is about. `message_backend` is a name of BACKENDS; `sender` and `priority` are the
    message's; all other attributes are kept in `extra_data`. What went wrong at the provider is never raised: see
    `message.failed` and `message.error`.

    Raises SMSSendingError for a recipient that is no number, and for an empty or too long text.
    """
    (message,) = send_many(
        [recipient],
        content,
        related_objects,
        tag,
        send_immediately,
        template=template,
        message_backend=message_backend,
        **attributes,
    )
    return message


def send_many(
    recipients: Iterable[str],
    content: str,
    related_objects: Sequence[models.Model] | None = None,
    tag: str | None = None,
    send_immediately: bool = False,
    *,
    template: models.Model | None = None,
    message_backend: str | None = None,
    **attributes: Any,
) -> list[OutputSMSMessage]:
    """Send the same text to many; they are stored and handed to backends in chunks. All are stored, or none.

    Raises SMSSendingError for the first recipient, or the text, that is wrong. All else is as in `send`.
    """
    messages = _drafts(recipients, content, tag, template, message_backend, attributes)
    about = [fields_of(each) for each in related_objects or ()]
    _store([(message, about) for message in messages], send_immediately)
    return messages


def send_template(
    recipient: str,
    slug: str,
    context_data: Mapping[str, Any],
    related_objects: Sequence[models.Model] | None = None,
    tag: str | None = None,
    send_immediately: bool = False,
    *,
    locale: str | None = None,
    **attributes: Any,
) -> OutputSMSMessage | None:
    """Send what a template makes of `context_data`; return None if the template may not be sent.

    `locale` defaults to the language that is active; a template of that language is taken, else of the language without
    its region, else the one without a language. Raises DoesNotExist of the template's model if there is none. All else
    is as in `send`.
    """
    return template_for(slug, locale).send(
        recipient,
        context_data,
        related_objects=related_objects,
        tag=tag,
        **_immediately(send_immediately),
        **attributes,
    )


def template_for(slug: str, locale: str | None = None) -> Any:
    """Find the template for a slug and a language. Raises DoesNotExist of its model."""
    model: Any = apps.get_model(conf.template_model())
    wanted = (locale or get_language() or "").lower().replace("_", "-")
    by_locale = {
        (each.locale or "").lower().replace("_", "-"): each for each in model._default_manager.filter(slug=slug)
    }
    for name in (wanted, wanted.partition("-")[0], ""):
        if name in by_locale:
            return by_locale[name]
    raise model.DoesNotExist(f"There is no SMS template {slug!r}{f' for {wanted!r}' if by_locale else ''}.")


asend = sync_to_async(send)
asend_many = sync_to_async(send_many)
asend_template = sync_to_async(send_template)


class SentAgain(NamedTuple):
    """What `send_again` has come to."""

    sent: list[OutputSMSMessage]
    """The new messages."""
    refused: list[tuple[OutputSMSMessage, SMSSendingError]]
    """Old messages that can't be sent any more as they are, and why."""


def send_again(messages: Sequence[OutputSMSMessage]) -> SentAgain:
    """Send messages once more, as new ones, whose `extra_data` says of which they are copies."""
    prefetch_related_objects(messages, "template", "related_objects")
    again, refused = [], []
    for message in messages:
        attributes = {**(message.extra_data or {}), "resend_of": message.pk, "priority": message.priority}
        if message.sender is not None:
            attributes["sender"] = message.sender
        about = [
            {"content_type_id": each.content_type_id, "object_id": each.object_id, "object_id_int": each.object_id_int}
            for each in message.related_objects.all()
        ]
        try:
            (draft,) = _drafts([message.recipient], message.content, message.tag, message.template, None, attributes)
        except SMSSendingError as error:
            refused.append((message, error))
        else:
            again.append((draft, about))
    _store(again)
    return SentAgain([draft for draft, _ in again], refused)


def content_of(text: object) -> str:
    """Write a text as it is stored: without accents, unless USE_ACCENT. Raises SMSSendingError."""
    content = plain(str(text if text is not None else ""))  # what templates make is of another class
    if not conf.get("USE_ACCENT"):
        content = to_ascii(content)
    if not content.strip():
        raise SMSSendingError("The text is empty.")
    if storable(content) != content:
        raise SMSSendingError("The text has a character that no text can have: U+0000, or half of a surrogate pair.")
    if len(content) > MAX_CONTENT:
        raise SMSSendingError(f"The text has {len(content)} characters; {MAX_CONTENT} are the most.")
    return content


def parts_of(content: str) -> int | None:
    """Count the parts of a text; None if it has too many to be sent."""
    try:
        return measure_text(content).parts
    except TooManyParts:
        return None


def _drafts(
    recipients: Iterable[str],
    content: str,
    tag: str | None,
    template: models.Model | None,
    message_backend: str | None,
    attributes: Mapping[str, Any],
) -> list[OutputSMSMessage]:
    """Make messages that are not stored yet. Raises SMSSendingError."""
    text = content_of(content)
    fields = {name: attributes[name] for name in _FIELDS & attributes.keys()}
    if fields.get("sender") is not None:
        fields["sender"] = plain(str(fields["sender"]))
    fields |= {
        "content": text,
        "parts": parts_of(text),
        "tag": tag,
        "template": template,
        "template_slug": getattr(template, "slug", None),
        "extra_data": {name: value for name, value in attributes.items() if name not in _FIELDS},
    }
    numbers = [canonical(recipient) for recipient in recipients]
    names = [message_backend] * len(numbers) if message_backend else backend_names_for(numbers)
    backends = {name: get_backend(name) for name in set(names)}
    usual = {name: backend.get_extra_message_kwargs() for name, backend in backends.items()}
    messages = [
        OutputSMSMessage(
            **{
                "state": backends[name].get_initial_sms_state(number),
                **usual[name],
                "recipient": number,
                "backend_name": name,
                **fields,
            }
        )
        for number, name in zip(numbers, names, strict=True)
    ]
    for message in {message.backend_name: message for message in messages}.values():
        _require(message)  # the others differ in what has been looked at
    return messages


def _require(message: OutputSMSMessage) -> None:
    """Check a message's fields. Raises SMSSendingError for a tag, a sender or a priority that does not fit."""
    try:
        message.clean_fields(exclude={"template"})
    except ValidationError as error:
        told = "; ".join(f"{name}: {' '.join(words)}" for name, words in error.message_dict.items())
        raise SMSSendingError(told) from error


def _immediately(wanted: bool) -> dict[str, Any]:
    """Return the argument only if it is wanted: templates of projects may not take it."""
    return {"send_immediately": True} if wanted else {}


def _store(
    drafts: Sequence[tuple[OutputSMSMessage, Sequence[Mapping[str, Any]]]], send_immediately: bool = False
) -> None:
    """Store messages, each with the rows that say what it is about, and have them published after the commit."""
    messages = [message for message, _ in drafts]
    with transaction.atomic(using=router.db_for_write(OutputSMSMessage)):
        OutputSMSMessage.objects.bulk_create(messages, batch_size=CHUNK)
        OutputSMSRelatedObject.objects.bulk_create(
            [OutputSMSRelatedObject(output_sms_message=message, **each) for message, about in drafts for each in about],
            batch_size=CHUNK,
        )
        if send_immediately or not conf.get("BATCH_SENDING"):
            publish_after_commit(messages)
