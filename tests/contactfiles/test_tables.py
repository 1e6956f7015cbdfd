"""Tables as programs write them: which delimiter, which encoding, which column is what."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from heliograph.contactfiles import ContactFile, Entry, Format, open_contacts
from heliograph.contactfiles.workbooks import written
from heliograph.domain.contacts import Details
from heliograph.domain.errors import HeliographError, InvalidField, UnreadableFile

ENCODINGS = {
    "UTF-8": (b"", "UTF-8"),
    "UTF-8 with a mark": (codecs.BOM_UTF8, "UTF-8"),
    "UTF-16LE": (b"", "UTF-16LE"),
    "UTF-16BE": (b"", "UTF-16BE"),
    "UTF-16LE with a mark": (codecs.BOM_UTF16_LE, "UTF-16LE"),
    "UTF-16BE with a mark": (codecs.BOM_UTF16_BE, "UTF-16BE"),
    "Windows-1252": (b"", "Windows-1252"),
}
WESTERN = "abcXYZ 0179éüßñ€,;\t|\"'\n="
TEXTS = st.text(WESTERN, max_size=12).map(str.strip)
NUMBERS = st.integers(min_value=10**9, max_value=10**12).map(lambda number: f"+{number}")
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, TEXTS), min_size=1, max_size=8)


def read(content: bytes, **mapping: str) -> ContactFile:
    return open_contacts(io.BytesIO(content), mapping)


def table(rows: Sequence[Sequence[object]], delimiter: str = ",", end: str = "\r\n") -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows(rows)
    return buffer.getvalue()


def known(entry: Entry) -> dict[str, str]:
    own = {name: getattr(entry.details, name) for name in ("first_name", "last_name", "email")}
    return {name: value for name, value in own.items() if value} | dict(entry.details.fields)


@given(
    ROWS, st.sampled_from(",;\t|"), st.sampled_from(sorted(ENCODINGS)), st.booleans(), st.sampled_from(["\n", "\r\n"])
)
def test_what_csv_writes_is_read_back(
    rows: list[tuple[str, str, str]], delimiter: str, name: str, says: bool, end: str
) -> None:
    mark, encoding = ENCODINGS[name]
    text = f"sep={delimiter}{end}" * says + table([("Téléphone", "Prénom", "Ville"), *rows], delimiter, end)

    file = read(mark + text.encode(encoding))

    assert (file.format, file.encoding, file.delimiter, file.headed) == (Format.CSV, encoding, delimiter, True)
    assert [column.field for column in file.columns] == ["number", "first_name", "Ville"]
    said = [
        {field: value for field, value in (("first_name", first), ("Ville", city)) if value} for _, first, city in rows
    ]
    assert [(entry.row, list(entry.numbers), known(entry)) for entry in file] == [
        (place, [number], each) for place, ((number, _, _), each) in enumerate(zip(rows, said, strict=True), start=2)
    ]


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Vorname,Nachname,Handy", "first_name last_name number"),
        ("VORNAME,Name,Telefon (privat),Mobil 2", "first_name last_name number number"),
        ("nom,prénom,Portable,Courriel", "last_name first_name number email"),
        ("Nom,Téléphone", "name number"),
        ("Nombre,Apellidos,Celular", "first_name last_name number"),
        ("Nome,Cognome,Cellulare", "first_name last_name number"),
        ("Imię,Nazwisko,Numer telefonu", "first_name last_name number"),
        ("Ad,Soyadı,Cep Telefonu", "first_name last_name number"),
        ("Имя,Фамилия,Телефон", "first_name last_name number"),
        ("氏名,電話番号", "name number"),
        ("姓名,手机号码", "name number"),
        ("이름,휴대폰", "name number"),
        ("الاسم,رقم الجوال", "name number"),
        ("E-Mail-Adresse,mobile_number,City", "email number City"),
        ("Number,Phone,Firma", "Number number Firma"),
        ("first_name,last_name,email,number", "first_name last_name email number"),
    ],
)
def test_headings_in_the_large_languages(headings: str, fields: str) -> None:
    file = read(f"{headings}\n".encode())

    assert [column.field for column in file.columns] == fields.split()


GOOGLE = (
    "Name,Given Name,Family Name,Notes,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,"
    "Phone 2 - Type,Phone 2 - Value\n"
    "Ada Byron,Ada,Byron,secret,* Home,ada@example.com,Mobile,+447700900123 ::: +447700900124,Home Fax,+442079460000\n"
)
GOOGLE_NEW = (
    "First Name,Last Name,File As,Birthday,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,"
    "Phone 2 - Label,Phone 2 - Value\n"
    "Ada,Byron,,1815-12-10,,ada@example.com,Mobile,+447700900123,Other,+447700900124\n"
)
OUTLOOK = (
    "Title,First Name,Last Name,Business Fax,Business Phone,Mobile Phone,Pager,E-mail Address,Birthday\n"
    ",Ada,Byron,+442079460000,+447700900123,+447700900124,123,ada@example.com,0/0/00\n"
)


@pytest.mark.parametrize("content", [GOOGLE, GOOGLE_NEW, OUTLOOK], ids=["google", "google_new", "outlook"])
def test_exports_of_address_books(content: str) -> None:
    (entry,) = read(content.encode())

    assert entry.numbers == ["+447700900123", "+447700900124"]
    assert entry.details == Details(first_name="Ada", last_name="Byron", email="ada@example.com")


def test_columns_are_found_without_headings_and_can_be_said() -> None:
    plain = b"Ada;1815-12-10;0171 2345678\nBob;1901-01-01;+49 171 2345679\n"

    assert [entry.numbers for entry in read(plain)] == [["0171 2345678"], ["+49 171 2345679"]]
    assert [known(entry) for entry in read(plain, **{"1": "Vorname"})] == [{"first_name": "Ada"}, {"first_name": "Bob"}]
    said = read(b"Tel,a,a b\n1,+491,+491712345678\n", **{"A B": "number", "tel": "shoe", "a": "-"})
    assert [(entry.numbers, known(entry)) for entry in said] == [(["+491712345678"], {"shoe": "1"})]


def test_what_is_wrong_with_a_row_is_said_and_the_others_are_read() -> None:
    content = f'tel,name\n+1,a\n\n ,\n,b\n+2,c,d\n+3,"{"x" * 2_001}"\n+4\n'

    entries = list(read(content.encode()))

    assert [(entry.row, entry.numbers, entry.value[:2], entry.problem) for entry in entries] == [
        (2, ["+1"], "", None),
        (5, (), "", "has no number"),
        (6, (), "d", "has 3 cells, and there are 2 columns"),
        (7, (), "xx", "has 2001 characters in name; 2000 is the most"),
        (8, ["+4"], "", None),
    ]


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    buffer = io.BytesIO()
    with Workbook(buffer, {"in_memory": True}) as made:
        for rows in sheets:
            sheet = made.add_worksheet()
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return buffer.getvalue()


def test_a_workbook_keeps_numbers_whole() -> None:
    rows = [["Telefon", "Vorname", "Kunde"], [4915112345678.0, "Ada", 7.5], [], ["+49 171 1", True, 12]]

    file = read(workbook([], rows))

    assert (file.format, file.encoding, file.delimiter) == (Format.XLSX, None, None)
    assert [(entry.row, entry.numbers, known(entry)) for entry in file] == [
        (2, ["4915112345678"], {"first_name": "Ada", "Kunde": "7.5"}),
        (4, ["+49 171 1"], {"first_name": "TRUE", "Kunde": "12"}),
    ]


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_whole_number_is_written_with_all_its_digits(number: int) -> None:
    assert written(float(number)) == str(number)


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", " " * 32 * 1024**2)
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n ;\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"name,city\na,b\n", "no column that looks like phone numbers"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither a text"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel 97"),
        (b"\xff\xfetel", "says that it is UTF-16LE"),
        (b"a\x81\n", "Windows-1252"),
        (archive(), "no workbook"),
        (bomb(), "unpacks to"),
        (workbook([["tel"], ["+1"]])[:-40], "damaged"),
        (b'tel\n"' + b"x\n" * 200_000, "never closed|larger than"),
        (b"tel," + b"x," * 600 + b"\n", "500 is the most"),
        (b"+" + b"1" * 300_000, "never closed"),
        (b"BEGIN:VCARD\nTEL:1\n", "Card 1 has no END"),
        (b"BEGIN:VCARD\nEND:VCARD\nEND:VCARD\n", "has not begun"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_is_wrong(content: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        list(read(content))


def test_a_column_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InvalidField, match=r"no column 'Handy'\. Its columns are: tel, city"):
        read(b"tel,city\n", Handy="number")
    with pytest.raises(InvalidField, match="Several columns"):
        read(b"tel,a,a\n", a="x")
    with pytest.raises(UnreadableFile, match="octets; 3 is the most"):
        open_contacts(io.BytesIO(b"tel\n"), largest=3)


SEEDS = [
    b"tel;name\n+491;a\n",
    "sep=;\ntel;name\n+491;é\n".encode("UTF-16"),
    b"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=x;QUOTED-PRINTABLE:=C3=\n=A9\nTEL;CELL:1\nEND:VCARD\n",
    workbook([["tel"], ["+1"]]),
]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), max_size=4))
def test_a_damaged_file_is_read_or_refused(seed: bytes, damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(seed)
    for where, octets in damage:
        at = int(where * len(content))
        content[at : at + len(octets)] = octets

    try:
        entries = list(read(bytes(content)))
    except HeliographError as error:
        assert error.message.endswith(".")
    else:
        assert all(entry.numbers or entry.problem for entry in entries)
