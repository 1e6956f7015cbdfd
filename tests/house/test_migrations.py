"""What a migration says of itself: whether processes of the version before can live with it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from heliograph.store import migrations
from heliograph.store.migrations import Kind, kind_of, pending

VERSIONS = Path(migrations.__file__).parent / "versions"
#: Those before it did not say what they are; nobody can be promised anything about them.
FIRST = "0021"
#: What adds to a schema, so that statements written for the one before still do what they did.
ADDING = {"create_table", "create_index", "add_column", "f"}


def operations(source: str) -> list[ast.Call]:
    return [
        call
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "op"
    ]


def what_others_cannot_live_with(source: str) -> list[str]:
    """The operations of a migration that change what was there, or that rows of the version before break."""
    wrong = []
    for call in operations(source):
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr not in ADDING:
            wrong.append(call.func.attr)
        elif call.func.attr == "add_column":
            text = ast.unparse(call)
            if "nullable=False" in text and "server_default=" not in text:
                wrong.append("add_column that a row must have")
        elif call.func.attr == "create_index" and "unique=True" in ast.unparse(call):
            wrong.append("create_index that is unique")
    return wrong


@pytest.mark.parametrize("revision", [each for each in pending(()) if each >= FIRST])
def test_what_old_processes_are_said_to_live_with_only_adds(revision: str) -> None:
    (path,) = VERSIONS.glob(f"{revision}_*.py")
    source = path.read_text()

    assert 'kind = "' in source, 'a migration says `kind = "expand"` or `kind = "contract"`'
    if kind_of(revision) is Kind.EXPAND:
        assert what_others_cannot_live_with(source) == []


def test_what_they_could_not_live_with_is_found() -> None:
    source = """
def upgrade():
    op.add_column("messages", Column("a", Text))
    op.add_column("messages", Column("b", Text, nullable=False, server_default=""))
    op.add_column("messages", Column("c", Text, nullable=False))
    op.create_index("d", "messages", ["a"], unique=True)
    op.drop_column("messages", "e")
    op.execute("UPDATE messages SET a = 'f'")
"""

    assert what_others_cannot_live_with(source) == [
        "add_column that a row must have",
        "create_index that is unique",
        "drop_column",
        "execute",
    ]
