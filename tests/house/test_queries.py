"""Every query of a table that belongs to accounts carries the account; the others say that they span accounts.

What is looked at is the source: each SELECT, UPDATE and DELETE, with what its function makes it of. The account is in
it where it compares a column `account_id`, or where it is handed on, with an account, to a function that does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.importing import ROOT, parsed

from heliograph.store.schema import metadata

STORE = ROOT / "src" / "heliograph" / "store"
#: They say what tables and statements are, and have no queries of their own.
NO_QUERIES = {"schema", "tx"}
OWNED = {table.name for table in metadata.sorted_tables if "account_id" in table.c}
#: Rows of these are found by what belongs to an account, or belong to nobody.
WITHOUT_ACCOUNT = {
    *(
        "accounts",
        "attempts",
        "audit_head",
        "early_receipts",
        "group_children",
        "import_changes",
        "import_rejects",
        "group_members",
        "inbound_parts",
        "long_inbound",
    ),
    *(
        "connected_keys",
        "leases",
        "paces",
        "people",
        "polls",
        "processes",
        "recovery_codes",
        "ref_keys",
        "retention_held",
    ),
    *("retention_walks", "sessions", "settings", "text_words"),
    *("person_links", "used_states", "files", "file_pieces"),
}
SAYS_SO = "pans accounts"
#: What they write by its key was read under the account, and locked, in the same transaction.
LOCKED_BEFORE = {"rewriting._put", "replacing._renew"}
_STATEMENTS = {"select", "update", "delete"}
_MEMBERSHIP = {"among", "one_or_among", "in_"}


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def compares_account(node: ast.AST) -> bool:
    """A column `account_id` is held against something."""
    for part in ast.walk(node):
        held: tuple[ast.AST, ...] = ()
        if isinstance(part, ast.Compare):
            held = (part.left, *part.comparators)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _MEMBERSHIP:
            held = (part.func.value, *part.args[:1])
        if any(map(is_account_column, held)):
            return True
    return False


def is_account_column(node: ast.AST) -> bool:
    """`table.c.account_id`, or `columns.account_id` where those of a table have a shorter name."""
    if not (isinstance(node, ast.Attribute) and node.attr == "account_id"):
        return False
    of_table = isinstance(node.value, ast.Attribute) and node.value.attr == "c"
    return of_table or (isinstance(node.value, ast.Name) and node.value.id == "mine")


class Statement(NamedTuple):
    where: str
    tables: frozenset[str]
    has_account: bool


class Function:
    """One of a module of the store, with what its statements are made of."""

    def __init__(self, module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.module, self.node = module, node
        self.name = f"{module.name}.{node.name}"
        self.assigned: dict[str, list[ast.expr]] = {}
        for part in ast.walk(node):
            if isinstance(part, ast.Assign):
                for name in {name for target in part.targets for name in names_in(target)}:
                    self.assigned.setdefault(name, []).append(part.value)
        self.parents = {child: part for part in ast.walk(node) for child in ast.iter_child_nodes(part)}

    @cached_property
    def spans_accounts(self) -> bool:
        """It says so, or it is a part of functions that do."""
        if SAYS_SO in (ast.get_docstring(self.node) or ""):
            return True
        callers = [each for each in self.module.functions if self.node.name in names_in(each.node) and each is not self]
        return self.node.name.startswith("_") and bool(callers) and all(each.spans_accounts for each in callers)

    def statements(self) -> Iterator[Statement]:
        for call in (part for part in ast.walk(self.node) if isinstance(part, ast.Call)):
            where = f"{self.name}, line {call.lineno}"
            if isinstance(call.func, ast.Name) and call.func.id in _STATEMENTS:
                yield Statement(where, self._tables(call), self._has_account(call))
            elif isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "tx.update":  # rows by their key
                table, rows = call.args[:2]
                of_account = self._keys_of(rows) == {"account_id"} or self.name in LOCKED_BEFORE
                yield Statement(where, self._tables(table), of_account)

    def _keys_of(self, rows: ast.AST) -> set[str]:
        """The first fields of the types of rows that are made for a chunk."""
        seen, _ = self._meant_by(rows)
        return {self.module.first_fields[name] for name in seen & self.module.first_fields.keys()}

    def _tables(self, node: ast.AST) -> frozenset[str]:
        """Of a SELECT that has only a few columns, or counts, the tables stand in what is made of it."""
        found = self._meant_by(node)[0] & metadata.tables.keys()
        return frozenset(found or self._meant_by(self._whole(node))[0] & metadata.tables.keys())

    def _has_account(self, call: ast.Call) -> bool:
        whole = self._whole(call)
        if any(map(compares_account, (whole, *self._meant_by(whole)[1]))):
            return True
        statement = self.parents[whole]
        further = names_in(ast.Tuple(statement.targets)) if isinstance(statement, ast.Assign) else set()
        used = [part for part in self._expressions() if names_in(part) & further]
        return any(map(compares_account, used)) or any(
            self._hands_on(part, call, further) for part in ast.walk(self.node) if isinstance(part, ast.Call)
        )

    def _hands_on(self, call: ast.Call, statement: ast.Call, further: set[str]) -> bool:
        """A function of this module that compares it gets the statement, or what it is called, and an account."""
        if not isinstance(call.func, ast.Name) or call is statement:
            return False
        comparing = any(
            each.node.name == call.func.id and compares_account(each.node) for each in self.module.functions
        )
        gets_it = bool(names_in(call) & further) or any(part is statement for part in ast.walk(call))
        return comparing and gets_it and any("account_id" in ast.unparse(argument) for argument in call.args)

    def _whole(self, node: ast.AST) -> ast.AST:
        """The whole expression that something stands in."""
        while isinstance(self.parents[node], ast.expr | ast.keyword | ast.Starred):
            node = self.parents[node]
        return node

    def _expressions(self) -> Iterator[ast.expr]:
        """The whole ones of all statements."""
        for part in ast.walk(self.node):
            if isinstance(part, ast.expr) and not isinstance(self.parents[part], ast.expr):
                yield part

    def _meant_by(self, node: ast.AST) -> tuple[set[str], list[ast.expr]]:
        """The names in an expression, with those that they stand for; and what these are."""
        seen: set[str] = set()
        meant: list[ast.expr] = []
        todo = names_in(node)
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                values = self.assigned.get(name) or self.module.assigned.get(name, [])
                meant += values
                todo |= {inner for value in values for inner in names_in(value)}
        return seen, meant


class Module:
    def __init__(self, path: Path) -> None:
        self.name = path.stem
        body = parsed(path).body
        self.first_fields = {
            top.name: ast.unparse(field.target)
            for top in body
            if isinstance(top, ast.ClassDef)
            and (field := next((part for part in top.body if isinstance(part, ast.AnnAssign)), None)) is not None
        }
        assigned = [node for node in body if isinstance(node, ast.Assign)]
        self.assigned = {ast.unparse(target): [node.value] for node in assigned for target in node.targets}
        self.functions = [
            Function(self, node)
            for top in body
            for node in (top.body if isinstance(top, ast.ClassDef) else [top])
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]


def without_account(modules: Iterable[Module]) -> list[str]:
    return [
        f"{statement.where}: {', '.join(sorted(statement.tables & OWNED))}"
        for module in modules
        for function in module.functions
        if not function.spans_accounts
        for statement in function.statements()
        if statement.tables & OWNED and not statement.has_account
    ]


MODULES = [Module(path) for path in sorted(STORE.glob("*.py")) if path.stem not in NO_QUERIES]


def test_each_table_has_an_account_or_is_known_to_have_none() -> None:
    assert metadata.tables.keys() - OWNED == WITHOUT_ACCOUNT


def test_every_query_of_an_accounts_table_has_the_account_or_says_that_it_spans_them() -> None:
    assert without_account(MODULES) == []


def test_every_table_of_accounts_has_queries_that_were_looked_at() -> None:
    found = [each for module in MODULES for function in module.functions for each in function.statements()]

    assert OWNED - {name for each in found for name in each.tables} == set()
    assert sum(each.has_account for each in found) > 100


def test_what_would_reach_into_another_account_is_found(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text('''
_COLUMNS = (messages.c.id,)
_MINE = "account_id"

def by_id(tx, account_id, message_id):
    return tx.first(select(*_COLUMNS).where(messages.c.id == message_id))

def in_two_steps(tx, account_id, batch_id):
    query = select(*_COLUMNS).where(messages.c.account_id == account_id)
    tx.rows(query)
    tx.run(update(messages).where(messages.c.batch_id == batch_id).values(status="sent"))

def with_a_helper(tx, account_id, wanted):
    return tx.rows(_filtered(select(*_COLUMNS), account_id, wanted))

def without_it(tx, account_id, wanted):
    return tx.rows(_filtered(select(*_COLUMNS), None, wanted))

def _filtered(query, account_id, wanted):
    return query.where(messages.c.account_id == account_id)

def in_chunks(tx, rows):
    tx.update(messages, rows)

class _Balance(Row):
    account_id: str
    amount: int

class _Status(Row):
    id: str
    status: str

def by_account(tx, amounts):
    rows = [_Balance(account_id, amount) for account_id, amount in amounts]
    tx.update(balances, rows)

def by_identifier(tx, ids):
    tx.update(messages, [_Status(one, "sent") for one in ids])

def for_the_engine(tx, message_ids):
    """Deletes. Spans accounts."""
    _delete(tx, message_ids)

def _delete(tx, message_ids):
    tx.run(delete(messages).where(tx.among(messages.c.id, message_ids)))
''')

    found = [line.split(",")[0] for line in without_account([Module(path)])]

    assert found == [
        "sample.by_id",
        "sample.in_two_steps",
        "sample.without_it",
        "sample.in_chunks",
        "sample.by_identifier",
    ]
