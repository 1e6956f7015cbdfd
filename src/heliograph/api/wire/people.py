"""People who sign in, their sessions, and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.fields import ShortText

RoleName = Literal["viewer", "sender", "manager", "administrator"]
Password = Annotated[str, Meta(max_length=1_000)]
IssuerAddress = Annotated[str, Meta(max_length=2_000)]
InvitedSeconds = Annotated[int, Meta(ge=1, le=90 * 86_400)]


class RoleAt(msgspec.Struct, kw_only=True):
    """What a person is to an account; an administrator is one of the installation."""

    account_id: str
    account: str
    """The account's name."""
    role: RoleName


class PersonInfo(msgspec.Struct, kw_only=True):
    """Somebody who signs in."""

    id: str
    email: str
    created_at: datetime
    disabled_at: datetime | None
    """Since when nobody signs in as this person."""
    totp: bool
    """Whether a code of an app is asked for beside the password."""
    issuers: Sequence[str]
    """Which issuers of OpenID Connect say who this is, by their addresses."""
    roles: Sequence[RoleAt]


class PersonPage(msgspec.Struct, kw_only=True):
    items: Sequence[PersonInfo]
    next: str | None


class ChangePerson(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is absent stays."""

    email: ShortText | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    totp: Literal[False] | UnsetType = UNSET
    """False lets the person sign in with the password alone."""


class UnlinkQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    issuer: IssuerAddress | None = None
    """Its address; absent: that of the only one there is."""


class AssignRole(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a person is to an account from now on."""

    role: ShortText | None
    """viewer, sender, manager or administrator; null takes it away."""
    account: ShortText | None = None
    """The account's id or name; an administrator is one of the installation, and needs none."""


class Invite(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Somebody who is to become a person with one role."""

    email: ShortText
    role: ShortText
    """viewer, sender, manager or administrator."""
    account: ShortText | None = None
    """The account's id or name; an administrator needs none."""
    expires_s: InvitedSeconds = 7 * 86_400


class MadeInvitation(msgspec.Struct, kw_only=True):
    """An invitation with its token, which is told this once."""

    id: str
    email: str
    token: str
    expires_at: datetime


class InvitationInfo(msgspec.Struct, kw_only=True):
    id: str
    email: str
    role: RoleName
    account: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None


class InvitationPage(msgspec.Struct, kw_only=True):
    items: Sequence[InvitationInfo]
    next: str | None


class AcceptInvitation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    token: ShortText
    password: Password
    """12 characters or more, of any kind."""


class SignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    email: ShortText
    password: Password
    code: ShortText | None = None
    """What the person's app shows, or a recovery code, if the person has TOTP."""


class SignedIn(msgspec.Struct, kw_only=True):
    """A session that has begun."""

    id: str
    token: str
    """The bearer token of the session, which is told this once."""
    ends_at: datetime
    """When it ends if it is not used until then."""
    person: PersonInfo


class SessionInfo(msgspec.Struct, kw_only=True):
    id: str
    current: bool
    """Whether it is the one that asks."""
    created_at: datetime
    seen_at: datetime
    address: str | None
    agent: str
    ends_at: datetime


class Sessions(msgspec.Struct, kw_only=True):
    items: Sequence[SessionInfo]


class ChangePassword(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    password: Password
    """The one that is in force."""
    new_password: Password
    """12 characters or more, of any kind."""


class OwnPassword(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    password: Password


class TotpSecret(msgspec.Struct, kw_only=True):
    """What an authenticator app is given; a code of it puts it in force."""

    secret: str
    """In base 32."""
    uri: str
    """What a QR code for the app has in it."""


class ConfirmTotp(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: ShortText


class RecoveryCodes(msgspec.Struct, kw_only=True):
    """Codes that stand in for the app's, each once; they are told this once."""

    recovery_codes: Sequence[str]
