"""What pymess has in `pymess.sender`: functions that send, under longer names."""

from heliograph.django.sending import send as send_sms
from heliograph.django.sending import send_template as send_sms_template

__all__ = ["send_sms", "send_sms_template"]
