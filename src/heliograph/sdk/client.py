"""The synchronous client, generated from `async_client.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from heliograph.api import wire
from heliograph.calling import SyncTransport
from heliograph.sandbox.chaos import Chaos
from heliograph.sdk import calls
from heliograph.sdk.connection import connection
from heliograph.sdk.transport import sync_transport

Parameters = Mapping[str, Mapping[str, str]]


class Client:
    """A Heliograph server, for code that does not await. Close it, or use it as a context manager.

    Without arguments it talks to the server whose address and token are in HELIOGRAPH_URL and HELIOGRAPH_TOKEN, or else
    to the one that was started on this machine with the default data directory.
    """

    def __init__(self, base_url: str | None = None, token: str | None = None, *, data_dir: Path | None = None) -> None:
        address, secret = connection(base_url, token, data_dir)
        self._transport = sync_transport(address, secret)
        self.messages = Messages(self._transport)
        self.batches = Batches(self._transport)
        self.groups = Groups(self._transport)
        self.inbound = Inbound(self._transport)
        self.optouts = OptOuts(self._transport)
        self.contacts = Contacts(self._transport)
        self.templates = Templates(self._transport)
        self.money = Money(self._transport)
        self.account = Account(self._transport)
        self.applications = Applications(self._transport)
        self.verify = Verify(self._transport)
        self.links = Links(self._transport)
        self.attachments = Attachments(self._transport)
        self.numbers = Numbers(self._transport)
        self.conversations = Conversations(self._transport)
        self.sandbox = Sandbox(self._transport)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Messages:
    """Single messages."""

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
        return self._transport.run(calls.post(wire.Message, body, "messages"))

    def get(self, message_id: str) -> wire.Message:
        """NotFound if the account has no such message."""
        return self._transport.run(calls.get(wire.Message, "messages", message_id))

    def list(
        self,
        *,
        to: str | None = None,
        batch_id: str | None = None,
        status: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Iterator[wire.Message]:
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

    def wait_for_delivery(self, message_id: str, *, timeout_s: float = 30.0) -> wire.Message:
        """The message once it is settled: delivered, or failed for a reason that it tells.

        WaitTimedOut after `timeout_s`; the message goes on all the same.
        """
        return self._transport.run(calls.wait(wire.Message, "messages", message_id, "wait", timeout_s=timeout_s))

    def why(self, message_id: str) -> wire.Wait:
        """Why a message waits, and until when."""
        return self._transport.run(calls.get(wire.Wait, "messages", message_id, "why"))

    def attempts(self, message_id: str) -> Sequence[wire.Attempt]:
        """Which providers it was handed to, oldest first, and what came of each time."""
        return (self._transport.run(calls.get(wire.Attempts, "messages", message_id, "attempts"))).items


class Batches:
    """One text to many numbers."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def send(
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
        return self._transport.run(calls.post(wire.Batch, body, "batches"))

    def dry_run(
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
        return self._transport.run(calls.post(wire.DryRun, body, "batches", "dry_run"))

    def get(self, batch_id: str) -> wire.Batch:
        """NotFound if the account has no such batch."""
        return self._transport.run(calls.get(wire.Batch, "batches", batch_id))

    def list(
        self,
        *,
        originator: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 30,
    ) -> Iterator[wire.Batch]:
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

    def change(self, batch_id: str, change: wire.ChangeBatch) -> wire.Batch:
        """Changes a batch that has not been sent: what `change` leaves out stays, None goes back to the default.

        AlreadyDispatched once sending has begun.
        """
        return self._transport.run(calls.patch(wire.Batch, change, "batches", batch_id))

    def confirm(self, batch_id: str, numbers: Sequence[str] = ()) -> None:
        """Says that these recipients, or all, have what was sent to them; the batch was sent with `feedback`."""
        body = wire.Confirm(numbers=list(numbers))
        self._transport.run(calls.without_answer("POST", "batches", batch_id, "confirm", body=body))

    def cancel(self, batch_id: str) -> wire.Batch:
        """Calls back what has not been sent. Safe to repeat."""
        return self._transport.run(calls.act(wire.Batch, "batches", batch_id, "cancel"))

    def pause(self, batch_id: str) -> wire.Batch:
        """Sends nothing more of it until it is resumed. Safe to repeat."""
        return self._transport.run(calls.act(wire.Batch, "batches", batch_id, "pause"))

    def resume(self, batch_id: str) -> wire.Batch:
        """Goes on where it was paused. Safe to repeat."""
        return self._transport.run(calls.act(wire.Batch, "batches", batch_id, "resume"))

    def report(self, batch_id: str) -> wire.Report:
        """Where the messages of a batch stand."""
        return self._transport.run(calls.get(wire.Report, "batches", batch_id, "report"))


class Groups:
    """Recipients under one name."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(
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
        return self._transport.run(calls.post(wire.Group, body, "groups"))

    def get(self, group_id: str) -> wire.Group:
        """NotFound if the account has no such group."""
        return self._transport.run(calls.get(wire.Group, "groups", group_id))

    def list(self, *, tag: str | None = None, page_size: int = 30) -> Iterator[wire.Group]:
        """All groups, or those with a tag, newest first; pages are fetched as they are needed."""
        return _items(self._transport, wire.GroupPage, "groups", limit=page_size, tag=tag)

    def change(self, group_id: str, change: wire.ChangeGroup) -> wire.Group:
        """Adds, then removes; what `change` leaves out stays, None takes the name or the keywords away."""
        return self._transport.run(calls.patch(wire.Group, change, "groups", group_id))

    def members(self, group_id: str) -> Sequence[str]:
        """The group's own members, sorted."""
        return (self._transport.run(calls.get(wire.Members, "groups", group_id, "members"))).items

    def delete(self, group_id: str) -> None:
        """What is scheduled to it goes on without its members."""
        self._transport.run(calls.without_answer("DELETE", "groups", group_id))


class Contacts:
    """The members of groups, with what is known of them."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def list(self, group_id: str, *, page_size: int = 100) -> Iterator[wire.Contact]:
        """All of a group, newest first; pages are fetched as they are needed."""
        return _items(self._transport, wire.ContactPage, "groups", group_id, "contacts", limit=page_size)

    def add(
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
        return self._transport.run(calls.post(wire.AddedContacts, body, "groups", group_id, "contacts"))

    def change(self, group_id: str, contact_id: str, change: wire.ChangeContact) -> wire.Contact:
        """What `change` leaves out stays, None takes away. NameTaken if the group has the new number already."""
        return self._transport.run(calls.patch(wire.Contact, change, "groups", group_id, "contacts", contact_id))

    def delete(self, group_id: str, contact_id: str) -> None:
        """NotFound if the group has no such contact."""
        self._transport.run(calls.without_answer("DELETE", "groups", group_id, "contacts", contact_id))


class Templates:
    """Texts that are kept to be sent again."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(self, text: str, *, name: str | None = None, channel: str = "sms") -> wire.Template:
        """NameTaken if there is one of this name. For other channels than SMS it must be approved."""
        body = wire.NewTemplate(text=text, name=name, channel=channel)  # type: ignore[arg-type]
        return self._transport.run(calls.post(wire.Template, body, "templates"))

    def list(self) -> Sequence[wire.Template]:
        """Newest first."""
        return (self._transport.run(calls.get(wire.Templates, "templates"))).items

    def get(self, number: int) -> wire.Template:
        """NotFound if the account has no such template."""
        return self._transport.run(calls.get(wire.Template, "templates", str(number)))

    def change(self, number: int, *, text: str | None = None, name: str | None = None) -> wire.Template:
        """Locked once another channel than SMS has approved it."""
        body = wire.ChangeTemplate(text=text, name=name)
        return self._transport.run(calls.patch(wire.Template, body, "templates", str(number)))

    def delete(self, number: int) -> None:
        """NotFound if the account has no such template."""
        self._transport.run(calls.without_answer("DELETE", "templates", str(number)))


class Money:
    """What the account has to spend, and where it went. Sums are decimals as text: Decimal reads them."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def balance(self) -> wire.Balance:
        """What waiting messages cost is taken off already."""
        return self._transport.run(calls.get(wire.Balance, "balance"))

    def ledger(self, *, page_size: int = 100) -> Iterator[wire.LedgerEntry]:
        """What changed the balance, newest first; pages are fetched as they are needed."""
        return _items(self._transport, wire.LedgerPage, "ledger", limit=page_size)

    def prices(self) -> wire.Prices:
        """What a part of an SMS costs, by country."""
        return self._transport.run(calls.get(wire.Prices, "prices"))


class Inbound:
    """Messages from phones."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self, inbound_id: str) -> wire.Inbound:
        """NotFound if the account has no such inbound message."""
        return self._transport.run(calls.get(wire.Inbound, "inbound", inbound_id))

    def list(
        self,
        *,
        to: str | None = None,
        number: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Iterator[wire.Inbound]:
        """All inbound messages that match, newest first; `to` is the originator written to, `number` who wrote."""
        return _items(
            self._transport, wire.InboundPage, "inbound", limit=page_size, to=to, from_=number, since=since, until=until
        )


class OptOuts:
    """Numbers that must not be written to."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def add(self, number: str) -> None:
        """Safe to repeat."""
        self._transport.run(calls.without_answer("PUT", "optouts", number))

    def remove(self, number: str) -> None:
        """NotFound if the number had not opted out."""
        self._transport.run(calls.without_answer("DELETE", "optouts", number))

    def list(self, *, page_size: int = 100) -> Iterator[wire.OptOut]:
        """All of them, in the order of the numbers."""
        return _items(self._transport, wire.OptOutPage, "optouts", limit=page_size, cursor="after")


class Account:
    """What the account has decided for itself."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self) -> wire.Account:
        """With the secret that signs callbacks."""
        return self._transport.run(calls.get(wire.Account, "account"))

    def change(self, change: wire.ChangeAccount) -> wire.Account:
        """What `change` leaves out stays, None is none."""
        return self._transport.run(calls.patch(wire.Account, change, "account"))


class Applications:
    """Programs that act for the account by access tokens of SMS.CX."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(self, application: wire.NewApplication) -> wire.Application:
        """With a secret of its own."""
        return self._transport.run(calls.post(wire.Application, application, "applications"))

    def change(self, application_id: str, change: wire.ChangeApplication) -> wire.Application:
        """What `change` leaves out stays, also within its settings."""
        return self._transport.run(calls.patch(wire.Application, change, "applications", application_id))

    def delete(self, application_id: str) -> None:
        """With its tokens, which are good no longer."""
        self._transport.run(calls.without_answer("DELETE", "applications", application_id))

    def all(self) -> Sequence[wire.Application]:
        """Newest first."""
        return (self._transport.run(calls.get(wire.Applications, "applications"))).items


class Verify:
    """Proving that a number is somebody's, by a one-time code that only they are sent."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def start(
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
        return self._transport.run(calls.post(wire.Verification, body, "verifications"))

    def check(self, verification_id: str, code: str) -> wire.Verification:
        """The verified verification, if this is the code.

        WrongCode if it is not, and VerificationFailed once too many were wrong; AlreadyVerified, VerificationExpired or
        VerificationCanceled if there is nothing to verify any more.
        """
        body = wire.CheckCode(code=code)
        return self._transport.run(calls.post(wire.Verification, body, "verifications", verification_id, "check"))

    def resend(self, verification_id: str) -> wire.Verification:
        """Sends another code; the last one is good no longer. TooManyCodes within some seconds of it."""
        return self._transport.run(calls.act(wire.Verification, "verifications", verification_id, "resend"))

    def cancel(self, verification_id: str) -> wire.Verification:
        """Makes the code worthless."""
        return self._transport.run(calls.act(wire.Verification, "verifications", verification_id, "cancel"))

    def why(self, number: str) -> wire.CodeOutlook:
        """Whether a number would be sent a code now, and why not, with what the account has sent to its like."""
        return self._transport.run(calls.get(wire.CodeOutlook, "verifications", "why", calls.bare(number)))

    def get(self, verification_id: str) -> wire.Verification:
        """NotFound if the account has no such verification."""
        return self._transport.run(calls.get(wire.Verification, "verifications", verification_id))


class Links:
    """Short addresses."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(self, url: str, *, name: str | None = None) -> wire.Link:
        """A short address for an http or https one. NameTaken."""
        return self._transport.run(calls.post(wire.Link, wire.Shorten(url=url, name=name), "links"))

    def change(self, link_id: str, *, url: str | None = None, name: str | None = None) -> wire.Link:
        """Changes what is given; messages that were sent lead to the new address."""
        return self._transport.run(calls.patch(wire.Link, wire.ChangeLink(url=url, name=name), "links", link_id))

    def delete(self, link_id: str) -> None:
        """With its hits."""
        self._transport.run(calls.without_answer("DELETE", "links", link_id))

    def all(self) -> Sequence[wire.Link]:
        """Newest first."""
        return (self._transport.run(calls.get(wire.LinkList, "links"))).items

    def hits(self, link_id: str, *, page_size: int = 100) -> Iterator[wire.Hit]:
        """Who followed it, newest first."""
        return _items(self._transport, wire.Hits, "links", link_id, "hits", limit=page_size)


class Attachments:
    """Files that are sent as short addresses."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def upload(self, content: bytes, media_type: str, *, name: str | None = None) -> wire.Link:
        """Keeps a file, such as an `image/png` or `application/pdf`. When this returns, it is stored."""
        return self._transport.run(calls.upload(wire.Link, content, media_type, "attachments", name=name))

    def delete(self, link_id: str) -> None:
        """With its hits."""
        self._transport.run(calls.without_answer("DELETE", "attachments", link_id))

    def all(self) -> Sequence[wire.Link]:
        """Newest first."""
        return (self._transport.run(calls.get(wire.LinkList, "attachments"))).items

    def hits(self, link_id: str, *, page_size: int = 100) -> Iterator[wire.Hit]:
        """Who opened it, newest first."""
        return _items(self._transport, wire.Hits, "attachments", link_id, "hits", limit=page_size)


class Numbers:
    """What is known of numbers."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self, number: str) -> wire.NumberFacts:
        """What the numbering plan says. InvalidRecipient for what is no number."""
        return self._transport.run(calls.get(wire.NumberFacts, "numbers", number))

    def look_up(self, number: str) -> wire.Lookup:
        """What its network says. Costs money; NoCoverage where it has no price."""
        return self._transport.run(calls.act(wire.Lookup, "numbers", number, "lookup"))

    def look_up_many(self, numbers: Sequence[str], *, callback_url: str | None = None) -> wire.LookupJob:
        """The same of many; the answers come later, to the URL and to `lookups`."""
        body = wire.LookUp(numbers=list(numbers), callback_url=callback_url)
        return self._transport.run(calls.post(wire.LookupJob, body, "lookups"))

    def lookups(self, job_id: str, *, page_size: int = 100) -> Iterator[wire.Lookup]:
        """Of a job, newest first."""
        return _items(self._transport, wire.Lookups, "lookups", job_id, limit=page_size)


class Conversations:
    """What went back and forth with each number that has written."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def all(self) -> Sequence[wire.Conversation]:
        """The one written to last first."""
        return (self._transport.run(calls.get(wire.Conversations, "conversations"))).items

    def messages(self, conversation_id: str) -> Sequence[wire.ThreadLine]:
        """The newest in both directions and by all channels, newest first."""
        path = ("conversations", conversation_id, "messages")
        return (self._transport.run(calls.get(wire.Thread, *path))).items

    def mark_read(self, conversation_id: str) -> None:
        """Nothing in it is unread any more."""
        self._transport.run(calls.without_answer("POST", "conversations", conversation_id, "read"))

    def reply(
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
        return self._transport.run(calls.post(wire.Message, body, "conversations", conversation_id, "replies"))


class Sandbox:
    """The sandbox's simulated phones: what a test suite needs."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport
        self._read: dict[str, str] = {}
        """The message whose code was read last, of each phone."""

    def phones(self) -> Sequence[wire.Phone]:
        """Recently used first."""
        return (self._transport.run(calls.get(wire.Phones, "sandbox", "phones"))).items

    def messages(self, number: str, *, limit: int = 100, after: str | None = None) -> Sequence[wire.PhoneMessage]:
        """The phone's newest messages, oldest of them first."""
        page = self._transport.run(
            calls.get(wire.PhoneMessages, "sandbox", "phones", number, "messages", limit=limit, after=after)
        )
        return page.items

    def wait_for_message(
        self, number: str, *, contains: str | None = None, after: str | None = None, timeout_s: float = 30.0
    ) -> wire.PhoneMessage:
        """The oldest message that the phone received after the one with the id `after`. WaitTimedOut if none comes."""
        return self._transport.run(
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

    def read_code(self, number: str, *, after: str | None = None, timeout_s: float = 30.0) -> str:
        """The one-time code in the latest message that has one. WaitTimedOut if none comes.

        Never that of the message before: what is on its way to the phone is waited for, and this client reads each code
        once. If your application sends some time after it was asked to, take a `mark` before you ask it, and hand that
        in as `after`: only codes that came after it count.
        """
        phone = calls.bare(number)
        found = self._transport.run(
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

    def mark(self, number: str) -> str:
        """This moment on a phone, for `after`: the id of its newest message, empty if there is none."""
        newest = self.messages(number, limit=1)
        return newest[-1].id if newest else ""

    def clear(self, number: str | None = None) -> None:
        """Takes the messages off a phone, or off all."""
        phone = () if number is None else (number, "messages")
        self._transport.run(calls.without_answer("DELETE", "sandbox", "phones", *phone))

    def reply(self, number: str, *, to: str, text: str, channel: wire.ChannelName | None = None) -> str:
        """Sends a text from a phone to an originator; the inbound message's id.

        Without a `channel` it goes by the one that the last message from there came by.
        """
        body = wire.SendReply(to=to, text=text, channel=channel)
        sent = self._transport.run(calls.post(wire.SentReply, body, "sandbox", "phones", number, "replies"))
        return sent.inbound_id

    def reception(self) -> wire.Reception:
        """How many messages the phones received, and how many of these twice."""
        return self._transport.run(calls.get(wire.Reception, "sandbox", "reception"))

    def chaos(self) -> Chaos:
        """How badly the network behaves."""
        return self._transport.run(calls.get(Chaos, "sandbox", "chaos"))

    def set_chaos(self, chaos: Chaos) -> Chaos:
        """Changes how badly the network behaves, at once."""
        return self._transport.run(calls.put(Chaos, chaos, "sandbox", "chaos"))


def _items(
    transport: SyncTransport, shape: type[Any], *path: str, cursor: str = "before", **query: Any
) -> Iterator[Any]:
    """Everything in a listing, page after page, as it is asked for."""
    at: str | None = None
    while True:
        page = transport.run(calls.get(shape, *path, **query, **{cursor: at}))
        for item in page.items:
            yield item
        at = page.next
        if at is None:
            return


def _parameters(table: Parameters | None) -> dict[str, dict[str, str]] | None:
    return None if table is None else {name: dict(values) for name, values in table.items()}
