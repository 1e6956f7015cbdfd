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


def test_it_changes_and_replaces_what_is_scheduled(sinch: Any, new_number: Callable[[], str]) -> None:
    later = datetime(2031, 1, 2, tzinfo=UTC)
    one, two = new_number(), new_number()
    created = sinch.sms.batches.send_sms(to=[one], from_="12345", body="Later", send_at=later, client_reference="a")

    changed = sinch.sms.batches.update_sms(
        batch_id=created.id,
        to_add=[two],
        body="New",
        client_reference="b",
        flash_message=True,
        max_number_of_message_parts=2,
        truncate_concat=True,
        feedback_enabled=True,
        from_ton=5,
        from_npi=0,
    )
    replaced = sinch.sms.batches.replace_sms(batch_id=created.id, to=[two], from_="54321", body="Other", send_at=later)

    assert (changed.to, changed.body, changed.client_reference) == ([one[1:], two[1:]], "New", "b")
    assert (changed.flash_message, changed.max_number_of_message_parts, changed.truncate_concat) == (True, 2, True)
    assert (changed.feedback_enabled, changed.from_ton, changed.from_npi) == (True, 5, 0)
    assert (replaced.id, replaced.to, replaced.from_, replaced.body) == (created.id, [two[1:]], "54321", "Other")
    assert (replaced.client_reference, replaced.flash_message) == (None, False)


def test_it_changes_and_replaces_binary(sinch: Any, new_number: Callable[[], str]) -> None:
    later = datetime(2031, 1, 2, tzinfo=UTC)
    number = new_number()
    created = sinch.sms.batches.send_binary(to=[number], from_="12345", body="AAEC", udh="0500", send_at=later)

    changed = sinch.sms.batches.update_binary(batch_id=created.id, udh="060504", body="AAED")
    replaced = sinch.sms.batches.replace_binary(
        batch_id=created.id, to=[number], from_="12345", body="AAEE", udh="07", send_at=later
    )

    assert (changed.body, changed.udh) == ("AAED", "060504")
    assert (replaced.body, replaced.udh) == ("AAEE", "07")


def test_a_long_text_is_cut_to_one_part_if_it_is_asked(
    sinch: Any, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()

    created = sinch.sms.batches.send_sms(to=[number], from_="12345", body="é" * 200, truncate_concat=True)
    settle(server, created.id)

    assert sinch.sms.delivery_reports.get_for_number(batch_id=created.id, recipient=number).number_of_message_parts == 1
    with server.client() as client:
        assert client.sandbox.wait_for_message(number).text == "é" * 160


def test_it_tells_who_got_it(sinch: Any, server: Server, new_number: Callable[[], str]) -> None:
    from sinch.core.exceptions import SinchException

    one, two = new_number(), new_number()
    created = sinch.sms.batches.send_sms(to=[one, two], from_="12345", body="Hello", feedback_enabled=True)
    deaf = sinch.sms.batches.send_sms(to=[one], from_="12345", body="Hello")
    settle(server, created.id)

    def confirmed() -> list[bool]:
        with server.client() as client:
            found = sorted(client.messages.list(batch_id=created.id), key=lambda message: message.to)
            return [message.confirmed_at is not None for message in found]

    before = confirmed()
    sinch.sms.batches.send_delivery_feedback(batch_id=created.id, recipients=[two])
    after_one = confirmed()
    sinch.sms.batches.send_delivery_feedback(batch_id=created.id, recipients=[])

    assert (before, after_one, confirmed()) == ([False, False], [False, True], [True, True])
    for batch_id, recipients in ((created.id, ["46700000001"]), (deaf.id, [one]), ("nothing", [one])):
        with pytest.raises(SinchException) as refused:
            sinch.sms.batches.send_delivery_feedback(batch_id=batch_id, recipients=recipients)
        assert refused.value.http_response.status_code == (404 if batch_id == "nothing" else 400)


def test_it_lists_delivery_reports(sinch: Any, server: Server, new_number: Callable[[], str]) -> None:
    delivered = [new_number() for _ in range(3)]
    refused, unreachable = "+999200003", "+999100002"
    created = sinch.sms.batches.send_sms(
        to=[*delivered, refused, unreachable], from_="12345", body="Hello", client_reference="reports"
    )
    later = datetime.now(UTC) + timedelta(hours=1)
    sinch.sms.batches.send_sms(
        to=[new_number()], from_="12345", body="Hello", client_reference="reports", send_at=later
    )
    settle(server, created.id)

    def listed(**filters: Any) -> list[str]:
        found = sinch.sms.delivery_reports.list(page_size=2, client_reference="reports", **filters).iterator()
        return sorted(report.recipient for report in found)

    everybody = sorted(number[1:] for number in (*delivered, refused, unreachable))
    assert listed() == everybody
    assert listed(status=["Delivered"]) == sorted(number[1:] for number in delivered)
    assert listed(status=["DELIVERED"], code=[0]) == sorted(number[1:] for number in delivered)
    assert listed(code=[407]) == []
    assert len(listed(status=["Queued"])) == 1
    assert listed(end_date=datetime.now(UTC) - timedelta(hours=1)) == []
    report = next(sinch.sms.delivery_reports.list(client_reference="reports", status=["Delivered"]).iterator())
    assert (report.batch_id, report.client_reference, report.code) == (created.id, "reports", 0)


def test_its_groups(sinch: Any, new_number: Callable[[], str]) -> None:
    one, two = new_number(), new_number()
    words = {"to": "12345", "add": {"first_word": "in"}, "remove": {"first_word": "out"}}
    empty = sinch.sms.groups.create()
    child = sinch.sms.groups.create(name="Child", members=[two])
    made = sinch.sms.groups.create(name="Parent", members=[one], child_groups=[child.id], auto_update=words)

    listed = [group.id for group in sinch.sms.groups.list(page_size=2).iterator()]
    renamed = sinch.sms.groups.update(group_id=made.id, name="Grown", add=[two], auto_update=words)
    flooded = sinch.sms.groups.update(group_id=made.id, remove=[one])
    members = sinch.sms.groups.list_members(group_id=made.id)
    replaced = sinch.sms.groups.replace(group_id=made.id, name="Replaced", members=[one])
    sinch.sms.groups.delete(group_id=made.id)

    assert (empty.size, empty.name, made.size, made.child_groups) == (0, None, 1, [child.id])
    assert [each for each in listed if each in {empty.id, child.id, made.id}] == [made.id, child.id, empty.id]
    assert (renamed.name, renamed.size, renamed.auto_update.add.first_word) == ("Grown", 2, "in")
    # The client writes null for whatever it is not given: that is how the name and the keywords are lost.
    assert (flooded.name, flooded.auto_update, flooded.size) == (None, None, 1)
    assert list(members.iterator()) == [two[1:]]
    assert (replaced.name, replaced.size, replaced.child_groups) == ("Replaced", 1, [])
