"""The texts of the console: every one of them has a name, and is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.importing import ROOT

from heliograph.console.texts import catalogue, text

CONSOLE = ROOT / "src" / "heliograph" / "console"
TEMPLATES = sorted((CONSOLE / "templates").glob("*.html"))
_NAMES = re.compile(r"""["']([a-z_]+\.[a-z_]*)(?:["']|\{)""")
_SPOKEN = re.compile(r'(?:title|aria-label|placeholder|alt)="[^"{]*[A-Za-z]{2}')


def used() -> set[str]:
    """Names of texts in templates and modules; one that ends with a dot or a line is the beginning of several."""
    files = [*TEMPLATES, *CONSOLE.rglob("*.py")]
    first_parts = {name.partition(".")[0] for name in catalogue()}
    found = {name for file in files for name in _NAMES.findall(file.read_text())}
    return {name for name in found if name.partition(".")[0] in first_parts and not name.endswith(".html")}


def test_every_text_that_is_used_is_there_and_every_one_there_is_used() -> None:
    beginnings = {name for name in used() if name.endswith((".", "_"))}
    exact = used() - beginnings

    assert sorted(exact - catalogue().keys()) == []
    unused = [name for name in catalogue() if name not in exact and not name.startswith(tuple(beginnings))]
    assert unused == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)
def test_a_template_has_no_words_of_its_own(template: Path) -> None:
    written = re.sub(r"{#.*?#}|{%.*?%}", "", template.read_text(), flags=re.DOTALL)
    written = re.sub(r"{{.*?}}", "{", written, flags=re.DOTALL)
    between = re.sub(r'<[^>]*>|[\w-]+="[^"]*"', " ", written)

    assert re.findall(r"[A-Za-z]{2,}", between.replace("UTC", "")) == []
    assert _SPOKEN.findall(written) == []


def test_a_number_is_written_with_its_thousands_apart_and_chooses_its_words() -> None:
    assert text("messages.part_count", count=1) == "1 part"
    assert text("messages.part_count", count=12_345) == "12,345 parts"
