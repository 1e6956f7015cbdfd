"""People, for those who run the installation: made, changed, given roles, kept out."""

from __future__ import annotations

import asyncio

from heliograph.domain.accounts import ADMINISTRATORS, Account, hash_password
from heliograph.domain.audit import Act, Action
from heliograph.domain.errors import Conflict, InvalidField, NameTaken, NotFound
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.people import Person, Role, email_in, normal_email, password_in
from heliograph.services.accounts import Accounts
from heliograph.services.audit import audited
from heliograph.services.keys import require_open
from heliograph.store import Store
from heliograph.store.federated import remove_link
from heliograph.store.people import (
    NewPerson,
    NewRole,
    add_person,
    change_person,
    has_administrator,
    has_email,
    people_page,
    person_named,
    put_role,
    remove_role,
)
from heliograph.store.signing_in import end_sessions
from heliograph.store.tx import Tx


class People:
    """Spans accounts: for whoever runs the installation."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store = store
        self._accounts = accounts

    async def create(self, email: str, password: str, role: Role, account: Account | None) -> Person:
        """Make a person with one role, at an account or, as an administrator, at none.

        Raises NameTaken, AccountClosed; InvalidField for what is no e-mail address, a weak password, or a role that
        does not go with the account.
        """
        email = email_in(email)
        password = password_in(password, email)
        where = await self.place_of(role, account)
        person_id = new_id()
        hashed = await asyncio.to_thread(hash_password, password)
        new = NewPerson(person_id, email, hashed, now_ms())
        facts = {"email": email, "role": role.value, "account": where.name}
        act = Act(action=Action.PERSON_CREATED, object_id=person_id, account_id=where.id, after=facts)
        if not await audited(self._store, act, add_person, new, [NewRole(person_id, where.id, role.value)]):
            raise People.taken(email)
        return await self.named(person_id)

    async def named(self, name: str) -> Person:
        """Find a person by e-mail address or identifier. Raises NotFound."""
        found = await self._store.read(person_named, name) or await self._store.read(person_named, normal_email(name))
        if found is None:
            raise NotFound(f"There is nobody with the e-mail address {name!r}; `heliograph people list` shows all.")
        return found

    async def page(self, *, limit: int, before: str | None = None) -> list[Person]:
        """List people, newest first, of those who are older than `before`; those who are disabled among them."""
        return await self._store.read(people_page, limit=limit, before=before)

    async def change(self, person: Person, *, email: str | None = None, password: str | None = None) -> Person:
        """Give a person another e-mail address, another password, or both; None: as before.

        Another password ends all sessions. Raises NameTaken or InvalidField: then nothing has changed.
        """
        values: dict[str, object] = {}
        if email is not None:
            values["email"] = email_in(email)
        if password is not None:
            password = password_in(password, str(values.get("email", person.email)))
            values["password_hash"] = await asyncio.to_thread(hash_password, password)
        after = {"email": values.get("email", person.email), "new_password": password is not None}
        act = Act(action=Action.PERSON_CHANGED, object_id=person.id, before={"email": person.email}, after=after)
        await audited(self._store, act, _change, person, values)
        self._accounts.access.forget()
        return await self.named(person.id)

    async def disable(self, person: Person) -> Person:
        """Let nobody sign in as this person any more. Raises Conflict for the last administrator. Safe to repeat."""
        act = Act(action=Action.PERSON_DISABLED, object_id=person.id, before={"email": person.email})
        await audited(self._store, act, _disable, person.id, now_ms())
        self._accounts.access.forget()
        return await self.named(person.id)

    async def enable(self, person: Person) -> Person:
        """Let a person sign in again. Safe to repeat."""
        act = Act(action=Action.PERSON_ENABLED, object_id=person.id, before={"email": person.email})
        await audited(self._store, act, _enable, person.id)
        return await self.named(person.id)

    async def unlink(self, person: Person, issuer: str | None = None) -> Person:
        """Take away that an issuer says who this is, and end all sessions; without a name, of the only one there is.

        Whoever has the person's e-mail address verified there may be linked again. Raises NotFound, or InvalidField if
        there are several.
        """
        if issuer is None and len(person.issuers) > 1:
            raise InvalidField(f"Say which one: {', '.join(person.issuers)}.", field="issuer")
        wanted = issuer if issuer is not None else next(iter(person.issuers), None)
        before = {"email": person.email, "issuer": wanted}
        act = Act(action=Action.PERSON_UNLINKED, object_id=person.id, before=before)
        if wanted is None or not await audited(self._store, act, _unlink, person.id, wanted):
            raise NotFound(
                f"{person.email} signs in with no issuer {wanted or ''!r}; `heliograph people show` has all."
            )
        self._accounts.access.forget()
        return await self.named(person.id)

    async def assign(self, person: Person, role: Role | None, account: Account | None) -> Person:
        """Make a person this to an account, instead of what it was before; None takes the role away.

        Without an account it is about the installation, which has administrators only. Raises AccountClosed;
        InvalidField for a role that does not go with the account; Conflict if nobody would run the installation.
        """
        if role is None:
            where = account or await self._accounts.ensure(ADMINISTRATORS)
            await audited(self._store, _assigned(person, where, None), _withdraw, person, where)
        else:
            where = await self.place_of(role, account)
            new = NewRole(person.id, where.id, role.value)
            await audited(self._store, _assigned(person, where, role), put_role, new)
        self._accounts.access.forget()
        return await self.named(person.id)

    async def place_of(self, role: Role, account: Account | None) -> Account:
        """Return the account that a role is stored at. Raises InvalidField or AccountClosed."""
        of_installation = account is None or account.name == ADMINISTRATORS
        if role is Role.ADMINISTRATOR:
            if not of_installation:
                raise InvalidField("An administrator is one of the installation: name no account.", field="account")
            return await self._accounts.ensure(ADMINISTRATORS)
        if account is None or of_installation:
            raise InvalidField(f"A {role} is one of an account: name the account.", field="account")
        require_open(account)
        return account

    @staticmethod
    def taken(email: str) -> NameTaken:
        """Return what is raised for an e-mail address that somebody has."""
        return NameTaken(f"There is somebody with the e-mail address {email!r} already.", field="email")


def _unlink(tx: Tx, person_id: str, issuer: str) -> int:
    removed = remove_link(tx, person_id, issuer)
    if removed:
        end_sessions(tx, person_id)
    return removed


def _change(tx: Tx, person: Person, values: dict[str, object]) -> None:
    email = values.get("email", person.email)
    if email != person.email and has_email(tx, str(email)):
        raise People.taken(str(email))
    if values:
        change_person(tx, person.id, values)
    if "password_hash" in values:
        end_sessions(tx, person.id)


def _assigned(person: Person, where: Account, role: Role | None) -> Act:
    before = next((held.role.value for held in person.roles if held.account_id == where.id), None)
    return Act(
        action=Action.PERSON_ROLE_ASSIGNED,
        object_id=person.id,
        account_id=where.id,
        before={"email": person.email, "role": before},
        after={"role": None if role is None else role.value},
    )


def _enable(tx: Tx, person_id: str) -> bool:
    person = person_named(tx, person_id)
    if person is None or person.disabled_at is None:
        return False
    change_person(tx, person_id, {"disabled_at": None})
    return True


def _disable(tx: Tx, person_id: str, now_ms: int) -> bool:
    person = person_named(tx, person_id)
    if person is None or person.disabled_at is not None:
        return False
    if person.is_administrator:
        _require_another(tx, person)
    change_person(tx, person.id, {"disabled_at": now_ms})
    end_sessions(tx, person.id)
    return True


def _withdraw(tx: Tx, person: Person, account: Account) -> None:
    if account.name == ADMINISTRATORS and person.is_administrator and person.disabled_at is None:
        _require_another(tx, person)
    if not remove_role(tx, person.id, account.id):
        raise NotFound(f"{person.email} has no role at {account.name}.")


def _require_another(tx: Tx, person: Person) -> None:
    if not has_administrator(tx, but=person.id):
        raise Conflict(
            f"{person.email} is the last administrator: make another first, with "
            "`heliograph people roles EMAIL --role administrator`."
        )
