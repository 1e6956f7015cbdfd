"""What a door keeps with a batch or a recipient for itself is handed on by everybody else, and read by nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tests.importing import ROOT, modules, parsed

SOURCE = ROOT / "src" / "heliograph"
FACTS = {"door_facts", "recipient_facts"}
#: Where a text is looked up by its recipient, to be stored with the message.
STORES = "heliograph.store.batches"
#: Where the columns are named in which an erased number may stand, whatever they mean.
ERASES = "heliograph.store.erasing"


def looks_into(tree: ast.Module) -> Iterator[tuple[int, bool]]:
    """Each place where facts are used other than to be handed on by their name, and whether a door reads them there."""
    handed_on = {
        id(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in FACTS
    }
    read = {
        id(given)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("FACTS.read")
        for given in node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in FACTS and id(node) not in handed_on:
            yield node.lineno, id(node) in read


def test_only_doors_look_into_their_facts() -> None:
    found = {
        f"{name}:{line}": read
        for name, path in modules().items()
        for line, read in looks_into(parsed(path))
        if name not in {STORES, ERASES}
    }

    assert {place for place, read in found.items() if not read or ".door." not in place} == set()
    assert len(found) >= 5  # of Twilio, SMS.CX, smsdrop (twice) and iSendPro


def test_the_store_keeps_what_stands_under_a_recipient_as_it_is() -> None:
    tree = parsed(SOURCE / "store" / "batches.py")

    functions = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for _ in looks_into(ast.Module([node], []))
    }

    assert functions == {"_noted", "batch_row", "missing_of"}


@pytest.mark.parametrize(
    "source",
    [
        "x = batch.door_facts",
        "if message.recipient_facts: pass",
        "Batch(title=draft.door_facts)",
        "json.loads(batch.door_facts)",
    ],
)
def test_looking_into_facts_is_noticed(source: str) -> None:
    assert [read for _, read in looks_into(ast.parse(source))] == [False]


def test_handing_facts_on_is_not_noticed() -> None:
    source = "Batch(door_facts=draft.door_facts)\nFACTS.read(batch.protocol, batch.door_facts)"

    assert [read for _, read in looks_into(ast.parse(source))] == [True]
