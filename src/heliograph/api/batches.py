"""Operations on batches: one text to many numbers."""

from __future__ import annotations

import msgspec

from heliograph.api import wire
from heliograph.api.drafts import batch_draft, changed_draft, with_links
from heliograph.api.etags import if_match, tagged, with_etag
from heliograph.api.resource import NativeResource
from heliograph.api.streams import Stream, progress
from heliograph.api.values import maybe_address, money
from heliograph.domain import batches
from heliograph.domain.accounts import Scope
from heliograph.domain.batches import BodyKind, Draft
from heliograph.domain.channels import RichMedia
from heliograph.domain.filters import BatchFilter
from heliograph.domain.priorities import Priority
from heliograph.domain.releases import Release
from heliograph.domain.statuses import SETTLED, explanation
from heliograph.doors import Call, Operation, Reply
from heliograph.doors.filters import originator_filter
from heliograph.doors.operations import EVENT_STREAM
from heliograph.numbers import with_plus
from heliograph.services.batches import DryRun, WouldFail
from heliograph.services.reports import BatchReport

_PRIORITY_NAMES: dict[Priority, wire.PriorityName] = {
    Priority.URGENT: "urgent",
    Priority.NORMAL: "normal",
    Priority.LOW: "low",
}


class Batches(NativeResource):
    operations = (
        Operation(
            name="create_batch",
            method="POST",
            path="/batches",
            scope=Scope.MESSAGES_SEND,
            request=wire.CreateBatch,
            response=wire.Batch,
            status=201,
            summary="Send a message to many numbers",
        ),
        Operation(
            name="create_in_shares",
            method="POST",
            path="/batches/in_shares",
            scope=Scope.MESSAGES_SEND,
            request=wire.CreateInShares,
            response=wire.InShares,
            status=201,
            summary="Send to a share of the recipients first, and hold the rest",
        ),
        Operation(
            name="dry_run_batch",
            method="POST",
            path="/batches/dry_run",
            scope=Scope.MESSAGES_SEND,
            request=wire.CreateBatch,
            response=wire.DryRun,
            summary="What a batch would come to, without sending it",
        ),
        Operation(
            name="list_batches",
            method="GET",
            path="/batches",
            scope=Scope.MESSAGES_READ,
            query=wire.BatchQuery,
            response=wire.BatchPage,
            summary="List batches, newest first",
        ),
        Operation(
            name="get_batch",
            method="GET",
            path="/batches/{batch_id}",
            scope=Scope.MESSAGES_READ,
            response=wire.Batch,
            summary="Get a batch",
        ),
        Operation(
            name="change_batch",
            method="PATCH",
            path="/batches/{batch_id}",
            scope=Scope.MESSAGES_SEND,
            conditional=True,
            request=wire.ChangeBatch,
            response=wire.Batch,
            summary="Change a batch that has not been sent",
        ),
        Operation(
            name="confirm_batch",
            method="POST",
            path="/batches/{batch_id}/confirm",
            scope=Scope.MESSAGES_SEND,
            request=wire.Confirm,
            status=204,
            summary="Say who has what was sent to them",
        ),
        Operation(
            name="cancel_batch",
            method="POST",
            path="/batches/{batch_id}/cancel",
            scope=Scope.MESSAGES_SEND,
            response=wire.Batch,
            summary="Call back what has not been sent",
        ),
        Operation(
            name="pause_batch",
            method="POST",
            path="/batches/{batch_id}/pause",
            scope=Scope.MESSAGES_SEND,
            response=wire.Batch,
            summary="Send nothing more of a batch until it is resumed",
        ),
        Operation(
            name="resume_batch",
            method="POST",
            path="/batches/{batch_id}/resume",
            scope=Scope.MESSAGES_SEND,
            response=wire.Batch,
            summary="Go on with a paused batch",
        ),
        Operation(
            name="follow_batch",
            method="GET",
            path="/batches/{batch_id}/events",
            scope=Scope.MESSAGES_READ,
            query=wire.EventsQuery,
            files=(EVENT_STREAM,),
            summary="Where the messages of a batch stand, as server-sent events, until all are settled",
        ),
        Operation(
            name="report_batch",
            method="GET",
            path="/batches/{batch_id}/report",
            scope=Scope.MESSAGES_READ,
            response=wire.Report,
            summary="Where the messages of a batch stand",
        ),
    )

    async def create_batch(self, call: Call[None, wire.CreateBatch]) -> Reply:
        draft = await with_links(self._services.links, self._settings, call, batch_draft(call.body))
        created = await self._services.batches.create(call.account, draft)
        return Reply(shown_batch(created.batch), 200 if created.repeated else 201)

    async def create_in_shares(self, call: Call[None, wire.CreateInShares]) -> Reply:
        body = call.body
        draft = await with_links(self._services.links, self._settings, call, batch_draft(body))
        release = Release(
            by_itself=body.by_itself,
            least_delivered=body.least_delivered,
            most_failed=body.most_failed,
            most_opted_out=body.most_opted_out,
        )
        made = await self._services.batches.create_in_shares(call.account, draft, body.share, release)
        shown = wire.InShares(first=shown_batch(made.first.batch), rest=shown_batch(made.rest.batch))
        return Reply(shown, 200 if made.rest.repeated else 201)

    async def dry_run_batch(self, call: Call[None, wire.CreateBatch]) -> wire.DryRun:
        draft = await with_links(self._services.links, self._settings, call, batch_draft(call.body))
        found = await self._services.batches.dry_run(call.account, draft)
        return shown_dry_run(found)

    async def list_batches(self, call: Call[wire.BatchQuery, None]) -> wire.BatchPage:
        query = call.query
        wanted = BatchFilter(
            originators=[originator_filter(query.originator)] if query.originator else [],
            tags=[query.tag] if query.tag else [],
            since=query.since,
            until=query.until,
        )
        found = await self._services.batches.listing(call.account, wanted, limit=query.limit, before=query.before)
        return wire.BatchPage(items=[shown_batch(batch) for batch in found.items], next=found.next)

    async def get_batch(self, call: Call[None, None]) -> wire.Batch:
        return tagged(call, shown_batch(await self._services.batches.get(call.account, call.path["batch_id"])))

    async def change_batch(self, call: Call[None, wire.ChangeBatch]) -> wire.Batch:
        def edit(before: Draft) -> Draft:
            return changed_draft(before, call.body, call.account.default_region)

        check = if_match(call, shown_batch)
        changed = await self._services.batches.change(call.account, call.path["batch_id"], edit, unchanged=check)
        return tagged(call, shown_batch(changed))

    async def confirm_batch(self, call: Call[None, wire.Confirm]) -> None:
        await self._services.batches.confirm(call.account, call.path["batch_id"], call.body.numbers)

    async def cancel_batch(self, call: Call[None, None]) -> wire.Batch:
        return shown_batch(await self._services.batches.cancel(call.account, call.path["batch_id"]))

    async def pause_batch(self, call: Call[None, None]) -> wire.Batch:
        return shown_batch(await self._services.batches.pause(call.account, call.path["batch_id"]))

    async def resume_batch(self, call: Call[None, None]) -> wire.Batch:
        return shown_batch(await self._services.batches.resume(call.account, call.path["batch_id"]))

    async def follow_batch(self, call: Call[wire.EventsQuery, None]) -> Stream:
        batch_id = call.path["batch_id"]

        async def show() -> tuple[wire.Report, bool]:
            found = await self._services.reports.of_batch(call.account.id, batch_id, with_recipients=False)
            shown = shown_report(found)
            return shown, shown.settled == shown.total and (shown.total > 0 or found.batch.canceled)

        return await progress(self._services.live, call, f"batch:{batch_id}", show, scope=Scope.MESSAGES_READ)

    async def report_batch(self, call: Call[None, None]) -> wire.Report:
        return shown_report(
            await self._services.reports.of_batch(call.account.id, call.path["batch_id"], with_recipients=False)
        )


def shown_batch(stored: batches.Batch) -> wire.Batch:
    binary, options = stored.kind is BodyKind.BINARY, stored.options
    shown = wire.Batch(
        id=stored.id,
        originator=maybe_address(stored.originator),
        text=None if binary else stored.body,
        data=stored.body if binary else None,
        udh=stored.udh if binary or stored.udh else None,
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
    return with_etag(shown)


def _shown_media(stored: RichMedia | None) -> wire.RichMedia | None:
    return None if stored is None else msgspec.convert(stored, wire.RichMedia, from_attributes=True)


def shown_dry_run(found: DryRun) -> wire.DryRun:
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


def shown_report(found: BatchReport) -> wire.Report:
    return wire.Report(
        batch_id=found.batch.id,
        total=sum(bucket.count for bucket in found.buckets),
        settled=sum(bucket.count for bucket in found.buckets if bucket.status in SETTLED),
        buckets=[
            wire.Bucket(status=bucket.status.value, reason=bucket.why, count=bucket.count) for bucket in found.buckets
        ],
    )
