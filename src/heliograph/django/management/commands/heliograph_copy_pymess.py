"""`manage.py heliograph_copy_pymess`: takes over the rows of pymess's tables."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from heliograph.django.copying import AlreadyUsed, Tables


class Command(BaseCommand):
    help = "Copies messages, related objects and templates from the tables of pymess, keys and all. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only says how many rows there are.")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="The alias of the database that has them.")

    def handle(self, *args: Any, **options: Any) -> None:
        tables = Tables(options["database"])
        if not tables.are_there:
            raise CommandError("There are no tables of pymess in this database.")
        if options["dry_run"]:
            for table, count in tables.counts().items():
                self.stdout.write(f"{table}: {count}")
            return
        try:
            copied = tables.copy(self._say)
        except AlreadyUsed as error:
            raise CommandError(str(error)) from error
        for table, count in copied.items():
            self.stdout.write(self.style.SUCCESS(f"{table}: {count} copied"))

    def _say(self, table: str, done: int, total: int) -> None:
        self.stdout.write(f"{table}: {done} of {total}")
