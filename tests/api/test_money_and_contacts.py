"""Balances, the ledger, contacts and templates in the native API, as the SDK sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.api import wire
from heliograph.domain.errors import InsufficientCredit, InvalidField, InvalidRecipient, NameTaken, NotFound

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

    assert (added.added, added.updated, added.duplicates) == (1, 0, 1)
    assert [(wrong.row, wrong.number) for wrong in added.invalid] == [(3, "nonsense")]
    assert (first.number, first.country, first.fields) == (ada, "FR", {"tier": "gold"})
    assert (changed.first_name, changed.last_name, changed.fields) == (None, "L.", {"tier": "gold"})
    assert left == [ada]


def named(number: str, **known: Any) -> wire.NewContact:
    return wire.NewContact(number=number, **known)


def test_what_is_no_number_in_a_list_is_named_with_its_row_and_why(server: Server, new_number: NewNumber) -> None:
    contacts = [named(new_number() if place % 2 else f"wrong {place}") for place in range(60)]
    wrong = [(place + 1, f"wrong {place}") for place in range(0, 60, 2)]
    with server.client() as client:
        group = client.groups.create()
        with pytest.raises(InvalidRecipient) as refused:
            client.contacts.add(group.id, contacts)
        nobody = list(client.contacts.list(group.id))
        added = client.contacts.add(group.id, contacts, skip_invalid=True)
        with pytest.raises(InvalidRecipient, match="'wrong 0' \\(") as alone:
            client.contacts.add(group.id, contacts[:1])
        with pytest.raises(InvalidRecipient, match=r"'x' in row 2 \(.+\)\.") as members:
            client.groups.create(members=[new_number(), "x"])

    told: Any = refused.value.facts["invalid"]
    assert [(each.row, each.number) for each in told] == wrong
    assert [(each.row, each.number) for each in added.invalid] == wrong
    assert all(each.reason for each in added.invalid)
    assert "'wrong 38' in row 39 (" in refused.value.message
    assert "row 41" not in refused.value.message
    assert refused.value.message.endswith(f"({added.invalid[19].reason}), and 10 more.")
    assert "row" not in alone.value.message
    assert members.value.field == "members"
    assert (nobody, added.added) == ([], 30)


def test_an_import_that_is_repeated_adds_nothing_and_can_bring_contacts_up_to_date(
    server: Server, new_number: NewNumber
) -> None:
    ada, bob, eve, new = (new_number() for _ in range(4))
    with server.client() as client:
        group = client.groups.create(members=[eve])
        client.contacts.add(
            group.id,
            [
                named(ada, first_name="Ada", email="ada@example.org", fields={"tier": "gold", "city": "Paris"}),
                named(bob, first_name="Bob", last_name=" ", fields={"tier": ""}),
            ],
        )
        before = {each.number: each for each in client.contacts.list(group.id)}
        again = [
            named(ada, first_name="Augusta", email="", fields={"tier": " ", "city": "Rome", "age": "36"}),
            named(bob, first_name="Bob", fields={"tier": ""}),
            named(eve, last_name="E."),
            named(new, first_name="", last_name="N."),
            named(new, first_name="Nina", last_name="M."),
        ]
        kept = client.contacts.add(group.id, again[:3])
        unchanged = {each.number: each for each in client.contacts.list(group.id)}
        updated = client.contacts.add(group.id, again, update=True)
        after = {each.number: each for each in client.contacts.list(group.id)}
        once_more = client.contacts.add(group.id, again, update=True)

    assert (kept.added, kept.updated, kept.duplicates) == (0, 0, 3)
    assert unchanged == before
    assert (updated.added, updated.updated, updated.duplicates) == (1, 2, 2)
    assert (once_more.added, once_more.updated, once_more.duplicates) == (0, 0, 5)
    assert (after[ada].first_name, after[ada].email) == ("Augusta", "ada@example.org")
    assert after[ada].fields == {"tier": "gold", "city": "Rome", "age": "36"}
    assert after[bob] == before[bob]
    assert (after[eve].first_name, after[eve].last_name) == (None, "E.")
    assert (after[new].first_name, after[new].last_name) == ("Nina", "N.")
    assert {number: (each.id, each.created_at) for number, each in before.items()} == {
        number: (each.id, each.created_at) for number, each in after.items() if number != new
    }


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


def test_originators_rents_and_sums(frugal: Server) -> None:
    """What the account asked for, has for some time, and has sent; and what is refused names the field."""
    began = datetime.now(UTC) - timedelta(minutes=1)
    with frugal.client() as client:
        made = client.originators.create("Acme7")
        listed = client.originators.list()
        with pytest.raises(InvalidField) as refused:
            client.originators.create("A")
        client.originators.delete(made.number)
        offered = client.rents.available()
        with pytest.raises(InsufficientCredit):
            client.rents.create(offered[0].number_id, 30)
        with pytest.raises(InvalidField) as too_short:
            client.rents.create(next(each for each in offered if each.prices[0].days > 1).number_id, 1)
        sent = client.messages.send(to="+33612345601", text="Hi")
        client.messages.wait_for_delivery(sent.id, timeout_s=240)
        rows = client.reports.messages(since=began, batch_id=sent.batch_id)
        with pytest.raises(InvalidField, match="93 days"):
            client.reports.messages(since=began - timedelta(days=94))

    assert made in listed
    assert refused.value.field == "originator"
    assert too_short.value.field == "days"
    assert [(row.country, row.status, row.count, row.price) for row in rows] == [("FR", "delivered", 1, "0.05")]
