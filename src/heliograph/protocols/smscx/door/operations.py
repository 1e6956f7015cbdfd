"""The operations of the SMS.CX door, by the names that the published client has for them (reference: section 8)."""

from __future__ import annotations

from typing import Any

from heliograph.doors import Operation
from heliograph.protocols.smscx import wire

SCOPES = frozenset(
    {
        "account",
        "applications",
        "attachments",
        "conversations",
        "groups",
        "multichannel",
        "numbers",
        "optouts",
        "originators",
        "otp",
        "reports",
        "shortlinks",
        "sms",
        "templates",
        "viber",
        "whatsapp",
    }
)
"""What an application may be allowed. The vendor's examples name ten; the others follow its API classes."""


def _op(scope: str | None, method: str, path: str, name: str, **more: Any) -> Operation:
    return Operation(name=name, method=method, path=path, scope=scope, **more)


def _export(
    scope: str,
    path: str,
    name: str,
    query: type[wire.common.ExportQuery | wire.reports.ReportExportQuery] = wire.common.ExportQuery,
) -> tuple[Operation, Operation]:
    return (
        _op(scope, "GET", f"{path}/csv", f"export_{name}_to_csv", query=query),
        _op(scope, "GET", f"{path}/xlsx", f"export_{name}_to_xlsx", query=query),
    )


_ADD: dict[str, Any] = {"request": wire.groups.AddContacts, "response": wire.groups.AddedReply}


def _sending(
    channel: str, message: str, to_numbers: type[wire.sending.ToNumbers], to_groups: type[wire.sending.ToGroups] | None
) -> tuple[Operation, ...]:
    """Sending by a channel to numbers and, if `to_groups` is given, to groups. `message` is what the names end in."""
    one: dict[str, Any] = {"request": to_numbers, "response": wire.sending.SendReply}
    operations = [
        _op(channel, "POST", f"/{channel}", f"send_{message}", **one),
        _op(channel, "POST", f"/{channel}/estimate", f"estimate_{message}", **one),
    ]
    if to_groups is not None:
        many: dict[str, Any] = {"request": to_groups, "response": wire.sending.SendReply}
        scheduled = f"/{channel}/scheduled/campaign/{{campaign_id}}"
        operations += [
            _op(channel, "POST", f"/{channel}/campaign", f"send_{channel}_campaign", **many),
            _op(channel, "POST", f"/{channel}/campaign/estimate", f"estimate_{channel}_campaign", **many),
            _op(
                channel,
                "DELETE",
                scheduled,
                f"delete_scheduled_{channel}_campaign",
                response=wire.sending.DeletedCampaign,
            ),
        ]
    name, path = f"delete_scheduled_{message}", f"/{channel}/scheduled/{{message_id}}"
    return (*operations, _op(channel, "DELETE", path, name, response=wire.sending.DeletedMessage))


OPERATIONS = (
    _op(
        None,
        "POST",
        "/oauth/token",
        "get_access_token",
        request=wire.applications.TokenRequest,
        form=True,
        response=wire.applications.TokenReply,
    ),
    _op("applications", "GET", "/applications", "get_applications_list", response=wire.applications.ApplicationList),
    _op("applications", "GET", "/applications/scopes", "get_scopes", response=list[str]),
    _op(
        "applications",
        "GET",
        "/applications/{application_id}",
        "get_application_settings",
        response=wire.applications.ApplicationSettings,
    ),
    _op("account", "GET", "/account/balance", "get_account_balance", response=wire.account.Balance),
    _op("account", "GET", "/account/channels/status", "get_channels_status", response=wire.account.ChannelsStatus),
    _op(
        "account",
        "GET",
        "/account/pricing/{channel}/{traffic_type}",
        "get_channel_pricing",
        response=dict[str, Any],
    ),
    _op(
        "account",
        "GET",
        "/account/pricing/{channel}/{traffic_type}/{country_iso}",
        "get_channel_pricing_by_country_iso",
        response=dict[str, Any],
    ),
    _op("originators", "GET", "/originators", "get_originators_list", response=wire.originators.OriginatorList),
    _op(
        "originators",
        "POST",
        "/originators",
        "create_originator",
        request=wire.originators.NewOriginator,
        response=wire.originators.OriginatorReply,
        status=201,
    ),
    _op(
        "originators",
        "DELETE",
        "/originators/{originator_id}",
        "delete_originator",
        response=wire.originators.OriginatorReply,
    ),
    _op("templates", "GET", "/templates", "get_templates_list", response=wire.templates.TemplateList),
    _op(
        "templates",
        "POST",
        "/templates",
        "create_template",
        request=wire.templates.NewTemplate,
        response=wire.templates.NewTemplateReply,
        status=201,
    ),
    _op("templates", "GET", "/templates/{template_id}", "get_template", response=wire.templates.TemplateReply),
    _op(
        "templates",
        "PATCH",
        "/templates/{template_id}",
        "update_template",
        request=wire.templates.UpdateTemplate,
        response=wire.templates.IdReply,
    ),
    _op("templates", "DELETE", "/templates/{template_id}", "delete_template", response=wire.templates.IdReply),
    _op("groups", "GET", "/groups", "get_groups_list", response=wire.groups.GroupList),
    _op(
        "groups",
        "POST",
        "/groups",
        "create_group",
        request=wire.groups.NewGroup,
        response=wire.groups.NamedReply,
        status=201,
    ),
    *_export("groups", "/groups/{group_id}", "group"),
    _op("groups", "GET", "/groups/{group_id}/empty", "empty_group", response=wire.groups.NamedReply),
    _op(
        "groups",
        "GET",
        "/groups/{group_id}",
        "get_group_details",
        query=wire.common.ShortPageQuery,
        response=wire.groups.GroupDetails,
    ),
    _op("groups", "POST", "/groups/{group_id}", "add_contacts_to_group", **_ADD),
    _op("groups", "DELETE", "/groups/{group_id}", "delete_group", response=wire.groups.DeletedGroup),
    _op(
        "groups",
        "PATCH",
        "/groups/{group_id}/{contact_id}",
        "update_contact_from_group",
        request=wire.groups.UpdateContact,
        response=wire.groups.UpdatedContact,
    ),
    _op(
        "groups",
        "DELETE",
        "/groups/{group_id}/{contact_id}",
        "delete_contact_from_group",
        response=wire.groups.DeletedContact,
    ),
    *_export("optouts", "/optouts", "optouts"),
    _op(
        "optouts", "GET", "/optouts", "get_optouts_list", query=wire.common.PageQuery, response=wire.optouts.OptoutList
    ),
    _op("optouts", "POST", "/optouts", "add_contact_to_optouts_list", **_ADD),
    _op(
        "optouts",
        "DELETE",
        "/optouts/{optout_id}",
        "delete_contact_from_optouts_list",
        response=wire.optouts.DeletedOptout,
    ),
    *_sending("sms", "sms", wire.sending.SmsRequest, wire.sending.CampaignRequest),
    *_sending("viber", "viber_message", wire.sending.TemplateRequest, wire.sending.TemplateCampaignRequest),
    *_sending("whatsapp", "whatsapp_message", wire.sending.TemplateRequest, None),
    *_sending(
        "multichannel",
        "multichannel_message",
        wire.sending.MultichannelRequest,
        wire.sending.MultichannelCampaignRequest,
    ),
    _op("otp", "POST", "/otp", "new_otp", request=wire.otp.NewOtp, response=wire.otp.Otp, status=201),
    _op("otp", "GET", "/otp/{otp_id}", "get_otp_status", response=wire.otp.Otp),
    _op("otp", "POST", "/otp/{otp_id}", "verify_otp", request=wire.otp.VerifyPin, response=wire.otp.VerifiedPin),
    _op("otp", "DELETE", "/otp/{otp_id}", "cancel_otp", response=wire.common.TextIdReply),
    _op("numbers", "GET", "/numbers/validate/{phone_number}", "validate_number", response=wire.numbers.ValidatedReply),
    _op(
        "numbers",
        "POST",
        "/numbers/validate",
        "validate_numbers",
        request=wire.numbers.ManyNumbers,
        response=wire.numbers.ValidatedList,
    ),
    _op(
        "numbers",
        "POST",
        "/numbers/lookup",
        "lookup_numbers",
        request=wire.lookups.LookupRequest,
        response=wire.lookups.LookupsReply,
    ),
    _op(
        "numbers",
        "GET",
        "/numbers/lookup",
        "get_bulk_lookup_campaigns",
        query=wire.common.PageQuery,
        response=wire.lookups.LookupCampaigns,
    ),
    *_export("numbers", "/numbers/lookup/lookupBulkId/{lookup_bulk_id}", "number_lookup_report"),
    _op(
        "numbers",
        "GET",
        "/numbers/lookup/lookupBulkId/{lookup_bulk_id}",
        "get_bulk_lookup_status",
        query=wire.common.PageQuery,
        response=wire.lookups.LookupResult,
    ),
    _op(
        "numbers",
        "GET",
        "/numbers/lookup/lookupId/{lookup_id}",
        "get_single_lookup_status",
        response=wire.lookups.Lookup,
    ),
    _op("numbers", "GET", "/numbers/lookup/{phone_number}", "lookup_number", response=wire.lookups.LookupReply),
    _op(
        "numbers",
        "GET",
        "/numbers/rent/available/{country_iso}",
        "get_available_numbers",
        query=wire.rents.AvailableQuery,
        response=wire.rents.AvailableNumbers,
    ),
    _op(
        "numbers",
        "GET",
        "/numbers/rent",
        "get_rented_numbers",
        query=wire.rents.RentedQuery,
        response=wire.rents.RentedNumbers,
    ),
    _op(
        "numbers", "POST", "/numbers/rent", "rent_number", request=wire.rents.RentRequest, response=wire.rents.RentReply
    ),
    _op(
        "numbers",
        "GET",
        "/numbers/rent/{rent_id}/inbound",
        "get_inbound_sms",
        query=wire.common.PageQuery,
        response=wire.rents.RentedInbound,
    ),
    _op(
        "numbers",
        "PATCH",
        "/numbers/rent/{rent_id}/edit",
        "edit_rent_settings",
        request=wire.rents.RentSettings,
        response=wire.rents.EditedRent,
    ),
    _op("numbers", "GET", "/numbers/rent/{rent_id}", "get_rent_status", response=wire.rents.RentStatus),
    _op(
        "numbers",
        "PATCH",
        "/numbers/rent/{rent_id}",
        "renew_rent",
        request=wire.rents.RenewRequest,
        may_be_empty=True,
        response=wire.rents.RenewedReply,
    ),
    _op("numbers", "DELETE", "/numbers/rent/{rent_id}", "cancel_rent", response=wire.rents.CanceledRent),
    _op("shortlinks", "GET", "/shortlinks", "get_shortlinks_list", response=wire.links.ShortlinkList),
    _op(
        "shortlinks",
        "POST",
        "/shortlinks",
        "create_shortlink",
        request=wire.links.NewShortlink,
        response=wire.links.NewShortlinkReply,
        status=201,
    ),
    *_export("shortlinks", "/shortlinks/{link_id}", "shortlink_hits"),
    _op(
        "shortlinks",
        "GET",
        "/shortlinks/{link_id}",
        "get_shortlink_hits",
        query=wire.common.ShortPageQuery,
        response=wire.links.ShortlinkHits,
    ),
    _op(
        "shortlinks",
        "PATCH",
        "/shortlinks/{link_id}",
        "update_shortlink",
        request=wire.links.UpdateShortlink,
        response=wire.common.TextIdReply,
    ),
    _op("shortlinks", "DELETE", "/shortlinks/{link_id}", "delete_shortlink", response=wire.common.TextIdReply),
    _op("attachments", "GET", "/attachments", "get_attachments_list", response=wire.links.AttachmentList),
    *_export("attachments", "/attachments/{link_id}", "attachment_hits"),
    _op(
        "attachments",
        "GET",
        "/attachments/{link_id}",
        "get_attachment_hits",
        query=wire.common.ShortPageQuery,
        response=wire.links.AttachmentHits,
    ),
    _op("attachments", "DELETE", "/attachments/{link_id}", "delete_attachment", response=wire.common.TextIdReply),
    _op(
        "conversations", "GET", "/conversations", "get_converstions_list", response=wire.conversations.ConversationList
    ),
    _op(
        "conversations",
        "GET",
        "/conversations/{conversation_id}/read",
        "mark_conversation_as_read",
        response=wire.common.TextIdReply,
    ),
    _op(
        "conversations",
        "GET",
        "/conversations/{conversation_id}",
        "get_conversation",
        response=wire.conversations.ConversationDetails,
    ),
    _op(
        "conversations",
        "POST",
        "/conversations/{conversation_id}/sms",
        "send_conversation_reply_sms",
        request=wire.conversations.SmsReply,
        response=wire.conversations.SmsReplyReply,
    ),
    _op(
        "conversations",
        "POST",
        "/conversations/{conversation_id}/viber",
        "send_conversation_reply_viber",
        request=wire.conversations.RichReply,
        response=wire.conversations.RichReplyReply,
    ),
    _op(
        "conversations",
        "POST",
        "/conversations/{conversation_id}/whatsapp",
        "send_conversation_reply_whatsapp",
        request=wire.conversations.RichReply,
        response=wire.conversations.RichReplyReply,
    ),
    *_export("reports", "/reports", "advanced_report", wire.reports.ReportExportQuery),
    _op(
        "reports",
        "GET",
        "/reports",
        "get_advanced_report",
        query=wire.reports.ReportQuery,
        response=wire.reports.AdvancedReport,
    ),
    _op(
        "reports",
        "GET",
        "/reports/campaigns",
        "get_campaigns_list",
        query=wire.campaigns.CampaignsQuery,
        response=wire.campaigns.CampaignList,
    ),
    *_export("reports", "/reports/campaigns/{campaign_id}", "campaign_report"),
    _op(
        "reports",
        "GET",
        "/reports/campaigns/{campaign_id}",
        "get_campaign_report",
        query=wire.common.ShortPageQuery,
        response=wire.campaigns.CampaignReport,
    ),
    _op("reports", "GET", "/reports/single/{message_id}", "get_single_report", response=wire.reports.SingleReport),
    _op(
        "reports",
        "GET",
        "/reports/summary/{dimension}",
        "get_summary_reports",
        query=wire.reports.ReportQuery,
        response=wire.summaries.SummaryReply,
    ),
)
