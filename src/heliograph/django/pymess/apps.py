"""The app under the label `pymess`, by which projects know it."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps


class PymessConfig(AppConfig):
    name = "heliograph.django.pymess"
    label = "pymess"
    verbose_name = "SMS, under the names of pymess"

    def get_model(self, model_name: str, require_ready: bool = True) -> Any:
        """Return our model for one of pymess's, for `apps.get_model("pymess", ...)`."""
        return apps.get_app_config("heliograph").get_model(model_name, require_ready)
