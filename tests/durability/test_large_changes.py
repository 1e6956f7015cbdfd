"""Changes too large for one transaction are carried out to their end, though the process dies in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph.api.wire.batches import ChangeBatch
from heliograph.calling import Unreachable
from heliograph.sdk import Client

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

pytestmark = pytest.mark.slow

MANY = 12_000
NUMBERS = [f"+3367{place:07d}" for place in range(MANY)]


@pytest.fixture(params=["sqlite", "postgresql"])
def start(request: pytest.FixtureRequest, start_server: StartServer, tmp_path: Path) -> Callable[[], Server]:
    """Start a server on the same store each time."""
    store = "" if request.param == "sqlite" else request.getfixturevalue("postgresql").new_database()
    return lambda: start_server(tmp_path / "data", store=store)


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def statuses(client: Client, batch_id: str) -> dict[str, int]:
    return {bucket.status: bucket.count for bucket in client.batches.report(batch_id).buckets}


def balance(client: Client) -> Decimal:
    found = client.money.balance().balance
    assert found is not None
    return Decimal(found)


def kill_amid(server: Server, change: Callable[[Client], object], under_way: Callable[[Client], bool]) -> None:
    """Kill the server once a change that nobody has heard the end of is under way."""
    answered = threading.Event()

    def ask() -> None:
        with server.client() as client, suppress(Unreachable):
            change(client)
            answered.set()

    asking = threading.Thread(target=ask)
    asking.start()
    with server.client() as client:
        while not under_way(client):
            assert not answered.is_set()
    server.kill()
    asking.join()
    assert not answered.is_set()


def test_a_batch_that_is_canceled_is_canceled_to_the_last_message_and_paid_back(start: Callable[[], Server]) -> None:
    first = start()
    with first.client() as client:
        before = client.money.balance().balance
        batch = client.batches.send(to=NUMBERS, text="Hello", originator="Acme", send_at=tomorrow()).id
        assert client.money.balance().balance != before
    kill_amid(first, lambda client: client.batches.cancel(batch), lambda client: "canceled" in statuses(client, batch))

    with start().client() as client:
        canceled = client.batches.cancel(batch)  # waits until what was begun is carried out
        found, after = statuses(client, batch), client.money.balance().balance

    assert canceled.canceled
    assert found == {"canceled": MANY}
    assert after == before


def test_a_batch_of_which_some_messages_are_stored_gets_all_of_them_and_is_paid_for_once(
    start: Callable[[], Server],
) -> None:
    first = start()
    with first.client() as client:
        before = client.money.balance().balance
    kill_amid(
        first,
        lambda client: client.batches.send(to=NUMBERS, text="Hello", originator="Acme", send_at=tomorrow()),
        lambda client: any(statuses(client, batch.id) for batch in client.batches.list()),
    )

    with start().client() as client:
        (batch,) = client.batches.list()
        charged = client.money.balance().balance
        client.batches.cancel(batch.id)  # waits until all are stored
        found, after = statuses(client, batch.id), client.money.balance().balance

    assert batch.recipient_count == MANY
    assert found == {"canceled": MANY}
    assert charged != before == after


def test_a_group_of_which_some_members_have_messages_is_sent_to_in_whole(start: Callable[[], Server]) -> None:
    first = start()
    with first.client() as client:
        before = client.money.balance().balance
        group = client.groups.create(members=NUMBERS)
        due = datetime.now(UTC) + timedelta(seconds=1)
        batch = client.batches.send(groups=[group.id], text="Hello", originator="Acme", send_at=due).id
        client.batches.pause(batch)
        while not statuses(client, batch):
            pass
    first.kill()

    with start().client() as client:
        client.batches.cancel(batch)  # waits until all are stored
        found, after = statuses(client, batch), client.money.balance().balance

    assert found == {"canceled": MANY}
    assert after == before


def test_a_batch_whose_contents_were_half_replaced_gets_the_new_ones_and_is_paid_for_once(
    start: Callable[[], Server],
) -> None:
    others = [f"+3368{place:07d}" for place in range(MANY // 2)]
    first = start()
    with first.client() as client:
        before = balance(client)
        batch = client.batches.send(to=NUMBERS, text="Hello", originator="Acme", send_at=tomorrow()).id
        each = (before - balance(client)) / MANY
    kill_amid(
        first,
        lambda client: client.batches.change(batch, ChangeBatch(text="x" * 161, add=others, remove=NUMBERS[::3])),
        lambda client: statuses(client, batch) != {"queued": MANY},
    )

    with start().client() as client:
        changed = client.batches.change(batch, ChangeBatch(tags=["again"]))  # waits until what was begun is carried out
        count, charged = statuses(client, batch), before - balance(client)
        client.batches.cancel(batch)
        after = balance(client)

    many = MANY - len(NUMBERS[::3]) + len(others)
    assert (changed.text, changed.recipient_count, count) == ("x" * 161, many, {"queued": many})
    assert charged == 2 * each * many
    assert after == before
