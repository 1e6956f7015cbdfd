"""Heliograph as a Django app: `INSTALLED_APPS = [..., "heliograph.django"]`, then

    from heliograph.django import send, send_template

Messages, templates, inbound messages and opt-outs are models; `sending.py` makes messages, `publishing.py` hands them
to a backend, `checking.py` and `receiving.py` follow what becomes of them. See docs/django.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.django.sending import asend, asend_many, asend_template, send, send_many, send_template

__all__ = ["asend", "asend_many", "asend_template", "send", "send_many", "send_template"]


def __getattr__(name: str) -> Any:
    """Import what sends on first use: it needs models, which are not there yet when Django imports its apps."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from heliograph.django import sending

    return getattr(sending, name)
