"""Each call of the XMS API: what its request looks like, and what its answer means (reference section 3).

Paths are relative to the service plan's own address. What is empty is left out, lists are sorted, as the API's
published client does it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.calling import Call, Request, Response, encoded
from heliograph.calling.documents import from_json
from heliograph.protocols.xms import model, wire
from heliograph.protocols.xms.errors import (
    ErrorResponseException,
    NotFoundException,
    UnauthorizedException,
    UnexpectedResponseException,
)
from heliograph.protocols.xms.model import RESET, Reset

T = TypeVar("T")
Item = TypeVar("Item")


class Calls:
    """The calls of one service plan."""

    def __init__(self, service_plan_id: str) -> None:
        self._plan = service_plan_id

    def create_batch(self, batch: model.TextBatch | model.BinaryBatch) -> Call[model.BatchResult]:
        return _batch((yield from self._send("POST", _path("batches"), _created(batch), wire.BatchReply)))

    def replace_batch(self, batch_id: str, batch: model.TextBatch | model.BinaryBatch) -> Call[model.BatchResult]:
        return _batch((yield from self._send("PUT", _path("batches", batch_id), _created(batch), wire.BatchReply)))

    def update_batch(
        self, batch_id: str, update: model.TextBatchUpdate | model.BinaryBatchUpdate
    ) -> Call[model.BatchResult]:
        return _batch((yield from self._send("POST", _path("batches", batch_id), _updated(update), wire.BatchReply)))

    def cancel_batch(self, batch_id: str) -> Call[None]:
        self._checked((yield Request("DELETE", _path("batches", batch_id))), _path("batches", batch_id))

    def fetch_batch(self, batch_id: str) -> Call[model.BatchResult]:
        return _batch((yield from self._get(wire.BatchReply, _path("batches", batch_id))))

    def fetch_batches(
        self,
        page: int,
        page_size: int | None,
        senders: Collection[str],
        tags: Collection[str],
        start_date: date | datetime | None,
        end_date: date | datetime | None,
        client_reference: str | None,
    ) -> Call[model.Page[model.BatchResult]]:
        query = _query(
            page=page,
            page_size=page_size,
            from_=senders,
            tags=tags,
            start_date=start_date,
            end_date=end_date,
            client_reference=client_reference,
        )
        found = yield from self._get(wire.BatchPage, _path("batches"), query)
        return _page(found, found.batches, _batch)

    def dry_run(
        self, batch: model.TextBatch | model.BinaryBatch, num_recipients: int | None
    ) -> Call[model.DryRunResult]:
        query = {"per_recipient": "true", "number_of_recipients": str(num_recipients)} if num_recipients else {}
        path = _path("batches", "dry_run")
        found = yield from self._send("POST", path, _created(batch), wire.DryRunReply, query)
        return model.DryRunResult(
            number_of_recipients=found.number_of_recipients,
            number_of_messages=found.number_of_messages,
            per_recipient=[
                model.DryRunRecipient(
                    recipient=each.recipient,
                    number_of_parts=each.number_of_parts,
                    body=each.body,
                    encoding=each.encoding,
                )
                for each in found.per_recipient or ()
            ],
        )

    def fetch_tags(self, kind: str, identifier: str) -> Call[frozenset[str]]:
        return frozenset((yield from self._get(wire.Tags, _path(kind, identifier, "tags"))).tags)

    def replace_tags(self, kind: str, identifier: str, tags: Collection[str]) -> Call[frozenset[str]]:
        body = wire.Tags(tags=sorted(tags))
        return frozenset((yield from self._send("PUT", _path(kind, identifier, "tags"), body, wire.Tags)).tags)

    def update_tags(
        self, kind: str, identifier: str, add: Collection[str], remove: Collection[str]
    ) -> Call[frozenset[str]]:
        body = wire.TagsUpdate(add=sorted(add), remove=sorted(remove))
        return frozenset((yield from self._send("POST", _path(kind, identifier, "tags"), body, wire.Tags)).tags)

    def fetch_delivery_report(
        self, batch_id: str, kind: str | None, status: Collection[str], code: Collection[int]
    ) -> Call[model.DeliveryReport]:
        query = _query(type=kind, status=status, code=[str(each) for each in sorted(code)])
        found = yield from self._get(wire.BatchReportReply, _path("batches", batch_id, "delivery_report"), query)
        return delivery_report(found)

    def fetch_recipient_delivery_report(self, batch_id: str, recipient: str) -> Call[model.RecipientDeliveryReport]:
        path = _path("batches", batch_id, "delivery_report", recipient)
        return recipient_report((yield from self._get(wire.RecipientReportReply, path)))

    def fetch_delivery_reports(
        self,
        page: int,
        page_size: int | None,
        status: Collection[str],
        code: Collection[int],
        client_reference: str | None,
        start_date: date | datetime | None,
        end_date: date | datetime | None,
    ) -> Call[model.Page[model.RecipientDeliveryReport]]:
        query = _query(
            page=page,
            page_size=page_size,
            status=status,
            code=[str(each) for each in sorted(code)],
            client_reference=client_reference,
            start_date=start_date,
            end_date=end_date,
        )
        found = yield from self._get(wire.RecipientReportPage, _path("delivery_reports"), query)
        return _page(found, found.delivery_reports, recipient_report)

    def send_delivery_feedback(self, batch_id: str, recipients: Collection[str]) -> Call[None]:
        body = wire.Feedback(recipients=sorted(recipients))
        path = _path("batches", batch_id, "delivery_feedback")
        self._checked((yield Request("POST", path, body=encoded(body))), path)

    def create_group(self, group: model.GroupCreate) -> Call[model.GroupResult]:
        return _group((yield from self._send("POST", _path("groups"), _created_group(group), wire.GroupReply)))

    def replace_group(self, group_id: str, group: model.GroupCreate) -> Call[model.GroupResult]:
        path = _path("groups", group_id)
        return _group((yield from self._send("PUT", path, _created_group(group), wire.GroupReply)))

    def update_group(self, group_id: str, update: model.GroupUpdate) -> Call[model.GroupResult]:
        path = _path("groups", group_id)
        return _group((yield from self._send("POST", path, _updated_group(update), wire.GroupReply)))

    def delete_group(self, group_id: str) -> Call[None]:
        self._checked((yield Request("DELETE", _path("groups", group_id))), _path("groups", group_id))

    def fetch_group(self, group_id: str) -> Call[model.GroupResult]:
        return _group((yield from self._get(wire.GroupReply, _path("groups", group_id))))

    def fetch_groups(
        self, page: int, page_size: int | None, tags: Collection[str]
    ) -> Call[model.Page[model.GroupResult]]:
        found = yield from self._get(wire.GroupPage, _path("groups"), _query(page=page, page_size=page_size, tags=tags))
        return _page(found, found.groups, _group)

    def fetch_group_members(self, group_id: str) -> Call[frozenset[str]]:
        return frozenset((yield from self._get(list[str], _path("groups", group_id, "members"))))

    def fetch_inbound(self, inbound_id: str) -> Call[model.InboundResult]:
        return inbound((yield from self._get(wire.InboundReply, _path("inbounds", inbound_id))))

    def fetch_inbounds(
        self,
        page: int,
        page_size: int | None,
        recipients: Collection[str],
        start_date: date | datetime | None,
        end_date: date | datetime | None,
    ) -> Call[model.Page[model.InboundResult]]:
        query = _query(page=page, page_size=page_size, to=recipients, start_date=start_date, end_date=end_date)
        found = yield from self._get(wire.InboundPage, _path("inbounds"), query)
        return _page(found, found.inbounds, inbound)

    def _get(self, shape: type[T], path: str, query: dict[str, str] | None = None) -> Call[T]:
        return self._decoded((yield Request("GET", path, query or {})), path, shape)

    def _send(
        self, method: str, path: str, body: msgspec.Struct, shape: type[T], query: dict[str, str] | None = None
    ) -> Call[T]:
        request = Request(method, path, query or {}, body=encoded(body))
        return self._decoded((yield request), path, shape)

    def _decoded(self, response: Response, path: str, shape: type[T]) -> T:
        self._checked(response, path)
        try:
            return from_json(response.body, shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unexpected(f"The answer is not what was asked for: {error}", response) from error

    def _checked(self, response: Response, path: str) -> None:
        """Raise the exception that the answer's status stands for, if it is not a success (reference section 2)."""
        if 200 <= response.status < 300:
            return
        if response.status == 401:
            raise UnauthorizedException(self._plan).about(response)
        if response.status == 404:
            raise NotFoundException(path).about(response)
        if response.status not in {400, 403}:
            raise _unexpected(f"HTTP {response.status}", response)
        try:
            told = from_json(response.body, wire.ErrorReply)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unexpected(f"HTTP {response.status} without an explanation", response) from error
        raise ErrorResponseException(told.text, told.code).about(response)


def _unexpected(message: str, response: Response) -> UnexpectedResponseException:
    body = response.body.decode(errors="replace")
    return UnexpectedResponseException(f"{message}.", body, response.status).about(response)


def _path(*parts: str) -> str:
    if not all(parts):
        raise ValueError("An identifier is empty.")
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _query(**values: Any) -> dict[str, str]:
    """Write the values as a query; empty ones are left out, except for the number of the page."""
    query: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, date):
            query[name] = value.isoformat()
        elif isinstance(value, int | str):
            query[name.rstrip("_")] = str(value)
        elif value:
            query[name.rstrip("_")] = ",".join(value if isinstance(value, list) else sorted(value))
    return query


def _instant(value: datetime | None) -> str | None:
    """Write an instant in ISO 8601; None stays None.

    Raises ValueError for an instant without an offset: the server would take it for UTC.
    """
    if value is None:
        return None
    if value.utcoffset() is None:
        raise ValueError(f"An instant needs a time zone: {value!r}")
    return value.isoformat()


def _plain(parameters: model.Parameters) -> dict[str, dict[str, str]]:
    return {name: dict(values) for name, values in parameters.items()}


def _created(batch: model.TextBatch | model.BinaryBatch) -> wire.BatchCreate:
    text = isinstance(batch, model.TextBatch)
    return wire.BatchCreate(
        to=sorted(batch.recipients),
        originator=batch.sender,
        type="mt_text" if text else "mt_binary",
        body=batch.body if isinstance(batch, model.TextBatch) else wire.encode_binary(batch.body),
        udh=None if isinstance(batch, model.TextBatch) else batch.udh.hex(),
        parameters=_plain(batch.parameters) if isinstance(batch, model.TextBatch) and batch.parameters else None,
        delivery_report=batch.delivery_report,
        send_at=_instant(batch.send_at),
        expire_at=_instant(batch.expire_at),
        callback_url=batch.callback_url or None,
        tags=sorted(batch.tags) or None,
        campaign_id=batch.campaign_id,
        client_reference=batch.client_reference,
        feedback_enabled=batch.feedback_enabled,
        flash_message=batch.flash_message,
        max_number_of_message_parts=batch.max_number_of_message_parts,
        truncate_concat=batch.truncate_concat,
        from_ton=batch.from_ton,
        from_npi=batch.from_npi,
    )


def _changed(value: T | Reset | None) -> T | UnsetType | None:
    """Write a change: null for RESET, and nothing for what stays as it is."""
    if value is RESET:
        return None
    return value if value else UNSET


def _changed_instant(value: datetime | Reset | None) -> str | UnsetType | None:
    changed = _changed(value)
    return _instant(changed) if isinstance(changed, datetime) else changed


def _updated(update: model.TextBatchUpdate | model.BinaryBatchUpdate) -> wire.BatchUpdate:
    body = wire.BatchUpdate(
        to_add=sorted(update.recipient_insertions) or UNSET,
        to_remove=sorted(update.recipient_removals) or UNSET,
        originator=update.sender or UNSET,
        delivery_report=_changed(update.delivery_report),
        send_at=_changed_instant(update.send_at),
        expire_at=_changed_instant(update.expire_at),
        callback_url=_changed(update.callback_url),
    )
    if isinstance(update, model.TextBatchUpdate):
        body.type = "mt_text"
        body.body = update.body or UNSET
        parameters = _changed(update.parameters)
        body.parameters = _plain(parameters) if parameters else parameters  # type: ignore[assignment]
    else:
        body.type = "mt_binary"
        body.body = wire.encode_binary(update.body) if update.body else UNSET
        body.udh = update.udh.hex() if update.udh else UNSET
    return body


def _keywords(pair: tuple[str | None, str | None]) -> wire.Keywords | None:
    first, second = pair[0] or None, pair[1] or None
    return wire.Keywords(first_word=first, second_word=second) if first or second else None


def _auto_update(wanted: model.GroupAutoUpdate) -> wire.AutoUpdate:
    return wire.AutoUpdate(
        to=wanted.recipient, add=_keywords(wanted.add_word_pair), remove=_keywords(wanted.remove_word_pair)
    )


def _created_group(group: model.GroupCreate) -> wire.GroupCreate:
    return wire.GroupCreate(
        name=group.name or None,
        members=sorted(group.members) or None,
        child_groups=sorted(group.child_groups) or None,
        auto_update=None if group.auto_update is None else _auto_update(group.auto_update),
        tags=sorted(group.tags) or None,
    )


def _updated_group(update: model.GroupUpdate) -> wire.GroupUpdate:
    words = update.auto_update
    return wire.GroupUpdate(
        name=_changed(update.name),
        add=sorted(update.member_insertions) or None,
        remove=sorted(update.member_removals) or None,
        child_groups_add=sorted(update.child_group_insertions) or None,
        child_groups_remove=sorted(update.child_group_removals) or None,
        add_from_group=update.add_from_group or None,
        remove_from_group=update.remove_from_group or None,
        auto_update=_auto_update(words) if isinstance(words, model.GroupAutoUpdate) else _changed(words),
    )


def _page(
    found: wire.BatchPage | wire.GroupPage | wire.InboundPage | wire.RecipientReportPage,
    content: Collection[Item],
    read: Callable[[Item], T],
) -> model.Page[T]:
    return model.Page(
        page=found.page, size=found.page_size, total_size=found.count, content=[read(each) for each in content]
    )


def _read(text: str | UnsetType) -> datetime | None:
    return None if text is UNSET else wire.decode_instant("time", text)


def _batch(reply: wire.BatchReply) -> model.BatchResult:
    shared: dict[str, Any] = {
        "batch_id": reply.id,
        "sender": reply.originator,
        "recipients": frozenset(reply.to),
        "delivery_report": reply.delivery_report,
        "send_at": _read(reply.send_at),
        "expire_at": _read(reply.expire_at),
        "callback_url": reply.callback_url or None,
        "tags": frozenset(reply.tags or ()),
        "client_reference": reply.client_reference or None,
        "flash_message": reply.flash_message,
        "created_at": _read(reply.created_at),
        "modified_at": _read(reply.modified_at),
        "canceled": reply.canceled,
    }
    if reply.type == "mt_binary":
        udh = wire.decode_hex("udh", reply.udh or "")
        return model.BinaryBatchResult(body=wire.decode_binary("body", reply.body), udh=udh, **shared)
    return model.TextBatchResult(body=reply.body, parameters=reply.parameters or {}, **shared)


def delivery_report(reply: wire.BatchReportReply) -> model.DeliveryReport:
    """Read the report of a batch, as an answer or a callback brings it."""
    return model.DeliveryReport(
        batch_id=reply.batch_id,
        total_message_count=reply.total_message_count,
        statuses=[
            model.DeliveryReportStatus(
                code=each.code, status=each.status, count=each.count, recipients=frozenset(each.recipients or ())
            )
            for each in reply.statuses
        ],
    )


def recipient_report(reply: wire.RecipientReportReply) -> model.RecipientDeliveryReport:
    """Read the report of one message, as an answer or a callback brings it."""
    return model.RecipientDeliveryReport(
        batch_id=reply.batch_id,
        recipient=reply.recipient,
        code=reply.code,
        status=reply.status,
        status_at=wire.decode_instant("at", reply.at),
        status_message=reply.status_message or None,
        operator=reply.operator or None,
        operator_status_at=_read(reply.operator_status_at),
    )


def _word_pair(words: wire.Keywords | None) -> tuple[str | None, str | None]:
    return (None, None) if words is None else (words.first_word, words.second_word)


def _group(reply: wire.GroupReply) -> model.GroupResult:
    words = reply.auto_update
    return model.GroupResult(
        group_id=reply.id,
        name=reply.name or None,
        size=reply.size,
        child_groups=frozenset(reply.child_groups),
        auto_update=None
        if words is UNSET
        else model.GroupAutoUpdate(
            recipient=words.to or "", add_word_pair=_word_pair(words.add), remove_word_pair=_word_pair(words.remove)
        ),
        created_at=wire.decode_instant("created_at", reply.created_at),
        modified_at=wire.decode_instant("modified_at", reply.modified_at),
    )


def inbound(reply: wire.InboundReply) -> model.InboundResult:
    """Read an inbound message, as an answer or a callback brings it."""
    shared: dict[str, Any] = {
        "message_id": reply.id,
        "sender": reply.msisdn,
        "recipient": reply.to,
        "operator": reply.operator or reply.operator_id or None,
        "sent_at": _read(reply.sent_at),
        "received_at": _read(reply.received_at),
    }
    if reply.type == "mo_binary":
        udh = wire.decode_hex("udh", reply.udh or "")
        return model.BinaryInbound(body=wire.decode_binary("body", reply.body), udh=udh, **shared)
    return model.TextInbound(body=reply.body, keyword=reply.keyword or None, **shared)
