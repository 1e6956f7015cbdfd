"""What is old goes while an engine runs, and lists and reports still say what happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from prometheus_client import generate_latest
from tests.engine.conftest import Running, StartEngine

from heliograph.domain.accounts import Kept
from heliograph.domain.errors import InvalidField
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import now_ms
from heliograph.domain.messages import Message
from heliograph.domain.retention import DAY_MS, TREATMENTS
from heliograph.domain.statuses import Status
from heliograph.domain.terms import TermsChange
from heliograph.engine import retaining

ENDED = "retention run ended"


@pytest.mark.parametrize("times_slower", [1, 5, 20, 1_000])
def test_steps_are_as_large_as_the_machine_does_them_quickly(times_slower: float) -> None:
    """A whole step is 16 ms of work, of which 2 are spent however small it is; others make it take longer."""
    share, took_s = 1.0, 0.0
    for _ in range(12):
        took_s = (0.002 + 0.014 * share) * times_slower
        share = retaining.next_share(share, took_s)

    assert took_s <= 1.5 * retaining.GOAL_S or share == retaining.LEAST_SHARE
    assert (share == 1.0) is (times_slower == 1)
    for _ in range(15):
        share = retaining.next_share(share, 0.002 + 0.014 * share)
    assert share == 1.0


def test_the_page_about_data_says_what_becomes_of_each_table() -> None:
    page = (Path(__file__).parents[2] / "docs/data.md").read_text()
    lines = {kept: next(line for line in page.splitlines() if line.startswith(f"| `{kept}` |")) for kept in Kept}

    assert [each for each in TREATMENTS if f"`{each.table}`" not in lines[each.kept]] == []


async def gone(running: Running, batch_id: str) -> list[Message]:
    """The messages of a batch once they have neither a text nor a number, in their order."""

    async def look() -> list[Message] | None:
        found = await running.services.messages.page(running.account, MessageFilter(batch_id=batch_id), limit=10)
        return found[::-1] if all(not each.text and each.msisdn.startswith("0") for each in found) else None

    return await running.once(batch_id, look)


@pytest.mark.parametrize("whose", ["installation", "account"])
async def test_old_texts_and_numbers_go_and_lists_and_reports_stay(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    days = {Kept.TEXTS: 30, Kept.NUMBERS: 30}
    running = await start(retention=days if whose == "installation" else {})
    if whose == "account":
        agreed = {kept.value: number for kept, number in days.items()}
        await running.services.account_admin.agree(running.account, TermsChange(retention=agreed))
    first, second = await running.send(
        "+33612345678", "+33612345679", text="Hi ${name}", parameters={"name": {"default": "you"}}
    )
    for each in (first, second):
        await running.until(each, Status.DELIVERED)

    with structlog.testing.capture_logs() as lines:
        monkeypatch.setattr(retaining, "now_ms", lambda: now_ms() + 40 * DAY_MS)
        after = await gone(running, first.batch_id)
        await running.once("log", lambda: told(lines, "numbers"))

    report = await running.services.reports.of_batch(running.account.id, first.batch_id, with_recipients=True)
    assert [(each.msisdn, each.status, each.parts) for each in after] == [
        ("000000001", Status.DELIVERED, 1),
        ("000000002", Status.DELIVERED, 1),
    ]
    assert report.batch.recipient_count == 2
    counted = generate_latest(running.engine.metrics.registry).decode()
    assert 'heliograph_retention_rows_total{kept="numbers"}' in counted


async def told(lines: list[structlog.typing.EventDict], kept: str) -> bool | None:
    """Says whether the log has told of batches of a class."""
    return (
        any((line["event"], line.get("kept"), line.get("table")) == (ENDED, kept, "batches") for line in lines) or None
    )


async def test_what_waits_is_not_touched(start: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await start(retention=dict.fromkeys(Kept, 1))
    (old,) = await running.send()
    await running.until(old, Status.DELIVERED)
    (waits,) = await running.send(send_in=timedelta(days=10))

    monkeypatch.setattr(retaining, "now_ms", lambda: now_ms() + 2 * DAY_MS)
    await gone(running, old.batch_id)

    still = await running.services.messages.get(running.account, waits.id)
    assert (still.text, still.msisdn, still.status) == ("Hello", "33612345678", Status.QUEUED)


async def test_the_audit_log_is_not_an_accounts_to_forget(start: StartEngine) -> None:
    running = await start()

    with pytest.raises(InvalidField, match="Nothing is kept as 'audit'; there are texts, numbers"):
        await running.services.account_admin.agree(running.account, TermsChange(retention={"audit": 5}))
