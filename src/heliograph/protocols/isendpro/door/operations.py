"""The operations of the iSendPro door (reference: isendpro.md, section 2).

The vendor's clients differ in the HTTP method that they use, so each operation takes any of them.
"""

from __future__ import annotations

from heliograph.domain.accounts import Scope
from heliograph.doors import Operation

METHODS = ("GET", "POST", "PUT")

_PATHS = {
    "/sms": ("send", Scope.MESSAGES_SEND),
    "/smsmulti": ("send", Scope.MESSAGES_SEND),
    "/": ("send", Scope.MESSAGES_SEND),  # the older interface
    "/comptage": ("count", Scope.MESSAGES_READ),
    "/credit": ("credit", Scope.MONEY_READ),
    "/hlr": ("look_up", Scope.NUMBERS),
    "/qualification": ("qualify", Scope.NUMBERS),
    "/repertoire": ("change_address_book", Scope.GROUPS_WRITE),
    "/setlistenoire": ("blacklist", Scope.OPTOUTS_WRITE),
    "/dellistenoire": ("take_off_blacklist", Scope.OPTOUTS_WRITE),
    "/getlistenoire": ("blacklist_file", Scope.OPTOUTS_READ),
    "/campagne": ("campaign_file", Scope.MESSAGES_READ),
    "/shortlink": ("shorten", Scope.LINKS_WRITE),
    "/subaccount": ("change_subaccount", Scope.ACCOUNT),
}
OPERATIONS = tuple(
    Operation(name=name, method=method, path=path, scope=scope)
    for path, (name, scope) in _PATHS.items()
    for method in METHODS
)
#: What a key of this protocol can be good for.
SCOPES = frozenset(scope for _, scope in _PATHS.values())
