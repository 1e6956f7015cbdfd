"""Messages whose text has some words, newest first.

How it works. Words are those of batches, so batches are looked for, newest first, and then their messages. What is not
indexed yet, the newest, is looked through text by text; behind it the index (`store/indexing.py`) has the batches of
each word in order, of which those of the rarest are gone along and looked up under the others. Each text that is found
is read, and counts only if it has the words.

One page looks at `MOST_ROWS` texts or messages. If that is not enough it may be short, or empty, and says where to go
on (`store/stretches.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, and_, case, func, literal, select, true, union_all

from heliograph.domain.batches import BodyKind
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import earliest_at, is_id, last_following
from heliograph.domain.instants import to_ms
from heliograph.domain.listing import Listed
from heliograph.domain.messages import Message
from heliograph.domain.searching import Sought
from heliograph.store.indexing import index_of, stored_as
from heliograph.store.messages import by_walking, messages_among, messages_of
from heliograph.store.schema import batches, messages, text_words
from heliograph.store.stretches import exactly
from heliograph.store.tx import Row, Tx, columns

FIRST_ROWS = 200
ROWS = 2_000
"""How many texts each further step looks at."""
MOST_ROWS = 20_000
"""How many texts and messages one page looks at."""
_LARGE = 1_000
"""Messages of batches that are read together; a batch that has more is gone along by itself."""
_COUNTED = 1_000
"""How many batches of a word are counted to find the rarest."""
_PREFIX = 21
"""Characters that the identifiers of a batch and its messages have in common."""


class _Found(Row, frozen=True):
    id: str
    size: int
    body: str | None


class _Step(NamedTuple):
    """Some texts that were looked at, the newest first."""

    found: Sequence[_Found]
    """The batches among them that have the words."""
    rows: int
    last: str | None
    """The last one that was looked at; None if there are no more."""


def search_messages(
    tx: Tx, account_id: str, wanted: MessageFilter, *, limit: int, before: str | None = None
) -> Listed[Message]:
    """List a page of the messages whose text has all the words that a filter names, of what is older than `before`.

    It has more to look at if `next` is not None, though it may be short. A text without a word is in no message.
    """
    sought = Sought.in_(wanted.text)
    rest = msgspec.structs.replace(wanted, text="")
    if not sought.words:
        return Listed([], None)
    if rest.msisdns:
        return _of_numbers(tx, account_id, sought, rest, limit, before)
    found: list[Message] = []
    looked_at = 0
    for step in _steps(tx, account_id, sought, rest, before):
        looked_at += step.rows
        for group in _groups(step.found):
            if group[0].size > _LARGE:
                mine = msgspec.structs.replace(rest, batch_id=group[0].id)
                page = by_walking(tx, account_id, mine, limit=max(limit - len(found), 1), before=before)
                found += page.items
                if page.next is not None and len(found) <= limit:
                    return Listed(found, page.next)
            else:
                ids = _messages_of(tx, account_id, [each.id for each in group])
                found += messages_among(tx, account_id, rest, ids, limit=limit + 1 - len(found), before=before)
            looked_at += sum(each.size for each in group)
            if len(found) > limit:
                return exactly(found, limit)
            if looked_at >= MOST_ROWS:
                return Listed(found, group[-1].id)
        if step.last is not None and looked_at >= MOST_ROWS:
            return Listed(found, step.last)
    return exactly(found, limit)


def _of_numbers(
    tx: Tx, account_id: str, sought: Sought, rest: MessageFilter, limit: int, before: str | None
) -> Listed[Message]:
    """Go along the messages to some numbers, which an index has."""
    found: list[Message] = []
    for rows in _sizes():
        page = messages_of(tx, account_id, rest, limit=rows, before=before)
        found += [each for each in page if sought.are_in(each.text)]
        if len(found) > limit or len(page) < rows:
            return exactly(found, limit)
        before = page[-1].id
    return exactly(found, limit) if before is None else Listed(found, before)


def _sizes() -> Iterator[int]:
    yield FIRST_ROWS
    looked_at = FIRST_ROWS
    while looked_at < MOST_ROWS:
        looked_at += ROWS
        yield ROWS


def _groups(found: Sequence[_Found]) -> Iterator[list[_Found]]:
    """Cut batches into some that are read together, and large ones that are read alone."""
    group: list[_Found] = []
    for each in found:
        if group and sum(one.size for one in group) + each.size > _LARGE:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _messages_of(tx: Tx, account_id: str, batch_ids: Sequence[str]) -> list[str]:
    """List the messages of some small batches."""
    last = func.substr(batches.c.id, 1, _PREFIX).concat("Z" * (26 - _PREFIX))
    # By ranges of identifiers alone: with anything else to go by, an engine may read all messages of the account.
    of_one = and_(messages.c.id > batches.c.id, messages.c.id <= last)
    query = select(messages.c.id).select_from(batches.join(messages, of_one))
    return tx.column(query.where(batches.c.account_id == account_id, tx.among(batches.c.id, batch_ids)))


def _steps(tx: Tx, account_id: str, sought: Sought, rest: MessageFilter, before: str | None) -> Iterator[_Step]:
    """Look at texts, newest first, a step at a time."""
    index = index_of(tx, account_id)
    indexed = "" if index is None else index.after
    if rest.batch_id is not None:
        if is_id(rest.batch_id) and (before is None or rest.batch_id < before):
            yield _looked_through(sought, tx.all(_Found, _texts(account_id).where(batches.c.id == rest.batch_id)))
        return
    oldest = "" if rest.since is None else earliest_at(to_ms(rest.since))
    older = before
    if rest.until is not None:
        until = earliest_at(to_ms(rest.until))
        older = until if older is None else min(older, until)
    for rows in _sizes():
        step = _unindexed(tx, account_id, sought, max(indexed, oldest), older, rows)
        yield step
        if step.last is None:
            break
        older = step.last
    else:
        return
    if indexed:
        newest = last_following(indexed)
        yield from _indexed(tx, account_id, sought, oldest, newest if older is None else min(older, newest))


def _texts(account_id: str) -> Select[Any]:
    is_text = case((batches.c.kind == BodyKind.TEXT.value, batches.c.body))
    return select(*columns(_Found, batches, size=batches.c.recipient_count, body=is_text)).where(
        batches.c.account_id == account_id
    )


def _looked_through(sought: Sought, texts: Sequence[_Found]) -> _Step:
    return _Step([each for each in texts if sought.are_in(each.body)], len(texts), None)


def _unindexed(tx: Tx, account_id: str, sought: Sought, after: str, older: str | None, rows: int) -> _Step:
    """Look through the newest texts that are not indexed yet, or through all if none are."""
    query = _texts(account_id).where(batches.c.id > after)
    if older is not None:
        query = query.where(batches.c.id < older)
    with tx.in_index_order():
        texts = tx.all(_Found, query.order_by(batches.c.id.desc()).limit(rows))
    step = _looked_through(sought, texts)
    return step if len(texts) < rows else step._replace(last=texts[-1].id)


def _indexed(tx: Tx, account_id: str, sought: Sought, oldest: str, older: str) -> Iterator[_Step]:
    """Go along the batches that have the rarest of the words."""
    other = text_words.alias("other")
    rarest, *others = _rarest_first(tx, stored_as(account_id, sought.words))
    for rows in _sizes():
        mine = (text_words.c.word == rarest, text_words.c.batch_id < older, text_words.c.batch_id >= oldest)
        some = select(text_words.c.batch_id).where(*mine).order_by(text_words.c.batch_id.desc()).limit(rows).subquery()
        # Each looked for by its key: of an EXISTS, PostgreSQL may make a hash of all batches that have the word.
        also = [
            select(other.c.word).where(other.c.word == word, other.c.batch_id == some.c.batch_id).limit(1)
            for word in others
        ]
        has_all = and_(true(), *(each.scalar_subquery().is_not(None) for each in also))
        texts = select(
            some.c.batch_id.label("id"),
            func.coalesce(batches.c.recipient_count, 0).label("size"),
            case((and_(batches.c.kind == BodyKind.TEXT.value, has_all), batches.c.body)).label("body"),
        )
        is_mine = and_(batches.c.id == some.c.batch_id, batches.c.account_id == account_id)
        looked = tx.all(_Found, texts.select_from(some.outerjoin(batches, is_mine)).order_by(some.c.batch_id.desc()))
        step = _looked_through(sought, looked)
        if len(looked) < rows:
            yield step
            return
        yield step._replace(last=looked[-1].id)
        older = looked[-1].id


def _rarest_first(tx: Tx, words: Sequence[int]) -> list[int]:
    """Put the words in the order of how many batches have them, as far as these are counted."""
    if len(words) == 1:
        return list(words)
    counts = [
        select(literal(word).label("word"), func.count().label("count")).select_from(
            select(text_words.c.word).where(text_words.c.word == word).limit(_COUNTED).subquery()
        )
        for word in words
    ]
    found = tx.pairs(union_all(*counts))  # type: ignore[arg-type]
    return sorted(words, key=lambda word: found[word])
