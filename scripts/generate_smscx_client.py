"""Writes the operations of the SMS.CX client from the table of operations of the SMS.CX door.

python scripts/generate_smscx_client.py           writes them, below the marker in async_client.py
python scripts/generate_smscx_client.py --check   exit code 1 if they are not current

The table says what is sent and what is answered. What it does not say is at the top of this file: which identifiers are
numbers, what bodies are called, and what the published client always sends. Getting a token is written by hand: it is a
form, with other credentials.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import msgspec

from heliograph.protocols.smscx.door.operations import OPERATIONS
from heliograph.protocols.smscx.door.resource import SmscxOperation
from heliograph.protocols.smscx.wire import common

CLIENT = Path(__file__).parent.parent / "src" / "heliograph" / "protocols" / "smscx" / "async_client.py"
MARKER = "    # What follows is generated from the table of operations.\n"
BY_HAND = {"get_access_token"}
NUMBERED = {"group_id", "originator_id", "template_id", "optout_id"}
"""Identifiers in paths that are numbers; others are text (reference: smscx.md, section 5)."""
BODIES = {"AddContacts": "contacts", "ManyNumbers": "numbers", "NewTemplate": "template"}
"""What a body is called that is neither a `reply` nor `changes` nor a `request`."""
TYPES = {common.Count: "int", common.Flag: "bool"}
ALWAYS = {
    "limit": "wire.common.MAX_PAGE",
    "short_response": "False",
    "delivery_reports": "False",
    "period": '""',
    "start_date": '""',
    "end_date": '""',
}
"""Fields of a query that are sent in any case, and what is sent if nobody says."""
PAGES = {"limit", "next", "previous", "short_response"}
BY_PLACE = {"period", "start_date", "end_date"}
"""Fields of a query that need not be given by name."""


class Parameter(NamedTuple):
    name: str
    type: str
    default: str | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.type}" + ("" if self.default is None else f" = {self.default}")


def method(operation: SmscxOperation) -> str:
    """The source of the client's method for an operation."""
    queries = list(query_parameters(operation))
    by_place = [each for each in queries if each.name in BY_PLACE]
    by_name = [each for each in queries if each.name not in BY_PLACE]
    parameters = ["self", *path_parameters(operation), *body_parameters(operation), *by_place]
    if by_name:
        parameters += ["*", *by_name]
    answer = "bytes" if operation.response is None else named(operation.response)
    return f"""
    async def {operation.name}({", ".join(map(str, parameters))}) -> {answer}:
        \"\"\"{operation.summary}\"\"\"
        return await self._driver.run({call(operation, queries)})
"""


def call(operation: SmscxOperation, queries: list[Parameter]) -> str:
    path = [piece.strip("{}") if "{" in piece else repr(piece) for piece in operation.path.strip("/").split("/")]
    rest = [*path, *(f"{each.name}={each.name}" for each in queries)]
    if operation.response is None:
        return f"self._calls.export({', '.join(rest)})"
    answer = named(operation.response)
    if operation.request is not None:
        return f"self._calls.send({', '.join([answer, repr(operation.method), body(operation.request), *rest])})"
    return f"self._calls.{operation.method.lower()}({', '.join([answer, *rest])})"


def path_parameters(operation: SmscxOperation) -> Iterator[Parameter]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield Parameter(name, "int" if name in NUMBERED else "str")


def query_parameters(operation: SmscxOperation) -> Iterator[Parameter]:
    """The fields of the query without those that only our own door knows and, unless a page is answered, its place."""
    if operation.query is None:
        return
    for name, hint in get_type_hints(operation.query, include_extras=True).items():
        if hint == common.Ours or (name in PAGES and not has_pages(operation.response)):
            continue
        type = TYPES.get(hint, "str")
        if name in ALWAYS:
            yield Parameter(name, type, ALWAYS[name])
        else:
            yield Parameter(name, f"{type} | None", "None")


def has_pages(answer: Any) -> bool:
    return answer is not None and "paging" in answer.__struct_fields__


def body_parameters(operation: SmscxOperation) -> Iterator[Parameter]:
    if operation.request is None:
        return
    if (alone := only_field(operation.request)) is not None:
        yield alone
    else:
        yield Parameter(body(operation.request), named(operation.request))


def body(request: type[msgspec.Struct]) -> str:
    """The body as it is called in a method, or as it is made of its only field."""
    if (alone := only_field(request)) is not None:
        return f"{named(request)}({alone.name})"
    if request.__name__ in BODIES:
        return BODIES[request.__name__]
    return "reply" if request.__name__.endswith("Reply") else "changes" if "Update" in request.__name__ else "request"


def only_field(request: type[msgspec.Struct]) -> Parameter | None:
    """The field of a body that has no other, which is a parameter instead of the body."""
    hints = get_type_hints(request)
    if len(hints) != 1:
        return None
    ((name, hint),) = hints.items()
    return Parameter(name, named(hint))


def named(kind: Any) -> str:
    """A type as it is written in the client."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"wire.{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
    return kind.__name__ if type(kind) is type else str(kind).replace("typing.", "")


def generated(current: str) -> str:
    """The client's source with what is below the marker made anew."""
    by_hand, marker, _ = current.partition(MARKER)
    methods = [method(operation) for operation in OPERATIONS if operation.name not in BY_HAND]
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(CLIENT), "-"]
    text = by_hand + marker + "".join(methods)
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> int:
    current = CLIENT.read_text()
    wanted = generated(current)
    if wanted == current:
        return 0
    if "--check" in sys.argv:
        sys.stderr.write(f"{CLIENT.name} of SMS.CX is not current; run `make generate`\n")
        return 1
    CLIENT.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
