"""Each rule of smsdrop broken once: the exception of the published client, the place that it names, nothing stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from .conftest import FIRST, SECOND, Connect, Published, PublishedError

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

GOOD: dict[str, Any] = {"message": "Hello", "sender": "Acme", "recipient_list": ["+33612345678"]}
SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
NEVER = "9999-12-31T23:59:59+00:00"

#: What the published clients let pass.
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no text", {"message": ""}, "message"),
    ("a text that no phone can show", {"message": "a\0b"}, "__root__"),
    ("a text that is too long", {"message": "x" * 50_000}, "message"),
    ("no sender", {"sender": ""}, "sender"),
    ("a sender with strange characters", {"sender": "Ac\tme"}, "sender"),
    ("a number that is none", {"recipient_list": ["+33612345678", "12"]}, "recipient_list[1]"),
    ("letters for a number", {"recipient_list": ["nobody"]}, "recipient_list[0]"),
    ("a delay that is too long", {"defer_by": 10**9}, "defer_by"),
    ("a delay into the past", {"defer_by": -5}, "defer_by"),
    ("a time at the end of all time", {"defer_until": NEVER}, "defer_until"),
]
#: What they would not send.
REFUSED_BY_THEM: list[tuple[str, dict[str, Any], list[str | int]]] = [
    ("no recipients", {"recipient_list": []}, ["recipient_list"]),
    ("a sender that is too long", {"sender": "x" * 12}, ["sender"]),
    ("digits that are too many", {"sender": "1" * 12}, ["sender"]),
    ("two times", {"defer_by": 5, "defer_until": SOON}, ["defer_by"]),
    ("no such type", {"message_type": 3}, ["message_type"]),
    ("a time that is none", {"defer_until": "tomorrow"}, ["defer_until"]),
    ("a number for a text", {"message": 5}, ["message"]),
    ("a number that is no string", {"recipient_list": ["+33612345678", 5]}, ["recipient_list", 1]),
]


@pytest.fixture(scope="module")
def quiet_server(start_server: StartServer) -> Server:
    """One to which nothing good is sent."""
    return start_server()


@pytest.mark.parametrize(("fields", "where"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
@pytest.mark.parametrize("version", [FIRST, SECOND], indirect=True)
def test_what_the_published_clients_send(
    quiet_server: Server, connect: Connect, version: str, fields: dict[str, Any], where: str
) -> None:
    smsdrop: Published = connect(version, quiet_server)

    with pytest.raises(PublishedError) as refused:
        smsdrop.launch(**GOOD | fields)

    assert refused.value.kind == "ValidationError"
    assert refused.value.text.startswith(where)
    assert smsdrop.campaigns() == []


@pytest.fixture(scope="module")
def token(quiet_server: Server) -> str:
    ready = quiet_server.ready["protocols"]["smsdrop"]
    form = {"username": ready["email"], "password": ready["password"]}
    return str(httpx2.post(f"{ready['context']}/auth/login", data=form).json()["access_token"])


@pytest.mark.parametrize(
    ("fields", "where"), [row[1:] for row in REFUSED_BY_THEM], ids=[row[0] for row in REFUSED_BY_THEM]
)
@pytest.mark.parametrize("prefix", ["", "/api"])
def test_what_they_would_not_send(
    quiet_server: Server, token: str, prefix: str, fields: dict[str, Any], where: list[str | int]
) -> None:
    base = quiet_server.ready["protocols"]["smsdrop"]["context"] + prefix
    with httpx2.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = client.post(f"{base}/campaigns/", json=GOOD | fields)
        campaigns = client.get(f"{base}/campaigns/").json()

    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", *where]
    assert problem["msg"]
    assert campaigns == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/campaigns/", b"{", 422),
        ("POST", "/campaigns/", b"[]", 422),
        ("POST", "/campaigns/retry", b"{}", 422),
        ("POST", "/campaigns/retry", b'{"id": "x"}', 422),
        ("GET", "/campaigns/?skip=x", None, 422),
        ("GET", "/campaigns/?limit=-1", None, 422),
        ("GET", "/campaigns/x", None, 404),
        ("GET", "/campaigns", None, 404),
        ("DELETE", "/campaigns/", None, 405),
    ],
)
def test_requests_that_mean_nothing(
    quiet_server: Server, token: str, method: str, path: str, body: bytes | None, status: int
) -> None:
    base = quiet_server.ready["protocols"]["smsdrop"]["context"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = httpx2.request(method, base + path, content=body, headers=headers)

    assert answer.status_code == status
    detail = answer.json()["detail"]
    assert detail
    if status == 422:
        assert all(problem["loc"][0] == "body" and len(problem["loc"]) > 1 for problem in detail)


def test_who_logs_in_may_do_what_the_password_may(quiet_server: Server) -> None:
    context = quiet_server.ready["protocols"]["smsdrop"]["context"]

    answers = [
        httpx2.post(f"{context}/auth/login", data={}),
        httpx2.post(f"{context}/auth/login", data={"username": "x"}),
        httpx2.post(f"{context}/auth/login", json={"username": "x", "password": "y"}),
    ]

    assert {answer.status_code for answer in answers} <= {400, 422}
    assert all(answer.json()["detail"] for answer in answers)
