"""People in the store: who they are, and what each is to which account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, delete, or_, select, update

from heliograph.domain.instants import from_ms, maybe_instant
from heliograph.domain.people import Held, Person, Role
from heliograph.store.schema import accounts, people, person_links, roles
from heliograph.store.tx import Row, Tx, columns


class NewPerson(Row, frozen=True):
    """A person that is to be stored; instants are milliseconds since 1970."""

    id: str
    email: str
    password_hash: str | None
    created_at: int


class NewRole(Row, frozen=True):
    """What a person is to an account."""

    person_id: str
    account_id: str
    role: str


class _PersonRow(Row, frozen=True):
    id: str
    email: str
    password_hash: str | None
    created_at: int
    disabled_at: int | None
    totp: str | None


class _HeldRow(Row, frozen=True):
    person_id: str
    account_id: str
    account_name: str
    role: str


_PEOPLE = select(*columns(_PersonRow, people))


def add_person(tx: Tx, new: NewPerson, held: Iterable[NewRole]) -> bool:
    """Store a person with roles; False, and nothing changes, if there is one with that e-mail address."""
    if has_email(tx, new.email):
        return False
    tx.insert(people, [new])
    tx.insert(roles, list(held))
    return True


def person_named(tx: Tx, name: str) -> Person | None:
    """Read a person by e-mail address or identifier; None if there is none. Spans accounts: a person may act for
    several."""
    found = _people(tx, _PEOPLE.where(or_(people.c.email == name, people.c.id == name)))
    return found[0] if found else None


def people_page(tx: Tx, *, limit: int, before: str | None = None) -> list[Person]:
    """List people, newest first, of those who are older than `before`. Spans accounts: for whoever runs the
    installation."""
    query = _PEOPLE.order_by(people.c.id.desc()).limit(limit)
    return _people(tx, query if before is None else query.where(people.c.id < before))


def people_at(tx: Tx, account_id: str) -> list[Person]:
    """List those who have a role at an account and are not disabled, by e-mail address."""
    here = select(roles.c.person_id).where(roles.c.account_id == account_id)
    return _people(tx, _PEOPLE.where(people.c.id.in_(here), people.c.disabled_at.is_(None)).order_by(people.c.email))


def _people(tx: Tx, query: Select[*tuple[object, ...]]) -> list[Person]:
    """Read people with their roles. Spans accounts, as who calls it does."""
    rows = tx.all(_PersonRow, query)
    named = columns(_HeldRow, roles, accounts, account_name=accounts.c.name)
    of_these = tx.among(roles.c.person_id, [row.id for row in rows])
    held = select(*named).join(accounts, accounts.c.id == roles.c.account_id).where(of_these).order_by(accounts.c.name)
    by_person: dict[str, list[Held]] = {row.id: [] for row in rows}
    for each in tx.all(_HeldRow, held) if rows else ():
        by_person[each.person_id].append(Held(Role(each.role), each.account_id, each.account_name))
    links = select(person_links.c.person_id, person_links.c.issuer)
    issuers: dict[str, list[str]] = {row.id: [] for row in rows}
    if rows:
        linked = links.where(tx.among(person_links.c.person_id, list(issuers))).order_by(person_links.c.issuer)
        for person_id, issuer in tx.rows(linked):
            issuers[person_id].append(issuer)
    return [_person(row, by_person[row.id], issuers[row.id]) for row in rows]


def _person(row: _PersonRow, held: Sequence[Held], issuers: Sequence[str]) -> Person:
    return Person(
        id=row.id,
        email=row.email,
        created_at=from_ms(row.created_at),
        disabled_at=maybe_instant(row.disabled_at),
        has_password=row.password_hash is not None,
        has_totp=row.totp is not None,
        issuers=issuers,
        roles=held,
    )


def has_email(tx: Tx, email: str) -> bool:
    """Say whether there is a person with this e-mail address; until the transaction ends, nobody else takes it."""
    tx.take_turns_about(f"person {email}")
    return tx.first(select(people.c.id).where(people.c.email == email)) is not None


def change_person(tx: Tx, person_id: str, values: dict[str, object]) -> None:
    """Set the given columns of a person."""
    tx.run(update(people).where(people.c.id == person_id).values(values))


def put_role(tx: Tx, role: NewRole) -> None:
    """Store what a person is to an account, instead of what it was."""
    remove_role(tx, role.person_id, role.account_id)
    tx.insert(roles, [role])


def remove_role(tx: Tx, person_id: str, account_id: str) -> int:
    """Forget what a person is to an account, and return 1; 0 if it was nothing."""
    return tx.run(delete(roles).where(roles.c.person_id == person_id, roles.c.account_id == account_id))


def has_administrator(tx: Tx, but: str | None = None) -> bool:
    """Say whether anybody who is not disabled runs the installation; `but` is a person who is not meant.

    Until the transaction ends, nobody else can make less of them. Spans accounts: an administrator does.
    """
    tx.take_turns_about("administrators")
    others = (roles.c.role == Role.ADMINISTRATOR.value, people.c.disabled_at.is_(None))
    query = select(roles.c.person_id).join(people, people.c.id == roles.c.person_id).where(*others)
    return tx.first(query if but is None else query.where(roles.c.person_id != but)) is not None
