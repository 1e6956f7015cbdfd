"""Lines at which messages wait because no more may be sent for the moment.

A provider that may be sent so many messages a second has a line, and where each originator has a limit of its own, one
for each originator. Whoever may send next is decided here, under a lock, so that all workers together keep the limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, select, update

from heliograph.store.schema import is_held, is_queued, messages, paces
from heliograph.store.tx import Tx

BURST_US = 100_000
"""Places of the last tenth of a second that nobody has taken are given away at once."""
_SEPARATOR = "\x1f"
_BY_PRIORITY = (messages.c.priority, messages.c.due_at, messages.c.id)
_SECOND_US = 1_000_000


class Pace(msgspec.Struct, frozen=True):
    """How fast messages may go to a provider: so many a second; 0: any number."""

    provider: str
    per_second: float
    per_originator: float = 0.0

    def line(self, originator: str | None) -> str:
        """Where a message waits."""
        return f"{self.provider}{_SEPARATOR}{originator or ''}" if self.per_originator else self.provider


def provider_of(line: str | None) -> str | None:
    """The provider that a line leads to."""
    return None if line is None else line.partition(_SEPARATOR)[0]


def take_held(
    tx: Tx, wanted: Sequence[Pace], columns: Sequence[ColumnElement[Any]], now_ms: int, limit: int
) -> Sequence[Sequence[Any]]:
    """Messages that may go to these providers now, to each the most urgent first and the oldest of these: their places
    are taken.

    `columns` begin with the message's identifier. Spans accounts.
    """
    by_provider: dict[str, dict[str, int]] = {}
    query = select(paces.c.provider, paces.c.line, paces.c.free_at_us)
    query = query.where(tx.among(paces.c.provider, [pace.provider for pace in wanted]))
    for provider, line, free_at_us in tx.rows(query.order_by(paces.c.line).with_for_update()):
        by_provider.setdefault(provider, {})[line] = free_at_us
    found: list[Sequence[Any]] = []
    for pace in wanted:
        if pace.provider in by_provider:
            found += _take(tx, pace, by_provider[pace.provider], columns, now_ms, limit - len(found))
    return found


def _take(
    tx: Tx, pace: Pace, free_at: dict[str, int], columns: Sequence[ColumnElement[Any]], now_ms: int, limit: int
) -> Sequence[Sequence[Any]]:
    now_us = now_ms * 1_000
    most = min(limit, _places(free_at.get(pace.provider, 0), pace.per_second, now_us, limit))
    if not most:
        return []
    found: list[Sequence[Any]] = []
    empty: list[str] = []
    for line, line_free_at in free_at.items():
        if pace.per_originator and line == pace.provider:
            continue
        per_second = pace.per_originator or pace.per_second
        places = most if not pace.per_originator else min(most, _places(line_free_at, per_second, now_us, limit))
        rows = _held_at(tx, line, columns, places)
        found += rows
        if places and not rows and line_free_at < now_us and not _is_anybody_at(tx, line):
            empty.append(line)
    found.sort(key=lambda row: tuple(row[-3:]))
    taken = Counter(row[-4] for row in found[:most])
    rates = dict.fromkeys(taken, pace.per_originator or pace.per_second)
    if pace.per_originator and pace.per_second and taken:
        taken[pace.provider] = sum(taken.values())
        rates[pace.provider] = pace.per_second
    moved = [
        (line, round(max(free_at.get(line, 0), now_us - BURST_US) + count * _SECOND_US / rates[line]))
        for line, count in taken.items()
        if rates[line]
    ]
    tx.update(paces, "line", ("free_at_us",), moved)
    if empty and free_at.keys() - set(empty) == {pace.provider}:
        empty.append(pace.provider)
    if empty:
        tx.run(delete(paces).where(tx.among(paces.c.line, empty)))
    return [row[:-4] for row in found[:most]]


def _held_at(tx: Tx, line: str, columns: Sequence[ColumnElement[Any]], limit: int) -> Sequence[Sequence[Any]]:
    if not limit:
        return []
    order = (messages.c.line.label("at_line"), *(column.label(f"by_{column.name}") for column in _BY_PRIORITY))
    return tx.rows(
        select(*columns, *order)
        .where(is_queued, is_held, messages.c.line == line)
        .order_by(*_BY_PRIORITY)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _is_anybody_at(tx: Tx, line: str) -> bool:
    """Also those that another transaction has locked, and may let go of again."""
    return tx.first(select(messages.c.id).where(is_queued, is_held, messages.c.line == line).limit(1)) is not None


def _places(free_at_us: int, per_second: float, now_us: int, most: int) -> int:
    if not per_second:
        return most
    first = max(free_at_us, now_us - BURST_US)
    return 0 if first > now_us else min(int((now_us - first) * per_second / _SECOND_US) + 1, most)


def open_lines(tx: Tx, lines: Collection[str]) -> None:
    """Notes that messages wait at these lines: called in the transaction that lets them."""
    known = {
        row[0]
        for row in tx.rows(
            select(paces.c.line).where(tx.among(paces.c.line, lines)).order_by(paces.c.line).with_for_update()
        )
    }
    wanted = {line for line in lines if line not in known}
    wanted |= {provider for line in wanted if (provider := provider_of(line)) is not None and provider not in known}
    rows = [(line, provider_of(line)) for line in sorted(wanted)]
    tx.insert(paces, ("line", "provider"), rows, {"free_at_us": 0}, skip_existing=True)


def next_place_ms(tx: Tx, providers: Collection[str]) -> int | None:
    """When one of the messages that wait for these providers may go, in milliseconds since 1970; None: none waits.

    Spans accounts.
    """
    query = select(paces.c.free_at_us).where(tx.among(paces.c.provider, providers)).order_by(paces.c.free_at_us)
    value = tx.value(query.limit(1))
    return None if value is None else value // 1_000


def leave_lines(tx: Tx, limit: int, *, of: str | None = None, other_than: Collection[str] = ()) -> int:
    """Sends messages back to where their way is chosen: those that wait for the provider `of`, or for any `other_than`
    these. At most `limit`; how many. Spans accounts."""
    lines = select(paces.c.line)
    lines = lines.where(~tx.among(paces.c.provider, other_than)) if of is None else lines.where(paces.c.provider == of)
    rows = tx.rows(
        select(messages.c.id)
        .where(is_queued, is_held, messages.c.line.in_(lines))
        .order_by(messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if not rows:
        return 0
    return tx.run(update(messages).where(tx.among(messages.c.id, [row[0] for row in rows])).values(line=None))
