"""The SDK: both clients against a real server, and its calls without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph import AsyncClient, Client, errors
from heliograph.api import wire
from heliograph.calling import Response, Unreachable
from heliograph.sdk import calls
from heliograph.sdk.connection import NoConnection

if TYPE_CHECKING:
    from tests.conftest import Server


def test_a_message_is_sent_followed_and_found_again(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        sent = client.messages.send(to=number, text="Hello", originator="Acme", client_reference="7")
        delivered = client.messages.wait_for_delivery(sent.id)
        listed = list(client.messages.list(to=number))
        why = client.messages.why(sent.id)

    assert (sent.status, delivered.status, delivered.parts) == ("queued", "delivered", 1)
    assert [message.id for message in listed] == [sent.id]
    assert why.why == "nothing"


async def test_the_asynchronous_client_does_the_same(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    async with AsyncClient(server.url, server.token) as client:
        sent = await client.messages.send(to=number, text="Your code is 482913", originator="Acme")
        code = await client.sandbox.read_code(number)
        delivered = await client.messages.wait_for_delivery(sent.id)
        listed = [message.id async for message in client.messages.list(to=number)]

    assert (code, delivered.status, listed) == ("482913", "delivered", [sent.id])


def test_listings_fetch_page_after_page(server: Server) -> None:
    numbers = [f"+3365100{n:04d}" for n in range(7)]
    with server.client() as client:
        batch = client.batches.send(to=numbers, text="Hi ${name}", parameters={"name": {"default": "you"}}, tags=["t7"])
        found = [message.to for message in client.messages.list(batch_id=batch.id, page_size=3)]
        batches = [one.id for one in client.batches.list(tag="t7")]

    assert found == numbers[::-1]
    assert batches == [batch.id]


def test_groups_get_what_is_sent_to_them_and_a_batch_may_change_until_then(
    server: Server, new_number: Callable[[], str]
) -> None:
    one, two, three = new_number(), new_number(), new_number()
    with server.client() as client:
        child = client.groups.create(members=[two])
        group = client.groups.create(
            name="sdk", members=[one], children=[child.id], keywords=wire.Keywords(to="70707", add=["in"]), tags=["s"]
        )
        batch = client.batches.send(
            groups=[group.id], text="Old", originator="70707", send_at=datetime(2031, 1, 1, tzinfo=UTC), feedback=True
        )
        changed = client.batches.change(
            batch.id, wire.ChangeBatch(text="New", add=[three], send_at=None, expire_at=None, title="A campaign")
        )
        shown = [client.sandbox.wait_for_message(number).text for number in (one, two, three)]
        client.batches.confirm(batch.id, [three])
        (confirmed,) = [each.to for each in client.messages.list(batch_id=batch.id) if each.confirmed_at]
        with pytest.raises(errors.AlreadyDispatched):
            client.batches.change(batch.id, wire.ChangeBatch(text="Late"))
        client.sandbox.reply(three, to="70707", text="in")
        renamed = client.groups.change(group.id, wire.ChangeGroup(name=None, remove=[one], keywords=None))
        listed = [each.id for each in client.groups.list(tag="s", page_size=1)]
        members = client.groups.members(group.id)
        client.groups.delete(group.id)
        with pytest.raises(errors.NotFound):
            client.groups.get(group.id)
        with pytest.raises(errors.UnknownGroup):
            client.batches.send(groups=[group.id], text="Gone")

    assert (batch.groups, batch.recipient_count) == ([group.id], 0)
    assert (changed.text, changed.recipient_count, changed.title) == ("New", 3, "A campaign")
    assert shown == ["New"] * 3
    assert confirmed == three
    assert (group.keywords, group.size) == (wire.Keywords(to="70707", add=["in"]), 1)
    assert (renamed.name, renamed.keywords, list(members), listed) == (None, None, [three], [group.id])


def test_batches_are_counted_reported_and_canceled(server: Server, new_number: Callable[[], str]) -> None:
    with server.client() as client:
        counted = client.batches.dry_run(to=[new_number(), new_number()], text="€" * 81)
        batch = client.batches.send(to=[new_number()], text="x", send_at=datetime.now(UTC) + timedelta(hours=1))
        canceled = client.batches.cancel(batch.id)
        report = client.batches.report(batch.id)

    assert (counted.recipients, counted.parts) == (2, 4)
    assert canceled.canceled is True
    assert [(bucket.status, bucket.reason, bucket.count) for bucket in report.buckets] == [
        ("canceled", "canceled_by_customer", 1)
    ]


def test_replies_opt_outs_and_phones(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        message = client.messages.send(to=number, text="Hello", originator="Acme")
        client.messages.wait_for_delivery(message.id)
        inbound_id = client.sandbox.reply(number, to="Acme", text="STOP")
        inbound = client.inbound.get(inbound_id)
        listed = [one.id for one in client.inbound.list(number=number)]
        refused = client.messages.send(to=number, text="Again?", originator="Acme")
        after = client.messages.wait_for_delivery(refused.id)
        optouts = [one.number for one in client.optouts.list()]
        client.optouts.remove(number)
        on_phone = [(one.direction, one.text) for one in client.sandbox.messages(number)]
        phones = [phone.number for phone in client.sandbox.phones()]

    assert (inbound.msisdn, inbound.to, inbound.keyword) == (number, "Acme", "STOP")
    assert listed == [inbound_id]
    assert (refused.status, after.status, after.reason) == ("rejected", "rejected", "opted_out")
    assert number in optouts
    assert on_phone == [("received", "Hello"), ("sent", "STOP")]
    assert number in phones


def test_what_the_server_refuses_is_raised_as_its_class(server: Server) -> None:
    with server.client() as client:
        with pytest.raises(errors.InvalidRecipient) as refused:
            client.messages.send(to="hello", text="x")
        with pytest.raises(errors.NotFound):
            client.messages.get("unknown")
        with pytest.raises(errors.WaitTimedOut):
            client.sandbox.wait_for_message("+33699999999", timeout_s=0.05)
    with Client(server.url, "hg_wrong") as stranger, pytest.raises(errors.Unauthenticated):
        stranger.messages.get("x")

    assert refused.value.field == "to"
    assert "hello" in refused.value.message


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with Client("http://127.0.0.1:1", "t", max_retries=0) as client, pytest.raises(Unreachable):
        client.messages.get("x")
    async with AsyncClient("http://127.0.0.1:1", "t", max_retries=0) as other:
        with pytest.raises(Unreachable):
            await other.messages.get("x")


async def test_the_asynchronous_client_has_every_noun(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    async with AsyncClient(server.url, server.token) as client:
        counted = await client.batches.dry_run(to=[number], text="Hi ${name}", parameters={"name": {"default": "you"}})
        batch = await client.batches.send(
            to=[number], data=b"\x00\x01", udh=b"\x01\x00", originator="Acme", tags=["a9"]
        )
        shown = await client.sandbox.wait_for_message(number)
        batches = [one.id async for one in client.batches.list(tag="a9")]
        canceled = await client.batches.cancel(batch.id)
        report = await client.batches.report(batch.id)
        inbound_id = await client.sandbox.reply(number, to="Acme", text="Hi")
        inbound = [one.id async for one in client.inbound.list(number=number)]
        fetched = await client.inbound.get(inbound_id)
        await client.optouts.add(number)
        silent = [one.number async for one in client.optouts.list()]
        await client.optouts.remove(number)
        phones = [phone.number for phone in await client.sandbox.phones()]
        on_phone = [one.direction for one in await client.sandbox.messages(number, after=shown.id)]
        chaos = await client.sandbox.set_chaos(await client.sandbox.chaos())
        with pytest.raises(errors.NotFound):
            await client.messages.why("unknown")

    assert (counted.recipients, counted.parts) == (1, 1)
    assert (shown.data, shown.encoding) == ("AAE=", "binary")
    assert (batches, inbound, fetched.text) == ([batch.id], [inbound_id], "Hi")
    assert (canceled.id, report.total) == (batch.id, 1)
    assert number in silent and number in phones
    assert (on_phone, chaos.lost) == (["sent"], 0)


async def test_the_synchronous_client_works_where_a_loop_is_running(
    server: Server, new_number: Callable[[], str]
) -> None:
    with server.client() as client:
        sent = client.messages.send(to=new_number(), text="Hello")

        assert client.messages.get(sent.id).id == sent.id


def test_a_key_makes_a_call_safe_to_repeat(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        first = client.messages.send(to=number, text="Hello", idempotency_key=number)
        again = client.messages.send(to=number, text="Hello", idempotency_key=number)
        with pytest.raises(errors.IdempotencyMismatch):
            client.messages.send(to=number, text="Bye", idempotency_key=number)

    assert first.id == again.id


def test_a_time_without_an_offset_is_refused(server: Server, new_number: Callable[[], str]) -> None:
    from datetime import datetime

    with server.client() as client:
        with pytest.raises(errors.InvalidField) as refused:
            client.messages.send(to=new_number(), text="x", send_at=datetime(2030, 1, 1))
        with pytest.raises(errors.InvalidField):
            list(client.messages.list(since=datetime(2030, 1, 1)))

    assert refused.value.field == "send_at"


def test_a_long_wait_is_several_requests() -> None:
    late = Response(
        408,
        json.dumps(
            {"error": {"code": "wait_timed_out", "message": "m", "hint": "", "field": None, "retryable": True}}
        ).encode(),
    )
    there = Response(200, b'{"inbound_id": "x"}')

    call = calls.wait(wire.SentReply, "a", timeout_s=100)
    first = next(call)
    second = call.send(late)
    with pytest.raises(StopIteration) as finished:
        call.send(there)

    assert (first.query["timeout_s"], second.query["timeout_s"]) == ("30.0", "30.0")
    assert finished.value.value == wire.SentReply(inbound_id="x")


def test_an_answer_of_somebody_else_is_told_as_that() -> None:
    for answer in (Response(502, b"<html>"), Response(200, b"<html>")):
        call = calls.get(wire.SentReply, "a")
        next(call)
        with pytest.raises(calls.UnexpectedAnswer):
            call.send(answer)


def test_what_stands_in_a_path_cannot_leave_it() -> None:
    assert next(calls.get(wire.Message, "messages", "../../x?y#z")).path == "/v1/messages/..%2F..%2Fx%3Fy%23z"


def test_the_server_on_this_machine_is_found_by_its_data_directory(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HELIOGRAPH_URL", "HELIOGRAPH_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    with Client(data_dir=server.data_dir) as client:
        assert client.sandbox.reception().received >= 0


def test_the_environment_names_a_server_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_URL", server.url)
    monkeypatch.setenv("HELIOGRAPH_TOKEN", server.token)

    with Client() as client:
        assert client.sandbox.chaos().lost == 0


def test_without_a_server_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HELIOGRAPH_URL", "HELIOGRAPH_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(NoConnection) as missing:
        Client(data_dir=tmp_path)

    assert "heliograph serve" in missing.value.hint
