"""Events as SMS.CX posts them (reference: section 9). It signs nothing; ours are signed as the native ones are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.consent_links import PATH
from heliograph.domain.errors import NotFound
from heliograph.domain.instants import from_ms
from heliograph.domain.links import Hit
from heliograph.domain.lookups import Lookup
from heliograph.domain.optouts import OptOut
from heliograph.domain.statuses import Status
from heliograph.doors.callbacks import CallbackWriter, own_signature
from heliograph.numbers import country_of
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.hits import hit_row
from heliograph.protocols.smscx.door.lookups import lookup_row
from heliograph.protocols.smscx.door.optouts import optout_row
from heliograph.protocols.smscx.door.otp import otp
from heliograph.protocols.smscx.door.rents import inbound_item
from heliograph.protocols.smscx.door.statuses import ERROR_CODES, STATUS_CODES, status_of
from heliograph.services.events import EventSubjects

LOOKED_UP = "number_lookup"
"""The vendor's model has another event's name here (reference: section 9), so this one is ours."""


class SmscxCallbacks(CallbackWriter):
    def __init__(self, subjects: EventSubjects, public_url: str) -> None:
        """Take `public_url`, by which recipients of messages reach this server."""
        super().__init__(subjects)
        self._public_url = public_url

    async def data(self, account: Account, event: Event) -> wire.callbacks.Callback:
        name, items = await self._items(account, event)
        return wire.callbacks.Callback(event=name, data=items)

    async def _items(self, account: Account, event: Event) -> tuple[str, Sequence[Any]]:
        if event.kind is EventKind.INBOUND:
            message = await self.subjects.inbound(account, event)
            return f"receive_{message.channel}", [inbound_item(message)]
        if event.kind is EventKind.VERIFICATION_SETTLED:
            return "otp_update", [otp(await self.subjects.verification(account, event))]
        if event.kind is EventKind.OPTED_OUT:
            return "new_optout", [self._optout(account, each) for each in await self.subjects.optouts(account, event)]
        if event.kind in {EventKind.LINK_HIT, EventKind.ATTACHMENT_HIT}:
            name = "shortlink_hit" if event.kind is EventKind.LINK_HIT else "attachment_hit"
            return name, [_hit(each, url) for each, url in await self.subjects.hits(account, event)]
        if event.kind is EventKind.LOOKED_UP:
            return LOOKED_UP, [_lookup(each) for each in await self.subjects.lookups(account, event)]
        return "dlr_update", [_receipt(event)]

    def _optout(self, account: Account, optout: OptOut) -> wire.callbacks.OptoutItem:
        row = optout_row(optout, country_of(optout.msisdn))
        return wire.callbacks.OptoutItem(
            hit_id=row.id,
            optout_id=account.optout_page,
            optout_url=f"{self._public_url}{PATH}/{account.optout_page}",
            optout_type=row.optout_from,
            country_iso=row.country_iso,
            datetime=row.datetime,
            phone_number=row.phone_number,
            campaign_id=None,
            group_id=None,
        )

    def signature(self, secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
        return own_signature(secrets, event, body)


def _receipt(event: Event) -> wire.callbacks.DlrItem:
    if event.facts is None:
        raise NotFound()
    facts = event.facts
    status = status_of(Status(facts.status), facts.reason, scheduled=False)
    return wire.callbacks.DlrItem(
        campaign_id=to_uuid(event.subject_id),
        msg_id=to_uuid(facts.message_id),
        status_code=STATUS_CODES[status],
        status=status,
        error_code=None if status in {"DELIVERED", "SENT"} else ERROR_CODES.get(facts.reason),
        datetime=shapes.when(from_ms(facts.at_ms)),
        track_data=shapes.track(event.client_reference) or UNSET,
    )


def _lookup(stored: Lookup) -> wire.callbacks.LookupItem:
    job_id = None if stored.job_id is None else to_uuid(stored.job_id)
    return wire.callbacks.LookupItem(**msgspec.structs.asdict(lookup_row(stored)), lookup_bulk_id=job_id)


def _hit(hit: Hit, url: str) -> wire.callbacks.HitItem:
    row = hit_row(hit)
    return wire.callbacks.HitItem(
        hit_id=row.hit_id,
        shortlink_id=hit.link_id,
        url=url,
        device=row.device or "desktop",  # their model knows no other word for it
        browser=row.browser or "",
        browser_version=row.browser_version or "",
        os=row.os or "",
        os_version=row.os_version or "",
        brand=row.brand or "",
        model=row.model or "",
        screen_resolution=row.screen_resolution or "",
        accept_language=row.accept_language or "",
        referrer=row.referrer,
        ip_address=row.ip_address or "",
        country_iso=row.country_iso or "",
        city=row.city or "",
        datetime=row.datetime,
        phone_number=UNSET if hit.msisdn is None else f"+{hit.msisdn}",
        campaign_id=None if hit.batch_id is None else to_uuid(hit.batch_id),
        group_id=None,
    )
