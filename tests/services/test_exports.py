"""Exported tables: what a spreadsheet makes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from heliograph.services import exports
from heliograph.services.exports import Cell, as_csv, as_xlsx

HEADER = ("name", "number", "price")
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


async def chunks(*rows: Sequence[Cell]) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    for row in rows:
        yield [row]


async def written(content: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in content])


@given(st.sampled_from("=+-@|\t\r\n") | st.just(""), TEXTS)
async def test_no_cell_of_a_csv_file_begins_a_formula_and_nothing_else_is_changed(begins: str, text: str) -> None:
    content = await written(as_csv(HEADER, chunks([begins + text, "+33612345678", -0.5])))

    header, row = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == list(HEADER)
    assert row[1:] == ["+33612345678", "-0.5"]
    assert row[0] in {begins + text, "'" + begins + text}
    assert not row[0].startswith(("=", "@", "|", "\t", "\r", "\n"))
    assert row[0] == begins + text or (begins + text)[0] in "=+-@|\t\r\n"


async def test_in_a_workbook_texts_are_texts_and_numbers_numbers() -> None:
    content = await written(as_xlsx(HEADER, chunks(["=1+1", "+33612345678", 0.045], ["plain", None, 2])))

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    assert sheet.to_python() == [list(HEADER), ["=1+1", "+33612345678", 0.045], ["plain", "", 2.0]]


async def test_what_does_not_fit_goes_on_in_another_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_IN_A_SHEET", 3)

    content = await written(as_xlsx(["n"], chunks(*([place] for place in range(5)))))

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [workbook.get_sheet_by_index(place).to_python() for place in range(len(workbook.sheet_names))]
    assert sheets == [[["n"], [0.0], [1.0]], [["n"], [2.0], [3.0]], [["n"], [4.0]]]
