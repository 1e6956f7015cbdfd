"""The processes that share this store, and which of them does what only one may do.

A process has a row from its start to its orderly end, and says now and then that it is there. One that has not for a
while is dead: it counts as such for everybody at once, and its row goes when somebody who leads sees it. A lease is a
name, who holds it, and until when; to hold it again is to extend it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, or_, select, update

from heliograph.store.schema import leases, processes
from heliograph.store.tx import Row, Tx, columns

_TURN = "processes"


class Process(Row, frozen=True):
    """A process that runs on this store."""

    id: str
    host: str
    pid: int
    role: str
    version: str
    started_at: int
    seen_at: int
    agreed: str
    """A JSON object: what all processes should have alike, by name, each as a fingerprint."""


class _Lease(Row, frozen=True):
    name: str
    holder: str
    good_until: int


class Beat(NamedTuple):
    """The state of things as a process says that it is there."""

    leads: bool
    others: Sequence[Process]
    """The other processes that are alive, oldest first."""
    died: Sequence[Process]
    """Those that have died since a leader looked last; told to a leader, once."""


def join(tx: Tx, mine: Process, alive_since: int, require: Callable[[Sequence[Process]], None]) -> None:
    """Add a process, unless `require` raises for the others that have been seen since `alive_since`."""
    tx.take_turns_about(_TURN)
    require([each for each in list_processes(tx) if each.seen_at >= alive_since and each.id != mine.id])
    _put(tx, mine)


def beat(tx: Tx, mine: Process, *, alive_since: int, lead_until: int | None) -> Beat:
    """Note that a process is there, and say what it should know.

    It leads until `lead_until` if nobody else does; None: it never leads. All instants are in milliseconds since 1970;
    `seen_at` of `mine` is now.
    """
    tx.take_turns_about(_TURN)
    _put(tx, mine)
    leads = lead_until is not None and _hold(tx, _TURN, mine.id, now_ms=mine.seen_at, until=lead_until)
    others = [each for each in list_processes(tx) if each.id != mine.id]
    died = [each for each in others if each.seen_at < alive_since] if leads else []
    if died:
        tx.run(delete(processes).where(tx.among(processes.c.id, [each.id for each in died])))
    return Beat(leads, [each for each in others if each.seen_at >= alive_since], died)


def agree(tx: Tx, mine: Process) -> None:
    """Write down what a process should have like the others, which is not what it was."""
    tx.run(update(processes).where(processes.c.id == mine.id).values(agreed=mine.agreed))


def leave(tx: Tx, process_id: str) -> None:
    """Remove a process that ends, and let another lead. Safe to repeat."""
    tx.take_turns_about(_TURN)
    tx.run(delete(leases).where(leases.c.holder == process_id))
    tx.run(delete(processes).where(processes.c.id == process_id))


def list_processes(tx: Tx) -> list[Process]:
    """List the processes that have not ended in order, oldest first; some of them may be dead."""
    return tx.all(Process, select(*columns(Process, processes)).order_by(processes.c.started_at, processes.c.id))


def leader(tx: Tx, now_ms: int) -> str | None:
    """Return the identifier of the process that leads; None if there is none at this moment."""
    holder: str | None = tx.value(select(leases.c.holder).where(leases.c.name == _TURN, leases.c.good_until > now_ms))
    return holder


def _put(tx: Tx, mine: Process) -> None:
    if not tx.run(update(processes).where(processes.c.id == mine.id).values(seen_at=mine.seen_at)):
        tx.insert(processes, [mine])


def _hold(tx: Tx, name: str, holder: str, *, now_ms: int, until: int) -> bool:
    """Take a lease that is free, or extend the holder's own. Return False if another has it."""
    tx.insert(leases, [_Lease(name, holder, 0)], skip_existing=True)
    free = or_(leases.c.holder == holder, leases.c.good_until <= now_ms)
    return bool(tx.run(update(leases).where(leases.c.name == name, free).values(holder=holder, good_until=until)))
