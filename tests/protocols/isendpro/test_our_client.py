"""Our client against our server: every operation, both twins, and what is raised."""

from __future__ import annotations

import inspect
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.protocols.standing_in import StandIn

from heliograph.calling import Request, Response, Unreachable
from heliograph.protocols.isendpro import AsyncClient, Client, wire
from heliograph.protocols.isendpro.errors import IsendproException, ServerErrorException, UnexpectedResponseException

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    ready = server.ready["protocols"]["isendpro"]
    with Client(ready["keyid"], ready["host"]) as made:
        yield made


def test_sending_and_counting(server: Server, client: Client, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(3)]

    one = client.send_sms(numbers[0], "Un", emetteur="Marque", nostop="1")
    many = client.send_sms_multi([*numbers[1:], "12"], ["Deux", "Trois", "x"], tracker=["a", "b", "c"], smslong="999")
    counted = client.comptage("0612345678", "x" * 161)

    assert (one.code, one.tel, one.smslong) == (0, numbers[0], "1")
    assert [entry.code for entry in many] == [0, 0, 9002]
    assert (counted.nb_caractere, counted.nb_sms) == ("161", "2")
    with server.client() as native:
        assert native.sandbox.wait_for_message(numbers[2]).text == "Trois"


def test_credit_and_lookups(client: Client) -> None:
    assert client.get_credit().credit > 0
    assert int(str(client.get_credit("2").quantite)) > 0
    assert [entry.operateur for entry in client.get_hlr(["0612345678"])] == ["SFR"]
    assert [entry.operateur for entry in client.get_operateur(["0612345678"])] == ["SFR"]


def test_address_books(client: Client, new_number: NewNumber) -> None:
    numbers = [new_number(), new_number()]
    book = str(client.repertoire_crea(f"Ours {numbers[0]}").repertoire_id)

    added = client.repertoire("add", book, numbers, {1: ["Anne", "Bob"], 2: ["75001", ""]})
    client.repertoire("del", book, numbers[1:])
    sent = client.send_sms_multi([], ["Tous"], repertoire_id=book)

    assert [entry.code for entry in added] == ["0", "0"]
    assert [entry.tel for entry in sent] == numbers[:1]


def test_the_blacklist_and_the_files(client: Client, new_number: NewNumber) -> None:
    number = new_number()

    assert client.set_liste_noire(number).liste_noire == "OK"
    assert number.removeprefix("+") in content(client.get_liste_noire())
    assert client.send_sms(number, "x").code == 11
    assert client.del_liste_noire(number).liste_noire == "OK"
    now = datetime.now(UTC)
    period = (now - timedelta(hours=1), now + timedelta(hours=1))
    assert number.removeprefix("+") in content(client.get_campagne(*period))
    assert number.removeprefix("+") not in content(client.get_campagne(datetime(2020, 1, 1), datetime(2020, 1, 2)))


def content(file: bytes) -> str:
    archive = zipfile.ZipFile(io.BytesIO(file))
    return archive.read(archive.namelist()[0]).decode()


def test_short_links_and_subaccounts(client: Client, new_number: NewNumber) -> None:
    assert client.add_shortlink("https://example.org/x").code == "250"
    key = str(client.add_subaccount(f"ours-{new_number()}", "secret").subaccount_key_id)

    assert client.add_subaccount_credit(key, "1.5").edited_key_id == key
    assert client.set_subaccount_price(key, "FR", "0.5").code == "0"
    assert client.set_subaccount_restriction(key, stop=False, time=True).code == "0"


async def test_its_asynchronous_twin(server: Server, new_number: NewNumber) -> None:
    ready = server.ready["protocols"]["isendpro"]
    async with AsyncClient(ready["keyid"], ready["host"]) as client:
        assert (await client.send_sms(new_number(), "Un")).code == 0
        assert "tel" in content(await client.get_liste_noire())


def test_the_twins_have_the_same_operations() -> None:
    def operations(kind: type[object]) -> dict[str, object]:
        return {
            name: str(inspect.signature(made))
            for name, made in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert operations(Client) == operations(AsyncClient)


def test_what_is_refused(server: Server, client: Client) -> None:
    with pytest.raises(IsendproException, match="400: L'émetteur") as refused:
        client.send_sms("0612345678", "x", emetteur="abc")
    with Client("wrong", server.ready["protocols"]["isendpro"]["host"]) as stranger:
        with pytest.raises(IsendproException) as unknown:
            stranger.get_credit()
        with pytest.raises(IsendproException):
            stranger.get_liste_noire()

    assert (refused.value.status, refused.value.code, unknown.value.code) == (400, "9003", "3")
    with Client("key", "http://127.0.0.1:9") as nowhere, pytest.raises(Unreachable):
        nowhere.get_credit()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Response(500, b"<html>"), ServerErrorException),
        (Response(403, b"<html>"), IsendproException),
        (Response(400, b'{"etat": {"etat": {"code": 3, "message": "No"}}}'), IsendproException),
        (Response(200, b"<html>"), UnexpectedResponseException),
        (Response(200, b'{"etat": {"etat": [{"code": []}]}}'), UnexpectedResponseException),
    ],
)
async def test_answers_that_are_none(answer: Response, kind: type[IsendproException]) -> None:
    client = AsyncClient("key", driver=StandIn(lambda _: answer))

    with pytest.raises(kind):
        await client.send_sms("0612345678", "x")


@pytest.mark.parametrize("code", ["0", 0])
@pytest.mark.parametrize("alone", [True, False])
async def test_entries_in_a_list_or_alone_with_either_kind_of_code(code: str | int, alone: bool) -> None:
    entry = {"code": code, "tel": "06", "message": "ok", "something": "new"}
    body = {"etat": {"etat": entry if alone else [entry]}}
    client = AsyncClient("key", driver=StandIn(lambda _: Response(200, json.dumps(body).encode())))

    assert await client.send_sms("06", "x") == wire.Entry(code=code, tel="06", message="ok")


#: What the vendor's clients were seen to write (reference: isendpro.md, section 2).
WRITTEN: list[tuple[str, Callable[[AsyncClient], Any], tuple[str, str, dict[str, Any]]]] = [
    (
        "send_sms",
        lambda client: client.send_sms("06", "x", emetteur="Marque"),
        ("POST", "/sms", {"keyid": "key", "num": "06", "sms": "x", "emetteur": "Marque"}),
    ),
    (
        "send_sms_multi",
        lambda client: client.send_sms_multi(["06", "07"], ["x"], tracker=["a", "b"]),
        ("POST", "/smsmulti", {"keyid": "key", "num": ["06", "07"], "sms": ["x"], "tracker": ["a", "b"]}),
    ),
    (
        "comptage",
        lambda client: client.comptage("06", "x"),
        ("POST", "/comptage", {"keyid": "key", "comptage": "1", "num": "06", "sms": "x"}),
    ),
    (
        "hlr",
        lambda client: client.get_hlr(["06"]),
        ("POST", "/hlr", {"keyid": "key", "getHLR": "1", "num": ["06"]}),
    ),
    (
        "set_liste_noire",
        lambda client: client.set_liste_noire("06"),
        ("POST", "/setlistenoire", {"keyid": "key", "setlisteNoire": "1", "num": "06"}),
    ),
    (
        "get_campagne",
        lambda client: client.get_campagne(datetime(2030, 1, 1, 10), datetime(2030, 7, 1, 10, tzinfo=UTC)),
        (
            "GET",
            "/campagne",
            {
                "keyid": "key",
                "rapportCampagne": "1",
                "date_deb": "2030-01-01 10:00",
                "date_fin": "2030-07-01 12:00",
            },
        ),
    ),
    (
        "repertoire",
        lambda client: client.repertoire("add", "5", ["06"], {2: ["A"]}),
        (
            "PUT",
            "/repertoire",
            {"keyid": "key", "repertoireEdit": "add", "repertoireId": "5", "num": ["06"], "champ2": ["A"]},
        ),
    ),
]


@pytest.mark.parametrize(("call", "expected"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
async def test_requests_are_those_of_the_vendor_s_clients(
    call: Callable[[AsyncClient], Any], expected: tuple[str, str, dict[str, Any]]
) -> None:
    def answer(request: Request) -> Response:
        return Response(200, b"PK" if request.path == "/campagne" else b'{"etat": {"etat": [{"code": "0"}]}}')

    recorder = StandIn(answer)
    await call(AsyncClient("key", driver=recorder))

    (request,) = recorder.requests
    parameters = dict(request.query) if request.body is None else json.loads(request.body)
    assert (request.method, request.path, parameters) == expected
