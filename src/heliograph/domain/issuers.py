"""Issuers of OpenID Connect: who else says who somebody is."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import msgspec


class RoleRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table `[[oidc.NAME.roles]]`: what somebody becomes whom the issuer gives a value."""

    value: str
    """One of those in the claim that `role_claim` names."""
    role: Literal["viewer", "sender", "manager"]
    account: str
    """The account's name."""


class IssuerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table `[oidc.NAME]` of the settings file."""

    issuer: str
    """The address under which the issuer's discovery document is, exactly as that document writes it."""
    client_id: str
    client_secret: str = ""
    """Empty for a public client, which has PKCE alone."""
    title: str = ""
    """What stands on the button; empty for the name of the table."""
    scopes: tuple[str, ...] = ("openid", "email")
    domains: tuple[str, ...] = ()
    """Domains of e-mail addresses that are taken from this issuer; empty for all."""
    allow_sign_up: bool = False
    """Whether somebody whom nobody has invited becomes a person, with the roles that `roles` gives; none without."""
    role_claim: str = "groups"
    """The claim that `roles` is about: a text, or a list of texts."""
    roles: tuple[RoleRule, ...] = ()
    second_factor: bool = False
    """Whether who comes from there is asked for no code of an app any more."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as an issuer knows them."""

    issuer: str
    id: str
    """Never given to anybody else by the same issuer, unlike an e-mail address."""
    email: str | None
    """None: the issuer doesn't say, or does not say that it was verified."""
    values: frozenset[str] = frozenset()
    """What the claim has that roles are given by."""


def is_trustworthy(address: str) -> bool:
    """Say whether secrets may be sent to an address: by TLS, or to this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    host = parts.hostname or ""
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, or what is no address at all
        local = False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and local))
