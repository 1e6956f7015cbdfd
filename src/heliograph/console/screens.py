"""The pages of the sandbox's phones and of signing in: from the services' nouns to what the templates show."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from heliograph.console.rendering import render
from heliograph.console.texts import text
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.people import Person, Session
from heliograph.domain.statuses import Status, explain
from heliograph.numbers import country_of, is_test_number, with_plus
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.outcomes import TEST_NUMBERS
from heliograph.sandbox.phones import Contact, Contacts, Entry, code_in

CHAOS_CHOICES = (0.0, 0.1, 0.5, 1.0)
"""The shares of messages that a switch of the network's misbehaviour offers."""
_FAILED = {Status.FAILED, Status.REJECTED, Status.EXPIRED, Status.CANCELED, Status.UNKNOWN}


class Bubble(msgspec.Struct, frozen=True):
    """A line of a conversation, ready to be shown."""

    id: str
    at: str
    """Time in ISO 8601; the page shows it in the reader's own time."""
    direction: str
    peer: str
    """The other side, as the phone shows it."""
    address: str
    """The other side, as the phone writes to it."""
    text: str
    status: str
    failed: bool
    facts: str
    """Parts, encoding, status and latency in one line."""
    explanation: str
    code: str | None
    """The one-time code in the text; None if there is none."""
    channel: str
    button: str
    """What a rich message shows besides its text, in one line."""


def bubble(entry: Entry) -> Bubble:
    failed = entry.status in _FAILED
    body = _hexadecimal(entry.body) if entry.binary else entry.body
    return Bubble(
        id=entry.id,
        at=entry.at.isoformat(),
        direction="received" if entry.received else "sent",
        peer=peer_name(entry.peer),
        address=entry.peer,
        text=body,
        status=entry.status.value if entry.status else "",
        failed=failed,
        facts=_facts(entry),
        explanation=_explanation(entry) if failed else "",
        code=None if entry.binary or not entry.received else code_in(entry.body),
        channel=entry.channel.value,
        button="" if entry.rich_media is None else _shown(entry.rich_media),
    )


def _shown(media: RichMedia) -> str:
    """Write where the pictures and the button of a message lead: the page shows nothing from elsewhere."""
    button = f"[{media.button_caption or text('phones.open')}] {media.target_url}" if media.target_url else ""
    return " ".join(filter(None, [media.image_url, button]))


def _hexadecimal(body: str) -> str:
    return base64.b64decode(body).hex(" ")


def _facts(entry: Entry) -> str:
    facts = []
    if entry.channel is not Channel.SMS:
        facts.append(text(f"channel.{entry.channel}"))
    elif entry.parts:
        facts.append(text("phones.parts", count=entry.parts))
    if entry.encoding and entry.channel is Channel.SMS:
        facts.append(text(f"encoding.{entry.encoding}"))
    if entry.status:
        facts.append(entry.status.value)
    if entry.latency is not None and entry.status is Status.DELIVERED:
        facts.append(_duration(entry.latency))
    return " · ".join(facts)


def _duration(latency: timedelta) -> str:
    milliseconds = latency / timedelta(milliseconds=1)
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"


def _explanation(entry: Entry) -> str:
    """Explain a failure, with the provider's own words: the console is the operator's."""
    return " ".join(filter(None, [explain(entry.reason) if entry.reason else None, entry.detail]))


def peer_name(peer: str) -> str:
    """Write an originator as a phone shows it."""
    return with_plus(peer) or text("phones.no_sender")


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "msisdn": contact.msisdn,
        "country": text("phones.test") if is_test_number(contact.msisdn) else country_of(contact.msisdn) or "–",
        "at": contact.at.isoformat(),
        "preview": contact.preview,
        "failed": contact.failed,
    }


def contacts_fragment(contacts: Sequence[Contact], chosen: str | None) -> str:
    return render("contacts.html", contacts=[_contact(one) for one in contacts], chosen=chosen)


def thread_fragment(entries: list[Entry]) -> str:
    return render("thread.html", bubbles=[bubble(entry) for entry in entries])


def inbox_page(
    found: Contacts,
    chosen: str | None,
    entries: list[Entry],
    form_token: str,
    *,
    words: str = "",
    before: str | None = None,
) -> str:
    """Render the whole page; `chosen` is the MSISDN of the phone that is open, if one is.

    `words` are what the phones that are found have in their number or a message, and `before` is where the page begins.
    """
    return render(
        "inbox.html",
        contacts=contacts_fragment(found.items, chosen),
        place={"q": words, "before": before},
        words=words,
        next=found.next,
        thread=thread_fragment(entries),
        chosen=chosen,
        peers=[(peer, peer_name(peer)) for peer in _peers(entries)],
        form_token=form_token,
        empty=not found.items and not words and not before,
        test_numbers=[(f"+999{digit}", meaning) for digit, (_, meaning) in TEST_NUMBERS.items()],
    )


def _peers(entries: list[Entry]) -> list[str]:
    """List whom the phone can answer: those who wrote to it, latest first."""
    return list(dict.fromkeys(entry.peer for entry in reversed(entries) if entry.received and entry.peer))


def chaos_page(chaos: Chaos, form_token: str, problem: str = "") -> str:
    """Render the page with how the network misbehaves."""
    values = msgspec.structs.asdict(chaos)
    of_smpp = [name for name in values if name.startswith("smpp_")]
    seconds = [name for name in values if name.endswith("_s")]
    usual = [name for name in values if name not in {*of_smpp, *seconds}]
    return render(
        "chaos.html",
        values=values,
        shares=(usual, of_smpp),
        seconds=seconds,
        choices=CHAOS_CHOICES,
        form_token=form_token,
        problem=problem,
    )


def closed_page() -> str:
    return render("closed.html")


def sign_in_page(email: str, problem: str, issuers: Mapping[str, str], *, wants_code: bool = False) -> str:
    """Render the page on which people sign in; with `wants_code`, the field for a code of an app is there, too.

    `issuers` has what stands on the button of each, by its name.
    """
    return render("sign_in.html", email=email, problem=problem, issuers=issuers, wants_code=wants_code)


def issuer_code_page(name: str, halfway: str, problem: str = "") -> str:
    """Render the page on which somebody who comes from an issuer gives a code of an app, too."""
    return render("issuer_code.html", name=name, halfway=halfway, problem=problem)


def invitation_page(email: str | None, problem: str = "") -> str:
    """Render the page on which the invited choose a password; None is for one that is over."""
    return render("invitation.html", email=email, problem=problem)


def security_page(
    person: Person,
    sessions: Sequence[Session],
    current: str,
    form_token: str,
    *,
    problem: str = "",
    secret: tuple[str, str] | None = None,
    codes: Sequence[str] = (),
) -> str:
    """Render what people see and change about themselves: password, codes of an app, sessions.

    `secret` is what an app is given, in base 32 and as an address; `codes` are fresh recovery codes.
    """
    return render(
        "security.html",
        person=person,
        sessions=[(each, each.id == current) for each in sessions],
        form_token=form_token,
        problem=problem,
        secret=secret,
        codes=codes,
    )
