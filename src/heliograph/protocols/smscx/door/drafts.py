"""From a request to send to a draft of ours.

What a request says comes from its channel (`Content`), who gets it from `recipients`; here it is found out how it is to
be sent, and each text is made into a body with parameters. A text that was written in another alphabet is made into a
second body that shares the parameters, to be compared with: what is drawn by lot, and each recipient's short addresses,
are made once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.batches import Draft, Options, ReportWish, require_length
from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.consent_links import optout_path
from heliograph.protocols.shared.uuids import is_random_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.facts import FACTS, Facts
from heliograph.protocols.smscx.door.placeholders import Addresses, Personalising, require_links
from heliograph.protocols.smscx.door.recipients import Addressees, addressees
from heliograph.protocols.smscx.door.refusals import SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.resource import PROTOCOL, Places
from heliograph.protocols.smscx.door.settings import quiet_hours, settings_of
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.services import Services
from heliograph.text import TooManyParts, measure_text

MAX_PARTS = 10
USUAL_TTL_S = 300
"""How long a channel has to deliver, in seconds, if nobody says."""
_LATE = timedelta(minutes=1)
"""How far behind a clock may be before a time counts as past."""


class Said(NamedTuple):
    """A text that is said by one channel."""

    channel: Channel
    text: str
    rich_media: RichMedia | None = None


class Content(NamedTuple):
    """What a request says, by one channel or by several."""

    said: Sequence[Said]
    """What each channel says, in the order in which they are tried."""
    plain: str | None = None
    """The text of an SMS without the transliteration that was asked for; None if that changes nothing."""
    custom: Mapping[str, str] | None = None
    """Values of placeholders that are the same for everybody."""
    after_s: int = USUAL_TTL_S


class Wanted(NamedTuple):
    """A request to send, read and checked."""

    draft: Draft
    plain: Draft | None
    """The draft without transliteration, for comparison; None if nothing was transliterated."""
    to: Addressees


class Terms(NamedTuple):
    """How a request is sent, whatever it says and whoever gets it."""

    originator: str
    send_at: datetime | None
    local_time: bool
    """Whether `send_at` is by the clock on each recipient's wall."""
    quiet: tuple[int, int] | None
    callback_url: str | None


async def wanted(
    services: Services,
    caller: Principal,
    body: wire.ToNumbers | wire.ToGroups,
    area: str,
    content: Content,
    places: Places,
) -> Wanted:
    """Read a request. Raises a refusal for what is wrong with it, except for what the service finds when it is sent."""
    account = caller.account
    for said in content.said:
        require_length(said.text)
    to = await addressees(services, account, body)
    terms = await _terms(services, account, body, await settings_of(services, caller, area))
    _require_coverage(services, account, content, to)
    await require_links(services.links, account, [said.text for said in content.said])
    addresses = Addresses(lambda msisdn: places.base_url + optout_path(account, msisdn), places.short_url)
    personal = Personalising(to.recipients, addresses, custom=content.custom)
    draft, plain = await aside(len(to.recipients) > MANY_NUMBERS, _drafts, body, content, to, terms, personal)
    return Wanted(draft, plain, to)


def anew(draft: Draft) -> Draft:
    """Draft the same as if it were to be sent now, and for the first time: for an estimate."""
    return msgspec.structs.replace(draft, send_at=None, idempotency_key=None)


async def _terms(services: Services, account: Account, body: wire.AnySending, own: Mapping[str, Any]) -> Terms:
    originator = await _originator(services, account, own.get("enforceOriginator") or body.from_)
    send_at, local_time = _schedule(body, datetime.now(UTC))
    if body.idempotency_id and not is_random_uuid(body.idempotency_id):
        raise invalid_param(Code.IDEMPOTENCY_ID_INVALID, "`idempotencyId` is not a UUID.")
    callback_url = body.dlr_callback_url or own.get("dlrCallback") or None
    return Terms(originator, send_at, local_time, quiet_hours(own.get("quietHours")), callback_url)


async def _originator(services: Services, account: Account, asked: str) -> str:
    """Find the originator: the one that was asked for or, until that is approved, the account's own."""
    value = asked.strip()
    if not reading.is_originator(value):
        raise invalid_param(Code.FROM_INVALID, "`from` has 3 to 11 characters, or 3 to 15 digits.")
    if await services.originators.is_waiting(account, value):
        return account.default_originator or shapes.DEFAULT_SENDER
    return value


def _schedule(body: wire.AnySending, now: datetime) -> tuple[datetime | None, bool]:
    """Read when it is sent, and whether that is by the clock on each recipient's wall."""
    at = reading.moment(body.scheduled_date)
    if at is None:
        return None, False
    local_time = body.is_utc is False and at.tzinfo is None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    # A time of day has passed everywhere when it has where clocks are the furthest behind: 12 hours after UTC.
    if at < now - _LATE - (timedelta(hours=12) if local_time else timedelta()):
        raise invalid_param(Code.SCHEDULED_DATE_PAST, "`scheduledDate` is in the past.")
    return at if local_time else max(at, now), local_time


def _require_coverage(services: Services, account: Account, content: Content, to: Addressees) -> None:
    covers = services.money.covers
    if not any(covers(account, msisdn, said.channel) for said in content.said for msisdn, _ in to.recipients):
        raise SmscxRefusal(403, "no_coverage", Code.NO_COVERAGE, "Nothing is sent to these destinations.")


def _drafts(
    body: wire.AnySending, content: Content, to: Addressees, terms: Terms, personal: Personalising
) -> tuple[Draft, Draft | None]:
    """Draft what is sent and, if it was transliterated, the same without."""
    first, *others = [
        Fallback(channel=said.channel, body=personal.body(said.text), rich_media=said.rich_media)
        for said in content.said
    ]
    plain = None if content.plain is None else personal.respelt(content.plain)
    if first.channel is Channel.SMS and not personal.parameters:
        for text in [first.body] if plain is None else [plain, first.body]:
            _require_few_parts(text)
    draft = _draft(body, first, others, content.after_s, to, terms, personal)
    return draft, None if plain is None else msgspec.structs.replace(draft, text=plain)


def _draft(
    body: wire.AnySending,
    first: Fallback,
    others: Sequence[Fallback],
    after_s: int,
    to: Addressees,
    terms: Terms,
    personal: Personalising,
) -> Draft:
    return Draft(
        protocol=PROTOCOL,
        to=[f"+{msisdn}" for msisdn, _ in to.recipients],
        originator=terms.originator,
        text=first.body,
        parameters=personal.parameters or None,
        links=personal.tracked,
        send_at=terms.send_at,
        callback_url=terms.callback_url,
        report=ReportWish.NONE if terms.callback_url is None else ReportWish.PER_RECIPIENT,
        client_reference=to.track_data,
        idempotency_key=body.idempotency_id or None,
        request=msgspec.json.encode(body),
        max_parts=MAX_PARTS,
        options=Options(
            local_time=terms.local_time,
            quiet=terms.quiet,
            channel=first.channel,
            rich_media=first.rich_media,
            fallbacks=tuple(others),
            fall_back_after_s=after_s,
            as_given=bool(personal.parameters),
        ),
        door_facts=FACTS.write(Facts(tuple(to.groups or ()))),
    )


def _require_few_parts(text: str) -> None:
    try:
        parts = measure_text(text).parts
    except TooManyParts:
        parts = MAX_PARTS + 1
    if parts > MAX_PARTS:
        raise invalid_param(Code.TEXT_MISSING, f"`text` needs more than {MAX_PARTS} parts.")
