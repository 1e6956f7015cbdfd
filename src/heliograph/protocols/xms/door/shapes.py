"""From our nouns to XMS's shapes, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.batches import USUAL, Batch, BodyKind, Draft, Options, ReportWish
from heliograph.domain.callbacks import Event, MessageFacts
from heliograph.domain.groups import AutoUpdate, Group, GroupChange, GroupDraft
from heliograph.domain.ids import is_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms
from heliograph.domain.messages import Message
from heliograph.domain.reports import MessageState
from heliograph.domain.statuses import SETTLED, Status, explain
from heliograph.doors.filters import msisdn_filter
from heliograph.protocols.xms import wire
from heliograph.protocols.xms.statuses import status_and_code
from heliograph.services.batches import DryRun
from heliograph.services.reports import BatchReport
from heliograph.text import Encoding

PROTOCOL = "xms"

T = TypeVar("T")


def draft(wanted: wire.BatchCreate) -> Draft:
    """Turn a batch to be created into a draft. Raises wire.XmsFormatError."""
    binary = wanted.type == "mt_binary"
    msisdns, groups = told_apart(wanted.to)
    return Draft(
        protocol=PROTOCOL,
        to=msisdns,
        groups=groups,
        originator=wanted.originator or None,
        text=None if binary else wanted.body,
        data=wire.decode_binary("body", wanted.body) if binary else None,
        udh=wire.decode_hex("udh", wanted.udh or "") if binary else b"",
        parameters=wanted.parameters,
        send_at=_instant("send_at", wanted.send_at),
        expire_at=_instant("expire_at", wanted.expire_at),
        callback_url=wanted.callback_url,
        report=ReportWish(wanted.delivery_report or "none"),
        tags=wanted.tags or (),
        client_reference=wanted.client_reference,
        flash=wanted.flash_message or False,
        max_parts=wanted.max_number_of_message_parts,
        options=Options(
            truncate=wanted.truncate_concat or False,
            originator_ton=wanted.from_ton,
            originator_npi=wanted.from_npi,
            feedback=wanted.feedback_enabled or False,
            campaign_id=wanted.campaign_id,
        ),
    )


def changed(before: Draft, change: wire.BatchUpdate, region: str | None) -> Draft:
    """Apply an update to a batch; null goes back to the default. Raises wire.XmsFormatError.

    `region` is the account's, for numbers in national form.
    """
    after = msgspec.structs.replace(before)
    _change_recipients(after, change, region)
    _change_body(after, change)
    if change.send_at is not UNSET:
        after.send_at = _instant("send_at", change.send_at)
    if change.expire_at is not UNSET:
        after.expire_at = _instant("expire_at", change.expire_at)
    if change.originator is not UNSET:
        after.originator = change.originator or None
    if change.parameters is not UNSET:
        after.parameters = change.parameters
    if change.delivery_report is not UNSET:
        after.report = ReportWish(change.delivery_report or "none")
    if change.callback_url is not UNSET:
        after.callback_url = change.callback_url
    if change.client_reference is not UNSET:
        after.client_reference = change.client_reference
    if change.flash_message is not UNSET:
        after.flash = change.flash_message or False
    if change.max_number_of_message_parts is not UNSET:
        after.max_parts = change.max_number_of_message_parts
    after.options = _changed_options(before.options, change)
    return after


def _change_recipients(after: Draft, change: wire.BatchUpdate, region: str | None) -> None:
    added, added_groups = told_apart(change.to_add or ())
    removed, removed_groups = told_apart(change.to_remove or ())
    gone = {msisdn for number in removed for msisdn in msisdn_filter(number, region)}
    after.to = [number for number in (*after.to, *added) if gone.isdisjoint(msisdn_filter(number, region))]
    after.groups = [group for group in (*after.groups, *added_groups) if group not in removed_groups]


def _change_body(after: Draft, change: wire.BatchUpdate) -> None:
    binary = change.type == "mt_binary" if change.type else after.data is not None
    if binary != (after.data is not None) and change.body is UNSET:
        raise wire.XmsFormatError("type", "A batch becomes another type only with another body.")
    if binary:
        if change.body is not UNSET:
            after.text, after.data = None, wire.decode_binary("body", change.body)
        if change.udh is not UNSET:
            after.udh = wire.decode_hex("udh", change.udh or "")
    elif change.body is not UNSET:
        after.text, after.data, after.udh = change.body, None, b""


def _changed_options(before: Options, change: wire.BatchUpdate) -> Options:
    wanted = {
        "truncate": change.truncate_concat,
        "originator_ton": change.from_ton,
        "originator_npi": change.from_npi,
        "feedback": change.feedback_enabled,
        "campaign_id": change.campaign_id,
    }
    new = {
        name: getattr(USUAL, name) if value is None else value for name, value in wanted.items() if value is not UNSET
    }
    return msgspec.structs.replace(before, **new)


def told_apart(recipients: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split recipients into numbers and identifiers of groups."""
    numbers: list[str] = []
    groups: list[str] = []
    for recipient in recipients:
        (groups if is_id(recipient) else numbers).append(recipient)
    return numbers, groups


def _instant(field: str, text: str | None) -> datetime | None:
    return None if text is None else wire.decode_instant(field, text)


def _given(value: T | None) -> T | UnsetType:
    """Return what was given, empty or not, and UNSET if nothing was, which leaves it out of the reply."""
    return UNSET if value is None else value


def batch(stored: Batch) -> wire.BatchReply:
    binary = stored.kind is BodyKind.BINARY
    return wire.BatchReply(
        id=stored.id,
        type="mt_binary" if binary else "mt_text",
        to=[*stored.recipients, *stored.groups],
        originator=stored.originator,
        body=stored.body,
        udh=stored.udh if binary else UNSET,
        parameters=_given(stored.parameters),
        delivery_report=_REPORTS[stored.report],
        send_at=wire.encode_instant(stored.send_at),
        expire_at=wire.encode_instant(stored.expire_at),
        callback_url=_given(stored.callback_url),
        tags=stored.tags,
        campaign_id=_given(stored.options.campaign_id),
        client_reference=_given(stored.client_reference),
        feedback_enabled=stored.options.feedback,
        flash_message=stored.flash,
        max_number_of_message_parts=_given(stored.max_parts),
        truncate_concat=stored.options.truncate,
        from_ton=_given(stored.options.originator_ton),
        from_npi=_given(stored.options.originator_npi),
        created_at=wire.encode_instant(stored.created_at),
        modified_at=wire.encode_instant(stored.modified_at),
        canceled=stored.canceled,
    )


def dry_run(found: DryRun, *, per_recipient: bool) -> wire.DryRunReply:
    return wire.DryRunReply(
        number_of_recipients=found.recipients,
        number_of_messages=found.parts,
        per_recipient=[
            wire.DryRunRecipientReply(
                recipient=entry.msisdn,
                number_of_parts=entry.rendered.parts,
                body=entry.rendered.body,
                encoding="unicode" if entry.rendered.encoding == Encoding.UCS2 else "text",
            )
            for entry in found.per_recipient
        ]
        if per_recipient
        else UNSET,
    )


#: What is called back, in the words of XMS, which has none for failures alone.
_REPORTS: Mapping[ReportWish, wire.ReportType] = {
    ReportWish.NONE: "none",
    ReportWish.SUMMARY: "summary",
    ReportWish.FULL: "full",
    ReportWish.PER_RECIPIENT: "per_recipient",
    ReportWish.PER_RECIPIENT_FINAL: "per_recipient_final",
    ReportWish.PER_RECIPIENT_FAILED: "per_recipient_final",
}


def batch_report(
    found: BatchReport, *, full: bool, statuses: Iterable[str] = (), codes: Iterable[int] = ()
) -> wire.BatchReportReply:
    """Build the report of a batch: the messages that XMS calls alike are one bucket.

    `statuses` and `codes` choose buckets; an empty one chooses all. Only a `full` report names the recipients.
    """
    wanted_statuses = {status.lower() for status in statuses}
    wanted_codes = set(codes)
    counts: dict[tuple[str, int], int] = {}
    for bucket in found.buckets:
        key = status_and_code(bucket.status, bucket.why, bucket.provider_code)
        counts[key] = counts.get(key, 0) + bucket.count
    recipients: dict[tuple[str, int], list[str]] = {}
    for standing in found.standings:
        key = status_and_code(standing.status, standing.reason, standing.provider_code)
        recipients.setdefault(key, []).append(standing.msisdn)
    return wire.BatchReportReply(
        batch_id=found.batch.id,
        total_message_count=sum(counts.values()),
        statuses=[
            wire.StatusBucket(
                code=code,
                status=status,
                count=count,
                recipients=recipients.get((status, code), []) if full else UNSET,
            )
            for (status, code), count in sorted(counts.items(), key=lambda item: item[0][1])
            if (not wanted_statuses or status.lower() in wanted_statuses) and (not wanted_codes or code in wanted_codes)
        ],
        client_reference=_given(found.batch.client_reference),
    )


def report_filter(statuses: Iterable[str], codes: Iterable[int]) -> Callable[[MessageState], bool]:
    """Make a test that says which states have one of these statuses and one of these codes.

    Without any of either, it accepts the states that are final.
    """
    wanted_statuses = {status.lower() for status in statuses}
    wanted_codes = set(codes)

    def like(state: MessageState) -> bool:
        if not wanted_statuses and not wanted_codes:
            return state.status in SETTLED
        status, code = status_and_code(*state)
        return (not wanted_statuses or status.lower() in wanted_statuses) and (not wanted_codes or code in wanted_codes)

    return like


def recipient_report(message: Message, client_reference: str | None) -> wire.RecipientReportReply:
    at = message.settled_at or message.sent_at or message.created_at
    return _recipient_report(
        message.batch_id,
        message.originator,
        client_reference,
        message.msisdn,
        message.status,
        message.why,
        message.provider_code,
        wire.encode_instant(at),
        message.encoding,
        message.parts,
    )


def recipient_event(event: Event, facts: MessageFacts) -> wire.RecipientReportReply:
    return _recipient_report(
        event.subject_id,
        event.originator,
        event.client_reference,
        facts.msisdn,
        Status(facts.status),
        facts.reason,
        facts.provider_code,
        wire.encode_instant(from_ms(facts.at_ms)),
        facts.encoding,
        facts.parts,
    )


def _recipient_report(
    batch_id: str,
    originator: str | None,
    client_reference: str | None,
    msisdn: str,
    status: Status,
    reason: str | None,
    provider_code: str | None,
    at: str,
    encoding: str | None,
    parts: int | None,
) -> wire.RecipientReportReply:
    word, code = status_and_code(status, reason, provider_code)
    return wire.RecipientReportReply(
        batch_id=batch_id,
        recipient=msisdn,
        code=code,
        status=word,
        at=at,
        status_message=explain(reason) if reason else UNSET,
        client_reference=_given(client_reference),
        applied_originator=originator or UNSET,
        encoding=_ENCODING[encoding] if encoding else UNSET,
        number_of_message_parts=parts or UNSET,
    )


_ENCODING: dict[str, str] = {Encoding.GSM7: "GSM", Encoding.UCS2: "UNICODE", Encoding.BINARY: "BINARY"}


def inbound(stored: Inbound) -> wire.InboundReply:
    binary = stored.kind is BodyKind.BINARY
    return wire.InboundReply(
        id=stored.id,
        type="mo_binary" if binary else "mo_text",
        msisdn=stored.msisdn,
        to=stored.to,
        body=stored.body,
        udh=stored.udh if binary else UNSET,
        received_at=wire.encode_instant(stored.received_at),
        sent_at=UNSET if stored.sent_at is None else wire.encode_instant(stored.sent_at),
        operator=stored.operator or UNSET,
        operator_id=stored.operator or UNSET,
        keyword=stored.keyword or UNSET,
    )


def group_draft(wanted: wire.GroupCreate) -> GroupDraft:
    return GroupDraft(
        name=wanted.name,
        members=wanted.members or (),
        children=wanted.child_groups or (),
        auto_update=_auto_update(wanted.auto_update),
        tags=wanted.tags or (),
    )


def group_change(wanted: wire.GroupUpdate) -> GroupChange:
    words = wanted.auto_update
    return GroupChange(
        name=wanted.name,
        add=wanted.add or (),
        remove=wanted.remove or (),
        add_children=wanted.child_groups_add or (),
        remove_children=wanted.child_groups_remove or (),
        add_from=wanted.add_from_group,
        remove_from=wanted.remove_from_group,
        auto_update=UNSET if words is UNSET else _auto_update(words),
    )


def _auto_update(wanted: wire.AutoUpdate | None) -> AutoUpdate | None:
    if wanted is None:
        return None
    add, remove = _keywords("add", wanted.add), _keywords("remove", wanted.remove)
    if wanted.to is not None:
        return AutoUpdate(to=wanted.to, add=add, remove=remove)
    if add or remove:
        raise wire.XmsFormatError("auto_update", "Keywords need the number that they are written to, as `to`.")
    return None


def _keywords(field: str, words: wire.Keywords | None) -> list[str]:
    if words is None or not words.first_word:
        if words is not None and words.second_word:
            raise wire.XmsFormatError(field, "There is a second word without a first.")
        return []
    return [words.first_word] + ([words.second_word] if words.second_word else [])


def group(stored: Group) -> wire.GroupReply:
    words = stored.auto_update
    return wire.GroupReply(
        id=stored.id,
        name=_given(stored.name),
        size=stored.size,
        child_groups=stored.children,
        auto_update=UNSET
        if words is None
        else wire.AutoUpdate(to=words.to, add=_shown_keywords(words.add), remove=_shown_keywords(words.remove)),
        created_at=wire.encode_instant(stored.created_at),
        modified_at=wire.encode_instant(stored.modified_at),
    )


def _shown_keywords(words: Sequence[str]) -> wire.Keywords | None:
    return wire.Keywords(first_word=words[0], second_word=words[1] if len(words) > 1 else None) if words else None
