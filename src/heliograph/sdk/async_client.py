"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from heliograph.api import wire
from heliograph.calling import AsyncTransport
from heliograph.sandbox.chaos import Chaos
from heliograph.sdk import calls
from heliograph.sdk.connection import connection
from heliograph.sdk.transport import async_transport

Parameters = Mapping[str, Mapping[str, str]]


class AsyncClient:
    """A Heliograph server, for code that awaits. Close it, or use it as a context manager.

    Without arguments it talks to the server whose address and token are in HELIOGRAPH_URL and HELIOGRAPH_TOKEN, or else
    to the one that was started on this machine with the default data directory.
    """

    def __init__(self, base_url: str | None = None, token: str | None = None, *, data_dir: Path | None = None) -> None:
        address, secret = connection(base_url, token, data_dir)
        self._transport = async_transport(address, secret)
        self.messages = AsyncMessages(self._transport)
        self.batches = AsyncBatches(self._transport)
        self.groups = AsyncGroups(self._transport)
        self.inbound = AsyncInbound(self._transport)
        self.optouts = AsyncOptOuts(self._transport)
        self.contacts = AsyncContacts(self._transport)
        self.templates = AsyncTemplates(self._transport)
        self.money = AsyncMoney(self._transport)
        self.account = AsyncAccount(self._transport)
        self.applications = AsyncApplications(self._transport)
        self.verify = AsyncVerify(self._transport)
        self.links = AsyncLinks(self._transport)
        self.attachments = AsyncAttachments(self._transport)
        self.numbers = AsyncNumbers(self._transport)
        self.conversations = AsyncConversations(self._transport)
        self.sandbox = AsyncSandbox(self._transport)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncMessages:
    """Single messages."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def send(
        self,
        *,
        to: str,
        text: str | None = None,
        template: int | str | None = None,
        data: bytes | None = None,
        udh: bytes = b"",
        originator: str | None = None,
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
        """Sends a text, a template, or binary data, to one number. When this returns, the server has it for good.

        A `template` is one that is kept, by its number or its name; it goes by the channel that it is for.
        `parameters` fills in `${name}` in the text: `{name: {number or "default": value}}`. A number without a value of
        its own gets what groups know of it (`first_name`, `last_name`, `email`, or one of its `fields`), else the
        default.

        `to` is international (`+33612345678`). Instants must be aware. Repeating a call with its `idempotency_key`
        returns the first call's message and sends nothing. Where `channel` does not deliver within `fall_back_after_s`
        seconds, the `fallbacks` are tried, one after the other. Raises the RequestErrors of `heliograph.errors` for
        what the server refuses, NotNow for what may be repeated.

        `links` are `{name: id}`: `${name}` in the text becomes an address of that link or file for each recipient.
        """
        body = wire.SendMessage(
            to=to,
            text=text,
            template=template,
            data=data,
            udh=udh.hex(),
            originator=originator,
            parameters=_parameters(parameters),
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
        return await self._transport.run(calls.post(wire.Message, body, "messages"))

    async def get(self, message_id: str) -> wire.Message:
        """NotFound if the account has no such message."""
        return await self._transport.run(calls.get(wire.Message, "messages", message_id))

    def list(
        self,
        *,
        to: str | None = None,
        batch_id: str | None = None,
        status: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[wire.Message]:
        """All messages that match, newest first; pages are fetched as they are needed."""
        return _items(
            self._transport,
            wire.MessagePage,
            "messages",
            limit=page_size,
            to=to,
            batch_id=batch_id,
            status=status,
            since=since,
            until=until,
        )

    async def wait_for_delivery(self, message_id: str, *, timeout_s: float = 30.0) -> wire.Message:
        """The message once it is settled: delivered, or failed for a reason that it tells.

        WaitTimedOut after `timeout_s`; the message goes on all the same.
        """
        return await self._transport.run(calls.wait(wire.Message, "messages", message_id, "wait", timeout_s=timeout_s))

    async def why(self, message_id: str) -> wire.Wait:
        """Why a message waits, and until when."""
        return await self._transport.run(calls.get(wire.Wait, "messages", message_id, "why"))

    async def attempts(self, message_id: str) -> Sequence[wire.Attempt]:
        """Which providers it was handed to, oldest first, and what came of each time."""
        return (await self._transport.run(calls.get(wire.Attempts, "messages", message_id, "attempts"))).items


class AsyncBatches:
    """One text to many numbers."""

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
        """Sends to up to 100,000 numbers at once, and to whoever is in the groups when it is sent.

        A batch that is `marketing` keeps the quiet hours; one with a `pause_at_failure_share` pauses by itself when
        more than that share of what has settled has failed. Otherwise as `messages.send`.
        """
        body = wire.CreateBatch(
            to=list(to),
            groups=list(groups),
            text=text,
            template=template,
            data=data,
            udh=udh.hex(),
            originator=originator,
            parameters=_parameters(parameters),
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
        return await self._transport.run(calls.post(wire.Batch, body, "batches"))

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
        parameters: Parameters | None = None,
        max_parts: int | None = None,
        truncate: bool = False,
        links: Mapping[str, str] | None = None,
        channel: wire.ChannelName | None = None,
        rich_media: wire.RichMedia | None = None,
        fallbacks: Sequence[wire.Fallback] = (),
    ) -> wire.DryRun:
        """How many recipients and parts a batch would have if it were sent now, what it would cost, and how many of its
        messages would fail, and why. Nothing is sent. Raises what `send` raises."""
        body = wire.CreateBatch(
            to=list(to),
            groups=list(groups),
            text=text,
            template=template,
            data=data,
            udh=udh.hex(),
            originator=originator,
            parameters=_parameters(parameters),
            max_parts=max_parts,
            truncate=truncate,
            links=dict(links or {}),
            channel=channel,
            rich_media=rich_media,
            fallbacks=list(fallbacks),
        )
        return await self._transport.run(calls.post(wire.DryRun, body, "batches", "dry_run"))

    async def get(self, batch_id: str) -> wire.Batch:
        """NotFound if the account has no such batch."""
        return await self._transport.run(calls.get(wire.Batch, "batches", batch_id))

    def list(
        self,
        *,
        originator: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 30,
    ) -> AsyncIterator[wire.Batch]:
        """All batches that match, newest first; pages are fetched as they are needed."""
        return _items(
            self._transport,
            wire.BatchPage,
            "batches",
            limit=page_size,
            from_=originator,
            tag=tag,
            since=since,
            until=until,
        )

    async def change(self, batch_id: str, change: wire.ChangeBatch) -> wire.Batch:
        """Changes a batch that has not been sent: what `change` leaves out stays, None goes back to the default.

        AlreadyDispatched once sending has begun.
        """
        return await self._transport.run(calls.patch(wire.Batch, change, "batches", batch_id))

    async def confirm(self, batch_id: str, numbers: Sequence[str] = ()) -> None:
        """Says that these recipients, or all, have what was sent to them; the batch was sent with `feedback`."""
        body = wire.Confirm(numbers=list(numbers))
        await self._transport.run(calls.without_answer("POST", "batches", batch_id, "confirm", body=body))

    async def cancel(self, batch_id: str) -> wire.Batch:
        """Calls back what has not been sent. Safe to repeat."""
        return await self._transport.run(calls.act(wire.Batch, "batches", batch_id, "cancel"))

    async def pause(self, batch_id: str) -> wire.Batch:
        """Sends nothing more of it until it is resumed. Safe to repeat."""
        return await self._transport.run(calls.act(wire.Batch, "batches", batch_id, "pause"))

    async def resume(self, batch_id: str) -> wire.Batch:
        """Goes on where it was paused. Safe to repeat."""
        return await self._transport.run(calls.act(wire.Batch, "batches", batch_id, "resume"))

    async def report(self, batch_id: str) -> wire.Report:
        """Where the messages of a batch stand."""
        return await self._transport.run(calls.get(wire.Report, "batches", batch_id, "report"))


class AsyncGroups:
    """Recipients under one name."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        name: str | None = None,
        members: Sequence[str] = (),
        children: Sequence[str] = (),
        keywords: wire.Keywords | None = None,
        tags: Sequence[str] = (),
    ) -> wire.Group:
        """Makes a group; `keywords` say which inbound texts add their sender to it, and which remove it."""
        body = wire.CreateGroup(
            name=name, members=list(members), children=list(children), keywords=keywords, tags=list(tags)
        )
        return await self._transport.run(calls.post(wire.Group, body, "groups"))

    async def get(self, group_id: str) -> wire.Group:
        """NotFound if the account has no such group."""
        return await self._transport.run(calls.get(wire.Group, "groups", group_id))

    def list(self, *, tag: str | None = None, page_size: int = 30) -> AsyncIterator[wire.Group]:
        """All groups, or those with a tag, newest first; pages are fetched as they are needed."""
        return _items(self._transport, wire.GroupPage, "groups", limit=page_size, tag=tag)

    async def change(self, group_id: str, change: wire.ChangeGroup) -> wire.Group:
        """Adds, then removes; what `change` leaves out stays, None takes the name or the keywords away."""
        return await self._transport.run(calls.patch(wire.Group, change, "groups", group_id))

    async def members(self, group_id: str) -> Sequence[str]:
        """The group's own members, sorted."""
        return (await self._transport.run(calls.get(wire.Members, "groups", group_id, "members"))).items

    async def delete(self, group_id: str) -> None:
        """What is scheduled to it goes on without its members."""
        await self._transport.run(calls.without_answer("DELETE", "groups", group_id))


class AsyncContacts:
    """The members of groups, with what is known of them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list(self, group_id: str, *, page_size: int = 100) -> AsyncIterator[wire.Contact]:
        """All of a group, newest first; pages are fetched as they are needed."""
        return _items(self._transport, wire.ContactPage, "groups", group_id, "contacts", limit=page_size)

    async def add(
        self,
        group_id: str,
        contacts: Sequence[wire.NewContact],
        *,
        skip_invalid: bool = False,
        update: bool = False,
    ) -> wire.AddedContacts:
        """Adds those with new numbers; `update`: writes what is not blank over what was known of the others.

        InvalidRecipient if one is no number, unless these are to be skipped: its `facts["invalid"]` has the rows.
        """
        body = wire.AddContacts(contacts=list(contacts), skip_invalid=skip_invalid, update=update)
        return await self._transport.run(calls.post(wire.AddedContacts, body, "groups", group_id, "contacts"))

    async def change(self, group_id: str, contact_id: str, change: wire.ChangeContact) -> wire.Contact:
        """What `change` leaves out stays, None takes away. NameTaken if the group has the new number already."""
        return await self._transport.run(calls.patch(wire.Contact, change, "groups", group_id, "contacts", contact_id))

    async def delete(self, group_id: str, contact_id: str) -> None:
        """NotFound if the group has no such contact."""
        await self._transport.run(calls.without_answer("DELETE", "groups", group_id, "contacts", contact_id))


class AsyncTemplates:
    """Texts that are kept to be sent again."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, text: str, *, name: str | None = None, channel: str = "sms") -> wire.Template:
        """NameTaken if there is one of this name. For other channels than SMS it must be approved."""
        body = wire.NewTemplate(text=text, name=name, channel=channel)  # type: ignore[arg-type]
        return await self._transport.run(calls.post(wire.Template, body, "templates"))

    async def list(self) -> Sequence[wire.Template]:
        """Newest first."""
        return (await self._transport.run(calls.get(wire.Templates, "templates"))).items

    async def get(self, number: int) -> wire.Template:
        """NotFound if the account has no such template."""
        return await self._transport.run(calls.get(wire.Template, "templates", str(number)))

    async def change(self, number: int, *, text: str | None = None, name: str | None = None) -> wire.Template:
        """Locked once another channel than SMS has approved it."""
        body = wire.ChangeTemplate(text=text, name=name)
        return await self._transport.run(calls.patch(wire.Template, body, "templates", str(number)))

    async def delete(self, number: int) -> None:
        """NotFound if the account has no such template."""
        await self._transport.run(calls.without_answer("DELETE", "templates", str(number)))


class AsyncMoney:
    """What the account has to spend, and where it went. Sums are decimals as text: Decimal reads them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def balance(self) -> wire.Balance:
        """What waiting messages cost is taken off already."""
        return await self._transport.run(calls.get(wire.Balance, "balance"))

    def ledger(self, *, page_size: int = 100) -> AsyncIterator[wire.LedgerEntry]:
        """What changed the balance, newest first; pages are fetched as they are needed."""
        return _items(self._transport, wire.LedgerPage, "ledger", limit=page_size)

    async def prices(self) -> wire.Prices:
        """What a part of an SMS costs, by country."""
        return await self._transport.run(calls.get(wire.Prices, "prices"))


class AsyncInbound:
    """Messages from phones."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, inbound_id: str) -> wire.Inbound:
        """NotFound if the account has no such inbound message."""
        return await self._transport.run(calls.get(wire.Inbound, "inbound", inbound_id))

    def list(
        self,
        *,
        to: str | None = None,
        number: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[wire.Inbound]:
        """All inbound messages that match, newest first; `to` is the originator written to, `number` who wrote."""
        return _items(
            self._transport, wire.InboundPage, "inbound", limit=page_size, to=to, from_=number, since=since, until=until
        )


class AsyncOptOuts:
    """Numbers that must not be written to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def add(self, number: str) -> None:
        """Safe to repeat."""
        await self._transport.run(calls.without_answer("PUT", "optouts", number))

    async def remove(self, number: str) -> None:
        """NotFound if the number had not opted out."""
        await self._transport.run(calls.without_answer("DELETE", "optouts", number))

    def list(self, *, page_size: int = 100) -> AsyncIterator[wire.OptOut]:
        """All of them, in the order of the numbers."""
        return _items(self._transport, wire.OptOutPage, "optouts", limit=page_size, cursor="after")


class AsyncAccount:
    """What the account has decided for itself."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> wire.Account:
        """With the secret that signs callbacks."""
        return await self._transport.run(calls.get(wire.Account, "account"))

    async def change(self, change: wire.ChangeAccount) -> wire.Account:
        """What `change` leaves out stays, None is none."""
        return await self._transport.run(calls.patch(wire.Account, change, "account"))


class AsyncApplications:
    """Programs that act for the account by access tokens of SMS.CX."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, application: wire.NewApplication) -> wire.Application:
        """With a secret of its own."""
        return await self._transport.run(calls.post(wire.Application, application, "applications"))

    async def change(self, application_id: str, change: wire.ChangeApplication) -> wire.Application:
        """What `change` leaves out stays, also within its settings."""
        return await self._transport.run(calls.patch(wire.Application, change, "applications", application_id))

    async def delete(self, application_id: str) -> None:
        """With its tokens, which are good no longer."""
        await self._transport.run(calls.without_answer("DELETE", "applications", application_id))

    async def all(self) -> Sequence[wire.Application]:
        """Newest first."""
        return (await self._transport.run(calls.get(wire.Applications, "applications"))).items


class AsyncVerify:
    """Proving that a number is somebody's, by a one-time code that only they are sent."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def start(
        self,
        *,
        to: str,
        text: str = "Your code is ${code}",
        originator: str | None = None,
        kind: Literal["digits", "letters", "alphanumeric"] = "digits",
        length: int = 6,
        ttl_s: int = 300,
        max_attempts: int = 3,
        address: str | None = None,
        client_reference: str | None = None,
        callback_url: str | None = None,
    ) -> wire.Verification:
        """Sends a code: `length` is 4 to 10, `ttl_s` 60 to 1800 seconds, `max_attempts` 1 to 10.

        `address` is of whoever is to prove that the number is theirs (their IP address, say): TooManyCodes if too many
        were asked for on its behalf, or for this number, or in all. CodesRefused for numbers of costly kinds, countries
        that are sent none, and ranges where nobody enters them.
        """
        body = wire.StartVerification(
            to=to,
            text=text,
            originator=originator,
            kind=kind,
            length=length,
            ttl_s=ttl_s,
            max_attempts=max_attempts,
            address=address,
            client_reference=client_reference,
            callback_url=callback_url,
        )
        return await self._transport.run(calls.post(wire.Verification, body, "verifications"))

    async def check(self, verification_id: str, code: str) -> wire.Verification:
        """The verified verification, if this is the code.

        WrongCode if it is not, and VerificationFailed once too many were wrong; AlreadyVerified, VerificationExpired or
        VerificationCanceled if there is nothing to verify any more.
        """
        body = wire.CheckCode(code=code)
        return await self._transport.run(calls.post(wire.Verification, body, "verifications", verification_id, "check"))

    async def resend(self, verification_id: str) -> wire.Verification:
        """Sends another code; the last one is good no longer. TooManyCodes within some seconds of it."""
        return await self._transport.run(calls.act(wire.Verification, "verifications", verification_id, "resend"))

    async def cancel(self, verification_id: str) -> wire.Verification:
        """Makes the code worthless."""
        return await self._transport.run(calls.act(wire.Verification, "verifications", verification_id, "cancel"))

    async def why(self, number: str) -> wire.CodeOutlook:
        """Whether a number would be sent a code now, and why not, with what the account has sent to its like."""
        return await self._transport.run(calls.get(wire.CodeOutlook, "verifications", "why", calls.bare(number)))

    async def get(self, verification_id: str) -> wire.Verification:
        """NotFound if the account has no such verification."""
        return await self._transport.run(calls.get(wire.Verification, "verifications", verification_id))


class AsyncLinks:
    """Short addresses."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, url: str, *, name: str | None = None) -> wire.Link:
        """A short address for an http or https one. NameTaken."""
        return await self._transport.run(calls.post(wire.Link, wire.Shorten(url=url, name=name), "links"))

    async def change(self, link_id: str, *, url: str | None = None, name: str | None = None) -> wire.Link:
        """Changes what is given; messages that were sent lead to the new address."""
        return await self._transport.run(calls.patch(wire.Link, wire.ChangeLink(url=url, name=name), "links", link_id))

    async def delete(self, link_id: str) -> None:
        """With its hits."""
        await self._transport.run(calls.without_answer("DELETE", "links", link_id))

    async def all(self) -> Sequence[wire.Link]:
        """Newest first."""
        return (await self._transport.run(calls.get(wire.LinkList, "links"))).items

    def hits(self, link_id: str, *, page_size: int = 100) -> AsyncIterator[wire.Hit]:
        """Who followed it, newest first."""
        return _items(self._transport, wire.Hits, "links", link_id, "hits", limit=page_size)


class AsyncAttachments:
    """Files that are sent as short addresses."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def upload(self, content: bytes, media_type: str, *, name: str | None = None) -> wire.Link:
        """Keeps a file, such as an `image/png` or `application/pdf`. When this returns, it is stored."""
        return await self._transport.run(calls.upload(wire.Link, content, media_type, "attachments", name=name))

    async def delete(self, link_id: str) -> None:
        """With its hits."""
        await self._transport.run(calls.without_answer("DELETE", "attachments", link_id))

    async def all(self) -> Sequence[wire.Link]:
        """Newest first."""
        return (await self._transport.run(calls.get(wire.LinkList, "attachments"))).items

    def hits(self, link_id: str, *, page_size: int = 100) -> AsyncIterator[wire.Hit]:
        """Who opened it, newest first."""
        return _items(self._transport, wire.Hits, "attachments", link_id, "hits", limit=page_size)


class AsyncNumbers:
    """What is known of numbers."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, number: str) -> wire.NumberFacts:
        """What the numbering plan says. InvalidRecipient for what is no number."""
        return await self._transport.run(calls.get(wire.NumberFacts, "numbers", number))

    async def look_up(self, number: str) -> wire.Lookup:
        """What its network says. Costs money; NoCoverage where it has no price."""
        return await self._transport.run(calls.act(wire.Lookup, "numbers", number, "lookup"))

    async def look_up_many(self, numbers: Sequence[str], *, callback_url: str | None = None) -> wire.LookupJob:
        """The same of many; the answers come later, to the URL and to `lookups`."""
        body = wire.LookUp(numbers=list(numbers), callback_url=callback_url)
        return await self._transport.run(calls.post(wire.LookupJob, body, "lookups"))

    def lookups(self, job_id: str, *, page_size: int = 100) -> AsyncIterator[wire.Lookup]:
        """Of a job, newest first."""
        return _items(self._transport, wire.Lookups, "lookups", job_id, limit=page_size)


class AsyncConversations:
    """What went back and forth with each number that has written."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def all(self) -> Sequence[wire.Conversation]:
        """The one written to last first."""
        return (await self._transport.run(calls.get(wire.Conversations, "conversations"))).items

    async def messages(self, conversation_id: str) -> Sequence[wire.ThreadLine]:
        """The newest in both directions and by all channels, newest first."""
        path = ("conversations", conversation_id, "messages")
        return (await self._transport.run(calls.get(wire.Thread, *path))).items

    async def mark_read(self, conversation_id: str) -> None:
        """Nothing in it is unread any more."""
        await self._transport.run(calls.without_answer("POST", "conversations", conversation_id, "read"))

    async def reply(
        self,
        conversation_id: str,
        text: str | None = None,
        *,
        template: int | str | None = None,
        channel: wire.ChannelName = "sms",
        idempotency_key: str | None = None,
    ) -> wire.Message:
        """Answers with a text or a template, from the originator that was written to.

        WindowClosed by other channels than SMS more than 24 hours after their last message by it.
        """
        body = wire.Answer(text=text, template=template, channel=channel, idempotency_key=idempotency_key)
        return await self._transport.run(calls.post(wire.Message, body, "conversations", conversation_id, "replies"))


class AsyncSandbox:
    """The sandbox's simulated phones: what a test suite needs."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._read: dict[str, str] = {}
        """The message whose code was read last, of each phone."""

    async def phones(self) -> Sequence[wire.Phone]:
        """Recently used first."""
        return (await self._transport.run(calls.get(wire.Phones, "sandbox", "phones"))).items

    async def messages(self, number: str, *, limit: int = 100, after: str | None = None) -> Sequence[wire.PhoneMessage]:
        """The phone's newest messages, oldest of them first."""
        page = await self._transport.run(
            calls.get(wire.PhoneMessages, "sandbox", "phones", number, "messages", limit=limit, after=after)
        )
        return page.items

    async def wait_for_message(
        self, number: str, *, contains: str | None = None, after: str | None = None, timeout_s: float = 30.0
    ) -> wire.PhoneMessage:
        """The oldest message that the phone received after the one with the id `after`. WaitTimedOut if none comes."""
        return await self._transport.run(
            calls.wait(
                wire.PhoneMessage,
                "sandbox",
                "phones",
                number,
                "messages",
                "wait",
                timeout_s=timeout_s,
                contains=contains,
                after=after,
            )
        )

    async def read_code(self, number: str, *, after: str | None = None, timeout_s: float = 30.0) -> str:
        """The one-time code in the latest message that has one. WaitTimedOut if none comes.

        Never that of the message before: what is on its way to the phone is waited for, and this client reads each code
        once. If your application sends some time after it was asked to, take a `mark` before you ask it, and hand that
        in as `after`: only codes that came after it count.
        """
        phone = calls.bare(number)
        found = await self._transport.run(
            calls.wait(
                wire.Code,
                "sandbox",
                "phones",
                number,
                "code",
                timeout_s=timeout_s,
                after=self._read.get(phone) if after is None else after,
            )
        )
        self._read[phone] = found.message.id
        return found.code

    async def mark(self, number: str) -> str:
        """This moment on a phone, for `after`: the id of its newest message, empty if there is none."""
        newest = await self.messages(number, limit=1)
        return newest[-1].id if newest else ""

    async def clear(self, number: str | None = None) -> None:
        """Takes the messages off a phone, or off all."""
        phone = () if number is None else (number, "messages")
        await self._transport.run(calls.without_answer("DELETE", "sandbox", "phones", *phone))

    async def reply(self, number: str, *, to: str, text: str, channel: wire.ChannelName | None = None) -> str:
        """Sends a text from a phone to an originator; the inbound message's id.

        Without a `channel` it goes by the one that the last message from there came by.
        """
        body = wire.SendReply(to=to, text=text, channel=channel)
        sent = await self._transport.run(calls.post(wire.SentReply, body, "sandbox", "phones", number, "replies"))
        return sent.inbound_id

    async def reception(self) -> wire.Reception:
        """How many messages the phones received, and how many of these twice."""
        return await self._transport.run(calls.get(wire.Reception, "sandbox", "reception"))

    async def chaos(self) -> Chaos:
        """How badly the network behaves."""
        return await self._transport.run(calls.get(Chaos, "sandbox", "chaos"))

    async def set_chaos(self, chaos: Chaos) -> Chaos:
        """Changes how badly the network behaves, at once."""
        return await self._transport.run(calls.put(Chaos, chaos, "sandbox", "chaos"))


async def _items(
    transport: AsyncTransport, shape: type[Any], *path: str, cursor: str = "before", **query: Any
) -> AsyncIterator[Any]:
    """Everything in a listing, page after page, as it is asked for."""
    at: str | None = None
    while True:
        page = await transport.run(calls.get(shape, *path, **query, **{cursor: at}))
        for item in page.items:
            yield item
        at = page.next
        if at is None:
            return


def _parameters(table: Parameters | None) -> dict[str, dict[str, str]] | None:
    return None if table is None else {name: dict(values) for name, values in table.items()}
