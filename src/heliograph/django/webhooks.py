"""The addresses where providers tell what they have to tell: one for each backend, which nobody else can guess."""

from __future__ import annotations

import hmac

from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac

from heliograph.django import conf

VIEW = "heliograph:webhook"
_SALT = "heliograph.django.webhooks"


def secret_of(backend_name: str) -> str:
    """Return the secret that the address of a backend ends in."""
    return salted_hmac(_SALT, backend_name, secret=conf.get("WEBHOOK_SECRET") or None, algorithm="sha256").hexdigest()


def is_secret_of(backend_name: str, given: str) -> bool:
    return hmac.compare_digest(secret_of(backend_name).encode(), given.encode())


def address_of(backend_name: str) -> str | None:
    """Return the full address of a backend's webhook.

    Returns None without the setting PUBLIC_URL, or if `heliograph.django.urls` is not included.
    """
    public_url = str(conf.get("PUBLIC_URL")).rstrip("/")
    if not public_url:
        return None
    try:
        return public_url + reverse(VIEW, args=[backend_name, secret_of(backend_name)])
    except NoReverseMatch:
        return None
