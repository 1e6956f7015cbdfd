"""Texts that are written to take long: each is read in a time that grows with its length, or refused.

What is counted is time of the processor, and the bound is a hundred times what each takes: one whose cost grows with
the square of its length would take minutes, in which nobody else is answered.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from heliograph.contactfiles.reading import open_contacts
from heliograph.domain.errors import HeliographError, InvalidRecipient, TooManyItems
from heliograph.domain.verifications import hash_code
from heliograph.doors.bodies import MAX_ESCAPES, require_few_fields
from heliograph.numbers import Check
from heliograph.protocols.smscx.door.placeholders import MOST_VALUES, Addresses, Personalising
from heliograph.services.recipients import parse_msisdns

LONG = 60_000
BOUND_S = 10.0
ADDRESSES = Addresses(lambda msisdn: f"https://example.com/o/{msisdn}", "https://example.com/l")


def read_contacts(file: str) -> None:
    for _ in open_contacts(io.BytesIO(file.encode())):
        pass


def card(line: str) -> str:
    return f"BEGIN:VCARD\r\n{line}:+33612345678\r\nTEL:+33612345678\r\nEND:VCARD\r\n"


def number(text: str) -> None:
    with pytest.raises(InvalidRecipient) as refused:
        parse_msisdns([text], "FR", Check.POSSIBLE, field="to")
    assert len(str(refused.value)) < 2_000


def personalised(text: str, recipients: int = 1) -> None:
    Personalising([(f"336{place:08d}", None) for place in range(recipients)], ADDRESSES).body(text)


@pytest.mark.parametrize("unit", [";", '";', '":', '"', ":", "a;", "=", "\\", ".", " "])
@pytest.mark.parametrize("before", ["TEL", 'TEL;TYPE="', "N", "ADR;"])
def test_a_line_of_a_card(unit: str, before: str) -> None:
    in_time(lambda: read_contacts(card(before + unit * (LONG // len(unit)))))


@pytest.mark.parametrize("unit", ["(", "[", "(a", "1", " ", "\u0301", "'", "_ ", "1 "])
def test_a_heading(unit: str) -> None:
    in_time(lambda: read_contacts(f"a{unit * LONG}x,number\n1,+33612345678\n"))


def test_a_file_of_blank_rows() -> None:
    in_time(lambda: read_contacts("\n" * 10_000_000 + "number\n+33612345678\n"))


@pytest.mark.parametrize("unit", ["1", "\u0663", "1.", "1,", "(", " ", "'", "/", ";", "%"])
@pytest.mark.parametrize("before", ["+33", "", "tel:+33"])
def test_a_number(unit: str, before: str) -> None:
    in_time(lambda: number(before + unit * 1_000_000))


@pytest.mark.parametrize("unit", [" ", "a ", "{{a", "{{a: ", "{", "}", ": ", "{{a:b}}"])
@pytest.mark.parametrize("before", ["{{ a", "{{a:", ""])
def test_a_text_of_smscx(unit: str, before: str) -> None:
    in_time(lambda: personalised(before + unit * (LONG // len(unit))))


def test_a_one_time_code() -> None:
    in_time(lambda: hash_code(b"key", "verification", "\u0663" * 4_000_000))


def test_a_text_with_values_for_everybody_has_only_so_many_of_them() -> None:
    personalised("{{optoutLink}}" * 10, MOST_VALUES // 10)

    with pytest.raises(TooManyItems):
        personalised("{{optoutLink}}" * 11, MOST_VALUES // 10)


def test_a_form_has_only_so_many_escaped_octets() -> None:
    require_few_fields(b"a=" + b"%C3%A9" * (MAX_ESCAPES // 2))

    with pytest.raises(HeliographError, match="escaped octets"):
        require_few_fields(b"a=" + b"%C3%A9" * (MAX_ESCAPES // 2) + b"%20")


def in_time(read: Callable[[], object]) -> None:
    """Read something, or have it refused, in a bounded time of the processor."""
    began = time.thread_time()
    with suppress(HeliographError):
        read()
    assert time.thread_time() - began < BOUND_S
