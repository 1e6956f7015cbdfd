"""A docstring of a function begins with a verb in the imperative: in an editor it is read without its neighbours."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.importing import ROOT, modules, parsed

ROOMS = {
    "api",
    "calling",
    "cli",
    "console",
    "contactfiles",
    "django",
    "domain",
    "doors",
    "engine",
    "numbers",
    "protocols",
    "public",
    "runtime",
    "sandbox",
    "sdk",
    "services",
    "store",
    "text",
}
"""Rooms of the package whose docstrings are held to it."""

_VERBS = """
    Accept Add Advance Allow Answer Append Apply Ask
    Begin Bring Build
    Call Cancel Change Charge Check Choose Claim Close Collect Combine Commit Compare Compile Compute Confirm
    Connect Convert Copy Count Create Cut
    Decide Declare Decode Define Delete Deliver Derive Describe Dispatch Do Download Draft Draw
    Encode End Enter Erase Estimate Exchange Execute Explain Extend
    Fetch Fill Find Finish Follow Forget Format
    Get Give Go Group
    Hand Hash Have Hold
    Import Insert Invite Issue Iterate
    Join
    Keep
    Launch Lead Lease Leave Let Limit List Listen Load Lock Log Look
    Make Mark Mask Measure Move
    Name Note
    Offer Open Operate Opt Overwrite
    Pack Pair Parse Pause Post Prepare Print Publish Push Put
    Quote
    Raise Rank Read Record Refuse Release Remove Render Renew Rent Replace Report Requeue Require Restore Resume
    Return Revoke Romanise Route Run
    Say Schedule Seal Select Send Serve Set Settle Shorten Show Sign Split Start Stop Store Stream Strip Subscribe
    Sum
    Take Tell Try Turn
    Undo Unpack Update Upload Use
    Wait Wake Warn Watch Wrap Write
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
