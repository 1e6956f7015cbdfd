"""The backend for projects that should send nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.utils import timezone

from heliograph.django.backends.base import SMSBackend
from heliograph.django.models.messages import OutputSMSMessage
from heliograph.django.states import SMSState


class DummySMSBackend(SMSBackend):
    """Sends nothing: messages are only stored, in the state DEBUG."""

    leaves_process: ClassVar[bool] = False

    def publish_message(self, message: OutputSMSMessage) -> None:
        self.publish_messages([message])

    def publish_messages(self, messages: Sequence[OutputSMSMessage]) -> None:
        before = [message.state for message in messages]
        for message in messages:
            message.state, message.sent_at, message.claim = SMSState.DEBUG, timezone.now(), None
            message.backend, message.extra_sender_data = self.path, {}
            message.number_of_send_attempts += 1
        fields = ("state", "sent_at", "claim", "backend", "extra_sender_data", "number_of_send_attempts")
        OutputSMSMessage.objects.store_changes(messages, before, fields)
