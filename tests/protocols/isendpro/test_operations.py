"""Each operation, asked for in the ways that the published clients do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from .conftest import Caller

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]


def national(number: str) -> str:
    return "0" + number.removeprefix("+33")


def shown(server: Server, number: str) -> Any:
    with server.client() as client:
        return client.sandbox.wait_for_message(number)


@pytest.mark.parametrize("spelling", ["national", "bare", "plus"])
def test_one_message(server: Server, isendpro: Caller, new_number: NewNumber, spelling: str) -> None:
    number = new_number()
    given = {"national": national(number), "bare": number.removeprefix("+"), "plus": number}[spelling]

    (entry,) = isendpro.entries("POST", "/sms", num=given, sms="Ça va ?")

    assert (entry["code"], entry["tel"], entry["smslong"]) == (0, given, "1")
    assert entry["message"]
    assert shown(server, number).text == "Ça va ?"


#: How clients write the same request.
WRITTEN: list[tuple[str, str, str, dict[str, str]]] = [
    (
        "the vendor's clients",
        "/sms",
        '{"keyid": "<key>", "num": "<number>", "sms": "x"}',
        {"Content-Type": "application/json"},
    ),
    ("its samples for curl and PHP", "/sms", '{"keyid":"<key>","num":"<number>","sms":"x"}', {}),
    (
        "the same, declared as a form",
        "/sms",
        '{"keyid":"<key>","num":"<number>","sms":"x"}',
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
    ("Python, several to the address for one", "/sms", '{"keyid": "<key>", "num": ["<number>"], "sms": ["x"]}', {}),
    ("Symfony", "/sms", '{"keyid":"<key>","num":"<number>","sms":"x","sandbox":0,"tracker":"0123456789abcd"}', {}),
    ("a form", "/sms", "keyid=<key>&num=<number>&sms=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("a form with a list", "/smsmulti", "keyid=<key>&num[]=<number>&sms[]=x", {}),
    ("the older interface", "/", "keyid=<key>&num=<number>&sms=x", {}),
    ("n8n", "/sms", '{"keyid": "<key>", "num": "<number>", "sms": "x"}', {"Authorization": "Bearer whatever"}),
    ("other capitals", "/sms", '{"KeyID": "<key>", "NUM": "<number>", "Sms": "x"}', {}),
]


@pytest.mark.parametrize(("path", "body", "headers"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_however_it_is_written(
    server: Server, isendpro: Caller, new_number: NewNumber, path: str, body: str, headers: dict[str, str]
) -> None:
    number = new_number()
    content = body.replace("<number>", national(number)).replace("<key>", isendpro.keyid)

    answer = isendpro.raw("POST", path, content=content.encode(), headers=headers)

    assert (answer.status_code, answer.json()["etat"]["etat"][0]["code"]) == (200, 0)
    assert shown(server, number).text == "x"


def test_in_the_query(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    number = new_number()

    answer = isendpro.raw("GET", f"/?keyid={isendpro.keyid}&num={number.removeprefix('+')}&sms=un+deux&nostop=1")

    assert answer.json()["etat"]["etat"][0]["code"] == 0
    assert shown(server, number).text == "un deux"


def test_many_with_a_text_for_each_or_one_for_all(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(4)]

    each = isendpro.send(*numbers[:2], sms=["Un ${x}", "Deux"])
    same = isendpro.send(*numbers[2:], sms=["Tous"])

    assert [entry["code"] for entry in each + same] == [0, 0, 0, 0]
    assert [shown(server, number).text for number in numbers] == ["Un ${x}", "Deux", "Tous", "Tous"]


def test_a_number_twice_gets_both(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    number = new_number()

    entries = isendpro.send(number, national(number), sms=["Un", "Deux"])

    assert [entry["code"] for entry in entries] == [0, 0]
    with server.client() as client:
        assert len(list(client.messages.list(to=number))) == 2


def test_each_number_has_its_own_outcome(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    good, silent = new_number(), new_number()
    isendpro.entries("POST", "/setlistenoire", setlisteNoire="1", num=silent)

    entries = isendpro.send(good, silent, "12", sms=["x"])

    assert [(entry["code"], entry["tel"]) for entry in entries] == [(0, good), (11, silent), (9002, "12")]
    assert "smslong" not in entries[1]
    with server.client() as client:
        (refused,) = client.messages.list(to=silent)
    assert (refused.status, refused.reason) == ("rejected", "opted_out")


def test_the_words_that_say_how_to_opt_out(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(4)]

    fits, too_long, without, anonymous = (
        isendpro.send(numbers[0], sms=["x" * 149], emetteur="Ma Marque"),
        isendpro.send(numbers[1], sms=["x" * 150], emetteur="Ma Marque"),
        isendpro.send(numbers[2], sms=["x" * 160], emetteur="Ma Marque", nostop="1"),
        isendpro.send(numbers[3], sms=["x" * 160]),
    )

    assert [each[0]["code"] for each in (fits, too_long, without, anonymous)] == [0, 9004, 0, 0]
    assert shown(server, numbers[0]).text == "x" * 149 + " STOP 36111"
    assert shown(server, numbers[0]).peer == "Ma Marque"
    assert {len(shown(server, number).text) for number in numbers[2:]} == {160}


@pytest.mark.parametrize(
    ("smslong", "length", "outcome"),
    [
        (None, 160, (0, "1")),
        (None, 161, (9004, None)),
        ("2", 306, (0, "2")),
        ("2", 307, (9004, None)),
        ("999", 918, (0, "6")),
        ("999", 919, (9004, None)),
        (3, 400, (0, "3")),
    ],
)
def test_how_long_a_text_may_be(
    isendpro: Caller, new_number: NewNumber, smslong: Any, length: int, outcome: tuple[int, str | None]
) -> None:
    options = {} if smslong is None else {"smslong": smslong}

    (entry,) = isendpro.entries("POST", "/sms", num=new_number(), sms="x" * length, **options)

    assert (entry["code"], entry.get("smslong")) == outcome


def test_other_alphabets_go_abroad_only(server: Server, isendpro: Caller) -> None:
    abroad, home = "+79161234567", "+33612345678"

    without, here, there = (
        isendpro.send(abroad, sms=["Привет"]),
        isendpro.send(home, sms=["Привет"], ucs2="1"),
        isendpro.send(abroad, sms=["Привет" * 20], ucs2="1", smslong="999"),
    )

    assert [each[0]["code"] for each in (without, here, there)] == [9009, 9010, 0]
    assert there[0]["smslong"] == "2"


def test_a_date_is_that_of_a_wall(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    numbers = [new_number(), new_number()]
    wall = (datetime.now(UTC) + timedelta(days=200)).replace(hour=12, minute=30, second=0, microsecond=0, tzinfo=None)

    isendpro.send(numbers[0], date_envoi=f"{wall:%Y-%m-%d %H:%M}")
    isendpro.send(numbers[1], date_envoi=f"{wall:%Y-%m-%d+%H:%M}", gmt_zone="Asia/Katmandu")

    due = []
    with server.client() as client:
        for number in numbers:
            (message,) = client.messages.list(to=number)
            due.append(client.batches.get(message.batch_id).send_at)
    zones = (ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Kathmandu"))
    assert due == [wall.replace(tzinfo=zone).astimezone(UTC) for zone in zones]


def test_a_test_is_judged_and_not_sent(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    number = new_number()

    entries = isendpro.send(number, "12", sandbox=1)

    assert [entry["code"] for entry in entries] == [0, 9002]
    with server.client() as client:
        assert list(client.messages.list(to=number)) == []


def test_counting(isendpro: Caller) -> None:
    plain = isendpro.entries("POST", "/comptage", num="0612345678", sms="x" * 161, comptage="1", smslong="999")
    marketing = isendpro.entries("POST", "/comptage", num="0612345678", sms="x€", comptage="1", emetteur="Marque")

    assert plain == [{"tel": "0612345678", "nb_caractere": "161", "nb_sms": "2"}]
    assert marketing == [{"tel": "0612345678", "nb_caractere": str(3 + 11), "nb_sms": "1"}]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_credit(isendpro: Caller, new_number: NewNumber, method: str) -> None:
    before = isendpro.ask(method, "/credit", credit="1").json()["etat"]
    isendpro.send(new_number())
    after = isendpro.ask(method, "/credit", credit="2").json()["etat"]

    assert before["credit"] - after["credit"] == pytest.approx(0.045)
    assert "quantite" not in before
    assert after["quantite"] == str(int(after["credit"] / 0.045 + 1e-9))


def test_lookups(isendpro: Caller) -> None:
    found = isendpro.entries("POST", "/hlr", getHLR="1", num=["0612345678", "12", "+9991000000"])
    planned = isendpro.entries("POST", "/qualification", getOperateur="1", num=["0612345678", "+4915112345678", "12"])

    assert found[0] == {"tel": "0612345678", "operateur": "SFR"}
    assert (found[1]["code"], found[1]["tel"]) == ("9002", "12")
    assert [entry.get("operateur", entry.get("code")) for entry in planned] == ["SFR", "T-Mobile", "9002"]


def test_address_books(server: Server, isendpro: Caller, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(3)]
    (made,) = isendpro.entries("POST", "/repertoire", repertoireEdit="create", repertoireNom=f"Livre {numbers[0]}")
    book = made["repertoireId"]

    added = isendpro.entries(
        "PUT",
        "/repertoire",
        repertoireEdit="add",
        repertoireId=book,
        num=[*numbers, "12"],
        champ1=["Anne", "Bob", "", "x"],
        champ2=["75001", "", "", ""],
    )
    taken = isendpro.entries("PUT", "/repertoire", repertoireEdit="del", repertoireId=book, num=[numbers[2]])
    sent = isendpro.entries("POST", "/smsmulti", repertoireId=book, sms=["Tous"])

    assert (made["code"], [entry["code"] for entry in added]) == ("0", ["0", "0", "0", "9002"])
    assert {entry["repertoireId"] for entry in added + taken} == {book}
    assert sorted(entry["tel"] for entry in sent) == sorted(numbers[:2])
    with server.client() as client:
        group = next(each for each in client.groups.list() if each.name == f"Livre {numbers[0]}")
        details = (
            {each.to: each for each in client.groups.contacts(group.id)} if hasattr(client.groups, "contacts") else {}
        )
    assert group.size == 2
    assert details == {} or details[numbers[0]].last_name == "Anne"


def test_the_blacklist(isendpro: Caller, other_isendpro: Caller, new_number: NewNumber) -> None:
    number = new_number()

    for path, flag in (("/setlistenoire", "setlisteNoire"), ("/setlistenoire", "setListeNoire")):
        assert isendpro.entries("POST", path, **{flag: "1"}, num=national(number)) == [
            {"tel": national(number), "listeNoire": "OK"}
        ]
    listed = {row["tel"] for row in isendpro.file("/getlistenoire", getListeNoire="1")}
    elsewhere = {row["tel"] for row in other_isendpro.file("/getlistenoire", getListeNoire="1")}
    for flag in ("delListeNoire", "dellisteNoire"):
        isendpro.entries("POST", "/dellistenoire", **{flag: "1"}, num=number)

    assert number.removeprefix("+") in listed - elsewhere
    assert isendpro.send(number)[0]["code"] == 0


def test_a_file_begins_with_a_byte_order_mark_where_one_is_asked_for(isendpro: Caller) -> None:
    assert isendpro.inside("/getlistenoire", getListeNoire="1").startswith(b"tel,")
    assert isendpro.inside("/getlistenoire", getListeNoire="1", bom="1").startswith(b"\xef\xbb\xbftel,")


def test_the_summary_of_a_campaign(isendpro: Caller, other_isendpro: Caller, new_number: NewNumber) -> None:
    number = new_number()
    isendpro.send(number, emetteur="Marque", sms=["=Bonjour"], tracker=["t42"])
    today = datetime.now(ZoneInfo("Europe/Paris"))
    period = {
        "date_deb": f"{today - timedelta(hours=1):%Y-%m-%d %H:%M}",
        "date_fin": f"{today + timedelta(hours=1):%Y-%m-%d %H:%M}",
    }

    rows = {row["tel"]: row for row in isendpro.file("/campagne", rapportCampagne="1", **period)}
    early = isendpro.file("/campagne", rapportCampagne="1", date_deb="2020-01-01 00:00", date_fin="2020-01-02 00:00")

    row = rows[number.removeprefix("+")]
    assert (row["emetteur"], row["sms"], row["tracker"]) == ("Marque", "'=Bonjour STOP 36111", "t42")
    assert early == []
    assert number.removeprefix("+") not in {
        row["tel"] for row in other_isendpro.file("/campagne", rapportCampagne="1", **period)
    }


def test_short_links(server: Server, isendpro: Caller) -> None:
    (made,) = isendpro.entries("POST", "/shortlink", shortlink="https://example.org/a?b=c")

    assert (made["code"], "://" in made["shortlink"]) == ("250", False)
    answer = isendpro.raw("GET", f"http://{made['shortlink']}")
    assert answer.headers["location"] == "https://example.org/a?b=c"
