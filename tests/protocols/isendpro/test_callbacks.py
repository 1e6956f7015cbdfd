"""What is called out: receipts and inbound messages, in the query that the customer asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.listening import Listener
from yarl import URL

from heliograph.api.wire import ChangeAccount
from heliograph.protocols.isendpro.queries import INBOUND, RECEIPT, filled, understood

from .conftest import Caller

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


@pytest.fixture
def told_server(start_server: StartServer, customer: Listener) -> Server:
    """One whose account is told everything as iSendPro tells it."""
    server = start_server()
    with server.client() as client:
        client.account.change(
            ChangeAccount(
                callback_protocol="isendpro",
                callback_url=f"{customer.origin}/mo",
                receipt_url=f"{customer.origin}/dlr?a=b",
            )
        )
    return server


def test_receipts_with_their_trackers(told_server: Server, customer: Listener) -> None:
    caller = Caller(told_server)
    silent = "+33612340001"
    caller.entries("POST", "/setlistenoire", setlisteNoire="1", num=silent)

    caller.send("+33612345678", "0612345679", silent, tracker=["premier", "second", "jamais"])
    told = {query["tracker"]: query for query in (customer.next_query() for _ in range(3))}

    assert customer.path.startswith("/dlr?a=b&tracker=")
    assert customer.body == b""
    assert "X-Heliograph-Signature" in customer.headers
    assert {name: (query["tel"], query["statut"], query["code"]) for name, query in told.items()} == {
        "premier": ("33612345678", "delivered", "0"),
        "second": ("33612345679", "delivered", "0"),
        "jamais": ("33612340001", "failed", "11"),
    }
    datetime.strptime(told["premier"]["date"], "%Y-%m-%d %H:%M:%S")


def test_inbound_messages(told_server: Server, customer: Listener) -> None:
    with told_server.client() as client:
        client.sandbox.reply("+33612345678", to="36111", text="D'accord & merci")

    query = customer.next_query()

    assert customer.path.startswith("/mo?")
    assert {name: query[name] for name in ("tel", "sms", "emetteur")} == {
        "tel": "33612345678",
        "sms": "D'accord & merci",
        "emetteur": "36111",
    }


def test_an_address_in_the_customers_own_words(told_server: Server, customer: Listener) -> None:
    with told_server.client() as client:
        url = f"{customer.origin}/{{tel}}?id={{tracker}}&ok={{status}}&x={{unknown}}"
        client.account.change(ChangeAccount(receipt_url=url))

    Caller(told_server).send("+33612345678", tracker="t1")
    query = customer.next_query()

    assert customer.path.startswith("/33612345678?")
    assert query == {"id": "t1", "ok": "delivered", "x": "{unknown}"}


@pytest.mark.parametrize(
    ("address", "called"),
    [
        ("https://example.org", "https://example.org?tel=1"),
        ("https://example.org/x?y#z", "https://example.org/x?y&tel=1#z"),
        ("https://example.org#z?", "https://example.org?tel=1#z?"),
    ],
)
def test_a_query_is_put_where_it_is_sent(address: str, called: str) -> None:
    assert filled(address, "tel={tel}", {"tel": "1"}) == called


@given(st.dictionaries(st.sampled_from(["tracker", "tel", "text", "to", "date", "status", "code"]), st.text()))
def test_a_value_is_never_more_than_a_value(values: dict[str, str]) -> None:
    everything = dict.fromkeys(("tracker", "tel", "text", "to", "date", "status", "code"), "") | values
    storable = {name: value.encode("utf-8", "ignore").decode() for name, value in everything.items()}

    receipt = URL(filled("https://example.org/x?y=z", RECEIPT, storable))
    inbound = URL(filled("https://example.org/x", INBOUND, storable))

    assert (receipt.host, receipt.path, receipt.query["y"]) == ("example.org", "/x", "z")
    assert {name: receipt.query[name] for name in ("tracker", "tel")} == {
        name: storable[name] for name in ("tracker", "tel")
    }
    assert inbound.query["sms"] == storable["text"]
    said = understood(RECEIPT, dict(receipt.query))
    assert said == {name: storable[name] for name in ("tracker", "tel", "status", "date", "code")}
