"""The direction of the house: what each room may know of the others, and which libraries are at home where."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.importing import OURS, imports_of, module_of, modules, parsed

from heliograph.protocols.registry import SERVED

#: From the ground up: a room, and what it may know of the rooms before it, or of one part of them. A module is in the
#: room with the longest name that its own begins with. NAME is a protocol's, on both sides the same.
KNOWS = {
    "numbers": "",
    "text": "numbers",
    "domain": "numbers text",
    "contactfiles": "domain",
    "calling": "domain.errors",
    "store": "domain numbers",
    "engine.contract": "domain",
    "engine.provided": "engine.contract",
    "engine": "calling contactfiles domain engine.contract numbers store",
    # The sides that send. Nothing of a server is loaded with them.
    "protocols": "",
    "protocols.shared": "calling domain engine.contract engine.handing",
    "protocols.NAME": "calling contactfiles domain engine.provided numbers protocols.shared text",
    "sandbox.chaos": "",
    "api.wire": "domain",
    "sdk": "api.wire calling domain.errors sandbox.chaos",
    "protocols.NAME.provider": "api.wire calling domain engine.contract engine.provided numbers protocols.NAME"
    " protocols.shared sdk.calls text",
    "protocols.NAME.checking": "domain engine.contract engine.provided numbers protocols.NAME protocols.NAME.provider",
    "protocols.providers": "engine.provided protocols.NAME.provider",
    # The server.
    "services": "calling contactfiles domain engine numbers store text",
    "doors": "domain engine.callbacks engine.contract numbers sandbox.chaos services",
    "sandbox": "calling domain engine engine.contract numbers sandbox.chaos services store text",
    "api": "api.wire doors domain numbers sandbox.chaos sandbox.handsets sandbox.phones services",
    "public": "domain doors services",
    "protocols.NAME.door": "calling.requested domain doors engine.callbacks engine.sessions engine.sinks numbers"
    " protocols.NAME protocols.shared sandbox.chaos services text",
    "protocols.registry": "api.keys domain doors.served protocols.NAME.door services.key_kinds",
    # What people and projects see of it.
    "console": "domain doors numbers sandbox sandbox.chaos services",
    "django": "calling domain engine.contract engine.foreign engine.handing engine.provided numbers protocols.providers"
    " services.exports text",
    "runtime": "api calling.private_files console domain doors engine engine.contract engine.provided numbers"
    " protocols.providers protocols.registry public sandbox sandbox.chaos services store",
    "cli": "api.wire contactfiles domain numbers protocols.NAME.checking protocols.NAME.provider runtime sdk"
    " services.exports text",
    "webhooks": "api.wire domain",
    "testing": "api.wire domain.errors sdk",
    "pytest_plugin": "testing",
    "embedded": "api.keys domain runtime sandbox sdk store",
    "heliograph": "domain.errors embedded sdk",
    "__main__": "cli",
}
ALLOWED = {room: frozenset(others.split()) for room, others in KNOWS.items()}
#: What everybody may know of the package itself.
EVERYBODYS = {"__version__"}

#: Each library has one home, or serves everywhere.
EVERYWHERE = {"msgspec"}
HOMES = {
    "aiohttp": "calling.pooled engine.addresses engine.callbacks",
    "alembic": "store",
    "anyascii": "text",
    "anyio": "calling.transport protocols.NAME.storages sdk.transport",
    "argon2": "domain.accounts",
    "asgiref": "django",
    "asyncpg": "",  # SQLAlchemy imports it
    "botocore": "protocols.NAME.signing",
    "cryptography": "domain.seals protocols.NAME.notifications runtime.tls services.totp",
    "django": "django",
    "httpx2": "calling.transport embedded",
    "itsdangerous": "console",
    "jinja2": "console public",
    "markupsafe": "console",
    "joserfc": "services.id_tokens",
    "obstore": "store.files",
    "openpyxl": "contactfiles.workbooks",
    "opentelemetry": "runtime",
    "phonenumbers": "numbers",
    "platformdirs": "runtime sdk",
    "prometheus_client": "engine.metrics runtime",
    "pytest": "pytest_plugin",
    "redis": "protocols.NAME.storages",
    "rich": "cli",
    "sqlalchemy": "store",
    "sqlite3": "store.sqlite store.copies store.disk",
    "starlette": "api.server api.streams console doors protocols.NAME.door public runtime",
    "structlog": "console django doors engine protocols.NAME.door protocols.NAME.provider runtime sandbox",
    "typer": "cli",
    "ua_parser": "services.agents",
    "uvicorn": "runtime",
    "uvloop": "runtime",
    "xlsxwriter": "services.exports",
    "xml": "protocols",
    "yarl": "calling engine.addresses engine.callbacks",
}


class Known(NamedTuple):
    """One import of ours in a module of ours; all names without the package's."""

    module: str
    name: str
    """Of the module that is imported."""


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@cache
def generally(name: str) -> str:
    """With NAME for the name of a protocol."""
    return re.sub(r"^protocols\.(?!shared|providers|registry)\w+", "protocols.NAME", name)


@cache
def room_of(module: str) -> str | None:
    found = [room for room in KNOWS if within(generally(module), room)]
    return max(found, key=len, default=None)


def short(name: str) -> str:
    """Without the package's name, unless it is the package."""
    return name.removeprefix(f"{OURS}.")


OUR_MODULES = [short(name) for name in modules()]


def ours() -> Iterator[Known]:
    """What our modules import of each other, also inside functions and for types only."""
    known = modules()
    for name, path in known.items():
        for imported in imports_of(path).all:
            if within(imported, OURS) and short(imported) not in EVERYBODYS:
                yield Known(short(name), short(module_of(imported, known) or imported))


def is_known(module: str, name: str) -> bool:
    """Whether a module may know another, by the rooms that they are in."""
    room, other = room_of(module), room_of(name)
    both_protocols = all(within(generally(each), "protocols.NAME") for each in (module, name))
    if both_protocols and module.split(".")[1] != name.split(".")[1]:
        return False
    allowed = ALLOWED.get(room or "", frozenset())
    return room == other or other in allowed or any(within(name, part) for part in allowed if part not in KNOWS)


def parts_of(name: str) -> list[str]:
    """The names that this one begins with, from the shortest."""
    words = name.split(".")
    return [".".join(words[: place + 1]) for place in range(len(words))]


def test_every_module_is_in_a_room_and_every_room_has_modules() -> None:
    assert [module for module in OUR_MODULES if room_of(module) is None] == []
    assert KNOWS.keys() - {room_of(module) for module in OUR_MODULES} == set()


def test_a_room_knows_only_what_is_said_of_it() -> None:
    too_much = {f"{module} must not know {name}" for module, name in ours() if not is_known(module, name)}

    assert sorted(too_much) == []


def test_what_a_room_may_know_is_below_it() -> None:
    floors = list(KNOWS)

    above = [
        f"{room}: {other}"
        for room, others in ALLOWED.items()
        for other in others
        if floors.index(str(room_of(other))) >= floors.index(room)
    ]

    assert above == []


def test_a_room_that_no_longer_needs_to_know_another_may_not() -> None:
    needed = {(room_of(module), part) for module, name in ours() for part in (room_of(name), *parts_of(name))}

    unused = [f"{room}: {other}" for room, others in ALLOWED.items() for other in others if (room, other) not in needed]

    assert unused == []


def libraries_used() -> Iterator[tuple[str, str]]:
    """A module of ours, and a library that it imports, also inside functions and for types only."""
    for module, path in modules().items():
        for library in {name.partition(".")[0] for name in imports_of(path).all} - {OURS}:
            if library in HOMES or library not in sys.stdlib_module_names | EVERYWHERE:
                yield short(module), library


def test_a_library_is_used_in_its_own_home_only() -> None:
    strangers = [
        f"{module} uses {library}"
        for module, library in libraries_used()
        if not any(within(generally(module), home) for home in HOMES.get(library, "").split())
    ]

    assert sorted(strangers) == []


def test_in_every_home_its_library_is_used() -> None:
    used = {(library, part) for module, library in libraries_used() for part in parts_of(generally(module))}

    empty = [
        f"{library}: {home}"
        for library, homes in HOMES.items()
        for home in homes.split()
        if (library, home) not in used
    ]

    assert empty == []


def test_what_may_not_be_known_is_found() -> None:
    assert is_known("protocols.xms.door.server", "protocols.xms.wire")
    assert not is_known("protocols.xms.door.server", "protocols.twilio.wire")
    assert not is_known("protocols.xms.client", "protocols.xms.door.shapes")
    assert not is_known("sdk.client", "domain.batches")
    assert not is_known("engine.dispatch", "services.batches")
    assert room_of("cellar.shelf") is None


SERVED_NAMES = {protocol.name for protocol in SERVED}
VENDORS_KEY = re.compile(r"[a-z]{2,}[A-Z][a-z]\w*")
"""A name as vendors write the fields of their JSON, such as `receiveCallback`: ours have underscores."""


def test_services_know_no_protocol() -> None:
    known = []
    for name, path in modules().items():
        if within(short(name), "services"):
            nodes = list(ast.walk(parsed(path)))
            texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
            names = {node.attr.lower() for node in nodes if isinstance(node, ast.Attribute)}
            known += [f"{name}: {word}" for word in (texts | names) & SERVED_NAMES]
            known += [f"{name}: {text}" for text in texts if VENDORS_KEY.fullmatch(text)]

    assert known == []
