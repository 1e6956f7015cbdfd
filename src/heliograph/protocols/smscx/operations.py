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


def _export(scope: str, path: str, name: str, **more: Any) -> tuple[Operation, Operation]:
    return (
        _op(scope, "GET", f"{path}/csv", f"export_{name}_to_csv", **more),
        _op(scope, "GET", f"{path}/xlsx", f"export_{name}_to_xlsx", **more),
    )


_ADD: dict[str, Any] = {"request": wire.AddContacts, "response": wire.AddedReply}
_SMS: dict[str, Any] = {"request": wire.SmsRequest, "response": wire.SendReply}
_CAMPAIGN: dict[str, Any] = {"request": wire.CampaignRequest, "response": wire.SendReply}

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
    _op("sms", "POST", "/sms", "send_sms", **_SMS),
    _op("sms", "POST", "/sms/estimate", "estimate_sms", **_SMS),
    _op("sms", "POST", "/sms/campaign", "send_sms_campaign", **_CAMPAIGN),
    _op("sms", "POST", "/sms/campaign/estimate", "estimate_sms_campaign", **_CAMPAIGN),
    _op(
        "sms",
        "DELETE",
        "/sms/scheduled/campaign/{campaign_id}",
        "delete_scheduled_sms_campaign",
        response=wire.DeletedCampaign,
    ),
    _op("sms", "DELETE", "/sms/scheduled/{message_id}", "delete_scheduled_sms", response=wire.DeletedMessage),
    *_export("reports", "/reports", "advanced_report", query=wire.ReportQuery),
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
