"""`manage.py check_sms_delivery`: asks what became of messages, for cron."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from heliograph.django.checking import check


class Command(BaseCommand):
    help = "Asks each backend what became of the messages that it is sending, and deals with idle ones."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check all backends. Raises CommandError, after all were asked, if one could not be."""
        checked = check()
        self.stdout.write(f"on their way: {checked.asked}, settled: {checked.settled}, idle: {checked.idle}")
        if checked.mistakes:
            raise CommandError("; ".join(checked.mistakes))
