"""The published clients of XMS, unmodified, over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import clx.xms
import pytest
from clx.xms.exceptions import ErrorResponseException, NotFoundException, UnauthorizedException

from .conftest import Listener, settle, text_batch

if TYPE_CHECKING:
    from tests.conftest import Server


def test_a_parameterised_batch_to_three_recipients_is_delivered_and_reported(
    xms: clx.xms.Client, server: Server, new_number: Callable[[], str]
) -> None:
    mary, joe, third = new_number(), new_number(), new_number()
    batch = text_batch("Hello, ${name}!", mary, joe, third)
    batch.parameters = {"name": {mary[1:]: "Mary", joe: "Joe", "default": "valued customer"}}

    created = xms.create_batch(batch)
    settle(server, created.batch_id)
    full = xms.fetch_delivery_report(created.batch_id, kind="full")
    single = xms.fetch_recipient_delivery_report(created.batch_id, mary)

    assert created.parameters == batch.parameters
    assert [(one.code, one.status, one.count) for one in full.statuses] == [(0, "Delivered", 3)]
    assert full.statuses[0].recipients == {mary[1:], joe[1:], third[1:]}
    assert (single.recipient, single.code, single.status) == (mary[1:], 0, "Delivered")
    with server.client() as client:
        texts = [client.sandbox.wait_for_message(number).text for number in (mary, joe, third)]
    assert texts == ["Hello, Mary!", "Hello, Joe!", "Hello, valued customer!"]


def test_a_recipient_without_a_value_is_aborted_alone(
    xms: clx.xms.Client, server: Server, new_number: Callable[[], str]
) -> None:
    with_value, without = new_number(), new_number()
    batch = text_batch("Hello, ${name}!", with_value, without, parameters={"name": {with_value: "Mary"}})

    created = xms.create_batch(batch)
    settle(server, created.batch_id)
    report = xms.fetch_delivery_report(created.batch_id, kind="full")

    assert {(one.code, one.status, tuple(one.recipients)) for one in report.statuses} == {
        (0, "Delivered", (with_value[1:],)),
        (405, "Aborted", (without[1:],)),
    }


def test_a_binary_batch_comes_back_as_it_was_sent(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    created = xms.create_binary_message("12345", new_number(), b"\xff\xfe\xfd", b"\x00\x01\x02\x03")

    fetched = xms.fetch_batch(created.batch_id)

    assert (fetched.udh, fetched.body) == (b"\xff\xfe\xfd", b"\x00\x01\x02\x03")


def test_listing_is_paged_and_ends(other_xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    sender = "77881"
    made = {other_xms.create_batch(text_batch(f"{n}", new_number(), sender=sender)).batch_id for n in range(5)}

    pages = other_xms.fetch_batches(page_size=2, senders={sender})
    sizes = [page.size for page in pages]
    found = {batch.batch_id for page in other_xms.fetch_batches(page_size=2, senders={sender}) for batch in page}

    assert sizes == [2, 2, 1]
    assert found == made
    assert pages.get(9).size == 0
    assert pages.get(0).total_size == 5


def test_listing_by_tag_and_date(other_xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    tagged = other_xms.create_batch(text_batch("x", new_number(), tags={"red", "blue"}))
    other_xms.create_batch(text_batch("y", new_number(), tags={"reddish"}))

    by_tag = [batch.batch_id for batch in other_xms.fetch_batches(tags={"red", "green"}).get(0)]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    after = list(other_xms.fetch_batches(start_date=tomorrow).get(0))

    assert by_tag == [tagged.batch_id]
    assert after == []


def test_a_scheduled_batch_can_be_canceled(xms: clx.xms.Client, server: Server, new_number: Callable[[], str]) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    created = xms.create_batch(text_batch("Later", new_number(), send_at=later))

    before = xms.fetch_delivery_report(created.batch_id)
    xms.cancel_batch(created.batch_id)
    xms.cancel_batch(created.batch_id)
    after = xms.fetch_delivery_report(created.batch_id)

    assert [(one.code, one.status) for one in before.statuses] == [(400, "Queued")]
    assert [(one.code, one.status) for one in after.statuses] == [(407, "Aborted")]
    assert xms.fetch_batch(created.batch_id).canceled is True


def test_a_dry_run_counts_parts_and_stores_nothing(other_xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    one, two = new_number(), new_number()
    before = other_xms.fetch_batches().get(0).total_size
    batch = text_batch("${x}", one, two, parameters={"x": {one: "€" * 81, "default": "☺"}})

    found = other_xms.create_batch_dry_run(batch, 10)

    rows = {row.recipient: (row.number_of_parts, row.encoding) for row in found.per_recipient}
    assert (found.number_of_recipients, found.number_of_messages) == (2, 3)
    assert rows == {one[1:]: (2, "text"), two[1:]: (1, "unicode")}
    assert other_xms.fetch_batches().get(0).total_size == before


def test_a_reply_from_a_phone_is_read_as_inbound(
    xms: clx.xms.Client, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    settle(server, xms.create_text_message("12345", number, "Hello").batch_id)
    with server.client() as client:
        inbound_id = client.sandbox.reply(number, to="12345", text="join me")

    found = xms.fetch_inbound(inbound_id)
    listed = [message for message in xms.fetch_inbounds(recipients={"12345"}).get(0) if message.sender == number[1:]]

    assert (found.sender, found.recipient, found.body, found.keyword) == (number[1:], "12345", "join me", "JOIN")
    assert (found.operator, found.received_at.tzinfo is not None) == ("99999", True)
    assert [message.message_id for message in listed] == [inbound_id]


@pytest.mark.parametrize(("kind", "with_recipients"), [("summary", False), ("full", True)])
def test_the_end_of_a_batch_is_called_back_once(
    xms: clx.xms.Client,
    customer: Listener,
    new_number: Callable[[], str],
    kind: str,
    with_recipients: bool,
) -> None:
    numbers = [new_number(), new_number()]
    batch = text_batch("Hello", *numbers, delivery_report=kind, callback_url=customer.url)

    created = xms.create_batch(batch)
    report = customer.next()

    expected: dict[str, Any] = {"code": 0, "status": "Delivered", "count": 2}
    if with_recipients:
        expected["recipients"] = [number[1:] for number in sorted(numbers)]
    (bucket,) = report["statuses"]
    if with_recipients:
        bucket["recipients"].sort()
    assert report == {
        "type": "delivery_report_sms",
        "batch_id": created.batch_id,
        "total_message_count": 2,
        "statuses": [expected],
    }
    assert customer.received.empty()


def test_each_change_is_called_back(xms: clx.xms.Client, customer: Listener, new_number: Callable[[], str]) -> None:
    number = new_number()
    batch = text_batch("Hello", number, delivery_report="per_recipient", callback_url=customer.url)

    created = xms.create_batch(batch)
    reports = [customer.next(), customer.next()]

    assert sorted((one["recipient"], one["batch_id"], one["code"], one["status"]) for one in reports) == [
        (number[1:], created.batch_id, 0, "Delivered"),
        (number[1:], created.batch_id, 401, "Dispatched"),
    ]


def test_a_report_without_an_address_is_refused(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    with pytest.raises(ErrorResponseException) as refused:
        xms.create_batch(text_batch("Hello", new_number(), delivery_report="summary"))

    assert refused.value.error_code == "missing_callback_url"


def test_another_plans_batch_is_as_if_it_were_not_there(
    xms: clx.xms.Client, other_xms: clx.xms.Client, new_number: Callable[[], str]
) -> None:
    created = xms.create_batch(text_batch("Mine", new_number()))

    for attempt in (other_xms.fetch_batch, other_xms.cancel_batch, other_xms.fetch_delivery_report):
        with pytest.raises(NotFoundException):
            attempt(created.batch_id)
    assert xms.fetch_batch(created.batch_id).canceled is False


def test_another_plans_token_is_refused(server: Server) -> None:
    ready = server.ready["protocols"]["xms"]
    mixed = clx.xms.Client(ready["service_plan_id"], ready["other"]["token"], endpoint=ready["endpoint"])

    with pytest.raises(UnauthorizedException):
        mixed.fetch_batches().get(0)
