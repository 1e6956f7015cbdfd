"""The direction of the house: a room knows only the rooms below it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from heliograph.protocols.registry import SERVED

SOURCE = Path(__file__).parents[2] / "src" / "heliograph"

#: From the ground up. A module may import from its own line and from those above it in this list.
FLOORS: list[tuple[str, ...]] = [
    ("text", "numbers"),
    ("domain",),
    ("store", "calling"),
    ("engine",),
    ("protocols", "api.wire"),  # the sides that send: all but the doors and the registry
    ("services",),
    ("doors", "sandbox"),
    ("api", "public", "protocols.DOOR"),
    ("protocols.registry",),
    ("console", "django"),
    ("runtime",),
    ("cli",),
]
#: Beside the house: the SDK knows the native API's shapes, the chaos setting, the errors, and nothing of a server.
SDK_KNOWS = ("sdk", "api.wire", "calling", "sandbox.chaos", "domain.errors")

#: Each library has one home.
HOMES = {
    "sqlalchemy": ("store",),
    "alembic": ("store",),
    "sqlite3": ("store",),
    "asyncpg": ("store",),
    "django": ("django",),
    "asgiref": ("django",),
    "starlette": ("doors", "api.server", "protocols", "public", "console", "runtime"),
    "uvicorn": ("runtime",),
    "uvloop": ("runtime",),
    "aiohttp": ("engine", "calling.pooled"),
    "httpx2": ("calling.transport",),
    "typer": ("cli",),
    "rich": ("cli",),
    "jinja2": ("public", "console"),
    "itsdangerous": ("console",),
    "phonenumbers": ("numbers",),
    "xlsxwriter": ("services.exports",),
    "obstore": ("store.files",),
    "ua_parser": ("services.agents",),
    "anyascii": ("text",),
    "prometheus_client": ("engine", "runtime"),
    "platformdirs": ("runtime", "sdk"),
    "redis": ("protocols.smsdrop.storages",),
    "argon2": ("domain.accounts",),
    "botocore": ("protocols.sns.signing",),
    "cryptography": ("domain.seals", "protocols.sns.notifications"),
    "xml": ("protocols",),
}


def modules() -> list[str]:
    found = []
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        if name and not name.startswith("store.migrations.versions") and name != "__main__":
            found.append(name)
    return sorted(found)


def tree_of(module: str) -> ast.Module:
    path = SOURCE / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text())


def imports_of(module: str) -> set[str]:
    """What a module imports, ours without the package's name, also inside functions; not what only types need."""
    found: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def floor_of(name: str) -> int | None:
    name = re.sub(r"^protocols\.\w+\.door\b", "protocols.DOOR", name)
    found = [(room, height) for height, rooms in enumerate(FLOORS) for room in rooms if within(name, (room,))]
    return max(found, key=lambda each: len(each[0]))[1] if found else None


OUR_MODULES = [module for module in modules() if module != "protocols"]


@pytest.mark.parametrize("module", [module for module in OUR_MODULES if not within(module, ("sdk", "cli"))])
def test_a_room_knows_only_the_rooms_below_it(module: str) -> None:
    height = floor_of(module)
    ours = {name.removeprefix("heliograph.") for name in imports_of(module) if name.startswith("heliograph.")}

    too_high = {name for name in ours if (floor_of(name) or 0) > (height if height is not None else -1)}

    assert height is not None, "a new room: give it a floor"
    assert not too_high


@pytest.mark.parametrize("module", [module for module in OUR_MODULES if within(module, ("sdk",))])
def test_the_sdk_knows_nothing_of_a_server(module: str) -> None:
    ours = {name.removeprefix("heliograph.") for name in imports_of(module) if name.startswith("heliograph.")}

    assert {name for name in ours if not within(name, (*SDK_KNOWS, "__version__"))} == set()


@pytest.mark.parametrize("module", OUR_MODULES)
def test_a_library_is_used_in_its_own_home_only(module: str) -> None:
    strangers = {
        library
        for library, homes in HOMES.items()
        if any(name == library or name.startswith(f"{library}.") for name in imports_of(module))
        and not within(module, homes)
    }

    assert not strangers


#: Whoever answers somebody outside: what they need of the store, services give them.
DOORS = ("api", "doors", "public", "console", "django", "protocols")


@pytest.mark.parametrize("module", [module for module in OUR_MODULES if within(module, DOORS)])
def test_a_door_reaches_the_store_through_services(module: str) -> None:
    assert {name for name in imports_of(module) if within(name, ("heliograph.store",))} == set()


SERVED_NAMES = {protocol.name for protocol in SERVED}
VENDORS_KEY = re.compile(r"[a-z]{2,}[A-Z][a-z]\w*")
"""A name as vendors write the fields of their JSON, such as `receiveCallback`: ours have underscores."""


@pytest.mark.parametrize("module", [module for module in OUR_MODULES if within(module, ("services",))])
def test_services_know_no_protocol(module: str) -> None:
    nodes = list(ast.walk(tree_of(module)))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {node.attr.lower() for node in nodes if isinstance(node, ast.Attribute)}

    assert {name for name in imports_of(module) if within(name, ("heliograph.protocols", "heliograph.api"))} == set()
    assert (texts | names) & SERVED_NAMES == set()
    assert {text for text in texts if VENDORS_KEY.fullmatch(text)} == set()
