"""Decides which backend sends to which recipient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.module_loading import import_string

from heliograph.django import conf


class BaseSMSRouter:
    """The base of a project's own router, which the setting ROUTER names."""

    def get_backend_name(self, recipient: str) -> str | None:
        """Return the name in BACKENDS of the backend for a recipient; None means the default one."""
        return None


def backend_names_for(recipients: Sequence[str]) -> list[str]:
    """Return the name of the backend that sends to each recipient, in order."""
    path = conf.get("ROUTER")
    router: Any = BaseSMSRouter() if path is None else import_string(path)()
    default = conf.get("DEFAULT_BACKEND")
    return [router.get_backend_name(recipient) or default for recipient in recipients]
