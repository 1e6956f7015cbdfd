"""Changes that are too large for one transaction: who carries each out, and how far it is paid for.

The problem. Canceling, or making, a hundred thousand messages takes seconds. In one transaction nobody else could write
meanwhile; in several, the process may die between two of them.

How it works. The transaction that decides (the batch is canceled, or stored and charged) also writes a row here, under
the identifier of what is changed: what is to be done (`kind`) and who does it (`worker`, until `lease_until`). Whoever
holds the row makes a plan of what is missing, which is a comparison of what there is with what was decided, and does it
in slices, each a transaction of its own that first extends the lease (`renew`). The last deletes the row
(`engine/works.py`).

What holds. While the row is there nobody else changes the same batch or group: `begin` raises UnderChange, and its
caller waits. If the process dies, the lease ends, and whoever takes the row over makes the plan anew: what was done is
not in it any more. So each slice may be the last before a crash, and none is done twice. A worker that was merely slow
finds that the row is not its own any more, and stops (`Lost`).

Money. What the slices will write is charged by the transaction that decides; `amount` is how much of it they have not
written yet. If a plan that was made anew comes to something else, the last slice settles the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import delete, func, select, update

from heliograph.domain.errors import NotNow
from heliograph.store.schema import works
from heliograph.store.tx import Row, Tx, columns

AT_ONCE = 500
"""How many messages are changed in one transaction: some 15 ms of the store's writer.

On SQLite more than `chunks.SIZES` has would be written by way of JSON.
"""
MADE_AT_ONCE = 1_000
"""How many messages are made in one transaction, in about the same time."""
MEMBERS_AT_ONCE = 500
"""How many members of a group are added or removed in one transaction, in less time."""


class UnderChange(NotNow):
    """This batch or group is being changed by an earlier request."""

    code = "under_change"
    hint = "Large changes take some seconds. Try again in a moment."


class Lost(Exception):
    """Another worker carries this out now."""


class WorkKind(StrEnum):
    CANCEL = "cancel"
    """The messages of a canceled batch that are still queued are canceled."""
    FILL = "fill"
    """The messages of a batch are made, to all who are to get one and have none yet."""
    FILL_UNPAID = "fill_unpaid"
    """The same, each rejected at once: the balance did not cover the members of its groups."""
    REPLACE = "replace"
    """The messages of a batch are brought in line with its new contents."""
    MEMBERS = "members"
    """Members come into a group and go, as `members` says (`store/membership.py`)."""


class Work(Row, frozen=True):
    """A change that is being carried out."""

    id: str
    """The batch or the group that is changed."""
    account_id: str
    kind: str
    worker: str
    lease_until: int
    amount: int = 0
    """What was charged for messages that are not written yet, in millionths; what was given back is negative."""


class Holder(NamedTuple):
    """Who carries out what begins now, and until when others leave it alone."""

    worker: str
    lease_until: int


class Slice(NamedTuple):
    """A part of a change that is one transaction."""

    run: Callable[[Tx], None]
    amount: int = 0
    """What the messages that it writes come to, in millionths."""


def begin(
    tx: Tx,
    holder: Holder,
    kind: WorkKind,
    account_id: str,
    identifier: str,
    amount: int = 0,
    members: str | None = None,
) -> Work:
    """Note that a change was decided and is carried out from now on.

    The caller has locked the batch or the group, and called `require_free`. `members` is JSON, for the kind MEMBERS.
    """
    work = Work(identifier, account_id, kind.value, holder.worker, holder.lease_until, amount)
    tx.insert(works, [work], {"members": members})
    return work


def require_free(tx: Tx, identifier: str) -> None:
    """Raise UnderChange while an earlier change of a batch or a group is being carried out. Spans accounts."""
    if tx.first(select(works.c.id).where(works.c.id == identifier)) is not None:
        raise UnderChange()


def carry_out(tx: Tx, work: Work, part: Slice, lease_until: int) -> None:
    """Do a slice of a change, and hold the rest until then. Raises Lost if another worker has taken it over."""
    mine = (works.c.account_id == work.account_id, works.c.id == work.id, works.c.worker == work.worker)
    values = {"lease_until": lease_until, "amount": works.c.amount - part.amount}
    if not tx.run(update(works).where(*mine).values(**values)):
        raise Lost
    part.run(tx)


def finish(tx: Tx, work: Work) -> int:
    """Note that a change is carried out, and return what was charged for it and not needed, in millionths."""
    mine = (works.c.account_id == work.account_id, works.c.id == work.id, works.c.worker == work.worker)
    left = tx.value(select(works.c.amount).where(*mine).with_for_update())
    if left is None:
        raise Lost
    tx.run(delete(works).where(*mine))
    return int(left)


def take_over(tx: Tx, holder: Holder, now_ms: int) -> Work | None:
    """Take over one change whose worker has let its lease end; None if there is none. Spans accounts."""
    lapsed = select(*columns(Work, works)).where(works.c.lease_until < now_ms).order_by(works.c.lease_until).limit(1)
    work = tx.one(Work, lapsed.with_for_update(skip_locked=True))
    if work is None:
        return None
    mine = (works.c.account_id == work.account_id, works.c.id == work.id)
    tx.run(update(works).where(*mine).values(worker=holder.worker, lease_until=holder.lease_until))
    return Work(work.id, work.account_id, work.kind, holder.worker, holder.lease_until, work.amount)


def leave_works(tx: Tx, worker: str | None = None) -> None:
    """Let others take over what a worker has not finished, or, for the only process of a store, what anybody has not.

    Spans accounts.
    """
    query = update(works).values(lease_until=0)
    tx.run(query if worker is None else query.where(works.c.worker == worker))


def next_lapse_at(tx: Tx) -> int | None:
    """Return when the first lease ends, in ms since 1970; None if nothing is being changed. Spans accounts."""
    value: int | None = tx.value(select(works.c.lease_until).order_by(works.c.lease_until).limit(1))
    return value


def strike(tx: Tx, work_ids: Sequence[str], msisdn: str) -> int:
    """Leave a number out of changes of groups that are being carried out; say out of how many. Spans accounts.

    They begin anew without it: who carries one out finds at its next slice that it is not theirs.
    """
    without = func.replace(works.c.members, f'"{msisdn}"', '""')
    naming = (tx.among(works.c.id, work_ids), works.c.members.contains(f'"{msisdn}"'))
    return tx.run(update(works).where(*naming).values(members=without, worker="", lease_until=0))
