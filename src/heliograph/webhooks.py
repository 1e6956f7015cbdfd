"""Reads Heliograph's callbacks: `parse` checks who sent one, and returns what it tells as a typed event.

    event = heliograph.webhooks.parse(request.body, request.headers, secret)
    match event:
        case MessageStatusEvent(data=status):
            ...

What is checked before anything is read: the signature over time and body, compared in constant time, and that it is not
older than the tolerance, so that whoever caught a callback can't hand it in again later. Within the tolerance, and
whenever your answer is lost, the same event comes again: its `id` is the same at every attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from heliograph.api import wire
from heliograph.domain.bounded import STALE_S
from heliograph.domain.signing import SIGNATURE_HEADER, Verdict, judged

__all__ = [
    "AttachmentHitEvent",
    "BatchPausedEvent",
    "BatchSettledEvent",
    "Event",
    "InboundEvent",
    "InvalidSignature",
    "LinkHitEvent",
    "LookupEvent",
    "MessageStatusEvent",
    "OptOutEvent",
    "OtherEvent",
    "StaleSignature",
    "UnreadableEvent",
    "VerificationEvent",
    "WebhookError",
    "parse",
]

Headers = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
"""Headers as frameworks have them: a mapping in any case, or pairs, those of an ASGI scope too."""


class WebhookError(ValueError):
    """A request is no callback that may be believed. Answer it with 400."""


class InvalidSignature(WebhookError):
    """The request is not signed with one of the secrets."""


class StaleSignature(WebhookError):
    """The request was signed longer ago than the tolerance, or by a clock that is ahead."""


class UnreadableEvent(WebhookError):
    """The request is signed, but tells no event."""


class _Event(msgspec.Struct, tag_field="type", kw_only=True, frozen=True):
    id: str
    """The event's identifier, the same at every attempt to tell it: leave out what you have seen."""
    created_at: datetime


class MessageStatusEvent(_Event, tag="message.status", frozen=True):
    """A message has become something else."""

    data: wire.MessageStatus


class BatchSettledEvent(_Event, tag="batch.settled", frozen=True):
    """All messages of a batch are settled."""

    data: wire.Report


class BatchPausedEvent(_Event, tag="batch.paused", frozen=True):
    """A batch has paused by itself."""

    data: wire.Batch


class InboundEvent(_Event, tag="inbound", frozen=True):
    """Somebody has written to one of the account's originators."""

    data: wire.Inbound


class VerificationEvent(_Event, tag="verification.settled", frozen=True):
    """A verification has ended, well or not."""

    data: wire.Verification


class OptOutEvent(_Event, tag="optout.added", frozen=True):
    """Numbers do not want to be written to any more."""

    data: wire.OptOuts


class LinkHitEvent(_Event, tag="link.hit", frozen=True):
    """Short addresses of links were opened."""

    data: wire.Hits


class AttachmentHitEvent(_Event, tag="attachment.hit", frozen=True):
    """Short addresses of files were opened."""

    data: wire.Hits


class LookupEvent(_Event, tag="lookup.done", frozen=True):
    """Numbers were looked up."""

    data: wire.Lookups


class OtherEvent(msgspec.Struct, kw_only=True, frozen=True):
    """An event of a kind that this version does not know; `data` is JSON as it came."""

    id: str
    type: str
    created_at: datetime
    data: bytes


_Known = (
    MessageStatusEvent
    | BatchSettledEvent
    | BatchPausedEvent
    | InboundEvent
    | VerificationEvent
    | OptOutEvent
    | LinkHitEvent
    | AttachmentHitEvent
    | LookupEvent
)
Event = _Known | OtherEvent


class _Outline(msgspec.Struct):
    id: str
    type: str
    created_at: datetime
    data: msgspec.Raw


_KNOWN_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in _Known.__args__)
_outline, _known = msgspec.json.Decoder(_Outline), msgspec.json.Decoder(_Known)


def parse(body: bytes, headers: Headers, secret: str | Sequence[str], *, tolerance_s: float = STALE_S) -> Event:
    """Check a callback, and read what it tells.

    `body` is the request's body as it came, before anything has read it as JSON. `secret` is the account's callback
    secret, or several of which any may fit, while it changes. Raises InvalidSignature, StaleSignature if it was signed
    more than `tolerance_s` seconds ago, and UnreadableEvent; all are WebhookErrors. Raises TypeError for a body that is
    text, and ValueError for a secret that is empty: with that anybody could sign.
    """
    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError(f"body must be the bytes of the request, not {type(body).__name__}.")
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets or not all(secrets):
        raise ValueError("secret must be the account's callback secret, or several, and none may be empty.")
    content = bytes(body)
    verdict = judged(secrets, _header(headers, SIGNATURE_HEADER), content, oldest_s=tolerance_s)
    if verdict is Verdict.STALE:
        raise StaleSignature(f"{SIGNATURE_HEADER} is not of the last {tolerance_s:g} seconds, or its clock is ahead.")
    if verdict is not Verdict.GOOD:
        raise InvalidSignature(f"{SIGNATURE_HEADER} is missing, or was not made with this secret over this body.")
    return _read(content)


def _read(content: bytes) -> Event:
    try:
        outline = _outline.decode(content)
        if outline.type in _KNOWN_TYPES:
            known: Event = _known.decode(content)
            return known
    except msgspec.DecodeError as error:
        raise UnreadableEvent(f"The request is signed, but tells no event: {error}.") from error
    return OtherEvent(id=outline.id, type=outline.type, created_at=outline.created_at, data=bytes(outline.data))


def _header(headers: Headers, name: str) -> str:
    """Return the value of a header; empty if it is missing, or there twice."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    values = [_text(value) for key, value in pairs if _text(key).lower() == name.lower()]
    return values[0] if len(values) == 1 else ""


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
