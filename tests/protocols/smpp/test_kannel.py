"""Kannel, as Debian has it, on both sides of us: its users send through us by SMPP, and we through it by its HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from bench.kannel import Kannel, provider
from tests.deploy.programs import debian_package
from tests.ending import end_with_the_tests
from tests.patience import once_found
from tests.ports import free_port
from tests.protocols.listening import Listener

from heliograph import Client

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

pytestmark = pytest.mark.slow

NewNumber = Callable[[], str]
DELIVERED, UNDELIVERED, BUFFERED, TAKEN = "1", "2", "4", "8"
"""Kannel's kinds of reports."""
ALL = "31"
TEXTS = {
    "gsm": "Price: 5 € for [all] of you.",
    "ucs2": "Très long ☺, Zürich",
    "long": "Price: 5 € for [all] of you. " * 15,
    "long ucs2": "Très long ☺. " * 15,
}


@pytest.fixture(scope="module")
def application() -> Iterator[Listener]:
    """Whom Kannel calls with what phones write. Reports of several parts come in any order: each test has its own
    server for them."""
    listener = Listener(status=200)
    yield listener
    listener.close()


StartKannel = Callable[[dict[str, Any], str], Kannel]


@pytest.fixture(scope="module")
def start_kannel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartKannel]:
    debian_package("kannel", "smsbox")
    started: list[Kannel] = []

    def start(smsc: dict[str, Any], calls: str) -> Kannel:
        started.append(Kannel(tmp_path_factory.mktemp("kannel"), smsc, calls, preexec=end_with_the_tests))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    """Of its own: what other tests leave owed to the sandbox's key would be told to Kannel."""
    return start_server()


@pytest.fixture(scope="module")
def kannel(start_kannel: StartKannel, server: Server, application: Listener) -> Kannel:
    return start_kannel(server.ready["protocols"]["smpp"], f"{application.origin}/written")


def reports(customer: Listener) -> Iterator[str]:
    """The kinds of reports, as they come, up to one that is final."""
    while True:
        kind = customer.next_query()["kind"]
        yield kind
        if kind in {DELIVERED, UNDELIVERED}:
            return


def joined(native: Client, number: str) -> str:
    """The text that the handset makes of the parts it got; empty while some are missing."""
    messages = native.sandbox.messages(number, parts=True)
    parts = {part.number: part for message in messages for part in message.handset or ()}
    if not parts or len(parts) < parts[min(parts)].of:
        return ""
    return "".join(str(parts[place].text) for place in sorted(parts))


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_a_user_of_kannel_sends_through_us_and_is_told_what_became_of_it(
    kannel: Kannel, server: Server, customer: Listener, new_number: NewNumber, text: str
) -> None:
    number = new_number()
    how = {"charset": "UTF-8", "coding": "2"} if "☺" in text else {"charset": "UTF-8"}
    report = f"{customer.origin}/report?kind=%d"

    said = httpx2.get(
        kannel.address(to=number, **{"from": "Acme"}, text=text, **how, **{"dlr-mask": ALL, "dlr-url": report})
    )
    told = list(reports(customer))
    with server.client() as native:
        shown = once_found(lambda: joined(native, number))

    assert (said.status_code, said.text) == (202, "0: Accepted for delivery")
    assert told[-1] == DELIVERED
    assert set(told) <= {TAKEN, BUFFERED, DELIVERED}
    assert shown == text


@pytest.mark.parametrize("number", ["+999100000077", "+999200000077"])
def test_a_user_of_kannel_is_told_what_did_not_arrive(kannel: Kannel, customer: Listener, number: str) -> None:
    report = f"{customer.origin}/report?kind=%d"

    httpx2.get(kannel.address(to=number, **{"from": "Acme"}, text="Hello", **{"dlr-mask": ALL, "dlr-url": report}))

    assert list(reports(customer))[-1] == UNDELIVERED


def test_what_a_phone_writes_reaches_the_user_of_kannel(
    kannel: Kannel, server: Server, application: Listener, new_number: NewNumber
) -> None:
    number = new_number()
    httpx2.get(kannel.address(to=number, **{"from": "Acme"}, text="Hello?"))
    with server.client() as native:
        assert once_found(lambda: native.sandbox.messages(number))
        native.sandbox.reply(number, to="Acme", text="Yes please")

    assert application.next_query() == {"from": number, "to": "Acme", "text": "Yes please"}


@pytest.fixture(scope="module")
def before_kannel(
    start_kannel: StartKannel, start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Server, Server]:
    """A server whose provider is a Kannel, and the one that is Kannel's SMSC."""
    far = start_server()
    port, data = free_port(), tmp_path_factory.mktemp("before") / "heliograph"
    environment = {"HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}", "HELIOGRAPH_SANDBOX": "on"}

    def begin(line: dict[str, Any]) -> Server:
        lines = {"HELIOGRAPH_PROVIDERS": json.dumps({"kannel": line}), "HELIOGRAPH_DEFAULT_PROVIDER": "kannel"}
        return start_server(data, "--port", str(port), environment=environment | lines)

    first = begin(provider("http://127.0.0.1:1/not-yet"))
    ours = first.ready["providers"]["kannel"]
    first.stop()
    gateway = start_kannel(far.ready["protocols"]["smpp"], ours)
    return begin(provider(ours, gateway.origin)), far


def test_we_send_through_kannel_and_hear_what_became_of_it_and_what_phones_write(
    before_kannel: tuple[Server, Server], new_number: NewNumber
) -> None:
    near, far = before_kannel
    number = new_number()
    with near.client() as native, far.client() as phones:
        sent = native.messages.send(to=number, text=TEXTS["long ucs2"], originator="Acme")
        ended = native.messages.wait_for_delivery(sent.id)
        shown = once_found(lambda: joined(phones, number))
        phones.sandbox.reply(number, to="Acme", text="Yes please")
        written = once_found(lambda: [each for each in native.inbound.list() if each.msisdn == number])

    assert ended.status == "delivered"
    assert shown == TEXTS["long ucs2"]
    assert [(each.to, each.text) for each in written] == [("Acme", "Yes please")]
