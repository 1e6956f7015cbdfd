"""What pymess has in `pymess.config`: its settings object, and the template's model."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from heliograph.django import conf
from heliograph.django.pymess.sms import SMSController


class Settings:
    """Reads settings as attributes, such as `settings.SMS_USE_ACCENT`."""

    def __getattr__(self, name: str) -> Any:
        for ours, setting in conf.SETTINGS.items():
            if setting.pymess == name:
                return conf.get(ours)
        raise AttributeError(f"pymess has no setting {name!r} for SMS")


settings = Settings()


def get_sms_sender() -> Any:
    """Return what the first line of pymess sends by: `send`, `bulk_send`, `bulk_check_sms_states`."""
    return SMSController()


def get_sms_template_model() -> Any:
    return apps.get_model(conf.template_model())
