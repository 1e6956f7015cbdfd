"""A docstring of a function begins with a verb in the imperative: in an editor it is read without its neighbours."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.importing import ROOT, modules, parsed

ROOMS = {
    "calling",
    "cli",
    "console",
    "doors",
    "engine",
    "numbers",
    "public",
    "runtime",
    "sandbox",
    "services",
    "text",
}
"""Rooms of the package whose docstrings are held to it."""

_VERBS = """
    Accept Add Advance Allow Answer Apply Ask
    Begin Build
    Call Cancel Change Check Choose Claim Close Collect Compare Compile Convert Count Create Cut
    Decide Decode Define Delete Deliver Dispatch Do
    Encode End Exchange Explain
    Fill Find Follow Forget Format
    Get Give Go
    Hand Have Hold
    Insert Issue
    Join
    Keep
    Lease Leave Let Limit List Listen Load Lock Log Look
    Make Mark Mask Measure Move
    Name Note
    Offer Open Operate
    Pack Pair Parse Prepare Print Push Put
    Raise Rank Read Record Release Remove Render Rent Replace Report Requeue Restore Return Revoke Romanise Route Run
    Say Schedule Select Send Serve Set Show Sign Split Start Stop Store Subscribe Sum
    Take Tell Try Turn
    Undo Unpack Update
    Wait Wake Watch Write
    Yield
"""
VERBS = frozenset(_VERBS.split())
"""What a docstring may begin with. A new verb goes here, if it says what the function does to who calls it."""


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_every_docstring_of_a_function_begins_with_a_verb(room: str) -> None:
    strangers = [
        f"{path.relative_to(ROOT)}:{line} begins with {word!r}"
        for name, path in modules().items()
        if f"{name}.".startswith(f"heliograph.{room}.")
        for line, word in first_words(path)
        if word not in VERBS
    ]

    assert strangers == []


def first_words(path: Path) -> list[tuple[int, str]]:
    """The line and the first word of the docstring of each function, method and property that has one."""
    documented = (
        (node.lineno, ast.get_docstring(node))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [(line, docstring.split(maxsplit=1)[0].rstrip(".,:;")) for line, docstring in documented if docstring]


def test_every_room_that_is_held_to_it_has_docstrings() -> None:
    found = {name.split(".")[1] for name, path in modules().items() if name.count(".") and first_words(path)}

    assert found >= ROOMS
