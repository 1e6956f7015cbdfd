"""From our nouns to XMS's shapes, and back."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET

from heliograph.domain.batches import Batch, BodyKind, Draft, ReportWish
from heliograph.domain.callbacks import MessageFacts
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms
from heliograph.domain.messages import Message
from heliograph.domain.statuses import Status, explain
from heliograph.protocols.xms import wire
from heliograph.protocols.xms.errors import status_and_code
from heliograph.services.batches import DryRun
from heliograph.services.reports import BatchReport
from heliograph.text import Encoding

PROTOCOL = "xms"


def draft(wanted: wire.BatchCreate) -> Draft:
    """Raises wire.XmsFormatError."""
    binary = wanted.type == "mt_binary"
    return Draft(
        protocol=PROTOCOL,
        to=wanted.to,
        originator=wanted.originator or None,
        text=None if binary else wanted.body,
        data=wire.decode_binary("body", wanted.body) if binary else None,
        udh=wire.decode_hex("udh", wanted.udh or "") if binary else b"",
        parameters=wanted.parameters,
        send_at=None if wanted.send_at is None else wire.decode_instant("send_at", wanted.send_at),
        expire_at=None if wanted.expire_at is None else wire.decode_instant("expire_at", wanted.expire_at),
        callback_url=wanted.callback_url,
        report=ReportWish(wanted.delivery_report or "none"),
        tags=wanted.tags or (),
        client_reference=wanted.client_reference,
        flash=wanted.flash_message or False,
        max_parts=wanted.max_number_of_message_parts,
    )


def batch(stored: Batch) -> wire.BatchReply:
    binary = stored.kind is BodyKind.BINARY
    return wire.BatchReply(
        id=stored.id,
        type="mt_binary" if binary else "mt_text",
        to=stored.recipients,
        originator=stored.originator,
        body=stored.body,
        udh=stored.udh if binary else UNSET,
        parameters=stored.parameters or UNSET,
        delivery_report=stored.report.value,
        send_at=wire.encode_instant(stored.send_at),
        expire_at=wire.encode_instant(stored.expire_at),
        callback_url=stored.callback_url or UNSET,
        tags=stored.tags or UNSET,
        client_reference=stored.client_reference or UNSET,
        flash_message=stored.flash,
        max_number_of_message_parts=stored.max_parts or UNSET,
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


def batch_report(
    found: BatchReport, *, full: bool, statuses: Iterable[str] = (), codes: Iterable[int] = ()
) -> wire.BatchReportReply:
    """Buckets of messages that XMS calls alike, those with the wanted statuses and codes; none wanted means all."""
    wanted_statuses = {status.lower() for status in statuses}
    wanted_codes = set(codes)
    counts: dict[tuple[str, int], int] = {}
    for bucket in found.buckets:
        key = status_and_code(bucket.status, bucket.reason, bucket.provider_code)
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
        client_reference=found.batch.client_reference or UNSET,
    )


def recipient_report(stored: Batch, message: Message) -> wire.RecipientReportReply:
    at = message.settled_at or message.sent_at or message.created_at
    return _recipient_report(
        stored,
        message.msisdn,
        message.status,
        message.reason,
        message.provider_code,
        wire.encode_instant(at),
        message.encoding,
        message.parts,
    )


def recipient_event(stored: Batch, facts: MessageFacts) -> wire.RecipientReportReply:
    return _recipient_report(
        stored,
        facts.msisdn,
        Status(facts.status),
        facts.reason,
        facts.provider_code,
        wire.encode_instant(from_ms(facts.at_ms)),
        facts.encoding,
        facts.parts,
    )


def _recipient_report(
    stored: Batch,
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
        batch_id=stored.id,
        recipient=msisdn,
        code=code,
        status=word,
        at=at,
        status_message=explain(reason) if reason else UNSET,
        client_reference=stored.client_reference or UNSET,
        applied_originator=stored.originator or UNSET,
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
