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
    """Defaults; an object has what the settings say over them."""
    name: str = "default"
    """Its own in the settings."""
    leaves_process: ClassVar[bool] = True
    """False: it sends nothing to anybody, so that it need not wait for a commit."""
    takes_each_once: ClassVar[bool] = False
    """True: a message may be handed to it again without going out twice."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.config = {**self.config, **(config or {})}

    @classmethod
    def require(cls, config: Mapping[str, Any]) -> str | None:
        """What is wrong with the config of the settings, as a sentence without any secret; None: nothing."""
        return None

    # -- to be overridden

    def publish_message(self, message: OutputSMSMessage) -> None:
        """Sends a message, and writes down what became of it. It should raise nothing; if it does, the message is in
        the state ERROR afterwards."""
        raise NotImplementedError(f"{type(self).__name__} has no publish_message")

    def publish_messages(self, messages: Sequence[OutputSMSMessage]) -> None:
        """Sends several, the urgent first."""
        for message in sorted(messages, key=lambda each: each.priority):
            self.publish_message(message)

    def update_sms_states(self, messages: Sequence[OutputSMSMessage]) -> None:
        """Asks what became of messages, and writes it down."""
        self._update_sms_states(messages)

    def _update_sms_states(self, messages: Sequence[OutputSMSMessage]) -> None:
        """Its name in the first line of pymess."""
        raise NotImplementedError(f"{type(self).__name__} can't be asked what became of messages")

    def bulk_check_sms_states(self) -> None:
        """The same for all that are on their way by this backend. NotImplementedError if it can't be asked."""
        from heliograph.django.models.messages import OutputSMSMessage

        for chunk in OutputSMSMessage.objects.on_their_way(self.name):
            self.update_sms_states(chunk)

    def get_retry_sending(self) -> bool:
        """Whether what met a passing failure is tried again; only a command can, so that it takes BATCH_SENDING."""
        return bool(conf.get("RETRY_SENDING") and conf.get("BATCH_SENDING"))

    def get_batch_max_number_of_send_attempts(self) -> int:
        """After how many attempts, besides the first, a failure is final."""
        return int(conf.get("MAX_SEND_ATTEMPTS"))

    def get_initial_sms_state(self, recipient: str) -> SMSState:
        """Of new messages: another than WAITING keeps them from being sent."""
        return SMSState.WAITING

    def get_extra_message_kwargs(self) -> dict[str, Any]:
        """Fields of new messages."""
        return self._get_extra_message_kwargs()

    def _get_extra_message_kwargs(self) -> dict[str, Any]:
        return {}

    def _get_extra_sender_data(self) -> dict[str, Any]:
        return {}

    # -- for what overrides them

    @property
    def path(self) -> str:
        """What messages have as their `backend`."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    def next_attempt_at(self, attempts: int, created_at: datetime, after_ms: int | None = None) -> datetime | None:
        """When what has failed so often is tried again; None: not at all. `after_ms` is the provider's wish."""
        if not self.get_retry_sending() or attempts > self.get_batch_max_number_of_send_attempts():
            return None
        return next_attempt_at(attempts, created_at, after_ms)

    def update_message(
        self, message: OutputSMSMessage, extra_sender_data: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        """Writes fields of a message, and that it was this backend."""
        data = {**self._get_extra_sender_data(), **(extra_sender_data or {})}
        message.change_and_save(backend=self.path, extra_sender_data=data, **fields)

    _update_message = update_message

    def _update_message_after_sending(
        self, message: OutputSMSMessage, extra_sender_data: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        """The same after an attempt, which is counted."""
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
        """The same after an attempt that failed: to be tried again if it may, unless `state` says otherwise."""
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
