"""The signature covers the URL that is requested, in whatever spelling the customer gave it: the published validator
judges it by what came over the socket."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.patience import HANG_S
from tests.protocols.listening import Listener
from twilio.request_validator import RequestValidator

from heliograph.api.wire import ChangeAccount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Server
    from twilio.rest import Client

    from heliograph.sdk import Client as NativeClient

    from .conftest import NewNumber

NUMBER = "+33611119999"


class Told:
    """A call as it came over the socket."""

    def __init__(self, listener: Listener) -> None:
        self.target, headers, self.body = listener.received.get(timeout=HANG_S)
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.url = f"http://{self.headers['host']}{self.target}"
        self.fields = dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def is_signed(self, token: str) -> bool:
        return bool(RequestValidator(token).validate(self.url, self.fields, self.headers["x-twilio-signature"]))


@pytest.fixture(scope="module")
def receiver() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def token(server: Server) -> str:
    found: str = server.ready["protocols"]["twilio"]["auth_token"]
    return found


def told_of_one(twilio: Client, receiver: Listener, url: str) -> list[Told]:
    twilio.messages.create(to=NUMBER, from_="Acme", body="Hello", status_callback=url)
    return [Told(receiver) for _ in range(2)]  # sent and delivered


SPELLINGS = [
    "http://{host}?q=1",
    "http://{host}",
    "http://{host}/a%2fb",
    "http://{host}/%7Ea",
    "http://{host}/a?x=[1]",
    "http://{host}/a b?c d=e f",
    "http://{host}/a?b=1+2%20%2b3",
    "http://{host}/s?a=b#fragment",
    "http://{host}#rc=3&rp=5xx,ct&ct=2000",
    "http://{host}/?#",
    "HTTP://{host}/A/../b/./c",
    "http://{host}//double//slash",
    "http://{host}/;",
    "http://{host}/a;b;c?d;",
    "http://{host}/ä/日本?ö=ü&%E4=%zz",
    "http://{host}/{{id}}?'\"<>`|^\\;,=@:$!*()",
    "http://user:p%40ss@{host}/s",
    "http://{host}/s?a=1&a=2&b=&=c&&",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_signed_as_it_is_called(
    twilio: Client, receiver: Listener, token: str, spelling: str
) -> None:
    host = receiver.origin.removeprefix("http://")

    for told in told_of_one(twilio, receiver, spelling.format(host=host)):
        assert told.is_signed(token), told.url
        assert "#" not in told.target


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "LOCALHOST.", "１２７.0.0.1"])
def test_so_is_every_spelling_of_a_host(twilio: Client, receiver: Listener, token: str, host: str) -> None:
    port = receiver.origin.rpartition(":")[2]

    for told in told_of_one(twilio, receiver, f"http://{host}:{port}/s?a=b"):
        assert told.is_signed(token), told.url


IN_URLS = st.text(
    st.one_of(
        st.sampled_from("/?&=+%#;:@!$'()*,~[]{}|\\^`\"<> .-_"),
        st.sampled_from("aZ09"),
        st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")).filter(str.isprintable),
    ),
    max_size=30,
)
TAILS = st.builds(
    lambda path, query, fragment: "".join(
        mark + part for mark, part in (("/", path), ("?", query), ("#", fragment)) if part is not None
    ),
    st.none() | IN_URLS,
    st.none() | IN_URLS,
    st.none() | IN_URLS,
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(TAILS, min_size=5, max_size=15))
def test_so_is_whatever_people_write_behind_a_host(
    twilio: Client, receiver: Listener, token: str, tails: list[str]
) -> None:
    for tail in tails:
        twilio.messages.create(to=NUMBER, from_="Acme", body="Hello", status_callback=receiver.origin + tail)

    told = [Told(receiver) for _ in range(2 * len(tails))]

    assert [each.url for each in told if not each.is_signed(token)] == []


def test_a_user_and_a_password_are_told_to_the_server_and_to_nobody_else(
    twilio: Client, receiver: Listener, token: str
) -> None:
    url = receiver.origin.replace("://", "://us%65r:p%C3%A4ss%40@") + "/s"

    for told in told_of_one(twilio, receiver, url):
        assert told.headers["authorization"] == f"Basic {b64encode('user:päss@'.encode()).decode()}"
        assert told.url == f"{receiver.origin}/s"
        assert told.is_signed(token)


def test_a_server_that_asks_for_digest_is_answered_so(twilio: Client, token: str) -> None:
    strict = Listener(challenge='Digest realm="here", nonce="n1", qop="auth", algorithm=SHA-256')
    url = strict.origin.replace("://", "://user:secret@") + "/s?a=b#c"
    twilio.messages.create(to=NUMBER, from_="Acme", body="Hello", status_callback=url)

    calls = [Told(strict) for _ in range(4)]
    strict.close()

    let_in = [told for told in calls if told.headers["authorization"].startswith("Digest ")]
    assert len(let_in) == 2
    assert all('username="user"' in told.headers["authorization"] and told.is_signed(token) for told in let_in)
    assert {told.fields["MessageStatus"] for told in let_in} == {"sent", "delivered"}


@pytest.fixture
def as_before(native: NativeClient) -> Iterator[None]:
    yield
    native.account.change(ChangeAccount(callback_url=None, callback_protocol="v1"))


@pytest.mark.usefixtures("as_before")
def test_what_comes_in_is_told_so_too(
    twilio: Client, native: NativeClient, receiver: Listener, token: str, new_number: NewNumber
) -> None:
    number, url = new_number(), receiver.origin.replace("://", "://me:pw@") + "?q=[1]#rc=2"
    native.account.change(ChangeAccount(callback_url=url, callback_protocol="twilio"))
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)

    native.sandbox.reply(number, to="+15005550006", text="Hi")
    told = Told(receiver)

    assert told.is_signed(token)
    assert told.headers["authorization"].startswith("Basic ")
    assert told.fields["Body"] == "Hi"


@pytest.mark.usefixtures("as_before")
def test_relative_addresses_in_a_reply_are_of_the_server_that_gave_them(
    twilio: Client, native: NativeClient, token: str, new_number: NewNumber
) -> None:
    number = new_number()
    message = b"<Message statusCallback='done?x=[1]'><Body>Look</Body><Media>../cat.jpg</Media></Message>"
    replying = Listener(200, b"<Response>%s</Response>" % message, content_type="text/xml")
    url = replying.origin.replace("://", "://me:pw@") + "/a/b#rc=2"
    native.account.change(ChangeAccount(callback_url=url, callback_protocol="twilio"))
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)

    native.sandbox.reply(number, to="+15005550006", text="Hi")
    shown = native.sandbox.wait_for_message(number, contains="Look")
    asked, *told = [Told(replying) for _ in range(3)]
    replying.close()

    assert shown.text == f"Look\n{replying.origin}/cat.jpg"
    assert [each.url for each in (asked, *told)] == [
        f"{replying.origin}/a/b",
        *[f"{replying.origin}/a/done?x=%5B1%5D"] * 2,
    ]
    assert all(each.is_signed(token) and each.headers["authorization"].startswith("Basic ") for each in (asked, *told))


@pytest.mark.usefixtures("as_before")
def test_other_shapes_have_no_names_in_their_addresses(native: NativeClient, receiver: Listener) -> None:
    from heliograph.domain.errors import InvalidCallbackUrl

    url = receiver.origin.replace("://", "://me:pw@")
    native.account.change(ChangeAccount(callback_url=url, callback_protocol="twilio"))

    for change in (
        ChangeAccount(callback_protocol="v1"),
        ChangeAccount(callback_url=url, callback_protocol="v1"),
        ChangeAccount(receipt_url=url),
    ):
        with pytest.raises(InvalidCallbackUrl):
            native.account.change(change)
