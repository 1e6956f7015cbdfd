"""`manage.py heliograph_backends`: lists the backends, whether each works, and the address of its webhook."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from heliograph.django import conf
from heliograph.django.backends import get_backend
from heliograph.django.backends.provider import ProviderSMSBackend
from heliograph.django.webhooks import address_of


class Command(BaseCommand):
    help = "Tries the credentials of each SMS backend, without sending, and shows the address of its webhook."

    def handle(self, *args: Any, **options: Any) -> None:
        """Try all backends. Raises CommandError, after all were tried, if one can't be used."""
        broken = []
        for name in conf.backends():
            works, told = self._tried(name)
            style = self.style.SUCCESS if works else self.style.ERROR
            self.stdout.write(style(f"{name}: {told}"))
            if (address := address_of(name)) is not None:
                self.stdout.write(f"  webhook: {address}")
            if not works:
                broken.append(name)
        if broken:
            raise CommandError(f"can't be used: {', '.join(broken)}")

    def _tried(self, name: str) -> tuple[bool, str]:
        try:
            backend = get_backend(name)
        except (ImproperlyConfigured, ImportError) as error:
            return False, str(error)
        if not isinstance(backend, ProviderSMSBackend):
            return True, "It has no credentials to be tried."
        try:
            standing = backend.check()
        except Exception as error:
            return False, str(error) or type(error).__name__
        return True, standing.detail + (f" Balance: {standing.balance}." if standing.balance is not None else "")
