"""Outcomes of messages to the sandbox's test numbers.

The ITU has assigned country code 999 to nobody, so no ordinary number begins with it. The digit after it chooses the
outcome; four to twelve digits of any kind may follow 999 in all. Every other number is simply delivered.
"""

from __future__ import annotations

from enum import StrEnum

from heliograph.domain.channels import Channel
from heliograph.domain.lookups import LineStatus, Network, NetworkFacts, told_of
from heliograph.numbers import country_of, is_test_number, operator_of

NETWORK = "99999"
"""MCC and MNC of the sandbox's own network: the ITU gives 999 to networks that are nobody else's business (E.212)."""


class Outcome(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SLOW = "slow"
    NO_RECEIPT = "no_receipt"
    STOP = "stop"
    SMS_ONLY = "sms_only"


#: The digit after +999, the outcome, and what it means.
TEST_NUMBERS: dict[str, tuple[Outcome, str]] = {
    "0": (Outcome.DELIVERED, "delivered after the usual delay"),
    "1": (Outcome.FAILED, "taken, then reported as undelivered"),
    "2": (Outcome.REJECTED, "refused when it is submitted"),
    "3": (Outcome.EXPIRED, "taken, then reported as expired"),
    "4": (Outcome.SLOW, "delivered, but only after ten seconds"),
    "5": (Outcome.NO_RECEIPT, "shown on the phone; no receipt ever comes"),
    "6": (Outcome.STOP, "delivered; the phone then answers STOP"),
    "7": (Outcome.SMS_ONLY, "delivered by SMS; other channels report it as undelivered"),
    "8": (Outcome.DELIVERED, "delivered; to clients of SMPP with a fault, by the next two digits"),
}


def outcome_for(msisdn: str, channel: str = Channel.SMS) -> Outcome:
    outcome = _of_number(msisdn)
    if outcome is not Outcome.SMS_ONLY:
        return outcome
    return Outcome.DELIVERED if channel == Channel.SMS else Outcome.FAILED


def _of_number(msisdn: str) -> Outcome:
    if is_test_number(msisdn):
        known = TEST_NUMBERS.get(msisdn[3])
        if known is not None:
            return known[0]
    return Outcome.DELIVERED


#: What a lookup of a test number says, where it is not simply active.
_STANDINGS = {
    Outcome.FAILED: LineStatus.ABSENT,
    Outcome.REJECTED: LineStatus.BARRED,
    Outcome.EXPIRED: LineStatus.UNKNOWN,
    Outcome.NO_RECEIPT: LineStatus.FAILED,
}


def facts_about(msisdn: str) -> NetworkFacts:
    """Return what the sandbox's home location register has of a number: all are with a network of the sandbox."""
    status = _STANDINGS.get(_of_number(msisdn), LineStatus.ACTIVE)
    network = Network(
        name=operator_of(msisdn) or "Sandbox", mcc=NETWORK[:3], mnc=NETWORK[3:], country=country_of(msisdn)
    )
    return NetworkFacts(status=status, detail=told_of(status), original=network)
