"""Questions to providers that do not tell by themselves what became of messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import delete, select

from heliograph.store.schema import polls
from heliograph.store.tx import Row, Tx


class Poll(msgspec.Struct, frozen=True):
    """A question to a provider, asked until it has its whole answer."""

    provider: str
    handle: str
    due_at: int
    give_up_at: int | None = None
    """When it is given up, in milliseconds since 1970; None: never."""
    attempts: int = 0

    @property
    def id(self) -> str:
        return f"{self.provider}:{self.handle}"


class _NewPoll(Row, frozen=True):
    id: str
    provider: str
    handle: str
    due_at: int
    give_up_at: int | None


class _Claimed(Row, frozen=True):
    id: str
    attempts: int


class _Due(Row, frozen=True):
    id: str
    due_at: int


def add_polls(tx: Tx, wanted: Collection[Poll]) -> None:
    """Store questions; those that are there already stay as they are."""
    rows = [_NewPoll(each.id, each.provider, each.handle, each.due_at, each.give_up_at) for each in wanted]
    tx.insert(polls, rows, skip_existing=True)


def claim_polls(tx: Tx, providers: Sequence[str], *, limit: int, now_ms: int, lease_until: int) -> list[Poll]:
    """Lease due questions to these providers; one whose worker died is due again when its lease ends."""
    rows = tx.rows(
        select(polls.c.provider, polls.c.handle, polls.c.due_at, polls.c.give_up_at, polls.c.attempts)
        .where(polls.c.due_at <= now_ms, tx.among(polls.c.provider, providers))
        .order_by(polls.c.due_at, polls.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = [
        Poll(provider, handle, due_at, give_up_at, attempts + 1)
        for provider, handle, due_at, give_up_at, attempts in rows
    ]
    tx.update(polls, [_Claimed(each.id, each.attempts) for each in claimed], {"due_at": lease_until})
    return claimed


def settle_polls(tx: Tx, over: Sequence[str], again: Sequence[tuple[str, int]]) -> None:
    """Delete questions that are answered or given up, and put the others off; both are named by their ids."""
    if over:
        tx.run(delete(polls).where(tx.among(polls.c.id, over)))
    tx.update(polls, [_Due(poll_id, due_at) for poll_id, due_at in again])


def next_poll_due_at(tx: Tx, providers: Sequence[str]) -> int | None:
    """Return when the next question to one of these providers is due, in ms since 1970; None if there is none."""
    value: int | None = tx.value(
        select(polls.c.due_at).where(tx.among(polls.c.provider, providers)).order_by(polls.c.due_at).limit(1)
    )
    return value
