"""The operations of the Twilio doors (reference: providers.md, section A2)."""

from __future__ import annotations

from heliograph.domain.accounts import Scope
from heliograph.doors import Operation

_ACCOUNT = "/Accounts/{account_sid}"
_MESSAGE = f"{_ACCOUNT}/Messages/{{sid}}"
_SERVICE = "/Services/{service_sid}"

MESSAGES = tuple(
    Operation(name=name, method=method, path=path, scope=scope, status=status)
    for name, method, path, scope, status in (
        ("fetch_account", "GET", "/Accounts/{account_sid}.json", Scope.MESSAGES_READ, 200),
        ("create_message", "POST", f"{_ACCOUNT}/Messages.json", Scope.MESSAGES_SEND, 201),
        ("list_messages", "GET", f"{_ACCOUNT}/Messages.json", Scope.MESSAGES_READ, 200),
        ("fetch_message", "GET", f"{_MESSAGE}.json", Scope.MESSAGES_READ, 200),
        ("update_message", "POST", f"{_MESSAGE}.json", Scope.MESSAGES_SEND, 200),
        ("delete_message", "DELETE", f"{_MESSAGE}.json", Scope.MESSAGES_SEND, 204),
        ("list_media", "GET", f"{_MESSAGE}/Media.json", Scope.MESSAGES_READ, 200),
        ("fetch_media", "GET", f"{_MESSAGE}/Media/{{media_sid}}.json", Scope.MESSAGES_READ, 200),
        ("delete_media", "DELETE", f"{_MESSAGE}/Media/{{media_sid}}.json", Scope.MESSAGES_SEND, 204),
        ("redirect_to_media", "GET", f"{_MESSAGE}/Media/{{media_sid}}", Scope.MESSAGES_READ, 307),
        ("create_feedback", "POST", f"{_MESSAGE}/Feedback.json", Scope.MESSAGES_SEND, 201),
        ("fetch_balance", "GET", f"{_ACCOUNT}/Balance.json", Scope.MONEY_READ, 200),
    )
)
VERIFY = tuple(
    Operation(name=name, method=method, path=path, scope=Scope.VERIFY, status=status)
    for name, method, path, status in (
        ("start_verification", "POST", f"{_SERVICE}/Verifications", 201),
        ("fetch_verification", "GET", f"{_SERVICE}/Verifications/{{sid}}", 200),
        ("update_verification", "POST", f"{_SERVICE}/Verifications/{{sid}}", 200),
        ("check_verification", "POST", f"{_SERVICE}/VerificationCheck", 201),
    )
)
