"""Pausing, attempts, marketing and an account's words, by the SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.patience import once_found

from heliograph import errors
from heliograph.api.wire import ChangeAccount, ChangeBatch, ConsentWords, CreateInShares, InShares

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Server, StartServer
    from tests.protocols.listening import Listener


def test_a_batch_is_paused_and_resumed(server: Server, new_number: Callable[[], str]) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with server.client() as client:
        batch = client.batches.send(to=[new_number() for _ in range(3)], text="Hello", send_at=later)
        paused = client.batches.pause(batch.id)
        client.batches.change(batch.id, ChangeBatch(send_at=None))
        ids = [message.id for message in client.messages.list(batch_id=batch.id)]
        while client.messages.why(ids[0]).why != "paused":
            pass
        waiting = {client.messages.get(message_id).status for message_id in ids}
        resumed = client.batches.resume(batch.id)
        ended = {client.messages.wait_for_delivery(message_id).status for message_id in ids}
        attempts = client.messages.attempts(ids[0])

    assert (paused.paused, paused.pause_reason) == (True, "customer")
    assert waiting == {"queued"}
    assert (resumed.paused, resumed.pause_reason) == (False, None)
    assert ended == {"delivered"}
    assert [(each.provider, each.outcome) for each in attempts] == [("sandbox", "taken")]


def test_a_share_goes_first_and_the_rest_by_what_became_of_it(
    server: Server, customer: Listener, new_number: Callable[[], str]
) -> None:
    good = [new_number() for _ in range(6)]
    bad = [f"+9992000{place:04d}" for place in range(100, 106)]
    with server.client() as client:

        def sent(numbers: list[str], **more: Any) -> InShares:
            return client.batches.send_in_shares(CreateInShares(to=numbers, text="Sale", share=0.3, **more))

        by_hand = sent(good, title="By hand", idempotency_key=good[0])
        again = sent(good, title="By hand", idempotency_key=good[0])
        goes_on = sent(good, by_itself=True)
        stops = sent(bad, by_itself=True, callback_url=customer.url)
        ended = [client.messages.wait_for_delivery(each.id) for each in client.messages.list(batch_id=goes_on.rest.id)]
        stopped = once_found(
            lambda: [each for each in [client.batches.get(stops.rest.id)] if each.pause_reason == "failures"]
        )
        first = {each.to for each in client.messages.list(batch_id=by_hand.first.id)}
        held = list(client.messages.list(batch_id=by_hand.rest.id))
        client.batches.resume(by_hand.rest.id)
        released = [client.messages.wait_for_delivery(each.id).status for each in held]
        with pytest.raises(errors.InvalidField, match="two at least"):
            sent(good[:1])

    assert (by_hand.first.recipient_count, by_hand.rest.recipient_count) == (2, 4)
    assert (by_hand.rest.paused, by_hand.rest.pause_reason, by_hand.first.paused) == (True, "share", False)
    assert [again.first.id, again.rest.id] == [by_hand.first.id, by_hand.rest.id]
    assert first | {each.to for each in held} == set(good)
    assert {each.status for each in held} == {"queued"}
    assert released == ["delivered"] * 4
    assert len(ended) == 4
    assert [each.paused for each in stopped] == [True]
    assert customer.next()["data"]["id"] == stops.rest.id


def test_a_campaign_that_fails_pauses_by_itself_and_says_so(server: Server, customer: Listener) -> None:
    failing = [f"+9992000{place:04d}" for place in range(20)]
    with server.client() as client:
        batch = client.batches.send(
            to=failing,
            text="Hello",
            title="Sale",
            pause_at_failure_share=0.5,
            pause_after=5,
            callback_url=customer.url,
            send_at=datetime.now(UTC) + timedelta(milliseconds=100),
        )
        while not (found := client.batches.get(batch.id)).paused:
            pass

    told = customer.next()

    assert found.pause_reason == "failures"
    assert (told["type"], told["data"]["id"], told["data"]["paused"]) == ("batch.paused", batch.id, True)


def test_what_is_canceled_can_not_be_paused(server: Server, new_number: Callable[[], str]) -> None:
    with server.client() as client:
        batch = client.batches.send(to=[new_number()], text="Hello", send_at=datetime.now(UTC) + timedelta(hours=1))
        client.batches.cancel(batch.id)

        with pytest.raises(errors.BatchCanceled):
            client.batches.pause(batch.id)
        with pytest.raises(errors.NotFound):
            client.batches.resume("nothing")


def test_an_account_s_words_are_set_and_answered(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        changed = client.account.change(
            ChangeAccount(consent=ConsentWords(stop=["Basta"], stop_answer="Bye.", help_answer="We are Acme."))
        )
        try:
            client.messages.send(to=number, text="Hello", originator="36111")
            client.sandbox.wait_for_message(number)
            client.sandbox.reply(number, to="36111", text="help")
            helped = client.sandbox.wait_for_message(number, contains="Acme")
            client.sandbox.reply(number, to="36111", text="basta")
            goodbye = client.sandbox.wait_for_message(number, contains="Bye.")
            refused = client.messages.send(to=number, text="Hello", originator="36111")
            for wrong in (ConsentWords(stop=["two words"]), ConsentWords(help_answer="x" * 481)):
                with pytest.raises(errors.InvalidField):
                    client.account.change(ChangeAccount(consent=wrong))
        finally:
            client.account.change(ChangeAccount(consent=ConsentWords()))

    assert changed.consent.stop == ["Basta"]
    assert (helped.text, helped.peer, goodbye.text) == ("We are Acme.", "36111", "Bye.")
    assert (refused.status, refused.reason) == ("rejected", "opted_out")


def test_marketing_waits_for_the_quiet_hours_to_end(start_server: StartServer, new_number: Callable[[], str]) -> None:
    now = datetime.now(UTC)
    quiet = f"{(now - timedelta(hours=3)):%H:%M}-{(now + timedelta(hours=5)):%H:%M}"  # wherever in Western Europe
    server = start_server(environment={"HELIOGRAPH_QUIET_HOURS": quiet})
    with server.client() as client:
        british = f"+447400{new_number()[-6:]}"
        marketing = client.messages.send(to=british, text="Buy", marketing=True)
        other = client.messages.send(to=british, text="Your parcel")
        client.messages.wait_for_delivery(other.id)
        waits = client.messages.why(marketing.id)
    server.stop()

    assert waits.why in {"scheduled", "quiet_hours"}
    assert waits.until is not None
    assert waits.until > now + timedelta(hours=3)
