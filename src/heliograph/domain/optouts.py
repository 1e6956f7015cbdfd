"""Opt-outs: who asked not to be written to, and in which words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.inbound import keyword_of

#: A text that consists of one of these words alone ends the sender's consent (CTIA Messaging Principles, 5.1.3).
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ARRET", "STOPP"})
#: ... and one of these gives it back.
START_WORDS = frozenset({"START", "UNSTOP"})


class OptOutSource(StrEnum):
    API = "api"
    INBOUND = "inbound"
    LINK = "link"
    """The recipient followed the link in a message."""


class OptOut(msgspec.Struct, frozen=True):
    """One number that an account may not write to."""

    account_id: str
    msisdn: str
    source: OptOutSource
    created_at: datetime
    number: int = 0
    """Its place among all opt-outs that the account ever had."""


class Consent(StrEnum):
    """What an inbound text says about consent."""

    WITHDRAWN = "withdrawn"
    GIVEN = "given"
    NOT_ABOUT_IT = "not_about_it"


def consent_in(text: str) -> Consent:
    """What this inbound text says about consent: only a text of one word can say anything."""
    if len(text.split()) != 1:
        return Consent.NOT_ABOUT_IT
    word = keyword_of(text)
    if word in STOP_WORDS:
        return Consent.WITHDRAWN
    if word in START_WORDS:
        return Consent.GIVEN
    return Consent.NOT_ABOUT_IT
