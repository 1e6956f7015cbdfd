"""What the audit log says of accounts, keys and applications: never a secret, a text, or a recipient's number.

Fields are named one by one: what is added to an account is not in the log until somebody has thought about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from heliograph.domain.accounts import PREFIXES, Account, CredentialKind, Terms
from heliograph.domain.amounts import money_text
from heliograph.domain.audit import Facts
from heliograph.domain.directory import Application
from heliograph.domain.instants import from_ms
from heliograph.domain.terms import quiet_hours_text


def account_facts(account: Account) -> Facts:
    """Say what an account is and what is agreed with it."""
    return {
        "name": account.name,
        "parent": account.parent_id,
        "callback_url": url_fact(account.callback_url),
        "callback_protocol": account.callback_protocol,
        "receipt_url": url_fact(account.receipt_url),
        "originator": account.default_originator,
        "region": account.default_region,
        "consent_words": fingerprint(msgspec.json.encode(account.words)),
        "former_secret_until": instant_fact(account.former_callback_until),
        **terms_facts(account.terms),
    }


def terms_facts(terms: Terms) -> Facts:
    """Say what is agreed with an account."""
    caps = terms.caps
    return {
        "prices": {country: money_text(price) for country, price in terms.prices.items()},
        "countries": terms.countries,
        "originators": terms.originators,
        "requests_per_second": terms.requests_per_second,
        "daily_messages": caps.day_messages,
        "monthly_messages": caps.month_messages,
        "daily_amount": money_fact(caps.day_amount),
        "monthly_amount": money_fact(caps.month_amount),
        "warn_percent": caps.warn_percent,
        "quiet_hours": None if terms.quiet_hours is None else quiet_hours_text(terms.quiet_hours),
        "retention": {kept.value: days for kept, days in terms.retention.items()},
        "may_omit_stop": terms.may_omit_stop,
        "may_send_at_night": terms.may_send_at_night,
        "second_person": terms.second_person,
        "codes": msgspec.to_builtins(terms.codes),
    }


def key_facts(
    kind: str, public_id: str, scopes: Iterable[str], networks: Sequence[str] | None, expires_at: datetime | None
) -> Facts:
    """Say what a key may do; not what it is known by where that is the beginning of its secret."""
    return {
        "kind": kind,
        "name": None if CredentialKind(kind) in PREFIXES else public_id,
        "scopes": sorted(scopes),
        "networks": networks,
        "expires_at": instant_fact(expires_at),
    }


def application_facts(application: Application) -> Facts:
    """Say what an application may do, and where it is told."""
    return {
        "name": application.name,
        "scopes": sorted(application.scopes),
        "token_lifetime_s": application.token_lifetime_s,
        "callbacks": {key: url_fact(listener.sink) for key, listener in application.callbacks.items()},
        "settings": fingerprint(msgspec.json.encode(application.settings, order="sorted")),
    }


def url_fact(url: str | None) -> str | None:
    """Write where a URL leads, and a fingerprint of all of it: paths and queries have tokens in them."""
    if not url:
        return None
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host} {fingerprint(url.encode())}"


def fingerprint(content: bytes) -> str:
    """Write eight hexadecimal digits that tell one content from another."""
    return f"#{hashlib.sha256(content).hexdigest()[:8]}"


def instant_fact(at: datetime | int | None) -> str | None:
    """Write an instant; a number is milliseconds since 1970."""
    if at is None:
        return None
    instant = from_ms(at) if isinstance(at, int) else at
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def money_fact(micros: int | None) -> str | None:
    """Write an amount in millionths as a decimal."""
    return None if micros is None else money_text(micros)
