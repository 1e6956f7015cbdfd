"""Lists whose filter leaves few rows of many: what they look at is bounded, and following them finds every row.

What a list looks at is counted, not timed: in steps of SQLite's machine, and in rows that PostgreSQL's plan has read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from tests.store.conftest import ACCOUNT, MakeBatch

from heliograph.domain.filters import BatchFilter, InboundFilter, MessageFilter
from heliograph.domain.ids import encode, fresh
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.reports import MessageState
from heliograph.domain.statuses import UNDELIVERED, Status
from heliograph.store import Store, stretches
from heliograph.store.base import Lane
from heliograph.store.batches import accept, list_batches
from heliograph.store.inbound import inbound_of
from heliograph.store.messages import list_messages, messages_of
from heliograph.store.tx import Tx

BATCHES, RECIPIENTS = 6, 1_000
STEPS_A_ROW = 20
"""How many steps SQLite takes to pass a row over, with room."""


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "FIRST_ROWS", 50)
    monkeypatch.setattr(stretches, "ROWS", 200)
    monkeypatch.setattr(stretches, "MOST_ROWS", 350)


@contextmanager
def work_counted(connection: Connection) -> Iterator[Callable[[], int]]:
    """Count the rows that statements look at."""
    if connection.dialect.name == "sqlite":
        driver = connection.connection.dbapi_connection
        ticks = 0

        def tick() -> int:
            nonlocal ticks
            ticks += 1
            return 0

        driver.set_progress_handler(tick, 100)  # type: ignore[union-attr]
        yield lambda: ticks * 100 // STEPS_A_ROW
        driver.set_progress_handler(None, 0)  # type: ignore[union-attr]
        return
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    def looked_at() -> int:
        event.remove(connection, "before_cursor_execute", note)
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {each}", given).scalar()
            for each, given in asked
        ]
        return sum(rows_read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]) for plan in plans)

    event.listen(connection, "before_cursor_execute", note)
    yield looked_at


def rows_read(plan: dict[str, Any]) -> int:
    """Sum what the leaves of a plan have read, with what they passed over."""
    if below := plan.get("Plans"):
        return sum(map(rows_read, below)) + int(plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"])
    removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return int((plan["Actual Rows"] + removed) * plan["Actual Loops"])


@pytest.fixture
async def many(store: Store, batch: MakeBatch) -> Store:
    """Some thousands of delivered messages, of which the oldest batch has one of each other status."""
    made = []
    for number in range(BATCHES):
        at = from_ms(now_ms()) - timedelta(hours=BATCHES - number)
        numbers = [f"336{number:02}{place:06}" for place in range(RECIPIENTS)]
        new = batch(*numbers, created_at=at, id=encode(fresh(int(at.timestamp() * 1000), 0)))
        made.append(new)
        await store.write_item(accept, new, Lane.ACCEPT)

    def settle(tx: Tx) -> None:
        tx.connection.execute(text("UPDATE messages SET status = 'delivered', provider_ref = id"))
        others = [status for status in Status if status is not Status.DELIVERED]
        for place, status in enumerate(others):
            tx.connection.execute(
                text("UPDATE messages SET status = :status, lease_until = 0, country = 'ZZ' WHERE msisdn = :msisdn"),
                {"status": status.value, "msisdn": f"33600{place * 7:06}"},
            )
        rare = {"id": made[0].batch.id}
        tx.connection.execute(text("UPDATE batches SET originator = 'Rare', tags = '[\"rare\"]' WHERE id = :id"), rare)

    await store.write(settle)
    if store.dialect != "sqlite":
        await store.write(lambda tx: tx.connection.exec_driver_sql("ANALYZE messages, batches"))
    return store


def counted(listing: Callable[..., Any], *args: Any, **named: Any) -> Callable[[Tx], tuple[Any, int]]:
    def ask(tx: Tx) -> tuple[Any, int]:
        with work_counted(tx.connection) as rows:
            found = listing(tx, *args, **named)
            return found, rows()

    return ask


EXACT = [
    *(MessageFilter(statuses=[status]) for status in sorted(UNDELIVERED)),
    MessageFilter(statuses=sorted(UNDELIVERED)),
    MessageFilter(statuses=[Status.FAILED], countries=["ZZ"]),
    MessageFilter(statuses=[Status.QUEUED]),
    MessageFilter(statuses=[Status.SENDING]),
    MessageFilter(statuses=[Status.QUEUED, Status.SENDING]),
    MessageFilter(msisdns=["33600000000"]),
    MessageFilter(msisdns=["33600000000"], statuses=[Status.QUEUED]),
]


async def test_the_first_page_has_what_is_rare_and_an_index_finds(many: Store) -> None:
    for wanted in EXACT:
        everything = await many.read(messages_of, ACCOUNT, wanted, limit=10_000)

        page, rows = await many.read(counted(list_messages, ACCOUNT, wanted, limit=30))

        assert everything, wanted
        assert [message.id for message in page.items] == [message.id for message in everything], wanted
        assert page.next is None, wanted
        assert rows < 100, wanted


WALKED = [
    MessageFilter(statuses=[Status.SENT]),
    MessageFilter(statuses=[Status.FAILED, Status.SENT]),
    MessageFilter(countries=["ZZ"]),
    MessageFilter(countries=["QQ"]),
    MessageFilter(channel="viber"),
    MessageFilter(originators=["Rare"]),
    MessageFilter(protocols=["none"]),
    MessageFilter(client_reference="none"),
    MessageFilter(states=[MessageState(Status.FAILED, None, None)]),
    MessageFilter(planned=True),
    MessageFilter(due_until=datetime.fromisoformat("2020-01-01T00:00:00Z")),
    MessageFilter(statuses=[Status.DELIVERED]),
    MessageFilter(),
]


async def test_each_page_is_bounded_and_all_together_have_every_message(many: Store) -> None:
    for wanted in WALKED:
        everything = await many.read(messages_of, ACCOUNT, wanted, limit=10_000)

        found: list[str] = []
        before, most_rows = None, 0
        while True:
            page, rows = await many.read(counted(list_messages, ACCOUNT, wanted, limit=400, before=before))
            found += [message.id for message in page.items]
            most_rows, before = max(most_rows, rows), page.next
            if before is None:
                break

        assert found == [message.id for message in everything], wanted
        assert most_rows < BATCHES * RECIPIENTS // 2, wanted


async def test_batches_too(many: Store) -> None:
    for wanted in (BatchFilter(originators=["Rare"]), BatchFilter(tags=["rare"]), BatchFilter(client_reference="-")):
        page = await many.read(list_batches, ACCOUNT, wanted, limit=1)

        assert page.next is None
        assert len(page.items) == (0 if wanted.client_reference else 1)


async def test_a_page_that_is_exactly_full_says_whether_there_is_another(many: Store) -> None:
    failed = MessageFilter(statuses=[Status.FAILED, Status.EXPIRED])
    newest, oldest = (await many.read(list_messages, ACCOUNT, failed, limit=2)).items

    first = await many.read(list_messages, ACCOUNT, failed, limit=1)
    second = await many.read(list_messages, ACCOUNT, failed, limit=1, before=first.next)

    assert (list(first.items), first.next) == ([newest], newest.id)
    assert (list(second.items), second.next) == ([oldest], None)


async def test_inbound_messages_to_a_number_are_found_by_an_index_in_order(store: Store) -> None:
    """PostgreSQL takes any plan for a small table; SQLite's is the same for each size."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL scans small tables")
    asked: list[tuple[str, Any]] = []

    def plan(tx: Tx) -> str:
        event.listen(tx.connection, "before_cursor_execute", lambda _c, _x, sql, given, *_: asked.append((sql, given)))
        inbound_of(tx, ACCOUNT, InboundFilter(to=["12345"]), limit=30)
        sql, given = asked[0]
        return str(tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).fetchall())

    found = await store.read(plan)

    assert "inbound_by_recipient" in found
    assert "TEMP B-TREE" not in found
