"""What pymess has in `pymess.backend.sms`: functions that send, the base class, and its later line's controller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from heliograph.django import conf
from heliograph.django.backends import SMSBackend, get_backend
from heliograph.django.checking import check
from heliograph.django.errors import SMSSendingError
from heliograph.django.models import OutputSMSMessage
from heliograph.django.publishing import publish
from heliograph.django.routers import backend_names_for
from heliograph.django.sending import send, send_many, send_template

__all__ = ["SMSBackend", "SMSController", "send", "send_template"]


class SMSController:
    """What `send` and the commands do, as an object."""

    model = OutputSMSMessage
    SMSSendingError = SMSSendingError

    def send(self, recipient: str, content: str, *arguments: Any, **attributes: Any) -> OutputSMSMessage:
        return send(recipient, content, *arguments, **attributes)

    def bulk_send(
        self,
        recipients: Iterable[str],
        content: str,
        related_objects: Any = None,
        tag: str | None = None,
        template: Any = None,
        **attributes: Any,
    ) -> list[OutputSMSMessage]:
        """Send a text to many at once, as pymess does, even with batch sending."""
        return send_many(recipients, content, related_objects, tag, True, template=template, **attributes)

    def bulk_send_messages(self, messages: Sequence[OutputSMSMessage]) -> None:
        publish(messages)

    def publish_or_retry_message(self, message: OutputSMSMessage) -> bool:
        """Publish a message, and say whether that succeeded."""
        publish([message])
        return not message.failed

    def get_waiting_or_retry_messages(self) -> Any:
        return OutputSMSMessage.objects.publishable()

    def bulk_check_sms_states(self) -> None:
        check()

    def get_backend(self, recipient: str) -> SMSBackend:
        return get_backend(backend_names_for([recipient])[0])

    def is_turned_on_batch_sending(self) -> bool:
        return bool(conf.get("BATCH_SENDING"))
