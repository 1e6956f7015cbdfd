"""Sending: every rule about what may be sent, to whom and when, whichever door the request came by.

**How a request becomes a batch.** A door hands over a `Draft`: what was asked for, as it was asked. `create` puts the
texts of templates into it (`_written`), then applies every rule that needs no database (`_ruled`), which makes a
`Batch` of it or raises. Only then is anything stored: the engine commits the batch, its messages, its charge, its links
and what the caller adds (`also`) in one transaction. What only the store can say is decided there, where it can't
change any more: whether the balance covers it, who has opted out, which groups there are, whether the key was used.

**What holds.** A request that breaks a rule leaves nothing behind; one that was answered is committed with all its
parts. A request that is repeated with its key gets the first one's batch, and a different request with the same key is
refused: the key is stored with a fingerprint of what was asked. That holds even if what the first one needed is gone,
such as its template, so an unknown template is an error only after the key was looked up.

**Large requests.** Twenty-five thousand numbers take long to read, so the rules run in a thread where a draft has many
(`aside`). Nothing in them may touch the event loop, or the store.

**Changing a batch** is asking for it again: `edit` is given the draft that would make the batch as it is, and the rules
are applied to what it returns, only while none of its messages has been with a worker, and again if the batch changes
before the transaction that decides. Pausing is a mark on the batch, which the engine carries out.

**A dry run** applies the same rules and the same prices as sending at this moment would, by the same functions, and
stores nothing.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.audit import ActorKind
from heliograph.domain.batches import (
    DEFAULT_VALIDITY,
    MAX_BINARY_OCTETS,
    MAX_RECIPIENTS,
    Batch,
    BodyKind,
    Draft,
    Options,
    Pause,
    PauseReason,
    ReportWish,
    draft_of,
    require_length,
)
from heliograph.domain.channels import Channel, Fallback, plan_of
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import (
    BatchCanceled,
    ChannelNotActive,
    Conflict,
    HeliographError,
    InvalidBody,
    InvalidField,
    InvalidOriginator,
    InvalidRecipient,
    InvalidSchedule,
    MissingCallbackUrl,
    NoRecipients,
    NotFound,
    OriginatorNotAllowed,
    TooManyRecipients,
    UnknownTemplate,
)
from heliograph.domain.filters import BatchFilter
from heliograph.domain.idempotency import next_key
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms, to_ms
from heliograph.domain.lengths import LONGEST_VALUE, require_short
from heliograph.domain.links import Tracked
from heliograph.domain.listing import Listed
from heliograph.domain.messages import Message
from heliograph.domain.prices import Quote, Tariff
from heliograph.domain.priorities import Priority
from heliograph.domain.releases import Release, split
from heliograph.domain.rendering import Rendered, Rendering, Unsendable, most_parts, renderings_of
from heliograph.domain.routes import Subject
from heliograph.domain.statuses import Reason
from heliograph.engine.engine import Engine
from heliograph.numbers import Check, parse_originator, with_plus
from heliograph.numbers import InvalidOriginator as NotAnOriginator
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.audit import who_acts
from heliograph.services.directory import Templates
from heliograph.services.recipients import MAX_NAMED_MISTAKES, keyed_like, parse_msisdns
from heliograph.store.batches import (
    Accepted,
    Canceled,
    NewBatch,
    batch_by_id,
    batch_of_key,
    cancel,
    everyone_looked_up,
    list_batches,
    page_of_batches,
    quoted,
    repeated_by,
    unknown_group,
)
from heliograph.store.groups import unknown_groups
from heliograph.store.links import add_tokens, drop_tokens
from heliograph.store.messages import confirm
from heliograph.store.pausing import pause_batch, resume_batch
from heliograph.store.rewriting import change_tags, tags_of
from heliograph.store.tx import Tx
from heliograph.store.works import MADE_AT_ONCE, Holder
from heliograph.text import MAX_PARTS, Encoding, MalformedUdh, MissingParameter, TooManyParts, split_text
from heliograph.text.parameters import DEFAULT

_LATEST = datetime.max.replace(tzinfo=UTC)


class DryRunRecipient(msgspec.Struct, frozen=True):
    msisdn: str
    rendered: Rendered
    quote: Quote


class WouldFail(msgspec.Struct):
    """Messages that would fail for the same reason."""

    unsent: Unsendable
    count: int = 0
    first: list[str] = []
    """Some of their MSISDNs."""

    def note(self, msisdn: str) -> None:
        self.count += 1
        if len(self.first) < MAX_NAMED_MISTAKES:
            self.first.append(msisdn)


class DryRun(msgspec.Struct, frozen=True):
    """The result of a dry run: what a batch would come to."""

    batch: Batch
    """The batch as it would be stored."""
    recipients: int
    parts: int
    """How many parts the messages that would be sent have."""
    price: int
    """Millionths of the currency: what sending it now would be charged."""
    failures: Sequence[WouldFail]
    """The reasons of failures, the most frequent first."""
    per_recipient: Sequence[DryRunRecipient]
    """The first recipients, as many as were asked for."""


class Created(NamedTuple):
    """The result of a request to send."""

    batch: Batch
    repeated: bool
    """True if an earlier request with the same idempotency key made this batch; nothing is sent now."""
    refused: int
    """How many messages were rejected at once: their recipients opted out, or nothing is sent there."""
    charged: int = 0
    """Millionths of the currency."""


class InShares(NamedTuple):
    """A campaign of which a share goes first."""

    first: Created
    rest: Created


class Batches:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store
        self._templates = Templates(engine.store)

    async def create(
        self,
        account: Account,
        draft: Draft,
        *,
        check: Check = Check.POSSIBLE,
        also: Callable[[Tx, Batch], None] | None = None,
        batch_id: str | None = None,
    ) -> Created:
        """Accept a request to send.

        When this returns the batch, its messages and its links are committed, together with what `also` stores. `check`
        says how strictly the door's protocol takes phone numbers; `batch_id` is the identifier that it gets. Raises the
        RequestErrors that are imported above and what `also` raises; then nothing is stored.
        """
        if draft.idempotency_key is None and (key := next_key()) is not None:
            draft = msgspec.structs.replace(draft, idempotency_key=key)
        large = _is_large(draft)
        fingerprint = await aside(large, _fingerprint, draft) if draft.idempotency_key is not None else None
        try:
            written = await self._written(account, draft)
        except UnknownTemplate:
            repeated = await self._store.read(repeated_by, account.id, draft.idempotency_key, fingerprint)
            if repeated is None:
                raise
            return Created(await self.get(account, repeated), repeated=True, refused=0)
        async with self._store.in_turn(0 if large else len(draft.to)):
            batch = await aside(large, self._ruled, account, written, check, batch_id)
        _hold(account, batch)
        new = NewBatch(
            batch,
            draft.idempotency_key,
            fingerprint,
            self._tariff(account),
            also,
            caps=account.terms.caps,
        )
        accepted = await (self._accept_with(draft.links, new) if draft.links else self._engine.accept(new))
        if accepted.repeated:
            return Created(await self.get(account, accepted.batch_id), repeated=True, refused=0)
        batch.recipient_count = accepted.messages
        if batch.pause is not None:
            self._engine.batch_paused()
        return Created(batch, repeated=False, refused=accepted.refused, charged=accepted.charged)

    async def create_in_shares(
        self, account: Account, draft: Draft, share: float, release: Release, *, check: Check = Check.POSSIBLE
    ) -> InShares:
        """Send to a share of the recipients, more than 0 and less than 1, and hold the rest as a batch of its own.

        Members of groups are looked up now. The rest goes on when it is resumed, or by itself while what became of the
        share stays within the bounds of `release`. Repeated with the same idempotency key, both are those of the first
        time. If the process dies before the share is stored, the rest is held, and goes out when it is resumed. Raises
        what `create` raises, and InvalidField for a share or a bound that is none.
        """
        release.require_shares()
        asked = msgspec.json.encode((share, release, draft))
        batch = await aside(_is_large(draft), self._ruled, account, await self._written(account, draft), check)
        everybody = (await self._store.read(_now, batch)).msisdns
        if len(everybody) > MAX_RECIPIENTS:
            raise TooManyRecipients(f"{MAX_RECIPIENTS:,} can be sent to in shares, not {len(everybody):,}.", field="to")
        first, others = split(everybody, share)
        key = draft.idempotency_key
        before = None if key is None else await self._store.read(batch_of_key, account.id, f"{key} rest")
        known = None if before is None else before.options.release
        first_id = new_id() if known is None else known.after

        def part(msisdns: Sequence[str], name: str, held: Release | None) -> Draft:
            these = set(msisdns)
            return msgspec.structs.replace(
                draft,
                to=[with_plus(each) for each in msisdns],
                links=[each for each in draft.links if each.msisdn in these],
                groups=(),
                request=asked,
                idempotency_key=None if key is None else f"{key} {name}",
                options=msgspec.structs.replace(draft.options, release=held),
            )

        rest = part(others, "rest", msgspec.structs.replace(release, after=first_id))
        held = await self.create(account, rest, check=check)
        try:
            sent = await self.create(account, part(first, "share", None), check=check, batch_id=first_id)
        except HeliographError:
            await self.cancel(account, held.batch.id)
            raise
        return InShares(sent, held)

    async def _accept_with(self, links: Sequence[Tracked], new: NewBatch) -> Accepted:
        """Store a batch with the links that are in it.

        A few are stored in its transaction. Many are stored before it, in slices, between which others write; they are
        deleted if there is no such batch in the end. After a crash in between they stay, and nobody was told of them.
        """
        if len(links) <= MADE_AT_ONCE:
            return await self._engine.accept(msgspec.structs.replace(new, also=_with_links(links, new.also)))
        try:
            for start in range(0, len(links), MADE_AT_ONCE):
                some = links[start : start + MADE_AT_ONCE]
                async with self._store.in_turn(len(some)):
                    await self._store.write(add_tokens, new.batch, some)
            accepted = await self._engine.accept(new)
        except Exception:
            await self._drop_links(new.batch)
            raise
        if accepted.repeated:
            await self._drop_links(new.batch)
        return accepted

    async def _drop_links(self, batch: Batch) -> None:
        while await self._store.write(drop_tokens, batch):
            pass

    async def send_again(self, account: Account, message: Message, *, protocol: str, idempotency_key: str) -> Created:
        """Send what a message says to its recipient once more, at once, and tell nobody of it.

        Raises NotFound if its batch is gone, and what `create` raises.
        """
        draft = draft_of(await self.get(account, message.batch_id))
        keys = {message.msisdn, f"+{message.msisdn}", DEFAULT}
        parameters = {
            name: {key: value for key, value in column.items() if key in keys}
            for name, column in (draft.parameters or {}).items()
        }
        again = msgspec.structs.replace(
            draft,
            protocol=protocol,
            to=[f"+{message.msisdn}"],
            groups=(),
            parameters=parameters or None,
            send_at=None,
            expire_at=None,
            callback_url=None,
            sink=None,
            report=ReportWish.NONE,
            door_facts=None,
            idempotency_key=idempotency_key,
        )
        return await self.create(account, again)

    async def dry_run(
        self, account: Account, draft: Draft, *, list_first: int = 0, check: Check = Check.POSSIBLE
    ) -> DryRun:
        """Find out what creating this batch would come to; nothing is stored. Raises what `create` raises."""
        batch = await aside(_is_large(draft), self._ruled, account, await self._written(account, draft), check)
        now = await self._store.read(_now, batch)
        many = len(now.msisdns) > MANY_NUMBERS
        return await aside(many, self._come_to, batch, now, self._tariff(account), list_first)

    def _come_to(self, batch: Batch, now: _Now, tariff: Tariff, list_first: int) -> DryRun:
        wanted = quoted(now.batch, now.msisdns, now.silent, tariff)
        renderings, most = renderings_of(wanted.batch), most_parts(batch.max_parts)
        parts = 0
        listed: list[DryRunRecipient] = []
        failures: dict[Unsendable, WouldFail] = {}
        for msisdn, quote in zip(wanted.msisdns, wanted.quotes, strict=True):
            made = self._made(wanted.batch, renderings, quote, msisdn, most)
            if len(listed) < list_first and (shown := _shown(renderings, quote, msisdn, made)) is not None:
                listed.append(DryRunRecipient(msisdn, shown, quote))
            if isinstance(made, Rendered):
                parts += made.parts
            else:
                failures.setdefault(made, WouldFail(made)).note(msisdn)
        often = sorted(failures.values(), key=lambda failure: -failure.count)
        return DryRun(batch, len(wanted.msisdns), parts, wanted.bill.amount, often, listed)

    def _made(
        self, batch: Batch, renderings: Sequence[Rendering], quote: Quote, msisdn: str, most: int
    ) -> Rendered | Unsendable:
        """Render what a recipient gets by the first channel that can carry it, or say why by the last it could not."""
        if quote.refused is not None:
            return Unsendable(quote.refused)
        legs = [quote.leg] if quote.plan is None else [leg.number for leg in plan_of(quote.plan).legs]
        made: Rendered | Unsendable = Unsendable(Reason.UNROUTABLE)
        for leg in legs:
            channel = renderings[leg].channel
            made = renderings[leg].make(msisdn, most)
            if isinstance(made, Rendered):
                if self._leads_to(batch, msisdn, channel, made.parts):
                    return made
                made = Unsendable(Reason.UNROUTABLE)
        return made

    def _leads_to(self, batch: Batch, msisdn: str, channel: Channel, parts: int) -> bool:
        router = self._engine.router
        if router.usual(msisdn, channel) is not None:
            return True
        subject = Subject(
            msisdn=msisdn,
            originator=batch.originator,
            account=batch.account_id,
            tags=batch.tags,
            channel=channel,
            parts=parts,
        )
        return router.way(subject, now_ms()).goes_on

    async def get(self, account: Account, batch_id: str) -> Batch:
        """Read a batch. Raises NotFound if the account has no such batch."""
        batch = await self._store.read(batch_by_id, account.id, batch_id)
        if batch is None:
            raise _no_batch(batch_id)
        return batch

    async def listing(
        self, account: Account, wanted: BatchFilter, *, limit: int, before: str | None = None
    ) -> Listed[Batch]:
        """Read a page of batches, newest first. It may be short and go on: `next` says before which batch."""
        return await self._store.read(list_batches, account.id, wanted, limit=limit, before=before)

    async def page_and_count(
        self, account: Account, wanted: BatchFilter, *, limit: int, offset: int
    ) -> tuple[list[Batch], int]:
        """Read a page, newest first, and how many batches there are on all pages, both of one moment."""
        return await self._store.read(page_of_batches, account.id, wanted, limit=limit, offset=offset)

    async def change(
        self,
        account: Account,
        batch_id: str,
        edit: Callable[[Draft], Draft],
        *,
        check: Check = Check.POSSIBLE,
        unchanged: Callable[[Batch], None] | None = None,
    ) -> Batch:
        """Put what `edit` makes of a batch in its place, while none of its messages has been with a worker.

        `edit` gets what would have to be asked for to get the batch as it is; what it returns goes through the rules of
        `create`. Raises NotFound, AlreadyDispatched, and what `create` raises, or `unchanged`, which is shown the batch
        first; then the batch is as it was.
        """

        def renew(before: Batch) -> Batch:
            if unchanged is not None:
                unchanged(before)
            release = before.options.release
            if release is not None and release.made_by and before.pause_reason != PauseReason.RELEASE:
                raise Conflict("Somebody has let it go as it is: cancel it, and make another.")
            wanted = edit(draft_of(before))
            after = self._ruled(account, wanted, check)
            modified_at = max(after.modified_at, before.modified_at + timedelta(milliseconds=1))
            return msgspec.structs.replace(
                after, id=before.id, protocol=before.protocol, created_at=before.created_at, modified_at=modified_at
            )

        batch = await self._engine.replace(account.id, batch_id, renew, self._tariff(account), account.terms.caps)
        if batch is None:
            raise _no_batch(batch_id)
        return batch

    async def tags(self, account: Account, batch_id: str) -> list[str]:
        """Read the tags of a batch. Raises NotFound if the account has no such batch."""
        tags = await self._store.read(tags_of, "batches", account.id, batch_id)
        if tags is None:
            raise _no_batch(batch_id)
        return tags

    async def change_tags(
        self, account: Account, batch_id: str, edit: Callable[[list[str]], Sequence[str]]
    ) -> list[str]:
        """Change the tags to what `edit` makes of them, and return these. Raises NotFound if there is no such batch."""
        tags = await self._store.write(change_tags, "batches", account.id, batch_id, edit, now_ms())
        if tags is None:
            raise _no_batch(batch_id)
        return tags

    async def confirm(self, account: Account, batch_id: str, numbers: Sequence[str]) -> None:
        """Note that these recipients, or all if none is named, have what was sent to them.

        Raises NotFound; InvalidRecipient for what is not a recipient of the batch; InvalidField if the batch was not
        sent with the option `feedback`, or it has groups and nobody is named.
        """
        batch = await self.get(account, batch_id)
        if not batch.options.feedback:
            raise InvalidField("This batch was sent without asking for feedback.", field="feedback_enabled")
        if batch.groups and not numbers:
            raise InvalidField("A batch to a group needs the recipients by name.", field="recipients")
        msisdns = await aside(
            len(numbers) > MANY_NUMBERS,
            parse_msisdns,
            numbers,
            account.default_region,
            Check.SHAPE,
            field="recipients",
        )
        confirmed = await self._store.write(confirm, account.id, batch_id, msisdns, now_ms())
        if confirmed < len(msisdns):
            raise InvalidRecipient("Not all of these are recipients of the batch.", field="recipients")

    async def cancel(self, account: Account, batch_id: str) -> Batch:
        """Call back what no worker holds yet. Safe to repeat. Raises NotFound if the account has no such batch.

        From the first moment nothing more of it is sent; of a large batch the messages are canceled one after the
        other, which others can see, and which goes on after a crash.
        """

        def decide(tx: Tx, holder: Holder) -> Canceled | None:
            return cancel(tx, account.id, batch_id, now_ms(), holder)

        if await self._engine.works.decided(decide) is None:
            raise _no_batch(batch_id)
        self._engine.wake_callbacks()
        return await self.get(account, batch_id)

    async def pause(self, account: Account, batch_id: str) -> Batch:
        """Send nothing more of a batch until it is resumed; what workers hold at this moment may still go out.

        Safe to repeat. Raises NotFound; BatchCanceled. When this returns it is in force, also after a crash.
        """
        return await self._turn(account, batch_id, pause_batch)

    async def resume(self, account: Account, batch_id: str) -> Batch:
        """Go on with a batch where it was. Safe to repeat. Raises NotFound; BatchCanceled.

        Raises Conflict if another person has to let it go than the one who made it.
        """
        batch = await self.get(account, batch_id)
        if batch.paused and batch.pause_reason in _HELD and not may_release(batch):
            raise Conflict("Another person has to let it go than the one who made it.")
        return await self._turn(account, batch_id, resume_batch)

    async def _turn(self, account: Account, batch_id: str, command: Callable[[Tx, str, str], bool | None]) -> Batch:
        turned = await self._store.write(command, account.id, batch_id)
        batch = await self.get(account, batch_id)
        if turned is None:
            raise BatchCanceled()
        self._engine.batch_paused()
        return batch

    async def _written(self, account: Account, draft: Draft) -> Draft:
        """Return the draft with the texts of the templates that it names.

        Raises UnknownTemplate; TemplateNotApproved; InvalidBody if it has a text besides.
        """
        if draft.template is not None:
            if draft.text is not None or draft.data is not None:
                raise InvalidBody("A message has either a text or a template.", field="body")
            template = await self._templates.to_send(account, draft.template)
            media = draft.options.rich_media or template.rich_media
            options = msgspec.structs.replace(draft.options, channel=template.channel, rich_media=media)
            draft = msgspec.structs.replace(draft, template=None, text=template.body, options=options)
        if any(fallback.template is not None for fallback in draft.options.fallbacks):
            fallbacks = tuple([await self._fallback(account, each) for each in draft.options.fallbacks])
            draft = msgspec.structs.replace(draft, options=msgspec.structs.replace(draft.options, fallbacks=fallbacks))
        return draft

    async def _fallback(self, account: Account, wanted: Fallback) -> Fallback:
        if wanted.template is None:
            return wanted
        if wanted.body:
            raise InvalidBody("A fallback has either a text or a template.", field="fallbacks")
        template = await self._templates.to_send(account, TemplateWish(wanted.template, wanted.channel))
        return Fallback(channel=wanted.channel, body=template.body, rich_media=wanted.rich_media or template.rich_media)

    def _options(self, account: Account, options: Options) -> Options:
        if options.pause_share is not None and not 0 <= options.pause_share <= 1:
            raise InvalidField("A share is from 0 to 1.", field="pause_at_failure_share")
        if not options.marketing:
            return options
        return msgspec.structs.replace(
            options,
            quiet=options.quiet or account.terms.quiet_hours or self._engine.quiet_hours,
            priority=max(options.priority, Priority.LOW),
        )

    def _tariff(self, account: Account) -> Tariff:
        return self._engine.tariff.under(account.terms)

    def _ruled(self, account: Account, draft: Draft, check: Check, batch_id: str | None = None) -> Batch:
        recipients = _recipients(draft, account.default_region, check)
        kind, body = _body(draft)
        self._check_channels(draft)
        now = from_ms(now_ms())  # whole milliseconds, as stored
        send_at, expire_at = _times(draft, now)
        self._check_callback(account, draft)
        _check_lengths(draft)
        return Batch(
            id=batch_id or new_id(),
            account_id=account.id,
            protocol=draft.protocol,
            kind=kind,
            originator=_allowed(account, _originator(draft.originator or account.default_originator)),
            body=body,
            udh=draft.udh.hex(),
            parameters=keyed_like(recipients, draft.parameters, account.default_region),
            recipients=recipients,
            groups=list(dict.fromkeys(draft.groups)),
            recipient_count=len(recipients),
            send_at=send_at,
            expire_at=expire_at,
            callback_url=draft.callback_url,
            sink=draft.sink,
            report=draft.report,
            tags=list(dict.fromkeys(draft.tags)),
            title=draft.title,
            client_reference=draft.client_reference,
            flash=draft.flash,
            max_parts=_max_parts(draft.max_parts),
            options=self._options(account, draft.options),
            door_facts=draft.door_facts,
            recipient_facts=draft.recipient_facts,
            created_at=now,
            modified_at=now,
            expand_at=send_at if draft.groups and send_at > now else None,
        )

    def _check_channels(self, draft: Draft) -> None:
        wanted = draft.options.channels
        if wanted == [Channel.SMS]:
            return
        if draft.data is not None:
            raise InvalidBody("Binary data goes by SMS only.", field="body")
        if len(set(wanted)) < len(wanted):
            raise InvalidField("Each channel can be tried once.", field="fallbacks")
        for channel in wanted:
            if channel not in self._engine.router.channels:
                raise ChannelNotActive(f"No provider is set up that sends by {channel}.", field="channel")
        for fallback in draft.options.fallbacks:
            _text(msgspec.structs.replace(draft, text=fallback.body))

    def _check_callback(self, account: Account, draft: Draft) -> None:
        self._engine.require_callback(draft.callback_url, draft.protocol)
        told_at = draft.sink or draft.callback_url or account.callback_url
        if told_at is None and draft.report is not ReportWish.NONE:
            raise MissingCallbackUrl(field="callback_url")


def _shown(renderings: Sequence[Rendering], quote: Quote, msisdn: str, made: Rendered | Unsendable) -> Rendered | None:
    """Render what a message would say, also if it would not be sent; None if that can't be told."""
    if isinstance(made, Rendered):
        return made
    try:
        return renderings[quote.leg].render(msisdn)
    except MissingParameter:
        return None


def _with_links(links: Sequence[Tracked], also: Callable[[Tx, Batch], None] | None) -> Callable[[Tx, Batch], None]:
    """Store links in the transaction of the batch, before what else goes there."""

    def store(tx: Tx, batch: Batch) -> None:
        add_tokens(tx, batch, links)
        if also is not None:
            also(tx, batch)

    return store


def _no_batch(batch_id: str) -> NotFound:
    return NotFound(f"There is no batch {batch_id} in this account.")


class _Now(NamedTuple):
    """A batch as it would be sent at this moment."""

    batch: Batch
    msisdns: Sequence[str]
    silent: Collection[tuple[str, str]]
    """Who of them opted out, by account and MSISDN."""


def _now(tx: Tx, batch: Batch) -> _Now:
    """Look up who would be sent to if the batch were sent at this moment. Raises UnknownGroup."""
    if strangers := unknown_groups(tx, batch.account_id, batch.groups):
        raise unknown_group(strangers)
    due = msgspec.structs.replace(batch, expand_at=None)
    return _Now(due, *everyone_looked_up(tx, due))


_HELD = {PauseReason.RELEASE.value, PauseReason.SHARE.value}


def _hold(account: Account, batch: Batch) -> None:
    """Have a batch begin paused if it waits for somebody, or for what becomes of a share that goes first."""
    actor, release = who_acts(), batch.options.release
    several = len(batch.recipients) > 1 or batch.groups
    if account.terms.second_person and several and actor.kind is ActorKind.PERSON:
        release = msgspec.structs.replace(release or Release(), made_by=actor.id)
        batch.options = msgspec.structs.replace(batch.options, release=release)
    if release is not None:
        batch.pause = Pause.PAUSING
        batch.pause_reason = PauseReason.SHARE if release.after else PauseReason.RELEASE


def may_release(batch: Batch) -> bool:
    """Say whether whoever acts may let a batch go that is held: not who made it, and no key, if a person did."""
    actor, release = who_acts(), batch.options.release
    return release is None or not release.made_by or (actor.kind is not ActorKind.KEY and actor.id != release.made_by)


def _is_large(draft: Draft) -> bool:
    """Say whether it takes a while to apply the rules to a draft."""
    values = sum(len(column) for column in (draft.parameters or {}).values())
    return len(draft.to) + values > MANY_NUMBERS


def _recipients(draft: Draft, region: str | None, check: Check) -> list[str]:
    if not draft.to and not draft.groups:
        raise NoRecipients(field="to")
    if len(draft.to) > MAX_RECIPIENTS:
        raise TooManyRecipients(
            f"One batch may have {MAX_RECIPIENTS} recipients; this one has {len(draft.to)}.", field="to"
        )
    return parse_msisdns(draft.to, region, check, field="to")


def _check_lengths(draft: Draft) -> None:
    require_short(draft.tags, "tags")
    require_short([draft.title], "title")
    require_short([draft.client_reference], "client_reference")
    require_short([draft.options.campaign_id], "campaign_id")
    for name, values in (draft.parameters or {}).items():
        require_short([name, *values], "parameters")
        require_short(values.values(), "parameters", LONGEST_VALUE)


def _originator(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_originator(text).value
    except NotAnOriginator as error:
        raise InvalidOriginator(f"{text!r} can't be an originator: {error.reason}.", field="from") from error


def _body(draft: Draft) -> tuple[BodyKind, str]:
    if (draft.text is None) == (draft.data is None):
        raise InvalidBody("A message has either a text, a template or binary data.", field="body")
    if draft.text is not None:
        return BodyKind.TEXT, _text(draft)
    assert draft.data is not None  # noqa: S101 - just told apart
    return BodyKind.BINARY, _binary(draft.data, draft.udh)


def _text(draft: Draft) -> str:
    text = draft.text or ""
    if not text:
        raise InvalidBody("The text is empty.", field="body")
    require_length(text)
    if not is_storable(text):
        raise InvalidBody(
            "The text has characters that no message can carry (U+0000 or half a surrogate pair).", field="body"
        )
    if draft.udh:
        _require_one_part(draft, text)
    return text


def _require_one_part(draft: Draft, text: str) -> None:
    """Check that a text fits into one part with a header of its own: that one says which part it is, or has ports.

    Such a text is the same for everybody. Raises InvalidBody.
    """
    if any(name != DEFAULT for column in (draft.parameters or {}).values() for name in column):
        raise InvalidBody("A text with a header of its own has the same values for all recipients.", field="parameters")
    rendered = Rendering(BodyKind.TEXT, text, draft.parameters, draft.options).make("", MAX_PARTS)
    if isinstance(rendered, Unsendable):
        raise InvalidBody(f"The text can't be sent: {rendered.reason}.", field="body")
    try:
        parts = len(split_text(rendered.body, udh=draft.udh, encoding=Encoding(rendered.encoding)))
    except (MalformedUdh, TooManyParts) as error:
        raise InvalidBody(f"The text can't be sent in one part with this header: {error}.", field="udh") from error
    if parts > 1:
        raise InvalidBody("The text does not fit into one part with its header.", field="body")


def is_storable(text: str) -> bool:
    """Say whether a text is free of what neither a database nor a message can hold: U+0000 and lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _binary(data: bytes, udh: bytes) -> str:
    """Check binary data with its header, and encode it. Raises InvalidBody.

    The header is the customer's own affair, as it is with XMS: whether it makes sense, the phone decides.
    """
    if not data and not udh:
        raise InvalidBody("The message has neither data nor a header.", field="body")
    if len(data) + len(udh) > MAX_BINARY_OCTETS:
        raise InvalidBody(
            f"Data and header have {len(data) + len(udh)} octets; {MAX_BINARY_OCTETS} are allowed.", field="body"
        )
    return b64encode(data).decode()


def _allowed(account: Account, originator: str | None) -> str | None:
    """Check that the account may send from an originator, and return it. Raises OriginatorNotAllowed."""
    if account.terms.may_send_from(originator):
        return originator
    known = ", ".join(account.terms.originators or ()) or "no originator"
    raise OriginatorNotAllowed(f"This account sends from {known}, and not from {originator or 'none'}.", field="from")


def _times(draft: Draft, now: datetime) -> tuple[datetime, datetime]:
    send_at = now if draft.send_at is None else _whole_ms(draft.send_at)
    if not draft.options.local_time:  # else it is no moment, but the time on many walls; some are behind ours
        send_at = max(send_at, now)
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
    """Return a digest of what is asked for: the same for the same request, whatever its key."""
    anonymous = msgspec.structs.replace(draft, idempotency_key=None)
    wanted = msgspec.json.encode(anonymous) if draft.request is None else draft.request
    return hashlib.sha256(wanted).hexdigest()
