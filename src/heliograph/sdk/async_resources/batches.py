"""Batches: one text to many numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.calls import Parameters, parameter_table
from heliograph.sdk.transport import AsyncTransport


class AsyncBatches:
    """Batches: one text to many numbers."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def send(
        self,
        *,
        to: Sequence[str] = (),
        groups: Sequence[str] = (),
        text: str | None = None,
        template: int | str | None = None,
        data: bytes | None = None,
        udh: bytes = b"",
        originator: str | None = None,
        from_: str | None = None,
        parameters: Parameters | None = None,
        title: str | None = None,
        send_at: datetime | None = None,
        expire_at: datetime | None = None,
        callback_url: str | None = None,
        report: wire.ReportName = "none",
        tags: Sequence[str] = (),
        client_reference: str | None = None,
        idempotency_key: str | None = None,
        flash: bool = False,
        max_parts: int | None = None,
        truncate: bool = False,
        feedback: bool = False,
        links: Mapping[str, str] | None = None,
        channel: wire.ChannelName | None = None,
        rich_media: wire.RichMedia | None = None,
        fallbacks: Sequence[wire.Fallback] = (),
        fall_back_after_s: int = 300,
        priority: wire.PriorityName = "normal",
        marketing: bool = False,
        pause_at_failure_share: float | None = None,
        pause_after: int = 50,
    ) -> wire.Batch:
        """Send to up to 100,000 numbers at once, and to whoever is in the groups when it is sent.

        A batch that is `marketing` keeps the quiet hours; one with a `pause_at_failure_share` pauses by itself when
        more than that share of the settled messages has failed, once `pause_after` are settled. All else is as in
        `messages.send`.
        """
        body = wire.CreateBatch(
            to=list(to),
            groups=list(groups),
            text=text,
            template=template,
            data=data,
            udh=udh.hex(),
            originator=calls.sender(originator, from_),
            parameters=parameter_table(parameters),
            title=title,
            send_at=send_at,
            expire_at=expire_at,
            callback_url=callback_url,
            report=report,
            tags=list(tags),
            client_reference=client_reference,
            idempotency_key=idempotency_key,
            flash=flash,
            max_parts=max_parts,
            truncate=truncate,
            feedback=feedback,
            links=dict(links or {}),
            channel=channel,
            rich_media=rich_media,
            fallbacks=list(fallbacks),
            fall_back_after_s=fall_back_after_s,
            priority=priority,
            marketing=marketing,
            pause_at_failure_share=pause_at_failure_share,
            pause_after=pause_after,
        )
        return await self._transport.run(calls.send(wire.Batch, body, "batches"))

    async def send_in_shares(self, campaign: wire.CreateInShares) -> wire.InShares:
        """Send to a share of the recipients first, and hold the rest as a batch of its own.

        The rest goes on when it is resumed; or by itself, if the campaign says so, while the share stays within its
        bounds. Members of groups are looked up now.
        """
        return await self._transport.run(calls.send(wire.InShares, campaign, "batches", "in_shares"))

    async def dry_run(
        self,
        *,
        to: Sequence[str] = (),
        groups: Sequence[str] = (),
        text: str | None = None,
        template: int | str | None = None,
        data: bytes | None = None,
        udh: bytes = b"",
        originator: str | None = None,
        from_: str | None = None,
        parameters: Parameters | None = None,
        max_parts: int | None = None,
        truncate: bool = False,
        links: Mapping[str, str] | None = None,
        channel: wire.ChannelName | None = None,
        rich_media: wire.RichMedia | None = None,
        fallbacks: Sequence[wire.Fallback] = (),
    ) -> wire.DryRun:
        """Compute what a batch would come to if it were sent now, without sending anything.

        That is how many recipients and parts it would have, what it would cost, how many of its messages would fail,
        and why. Raises what `send` raises.
        """
        body = wire.CreateBatch(
            to=list(to),
            groups=list(groups),
            text=text,
            template=template,
            data=data,
            udh=udh.hex(),
            originator=calls.sender(originator, from_),
            parameters=parameter_table(parameters),
            max_parts=max_parts,
            truncate=truncate,
            links=dict(links or {}),
            channel=channel,
            rich_media=rich_media,
            fallbacks=list(fallbacks),
        )
        return await self._transport.run(calls.post(wire.DryRun, body, "batches", "dry_run", repeatable=True))

    async def get(self, batch_id: str) -> wire.Batch:
        """Get a batch. Raises NotFound if the account has no such batch."""
        return await self._transport.run(calls.get(wire.Batch, "batches", batch_id))

    def list(
        self,
        *,
        originator: str | None = None,
        from_: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 30,
    ) -> AsyncListing[wire.Batch]:
        """Iterate over all batches that match, newest first; pages are fetched as they are needed."""
        return items(
            self._transport,
            wire.BatchPage,
            "batches",
            limit=page_size,
            from_=calls.sender(originator, from_),
            tag=tag,
            since=since,
            until=until,
        )

    async def change(self, batch_id: str, change: wire.ChangeBatch, *, if_match: str | None = None) -> wire.Batch:
        """Change a batch that has not been sent: what `change` leaves out stays, None goes back to the default.

        Raises AlreadyDispatched once sending has begun. With `if_match`, the `etag` of what was seen, nothing else is
        changed: raises ChangedMeanwhile.
        """
        return await self._transport.run(calls.patch(wire.Batch, change, "batches", batch_id, if_match=if_match))

    async def confirm(self, batch_id: str, numbers: Sequence[str] = ()) -> None:
        """Confirm that these recipients, or all, have what was sent to them.

        The batch must have been sent with `feedback`.
        """
        body = wire.Confirm(numbers=list(numbers))
        await self._transport.run(calls.without_answer("POST", "batches", batch_id, "confirm", body=body))

    async def cancel(self, batch_id: str) -> wire.Batch:
        """Cancel what has not been sent. Safe to repeat."""
        return await self._transport.run(calls.act(wire.Batch, "batches", batch_id, "cancel", repeatable=True))

    async def pause(self, batch_id: str) -> wire.Batch:
        """Pause a batch: nothing more of it is sent until it is resumed. Safe to repeat."""
        return await self._transport.run(calls.act(wire.Batch, "batches", batch_id, "pause", repeatable=True))

    async def resume(self, batch_id: str) -> wire.Batch:
        """Resume a batch where it was paused. Safe to repeat."""
        return await self._transport.run(calls.act(wire.Batch, "batches", batch_id, "resume", repeatable=True))

    async def report(self, batch_id: str) -> wire.Report:
        """Count the messages of a batch by status."""
        return await self._transport.run(calls.get(wire.Report, "batches", batch_id, "report"))

    def events(self, batch_id: str) -> AsyncIterator[wire.Report]:
        """Iterate over the counts of a batch's messages, each time that they are others, until all are settled."""
        return self._transport.follow(wire.Report, "batches", batch_id, "events")
