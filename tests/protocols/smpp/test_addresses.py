"""Addresses with their types and plans."""

from __future__ import annotations

import pytest

from heliograph.numbers import InvalidOriginator
from heliograph.protocols.smpp.wire.addresses import NOBODY, Address, destination, read, source


@pytest.mark.parametrize(
    ("originator", "address"),
    [
        ("Heliograph", Address(5, 0, "Heliograph")),
        ("Cafe-du-Nil", Address(5, 0, "Cafe-du-Nil")),  # a hyphen, and eleven letters
        ("36111", Address(3, 0, "36111")),
        ("+33612345678", Address(1, 1, "33612345678")),
        ("33612345678", Address(1, 1, "33612345678")),
        (None, NOBODY),
    ],
)
def test_trap_38_type_and_plan_follow_from_how_an_originator_looks(originator: str | None, address: Address) -> None:
    assert source(originator) == address


def test_trap_38_they_can_be_told() -> None:
    assert source("Heliograph", ton=5, npi=1) == Address(5, 1, "Heliograph")
    assert source("36111", ton=0, npi=1) == Address(0, 1, "36111")
    assert destination("33612345678") == Address(1, 1, "33612345678")
    assert destination("33612345678", ton=0, npi=0) == Address(0, 0, "33612345678")


def test_trap_38_twelve_letters_are_none() -> None:
    with pytest.raises(InvalidOriginator):
        source("Heliographer")


@pytest.mark.parametrize(
    ("ton", "text", "address"),
    [
        (1, "33612345678", "+33612345678"),
        (1, "+33612345678", "+33612345678"),
        (2, "0612345678", "0612345678"),
        (0, "33612345678", "33612345678"),
        (5, "Bank", "Bank"),
        (1, "Bank", "Bank"),
        (77, " 36111 ", "36111"),
    ],
)
def test_trap_17_addresses_of_any_type_are_read(ton: int, text: str, address: str) -> None:
    assert read(ton, text) == address
