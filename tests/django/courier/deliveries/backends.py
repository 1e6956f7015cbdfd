"""The courier's own ways to send."""

import os

from django.utils import timezone
from pymess.backend.routers import BaseRouter
from pymess.backend.sms import SMSBackend
from pymess.backend.sms.sms_operator import SMSOperatorBackend
from pymess.models.sms import OutputSMSMessage


class Board(SMSBackend):
    """A blackboard at the depot."""

    def publish_message(self, message):
        if "rain" in message.content:
            self._update_message_after_sending_error(message, error="The chalk is wet.")
        else:
            self._update_message_after_sending(
                message,
                state=OutputSMSMessage.State.SENT,
                sent_at=timezone.now(),
                extra_sender_data={"colour": self.config["colour"]},
            )


class Operator(SMSOperatorBackend):
    """Configured here, because pymess forgets the settings when it asks about deliveries."""

    config = {  # noqa: RUF012 - as pymess has it
        "SMS_URL": os.environ.get("COURIER_GATEWAY", ""),
        "UNIQ_PREFIX": "courier",
        "USERNAME": "name",
        "PASSWORD": "word",
        "TIMEOUT": 5,
    }


class Router(BaseRouter):
    def get_backend_name(self, recipient, **kwargs):
        if recipient.startswith("+421"):
            return "board"
        return "operator" if recipient.startswith("+42060") else None
