"""What was tried to get messages to their recipients, before the last attempt."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from heliograph.domain.attempts import Attempt, AttemptOutcome
from heliograph.domain.instants import from_ms
from heliograph.store.schema import attempts, messages
from heliograph.store.tx import Tx


def attempts_of(tx: Tx, account_id: str, message_id: str) -> list[Attempt]:
    """Oldest first, without the one that the message itself tells of."""
    names = ("provider", "provider_ref", "outcome", "reason", "provider_code", "detail")
    columns = [attempts.c[name] for name in names]
    query = (
        select(*columns, attempts.c.at)
        .join_from(attempts, messages, messages.c.id == attempts.c.message_id)
        .where(messages.c.account_id == account_id, attempts.c.message_id == message_id)
    )
    return [
        Attempt(
            provider=row[0],
            provider_ref=row[1],
            outcome=AttemptOutcome(row[2]),
            reason=row[3],
            provider_code=row[4],
            detail=row[5],
            at=from_ms(row[6]),
        )
        for row in tx.rows(query.order_by(attempts.c.id))
    ]


def earlier_takers(tx: Tx, provider_refs: Collection[str]) -> dict[tuple[str, str], str]:
    """The messages that providers had taken under these identifiers before others were asked. Spans accounts."""
    rows = tx.rows(
        select(attempts.c.provider, attempts.c.provider_ref, attempts.c.message_id).where(
            attempts.c.provider_ref.is_not(None), tx.among(attempts.c.provider_ref, provider_refs)
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}
