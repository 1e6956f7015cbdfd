"""Every query that a customer can reach carries the account; the others say that they span accounts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

STORE = Path(__file__).parents[2] / "src" / "heliograph" / "store"
#: Tables that belong to accounts, as the schema names them.
OWNED = {"batches", "messages", "inbound", "optouts", "events"}


def queries() -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for path in sorted(STORE.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "tx":
                found.append((path.stem, node))
    return found


def reads_owned_table(node: ast.FunctionDef) -> bool:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return "select" in names and bool(names & OWNED)


READERS = [(module, node) for module, node in queries() if not node.name.startswith("_") and reads_owned_table(node)]

#: They take messages or chunks that the engine already holds, whoever they belong to.
ENGINE_ONLY = {"lock_messages", "opted_out_among", "end_leases", "extend_leases", "unreported", "end_event_leases"}


@pytest.mark.parametrize(("module", "node"), READERS, ids=[f"{module}.{node.name}" for module, node in READERS])
def test_a_reader_of_owned_tables_takes_an_account_or_says_that_it_spans_them(
    module: str, node: ast.FunctionDef
) -> None:
    arguments = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    by_account = bool({"account_id", "account"} & arguments & used)
    says_so = "Spans accounts" in (ast.get_docstring(node) or "")

    assert by_account or says_so or node.name in ENGINE_ONLY


def test_there_are_readers_to_look_at() -> None:
    assert len(READERS) > 15
