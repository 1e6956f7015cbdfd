"""Groups in the store: their members and children, and who is in them when it matters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET
from sqlalchemy import Select, delete, func, insert, select, update

from heliograph.domain.errors import GroupNameTaken, UnknownGroup
from heliograph.domain.groups import AutoUpdate, Group, GroupChange, GroupDraft, Membership
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms
from heliograph.store.contacts import put_members
from heliograph.store.membership import EMPTY, Asked, bring, lock_group, plain
from heliograph.store.numbering import take_number
from heliograph.store.schema import group_children, group_members, groups
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.works import Holder, Work, strike

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


class Changed(NamedTuple):
    """The result of making or changing a group."""

    group: Group
    """The group as it is now; if its members come and go in slices, before these."""
    work: Work | None


class Deleted(NamedTuple):
    """The result of deleting a group."""

    work: Work | None
    """What deletes its members, whom nobody sees any more; None if they are gone."""


def asked_of(draft: GroupDraft) -> Asked:
    """Say whom a draft puts into a group, and that all others go."""
    return Asked(add=plain(draft.members), remove=None, forget=True)


def add_group(
    tx: Tx,
    account_id: str,
    group_id: str,
    draft: GroupDraft,
    now_ms: int,
    holder: Holder | None = None,
    asked: Asked | None = None,
) -> Changed:
    """Store a group. What is asked of its members can be made up before (`asked_of`), if they are many.

    Raises GroupNameTaken or UnknownGroup before anything is written.
    """
    _check_name(tx, account_id, group_id, draft.name)
    _check_known(tx, account_id, draft.children)
    values = {"id": group_id, "account_id": account_id, "name": draft.name, "tags": _text(draft.tags)}
    times = {"created_at": now_ms, "modified_at": now_ms}
    number = take_number(tx, account_id, "groups")
    tx.run(insert(groups).values(**values, **times, number=number, **_keywords(draft.auto_update)))
    _adopt(tx, group_id, draft.children)
    work = bring(tx, account_id, group_id, asked or asked_of(draft), holder).work
    return Changed(_known(tx, account_id, group_id), work)


def replace_group(
    tx: Tx,
    account_id: str,
    group_id: str,
    draft: GroupDraft,
    now_ms: int,
    holder: Holder | None = None,
    asked: Asked | None = None,
) -> Changed | None:
    """Make a group what the draft says, and nothing that it was before; None if there is no such group.

    Who is in it before and after stays in it. Raises GroupNameTaken, UnknownGroup or UnderChange before anything is
    written.
    """
    if lock_group(tx, account_id, group_id) is None:
        return None
    _check_name(tx, account_id, group_id, draft.name)
    _check_known(tx, account_id, draft.children)
    work = bring(tx, account_id, group_id, asked or asked_of(draft), holder).work
    tx.run(delete(group_children).where(group_children.c.group_id == group_id))
    _adopt(tx, group_id, draft.children)
    values = {"name": draft.name, "tags": _text(draft.tags), "modified_at": now_ms}
    mine = (groups.c.account_id == account_id, groups.c.id == group_id)
    tx.run(update(groups).where(*mine).values(**values, **_keywords(draft.auto_update)))
    return Changed(_known(tx, account_id, group_id), work)


def asked_by(tx: Tx, account_id: str, change: GroupChange) -> Asked:
    """Say whom a change puts into a group and takes out, with the members of the groups that it names."""
    joining, leaving = (
        [] if each is None else members_of(tx, account_id, each) for each in (change.add_from, change.remove_from)
    )
    gone = {*change.remove, *leaving}
    return Asked(add=plain({*change.add, *joining} - gone), remove=sorted(gone))


def change_group(
    tx: Tx,
    account_id: str,
    group_id: str,
    change: GroupChange,
    asked: Asked,
    now_ms: int,
    holder: Holder | None = None,
    unchanged: Callable[[Group], None] | None = None,
) -> Changed | None:
    """Change a group: first all additions, then all removals; None if there is no such group.

    What is asked of its members was read before (`asked_by`); who is to go need not be there. Raises GroupNameTaken,
    UnknownGroup or UnderChange before anything is written, and what `unchanged` raises, which is shown the group.
    """
    if lock_group(tx, account_id, group_id) is None:
        return None
    if unchanged is not None:
        unchanged(_known(tx, account_id, group_id))
    values: dict[str, Any] = {"modified_at": now_ms}
    if change.name is not UNSET:
        _check_name(tx, account_id, group_id, change.name)
        values["name"] = change.name
    if change.auto_update is not UNSET:
        values |= _keywords(change.auto_update)
    others = [other for other in (change.add_from, change.remove_from) if other is not None]
    _check_known(tx, account_id, [*change.add_children, *others])
    work = bring(tx, account_id, group_id, asked, holder).work
    _adopt(tx, group_id, change.add_children)
    _let_go(tx, group_id, change.remove_children)
    mine = (groups.c.account_id == account_id, groups.c.id == group_id)
    tx.run(update(groups).where(*mine).values(**values))
    return Changed(_known(tx, account_id, group_id), work)


def delete_group(tx: Tx, account_id: str, group_id: str, holder: Holder | None = None) -> Deleted | None:
    """Delete a group, also from the groups that it is a child of; None if there is none. Raises UnderChange."""
    if lock_group(tx, account_id, group_id) is None:
        return None
    work = bring(tx, account_id, group_id, EMPTY, holder).work
    tx.run(delete(groups).where(groups.c.account_id == account_id, groups.c.id == group_id))
    tx.run(
        delete(group_children).where((group_children.c.group_id == group_id) | (group_children.c.child_id == group_id))
    )
    return Deleted(work)


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
            put_members(tx, group_id, plain([message.msisdn]))
        elif effect is Membership.ENDS:
            strike(tx, [group_id], message.msisdn)
            mine = (group_members.c.group_id == group_id, group_members.c.msisdn == message.msisdn)
            tx.run(delete(group_members).where(*mine))


def _check_name(tx: Tx, account_id: str, group_id: str, name: str | None) -> None:
    if name is None:
        return
    taken = select(groups.c.id).where(groups.c.account_id == account_id, groups.c.name == name, groups.c.id != group_id)
    if tx.first(taken) is not None:
        raise GroupNameTaken(f"There is a group {name!r} already.", field="name")


def _check_known(tx: Tx, account_id: str, group_ids: Sequence[str]) -> None:
    if strangers := unknown_groups(tx, account_id, group_ids):
        raise UnknownGroup(f"There is no group {strangers[0]} in this account.")


def _adopt(tx: Tx, group_id: str, children: Iterable[str]) -> None:
    links = [_Child(child) for child in sorted(set(children))]
    tx.insert(group_children, links, {"group_id": group_id}, skip_existing=True)


def _let_go(tx: Tx, group_id: str, children: Collection[str]) -> None:
    if children:
        mine = (group_children.c.group_id == group_id, tx.among(group_children.c.child_id, set(children)))
        tx.run(delete(group_children).where(*mine))
