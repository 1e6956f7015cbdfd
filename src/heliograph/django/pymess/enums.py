"""What pymess has in `pymess.enums`."""

from heliograph.django.states import SMSState as OutputSMSMessageState

__all__ = ["OutputSMSMessageState"]
