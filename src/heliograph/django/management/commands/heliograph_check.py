"""`manage.py heliograph_check`: check_sms_delivery under a name of our own."""

from heliograph.django.management.commands.check_sms_delivery import Command

__all__ = ["Command"]
