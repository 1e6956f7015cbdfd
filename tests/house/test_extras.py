"""What has to be installed for what: the SDK and the clients need little, and nothing of a server."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions

import pytest
from tests.importing import ROOT, libraries, loaded_with, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

CLIENTS = [name for name in modules() if re.fullmatch(r"heliograph\.protocols\.\w+\.(async_)?client", name)]
PROVIDERS = [name for name in modules() if re.fullmatch(r"heliograph\.protocols\.\w+\.provider", name)]
#: What is installed -> the modules that somebody then imports.
ENTRIES = {
    "": ["heliograph", "heliograph.sdk", "heliograph.webhooks", "heliograph.cli", *CLIENTS],
    "providers": ["heliograph.protocols.providers", *PROVIDERS],
    "django": [name for name in modules() if name.startswith("heliograph.django")],
    "server": ["heliograph.cli.commands", "heliograph.runtime.serve", "heliograph.runtime.administration"],
}
#: They are taken by name, or only by what we import.
WITHOUT_IMPORT = {"asyncpg", "greenlet", "httptools", "tzdata", "uvloop"}
#: What one rare function imports, and another extra brings.
RARE = {"botocore", "cryptography", "openpyxl", "redis", *packages_distributions().get("opentelemetry", ())}
#: A client knows these rules by what belongs to them, and calls none that asks the numbering plans.
NOT_CALLED = {"": {"phonenumbers"}, "django": {"xlsxwriter"}}
#: structlog shows tracebacks by them, where they are installed.
TAKEN_WHERE_FOUND = {"greenlet", "rich"}


def required(extra: str) -> set[str]:
    """The distributions that an extra names, with those of the extras in it, and of the package itself."""
    optional = PROJECT["optional-dependencies"]
    found = set(PROJECT["dependencies"])
    todo = [extra] if extra else []
    while todo:
        for each in optional[todo.pop()]:
            nested = re.fullmatch(r"heliograph\[([\w,]+)\]", each)
            todo += nested[1].split(",") if nested else []
            found |= set() if nested else {each}
    return {distribution(each) for each in found}


def distribution(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@cache
def distributions() -> dict[str, set[str]]:
    """What is imported by a name -> what brings it, of what is installed here."""
    return {name: {distribution(each) for each in found} for name, found in packages_distributions().items()}


def brought_by(libraries: Iterable[str]) -> Iterator[str]:
    """The distributions of what is imported; the standard library has none."""
    for name in libraries:
        if name not in sys.stdlib_module_names:
            yield from distributions().get(name, {f"{name} (not installed here)"})


def imported_as(names: set[str]) -> set[str]:
    return {name for name, found in distributions().items() if found & names}


def reached(extra: str) -> set[str]:
    """Our modules that run with what the extra brings. A command imports what it needs when it is called."""
    return loaded_with(ENTRIES[extra], lambda each: each.at_once | (each.later if extra == "server" else frozenset()))


@pytest.mark.parametrize("extra", ENTRIES)
def test_what_is_imported_is_installed(extra: str) -> None:
    loaded = reached(extra)

    at_once = set(brought_by(libraries(loaded, lambda each: each.at_once)))
    later = set(brought_by(libraries(loaded, lambda each: each.later)))

    assert at_once - required(extra) == set()
    assert later - required(extra) - RARE - NOT_CALLED.get(extra, set()) == set()


@pytest.mark.parametrize("extra", ENTRIES)
def test_what_is_installed_is_imported(extra: str) -> None:
    loaded = reached(extra)

    imported = set(brought_by(libraries(loaded, lambda each: each.at_once | each.later)))

    assert required(extra) - required("") - imported - WITHOUT_IMPORT == set()


IMPORTING = """
import importlib, sys
{before}
for name in sys.argv[1].split(","):
    importlib.import_module(name)
    for each in sorted(set(sys.argv[2].split(",")) & {{each.partition(".")[0] for each in sys.modules}}):
        sys.exit(f"{{name}} loads {{each}}")
"""
DJANGO = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "heliograph.django"])
django.setup()
"""


@pytest.mark.parametrize(
    ("names", "extra", "before"),
    [
        (ENTRIES[""], "", ""),
        (ENTRIES["providers"], "providers", ""),
        (["heliograph.django.sending", "heliograph.django.views"], "django", DJANGO),
    ],
    ids=["clients", "providers", "django"],
)
def test_importing_it_loads_nothing_of_a_server(names: list[str], extra: str, before: str) -> None:
    """All in one process, as none may load it; the first that does is named."""
    others = imported_as(required("server") - required(extra)) - TAKEN_WHERE_FOUND
    assert {"sqlalchemy", "starlette", "alembic", "uvicorn", "obstore", "jinja2", "prometheus_client"} <= others
    command = [sys.executable, "-c", IMPORTING.format(before=before), ",".join(names), ",".join(sorted(others))]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_a_client_loads_neither_the_other_client_nor_the_numbering_plans() -> None:
    """Whoever sends one message from a script waits for what is imported."""
    loaded = loaded_with(["heliograph", "heliograph.sdk.client"])

    assert "heliograph.sdk.resources.messages" in loaded
    assert [name for name in loaded if re.match(r"heliograph\.(numbers|sdk\.async|text|contactfiles)", name)] == []
