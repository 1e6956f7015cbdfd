"""Imports of contact files in the store: who carries each out, how far it is, and what undoing it takes.

What holds. A slice writes its contacts, its rejected rows and how many rows are behind it in one transaction, and only
while the row of the import is its worker's (`Lost` otherwise). So a crash between two slices loses nothing and doubles
nothing: whoever takes the import over reads the file again, and passes over as many rows.

A member bears the number of the import that added or updated it, until something else changes it; `import_changes` has
what it was before an update. Undoing takes away, or puts back, the members that still bear the number: the others were
changed since. It can be interrupted anywhere and begun again, because whom it has done with bears the number no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select, update

from heliograph.domain.contacts import Details
from heliograph.domain.errors import NotFound
from heliograph.domain.groups import GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.imports import KEPT_REJECTED, Counts, Import, ImportState, ImportWish, Rejected, Understood
from heliograph.domain.instants import from_ms
from heliograph.store.contacts import Put, put_contacts
from heliograph.store.groups import add_group
from heliograph.store.membership import lock_group
from heliograph.store.numbering import take_number
from heliograph.store.schema import group_members, groups, import_changes, import_rejects, imports
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.works import Holder, Lost, require_free

UNDONE_AT_ONCE = 1_000
"""How many members are taken away or put back in one transaction."""

_encode = msgspec.json.encode
_ACTIVE = (ImportState.RUNNING.value, ImportState.UNDOING.value)


class _ImportRow(Row, frozen=True):
    id: str
    account_id: str
    number: int
    group_id: str | None
    state: str
    wish: str
    understood: str
    file: str | None
    counts: str
    undone: int
    error: str | None
    created_at: int
    finished_at: int | None


class _RejectRow(Row, frozen=True):
    place: int
    row: int
    value: str
    reason: str
    cells: str


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of a file."""

    contacts: Sequence[tuple[str, Details]]
    """The numbers, each of which stands in no earlier row, with what is said of them."""
    rejected: Sequence[Rejected]
    counts: Counts
    """How many rows there are, and how many duplicates and rejected among them."""


_COLUMNS = columns(_ImportRow, imports)
_REJECT_COLUMNS = columns(_RejectRow, import_rejects)


def _import(row: _ImportRow) -> Import:
    return Import(
        id=row.id,
        account_id=row.account_id,
        number=row.number,
        group_id=row.group_id,
        state=ImportState(row.state),
        wish=msgspec.json.decode(row.wish, type=ImportWish),
        understood=msgspec.json.decode(row.understood, type=Understood),
        file=row.file,
        counts=msgspec.json.decode(row.counts, type=Counts),
        undone=row.undone,
        error=row.error,
        created_at=from_ms(row.created_at),
        finished_at=None if row.finished_at is None else from_ms(row.finished_at),
    )


def begin_import(
    tx: Tx, holder: Holder, account_id: str, wish: ImportWish, understood: Understood, file: str, now_ms: int
) -> Import:
    """Store an import that `holder` carries out, with its group if there is none of that name."""
    named = select(groups.c.id).where(groups.c.account_id == account_id, groups.c.name == wish.group)
    group_id = tx.value(named)
    if group_id is None and not wish.dry_run:
        group_id = add_group(tx, account_id, new_id(), GroupDraft(name=wish.group), now_ms).group.id
    row = _ImportRow(
        id=new_id(),
        account_id=account_id,
        number=take_number(tx, account_id, "imports"),
        group_id=group_id,
        state=ImportState.RUNNING.value,
        wish=_encode(wish).decode(),
        understood=_encode(understood).decode(),
        file=file,
        counts=_encode(Counts()).decode(),
        undone=0,
        error=None,
        created_at=now_ms,
        finished_at=None,
    )
    tx.insert(imports, [row], {"worker": holder.worker, "lease_until": holder.lease_until})
    return _import(row)


def import_by_id(tx: Tx, account_id: str, import_id: str) -> Import | None:
    query = select(*_COLUMNS).where(imports.c.account_id == account_id, imports.c.id == import_id)
    row = tx.one(_ImportRow, query)
    return None if row is None else _import(row)


def imports_of(tx: Tx, account_id: str, *, limit: int, before: str | None = None) -> list[Import]:
    """List a page of an account's imports, newest first."""
    query = select(*_COLUMNS).where(imports.c.account_id == account_id)
    if before is not None:
        query = query.where(imports.c.id < before)
    return [_import(row) for row in tx.all(_ImportRow, query.order_by(imports.c.id.desc()).limit(limit))]


def rejects_of(tx: Tx, account_id: str, import_id: str, *, limit: int, after: int = 0) -> list[tuple[int, Rejected]]:
    """List rejected rows behind the place `after`, in the order of the file, with their places from 1."""
    query = (
        select(*_REJECT_COLUMNS)
        .select_from(import_rejects.join(imports, imports.c.id == import_rejects.c.import_id))
        .where(imports.c.account_id == account_id, imports.c.id == import_id, import_rejects.c.place > after)
        .order_by(import_rejects.c.place)
        .limit(limit)
    )
    return [
        (
            row.place,
            Rejected(row=row.row, value=row.value, reason=row.reason, cells=msgspec.json.decode(row.cells)),
        )
        for row in tx.all(_RejectRow, query)
    ]


def write_slice(tx: Tx, holder: Holder, of: Import, part: Slice) -> Counts:
    """Write some rows of an import, and return the counts with them.

    Raises Lost if another worker has taken it over, NotFound if the group is gone.
    """
    row = _held(tx, holder, of)
    counts = msgspec.json.decode(row.counts, type=Counts)
    _reject(tx, of, counts.rejected, part.rejected)
    counts += part.counts
    numbers = [msisdn for msisdn, _ in part.contacts]
    if of.wish.dry_run:
        counts += _foreseen(tx, of, part)
    elif numbers:
        put = _put(tx, of, part.contacts, of.number)
        tx.insert(import_changes, put.before, {"import_id": of.id}, skip_existing=True)
        new, updated = len(put.new), len(put.updated)
        counts += Counts(added=new, updated=updated, unchanged=len(numbers) - new - updated)
    _write(tx, of, counts=_encode(counts).decode(), lease_until=holder.lease_until)
    return counts


def _foreseen(tx: Tx, of: Import, part: Slice) -> Counts:
    """Count what a slice would come to, and leave nothing of it."""
    numbers = [msisdn for msisdn, _ in part.contacts]
    there = 0
    changed = 0
    if of.group_id is not None and numbers:
        with tx.connection.begin_nested() as attempt:
            put = _put(tx, of, part.contacts, None)
            attempt.rollback()
        there, changed = len(numbers) - len(put.new), len(put.updated)
    return Counts(added=len(numbers) - there, updated=changed, unchanged=there - changed)


def _put(tx: Tx, of: Import, contacts: Sequence[tuple[str, Details]], import_number: int | None) -> Put:
    """Write contacts. Raises NotFound if the group is gone, UnderChange while another request changes all of it."""
    if of.group_id is None or lock_group(tx, of.account_id, of.group_id) is None:
        raise NotFound("The group is gone.")
    require_free(tx, of.group_id)
    return put_contacts(tx, of.group_id, contacts, update=of.wish.update, import_number=import_number)


def _reject(tx: Tx, of: Import, so_far: int, rejected: Sequence[Rejected]) -> None:
    """Keep rejected rows, unless enough of them are kept already."""
    kept = rejected[: max(0, KEPT_REJECTED - so_far)]
    rows = [
        _RejectRow(place, each.row, each.value, each.reason, _encode(each.cells).decode())
        for place, each in enumerate(kept, start=so_far + 1)
    ]
    tx.insert(import_rejects, rows, {"import_id": of.id})


def end_import(tx: Tx, holder: Holder, of: Import, state: ImportState, now_ms: int, error: str | None = None) -> None:
    """Note that there is nothing more to do for an import. Raises Lost."""
    _held(tx, holder, of)
    _write(tx, of, state=state.value, error=error, finished_at=now_ms, file=None, lease_until=0, worker="")


def begin_undoing(tx: Tx, holder: Holder, account_id: str, import_id: str) -> Import | None:
    """Have `holder` undo an import that is over, and return it; None if the account has none that is."""
    over = imports.c.state.in_([ImportState.DONE.value, ImportState.FAILED.value])
    mine = (imports.c.account_id == account_id, imports.c.id == import_id, over)
    values: dict[str, Any] = {"state": ImportState.UNDOING.value, "finished_at": None}
    values |= {"worker": holder.worker, "lease_until": holder.lease_until}
    return import_by_id(tx, account_id, import_id) if tx.run(update(imports).where(*mine).values(**values)) else None


def written_by(tx: Tx, of: Import, after: str) -> list[tuple[str, str]]:
    """List members that still bear an import's number, by identifier from `after` on, with their numbers."""
    query = select(group_members.c.id, group_members.c.msisdn).where(
        group_members.c.group_id == of.group_id,
        group_members.c.id > after,
        group_members.c.import_number == of.number,
    )
    return [(row[0], row[1]) for row in tx.rows(query.order_by(group_members.c.id).limit(UNDONE_AT_ONCE))]


class _Restored(Row, frozen=True):
    id: str
    msisdn: str
    country: str | None
    details: str | None
    import_number: int | None


def undo_slice(tx: Tx, holder: Holder, of: Import, msisdns: Sequence[str]) -> None:
    """Take away those of these members that an import had added, put back those that it had updated.

    Raises Lost, and UnderChange while another request changes all of the group.
    """
    row = _held(tx, holder, of)
    require_free(tx, of.group_id or "")
    mine = (
        group_members.c.group_id == of.group_id,
        tx.among(group_members.c.msisdn, msisdns),
        group_members.c.import_number == of.number,
    )
    joined = group_members.join(
        import_changes, (import_changes.c.msisdn == group_members.c.msisdn) & (import_changes.c.import_id == of.id)
    )
    found = columns(_Restored, group_members, details=import_changes.c.details, import_number=import_changes.c.number)
    restored = tx.all(_Restored, select(*found).select_from(joined).where(*mine))
    gone = tx.run(delete(group_members).where(*mine))
    tx.insert(group_members, restored, {"group_id": of.group_id})
    _write(tx, of, undone=row.undone + gone, lease_until=holder.lease_until)


def _held(tx: Tx, holder: Holder, of: Import) -> _ImportRow:
    """Read an import's row, and hold it until the commit. Raises Lost if it is another worker's."""
    mine = (imports.c.account_id == of.account_id, imports.c.id == of.id, imports.c.worker == holder.worker)
    row = tx.one(_ImportRow, select(*_COLUMNS).where(*mine, imports.c.state == of.state.value).with_for_update())
    if row is None:
        raise Lost
    return row


def _write(tx: Tx, of: Import, **values: Any) -> None:
    mine = (imports.c.account_id == of.account_id, imports.c.id == of.id)
    tx.run(update(imports).where(*mine).values(**values))


def take_over_import(tx: Tx, holder: Holder, now_ms: int) -> Import | None:
    """Take over one import whose worker has let its lease end; None if there is none. Spans accounts."""
    lapsed = select(*_COLUMNS).where(imports.c.lease_until.between(1, now_ms - 1), imports.c.state.in_(_ACTIVE))
    row = tx.one(_ImportRow, lapsed.order_by(imports.c.lease_until).limit(1).with_for_update(skip_locked=True))
    if row is None:
        return None
    found = _import(row)
    _write(tx, found, worker=holder.worker, lease_until=holder.lease_until)
    return found


def leave_imports(tx: Tx, worker: str | None = None) -> None:
    """Let others take over what a worker has not finished, or, for the only process of a store, what anybody has not.

    Spans accounts.
    """
    query = update(imports).where(imports.c.lease_until > 0).values(lease_until=1)
    tx.run(query if worker is None else query.where(imports.c.worker == worker))


def next_import_at(tx: Tx) -> int | None:
    """Return when the first lease ends, in ms since 1970; None if nothing is being imported. Spans accounts."""
    query = select(imports.c.lease_until).where(imports.c.lease_until > 0).order_by(imports.c.lease_until).limit(1)
    value: int | None = tx.value(query)
    return value
