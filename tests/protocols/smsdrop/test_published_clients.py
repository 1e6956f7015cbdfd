"""Each call of both published clients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from heliograph.protocols.shared.uuids import from_uuid

from .conftest import FIRST, SECOND, Connect, Published, PublishedError

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

pytestmark = pytest.mark.slow

NewNumber = Callable[[], str]


def settle(server: Server, campaign: Any) -> None:
    """Waits until every message of a campaign is settled."""
    with server.client() as client:
        for message in client.messages.list(batch_id=from_uuid(campaign["id"])):
            client.messages.wait_for_delivery(message.id)


def test_a_campaign_is_launched_and_delivered(server: Server, smsdrop: Published, new_number: NewNumber) -> None:
    numbers = [new_number(), new_number().removeprefix("+")]

    launched = smsdrop.launch(recipient_list=numbers, title="Spring", message="Grüße")
    settle(server, launched)
    found = smsdrop.found(launched["id"])

    assert (launched["title"], launched["message_count"], launched["sms_count"]) == ("Spring", 2, 1)
    assert (found["status"], found["delivery_percentage"]) == ("COMPLETED", 100)
    assert found["recipient_list"] == [f"+{number.removeprefix('+')}" for number in numbers]
    with server.client() as client:
        shown = client.sandbox.wait_for_message(numbers[0])
    assert (shown.text, shown.peer) == ("Grüße", "Acme")


def test_a_message_to_one_is_a_campaign_too(smsdrop: Published, new_number: NewNumber) -> None:
    number = new_number()

    sent = smsdrop.call("send_message", message="Hello", sender="Acme", phone=number)
    found = smsdrop.found(sent["id"])

    assert found["recipient_list"] == [number]
    assert sent["title"] == found["title"] != ""


@pytest.mark.parametrize(("kind", "encoding"), [(0, "gsm7"), (1, "gsm7"), (2, "ucs2")])
def test_plain_flash_and_unicode(
    server: Server, smsdrop: Published, new_number: NewNumber, kind: int, encoding: str
) -> None:
    number = new_number()

    launched = smsdrop.launch(recipient_list=[number], message="x" * 100, message_type=kind)

    with server.client() as client:
        shown = client.sandbox.wait_for_message(number)
    assert smsdrop.found(launched["id"])["message_type"] == kind
    assert (shown.encoding, shown.parts) == (encoding, 2 if kind == 2 else 1)
    assert launched["sms_count"] == shown.parts


def test_put_off_until_a_time_or_by_a_delay(smsdrop: Published, new_number: NewNumber) -> None:
    later = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)

    until = smsdrop.launch(recipient_list=[new_number()], defer_until=later.isoformat())
    by = smsdrop.launch(recipient_list=[new_number()], defer_by=600)
    found_until, found_by = smsdrop.found(until["id"]), smsdrop.found(by["id"])

    assert until["status"] == by["status"] == "SCHEDULED"
    assert datetime.fromisoformat(found_until["defer_until"]) == later
    assert (found_until["defer_by"], found_by["defer_until"], found_by["defer_by"]) == (None, None, 600)


def test_a_time_without_an_offset_is_utc(server: Server, smsdrop: Published, new_number: NewNumber) -> None:
    later = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)

    launched = smsdrop.launch(recipient_list=[new_number()], defer_until=later.replace(tzinfo=None).isoformat())

    with server.client() as client:
        assert client.batches.get(from_uuid(launched["id"])).send_at == later


def test_listings_are_newest_first_and_have_pages(connect: Connect, version: str, start_server: StartServer) -> None:
    smsdrop = connect(version, start_server())
    made = [smsdrop.launch(recipient_list=["+33612345678"], title=f"Number {place}")["title"] for place in range(5)]

    assert [each["title"] for each in smsdrop.campaigns()] == made[::-1]
    assert [each["title"] for each in smsdrop.campaigns(skip=1, limit=2)] == made[-2:-4:-1]
    assert smsdrop.campaigns(skip=5) == []


def test_what_looks_like_a_parameter_is_sent_as_it_is(
    server: Server, smsdrop: Published, new_number: NewNumber
) -> None:
    number = new_number()

    launched = smsdrop.launch(recipient_list=[number], message="Pay ${amount} now")

    with server.client() as client:
        assert client.sandbox.wait_for_message(number).text == "Pay ${amount} now"
    assert smsdrop.found(launched["id"])["message"] == "Pay ${amount} now"


def test_profile_and_subscription(server: Server, smsdrop: Published) -> None:
    profile, subscription = smsdrop.profile(), smsdrop.subscription()

    assert profile["email"] == server.ready["protocols"]["smsdrop"]["email"]
    assert profile["is_active"] is True
    assert subscription["id"] == profile["id"]
    assert subscription["nbr_sms"] > 0


def test_one_campaign_is_read_by_the_first_client_only(server: Server, connect: Connect, new_number: NewNumber) -> None:
    """The second asks for what its own mistake has made of the identifier, and takes a 404 for no change."""
    first, second = connect(FIRST, server), connect(SECOND, server)
    launched = first.launch(recipient_list=[new_number()], title="Mine")

    assert first.call("read_campaign", id=launched["id"])["title"] == "Mine"
    assert first.call("read_campaign", id="01890000-0000-7000-8000-000000000000") is None
    unchanged = {"message": "x", "sender": "Acme", "recipient_list": ["+336"], "title": "Unchanged"}
    assert second.call("refresh", campaign=unchanged)["title"] == "Unchanged"


def test_what_cannot_be_paid_for_waits_until_it_can(
    start_server: StartServer, version: str, connect: Connect, new_number: NewNumber
) -> None:
    prices = '{"currency": "EUR", "sms": {"FR": 0.5}}'
    server = start_server(None, "--balance", "1", environment={"HELIOGRAPH_PRICES": prices})
    smsdrop = connect(version, server)
    numbers = [new_number() for _ in range(3)]
    assert smsdrop.subscription()["nbr_sms"] == 2

    with pytest.raises(PublishedError) as refused:
        smsdrop.launch(recipient_list=numbers, title="Too dear")
    (parked,) = smsdrop.campaigns()

    assert (refused.value.kind, refused.value.id) == ("InsufficientSmsError", parked["id"])
    assert (parked["status"], parked["title"], parked["recipient_list"]) == ("PENDING", "Too dear", numbers)
    assert smsdrop.subscription()["nbr_sms"] == 2
    with pytest.raises(PublishedError, match="InsufficientSmsError"):
        smsdrop.retry({"id": parked["id"]})
    server.stop()

    richer = start_server(server.data_dir, "--balance", "10", environment={"HELIOGRAPH_PRICES": prices})
    smsdrop = connect(version, richer)
    smsdrop.retry({"id": parked["id"]})
    smsdrop.retry({"id": parked["id"]})  # it is launched already
    settle(richer, parked)

    (launched,) = smsdrop.campaigns()
    assert (launched["id"], launched["status"], launched["title"]) == (parked["id"], "COMPLETED", "Too dear")
    assert smsdrop.subscription()["nbr_sms"] == 17


def test_accounts_do_not_see_each_other(server: Server, connect: Connect, version: str, new_number: NewNumber) -> None:
    ready = server.ready["protocols"]["smsdrop"]["other"]
    mine, theirs = connect(version, server), connect(version, server, ready["email"], ready["password"])

    launched = mine.launch(recipient_list=[new_number()])

    assert launched["id"] not in {each["id"] for each in theirs.campaigns()}
    with pytest.raises(PublishedError, match="ValidationError: id: "):
        theirs.retry({"id": launched["id"]})
    assert theirs.profile()["email"] == ready["email"]


def test_a_token_of_the_wrong_password_is_none(connect: Connect, version: str, server: Server) -> None:
    for smsdrop in (connect(version, server, password="wrong"), connect(version, server, email="nobody@example.org")):
        with pytest.raises(PublishedError) as refused:
            smsdrop.profile()
        assert refused.value.kind == "BadCredentialsError"


@pytest.mark.parametrize("path", ["/campaigns/", "/campaigns/retry", "/campaigns/x", "/users/me", "/subscriptions/"])
@pytest.mark.parametrize("prefix", ["", "/api"])
def test_without_a_token_nothing_is_said(server: Server, prefix: str, path: str) -> None:
    address = server.ready["protocols"]["smsdrop"]["context"] + prefix + path

    answers = [httpx2.get(address), httpx2.get(address, headers={"Authorization": "Bearer sd_nobodys"})]

    assert {answer.status_code for answer in answers} == {401}
    assert all("detail" in answer.json() for answer in answers)
