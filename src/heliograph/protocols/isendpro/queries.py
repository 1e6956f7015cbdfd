"""The queries that receipts and inbound messages come in (reference: isendpro.md, section 7).

What the vendor calls its parameters is not documented, so a template says it: `{tracker}` and other names in braces
stand for values. The server fills such a template in, and the provider reads queries by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

RECEIPT = "tracker={tracker}&tel={tel}&statut={status}&date={date}&code={code}"
INBOUND = "tel={tel}&sms={text}&date={date}&emetteur={to}"
DELIVERED, FAILED = "delivered", "failed"
"""The values that `{status}` can have."""
_NAME = re.compile(r"\{([a-z]+)\}")


def filled(template: str, default: str, values: Mapping[str, str]) -> str:
    """Fill the names in braces of a customer's address in; unknown names stay as they are.

    An address without any names gets `default` as its query, behind the one that it has.
    """
    if not _NAME.search(template):
        address, hash_sign, fragment = template.partition("#")
        template = address + ("&" if "?" in address else "?") + default + hash_sign + fragment
    return _NAME.sub(lambda found: quote(values[found[1]], safe="") if found[1] in values else found[0], template)


def understood(template: str, query: Mapping[str, str]) -> dict[str, str]:
    """Read a query's values, by the names in braces that its template has for them."""
    names = {name: found[1] for name, value in parse_qsl(template) if (found := _NAME.fullmatch(value))}
    return {meaning: query[name] for name, meaning in names.items() if name in query}
