"""The attempts to get messages to their recipients, except for each message's latest."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from heliograph.domain.attempts import Attempt, AttemptOutcome
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import from_ms
from heliograph.domain.life import Transition
from heliograph.store.schema import attempts, messages
from heliograph.store.tx import Row, Tx, columns


class _AttemptRow(Row, frozen=True):
    id: str
    message_id: str
    provider: str
    provider_ref: str | None
    outcome: str
    reason: str | None
    provider_code: str | None
    detail: str | None
    at: int


def keep_attempts(tx: Tx, taken: Sequence[Transition]) -> None:
    """Store the attempts that ended while their messages go on; a message's latest one is in the message."""
    ended = [(each.message_id, attempt) for each in taken if (attempt := each.ended_attempt) is not None]
    if not ended:
        return
    rows = [
        _AttemptRow(
            identifier,
            message_id,
            attempt.provider,
            attempt.provider_ref,
            attempt.outcome.value,
            attempt.reason,
            attempt.provider_code,
            attempt.detail,
            attempt.at_ms,
        )
        for identifier, (message_id, attempt) in zip(following(new_id(), len(ended)), ended, strict=True)
    ]
    tx.insert(attempts, rows)


def attempts_of(tx: Tx, account_id: str, message_id: str) -> list[Attempt]:
    """List the attempts of a message, oldest first, without the one that the message itself shows."""
    query = (
        select(*columns(_AttemptRow, attempts))
        .join_from(attempts, messages, messages.c.id == attempts.c.message_id)
        .where(messages.c.account_id == account_id, attempts.c.message_id == message_id)
    )
    return [
        Attempt(
            provider=row.provider,
            provider_ref=row.provider_ref,
            outcome=AttemptOutcome(row.outcome),
            reason=row.reason,
            provider_code=row.provider_code,
            detail=row.detail,
            at=from_ms(row.at),
        )
        for row in tx.all(_AttemptRow, query.order_by(attempts.c.id))
    ]


def earlier_takers(tx: Tx, provider_refs: Collection[str]) -> dict[tuple[str, str], str]:
    """Find the messages that providers had taken under these identifiers before others were asked.

    Spans accounts.
    """
    rows = tx.rows(
        select(attempts.c.provider, attempts.c.provider_ref, attempts.c.message_id).where(
            attempts.c.provider_ref.is_not(None), tx.among(attempts.c.provider_ref, provider_refs)
        )
    )
    return {(provider, provider_ref): message_id for provider, provider_ref, message_id in rows}
