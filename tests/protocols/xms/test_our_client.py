"""Our own client against our own server: every method, with what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from heliograph.calling import Request, Response, Unreachable
from heliograph.protocols.xms import RESET, AsyncClient, Client, model
from heliograph.protocols.xms.calls import Calls
from heliograph.protocols.xms.errors import (
    ErrorResponseException,
    NotFoundException,
    UnauthorizedException,
    UnexpectedResponseException,
)

from .conftest import settle

if TYPE_CHECKING:
    from tests.conftest import Server

LATER = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    ready = server.ready["protocols"]["xms"]
    with Client(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"]) as client:
        yield client


def test_a_text_batch_from_beginning_to_end(client: Client, server: Server, new_number: Callable[[], str]) -> None:
    one, two, three = (new_number()[1:] for _ in range(3))
    batch = model.TextBatch(
        sender="12345",
        recipients=[one, two],
        body="Hello, ${name}!",
        parameters={"name": {one: "Ann", "default": "you"}},
        send_at=LATER,
        tags={"a", "b"},
        client_reference=one,
        flash_message=True,
    )

    trial = client.create_batch_dry_run(batch, 5)
    made = client.create_batch(batch)
    changed = client.update_batch(
        made.batch_id, model.TextBatchUpdate(recipient_insertions=[three], recipient_removals=[two])
    )
    tags = (
        client.fetch_batch_tags(made.batch_id),
        client.replace_batch_tags(made.batch_id, ["c"]),
        client.update_batch_tags(made.batch_id, ["d"], ["c"]),
    )
    client.update_batch(made.batch_id, model.TextBatchUpdate(send_at=RESET, expire_at=RESET))
    settle(server, made.batch_id)
    report = client.fetch_delivery_report(made.batch_id, "full", ["Delivered"], [0])
    single = client.fetch_recipient_delivery_report(made.batch_id, one)
    reports = client.fetch_delivery_reports(client_reference=one).items()

    assert (trial.number_of_recipients, trial.number_of_messages) == (2, 2)
    assert {each.recipient: each.body for each in trial.per_recipient} == {one: "Hello, Ann!", two: "Hello, you!"}
    assert isinstance(made, model.TextBatchResult)
    assert (made.sender, made.recipients, made.body, made.send_at) == ("12345", {one, two}, "Hello, ${name}!", LATER)
    assert (made.tags, made.client_reference, made.flash_message, made.canceled) == ({"a", "b"}, one, True, False)
    assert changed.recipients == {one, three}
    assert tags == ({"a", "b"}, {"c"}, {"d"})
    assert [(each.code, each.count, each.recipients) for each in report.statuses] == [(0, 2, {one, three})]
    assert (single.recipient, single.status, single.code, single.status_at.tzinfo) == (one, "Delivered", 0, UTC)
    assert {each.recipient for each in reports} == {one, three}


def test_a_binary_batch_is_replaced_fetched_and_canceled(client: Client, new_number: Callable[[], str]) -> None:
    number = new_number()[1:]
    made = client.create_binary_message("12345", number, b"\x05\x00", bytes(range(100)))
    later = client.create_batch(model.TextBatch(recipients=[number], body="Later", sender="1234", send_at=LATER))
    replaced = client.replace_batch(
        later.batch_id,
        model.BinaryBatch(recipients=[number], sender="1234", body=b"\x00\xff", udh=b"\x01", send_at=LATER),
    )
    changed = client.update_batch(later.batch_id, model.BinaryBatchUpdate(body=b"\x01"))
    client.cancel_batch(later.batch_id)

    fetched = client.fetch_batch(made.batch_id)
    assert isinstance(fetched, model.BinaryBatchResult)
    assert (fetched.body, fetched.udh) == (bytes(range(100)), b"\x05\x00")
    assert isinstance(replaced, model.BinaryBatchResult)
    assert (replaced.body, replaced.udh, replaced.batch_id) == (b"\x00\xff", b"\x01", later.batch_id)
    assert isinstance(changed, model.BinaryBatchResult)
    assert (changed.body, changed.udh) == (b"\x01", b"\x01")
    assert client.fetch_batch(later.batch_id).canceled is True


def test_pages_and_items(client: Client, new_number: Callable[[], str]) -> None:
    made = [client.create_text_message("40404", new_number(), "Hello").batch_id for _ in range(5)]
    pages = client.fetch_batches(page_size=2, senders=["40404"], start_date=date.today() - timedelta(days=1))

    assert [page.size for page in pages] == [2, 2, 1]
    assert [each.batch_id for each in pages.items()] == made[::-1]
    assert (pages.get(1).total_size, [each.batch_id for each in pages.get(2)]) == (5, [made[0]])


def test_groups_and_what_people_write(client: Client, server: Server, new_number: Callable[[], str]) -> None:
    one, two = new_number()[1:], new_number()[1:]
    words = model.GroupAutoUpdate(recipient="50505", add_word_pair=("IN", None), remove_word_pair=("OUT", "NOW"))
    child = client.create_group(model.GroupCreate(members=[two]))
    made = client.create_group(
        model.GroupCreate(name="Ours", members=[one], child_groups=[child.group_id], auto_update=words, tags=["t"])
    )
    settle(server, client.create_text_message("50505", made.group_id, "Hello").batch_id)
    with server.client() as native:
        native.sandbox.reply("+" + two, to="50505", text="In")

    assert (made.name, made.size, made.child_groups, made.auto_update) == ("Ours", 1, {child.group_id}, words)
    assert client.fetch_group(made.group_id).size == 2
    assert client.fetch_group_members(made.group_id) == {one, two}
    assert [each.group_id for each in client.fetch_groups(tags=["t"]).items()] == [made.group_id]
    assert client.fetch_group_tags(made.group_id) == {"t"}
    assert client.replace_group_tags(made.group_id, ["u"]) == {"u"}
    assert client.update_group_tags(made.group_id, ["v"], ["u"]) == {"v"}
    changed = client.update_group(
        made.group_id, model.GroupUpdate(name=RESET, auto_update=RESET, member_removals=[one])
    )
    assert (changed.name, changed.auto_update, changed.size) == (None, None, 1)
    assert client.replace_group(made.group_id, model.GroupCreate(members=[one, two])).size == 2
    client.delete_group(made.group_id)
    (inbound,) = client.fetch_inbounds(recipients=["50505"]).items()
    assert isinstance(inbound, model.TextInbound)
    assert (inbound.sender, inbound.recipient, inbound.body, inbound.keyword) == (two, "50505", "In", "IN")
    assert client.fetch_inbound(inbound.message_id) == inbound


def test_feedback(client: Client, new_number: Callable[[], str]) -> None:
    number = new_number()
    made = client.create_batch(
        model.TextBatch(recipients=[number], sender="12345", body="Hello", feedback_enabled=True)
    )

    client.send_delivery_feedback(made.batch_id, [number])
    client.send_delivery_feedback(made.batch_id)


def test_each_refusal_has_its_exception(client: Client, server: Server) -> None:
    ready = server.ready["protocols"]["xms"]

    with pytest.raises(ErrorResponseException) as refused:
        client.create_text_message("12345", "hello", "Hello")
    assert refused.value.error_code == "syntax_invalid_parameter_format"
    with pytest.raises(NotFoundException):
        client.fetch_batch("nothing")
    stranger = Client(ready["service_plan_id"], "wrong", endpoint=ready["endpoint"])
    with stranger, pytest.raises(UnauthorizedException) as stopped:
        stranger.fetch_batch("nothing")
    assert stopped.value.service_plan_id == ready["service_plan_id"]
    assert "wrong" not in str(stopped.value)
    with Client("p", "t", endpoint="http://127.0.0.1:9") as nowhere, pytest.raises(Unreachable) as unreachable:
        nowhere.fetch_batch("nothing")
    assert unreachable.value.written is False


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"<html>"), (400, b"not JSON"), (403, b"{}"), (200, b"not JSON"), (200, b'{"id": 1}')]
)
def test_an_answer_that_is_none_of_the_protocols_is_said_to_be(status: int, body: bytes) -> None:
    call = Calls("plan").fetch_batch("B")
    assert next(call) == Request("GET", "/batches/B")

    with pytest.raises(UnexpectedResponseException) as unexpected:
        call.send(Response(status, body))

    assert (unexpected.value.status, unexpected.value.http_body) == (status, body.decode())


async def test_the_asynchronous_twin(server: Server, new_number: Callable[[], str]) -> None:
    ready = server.ready["protocols"]["xms"]
    async with AsyncClient(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"]) as client:
        made = [(await client.create_text_message("60606", new_number(), "Hello")).batch_id for _ in range(3)]
        pages = client.fetch_batches(page_size=2, senders=["60606"])

        assert [page.size async for page in pages] == [2, 1]
        assert [each.batch_id async for each in pages.items()] == made[::-1]
