"""Backends of the shop's own, as the documentation says to write them."""

from __future__ import annotations

from typing import ClassVar

from heliograph.django.backends import SMSBackend
from heliograph.django.models import OutputSMSMessage


class Pigeon(SMSBackend):
    """Sends by pigeon: `flown` has what flew."""

    flown: ClassVar[list[str]] = []

    def publish_message(self, message):
        if "storm" in message.content:
            self._update_message_after_sending_error(message, error="No pigeon flies today.")
        else:
            self.flown.append(message.content)
            self._update_message_after_sending(message, state=message.STATE.SENDING)

    def update_sms_states(self, messages):
        for message in messages:
            self.update_message(message, state=message.State.DELIVERED, extra_sender_data={"by": self.config["by"]})


class Seed(SMSBackend):
    """As the seed's documentation has it: the states' old name, and a check without arguments."""

    def publish_messages(self, messages):
        for message in messages:
            self.update_message(message, state=OutputSMSMessage.STATE.SENDING, extra_sender_data={"seed": True})

    def bulk_check_sms_states(self):
        for message in OutputSMSMessage.objects.filter(state=OutputSMSMessage.STATE.SENDING):
            self.update_message(message, state=OutputSMSMessage.STATE.DELIVERED)


def is_shutting_down():
    return False


class Forgetful(SMSBackend):
    """Says nothing of what became of a message."""

    def publish_message(self, message):
        pass


class Old(SMSBackend):
    """Overrides what the first line of pymess lets it, and the later one."""

    def get_initial_sms_state(self, recipient):
        return OutputSMSMessage.STATE.DEBUG if recipient.endswith("0") else OutputSMSMessage.STATE.WAITING

    def publish_message(self, message):
        if message.content == "Fail":
            self._update_message_after_sending_error(message, error="It is old.")
        else:
            self.update_message(message, state=OutputSMSMessage.STATE.SENDING)

    def _update_sms_states(self, messages):
        for message in messages:
            self.update_message(message, state=OutputSMSMessage.STATE.DELIVERED)

    def get_retry_sending(self):
        return True

    def get_batch_max_number_of_send_attempts(self):
        return 1


class Broken(SMSBackend):
    def publish_message(self, message):
        raise ValueError("it fell off the table")


class Abroad:
    """A router: what is not Czech goes by pigeon."""

    def get_backend_name(self, recipient):
        return None if recipient.startswith("+420") else "pigeon"
