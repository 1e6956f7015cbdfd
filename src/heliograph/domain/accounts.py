"""Accounts, and the credentials that let a caller act for one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from heliograph.domain.caps import Caps
from heliograph.domain.fraud import CodeTerms
from heliograph.domain.optouts import NO_WORDS, ConsentWords

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class Scope(StrEnum):
    """What a credential may do. A door names the scope of each operation in its table."""

    MESSAGES_SEND = "messages:send"
    MESSAGES_READ = "messages:read"
    INBOUND_READ = "inbound:read"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    OPTOUTS_READ = "optouts:read"
    OPTOUTS_WRITE = "optouts:write"
    MONEY_READ = "money:read"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    VERIFY = "verify"
    NUMBERS = "numbers"
    LINKS_READ = "links:read"
    LINKS_WRITE = "links:write"
    CONVERSATIONS = "conversations"
    ACCOUNT = "account"
    SANDBOX = "sandbox"
    CHAOS = "sandbox:chaos"
    """Changing how the sandbox's network behaves, which everybody on it feels."""
    ADMIN = "admin"
    """Running the installation: all accounts, and their keys."""
    PERSON = "person"
    """One's own password and sessions. Every person who signed in has it, and no key."""


ADMINISTRATORS = "administrator"
"""The name of the account that the keys of administrators belong to; nobody's messages are its own."""
ALL_SCOPES = frozenset(Scope) - {Scope.CHAOS, Scope.ADMIN, Scope.PERSON}
"""The scopes that a key has for its own account, if nothing less is asked for."""


class CredentialKind(StrEnum):
    """How a credential is presented, and so what its `public_id` is."""

    API_KEY = "api_key"
    """A bearer token of the native API; `public_id` is the token's first 11 characters."""
    XMS = "xms"
    """A bearer token for one XMS service plan; `public_id` is the plan's id."""
    SMSCX = "smscx"
    """An API key of SMS.CX; `public_id` is the key's first 11 characters."""
    SMSDROP = "smsdrop"
    """The e-mail address and the password of an account of smsdrop; `public_id` is the address."""
    SMSDROP_TOKEN = "smsdrop_token"  # noqa: S105 - a kind, not a token
    """A token that the password of an smsdrop account is exchanged for; `public_id` is its first 11 characters."""
    ISENDPRO = "isendpro"
    """A key of iSendPro; `public_id` is its first 11 characters."""
    ISENDPRO_LOGIN = "isendpro_login"
    """The name and the password of an account of iSendPro; `public_id` is the name."""
    TWILIO = "twilio"
    """An account's token, or one of its API keys, of Twilio; `public_id` is the account's sid or the key's."""
    ACCESS_TOKEN = "access_token"  # noqa: S105 - a kind, not a token
    """A token that an application gets for its id and secret; `public_id` is its first 11 characters."""
    SMPP = "smpp"
    """The system_id and the password that an SMPP client binds with; `public_id` is the system_id."""


class Kept(StrEnum):
    """Classes of data that are kept for a time of their own."""

    TEXTS = "texts"
    NUMBERS = "numbers"
    RECEIPTS = "receipts"
    CALLBACKS = "callbacks"
    INBOUND = "inbound"
    HITS = "hits"
    AUDIT = "audit"


OF_AN_ACCOUNT = tuple(kept for kept in Kept if kept is not Kept.AUDIT)
"""Classes that accounts have days of their own for; the audit log is one chain for all."""


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is agreed with one account beyond the installation's settings."""

    may_omit_stop: bool = False
    """Whether marketing may go out without the words that say how to opt out."""
    may_send_at_night: bool = False
    """Whether marketing may go out when it is night where the recipient is."""
    second_person: bool = False
    """Whether what a person sends to several recipients waits until another person lets it go."""
    prices: Mapping[str, int] = {}
    """The account's prices for a part by SMS, in millionths, by country (ISO 3166 alpha-2)."""
    codes: CodeTerms = CodeTerms()
    """How many one-time codes may be sent, and where."""
    countries: Sequence[str] | None = None
    """ISO 3166 alpha-2: where it may send; None: everywhere."""
    originators: Sequence[str] | None = None
    """Whom it may send from; None: anybody."""
    requests_per_second: int | None = None
    """By all doors, instead of what the settings or the door say."""
    caps: Caps = Caps()
    quiet_hours: tuple[int, int] | None = None
    """When its marketing waits, in minutes of the recipient's day, instead of what the settings say."""
    retention: Mapping[Kept, int] = {}
    """Days for which its data are kept, by class, instead of what the settings say."""

    def may_send_from(self, originator: str | None) -> bool:
        """Say whether messages may be from this originator, whatever the case of its letters."""
        if self.originators is None:
            return True
        return originator is not None and originator.casefold() in {each.casefold() for each in self.originators}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of everything else. Accounts never see each other's data."""

    id: str
    name: str
    created_at: datetime
    callback_url: str | None = None
    """Where facts are called back when a batch names no URL of its own; also where inbound messages go."""
    callback_protocol: str = "v1"
    """The shape of the account's inbound callbacks: a protocol's name, or v1 for the native one."""
    receipt_url: str | None = None
    """Where receipts are told, for protocols whose requests name no address."""
    callback_secret: str = ""
    """The secret that callbacks are signed with (HMAC-SHA256)."""
    default_originator: str | None = None
    default_region: str | None = None
    """The country whose national numbers are read (ISO 3166 alpha-2); None: only international ones are."""
    optout_page: str = ""
    """The account's name in the addresses of its opt-out page; it tells nothing else about it."""
    terms: Terms = Terms()
    parent_id: str | None = None
    """The account that made this one, and gives it credit."""
    words: ConsentWords = NO_WORDS
    """What inbound texts mean to this account, and how they are answered."""
    closed_at: datetime | None = None
    """Since when it has no traffic any more: its keys are worth nothing, and its record stays."""
    former_callback_secret: str | None = None
    """Signs callbacks beside the new one, until `former_callback_until`."""
    former_callback_until: datetime | None = None
    optout_secret: str | None = None
    """Seals opt-out links, which recipients have for ever; None: the callback secret does."""

    def callback_secrets(self, now: datetime) -> list[str]:
        """List what signs callbacks at this moment, the current one first."""
        former, until = self.former_callback_secret, self.former_callback_until
        grace = former is not None and until is not None and now < until
        return [self.callback_secret, former] if grace and former is not None else [self.callback_secret]


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: an account, and what this credential lets it do."""

    account: Account
    scopes: frozenset[str]
    credential_id: str
    public_id: str
    """The credential's public name; it stays when the credential is issued again."""
    application_id: str | None = None
    """The application that the credential was given to; None if it is nobody's in particular."""
    networks: Sequence[str] | None = None
    """The networks that the credential is good from, as CIDR; None means everywhere."""
    expires_at: int | None = None
    """Until when the credential is good, in milliseconds since 1970; None: until it is revoked."""
    person_id: str | None = None
    """Who signed in, if the credential is a person's session; its public name is the e-mail address then."""


def new_secret() -> str:
    """Draw a secret of 256 random bits, as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


PREFIXES: Mapping[CredentialKind, str] = {
    CredentialKind.API_KEY: "hg_",
    CredentialKind.SMSCX: "sc_",
    CredentialKind.ACCESS_TOKEN: "at_",
    CredentialKind.SMSDROP_TOKEN: "sd_",
    CredentialKind.ISENDPRO: "",
}
"""How keys and tokens that are one string begin; other kinds have an id besides their secret."""

TOKENS = frozenset({CredentialKind.SMSDROP_TOKEN, CredentialKind.ACCESS_TOKEN})
"""Kinds that others are exchanged for, for a time."""
PASSWORDS = frozenset({CredentialKind.SMSDROP, CredentialKind.ISENDPRO_LOGIN, CredentialKind.SMPP})
"""Kinds whose secrets people choose, or that are short: they are stored as Argon2id hashes (RFC 9106)."""


def hash_password(password: str) -> str:
    """Hash a password. It takes tens of milliseconds on purpose, so not in the event loop's thread."""
    return _passwords().hash(password)


def is_password(password_hash: str, candidate: str) -> bool:
    """Say whether a password is the one that was hashed. It takes tens of milliseconds, as the hashing did."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _passwords().verify(password_hash, candidate)
    except (InvalidHashError, VerificationError):
        return False


@cache
def _passwords() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


def hash_secret(secret: str) -> str:
    """Hash a random secret with SHA-256, which is enough: 256 random bits cannot be guessed offline."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same_secret(secret_hash: str, candidate_hash: str) -> bool:
    """Say whether two hashes are equal, in constant time."""
    return hmac.compare_digest(secret_hash.encode(), candidate_hash.encode())
