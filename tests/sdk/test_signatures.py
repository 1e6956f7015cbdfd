"""What an editor and a type checker are told of the SDK, and what it costs to import."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import pytest

import heliograph
from heliograph import AsyncClient, Client, testing, webhooks
from heliograph.sdk import async_client, client
from heliograph.sdk.async_resources import listing as async_listing
from heliograph.sdk.resources import listing

RESOURCES = [
    kind
    for module in (client, async_client)
    for kind in vars(module).values()
    if inspect.isclass(kind) and "resources." in kind.__module__
]
PUBLIC = [*RESOURCES, Client, AsyncClient, listing.Listing, async_listing.AsyncListing, testing.Sms, testing.Inbox]
FUNCTIONS = [
    webhooks.parse,
    testing.sandbox,
    *(
        function
        for kind in dict.fromkeys(PUBLIC)
        for name, function in inspect.getmembers(kind, inspect.isfunction)
        if name == "__init__" or not name.startswith("_")
    ),
]


def mentioned(hint: Any) -> Iterator[Any]:
    """What a hint is made of."""
    yield hint
    for part in get_args(hint):
        for each in part if isinstance(part, list) else [part]:
            yield from mentioned(each)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: f"{function.__module__}.{function.__qualname__}")
def test_no_signature_has_anything_untyped(function: Callable[..., object]) -> None:
    hints = get_type_hints(function)
    parameters = {*inspect.signature(function).parameters} - {"self"}

    assert parameters - hints.keys() == set()
    assert "return" in hints
    assert not any(part is Any for hint in hints.values() for part in mentioned(hint))


def test_the_walk_finds_every_resource() -> None:
    with Client("http://127.0.0.1:1", "t") as made:
        resources = {type(value) for name, value in vars(made).items() if not name.startswith("_")}

    assert resources <= set(RESOURCES)
    assert len(resources) > 15


@pytest.mark.parametrize(("code", "most"), [("import heliograph", 60), ("from heliograph import Client", 400)])
def test_it_is_imported_with_few_modules(code: str, most: int) -> None:
    """A module costs half a millisecond or more; 27 and 307 were loaded when this was written."""
    counting = f"import sys; before = {{*sys.modules}}; {code}; print(len({{*sys.modules}} - before))"

    counted = subprocess.run([sys.executable, "-c", counting], capture_output=True, text=True, check=True).stdout

    assert int(counted) <= most


def test_the_package_itself_has_nothing_untyped() -> None:
    assert "Any" not in str(inspect.signature(heliograph.open))
