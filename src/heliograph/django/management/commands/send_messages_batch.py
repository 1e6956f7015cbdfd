"""`manage.py send_messages_batch`: sends what waits, for cron; with --watch, for a supervisor."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from heliograph.django import conf
from heliograph.django.management.stopping import Stopping
from heliograph.django.publishing import free_left_claims, publish_due


class Command(BaseCommand):
    help = "Sends messages that wait, and those that are to be tried again, the urgent and the old first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--type", default="sms", help="Only sms; there so that pymess's command lines go on working."
        )
        parser.add_argument("--limit", type=int, help="How many at most; without it BATCH_SIZE.")
        parser.add_argument("--watch", type=float, metavar="SECONDS", help="Goes on, looking again every so often.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["type"] != "sms":
            raise CommandError(f"Heliograph sends SMS only, no {options['type']}.")
        if not conf.get("BATCH_SENDING"):
            raise CommandError("Batch sending is turned off: set HELIOGRAPH['BATCH_SENDING'].")
        limit = options["limit"] if options["limit"] is not None else conf.get("BATCH_SIZE")
        if limit < 1:
            raise CommandError("--limit has to be at least 1.")
        with Stopping() as stopping:
            while True:
                done = self._run_once(limit, stopping)
                if options["watch"] is None or stopping.wanted:
                    break
                if done < limit:
                    stopping.wait(options["watch"])

    def _run_once(self, limit: int, stopping: Stopping) -> int:
        free_left_claims()
        sent: list[str] = []
        failed: list[str] = []
        for message in publish_due(limit):
            (failed if message.failed else sent).append(str(message.pk))
            if stopping.wanted:
                self.stdout.write("asked to stop")
                break
        if sent or failed or not stopping.wanted:
            self._say("sent messages", sent)
            self._say("failed messages", failed)
        return len(sent) + len(failed)

    def _say(self, title: str, keys: list[str]) -> None:
        listed = f" ({', '.join(keys)})" if keys else ""
        self.stdout.write(f"{title}: {len(keys)}{listed}")
