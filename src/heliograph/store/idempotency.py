"""Answers under idempotency keys, in the store.

A key is an account's. It is begun in a commit of its own before anything is done, and its answer is written when that
is committed. A process that dies in between leaves a key without an answer, which whoever repeats the request takes
over once the lease has ended: what it sends is sent under the same key then (`domain/idempotency.py`), and so once.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update

from heliograph.domain.errors import IdempotencyMismatch, RequestInProgress
from heliograph.domain.idempotency import KEPT_MS, Begun
from heliograph.store.schema import idempotency_keys
from heliograph.store.tx import Row, Tx, columns

LEASE_MS = 60_000
"""How long a request may take before its repetition is carried out beside it."""
FORGOTTEN_AT_ONCE = 1_000


class _Key(Row, frozen=True):
    account_id: str
    idempotency_key: str
    fingerprint: str
    begun_at: int
    lease_until: int
    answer: str | None


def begin(tx: Tx, account_id: str, key: str, fingerprint: str, now_ms: int) -> Begun:
    """Begin a request under a key, or find its answer.

    Raises IdempotencyMismatch if the key was used for another request, RequestInProgress if this one is being done.
    """
    new = _Key(account_id, key, fingerprint, now_ms, now_ms + LEASE_MS, None)
    if tx.insert(idempotency_keys, [new], skip_existing=True):
        return Begun(now_ms, None)
    mine = (idempotency_keys.c.account_id == account_id, idempotency_keys.c.idempotency_key == key)
    there = tx.one(_Key, select(*columns(_Key, idempotency_keys)).where(*mine).with_for_update())
    if there is None:  # released at this moment
        raise RequestInProgress()
    if there.begun_at > now_ms - KEPT_MS:
        if there.fingerprint != fingerprint:
            raise IdempotencyMismatch()
        if there.answer is not None:
            return Begun(there.begun_at, there.answer)
        if there.lease_until > now_ms:
            raise RequestInProgress()
        new = _Key(account_id, key, fingerprint, there.begun_at, now_ms + LEASE_MS, None)
    values = {"fingerprint": fingerprint, "begun_at": new.begun_at, "lease_until": new.lease_until, "answer": None}
    tx.run(update(idempotency_keys).where(*mine).values(**values))
    return Begun(new.begun_at, None)


def finish(tx: Tx, account_id: str, key: str, begun_at: int, answer: str | None) -> None:
    """Keep the answer of a request that was begun; None: leave no trace of the request."""
    mine = (idempotency_keys.c.account_id == account_id, idempotency_keys.c.idempotency_key == key)
    this_one = (*mine, idempotency_keys.c.begun_at == begun_at, idempotency_keys.c.answer.is_(None))
    if answer is None:
        tx.run(delete(idempotency_keys).where(*this_one))
    else:
        tx.run(update(idempotency_keys).where(*this_one).values(answer=answer))


def forget_old(tx: Tx, now_ms: int) -> int:
    """Delete some keys whose time is over, and return how many. Spans accounts."""
    old = select(idempotency_keys.c.account_id, idempotency_keys.c.idempotency_key)
    old = old.where(idempotency_keys.c.begun_at <= now_ms - KEPT_MS).limit(FORGOTTEN_AT_ONCE)
    rows = tx.rows(old)
    for account_id in {row[0] for row in rows}:
        keys = [row[1] for row in rows if row[0] == account_id]
        mine = (idempotency_keys.c.account_id == account_id, tx.among(idempotency_keys.c.idempotency_key, keys))
        tx.run(delete(idempotency_keys).where(*mine, idempotency_keys.c.begun_at <= now_ms - KEPT_MS))
    return len(rows)
