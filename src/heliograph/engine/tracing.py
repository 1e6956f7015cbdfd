"""Following single batches on their way, for whoever looks at traces.

Nothing is kept with a batch: whoever follows it makes the trace of its identifier, which has as many bits, so all
processes speak of the same one without a word between them. Where nobody follows, each step costs one comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

Facts = Mapping[str, str | int]


class Step(StrEnum):
    ACCEPT = "accept"
    """From the request until the batch is stored."""
    SEND = "send"
    """From when messages of it were handed to a provider until it had answered."""
    RECEIPT = "receipt"
    """From when a receipt of it had come until it was stored."""
    CALLBACK = "callback"
    """From when a customer was told until they had answered."""


class Tracing(Protocol):
    def note(self, batch_id: str, step: Step, began_ns: int, facts: Facts) -> None:
        """Note a step of a batch that began at `began_ns`, in nanoseconds since 1970, and ends now."""
        ...
