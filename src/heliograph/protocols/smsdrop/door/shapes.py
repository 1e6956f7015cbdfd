"""From our model to the campaigns of smsdrop.

What its numbers mean is not documented (reference: smsdrop.md, section 4). These are our own convention:
`message_count` is how many messages there are, `sms_count` how many parts one of them has, and a subscription's
`nbr_sms` how many SMS of one part to the dearest country the balance would buy.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET

from heliograph.domain.batches import BodyKind, Options, Parameters
from heliograph.domain.instants import to_ms
from heliograph.domain.parking import Parked
from heliograph.domain.rendering import Rendered, Rendering
from heliograph.domain.statuses import SETTLED, Status
from heliograph.doors.facts import FactsOf
from heliograph.numbers import with_plus
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smsdrop import wire
from heliograph.services.history import Campaign
from heliograph.text import MissingParameter, verbatim

PROTOCOL = "smsdrop"
PLAIN, FLASH, UNICODE = 0, 1, 2
LONGEST_SENDER = 11
"""The most letters and digits that a sender without other characters may have, as in the published clients."""
UNLIMITED = 1_000_000
"""The number of SMS that an account is shown which is not billed."""


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this door keeps with a batch, if its time was asked for as a delay."""

    defer_by: int | None = None
    """In seconds."""
    until_ms: int | None = None
    """Which time that was, in milliseconds since 1970: by another it is no delay any more."""


FACTS = FactsOf(PROTOCOL, Facts)


def when(at: datetime) -> str:
    """Format an instant with an offset of +00:00, since the published client can't read `Z`."""
    return at.astimezone(UTC).isoformat()


def campaign(found: Campaign | Parked, *, dated: bool) -> wire.Campaign:
    """Show a batch, or one that waits for credit, as a campaign; `dated` in the dialect with a `created_at`."""
    return _parked(found, dated=dated) if isinstance(found, Parked) else _launched(found, dated=dated)


def _launched(campaign: Campaign, *, dated: bool) -> wire.Campaign:
    batch = campaign.batch
    count = campaign.sums.count
    delivered = sum(sums.count for status, _, _, sums in campaign.standings if status is Status.DELIVERED)
    said = _said(batch.kind, batch.body, batch.parameters, batch.options)
    defer_by = _delay(FACTS.read(batch.protocol, batch.door_facts), batch.send_at, batch.created_at)
    defer_until = batch.send_at if batch.send_at > batch.created_at and defer_by is None else None
    return wire.Campaign(
        id=to_uuid(batch.id),
        title=batch.title or "",
        message=said.body,
        message_type=_type(flash=batch.flash, ucs2=batch.options.ucs2),
        sender=_sender(batch.originator or ""),
        recipient_list=[*(f"+{msisdn}" for msisdn in batch.recipients), *batch.groups],
        defer_until=None if defer_until is None else when(defer_until),
        defer_by=defer_by,
        delivery_percentage=delivered * 100 // count if count else 0,
        message_count=count,
        sms_count=said.parts,
        status=_status(campaign),
        created_at=when(batch.created_at) if dated else UNSET,
    )


def _parked(waiting: Parked, *, dated: bool) -> wire.Campaign:
    draft = waiting.draft
    said = _said(BodyKind.TEXT, draft.text or "", draft.parameters, draft.options)
    defer_by = FACTS.read(draft.protocol, draft.door_facts).defer_by
    return wire.Campaign(
        id=to_uuid(waiting.id),
        title=draft.title or "",
        message=said.body,
        message_type=_type(flash=draft.flash, ucs2=draft.options.ucs2),
        sender=_sender(draft.originator or ""),
        recipient_list=draft.to,
        defer_until=None if draft.send_at is None or defer_by is not None else when(draft.send_at),
        defer_by=defer_by,
        delivery_percentage=0,
        message_count=0,
        sms_count=said.parts,
        status="PENDING",
        created_at=when(waiting.created_at) if dated else UNSET,
    )


def _said(kind: BodyKind, body: str, parameters: Parameters | None, options: Options) -> Rendered:
    """Render what everybody gets; if that differs by recipient, the text with its placeholders.

    Only batches that came by another door can have placeholders.
    """
    try:
        return Rendering(kind, body, parameters, options).render("")
    except MissingParameter:
        return Rendering(kind, *verbatim(body), options).render("")


def _sender(originator: str) -> str:
    """Show a sender; a number of more than eleven digits gets a plus, or the published client could not read it."""
    return with_plus(originator) if len(originator) > LONGEST_SENDER else originator


def _delay(facts: Facts, send_at: datetime, created_at: datetime) -> int | None:
    """Return the delay that was asked for; None if there was none, or the time has been changed since.

    Who reads it gets a delay or a time: the published client refuses to read both. What is launched after that time,
    since it waited for credit, is sent at once.
    """
    return facts.defer_by if send_at == created_at or to_ms(send_at) == facts.until_ms else None


def _type(*, flash: bool, ucs2: bool) -> int:
    return FLASH if flash else UNICODE if ucs2 else PLAIN


def _status(campaign: Campaign) -> str:
    standings = campaign.standings
    if campaign.batch.canceled:
        return "ABORTED"
    if all(status in SETTLED for status, *_ in standings):
        return "COMPLETED"
    if all(status in SETTLED or (status is Status.QUEUED and scheduled) for status, _, scheduled, _ in standings):
        return "SCHEDULED"
    return "SENDING"
