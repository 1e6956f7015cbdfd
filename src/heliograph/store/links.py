"""Short addresses and their hits in the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec
from sqlalchemy import BigInteger, delete, func, literal_column, select, update

from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import EventKind
from heliograph.domain.errors import NameTaken
from heliograph.domain.ids import earliest_at, following, new_id
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.links import Click, Hit, Link, LinkKind, Tracked
from heliograph.store.listeners import tell
from heliograph.store.numbering import take_number, take_numbers
from heliograph.store.schema import batches, hits, link_tokens, links
from heliograph.store.tx import Row, Tx, columns

HOUR_MS = 3_600_000
DROPPED_AT_ONCE = 100
"""Recipients whose short addresses are deleted in one transaction."""


class _LinkRow(Row, frozen=True):
    id: str
    account_id: str
    kind: str
    number: int
    name: str
    target: str
    media_type: str | None
    size: int | None
    hits: int
    created_at: int
    passes_query: int


class _HitRow(Row, frozen=True):
    id: str
    account_id: str
    link_id: str
    number: int
    at: int
    user_agent: str | None
    address: str | None
    language: str | None
    referrer: str | None
    msisdn: str | None
    batch_id: str | None
    preview: int


class _HitOfTarget(_HitRow, frozen=True):
    target: str


class _Count(Row, frozen=True):
    id: str
    hits: int


_COLUMNS = columns(_LinkRow, links)
_HIT_COLUMNS = columns(_HitRow, hits)


def _link(row: _LinkRow) -> Link:
    values = msgspec.structs.asdict(row) | {"kind": LinkKind(row.kind), "created_at": from_ms(row.created_at)}
    return Link(**values | {"passes_query": bool(row.passes_query)})


def add_link(tx: Tx, link: Link) -> Link | None:
    """Store a link under the account's next number, which is its name if it has none; None if its identifier is taken.

    Raises NameTaken before anything is written.
    """
    numbered = msgspec.structs.replace(link, number=take_number(tx, link.account_id, f"{link.kind}s"))
    if not numbered.name:
        numbered = msgspec.structs.replace(numbered, name=f"{link.kind.value.capitalize()} {numbered.number}")
    _check_name(tx, numbered)
    values = msgspec.structs.asdict(numbered) | {
        "kind": link.kind.value,
        "created_at": to_ms(link.created_at),
        "passes_query": int(link.passes_query),
    }
    added = tx.insert(links, [_LinkRow(**values)], skip_existing=True)
    return numbered if added else None


def _check_name(tx: Tx, link: Link) -> None:
    taken = select(links.c.id).where(
        links.c.account_id == link.account_id,
        links.c.kind == link.kind.value,
        links.c.name == link.name,
        links.c.id != link.id,
    )
    if tx.first(taken) is not None:
        raise NameTaken(f"There is a {link.kind} {link.name!r} already.", field="name")


def change_link(tx: Tx, account_id: str, link_id: str, edit: Callable[[Link], Link]) -> Link | None:
    """Make what `edit` does of a shortlink, and return it; None if the account has no such one.

    Raises NameTaken, and what `edit` raises.
    """
    mine = (links.c.account_id == account_id, links.c.id == link_id, links.c.kind == LinkKind.SHORTLINK.value)
    row = tx.one(_LinkRow, select(*_COLUMNS).where(*mine).with_for_update())
    if row is None:
        return None
    after = edit(_link(row))
    _check_name(tx, after)
    values = {"name": after.name, "target": after.target, "passes_query": int(after.passes_query)}
    tx.run(update(links).where(*mine).values(**values))
    return after


def delete_link(tx: Tx, account_id: str, kind: LinkKind, link_id: str) -> Link | None:
    """Delete a link with its hits, and return it; None if there is none."""
    found = link_by_id(tx, account_id, kind, link_id)
    if found is None:
        return None
    tx.run(delete(links).where(links.c.account_id == account_id, links.c.id == link_id))
    tx.run(delete(link_tokens).where(link_tokens.c.account_id == account_id, link_tokens.c.link_id == link_id))
    tx.run(delete(hits).where(hits.c.account_id == account_id, hits.c.link_id == link_id))
    return found


def link_by_id(tx: Tx, account_id: str, kind: LinkKind, link_id: str) -> Link | None:
    row = tx.one(
        _LinkRow,
        select(*_COLUMNS).where(links.c.account_id == account_id, links.c.kind == kind.value, links.c.id == link_id),
    )
    return None if row is None else _link(row)


def kinds_of_links(tx: Tx, account_id: str, link_ids: Collection[str]) -> dict[str, LinkKind]:
    """Find which of these links an account has, and what each is."""
    query = select(links.c.id, links.c.kind).where(links.c.account_id == account_id, tx.among(links.c.id, link_ids))
    return {link_id: LinkKind(kind) for link_id, kind in tx.rows(query)}


def links_of(
    tx: Tx, account_id: str, kind: LinkKind, *, limit: int | None = None, before: int | None = None
) -> list[Link]:
    """List links of a kind that an account has, newest first: all, or a page of those with numbers below `before`."""
    query = select(*_COLUMNS).where(links.c.account_id == account_id, links.c.kind == kind.value)
    if before is not None:
        query = query.where(links.c.number < before)
    return [_link(row) for row in tx.all(_LinkRow, query.order_by(links.c.number.desc()).limit(limit))]


def any_link(tx: Tx, link_id: str) -> Link | None:
    """Find a link. Spans accounts: its identifier is all that the recipient of a short address has."""
    row = tx.one(_LinkRow, select(*_COLUMNS).where(links.c.id == link_id))
    return None if row is None else _link(row)


def any_file(tx: Tx, key: str) -> Link | None:
    """Find the attachment that is stored under a key. Spans accounts: keys can't be guessed."""
    row = tx.one(_LinkRow, select(*_COLUMNS).where(links.c.kind == LinkKind.ATTACHMENT.value, links.c.target == key))
    return None if row is None else _link(row)


def add_tokens(tx: Tx, batch: Batch, tracked: Sequence[Tracked]) -> None:
    """Store the short addresses that were made for a batch's recipients, with the batch or before it."""
    constants = {"account_id": batch.account_id, "batch_id": batch.id}
    tx.insert(link_tokens, tracked, constants, skip_existing=True)


def drop_tokens(tx: Tx, batch: Batch) -> int:
    """Delete some of the short addresses of a batch that was not stored after all; return how many, 0 for no more."""
    mine = (link_tokens.c.account_id == batch.account_id, link_tokens.c.batch_id == batch.id)
    if tx.first(select(batches.c.id).where(batches.c.account_id == batch.account_id, batches.c.id == batch.id)):
        return 0
    some = tx.column(select(link_tokens.c.msisdn).where(*mine).distinct().limit(DROPPED_AT_ONCE))
    return tx.run(delete(link_tokens).where(*mine, tx.among(link_tokens.c.msisdn, some)))


def record_hits(tx: Tx, clicks: Sequence[Click]) -> int:
    """Store hits of links that exist, count those of people on their links, tell of them who is to be told, and return
    how many there are.

    Spans accounts.
    """
    query = select(links.c.id, links.c.account_id, links.c.kind)
    query = query.where(tx.among(links.c.id, {click.link_id for click in clicks})).order_by(links.c.id)
    found = {link_id: (account_id, LinkKind(kind)) for link_id, account_id, kind in tx.rows(query.with_for_update())}
    known = _whose(tx, found, {click.token for click in clicks if click.token})
    stored = [click for click in clicks if click.link_id in found]
    by_account: dict[str, list[tuple[Click, str]]] = {}
    for click, hit_id in zip(stored, following(new_id(), len(stored)), strict=True):
        by_account.setdefault(found[click.link_id][0], []).append((click, hit_id))
    for account_id, those in sorted(by_account.items()):
        numbers = take_numbers(tx, account_id, "hits", len(those))
        rows = [
            _hit_row(account_id, hit_id, number, click, *known.get((click.link_id, click.token or ""), (None, None)))
            for number, (click, hit_id) in zip(numbers, those, strict=True)
        ]
        tx.insert(hits, rows)
        told: dict[LinkKind, list[str]] = {}
        for row in (each for each in rows if not each.preview):
            told.setdefault(found[row.link_id][1], []).append(row.id)
        for kind, hit_ids in told.items():
            tell(tx, account_id, _EVENTS[kind], "", hit_ids, rows[-1].at)
    _count(tx, stored)
    return len(stored)


def _hit_row(
    account_id: str, hit_id: str, number: int, click: Click, msisdn: str | None, batch_id: str | None
) -> _HitRow:
    return _HitRow(
        id=hit_id,
        account_id=account_id,
        link_id=click.link_id,
        number=number,
        at=click.at_ms,
        user_agent=click.user_agent,
        address=click.address,
        language=click.language,
        referrer=click.referrer,
        msisdn=msisdn,
        batch_id=batch_id,
        preview=int(click.preview),
    )


_EVENTS = {LinkKind.SHORTLINK: EventKind.LINK_HIT, LinkKind.ATTACHMENT: EventKind.ATTACHMENT_HIT}


def _whose(tx: Tx, link_ids: Iterable[str], tokens: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    if not tokens:
        return {}
    rows = tx.rows(
        select(link_tokens.c.link_id, link_tokens.c.token, link_tokens.c.msisdn, link_tokens.c.batch_id).where(
            tx.among(link_tokens.c.link_id, link_ids), tx.among(link_tokens.c.token, tokens)
        )
    )
    return {(link_id, token): (msisdn, batch_id) for link_id, token, msisdn, batch_id in rows}


def _count(tx: Tx, stored: Sequence[Click]) -> None:
    more: dict[str, int] = {}
    for click in (each for each in stored if not each.preview):
        more[click.link_id] = more.get(click.link_id, 0) + 1
    before = tx.all(_Count, select(*columns(_Count, links)).where(tx.among(links.c.id, more)))
    tx.update(links, [_Count(each.id, each.hits + more[each.id]) for each in before])


def _hit(row: _HitRow) -> Hit:
    return Hit(
        id=row.id,
        account_id=row.account_id,
        link_id=row.link_id,
        number=row.number,
        at=from_ms(row.at),
        user_agent=row.user_agent,
        address=row.address,
        language=row.language,
        referrer=row.referrer,
        msisdn=row.msisdn,
        batch_id=row.batch_id,
        preview=bool(row.preview),
    )


def hits_of(
    tx: Tx,
    account_id: str,
    link_id: str,
    *,
    limit: int,
    before: str | None = None,
    after: str | None = None,
    people_only: bool = False,
) -> list[Hit]:
    """List a page of a link's hits, newest first: what is older than `before`, or what is next newer than `after`."""
    query = select(*_HIT_COLUMNS).where(hits.c.account_id == account_id, hits.c.link_id == link_id)
    if people_only:
        query = query.where(hits.c.preview == 0)
    if after is not None:
        rows = tx.all(_HitRow, query.where(hits.c.id > after).order_by(hits.c.id).limit(limit))
        return [_hit(row) for row in reversed(rows)]
    if before is not None:
        query = query.where(hits.c.id < before)
    return [_hit(row) for row in tx.all(_HitRow, query.order_by(hits.c.id.desc()).limit(limit))]


class HitsOfAnHour(Row, frozen=True):
    """How often people followed a link in one hour."""

    hour: int
    """Hours since 1970."""
    count: int


def hits_by_hour(tx: Tx, account_id: str, link_id: str, since_ms: int) -> list[HitsOfAnHour]:
    """Count the hits of people on a link since `since_ms`, by hour; hours without any are left out."""
    hour = (hits.c.at // literal_column(str(HOUR_MS), BigInteger)).label("hour")
    query = select(hour, func.count().label("count")).where(
        hits.c.account_id == account_id,
        hits.c.link_id == link_id,
        hits.c.id >= earliest_at(since_ms),
        hits.c.preview == 0,
    )
    return tx.all(HitsOfAnHour, query.group_by(hour).order_by(hour))


def hits_by_ids(tx: Tx, account_id: str, hit_ids: Sequence[str]) -> list[tuple[Hit, str]]:
    """Find hits by their identifiers, each with what its link leads to, in the order of the identifiers."""
    rows = tx.all(
        _HitOfTarget,
        select(*columns(_HitOfTarget, hits, links))
        .join_from(hits, links, links.c.id == hits.c.link_id)
        .where(hits.c.account_id == account_id, tx.among(hits.c.id, hit_ids))
        .order_by(hits.c.id),
    )
    return [(_hit(row), row.target) for row in rows]
