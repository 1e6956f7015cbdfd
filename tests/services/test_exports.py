"""Exported tables: what a spreadsheet makes of them."""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
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
async def test_what_begins_a_cell_is_made_harmless_and_nothing_else_is_changed(begins: str, text: str) -> None:
    row = await read_back([begins + text, "+33612345678", -0.5, -1e-7, "-0.5"])

    assert row[1:] == ["+33612345678", "-0.5", "-1e-07", "-0.5"]
    assert row[0].replace("'", "") == (begins + text).replace("'", "")
    assert not row[0].startswith(("=", "@", "|", "\t", "\r", "\n"))


async def read_back(row: Sequence[Cell]) -> list[str]:
    content = await written(as_csv(HEADER, chunks(row)))
    header, back = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == list(HEADER)
    return back


NUMBER = re.compile(r"[+-][0-9]+(\.[0-9]+)?")
LOOKED_THROUGH = frozenset('"\u034f\u115f\u1160\u2800\u3164\uffa0\ufe0f\ufe00')


def is_taken_for_a_formula(cell: str) -> bool:
    """As the least careful program would: by the first character that can be seen, of whichever width."""
    while cell and (cell[0] in LOOKED_THROUGH or unicodedata.category(cell[0]) in {"Cc", "Cf", "Zs", "Zl", "Zp"}):
        cell = cell[1:]
    begins = unicodedata.normalize("NFKC", cell[:1])
    return begins in {*"=+-@|", "\u2212"} and NUMBER.fullmatch(cell.strip()) is None


def cells_of(content: str) -> Iterator[str]:
    """Every cell that any program could see: whatever it cuts at, whether it knows quotes, and where lines end."""
    for delimiter, quoting in product(",;\t", (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)):
        whole = io.StringIO(content, newline="")
        for lines in (whole, *([line] for line in content.splitlines())):
            for row in csv.reader(lines, delimiter=delimiter, quoting=quoting):
                yield from row
    for line in re.split("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", content):
        yield from re.split("[,;\t]", line)


HOSTILE = st.lists(
    st.sampled_from(["+0", "-1", ",+1", ";-2"])
    | st.sampled_from("=+-@|＝＋－＠﹢−,;\t\n\r\v\x85\u2028\"' \u00a0\u200b\ufeff\u2060a1")
    | st.characters(codec="utf-8", exclude_categories=["Cs"]).filter(lambda each: each != "\0"),
    max_size=30,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(HOSTILE, min_size=3, max_size=3), min_size=1, max_size=3))
async def test_no_cell_is_a_formula_wherever_a_program_cuts(rows: list[list[str]]) -> None:
    content = (await written(as_csv(HEADER, chunks(*rows)))).decode()

    assert [cell for cell in cells_of(content) if is_taken_for_a_formula(cell)] == []
    _, *back = csv.reader(io.StringIO(content, newline=""))
    assert [[without_marks(cell) for cell in row] for row in back] == [
        [without_marks(cell) for cell in row] for row in rows
    ]


def without_marks(cell: str) -> str:
    return cell.replace("'", "")


async def test_no_blank_or_invisible_character_hides_a_formula() -> None:
    everything = map(chr, range(1, sys.maxunicode + 1))
    invisible = [each for each in everything if unicodedata.category(each) in {"Cc", "Cf", "Zs", "Zl", "Zp"}]

    content = await written(as_csv(HEADER, chunks(*([f"{each}=1", f"a;{each}=1"] for each in invisible))))

    assert len(invisible) > 200
    assert not any(map(is_taken_for_a_formula, cells_of(content.decode())))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
        ("Hello\n=1+1", "Hello\n'=1+1"),
        ("Hello\r\n\t =1+1", "Hello\r\n\t '=1+1"),
        ('a;"=1+1"', 'a;"\'=1+1"'),
        ("＝1+1", "'＝1+1"),
        ("x, ＠SUM(A1)", "x, '＠SUM(A1)"),
        ("  =1+1", "  '=1+1"),
        ("To do:\n- milk\n- eggs", "To do:\n'- milk\n'- eggs"),
        ("2+2=4, e-mail a@example.org; 50 - 20 = 30", "2+2=4, e-mail a@example.org; 50 - 20 = 30"),
        ("+33612345678", "+33612345678"),
        ("-12.5", "-12.5"),
        ("+1+1", "'+1+1"),
        ("+33 6 12", "'+33 6 12"),
    ],
)
async def test_texts_stay_legible(text: str, shown: str) -> None:
    assert (await read_back([text]))[0] == shown


async def test_a_number_stays_one_unless_it_begins_a_line_of_several_cells() -> None:
    number = "+33612345678"

    assert await read_back(["Acme", number, number]) == ["Acme", number, number]
    assert await read_back([number]) == [number]
    assert await read_back([number, "5+cmd|' /C calc'!A0"]) == [f"'{number}", "5+cmd|' /C calc'!A0"]


async def test_a_byte_order_mark_comes_first_where_it_is_wanted() -> None:
    plain = await written(as_csv(HEADER, chunks(["é"])))
    marked = await written(as_csv(HEADER, chunks(["é"]), bom=True))

    assert marked == b"\xef\xbb\xbf" + plain
    assert plain.startswith(b"name,")


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
