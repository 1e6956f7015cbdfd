"""Each of the 43 traps of SMPP has its tests, and they are where the table says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tests.protocols.smpp.traps import TRAPS

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"test_trap_([0-9]+(?:_and_[0-9]+)*)_")


@cache
def names_in(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_no_trap_is_left_out() -> None:
    assert list(TRAPS) == list(range(1, 44))


@pytest.mark.parametrize("number", TRAPS)
def test_a_trap_has_tests_that_are_there(number: int) -> None:
    named = {(path, test) for path, tests in TRAPS[number].tests.items() for test in tests}

    assert any(_NAMED.match(test) for _, test in named)
    assert {(path, test) for path, test in named if test not in names_in(ROOT / path)} == set()


def test_each_test_that_is_named_after_a_trap_stands_in_the_table() -> None:
    found = {
        (int(number), str(path.relative_to(ROOT)), test)
        for path in (ROOT / "tests").rglob("test_*.py")
        for test in names_in(path)
        if (named := _NAMED.match(test)) is not None
        for number in named[1].split("_and_")
    }

    told = {(number, path, test) for number, trap in TRAPS.items() for path in trap.tests for test in trap.tests[path]}
    assert found <= told
