"""Changing who is in a group, also where that is more than one transaction should write.

How it works. A change is decided in one transaction. If it is small, that writes it. If not, it notes what is asked in
the row of the work (`store/works.py`), and the members come and go in slices, additions first: nobody who is in the
group before and after is ever out of it. Slices may be done again, since adding who is there and removing who is not do
nothing; so after a crash the whole list is.

Whoever leaves meanwhile, by a keyword, by a single deletion, or because the number is erased, is struck from the list
(`strike`): the work is taken from its worker and begun again with what is left, so that nobody is put back. Whoever
joins meanwhile stays, unless the list names who is removed: everybody up to the newest member of the moment of the
decision (`until`) is what "all others" means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, func, select, update

from heliograph.domain.contacts import UNKNOWN, Details
from heliograph.store.contacts import Put, put_contacts
from heliograph.store.schema import group_members, groups, is_somebody, works
from heliograph.store.tx import Tx
from heliograph.store.works import MEMBERS_AT_ONCE, Holder, Slice, Work, WorkKind, begin, finish, require_free


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is to come into a group, and who is to go."""

    add: Sequence[tuple[str, Details]] = ()
    """Numbers with what is known of them, each once."""
    remove: Sequence[str] | None = ()
    """Numbers that are not in `add`; None: all who are not."""
    update: bool = False
    """Whether what is known and not blank overwrites what was."""
    forget: bool = False
    """Whether nothing but the number is known of them from now on."""
    until: str = ""
    """The newest member there was, where all others are removed."""


EMPTY = Asked(remove=None)
_BEFORE_ALL = "0"
"""Sorts before the identifier of any member."""


class Behind(NamedTuple):
    """What is still to be done of a change of a group's members."""

    asked: Asked
    leaving: Sequence[str]


_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Asked).decode


def plain(msisdns: Iterable[str]) -> list[tuple[str, Details]]:
    """Return members of whom only the numbers are known, each once."""
    return [(msisdn, UNKNOWN) for msisdn in sorted(set(msisdns))]


class Brought(NamedTuple):
    """The result of deciding who is in a group."""

    put: Put
    """What came of adding members, if that is done."""
    asked: Asked
    work: Work | None = None
    """What adds and removes them; None if that is done."""


def bring(tx: Tx, account_id: str, group_id: str, asked: Asked, holder: Holder | None = None) -> Brought:
    """Change who is in a group, at once, or begin to if that is much.

    The caller has locked the group. Without a holder it is done at once. Raises UnderChange.
    """
    require_free(tx, group_id)
    if asked.remove is None:
        newest = select(func.max(group_members.c.id).label("newest")).where(group_members.c.group_id == group_id)
        asked = msgspec.structs.replace(asked, until=tx.value(newest) or _BEFORE_ALL)
    if holder is not None and _is_large(tx, group_id, asked):
        work = begin(tx, holder, WorkKind.MEMBERS, account_id, group_id, members=_encode(asked).decode())
        return Brought(Put([], []), asked, work)
    put = _put(tx, group_id, asked, asked.add)
    _remove(group_id, _leaving(tx, group_id, asked), asked.until, tx)
    return Brought(put, asked)


def add_contacts(
    tx: Tx,
    account_id: str,
    group_id: str,
    contacts: Sequence[tuple[str, Details]],
    *,
    update: bool = False,
    holder: Holder | None = None,
) -> Brought | None:
    """Add contacts with new numbers to a group, or begin to; None if the account has no such group.

    With `update`, what is said of the others, and is not blank, overwrites what was known. Raises UnderChange.
    """
    if lock_group(tx, account_id, group_id) is None:
        return None
    return bring(tx, account_id, group_id, Asked(add=contacts, update=update), holder)


class Emptied(NamedTuple):
    """The result of taking all members out of a group, or of beginning to."""

    members: int
    """How many there were."""
    work: Work | None


def empty_group(tx: Tx, account_id: str, group_id: str, holder: Holder | None = None) -> Emptied | None:
    """Remove all members of a group, or begin to; None if the account has no such group. Raises UnderChange."""
    if lock_group(tx, account_id, group_id) is None:
        return None
    count = tx.value(select(func.count()).select_from(group_members).where(group_members.c.group_id == group_id))
    return Emptied(count, bring(tx, account_id, group_id, EMPTY, holder).work)


def lock_group(tx: Tx, account_id: str, group_id: str) -> object:
    """Lock a group, so that nobody else decides to change it; None if the account has no such group."""
    mine = (groups.c.account_id == account_id, groups.c.id == group_id)
    return tx.first(select(groups.c.id).where(*mine).with_for_update())


def _put(tx: Tx, group_id: str, asked: Asked, some: Sequence[tuple[str, Details]]) -> Put:
    if asked.forget:
        named = tx.among(group_members.c.msisdn, [msisdn for msisdn, _ in some])
        known = (group_members.c.group_id == group_id, named, is_somebody)
        tx.run(update(group_members).where(*known).values(details=None, import_number=None))
    return put_contacts(tx, group_id, some, update=asked.update)


def _is_large(tx: Tx, group_id: str, asked: Asked) -> bool:
    if len(asked.add) + len(asked.remove or ()) > MEMBERS_AT_ONCE:
        return True
    if asked.remove is not None:
        return False
    some = select(group_members.c.id).where(group_members.c.group_id == group_id).limit(MEMBERS_AT_ONCE + 1)
    return len(tx.column(some)) > MEMBERS_AT_ONCE


def _leaving(tx: Tx, group_id: str, asked: Asked) -> Sequence[str]:
    if asked.remove is not None:
        return asked.remove
    stay = {msisdn for msisdn, _ in asked.add}
    there = select(group_members.c.msisdn).where(group_members.c.group_id == group_id)
    return [msisdn for msisdn in tx.column(there) if msisdn not in stay]


def _remove(group_id: str, msisdns: Sequence[str], until: str, tx: Tx) -> None:
    if msisdns:
        mine = (group_members.c.group_id == group_id, tx.among(group_members.c.msisdn, msisdns))
        tx.run(delete(group_members).where(*mine, *([group_members.c.id <= until] if until else [])))


def members_behind(tx: Tx, work: Work) -> Behind:
    """Read what was asked of a group's members, without whom was struck, and who is to go."""
    mine = (works.c.account_id == work.account_id, works.c.id == work.id)
    asked = _decode(tx.value(select(works.c.members).where(*mine)))
    asked = msgspec.structs.replace(asked, add=[each for each in asked.add if each[0]])
    return Behind(asked, _leaving(tx, work.id, asked))


def moving(work: Work, behind: Behind, puts: dict[int, Put] | None = None) -> list[Slice]:
    """Cut a change of a group's members into slices; `puts` gets what came of each that adds some."""
    return [*_adding(work, behind.asked, puts), *_removing(work, behind), Slice(partial(_end, work))]


def _adding(work: Work, asked: Asked, puts: dict[int, Put] | None) -> Iterator[Slice]:
    def add(start: int, tx: Tx) -> None:
        put = _put(tx, work.id, asked, asked.add[start : start + MEMBERS_AT_ONCE])
        if puts is not None:
            puts[start] = put

    for start in range(0, len(asked.add), MEMBERS_AT_ONCE):
        yield Slice(partial(add, start))


def _removing(work: Work, behind: Behind) -> Iterator[Slice]:
    for start in range(0, len(behind.leaving), MEMBERS_AT_ONCE):
        some = behind.leaving[start : start + MEMBERS_AT_ONCE]
        yield Slice(partial(_remove, work.id, some, behind.asked.until))


def _end(work: Work, tx: Tx) -> None:
    finish(tx, work)
