"""Erasing a number by the API: an account from its own data, an administrator from all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.api.conftest import InProcess

from heliograph.domain.accounts import Scope
from heliograph.domain.audit import AuditFilter
from heliograph.domain.errors import TooManyErasures

OWN = [Scope.MESSAGES_SEND, Scope.MESSAGES_READ, Scope.OPTOUTS_READ, Scope.OPTOUTS_WRITE, Scope.ACCOUNT]
NOTHING = {"rows": {}, "canceled": 0, "on_their_way": 0, "optouts_kept": 0}


async def test_an_account_erases_what_is_its_own_and_an_administrator_the_rest(shared: InProcess) -> None:
    """`first` understands national numbers, and its opt-out stays; what `second` has goes with an administrator's."""
    clients = [shared.client(await shared.token(name, *OWN)) for name in ("first", "second")]
    admin = shared.client(await shared.token("administrator", Scope.ADMIN))
    later = {"to": "+33612345680", "text": "Hello", "send_at": "2031-01-01T00:00:00Z"}

    async def asked(client: Any, path: str = "/account/erasures", **body: Any) -> Any:
        answer = await client.post(path, json={"number": "+33612345680"} | body)
        return answer.json() if answer.status_code == 200 else answer.json()["error"]["code"]

    async def listed(client: Any) -> int:
        return len((await client.get("/messages?to=%2B33612345680")).json()["items"])

    first, second = clients
    async with first, second, admin:
        for client in clients:
            await client.post("/messages", json=later)
            await client.put("/optouts/+33612345680")
        await first.patch("/account", json={"region": "FR"})
        dry = await asked(first, number="06 12 34 56 80", dry_run=True)
        before = await listed(first)
        mine = await asked(first, number="06 12 34 56 80")
        left = [await listed(client) for client in clients]
        again = await asked(first)
        of_first = await asked(admin, "/erasures", account="first")
        everywhere = await asked(admin, "/erasures", forget_optouts=True)
        gone = await listed(second)
        refused = [
            await asked(first, number="12"),
            await asked(second, number="06 12 34 56 80"),
            await asked(first, forget_optouts=True),
            await asked(first, "/erasures"),
            await asked(admin, "/erasures", account="nobody"),
        ]
        past = [(await client.get("/account/erasures")).json()["items"] for client in clients]
        entries = await shared.platform.services.audit_log.page(AuditFilter(action="number.erased"), limit=10)

    assert dry == mine == NOTHING | {"rows": {"batches": 1, "messages": 1}, "canceled": 1, "optouts_kept": 1}
    assert before == 1
    assert left == [0, 1]
    assert again == of_first == NOTHING | {"optouts_kept": 1}
    assert everywhere == NOTHING | {"rows": {"batches": 1, "messages": 1, "optouts": 2}, "canceled": 1}
    assert gone == 0
    assert refused == ["invalid_field", "invalid_field", "unknown_field", "scope_missing", "not_found"]
    assert [(entry.account_name, entry.object_id) for entry in entries] == [(None, "number"), ("first", "number")]
    assert "612345680" not in str(entries)
    assert [one | {"on_their_way": 0} for one in past[0]] == [mine | {"at": past[0][0]["at"]}]
    assert past[1] == []


async def test_one_of_an_account_is_under_way_at_a_time(shared: InProcess) -> None:
    erasures = shared.platform.services.erasures
    account = await shared.platform.services.accounts.ensure("first")

    running = asyncio.gather(*(erasures.erase("+33612345681", each) for each in (account, None)))
    await asyncio.sleep(0)
    for each in (account, None):
        with pytest.raises(TooManyErasures):
            await erasures.erase("+33612345682", each)
    await running

    await erasures.erase("+33612345682", account)
