"""Single messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.calls import Parameters, parameter_table
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Messages:
    """Single messages: sent, read, and waited for."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def send(
        self,
        *,
        to: str,
        text: str | None = None,
        template: int | str | None = None,
        data: bytes | None = None,
        udh: bytes = b"",
        originator: str | None = None,
        from_: str | None = None,
        parameters: Parameters | None = None,
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
    ) -> wire.Message:
        """Send a text, a template, or binary data, to one number. When this returns, the server has it for good.

        A `template` is a stored one, by its number or its name; it goes by the channel that it is for. `parameters`
        fills in `${name}` in the text: `{name: {number or "default": value}}`. A number without a value of its own gets
        what groups know of it (`first_name`, `last_name`, `email`, or one of its `fields`), else the default.

        `to` is international (`+33612345678`). Instants must be aware. Repeating a call with its `idempotency_key`
        returns the first call's message and sends nothing. Where `channel` does not deliver within `fall_back_after_s`
        seconds, the `fallbacks` are tried, one after the other. Raises the RequestErrors of `heliograph.errors` for
        what the server refuses, NotNow for what may be repeated.

        `from_` is another name of `originator`, as other libraries have it.

        `links` are `{name: id}`: `${name}` in the text becomes an address of that link or file for each recipient.
        """
        body = wire.SendMessage(
            to=to,
            text=text,
            template=template,
            data=data,
            udh=udh.hex(),
            originator=calls.sender(originator, from_),
            parameters=parameter_table(parameters),
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
        )
        return self._transport.run(calls.send(wire.Message, body, "messages"))

    def get(self, message_id: str) -> wire.Message:
        """Get a message. Raises NotFound if the account has no such message."""
        return self._transport.run(calls.get(wire.Message, "messages", message_id))

    def delete(self, message_id: str) -> None:
        """Delete a message that has ended, or that a provider has; the ledger keeps what it cost.

        Raises NotFound if the account has no such message, NotFinished if it is yet to be sent.
        """
        self._transport.run(calls.without_answer("DELETE", "messages", message_id))

    def list(
        self,
        *,
        q: str | None = None,
        to: str | None = None,
        batch_id: str | None = None,
        originator: str | None = None,
        status: str | None = None,
        provider: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Listing[wire.Message]:
        """Iterate over all messages that match, newest first; pages are fetched as they are needed.

        `q` is words that the text has, all of them, whatever their case and accents; or a recipient's number with its
        plus. `provider` is the one that a message was last handed to, `tag` one that it was sent with. `since` is
        inclusive, `until` is not.
        """
        return items(
            self._transport,
            wire.MessagePage,
            "messages",
            limit=page_size,
            q=q,
            to=to,
            batch_id=batch_id,
            from_=originator,
            status=status,
            provider=provider,
            tag=tag,
            since=since,
            until=until,
        )

    def export(
        self,
        path: Path | str,
        *,
        format: wire.ExportFormat | None = None,
        bom: bool = False,
        q: str | None = None,
        to: str | None = None,
        batch_id: str | None = None,
        originator: str | None = None,
        status: str | None = None,
        provider: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Write all messages that match, newest first, to a file, as they come: `.csv`, `.xlsx` or `.jsonl`.

        The filters are those of `list`. When this returns the file is whole; if it raises there is none. `bom` has a
        CSV file begin with a byte order mark, as Excel wants it.
        """
        call = calls.saved(
            Path(path),
            format,
            "messages",
            bom=bom or None,
            q=q,
            to=to,
            batch_id=batch_id,
            from_=originator,
            status=status,
            provider=provider,
            tag=tag,
            since=since,
            until=until,
        )
        self._transport.run(call, save_to=Path(path))

    def index(self) -> wire.MessageIndex:
        """Tell how far texts are indexed for `q`: what is newer is looked through, some pages long."""
        return self._transport.run(calls.get(wire.MessageIndex, "message-index"))

    def wait_for_delivery(self, message_id: str, *, timeout_s: float = 30.0) -> wire.Message:
        """Wait until a message is settled, delivered or failed, and return it.

        Raises WaitTimedOut after `timeout_s` seconds; the message goes on all the same.
        """
        return self._transport.run(calls.wait(wire.Message, "messages", message_id, "wait", timeout_s=timeout_s))

    def events(self, message_id: str) -> Iterator[wire.Message]:
        """Iterate over the states of a message, from the present one on, until it is settled."""
        return self._transport.follow(wire.Message, "messages", message_id, "events")

    def why(self, message_id: str) -> wire.Wait:
        """Tell why a message waits, and until when."""
        return self._transport.run(calls.get(wire.Wait, "messages", message_id, "why"))

    def attempts(self, message_id: str) -> Sequence[wire.Attempt]:
        """List which providers a message was handed to, oldest first, and what came of each time."""
        return (self._transport.run(calls.get(wire.Attempts, "messages", message_id, "attempts"))).items
