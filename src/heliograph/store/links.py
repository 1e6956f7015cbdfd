"""Short addresses and their hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select, update

from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import EventKind
from heliograph.domain.errors import NameTaken
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.links import Click, Hit, Link, LinkKind, Tracked
from heliograph.store.listeners import tell
from heliograph.store.numbering import take_number, take_numbers
from heliograph.store.schema import hits, link_tokens, links
from heliograph.store.tx import Tx, Values

_NAMES = tuple(column.name for column in links.c)
_HIT_NAMES = tuple(column.name for column in hits.c)


def _link(row: Sequence[Any]) -> Link:
    values = dict(zip(_NAMES, row, strict=True))
    return Link(**values | {"kind": LinkKind(values["kind"]), "created_at": from_ms(values["created_at"])})


def add_link(tx: Tx, link: Link) -> Link | None:
    """Stores it under the account's next number, which is its name if it has none; None if the identifier is taken.

    NameTaken before anything is written.
    """
    numbered = msgspec.structs.replace(link, number=take_number(tx, link.account_id, f"{link.kind}s"))
    if not numbered.name:
        numbered = msgspec.structs.replace(numbered, name=f"{link.kind.value.capitalize()} {numbered.number}")
    _check_name(tx, numbered)
    values = msgspec.structs.asdict(numbered) | {
        "kind": link.kind.value,
        "created_at": to_ms(link.created_at),
    }
    added = tx.insert(links, _NAMES, [tuple(values[name] for name in _NAMES)], skip_existing=True)
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


def change_link(tx: Tx, account_id: str, link_id: str, name: str | None, target: str | None) -> Link | None:
    """None if the account has no such shortlink. NameTaken."""
    before = link_by_id(tx, account_id, LinkKind.SHORTLINK, link_id)
    if before is None:
        return None
    after = msgspec.structs.replace(before, name=name or before.name, target=target or before.target)
    _check_name(tx, after)
    mine = (links.c.account_id == account_id, links.c.id == link_id)
    tx.run(update(links).where(*mine).values(name=after.name, target=after.target))
    return after


def delete_link(tx: Tx, account_id: str, kind: LinkKind, link_id: str) -> Link | None:
    """With its hits; the link that was deleted, None if there was none."""
    found = link_by_id(tx, account_id, kind, link_id)
    if found is None:
        return None
    tx.run(delete(links).where(links.c.account_id == account_id, links.c.id == link_id))
    tx.run(delete(link_tokens).where(link_tokens.c.account_id == account_id, link_tokens.c.link_id == link_id))
    tx.run(delete(hits).where(hits.c.account_id == account_id, hits.c.link_id == link_id))
    return found


def link_by_id(tx: Tx, account_id: str, kind: LinkKind, link_id: str) -> Link | None:
    row = tx.first(
        select(*links.c).where(links.c.account_id == account_id, links.c.kind == kind.value, links.c.id == link_id)
    )
    return None if row is None else _link(row)


def kinds_of_links(tx: Tx, account_id: str, link_ids: Collection[str]) -> dict[str, LinkKind]:
    """Find which of these links an account has, and what each is."""
    query = select(links.c.id, links.c.kind).where(links.c.account_id == account_id, tx.among(links.c.id, link_ids))
    return {link_id: LinkKind(kind) for link_id, kind in tx.rows(query)}


def links_of(tx: Tx, account_id: str, kind: LinkKind) -> list[Link]:
    """All of them, newest first."""
    query = select(*links.c).where(links.c.account_id == account_id, links.c.kind == kind.value)
    return [_link(row) for row in tx.rows(query.order_by(links.c.number.desc()))]


def any_link(tx: Tx, link_id: str) -> Link | None:
    """Spans accounts: this is what somebody has who was sent a short address."""
    row = tx.first(select(*links.c).where(links.c.id == link_id))
    return None if row is None else _link(row)


def any_file(tx: Tx, key: str) -> Link | None:
    """The attachment that is kept under a key. Spans accounts: keys can't be guessed."""
    row = tx.first(select(*links.c).where(links.c.kind == LinkKind.ATTACHMENT.value, links.c.target == key))
    return None if row is None else _link(row)


def add_tokens(tx: Tx, batch: Batch, tracked: Sequence[Tracked]) -> None:
    """The addresses that a batch's recipients get."""
    constants = {"account_id": batch.account_id, "batch_id": batch.id}
    tx.insert(link_tokens, Tracked._fields, tracked, constants, skip_existing=True)


def record_hits(tx: Tx, clicks: Sequence[Click]) -> int:
    """Stores hits of links that are there, counts them, and tells who is to be told; how many. Spans accounts."""
    found = {
        row[0]: (row[1], LinkKind(row[2]))
        for row in tx.rows(
            select(links.c.id, links.c.account_id, links.c.kind)
            .where(tx.among(links.c.id, {click.link_id for click in clicks}))
            .order_by(links.c.id)
            .with_for_update()
        )
    }
    known = _whose(tx, found, {click.token for click in clicks if click.token})
    stored = [click for click in clicks if click.link_id in found]
    by_account: dict[str, list[Click]] = {}
    for click in stored:
        by_account.setdefault(found[click.link_id][0], []).append(click)
    ids = following(new_id(), len(stored))
    place = 0
    for account_id, those in sorted(by_account.items()):
        numbers = take_numbers(tx, account_id, "hits", len(those))
        rows: list[Values] = []
        told: dict[LinkKind, list[str]] = {}
        for number, click in zip(numbers, those, strict=True):
            link_id, token, at_ms, user_agent, address, language, referrer = click
            msisdn, batch_id = known.get((link_id, token or ""), (None, None))
            hit_id = ids[place]
            place += 1
            rows.append((hit_id, link_id, number, at_ms, user_agent, address, language, referrer, msisdn, batch_id))
            told.setdefault(found[link_id][1], []).append(hit_id)
        columns = tuple(name for name in _HIT_NAMES if name != "account_id")
        tx.insert(hits, columns, rows, {"account_id": account_id})
        for kind, hit_ids in told.items():
            tell(tx, account_id, _EVENTS[kind], "", hit_ids, those[-1].at_ms)
    _count(tx, stored)
    return len(stored)


_EVENTS = {LinkKind.SHORTLINK: EventKind.LINK_HIT, LinkKind.ATTACHMENT: EventKind.ATTACHMENT_HIT}


def _whose(tx: Tx, link_ids: Iterable[str], tokens: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    if not tokens:
        return {}
    rows = tx.rows(
        select(link_tokens.c.link_id, link_tokens.c.token, link_tokens.c.msisdn, link_tokens.c.batch_id).where(
            tx.among(link_tokens.c.link_id, link_ids), tx.among(link_tokens.c.token, tokens)
        )
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _count(tx: Tx, stored: Sequence[Click]) -> None:
    more: dict[str, int] = {}
    for click in stored:
        more[click.link_id] = more.get(click.link_id, 0) + 1
    before = tx.rows(select(links.c.id, links.c.hits).where(tx.among(links.c.id, more)))
    tx.update(links, "id", ("hits",), [(row[0], row[1] + more[row[0]]) for row in before])


def _hit(row: Sequence[Any]) -> Hit:
    values = dict(zip(_HIT_NAMES, row, strict=True))
    return Hit(**values | {"at": from_ms(values["at"])})


def hits_of(
    tx: Tx, account_id: str, link_id: str, *, limit: int, before: str | None = None, after: str | None = None
) -> list[Hit]:
    """A page, newest first: what is older than `before`, or what is next newer than `after`."""
    query = select(*hits.c).where(hits.c.account_id == account_id, hits.c.link_id == link_id)
    if after is not None:
        rows = tx.rows(query.where(hits.c.id > after).order_by(hits.c.id).limit(limit))
        return [_hit(row) for row in reversed(rows)]
    if before is not None:
        query = query.where(hits.c.id < before)
    return [_hit(row) for row in tx.rows(query.order_by(hits.c.id.desc()).limit(limit))]


def hits_by_ids(tx: Tx, account_id: str, hit_ids: Sequence[str]) -> list[tuple[Hit, str]]:
    """Several at once, each with what its link leads to, in the order of their identifiers."""
    rows = tx.rows(
        select(*hits.c, links.c.target)
        .join_from(hits, links, links.c.id == hits.c.link_id)
        .where(hits.c.account_id == account_id, tx.among(hits.c.id, hit_ids))
        .order_by(hits.c.id)
    )
    return [(_hit(row[:-1]), row[-1]) for row in rows]
