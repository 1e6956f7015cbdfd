"""The operations of the smsdrop door (reference: smsdrop.md, section 4), the same in both dialects."""

from __future__ import annotations

from typing import Any

from heliograph.domain.accounts import Scope
from heliograph.doors import Operation
from heliograph.protocols.smsdrop import wire


def _op(scope: str | None, method: str, path: str, name: str, **more: Any) -> Operation:
    return Operation(name=name, method=method, path=path, scope=scope, **more)


OPERATIONS = (
    _op(None, "POST", "/auth/login", "log_in", request=wire.LogIn, form=True, response=wire.Token),
    _op(
        Scope.MESSAGES_SEND,
        "POST",
        "/campaigns/",
        "launch_campaign",
        request=wire.NewCampaign,
        response=wire.Campaign,
    ),
    _op(
        Scope.MESSAGES_READ,
        "GET",
        "/campaigns/",
        "read_campaigns",
        query=wire.PageQuery,
        response=list[wire.Campaign],
    ),
    _op(
        Scope.MESSAGES_SEND,
        "POST",
        "/campaigns/retry",
        "retry_campaign",
        request=wire.Retry,
        response=wire.Campaign,
    ),
    _op(Scope.MESSAGES_READ, "GET", "/campaigns/{campaign_id}", "read_campaign", response=wire.Campaign),
    _op(Scope.MONEY_READ, "GET", "/users/me", "read_me", response=wire.User),
    _op(Scope.MONEY_READ, "GET", "/subscriptions/", "read_subscription", response=wire.Subscription),
)

#: What a token of this protocol can be good for.
SCOPES = frozenset(operation.scope for operation in OPERATIONS if operation.scope is not None)
