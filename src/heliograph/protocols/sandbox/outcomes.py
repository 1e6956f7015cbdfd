"""What becomes of a message to one of the sandbox's test numbers.

The ITU has assigned country code 999 to nobody, so no ordinary number begins with it. The digit after it chooses the
outcome; four to twelve digits of any kind may follow 999 in all. Every other number is simply delivered.
"""

from __future__ import annotations

from enum import StrEnum

from heliograph.numbers import is_test_number


class Outcome(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SLOW = "slow"
    NO_RECEIPT = "no_receipt"
    STOP = "stop"


#: The digit after +999, the outcome, and what it means.
TEST_NUMBERS: dict[str, tuple[Outcome, str]] = {
    "0": (Outcome.DELIVERED, "delivered after the usual delay"),
    "1": (Outcome.FAILED, "taken, then reported as undelivered"),
    "2": (Outcome.REJECTED, "refused when it is submitted"),
    "3": (Outcome.EXPIRED, "taken, then reported as expired"),
    "4": (Outcome.SLOW, "delivered, but only after ten seconds"),
    "5": (Outcome.NO_RECEIPT, "shown on the phone; no receipt ever comes"),
    "6": (Outcome.STOP, "delivered; the phone then answers STOP"),
}


def outcome_for(msisdn: str) -> Outcome:
    if is_test_number(msisdn):
        known = TEST_NUMBERS.get(msisdn[3])
        if known is not None:
            return known[0]
    return Outcome.DELIVERED
