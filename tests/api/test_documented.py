"""The page about the native API and its table of operations name the same requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from heliograph.api.operations import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
_ROW = re.compile(r"^\| (`(?:GET|POST|PUT|PATCH|DELETE)\b[^|]*) \|", re.MULTILINE)
_REQUEST = re.compile(r"`(GET|POST|PUT|PATCH|DELETE)(?: ([^`?]+)[^`]*)?`")

SERVED = {(operation.method, re.sub(r"{\w+}", "{}", operation.path)) for operation in OPERATIONS}


def documented() -> Iterator[tuple[str, str]]:
    """Each request that a table of the page names. One without a path has the path of the one before it; `…` stands for
    as much of that as makes an operation."""
    for row in _ROW.findall(PAGE.read_text()):
        before = ""
        for method, written in _REQUEST.findall(row):
            path = re.sub(r"{\w+}", "{}", written) or before
            if path.startswith("…"):
                parts = before.split("/")
                meant = ["/".join(parts[:count]) + path[1:] for count in range(len(parts), 0, -1)]
                path = next((each for each in meant if (method, each) in SERVED), path)
            yield method, path
            before = path


def test_the_page_names_every_operation_and_no_other() -> None:
    named = list(documented())

    assert set(named) == SERVED
    assert len(named) == len(SERVED)
