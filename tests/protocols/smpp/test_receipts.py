"""Delivery receipts in every form that SMSCs were seen to write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.protocols.smpp.wire.ids import IdForm, key_of, keys_in
from heliograph.protocols.smpp.wire.pdus import DataSm, DeliverSm
from heliograph.protocols.smpp.wire.receipts import (
    DeliveryReceipt,
    MessageState,
    is_receipt,
    looks_like_receipt,
    read_receipt,
)
from heliograph.protocols.smpp.wire.times import InvalidTime, absolute, read_date, read_time, relative
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, tlv

USUAL = (
    "id:0123456789 sub:001 dlvrd:001 submit date:2601021530 done date:2601021531 stat:DELIVRD err:000 text:Hello there"
)
M = MessageState


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1_000)  # type: ignore[misc,arg-type]


def read(text: str = "", *tlvs: Tlv, **fields: Any) -> DeliveryReceipt | None:
    values: dict[str, Any] = {"esm_class": 4, "short_message": text.encode("latin-1"), "tlvs": tlvs}
    return read_receipt(DeliverSm(**values | fields))


def known(text: str = "", *tlvs: Tlv, **fields: Any) -> DeliveryReceipt:
    found = read(text, *tlvs, **fields)
    assert found is not None
    return found


def test_reads_a_receipt_as_the_appendix_has_it() -> None:
    assert known(USUAL) == DeliveryReceipt(
        ("0123456789",), M.DELIVERED, "DELIVRD", "000", ms(2026, 1, 2, 15, 31), is_final=True
    )


@pytest.mark.parametrize(
    "text",
    [
        "id:7 stat:DELIVRD",
        "id:7 submit date:2601021530 done date:2601021531 stat:DELIVRD err:000",
        "id: 7 stat: DELIVRD",
        "stat:DELIVRD id:7",
        "ID:7 STAT:DELIVRD",
        "Id:7 Stat:delivrd Err:000 Text:",
        "id:7,sub:001,stat:DELIVRD,err:000",
        "id:7\nstat:DELIVRD\r\n",
        "id:7 stat:DELIVRD\0",
        "id:7 status:DELIVRD error:0",
        "id:7 seg:001 stat:DELIVRD imsi:208",
        "id:7 submit_date:2601021530 done_date:2601021531 stat:DELIVRD",
        "id:7 sub: dlvrd: submit date: done date: stat:DELIVRD err: text:",
    ],
)
def test_trap_6_fields_may_be_missing_or_in_any_order(text: str) -> None:
    found = known(text)

    assert (found.ids, found.state) == (("7",), M.DELIVERED)


def test_trap_6_what_names_no_message_is_no_receipt() -> None:
    assert read("stat:DELIVRD err:000") is None
    assert read("") is None
    assert read("id: stat:DELIVRD") is None


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("2601021530", ms(2026, 1, 2, 15, 30)),
        ("260102153045", ms(2026, 1, 2, 15, 30, 45)),
        ("20260102153045", ms(2026, 1, 2, 15, 30, 45)),
        ("202601021530", ms(2026, 1, 2, 15, 30)),
        ("260102153045004+", ms(2026, 1, 2, 14, 30, 45)),
        ("260102153045004-", ms(2026, 1, 2, 16, 30, 45)),
        ("0000000000", None),
        ("000000000000", None),
        ("2613021530", None),
        ("26010215", None),
        ("yesterday", None),
        ("NULL", None),
        ("²³01021530", None),
        ("", None),
    ],
)
def test_trap_7_a_date_that_can_not_be_is_none(date: str, at: int | None) -> None:
    assert read_date(date) == at
    assert known(f"id:7 done date:{date} stat:DELIVRD").done_at_ms == at


def test_trap_7_an_smsc_may_have_a_clock_of_its_own() -> None:
    assert read_date("2601021530", 120) == ms(2026, 1, 2, 13, 30)
    assert read_date("260102153000000+", 120) == ms(2026, 1, 2, 15, 30)


@pytest.mark.parametrize(("written", "error"), [("00", "00"), ("0022", "0022"), ("1A", "1A"), ("", None), (" ", None)])
def test_trap_8_an_error_is_a_text(written: str, error: str | None) -> None:
    assert known(f"id:7 stat:UNDELIV err:{written} text:x").error == error


def test_trap_8_a_networks_error_stands_in_a_parameter() -> None:
    code = Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x22")

    assert known("id:7 stat:UNDELIV", code).error == "34"
    assert known("id:7 stat:UNDELIV err:001", code).error == "001"
    assert known("id:7", Tlv(Tag.NETWORK_ERROR_CODE, b"\x03")).error is None


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("DELIVRD", M.DELIVERED),
        ("DELIVERED", M.DELIVERED),
        ("DELIV", M.DELIVERED),
        ("EXPIRED", M.EXPIRED),
        ("DELETED", M.DELETED),
        ("UNDELIV", M.UNDELIVERABLE),
        ("UNDELIVERABLE", M.UNDELIVERABLE),
        ("UNDEL", M.UNDELIVERABLE),
        ("FAILED", M.UNDELIVERABLE),
        ("ACCEPTD", M.ACCEPTED),
        ("ACCEPTED", M.ACCEPTED),
        ("UNKNOWN", M.UNKNOWN),
        ("REJECTD", M.REJECTED),
        ("REJECTED", M.REJECTED),
        ("ENROUTE", M.ENROUTE),
        ("SKIPPED", M.SKIPPED),
        ("SCHEDULED", M.SCHEDULED),
        ("delivrd", M.DELIVERED),
        ("WHATEVER", None),
        ("2", None),
    ],
)
def test_trap_9_words_are_cut_and_there_are_others(word: str, state: MessageState | None) -> None:
    found = known(f"id:7 stat:{word}")

    assert (found.state, found.word) == (state, word)


def test_trap_10_the_text_is_only_a_text() -> None:
    found = known("id:7 stat:UNDELIV err:005 text:id:8 stat:DELIVRD err:000 done date:2601021530")

    assert (found.ids, found.state, found.error, found.done_at_ms) == (("7",), M.UNDELIVERABLE, "005", None)
    assert known("id:7 stat:DELIVRD text:text:id:9").ids == ("7",)


def test_trap_11_a_receipt_may_be_in_parameters_alone() -> None:
    found = known("", tlv(Tag.RECEIPTED_MESSAGE_ID, "0e99"), tlv(Tag.MESSAGE_STATE, 5))

    assert (found.ids, found.state) == (("0e99",), M.UNDELIVERABLE)


def test_trap_11_where_both_speak_the_parameter_comes_first() -> None:
    text = "id:10 stat:DELIVRD"
    both = known(text, tlv(Tag.RECEIPTED_MESSAGE_ID, "A"), tlv(Tag.MESSAGE_STATE, 3))
    empty = known(text, Tlv(Tag.RECEIPTED_MESSAGE_ID, b"\0"), Tlv(Tag.MESSAGE_STATE, b""))
    unheard_of = known(text, tlv(Tag.MESSAGE_STATE, 99))

    assert (both.ids, both.state) == (("A", "10"), M.EXPIRED)
    assert (empty.ids, empty.state) == (("10",), M.DELIVERED)
    assert unheard_of.state is M.DELIVERED


def test_trap_12_a_receipt_may_be_in_a_payload_or_in_a_data_sm() -> None:
    payload = tlv(Tag.MESSAGE_PAYLOAD, USUAL.encode())

    assert known("", payload) == known(USUAL)
    assert read_receipt(DataSm(esm_class=4, tlvs=(payload,))) == known(USUAL)


def test_a_receipt_may_be_in_ucs2_and_an_underscore_is_one() -> None:
    assert known("", data_coding=8, short_message=USUAL.encode("utf-16-be")) == known(USUAL)
    assert known("id:a_b-1@smsc stat:DELIVRD").ids == ("a_b-1@smsc",)
    headed = b"\x05\x00\x03\x01\x01\x01id:7 stat:DELIVRD"
    assert known("", esm_class=0x44, short_message=headed).ids == ("7",)


@pytest.mark.parametrize(
    ("esm_class", "marked", "is_final"),
    [(0x04, True, True), (0x24, True, True), (0x20, True, False), (0x44, True, True), (0x00, False, True)],
)
def test_trap_13_the_kind_is_in_bits_2_to_5(esm_class: int, marked: bool, is_final: bool) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=USUAL.encode())
    found = read_receipt(pdu)

    assert is_receipt(pdu) is marked
    assert found is not None
    assert found.is_final is is_final


def test_trap_13_a_receipt_that_is_not_marked_is_found_by_its_text_if_asked() -> None:
    receipt, message = (DeliverSm(short_message=text.encode()) for text in (USUAL, "id: please send stat"))

    assert [is_receipt(pdu, sniff=True) for pdu in (receipt, message)] == [True, False]
    assert not looks_like_receipt("text: id:7 stat:DELIVRD")


def test_what_a_phone_acknowledges_has_been_delivered() -> None:
    told = (tlv(Tag.RECEIPTED_MESSAGE_ID, "7"),)

    assert known("Read", *told, esm_class=0x08).state is M.DELIVERED
    assert known("Read", *told, esm_class=0x04).state is None


@given(
    st.binary(max_size=255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(
        st.builds(
            Tlv,
            st.sampled_from([Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE, Tag.MESSAGE_PAYLOAD]),
            st.binary(max_size=30),
        ),
        max_size=4,
    ),
)
def test_nothing_in_a_receipt_is_a_fault_of_ours(octets: bytes, esm: int, coding: int, tlvs: list[Tlv]) -> None:
    pdu = DeliverSm(esm_class=esm, data_coding=coding, short_message=octets, tlvs=tuple(tlvs))

    found = read_receipt(pdu)

    assert found is None or all(found.ids)


@given(st.text(alphabet="idstaextsubmrone: 0123456789_date", max_size=120))
def test_no_text_takes_long(text: str) -> None:
    read(text)
    read("", tlv(Tag.MESSAGE_PAYLOAD, f"{text} id:".encode() * 500))


# -- ids


@pytest.mark.parametrize(
    ("responded", "received"),
    [
        ("255", "ff"),
        ("255", "FF"),
        ("ff", "255"),
        ("FF", "255"),
        ("00FF", "255"),
        ("ff", "0000FF"),
        ("0e99ab", "E99AB"),
        ("000123", "123"),
        ("123", "0000000123"),
        ("9223372036854775808", "8000000000000000"),
        ("8000000000000000", "9223372036854775808"),
        ("18446744073709551615", "ffffffffffffffff"),
    ],
)
def test_trap_1_and_2_the_same_number_is_found_in_either_form(responded: str, received: str) -> None:
    assert key_of(IdForm.AUTO, responded) in keys_in(IdForm.AUTO, received)


@given(st.integers(0, 2**64), st.sampled_from(["d", "x", "X", "010d", "016x"]), st.sampled_from(["d", "x", "X", "08X"]))
def test_trap_1_every_number_is_found_in_every_form(number: int, responded: str, received: str) -> None:
    assert key_of(IdForm.AUTO, format(number, responded)) in keys_in(IdForm.AUTO, format(number, received))


@given(st.text(alphabet="0123456789abcdefABCDEFx-", min_size=1, max_size=20), st.sampled_from(IdForm))
def test_trap_1_whoever_was_found_would_find_the_other(text: str, form: IdForm) -> None:
    keys = keys_in(form, text)

    assert len(keys) == len(set(keys)) <= 3
    if form is IdForm.AUTO and (key := key_of(form, text)) is not None:
        assert key in keys


def test_trap_1_a_form_that_is_told_is_the_only_one() -> None:
    assert key_of(IdForm.DEC, "00FF") in keys_in(IdForm.DEC, "255")
    assert key_of(IdForm.HEX, "255") in keys_in(IdForm.HEX, "00FF")
    assert keys_in(IdForm.DEC, "ff") == ()
    assert key_of(IdForm.HEX, "ff") is None
    assert keys_in(IdForm.AS_IS, "255") == ()
    assert key_of(IdForm.AS_IS, "255") is None


@pytest.mark.parametrize("text", ["SAR-0e99-01", "sar-0e99-01", "6f1c5a0e-3d", "12.7", "x" * 200, "１２", "7 "])
def test_trap_2_what_is_no_number_is_never_folded(text: str) -> None:
    assert key_of(IdForm.AUTO, text) is None
    assert keys_in(IdForm.AUTO, text) == ()


def test_trap_3_canonical_forms_collide() -> None:
    """Whoever looks them up has to tell them apart by the number that was sent to."""
    keys = keys_in(IdForm.AUTO, "10")

    assert {key_of(IdForm.AUTO, "10"), key_of(IdForm.AUTO, "16"), key_of(IdForm.AUTO, "a")} == set(keys)


# -- times


def test_a_moment_is_written_in_utc_and_read_again() -> None:
    at = ms(2026, 1, 2, 15, 30, 45) + 700

    assert absolute(at) == "260102153045700+"
    assert read_time(absolute(at), 0) == at
    assert read_time("260102173045708+", 0) == at
    assert read_time("", 0) is None


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "000000000001000R"), (3_600, "000000010000000R"), (10**9, "000099000000000R")]
)
def test_so_long_from_now_is_written(seconds: int, written: str) -> None:
    assert relative(seconds) == written


@given(st.integers(1, 99 * 24 * 3600))
def test_so_long_from_now_is_read_again(seconds: int) -> None:
    assert read_time(relative(seconds), 5) == 5 + seconds * 1_000


@pytest.mark.parametrize(
    "text", ["tomorrow", "260102", "261302153045000+", "000000000000000+", "2601021530450+", "x" * 16]
)
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(InvalidTime):
        read_time(text, 0)
