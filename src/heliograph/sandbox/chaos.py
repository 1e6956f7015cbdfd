"""The ways in which the sandbox's network misbehaves. They can be changed while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=3600)]


class Chaos(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Shares are between 0 (never) and 1 (always); each message draws anew."""

    lost: Share = 0.0
    """The message is taken, but never shown on the phone and never reported."""
    refused: Share = 0.0
    """The submit is refused for the moment, and may be tried again."""
    timing_out: Share = 0.0
    """The submit gets no answer; in every second case the phone has the message all the same."""
    late: Share = 0.0
    """The receipt comes `late_s` later than usual."""
    late_s: Seconds = 5.0
    doubled: Share = 0.0
    """The receipt comes twice."""
    early: Share = 0.0
    """The receipt comes before the submit's answer."""
    disordered: Share = 0.0
    """The final receipt is followed by one that says the message is still on its way."""
    delivery_delay_s: Seconds = 0.3
    """How long an ordinary delivery takes, in seconds."""
    # What the sandbox's SMSC does besides to those who bind to it.
    smpp_throttled: Share = 0.0
    """A submit is answered with RTHROTTLED, and nothing is accepted."""
    smpp_decimal: Share = 0.0
    """The response writes the id in decimal, and the receipt in hexadecimal."""
    smpp_bare: Share = 0.0
    """The receipt says an id and a state in its text, and nothing else."""
    smpp_words: Share = 0.0
    """The receipt has another word for the state than the specification, and no parameter that says it."""
    smpp_payload: Share = 0.0
    """The text of the receipt stands in message_payload."""
    smpp_unmarked: Share = 0.0
    """The receipt does not say in esm_class that it is one."""
    smpp_unknown: Share = 0.0
    """The receipt has a parameter that nobody knows."""
    smpp_doubled: Share = 0.0
    """The receipt comes twice by the same connection."""
    smpp_hexadecimal: Share = 0.0
    """The response writes the id in hexadecimal, and the receipt in decimal."""
    smpp_early: Share = 0.0
    """The response comes after the receipt, or after five seconds."""
    smpp_elsewhere: Share = 0.0
    """The receipt comes by another connection than the one by which the message came, if there is one."""
    smpp_data: Share = 0.0
    """The receipt is a data_sm."""
    smpp_cut: Share = 0.0
    """The response and the receipt end amid a parameter."""
    smpp_unterminated: Share = 0.0
    """The parameters of the receipt that are texts have no NUL at their end."""
    smpp_glued: Share = 0.0
    """What is said within a moment comes in one piece."""
    smpp_split: Share = 0.0
    """What is said comes in pieces of a few octets."""
    smpp_silent: Share = 0.0
    """A submit is taken, and never answered."""
    smpp_deaf: Share = 0.0
    """An enquire_link is not answered."""
    smpp_sar: Share = 0.0
    """The parts of a long inbound message are told apart by sar parameters, not by headers."""
    smpp_whole: Share = 0.0
    """A long inbound message comes whole, in message_payload."""
    smpp_shuffled: Share = 0.0
    """The parts of a long inbound message come in another order."""
    smpp_gaps: Share = 0.0
    """One of the parts of a long inbound message never comes."""


CALM = Chaos()

SMPP_NUMBERS: Mapping[str, str] = {
    f"9998{place:02}": share
    for place, share in enumerate(
        (
            "smpp_throttled",
            "smpp_decimal",
            "smpp_bare",
            "smpp_words",
            "smpp_payload",
            "smpp_unmarked",
            "smpp_unknown",
            "smpp_doubled",
            "smpp_hexadecimal",
            "smpp_early",
            "smpp_elsewhere",
            "smpp_data",
            "smpp_cut",
            "smpp_unterminated",
            "smpp_glued",
            "smpp_split",
            "smpp_silent",
            "smpp_deaf",
            "smpp_sar",
            "smpp_whole",
            "smpp_shuffled",
            "smpp_gaps",
        )
    )
}
"""How numbers begin to and from which the SMSC always does one of these things."""
