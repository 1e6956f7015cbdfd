"""The asynchronous client. `make generate` writes its operations from the door's table, and `client.py` from this file;
what is above the operations is written by hand: edit this one."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from heliograph.calling import AsyncDriver, AsyncTransport
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.calls import Calls, Credentials

DEFAULT_HOST = "https://api.sms.cx"
DEFAULT_TIMEOUT_S = 60.0


class AsyncClient:
    """One account of an SMS.CX server, for code that awaits. Close it, or use it as a context manager.

    The operations have the names of the published client and the shapes of `wire`. Raises the SmscxExceptions of
    `errors` for what the server does not do, and `calling.Unreachable` when it can't be reached; ValueError before
    anything is sent for an empty identifier.
    """

    def __init__(
        self,
        api_key: str = "",
        *,
        access_token: str = "",
        application_id: str = "",
        application_secret: str = "",
        host: str = DEFAULT_HOST,
        timeout: float = DEFAULT_TIMEOUT_S,
        driver: AsyncDriver | None = None,
    ) -> None:
        """Take an API key, an access token, or an application's id and secret.

        `timeout` is in seconds. A `driver` is used instead of a transport of its own.
        """
        self._calls = Calls(
            Credentials(
                api_key=api_key,
                access_token=access_token,
                application_id=application_id,
                application_secret=application_secret,
            )
        )
        self._driver = driver or AsyncTransport(host.rstrip("/"), {"Accept": "application/json"}, answer_s=timeout)

    async def close(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def get_access_token(self, scope: str | None = None) -> wire.applications.TokenReply:
        """Get a token for the application, with these scopes (separated by spaces) or all that it has."""
        return await self._driver.run(self._calls.token(scope))

    # What follows is generated from the table of operations.

    async def get_applications_list(self) -> wire.applications.ApplicationList:
        """List the account's applications, newest first."""
        return await self._driver.run(self._calls.get(wire.applications.ApplicationList, "applications"))

    async def get_scopes(self) -> list[str]:
        """List the scopes that an application can have."""
        return await self._driver.run(self._calls.get(list[str], "applications", "scopes"))

    async def get_application_settings(self, application_id: str) -> wire.applications.ApplicationSettings:
        """Get the settings of an application."""
        return await self._driver.run(
            self._calls.get(wire.applications.ApplicationSettings, "applications", application_id)
        )

    async def get_account_balance(self) -> wire.account.Balance:
        """Get the account's balance."""
        return await self._driver.run(self._calls.get(wire.account.Balance, "account", "balance"))

    async def get_channels_status(self) -> wire.account.ChannelsStatus:
        """Get which channels can be used."""
        return await self._driver.run(self._calls.get(wire.account.ChannelsStatus, "account", "channels", "status"))

    async def get_channel_pricing(self, channel: str, traffic_type: str) -> dict[str, Any]:
        """Get the prices of a channel by country."""
        return await self._driver.run(self._calls.get(dict[str, Any], "account", "pricing", channel, traffic_type))

    async def get_channel_pricing_by_country_iso(
        self, channel: str, traffic_type: str, country_iso: str
    ) -> dict[str, Any]:
        """Get the prices of a channel in one country."""
        return await self._driver.run(
            self._calls.get(dict[str, Any], "account", "pricing", channel, traffic_type, country_iso)
        )

    async def get_originators_list(self) -> wire.originators.OriginatorList:
        """List the account's originators, newest first."""
        return await self._driver.run(self._calls.get(wire.originators.OriginatorList, "originators"))

    async def create_originator(self, originator: str) -> wire.originators.OriginatorReply:
        """Ask for an originator: 3 to 11 letters and digits, or 3 to 15 digits."""
        return await self._driver.run(
            self._calls.send(
                wire.originators.OriginatorReply, "POST", wire.originators.NewOriginator(originator), "originators"
            )
        )

    async def delete_originator(self, originator_id: int) -> wire.originators.OriginatorReply:
        """Give an originator back."""
        return await self._driver.run(
            self._calls.delete(wire.originators.OriginatorReply, "originators", originator_id)
        )

    async def get_templates_list(self) -> wire.templates.TemplateList:
        """List the account's templates, newest first."""
        return await self._driver.run(self._calls.get(wire.templates.TemplateList, "templates"))

    async def create_template(self, template: wire.templates.NewTemplate) -> wire.templates.NewTemplateReply:
        """Keep a text as a template."""
        return await self._driver.run(self._calls.send(wire.templates.NewTemplateReply, "POST", template, "templates"))

    async def get_template(self, template_id: int) -> wire.templates.TemplateReply:
        """Get one template."""
        return await self._driver.run(self._calls.get(wire.templates.TemplateReply, "templates", template_id))

    async def update_template(self, template_id: int, changes: wire.templates.UpdateTemplate) -> wire.templates.IdReply:
        """Change what is given of a template, until it is approved and locked."""
        return await self._driver.run(
            self._calls.send(wire.templates.IdReply, "PATCH", changes, "templates", template_id)
        )

    async def delete_template(self, template_id: int) -> wire.templates.IdReply:
        """Forget a template."""
        return await self._driver.run(self._calls.delete(wire.templates.IdReply, "templates", template_id))

    async def get_groups_list(self) -> wire.groups.GroupList:
        """List the account's groups, newest first."""
        return await self._driver.run(self._calls.get(wire.groups.GroupList, "groups"))

    async def create_group(self, name: str) -> wire.groups.NamedReply:
        """Make an empty group."""
        return await self._driver.run(
            self._calls.send(wire.groups.NamedReply, "POST", wire.groups.NewGroup(name), "groups")
        )

    async def export_group_to_csv(self, group_id: int) -> bytes:
        """Get all contacts of a group as CSV."""
        return await self._driver.run(self._calls.export("groups", group_id, "csv"))

    async def export_group_to_xlsx(self, group_id: int) -> bytes:
        """Get all contacts of a group as XLSX."""
        return await self._driver.run(self._calls.export("groups", group_id, "xlsx"))

    async def empty_group(self, group_id: int) -> wire.groups.NamedReply:
        """Take all contacts out of a group."""
        return await self._driver.run(self._calls.get(wire.groups.NamedReply, "groups", group_id, "empty"))

    async def get_group_details(
        self,
        group_id: int,
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
        short_response: bool = False,
    ) -> wire.groups.GroupDetails:
        """Get a group and a page of its contacts."""
        return await self._driver.run(
            self._calls.get(
                wire.groups.GroupDetails,
                "groups",
                group_id,
                limit=limit,
                next=next,
                previous=previous,
                short_response=short_response,
            )
        )

    async def delete_group(self, group_id: int) -> wire.groups.DeletedGroup:
        """Delete a group and its contacts."""
        return await self._driver.run(self._calls.delete(wire.groups.DeletedGroup, "groups", group_id))

    async def add_contacts_to_group(
        self, group_id: int, contacts: wire.contacts.AddContacts
    ) -> wire.contacts.AddedReply:
        """Add numbers to a group, or contacts with fields."""
        return await self._driver.run(self._calls.send(wire.contacts.AddedReply, "POST", contacts, "groups", group_id))

    async def update_contact_from_group(
        self, group_id: int, phone_number_id: str, changes: wire.contacts.UpdateContact
    ) -> wire.contacts.UpdatedContact:
        """Change what is given of a contact."""
        return await self._driver.run(
            self._calls.send(wire.contacts.UpdatedContact, "PATCH", changes, "groups", group_id, phone_number_id)
        )

    async def delete_contact_from_group(self, group_id: int, phone_number_id: str) -> wire.contacts.DeletedContact:
        """Take one contact out of a group."""
        return await self._driver.run(
            self._calls.delete(wire.contacts.DeletedContact, "groups", group_id, phone_number_id)
        )

    async def export_optouts_to_csv(self) -> bytes:
        """Get all opt-outs as CSV."""
        return await self._driver.run(self._calls.export("optouts", "csv"))

    async def export_optouts_to_xlsx(self) -> bytes:
        """Get all opt-outs as XLSX."""
        return await self._driver.run(self._calls.export("optouts", "xlsx"))

    async def get_optouts_list(
        self, *, limit: int = wire.common.MAX_PAGE, next: str | None = None, previous: str | None = None
    ) -> wire.optouts.OptoutList:
        """List who opted out, newest first."""
        return await self._driver.run(
            self._calls.get(wire.optouts.OptoutList, "optouts", limit=limit, next=next, previous=previous)
        )

    async def add_contact_to_optouts_list(self, contacts: wire.contacts.AddContacts) -> wire.contacts.AddedReply:
        """Add numbers to the opt-outs, so that they are not written to any more."""
        return await self._driver.run(self._calls.send(wire.contacts.AddedReply, "POST", contacts, "optouts"))

    async def delete_contact_from_optouts_list(self, optout_id: int) -> wire.optouts.DeletedOptout:
        """Let a number be written to again, unless it was its owner who opted out."""
        return await self._driver.run(self._calls.delete(wire.optouts.DeletedOptout, "optouts", optout_id))

    async def send_sms(self, request: wire.sending.SmsRequest) -> wire.sending.SendReply:
        """Send to numbers. When this returns, the server has it."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "sms"))

    async def estimate_sms(self, request: wire.sending.SmsRequest) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "sms", "estimate"))

    async def delete_scheduled_sms(self, msg_id: str) -> wire.sending.DeletedMessage:
        """Take back one message whose time has not come."""
        return await self._driver.run(self._calls.delete(wire.sending.DeletedMessage, "sms", "scheduled", msg_id))

    async def send_sms_campaign(self, request: wire.sending.CampaignRequest) -> wire.sending.SendReply:
        """Send to the contacts of groups. When this returns, the server has it."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "sms", "campaign"))

    async def estimate_sms_campaign(self, request: wire.sending.CampaignRequest) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(
            self._calls.send(wire.sending.SendReply, "POST", request, "sms", "campaign", "estimate")
        )

    async def delete_scheduled_sms_campaign(self, campaign_id: str) -> wire.sending.DeletedCampaign:
        """Take back all messages of a campaign whose time has not come."""
        return await self._driver.run(
            self._calls.delete(wire.sending.DeletedCampaign, "sms", "scheduled", "campaign", campaign_id)
        )

    async def send_viber_message(self, request: wire.sending.TemplateRequest) -> wire.sending.SendReply:
        """Send to numbers. When this returns, the server has it."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "viber"))

    async def estimate_viber_message(self, request: wire.sending.TemplateRequest) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "viber", "estimate"))

    async def delete_scheduled_viber_message(self, msg_id: str) -> wire.sending.DeletedMessage:
        """Take back one message whose time has not come."""
        return await self._driver.run(self._calls.delete(wire.sending.DeletedMessage, "viber", "scheduled", msg_id))

    async def send_viber_campaign(self, request: wire.sending.TemplateCampaignRequest) -> wire.sending.SendReply:
        """Send to the contacts of groups. When this returns, the server has it."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "viber", "campaign"))

    async def estimate_viber_campaign(self, request: wire.sending.TemplateCampaignRequest) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(
            self._calls.send(wire.sending.SendReply, "POST", request, "viber", "campaign", "estimate")
        )

    async def delete_scheduled_viber_campaign(self, campaign_id: str) -> wire.sending.DeletedCampaign:
        """Take back all messages of a campaign whose time has not come."""
        return await self._driver.run(
            self._calls.delete(wire.sending.DeletedCampaign, "viber", "scheduled", "campaign", campaign_id)
        )

    async def send_whatsapp_message(self, request: wire.sending.TemplateRequest) -> wire.sending.SendReply:
        """Send to numbers. When this returns, the server has it."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "whatsapp"))

    async def estimate_whatsapp_message(self, request: wire.sending.TemplateRequest) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "whatsapp", "estimate"))

    async def delete_scheduled_whatsapp_message(self, msg_id: str) -> wire.sending.DeletedMessage:
        """Take back one message whose time has not come."""
        return await self._driver.run(self._calls.delete(wire.sending.DeletedMessage, "whatsapp", "scheduled", msg_id))

    async def send_multichannel_message(self, request: wire.sending.MultichannelRequest) -> wire.sending.SendReply:
        """Send to numbers. When this returns, the server has it."""
        return await self._driver.run(self._calls.send(wire.sending.SendReply, "POST", request, "multichannel"))

    async def estimate_multichannel_message(self, request: wire.sending.MultichannelRequest) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(
            self._calls.send(wire.sending.SendReply, "POST", request, "multichannel", "estimate")
        )

    async def delete_scheduled_multichannel_message(self, msg_id: str) -> wire.sending.DeletedMessage:
        """Take back one message whose time has not come."""
        return await self._driver.run(
            self._calls.delete(wire.sending.DeletedMessage, "multichannel", "scheduled", msg_id)
        )

    async def send_multichannel_campaign(
        self, request: wire.sending.MultichannelCampaignRequest
    ) -> wire.sending.SendReply:
        """Send to the contacts of groups. When this returns, the server has it."""
        return await self._driver.run(
            self._calls.send(wire.sending.SendReply, "POST", request, "multichannel", "campaign")
        )

    async def estimate_multichannel_campaign(
        self, request: wire.sending.MultichannelCampaignRequest
    ) -> wire.sending.SendReply:
        """Get how many messages and parts sending would make, and their price."""
        return await self._driver.run(
            self._calls.send(wire.sending.SendReply, "POST", request, "multichannel", "campaign", "estimate")
        )

    async def delete_scheduled_multichannel_campaign(self, campaign_id: str) -> wire.sending.DeletedCampaign:
        """Take back all messages of a campaign whose time has not come."""
        return await self._driver.run(
            self._calls.delete(wire.sending.DeletedCampaign, "multichannel", "scheduled", "campaign", campaign_id)
        )

    async def new_otp(self, request: wire.otp.NewOtp) -> wire.otp.Otp:
        """Send a one-time code."""
        return await self._driver.run(self._calls.send(wire.otp.Otp, "POST", request, "otp"))

    async def get_otp_status(self, otp_id: str) -> wire.otp.Otp:
        """Get the status of a one-time code."""
        return await self._driver.run(self._calls.get(wire.otp.Otp, "otp", otp_id))

    async def verify_otp(self, otp_id: str, pin: str | int) -> wire.otp.VerifiedPin:
        """Hold a code against the one that was sent. A wrong one is an InvalidPinException, and counted."""
        return await self._driver.run(
            self._calls.send(wire.otp.VerifiedPin, "POST", wire.otp.VerifyPin(pin), "otp", otp_id)
        )

    async def cancel_otp(self, otp_id: str) -> wire.common.TextIdReply:
        """Make a code worthless."""
        return await self._driver.run(self._calls.delete(wire.common.TextIdReply, "otp", otp_id))

    async def validate_number(self, phone_number: str) -> wire.numbers.ValidatedReply:
        """Get what the numbering plan says of a number."""
        return await self._driver.run(self._calls.get(wire.numbers.ValidatedReply, "numbers", "validate", phone_number))

    async def validate_numbers(self, numbers: wire.numbers.ManyNumbers) -> wire.numbers.ValidatedList:
        """Get what the numbering plan says of many numbers, in the order given."""
        return await self._driver.run(
            self._calls.send(wire.numbers.ValidatedList, "POST", numbers, "numbers", "validate")
        )

    async def lookup_numbers(self, request: wire.lookups.LookupRequest) -> wire.lookups.LookupsReply:
        """Ask the network about many numbers; the answers come later."""
        return await self._driver.run(self._calls.send(wire.lookups.LookupsReply, "POST", request, "numbers", "lookup"))

    async def get_bulk_lookup_campaigns(
        self, *, limit: int = wire.common.MAX_PAGE, next: str | None = None, previous: str | None = None
    ) -> wire.lookups.LookupCampaigns:
        """List the jobs of many numbers, newest first."""
        return await self._driver.run(
            self._calls.get(
                wire.lookups.LookupCampaigns, "numbers", "lookup", limit=limit, next=next, previous=previous
            )
        )

    async def export_number_lookup_report_to_csv(self, lookup_bulk_id: str) -> bytes:
        """Get all answers of a job as CSV."""
        return await self._driver.run(self._calls.export("numbers", "lookup", "lookupBulkId", lookup_bulk_id, "csv"))

    async def export_number_lookup_report_to_xlsx(self, lookup_bulk_id: str) -> bytes:
        """Get all answers of a job as XLSX."""
        return await self._driver.run(self._calls.export("numbers", "lookup", "lookupBulkId", lookup_bulk_id, "xlsx"))

    async def get_bulk_lookup_status(
        self,
        lookup_bulk_id: str,
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
    ) -> wire.lookups.LookupResult:
        """Get a page of the answers of a job."""
        return await self._driver.run(
            self._calls.get(
                wire.lookups.LookupResult,
                "numbers",
                "lookup",
                "lookupBulkId",
                lookup_bulk_id,
                limit=limit,
                next=next,
                previous=previous,
            )
        )

    async def get_single_lookup_status(self, lookup_id: str) -> wire.lookups.Lookup:
        """Get one answer of the network."""
        return await self._driver.run(self._calls.get(wire.lookups.Lookup, "numbers", "lookup", "lookupId", lookup_id))

    async def lookup_number(self, phone_number: str) -> wire.lookups.LookupReply:
        """Ask the network about a number. Costs money."""
        return await self._driver.run(self._calls.get(wire.lookups.LookupReply, "numbers", "lookup", phone_number))

    async def get_available_numbers(
        self,
        country_iso: str,
        *,
        features: int | None = None,
        number_type: str | None = None,
        setup_time: str | None = None,
        registration: bool | None = None,
        inbound_sms_sender: bool | None = None,
        include: str | None = None,
        exclude: str | None = None,
    ) -> wire.rents.AvailableNumbers:
        """List what can be rented in a country. `features` is a sum: 1 receives SMS, 2 sends them."""
        return await self._driver.run(
            self._calls.get(
                wire.rents.AvailableNumbers,
                "numbers",
                "rent",
                "available",
                country_iso,
                features=features,
                number_type=number_type,
                setup_time=setup_time,
                registration=registration,
                inbound_sms_sender=inbound_sms_sender,
                include=include,
                exclude=exclude,
            )
        )

    async def get_rented_numbers(
        self,
        *,
        features: int | None = None,
        country_iso: str | None = None,
        number_type: str | None = None,
        active_rent: bool | None = None,
        inbound_sms_sender: bool | None = None,
        include: str | None = None,
        exclude: str | None = None,
    ) -> wire.rents.RentedNumbers:
        """List the numbers that the account has and had rented, newest first."""
        return await self._driver.run(
            self._calls.get(
                wire.rents.RentedNumbers,
                "numbers",
                "rent",
                features=features,
                country_iso=country_iso,
                number_type=number_type,
                active_rent=active_rent,
                inbound_sms_sender=inbound_sms_sender,
                include=include,
                exclude=exclude,
            )
        )

    async def rent_number(self, request: wire.rents.RentRequest) -> wire.rents.RentReply:
        """Rent a number for 1, 7 or 30 days."""
        return await self._driver.run(self._calls.send(wire.rents.RentReply, "POST", request, "numbers", "rent"))

    async def get_inbound_sms(
        self, rent_id: str, *, limit: int = wire.common.MAX_PAGE, next: str | None = None, previous: str | None = None
    ) -> wire.rents.RentedInbound:
        """List what was written to a rented number, newest first."""
        return await self._driver.run(
            self._calls.get(
                wire.rents.RentedInbound,
                "numbers",
                "rent",
                rent_id,
                "inbound",
                limit=limit,
                next=next,
                previous=previous,
            )
        )

    async def edit_rent_settings(self, rent_id: str, request: wire.rents.RentSettings) -> wire.rents.EditedRent:
        """Change what is given of a rent's settings."""
        return await self._driver.run(
            self._calls.send(wire.rents.EditedRent, "PATCH", request, "numbers", "rent", rent_id, "edit")
        )

    async def get_rent_status(self, rent_id: str) -> wire.rents.RentStatus:
        """Get one rented number."""
        return await self._driver.run(self._calls.get(wire.rents.RentStatus, "numbers", "rent", rent_id))

    async def renew_rent(self, rent_id: str, request: wire.rents.RenewRequest) -> wire.rents.RenewedReply:
        """Add a period at the end of a rent."""
        return await self._driver.run(
            self._calls.send(wire.rents.RenewedReply, "PATCH", request, "numbers", "rent", rent_id)
        )

    async def cancel_rent(self, rent_id: str) -> wire.rents.CanceledRent:
        """Give a number back: within 30 minutes, and before anybody wrote to it."""
        return await self._driver.run(self._calls.delete(wire.rents.CanceledRent, "numbers", "rent", rent_id))

    async def get_shortlinks_list(self) -> wire.shortlinks.ShortlinkList:
        """List the account's shortlinks, newest first."""
        return await self._driver.run(self._calls.get(wire.shortlinks.ShortlinkList, "shortlinks"))

    async def create_shortlink(self, request: wire.shortlinks.NewShortlink) -> wire.shortlinks.NewShortlinkReply:
        """Make a short address for one elsewhere."""
        return await self._driver.run(
            self._calls.send(wire.shortlinks.NewShortlinkReply, "POST", request, "shortlinks")
        )

    async def export_shortlink_hits_to_csv(self, short_id: str) -> bytes:
        """Get all hits of a shortlink as CSV."""
        return await self._driver.run(self._calls.export("shortlinks", short_id, "csv"))

    async def export_shortlink_hits_to_xlsx(self, short_id: str) -> bytes:
        """Get all hits of a shortlink as XLSX."""
        return await self._driver.run(self._calls.export("shortlinks", short_id, "xlsx"))

    async def get_shortlink_hits(
        self,
        short_id: str,
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
        short_response: bool = False,
    ) -> wire.shortlinks.ShortlinkHits:
        """Get a shortlink and a page of who followed it, newest first."""
        return await self._driver.run(
            self._calls.get(
                wire.shortlinks.ShortlinkHits,
                "shortlinks",
                short_id,
                limit=limit,
                next=next,
                previous=previous,
                short_response=short_response,
            )
        )

    async def update_shortlink(
        self, short_id: str, changes: wire.shortlinks.UpdateShortlink
    ) -> wire.common.TextIdReply:
        """Change what is given of a shortlink."""
        return await self._driver.run(
            self._calls.send(wire.common.TextIdReply, "PATCH", changes, "shortlinks", short_id)
        )

    async def delete_shortlink(self, short_id: str) -> wire.common.TextIdReply:
        """Delete a shortlink and its hits."""
        return await self._driver.run(self._calls.delete(wire.common.TextIdReply, "shortlinks", short_id))

    async def get_attachments_list(self) -> wire.attachments.AttachmentList:
        """List the account's attachments, newest first."""
        return await self._driver.run(self._calls.get(wire.attachments.AttachmentList, "attachments"))

    async def export_attachment_hits_to_csv(self, attachment_id: str) -> bytes:
        """Get all hits of an attachment as CSV."""
        return await self._driver.run(self._calls.export("attachments", attachment_id, "csv"))

    async def export_attachment_hits_to_xlsx(self, attachment_id: str) -> bytes:
        """Get all hits of an attachment as XLSX."""
        return await self._driver.run(self._calls.export("attachments", attachment_id, "xlsx"))

    async def get_attachment_hits(
        self,
        attachment_id: str,
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
        short_response: bool = False,
    ) -> wire.attachments.AttachmentHits:
        """Get an attachment and a page of who opened it, newest first."""
        return await self._driver.run(
            self._calls.get(
                wire.attachments.AttachmentHits,
                "attachments",
                attachment_id,
                limit=limit,
                next=next,
                previous=previous,
                short_response=short_response,
            )
        )

    async def delete_attachment(self, attachment_id: str) -> wire.common.TextIdReply:
        """Delete an attachment and its hits."""
        return await self._driver.run(self._calls.delete(wire.common.TextIdReply, "attachments", attachment_id))

    async def get_converstions_list(self) -> wire.conversations.ConversationList:
        """List the conversations, the one written to last first. The name is the published client's."""
        return await self._driver.run(self._calls.get(wire.conversations.ConversationList, "conversations"))

    async def mark_conversation_as_read(self, conversation_id: str) -> wire.common.TextIdReply:
        """Take a conversation as read."""
        return await self._driver.run(
            self._calls.get(wire.common.TextIdReply, "conversations", conversation_id, "read")
        )

    async def get_conversation(self, conversation_id: str) -> wire.conversations.ConversationDetails:
        """Get the messages of a conversation, newest first."""
        return await self._driver.run(
            self._calls.get(wire.conversations.ConversationDetails, "conversations", conversation_id)
        )

    async def send_conversation_reply_sms(
        self, conversation_id: str, reply: wire.conversations.SmsReply
    ) -> wire.conversations.SmsReplyReply:
        """Answer by SMS."""
        return await self._driver.run(
            self._calls.send(wire.conversations.SmsReplyReply, "POST", reply, "conversations", conversation_id, "sms")
        )

    async def send_conversation_reply_viber(
        self, conversation_id: str, reply: wire.conversations.RichReply
    ) -> wire.conversations.RichReplyReply:
        """Answer by Viber, within 24 hours of their last message by it."""
        return await self._driver.run(
            self._calls.send(
                wire.conversations.RichReplyReply, "POST", reply, "conversations", conversation_id, "viber"
            )
        )

    async def send_conversation_reply_whatsapp(
        self, conversation_id: str, reply: wire.conversations.RichReply
    ) -> wire.conversations.RichReplyReply:
        """Answer by WhatsApp, within 24 hours of their last message by it."""
        return await self._driver.run(
            self._calls.send(
                wire.conversations.RichReplyReply, "POST", reply, "conversations", conversation_id, "whatsapp"
            )
        )

    async def export_advanced_report_to_csv(
        self,
        period: str = "",
        start_date: str = "",
        end_date: str = "",
        *,
        channel: str | None = None,
        source: str | None = None,
        delivery_report: str | None = None,
        country_iso: str | None = None,
    ) -> bytes:
        """Get all messages of a period as CSV."""
        return await self._driver.run(
            self._calls.export(
                "reports",
                "csv",
                period=period,
                start_date=start_date,
                end_date=end_date,
                channel=channel,
                source=source,
                delivery_report=delivery_report,
                country_iso=country_iso,
            )
        )

    async def export_advanced_report_to_xlsx(
        self,
        period: str = "",
        start_date: str = "",
        end_date: str = "",
        *,
        channel: str | None = None,
        source: str | None = None,
        delivery_report: str | None = None,
        country_iso: str | None = None,
    ) -> bytes:
        """Get all messages of a period as XLSX."""
        return await self._driver.run(
            self._calls.export(
                "reports",
                "xlsx",
                period=period,
                start_date=start_date,
                end_date=end_date,
                channel=channel,
                source=source,
                delivery_report=delivery_report,
                country_iso=country_iso,
            )
        )

    async def get_advanced_report(
        self,
        period: str = "",
        start_date: str = "",
        end_date: str = "",
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
        short_response: bool = False,
        channel: str | None = None,
        source: str | None = None,
        delivery_report: str | None = None,
        country_iso: str | None = None,
    ) -> wire.reports.AdvancedReport:
        """Get a page of the messages of a period (`YYYY-MM`, `YYYY`), or between two days."""
        return await self._driver.run(
            self._calls.get(
                wire.reports.AdvancedReport,
                "reports",
                limit=limit,
                next=next,
                previous=previous,
                short_response=short_response,
                period=period,
                start_date=start_date,
                end_date=end_date,
                channel=channel,
                source=source,
                delivery_report=delivery_report,
                country_iso=country_iso,
            )
        )

    async def get_single_report(self, msg_id: str) -> wire.reports.SingleReport:
        """Get the status of one message."""
        return await self._driver.run(self._calls.get(wire.reports.SingleReport, "reports", "single", msg_id))

    async def get_campaigns_list(
        self,
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
        delivery_reports: bool = False,
        source: str | None = None,
    ) -> wire.campaigns.CampaignList:
        """List the campaigns, newest first."""
        return await self._driver.run(
            self._calls.get(
                wire.campaigns.CampaignList,
                "reports",
                "campaigns",
                limit=limit,
                next=next,
                previous=previous,
                delivery_reports=delivery_reports,
                source=source,
            )
        )

    async def export_campaign_report_to_csv(self, campaign_id: str) -> bytes:
        """Get all messages of a campaign as CSV."""
        return await self._driver.run(self._calls.export("reports", "campaigns", campaign_id, "csv"))

    async def export_campaign_report_to_xlsx(self, campaign_id: str) -> bytes:
        """Get all messages of a campaign as XLSX."""
        return await self._driver.run(self._calls.export("reports", "campaigns", campaign_id, "xlsx"))

    async def get_campaign_report(
        self,
        campaign_id: str,
        *,
        limit: int = wire.common.MAX_PAGE,
        next: str | None = None,
        previous: str | None = None,
        short_response: bool = False,
    ) -> wire.campaigns.CampaignReport:
        """Get a campaign and a page of its messages."""
        return await self._driver.run(
            self._calls.get(
                wire.campaigns.CampaignReport,
                "reports",
                "campaigns",
                campaign_id,
                limit=limit,
                next=next,
                previous=previous,
                short_response=short_response,
            )
        )

    async def get_summary_reports(
        self, dimension: str, period: str = "", start_date: str = "", end_date: str = ""
    ) -> wire.summaries.SummaryReply:
        """Get sums by `source`, `channel`, `country`, `traffic` or `delivery`."""
        return await self._driver.run(
            self._calls.get(
                wire.summaries.SummaryReply,
                "reports",
                "summary",
                dimension,
                period=period,
                start_date=start_date,
                end_date=end_date,
            )
        )
