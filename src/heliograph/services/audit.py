"""The audit log: who is doing something, and how what they do is written down with it.

Whoever lets somebody in says who that is, for as long as they are served (`acting_as`); a service that changes what is
administered writes by `audited` instead of `Store.write`. Nobody hands an actor on, so no service can forget it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from heliograph.domain.accounts import Principal
from heliograph.domain.audit import (
    SYSTEM,
    Act,
    Action,
    Actor,
    ActorKind,
    AuditFilter,
    Entry,
    Head,
    Verdict,
    cut_acts,
    encoded_facts,
    entry_facts,
)
from heliograph.domain.errors import InvalidField
from heliograph.domain.instants import now_ms, to_ms
from heliograph.domain.people import Person
from heliograph.services.exports import Cell, csv_beginning, csv_lines
from heliograph.store import Store
from heliograph.store.audit import append, check, cut_off, entries_after, entries_of
from heliograph.store.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")
AT_ONCE = 1_000

_actor: ContextVar[Actor | Callable[[], Actor]] = ContextVar("actor", default=SYSTEM)


class acting_as:
    """Say who does what is done meanwhile, in this task and in those that it starts.

    A function is called when an entry is written: most requests write none. Every request with a key comes by here.
    """

    __slots__ = ("_actor", "_token")

    def __init__(self, actor: Actor | Callable[[], Actor]) -> None:
        self._actor = actor

    def __enter__(self) -> None:
        self._token = _actor.set(self._actor)

    def __exit__(self, *_exc: object) -> None:
        _actor.reset(self._token)


def who_acts() -> Actor:
    """Return who does what is being done."""
    who = _actor.get()
    return who() if callable(who) else who


def key_actor(principal: Principal, address: str | None) -> Actor:
    """Return who acts with a key, or by a session."""
    if principal.person_id is not None:
        return Actor(kind=ActorKind.PERSON, id=principal.person_id, name=principal.public_id, address=address)
    return Actor(kind=ActorKind.KEY, id=principal.credential_id, name=principal.account.name, address=address)


def person_actor(person: Person, address: str | None) -> Actor:
    """Return who acts as a person."""
    return Actor(kind=ActorKind.PERSON, id=person.id, name=person.email, address=address)


async def audited(
    store: Store,
    act: Act | Callable[[R], Act | Sequence[Act]],
    command: Callable[Concatenate[Tx, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """Write to the store as `Store.write` does, with an entry in the audit log in the same transaction.

    An `act` is written unless the command returns False or 0: then nothing has changed. A function makes one, several
    or none of what the command returns. What the command raises, leaves nothing behind.
    """
    actor = who_acts()  # the command runs elsewhere

    def both(tx: Tx) -> R:
        result = command(tx, *args, **kwargs)
        if callable(act):
            made = act(result)
            append(tx, actor, [made] if isinstance(made, Act) else made, now_ms())
        elif result is None or result:
            append(tx, actor, [act], now_ms())
        return result

    return await store.write(both)


async def noted(store: Store, act: Act) -> None:
    """Write an entry about something that is kept outside of the store: before it is done, so that it is never done
    without one."""
    await audited(store, act, lambda _tx: None)


class AuditLog:
    """Reads the log. Spans accounts: for whoever runs the installation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, wanted: AuditFilter, *, limit: int, before: str | None = None) -> list[Entry]:
        """List entries, newest first, of those older than `before`. Raises InvalidField."""
        require_known(wanted)
        if before is not None and not (before.isascii() and before.isdecimal() and len(before) < 19):
            raise InvalidField("`before` is the number of an entry, such as 120.", field="before")
        return await self._store.read(entries_of, wanted, limit=limit, before=None if before is None else int(before))

    async def each(self, wanted: AuditFilter) -> AsyncIterator[Sequence[Entry]]:
        """Read all entries, oldest first, some at a time. Raises InvalidField."""
        require_known(wanted)
        after = 0
        while found := await self._store.read(entries_after, wanted, after, limit=AT_ONCE):
            yield found
            after = found[-1].seq

    async def check(self, expected: str | None = None) -> Verdict:
        """Follow the whole chain; `expected` is the hash of an entry that was written down before."""
        return await self._store.read(check, expected)

    async def cut(self, before: datetime) -> Head | None:
        """Delete entries that are older, and return where the chain begins and ends then; None if there were none.

        What was cut off stands in the log itself. Raises InvalidField for an instant that is still to come.
        """
        if to_ms(before) > now_ms():
            raise InvalidField("Entries can be cut off up to now, not further.", field="before")
        return await audited(self._store, cut_acts, cut_off, to_ms(before))

    async def export(self, wanted: AuditFilter, file_format: str) -> AsyncIterator[bytes]:
        """Write entries as a file, oldest first: `csv`, or `jsonl` with a JSON object a line. Raises InvalidField."""
        if file_format not in FORMATS:
            raise InvalidField(f"There is no format {file_format!r}; there are {', '.join(FORMATS)}.", field="format")
        if file_format == "csv":
            yield csv_beginning(COLUMNS, bom=False)
        async for entries in self.each(wanted):
            facts = [entry_facts(entry) for entry in entries]
            if file_format == "csv":
                yield csv_lines([[_cell(each[name]) for name in COLUMNS] for each in facts])
            else:
                yield b"".join(msgspec.json.encode(each) + b"\n" for each in facts)


FORMATS = ("csv", "jsonl")
COLUMNS = (
    *("seq", "at", "at_ms", "actor_kind", "actor_id", "actor_name", "address", "action", "object"),
    *("account_id", "account", "before", "after", "previous", "hash"),
)
"""What an entry has in exports, in this order."""


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, str | int) else encoded_facts(value)


def require_known(wanted: AuditFilter) -> None:
    """Check what a listing is about. Raises InvalidField for an action that there is not, or a time that ends before
    it begins."""
    action = wanted.action
    if action is not None and action not in {*Action, *(each.partition(".")[0] for each in Action)}:
        raise InvalidField(f"There is no action {action!r}; there are {', '.join(Action)}.", field="action")
    if wanted.since is not None and wanted.until is not None and wanted.until <= wanted.since:
        raise InvalidField("`until` is after `since`.", field="until")
