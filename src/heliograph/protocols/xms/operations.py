"""The operations of the XMS door. Paths follow `/xms/v1/{service_plan_id}`."""

from __future__ import annotations

from heliograph.domain.accounts import Scope
from heliograph.doors import Operation
from heliograph.protocols.xms import wire

_PLAN = "/v1/{service_plan_id}"

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
        name="cancel_batch",
        method="DELETE",
        path=f"{_PLAN}/batches/{{batch_id}}",
        scope=Scope.MESSAGES_SEND,
        response=wire.BatchReply,
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
