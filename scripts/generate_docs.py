"""Writes the generated parts of the documentation from the code.

python scripts/generate_docs.py           writes them
python scripts/generate_docs.py --check   exit code 1 if one is not current
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path

from heliograph.api.operations import OPERATIONS as NATIVE
from heliograph.django.conf import SETTINGS as DJANGO_SETTINGS
from heliograph.domain import errors, statuses
from heliograph.doors.collections import collections_of
from heliograph.protocols.shared import answers
from heliograph.protocols.smscx.door.operations import OPERATIONS
from heliograph.protocols.smscx.door.protocol import Smscx
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.protocols.smsdrop.door.operations import OPERATIONS as SMSDROP
from heliograph.protocols.smsdrop.door.protocol import Smsdrop
from heliograph.protocols.xms.door.operations import OPERATIONS as XMS
from heliograph.protocols.xms.door.protocol import Xms
from heliograph.runtime.settings import reference
from heliograph.runtime.web import API_MOUNT

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SMSCX_TESTS = ROOT / "tests" / "protocols" / "smscx"


def architecture(current: str) -> str:
    """The page with the diagram and the lists of statuses and reasons between their markers."""
    start, end = "<!-- statuses -->", "<!-- /statuses -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    lines = ["```mermaid", statuses.diagram(), "```", "", "| status | meaning |", "|---|---|"]
    lines += [f"| `{status}` | {meaning} |" for status, meaning in statuses.MEANING.items()]
    lines += ["", "| reason | meaning |", "|---|---|"]
    lines += [f"| `{reason}` | {sentence} |" for reason, sentence in statuses.SENTENCES.items()]
    return head + start + "\n" + "\n".join(lines) + "\n" + end + tail


ON_THE_WIRE = {
    "edit_rent_settings": "test_a_rent_is_renewed_changed_and_given_back",
    "get_channel_pricing": "test_prices_on_the_wire",
    "get_channel_pricing_by_country_iso": "test_prices_on_the_wire",
}
"""Operations whose answers the published client can't read, and the tests that read them."""


def smscx_page(current: str) -> str:
    """The page with the tables of operations, each with the test that calls it, and of codes between their markers.

    KeyError for an operation that no test calls.
    """
    start, end = "<!-- operations -->", "<!-- /operations -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    found = tests_by_operation()
    lines = ["| operation | request | scope | test |", "|---|---|---|---|"]
    for operation in OPERATIONS:
        names = [operation.name]
        if operation.name == "add_contacts_to_group":
            names.append("add_contacts_to_group_with_fields")
        for name in names:
            wire = ", on the wire" if name in ON_THE_WIRE else ""
            lines.append(
                f"| `{name}` | {operation.method} `{operation.path}` | {operation.scope or '–'} | {found[name]}{wire} |"
            )
    return with_codes(head + start + "\n" + "\n".join(lines) + "\n" + end + tail)


def with_codes(current: str) -> str:
    """The page with the numbers of errors between their markers."""
    start, end = "<!-- codes -->", "<!-- /codes -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    lines = ["| code | meaning |", "|---|---|"]
    lines += [f"| {code.value} | {code.name.lower().replace('_', ' ')} |" for code in Code if code]
    return head + start + "\n" + "\n".join(lines) + "\n" + end + tail


def tests_by_operation() -> dict[str, str]:
    """operation -> the first test that calls it through the published client; a file where a table of it does"""
    by_test: dict[str, str] = {}
    by_file: dict[str, str] = {}
    for path in sorted(SMSCX_TESTS.glob("test_*.py"), key=lambda path: (path.name == "test_bad_input.py", path.name)):
        if path.name == "test_client_requests.py":
            continue
        for node in ast.parse(path.read_text()).body:
            name = getattr(node, "name", "")
            called = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            called |= {operation for operation, test in ON_THE_WIRE.items() if test == name}
            if name.startswith("test_"):
                by_test = {each: f"`{path.name}`: {name.removeprefix('test_')}" for each in called} | by_test
            else:
                by_file = dict.fromkeys(called, f"`{path.name}`") | by_file
    return by_file | by_test


def django_page(current: str) -> str:
    """The page with the table of the app's settings between its markers."""
    start, end = "<!-- settings -->", "<!-- /settings -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    lines = ["| key | default | meaning | in pymess, after `PYMESS_` |", "|---|---|---|---|"]
    for name, setting in DJANGO_SETTINGS.items():
        default = "the dummy one" if name == "BACKENDS" else f"`{setting.default!r}`"
        theirs = "`SMS_BACKENDS`, `SMS_SENDER_BACKEND`" if name == "BACKENDS" else f"`{setting.pymess}`"
        known = theirs if name == "BACKENDS" or setting.pymess else ""
        lines.append(f"| `{name}` | {default} | {setting.help} | {known} |")
    return head + start + "\n" + "\n".join(lines) + "\n" + end + tail


def settings_page(_current: str) -> str:
    lines = [
        "# Settings",
        "",
        "From a TOML file (`--config FILE` or `HELIOGRAPH_CONFIG`), then the environment (`HELIOGRAPH_` and the",
        "name in capitals), then the command line; the last one wins. `heliograph config` prints what is in force.",
        "This page is generated from `runtime/settings.py`.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |" for name, default, meaning in reference()
    ]
    return "\n".join(lines) + "\n"


def errors_page(_current: str) -> str:
    lines = [
        "# Errors",
        "",
        "What the native API answers and the SDK raises (`heliograph.errors`). `code` never changes its meaning.",
        "This page is generated from `domain/errors.py`.",
        "",
        "| code | HTTP | retry | what it means | what to do |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{kind.code}` | {kind.http_status} | {'yes' if kind.retryable else ''} | {summary(kind)} | {kind.hint} |"
        for kind in public_errors()
    ]
    return "\n".join(lines) + "\n"


def public_errors() -> list[type[errors.HeliographError]]:
    """Every error of the tree that can reach a customer, parents first."""
    found: list[type[errors.HeliographError]] = []
    waiting = [errors.RequestError, errors.NotNow, errors.InternalError]
    while waiting:
        kind = waiting.pop(0)
        if kind.__module__ == errors.__name__:
            found.append(kind)
        waiting = [*kind.__subclasses__(), *waiting]
    return found


def summary(kind: type[errors.HeliographError]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def providers_page(current: str) -> str:
    """The page with the table of what each HTTP status means between its markers."""
    start, end = "<!-- answers -->", "<!-- /answers -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    named: dict[str, list[str]] = {}
    for status, meaning in answers.MEANINGS.items():
        named.setdefault(meaning.why, []).append(str(status))
    for digit, meaning in answers.CLASSES.items():
        named.setdefault(meaning.why, []).append(f"other {digit}xx")
    named[answers.meaning_of_status(0).why].append("all that HTTP does not know")
    lines = ["| HTTP status | what it means for the messages of the request |", "|---|---|"]
    lines += [f"| {', '.join(statuses)} | {why} |" for why, statuses in named.items()]
    return head + start + "\n" + "\n".join(lines) + "\n" + end + tail


def limits_page(current: str) -> str:
    """The page with every list and map of every request between its markers."""
    start, end = "<!-- limits -->", "<!-- /limits -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    lines = ["| operation | field | items |", "|---|---|---|"]
    for mount, operations in REQUESTS.items():
        for operation in operations:
            found = [] if operation.request is None else collections_of(operation.request)
            lines += [f"| `{operation.method} {mount}{operation.path}` | `{path}` | {most:,} |" for path, most in found]
    return head + start + "\n" + "\n".join(lines) + "\n" + end + tail


REQUESTS = {
    API_MOUNT: NATIVE,
    Xms.mount: XMS,
    Smscx.mount: OPERATIONS,
    Smsdrop.mount: SMSDROP,
}
"""Where requests are JSON."""
PAGES: dict[str, Callable[[str], str]] = {
    "architecture.md": architecture,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "django.md": django_page,
    "smscx.md": smscx_page,
    "providers.md": providers_page,
    "limits.md": limits_page,
}


def main() -> int:
    stale = []
    for name, generate in PAGES.items():
        page = DOCS / name
        current = page.read_text() if page.exists() else ""
        wanted = generate(current)
        if wanted == current:
            continue
        if "--check" in sys.argv:
            stale.append(name)
        else:
            page.write_text(wanted)
    if stale:
        sys.stderr.write(f"not current: {', '.join(stale)}; run `make generate`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
