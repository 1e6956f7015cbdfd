"""Numbers as people and programs write them, at each door of a server whose account has a region."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from heliograph.api import wire
from heliograph.domain.errors import InvalidRecipient, NotFound

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

    from heliograph.sdk import Client

LATER = datetime(2031, 5, 6, tzinfo=UTC)
_fresh = count(1)


@pytest.fixture(scope="module")
def german(start_server: StartServer) -> Server:
    server = start_server()
    with server.client() as client:
        client.account.change(wire.ChangeAccount(region="DE"))
    return server


@pytest.fixture
def client(german: Server) -> Iterator[Client]:
    with german.client() as client:
        yield client


@pytest.fixture
def rest() -> str:
    """Seven digits that no other test uses."""
    return f"{next(_fresh):07}"


SPELLINGS = [
    ("0151 2{}", "+491512{}"),
    ("0151/2{}", "+491512{}"),
    ("tel:0151-2{}", "+491512{}"),
    ("tel:+49-151-2{}", "+491512{}"),
    ("'01512{}", "+491512{}"),
    ("491512{}.0", "+491512{}"),
    ("00491512{}", "+491512{}"),
]


@pytest.mark.parametrize(("written", "read"), SPELLINGS)
def test_a_message_reaches_whom_it_is_written_to(client: Client, rest: str, written: str, read: str) -> None:
    assert client.messages.send(to=written.format(rest), text="Hi").to == read.format(rest)


def test_what_is_dialled_abroad_reaches_nobody_at_home(client: Client) -> None:
    assert client.messages.send(to="001 512 555 1234", text="Hi").to == "+15125551234"


def test_digits_of_other_scripts_are_digits(client: Client) -> None:
    assert client.messages.send(to="+٤٤٧٩٠٠١٢٣٤٥٦", text="Hi").to == "+447900123456"


@pytest.mark.parametrize("spoilt", ["4.91511E+12", "4,91511E+12", "49151 1234567.8E", "tel:+4930123456;ext=7"])
def test_what_has_been_spoilt_reaches_nobody(client: Client, spoilt: str) -> None:
    with pytest.raises(InvalidRecipient):
        client.messages.send(to=spoilt, text="Hi")


def test_an_opt_out_is_that_of_the_number_abroad(client: Client) -> None:
    client.optouts.add("0015105550123")

    assert "+15105550123" in [each.number for each in client.optouts.list()]
    assert client.messages.send(to="001 510 555 0123", text="Hi").status == "rejected"
    client.optouts.remove("+1 510 555 0123")
    with pytest.raises(NotFound):
        client.optouts.remove("0015105550123")


def test_a_recipient_is_taken_out_however_it_is_written(client: Client, rest: str) -> None:
    numbers = [f"01512{rest}", f"+336{rest}1", f"+4930{rest}"]
    sent = client.batches.send(to=numbers, text="Hi", send_at=LATER)
    change = wire.ChangeBatch(remove=[f"0151/2{rest}", f"00336{rest}1"])

    assert client.batches.change(sent.id, change).recipient_count == 1


def test_a_parameter_is_found_by_the_number_as_the_recipient_was_written(client: Client, rest: str) -> None:
    names = {"name": {f"0151 2{rest}": "Ada", f"+4915{rest}1": "Bob"}}
    client.batches.send(to=[f"0151 2{rest}", f"0049 15{rest}1"], text="Hi ${name}", parameters=names)

    for number, text in ((f"01512{rest}", "Hi Ada"), (f"+4915{rest}1", "Hi Bob")):
        assert client.sandbox.wait_for_message(number).text == text


def test_messages_are_listed_by_a_number_as_it_was_written(client: Client, german: Server, rest: str) -> None:
    sent = client.messages.send(to=f"0151 2{rest}", text="Hi")

    for number in (f"0151 2{rest}", f"+491512{rest}", f"491512{rest}"):
        assert [each.id for each in client.messages.list(to=number)] == [sent.id]
    bare = f"{german.url}/v1/messages?to=+491512{rest}"  # a plus that is a space when it arrives
    found = httpx2.get(bare, headers={"Authorization": f"Bearer {german.token}"}).json()
    assert [each["id"] for each in found["items"]] == [sent.id]


def test_a_code_may_be_typed_in_any_digits(client: Client, rest: str) -> None:
    number = f"+491512{rest}"
    started = client.verify.start(to=number)
    code = client.sandbox.read_code(number)
    typed = "\u200e" + code.translate({ord(str(digit)): chr(0x0660 + digit) for digit in range(10)})

    assert client.verify.check(started.id, f"{typed[:3]}\u2011{typed[3:]}").status == "verified"


class Twilio:
    """Requests with a body of one's own, which no published client would write."""

    def __init__(self, server: Server) -> None:
        entry = server.ready["protocols"]["twilio"]
        self._url = f"{entry['base_url']}/2010-04-01/Accounts/{entry['account_sid']}/Messages.json"
        self._auth = (entry["account_sid"], entry["auth_token"])

    def send(self, to: str) -> dict[str, Any]:
        """`to` as it stands in the form, not encoded."""
        body = f"To={to}&From=Acme&Body=Hi"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = httpx2.post(self._url, content=body, headers=headers, auth=self._auth)
        found: dict[str, Any] = answer.json()
        return found

    def listed(self, query: str) -> list[str]:
        answer = httpx2.get(f"{self._url}?{query}", auth=self._auth)
        return [each["sid"] for each in answer.json()["messages"]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+15125551234", "+15125551234"),
        ("whatsapp:+15125551234", "whatsapp:+15125551234"),
        ("%2B15125551234", "+15125551234"),
        ("+4930123456", "+4930123456"),  # without the plus a fixed number in Germany
        ("+0151+23456789", "+4915123456789"),  # pasted with a space in front: no calling code begins with 0
        ("++151+23456789", "+4915123456789"),  # two spaces never were a plus
    ],
)
def test_a_plus_that_a_form_has_made_a_space_is_a_plus(german: Server, written: str, read: str | None) -> None:
    assert Twilio(german).send(written).get("to") == read


def test_twilio_lists_by_a_number_whose_plus_is_a_space(german: Server) -> None:
    twilio = Twilio(german)
    sid = twilio.send("+4930123459")["sid"]

    for query in ("To=+4930123459", "To=%2B4930123459", "To=030+123459"):
        assert twilio.listed(query) == [sid]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("00687751234", "+687751234"),
        ("0612345678", "+33612345678"),
        ("+0612345678", "+33612345678"),  # in a query: a space
        ("+33612345678", "+33612345678"),
        ("33612345678.0", "+33612345678"),
    ],
)
def test_isendpro_reads_what_is_dialled_from_france(server: Server, written: str, read: str) -> None:
    entry = server.ready["protocols"]["isendpro"]
    query = f"keyid={entry['keyid']}&num={written}&sms=Bonjour"
    assert httpx2.get(f"{entry['host']}/sms?{query}").status_code == 200

    with server.client() as client:
        assert next(iter(client.messages.list(page_size=1))).to == read


def test_isendpro_reads_national_numbers_of_the_accounts_region(german: Server, rest: str) -> None:
    entry = german.ready["protocols"]["isendpro"]
    asked = {"keyid": entry["keyid"], "num": [f"0151/2{rest}", f"336{rest}1"], "sms": ["Hallo"]}
    assert httpx2.post(f"{entry['host']}/smsmulti", json=asked).status_code == 200

    with german.client() as client:
        assert {each.to for each in client.messages.list(page_size=2)} >= {f"+491512{rest}", f"+336{rest}1"}
