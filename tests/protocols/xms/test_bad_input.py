"""Every rule of the protocol, broken once: its own status, code and text, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clx.xms
import httpx2
import pytest
from clx.xms.exceptions import (
    ApiException,
    ErrorResponseException,
    NotFoundException,
    UnauthorizedException,
    UnexpectedResponseException,
)

from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings

from .conftest import text_batch

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
    ("nested too deeply", b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400, JSON_ERROR),
    ("more than one document", but() + but(), 400, JSON_ERROR),
    ("a text that is a number", but(body=5), 400, JSON_ERROR),
    ("a text that is a list", but(body=["Hello"]), 400, JSON_ERROR),
    ("recipients that are no list", but(to="33612345678"), 400, JSON_ERROR),
    ("a recipient that is no string", but(to=[33612345678]), 400, JSON_ERROR),
    ("a recipient that is null", but(to=[None]), 400, JSON_ERROR),
    ("an originator that is a number", but(**{"from": 12345}), 400, JSON_ERROR),
    ("parameters that are a list", but(parameters=["x"]), 400, JSON_ERROR),
    ("a parameter that is a list", but(parameters={"x": ["y"]}), 400, JSON_ERROR),
    ("a parameter that is no table", but(parameters={"x": "y"}), 400, JSON_ERROR),
    ("a parameter's value that is null", but(parameters={"x": {"default": None}}), 400, JSON_ERROR),
    ("tags that are a string", but(tags="red"), 400, JSON_ERROR),
    ("a time that is a number", but(send_at=1), 400, JSON_ERROR),
    ("parts that are half", but(max_number_of_message_parts=1.5), 400, JSON_ERROR),
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
    ("U+0000 in a recipient", but(to=["33612345678\0"]), 400, CONSTRAINT),
    ("U+0000 in a tag", but(tags=["a\0b"]), 400, CONSTRAINT),
    ("U+0000 in a parameter's name", but(parameters={"a\0": {}}), 400, CONSTRAINT),
    ("half a surrogate pair", b'{"to": ["33612345678"], "body": "\\ud800"}', 400, JSON_ERROR),
    ("half a surrogate pair in a tag", b'{"to": ["33612345678"], "body": "x", "tags": ["\\udc00"]}', 400, JSON_ERROR),
    ("binary that is not base64", but(type="mt_binary", body="%%%", udh="00"), 400, CONSTRAINT),
    ("binary with a broken line", but(type="mt_binary", body="AAEC\nAAEC", udh=""), 400, CONSTRAINT),
    ("binary with nothing in it", but(type="mt_binary", body="", udh=""), 400, CONSTRAINT),
    ("a header of half an octet", but(type="mt_binary", body="AAEC", udh="0"), 400, CONSTRAINT),
    ("a header that is not hexadecimal", but(type="mt_binary", body="AAEC", udh="xyz"), 400, CONSTRAINT),
    ("more than 140 octets", but(type="mt_binary", body="AAAA" * 47, udh="00"), 400, CONSTRAINT),
    ("a time that is none", but(send_at="tomorrow"), 400, CONSTRAINT),
    ("a time out of range", but(send_at="0001-01-01T00:00:00+23:00"), 400, CONSTRAINT),
    ("the end of the calendar", but(send_at="9999-12-31T23:59:59Z"), 400, CONSTRAINT),
    ("a time with an offset that is none", but(send_at="2030-01-01T00:00:00+99:00"), 400, CONSTRAINT),
    ("expiry in the past", but(expire_at="2020-01-01T00:00:00Z"), 400, CONSTRAINT),
    ("expiry before sending", but(send_at="2030-01-02T00:00:00Z", expire_at="2030-01-01T00:00:00Z"), 400, CONSTRAINT),
    ("a callback address that is none", but(callback_url="not a url"), 400, FORMAT),
    ("a callback by another protocol", but(callback_url="file:///etc/passwd"), 400, FORMAT),
    ("a callback with a password", but(callback_url="http://user:secret@example.org/"), 400, FORMAT),
    ("a callback address without end", but(callback_url="http://example.org/" + "x" * 2_048), 400, CONSTRAINT),
    ("a callback into a private network", but(callback_url="http://10.0.0.1/"), 400, FORMAT),
    ("a report with nowhere to go", but(delivery_report="summary"), 403, "missing_callback_url"),
    ("an unknown kind of report", but(delivery_report="sometimes"), 400, CONSTRAINT),
    ("a parameter's name that is too long", but(parameters={"x" * 17: {}}), 400, CONSTRAINT),
    ("a parameter's value that is too long", but(parameters={"x": {"default": "y" * 161}}), 400, CONSTRAINT),
    ("a reference that is too long", but(client_reference="x" * 129), 400, CONSTRAINT),
    ("no parts at all", but(max_number_of_message_parts=0), 400, CONSTRAINT),
    ("parts without end", but(max_number_of_message_parts=10**40), 400, CONSTRAINT),
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


def batches_of(plan: httpx2.Client) -> int:
    count: int = plan.get("/batches").json()["count"]
    return count


@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
@pytest.mark.parametrize("path", ["/batches", "/batches/dry_run"])
def test_a_request_that_breaks_a_rule_is_refused_and_stores_nothing(
    plan: httpx2.Client, path: str, body: bytes, status: int, code: str
) -> None:
    before = batches_of(plan)

    answer = plan.post(path, content=body)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert told["text"]
    assert set(told) == {"code", "text"}
    assert batches_of(plan) == before


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_body_over_the_limit_is_refused_unread(plan: httpx2.Client, announced: bool) -> None:
    body = b" " * 200_001

    answer = plan.post("/batches", content=body if announced else iter([body]))

    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("type=weekly", 404),
        ("type=", 404),
        ("code=x", 400),
        ("code=-1", 400),
        ("code=" + "9" * 5_000, 400),
        ("code=1%00", 400),
        ("status=Dreaming", 200),
        ("code=999", 200),
    ],
)
def test_a_report_is_asked_for_in_the_protocols_words(
    quiet_server: Server, new_number: Callable[[], str], query: str, status: int
) -> None:
    other = quiet_server.ready["protocols"]["xms"]["other"]
    address = f"{quiet_server.url}/xms/v1/{other['service_plan_id']}/batches"
    headers = {"Authorization": f"Bearer {other['token']}"}
    batch = httpx2.post(address, json=GOOD | {"to": [new_number()]}, headers=headers).json()["id"]

    answer = httpx2.get(f"{address}/{batch}/delivery_report?{query}", headers=headers)

    assert answer.status_code == status
    if status == 200:
        assert (answer.json()["total_message_count"], answer.json()["statuses"]) == (1, [])
    else:
        assert set(answer.json()) == {"code", "text"}


@pytest.mark.parametrize(
    ("query", "status"),
    [("per_recipient=1", 400), ("number_of_recipients=1001", 400), ("number_of_recipients=x", 400)],
)
def test_a_dry_run_is_asked_for_in_the_protocols_words(plan: httpx2.Client, query: str, status: int) -> None:
    answer = plan.post(f"/batches/dry_run?{query}", content=but())

    assert answer.status_code == status
    assert set(answer.json()) == {"code", "text"}


REFUSED_TO_CLX: list[tuple[str, dict[str, Any], type[ApiException], str | None]] = [
    ("no number", {"recipients": {"hello"}}, ErrorResponseException, FORMAT),
    ("nobody", {"recipients": set()}, ErrorResponseException, CONSTRAINT),
    ("1,001 recipients", {"recipients": {f"3361{n:07d}" for n in range(1_001)}}, ErrorResponseException, CONSTRAINT),
    ("no text", {"body": None}, ErrorResponseException, JSON_ERROR),
    ("an empty text", {"body": ""}, ErrorResponseException, CONSTRAINT),
    ("a text too long", {"body": "x" * 2_001}, ErrorResponseException, CONSTRAINT),
    ("half a surrogate pair", {"body": "\ud800"}, ErrorResponseException, JSON_ERROR),
    ("a bad address", {"callback_url": "not a url"}, ErrorResponseException, FORMAT),
    ("nowhere to report", {"delivery_report": "full"}, ErrorResponseException, "missing_callback_url"),
    ("a body over the limit", {"body": "x" * 200_001}, UnexpectedResponseException, None),
]


@pytest.mark.parametrize(
    ("fields", "kind", "code"), [case[1:] for case in REFUSED_TO_CLX], ids=[case[0] for case in REFUSED_TO_CLX]
)
def test_the_published_client_raises_its_own_exception(
    quiet_server: Server, plan: httpx2.Client, fields: dict[str, Any], kind: type[ApiException], code: str | None
) -> None:
    ready = quiet_server.ready["protocols"]["xms"]
    client = clx.xms.Client(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"])

    before = batches_of(plan)

    with pytest.raises(kind) as refused:
        client.create_batch(text_batch("Hello", *TO, **fields))

    assert getattr(refused.value, "error_code", None) == code
    assert batches_of(plan) == before


@pytest.mark.parametrize(
    "batch_id", ["unknown", "'; DROP TABLE batches; --", "100%", "☎", "a/b", "01M7XPJAH3CT7SSRVHKE300000"]
)
def test_the_published_client_finds_nothing_by_a_junk_id(quiet_server: Server, batch_id: str) -> None:
    ready = quiet_server.ready["protocols"]["xms"]
    client = clx.xms.Client(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"])

    for attempt in (client.fetch_batch, client.cancel_batch, client.fetch_delivery_report, client.fetch_inbound):
        with pytest.raises(NotFoundException):
            attempt(batch_id)


def test_the_published_client_is_unauthorized_with_a_wrong_token(quiet_server: Server) -> None:
    ready = quiet_server.ready["protocols"]["xms"]
    client = clx.xms.Client(ready["service_plan_id"], "wrong", endpoint=ready["endpoint"])

    with pytest.raises(UnauthorizedException):
        client.create_batch(text_batch("Hello", *TO))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_plan_that_no_database_could_store_is_nowhere(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = "" if engine == "sqlite" else request.getfixturevalue("postgresql").new_database()
    async with running(Settings(data_dir=tmp_path, store=store)) as platform:
        transport = httpx2.ASGITransport(app=platform.web())
        async with httpx2.AsyncClient(transport=transport, base_url="http://test/xms/v1") as client:
            answer = await client.get("/a%00b/batches", headers={"Authorization": "Bearer x"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_body_that_is_not_declared_as_json_is_refused(plan: httpx2.Client) -> None:
    before = batches_of(plan)

    answer = plan.post("/batches", content=but(), headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415
    assert batches_of(plan) == before


def changed(**changes: Any) -> bytes:
    return json.dumps({"type": "mt_text"} | changes).encode()


#: Of a scheduled text batch.
REFUSED_UPDATES = [
    ("not JSON", b"{", 400, JSON_ERROR),
    ("nothing at all", b"", 400, JSON_ERROR),
    ("a text that is a number", changed(body=5), 400, JSON_ERROR),
    ("a text that is null", changed(body=None), 400, JSON_ERROR),
    ("an unknown type", changed(type="mt_voice"), 400, CONSTRAINT),
    ("a binary type without a body", changed(type="mt_binary"), 400, CONSTRAINT),
    ("a binary body that is not base64", changed(type="mt_binary", body="%%"), 400, CONSTRAINT),
    ("a header that is not hexadecimal", changed(type="mt_binary", body="AAEC", udh="xy"), 400, CONSTRAINT),
    ("an empty text", changed(body=""), 400, CONSTRAINT),
    ("a text that is too long", changed(body="x" * 2_001), 400, CONSTRAINT),
    ("a recipient to add that is no number", changed(to_add=["hello"]), 400, FORMAT),
    ("101 recipients to add", changed(to_add=[f"3361{n:07d}" for n in range(101)]), 400, CONSTRAINT),
    ("101 recipients to remove", changed(to_remove=[f"3361{n:07d}" for n in range(101)]), 400, CONSTRAINT),
    ("nobody left", changed(to_remove=TO), 400, CONSTRAINT),
    ("an unknown group", changed(to_add=["01ARZ3NDEKTSV4RRFFQ69G5FAV"]), 403, "unknown_group"),
    ("an originator that is too long", changed(**{"from": "ABCDEFGHIJKL"}), 400, FORMAT),
    ("a time that is none", changed(send_at="tomorrow"), 400, CONSTRAINT),
    ("expiry in the past", changed(expire_at="2020-01-01T00:00:00Z"), 400, CONSTRAINT),
    ("expiry before sending", changed(expire_at="2031-01-01T00:00:00Z"), 400, CONSTRAINT),
    ("a callback into a private network", changed(callback_url="http://10.0.0.1/"), 400, FORMAT),
    ("a report with nowhere to go", changed(delivery_report="summary"), 403, "missing_callback_url"),
    ("an unknown kind of report", changed(delivery_report="sometimes"), 400, CONSTRAINT),
    ("a parameter's name that is too long", changed(parameters={"x" * 17: {}}), 400, CONSTRAINT),
    ("no parts at all", changed(max_number_of_message_parts=0), 400, CONSTRAINT),
    ("a type of number that is none", changed(from_ton=7), 400, CONSTRAINT),
    ("a numbering plan that is none", changed(from_npi=19), 400, CONSTRAINT),
]


@pytest.fixture(scope="module")
def scheduled(plan: httpx2.Client) -> str:
    batch_id: str = plan.post("/batches", content=but(send_at="2031-05-06T07:08:09Z")).json()["id"]
    return batch_id


@pytest.mark.parametrize(
    ("body", "status", "code"), [case[1:] for case in REFUSED_UPDATES], ids=[case[0] for case in REFUSED_UPDATES]
)
def test_an_update_that_breaks_a_rule_is_refused_and_changes_nothing(
    plan: httpx2.Client, scheduled: str, body: bytes, status: int, code: str
) -> None:
    before = plan.get(f"/batches/{scheduled}").json()

    answer = plan.post(f"/batches/{scheduled}", content=body)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert set(told) == {"code", "text"}
    assert plan.get(f"/batches/{scheduled}").json() == before


@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_replacement_that_breaks_a_rule_is_refused_and_changes_nothing(
    plan: httpx2.Client, scheduled: str, body: bytes, status: int, code: str
) -> None:
    before = plan.get(f"/batches/{scheduled}").json()

    answer = plan.put(f"/batches/{scheduled}", content=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert plan.get(f"/batches/{scheduled}").json() == before


WORDS = {"to": "12345", "add": {"first_word": "JOIN"}}
REFUSED_GROUPS = [
    ("not JSON", b"{", 400, JSON_ERROR),
    ("a name that is a number", b'{"name": 5}', 400, JSON_ERROR),
    ("an empty name", b'{"name": ""}', 400, CONSTRAINT),
    ("a name of 21 characters", json.dumps({"name": "x" * 21}).encode(), 400, CONSTRAINT),
    ("a member that is no number", b'{"members": ["hello"]}', 400, FORMAT),
    ("a member that is null", b'{"members": [null]}', 400, JSON_ERROR),
    ("10,001 members", json.dumps({"members": [f"336{n:08d}" for n in range(10_001)]}).encode(), 400, CONSTRAINT),
    ("11 children", json.dumps({"child_groups": ["x"] * 11}).encode(), 400, CONSTRAINT),
    ("an unknown child", b'{"child_groups": ["x"]}', 403, "unknown_group"),
    ("keywords for nobody", b'{"auto_update": {"add": {"first_word": "JOIN"}}}', 400, CONSTRAINT),
    ("keywords for what is no number", json.dumps({"auto_update": WORDS | {"to": "?"}}).encode(), 400, FORMAT),
    (
        "a keyword of 16 characters",
        json.dumps({"auto_update": WORDS | {"add": {"first_word": "x" * 16}}}).encode(),
        400,
        CONSTRAINT,
    ),
    (
        "a keyword of two words",
        json.dumps({"auto_update": WORDS | {"add": {"first_word": "a b"}}}).encode(),
        400,
        CONSTRAINT,
    ),
    (
        "a second keyword without a first",
        json.dumps({"auto_update": WORDS | {"add": {"second_word": "x"}}}).encode(),
        400,
        CONSTRAINT,
    ),
]


@pytest.mark.parametrize(
    ("body", "status", "code"), [case[1:] for case in REFUSED_GROUPS], ids=[case[0] for case in REFUSED_GROUPS]
)
def test_a_group_that_breaks_a_rule_is_refused_and_nothing_is_stored(
    plan: httpx2.Client, body: bytes, status: int, code: str
) -> None:
    there = plan.post("/groups", content=b'{"members": ["33612345678"]}').json()
    before = plan.get("/groups").json()["count"]

    answers = [plan.post("/groups", content=body), plan.put(f"/groups/{there['id']}", content=body)]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
        assert set(answer.json()) == {"code", "text"}
    assert plan.get("/groups").json()["count"] == before
    assert plan.get(f"/groups/{there['id']}").json() == there
    plan.delete(f"/groups/{there['id']}")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/batches/{id}/tags", b"{}", 400, CONSTRAINT),
        ("PUT", "/batches/{id}/tags", b'{"tags": "red"}', 400, JSON_ERROR),
        ("PUT", "/batches/{id}/tags", b'{"tags": [1]}', 400, JSON_ERROR),
        ("POST", "/batches/{id}/tags", b'{"add": "red"}', 400, JSON_ERROR),
        ("POST", "/batches/{id}/tags", b"", 400, JSON_ERROR),
        ("PUT", "/batches/nothing/tags", b'{"tags": []}', 404, "not_found"),
        ("GET", "/batches/nothing/tags", None, 404, "not_found"),
        ("PUT", "/groups/nothing/tags", b'{"tags": []}', 404, "not_found"),
        ("GET", "/groups/nothing/members", None, 404, "not_found"),
        ("POST", "/groups/nothing", b"{}", 404, "not_found"),
        ("PUT", "/groups/nothing", b"{}", 404, "not_found"),
        ("DELETE", "/groups/nothing", None, 404, "not_found"),
        ("POST", "/batches/nothing", changed(), 404, "not_found"),
        ("PUT", "/batches/nothing", but(), 404, "not_found"),
        ("POST", "/batches/{id}/delivery_feedback", b"{}", 400, CONSTRAINT),
        ("POST", "/batches/{id}/delivery_feedback", b'{"recipients": []}', 400, CONSTRAINT),
        ("GET", "/groups?page=-1", None, 400, CONSTRAINT),
        ("GET", "/groups?page_size=101", None, 400, CONSTRAINT),
        ("GET", "/delivery_reports?page_size=0", None, 400, CONSTRAINT),
        ("GET", "/delivery_reports?code=x", None, 400, CONSTRAINT),
        ("GET", "/delivery_reports?start_date=soon", None, 400, CONSTRAINT),
    ],
)
def test_the_rest_has_the_protocols_own_answer_to_what_it_cannot_do(
    plan: httpx2.Client, scheduled: str, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    answer = plan.request(method, path.replace("{id}", scheduled), content=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert set(answer.json()) == {"code", "text"}


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
    ("/batches?page=99999999999999999999", 400),
    ("/batches?start_date=0001-01-01T00:00:00%2B23:00", 400),
    ("/batches?tags=%25,'%22", 200),
    ("/batches?from=%00", 400),
    ("/batches/%F0%9F%98%80", 404),
    ("/batches/%25", 404),
    ("/batches/" + "x" * 3_000, 404),
    ("/batches/..%2F..%2Fetc", 404),
    ("/batches/", 404),
    ("/inbounds/unknown", 404),
]


@pytest.mark.parametrize(("path", "status"), QUERIES, ids=[path[:60] for path, _ in QUERIES])
def test_a_reading_request_that_makes_no_sense_has_the_protocols_own_answer(
    plan: httpx2.Client, path: str, status: int
) -> None:
    answer = plan.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    if status != 200:
        assert set(answer.json()) == {"code", "text"}


def test_a_page_beyond_the_end_is_empty_and_says_so(plan: httpx2.Client) -> None:
    there = batches_of(plan)

    assert plan.get("/batches?page=7").json() == {"page": 7, "page_size": 0, "count": there, "batches": []}


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
