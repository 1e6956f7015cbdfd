"""Whatever is administered by the API is in the audit log, with who did it, and without secrets and texts."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.api.conftest import InProcess
from tests.api.test_every_operation import ALL, CALLS, Known, everything_there_is

from heliograph.api.operations import OPERATIONS
from heliograph.domain.accounts import Scope
from heliograph.domain.audit import Action
from heliograph.store.audit import check
from heliograph.store.schema import audit
from heliograph.store.tx import Tx

READS = {"GET"}
ADMINISTERED = [each for each in OPERATIONS if each.scope is Scope.ADMIN and each.method not in READS]
#: Accounts and the sandbox change these themselves.
OWN = {"erase_own", "change_account", "create_application", "change_application", "delete_application", "set_chaos"}
EVERY = [*ADMINISTERED, *(each for each in OPERATIONS if each.name in OWN)]


def stored(tx: Tx) -> list[str]:
    """Each entry as one text, oldest first."""
    return [" ".join(map(str, row)) for row in tx.rows(select(audit).order_by(audit.c.seq))]


async def entries(shared: InProcess) -> list[str]:
    return await shared.platform.services.account_admin._store.read(stored)


@pytest.fixture(scope="module")
async def known(shared: InProcess) -> Any:
    async for found in everything_there_is(shared):
        yield found


@pytest.mark.parametrize("operation", EVERY, ids=lambda operation: operation.name)
async def test_what_changes_something_leaves_an_entry_that_says_who_did_it(
    shared: InProcess, known: Known, operation: Any
) -> None:
    query, body = CALLS[operation.name]
    before = await entries(shared)

    answer = await known.client.request(operation.method, known.path(operation) + query, json=body)

    left = (await entries(shared))[len(before) :]
    assert answer.status_code == operation.status, answer.text
    assert left
    assert all(" key " in entry and " sandbox " in entry and " 127.0.0.1 " in entry for entry in left)


async def test_what_is_refused_or_changes_nothing_leaves_none(shared: InProcess) -> None:
    async with shared.client(await shared.token("sandbox", *ALL)) as client:
        await client.post("/accounts", json={"name": "Twice"})
        await client.put("/sandbox/chaos", json={})
        await client.patch("/account", json={"region": "FR"})
        before = await entries(shared)
        statuses = [
            (await client.post("/accounts", json={"name": "Twice"})).status_code,
            (await client.post("/keys", json={"account": "Twice", "protocol": "fax"})).status_code,
            (await client.patch("/account", json={"region": "FR"})).status_code,
            (await client.patch("/account", json={"callback_url": "ftp://example.org"})).status_code,
        ]

    assert [status < 300 for status in statuses] == [False, False, True, False]
    assert await entries(shared) == before


async def test_no_secret_and_no_text_is_in_it(shared: InProcess) -> None:
    secrets = ["MARKED-NOTE", "MARKEDWORD", "MARKED-ANSWER", "MARKED-PATH", "MARKED-QUERY", "MARKED-SETTING"]
    async with shared.client(await shared.token("sandbox", *ALL)) as client:

        async def asked(method: str, path: str, body: Any = None) -> Any:
            answer = await client.request(method, path, json=body)
            assert answer.status_code < 300, answer.text
            return answer.json() if answer.content else {}

        account = await asked("POST", "/accounts", {"name": "Marked"})
        await asked("POST", f"/accounts/{account['id']}/balance", {"amount": "5", "note": "MARKED-NOTE"})
        url = "https://example.org/MARKED-PATH?key=MARKED-QUERY"
        words = {"stop": ["MARKEDWORD"], "stop_answer": "MARKED-ANSWER"}
        await asked("PATCH", "/account", {"callback_url": url, "receipt_url": url, "consent": words})
        protocols = ("native", "xms", "smscx", "smsdrop", "isendpro", "twilio", "smpp")
        for protocol in protocols:
            key = await asked("POST", "/keys", {"account": "Marked", "protocol": protocol})
            again = await asked("POST", f"/keys/{key['id']}/rotate", {"grace_s": 60})
            for made in (key, again):
                secrets += [made[name] for name in made if name in SECRET_PARTS]
            await asked("DELETE", f"/keys/{key['id']}")
        secret = await asked("POST", f"/accounts/{account['id']}/callback_secret", {"grace_s": 60})
        secrets.append(secret["callback_secret"])
        application = await asked("POST", "/applications", {"name": "Shop", "scopes": ["sms"]})
        secrets.append(application["secret"])
        settings = {"sms": {"enforceOriginator": "MARKED-SETTING"}}
        await asked("PATCH", f"/applications/{application['id']}", {"settings": settings})
        await asked("DELETE", f"/applications/{application['id']}")
        listed = (await client.get("/audit?limit=1000")).text

    written = "\n".join(await entries(shared))
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in written or secret in listed] == []
    beginnings = [secret[:11] for secret in secrets if secret[:3] in {"hg_", "sc_"}]
    assert len(beginnings) >= 4
    assert [each for each in beginnings if each in written] == []
    assert "https://example.org #" in written


SECRET_PARTS = {"token", "api_key", "password", "keyid", "auth_token", "secret"}


async def test_it_is_read_by_an_administrator_with_filters_and_pages(shared: InProcess) -> None:
    async with shared.client(await shared.token("sandbox", *ALL)) as client:
        made = (await client.post("/accounts", json={"name": "Listed"})).json()
        await client.patch(f"/accounts/{made['id']}", json={"countries": ["FR"], "prices": {"FR": "0.05"}})
        await client.patch(f"/accounts/{made['id']}", json={"countries": None})
        pages = []
        before = ""
        while before is not None:
            page = (await client.get(f"/audit?account=Listed&limit=2{before and f'&before={before}'}")).json()
            pages.append(page["items"])
            before = page["next"]
        only = (await client.get("/audit?account=Listed&action=account.created&actor=key")).json()["items"]
        wrong = [await client.get(f"/audit?{query}") for query in ("action=key.lost", "before=x", "account=Nobody")]
    async with shared.client(await shared.token("sandbox", Scope.ACCOUNT)) as customer:
        refused = (await customer.get("/audit")).json()["error"]["code"]

    last, changed, created = [entry for page in pages for entry in page]
    assert created["after"] == {"name": "Listed", "parent": None}
    assert (changed["before"], changed["after"]) == (
        {"countries": None, "prices": {}},
        {"countries": ["FR"], "prices": {"FR": "0.05"}},
    )
    assert (last["before"], last["after"]) == ({"countries": ["FR"]}, {"countries": None})
    assert last["previous"] == changed["hash"]
    assert last["actor"] | {"id": ""} == {"kind": "key", "id": "", "name": "sandbox", "address": "127.0.0.1"}
    assert only == [created]
    assert [answer.status_code for answer in wrong] == [400, 400, 404]
    assert all(f" {action}" in wrong[0].json()["error"]["message"] for action in Action)
    assert refused == "scope_missing"


async def test_the_chain_holds_after_all_that(shared: InProcess) -> None:
    verdict = await shared.platform.services.account_admin._store.read(check)

    assert verdict.breaks == []
    assert verdict.entries == len(await entries(shared))
