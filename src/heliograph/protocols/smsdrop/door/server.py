"""The smsdrop door, in both dialects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.batches import Draft, Options
from heliograph.domain.bounded import count_in, instant_in
from heliograph.domain.errors import HeliographError, InvalidField, NotFound, Unauthenticated
from heliograph.domain.instants import to_ms
from heliograph.domain.parking import Parked
from heliograph.doors import Call, Door, Operation, Reply
from heliograph.doors.door import address_of, bearer_token
from heliograph.numbers import Check, normalise_many
from heliograph.protocols.shared.uuids import from_uuid, to_uuid
from heliograph.protocols.smsdrop import wire
from heliograph.protocols.smsdrop.door import shapes
from heliograph.protocols.smsdrop.door.operations import OPERATIONS
from heliograph.protocols.smsdrop.door.refusals import SmsdropRefusal, invalid, refused
from heliograph.protocols.smsdrop.door.shapes import FACTS, PROTOCOL, Facts
from heliograph.services.accounts import public_part
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.history import Campaign
from heliograph.services.services import Services
from heliograph.text import verbatim

TOKEN_LIFETIME_S = 3_600
"""How long a token is good, in seconds: what version 0.1.0 of the published client assumes."""
NOT_LAUNCHED = 201
"""The status that says that the campaign was created, but that there are not enough SMS to launch it."""
_LONGEST_DELAY_S = 366 * 24 * 3_600
_MOST_PROBLEMS = 20


class SmsdropDoor(Door):
    operations = OPERATIONS

    def __init__(self, services: Services, *, max_body_bytes: int, dated: bool) -> None:
        """Serve one dialect: with `dated`, the one whose campaigns say when they were created."""
        super().__init__(services, max_body_bytes=max_body_bytes)
        self._services = services
        self._dated = dated

    async def authenticate(self, request: Request) -> Principal:
        token = bearer_token(request)
        if token is None:
            raise Unauthenticated("The request has no bearer token.")
        return await self._services.access.authenticate(
            CredentialKind.SMSDROP_TOKEN, public_part(token), token, address=address_of(request)
        )

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        return refused(error)

    async def log_in(self, call: Call[None, wire.LogIn]) -> wire.Token:
        form = call.body
        try:
            issued = await self._services.accounts.log_in(
                CredentialKind.SMSDROP,
                form.username,
                form.password,
                token=CredentialKind.SMSDROP_TOKEN,
                lifetime_s=TOKEN_LIFETIME_S,
                address=address_of(call.request) or "",
            )
        except Unauthenticated as error:
            # Not 401: the published clients would take that for a token that has expired.
            raise SmsdropRefusal(400, "LOGIN_BAD_CREDENTIALS") from error
        return wire.Token(issued.secret)

    async def launch_campaign(self, call: Call[None, wire.NewCampaign]) -> Reply:
        return self._launched(await self._services.parking.create(call.account, await self._draft(call.body)))

    async def retry_campaign(self, call: Call[None, wire.Retry]) -> Reply:
        try:
            return self._launched(await self._services.parking.retry(call.account, _identifier(call.body.id)))
        except NotFound as error:
            # Not 404: the published clients would take that for success.
            raise invalid("id", error.message) from error

    async def _draft(self, body: wire.NewCampaign) -> Draft:
        return await aside(len(body.recipient_list) > MANY_NUMBERS, _draft, body)

    def _launched(self, made: Campaign | Parked) -> Reply:
        return Reply(self._shown(made), NOT_LAUNCHED if isinstance(made, Parked) else 200)

    async def read_campaign(self, call: Call[None, None]) -> wire.Campaign:
        return self._shown(await self._services.parking.get(call.account, _identifier(call.path["campaign_id"])))

    async def read_campaigns(self, call: Call[wire.PageQuery, None]) -> Sequence[wire.Campaign]:
        """List campaigns, newest first, with those that could not be paid for."""
        skip = _count(call.query.skip, "skip", 0)
        limit = min(_count(call.query.limit, "limit", 100), wire.MAX_PAGE)
        page = await self._services.parking.page(call.account, PROTOCOL, skip=skip, limit=limit)
        return [self._shown(each) for each in page]

    def _shown(self, found: Campaign | Parked) -> wire.Campaign:
        return shapes.campaign(found, dated=self._dated)

    async def read_me(self, call: Call[None, None]) -> wire.User:
        account = call.account
        names = await self._services.accounts.names(account, CredentialKind.SMSDROP)
        return wire.User(to_uuid(account.id), names[0] if names else account.name, True, True, False)

    async def read_subscription(self, call: Call[None, None]) -> wire.Subscription:
        account = call.account
        balance = await self._services.money.balance(account)
        prices = self._services.money.prices(account, "sms").values()
        dearest = max(prices, default=0)
        left = shapes.UNLIMITED if balance is None or not dearest else balance // dearest
        return wire.Subscription(to_uuid(account.id), left, shapes.when(account.created_at))


def _identifier(text: str) -> str:
    try:
        return from_uuid(text)
    except ValueError as error:
        raise NotFound(f"There is no campaign {text!r}.") from error


def _count(text: str, name: str, default: int) -> int:
    if not text:
        return default
    number = count_in(text)
    if number is None:
        raise InvalidField(f"`{name}` is a number.", field=name)
    return number


def _draft(body: wire.NewCampaign) -> Draft:
    """Turn a new campaign into a draft. Raises what the published clients would refuse, and what can't be sent."""
    _check_sender(body.sender)
    if body.message_type not in {None, shapes.PLAIN, shapes.FLASH, shapes.UNICODE}:
        raise invalid("message_type", "A message is 0 (plain text), 1 (flash) or 2 (unicode).")
    if body.defer_by and body.defer_until:
        raise invalid("defer_by", "Use either `defer_until` or `defer_by`, not both.")
    now = datetime.now(UTC)
    text, parameters = verbatim(body.message)
    send_at = _send_at(body, now)
    delay = Facts(body.defer_by, to_ms(send_at)) if body.defer_by and send_at is not None else Facts()
    return Draft(
        protocol=PROTOCOL,
        to=_recipients(body.recipient_list),
        originator=body.sender,
        text=text,
        parameters=parameters or None,
        send_at=send_at,
        title=body.title or f"Campaign {now:%Y-%m-%d %H:%M:%S}",
        flash=body.message_type == shapes.FLASH,
        options=Options(ucs2=body.message_type == shapes.UNICODE, as_given=bool(parameters)),
        door_facts=FACTS.write(delay),
    )


def _check_sender(sender: str) -> None:
    """Check a sender as the published clients do, which break on a longer one (reference: section 4)."""
    if not sender:
        raise invalid("sender", "The sender is empty.")
    if sender.isalnum() and len(sender) > shapes.LONGEST_SENDER:
        raise invalid("sender", f"A sender of letters and digits has at most {shapes.LONGEST_SENDER} of them.")


def _recipients(numbers: Sequence[str]) -> list[str]:
    """Read international numbers, with or without a plus, each once. Raises SmsdropRefusal for others."""
    if not numbers:
        raise invalid("recipient_list", "There must be at least one recipient.")
    read = normalise_many(numbers, check=Check.POSSIBLE)
    if read.invalid:
        raise SmsdropRefusal(
            422,
            [
                wire.Problem(["body", "recipient_list", row.index], f"{numbers[row.index]!r} is not a phone number.")
                for row in read.invalid[:_MOST_PROBLEMS]
            ],
        )
    return [f"+{msisdn}" for msisdn in dict.fromkeys(read.msisdns)]


def _send_at(body: wire.NewCampaign, now: datetime) -> datetime | None:
    """Tell when a campaign is to be sent; None for at once. A time without an offset is UTC."""
    if body.defer_by:
        if not 0 < body.defer_by <= _LONGEST_DELAY_S:
            raise invalid("defer_by", "A campaign can be put off for a year at most.")
        return now + timedelta(seconds=body.defer_by)
    if not body.defer_until:
        return None
    at = instant_in(body.defer_until)
    if at is None:
        raise invalid("defer_until", "This is not a date and time in ISO 8601.")
    return at
