"""From our model to the campaigns of smsdrop.

What its numbers mean is not documented (reference: smsdrop.md, section 4). These are our own convention:
`message_count` is how many messages there are, `sms_count` how many parts one of them has, and a subscription's
`nbr_sms` how many SMS of one part to the dearest country the balance would buy.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import UNSET

from heliograph.domain.batches import BodyKind, Options, Parameters
from heliograph.domain.parking import Parked
from heliograph.domain.rendering import Rendered, Rendering
from heliograph.domain.statuses import SETTLED, Status
from heliograph.numbers import with_plus
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smsdrop import wire
from heliograph.services.history import Campaign
from heliograph.text import MissingParameter, verbatim

PLAIN, FLASH, UNICODE = 0, 1, 2
LONGEST_SENDER = 11
"""The most letters and digits that a sender without other characters may have, as in the published clients."""
UNLIMITED = 1_000_000
"""The number of SMS that an account is shown which is not billed."""


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
    return wire.Campaign(
        id=to_uuid(batch.id),
        title=batch.title or "",
        message=said.body,
        message_type=_type(flash=batch.flash, ucs2=batch.options.ucs2),
        sender=_sender(batch.originator or ""),
        recipient_list=[*(f"+{msisdn}" for msisdn in batch.recipients), *batch.groups],
        defer_until=_until(batch.send_at if batch.send_at > batch.created_at else None, batch.options),
        defer_by=batch.options.deferred_s,
        delivery_percentage=delivered * 100 // count if count else 0,
        message_count=count,
        sms_count=said.parts,
        status=_status(campaign),
        created_at=when(batch.created_at) if dated else UNSET,
    )


def _parked(waiting: Parked, *, dated: bool) -> wire.Campaign:
    draft = waiting.draft
    said = _said(BodyKind.TEXT, draft.text or "", draft.parameters, draft.options)
    return wire.Campaign(
        id=to_uuid(waiting.id),
        title=draft.title or "",
        message=said.body,
        message_type=_type(flash=draft.flash, ucs2=draft.options.ucs2),
        sender=_sender(draft.originator or ""),
        recipient_list=draft.to,
        defer_until=_until(draft.send_at, draft.options),
        defer_by=draft.options.deferred_s,
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


def _until(send_at: datetime | None, options: Options) -> str | None:
    """Show when it was asked to be sent; None if a delay was asked for: the published client refuses to read both."""
    return None if send_at is None or options.deferred_s is not None else when(send_at)


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
