"""The life of a message, as one table.

`NEXT` says what a message may become; a pair that is not in it is refused, so a late, repeated or disordered
receipt can never move a message backwards. The diagram in `docs/architecture.md` is drawn from this table
(`python -m heliograph.domain.statuses`).
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The status of a message; `MEANING` says what each is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


MEANING: dict[Status, str] = {
    Status.QUEUED: "Accepted and stored; waits for its time, for a worker, or to be tried again.",
    Status.SENDING: "Held by a worker under a lease; may be with the provider already.",
    Status.SENT: "The provider has taken it and answers for it; no receipt yet.",
    Status.DELIVERED: "A receipt says that the handset has it.",
    Status.FAILED: "It could not be sent or delivered; the reason says why.",
    Status.REJECTED: "It was refused, by us or by the provider, and trying again would not help.",
    Status.EXPIRED: "Its validity ended before it was delivered.",
    Status.CANCELED: "The customer called it back before it was sent.",
    Status.UNKNOWN: "Nobody can say whether it went out. A late receipt still settles it.",
}

_S = Status

#: What a message may become next.
NEXT: dict[Status, frozenset[Status]] = {
    # DELIVERED and SENT straight from QUEUED: the receipt of an earlier attempt may come while a retry waits.
    _S.QUEUED: frozenset(
        {_S.SENDING, _S.SENT, _S.DELIVERED, _S.FAILED, _S.REJECTED, _S.EXPIRED, _S.CANCELED, _S.UNKNOWN}
    ),
    # QUEUED: to be tried again, or its worker died. DELIVERED: a receipt may outrun the submit's answer.
    _S.SENDING: frozenset(
        {_S.SENT, _S.QUEUED, _S.DELIVERED, _S.FAILED, _S.REJECTED, _S.EXPIRED, _S.CANCELED, _S.UNKNOWN}
    ),
    _S.SENT: frozenset({_S.DELIVERED, _S.FAILED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.DELIVERED, _S.FAILED, _S.REJECTED, _S.EXPIRED}),
    _S.DELIVERED: frozenset(),
    _S.FAILED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELED: frozenset(),
}

#: The message still moves by itself.
OPEN = frozenset({_S.QUEUED, _S.SENDING, _S.SENT})
#: Nothing more is expected: batches close and callbacks go out. UNKNOWN is here although a receipt may yet better it.
SETTLED = frozenset(Status) - OPEN
#: It has ended, and the recipient does not have it as far as anybody knows.
UNDELIVERED = SETTLED - {_S.DELIVERED}
#: What a provider's receipt may say.
REPORTABLE = frozenset({_S.SENT, _S.DELIVERED, _S.FAILED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN})


def may_become(now: str, then: Status) -> bool:
    """Say whether a message that is `now`, a status or the word for it in the store, may become `then`."""
    return then in _NEXT_BY_WORD[now]


_NEXT_BY_WORD: dict[str, frozenset[Status]] = {now.value: nexts for now, nexts in NEXT.items()}


class Reason(StrEnum):
    """Why a message ended other than delivered; `SENTENCES` has a sentence about each for people."""

    OPTED_OUT = "opted_out"
    MISSING_PARAMETER = "missing_parameter"
    TOO_MANY_PARTS = "too_many_parts"
    UNROUTABLE = "unroutable"
    NO_COVERAGE = "no_coverage"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    EXPIRED_BEFORE_SENDING = "expired_before_sending"
    EXPIRED_IN_NETWORK = "expired_in_network"
    CANCELED_BY_CUSTOMER = "canceled_by_customer"
    PROVIDER_REFUSED = "provider_refused"
    RETRIES_EXHAUSTED = "retries_exhausted"
    UNCERTAIN = "uncertain"
    UNDELIVERED = "undelivered"
    UNKNOWN_SUBSCRIBER = "unknown_subscriber"
    INTERNAL = "internal"
    NOT_IN_TIME = "not_in_time"


SENTENCES: dict[str, str] = {
    Reason.OPTED_OUT: "The recipient asked not to be written to.",
    Reason.MISSING_PARAMETER: "The body names a parameter with no value for this recipient, and no default.",
    Reason.TOO_MANY_PARTS: "The body needs more parts than the batch or the network allows.",
    Reason.UNROUTABLE: "No route leads to this number.",
    Reason.NO_COVERAGE: "There is no price for the number's country, so nothing is sent there.",
    Reason.INSUFFICIENT_CREDIT: "The balance, or a cap, did not cover it when its group was looked up.",
    Reason.EXPIRED_BEFORE_SENDING: "Its validity ended while it waited to be sent.",
    Reason.EXPIRED_IN_NETWORK: "The network gave up before the handset could be reached.",
    Reason.CANCELED_BY_CUSTOMER: "The batch was canceled.",
    Reason.PROVIDER_REFUSED: "The provider refused it for good.",
    Reason.RETRIES_EXHAUSTED: "Every attempt met a passing failure, and its validity ends before the next.",
    Reason.UNCERTAIN: "The provider did not answer, and its policy is not to send twice.",
    Reason.UNDELIVERED: "The network could not deliver it to the handset.",
    Reason.UNKNOWN_SUBSCRIBER: "The network knows nobody with this number.",
    Reason.INTERNAL: "Heliograph itself failed; the log has the cause.",
    Reason.NOT_IN_TIME: "Its channel did not deliver it in the time that it had.",
}


def explain(reason: str) -> str:
    """Return a sentence about a reason for people; the bare word if it is not one of ours."""
    return SENTENCES.get(reason, reason)


DETAIL_IS_OURS: frozenset[str] = frozenset({Reason.MISSING_PARAMETER})
"""Reasons whose detail is written by us, and so may be shown to customers.

Beside other reasons stand the words of a provider's server, or of what talked to it, with addresses and credentials
that are no customer's.
"""


def explanation(reason: str | None, detail: str | None) -> str | None:
    """Return what a customer is told of a reason, never in a provider's words; None without a reason."""
    if reason is None:
        return None
    return f"{explain(reason)} {detail}" if detail and reason in DETAIL_IS_OURS else explain(reason)


def diagram() -> str:
    """Draw the transitions as a Mermaid state diagram, in the order of the table."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    lines += [f"    {now} --> {then}" for now, nexts in NEXT.items() for then in Status if then in nexts]
    lines += [f"    {status} --> [*]" for status, nexts in NEXT.items() if not nexts]
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())  # noqa: T201
