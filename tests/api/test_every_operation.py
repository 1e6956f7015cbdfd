"""The table of operations: each does what its line says, and the description of the API says the same."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest
from sqlalchemy import insert, select

from heliograph.api import wire
from heliograph.api.operations import OPERATIONS
from heliograph.domain.accounts import Scope
from heliograph.domain.ids import new_id
from heliograph.domain.people import Role
from heliograph.services.totp import STEP_S, code_at
from heliograph.store.federated import NewLink, add_link
from heliograph.store.schema import batches, events
from heliograph.store.tx import Tx

if TYPE_CHECKING:
    from tests.api.conftest import InProcess

PHONE = "+33612345678"
SILENT = "+33612345679"
PASSWORD = "correct horse battery"
ALL = [str(scope) for scope in Scope]

#: What makes each operation succeed: query and body. `{message}` and the like stand for what exists already.
CALLS: dict[str, tuple[str, Any]] = {
    "send_message": ("", {"to": PHONE, "text": "Hello", "from": "Acme"}),
    "list_messages": ("?limit=10&status=delivered", None),
    "get_message_index": ("", None),
    "export_messages": ("?q=code&format=jsonl", None),
    "export_contacts": ("?bom=true", None),
    "export_optouts": ("?format=xlsx", None),
    "list_callbacks": ("?limit=5", None),
    "replay_callbacks": ("", {"since": "2026-01-01T00:00:00Z"}),
    "replay_callback": ("", None),
    "list_originators": ("", None),
    "create_originator": ("", {"originator": "Acme"}),
    "delete_originator": ("", None),
    "list_rentable_numbers": ("", None),
    "list_rents": ("", None),
    "create_rent": ("", {"number_id": "{number_id}", "days": 7, "auto_renew": True}),
    "get_rent": ("", None),
    "change_rent": ("", {"auto_renew": False, "callback_url": None}),
    "renew_rent": ("", {}),
    "cancel_rent": ("", None),
    "sum_messages": ("", None),
    "get_message": ("", None),
    "follow_message": ("?timeout_s=240", None),
    "follow_batch": ("?timeout_s=0", None),
    "follow_import": ("?timeout_s=240", None),
    "follow_inbound": ("?timeout_s=0", None),
    "wait_for_message": ("?timeout_s=240", None),
    "why_message": ("", None),
    "list_attempts": ("", None),
    "delete_message": ("", None),
    "create_batch": ("", {"to": [PHONE], "text": "Hello"}),
    "create_in_shares": ("", {"to": [PHONE, SILENT], "text": "Hello", "share": 0.5}),
    "dry_run_batch": ("", {"to": [PHONE], "text": "Hello"}),
    "list_batches": ("?from=Acme", None),
    "get_batch": ("", None),
    "change_batch": ("", {"text": "Changed", "add": [SILENT], "report": None}),
    "confirm_batch": ("", {"numbers": [PHONE]}),
    "pause_batch": ("", None),
    "resume_batch": ("", None),
    "cancel_batch": ("", None),
    "report_batch": ("", None),
    "create_group": ("", {"name": "Everybody", "members": [PHONE], "keywords": {"to": "Acme", "add": ["join"]}}),
    "list_groups": ("?tag=friends", None),
    "get_group": ("", None),
    "change_group": ("", {"name": "Everybody else", "add": [SILENT], "keywords": None}),
    "delete_group": ("", None),
    "list_members": ("", None),
    "list_contacts": ("?limit=10", None),
    "add_contacts": ("", {"contacts": [{"number": "+33612345670", "first_name": "Ada"}]}),
    "get_contact": ("", None),
    "get_link": ("", None),
    "change_contact": ("", {"first_name": "Ada", "fields": {"tier": "gold"}}),
    "delete_contact": ("", None),
    "list_imports": ("?limit=5", None),
    "import_contacts": (
        "?group=Readers&region=FR&mapping=%7B%22City%22%3A%22town%22%7D",
        b"Tel;City\n0612345678;Paris\n",
    ),
    "get_import": ("?timeout_s=30", None),
    "list_rejected_rows": ("?limit=5", None),
    "undo_import": ("", None),
    "list_templates": ("", None),
    "create_template": ("", {"text": "Hello"}),
    "get_template": ("", None),
    "change_template": ("", {"text": "Changed"}),
    "delete_template": ("", None),
    "get_balance": ("", None),
    "list_ledger": ("?limit=5", None),
    "list_prices": ("", None),
    "list_inbound": (f"?from=%2B{PHONE[1:]}", None),
    "get_inbound": ("", None),
    "delete_inbound": ("", None),
    "get_account": ("", None),
    "change_account": ("", {"region": "FR"}),
    "list_applications": ("", None),
    "create_application": ("", {"name": "Shop", "scopes": ["sms"]}),
    "change_application": ("", {"settings": {"sms": {"enforceOriginator": "Shop"}}}),
    "delete_application": ("", None),
    "start_verification": ("", {"to": "+33612345672", "length": 4}),
    "get_verification": ("", None),
    "why_verification": ("", None),
    "check_verification": ("", {"code": "{code}"}),
    "resend_verification": ("", None),
    "cancel_verification": ("", None),
    "list_links": ("", None),
    "create_link": ("", {"url": "https://example.org/"}),
    "change_link": ("", {"name": "Renamed"}),
    "delete_link": ("", None),
    "list_link_hits": ("?limit=5", None),
    "list_attachments": ("", None),
    "upload_attachment": ("?name=Notes", b"Minutes of the meeting."),
    "delete_attachment": ("", None),
    "list_attachment_hits": ("?limit=5", None),
    "get_number": ("", None),
    "look_up_number": ("", None),
    "create_lookup_job": ("", {"numbers": [PHONE, SILENT]}),
    "list_lookups": ("?limit=5", None),
    "get_callback_request": ("", None),
    "list_conversations": ("", None),
    "get_conversation": ("", None),
    "list_conversation_messages": ("", None),
    "mark_conversation_read": ("", None),
    "delete_conversation": ("", None),
    "answer_conversation": ("", {"text": "You're welcome"}),
    "change_conversation": ("", {"closed": True}),
    "list_notes": ("", None),
    "add_note": ("", {"text": "Likes to be called"}),
    "delete_note": ("", None),
    "list_optouts": ("", None),
    "add_optout": ("", None),
    "remove_optout": ("", None),
    "list_accounts": ("?limit=1", None),
    "create_account": ("", {"name": "Branch", "parent": "sandbox"}),
    "get_any_account": ("", None),
    "change_terms": ("", {"countries": ["FR"], "prices": {"FR": "0.05"}, "daily_messages": 10}),
    "change_balance": ("", {"amount": "12.50", "note": "Invoice 7"}),
    "rotate_callback_secret": ("", {"grace_s": 60}),
    "close_account": ("", {"name": "Closing"}),
    "list_keys": ("?limit=5&account=sandbox", None),
    "create_key": ("", {"account": "sandbox", "protocol": "smpp"}),
    "get_key": ("", None),
    "rotate_key": ("", {"grace_s": 60}),
    "revoke_key": ("", None),
    "list_people": ("?limit=5", None),
    "get_person": ("", None),
    "change_person": ("", {"disabled": False, "totp": False}),
    "assign_role": ("", {"role": "sender", "account": "Shop"}),
    "list_sessions_of": ("", None),
    "end_sessions_of": ("", None),
    "unlink_person": ("?issuer=https://login.example.org", None),
    "invite": ("", {"email": "vera@example.com", "role": "viewer", "account": "Shop"}),
    "list_invitations": ("?limit=5", None),
    "withdraw_invitation": ("", None),
    "sign_in": ("", {"email": "ada@example.com", "password": PASSWORD}),
    "get_own_person": ("", None),
    "sign_out": ("", None),
    "change_password": ("", {"password": PASSWORD, "new_password": "another long password"}),
    "begin_totp": ("", {"password": PASSWORD}),
    "confirm_totp": ("", {"code": "{code}"}),
    "remove_totp": ("", {"password": PASSWORD}),
    "list_sessions": ("", None),
    "end_session": ("", None),
    "accept_invitation": ("", {"token": "{token}", "password": PASSWORD}),
    "list_erasures": ("?limit=5", None),
    "erase_own": ("", {"number": "+33612345673", "dry_run": False}),
    "erase": ("", {"number": "+33612345674", "account": "sandbox", "forget_optouts": True}),
    "list_audit": ("?limit=5&action=key", None),
    "list_phones": ("", None),
    "list_phone_messages": ("", None),
    "wait_for_phone_message": ("?timeout_s=240&contains=code", None),
    "read_code": ("?timeout_s=240", None),
    "clear_phone": ("", None),
    "clear_phones": ("", None),
    "send_reply": ("", {"to": "Acme", "text": "Hi"}),
    "get_reception": ("", None),
    "get_chaos": ("", None),
    "set_chaos": ("", {"late": 0.1}),
}


@dataclass
class Known:
    """An account with a delivered message, a reply to it, and a number that opted out."""

    server: InProcess
    client: httpx2.AsyncClient
    code: str
    token: str
    """Of an invitation."""
    names: dict[str, str]
    others: dict[str, dict[str, str]]
    """For operations that need a thing of their own."""

    def path(self, operation: Any) -> str:
        path: str = operation.path.format_map(self.names | self.others.get(operation.name, {}))
        return path

    @asynccontextmanager
    async def asking(self, operation: Any) -> AsyncIterator[httpx2.AsyncClient]:
        """A client that may ask for an operation: of a key, or of a person of its own who has just signed in."""
        if operation.scope != Scope.PERSON:
            yield self.client
            return
        services = self.server.platform.services
        account = await services.accounts.named("Shop")
        person = await services.people.create(f"{new_id()}@example.com", PASSWORD, Role.MANAGER, account)
        started = await services.signing_in.sign_in(person.email, PASSWORD, address="127.0.0.1")
        self.names["session_id"] = started.id
        async with self.server.client(started.token) as client:
            yield client


@pytest.fixture(scope="module")
async def known(shared: InProcess) -> AsyncIterator[Known]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("heliograph.services.verify.RESEND_AFTER", timedelta())
        async for found in everything_there_is(shared):
            yield found


async def everything_there_is(shared: InProcess) -> AsyncIterator[Known]:
    async with shared.client(await shared.token("sandbox", *ALL)) as client:
        sent = await client.post("/messages", json={"to": PHONE, "text": "Your code is 482913", "from": "Acme"})
        message = sent.json()
        await client.get(f"/messages/{message['id']}/wait")
        gone = (await client.post("/messages", json={"to": PHONE, "text": "Gone", "from": "Acme"})).json()
        await client.get(f"/messages/{gone['id']}/wait")
        unwanted = await client.post(f"/sandbox/phones/{PHONE}/replies", json={"to": "Acme", "text": "Sorry"})
        reply = await client.post(f"/sandbox/phones/{PHONE}/replies", json={"to": "Acme", "text": "Thanks"})
        await client.put(f"/optouts/{SILENT}")
        names = {"message_id": message["id"], "batch_id": message["batch_id"], "inbound_id": reply.json()["inbound_id"]}

        async def made(path: str, **body: Any) -> str:
            identifier: str = (await client.post(path, json=body)).json()["id"]
            return identifier

        names |= {"group_id": await made("/groups", members=[PHONE], tags=["friends"]), "number": PHONE}
        scheduled = await made("/batches", to=[PHONE], text="Later", send_at="2031-01-01T00:00:00Z", feedback=True)
        await client.post(
            f"/groups/{names['group_id']}/contacts", json={"contacts": [{"number": SILENT}, {"number": "+33612345671"}]}
        )
        contacts = (await client.get(f"/groups/{names['group_id']}/contacts")).json()["items"]
        names["contact_id"] = contacts[0]["id"]
        read = [await client.post("/imports?group=Readers", content=b"tel\n+33612345670\nnone\n") for _ in range(2)]
        for each in read:
            await client.get(f"/imports/{each.json()['id']}?timeout_s=30")
        names["import_id"] = read[0].json()["id"]
        templates = [(await client.post("/templates", json={"text": "Hi"})).json()["number"] for _ in range(2)]
        names["template_number"] = str(templates[0])
        verifications = [await made("/verifications", to="+33612345673") for _ in range(3)]
        verifications.append(await made("/verifications", to="+33612345674"))
        code = (await client.get("/sandbox/phones/+33612345674/code?timeout_s=240")).json()["code"]
        names["verification_id"] = verifications[0]
        links = [await made("/links", url="https://example.org/") for _ in range(3)]
        text = {"Content-Type": "text/plain"}
        files = [(await client.post("/attachments", content=b"Hello", headers=text)).json()["id"] for _ in range(2)]
        for short in (links[0], files[0]):
            await client.get(f"http://test/l/{short}")
        names |= {"link_id": links[0], "job_id": await made("/lookups", numbers=[PHONE])}
        await client.post("/sandbox/phones/+33612345675/replies", json={"to": "Acme", "text": "Bye"})
        talks = {each["number"]: each["id"] for each in (await client.get("/conversations")).json()["items"]}
        names["conversation_id"] = talks[PHONE]
        notes = [await made(f"/conversations/{talks[PHONE]}/notes", text="Likes to be called") for _ in range(2)]
        names["note_id"] = notes[0]
        applications = [await made("/applications", name="Shop", scopes=["sms"]) for _ in range(2)]
        names["application_id"] = applications[0]
        branches = [await made("/accounts", name=name) for name in ("Shop", "Closing")]
        keys = [await made("/keys", account="Shop") for _ in range(2)]
        names |= {"account_id": branches[0], "key_id": keys[0], "session_id": ""}
        invite = {"role": "administrator", "expires_s": 60}
        invitations = [
            (await client.post("/invitations", json=invite | {"email": f"{name}@example.com"})).json()
            for name in ("ada", "bob", "cyd")
        ]
        joined = {"token": invitations[0]["token"], "password": PASSWORD}
        names["person_id"] = (await client.post("/invitations/accept", json=joined)).json()["id"]
        link = NewLink("https://login.example.org", "7", names["person_id"], 1)
        await shared.platform.engine.store.write(add_link, link)
        await client.post("/session", json={"email": "ada@example.com", "password": PASSWORD})
        names["callback_id"] = await shared.platform.engine.store.write(add_given_up, message["batch_id"])
        asked_for = [
            (await client.post("/originators", json={"originator": name})).json()["number"] for name in ("One1", "Two2")
        ]
        names["originator_number"] = str(asked_for[0])
        lets = [each["number_id"] for each in (await client.get("/rentable-numbers")).json()["items"]]
        rents = [await made("/rents", number_id=each, days=7) for each in lets[:2]]
        names |= {"rent_id": rents[0], "number_id": lets[2]}
        names["invitation_id"] = invitations[1]["id"]
        others = {
            "delete_message": {"message_id": gone["id"]},
            "delete_note": {"note_id": notes[1]},
            "delete_conversation": {"conversation_id": talks["+33612345675"]},
            "delete_inbound": {"inbound_id": unwanted.json()["inbound_id"]},
            "close_account": {"account_id": branches[1]},
            "revoke_key": {"key_id": keys[1]},
            "delete_application": {"application_id": applications[1]},
            "check_verification": {"verification_id": verifications[3]},
            "cancel_verification": {"verification_id": verifications[1]},
            "resend_verification": {"verification_id": verifications[2]},
            "change_link": {"link_id": links[1]},
            "delete_link": {"link_id": links[2]},
            "list_attachment_hits": {"link_id": files[0]},
            "delete_attachment": {"link_id": files[1]},
            "delete_contact": {"contact_id": contacts[1]["id"]},
            "delete_template": {"template_number": str(templates[1])},
            "change_batch": {"batch_id": scheduled},
            "confirm_batch": {"batch_id": scheduled},
            "pause_batch": {"batch_id": scheduled},
            "resume_batch": {"batch_id": scheduled},
            "cancel_rent": {"rent_id": rents[1]},
            "delete_originator": {"originator_number": str(asked_for[1])},
            "delete_group": {"group_id": await made("/groups")},
            "remove_optout": {"number": SILENT},
        }
        yield Known(shared, client, code, invitations[2]["token"], names, others)


def add_given_up(tx: Tx, batch_id: str) -> str:
    """A callback that nobody has taken."""
    account_id = tx.value(select(batches.c.account_id).where(batches.c.id == batch_id))
    values = {"account_id": account_id, "protocol": "v1", "sink": "http://127.0.0.1:9/", "kind": "batch.settled"}
    values |= {"subject_id": batch_id, "state": "given_up", "due_at": 1, "created_at": 1, "receiver": account_id}
    identifier = new_id()
    tx.connection.execute(insert(events).values(id=identifier, **values))
    return identifier


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_an_operation_answers_with_the_status_and_shape_of_its_line(known: Known, operation: Any) -> None:
    query, body = CALLS[operation.name]
    if operation.name == "check_verification":
        body = {"code": known.code}
    if operation.name == "create_rent":
        body |= {"number_id": known.names["number_id"]}
    if operation.name == "sum_messages":
        query = f"?since={(datetime.now(UTC) - timedelta(days=1)):%Y-%m-%dT%H:%M:%SZ}"
    if operation.name == "accept_invitation":
        body |= {"token": known.token}
    content: dict[str, Any] = {"json": body}
    if isinstance(body, bytes):
        content = {"content": body, "headers": {"Content-Type": "text/plain"}}

    async with known.asking(operation) as client:
        if operation.name == "confirm_totp":
            begun = await client.post("/session/totp", json={"password": PASSWORD})
            content = {"json": {"code": code_at(begun.json()["secret"], int(time.time()) // STEP_S)}}
        answer = await client.request(operation.method, known.path(operation) + query, **content)

    assert answer.status_code == operation.status, answer.text
    if operation.files:
        assert answer.headers["Content-Type"] in operation.files
        assert answer.content
    elif operation.response is None:
        assert answer.content == b""
    else:
        strict = msgspec.json.decode(answer.content, type=operation.response)
        assert msgspec.json.decode(msgspec.json.encode(strict)) == answer.json()
        if hasattr(strict, "items"):
            assert strict.items


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.request], ids=lambda each: each.name)
async def test_an_unknown_field_is_refused_by_name(known: Known, operation: Any) -> None:
    body = CALLS[operation.name][1] | {"colour": "red"}

    async with known.asking(operation) as client:
        answer = await client.request(operation.method, known.path(operation), json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_field")
    assert "colour" in answer.json()["error"]["message"]


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.query], ids=lambda each: each.name)
async def test_an_unknown_word_in_the_query_is_refused_by_name(known: Known, operation: Any) -> None:
    answer = await known.client.request(operation.method, known.path(operation) + "?colour=red")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_field")
    assert "colour" in answer.json()["error"]["message"]


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "_id}" in each.path], ids=lambda each: each.name)
@pytest.mark.parametrize("junk", ["unknown", "'--", "%25", "%00", "%F0%9F%98%80", "x" * 3_000, "..%2F.."])
async def test_what_is_not_there_is_not_found(known: Known, operation: Any, junk: str) -> None:
    names = dict.fromkeys(known.names, junk)

    body = CALLS[operation.name][1]
    async with known.asking(operation) as client:
        answer = await client.request(operation.method, operation.path.format_map(names), json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "{number}" in each.path], ids=lambda e: e.name)
@pytest.mark.parametrize("junk", ["hello", "+", "%25", "9" * 40])
async def test_what_is_no_number_is_refused(known: Known, operation: Any, junk: str) -> None:
    body = CALLS[operation.name][1]

    answer = await known.client.request(operation.method, operation.path.format(number=junk), json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_recipient")


async def description(shared: InProcess) -> Any:
    async with shared.client("") as anybody:
        return (await anybody.get("/openapi.json")).json()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


async def test_the_description_is_complete_in_itself(shared: InProcess) -> None:
    document = await description(shared)

    parts = {f"#/components/{kind}/{name}" for kind, found in document["components"].items() for name in found}
    named = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert document["openapi"].startswith("3.1")
    assert set(references(document)) <= parts
    assert sorted(named) == sorted(operation.name for operation in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_the_description_of_an_operation_is_that_of_its_line(shared: InProcess, operation: Any) -> None:
    document = await description(shared)
    described = document["paths"][f"/v1{operation.path}"][operation.method.lower()]

    in_path = [each["name"] for each in described["parameters"] if each["in"] == "path"]
    in_query = [each["name"] for each in described["parameters"] if each["in"] == "query"]
    fields = msgspec.structs.fields(operation.query) if operation.query else ()
    assert in_path == re.findall(r"{(\w+)}", operation.path)
    assert in_query == [field.encode_name for field in fields]
    assert ("requestBody" in described) == (operation.request is not None or operation.upload)
    content = described["responses"][str(operation.status)].get("content", {})
    assert list(content) == (list(operation.files) or ["application/json"] * (operation.response is not None))
    assert all(each["description"] for each in described["parameters"])
    refused = described["responses"]["400"]["$ref"].rpartition("/")[2]
    error = document["components"]["responses"][refused]["content"]["application/problem+json"]["schema"]["$ref"]
    assert error == f"#/components/schemas/{wire.ErrorBody.__name__}"
    assert described["summary"]
    assert (operation.scope or "Open to anybody") in described["description"]
