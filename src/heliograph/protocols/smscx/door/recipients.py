"""Who a request to send goes to: numbers, or whoever is in groups at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.contacts import Details, together
from heliograph.domain.errors import NotFound
from heliograph.numbers import Check, normalise_many
from heliograph.protocols.shared.uuids import is_random_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.facts import Audience
from heliograph.protocols.smscx.door.placeholders import Recipients
from heliograph.protocols.smscx.door.refusals import invalid_numbers, invalid_param
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.services import Services


class Addressees(NamedTuple):
    """Who a request goes to, and how many it names: duplicates and invalid numbers among them."""

    recipients: Recipients
    asked: int
    """Numbers in the request, or contacts in its groups."""
    duplicates: int
    invalid: Sequence[str] = ()
    groups: Sequence[Audience] | None = None
    """The groups that it goes to; None if it goes to numbers."""
    track_data: str | None = None


async def addressees(services: Services, account: Account, body: wire.ToNumbers | wire.ToGroups) -> Addressees:
    """Find who a request goes to. Raises a refusal if that is nobody, or too many, or if a number is none."""
    if isinstance(body, wire.ToGroups):
        return await _in_groups(services, account, body)
    return await _numbers(account, body)


async def _numbers(account: Account, body: wire.ToNumbers) -> Addressees:
    to = [body.to] if isinstance(body.to, str) else body.to
    if not to:
        raise invalid_param(Code.TO_MISSING, "`to` is empty.")
    _require_few(to)
    region = reading.country(body.country_iso) or account.default_region
    found = await aside(len(to) > MANY_NUMBERS, normalise_many, to, region=region, check=Check.POSSIBLE)
    invalid = reading.as_written(found.invalid)
    if invalid and (body.allow_invalid is not True or not found.msisdns):
        raise invalid_numbers(invalid, len(to))
    msisdns = list(dict.fromkeys(found.msisdns))
    track = body.track_data if isinstance(body.track_data, str) else ""
    return Addressees(
        [(msisdn, None) for msisdn in msisdns],
        asked=len(to),
        duplicates=len(found.msisdns) - len(msisdns),
        invalid=invalid,
        track_data=track.lower() if is_random_uuid(track) else None,
    )


async def _in_groups(services: Services, account: Account, body: wire.ToGroups) -> Addressees:
    if not body.groups:
        raise invalid_param(Code.GROUPS_MISSING, "`groups` is empty.")
    try:
        groups = await services.contacts.groups(account, list(dict.fromkeys(body.groups)))
    except NotFound as error:
        raise invalid_param(Code.GROUP_TO_SEND_TO_UNKNOWN, error.message) from error
    contacts = await services.contacts.within(account, groups)
    known: dict[str, list[Details]] = {}
    for contact in contacts:
        known.setdefault(contact.msisdn, []).append(contact.details)
    if not known:
        raise invalid_param(Code.GROUPS_EMPTY, "There are no contacts in these groups.")
    _require_few(known)
    return Addressees(
        [(msisdn, together(details)) for msisdn, details in known.items()],
        asked=len(contacts),
        duplicates=len(contacts) - len(known),
        groups=[Audience(group.number, shapes.group_name(group.name, group.number), group.size) for group in groups],
    )


def _require_few(recipients: Sequence[str] | dict[str, list[Details]]) -> None:
    if len(recipients) > wire.MAX_RECIPIENTS:
        raise invalid_param(Code.TOO_MANY_RECIPIENTS, f"At most {wire.MAX_RECIPIENTS} recipients.")
