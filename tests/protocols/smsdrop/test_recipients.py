"""Numbers from lists, texts and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.protocols.smsdrop import make_recipient_list

NUMBERS = ["+33612345678", "+4915112345678", "22963588213"]


@pytest.mark.parametrize("between", [",", ";", " | ", "\t", "\n", ",\r\n", ", "])
def test_a_text(between: str) -> None:
    assert make_recipient_list(between.join(NUMBERS)) == NUMBERS
    assert make_recipient_list(between.join(NUMBERS) + between) == NUMBERS


def test_what_can_be_gone_through() -> None:
    assert make_recipient_list(NUMBERS) == make_recipient_list(number for number in NUMBERS) == NUMBERS
    assert make_recipient_list("x" * 100_000) == ["x" * 100_000]
    assert make_recipient_list("") == []


@pytest.mark.parametrize("name", ["phone", "Phones", "phone_number", "phone_numbers", "tel"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_csv_file(tmp_path: Path, name: str, mark: str) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text(mark + f"{name},who\n" + "".join(f'{number},"A, B"\n' for number in NUMBERS) + ",nobody\n")

    assert make_recipient_list(file) == make_recipient_list(str(file)) == NUMBERS


def test_a_text_file(tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text(f"{NUMBERS[0]},{NUMBERS[1]}\n{NUMBERS[2]}\n")

    assert make_recipient_list(file) == NUMBERS


def test_a_file_without_numbers_and_none_at_all(tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("name\nx\n")

    with pytest.raises(ValueError, match="no column"):
        make_recipient_list(file)
    with pytest.raises(FileNotFoundError):
        make_recipient_list(tmp_path / "missing")
