"""The operations of the XMS door. Paths follow `/xms/v1/{service_plan_id}`."""

from __future__ import annotations

from heliograph.domain.accounts import Scope
from heliograph.doors import Operation
from heliograph.protocols.xms import wire

_PLAN = "/v1/{service_plan_id}"


def _tag_operations(thing: str, things: str, reading: Scope, writing: Scope) -> tuple[Operation, ...]:
    path = f"{_PLAN}/{things}/{{{thing}_id}}/tags"
    return (
        Operation(name=f"fetch_{thing}_tags", method="GET", path=path, scope=reading, response=wire.Tags),
        Operation(
            name=f"replace_{thing}_tags",
            method="PUT",
            path=path,
            scope=writing,
            request=wire.Tags,
            response=wire.Tags,
        ),
        Operation(
            name=f"update_{thing}_tags",
            method="POST",
            path=path,
            scope=writing,
            request=wire.TagsUpdate,
            response=wire.Tags,
        ),
    )


OPERATIONS = (
    Operation(
        name="create_batch",
        method="POST",
        path=f"{_PLAN}/batches",
        scope=Scope.MESSAGES_SEND,
        request=wire.BatchCreate,
        response=wire.BatchReply,
        status=201,
    ),
    Operation(
        name="list_batches",
        method="GET",
        path=f"{_PLAN}/batches",
        scope=Scope.MESSAGES_READ,
        query=wire.BatchListQuery,
        response=wire.BatchPage,
    ),
    Operation(
        name="dry_run",
        method="POST",
        path=f"{_PLAN}/batches/dry_run",
        scope=Scope.MESSAGES_SEND,
        request=wire.BatchCreate,
        query=wire.DryRunQuery,
        response=wire.DryRunReply,
    ),
    Operation(
        name="fetch_batch",
        method="GET",
        path=f"{_PLAN}/batches/{{batch_id}}",
        scope=Scope.MESSAGES_READ,
        response=wire.BatchReply,
    ),
    Operation(
        name="update_batch",
        method="POST",
        path=f"{_PLAN}/batches/{{batch_id}}",
        scope=Scope.MESSAGES_SEND,
        request=wire.BatchUpdate,
        response=wire.BatchReply,
    ),
    Operation(
        name="replace_batch",
        method="PUT",
        path=f"{_PLAN}/batches/{{batch_id}}",
        scope=Scope.MESSAGES_SEND,
        request=wire.BatchCreate,
        response=wire.BatchReply,
    ),
    Operation(
        name="cancel_batch",
        method="DELETE",
        path=f"{_PLAN}/batches/{{batch_id}}",
        scope=Scope.MESSAGES_SEND,
        response=wire.BatchReply,
    ),
    *_tag_operations("batch", "batches", Scope.MESSAGES_READ, Scope.MESSAGES_SEND),
    Operation(
        name="send_delivery_feedback",
        method="POST",
        path=f"{_PLAN}/batches/{{batch_id}}/delivery_feedback",
        scope=Scope.MESSAGES_SEND,
        request=wire.Feedback,
        status=202,
    ),
    Operation(
        name="fetch_delivery_report",
        method="GET",
        path=f"{_PLAN}/batches/{{batch_id}}/delivery_report",
        scope=Scope.MESSAGES_READ,
        query=wire.ReportQuery,
        response=wire.BatchReportReply,
    ),
    Operation(
        name="fetch_recipient_delivery_report",
        method="GET",
        path=f"{_PLAN}/batches/{{batch_id}}/delivery_report/{{msisdn}}",
        scope=Scope.MESSAGES_READ,
        response=wire.RecipientReportReply,
    ),
    Operation(
        name="list_delivery_reports",
        method="GET",
        path=f"{_PLAN}/delivery_reports",
        scope=Scope.MESSAGES_READ,
        query=wire.RecipientReportListQuery,
        response=wire.RecipientReportPage,
    ),
    Operation(
        name="create_group",
        method="POST",
        path=f"{_PLAN}/groups",
        scope=Scope.GROUPS_WRITE,
        request=wire.GroupCreate,
        may_be_empty=True,
        response=wire.GroupReply,
        status=201,
    ),
    Operation(
        name="list_groups",
        method="GET",
        path=f"{_PLAN}/groups",
        scope=Scope.GROUPS_READ,
        query=wire.GroupListQuery,
        response=wire.GroupPage,
    ),
    Operation(
        name="fetch_group",
        method="GET",
        path=f"{_PLAN}/groups/{{group_id}}",
        scope=Scope.GROUPS_READ,
        response=wire.GroupReply,
    ),
    Operation(
        name="update_group",
        method="POST",
        path=f"{_PLAN}/groups/{{group_id}}",
        scope=Scope.GROUPS_WRITE,
        request=wire.GroupUpdate,
        response=wire.GroupReply,
    ),
    Operation(
        name="replace_group",
        method="PUT",
        path=f"{_PLAN}/groups/{{group_id}}",
        scope=Scope.GROUPS_WRITE,
        request=wire.GroupCreate,
        response=wire.GroupReply,
    ),
    Operation(
        name="delete_group",
        method="DELETE",
        path=f"{_PLAN}/groups/{{group_id}}",
        scope=Scope.GROUPS_WRITE,
    ),
    Operation(
        name="fetch_group_members",
        method="GET",
        path=f"{_PLAN}/groups/{{group_id}}/members",
        scope=Scope.GROUPS_READ,
        response=list[str],
    ),
    *_tag_operations("group", "groups", Scope.GROUPS_READ, Scope.GROUPS_WRITE),
    Operation(
        name="list_inbounds",
        method="GET",
        path=f"{_PLAN}/inbounds",
        scope=Scope.INBOUND_READ,
        query=wire.InboundListQuery,
        response=wire.InboundPage,
    ),
    Operation(
        name="fetch_inbound",
        method="GET",
        path=f"{_PLAN}/inbounds/{{inbound_id}}",
        scope=Scope.INBOUND_READ,
        response=wire.InboundReply,
    ),
)
