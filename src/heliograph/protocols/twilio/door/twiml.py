"""Replies in TwiML (reference: providers.md, section A4)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import msgspec

from heliograph.protocols.shared.xmlish import parsed


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One message that an answer in TwiML asks for."""

    text: str
    to: str | None = None
    sender: str | None = None
    status_callback: str | None = None
    media: Sequence[str] = ()


class Replies(msgspec.Struct, frozen=True):
    """The messages that an answer asks for."""

    messages: Sequence[Reply]
    redirect: str | None = None
    """Where the rest of the answer is to be fetched; None if there is no rest."""


def replies(content_type: str, body: bytes) -> Replies:
    """Read an answer: TwiML, or a plain text that is one reply. Raises ValueError for what is neither.

    What stands behind a redirect is not looked at: the other address has the last word.
    """
    if content_type == "text/plain":
        text = body.decode("utf-8", "replace").strip()
        return Replies([Reply(text=text)] if text else [])
    if not body.strip():
        return Replies([])
    root = parsed(body)
    if root.tag != "Response":
        raise ValueError(f"The document is <{root.tag}>, not <Response>.")
    found: list[Reply] = []
    for verb in root:
        if verb.tag in {"Message", "Sms"}:
            found.append(_reply(verb))
        elif verb.tag == "Redirect":
            return Replies(found, (verb.text or "").strip())
    return Replies([reply for reply in found if reply.text or reply.media])


def _reply(verb: Element) -> Reply:
    bodies = [(each.text or "").strip() for each in verb.iter("Body")]
    return Reply(
        text="\n".join(bodies) if bodies else (verb.text or "").strip(),
        to=verb.get("to"),
        sender=verb.get("from"),
        status_callback=verb.get("statusCallback"),
        media=tuple(link for each in verb.iter("Media") if (link := (each.text or "").strip())),
    )
