"""vCards of all three versions, and what an independent library writes."""

from __future__ import annotations

import io

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from heliograph.contactfiles import Entry, Format, open_contacts


def read(content: bytes) -> list[Entry]:
    file = open_contacts(io.BytesIO(content))
    assert file.format is Format.VCARD
    return list(file)


V21 = b"""BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=\r
=BCrgen;;;\r
FN;CHARSET=ISO-8859-1:J\xfcrgen M\xfcller\r
TEL;CELL;VOICE:+49 171 5550001\r
TEL;WORK;FAX:+49 30 5550009\r
TEL;HOME;PREF:+49 30\r
  5550002\r
EMAIL;INTERNET:jm@example.com\r
AGENT:\r
BEGIN:VCARD\r
VERSION:2.1\r
N:Agent;Smith\r
TEL:+1 202 5550000\r
END:VCARD\r
PHOTO;ENCODING=BASE64;TYPE=JPEG:AAAA\r
 BBBB\r
END:VCARD\r
"""
V30 = """BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iOS 17//EN
N:Müller;Jürgen;;;
FN:Jürgen Müller
item1.TEL;type=CELL;type=VOICE;type=pref:+49 171
  5550001
item1.X-ABLabel:_$!<Mobile>!$_
TEL;type=HOME,FAX:+49 30 5550009
TEL;type="HOME":+49 30 5550002
item2.EMAIL;type=INTERNET:jm@example.com
END:VCARD
"""
V40 = """BEGIN:VCARD
VERSION:4.0
N:Müller;Jürgen;;;
FN:Jürgen Müller
TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+49-171-5550001
TEL;VALUE=uri;TYPE=fax:tel:+49-30-5550009
TEL;VALUE=uri;TYPE=home;LABEL="a:b":tel:+49-30-5550002
EMAIL:jm@example.com
END:VCARD
"""


@pytest.mark.parametrize(
    "content",
    [V21, V30.encode(), V40.encode(), V30.encode("UTF-16"), V30.replace("\n", "\r\n").encode("Windows-1252")],
    ids=["2.1", "3.0", "4.0", "3.0 in UTF-16", "3.0 in Windows-1252"],
)
def test_a_card_of_each_version(content: bytes) -> None:
    first, second = read(content + content[2 * content.startswith(b"\xff\xfe") :])

    assert (first.row, second.row) == (1, 2)
    assert first.numbers == second.numbers
    digits = ["".join(filter(str.isdigit, number)) for number in first.numbers]
    assert digits == ["491715550001", "49305550002"]
    details = first.details
    assert (details.first_name, details.last_name, details.email) == ("Jürgen", "Müller", "jm@example.com")
    assert dict(details.fields) == {}


def test_a_card_without_a_number_and_one_with_only_a_whole_name() -> None:
    content = b"BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\nbegin:vcard\nVERSION:3.0\nFN:A\\, B\nTEL:+1\nend:vcard\n"

    nobody, somebody = read(content)

    assert (nobody.problem, somebody.numbers, somebody.details.fields) == ("has no number", ["+1"], {"name": "A, B"})


NAMES = st.text("abÄé山 ,;:\\\n\"='", max_size=90).map(str.strip).filter(lambda name: "\r" not in name)
NUMBERS = st.integers(min_value=10**9, max_value=10**14).map(lambda number: f"+{number}")


@given(NAMES, NAMES, st.lists(NUMBERS, min_size=1, max_size=4))
def test_what_another_library_writes_is_read(given_name: str, family: str, numbers: list[str]) -> None:
    card = vobject.vCard()
    card.add("n").value = vobject.vcard.Name(family=family, given=given_name)
    card.add("fn").value = "whoever"
    for number in numbers:
        tel = card.add("tel")
        tel.value, tel.type_param = number, ["CELL", "VOICE"]

    (entry,) = read(card.serialize().encode())

    assert entry.numbers == numbers
    assert (entry.details.first_name or "", entry.details.last_name or "") == (given_name, family)
