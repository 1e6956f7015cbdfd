"""Parameters that are numbers, and every way in which clients write parameters down."""

from __future__ import annotations

import itertools
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.domain.bounded import whole_number
from heliograph.protocols.isendpro.codes import Code
from heliograph.protocols.isendpro.door.reading import FIGURES, Parameters
from heliograph.protocols.isendpro.door.refusals import IsendproRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2
    from tests.conftest import Server

    from .conftest import Caller

LONG = "x" * 200
"""Two parts."""
NO_NUMBERS = [
    "0000",
    "0" * 5_000,
    "1000",
    "999999999999",
    "9" * 5_000,
    "-1",
    "+1",
    "٣",
    "３",
    " 3",
    "3 ",
    "1_0",
    "1.5",
    "1e2",
    "0x3",
    "",
]


@pytest.mark.parametrize("given_", NO_NUMBERS[:-1])
@pytest.mark.parametrize("path", ["/sms", "/comptage"])
def test_a_length_that_can_not_be_is_refused(isendpro: Caller, given_: str, path: str) -> None:
    assert isendpro.refusal(path, num="0612345678", sms="x", sandbox="1", smslong=given_) == (400, "9011")


@pytest.mark.parametrize(
    ("given_", "parts"),
    [("2", "2"), ("6", "2"), ("999", "2"), ("0000002", "2"), ("0" * 5_000 + "999", "2"), (2, "2"), (999.0, "2")],
)
def test_a_length_is_read_however_it_is_written(isendpro: Caller, given_: object, parts: str) -> None:
    (entry,) = isendpro.entries("POST", "/sms", num="0612345678", sms=LONG, sandbox=1, smslong=given_)

    assert (entry["code"], entry["smslong"]) == (0, parts)


@pytest.mark.parametrize("given_", ["1", "01", None, ""])
def test_a_text_that_is_longer_is_refused_for_its_number(isendpro: Caller, given_: str | None) -> None:
    (entry,) = isendpro.entries("POST", "/sms", num="0612345678", sms=LONG, sandbox="1", smslong=given_)

    assert entry["code"] == int(Code.TEXT_TOO_LONG)


OPERATIONS: dict[str, dict[str, str]] = {
    "/sms": {"num": "0612345678", "sms": "x"},
    "/smsmulti": {"num": "0612345678", "sms": "x"},
    "/comptage": {"num": "0612345678", "sms": "x"},
    "/credit": {"credit": "1"},
    "/hlr": {"num": "0612345678"},
    "/qualification": {"num": "0612345678"},
    "/repertoire": {"repertoireEdit": "create", "repertoireNom": "x"},
    "/setlistenoire": {"setlisteNoire": "1", "num": "0612345678"},
    "/dellistenoire": {"delListeNoire": "1", "num": "0612345678"},
    "/getlistenoire": {"getListeNoire": "1"},
    "/campagne": {"rapportCampagne": "1", "date_deb": "2030-01-01 00:00", "date_fin": "2030-01-02 00:00"},
    "/shortlink": {"shortlink": "https://example.org"},
    "/subaccount": {"subAccountEdit": "setRestriction", "subAccountKeyId": "x"},
}


@pytest.mark.parametrize("path", OPERATIONS)
def test_no_operation_takes_a_number_that_can_not_be(isendpro: Caller, path: str) -> None:
    for (name, figure), text in zip(FIGURES.items(), itertools.cycle(["٣", "-1", "9" * 5_000, "on"])):
        asked = {key: value for key, value in OPERATIONS[path].items() if key.lower() != name} | {name: text}

        assert isendpro.refusal(path, **asked) == (400, str(int(figure.refused))), (name, text[:9])


@given(st.sampled_from(sorted(FIGURES)), st.one_of(st.text(), st.integers().map(str), st.from_regex(r"\A0*[0-9]+\Z")))
def test_a_number_is_what_its_digits_say_or_is_refused(name: str, text: str) -> None:
    asked, allowed = Parameters({name: [text]}), FIGURES[name].allowed
    expected = int(text) if text.isascii() and text.isdigit() and int(text) in allowed else None
    try:
        number = asked.number(name)
    except IsendproRefusal as refusal:
        assert (expected, refusal.code) == (None, FIGURES[name].refused)
    else:
        assert number == expected
        assert (number is None) == (not text)


@given(st.integers(0, 10**17), st.integers(0, 6_000), st.integers(1, 10**18))
def test_leading_zeros_change_nothing(value: int, zeros: int, stop: int) -> None:
    assert whole_number("0" * zeros + str(value), range(stop)) == (value if value < stop else None)


def in_query(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    return caller.raw(method, path, params=asked)


def in_form(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    return caller.raw(method, path, data=asked)


def in_json(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    return caller.raw(method, path, json=asked)


def in_json_that_says_it_is_a_form(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    header = {"Content-Type": "application/x-www-form-urlencoded"}
    return caller.raw(method, path, content=json.dumps(asked).encode(), headers=header)


def in_json_as_numbers(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    return in_json(caller, method, path, {name: int(value) if value == "1" else value for name, value in asked.items()})


def in_capitals(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    return in_form(caller, method, path, {name.upper(): value for name, value in asked.items()})


def as_php_writes_lists(caller: Caller, method: str, path: str, asked: dict[str, Any]) -> httpx2.Response:
    lists = {"num", "sms"}
    pairs = [(f"{name}[0]" if name in lists else name, value) for name, value in asked.items()]
    header = {"Content-Type": "application/x-www-form-urlencoded"}
    return caller.raw(method, path, content=urlencode(pairs).encode(), headers=header)


SPELLINGS = [
    in_query,
    in_form,
    in_json,
    in_json_that_says_it_is_a_form,
    in_json_as_numbers,
    in_capitals,
    as_php_writes_lists,
]


@pytest.mark.parametrize(
    ("method", "spelling"),
    [("GET", in_query), *itertools.product(["POST", "PUT"], SPELLINGS)],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
@pytest.mark.parametrize("path", ["/sms", "/comptage", "/credit", "/qualification", "/getlistenoire", "/campagne"])
def test_every_operation_is_asked_for_in_every_spelling(
    isendpro: Caller,
    method: str,
    spelling: Callable[[Caller, str, str, dict[str, Any]], httpx2.Response],
    path: str,
) -> None:
    asked = {"keyid": isendpro.keyid, "sandbox": "1"} | OPERATIONS[path]

    answer = spelling(isendpro, method, path, asked)

    assert answer.status_code == 200, answer.text


def test_several_values_come_in_their_order(isendpro: Caller) -> None:
    fields = {"keyid": isendpro.keyid, "sandbox": "1"}
    numbers = ["0612345678", "0612345679", "0612345670"]
    texts = [LONG, "b", LONG]
    for mark in ("", "[]", "[{}]"):
        pairs = [*fields.items(), ("smslong", "2")]
        for place, (number, text) in enumerate(zip(numbers, texts, strict=True)):
            pairs += [(f"num{mark.format(place)}", number), (f"sms{mark.format(place)}", text)]

        found = isendpro.raw("POST", "/smsmulti", params=pairs).json()["etat"]["etat"]

        assert [(each["tel"], each["smslong"]) for each in found] == list(zip(numbers, ["2", "1", "2"], strict=True))


def test_a_number_in_json_may_be_a_float(isendpro: Caller) -> None:
    (entry,) = isendpro.entries("POST", "/sms", num=33612345678.0, sms="x", sandbox=1.0)

    assert (entry["code"], entry["tel"]) == (0, "33612345678")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.sampled_from(sorted(OPERATIONS)),
    st.dictionaries(
        st.sampled_from(
            ["num", "sms", "smslong", "nostop", "repertoireId", "champ1", "date_envoi", "credit", "tracker"]
        ),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    ),
)
def test_whatever_is_written_is_answered_and_never_fails(isendpro: Caller, path: str, asked: dict[str, Any]) -> None:
    body = json.dumps({"keyid": isendpro.keyid} | OPERATIONS[path] | asked | {"sandbox": 1}).encode()

    assert isendpro.raw("POST", path, content=body).status_code in {200, 400}


@pytest.mark.parametrize("date", ["٢٠٣٠-٠١-٠١ ١٠:٠٠", "2030-01-01 １0:00", "0001-01-01 00:00x", "9999-99-99 00:00"])
def test_a_date_in_other_digits_is_none(isendpro: Caller, date: str) -> None:
    assert isendpro.refusal("/sms", num="0612345678", sms="x", sandbox="1", date_envoi=date) == (400, "9006")


def test_octets_in_a_query_that_are_no_utf8_are_answered(server: Server) -> None:
    host = urlsplit(server.ready["protocols"]["isendpro"]["host"])
    with socket.create_connection((host.hostname or "", host.port or 0)) as sent:
        sent.sendall(
            b"GET %s/credit?credit=1&x=\xe9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % host.path.encode()
        )
        answer = sent.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 400")
