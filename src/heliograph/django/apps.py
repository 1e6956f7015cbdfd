"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class HeliographConfig(AppConfig):
    name = "heliograph.django"
    label = "heliograph"
    verbose_name = "SMS"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from heliograph.django import checks  # noqa: F401 - registers them
        from heliograph.django.logs import lead_into_logging

        lead_into_logging()
