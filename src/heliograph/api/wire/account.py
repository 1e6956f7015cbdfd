"""What the account has decided for itself."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.optouts import MOST_WORDS

Words = Annotated[list[str], Meta(max_length=MOST_WORDS)]


class Account(msgspec.Struct, kw_only=True):
    """What the account has decided for itself."""

    id: str
    name: str
    callback_url: str | None
    """Where inbound messages, opt-outs and hits are told."""
    callback_protocol: str
    """In which protocol's shape inbound messages are told."""
    receipt_url: str | None
    """Where receipts of messages are told that came by iSendPro."""
    callback_secret: str
    """Signs callbacks."""
    originator: str | None = msgspec.field(name="from")
    """Who messages are from that name nobody."""
    region: str | None
    """ISO 3166 alpha-2: how national numbers are read."""
    consent: ConsentWords = msgspec.field(default_factory=lambda: ConsentWords())


class ConsentWords(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Words that mean STOP, START and HELP for this account besides the usual ones, and what is answered to them."""

    stop: Words = []
    start: Words = []
    help: Words = []
    stop_answer: str | None = None
    """Null: nothing. The confirmation goes out although its recipient has just opted out."""
    start_answer: str | None = None
    help_answer: str | None = None


class ChangeAccount(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is left out stays, null is none."""

    callback_url: str | UnsetType | None = UNSET
    callback_protocol: str | UnsetType = UNSET
    receipt_url: str | UnsetType | None = UNSET
    originator: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    region: str | UnsetType | None = UNSET
    consent: ConsentWords | UnsetType = UNSET
