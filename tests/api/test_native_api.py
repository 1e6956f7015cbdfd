"""The native API over HTTP: what each operation does, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from heliograph.api.operations import OPERATIONS
from heliograph.domain.accounts import Scope
from heliograph.runtime.backups import back_up, restore
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import Settings, load

if TYPE_CHECKING:
    from tests.api.conftest import InProcess
    from tests.conftest import Server

ALL = [str(scope) for scope in Scope]
GOOD = {"to": "+33612345678", "text": "Hello", "from": "Acme"}

WITH_A_SCOPE = [operation for operation in OPERATIONS if operation.scope is not None]
"""All but those by which somebody says who they are."""


def address(path: str) -> str:
    return (
        path.replace("{message_id}", "x")
        .replace("{batch_id}", "x")
        .replace("{inbound_id}", "x")
        .replace("{number}", "+33612345678")
    )


@pytest.mark.parametrize("operation", WITH_A_SCOPE, ids=lambda operation: operation.name)
async def test_no_operation_works_without_a_token(shared: InProcess, operation: Any) -> None:
    async with shared.client("") as nobody:
        answer = await nobody.request(operation.method, address(operation.path))

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", WITH_A_SCOPE, ids=lambda operation: operation.name)
async def test_no_operation_works_without_its_scope(shared: InProcess, operation: Any) -> None:
    token = await shared.token("sandbox", *(scope for scope in ALL if scope != operation.scope))
    async with shared.client(token) as caller:
        answer = await caller.request(operation.method, address(operation.path))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")
    assert operation.scope in answer.json()["error"]["message"]


async def test_a_revoked_token_opens_nothing(in_process: InProcess) -> None:
    accounts = in_process.platform.services.accounts
    owner = await accounts.ensure("sandbox")
    from heliograph.domain.accounts import CredentialKind

    issued = await accounts.issue(owner, CredentialKind.API_KEY)
    async with in_process.client(issued.secret) as caller:
        before = await caller.get("/messages")
        await accounts.revoke(owner, issued.credential_id)
        after = await caller.get("/messages")

    assert (before.status_code, after.status_code) == (200, 401)


REFUSED: list[tuple[str, Any, int, str]] = [
    ("not JSON", b"{", 400, "malformed_request"),
    ("a list", b"[]", 400, "wrong_type"),
    ("an unknown field", GOOD | {"colour": "red"}, 400, "unknown_field"),
    ("no recipient", {"text": "Hello"}, 400, "missing_field"),
    ("a recipient that is no number", GOOD | {"to": "hello"}, 400, "invalid_recipient"),
    ("a number too short for its country", GOOD | {"to": "+336123"}, 400, "invalid_recipient"),
    ("a national number without a region", GOOD | {"to": "0612345678"}, 400, "invalid_recipient"),
    ("neither text nor data", {"to": "+33612345678"}, 400, "invalid_body"),
    ("both text and data", GOOD | {"data": "AAEC"}, 400, "invalid_body"),
    ("an empty text", GOOD | {"text": ""}, 400, "invalid_body"),
    ("a text of 2,001 characters", GOOD | {"text": "x" * 2_001}, 400, "invalid_body"),
    ("U+0000", GOOD | {"text": "a\0b"}, 400, "invalid_field"),
    ("half a surrogate pair", b'{"to": "+33612345678", "text": "\\ud83d"}', 400, "malformed_request"),
    ("an originator of 12 letters", GOOD | {"from": "ABCDEFGHIJKL"}, 400, "invalid_originator"),
    ("expiry in the past", GOOD | {"expire_at": "2020-01-01T00:00:00Z"}, 400, "invalid_schedule"),
    ("a time that is none", GOOD | {"send_at": "soon"}, 400, "invalid_field"),
    ("the end of the calendar", GOOD | {"send_at": "9999-12-31T23:59:59Z"}, 400, "invalid_schedule"),
    (
        "a callback address with a line break",
        GOOD | {"callback_url": "http://a.org/\r\nX: y"},
        400,
        "invalid_callback_url",
    ),
    ("a callback address with a password", GOOD | {"callback_url": "http://u:p@a.org/"}, 400, "invalid_callback_url"),
    ("a callback into a private network", GOOD | {"callback_url": "http://192.168.0.1/"}, 400, "invalid_callback_url"),
    ("a callback by another protocol", GOOD | {"callback_url": "ftp://example.org/"}, 400, "invalid_callback_url"),
    ("a report with nowhere to go", GOOD | {"report": "full"}, 400, "missing_callback_url"),
    ("data that is not base64", {"to": "+33612345678", "data": "%"}, 400, "invalid_field"),
    ("a header that is not hexadecimal", {"to": "+33612345678", "data": "AAEC", "udh": "x"}, 400, "invalid_field"),
    ("141 octets", {"to": "+33612345678", "data": "AAAA" * 47}, 400, "invalid_body"),
    ("no parts", GOOD | {"max_parts": 0}, 400, "invalid_field"),
]


@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_a_request_that_breaks_a_rule_is_refused_with_a_hint_and_stores_nothing(
    shared: InProcess, body: Any, status: int, code: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with shared.client(await shared.token("sandbox", *ALL)) as caller:
        before = (await caller.get("/messages")).json()
        answer = await caller.post("/messages", content=content, headers={"Content-Type": "application/json"})
        after = (await caller.get("/messages")).json()

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), error
    assert error["message"] and error["hint"]
    assert error["retryable"] is False
    assert after == before


async def test_an_empty_or_endless_list_of_recipients_is_refused(shared: InProcess) -> None:
    async with shared.client(await shared.token("sandbox", *ALL)) as caller:
        none = await caller.post("/batches", json={"to": [], "text": "x"})
        many = await caller.post("/batches", json={"to": ["+33612345678"] * 100_001, "text": "x"})

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in (none, many)] == [
        (400, "no_recipients"),
        (400, "too_many_recipients"),
    ]


async def test_what_is_not_json_or_too_large_is_refused_unread(shared: InProcess) -> None:
    limit = shared.platform.settings.max_body_bytes
    async with shared.client(await shared.token("sandbox", *ALL)) as caller:
        form = await caller.post("/messages", data={"to": "+33612345678"})
        large = await caller.post("/messages", content=b" " * (limit + 1), headers={"Content-Type": "application/json"})
        method = await caller.delete("/messages")
        nowhere = await caller.get("/nothing")

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in (form, large, method, nowhere)] == [
        (415, "unsupported_media_type"),
        (413, "request_too_large"),
        (405, "method_not_allowed"),
        (404, "not_found"),
    ]
    assert method.headers["allow"] == "GET, HEAD, POST"


async def test_an_idempotency_key_makes_a_request_safe_to_repeat(in_process: InProcess) -> None:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as caller:
        first = await caller.post("/messages", json=GOOD | {"idempotency_key": "order-7"})
        again = await caller.post("/messages", json=GOOD | {"idempotency_key": "order-7"})
        other = await caller.post("/messages", json=GOOD | {"text": "Bye", "idempotency_key": "order-7"})
        stored = (await caller.get("/messages")).json()["items"]

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] == stored[0]["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert len(stored) == 1


async def test_accounts_never_see_each_others_messages(in_process: InProcess) -> None:
    async with (
        in_process.client(await in_process.token("sandbox", *ALL)) as mine,
        in_process.client(await in_process.token("other", *ALL)) as theirs,
    ):
        message = (await mine.post("/messages", json=GOOD)).json()
        await mine.get(f"/messages/{message['id']}/wait")
        for path in (f"/messages/{message['id']}", f"/messages/{message['id']}/why", f"/batches/{message['batch_id']}"):
            assert (await theirs.get(path)).status_code == 404
        assert (await theirs.post(f"/batches/{message['batch_id']}/cancel")).status_code == 404
        for path in ("/messages", "/batches", "/sandbox/phones", "/sandbox/phones/+33612345678/messages"):
            assert (await theirs.get(path)).json()["items"] == [], path
        assert (await theirs.get("/sandbox/reception")).json() == {"received": 0, "repeated": 0}
        assert (await mine.get("/sandbox/reception")).json() == {"received": 1, "repeated": 0}


async def test_pages_follow_each_other_without_gap_or_repetition(in_process: InProcess) -> None:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as caller:
        batch = (
            await caller.post("/batches", json={"to": [f"+3361200{n:04d}" for n in range(25)], "text": "x"})
        ).json()
        seen: list[str] = []
        before = ""
        while True:
            page = (await caller.get(f"/messages?limit=10&batch_id={batch['id']}{before}")).json()
            seen += [message["to"] for message in page["items"]]
            if page["next"] is None:
                break
            before = f"&before={page['next']}"

    assert seen == [f"+3361200{n:04d}" for n in reversed(range(25))]


async def test_why_tells_what_a_message_waits_for(in_process: InProcess) -> None:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as caller:
        later = (
            await caller.post(
                "/messages", json=GOOD | {"send_at": "2030-01-01T00:00:00Z", "expire_at": "2030-01-02T00:00:00Z"}
            )
        ).json()
        silent = (await caller.post("/messages", json=GOOD | {"to": "+999500001"})).json()
        await caller.get("/sandbox/phones/+999500001/messages/wait")
        scheduled = (await caller.get(f"/messages/{later['id']}/why")).json()
        timed_out = await caller.get(f"/messages/{silent['id']}/wait?timeout_s=0.01")
        canceled = (await caller.post(f"/batches/{later['batch_id']}/cancel")).json()
        over = (await caller.get(f"/messages/{later['id']}/why")).json()

    assert (scheduled["why"], scheduled["until"]) == ("scheduled", "2030-01-01T00:00:00Z")
    assert scheduled["explanation"] == "Its time has not come."
    assert (timed_out.status_code, timed_out.json()["error"]["code"]) == (408, "wait_timed_out")
    assert canceled["canceled"] is True
    assert (over["status"], over["why"]) == ("canceled", "nothing")


async def test_the_chaos_is_checked_before_it_is_let_loose(in_process: InProcess) -> None:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as caller:
        wrong = await caller.put("/sandbox/chaos", json={"lost": 2})
        unknown = await caller.put("/sandbox/chaos", json={"rain": 1})
        right = await caller.put("/sandbox/chaos", json={"lost": 0.5})
        now = await caller.get("/sandbox/chaos")

    assert (wrong.status_code, unknown.status_code, right.status_code) == (400, 400, 200)
    assert now.json()["lost"] == 0.5


async def test_the_description_lists_every_operation(shared: InProcess) -> None:
    async with shared.client("") as anybody:
        document = (await anybody.get("/openapi.json")).json()

    listed = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert listed == {(f"/v1{operation.path}", operation.method) for operation in OPERATIONS}
    schema = document["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["required"] == ["to"]


def test_health_and_metrics_are_for_the_operators_monitoring(server: Server, new_number: Callable[[], str]) -> None:
    with server.client() as client:
        client.messages.wait_for_delivery(client.messages.send(to=new_number(), text="x").id)

    health = httpx2.get(f"{server.url}/healthz")
    metrics = httpx2.get(f"{server.url}/metrics")

    assert health.json()["status"] == "ok"
    assert 'heliograph_messages_accepted_total{protocol="v1"}' in metrics.text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("127.9.9.9", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("203.0.113.9", 404),
        ("10.0.0.1", 404),
        ("2001:db8::1", 404),
        ("", 404),
    ],
)
async def test_strangers_are_shown_no_metrics(in_process: InProcess, address: str, status: int) -> None:
    transport = httpx2.ASGITransport(app=in_process.platform.web(), client=(address, 5))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/metrics")).status_code == status
        assert (await client.get("/healthz")).status_code == 200


async def test_other_networks_can_be_shown_metrics(tmp_path: Path) -> None:
    networks = load(file=None, environment={"HELIOGRAPH_METRICS_NETWORKS": "10.1.0.0/16"}).settings.metrics_networks
    async with running(Settings(data_dir=tmp_path, metrics_networks=networks)) as platform:
        for address, status in (("10.1.2.3", 200), ("127.0.0.1", 404)):
            transport = httpx2.ASGITransport(app=platform.web(), client=(address, 5))
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                assert (await client.get("/metrics")).status_code == status


async def test_tokens_lose_the_scopes_that_their_application_loses(in_process: InProcess) -> None:
    async with in_process.client(await in_process.token("sandbox", "account")) as client:
        made = (await client.post("/applications", json={"name": "Shop", "scopes": ["groups", "templates"]})).json()
        form = {"grant_type": "client_credentials"}
        login = (made["id"], made["secret"])
        answer = await client.post("http://test/smscx/oauth/token", data=form, auth=login)
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}

        async def may_read() -> list[bool]:
            paths = ("groups", "templates")
            return [(await client.get(f"http://test/smscx/{path}", headers=token)).status_code == 200 for path in paths]

        before = await may_read()
        await client.patch(f"/applications/{made['id']}", json={"scopes": ["templates"]})
        after = await may_read()

    assert (before, after) == ([True, True], [False, True])


@pytest.mark.parametrize("written", ["FR", "fr", "Fr", " fr "])
async def test_a_region_is_taken_in_letters_of_either_case(in_process: InProcess, written: str) -> None:
    async with in_process.client(await in_process.token("sandbox", *ALL)) as caller:
        changed = await caller.patch("/account", json={"region": written})
        sent = await caller.post("/messages", json=GOOD | {"to": "06 12 34 56 78"})
        refused = await caller.patch("/account", json={"region": "UK"})

    assert (changed.status_code, changed.json()["region"]) == (200, "FR")
    assert sent.json()["to"] == "+33612345678"
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "region")


async def test_files_in_the_database_are_served_go_with_its_backup_and_are_deleted(tmp_path: Path) -> None:
    before, after = (Settings(data_dir=tmp_path / name, attachments="database") for name in ("before", "after"))
    content = b"%PDF-" + bytes(range(256)) * 4_000

    def client(platform: Platform) -> httpx2.AsyncClient:
        web = httpx2.ASGITransport(app=platform.web())
        key = (platform.credentials or {})["sandbox"]["native"].secret
        return httpx2.AsyncClient(
            transport=web, base_url="http://test", headers={"Authorization": f"Bearer {key}"}, follow_redirects=True
        )

    async with running(before) as platform, client(platform) as caller:
        pdf = {"Content-Type": "application/pdf"}
        kept = (await caller.post("/v1/attachments?name=Minutes", content=content, headers=pdf)).json()
        served = await caller.get(f"/l/{kept['id']}")
        made = await asyncio.to_thread(back_up, before, tmp_path / "backup", with_keys=True)
        deleted = await caller.delete(f"/v1/attachments/{kept['id']}")
        gone = await caller.get(str(served.url))
    await asyncio.to_thread(restore, after, tmp_path / "backup", replace=False)
    async with running(after) as platform, client(platform) as caller:
        back = await caller.get(f"/l/{kept['id']}")

    assert (served.content, served.headers["content-type"]) == (content, "application/pdf")
    assert (made.attachments, deleted.status_code, gone.status_code) == (0, 204, 404)
    assert back.content == content
    assert not (tmp_path / "before" / "attachments").exists()


async def test_every_refusal_is_a_problem_that_names_the_request(in_process: InProcess) -> None:
    """RFC 9457, section 3.1; whoever asks for the log's name of a request gets the same in body and header."""
    async with in_process.client(await in_process.token("sandbox", "messages:read")) as client:
        answers = [
            await client.get("/messages/none", headers={"X-Request-Id": "mine"}),
            await client.get("/nothing", headers={"X-Request-Id": "mine"}),
            await client.post("/messages", json={}, headers={"X-Request-Id": "mine"}),
            await client.patch("/messages", headers={"X-Request-Id": "mine"}),
        ]
        own = await client.get("/messages/none")
        read = await client.get("/messages")
    async with in_process.client("") as stranger:
        answers.append(await stranger.get("/messages", headers={"X-Request-Id": "mine"}))

    assert [each.status_code for each in answers] == [404, 404, 403, 405, 401]
    for each in answers:
        problem = each.json()
        assert each.headers["Content-Type"] == "application/problem+json"
        assert (problem["status"], problem["request_id"]) == (each.status_code, "mine")
        assert problem["type"] == f"urn:heliograph:error:{problem['error']['code']}"
        assert problem["title"]
        assert problem["detail"] == problem["error"]["message"]
    assert own.json()["request_id"] == own.headers["X-Request-Id"] != "mine"
    limit = int(read.headers["RateLimit-Limit"])
    assert 0 < int(read.headers["RateLimit-Remaining"]) < limit
    assert read.headers["RateLimit-Reset"] == "1"


async def test_of_two_who_have_seen_the_same_one_changes_it(in_process: InProcess) -> None:
    """Also at the same moment; without If-Match, or with `*`, whatever is there is changed."""
    everything = ("templates:write", "templates:read", "groups:write", "groups:read", "messages:send", "messages:read")
    everything += ("links:read", "links:write")
    later = {"to": ["+33612345678"], "text": "Later", "send_at": "2031-01-01T00:00:00Z"}
    places = {
        "/templates": ({"text": "Hi"}, "text"),
        "/groups": ({"name": "Friends"}, "name"),
        "/batches": (later, "text"),
        "/links": ({"url": "https://example.org/"}, "name"),
        "contacts": ({"contacts": [{"number": "+33612345678"}]}, "first_name"),
    }
    async with in_process.client(await in_process.token("sandbox", *everything)) as client:
        for path, (body, field) in places.items():
            if path == "contacts":
                group = (await client.post("/groups", json={"name": "Readers"})).json()["id"]
                path = f"/groups/{group}/contacts"
                await client.post(path, json=body)
                (made,) = (await client.get(path)).json()["items"]
            else:
                made = (await client.post(path, json=body)).json()
            one = f"{path}/{made.get('id') or made['number']}"
            seen = await client.get(one)
            tag = {"If-Match": seen.headers["ETag"]}

            answers = await asyncio.gather(*(client.patch(one, json={field: f"by {n}"}, headers=tag) for n in range(4)))
            there = await client.get(one)
            anyway = [await client.patch(one, json={field: "xxx"}, headers=each) for each in ({}, {"If-Match": "*"})]
            several = f'"none", {anyway[1].headers["ETag"]}'
            one_of = await client.patch(one, json={field: "yyy"}, headers={"If-Match": several})

            assert seen.headers["ETag"] == f'"{seen.json()["etag"]}"'
            assert sorted(each.status_code for each in answers) == [200, 412, 412, 412], path
            (changed,) = (each for each in answers if each.status_code == 200)
            (refused, *_) = (each for each in answers if each.status_code == 412)
            assert refused.json()["error"]["code"] == "changed_meanwhile"
            assert there.json() == changed.json()
            assert there.json()["etag"] != seen.json()["etag"]
            assert [each.status_code for each in (*anyway, one_of)] == [200, 200, 200]
