"""The newer published client of XMS, unmodified, over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import settle

if TYPE_CHECKING:
    from tests.conftest import Server


@pytest.fixture
def sinch(server: Server, sinch_for: Callable[[str, str, str], Any]) -> Any:
    ready = server.ready["protocols"]["xms"]
    return sinch_for(server.url, ready["service_plan_id"], ready["token"])


def test_it_sends_fetches_and_reads_reports(sinch: Any, server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()

    created = sinch.sms.batches.send_sms(
        to=[number],
        from_="12345",
        body="Hello ${name}",
        parameters={"name": {number: "Mary"}},
        client_reference="order 7",
        tags=["red"],
    )
    settle(server, created.id)
    fetched = sinch.sms.batches.get(batch_id=created.id)
    full = sinch.sms.delivery_reports.get(batch_id=created.id, report_type="full")
    single = sinch.sms.delivery_reports.get_for_number(batch_id=created.id, recipient=number)

    assert (fetched.body, fetched.to, fetched.client_reference) == ("Hello ${name}", [number[1:]], "order 7")
    assert [(one.status, one.code, one.count, one.recipients) for one in full.statuses] == [
        ("Delivered", 0, 1, [number[1:]])
    ]
    assert (single.status, single.code, single.client_reference) == ("Delivered", 0, "order 7")


def test_it_sends_binary(sinch: Any, new_number: Callable[[], str]) -> None:
    created = sinch.sms.batches.send_binary(to=[new_number()], from_="12345", body="AAEC", udh="050003010101")

    fetched = sinch.sms.batches.get(batch_id=created.id)

    assert (fetched.type, fetched.body, fetched.udh) == ("mt_binary", "AAEC", "050003010101")


def test_it_lists_page_after_page(sinch: Any, new_number: Callable[[], str]) -> None:
    made = [
        sinch.sms.batches.send_sms(to=[new_number()], from_="12345", body=f"{n}", client_reference="pages").id
        for n in range(5)
    ]

    pages = sinch.sms.batches.list(page_size=2, client_reference="pages")
    first = [batch.id for batch in pages.content()]
    found = [batch.id for batch in pages.iterator()]

    assert first == made[:2:-1]
    assert found == made[::-1]


def test_its_dry_run_counts_each_recipient(sinch: Any, new_number: Callable[[], str]) -> None:
    number = new_number()

    found = sinch.sms.batches.dry_run_sms(to=[number], from_="12345", body="€" * 81, per_recipient=True)

    assert (found.number_of_recipients, found.number_of_messages) == (1, 2)
    assert [(one.recipient, one.number_of_parts, one.encoding) for one in found.per_recipient] == [
        (number[1:], 2, "text")
    ]


def test_it_cancels_what_is_scheduled(sinch: Any, new_number: Callable[[], str]) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    created = sinch.sms.batches.send_sms(to=[new_number()], from_="12345", body="Later", send_at=later)

    canceled = sinch.sms.batches.cancel(batch_id=created.id)
    report = sinch.sms.delivery_reports.get(batch_id=created.id)

    assert canceled.canceled is True
    assert [(one.status, one.code) for one in report.statuses] == [("Aborted", 407)]


def test_it_reads_inbound_messages(sinch: Any, server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    created = sinch.sms.batches.send_sms(to=[number], from_="78901", body="Hello")
    settle(server, created.id)
    with server.client() as client:
        inbound_id = client.sandbox.reply(number, to="78901", text="Hi")

    found = sinch.sms.inbounds.get(inbound_id=inbound_id)
    listed = [one.id for one in sinch.sms.inbounds.list(to=["78901"]).iterator()]

    assert (found.from_, found.to, found.body, found.operator_id) == (number[1:], "78901", "Hi", "99999")
    assert listed == [inbound_id]


def test_its_exception_carries_the_refusal(sinch: Any) -> None:
    from sinch.core.exceptions import SinchException

    with pytest.raises(SinchException) as refused:
        sinch.sms.batches.send_sms(to=["hello"], from_="12345", body="x")

    assert refused.value.http_response.status_code == 400
    assert refused.value.http_response.body["code"] == "syntax_invalid_parameter_format"
