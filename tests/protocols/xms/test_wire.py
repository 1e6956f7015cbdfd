"""The codec: what published clients write is read as it was meant, and what is written is read back unchanged."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import clx.xms
import msgspec
import pytest
from clx.xms import api
from clx.xms.exceptions import ErrorResponseException
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batches import ReportWish
from heliograph.protocols.xms import wire
from heliograph.protocols.xms.door import shapes

from .conftest import text_batch

if TYPE_CHECKING:
    from .conftest import Listener

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
instants = st.datetimes(
    datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))])
)
creates = st.builds(
    wire.BatchCreate,
    to=st.lists(texts, max_size=5),
    originator=st.none() | texts,
    type=st.sampled_from(["mt_text", "mt_binary"]),
    body=texts,
    udh=st.none() | texts,
    parameters=st.none()
    | st.dictionaries(
        texts.filter(lambda key: 0 < len(key) <= 16), st.dictionaries(texts, texts, max_size=3), max_size=3
    ),
    delivery_report=st.none() | st.sampled_from(["none", "summary", "full", "per_recipient", "per_recipient_final"]),
    send_at=st.none() | texts,
    expire_at=st.none() | texts,
    callback_url=st.none() | texts,
    tags=st.none() | st.lists(texts, max_size=3),
    client_reference=st.none() | texts,
    flash_message=st.none() | st.booleans(),
    max_number_of_message_parts=st.none() | st.integers(1, wire.MAX_PARTS_ASKED_FOR),
)


@given(creates)
def test_a_batch_survives_the_wire(batch: wire.BatchCreate) -> None:
    assert msgspec.json.decode(msgspec.json.encode(batch), type=wire.BatchCreate) == batch


@given(instants)
def test_an_instant_survives_the_wire_to_the_millisecond(instant: datetime) -> None:
    whole = instant.replace(microsecond=instant.microsecond // 1_000 * 1_000)

    assert wire.decode_instant("at", wire.encode_instant(whole)) == whole


@given(st.binary(max_size=140), st.sampled_from(["", "\n", " ", "\r\n"]))
def test_binary_survives_the_wire_with_the_white_space_that_clients_add(data: bytes, space: str) -> None:
    assert wire.decode_binary("body", b64encode(data).decode() + space) == data
    assert wire.decode_hex("udh", data.hex().upper()) == data


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00+00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00.000Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-01-02T01:02:03.456789+02:00", datetime(2026, 1, 1, 23, 2, 3, 456789, tzinfo=UTC)),
        ("2026-01-02T01:02:03.456000", datetime(2026, 1, 2, 1, 2, 3, 456000, tzinfo=UTC)),
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_every_form_that_clients_write(text: str, instant: datetime) -> None:
    assert wire.decode_instant("send_at", text) == instant


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-01-01T25:00:00Z", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(wire.XmsFormatError) as refused:
        wire.decode_instant("send_at", text)

    assert refused.value.field == "send_at"


@pytest.mark.parametrize(("text", "codes"), [("", []), ("0", [0]), ("401, 0,,11", [401, 0, 11])])
def test_codes_are_listed_with_commas(text: str, codes: list[int]) -> None:
    assert wire.decode_codes("code", text) == codes


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "²", "9" * 10, "9" * 5_000])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(wire.XmsFormatError):
        wire.decode_codes("code", text)


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("True", True), ("false", False), ("FALSE", False)])
def test_flags_are_read_in_any_case(text: str, flag: bool) -> None:
    assert wire.decode_flag("per_recipient", text) is flag


def test_what_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(wire.XmsFormatError):
        wire.decode_flag("per_recipient", "1")


def recorded(recorder: Listener, send: Callable[[], object]) -> wire.BatchCreate:
    """What a client's call puts on the wire, decoded."""
    with pytest.raises(Exception, match=r"recorded|Error 400"):
        send()
    recorder.next()
    return msgspec.json.decode(recorder.body, type=wire.BatchCreate)


SEND_AT = datetime(2030, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=2)))
EXPIRE_AT = datetime(2030, 1, 3, tzinfo=UTC)


def test_a_text_batch_of_the_published_client_is_read_as_it_was_meant(recorder: Listener) -> None:
    client = clx.xms.Client("PLAN", "TOKEN", endpoint=f"{recorder.origin}/xms")
    batch = text_batch(
        "Hello, ${name}! ☺",
        "33612345678",
        "33612345679",
        parameters={"name": {"33612345678": "Mary", "default": "you"}},
        delivery_report="per_recipient",
        send_at=SEND_AT,
        expire_at=EXPIRE_AT,
        callback_url="https://example.org/?a=b",
        tags={"red", "blue"},
    )

    draft = shapes.draft(recorded(recorder, lambda: client.create_batch(batch)))

    assert recorder.path == "/xms/v1/PLAN/batches"
    assert recorder.headers["Authorization"] == "Bearer TOKEN"
    assert draft.to == ["33612345678", "33612345679"]
    assert (draft.text, draft.data, draft.originator) == ("Hello, ${name}! ☺", None, "12345")
    assert draft.parameters == {"name": {"33612345678": "Mary", "default": "you"}}
    assert (draft.report, draft.callback_url) == (ReportWish.PER_RECIPIENT, "https://example.org/?a=b")
    assert (draft.send_at, draft.expire_at) == (SEND_AT, EXPIRE_AT)
    assert draft.tags == ["blue", "red"]


def test_the_least_that_the_published_client_sends_is_enough(recorder: Listener) -> None:
    client = clx.xms.Client("PLAN", "TOKEN", endpoint=f"{recorder.origin}/xms")
    batch = text_batch("Hello", "33612345678", sender=None)

    draft = shapes.draft(recorded(recorder, lambda: client.create_batch(batch)))

    assert b'"from": null' in recorder.body
    assert (draft.originator, draft.text, draft.report) == (None, "Hello", ReportWish.NONE)


@pytest.mark.parametrize("octets", [b"", b"\x00\x01\x02", bytes(range(134))], ids=["none", "three", "134"])
def test_a_binary_batch_of_the_published_client_is_read_octet_for_octet(recorder: Listener, octets: bytes) -> None:
    client = clx.xms.Client("PLAN", "TOKEN", endpoint=f"{recorder.origin}/xms")
    batch = api.MtBatchBinarySmsCreate()
    batch.sender, batch.recipients, batch.body, batch.udh = (
        "12345",
        {"33612345678"},
        octets,
        b"\x05\x00\x03\xff\x02\x01",
    )

    draft = shapes.draft(recorded(recorder, lambda: client.create_batch(batch)))

    assert rb"\n" in recorder.body  # the newline after base64
    assert (draft.text, draft.data, draft.udh) == (None, octets, b"\x05\x00\x03\xff\x02\x01")


def test_a_batch_of_the_newer_client_is_read_as_it_was_meant(
    recorder: Listener, sinch_for: Callable[[str, str, str], Any]
) -> None:
    client = sinch_for(recorder.origin, "PLAN", "TOKEN")

    draft = shapes.draft(
        recorded(
            recorder,
            lambda: client.sms.batches.send_sms(
                to=["+33612345678"],
                from_="Acme",
                body="Hello",
                send_at=datetime(2030, 1, 2, 3, 4, 5),
                delivery_report="full",
                event_destination_target="https://example.org/",
                client_reference="order 7",
                flash_message=True,
                max_number_of_message_parts=3,
            ),
        )
    )

    assert recorder.path == "/xms/v1/PLAN/batches"
    assert (draft.to, draft.originator, draft.text) == (["+33612345678"], "Acme", "Hello")
    assert draft.send_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (draft.report, draft.callback_url) == (ReportWish.FULL, "https://example.org/")
    assert (draft.client_reference, draft.flash, draft.max_parts) == ("order 7", True, 3)


def test_the_recorder_refuses_as_xms_does(recorder: Listener) -> None:
    client = clx.xms.Client("PLAN", "TOKEN", endpoint=f"{recorder.origin}/xms")

    with pytest.raises(ErrorResponseException) as refused:
        client.create_text_message("12345", "33612345678", "Hello")

    assert refused.value.error_code == "recorded"
