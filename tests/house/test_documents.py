"""What the documents say is where, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "heliograph"
_CELL = re.compile(r"\| `([\w/.]+)` \|$", re.MULTILINE)
_ROOM = re.compile(r"^\| `([\w/]+/)` \| (.*)\|$", re.MULTILINE)
_FILE = re.compile(r"`([\w/]+\.py)`")


def test_the_glossary_says_where_each_thing_is() -> None:
    places = _CELL.findall((ROOT / "docs" / "glossary.md").read_text())

    assert len(places) > 50
    assert [place for place in places if not (SOURCE / place).exists()] == []


def test_each_word_of_the_glossary_has_one_line() -> None:
    words = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    words = [word for word in words if word not in {"word", "---"}]

    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize(("room", "about"), _ROOM.findall((ROOT / "docs" / "architecture.md").read_text()))
def test_the_files_that_the_architecture_names_are_there(room: str, about: str) -> None:
    named = _FILE.findall(about)

    missing = [name for name in named if not ((SOURCE / room / name).exists() or (SOURCE / name).exists())]

    assert missing == []


def test_each_test_that_a_promise_of_security_names_is_there() -> None:
    rows = re.findall(r"^\| (.+) \| (`tests/.+) \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    named = {path: promise for promise, tests in rows for path in re.findall(r"`([^`]+)`", tests)}

    assert len(rows) > 20
    assert {path: promise for path, promise in named.items() if not list(ROOT.glob(f"{path.rstrip('/')}*"))} == {}
