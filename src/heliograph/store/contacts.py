"""The members of groups, with what is known of them, in the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, delete, func, select, update

from heliograph.domain.contacts import UNKNOWN, Contact, Details, together
from heliograph.domain.errors import NameTaken
from heliograph.domain.ids import following, made_at_ms, new_id
from heliograph.domain.instants import from_ms
from heliograph.numbers import country_of
from heliograph.store.schema import group_members, groups, optouts
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.works import strike

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Details).decode

_IN_GROUP = groups.join(group_members, group_members.c.group_id == groups.c.id)
_WITH_CONSENT = _IN_GROUP.outerjoin(
    optouts, (optouts.c.msisdn == group_members.c.msisdn) & (optouts.c.account_id == groups.c.account_id)
)


class _MemberRow(Row, frozen=True):
    """A member, without its group."""

    id: str
    msisdn: str
    country: str | None
    details: str | None
    """What is known as JSON; None if that is only the number."""


class _ContactRow(_MemberRow, frozen=True):
    opted_out_at: int | None


_COLUMNS = columns(_ContactRow, group_members, opted_out_at=optouts.c.created_at)


def put_members(
    tx: Tx, group_id: str, members: Iterable[tuple[str, Details]], import_number: int | None = None
) -> None:
    """Add members with new numbers to a group; those whose number is in it stay as they are."""
    wanted = list(members)
    rows = [
        _row(identifier, msisdn, details)
        for identifier, (msisdn, details) in zip(following(new_id(), len(wanted)), wanted, strict=True)
    ]
    tx.insert(group_members, rows, {"group_id": group_id, "import_number": import_number}, skip_existing=True)


def _row(identifier: str, msisdn: str, details: Details) -> _MemberRow:
    stored = None if details is UNKNOWN else _encode(details).decode()
    return _MemberRow(identifier, msisdn, country_of(msisdn), stored)


class _There(Row, frozen=True):
    """A member who is in the group already, and what is known of it."""

    id: str
    msisdn: str
    details: str | None
    import_number: int | None


class Former(Row, frozen=True):
    """What was known of a member before it was updated, and by which import."""

    msisdn: str
    details: str | None
    number: int | None


class Put(NamedTuple):
    """What came of adding contacts to a group."""

    new: Sequence[str]
    """The numbers that were not in the group."""
    updated: Sequence[str]
    """The numbers that were in the group, and of which something else is known now."""
    before: Sequence[Former] = ()
    """What they were, in the same order."""


def put_contacts(
    tx: Tx,
    group_id: str,
    contacts: Sequence[tuple[str, Details]],
    *,
    update: bool,
    import_number: int | None = None,
) -> Put:
    """Add contacts with new numbers to a group, and with `update` write what is said of the others. Spans accounts.

    Those that are written bear `import_number`.
    """
    numbers = [msisdn for msisdn, _ in contacts]
    there = tx.all(
        _There,
        select(*columns(_There, group_members))
        .where(group_members.c.group_id == group_id, tx.among(group_members.c.msisdn, numbers))
        .with_for_update(),
    )
    known = {member.msisdn for member in there}
    put_members(tx, group_id, [contact for contact in contacts if contact[0] not in known], import_number)
    before = _update(tx, group_id, there, dict(contacts), import_number) if update else []
    return Put([number for number in numbers if number not in known], [former.msisdn for former in before], before)


def _update(
    tx: Tx, group_id: str, there: Sequence[_There], said: Mapping[str, Details], import_number: int | None
) -> list[Former]:
    """Overwrite what is known of members, and return what those were that changed."""
    rows: list[_MemberRow] = []
    formers: list[Former] = []
    for member in there:
        before = _details(member.details)
        after = together([said[member.msisdn], before])
        if after != together([before, UNKNOWN]):  # blanks aside, something else
            rows.append(_row(member.id, member.msisdn, after))
            formers.append(Former(member.msisdn, member.details, member.import_number))
    if not rows:
        return []
    changed = [row.msisdn for row in rows]
    # Rows are found by group and number: written anew, because a chunk is updated by one column alone.
    tx.run(delete(group_members).where(group_members.c.group_id == group_id, tx.among(group_members.c.msisdn, changed)))
    tx.insert(group_members, rows, {"group_id": group_id, "import_number": import_number})
    return formers


def _of_group(query: Select[Any], account_id: str, group_ids: Iterable[str], tx: Tx) -> Select[Any]:
    return query.where(groups.c.account_id == account_id, tx.among(groups.c.id, group_ids))


def contacts_of(
    tx: Tx, account_id: str, group_id: str, *, limit: int, before: str | None = None, after: str | None = None
) -> list[Contact]:
    """List a page of a group, newest first: what is older than the contact `before`, or newer than `after`."""
    query = _of_group(select(*_COLUMNS).select_from(_WITH_CONSENT), account_id, [group_id], tx)
    if after is not None:
        rows = tx.all(_ContactRow, query.where(group_members.c.id > after).order_by(group_members.c.id).limit(limit))
        return [_contact(row) for row in reversed(rows)]
    if before is not None:
        query = query.where(group_members.c.id < before)
    return [_contact(row) for row in tx.all(_ContactRow, query.order_by(group_members.c.id.desc()).limit(limit))]


def contacts_in(tx: Tx, account_id: str, group_ids: Sequence[str]) -> list[Contact]:
    """List everybody in these groups, in the order they were added; who is in several comes several times."""
    query = _of_group(select(*_COLUMNS).select_from(_WITH_CONSENT), account_id, group_ids, tx)
    return [_contact(row) for row in tx.all(_ContactRow, query.order_by(group_members.c.id))]


class Saying(NamedTuple):
    """What one group knows of a number."""

    group_id: str
    details: Details


def sayings_about(tx: Tx, numbers: Iterable[tuple[str, Sequence[str]]]) -> dict[tuple[str, str], list[Saying]]:
    """Find what accounts' groups know of numbers, by account and MSISDN; whoever was added first comes first."""
    wanted = [(account_id, msisdns) for account_id, msisdns in numbers if msisdns]
    if not wanted:
        return {}
    # Not joined: SQLite would look for each number in each group of the account.
    rows = tx.rows(
        select(group_members.c.msisdn, group_members.c.group_id, group_members.c.details)
        .where(
            tx.among(group_members.c.msisdn, {msisdn for _, msisdns in wanted for msisdn in msisdns}),
            group_members.c.details.is_not(None),
        )
        .order_by(group_members.c.id)
    )
    owners = _owners(tx, {group_id for _, group_id, _ in rows}, {account_id for account_id, _ in wanted})
    found: dict[tuple[str, str], list[Saying]] = {}
    for msisdn, group_id, details in rows:
        if (owner := owners.get(group_id)) is not None:
            found.setdefault((owner, msisdn), []).append(Saying(group_id, _decode(details)))
    return found


def _owners(tx: Tx, group_ids: Collection[str], account_ids: Collection[str]) -> dict[str, str]:
    """Find the accounts of those groups that belong to one of these accounts."""
    if not group_ids:
        return {}
    mine = (tx.among(groups.c.id, group_ids), tx.among(groups.c.account_id, account_ids))
    return tx.pairs(select(groups.c.id, groups.c.account_id).where(*mine))


def known_as(tx: Tx, account_id: str, msisdns: Sequence[str]) -> dict[str, Details]:
    """Return what all of the account's groups together know of these numbers."""
    return {
        msisdn: together([saying.details for saying in sayings])
        for (_, msisdn), sayings in sayings_about(tx, [(account_id, msisdns)]).items()
    }


def in_these_first(sayings: Sequence[Saying], group_ids: Collection[str]) -> Details:
    """Combine what groups know of one number: where they differ, these groups come before the others."""
    if len(sayings) > 1:
        sayings = sorted(sayings, key=lambda each: each.group_id not in group_ids)
    return together([saying.details for saying in sayings])


def contact_by_id(tx: Tx, account_id: str, group_id: str, contact_id: str) -> Contact | None:
    query = _of_group(select(*_COLUMNS).select_from(_WITH_CONSENT), account_id, [group_id], tx)
    row = tx.one(_ContactRow, query.where(group_members.c.id == contact_id))
    return None if row is None else _contact(row)


def group_of_contact(tx: Tx, account_id: str, contact_id: str) -> str | None:
    """Return the identifier of the group that a contact is in; None if the account has no such contact."""
    query = select(group_members.c.group_id).select_from(_IN_GROUP)
    found: str | None = tx.value(query.where(groups.c.account_id == account_id, group_members.c.id == contact_id))
    return found


def change_contact(
    tx: Tx, account_id: str, group_id: str, contact_id: str, msisdn: str | None, edit: Callable[[Contact], Details]
) -> Contact | None:
    """Make of a contact's details what `edit` does, and return it; None if there is none.

    Raises NameTaken if the group has the new number already, and what `edit` raises.
    """
    mine = (group_members.c.group_id == group_id, group_members.c.id == contact_id)
    tx.first(select(group_members.c.id).where(*mine).with_for_update())
    before = contact_by_id(tx, account_id, group_id, contact_id)
    if before is None:
        return None
    details = edit(before)
    number = msisdn or before.msisdn
    if number != before.msisdn:
        taken = select(group_members.c.id).where(group_members.c.group_id == group_id, group_members.c.msisdn == number)
        if tx.first(taken) is not None:
            raise NameTaken("This number is in the group already.", field="msisdn")
        strike(tx, [group_id], before.msisdn)
    values: dict[str, Any] = {"msisdn": number, "country": country_of(number), "details": _encode(details).decode()}
    values["import_number"] = None
    tx.run(update(group_members).where(*mine).values(**values))
    return contact_by_id(tx, account_id, group_id, contact_id)


def delete_contact(tx: Tx, account_id: str, group_id: str, contact_id: str) -> Contact | None:
    """Delete a contact, and return it; None if there is none."""
    before = contact_by_id(tx, account_id, group_id, contact_id)
    if before is not None:
        strike(tx, [group_id], before.msisdn)
        tx.run(delete(group_members).where(group_members.c.group_id == group_id, group_members.c.id == contact_id))
    return before


class Census(NamedTuple):
    """How many members a group has, and where they are."""

    size: int
    opted_out: int
    by_country: dict[str | None, int]


_NOBODY = Census(0, 0, {})


def census_of(tx: Tx, account_id: str, group_ids: Sequence[str]) -> dict[str, Census]:
    """Count the members of each group; an empty group is left out."""
    grouped = (group_members.c.group_id, group_members.c.country)
    counts = (func.count().label("size"), func.count(optouts.c.msisdn).label("opted_out"))
    query = _of_group(select(*grouped, *counts).select_from(_WITH_CONSENT), account_id, group_ids, tx)
    found: dict[str, Census] = {}
    for group_id, country, size, opted_out in tx.rows(query.group_by(*grouped)):
        so_far = found.get(group_id, _NOBODY)
        by_country = so_far.by_country | {country: size - opted_out}
        found[group_id] = Census(so_far.size + size, so_far.opted_out + opted_out, by_country)
    return found


def _contact(row: _ContactRow) -> Contact:
    return Contact(
        id=row.id,
        msisdn=row.msisdn,
        country=row.country,
        details=_details(row.details),
        opted_out=row.opted_out_at is not None,
        created_at=from_ms(made_at_ms(row.id)),
    )


def _details(stored: str | None) -> Details:
    return UNKNOWN if stored is None else _decode(stored)
