"""The queries that receipts and inbound messages come in (reference: isendpro.md, section 7).

What the vendor calls its parameters is not documented. A template says it: `{tracker}` and so on stand for values. The
server fills such a template in, and the provider reads by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

RECEIPT = "tracker={tracker}&tel={tel}&statut={status}&date={date}&code={code}"
INBOUND = "tel={tel}&sms={text}&date={date}&emetteur={to}"
DELIVERED, FAILED = "delivered", "failed"
"""What `{status}` can be."""
_NAME = re.compile(r"\{([a-z]+)\}")


def filled(template: str, default: str, values: Mapping[str, str]) -> str:
    """A customer's address with its names filled in; an unknown name stays as it is. One without any gets `default`."""
    if not _NAME.search(template):
        address, hash_sign, fragment = template.partition("#")
        template = address + ("&" if "?" in address else "?") + default + hash_sign + fragment
    return _NAME.sub(lambda found: quote(values[found[1]], safe="") if found[1] in values else found[0], template)


def understood(template: str, query: Mapping[str, str]) -> dict[str, str]:
    """What a query says, by the names in braces of its template."""
    names = {name: found[1] for name, value in parse_qsl(template) if (found := _NAME.fullmatch(value))}
    return {meaning: query[name] for name, meaning in names.items() if name in query}
