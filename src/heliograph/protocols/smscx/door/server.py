"""The SMS.CX door."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from heliograph.domain.accounts import Account
from heliograph.domain.bounded import basic_credentials
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.contacts import UNKNOWN, ContactDraft
from heliograph.domain.directory import TemplateDraft
from heliograph.domain.errors import (
    InvalidField,
    MissingField,
    Unauthenticated,
)
from heliograph.domain.filters import BatchFilter, MessageFilter
from heliograph.domain.groups import Group, GroupDraft
from heliograph.domain.instants import to_ms
from heliograph.doors import AnyCall, Call
from heliograph.numbers import UNNUMBERED, InvalidRow, country_of, with_plus
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.areas.area import Chunks, csv_file, xlsx_file
from heliograph.protocols.smscx.door.areas.channels import ChannelsArea
from heliograph.protocols.smscx.door.areas.conversations import ConversationsArea
from heliograph.protocols.smscx.door.areas.links import LinksArea
from heliograph.protocols.smscx.door.areas.numbers import NumbersArea
from heliograph.protocols.smscx.door.areas.otp import OtpArea
from heliograph.protocols.smscx.door.operations import OPERATIONS, SCOPES
from heliograph.protocols.smscx.door.paging import Page, Place, counted, place
from heliograph.protocols.smscx.door.reading import country
from heliograph.protocols.smscx.door.refusals import SmscxRefusal, invalid_numbers, invalid_param
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.history import Sent

GROUP_NAME = range(3, 61)
_TRAFFIC = {"transactional", "promotional", "2way"}


class SmscxDoor(OtpArea, NumbersArea, LinksArea, ConversationsArea, ChannelsArea):
    operations = OPERATIONS

    # Oauth and Applications

    async def get_access_token(self, call: Call[None, wire.applications.TokenRequest]) -> wire.applications.TokenReply:
        form = call.body
        if not form.grant_type:
            raise SmscxRefusal(400, "invalid_request", Code.TOKEN_REFUSED, "`grant_type` is missing.")
        if form.grant_type != "client_credentials":
            raise SmscxRefusal(
                400, "unsupported_grant_type", Code.TOKEN_REFUSED, "The only grant is client_credentials."
            )
        application_id, secret = _basic(call.request)
        scopes = form.scope.split()
        try:
            application, granted, issued = await self._services.applications.issue_token(
                application_id, secret, scopes or None
            )
        except Unauthenticated as error:
            raise SmscxRefusal(401, "invalid_client", Code.TOKEN_REFUSED, error.message) from error
        except InvalidField as error:
            raise SmscxRefusal(400, "invalid_scope", Code.TOKEN_REFUSED, error.message) from error
        return wire.applications.TokenReply(
            access_token=issued.secret,
            expires_in=application.token_lifetime_s or 0,
            token_type="Bearer",  # noqa: S106 - the name of the scheme
            scope=" ".join(sorted(granted)),
        )

    async def get_applications_list(self, call: Call[None, None]) -> wire.applications.ApplicationList:
        found = await self._services.applications.all(call.account)
        return wire.applications.ApplicationList(data=[shapes.application_row(application) for application in found])

    async def get_scopes(self, call: Call[None, None]) -> list[str]:
        return sorted(SCOPES)

    async def get_application_settings(self, call: Call[None, None]) -> wire.applications.ApplicationSettings:
        found = await self._services.applications.get(call.account, call.path["application_id"])
        return shapes.application_settings(found)

    # Account

    async def get_account_balance(self, call: Call[None, None]) -> wire.account.Balance:
        balance = await self._services.money.balance(call.account)
        return wire.account.Balance(
            balance=shapes.money(balance or 0),
            currency=self._services.money.currency.lower(),
            billing="postpaid" if balance is None else "prepaid",
        )

    async def get_channels_status(self, call: Call[None, None]) -> wire.account.ChannelsStatus:
        active = self._services.channels
        return wire.account.ChannelsStatus(
            sms=Channel.SMS in active,
            viber=Channel.VIBER in active,
            whatsapp=Channel.WHATSAPP in active,
            multichannel=len(active) > 1,
        )

    async def get_channel_pricing(self, call: Call[None, None]) -> dict[str, object]:
        return self._prices(call.path["channel"], call.path["traffic_type"], None)

    async def get_channel_pricing_by_country_iso(self, call: Call[None, None]) -> dict[str, object]:
        asked = call.path["country_iso"].upper()
        if country(asked) is None and asked not in UNNUMBERED:
            raise invalid_param(Code.PRICING_COUNTRY_UNKNOWN, f"There is no country {asked!r}.")
        return self._prices(call.path["channel"], call.path["traffic_type"], asked)

    def _prices(self, channel: str, traffic: str, asked: str | None) -> dict[str, object]:
        if traffic.lower() not in _TRAFFIC:
            raise invalid_param(Code.PRICING_CHANNEL_UNKNOWN, f"There are no prices for {channel} {traffic}.")
        by = reading.channel(channel, Code.PRICING_CHANNEL_UNKNOWN)
        found = self._services.money.prices(by, None if asked is None else [asked])
        if not found:
            raise SmscxRefusal(403, "no_coverage", Code.PRICING_NO_COVERAGE, "Nothing is sent there.")
        if by is Channel.SMS:
            return {place: {"default": shapes.money(price)} for place, price in found.items()}
        both = {
            place: {"TRANSACTIONAL": shapes.money(price), "PROMOTIONAL": shapes.money(price)}
            for place, price in found.items()
        }
        # Their client looks for the name of the field where the countries are (reference: section 6).
        return {**both, "countryCode": next(iter(both.values()))}

    # Originators and Templates

    async def get_originators_list(self, call: Call[None, None]) -> wire.originators.OriginatorList:
        now = datetime.now(UTC)
        default = call.account.default_originator
        found = await self._services.originators.all(call.account)
        return wire.originators.OriginatorList(data=[shapes.originator_row(each, default, now) for each in found])

    async def create_originator(
        self, call: Call[None, wire.originators.NewOriginator]
    ) -> wire.originators.OriginatorReply:
        made = await self._services.originators.create(call.account, call.body.originator)
        return wire.originators.OriginatorReply(
            info=wire.originators.OriginatorInfo(id=made.number, originator=made.value)
        )

    async def delete_originator(self, call: Call[None, None]) -> wire.originators.OriginatorReply:
        number = reading.number(call.path["originator_id"])
        gone = await self._services.originators.delete(call.account, number)
        return wire.originators.OriginatorReply(
            info=wire.originators.OriginatorInfo(id=gone.number, originator=gone.value)
        )

    async def get_templates_list(self, call: Call[None, None]) -> wire.templates.TemplateList:
        now = datetime.now(UTC)
        return wire.templates.TemplateList(
            data=[shapes.template_row(each, now) for each in await self._services.templates.all(call.account)]
        )

    async def create_template(self, call: Call[None, wire.templates.NewTemplate]) -> wire.templates.NewTemplateReply:
        body = call.body
        draft = TemplateDraft(
            name=body.name or None,
            channel=reading.channel(body.channel, Code.TEMPLATE_CHANNEL_UNKNOWN)
            if isinstance(body.channel, str)
            else Channel.SMS,
            body=_template_text(body.text),
            rich_media=_media(body.rich_media),
        )
        made = await self._services.templates.create(call.account, draft)
        info = wire.templates.TemplateInfo(id=made.number, name=made.name, text=made.body, channel=made.channel.value)
        if (kind := shapes.template_type(made)) is not None:
            info.type, info.approved = kind, made.approved(datetime.now(UTC))
        return wire.templates.NewTemplateReply(info=info)

    async def get_template(self, call: Call[None, None]) -> wire.templates.TemplateReply:
        found = await self._services.templates.get(call.account, reading.number(call.path["template_id"]))
        return wire.templates.TemplateReply(data=shapes.template_data(found, datetime.now(UTC)))

    async def update_template(self, call: Call[None, wire.templates.UpdateTemplate]) -> wire.templates.IdReply:
        body = call.body
        number = reading.number(call.path["template_id"])
        if body == wire.templates.UpdateTemplate():
            await self._services.templates.get(call.account, number)
            raise invalid_param(Code.TEMPLATE_UPDATE_EMPTY, "There is nothing to update.")
        await self._services.templates.change(
            call.account,
            number,
            name=body.name or None,
            body=_template_text(body.text) if isinstance(body.text, str) else None,
            channel=reading.channel(body.channel, Code.TEMPLATE_CHANNEL_UNKNOWN)
            if isinstance(body.channel, str)
            else None,
            rich_media=_media(body.rich_media),
        )
        return wire.templates.IdReply(info=wire.templates.IdInfo(id=number))

    async def delete_template(self, call: Call[None, None]) -> wire.templates.IdReply:
        number = reading.number(call.path["template_id"])
        await self._services.templates.delete(call.account, number)
        return wire.templates.IdReply(info=wire.templates.IdInfo(id=number))

    # Groups

    async def get_groups_list(self, call: Call[None, None]) -> wire.groups.GroupList:
        found = await self._services.contacts.headcounts(call.account)
        return wire.groups.GroupList(data=[shapes.group_row(head) for head in found])

    async def create_group(self, call: Call[None, wire.groups.NewGroup]) -> wire.groups.NamedReply:
        name = call.body.name.strip()
        if len(name) not in GROUP_NAME:
            raise invalid_param(Code.GROUP_NAME_LENGTH, "A group's name has 3 to 60 characters.")
        return _named(await self._services.groups.create(call.account, GroupDraft(name=name)))

    async def _group(self, call: AnyCall) -> Group:
        return await self._services.contacts.group(call.account, reading.number(call.path["group_id"]))

    async def get_group_details(self, call: Call[wire.common.ShortPageQuery, None]) -> wire.groups.GroupDetails:
        head = await self._services.contacts.headcount(call.account, reading.number(call.path["group_id"]))
        at = place(call.query)
        found = await self._services.contacts.page(call.account, head.group, **at.range)
        page = at.page(found, key=lambda contact: contact.id)
        return wire.groups.GroupDetails(
            info=shapes.group_row(head),
            data=[shapes.contact_row(contact, head.group.number) for contact in page.rows],
            paging=page.paging,
        )

    async def add_contacts_to_group(self, call: Call[None, wire.groups.AddContacts]) -> wire.groups.AddedReply:
        group = await self._group(call)
        body = call.body
        listed, region = _listed(body), country(body.country_iso)
        drafts = await aside(len(listed) > MANY_NUMBERS, lambda: [_contact(each, region) for each in listed])
        added = await self._services.contacts.add(
            call.account,
            group,
            drafts,
            on_invalid=None
            if body.allow_invalid is True
            else lambda wrong: invalid_numbers(_texts(wrong), len(drafts)),
        )
        if not added.msisdns:
            raise invalid_numbers(_texts(added.invalid), len(drafts))
        prices = self._services.money.quotes(added.new)
        return wire.groups.AddedReply(
            info=wire.groups.AddedInfo(
                total_valid=len(added.new),
                total_invalid=len(added.invalid),
                total_duplicates=added.duplicates,
                total_phone_numbers=len(drafts),
                invalid=_texts(added.invalid),
                total_cost=shapes.money(sum(price or 0 for price in prices)),
                phone_numbers_by_country=shapes.by_country([country_of(msisdn) for msisdn in added.new]),
            )
        )

    async def delete_group(self, call: Call[None, None]) -> wire.groups.DeletedGroup:
        group = await self._group(call)
        await self._services.groups.delete(call.account, group.id)
        name = shapes.group_name(group.name, group.number)
        return wire.groups.DeletedGroup(
            info=wire.groups.DeletedGroupInfo(id=group.number, name=name, total_phone_numbers=group.size)
        )

    async def empty_group(self, call: Call[None, None]) -> wire.groups.NamedReply:
        group = await self._group(call)
        await self._services.contacts.empty(call.account, group)
        return _named(group)

    async def update_contact_from_group(
        self, call: Call[None, wire.groups.UpdateContact]
    ) -> wire.groups.UpdatedContact:
        body = call.body
        group = await self._group(call)
        if body == wire.groups.UpdateContact():
            raise invalid_param(Code.CONTACT_UPDATE_EMPTY, "There is nothing to update.")
        changed = await self._services.contacts.change(
            call.account,
            group,
            reading.identifier(call.path["contact_id"], Code.CONTACT_UNKNOWN),
            lambda before: shapes.details_of(body, before),
            number=body.phone_number if isinstance(body.phone_number, str) else None,
        )
        return wire.groups.UpdatedContact(
            info=wire.groups.UpdatedContactInfo(id=to_uuid(changed.id), group_id=str(group.number))
        )

    async def delete_contact_from_group(self, call: Call[None, None]) -> wire.groups.DeletedContact:
        group = await self._group(call)
        contact_id = reading.identifier(call.path["contact_id"], Code.CONTACT_UNKNOWN)
        gone = await self._services.contacts.delete(call.account, group, contact_id)
        return wire.groups.DeletedContact(
            info=wire.groups.DeletedContactInfo(
                id=to_uuid(gone.id), phone_number=f"+{gone.msisdn}", country_iso=gone.country or shapes.NO_COUNTRY
            )
        )

    async def export_group_to_csv(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return csv_file(call, "group", shapes.CONTACT_HEADER, self._contact_cells(call, await self._group(call)))

    async def export_group_to_xlsx(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return xlsx_file("group", shapes.CONTACT_HEADER, self._contact_cells(call, await self._group(call)))

    async def _contact_cells(self, call: AnyCall, group: Group) -> Chunks:
        async for page in self._services.contacts.everybody(call.account, group):
            yield [shapes.contact_cells(contact) for contact in page]

    # Opt-outs

    async def get_optouts_list(self, call: Call[wire.common.PageQuery, None]) -> wire.optouts.OptoutList:
        at = place(call.query)
        found, total = await self._services.optouts.newest(
            call.account, limit=at.range["limit"], before=counted(at.before), after=counted(at.after)
        )
        page = at.page(found, key=lambda optout: str(optout.number))
        name = call.account.optout_page
        return wire.optouts.OptoutList(
            info=wire.optouts.OptoutsInfo(id=name, link=f"{self.places(call).base_url}/o/{name}", total=total),
            data=[shapes.optout_row(optout, country_of(optout.msisdn)) for optout in page.rows],
            paging=page.paging,
        )

    async def add_contact_to_optouts_list(self, call: Call[None, wire.groups.AddContacts]) -> wire.groups.AddedReply:
        body = call.body
        numbers = [each if isinstance(each, str) else each.phone_number for each in _listed(body)]
        added = await self._services.optouts.add_many(
            call.account,
            numbers,
            region=country(body.country_iso),
            on_invalid=None
            if body.allow_invalid is True
            else lambda wrong: invalid_param(
                Code.SOME_NUMBERS_INVALID, "Some phone numbers are invalid.", _texts(wrong)
            ),
        )
        if not added.new:
            raise invalid_param(
                Code.NOTHING_TO_OPT_OUT, "None of these is a number that is not in the list.", _texts(added.invalid)
            )
        return wire.groups.AddedReply(
            info=wire.groups.AddedInfo(
                total_valid=len(added.new),
                total_invalid=len(added.invalid),
                total_duplicates=added.duplicates,
                total_phone_numbers=len(numbers),
                invalid=_texts(added.invalid),
                phone_numbers_by_country=shapes.by_country([country_of(msisdn) for msisdn in added.new]),
            )
        )

    async def delete_contact_from_optouts_list(self, call: Call[None, None]) -> wire.optouts.DeletedOptout:
        number = reading.number(call.path["optout_id"])
        gone = await self._services.optouts.remove_by_number(call.account, number)
        return wire.optouts.DeletedOptout(
            info=wire.optouts.DeletedOptoutInfo(id=str(gone.number), phone_number=with_plus(gone.msisdn))
        )

    async def export_optouts_to_csv(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return csv_file(call, "optouts", shapes.OPTOUT_HEADER, self._optout_cells(call))

    async def export_optouts_to_xlsx(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return xlsx_file("optouts", shapes.OPTOUT_HEADER, self._optout_cells(call))

    async def _optout_cells(self, call: AnyCall) -> Chunks:
        async for page in self._services.optouts.everybody(call.account):
            yield [shapes.optout_cells(each, country_of(each.msisdn)) for each in page]

    # Reports

    async def get_single_report(self, call: Call[None, None]) -> wire.reports.SingleReport:
        message_id = reading.identifier(call.path["message_id"], Code.REPORT_ID_INVALID)
        sent = await self._services.history.get(call.account, message_id)
        return wire.reports.SingleReport(data=shapes.report_row(sent, datetime.now(UTC)))

    async def get_advanced_report(self, call: Call[wire.reports.ReportQuery, None]) -> wire.reports.AdvancedReport:
        now = datetime.now(UTC)
        wanted, _ = reading.report_filter(call.query, now)
        page = await self._report_page(call.account, wanted, place(call.query))
        sums = await self._services.history.sums(call.account, wanted)
        return wire.reports.AdvancedReport(
            info=shapes.report_info(sums),
            data=[shapes.report_row(sent, now) for sent in page.rows],
            paging=page.paging,
        )

    async def _report_page(self, account: Account, wanted: MessageFilter, at: Place) -> Page[Sent]:
        found = await self._services.history.page(account, wanted, **at.range)
        return at.page(found, key=lambda sent: sent.message.id)

    async def get_campaigns_list(self, call: Call[wire.campaigns.CampaignsQuery, None]) -> wire.campaigns.CampaignList:
        query = call.query
        at = place(query)
        doors = reading.source(query.source)
        wanted = BatchFilter(protocols=doors.protocols, other_protocols=doors.other_protocols)
        found, total = await self._services.history.campaigns(call.account, wanted, **at.range)
        page = at.page(found, key=lambda campaign: campaign.batch.id)
        with_status = reading.flag(query.delivery_reports)
        return wire.campaigns.CampaignList(
            info=wire.campaigns.CampaignsInfo(total_campaigns=total),
            data=[shapes.campaign_row(campaign, with_status=with_status) for campaign in page.rows],
            paging=page.paging,
        )

    async def get_campaign_report(self, call: Call[wire.common.ShortPageQuery, None]) -> wire.campaigns.CampaignReport:
        batch_id = reading.identifier(call.path["campaign_id"], Code.CAMPAIGN_ID_INVALID)
        campaign = await self._services.history.campaign(call.account, batch_id)
        wanted = MessageFilter(batch_id=batch_id, statuses=shapes.REPORTED)
        page = await self._report_page(call.account, wanted, place(call.query))
        now = datetime.now(UTC)
        return wire.campaigns.CampaignReport(
            info=shapes.campaign_info(campaign),
            data=[shapes.report_row(sent, now) for sent in page.rows],
            paging=page.paging,
        )

    async def get_summary_reports(self, call: Call[wire.reports.ReportQuery, None]) -> wire.summaries.SummaryReply:
        dimension = call.path["dimension"].lower()
        if dimension not in {"source", "channel", "country", "traffic", "delivery"}:
            raise invalid_param(Code.SUMMARY_UNKNOWN, f"There is no summary by {dimension!r}.")
        wanted, period = reading.report_filter(call.query, datetime.now(UTC))
        found = await self._services.history.summary(call.account, wanted)
        return wire.summaries.SummaryReply(data=shapes.summary(found, dimension, by_month=period.by_month))

    async def export_advanced_report_to_csv(self, call: Call[wire.reports.ReportExportQuery, None]) -> Response:
        return csv_file(call, "report", shapes.REPORT_HEADER, self._advanced_cells(call))

    async def export_advanced_report_to_xlsx(self, call: Call[wire.reports.ReportExportQuery, None]) -> Response:
        return xlsx_file("report", shapes.REPORT_HEADER, self._advanced_cells(call))

    def _advanced_cells(self, call: Call[wire.reports.ReportExportQuery, None]) -> Chunks:
        now = datetime.now(UTC)
        wanted, _ = reading.report_filter(call.query, now)
        return self._report_cells(call, wanted, now)

    async def export_campaign_report_to_csv(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return csv_file(call, "campaign", shapes.REPORT_HEADER, await self._campaign_cells(call))

    async def export_campaign_report_to_xlsx(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return xlsx_file("campaign", shapes.REPORT_HEADER, await self._campaign_cells(call))

    async def _campaign_cells(self, call: AnyCall) -> Chunks:
        batch_id = reading.identifier(call.path["campaign_id"], Code.REPORT_ID_INVALID)
        await self._services.history.campaign(call.account, batch_id)
        wanted = MessageFilter(batch_id=batch_id, statuses=shapes.REPORTED)
        return self._report_cells(call, wanted, datetime.now(UTC))

    async def _report_cells(self, call: AnyCall, wanted: MessageFilter, now: datetime) -> Chunks:
        async for page in self._services.history.everything(call.account, wanted):
            yield await asyncio.to_thread(shapes.report_cells, page, to_ms(now))


def _basic(request: Request) -> tuple[str, str]:
    found = basic_credentials(request.headers.get("authorization", ""))
    if found is None:
        raise SmscxRefusal(
            401, "invalid_client", Code.TOKEN_REFUSED, "Give the application's id and secret as HTTP Basic."
        )
    return found


def _template_text(text: str) -> str:
    if not text:
        raise MissingField("`text` is empty.", field="text")
    if len(text) > 1_000:
        raise invalid_param(Code.TEMPLATE_TEXT_TOO_LONG, "A template's text has at most 1,000 characters.")
    return text


def _media(media: wire.templates.RichMedia | msgspec.UnsetType | None) -> RichMedia | None:
    if not isinstance(media, wire.templates.RichMedia) or media == wire.templates.RichMedia():
        return None
    return RichMedia(image_url=media.image_url, button_caption=media.button_caption, target_url=media.target_url)


def _named(group: Group) -> wire.groups.NamedReply:
    return wire.groups.NamedReply(
        info=wire.groups.Named(id=group.number, name=shapes.group_name(group.name, group.number))
    )


def _listed(body: wire.groups.AddContacts) -> list[str | wire.groups.GroupContact]:
    if not body.phone_numbers:
        raise invalid_param(Code.NUMBERS_MISSING, "`phoneNumbers` is empty.")
    return body.phone_numbers


def _texts(invalid: Sequence[InvalidRow]) -> list[str]:
    """As they were written."""
    return [row.text for row in invalid]


def _contact(asked: str | wire.groups.GroupContact, region: str | None) -> ContactDraft:
    if isinstance(asked, str):
        return ContactDraft(number=asked, region=region)
    details = shapes.details_of(asked, UNKNOWN)
    return ContactDraft(number=asked.phone_number, region=country(asked.country_iso) or region, details=details)
