"""Balances, the ledger, contacts and templates in the native API, as the SDK sees them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from heliograph.api import wire
from heliograph.domain.errors import InsufficientCredit, InvalidRecipient, NameTaken, NotFound

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


@pytest.fixture(scope="module")
def frugal(start_server: StartServer) -> Server:
    """Its account has one euro; only France has a price."""
    return start_server(None, "--balance", "1", environment={"HELIOGRAPH_PRICES": '{"sms": {"FR": 0.05}}'})


def test_what_is_sent_is_charged_and_stands_in_the_ledger(frugal: Server, new_number: NewNumber) -> None:
    with frugal.client() as client:
        trial = client.batches.dry_run(to=[new_number(), new_number()], text="x" * 161)
        before = Decimal(client.money.balance().balance or "")

        sent = client.batches.send(to=[new_number(), new_number()], text="x" * 161)
        newest = next(iter(client.money.ledger(page_size=1)))
        after = client.money.balance()
        message = next(iter(client.messages.list(batch_id=sent.id)))
        abroad = client.messages.send(to="+447400123456", text="Hi")
        prices = client.money.prices()

        with pytest.raises(InsufficientCredit):
            client.batches.send(to=[new_number() for _ in range(40)], text="Hi")

    assert (trial.price, message.price) == ("0.2", "0.1")
    assert Decimal(after.balance or "") == before - Decimal("0.2")
    assert (newest.kind, newest.amount, newest.batch_id) == ("charge", "-0.2", sent.id)
    assert (abroad.status, abroad.reason) == ("rejected", "no_coverage")
    assert (prices.currency, [(entry.country, entry.price) for entry in prices.items]) == ("EUR", [("FR", "0.05")])


def test_contacts_of_a_group(server: Server, new_number: NewNumber) -> None:
    ada, bob = new_number(), new_number()
    with server.client() as client:
        group = client.groups.create(members=[bob])
        added = client.contacts.add(
            group.id,
            [
                wire.NewContact(number=ada, first_name="Ada", fields={"tier": "gold"}),
                wire.NewContact(number=bob),
                wire.NewContact(number="nonsense"),
            ],
            skip_invalid=True,
        )
        first, second = client.contacts.list(group.id, page_size=1)
        changed = client.contacts.change(group.id, first.id, wire.ChangeContact(last_name="L.", first_name=None))
        with pytest.raises(NameTaken):
            client.contacts.change(group.id, first.id, wire.ChangeContact(number=bob))
        with pytest.raises(InvalidRecipient):
            client.contacts.add(group.id, [wire.NewContact(number="nonsense")])
        client.contacts.delete(group.id, second.id)
        with pytest.raises(NotFound):
            client.contacts.delete(group.id, second.id)
        left = client.groups.members(group.id)

    assert (added.added, added.duplicates, added.invalid) == (1, 1, ["nonsense"])
    assert (first.number, first.country, first.fields) == (ada, "FR", {"tier": "gold"})
    assert (changed.first_name, changed.last_name, changed.fields) == (None, "L.", {"tier": "gold"})
    assert left == [ada]


def test_templates(server: Server) -> None:
    with server.client() as client:
        made = client.templates.create("Hello", name="Greeting")
        with pytest.raises(NameTaken):
            client.templates.create("Hello", name="Greeting")
        changed = client.templates.change(made.number, text="Good day")
        listed = client.templates.list()
        client.templates.delete(made.number)
        with pytest.raises(NotFound):
            client.templates.get(made.number)

    assert (made.approved, changed.text, changed.name) == (True, "Good day", "Greeting")
    assert listed[0] == changed
