"""Numbers that can be rented, and those that are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.api.wire.fields import Money, ShortText

RentDays = Literal[1, 7, 30]


class RentPrice(msgspec.Struct, kw_only=True):
    days: RentDays
    price: Money


class RentableNumber(msgspec.Struct, kw_only=True):
    """A number that nobody has rented."""

    number_id: str
    """The identifier that it is rented by."""
    number: str
    country: str
    """The number's country, in ISO 3166 alpha-2."""
    network: str
    """The name of the number's operator."""
    kind: Literal["mobile", "landline"]
    receives: bool
    """Whether SMS to it arrive here."""
    sends: bool
    """Whether SMS can be sent from it."""
    speaks: bool
    """Whether calls arrive."""
    any_originator: bool
    """Whether it also gets messages from senders that have a name instead of a number."""
    needs_registration: bool
    instantly: bool
    """Whether it is ready at once, instead of some days after it was rented."""
    setup_price: Money
    """What it costs once."""
    prices: Sequence[RentPrice]
    """What each period costs."""
    inbound_price: Money
    """What receiving a message costs."""


class RentableNumbers(msgspec.Struct, kw_only=True):
    items: Sequence[RentableNumber]


class Rent(msgspec.Struct, kw_only=True):
    """A number that the account has for some time, or had."""

    id: str
    number: str
    country: str
    """The number's country, in ISO 3166 alpha-2."""
    days: RentDays
    """The length of the last period."""
    begins_at: datetime
    ends_at: datetime
    auto_renew: bool
    """Whether another period begins by itself."""
    callback_url: str | None
    """Where inbound messages to it are told, instead of the account's own address."""
    registration_id: str | None
    approved: bool
    """Whether it has the registration that it needs, if it needs one."""
    active: bool
    price: Money
    """What the last period cost."""
    setup_price: Money
    received: int
    """How many messages came to it."""
    received_price: Money
    """What these cost."""
    sent: int
    """How many messages were sent from it."""
    sent_price: Money
    """What these cost."""
    created_at: datetime


class Rents(msgspec.Struct, kw_only=True):
    items: Sequence[Rent]


class NewRent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    number_id: str
    """Of a number that nobody has rented."""
    days: RentDays
    auto_renew: bool = False
    """Whether another period begins by itself."""
    callback_url: str | None = None
    """Where inbound messages to it are told, instead of the account's own address."""
    registration_id: ShortText | None = None
    """The registration of a number that needs one."""


class ChangeRent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of a rent: what is left out stays."""

    auto_renew: bool | UnsetType = UNSET
    """Whether another period begins by itself."""
    callback_url: str | UnsetType | None = UNSET
    """Where inbound messages to it are told; null: at the account's own address."""


class RenewRent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    days: RentDays | None = None
    """The length of the period that is added; null: that of the last one."""
