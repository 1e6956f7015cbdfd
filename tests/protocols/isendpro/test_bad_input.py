"""Each rule of iSendPro broken once: status and code, and nothing stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from .conftest import Caller

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

GOOD: dict[str, Any] = {"num": "0612345678", "sms": "Bonjour"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("/sms", {"num": None}, "9001"),
    ("/sms", {"sms": ""}, "9001"),
    ("/sms", {"num": "0612345678", "emetteur": "abc"}, "9003"),
    ("/sms", {"emetteur": "x" * 12}, "9003"),
    ("/sms", {"emetteur": "123456"}, "9003"),
    ("/sms", {"emetteur": "12 34 56"}, "9003"),
    ("/sms", {"emetteur": "Café"}, "9003"),
    ("/sms", {"emetteur": "A-Marque"}, "9003"),
    ("/sms", {"date_envoi": "demain"}, "9006"),
    ("/sms", {"date_envoi": "2030-02-30 10:00"}, "9006"),
    ("/sms", {"date_envoi": "2030-01-01 10:00", "gmt_zone": "Europe/Nowhere"}, "9006"),
    ("/sms", {"date_envoi": "2030-01-01 10:00", "gmt_zone": "../../etc/passwd"}, "9006"),
    ("/sms", {"tracker": "a-b"}, "9011"),
    ("/sms", {"tracker": "x" * 50}, "9011"),
    ("/sms", {"smslong": "0"}, "9011"),
    ("/sms", {"smslong": "many"}, "9011"),
    ("/sms", {"sms": {"text": "x"}}, "9011"),
    ("/smsmulti", {"num": ["0612345678", "0612345679"], "sms": ["a", "b", "c"]}, "9011"),
    ("/smsmulti", {"num": ["0612345678"], "tracker": ["a", "b"]}, "9011"),
    ("/smsmulti", {"num": None, "repertoireId": "987654"}, "9008"),
    ("/smsmulti", {"num": None, "repertoireId": "x"}, "9008"),
    ("/comptage", {"sms": None}, "9001"),
    ("/credit", {"credit": "3"}, "9011"),
    ("/hlr", {"num": []}, "9001"),
    ("/hlr", {"num": ["0612345678"] * 101}, "9011"),
    ("/repertoire", {"repertoireEdit": "create"}, "9001"),
    ("/repertoire", {"repertoireEdit": "burn", "repertoireId": "1"}, "9008"),
    ("/repertoire", {"repertoireEdit": "add", "repertoireId": "987654"}, "9008"),
    ("/setlistenoire", {"num": "0612345678"}, "9001"),
    ("/setlistenoire", {"setlisteNoire": "1", "num": "12"}, "9002"),
    ("/campagne", {"rapportCampagne": "1", "date_deb": "2030-01-02 00:00", "date_fin": "2030-01-01 00:00"}, "9006"),
    ("/campagne", {"rapportCampagne": "1", "date_deb": "2030-01-02"}, "9006"),
    ("/shortlink", {"shortlink": "javascript:alert(1)"}, "9011"),
    ("/subaccount", {"subAccountEdit": "addAccount", "subAccountLogin": "x"}, "9001"),
    ("/subaccount", {"subAccountEdit": "addCredit", "subAccountKeyId": "x"}, "9012"),
    ("/nowhere", {}, "9016"),
]


@pytest.fixture(scope="module")
def quiet_server(start_server: StartServer) -> Server:
    """One to which nothing good is sent."""
    return start_server()


def stored(server: Server) -> tuple[int, ...]:
    with server.client() as client:
        return tuple(
            len(list(listing)) for listing in (client.messages.list(), client.groups.list(), client.optouts.list())
        )


@pytest.mark.parametrize(("path", "wrong", "code"), REFUSED)
def test_what_is_refused_leaves_nothing_behind(
    quiet_server: Server, path: str, wrong: dict[str, Any], code: str
) -> None:
    caller = Caller(quiet_server)
    asked = {name: value for name, value in (GOOD | wrong).items() if value is not None}

    assert caller.refusal(path, **asked) == (400, code)
    assert stored(quiet_server) == (0, 0, 0)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"keyid": "\\u0000"}', b"\xff\xfe", b"[" * 10_000])
def test_bodies_that_mean_nothing(quiet_server: Server, body: bytes) -> None:
    caller = Caller(quiet_server)
    answer = caller.raw("POST", f"/sms?keyid={caller.keyid}", content=body)

    (entry,) = answer.json()["etat"]["etat"]
    assert (answer.status_code, int(entry["code"]) >= 9000) == (400, True)
    assert stored(quiet_server) == (0, 0, 0)


def test_without_a_key_or_with_another(quiet_server: Server) -> None:
    host = quiet_server.ready["protocols"]["isendpro"]["host"]

    missing = httpx2.post(f"{host}/sms", json=GOOD).json()["etat"]["etat"][0]["code"]
    wrong = [httpx2.post(f"{host}/sms", json=GOOD | {"keyid": key}) for key in ("x", "x" * 32)]

    assert missing == "9001"
    assert [(each.status_code, each.json()["etat"]["etat"][0]["code"]) for each in wrong] == [(400, "3")] * 2


def test_a_key_is_good_from_its_own_addresses_only(quiet_server: Server) -> None:
    """A proxy on the same machine says who is calling."""
    caller = Caller(quiet_server)
    asked = {"json": {"keyid": caller.keyid, "credit": "1"}}

    here = caller.raw("POST", "/credit", **asked)
    elsewhere = caller.raw("POST", "/credit", headers={"X-Forwarded-For": "203.0.113.5"}, **asked)

    assert here.status_code == 200
    (entry,) = elsewhere.json()["etat"]["etat"]
    assert (elsewhere.status_code, entry["code"]) == (400, "9007")


def test_too_little_credit(start_server: StartServer) -> None:
    prices = '{"currency": "EUR", "sms": {"FR": 0.5}, "lookup": {"FR": 0.5}}'
    server = start_server(None, "--balance", "0.7", environment={"HELIOGRAPH_PRICES": prices})
    caller = Caller(server)

    assert caller.refusal("/smsmulti", num=["0612345678", "0612345679"], sms=["x"]) == (400, "9005")
    assert stored(server) == (0, 0, 0)
    twice = caller.send("0612345678", "0612345678")
    looked_up = caller.entries("POST", "/hlr", getHLR="1", num=["0612345678"])

    assert [entry["code"] for entry in twice] == [0, 9005]
    assert [entry["code"] for entry in looked_up] == ["9005"]
