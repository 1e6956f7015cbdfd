"""Groups of recipients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import UNSET

from heliograph.domain.accounts import Account
from heliograph.domain.errors import InvalidField, InvalidOriginator, NotFound
from heliograph.domain.groups import MAX_KEYWORDS, AutoUpdate, Group, GroupChange, GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.lengths import LONGEST_WORD, require_short
from heliograph.domain.words import words_of
from heliograph.engine.engine import Engine
from heliograph.numbers import Check, parse_originator
from heliograph.numbers import InvalidOriginator as NotAnOriginator
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.recipients import parse_msisdns
from heliograph.store.groups import (
    Changed,
    add_group,
    asked_by,
    asked_of,
    change_group,
    delete_group,
    group_by_id,
    members_of,
    page_of_groups,
    replace_group,
)
from heliograph.store.membership import Asked
from heliograph.store.rewriting import change_tags, tags_of
from heliograph.store.tx import Tx
from heliograph.store.works import Holder

T = TypeVar("T")


class Groups:
    """The groups of an account, for its own numbers, keywords and tags.

    Raises NotFound for a group that the account does not have, InvalidRecipient for a member that is not a number,
    UnknownGroup for a child or another group that does not exist, and GroupNameTaken; then nothing is stored. Many
    members come and go some hundred after the other, which others can see and which goes on after a crash; what changes
    the same group meanwhile waits.
    """

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._works = engine.works

    async def create(self, account: Account, draft: GroupDraft, *, check: Check = Check.POSSIBLE) -> Group:
        ruled = await aside(len(draft.members) > MANY_NUMBERS, _ruled, account, draft, check)
        group_id = new_id()
        asked = await aside(len(ruled.members) > MANY_NUMBERS, asked_of, ruled)
        decide = partial(_add, account.id, group_id, ruled, asked)
        return _found(group_id, await self._carried_out(decide, len(ruled.members)))

    async def replace(
        self, account: Account, group_id: str, draft: GroupDraft, *, check: Check = Check.POSSIBLE
    ) -> Group:
        """Make a group what the draft says; what it was is forgotten, except its identifier."""
        ruled = await aside(len(draft.members) > MANY_NUMBERS, _ruled, account, draft, check)
        asked = await aside(len(ruled.members) > MANY_NUMBERS, asked_of, ruled)
        decide = partial(_replace, account.id, group_id, ruled, asked)
        return _found(group_id, await self._carried_out(decide, len(ruled.members)))

    async def change(
        self,
        account: Account,
        group_id: str,
        change: GroupChange,
        *,
        check: Check = Check.POSSIBLE,
        unchanged: Callable[[Group], None] | None = None,
    ) -> Group:
        """Change a group, and return it. Raises what `unchanged` raises, which is shown the group before that."""
        ruled = await aside(len(change.add) + len(change.remove) > MANY_NUMBERS, _ruled_change, account, change, check)
        asked = await self._store.read(asked_by, account.id, ruled)
        decide = partial(_change, account.id, group_id, ruled, asked, unchanged)
        return _found(group_id, await self._carried_out(decide, len(change.add) + len(change.remove)))

    async def delete(self, account: Account, group_id: str) -> None:
        """Delete a group. What is scheduled to it goes on without its members."""
        if await self._works.decided(lambda tx, holder: delete_group(tx, account.id, group_id, holder)) is None:
            raise _no_group(group_id)

    async def _carried_out(self, decide: Callable[[Tx, Holder], Changed | None], rows: int) -> Group | None:
        """Make or change a group, and return it when all its members have come and gone."""
        changed = await self._works.decided(decide, rows=rows)
        if changed is None or changed.work is None:
            return None if changed is None else changed.group
        return await self._store.read(group_by_id, changed.group.account_id, changed.group.id) or changed.group

    async def get(self, account: Account, group_id: str) -> Group:
        return _found(group_id, await self._store.read(group_by_id, account.id, group_id))

    async def members(self, account: Account, group_id: str) -> list[str]:
        """List a group's own members, sorted; not those of its children."""
        return _found(group_id, await self._store.read(_members, account.id, group_id))

    async def page(
        self,
        account: Account,
        tags: Collection[str] = (),
        *,
        limit: int,
        offset: int = 0,
        before: str | None = None,
    ) -> tuple[list[Group], int]:
        """Read a page of groups with one of `tags`, newest first, and how many are on all pages, both of one moment."""
        return await self._store.read(page_of_groups, account.id, tags, limit=limit, offset=offset, before=before)

    async def tags(self, account: Account, group_id: str) -> list[str]:
        return _found(group_id, await self._store.read(tags_of, "groups", account.id, group_id))

    async def change_tags(
        self, account: Account, group_id: str, edit: Callable[[list[str]], Sequence[str]]
    ) -> list[str]:
        """Change the tags to what `edit` makes of them, and return these."""
        return _found(group_id, await self._store.write(change_tags, "groups", account.id, group_id, edit, now_ms()))


def _add(account_id: str, group_id: str, draft: GroupDraft, asked: Asked, tx: Tx, holder: Holder) -> Changed | None:
    return add_group(tx, account_id, group_id, draft, now_ms(), holder, asked)


def _replace(account_id: str, group_id: str, draft: GroupDraft, asked: Asked, tx: Tx, holder: Holder) -> Changed | None:
    return replace_group(tx, account_id, group_id, draft, now_ms(), holder, asked)


def _change(
    account_id: str,
    group_id: str,
    change: GroupChange,
    asked: Asked,
    unchanged: Callable[[Group], None] | None,
    tx: Tx,
    holder: Holder,
) -> Changed | None:
    return change_group(tx, account_id, group_id, change, asked, now_ms(), holder, unchanged)


def _found(group_id: str, value: T | None) -> T:
    if value is None:
        raise _no_group(group_id)
    return value


def _no_group(group_id: str) -> NotFound:
    return NotFound(f"There is no group {group_id} in this account.")


def _members(tx: Tx, account_id: str, group_id: str) -> list[str] | None:
    return None if group_by_id(tx, account_id, group_id) is None else members_of(tx, account_id, group_id)


def _ruled(account: Account, draft: GroupDraft, check: Check) -> GroupDraft:
    require_short([draft.name], "name")
    require_short(draft.tags, "tags")
    return msgspec.structs.replace(
        draft,
        members=parse_msisdns(draft.members, account.default_region, check, field="members"),
        tags=list(dict.fromkeys(draft.tags)),
        auto_update=_auto_update(draft.auto_update),
    )


def _ruled_change(account: Account, change: GroupChange, check: Check) -> GroupChange:
    require_short([change.name or None], "name")
    region = account.default_region
    return msgspec.structs.replace(
        change,
        add=parse_msisdns(change.add, region, check, field="add"),
        remove=parse_msisdns(change.remove, region, check, field="remove"),
        auto_update=UNSET if change.auto_update is UNSET else _auto_update(change.auto_update),
    )


def _auto_update(wanted: AutoUpdate | None) -> AutoUpdate | None:
    if wanted is None:
        return None
    try:
        to = parse_originator(wanted.to).value
    except NotAnOriginator as error:
        raise InvalidOriginator(f"{wanted.to!r} can't be written to: {error.reason}.", field="auto_update") from error
    for words in (wanted.add, wanted.remove):
        _check_keywords(words)
    return msgspec.structs.replace(wanted, to=to)


def _check_keywords(words: Sequence[str]) -> None:
    """Check that each keyword is one word, as an inbound text is read. Raises InvalidField."""
    require_short(words, "auto_update", LONGEST_WORD)
    if len(words) > MAX_KEYWORDS or not all(len(list(words_of(word))) == 1 for word in words):
        raise InvalidField(f"There are at most {MAX_KEYWORDS} keywords, each one word.", field="auto_update")
