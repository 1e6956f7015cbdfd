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
    scope: str, path: str, name: str, query: type[wire.ExportQuery | wire.ReportExportQuery] = wire.ExportQuery
) -> tuple[Operation, Operation]:
    return (
        _op(scope, "GET", f"{path}/csv", f"export_{name}_to_csv", query=query),
        _op(scope, "GET", f"{path}/xlsx", f"export_{name}_to_xlsx", query=query),
    )


_ADD: dict[str, Any] = {"request": wire.AddContacts, "response": wire.AddedReply}


def _sending(
    channel: str, message: str, to_numbers: type[wire.ToNumbers], to_groups: type[wire.ToGroups] | None
) -> tuple[Operation, ...]:
    """Sending by a channel to numbers and, if `to_groups` is given, to groups. `message` is what the names end in."""
    one: dict[str, Any] = {"request": to_numbers, "response": wire.SendReply}
    operations = [
        _op(channel, "POST", f"/{channel}", f"send_{message}", **one),
        _op(channel, "POST", f"/{channel}/estimate", f"estimate_{message}", **one),
    ]
    if to_groups is not None:
        many: dict[str, Any] = {"request": to_groups, "response": wire.SendReply}
        scheduled = f"/{channel}/scheduled/campaign/{{campaign_id}}"
        operations += [
            _op(channel, "POST", f"/{channel}/campaign", f"send_{channel}_campaign", **many),
            _op(channel, "POST", f"/{channel}/campaign/estimate", f"estimate_{channel}_campaign", **many),
            _op(
                channel,
                "DELETE",
                scheduled,
                f"delete_scheduled_{channel}_campaign",
                response=wire.DeletedCampaign,
            ),
        ]
    name, path = f"delete_scheduled_{message}", f"/{channel}/scheduled/{{message_id}}"
    return (*operations, _op(channel, "DELETE", path, name, response=wire.DeletedMessage))


OPERATIONS = (
    _op(
        None,
        "POST",
        "/oauth/token",
        "get_access_token",
        request=wire.TokenRequest,
        form=True,
        response=wire.TokenReply,
    ),
    _op("applications", "GET", "/applications", "get_applications_list", response=wire.ApplicationList),
    _op("applications", "GET", "/applications/scopes", "get_scopes", response=list[str]),
    _op(
        "applications",
        "GET",
        "/applications/{application_id}",
        "get_application_settings",
        response=wire.ApplicationSettings,
    ),
    _op("account", "GET", "/account/balance", "get_account_balance", response=wire.Balance),
    _op("account", "GET", "/account/channels/status", "get_channels_status", response=wire.ChannelsStatus),
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
    _op("originators", "GET", "/originators", "get_originators_list", response=wire.OriginatorList),
    _op(
        "originators",
        "POST",
        "/originators",
        "create_originator",
        request=wire.NewOriginator,
        response=wire.OriginatorReply,
        status=201,
    ),
    _op("originators", "DELETE", "/originators/{originator_id}", "delete_originator", response=wire.OriginatorReply),
    _op("templates", "GET", "/templates", "get_templates_list", response=wire.TemplateList),
    _op(
        "templates",
        "POST",
        "/templates",
        "create_template",
        request=wire.NewTemplate,
        response=wire.NewTemplateReply,
        status=201,
    ),
    _op("templates", "GET", "/templates/{template_id}", "get_template", response=wire.TemplateReply),
    _op(
        "templates",
        "PATCH",
        "/templates/{template_id}",
        "update_template",
        request=wire.UpdateTemplate,
        response=wire.IdReply,
    ),
    _op("templates", "DELETE", "/templates/{template_id}", "delete_template", response=wire.IdReply),
    _op("groups", "GET", "/groups", "get_groups_list", response=wire.GroupList),
    _op(
        "groups",
        "POST",
        "/groups",
        "create_group",
        request=wire.NewGroup,
        response=wire.NamedReply,
        status=201,
    ),
    *_export("groups", "/groups/{group_id}", "group"),
    _op("groups", "GET", "/groups/{group_id}/empty", "empty_group", response=wire.NamedReply),
    _op(
        "groups",
        "GET",
        "/groups/{group_id}",
        "get_group_details",
        query=wire.PageQuery,
        response=wire.GroupDetails,
    ),
    _op("groups", "POST", "/groups/{group_id}", "add_contacts_to_group", **_ADD),
    _op("groups", "DELETE", "/groups/{group_id}", "delete_group", response=wire.DeletedGroup),
    _op(
        "groups",
        "PATCH",
        "/groups/{group_id}/{contact_id}",
        "update_contact_from_group",
        request=wire.UpdateContact,
        response=wire.UpdatedContact,
    ),
    _op(
        "groups",
        "DELETE",
        "/groups/{group_id}/{contact_id}",
        "delete_contact_from_group",
        response=wire.DeletedContact,
    ),
    *_export("optouts", "/optouts", "optouts"),
    _op("optouts", "GET", "/optouts", "get_optouts_list", query=wire.PageQuery, response=wire.OptoutList),
    _op("optouts", "POST", "/optouts", "add_contact_to_optouts_list", **_ADD),
    _op(
        "optouts",
        "DELETE",
        "/optouts/{optout_id}",
        "delete_contact_from_optouts_list",
        response=wire.DeletedOptout,
    ),
    *_sending("sms", "sms", wire.SmsRequest, wire.CampaignRequest),
    *_sending("viber", "viber_message", wire.TemplateRequest, wire.TemplateCampaignRequest),
    *_sending("whatsapp", "whatsapp_message", wire.TemplateRequest, None),
    *_sending("multichannel", "multichannel_message", wire.MultichannelRequest, wire.MultichannelCampaignRequest),
    _op("otp", "POST", "/otp", "new_otp", request=wire.NewOtp, response=wire.Otp, status=201),
    _op("otp", "GET", "/otp/{otp_id}", "get_otp_status", response=wire.Otp),
    _op("otp", "POST", "/otp/{otp_id}", "verify_otp", request=wire.VerifyPin, response=wire.VerifiedPin),
    _op("otp", "DELETE", "/otp/{otp_id}", "cancel_otp", response=wire.TextIdReply),
    _op("numbers", "GET", "/numbers/validate/{phone_number}", "validate_number", response=wire.ValidatedReply),
    _op(
        "numbers",
        "POST",
        "/numbers/validate",
        "validate_numbers",
        request=wire.ManyNumbers,
        response=wire.ValidatedList,
    ),
    _op(
        "numbers",
        "POST",
        "/numbers/lookup",
        "lookup_numbers",
        request=wire.LookupRequest,
        response=wire.LookupsReply,
    ),
    _op(
        "numbers",
        "GET",
        "/numbers/lookup",
        "get_bulk_lookup_campaigns",
        query=wire.PageQuery,
        response=wire.LookupCampaigns,
    ),
    *_export("numbers", "/numbers/lookup/lookupBulkId/{lookup_bulk_id}", "number_lookup_report"),
    _op(
        "numbers",
        "GET",
        "/numbers/lookup/lookupBulkId/{lookup_bulk_id}",
        "get_bulk_lookup_status",
        query=wire.PageQuery,
        response=wire.LookupResult,
    ),
    _op(
        "numbers",
        "GET",
        "/numbers/lookup/lookupId/{lookup_id}",
        "get_single_lookup_status",
        response=wire.Lookup,
    ),
    _op("numbers", "GET", "/numbers/lookup/{phone_number}", "lookup_number", response=wire.LookupReply),
    _op(
        "numbers",
        "GET",
        "/numbers/rent/available/{country_iso}",
        "get_available_numbers",
        query=wire.AvailableQuery,
        response=wire.AvailableNumbers,
    ),
    _op("numbers", "GET", "/numbers/rent", "get_rented_numbers", query=wire.RentedQuery, response=wire.RentedNumbers),
    _op("numbers", "POST", "/numbers/rent", "rent_number", request=wire.RentRequest, response=wire.RentReply),
    _op(
        "numbers",
        "GET",
        "/numbers/rent/{rent_id}/inbound",
        "get_inbound_sms",
        query=wire.PageQuery,
        response=wire.RentedInbound,
    ),
    _op(
        "numbers",
        "PATCH",
        "/numbers/rent/{rent_id}/edit",
        "edit_rent_settings",
        request=wire.RentSettings,
        response=wire.EditedRent,
    ),
    _op("numbers", "GET", "/numbers/rent/{rent_id}", "get_rent_status", response=wire.RentStatus),
    _op(
        "numbers",
        "PATCH",
        "/numbers/rent/{rent_id}",
        "renew_rent",
        request=wire.RenewRequest,
        may_be_empty=True,
        response=wire.RenewedReply,
    ),
    _op("numbers", "DELETE", "/numbers/rent/{rent_id}", "cancel_rent", response=wire.CanceledRent),
    _op("shortlinks", "GET", "/shortlinks", "get_shortlinks_list", response=wire.ShortlinkList),
    _op(
        "shortlinks",
        "POST",
        "/shortlinks",
        "create_shortlink",
        request=wire.NewShortlink,
        response=wire.NewShortlinkReply,
        status=201,
    ),
    *_export("shortlinks", "/shortlinks/{link_id}", "shortlink_hits"),
    _op(
        "shortlinks",
        "GET",
        "/shortlinks/{link_id}",
        "get_shortlink_hits",
        query=wire.PageQuery,
        response=wire.ShortlinkHits,
    ),
    _op(
        "shortlinks",
        "PATCH",
        "/shortlinks/{link_id}",
        "update_shortlink",
        request=wire.UpdateShortlink,
        response=wire.TextIdReply,
    ),
    _op("shortlinks", "DELETE", "/shortlinks/{link_id}", "delete_shortlink", response=wire.TextIdReply),
    _op("attachments", "GET", "/attachments", "get_attachments_list", response=wire.AttachmentList),
    *_export("attachments", "/attachments/{link_id}", "attachment_hits"),
    _op(
        "attachments",
        "GET",
        "/attachments/{link_id}",
        "get_attachment_hits",
        query=wire.PageQuery,
        response=wire.AttachmentHits,
    ),
    _op("attachments", "DELETE", "/attachments/{link_id}", "delete_attachment", response=wire.TextIdReply),
    _op("conversations", "GET", "/conversations", "get_converstions_list", response=wire.ConversationList),
    _op(
        "conversations",
        "GET",
        "/conversations/{conversation_id}/read",
        "mark_conversation_as_read",
        response=wire.TextIdReply,
    ),
    _op(
        "conversations",
        "GET",
        "/conversations/{conversation_id}",
        "get_conversation",
        response=wire.ConversationDetails,
    ),
    _op(
        "conversations",
        "POST",
        "/conversations/{conversation_id}/sms",
        "send_conversation_reply_sms",
        request=wire.SmsReply,
        response=wire.SmsReplyReply,
    ),
    _op(
        "conversations",
        "POST",
        "/conversations/{conversation_id}/viber",
        "send_conversation_reply_viber",
        request=wire.RichReply,
        response=wire.RichReplyReply,
    ),
    _op(
        "conversations",
        "POST",
        "/conversations/{conversation_id}/whatsapp",
        "send_conversation_reply_whatsapp",
        request=wire.RichReply,
        response=wire.RichReplyReply,
    ),
    *_export("reports", "/reports", "advanced_report", wire.ReportExportQuery),
    _op("reports", "GET", "/reports", "get_advanced_report", query=wire.ReportQuery, response=wire.AdvancedReport),
    _op(
        "reports",
        "GET",
        "/reports/campaigns",
        "get_campaigns_list",
        query=wire.CampaignsQuery,
        response=wire.CampaignList,
    ),
    *_export("reports", "/reports/campaigns/{campaign_id}", "campaign_report"),
    _op(
        "reports",
        "GET",
        "/reports/campaigns/{campaign_id}",
        "get_campaign_report",
        query=wire.PageQuery,
        response=wire.CampaignReport,
    ),
    _op("reports", "GET", "/reports/single/{message_id}", "get_single_report", response=wire.SingleReport),
    _op(
        "reports",
        "GET",
        "/reports/summary/{dimension}",
        "get_summary_reports",
        query=wire.ReportQuery,
        response=wire.SummaryReply,
    ),
)
