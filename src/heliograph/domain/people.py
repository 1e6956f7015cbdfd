"""People: who signs in with a name of their own, and what each of them may do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.accounts import Scope
from heliograph.domain.errors import InvalidField


class Role(StrEnum):
    """What a person is to an account, or to the installation; each may do all that the one before it may."""

    VIEWER = "viewer"
    SENDER = "sender"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    """Of the installation: runs it, and is a manager of every account."""


_READ = {
    Scope.PERSON,
    *(Scope.MESSAGES_READ, Scope.INBOUND_READ, Scope.GROUPS_READ, Scope.OPTOUTS_READ),
    *(Scope.MONEY_READ, Scope.TEMPLATES_READ, Scope.LINKS_READ),
}
_SEND = _READ | {
    *(Scope.MESSAGES_SEND, Scope.GROUPS_WRITE, Scope.TEMPLATES_WRITE, Scope.LINKS_WRITE),
    *(Scope.VERIFY, Scope.CONVERSATIONS),
}
_MANAGE = _SEND | {Scope.OPTOUTS_WRITE, Scope.NUMBERS, Scope.ACCOUNT, Scope.SANDBOX}

SCOPES: Mapping[Role, frozenset[str]] = {
    Role.VIEWER: frozenset(_READ),
    Role.SENDER: frozenset(_SEND),
    Role.MANAGER: frozenset(_MANAGE),
    Role.ADMINISTRATOR: frozenset(Scope),
}
"""What each role may do."""


class Held(msgspec.Struct, frozen=True):
    """A role that a person has, and where."""

    role: Role
    account_id: str
    account_name: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    id: str
    email: str
    created_at: datetime
    disabled_at: datetime | None
    """Since when nobody signs in as this person."""
    has_password: bool
    has_totp: bool
    """Whether a code of an app is asked for beside the password."""
    issuers: Sequence[str] = ()
    """Which issuers of OpenID Connect the person signs in with, too."""
    roles: Sequence[Held] = ()
    """One for each account at most, by its name."""

    @property
    def is_administrator(self) -> bool:
        """Say whether the person may run the installation."""
        return any(held.role is Role.ADMINISTRATOR for held in self.roles)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who signed in has, until it ends."""

    id: str
    created_at: datetime
    seen_at: datetime
    """When it was last used, to within a minute."""
    address: str | None
    """Where it was last used from."""
    agent: str
    """What the program that signed in calls itself."""
    ends_at: datetime
    """When it ends if it is not used until then, and in any case not later than a week after it began."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A link by which somebody becomes a person with one role, once."""

    id: str
    email: str
    role: Role
    account_name: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None


SESSION_PREFIX = "hs_"
"""How the secrets of sessions begin."""
IDLE_S = 12 * 3_600
"""How long a session lasts that is not used, in seconds."""
LASTS_S = 7 * 86_400
"""How long a session lasts, however much it is used, in seconds."""


def role_named(name: str) -> Role:
    """Read a role. Raises InvalidField for what is none."""
    try:
        return Role(name)
    except ValueError:
        raise InvalidField(f"There is no role {name!r}; there are {', '.join(Role)}.", field="role") from None


LONGEST_EMAIL = 254
"""Characters: RFC 5321, 4.5.3.1.3, without the angle brackets."""
_EMAIL = re.compile(r"[^@\s<>(),;:\"\\]+@[^@\s<>(),;:\"\\.]+(\.[^@\s<>(),;:\"\\.]+)*")


def email_in(text: str) -> str:
    """Read an e-mail address; the case of letters is nothing that tells two people apart. Raises InvalidField."""
    email = normal_email(text)
    if len(email) > LONGEST_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise InvalidField(f"An e-mail address is written as in mary@example.com, not {text[:80]!r}.", field="email")
    return email


def normal_email(text: str) -> str:
    """Write what may be an e-mail address as addresses are compared."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1_000
FEWEST_SIGNS = 5
"""How many different characters a password has at least."""


def password_in(text: str, email: str) -> str:
    """Read a password that somebody wants to have, as NIST SP 800-63B (5.1.1.2) says.

    Its length counts, and nothing is asked of its composition; what is repeated, or made of the own e-mail address or
    our name, is too easily guessed. Raises InvalidField.
    """
    password = normal_password(text)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidField(
            f"A password has {SHORTEST_PASSWORD} characters or more, of any kind (NIST SP 800-63B); "
            f"this one has {len(password)}.",
            field="password",
        )
    rest = password.casefold()
    for known in (email, email.partition("@")[0], "heliograph", "password"):
        rest = rest.replace(known, "")
    if len(set(rest)) < FEWEST_SIGNS:
        raise InvalidField(
            f"A password has {FEWEST_SIGNS} different characters or more, beside one's own name; "
            "several words in a row are a good one.",
            field="password",
        )
    return password


def normal_password(text: str) -> str:
    """Write a password in the form in which it is hashed, however a keyboard wrote its letters."""
    return unicodedata.normalize("NFKC", text)
