"""Which backend sends to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.module_loading import import_string

from heliograph.django import conf


class BaseSMSRouter:
    """What a project's own router looks like; the setting ROUTER names it."""

    def get_backend_name(self, recipient: str) -> str | None:
        """A name of the setting BACKENDS; None: the default one."""
        return None


def backend_names_for(recipients: Sequence[str]) -> list[str]:
    """The name of the backend that sends to each recipient, in order."""
    path = conf.get("ROUTER")
    router: Any = BaseSMSRouter() if path is None else import_string(path)()
    default = conf.get("DEFAULT_BACKEND")
    return [router.get_backend_name(recipient) or default for recipient in recipients]
