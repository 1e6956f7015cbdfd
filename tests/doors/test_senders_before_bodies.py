"""Nothing is read for somebody who has not said who they are, but a few kilobytes that say it."""

from __future__ import annotations

import json
import re
import socket
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Server
from tests.doors.every_operation import EVERY, Served
from tests.patience import HANG_S

from heliograph.domain.errors import RequestTooLarge
from heliograph.doors.bodies import MAX_FIELDS, MAX_VALUES
from heliograph.doors.door import ANONYMOUS_BODY
from heliograph.protocols.isendpro import wire as isendpro_wire
from heliograph.protocols.isendpro.door.reading import key_in_body, parameters_of

LARGE = 16_000_000
WITH_BODIES = [served for served in EVERY if served.operation.method in {"POST", "PUT", "PATCH"}]
known = pytest.mark.parametrize("served", [each for each in WITH_BODIES if each.operation.scope is not None], ids=str)
anybody = pytest.mark.parametrize("served", [each for each in WITH_BODIES if each.operation.scope is None], ids=str)


def status_of_announced(server: Server, served: Served, query: str = "") -> int:
    """Of the answer to headers that announce a large body, of which nothing is sent."""
    path = re.sub(r"{[^}]*}", "1", served.path)
    kind = "application/x-www-form-urlencoded" if served.operation.form else "application/json"
    head = f"{served.operation.method} {path}{query} HTTP/1.1\r\nHost: x\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: {LARGE}\r\n\r\n"
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=HANG_S) as connection:
        connection.sendall(head.encode())
        return int(connection.recv(65_536).split(b" ", 2)[1])


@anybody
def test_who_is_nobody_yet_can_send_no_more_than_says_who_they_are(server: Server, served: Served) -> None:
    assert status_of_announced(server, served) in {400, 413, 422}


@known
def test_who_shows_no_credential_is_refused_before_the_body_comes(server: Server, served: Served) -> None:
    query = "?keyid=nobodys" if served.mount.startswith("/isendpro") else ""

    assert status_of_announced(server, served, query) in {400, 401}


@anybody
@pytest.mark.parametrize("body", [b"a" * (ANONYMOUS_BODY + 1), b"a=1&" * (MAX_FIELDS + 1)], ids=["bytes", "fields"])
def test_larger_forms_are_refused_also_where_nothing_announces_them(
    server: Server, served: Served, body: bytes
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = httpx2.post(f"{server.url}{served.path}", content=iter([body]), headers=headers)

    assert answer.status_code in {400, 413, 415, 422}


def test_a_query_has_not_more_fields_than_a_form(server: Server) -> None:
    answer = httpx2.get(f"{server.url}/v1/messages?{'a=1&' * MAX_FIELDS}")

    assert answer.status_code == 413
    assert str(MAX_FIELDS) in answer.json()["error"]["message"]


names = st.sampled_from(["keyid", "KEYID", "keyId", "KeyId"])
others = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name.lower() != "keyid" and "\0" not in name),
    st.text(max_size=5).filter(lambda text: "\0" not in text)
    | st.integers(-9, 9)
    | st.lists(st.integers(0, 9), max_size=3),
    max_size=4,
)
keys = st.from_regex(r"[0-9a-f+%& ]{1,20}", fullmatch=True)


@given(names, keys, others, st.booleans())
def test_the_key_in_a_document_is_the_one_that_is_read_with_all_the_rest(
    name: str, key: str, rest: dict[str, object], first: bool
) -> None:
    body = json.dumps({name: key} | rest if first else rest | {name: [key]}).encode()

    assert key_in_body(body) == key == parameters_of("", body).one("keyid")


@given(
    names,
    keys,
    st.lists(st.tuples(st.sampled_from(["num[]", "sms", "subAccountKeyId"]), keys), max_size=4),
    st.integers(0, 4),
)
def test_the_key_in_a_form_is_the_one_that_is_read_with_all_the_rest(
    name: str, key: str, rest: list[tuple[str, str]], place: int
) -> None:
    body = urlencode([*rest[:place], (name, key), *rest[place:]]).encode()

    assert key_in_body(body) == key == parameters_of("", body).one("keyid")


@pytest.mark.parametrize(
    "body",
    [
        b'{"keyid":"x","num":[' + b"1," * MAX_VALUES + b"1]}",
        b'{"num":' + b"[" * (MAX_VALUES + 1),
        b"keyid=x" + b"&num[]=1" * isendpro_wire.MAX_FIELDS,
    ],
    ids=["numbers", "lists", "fields"],
)
def test_a_body_of_too_much_is_not_even_looked_at_for_its_key(body: bytes) -> None:
    with pytest.raises(RequestTooLarge):
        key_in_body(body)
