"""What callers write as text is read once, and is never more than can be reckoned with."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Annotated
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.domain.bounded import (
    BEYOND,
    STALE_S,
    basic_credentials,
    count_in,
    instant_in,
    signed_at,
    time_in,
    whole_number,
)
from heliograph.domain.errors import RequestError
from heliograph.doors.bodies import decode_form
from heliograph.protocols.shared.xmlish import NotXml, parsed


@given(zeros=st.integers(0, 5_000), value=st.integers(0, 10**40))
def test_a_number_is_the_same_with_any_zeros_before_it_and_has_an_end(zeros: int, value: int) -> None:
    assert count_in("0" * zeros + str(value)) == min(value, BEYOND)


@given(text=st.text(max_size=20))
def test_only_plain_digits_are_a_number(text: str) -> None:
    is_one = bool(text) and set(text) <= set("0123456789")

    assert (count_in(text) is not None) == is_one
    assert whole_number(text, range(10)) in {None, *range(10)}


@given(
    text=st.one_of(
        st.text(max_size=30), st.datetimes(timezones=st.none() | st.timezones()).map(lambda at: at.isoformat())
    )
)
def test_every_time_that_is_read_is_one_in_utc_too(text: str) -> None:
    at = time_in(text)

    assert (at is None) == (instant_in(text) is None)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "", "soon"])
def test_the_ends_of_time_are_no_times(text: str) -> None:
    assert time_in(text) is None


@given(
    name=st.text(st.characters(exclude_characters=":\0"), max_size=20),
    secret=st.text(st.characters(exclude_characters="\0"), max_size=20),
)
def test_credentials_are_read_as_they_were_written(name: str, secret: str) -> None:
    try:
        encoded = b64encode(f"{name}:{secret}".encode()).decode()
    except UnicodeEncodeError:
        return

    assert basic_credentials(f"Basic {encoded}") == (name, secret)


@pytest.mark.parametrize("header", ["", "Basic", "Basic \xff", "Basic ====", "Basic eA==", "Basic /zr/", "Bearer eDp5"])
def test_what_are_no_credentials_are_none(header: str) -> None:
    assert basic_credentials(header) is None


def test_a_signature_is_of_the_last_minutes() -> None:
    now = int(time.time())

    assert signed_at(str(now)) == now
    for text in ("0", str(now - STALE_S - 60), str(now + STALE_S + 60), "", "-1", "9" * 5_000, "1e9"):
        assert signed_at(text) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_a_document_that_declares_anything_is_refused_in_every_encoding(encoding: str) -> None:
    name = "utf-16" if encoding.startswith("utf-16") else encoding
    document = f'<?xml version="1.0" encoding="{name}"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'

    with pytest.raises(NotXml):
        parsed(document.encode(encoding))


class Page(msgspec.Struct):
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20


@given(st.from_regex(r"[0-9٣８+\-_ .eE]{1,8}", fullmatch=True))
@example("5.0")
@example("5e2")
@example("+5")
@example("1_0")
@example("٣")
def test_a_whole_number_in_a_form_is_written_in_digits(text: str) -> None:
    is_digits = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    try:
        found: Page = decode_form(urlencode({"limit": text}).encode(), Page)
    except RequestError:
        assert not is_digits or not 1 <= int(text) <= 1_000
    else:
        assert is_digits
        assert found.limit == int(text)
