"""From our nouns to the native API's shapes, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import UNSET

from heliograph.api import wire
from heliograph.domain import accounts, batches, callbacks, inbound, messages, optouts
from heliograph.domain.attempts import Attempt
from heliograph.domain.batches import BodyKind, Draft, Options, ReportWish
from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.contacts import Contact, ContactDraft, Details
from heliograph.domain.conversations import ConversationEntry
from heliograph.domain.directory import Application, Template, TemplateWish
from heliograph.domain.errors import HeliographError, InvalidField
from heliograph.domain.groups import AutoUpdate, Group, GroupChange, GroupDraft
from heliograph.domain.instants import from_ms
from heliograph.domain.ledger import Entry
from heliograph.domain.links import Hit, Link, LinkKind
from heliograph.domain.lookups import Lookup, LookupJob, Network, told_of
from heliograph.domain.optouts import ConsentWords
from heliograph.domain.phones import PhoneMessage
from heliograph.domain.prices import MICROS
from heliograph.domain.priorities import Priority
from heliograph.domain.statuses import SETTLED, Status, explanation
from heliograph.domain.verifications import CodeKind, Verification, VerificationDraft, Wording
from heliograph.doors.filters import msisdn_filter
from heliograph.numbers import Check, InvalidRow, parse, with_plus
from heliograph.sandbox.phones import OnScreen
from heliograph.services.agents import agent_of
from heliograph.services.batches import DryRun, WouldFail
from heliograph.services.conversations import Known
from heliograph.services.numbers import Facts
from heliograph.services.profile import ProfileChange
from heliograph.services.reports import BatchReport
from heliograph.services.verify import Outlook

PROTOCOL = "v1"

_PRIORITY_NAMES: dict[Priority, wire.PriorityName] = {
    Priority.URGENT: "urgent",
    Priority.NORMAL: "normal",
    Priority.LOW: "low",
}


def draft(wanted: wire.Content, to: list[str], title: str | None = None) -> Draft:
    return Draft(
        protocol=PROTOCOL,
        to=to,
        originator=wanted.originator,
        text=wanted.text,
        template=_template_wish(wanted.template, wanted.channel),
        data=wanted.data,
        udh=_udh(wanted.udh),
        parameters=wanted.parameters,
        send_at=wanted.send_at,
        expire_at=wanted.expire_at,
        callback_url=wanted.callback_url,
        report=ReportWish(wanted.report),
        tags=wanted.tags,
        title=title,
        client_reference=wanted.client_reference,
        idempotency_key=wanted.idempotency_key,
        flash=wanted.flash,
        max_parts=wanted.max_parts,
        options=Options(
            truncate=wanted.truncate,
            feedback=wanted.feedback,
            channel=Channel(wanted.channel or "sms"),
            rich_media=_rich_media(wanted.rich_media),
            fallbacks=tuple(
                Fallback(
                    channel=Channel(each.channel),
                    body=each.text,
                    rich_media=_rich_media(each.rich_media),
                    template=each.template,
                )
                for each in wanted.fallbacks
            ),
            fall_back_after_s=wanted.fall_back_after_s,
            priority=Priority[wanted.priority.upper()],
            marketing=wanted.marketing,
        ),
    )


def _template_wish(key: int | str | None, channel: wire.ChannelName | None) -> TemplateWish | None:
    return None if key is None else TemplateWish(key, None if channel is None else Channel(channel))


def _rich_media(wanted: wire.RichMedia | None) -> RichMedia | None:
    return None if wanted is None else RichMedia(**msgspec.structs.asdict(wanted))


def batch_draft(wanted: wire.CreateBatch) -> Draft:
    found = draft(wanted, wanted.to, wanted.title)
    options = msgspec.structs.replace(
        found.options, pause_share=wanted.pause_at_failure_share, pause_after=wanted.pause_after
    )
    return msgspec.structs.replace(found, groups=wanted.groups, options=options)


_DEFAULTS = Draft(protocol=PROTOCOL)
_SAME_NAME = (
    "originator",
    "parameters",
    "send_at",
    "expire_at",
    "callback_url",
    "tags",
    "title",
    "client_reference",
    "flash",
    "max_parts",
)


def changed(before: Draft, change: wire.ChangeBatch, region: str | None) -> Draft:
    """A batch with what a change asks for; null is the default. `region` is the account's."""
    gone = {msisdn for number in change.remove for msisdn in msisdn_filter(number, region)}
    after = msgspec.structs.replace(
        before,
        to=[number for number in (*before.to, *change.add) if gone.isdisjoint(msisdn_filter(number, region))],
        groups=[group for group in (*before.groups, *change.add_groups) if group not in change.remove_groups],
    )
    for name in _SAME_NAME:
        if (value := getattr(change, name)) is not UNSET:
            setattr(after, name, getattr(_DEFAULTS, name) if value is None else value)
    if change.report is not UNSET:
        after.report = ReportWish(change.report or "none")
    if change.text is not UNSET:
        after.text, after.data, after.udh = change.text, None, b""
    if change.data is not UNSET:
        after.text, after.data = None, change.data
    if change.udh is not UNSET:
        after.udh = _udh(change.udh)
    after.options = msgspec.structs.replace(
        before.options,
        truncate=before.options.truncate if change.truncate is UNSET else bool(change.truncate),
        feedback=before.options.feedback if change.feedback is UNSET else bool(change.feedback),
    )
    return after


def _udh(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidField("A user data header is written in hexadecimal.", field="udh") from error


def group_draft(wanted: wire.CreateGroup) -> GroupDraft:
    return GroupDraft(
        name=wanted.name,
        members=wanted.members,
        children=wanted.children,
        auto_update=_auto_update(wanted.keywords),
        tags=wanted.tags,
    )


def group_change(wanted: wire.ChangeGroup) -> GroupChange:
    return GroupChange(
        name=wanted.name,
        add=wanted.add,
        remove=wanted.remove,
        add_children=wanted.add_children,
        remove_children=wanted.remove_children,
        add_from=wanted.add_from,
        remove_from=wanted.remove_from,
        auto_update=UNSET if wanted.keywords is UNSET else _auto_update(wanted.keywords),
    )


def _auto_update(wanted: wire.Keywords | None) -> AutoUpdate | None:
    return None if wanted is None else AutoUpdate(to=wanted.to, add=wanted.add, remove=wanted.remove)


def group(stored: Group) -> wire.Group:
    words = stored.auto_update
    return wire.Group(
        id=stored.id,
        name=stored.name,
        size=stored.size,
        children=stored.children,
        keywords=None if words is None else wire.Keywords(to=words.to, add=list(words.add), remove=list(words.remove)),
        tags=stored.tags,
        created_at=stored.created_at,
        modified_at=stored.modified_at,
    )


def maybe_address(originator: str | None) -> str | None:
    return None if originator is None else with_plus(originator)


def money(amount: int) -> str:
    """Millionths as a decimal, as short as it can be."""
    return f"{Decimal(amount) / MICROS:f}"


def ledger_entry(entry: Entry) -> wire.LedgerEntry:
    return wire.LedgerEntry(
        id=entry.id,
        kind=entry.kind.value,
        amount=money(entry.amount),
        batch_id=entry.batch_id,
        created_at=from_ms(entry.created_at),
    )


def contact(stored: Contact) -> wire.Contact:
    details = stored.details
    return wire.Contact(
        id=stored.id,
        number=f"+{stored.msisdn}",
        country=stored.country,
        first_name=details.first_name,
        last_name=details.last_name,
        email=details.email,
        fields=dict(details.fields),
        opted_out=stored.opted_out,
        created_at=stored.created_at,
    )


def invalid_numbers(rows: Sequence[InvalidRow]) -> list[wire.InvalidNumber]:
    return [wire.InvalidNumber(row=row.index + 1, number=row.text, reason=row.reason) for row in rows]


def contact_draft(wanted: wire.NewContact) -> ContactDraft:
    details = Details(
        first_name=wanted.first_name, last_name=wanted.last_name, email=wanted.email, fields=wanted.fields
    )
    return ContactDraft(number=wanted.number, details=details)


def changed_details(before: Details, change: wire.ChangeContact) -> Details:
    given = {name: getattr(change, name) for name in ("first_name", "last_name", "email", "fields")}
    return msgspec.structs.replace(before, **{name: value for name, value in given.items() if value is not UNSET})


def template(stored: Template, now: datetime) -> wire.Template:
    return wire.Template(
        number=stored.number,
        name=stored.name,
        channel=stored.channel.value,
        text=stored.body,
        approved=stored.approved(now),
        created_at=stored.created_at,
    )


def message(stored: messages.Message) -> wire.Message:
    return wire.Message(
        id=stored.id,
        batch_id=stored.batch_id,
        to=f"+{stored.msisdn}",
        originator=maybe_address(stored.originator),
        text=stored.text,
        status=stored.status.value,
        reason=stored.reason,
        explanation=explanation(stored.reason, stored.detail),
        provider=stored.provider,
        provider_code=stored.provider_code,
        encoding=stored.encoding,
        parts=stored.parts,
        attempts=stored.attempts,
        created_at=stored.created_at,
        send_at=stored.due_at,
        expire_at=stored.expire_at,
        sent_at=stored.sent_at,
        settled_at=stored.settled_at,
        confirmed_at=stored.confirmed_at,
        price=money(stored.price),
        channel=Channel(stored.channel).value,
    )


def just_accepted(batch: batches.Batch, message_id: str) -> wire.Message:
    """The only message of a batch that was accepted a moment ago, without asking the store for it."""
    return wire.Message(
        id=message_id,
        batch_id=batch.id,
        to=f"+{batch.recipients[0]}",
        originator=maybe_address(batch.originator),
        text=batch.body if batch.kind is BodyKind.TEXT else None,
        status="queued",
        reason=None,
        explanation=None,
        provider=None,
        provider_code=None,
        encoding=None,
        parts=None,
        attempts=0,
        created_at=batch.created_at,
        send_at=batch.send_at,
        expire_at=batch.expire_at,
        sent_at=None,
        settled_at=None,
        confirmed_at=None,
        channel=batch.options.channel.value,
    )


def wait(stored: messages.Message, waiting: messages.Wait) -> wire.Wait:
    return wire.Wait(
        message_id=stored.id,
        status=stored.status.value,
        why=waiting.why.value,
        until=waiting.until,
        explanation=waiting.explanation,
    )


def batch(stored: batches.Batch) -> wire.Batch:
    binary, options = stored.kind is BodyKind.BINARY, stored.options
    return wire.Batch(
        id=stored.id,
        originator=maybe_address(stored.originator),
        text=None if binary else stored.body,
        data=stored.body if binary else None,
        udh=stored.udh if binary else None,
        groups=stored.groups,
        recipient_count=stored.recipient_count,
        title=stored.title,
        tags=stored.tags,
        client_reference=stored.client_reference,
        report=stored.report.value,
        callback_url=stored.callback_url,
        send_at=stored.send_at,
        expire_at=stored.expire_at,
        created_at=stored.created_at,
        modified_at=stored.modified_at,
        canceled=stored.canceled,
        paused=stored.paused,
        pause_reason=stored.pause_reason,
        flash=stored.flash,
        max_parts=stored.max_parts,
        truncate=options.truncate,
        feedback=options.feedback,
        channel=options.channel.value,
        rich_media=_shown_media(options.rich_media),
        fallbacks=[
            wire.Fallback(channel=each.channel.value, text=each.body, rich_media=_shown_media(each.rich_media))
            for each in options.fallbacks
        ],
        fall_back_after_s=options.fall_back_after_s,
        priority=_PRIORITY_NAMES[options.priority],
        marketing=options.marketing,
        pause_at_failure_share=options.pause_share,
        pause_after=options.pause_after,
    )


def _shown_media(stored: RichMedia | None) -> wire.RichMedia | None:
    return None if stored is None else msgspec.convert(stored, wire.RichMedia, from_attributes=True)


def dry_run(found: DryRun) -> wire.DryRun:
    return wire.DryRun(
        recipients=found.recipients,
        parts=found.parts,
        price=money(found.price),
        failing=sum(failure.count for failure in found.failures),
        failures=[_would_fail(failure) for failure in found.failures],
    )


def _would_fail(failure: WouldFail) -> wire.WouldFail:
    return wire.WouldFail(
        reason=failure.unsent.reason,
        count=failure.count,
        explanation=explanation(failure.unsent.reason, failure.unsent.detail) or "",
        parameters=failure.unsent.names,
        numbers=[with_plus(msisdn) for msisdn in failure.first],
    )


def report(found: BatchReport) -> wire.Report:
    return wire.Report(
        batch_id=found.batch.id,
        total=sum(bucket.count for bucket in found.buckets),
        settled=sum(bucket.count for bucket in found.buckets if bucket.status in SETTLED),
        buckets=[
            wire.Bucket(status=bucket.status.value, reason=bucket.reason, count=bucket.count)
            for bucket in found.buckets
        ],
    )


def inbound_message(stored: inbound.Inbound) -> wire.Inbound:
    binary = stored.kind is BodyKind.BINARY
    return wire.Inbound(
        id=stored.id,
        msisdn=with_plus(stored.msisdn),
        to=with_plus(stored.to),
        text=None if binary else stored.body,
        data=stored.body if binary else None,
        udh=stored.udh if binary else None,
        keyword=stored.keyword,
        received_at=stored.received_at,
        channel=Channel(stored.channel).value,
    )


def optout(stored: optouts.OptOut) -> wire.OptOut:
    return wire.OptOut(number=with_plus(stored.msisdn), source=stored.source.value, created_at=stored.created_at)


def phone_message(shown: PhoneMessage, stored: messages.Message | None) -> wire.PhoneMessage:
    binary = shown.encoding == BodyKind.BINARY
    return wire.PhoneMessage(
        id=shown.id,
        direction="received" if shown.direction == "received" else "sent",
        peer=with_plus(shown.peer),
        text=None if binary else shown.body,
        data=shown.body if binary else None,
        encoding=shown.encoding,
        parts=shown.parts,
        message_id=shown.message_id,
        status=None if stored is None else stored.status.value,
        at=from_ms(shown.at),
        channel=Channel(shown.channel).value,
    )


def on_screen(entry: OnScreen) -> wire.PhoneMessage:
    return phone_message(entry.shown, entry.message)


def message_status(batch_id: str, facts: callbacks.MessageFacts) -> wire.MessageStatus:
    return wire.MessageStatus(
        message_id=facts.message_id,
        batch_id=batch_id,
        to=f"+{facts.msisdn}",
        status=Status(facts.status).value,
        reason=facts.reason,
        explanation=explanation(facts.reason, facts.detail),
        provider_code=facts.provider_code,
        at=from_ms(facts.at_ms),
    )


def account(stored: accounts.Account) -> wire.Account:
    return wire.Account(
        id=stored.id,
        name=stored.name,
        callback_url=stored.callback_url,
        callback_protocol=stored.callback_protocol,
        receipt_url=stored.receipt_url,
        callback_secret=stored.callback_secret,
        originator=maybe_address(stored.default_originator),
        region=stored.default_region,
        consent=msgspec.convert(stored.words, wire.ConsentWords, from_attributes=True),
    )


def attempt(stored: Attempt) -> wire.Attempt:
    told = msgspec.structs.replace(stored, detail=explanation(stored.reason, stored.detail))
    return msgspec.convert(told, wire.Attempt, from_attributes=True)


def profile_change(wanted: wire.ChangeAccount) -> ProfileChange:
    return ProfileChange(
        callback_url=wanted.callback_url,
        callback_protocol=wanted.callback_protocol,
        receipt_url=wanted.receipt_url,
        default_originator=wanted.originator,
        default_region=wanted.region,
        words=UNSET if wanted.consent is UNSET else msgspec.convert(wanted.consent, ConsentWords, from_attributes=True),
    )


def application(stored: Application) -> wire.Application:
    return wire.Application(
        id=stored.id,
        name=stored.name,
        secret=stored.secret,
        scopes=sorted(stored.scopes),
        token_lifetime_s=stored.token_lifetime_s,
        settings=dict(stored.settings),
        created_at=stored.created_at,
    )


def verification_draft(wanted: wire.StartVerification) -> VerificationDraft:
    return VerificationDraft(
        number=wanted.to,
        wording=Wording(
            text=wanted.text, originator=wanted.originator, kind=CodeKind(wanted.kind), length=wanted.length
        ),
        ttl_s=wanted.ttl_s,
        max_attempts=wanted.max_attempts,
        address=wanted.address,
        client_reference=wanted.client_reference,
        callback_url=wanted.callback_url,
        protocol=PROTOCOL,
    )


def verification(stored: Verification) -> wire.Verification:
    return wire.Verification(
        id=stored.id,
        to=f"+{stored.msisdn}",
        status=stored.status.value,
        attempts=stored.attempts,
        max_attempts=stored.max_attempts,
        sends=stored.sends,
        expires_at=stored.expires_at,
        settled_at=stored.settled_at,
        price=money(stored.price),
        client_reference=stored.client_reference,
        created_at=stored.created_at,
    )


def code_outlook(found: Outlook) -> wire.CodeOutlook:
    verdict = found.verdict
    return wire.CodeOutlook(
        to=f"+{found.msisdn}",
        allowed=verdict is None,
        why=None if verdict is None else verdict.why.value,
        explanation=None if verdict is None else verdict.sentence,
        counts=[
            wire.CodeCount(prefix=prefix, **msgspec.structs.asdict(count)) for prefix, count in found.counts.items()
        ],
    )


def link(stored: Link, short_url: str, file_url: str) -> wire.Link:
    """`short_url` and `file_url` are what addresses of each kind begin with."""
    target = stored.target if stored.kind is LinkKind.SHORTLINK else f"{file_url}/{stored.target}"
    return wire.Link(
        id=stored.id,
        name=stored.name,
        url=target,
        short_url=f"{short_url}/{stored.id}",
        hits=stored.hits,
        media_type=stored.media_type,
        size=stored.size,
        created_at=stored.created_at,
    )


def hit(stored: Hit) -> wire.Hit:
    agent = agent_of(stored.user_agent)
    return wire.Hit(
        id=stored.id,
        link_id=stored.link_id,
        at=stored.at,
        number=None if stored.msisdn is None else f"+{stored.msisdn}",
        batch_id=stored.batch_id,
        user_agent=stored.user_agent,
        device=agent.device,
        browser=agent.browser,
        os=agent.os,
        address=stored.address,
        referrer=stored.referrer,
    )


def lookup(stored: Lookup) -> wire.Lookup:
    facts = stored.facts
    return wire.Lookup(
        id=stored.id,
        number=f"+{stored.msisdn}",
        status="waiting" if facts is None else facts.status.value,
        detail=None if facts is None else told_of(facts.status),
        original=None if facts is None else _network(facts.original),
        ported_to=None if facts is None else _network(facts.ported_to),
        roaming_in=None if facts is None else _network(facts.roaming_in),
        price=money(stored.price),
        created_at=stored.created_at,
        done_at=stored.done_at,
    )


def _network(known: Network | None) -> wire.Network | None:
    return None if known is None else wire.Network(**msgspec.structs.asdict(known))


def lookup_job(stored: LookupJob, invalid: Sequence[str] = ()) -> wire.LookupJob:
    return wire.LookupJob(
        id=stored.id,
        asked=stored.asked,
        accepted=stored.accepted,
        price=money(stored.price),
        created_at=stored.created_at,
        invalid=invalid,
    )


def number_facts(facts: Facts) -> wire.NumberFacts:
    number = parse(f"+{facts.msisdn}", check=Check.SHAPE)
    return wire.NumberFacts(
        number=f"+{facts.msisdn}",
        country=facts.country,
        operator=facts.operator,
        type=facts.type.value,
        time_zone=facts.time_zone,
        national=number.national,
        international=number.international,
    )


def conversation(known: Known) -> wire.Conversation:
    stored, details = known
    return wire.Conversation(
        id=stored.id,
        number=with_plus(stored.msisdn),
        first_name=details.first_name,
        last_name=details.last_name,
        unread=stored.unread,
        last_text=stored.last_text,
        last_at=stored.last_at,
    )


def thread_line(line: ConversationEntry) -> wire.ThreadLine:
    return wire.ThreadLine(
        id=line.id,
        direction="received" if line.received else "sent",
        channel=Channel(line.channel).value,
        text=line.text,
        status=Status(line.status).value,
        at=line.at,
    )


def error(raised: HeliographError) -> wire.ErrorBody:
    invalid = raised.facts.get("invalid")
    return wire.ErrorBody(
        error=wire.ErrorDetail(
            code=raised.code,
            message=raised.message,
            hint=raised.hint,
            field=raised.field,
            retryable=raised.retryable,
            invalid=invalid_numbers(invalid) if isinstance(invalid, Sequence) else UNSET,
        )
    )
