"""The accounts of an installation, for those who run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.fields import Money, ShortText
from heliograph.api.wire.keys import GraceSeconds

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Sum = Annotated[str, Meta(max_length=32)]
"""A sum of money as a decimal: "12.50"."""
CountryList = Annotated[list[ShortText], Meta(max_length=300)]
OriginatorList = Annotated[list[ShortText], Meta(max_length=1_000)]
PriceTable = Annotated[dict[ShortText, Sum | None], Meta(max_length=300)]
RetentionTable = Annotated[dict[ShortText, int | None], Meta(max_length=10)]


class CreateAccount(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    name: ShortText
    parent: ShortText | None = None
    """The account above it, by its id or name."""


class AccountSummary(msgspec.Struct, kw_only=True):
    id: str
    name: str
    parent_id: str | None
    created_at: datetime
    closed_at: datetime | None


class AccountPage(msgspec.Struct, kw_only=True):
    items: Sequence[AccountSummary]
    next: str | None


class ManagedAccount(AccountSummary, kw_only=True):
    """What is agreed with an account, what it has to spend, and what it has sent of what it may."""

    balance: Money | None
    """null: the account is not billed."""
    credit: Money | None
    """How far below nothing the balance may go."""
    currency: str
    prices: Mapping[str, Money]
    """For a part by SMS, by country (ISO 3166 alpha-2)."""
    countries: Sequence[str] | None
    """Where it may send; null: everywhere."""
    originators: Sequence[str] | None
    """Whom it may send from; null: anybody."""
    requests_per_second: int | None
    daily_messages: int | None
    """Of a day of UTC, as the others are of its days and months."""
    monthly_messages: int | None
    daily_amount: Money | None
    monthly_amount: Money | None
    warn_percent: int
    """Of a cap, from which on those who run the installation are warned."""
    quiet_hours: str | None
    """When its marketing waits, of the recipient's day."""
    retention: Mapping[str, int]
    """Days, by class of data."""
    may_omit_stop: bool
    may_send_at_night: bool
    second_person: bool
    """Whether what a person sends to several recipients waits until another person lets it go."""
    used_today: Usage
    """What counts towards its caps; nothing where it has none."""
    used_this_month: Usage


class Usage(msgspec.Struct, kw_only=True):
    messages: int
    amount: Money


class ChangeTerms(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is left out stays, null is nothing; of prices and retention each is changed alone."""

    prices: PriceTable | UnsetType = UNSET
    credit: Sum | UnsetType = UNSET
    countries: CountryList | UnsetType | None = UNSET
    originators: OriginatorList | UnsetType | None = UNSET
    requests_per_second: Count | UnsetType | None = UNSET
    daily_messages: Count | UnsetType | None = UNSET
    monthly_messages: Count | UnsetType | None = UNSET
    daily_amount: Sum | UnsetType | None = UNSET
    monthly_amount: Sum | UnsetType | None = UNSET
    warn_percent: Count | UnsetType | None = UNSET
    quiet_hours: ShortText | UnsetType | None = UNSET
    retention: RetentionTable | UnsetType = UNSET
    may_omit_stop: bool | UnsetType = UNSET
    may_send_at_night: bool | UnsetType = UNSET
    second_person: bool | UnsetType = UNSET
    """Whether what a person sends to several recipients waits until another person lets it go."""


class ChangeBalance(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A change by hand; the ledger keeps it."""

    amount: Sum
    """Added to the balance; only a correction may be negative."""
    kind: Literal["top_up", "correction"] = "top_up"
    note: ShortText | None = None
    """A correction needs one."""


class CloseAccount(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: ShortText
    """The account's, so that no slip closes another: it stays closed."""


class ClosedAccounts(msgspec.Struct, kw_only=True):
    closed: Sequence[str]
    """The account's id, and those of all below it."""


class RotateCallbackSecret(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    grace_s: GraceSeconds = 0
    """How long callbacks are signed with the old one besides, where their protocol has room for two signatures."""


class CallbackSecret(msgspec.Struct, kw_only=True):
    callback_secret: str
