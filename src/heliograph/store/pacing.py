"""Lines at which messages wait because no more may be sent for the moment.

How it works. A provider that may be sent so many messages a second has a line, and where each originator has a limit of
its own, one more for each originator. A message that may not go yet waits there (`messages.waits_at`), due as it was. A
line is a row of `paces`, and keeps one number: `free_at_us`, the moment of its first place that no message has taken.
Places follow one another at the line's rate, so whatever a worker takes moves that moment on by as many places; what
nobody has taken for longer than a tenth of a second is gone, so that a quiet hour is not made up for in a burst.

Who holds what. `take_held` locks the rows of all lines whose providers it may send to, in their order, before it looks
at a message, and keeps them until the claim is committed. So all workers of all processes together keep the limits: the
next one reads what this one has moved. Whoever lets messages wait opens the line in the same transaction, also before
any message is written (`open_lines`): lines come first everywhere, so nobody waits for one who waits for them.

If a process dies before its claim is committed, its places are free again. If it dies after, they were taken for
messages that come back when their lease ends; the provider was sent fewer than it might have been, never more.

A line is closed when somebody finds a free place and nobody there; it may be opened again at once. The provider's own
is the last: where originators have limits it counts for all of them, although nobody waits there. All lines are looked
at, whatever the settings are now: messages may wait where those before a restart had sent them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, delete, select, true, update

from heliograph.domain.life import Queued
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import is_at_line, is_queued, messages, paces
from heliograph.store.tx import Row, Tx, columns

BURST_US = 100_000
"""For how long a free place is kept, in microseconds: what nobody has taken by then is gone."""
_SEPARATOR = "\x1f"
_IN_TURN = (messages.c.priority, messages.c.due_at, messages.c.id)
_SECOND_US = 1_000_000


class Pace(msgspec.Struct, frozen=True):
    """How many messages a second may go to a provider, and from each originator; 0 stands for no limit."""

    provider: str
    per_second: float
    per_originator: float = 0.0

    def line(self, originator: str | None) -> str:
        """Return the line at which a message waits."""
        return f"{self.provider}{_SEPARATOR}{originator or ''}" if self.per_originator else self.provider


def provider_of(line: str | None) -> str | None:
    """Return the provider that a line leads to; None for no line."""
    return None if line is None else _provider_at(line)


def _provider_at(line: str) -> str:
    return line.partition(_SEPARATOR)[0]


class _Line(Row, frozen=True):
    line: str
    provider: str
    free_at_us: int


class _FreeAt(Row, frozen=True):
    line: str
    free_at_us: int


def take_held(tx: Tx, wanted: Sequence[Pace], now_ms: int, limit: int) -> list[Queued]:
    """Take messages that may go to these providers now, at most `limit`, and their places at the lines.

    Of each provider's the most urgent come first, and the oldest of these. Spans accounts.
    """
    free_at: dict[str, dict[str, int]] = {}
    for each in tx.fetch(_lines_to, providers=[pace.provider for pace in wanted]):
        free_at.setdefault(each.provider, {})[each.line] = each.free_at_us
    found: list[Queued] = []
    for pace in wanted:
        if pace.provider in free_at:
            found += _take(tx, pace, free_at[pace.provider], now_ms * 1_000, limit - len(found))
    return found


@prepared(_Line)
def _lines_to(providers: Given) -> Select[*tuple[Any, ...]]:
    query = select(*columns(_Line, paces)).where(among(paces.c.provider, providers))
    return query.order_by(paces.c.line).with_for_update()


class _Held(Queued, frozen=True):
    """A message that waits at a line, with what decides whose turn it is."""

    priority: int
    due_at: int


def _take(tx: Tx, pace: Pace, free_at: Mapping[str, int], now_us: int, limit: int) -> list[_Held]:
    """Take the messages that may go to one provider. `free_at` has all of its lines, which are locked."""
    places = _places(free_at.get(pace.provider, 0), pace.per_second, now_us, limit)
    if not places:
        return []
    waiting: list[_Held] = []
    empty: list[str] = []
    for line, line_free_at in free_at.items():
        per_second = 0 if line == pace.provider else pace.per_originator
        here = min(places, _places(line_free_at, per_second, now_us, limit))
        first = tx.fetch(_held_at, line=line, limit=here) if here else []
        waiting += first
        if here and not first and line_free_at < now_us and not tx.fetch(_anybody_at, line=line):
            empty.append(line)
    # Each line may have filled all of the provider's places: the first in turn get them, the others wait on.
    taken = sorted(waiting, key=_turn)[:places]
    _move_on(tx, pace, free_at, Counter(message.waits_at or "" for message in taken), now_us)
    closed = empty if len(empty) == len(free_at) else [line for line in empty if line != pace.provider]
    if closed:
        tx.run(delete(paces).where(tx.among(paces.c.line, closed)))
    return taken


def _turn(message: _Held) -> tuple[int, int, str]:
    return message.priority, message.due_at, message.id


def _move_on(tx: Tx, pace: Pace, free_at: Mapping[str, int], taken: Counter[str], now_us: int) -> None:
    """Move each line on by as many places as messages leave it, and the provider's own by all of them."""
    counts = {line: (count, pace.per_originator or pace.per_second) for line, count in taken.items()}
    counts[pace.provider] = (taken.total(), pace.per_second)
    moved = [
        _FreeAt(line, round(_first_place(free_at.get(line, 0), now_us) + count * _SECOND_US / per_second))
        for line, (count, per_second) in counts.items()
        if count and per_second
    ]
    tx.update(paces, moved)


@prepared(_Held)
def _held_at(line: Given, limit: Given) -> Select[*tuple[Any, ...]]:
    query = select(*columns(_Held, messages)).where(is_queued, is_at_line, messages.c.waits_at == line)
    return query.order_by(*_IN_TURN).limit(limit).with_for_update(skip_locked=True)


class _Somebody(Row, frozen=True):
    id: str


@prepared(_Somebody)
def _anybody_at(line: Given) -> Select[*tuple[Any, ...]]:
    """Build the query for one message that waits at a line, also if another transaction has locked it."""
    return select(messages.c.id).where(is_queued, is_at_line, messages.c.waits_at == line).limit(1)


def _places(free_at_us: int, per_second: float, now_us: int, most: int) -> int:
    """Count the places that are free now, up to `most`; without a limit they are `most`."""
    if not per_second:
        return most
    first = _first_place(free_at_us, now_us)
    return 0 if first > now_us else min(int((now_us - first) * per_second / _SECOND_US) + 1, most)


def _first_place(free_at_us: int, now_us: int) -> int:
    return max(free_at_us, now_us - BURST_US)


class _NewLine(Row, frozen=True):
    line: str
    provider: str


def open_lines(tx: Tx, lines: Collection[str]) -> None:
    """Open these lines, where messages are to wait: called in the transaction that lets them."""
    known = {each.line for each in tx.fetch(_open_among, lines=lines)}
    wanted = {line for line in lines if line not in known}
    wanted |= {provider for line in wanted if (provider := _provider_at(line)) not in known}
    new = [_NewLine(line, _provider_at(line)) for line in sorted(wanted)]
    tx.insert(paces, new, {"free_at_us": 0}, skip_existing=True)


class _Open(Row, frozen=True):
    line: str


@prepared(_Open)
def _open_among(lines: Given) -> Select[*tuple[Any, ...]]:
    return select(paces.c.line).where(among(paces.c.line, lines)).order_by(paces.c.line).with_for_update()


def next_place_ms(tx: Tx, providers: Collection[str]) -> int | None:
    """Return when one of the messages that wait for these providers may go, in milliseconds since 1970.

    Returns None if none waits. Spans accounts.
    """
    first = tx.fetch(_next_place, providers=providers)
    return first[0].free_at_us // 1_000 if first else None


class _Place(Row, frozen=True):
    free_at_us: int


@prepared(_Place)
def _next_place(providers: Given) -> Select[*tuple[Any, ...]]:
    query = select(paces.c.free_at_us).where(among(paces.c.provider, providers))
    return query.order_by(paces.c.free_at_us).limit(1)


def leave_lines(
    tx: Tx, limit: int, *, of: str | None = None, other_than: Collection[str] = (), expired_by: int | None = None
) -> int:
    """Send messages back to where their way is chosen, at most `limit`, and return how many.

    They are those that wait for the provider `of`, or for any `other_than` these; with `expired_by`, in milliseconds
    since 1970, only those whose validity had ended then. Spans accounts.
    """
    is_meant = true() if expired_by is None else messages.c.expire_at <= expired_by
    lines = select(paces.c.line)
    lines = lines.where(~tx.among(paces.c.provider, other_than)) if of is None else lines.where(paces.c.provider == of)
    held = tx.column(
        select(messages.c.id)
        .where(is_queued, is_at_line, messages.c.waits_at.in_(lines), is_meant)
        .order_by(messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tx.run(update(messages).where(tx.among(messages.c.id, held)).values(waits_at=None)) if held else 0
