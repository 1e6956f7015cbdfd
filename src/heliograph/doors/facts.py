"""What a door keeps with a batch and its recipients for itself.

How it works. A vendor's protocol has things that are shown again, or told in a callback, and mean nothing to anybody
else: by which name a receipt is known, whether a time was asked for as a delay. The door that reads such a request
writes them into the draft, as a text (`Draft.door_facts`, `Draft.recipient_facts`). Services, engine and store hand
that text on and never look into it; it has a column of its own, which is NULL where there is nothing to keep. The same
door reads it again. What means something to a provider or to the engine is no fact of a door, but a field.

A text that another door wrote is not looked at, and one that is not in the expected shape counts as none: what a door
wrote in an earlier version must keep nobody from reading the batch.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=msgspec.Struct)


class FactsOf(Generic[K]):
    """The facts of one door, as a struct of its own in which each field has a default and defaults are left out."""

    def __init__(self, protocol: str, kind: type[K]) -> None:
        self._protocol = protocol
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def write(self, facts: K) -> str | None:
        """Write facts as they are stored; None if nothing has to be kept."""
        return None if facts == self._kind() else msgspec.json.encode(facts).decode()

    def read(self, protocol: str, text: str | None) -> K:
        """Read the facts of something that came by the door of this `protocol`; those of other doors are none."""
        if text is None or protocol != self._protocol:
            return self._kind()
        try:
            return self._decode(text)
        except msgspec.MsgspecError:
            return self._kind()
