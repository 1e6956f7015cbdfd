"""The index of texts: which batches of an account have a word.

What it costs, and whom. A row for each word of each text is several times what a message itself writes, so nothing of
it is written when a message is accepted, and nothing at all for an account that never looks for words. The first search
notes the account (`text_indexes`); from then on a job (`engine/indexing.py`) goes along its batches, oldest first, some
hundreds at a time, and keeps a minute behind what is accepted: an identifier is made before its batch is committed.
What is not indexed yet is looked through by the search itself (`store/searching.py`). An account that has not searched
for `KEPT_UP_MS` is left where it is, until it does.

What is in it. A word is there as a hash of 64 bits, made of the account and the word, so that a row is small and never
another account's; who searches reads the texts that it names, and so sees what only looks alike.

What is forgotten leaves it. Whoever changes or deletes a text has `forget_words` take its words out first, in the same
transaction, and `learn_words` put in those of a text that is there afterwards. Both, and the job, hold the rows of the
batches, so the job never puts in words of a text that is being deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import delete, select, tuple_, update

from heliograph.domain.batches import BodyKind
from heliograph.domain.ids import earliest_at
from heliograph.domain.searching import words_of
from heliograph.store.schema import batches, text_indexes, text_words
from heliograph.store.tx import Row, Tx, columns

AT_ONCE = 200
"""How many batches one step indexes: some milliseconds of writing."""
BEHIND_MS = 60_000
"""How far the index stays behind: no batch is committed later than this after its identifier was made."""
LOOK_AGAIN_MS = 15_000
KEPT_UP_MS = 30 * 24 * 3_600_000
_NOTED_EVERY_MS = 24 * 3_600_000


class TextIndex(Row, frozen=True):
    """How far the texts of an account are indexed. Instants are milliseconds since 1970."""

    account_id: str
    after: str
    searched_at: int
    next_at: int


class Step(NamedTuple):
    """What is to be indexed next."""

    found: Mapping[str, tuple[str, Sequence[int]]]
    """The texts of the batches, and their words as they are stored."""
    after: str
    """Where the index stands then."""
    is_last: bool


class _Text(Row, frozen=True):
    id: str
    account_id: str
    kind: str
    body: str


class _Word(Row, frozen=True):
    word: int
    batch_id: str


def stored_as(account_id: str, words: Iterable[str]) -> list[int]:
    """Return what the words of an account are stored as."""
    mine = blake2b(account_id.encode(), digest_size=8)
    out = []
    for word in words:
        digest = mine.copy()
        digest.update(b"\0" + word.encode())
        out.append(int.from_bytes(digest.digest(), signed=True))
    return out


def note_search(tx: Tx, account_id: str, now_ms: int) -> None:
    """Note that an account looks for words, so that its texts are indexed from now on."""
    if not tx.insert(text_indexes, [TextIndex(account_id, "", now_ms, now_ms)], skip_existing=True):
        mine = (text_indexes.c.account_id == account_id, text_indexes.c.searched_at < now_ms - _NOTED_EVERY_MS)
        tx.run(update(text_indexes).where(*mine).values(searched_at=now_ms))


def index_of(tx: Tx, account_id: str) -> TextIndex | None:
    """Say how far the texts of an account are indexed; None if it has never looked for words."""
    mine = text_indexes.c.account_id == account_id
    return tx.one(TextIndex, select(*columns(TextIndex, text_indexes)).where(mine))


def is_noted(index: TextIndex | None, now_ms: int) -> bool:
    """Say whether a search at this moment need not be noted."""
    return index is not None and index.searched_at >= now_ms - _NOTED_EVERY_MS


def next_index(tx: Tx, now_ms: int) -> TextIndex | None:
    """Return the index whose turn is next, which may be still to come; None if nobody searches. Spans accounts."""
    query = select(*columns(TextIndex, text_indexes)).where(text_indexes.c.searched_at > now_ms - KEPT_UP_MS)
    return tx.one(TextIndex, query.order_by(text_indexes.c.next_at).limit(1))


def look(tx: Tx, index: TextIndex, now_ms: int) -> Step:
    """Find out what is to be indexed next of an account."""
    until = earliest_at(now_ms - BEHIND_MS)
    query = select(*columns(_Text, batches)).where(batches.c.account_id == index.account_id)
    query = query.where(batches.c.id > index.after, batches.c.id < until)
    found = tx.all(_Text, query.order_by(batches.c.id).limit(AT_ONCE))
    texts = {each.id: (each.body, _words(each)) for each in found}
    if len(found) == AT_ONCE:
        return Step(texts, found[-1].id, is_last=False)
    return Step(texts, max(until, index.after), is_last=True)


def _words(text: _Text) -> Sequence[int]:
    return stored_as(text.account_id, words_of(text.body)) if text.kind == BodyKind.TEXT else ()


def take(tx: Tx, index: TextIndex, step: Step, now_ms: int) -> int | None:
    """Put what was found into the index, and return how many batches; None if another process was quicker."""
    mine = text_indexes.c.account_id == index.account_id
    if tx.value(select(text_indexes.c.after).where(mine).with_for_update()) != index.after:
        return None
    query = select(*columns(_Text, batches)).where(batches.c.account_id == index.account_id)
    query = query.where(tx.among(batches.c.id, step.found)).order_by(batches.c.id)
    rows = []
    for each in tx.all(_Text, query.with_for_update(read=True)):
        body, words = step.found[each.id]
        rows += [_Word(word, each.id) for word in (words if each.body == body else _words(each))]
    tx.insert(text_words, rows, skip_existing=True)
    values = {"after": step.after, "next_at": now_ms + (LOOK_AGAIN_MS if step.is_last else 0)}
    tx.run(update(text_indexes).where(mine).values(**values))
    return len(step.found)


def forget_words(tx: Tx, batch_ids: Iterable[str]) -> None:
    """Take the words of batches out of the index, before their texts are changed or deleted. Spans accounts."""
    texts = _held(tx, batch_ids)
    if texts:
        words = [(word, each.id) for each in texts for word in _words(each)]
        for begin in range(0, len(words), _DELETED_AT_ONCE):
            some = words[begin : begin + _DELETED_AT_ONCE]
            tx.run(delete(text_words).where(tuple_(text_words.c.word, text_words.c.batch_id).in_(some)))


_DELETED_AT_ONCE = 1_000


def learn_words(tx: Tx, batch_ids: Iterable[str]) -> None:
    """Put the words of batches into the index, after their texts were changed. Spans accounts."""
    tx.insert(text_words, [_Word(word, each.id) for each in _held(tx, batch_ids) for word in _words(each)])


def learn_new(tx: Tx, account_id: str, batch_id: str, body: str) -> None:
    """Put a text into the index, if its account has one, whose identifier is older than it."""
    if index_of(tx, account_id) is not None:
        words = stored_as(account_id, words_of(body))
        tx.insert(text_words, [_Word(word, batch_id) for word in words], skip_existing=True)


def _held(tx: Tx, batch_ids: Iterable[str]) -> list[_Text]:
    """Lock those of the batches whose account has an index, and return their texts. Spans accounts."""
    is_indexed = batches.c.account_id.in_(select(text_indexes.c.account_id))
    query = select(*columns(_Text, batches)).where(tx.among(batches.c.id, batch_ids), is_indexed)
    return tx.all(_Text, query.order_by(batches.c.id).with_for_update())
