"""`manage.py heliograph_send`: send_messages_batch under a name of our own."""

from heliograph.django.management.commands.send_messages_batch import Command

__all__ = ["Command"]
