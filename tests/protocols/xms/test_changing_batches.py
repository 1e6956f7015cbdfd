"""The published client changes what it sent: update, replace, tags."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import clx.xms
import pytest
from clx.xms import api
from clx.xms.exceptions import ErrorResponseException, NotFoundException

from .conftest import Listener, settle, text_batch

if TYPE_CHECKING:
    from tests.conftest import Server

LATER = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
EXPIRY = LATER + timedelta(hours=5)
DEFAULT_VALIDITY = timedelta(days=3)


def update(**fields: Any) -> api.MtBatchTextSmsUpdate:
    change = api.MtBatchTextSmsUpdate()
    for name, value in fields.items():
        setattr(change, name, value)
    return change


@pytest.fixture
def scheduled(xms: clx.xms.Client, new_number: Callable[[], str]) -> api.MtBatchTextSmsResult:
    """A text batch that is due in years, with everything set."""
    return xms.create_batch(
        text_batch(
            "Hello, ${name}!",
            new_number(),
            new_number(),
            send_at=LATER,
            expire_at=EXPIRY,
            delivery_report="full",
            callback_url="https://example.org/old",
            parameters={"name": {"default": "you"}},
            tags={"a"},
        )
    )


def test_what_is_given_changes_and_the_rest_stays(
    xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult, new_number: Callable[[], str]
) -> None:
    gone, stays = sorted(scheduled.recipients)
    new = new_number()[1:]

    changed = xms.update_batch(
        scheduled.batch_id,
        update(
            recipient_insertions={"+" + new, stays},
            recipient_removals={"+" + gone},
            sender="54321",
            body="Goodbye, ${name}!",
        ),
    )
    report = xms.fetch_delivery_report(scheduled.batch_id, kind="full")

    assert changed.recipients == {stays, new}
    assert (changed.sender, changed.body) == ("54321", "Goodbye, ${name}!")
    assert (changed.send_at, changed.expire_at) == (LATER, EXPIRY)
    assert (changed.delivery_report, changed.callback_url) == ("full", "https://example.org/old")
    assert changed.parameters == {"name": {"default": "you"}}
    assert changed.created_at == scheduled.created_at
    assert changed.modified_at > scheduled.modified_at
    assert vars(xms.fetch_batch(scheduled.batch_id)) == vars(changed)
    assert [(one.code, one.recipients) for one in report.statuses] == [(400, {stays, new})]


def test_an_update_that_says_nothing_changes_nothing(xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult) -> None:
    changed = xms.update_batch(scheduled.batch_id, update())

    def without_time(batch: api.MtBatchTextSmsResult) -> dict[str, Any]:
        return {name: value for name, value in vars(batch).items() if name != "modified_at"}

    assert without_time(changed) == without_time(scheduled)


def test_null_goes_back_to_the_default_of_each_field(xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult) -> None:
    def one(**fields: Any) -> api.MtBatchTextSmsResult:
        return xms.update_batch(scheduled.batch_id, update(**fields))

    assert one(parameters=api.RESET, body="Hello!").parameters in (None, {})
    assert one(expire_at=api.RESET).expire_at == LATER + DEFAULT_VALIDITY
    assert one(delivery_report=api.RESET).delivery_report == "none"
    assert one(callback_url=api.RESET).callback_url is None


def test_a_reset_time_sends_at_once(xms: clx.xms.Client, server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    batch_id = xms.create_batch(text_batch("Now", number, send_at=LATER)).batch_id

    changed = xms.update_batch(batch_id, update(send_at=api.RESET, expire_at=api.RESET))
    settle(server, batch_id)

    assert abs(changed.send_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert changed.expire_at == changed.send_at + DEFAULT_VALIDITY
    assert xms.fetch_recipient_delivery_report(batch_id, number).status == "Delivered"


def test_what_was_changed_is_what_is_sent_and_reported(
    xms: clx.xms.Client, customer: Listener, server: Server, new_number: Callable[[], str]
) -> None:
    first, second = new_number(), new_number()
    batch_id = xms.create_batch(text_batch("Old", first, send_at=LATER)).batch_id

    xms.update_batch(
        batch_id, update(recipient_insertions={second}, body="New", delivery_report="full", callback_url=customer.url)
    )
    xms.update_batch(batch_id, update(send_at=datetime.now(UTC), expire_at=api.RESET))
    report = customer.next()

    assert report["statuses"] == [{"code": 0, "status": "Delivered", "count": 2, "recipients": [first[1:], second[1:]]}]
    with server.client() as client:
        assert [client.sandbox.wait_for_message(number).text for number in (first, second)] == ["New", "New"]


def test_a_binary_batch_changes_its_body_and_header(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    batch = api.MtBatchBinarySmsCreate()
    batch.sender, batch.recipients, batch.send_at = "12345", {new_number()}, LATER
    batch.body, batch.udh = b"\x01\x02", b"\x03\x04"
    batch_id = xms.create_batch(batch).batch_id
    change = api.MtBatchBinarySmsUpdate()
    change.udh = b"\xff\xfe"

    header = xms.update_batch(batch_id, change)
    change.body = bytes(100)
    both = xms.update_batch(batch_id, change)

    assert (header.body, header.udh) == (b"\x01\x02", b"\xff\xfe")
    assert (both.body, both.udh) == (bytes(100), b"\xff\xfe")


def test_a_batch_is_replaced_as_a_whole_and_keeps_its_name(
    xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult, new_number: Callable[[], str]
) -> None:
    number = new_number()

    replaced = xms.replace_batch(scheduled.batch_id, text_batch("Other", number, send_at=LATER))
    fetched = xms.fetch_batch(scheduled.batch_id)

    assert vars(fetched) == vars(replaced)
    assert (fetched.batch_id, fetched.recipients, fetched.body) == (scheduled.batch_id, {number[1:]}, "Other")
    assert (fetched.delivery_report, fetched.callback_url) == ("none", None)
    assert xms.fetch_batch_tags(scheduled.batch_id) == set()
    assert fetched.expire_at == LATER + DEFAULT_VALIDITY
    assert xms.fetch_delivery_report(scheduled.batch_id).total_message_count == 1


def test_a_text_batch_is_replaced_by_a_binary_one(xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult) -> None:
    batch = api.MtBatchBinarySmsCreate()
    batch.sender, batch.recipients, batch.send_at = "12345", scheduled.recipients, LATER
    batch.body, batch.udh = b"\x01\x02", b"\x03\x04"

    replaced = xms.replace_batch(scheduled.batch_id, batch)

    assert (replaced.body, replaced.udh, replaced.recipients) == (b"\x01\x02", b"\x03\x04", scheduled.recipients)


@pytest.mark.parametrize("state", ["sent", "canceled"])
def test_what_has_been_dispatched_or_canceled_is_not_changed(
    xms: clx.xms.Client, server: Server, new_number: Callable[[], str], state: str
) -> None:
    sent = xms.create_batch(text_batch("Hello", new_number(), send_at=None if state == "sent" else LATER))
    if state == "sent":
        settle(server, sent.batch_id)
    else:
        xms.cancel_batch(sent.batch_id)
    before = vars(xms.fetch_batch(sent.batch_id))

    for attempt in (
        lambda: xms.update_batch(sent.batch_id, update(body="Late")),
        lambda: xms.replace_batch(sent.batch_id, text_batch("Late", new_number())),
    ):
        with pytest.raises(ErrorResponseException) as refused:
            attempt()
        assert refused.value.error_code == "batch_already_dispatched"

    assert vars(xms.fetch_batch(sent.batch_id)) == before


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"recipient_insertions": {"hello"}}, "syntax_invalid_parameter_format"),
        ({"recipient_insertions": {"01ARZ3NDEKTSV4RRFFQ69G5FAV"}}, "unknown_group"),
        ({"body": "x" * 2_001}, "syntax_constraint_violation"),
        ({"sender": "ABCDEFGHIJKL"}, "syntax_invalid_parameter_format"),
        ({"callback_url": "http://10.0.0.1/"}, "syntax_invalid_parameter_format"),
        ({"expire_at": LATER - timedelta(hours=1)}, "syntax_constraint_violation"),
    ],
)
def test_an_update_that_breaks_a_rule_leaves_the_batch_as_it_was(
    xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(ErrorResponseException) as refused:
        xms.update_batch(scheduled.batch_id, update(**fields))

    assert refused.value.error_code == code
    assert vars(xms.fetch_batch(scheduled.batch_id)) == vars(scheduled)


def test_nobody_is_left_is_refused(xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult) -> None:
    with pytest.raises(ErrorResponseException) as refused:
        xms.update_batch(scheduled.batch_id, update(recipient_removals=scheduled.recipients))

    assert refused.value.error_code == "syntax_constraint_violation"


def test_another_plans_batch_can_be_neither_changed_nor_tagged(
    other_xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult
) -> None:
    for attempt in (
        lambda: other_xms.update_batch(scheduled.batch_id, update(body="Mine")),
        lambda: other_xms.replace_batch(scheduled.batch_id, text_batch("Mine", "+33612345678")),
        lambda: other_xms.fetch_batch_tags(scheduled.batch_id),
        lambda: other_xms.replace_batch_tags(scheduled.batch_id, {"mine"}),
        lambda: other_xms.update_batch_tags(scheduled.batch_id, {"mine"}, set()),
    ):
        with pytest.raises(NotFoundException):
            attempt()


def test_tags_are_read_replaced_and_changed(xms: clx.xms.Client, scheduled: api.MtBatchTextSmsResult) -> None:
    batch_id = scheduled.batch_id

    assert xms.fetch_batch_tags(batch_id) == {"a"}
    assert xms.replace_batch_tags(batch_id, {"b", "c"}) == {"b", "c"}
    assert xms.update_batch_tags(batch_id, {"d"}, {"b", "never there"}) == {"c", "d"}
    assert xms.fetch_batch_tags(batch_id) == {"c", "d"}
    assert xms.update_batch_tags(batch_id, {"both"}, {"both"}) == {"c", "d"}
    assert xms.replace_batch_tags(batch_id, set()) == set()


def test_tags_may_change_after_sending(xms: clx.xms.Client, server: Server, new_number: Callable[[], str]) -> None:
    batch_id = xms.create_text_message("12345", new_number(), "Hello").batch_id
    settle(server, batch_id)

    assert xms.update_batch_tags(batch_id, {"done"}, set()) == {"done"}
    assert batch_id in {batch.batch_id for batch in xms.fetch_batches(tags={"done"}).get(0)}
