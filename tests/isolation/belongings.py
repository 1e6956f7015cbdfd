"""An account that has one of everything, each with a word in it that nobody else writes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec
from sqlalchemy import Table, insert, select

from heliograph.domain.accounts import Account, CredentialKind, Scope
from heliograph.domain.ids import to_int
from heliograph.domain.instants import now_ms
from heliograph.domain.people import Role
from heliograph.domain.terms import TermsChange
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door.applications import SCOPES
from heliograph.protocols.twilio.wire import API
from heliograph.runtime.platform import Platform
from heliograph.store.ledger import set_balance
from heliograph.store.schema import (
    attempts,
    batches,
    groups,
    idempotency_keys,
    imports,
    link_tokens,
    messages,
    metadata,
)
from heliograph.store.tx import Tx

NOT_OWNED = {
    *("audit_head", "early_receipts", "inbound_parts", "long_inbound", "paces", "people", "polls"),
    *("connected_keys", "leases", "person_links", "processes", "recovery_codes", "ref_keys", "retention_held"),
    *("files", "file_pieces", "retention_walks", "sessions", "settings", "text_words", "used_states"),
}
"""Tables whose rows are no account's."""
BY_THEMSELVES = {
    "request_rates": None,
    "works": None,
    "text_indexes": None,
    "credentials": {"last_used_at", "last_used_from"},
    "events": {"state", "due_at", "attempts", "lease_until", "last_error", "done_at", "receiver"},
}
"""What changes although nobody asks: a table as a whole (None), or some of its columns. Events are called back."""
_PARENTS: Mapping[str, tuple[str, Table]] = {
    "attempts": ("message_id", messages),
    "group_members": ("group_id", groups),
    "group_children": ("group_id", groups),
    "import_changes": ("import_id", imports),
    "import_rejects": ("import_id", imports),
}
"""Tables that have no account of their own, but belong to what has one."""
IDENTIFIERS = ("id", "number", "name", "msisdn", "public_id", "number_id", "value", "token", "client_reference")
"""Columns that name a row."""


class Belongings(msgspec.Struct):
    """What an account has, and how it is named."""

    account: Account
    word: str
    """Names its things; what is in them has a word of its own."""
    phones: list[str]
    """Numbers that only it knows."""
    below: list[str]
    """Accounts below it, which may change without harm to what the tests do as this one."""
    names: dict[str, list[str]]
    """table -> what its rows can be named by"""
    names_to_try: list[str]
    """What a request could name: the oldest and the newest of each kind, and a phone."""

    @property
    def all_names(self) -> list[str]:
        return list(dict.fromkeys(name for several in self.names.values() for name in several))


def inside_of(word: str) -> str:
    """What stands in texts, addresses and files, and never names anything."""
    return f"{word}inside"


UNNAMED = (
    "attempts",
    "events",
    "hits",
    "import_changes",
    "import_rejects",
    "ledger",
    "link_tokens",
    "numbering",
    "phone_messages",
    "request_rates",
    "roles",
    "usage",
)
"""Tables whose rows no request names."""


async def settle(platform: Platform, word: str, phones: list[str]) -> Belongings:
    """Makes an account and gives it one of everything."""
    account = await platform.services.accounts.ensure(f"account of {word}")
    await _endow(platform, account, word, phones)
    account = await platform.services.accounts.ensure(account.name)
    store = platform.engine.store
    rows = await store.read(rows_of, account.id)
    few = {table: [*found[:1], *found[-1:]] for table, found in rows.items() if table not in UNNAMED}
    tried = [name for several in _names(few).values() for name in several]
    below = [each.id for each in await platform.services.accounts.all() if each.parent_id == account.id]
    return Belongings(account, word, phones, below, _names(rows), list(dict.fromkeys((*tried, phones[0]))))


async def _endow(platform: Platform, account: Account, word: str, phones: list[str]) -> None:
    services, store = platform.services, platform.engine.store
    first, second, third = phones
    inside = inside_of(word)
    web = httpx2.ASGITransport(app=platform.web(), client=("127.0.0.1", 40_000))
    await store.write(set_balance, account.id, 1_000_000_000, 0)
    native = await services.accounts.issue(account, CredentialKind.API_KEY, scopes=list(Scope))
    smscx = await services.accounts.issue(account, CredentialKind.SMSCX, scopes=SCOPES)
    smsdrop = await services.accounts.issue(account, CredentialKind.SMSDROP_TOKEN, scopes=list(Scope))
    isendpro = await services.accounts.issue(account, CredentialKind.ISENDPRO, scopes=list(Scope))
    plan = await services.accounts.issue(account, CredentialKind.XMS, scopes=list(Scope))
    twilio = await services.accounts.issue(account, CredentialKind.TWILIO, scopes=list(Scope))
    await services.keys.rotate((await services.keys.create(account, "native")).id, grace_s=86_400)
    await services.account_admin.agree(account, TermsChange(day_messages=1_000_000))
    await services.people.create(f"{word}@example.com", "correct horse battery", Role.MANAGER, account)
    await services.signing_in.invite(f"{word}@example.org", Role.MANAGER, account)
    async with httpx2.AsyncClient(transport=web, base_url="http://test") as client:

        async def ask(method: str, path: str, key: str = "", **more: Any) -> Any:
            headers = {"Authorization": f"Bearer {key or native.secret}", **more.pop("headers", {})}
            answer = await client.request(method, path, headers=headers, **more)
            assert answer.status_code < 400, (path, answer.text)
            return answer.json() if answer.content and "json" in answer.headers["content-type"] else None

        async def make(path: str, **body: Any) -> Any:
            return await ask("POST", f"/v1{path}", json=body)

        async def of_smscx(path: str, **body: Any) -> Any:
            return await ask("POST", f"/smscx{path}", headers={"X-Api-Key": smscx.secret}, json=body)

        sent = await make("/messages", to=first, text=f"Hello {inside}", **{"from": word[:10]}, client_reference=word)
        await ask("GET", f"/v1/messages/{sent['id']}/wait")
        later = {"send_at": "2031-01-01T00:00:00Z", "feedback": True, "tags": [word], "title": word}
        await make("/batches", to=[second], text=f"Later {inside}", **later)
        group = await make("/groups", name=word, members=[first], tags=[word])
        contacts = [{"number": third, "first_name": inside, "fields": {"tier": inside}}]
        await make(f"/groups/{group['id']}/contacts", contacts=contacts)
        file = f"number,first_name\n{third},{inside} 2\n{word},{inside}\n"
        read = await ask("POST", f"/v1/imports?group={word}&update=true&file_name={word}", content=file.encode())
        await ask("GET", f"/v1/imports/{read['id']}?timeout_s=30")
        await make("/templates", name=word, text=f"Dear {inside}")
        await make("/applications", name=word, scopes=["sms"])
        await make("/verifications", to=second, client_reference=word, ttl_s=1_800)
        link = await make("/links", url=f"https://example.org/{inside}", name=word)
        text = {"Content-Type": "text/plain"}
        file = await ask("POST", f"/v1/attachments?name={word}", content=inside.encode(), headers=text)
        for short in (link["id"], file["id"]):
            await client.get(f"/l/{short}", headers={"User-Agent": inside})
        await make("/lookups", numbers=[first, second])
        await make(f"/numbers/{third}/lookup")
        await ask("PUT", f"/v1/optouts/{third}")
        where = {"callback_url": f"http://127.0.0.1:9/{inside}", "region": "FR"}
        await ask("PATCH", "/v1/account", json=where)
        await make(f"/sandbox/phones/{first}/replies", to=word[:10], text=f"Thanks {inside}")
        talks = (await ask("GET", "/v1/conversations"))["items"]
        for talk in talks:
            await make(f"/conversations/{talk['id']}/notes", text=f"Noted {inside}")
        await of_smscx("/originators", originator=word[:11])
        offered = await services.rents.available()
        await of_smscx("/numbers/rent", numberId=to_uuid(offered[0].number_id), rentPeriod=1)
        await of_smscx("/sms", to=[first], **{"from": word[:10]}, text=f"By SMS.CX {inside}")
        await of_smscx("/otp", phoneNumber=first, ttl=1_800, **{"from": word[:10]})
        token = plan.secret
        of_plan = f"/xms/v1/{plan.public_id}"
        await ask("POST", f"{of_plan}/batches", token, json={"to": [first[1:]], "body": f"XMS {inside}"})
        nest = {"name": f"{word} 2", "members": [second[1:]], "child_groups": [group["id"]]}
        await ask("POST", f"{of_plan}/groups", token, json=nest)
        auth = (twilio.public_id, twilio.secret)
        form = {
            "To": first,
            "From": word[:10],
            "Body": f"Twilio {inside}",
            "MediaUrl": f"https://example.org/{inside}.png",
        }
        sid = f"AC{to_int(account.id):032x}"
        answer = await client.post(f"{API}/Accounts/{sid}/Messages.json", data=form, auth=auth)
        assert answer.status_code == 201, answer.text
        child = {"subAccountEdit": "addAccount", "subAccountLogin": word, "subAccountPassword": "x" * 12}
        text_message = {"num": first, "sms": f"iSendPro {inside}", "emetteur": word[:10]}
        for page, asked in (("sms", text_message), ("subaccount", child)):
            answer = await client.post(f"/isendpro/cgi-bin/{page}", data={"keyid": isendpro.secret, **asked})
            assert answer.status_code == 200, answer.text
        await store.write(set_balance, account.id, 0, 1)
        campaign = {"message": f"smsdrop {inside}", "sender": word[:10], "recipient_list": [first]}
        await ask("POST", "/smsdrop/campaigns/", smsdrop.secret, json=campaign)
        await store.write(set_balance, account.id, 1_000_000_000, 2)
    await store.write(_add_what_no_door_makes, account.id, word)


def _add_what_no_door_makes(tx: Tx, account_id: str, word: str) -> None:
    """An earlier attempt, and an address that says whose it is: they need a provider that fails, and a campaign."""
    message = tx.value(select(messages.c.id).where(messages.c.account_id == account_id).limit(1))
    batch = tx.value(select(batches.c.id).where(batches.c.account_id == account_id).limit(1))
    attempt = {"id": f"{message[:-1]}~", "message_id": message, "provider": "elsewhere", "outcome": "refused"}
    tx.connection.execute(insert(attempts), {**attempt, "detail": inside_of(word), "at": 1})
    token = {"link_id": word, "token": word[::-1], "account_id": account_id, "batch_id": batch, "msisdn": "33600000000"}
    tx.connection.execute(insert(link_tokens), token)
    times = {"begun_at": now_ms(), "lease_until": 1}
    request = {"account_id": account_id, "idempotency_key": word, "fingerprint": word, "answer": inside_of(word)}
    tx.connection.execute(insert(idempotency_keys), request | times)


def rows_of(tx: Tx, account_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of an account, by table, without what changes by itself. A table that is nobody's must be named."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in metadata.sorted_tables:
        if table.name in NOT_OWNED:
            continue
        except_for = BY_THEMSELVES.get(table.name, set())
        if except_for is None:
            continue
        if table.name == "accounts":
            mine: Any = table.c.id == account_id
        elif "account_id" in table.c:
            mine = table.c.account_id == account_id
        else:
            column, parent = _PARENTS[table.name]
            mine = table.c[column].in_(select(parent.c.id).where(parent.c.account_id == account_id))
        columns = [column for column in table.c if column.name not in except_for]
        rows = tx.connection.execute(select(*columns).where(mine)).mappings().fetchall()
        found[table.name] = sorted((dict(row) for row in rows), key=repr)
    return found


def digest_of(tx: Tx, account_id: str) -> str:
    return hashlib.sha256(repr(rows_of(tx, account_id)).encode()).hexdigest()


def _names(rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {
        table: list(dict.fromkeys(str(row[column]) for row in found for column in IDENTIFIERS if row.get(column)))
        for table, found in rows.items()
    }


def assert_complete(rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Fails for a table of which the account has no row."""
    empty = sorted(table for table, found in rows.items() if not found)
    assert not empty, f"tests/isolation/belongings.py gives the account nothing in {', '.join(empty)}"
