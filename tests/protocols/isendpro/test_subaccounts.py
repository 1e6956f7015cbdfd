"""Accounts below an account: credit, prices, and what they must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx2
import pytest

from .conftest import Caller

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def child(server: Server, isendpro: Caller, new_number: NewNumber) -> Caller:
    login = f"child-{new_number()}"
    (made,) = isendpro.entries(
        "POST", "/subaccount", subAccountEdit="addAccount", subAccountLogin=login, subAccountPassword="secret"
    )
    assert (made["code"], made["subAccountLogin"]) == ("230", login)
    return Caller(server, made["subAccountKeyId"])


def edit(parent: Caller, child: Caller, what: str, **parameters: str) -> dict[str, str]:
    (entry,) = parent.entries("PUT", "/subaccount", subAccountEdit=what, subAccountKeyId=child.keyid, **parameters)
    assert (entry["code"], entry["subAccountKeyid"]) == ("0", child.keyid)
    return entry


def credit(caller: Caller) -> float:
    return float(caller.ask("GET", "/credit", credit="1").json()["etat"]["credit"])


def test_it_has_the_credit_that_it_is_given(isendpro: Caller, child: Caller, new_number: NewNumber) -> None:
    assert credit(child) == 0
    assert child.refusal("/sms", num=new_number(), sms="x") == (400, "9005")
    before = credit(isendpro)

    edit(isendpro, child, "addCredit", subAccountAddCredit="2,50")

    assert credit(child) == 2.5
    assert before - credit(isendpro) == pytest.approx(2.5)
    assert child.send(new_number())[0]["code"] == 0
    assert credit(child) == pytest.approx(2.455)


def test_it_pays_the_price_that_it_is_told(isendpro: Caller, child: Caller, new_number: NewNumber) -> None:
    edit(isendpro, child, "addCredit", subAccountAddCredit="1")
    edit(isendpro, child, "setPrice", subAccountPrice="0.1", subAccountCountryCode="FR")

    assert child.ask("GET", "/credit", credit="2").json()["etat"]["quantite"] == "10"
    child.send(new_number())
    assert credit(child) == pytest.approx(0.9)
    child.send("+4915112345678")
    assert credit(child) == pytest.approx(0.83)


@pytest.mark.parametrize("price", ["0", "0.044", "0,01"])
def test_it_is_told_no_price_below_what_a_message_costs(
    isendpro: Caller, child: Caller, new_number: NewNumber, price: str
) -> None:
    edit(isendpro, child, "addCredit", subAccountAddCredit="1")

    status, code = isendpro.refusal(
        "/subaccount",
        subAccountEdit="setPrice",
        subAccountKeyId=child.keyid,
        subAccountPrice=price,
        subAccountCountryCode="FR",
    )
    child.send(new_number())

    assert (status, code) == (400, "9011")
    assert credit(child) == pytest.approx(0.955)


def test_marketing_waits_for_the_morning_and_says_how_to_opt_out(
    server: Server, isendpro: Caller, child: Caller, new_number: NewNumber
) -> None:
    edit(isendpro, child, "addCredit", subAccountAddCredit="1")
    evening = (datetime.now(PARIS) + timedelta(days=1)).replace(hour=21, minute=0, second=0, microsecond=0)
    date = f"{evening:%Y-%m-%d %H:%M}"
    morning = (evening + timedelta(days=1)).replace(hour=8, tzinfo=None).replace(tzinfo=PARIS).astimezone(UTC)
    numbers = [new_number() for _ in range(3)]

    child.send(numbers[0], emetteur="Marque", nostop="1", date_envoi=date)  # it may not
    child.send(numbers[1], date_envoi=date)  # without a sender it is no marketing
    edit(isendpro, child, "setRestriction", subAccountRestrictionStop="0", subAccountRestrictionTime="0")
    child.send(numbers[2], emetteur="Marque", date_envoi=date)

    since = datetime.now(PARIS) - timedelta(hours=1)
    rows = {
        row["tel"]: row["sms"]
        for row in child.file(
            "/campagne",
            rapportCampagne="1",
            date_deb=f"{since:%Y-%m-%d %H:%M}",
            date_fin=f"{since + timedelta(hours=2):%Y-%m-%d %H:%M}",
        )
    }
    assert rows[numbers[0].removeprefix("+")] == "Bonjour STOP 36111"
    assert due_times(server, child, numbers) == [morning, evening.astimezone(UTC), evening.astimezone(UTC)]


def due_times(server: Server, child: Caller, numbers: list[str]) -> list[datetime]:
    """When the messages are due, by the store itself: the child has no key of the native API."""
    import sqlite3

    with sqlite3.connect(f"file:{server.data_dir / 'heliograph.db'}?mode=ro", uri=True) as connection:
        found = dict(connection.execute("SELECT msisdn, due_at FROM messages").fetchall())
    connection.close()
    return [datetime.fromtimestamp(found[number.removeprefix("+")] / 1000, UTC) for number in numbers]


def test_what_it_may_not_do_it_cannot_give(server: Server, isendpro: Caller, child: Caller) -> None:
    (made,) = child.entries(
        "POST",
        "/subaccount",
        subAccountEdit="addAccount",
        subAccountLogin=f"grandchild of {child.keyid[:8]}",
        subAccountPassword="x",
    )
    grandchild = Caller(server, made["subAccountKeyId"])

    for restriction in ({"subAccountRestrictionStop": "0"}, {"subAccountRestrictionTime": "0"}):
        asked = {"subAccountEdit": "setRestriction", "subAccountKeyId": grandchild.keyid} | restriction
        assert child.refusal("/subaccount", **asked) == (400, "9014")
    asked = {"subAccountEdit": "addCredit", "subAccountKeyId": grandchild.keyid, "subAccountAddCredit": "1"}
    assert child.refusal("/subaccount", **asked) == (400, "9005")
    assert isendpro.refusal("/subaccount", **asked) == (400, "9012")  # only the account right above it


@pytest.mark.parametrize(
    ("what", "parameters", "code"),
    [
        ("addCredit", {"subAccountAddCredit": "-1"}, "9011"),
        ("addCredit", {"subAccountAddCredit": "0"}, "9011"),
        ("addCredit", {"subAccountAddCredit": "1e9"}, "9011"),
        ("addCredit", {}, "9001"),
        ("setPrice", {"subAccountPrice": "1", "subAccountCountryCode": "XX"}, "9011"),
        ("setPrice", {"subAccountPrice": "x", "subAccountCountryCode": "FR"}, "9011"),
        ("setRestriction", {"subAccountRestrictionStop": "2"}, "9011"),
        ("dissolve", {}, "9011"),
    ],
)
def test_changes_that_cannot_be(
    isendpro: Caller, child: Caller, what: str, parameters: dict[str, str], code: str
) -> None:
    asked = {"subAccountEdit": what, "subAccountKeyId": child.keyid} | parameters

    assert isendpro.refusal("/subaccount", **asked) == (400, code)
    assert credit(child) == 0


def test_a_login_is_one_account_of_its_parent(isendpro: Caller, other_isendpro: Caller, new_number: NewNumber) -> None:
    asked = {"subAccountEdit": "addAccount", "subAccountLogin": f"mine-{new_number()}", "subAccountPassword": "x"}
    (made,) = isendpro.entries("POST", "/subaccount", **asked)
    (elsewhere,) = other_isendpro.entries("POST", "/subaccount", **asked)

    assert isendpro.refusal("/subaccount", **asked) == (400, "9013")
    assert made["subAccountId"] != elsewhere["subAccountId"]


def test_its_key_is_good_from_where_its_parents_is(child: Caller) -> None:
    answer = httpx2.get(
        f"{child.host}/credit",
        params={"keyid": child.keyid, "credit": "1"},
        headers={"X-Forwarded-For": "203.0.113.5"},
    )

    assert answer.json()["etat"]["etat"][0]["code"] == "9007"
