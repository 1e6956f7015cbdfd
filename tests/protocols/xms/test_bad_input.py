"""Every rule of the protocol, broken once: its own status, code and text, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

TO = ["33612345678"]
GOOD: dict[str, Any] = {"to": TO, "from": "12345", "body": "Hello", "type": "mt_text"}


def but(**changes: Any) -> bytes:
    """The good request with some fields changed; None takes a field away."""
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not None}).encode()


JSON_ERROR, FORMAT, CONSTRAINT = "syntax_invalid_json", "syntax_invalid_parameter_format", "syntax_constraint_violation"

REFUSED = [
    ("not JSON", b"{", 400, JSON_ERROR),
    ("nothing at all", b"", 400, JSON_ERROR),
    ("not an object", b"[]", 400, JSON_ERROR),
    ("bytes that are no UTF-8", b'{"to": ["33612345678"], "body": "\xff"}', 400, JSON_ERROR),
    ("nested without end", b'{"x":' + b"[" * 100_000, 400, JSON_ERROR),
    ("a recipient that is no string", but(to=[33612345678]), 400, JSON_ERROR),
    ("an unknown type", but(type="mt_voice"), 400, CONSTRAINT),
    ("no recipients field", but(to=None), 400, CONSTRAINT),
    ("an empty list of recipients", but(to=[]), 400, CONSTRAINT),
    ("1,001 recipients", but(to=[f"3361{n:07d}" for n in range(1_001)]), 400, CONSTRAINT),
    ("a recipient that is no number", but(to=["hello"]), 400, FORMAT),
    ("a recipient with too few digits", but(to=["123"]), 400, FORMAT),
    ("one wrong recipient among good ones", but(to=[*TO, "x"]), 400, FORMAT),
    ("an originator that is too long", but(**{"from": "ABCDEFGHIJKL"}), 400, FORMAT),
    ("no body", but(body=None), 400, CONSTRAINT),
    ("an empty text", but(body=""), 400, CONSTRAINT),
    ("a text that is too long", but(body="x" * 2_001), 400, CONSTRAINT),
    ("U+0000 in the text", but(body="a\0b"), 400, CONSTRAINT),
    ("half a surrogate pair", b'{"to": ["33612345678"], "body": "\\ud800"}', 400, JSON_ERROR),
    ("binary that is not base64", but(type="mt_binary", body="%%%", udh="00"), 400, CONSTRAINT),
    ("a header that is not hexadecimal", but(type="mt_binary", body="AAEC", udh="xyz"), 400, CONSTRAINT),
    ("more than 140 octets", but(type="mt_binary", body="AAAA" * 47, udh="00"), 400, CONSTRAINT),
    ("a time that is none", but(send_at="tomorrow"), 400, CONSTRAINT),
    ("a time out of range", but(send_at="0001-01-01T00:00:00+23:00"), 400, CONSTRAINT),
    ("expiry before sending", but(send_at="2030-01-02T00:00:00Z", expire_at="2030-01-01T00:00:00Z"), 400, CONSTRAINT),
    ("a callback address that is none", but(callback_url="not a url"), 400, FORMAT),
    ("a callback into a private network", but(callback_url="http://10.0.0.1/"), 400, FORMAT),
    ("a report with nowhere to go", but(delivery_report="summary"), 403, "missing_callback_url"),
    ("an unknown kind of report", but(delivery_report="sometimes"), 400, CONSTRAINT),
    ("a parameter's name that is too long", but(parameters={"x" * 17: {}}), 400, CONSTRAINT),
    ("no parts at all", but(max_number_of_message_parts=0), 400, CONSTRAINT),
]


@pytest.fixture(scope="module")
def quiet_server(start_server: StartServer) -> Server:
    """A server that nobody else writes to."""
    return start_server(None, environment={"HELIOGRAPH_MAX_BODY_BYTES": "200000"})


@pytest.fixture(scope="module")
def plan(quiet_server: Server) -> Iterator[httpx2.Client]:
    ready = quiet_server.ready["protocols"]["xms"]
    headers = {"Authorization": f"Bearer {ready['token']}", "Content-Type": "application/json"}
    with httpx2.Client(base_url=f"{ready['endpoint']}/v1/{ready['service_plan_id']}", headers=headers) as client:
        yield client


@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
@pytest.mark.parametrize("path", ["/batches", "/batches/dry_run"])
def test_a_request_that_breaks_a_rule_is_refused_and_stores_nothing(
    plan: httpx2.Client, path: str, body: bytes, status: int, code: str
) -> None:
    answer = plan.post(path, content=body)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert told["text"]
    assert set(told) == {"code", "text"}
    assert plan.get("/batches").json()["count"] == 0


def test_a_body_over_the_limit_is_refused_unread(plan: httpx2.Client) -> None:
    answer = plan.post("/batches", content=b" " * 200_001)

    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


def test_a_body_that_is_not_declared_as_json_is_refused(plan: httpx2.Client) -> None:
    answer = plan.post("/batches", content=but(), headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415
    assert plan.get("/batches").json()["count"] == 0


QUERIES = [
    ("/batches?page_size=0", 400),
    ("/batches?page_size=101", 400),
    ("/batches?page=-1", 400),
    ("/batches?page=x", 400),
    ("/batches?start_date=yesterday", 400),
    ("/batches?page=999999", 200),
    ("/inbounds?page_size=0", 400),
    ("/inbounds?end_date=x", 400),
    ("/batches/dry_run", 404),
    ("/nothing", 404),
    ("/batches/unknown", 404),
    ("/batches/%00", 404),
    ("/batches/'; DROP TABLE batches; --", 404),
    ("/batches/01M7XPJAH3CT7SSRVHKE300000/delivery_report", 404),
    ("/batches/01M7XPJAH3CT7SSRVHKE300000/delivery_report?type=weekly", 404),
    ("/batches/01M7XPJAH3CT7SSRVHKE300000/delivery_report/x", 404),
    ("/inbounds/unknown", 404),
]


@pytest.mark.parametrize(("path", "status"), QUERIES, ids=[path for path, _ in QUERIES])
def test_a_reading_request_that_makes_no_sense_has_the_protocols_own_answer(
    plan: httpx2.Client, path: str, status: int
) -> None:
    answer = plan.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    if status != 200:
        assert set(answer.json()) == {"code", "text"}


def test_a_page_beyond_the_end_is_empty_and_says_so(plan: httpx2.Client) -> None:
    assert plan.get("/batches?page=7").json() == {"page": 7, "page_size": 0, "count": 0, "batches": []}


def test_the_wrong_method_is_told_which_are_right(plan: httpx2.Client) -> None:
    answer = plan.request("PATCH", "/inbounds")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer wrong", "Basic eDp5", "Bearer " + "x" * 5_000],
    ids=["none", "empty", "wrong", "another scheme", "very long"],
)
def test_nobody_gets_in_with_the_wrong_token(quiet_server: Server, authorization: str | None) -> None:
    ready = quiet_server.ready["protocols"]["xms"]
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = httpx2.post(
        f"{ready['endpoint']}/v1/{ready['service_plan_id']}/batches",
        content=but(),
        headers={"Content-Type": "application/json"} | headers,
    )

    assert answer.status_code == 401


def test_an_unknown_plan_is_not_told_from_a_wrong_token(quiet_server: Server) -> None:
    ready = quiet_server.ready["protocols"]["xms"]
    headers = {"Authorization": f"Bearer {ready['token']}"}

    unknown = httpx2.get(f"{ready['endpoint']}/v1/nobody/batches", headers=headers)
    wrong = httpx2.get(
        f"{ready['endpoint']}/v1/{ready['service_plan_id']}/batches", headers={"Authorization": "Bearer wrong"}
    )

    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())


def test_another_accounts_batch_is_not_told_from_one_that_never_was(
    quiet_server: Server, new_number: Callable[[], str]
) -> None:
    ready = quiet_server.ready["protocols"]["xms"]
    other = ready["other"]
    headers = {"Authorization": f"Bearer {other['token']}", "Content-Type": "application/json"}
    with httpx2.Client(base_url=f"{ready['endpoint']}/v1", headers=headers) as client:
        theirs = client.post(f"/{other['service_plan_id']}/batches", content=but(to=[new_number()])).json()["id"]
        mine = {"Authorization": f"Bearer {ready['token']}"}

        answers = [
            client.get(f"/{ready['service_plan_id']}/batches/{batch}{rest}", headers=mine)
            for rest in ("", "/delivery_report", "/delivery_report/33612345678")
            for batch in (theirs, "01M7XPJAH3CT7SSRVHKE300000")
        ]

    assert {answer.status_code for answer in answers} == {404}
    texts = [answer.text.replace(theirs, "ID").replace("01M7XPJAH3CT7SSRVHKE300000", "ID") for answer in answers]
    assert texts[::2] == texts[1::2]
