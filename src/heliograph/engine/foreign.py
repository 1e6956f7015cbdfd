"""What others say, as a store can hold it."""

from __future__ import annotations

from typing import overload


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """The text with U+FFFD for what no database holds: U+0000 and halves of surrogate pairs.

    A provider's odd byte must not keep the outcomes and receipts that share its chunk from being recorded.
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
