"""What a backend is: extend SMSBackend for one of your own (reference: pymess.md, section 5).

A backend that only sends needs `publish_message`. One that can take several messages in a request overrides
`publish_messages`; one that can ask what became of them, `update_sms_states` or `bulk_check_sms_states`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone

from heliograph.django import conf
from heliograph.django.errors import SMSSendingError
from heliograph.django.retries import next_attempt_at
from heliograph.django.states import SMSState

if TYPE_CHECKING:
    from datetime import datetime

    from heliograph.django.models.messages import OutputSMSMessage


class SMSBackend:
    SMSSendingError = SMSSendingError

    config: Mapping[str, Any] = {}
    """The defaults of the class; an object has the settings' values over them."""
    name: str = "default"
    """The backend's name in the settings."""
    leaves_process: ClassVar[bool] = True
    """Whether it sends anything to anybody; one that does not need not wait for a commit."""
    takes_each_once: ClassVar[bool] = False
    """Whether a message may be handed to it again without going out twice."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.config = {**self.config, **(config or {})}

    @classmethod
    def require(cls, config: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the settings' config, as a sentence without any secret; None if nothing is."""
        return None

    # -- to be overridden

    def publish_message(self, message: OutputSMSMessage) -> None:
        """Send a message, and store what became of it.

        It should raise nothing; if it does, the message is in the state ERROR afterwards.
        """
        raise NotImplementedError(f"{type(self).__name__} has no publish_message")

    def publish_messages(self, messages: Sequence[OutputSMSMessage]) -> None:
        """Send several messages, the urgent ones first."""
        for message in sorted(messages, key=lambda each: each.priority):
            self.publish_message(message)

    def update_sms_states(self, messages: Sequence[OutputSMSMessage]) -> None:
        """Ask what became of messages, and store it."""
        self._update_sms_states(messages)

    def _update_sms_states(self, messages: Sequence[OutputSMSMessage]) -> None:
        """Ask what became of messages: the name that backends of pymess's first line override."""
        raise NotImplementedError(f"{type(self).__name__} can't be asked what became of messages")

    def bulk_check_sms_states(self) -> None:
        """Ask about all messages that are on their way by this backend, and store what became of them.

        Raises NotImplementedError if it can't be asked.
        """
        from heliograph.django.models.messages import OutputSMSMessage

        for chunk in OutputSMSMessage.objects.on_their_way(self.name):
            self.update_sms_states(chunk)

    def get_retry_sending(self) -> bool:
        """Say whether a message that met a passing failure is tried again.

        Only the command for batches can do that, so BATCH_SENDING must be on as well as RETRY_SENDING.
        """
        return bool(conf.get("RETRY_SENDING") and conf.get("BATCH_SENDING"))

    def get_batch_max_number_of_send_attempts(self) -> int:
        """Return how many attempts may follow the first before a failure is final."""
        return int(conf.get("MAX_SEND_ATTEMPTS"))

    def get_initial_sms_state(self, recipient: str) -> SMSState:
        """Return the state that a new message begins in; any but WAITING keeps it from being sent."""
        return SMSState.WAITING

    def get_extra_message_kwargs(self) -> dict[str, Any]:
        """Return fields that new messages get, with their values."""
        return self._get_extra_message_kwargs()

    def _get_extra_message_kwargs(self) -> dict[str, Any]:
        return {}

    def _get_extra_sender_data(self) -> dict[str, Any]:
        return {}

    # -- for what overrides them

    @property
    def path(self) -> str:
        """Return the dotted path of the class, which messages keep as their `backend`."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    def next_attempt_at(self, attempts: int, created_at: datetime, after_ms: int | None = None) -> datetime | None:
        """Return when a message with that many failed attempts is tried again; None if it is not.

        `after_ms` is how long the provider wants to be left alone, in ms.
        """
        if not self.get_retry_sending() or attempts > self.get_batch_max_number_of_send_attempts():
            return None
        return next_attempt_at(attempts, created_at, after_ms)

    def update_message(
        self, message: OutputSMSMessage, extra_sender_data: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        """Store fields of a message, and that this backend has changed it."""
        data = {**self._get_extra_sender_data(), **(extra_sender_data or {})}
        message.change_and_save(backend=self.path, extra_sender_data=data, **fields)

    _update_message = update_message

    def _update_message_after_sending(
        self, message: OutputSMSMessage, extra_sender_data: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        """Store fields of a message after an attempt that succeeded, and count the attempt."""
        fields.setdefault("sent_at", timezone.now())
        fields.setdefault("error", None)
        attempts = message.number_of_send_attempts + 1
        self.update_message(message, extra_sender_data, number_of_send_attempts=attempts, **fields)

    def _update_message_after_sending_error(
        self,
        message: OutputSMSMessage,
        extra_sender_data: Mapping[str, Any] | None = None,
        state: SMSState | None = None,
        **fields: Any,
    ) -> None:
        """Store fields of a message after an attempt that failed, and count the attempt.

        It is to be tried again if it may be, unless `state` says otherwise.
        """
        attempts = message.number_of_send_attempts + 1
        again_at = None
        if state is None:
            again_at = self.next_attempt_at(attempts, message.created_at)
            state = SMSState.ERROR if again_at is None else SMSState.ERROR_RETRY
        self.update_message(
            message,
            extra_sender_data,
            state=state,
            number_of_send_attempts=attempts,
            next_attempt_at=again_at,
            **fields,
        )
