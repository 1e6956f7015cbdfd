"""The settings of an account."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.optouts import MOST_WORDS

Words = Annotated[list[str], Meta(max_length=MOST_WORDS)]


class Account(msgspec.Struct, kw_only=True):
    """The account's own settings."""

    id: str
    name: str
    callback_url: str | None
    """Where inbound messages, opt-outs and hits are posted."""
    callback_protocol: str
    """The protocol in whose shape inbound messages are posted."""
    receipt_url: str | None
    """Where the receipts of messages are posted that were sent by iSendPro."""
    callback_secret: str
    """The secret that callbacks are signed with."""
    originator: str | None = msgspec.field(name="from")
    """The originator of messages that name none."""
    region: str | None
    """The country whose national numbers are read, in ISO 3166 alpha-2."""
    consent: ConsentWords = msgspec.field(default_factory=lambda: ConsentWords())


class ConsentWords(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Words that mean STOP, START and HELP for this account besides the usual ones, and the answers to them."""

    stop: Words = []
    start: Words = []
    help: Words = []
    stop_answer: str | None = None
    """The answer to STOP; null for none. It is sent although its recipient has just opted out."""
    start_answer: str | None = None
    help_answer: str | None = None


class ChangeAccount(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A change of the account's settings: what is left out stays, null removes a value."""

    callback_url: str | UnsetType | None = UNSET
    callback_protocol: str | UnsetType = UNSET
    receipt_url: str | UnsetType | None = UNSET
    originator: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    region: str | UnsetType | None = UNSET
    consent: ConsentWords | UnsetType = UNSET
