"""What Twilio's door calls out, signed as the published validator wants it, and what is done with the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from tests.patience import HANG_S
from tests.protocols.listening import Listener
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from heliograph.api.wire import ChangeAccount

if TYPE_CHECKING:
    from tests.conftest import Server
    from twilio.rest import Client

    from heliograph.sdk import Client as NativeClient

    from .conftest import NewNumber


def told(listener: Listener, token: str) -> dict[str, str]:
    """The next call, whose signature is right."""
    path, headers, body = listener.received.get(timeout=HANG_S)
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    signature = {name.lower(): value for name, value in headers.items()}["x-twilio-signature"]
    validator = RequestValidator(token)
    assert validator.validate(listener.origin + path, fields, signature)
    assert not validator.validate(listener.origin + path, fields | {"Body": "changed"}, signature)
    return fields


@pytest.fixture
def token(server: Server) -> str:
    found: str = server.ready["protocols"]["twilio"]["auth_token"]
    return found


def test_statuses_are_told(twilio: Client, customer: Listener, token: str, new_number: NewNumber) -> None:
    number = new_number()
    made = twilio.messages.create(to=number, from_="Acme", body="Hello", status_callback=f"{customer.origin}/s?a=b")

    both = {(said := told(customer, token))["MessageStatus"]: said for _ in range(2)}  # in whatever order
    first, last = both["sent"], both["delivered"]

    assert first["MessageSid"] == first["SmsSid"] == made.sid
    assert (last["To"], last["From"], last["AccountSid"]) == (number, "Acme", twilio.account_sid)
    assert len(last["RawDlrDoneDate"]) == 10
    assert "ErrorCode" not in last


def test_a_failure_has_its_code(twilio: Client, customer: Listener, token: str) -> None:
    twilio.messages.create(to="+99910002", from_="Acme", body="Hello", status_callback=customer.url)
    both = {(said := told(customer, token))["MessageStatus"]: said for _ in range(2)}

    assert both["undelivered"]["ErrorCode"] == "30003"
    assert "ErrorCode" not in both["sent"]


@pytest.fixture
def replying(server: Server, native: NativeClient) -> Iterator[list[Listener]]:
    """Servers that inbound messages are told to; the account is as before in the end."""
    listeners: list[Listener] = []
    yield listeners
    native.account.change(ChangeAccount(callback_url=None, callback_protocol="v1"))
    for listener in listeners:
        listener.close()


def answer(native: NativeClient, replying: list[Listener], body: str, content_type: str = "text/xml") -> Listener:
    listener = Listener(200, body.encode(), content_type=content_type)
    replying.append(listener)
    native.account.change(ChangeAccount(callback_url=listener.url, callback_protocol="twilio"))
    return listener


def test_a_reply_in_twiml_is_carried_out(
    twilio: Client, native: NativeClient, token: str, new_number: NewNumber, replying: list[Listener]
) -> None:
    number, elsewhere = new_number(), new_number()
    response = MessagingResponse()
    response.message("Thank you")
    with_media = response.message(to=elsewhere, from_="Bell")
    with_media.body("For you")
    with_media.media("https://example.org/cat.jpg")
    listener = answer(native, replying, str(response))
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)

    native.sandbox.reply(number, to="+15005550006", text="Hi")
    said = told(listener, token)
    thanks = native.sandbox.wait_for_message(number, contains="Thank")
    other = native.sandbox.wait_for_message(elsewhere)
    (first,) = twilio.messages.list(to=elsewhere)

    assert (said["Body"], said["From"], said["To"], said["NumMedia"]) == ("Hi", number, "+15005550006", "0")
    assert (said["SmsStatus"], said["FromCountry"]) == ("received", "FR")
    assert thanks.peer == "+15005550006"
    assert (other.text, other.peer) == ("For you\nhttps://example.org/cat.jpg", "Bell")
    assert (first.direction, first.num_media) == ("outbound-reply", "1")


def test_a_redirect_is_followed_and_a_plain_text_goes_back(
    twilio: Client, native: NativeClient, token: str, new_number: NewNumber, replying: list[Listener]
) -> None:
    number = new_number()
    plain = Listener(200, b"Plainly", content_type="text/plain")
    replying.append(plain)
    response = MessagingResponse()
    response.redirect(plain.url)
    first = answer(native, replying, str(response))
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)

    native.sandbox.reply(number, to="+15005550006", text="START")
    asked, again = told(first, token), told(plain, token)
    back = native.sandbox.wait_for_message(number, contains="Plainly")

    assert asked["OptOutType"] == again["OptOutType"] == "START"
    assert back.text == "Plainly"


@pytest.mark.parametrize(
    "body", ["", "<Response/>", "<html>", "<Response><Message to='nobody'>x</Message></Response>", "not xml"]
)
def test_an_answer_that_says_nothing_sends_nothing(
    twilio: Client,
    native: NativeClient,
    token: str,
    new_number: NewNumber,
    replying: list[Listener],
    body: str,
) -> None:
    number = new_number()
    listener = answer(native, replying, body)
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)

    native.sandbox.reply(number, to="+15005550006", text="Hi")
    told(listener, token)
    twilio.messages.create(to=number, from_="+15005550006", body="The end")
    native.sandbox.wait_for_message(number, contains="The end")

    assert len(twilio.messages.list(to=number)) == 2
