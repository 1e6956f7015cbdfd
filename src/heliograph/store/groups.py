"""Groups in the store: their members and children, and who is in them when it matters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import Select, delete, func, insert, select, update

from heliograph.domain.contacts import UNKNOWN
from heliograph.domain.errors import GroupNameTaken, UnknownGroup
from heliograph.domain.groups import AutoUpdate, Group, GroupChange, GroupDraft, Membership
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms
from heliograph.store.contacts import put_members
from heliograph.store.numbering import take_number
from heliograph.store.schema import group_children, group_members, groups
from heliograph.store.tx import Row, Tx, columns

_encode = msgspec.json.encode
_decode_list = msgspec.json.Decoder(list[str]).decode


class _GroupRow(Row, frozen=True):
    id: str
    account_id: str
    name: str | None
    tags: str
    """The tags as JSON; the keywords are JSON, too."""
    auto_to: str | None
    auto_add: str | None
    auto_remove: str | None
    created_at: int
    modified_at: int
    number: int


class _Child(Row, frozen=True):
    child_id: str


_COLUMNS = columns(_GroupRow, groups)


def _text(values: Iterable[str]) -> str:
    return _encode(list(values)).decode()


def _keywords(auto_update: AutoUpdate | None) -> dict[str, str | None]:
    if auto_update is None:
        return {"auto_to": None, "auto_add": None, "auto_remove": None}
    return {
        "auto_to": auto_update.to,
        "auto_add": _text(auto_update.add),
        "auto_remove": _text(auto_update.remove),
    }


def _auto_update(to: str | None, add: str | None, remove: str | None) -> AutoUpdate | None:
    if to is None:
        return None
    return AutoUpdate(to=to, add=_decode_list(add or "[]"), remove=_decode_list(remove or "[]"))


def add_group(tx: Tx, account_id: str, group_id: str, draft: GroupDraft, now_ms: int) -> Group:
    """Store a group. Raises GroupNameTaken or UnknownGroup before anything is written."""
    _check_name(tx, account_id, group_id, draft.name)
    _check_known(tx, account_id, draft.children)
    values = {"id": group_id, "account_id": account_id, "name": draft.name, "tags": _text(draft.tags)}
    times = {"created_at": now_ms, "modified_at": now_ms}
    number = take_number(tx, account_id, "groups")
    tx.run(insert(groups).values(**values, **times, number=number, **_keywords(draft.auto_update)))
    _join(tx, group_id, draft.members, draft.children)
    return _known(tx, account_id, group_id)


def replace_group(tx: Tx, account_id: str, group_id: str, draft: GroupDraft, now_ms: int) -> Group | None:
    """Make a group what the draft says, and nothing that it was before; None if there is no such group.

    Raises GroupNameTaken or UnknownGroup before anything is written.
    """
    if _lock(tx, account_id, group_id) is None:
        return None
    _check_name(tx, account_id, group_id, draft.name)
    _check_known(tx, account_id, draft.children)
    tx.run(delete(group_members).where(group_members.c.group_id == group_id))
    tx.run(delete(group_children).where(group_children.c.group_id == group_id))
    _join(tx, group_id, draft.members, draft.children)
    values = {"name": draft.name, "tags": _text(draft.tags), "modified_at": now_ms}
    mine = (groups.c.account_id == account_id, groups.c.id == group_id)
    tx.run(update(groups).where(*mine).values(**values, **_keywords(draft.auto_update)))
    return _known(tx, account_id, group_id)


def change_group(tx: Tx, account_id: str, group_id: str, change: GroupChange, now_ms: int) -> Group | None:
    """Change a group: first all additions, then all removals; None if there is no such group.

    What is to be removed need not be there. Raises GroupNameTaken or UnknownGroup before anything is written.
    """
    if _lock(tx, account_id, group_id) is None:
        return None
    values: dict[str, Any] = {"modified_at": now_ms}
    if change.name is not UNSET:
        _check_name(tx, account_id, group_id, change.name)
        values["name"] = change.name
    if change.auto_update is not UNSET:
        values |= _keywords(change.auto_update)
    others = [other for other in (change.add_from, change.remove_from) if other is not None]
    _check_known(tx, account_id, [*change.add_children, *others])
    copied = [] if change.add_from is None else members_of(tx, account_id, change.add_from)
    _join(tx, group_id, [*change.add, *copied], change.add_children)
    leaving = [*change.remove, *([] if change.remove_from is None else members_of(tx, account_id, change.remove_from))]
    _leave(tx, group_id, leaving, change.remove_children)
    mine = (groups.c.account_id == account_id, groups.c.id == group_id)
    tx.run(update(groups).where(*mine).values(**values))
    return _known(tx, account_id, group_id)


def delete_group(tx: Tx, account_id: str, group_id: str) -> bool:
    """Delete a group, also from the groups that it is a child of; False if there is none."""
    if not tx.run(delete(groups).where(groups.c.account_id == account_id, groups.c.id == group_id)):
        return False
    tx.run(delete(group_members).where(group_members.c.group_id == group_id))
    tx.run(
        delete(group_children).where((group_children.c.group_id == group_id) | (group_children.c.child_id == group_id))
    )
    return True


def group_by_id(tx: Tx, account_id: str, group_id: str) -> Group | None:
    rows = tx.all(_GroupRow, select(*_COLUMNS).where(groups.c.account_id == account_id, groups.c.id == group_id))
    return _groups(tx, rows)[0] if rows else None


def groups_by_numbers(tx: Tx, account_id: str, numbers: Collection[int]) -> dict[int, Group]:
    """Find groups by their numbers; numbers that no group has are left out."""
    possible = [number for number in numbers if 0 < number < 1 << 63]  # what else there is, no column can hold
    mine = (groups.c.account_id == account_id, groups.c.number.in_(possible))
    rows = tx.all(_GroupRow, select(*_COLUMNS).where(*mine))
    return {group.number: group for group in _groups(tx, rows)}


def page_of_groups(
    tx: Tx, account_id: str, tags: Collection[str] = (), *, limit: int, offset: int = 0, before: str | None = None
) -> tuple[list[Group], int]:
    """Return a page of groups, newest first, and how many there are, both of one moment.

    With `tags`, only groups that have one of them.
    """
    query = _filtered(tx, select(*_COLUMNS), account_id, tags).order_by(groups.c.id.desc()).limit(limit).offset(offset)
    if before is not None:
        query = query.where(groups.c.id < before)
    count = tx.value(_filtered(tx, select(func.count()).select_from(groups), account_id, tags))
    return _groups(tx, tx.all(_GroupRow, query)), int(count)


def _filtered(tx: Tx, query: Select[Any], account_id: str, tags: Collection[str]) -> Select[Any]:
    query = query.where(groups.c.account_id == account_id)
    return query.where(tx.has_any(groups.c.tags, tags)) if tags else query


def _groups(tx: Tx, rows: Sequence[_GroupRow]) -> list[Group]:
    ids = [row.id for row in rows]
    sizes: dict[str, int] = tx.pairs(
        select(group_members.c.group_id, func.count().label("size"))
        .where(tx.among(group_members.c.group_id, ids))
        .group_by(group_members.c.group_id)
    )
    children: dict[str, list[str]] = {}
    links = select(group_children.c.group_id, group_children.c.child_id).order_by(group_children.c.child_id)
    for parent, child in tx.rows(links.where(tx.among(group_children.c.group_id, ids))):
        children.setdefault(parent, []).append(child)
    return [_group(row, sizes.get(row.id, 0), children.get(row.id, [])) for row in rows]


def _group(row: _GroupRow, size: int, children: Sequence[str]) -> Group:
    return Group(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        size=size,
        children=children,
        auto_update=_auto_update(row.auto_to, row.auto_add, row.auto_remove),
        tags=_decode_list(row.tags),
        created_at=from_ms(row.created_at),
        modified_at=from_ms(row.modified_at),
        number=row.number,
    )


def _known(tx: Tx, account_id: str, group_id: str) -> Group:
    found = group_by_id(tx, account_id, group_id)
    assert found is not None  # noqa: S101 - written in this transaction
    return found


def members_of(tx: Tx, account_id: str, group_id: str) -> list[str]:
    """List the MSISDNs of one group, sorted; none if the account has no such group."""
    ours = groups.join(group_members, group_members.c.group_id == groups.c.id)
    return tx.column(
        select(group_members.c.msisdn)
        .select_from(ours)
        .where(groups.c.account_id == account_id, groups.c.id == group_id)
        .order_by(group_members.c.msisdn)
    )


def groups_below(tx: Tx, group_ids: Iterable[str]) -> set[str]:
    """Find these groups, their children, and so on; they are the account's own, as long as these are."""
    found: set[str] = set()
    level = set(group_ids)
    while level:
        found |= level
        below = select(group_children.c.child_id).where(tx.among(group_children.c.group_id, level))
        level = set(tx.column(below)) - found
    return found


def members_below(tx: Tx, account_id: str, group_ids: Iterable[str]) -> list[str]:
    """List who is in these groups, in their children, and so on, each once; unknown groups are empty."""
    ours = groups.join(group_members, group_members.c.group_id == groups.c.id)
    return tx.column(
        select(group_members.c.msisdn)
        .select_from(ours)
        .where(groups.c.account_id == account_id, tx.among(groups.c.id, groups_below(tx, group_ids)))
        .distinct()
        .order_by(group_members.c.msisdn)
    )


def unknown_groups(tx: Tx, account_id: str, group_ids: Sequence[str]) -> list[str]:
    """Return those of these identifiers that are no groups of the account."""
    if not group_ids:
        return []
    mine = (groups.c.account_id == account_id, tx.among(groups.c.id, group_ids))
    known = set(tx.column(select(groups.c.id).where(*mine)))
    return [each for each in group_ids if each not in known]


def follow_keywords(tx: Tx, account_id: str, message: Inbound) -> None:
    """Add the sender of a text to groups, or remove it, where their keywords say so."""
    mine = (groups.c.account_id == account_id, groups.c.auto_to == message.to)
    query = select(groups.c.id, groups.c.auto_to, groups.c.auto_add, groups.c.auto_remove).where(*mine)
    for group_id, *words in tx.rows(query):
        auto_update = _auto_update(*words)
        effect = None if auto_update is None else auto_update.effect_of(message.body)
        if effect is Membership.BEGINS:
            _join(tx, group_id, [message.msisdn], ())
        elif effect is Membership.ENDS:
            _leave(tx, group_id, [message.msisdn], ())


def _lock(tx: Tx, account_id: str, group_id: str) -> object:
    return tx.first(
        select(groups.c.id).where(groups.c.account_id == account_id, groups.c.id == group_id).with_for_update()
    )


def _check_name(tx: Tx, account_id: str, group_id: str, name: str | None) -> None:
    if name is None:
        return
    taken = select(groups.c.id).where(groups.c.account_id == account_id, groups.c.name == name, groups.c.id != group_id)
    if tx.first(taken) is not None:
        raise GroupNameTaken(f"There is a group {name!r} already.", field="name")


def _check_known(tx: Tx, account_id: str, group_ids: Sequence[str]) -> None:
    if strangers := unknown_groups(tx, account_id, group_ids):
        raise UnknownGroup(f"There is no group {strangers[0]} in this account.")


def _join(tx: Tx, group_id: str, msisdns: Iterable[str], children: Iterable[str]) -> None:
    constants = {"group_id": group_id}
    put_members(tx, group_id, [(msisdn, UNKNOWN) for msisdn in sorted(set(msisdns))])
    links = [_Child(child) for child in sorted(set(children))]
    tx.insert(group_children, links, constants, skip_existing=True)


def _leave(tx: Tx, group_id: str, msisdns: Collection[str], children: Collection[str]) -> None:
    if msisdns:
        tx.run(
            delete(group_members).where(
                group_members.c.group_id == group_id, tx.among(group_members.c.msisdn, set(msisdns))
            )
        )
    if children:
        tx.run(
            delete(group_children).where(
                group_children.c.group_id == group_id, tx.among(group_children.c.child_id, set(children))
            )
        )
