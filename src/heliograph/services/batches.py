"""Sending: every rule about what may be sent, to whom and when, whichever door the request came by."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import (
    DEFAULT_VALIDITY,
    MAX_BINARY_OCTETS,
    MAX_RECIPIENTS,
    MAX_TEXT_LENGTH,
    Batch,
    BodyKind,
    Draft,
    ReportWish,
)
from heliograph.domain.errors import (
    InvalidBody,
    InvalidCallbackUrl,
    InvalidField,
    InvalidOriginator,
    InvalidRecipient,
    InvalidSchedule,
    MissingCallbackUrl,
    NoRecipients,
    NotFound,
    TooManyRecipients,
)
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms, to_ms
from heliograph.domain.rendering import Rendered, Rendering
from heliograph.engine.engine import Engine
from heliograph.numbers import Check, normalise_many, parse_originator
from heliograph.numbers import InvalidOriginator as NotAnOriginator
from heliograph.store.batches import BatchFilter, NewBatch, batch_by_id, batches_of, cancel, count_batches
from heliograph.text import MissingParameter

_LATEST = datetime.max.replace(tzinfo=UTC)
MAX_NAMED_MISTAKES = 20
"""How many wrong recipients an error lists."""


class DryRunRecipient(msgspec.Struct, frozen=True):
    msisdn: str
    rendered: Rendered


class DryRun(msgspec.Struct, frozen=True):
    """What a batch would come to."""

    recipients: int
    parts: int
    per_recipient: Sequence[DryRunRecipient]
    """The first ones, as many as were asked for."""


class Created(NamedTuple):
    """What came of a request to send."""

    batch: Batch
    repeated: bool
    """An earlier request with the same idempotency key made this batch; nothing is sent now."""
    refused: int
    """How many messages were rejected at once, because their recipients opted out."""


class Batches:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    async def create(self, account: Account, draft: Draft, *, check: Check = Check.POSSIBLE) -> Created:
        """Accepts a request to send.

        When this returns the batch and its messages are committed. `check` says how strictly the door's protocol
        takes phone numbers. Raises the RequestErrors that are imported above; then nothing is stored.
        """
        batch = self._ruled(account, draft, check)
        fingerprint = _fingerprint(draft) if draft.idempotency_key is not None else None
        accepted = await self._engine.accept(NewBatch(batch, draft.idempotency_key, fingerprint))
        if accepted.repeated:
            return Created(await self.get(account, accepted.batch_id), repeated=True, refused=0)
        return Created(batch, repeated=False, refused=accepted.refused)

    async def dry_run(
        self, account: Account, draft: Draft, *, list_first: int = 0, check: Check = Check.POSSIBLE
    ) -> DryRun:
        """What creating this batch would come to; nothing is stored. Raises what `create` raises."""
        batch = self._ruled(account, draft, check)
        rendering = Rendering(batch.kind, batch.body, batch.parameters)
        parts = 0
        listed: list[DryRunRecipient] = []
        for msisdn in batch.recipients:
            try:
                rendered = rendering.render(msisdn)
            except MissingParameter:
                continue  # would fail alone, and send nothing
            parts += rendered.parts
            if len(listed) < list_first:
                listed.append(DryRunRecipient(msisdn, rendered))
        return DryRun(batch.recipient_count, parts, listed)

    async def get(self, account: Account, batch_id: str) -> Batch:
        """NotFound if the account has no such batch."""
        batch = await self._store.read(batch_by_id, account.id, batch_id)
        if batch is None:
            raise NotFound(f"There is no batch {batch_id} in this account.")
        return batch

    async def page(
        self, account: Account, wanted: BatchFilter, *, limit: int, offset: int = 0, before: str | None = None
    ) -> list[Batch]:
        """Newest first."""
        return await self._store.read(batches_of, account.id, wanted, limit=limit, offset=offset, before=before)

    async def count(self, account: Account, wanted: BatchFilter) -> int:
        return await self._store.read(count_batches, account.id, wanted)

    async def cancel(self, account: Account, batch_id: str) -> Batch:
        """Calls back what no worker holds yet. Safe to repeat. NotFound if the account has no such batch."""
        batch = await self._store.write(cancel, account.id, batch_id, now_ms())
        if batch is None:
            raise NotFound(f"There is no batch {batch_id} in this account.")
        self._engine.wake_callbacks()
        return batch

    def _ruled(self, account: Account, draft: Draft, check: Check) -> Batch:
        recipients = _recipients(draft.to, account.default_region, check)
        kind, body = _body(draft)
        now = from_ms(now_ms())  # whole milliseconds, as stored
        send_at, expire_at = _times(draft, now)
        self._check_callback(account, draft)
        return Batch(
            id=new_id(),
            account_id=account.id,
            protocol=draft.protocol,
            kind=kind,
            originator=_originator(draft.originator or account.default_originator),
            body=body,
            udh=draft.udh.hex(),
            parameters=draft.parameters or None,
            recipients=recipients,
            recipient_count=len(recipients),
            send_at=send_at,
            expire_at=expire_at,
            callback_url=draft.callback_url,
            report=draft.report,
            tags=list(dict.fromkeys(draft.tags)),
            title=draft.title,
            client_reference=draft.client_reference,
            flash=draft.flash,
            max_parts=_max_parts(draft.max_parts),
            created_at=now,
            modified_at=now,
        )

    def _check_callback(self, account: Account, draft: Draft) -> None:
        if draft.callback_url is not None:
            fault = self._engine.guard.fault_in(draft.callback_url)
            if fault is not None:
                raise InvalidCallbackUrl(f"The callback URL may not be called: {fault}.", field="callback_url")
        elif draft.report is not ReportWish.NONE and account.callback_url is None:
            raise MissingCallbackUrl(field="callback_url")


def _recipients(to: Sequence[str], region: str | None, check: Check) -> list[str]:
    if not to:
        raise NoRecipients(field="to")
    if len(to) > MAX_RECIPIENTS:
        raise TooManyRecipients(f"One batch may have {MAX_RECIPIENTS} recipients; this one has {len(to)}.", field="to")
    found = normalise_many(to, region=region, check=check)
    if found.invalid:
        named = [f"{row.text!r} ({row.reason})" for row in found.invalid[:MAX_NAMED_MISTAKES]]
        more = len(found.invalid) - len(named)
        rest = f", and {more} more" if more else ""
        raise InvalidRecipient(f"Not a phone number: {', '.join(named)}{rest}.", field="to")
    return list(dict.fromkeys(found.msisdns))


def _originator(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_originator(text).value
    except NotAnOriginator as error:
        raise InvalidOriginator(f"{text!r} can't be an originator: {error.reason}.", field="from") from error


def _body(draft: Draft) -> tuple[BodyKind, str]:
    if (draft.text is None) == (draft.data is None):
        raise InvalidBody("A message has either a text or binary data.", field="body")
    if draft.text is not None:
        return BodyKind.TEXT, _text(draft)
    assert draft.data is not None  # noqa: S101 - just told apart
    return BodyKind.BINARY, _binary(draft.data, draft.udh)


def _text(draft: Draft) -> str:
    text = draft.text or ""
    if not text:
        raise InvalidBody("The text is empty.", field="body")
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidBody(f"The text has {len(text)} characters; {MAX_TEXT_LENGTH} are allowed.", field="body")
    if draft.udh:
        raise InvalidBody("A text has no user data header of its own; send binary data.", field="udh")
    if not is_storable(text):
        raise InvalidBody(
            "The text has characters that no message can carry (U+0000 or half a surrogate pair).", field="body"
        )
    return text


def is_storable(text: str) -> bool:
    """Whether a text is free of what neither a database nor a message can hold: U+0000 and lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _binary(data: bytes, udh: bytes) -> str:
    """The header is the customer's own affair, as it is with XMS: whether it makes sense, the phone decides."""
    if not data and not udh:
        raise InvalidBody("The message has neither data nor a header.", field="body")
    if len(data) + len(udh) > MAX_BINARY_OCTETS:
        raise InvalidBody(
            f"Data and header have {len(data) + len(udh)} octets; {MAX_BINARY_OCTETS} are allowed.", field="body"
        )
    return b64encode(data).decode()


def _times(draft: Draft, now: datetime) -> tuple[datetime, datetime]:
    send_at = max(_whole_ms(draft.send_at), now) if draft.send_at is not None else now
    if draft.expire_at is None:
        if send_at > _LATEST - DEFAULT_VALIDITY:
            raise InvalidSchedule(f"{send_at} is out of range.", field="send_at")
        return send_at, send_at + DEFAULT_VALIDITY
    expire_at = _whole_ms(draft.expire_at)
    if expire_at <= send_at:
        raise InvalidSchedule(field="expire_at")
    return send_at, expire_at


def _whole_ms(instant: datetime) -> datetime:
    try:
        return from_ms(to_ms(instant.astimezone(UTC)))
    except (OverflowError, ValueError) as error:
        raise InvalidSchedule(f"{instant} is out of range.", field="send_at") from error


def _max_parts(wanted: int | None) -> int | None:
    if wanted is not None and wanted < 1:
        raise InvalidField("A message has at least one part.", field="max_parts")
    return wanted


def _fingerprint(draft: Draft) -> str:
    """The same for the same request, whatever its key."""
    anonymous = msgspec.structs.replace(draft, idempotency_key=None)
    return hashlib.sha256(msgspec.json.encode(anonymous)).hexdigest()


def tags_of(text: str | None) -> Iterable[str]:
    """The tags in a comma-separated list."""
    return [tag for tag in (text or "").split(",") if tag]
