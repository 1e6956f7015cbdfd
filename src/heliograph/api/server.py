"""The native door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from heliograph.api import shapes, wire
from heliograph.api.operations import OPERATIONS
from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.batches import Draft
from heliograph.domain.bounded import count_in
from heliograph.domain.channels import Channel
from heliograph.domain.directory import TemplateDraft
from heliograph.domain.errors import HeliographError, InvalidField, InvalidRecipient, NotFound, Unauthenticated
from heliograph.domain.filters import BatchFilter, InboundFilter, MessageFilter
from heliograph.domain.groups import Group
from heliograph.domain.ids import following
from heliograph.domain.links import Link, LinkKind
from heliograph.domain.statuses import Status
from heliograph.doors import AnyCall, Call, Door, Operation, Reply
from heliograph.doors.bodies import read_body
from heliograph.doors.door import bearer_token
from heliograph.doors.filters import msisdn_filter, originator_filter
from heliograph.doors.settings import DoorSettings
from heliograph.numbers import Check, plus_kept, with_plus
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.phones import Phones, required
from heliograph.services.accounts import public_part
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.recipients import not_numbers, parse_msisdns
from heliograph.services.services import Services

Page = TypeVar(
    "Page",
    wire.MessagePage,
    wire.BatchPage,
    wire.GroupPage,
    wire.InboundPage,
    wire.ContactPage,
    wire.LedgerPage,
    wire.Hits,
    wire.Lookups,
)


class NativeDoor(Door):
    operations = OPERATIONS

    def __init__(self, services: Services, settings: DoorSettings, phones: Phones | None) -> None:
        """`phones` are the sandbox's; None where there is none."""
        super().__init__(services, max_body_bytes=settings.max_body_bytes)
        self._services = services
        self._settings = settings
        self._sandbox_phones = phones

    @property
    def _phones(self) -> Phones:
        return required(self._sandbox_phones)

    async def authenticate(self, request: Request) -> Principal:
        token = bearer_token(request)
        if token is None:
            raise Unauthenticated("The request has no bearer token.")
        return await self._services.access.authenticate(CredentialKind.API_KEY, public_part(token), token)

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else None
        return Response(msgspec.json.encode(shapes.error(error)), error.http_status, headers, "application/json")

    async def send_message(self, call: Call[None, wire.SendMessage]) -> Reply:
        draft = await self._with_links(call, shapes.draft(call.body, [call.body.to]))
        created = await self._services.batches.create(call.account, draft)
        message_id = following(created.batch.id, 1)[0]
        status = 200 if created.repeated else 201
        if created.repeated or created.refused:
            return Reply(shapes.message(await self._services.messages.get(call.account, message_id)), status)
        return Reply(shapes.just_accepted(created.batch, message_id), status)

    async def _with_links(self, call: Call[None, wire.SendMessage | wire.CreateBatch], draft: Draft) -> Draft:
        """Give the draft an address of each named link for each recipient."""
        named = call.body.links
        if not named:
            return draft
        if draft.groups:
            raise InvalidField("Links are made for numbers: who is in a group is known when it is sent.", field="links")
        if taken := named.keys() & (draft.parameters or {}).keys():
            raise InvalidField(f"The parameter {min(taken)!r} has values of its own.", field="links")
        region, many = call.account.default_region, len(draft.to) > MANY_NUMBERS
        msisdns = await aside(many, parse_msisdns, draft.to, region, Check.POSSIBLE, field="to")
        short_url = self._settings.short_url(call.request)
        parameters, tracked = await self._services.links.personal(call.account, named, msisdns, short_url)
        return msgspec.structs.replace(
            draft,
            parameters={**(draft.parameters or {}), **parameters},
            links=tracked,
            request=msgspec.json.encode(call.body),
        )

    async def list_messages(self, call: Call[wire.MessageQuery, None]) -> wire.MessagePage:
        query = call.query
        wanted = MessageFilter(
            batch_id=query.batch_id,
            msisdns=msisdn_filter(plus_kept(query.to), call.account.default_region) if query.to else [],
            statuses=[Status(query.status)] if query.status else [],
            since=query.since,
            until=query.until,
        )
        found = await self._services.messages.page(call.account, wanted, limit=query.limit, before=query.before)
        return _page(wire.MessagePage, [shapes.message(message) for message in found], query.limit)

    async def get_message(self, call: Call[None, None]) -> wire.Message:
        return shapes.message(await self._services.messages.get(call.account, call.path["message_id"]))

    async def wait_for_message(self, call: Call[wire.WaitQuery, None]) -> wire.Message:
        found = await self._services.messages.wait_until_settled(
            call.account, call.path["message_id"], call.query.timeout_s
        )
        return shapes.message(found)

    async def why_message(self, call: Call[None, None]) -> wire.Wait:
        return shapes.wait(*await self._services.messages.why(call.account, call.path["message_id"]))

    async def create_batch(self, call: Call[None, wire.CreateBatch]) -> Reply:
        draft = await self._with_links(call, shapes.batch_draft(call.body))
        created = await self._services.batches.create(call.account, draft)
        return Reply(shapes.batch(created.batch), 200 if created.repeated else 201)

    async def dry_run_batch(self, call: Call[None, wire.CreateBatch]) -> wire.DryRun:
        draft = await self._with_links(call, shapes.batch_draft(call.body))
        found = await self._services.batches.dry_run(call.account, draft)
        return shapes.dry_run(found)

    async def list_batches(self, call: Call[wire.BatchQuery, None]) -> wire.BatchPage:
        query = call.query
        wanted = BatchFilter(
            originators=[originator_filter(query.originator)] if query.originator else [],
            tags=[query.tag] if query.tag else [],
            since=query.since,
            until=query.until,
        )
        found = await self._services.batches.page(call.account, wanted, limit=query.limit, before=query.before)
        return _page(wire.BatchPage, [shapes.batch(batch) for batch in found], query.limit)

    async def get_batch(self, call: Call[None, None]) -> wire.Batch:
        return shapes.batch(await self._services.batches.get(call.account, call.path["batch_id"]))

    async def change_batch(self, call: Call[None, wire.ChangeBatch]) -> wire.Batch:
        def edit(before: Draft) -> Draft:
            return shapes.changed(before, call.body, call.account.default_region)

        return shapes.batch(await self._services.batches.change(call.account, call.path["batch_id"], edit))

    async def confirm_batch(self, call: Call[None, wire.Confirm]) -> None:
        await self._services.batches.confirm(call.account, call.path["batch_id"], call.body.numbers)

    async def list_attempts(self, call: Call[None, None]) -> wire.Attempts:
        found = await self._services.messages.attempts(call.account, call.path["message_id"])
        return wire.Attempts(items=[shapes.attempt(each) for each in found])

    async def pause_batch(self, call: Call[None, None]) -> wire.Batch:
        return shapes.batch(await self._services.batches.pause(call.account, call.path["batch_id"]))

    async def resume_batch(self, call: Call[None, None]) -> wire.Batch:
        return shapes.batch(await self._services.batches.resume(call.account, call.path["batch_id"]))

    async def cancel_batch(self, call: Call[None, None]) -> wire.Batch:
        return shapes.batch(await self._services.batches.cancel(call.account, call.path["batch_id"]))

    async def report_batch(self, call: Call[None, None]) -> wire.Report:
        return shapes.report(
            await self._services.reports.of_batch(call.account.id, call.path["batch_id"], with_recipients=False)
        )

    async def create_group(self, call: Call[None, wire.CreateGroup]) -> wire.Group:
        return shapes.group(await self._services.groups.create(call.account, shapes.group_draft(call.body)))

    async def list_groups(self, call: Call[wire.GroupQuery, None]) -> wire.GroupPage:
        query = call.query
        tags = [query.tag] if query.tag else []
        found, _ = await self._services.groups.page(call.account, tags, limit=query.limit, before=query.before)
        return _page(wire.GroupPage, [shapes.group(group) for group in found], query.limit)

    async def get_group(self, call: Call[None, None]) -> wire.Group:
        return shapes.group(await self._services.groups.get(call.account, call.path["group_id"]))

    async def change_group(self, call: Call[None, wire.ChangeGroup]) -> wire.Group:
        change = shapes.group_change(call.body)
        return shapes.group(await self._services.groups.change(call.account, call.path["group_id"], change))

    async def delete_group(self, call: Call[None, None]) -> None:
        await self._services.groups.delete(call.account, call.path["group_id"])

    async def list_members(self, call: Call[None, None]) -> wire.Members:
        members = await self._services.groups.members(call.account, call.path["group_id"])
        return wire.Members(items=[f"+{member}" for member in members])

    async def _group(self, call: AnyCall) -> Group:
        return await self._services.groups.get(call.account, call.path["group_id"])

    async def list_contacts(self, call: Call[wire.PageQuery, None]) -> wire.ContactPage:
        query = call.query
        found = await self._services.contacts.page(
            call.account, await self._group(call), limit=query.limit, before=query.before
        )
        return _page(wire.ContactPage, [shapes.contact(contact) for contact in found], query.limit)

    async def add_contacts(self, call: Call[None, wire.AddContacts]) -> wire.AddedContacts:
        body = call.body
        asked = len(body.contacts)
        added = await self._services.contacts.add(
            call.account,
            await self._group(call),
            [shapes.contact_draft(contact) for contact in body.contacts],
            update=body.update,
            on_invalid=None if body.skip_invalid else lambda wrong: not_numbers(wrong, asked, field="contacts"),
        )
        return wire.AddedContacts(
            added=len(added.new),
            updated=len(added.updated),
            duplicates=added.duplicates,
            invalid=shapes.invalid_numbers(added.invalid),
        )

    async def change_contact(self, call: Call[None, wire.ChangeContact]) -> wire.Contact:
        change = call.body
        changed = await self._services.contacts.change(
            call.account,
            await self._group(call),
            call.path["contact_id"],
            lambda before: shapes.changed_details(before, change),
            number=change.number if isinstance(change.number, str) else None,
        )
        return shapes.contact(changed)

    async def delete_contact(self, call: Call[None, None]) -> None:
        await self._services.contacts.delete(call.account, await self._group(call), call.path["contact_id"])

    async def list_templates(self, call: Call[None, None]) -> wire.Templates:
        now = datetime.now(UTC)
        return wire.Templates(
            items=[shapes.template(each, now) for each in await self._services.templates.all(call.account)]
        )

    async def create_template(self, call: Call[None, wire.NewTemplate]) -> wire.Template:
        body = call.body
        draft = TemplateDraft(name=body.name, channel=Channel(body.channel), body=body.text)
        return shapes.template(await self._services.templates.create(call.account, draft), datetime.now(UTC))

    async def get_template(self, call: Call[None, None]) -> wire.Template:
        found = await self._services.templates.get(call.account, _number(call.path["template_number"]))
        return shapes.template(found, datetime.now(UTC))

    async def change_template(self, call: Call[None, wire.ChangeTemplate]) -> wire.Template:
        changed = await self._services.templates.change(
            call.account, _number(call.path["template_number"]), name=call.body.name, body=call.body.text
        )
        return shapes.template(changed, datetime.now(UTC))

    async def delete_template(self, call: Call[None, None]) -> None:
        await self._services.templates.delete(call.account, _number(call.path["template_number"]))

    async def get_balance(self, call: Call[None, None]) -> wire.Balance:
        balance = await self._services.money.balance(call.account)
        currency = self._services.money.currency
        return wire.Balance(balance=None if balance is None else shapes.money(balance), currency=currency)

    async def list_ledger(self, call: Call[wire.PageQuery, None]) -> wire.LedgerPage:
        query = call.query
        found = await self._services.money.ledger(call.account, limit=query.limit, before=query.before)
        return _page(wire.LedgerPage, [shapes.ledger_entry(entry) for entry in found], query.limit)

    async def list_prices(self, call: Call[None, None]) -> wire.Prices:
        found = self._services.money.prices("sms")
        return wire.Prices(
            currency=self._services.money.currency,
            items=[wire.Price(country=country, price=shapes.money(price)) for country, price in sorted(found.items())],
        )

    async def list_inbound(self, call: Call[wire.InboundQuery, None]) -> wire.InboundPage:
        query = call.query
        wanted = InboundFilter(
            to=[originator_filter(query.to)] if query.to else [],
            msisdns=msisdn_filter(plus_kept(query.msisdn), call.account.default_region) if query.msisdn else [],
            since=query.since,
            until=query.until,
        )
        found = await self._services.inbound.page(call.account, wanted, limit=query.limit, before=query.before)
        return _page(wire.InboundPage, [shapes.inbound_message(message) for message in found], query.limit)

    async def get_inbound(self, call: Call[None, None]) -> wire.Inbound:
        return shapes.inbound_message(await self._services.inbound.get(call.account, call.path["inbound_id"]))

    async def get_account(self, call: Call[None, None]) -> wire.Account:
        return shapes.account(call.account)

    async def change_account(self, call: Call[None, wire.ChangeAccount]) -> wire.Account:
        change = shapes.profile_change(call.body)
        return shapes.account(await self._services.profile.change(call.account, change))

    async def list_applications(self, call: Call[None, None]) -> wire.Applications:
        found = await self._services.applications.all(call.account)
        return wire.Applications(items=[shapes.application(each) for each in found])

    async def create_application(self, call: Call[None, wire.NewApplication]) -> wire.Application:
        body = call.body
        made = await self._services.applications.put(
            call.account,
            body.name,
            body.scopes,
            token_lifetime_s=body.token_lifetime_s,
            settings=body.settings,
        )
        return shapes.application(made)

    async def change_application(self, call: Call[None, wire.ChangeApplication]) -> wire.Application:
        body = call.body
        changed = await self._services.applications.change(
            call.account,
            call.path["application_id"],
            name=body.name,
            scopes=body.scopes,
            settings=body.settings,
        )
        return shapes.application(changed)

    async def delete_application(self, call: Call[None, None]) -> None:
        await self._services.applications.delete(call.account, call.path["application_id"])

    async def start_verification(self, call: Call[None, wire.StartVerification]) -> wire.Verification:
        return shapes.verification(
            await self._services.verify.start(call.account, shapes.verification_draft(call.body))
        )

    async def get_verification(self, call: Call[None, None]) -> wire.Verification:
        return shapes.verification(await self._services.verify.get(call.account, call.path["verification_id"]))

    async def why_verification(self, call: Call[None, None]) -> wire.CodeOutlook:
        return shapes.code_outlook(await self._services.verify.why(call.account, call.path["number"]))

    async def check_verification(self, call: Call[None, wire.CheckCode]) -> wire.Verification:
        return shapes.verification(
            await self._services.verify.check(call.account, call.path["verification_id"], call.body.code)
        )

    async def resend_verification(self, call: Call[None, None]) -> wire.Verification:
        return shapes.verification(await self._services.verify.resend(call.account, call.path["verification_id"]))

    async def cancel_verification(self, call: Call[None, None]) -> wire.Verification:
        return shapes.verification(await self._services.verify.cancel(call.account, call.path["verification_id"]))

    def _link(self, call: AnyCall, link: Link) -> wire.Link:
        base_url = self._settings.base_url(call.request)
        return shapes.link(link, self._settings.short_url(call.request), base_url + self._settings.files)

    async def list_links(self, call: Call[None, None]) -> wire.LinkList:
        found = await self._services.links.all(call.account, LinkKind.SHORTLINK)
        return wire.LinkList(items=[self._link(call, link) for link in found])

    async def create_link(self, call: Call[None, wire.Shorten]) -> wire.Link:
        return self._link(call, await self._services.links.shorten(call.account, call.body.url, call.body.name))

    async def change_link(self, call: Call[None, wire.ChangeLink]) -> wire.Link:
        body = call.body
        return self._link(
            call,
            await self._services.links.change(call.account, call.path["link_id"], name=body.name, address=body.url),
        )

    async def delete_link(self, call: Call[None, None]) -> None:
        await self._services.links.delete(call.account, LinkKind.SHORTLINK, call.path["link_id"])

    async def list_link_hits(self, call: Call[wire.PageQuery, None]) -> wire.Hits:
        return await self._hits(call, LinkKind.SHORTLINK)

    async def _hits(self, call: Call[wire.PageQuery, None], kind: LinkKind) -> wire.Hits:
        link = await self._services.links.get(call.account, kind, call.path["link_id"])
        query = call.query
        found = await self._services.links.hits(call.account, link, limit=query.limit, before=query.before)
        return _page(wire.Hits, [shapes.hit(hit) for hit in found], query.limit)

    async def list_attachments(self, call: Call[None, None]) -> wire.LinkList:
        found = await self._services.links.all(call.account, LinkKind.ATTACHMENT)
        return wire.LinkList(items=[self._link(call, link) for link in found])

    async def upload_attachment(self, call: Call[wire.AttachmentQuery, None]) -> wire.Link:
        content = await read_body(call.request, self._services.links.largest_file)
        media_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return self._link(call, await self._services.links.keep(call.account, call.query.name, media_type, content))

    async def delete_attachment(self, call: Call[None, None]) -> None:
        await self._services.links.delete(call.account, LinkKind.ATTACHMENT, call.path["link_id"])

    async def list_attachment_hits(self, call: Call[wire.PageQuery, None]) -> wire.Hits:
        return await self._hits(call, LinkKind.ATTACHMENT)

    async def get_number(self, call: Call[None, None]) -> wire.NumberFacts:
        return shapes.number_facts(self._services.numbers.validate(call.path["number"], call.account.default_region))

    async def look_up_number(self, call: Call[None, None]) -> wire.Lookup:
        region = call.account.default_region
        return shapes.lookup(
            await self._services.numbers.look_up(
                call.account, call.path["number"], protocol=shapes.PROTOCOL, region=region
            )
        )

    async def create_lookup_job(self, call: Call[None, wire.LookUp]) -> wire.LookupJob:
        body = call.body
        accepted = await self._services.numbers.look_up_many(
            call.account,
            body.numbers,
            protocol=shapes.PROTOCOL,
            callback_url=body.callback_url,
            on_invalid=lambda _invalid: InvalidRecipient(
                "None of these is a number that can be looked up.", field="numbers"
            ),
        )
        return shapes.lookup_job(accepted.job, accepted.invalid)

    async def list_lookups(self, call: Call[wire.PageQuery, None]) -> wire.Lookups:
        query = call.query
        job, _ = await self._services.numbers.job(call.account, call.path["job_id"])
        found = await self._services.numbers.lookups(call.account, job.id, limit=query.limit, before=query.before)
        return _page(wire.Lookups, [shapes.lookup(lookup) for lookup in found], query.limit)

    async def list_conversations(self, call: Call[None, None]) -> wire.Conversations:
        found = await self._services.conversations.all(call.account)
        return wire.Conversations(items=[shapes.conversation(known) for known in found])

    async def get_conversation(self, call: Call[None, None]) -> wire.Thread:
        known = await self._services.conversations.get(call.account, call.path["conversation_id"])
        lines = await self._services.conversations.thread(call.account, known.conversation)
        return wire.Thread(items=[shapes.thread_line(line) for line in lines])

    async def mark_conversation_read(self, call: Call[None, None]) -> None:
        await self._services.conversations.mark_read(call.account, call.path["conversation_id"])

    async def answer_conversation(self, call: Call[None, wire.Answer]) -> wire.Message:
        body = call.body
        sent = await self._services.conversations.reply(
            call.account,
            call.path["conversation_id"],
            Channel(body.channel),
            body.text,
            template=body.template,
            protocol=shapes.PROTOCOL,
            idempotency_key=body.idempotency_key,
        )
        return shapes.message(sent.message)

    async def list_optouts(self, call: Call[wire.OptOutQuery, None]) -> wire.OptOutPage:
        query = call.query
        after = None if query.after is None else query.after.removeprefix("+")
        found = await self._services.optouts.page(call.account, limit=query.limit, after=after)
        following_page = with_plus(found[-1].msisdn) if len(found) == query.limit else None
        return wire.OptOutPage(items=[shapes.optout(entry) for entry in found], next=following_page)

    async def add_optout(self, call: Call[None, None]) -> None:
        await self._services.optouts.add(call.account, call.path["number"])

    async def remove_optout(self, call: Call[None, None]) -> None:
        await self._services.optouts.remove(call.account, call.path["number"])

    async def list_phones(self, call: Call[None, None]) -> wire.Phones:
        found = await self._phones.all(call.account)
        return wire.Phones(
            items=[
                wire.Phone(
                    number=f"+{phone.msisdn}",
                    latest=shapes.phone_message(phone.latest, None),
                    recent=phone.recent,
                )
                for phone in found
            ]
        )

    async def list_phone_messages(self, call: Call[wire.PhoneQuery, None]) -> wire.PhoneMessages:
        found = await self._phones.conversation(
            call.account, call.path["number"], limit=call.query.limit, after=call.query.after
        )
        return wire.PhoneMessages(items=[shapes.on_screen(entry) for entry in found])

    async def wait_for_phone_message(self, call: Call[wire.PhoneWaitQuery, None]) -> wire.PhoneMessage:
        query = call.query
        found = await self._phones.wait_for_message(
            call.account,
            call.path["number"],
            timeout_s=query.timeout_s,
            after=query.after,
            contains=query.contains,
        )
        return shapes.phone_message(found, None)

    async def read_code(self, call: Call[wire.CodeQuery, None]) -> wire.Code:
        code, shown = await self._phones.code(
            call.account, call.path["number"], timeout_s=call.query.timeout_s, after=call.query.after
        )
        return wire.Code(code=code, message=shapes.phone_message(shown, None))

    async def clear_phone(self, call: Call[None, None]) -> None:
        await self._phones.clear(call.account, call.path["number"])

    async def clear_phones(self, call: Call[None, None]) -> None:
        await self._phones.clear(call.account)

    async def send_reply(self, call: Call[None, wire.SendReply]) -> wire.SentReply:
        body = call.body
        channel = None if body.channel is None else Channel(body.channel)
        inbound_id = await self._phones.reply(call.account, call.path["number"], body.to, body.text, channel)
        return wire.SentReply(inbound_id=inbound_id)

    async def get_reception(self, call: Call[None, None]) -> wire.Reception:
        received, repeated = await self._phones.received(call.account)
        return wire.Reception(received=received, repeated=repeated)

    async def get_chaos(self, _call: Call[None, None]) -> Chaos:
        return self._phones.chaos

    async def set_chaos(self, call: Call[None, Chaos]) -> Chaos:
        await self._phones.set_chaos(call.body)
        return self._phones.chaos


def _number(text: str) -> int:
    number = count_in(text)
    if number is None:
        raise NotFound(f"There is no template {text!r} in this account.")
    return number


def _page(shape: type[Page], items: Sequence[Any], limit: int) -> Page:
    return shape(items=items, next=items[-1].id if len(items) == limit else None)
