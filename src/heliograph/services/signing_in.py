"""People who sign in, and what they do about themselves: sessions, passwords, codes of an app, invitations.

A password is looked at under the limits of `services/logins.py`, and an e-mail address that nobody has costs as much
time as a wrong password. Whoever has TOTP gives a code besides: the step of the last one is stored in the statement
that looks at it, so a code is good once, also for two processes. What a session is worth is looked up by
`services/access.py`, as for any credential.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from heliograph.domain.accounts import Account, hash_password, hash_secret, is_password, new_secret
from heliograph.domain.audit import Act, Action, Actor, ActorKind
from heliograph.domain.errors import Conflict, InvalidField, NotFound, NotNow, Unauthenticated
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.people import (
    IDLE_S,
    LASTS_S,
    SESSION_PREFIX,
    Invitation,
    Person,
    Role,
    Session,
    email_in,
    normal_email,
    normal_password,
    password_in,
)
from heliograph.services.accounts import Accounts
from heliograph.services.audit import acting_as, audited, noted, person_actor
from heliograph.services.logins import Counts
from heliograph.services.people import People
from heliograph.services.totp import new_recovery_codes, new_totp_secret, recovery_hash, step_of, totp_uri
from heliograph.store import Store
from heliograph.store.accounts import account_by_id
from heliograph.store.people import NewPerson, NewRole, add_person, change_person, has_email
from heliograph.store.signing_in import (
    NewInvitation,
    NewSession,
    Secrets,
    accept,
    add_invitation,
    add_session,
    end_sessions,
    invitations_page,
    open_invitation,
    secrets_of,
    sessions_of,
    set_totp,
    use_recovery_code,
    use_step,
    withdraw_invitation,
)
from heliograph.store.tx import Tx

NOTED_REFUSALS = 5
"""Refused sign-ins as one person that are written down in a quarter of an hour, by each process."""
INVITED_S = 7 * 86_400
"""How long an invitation is good, in seconds, if nothing else is said."""
LONGEST_INVITED_S = 90 * 86_400
LONGEST_AGENT = 200


class Started(msgspec.Struct, frozen=True):
    """A session that has begun. The token is nowhere else."""

    id: str
    token: str
    person: Person
    ends_at: datetime


class Invited(msgspec.Struct, frozen=True):
    """An invitation that was made. The token is nowhere else."""

    id: str
    email: str
    token: str
    expires_at: datetime


class SigningIn:
    def __init__(self, store: Store, accounts: Accounts, people: People) -> None:
        self._store = store
        self._access = accounts.access
        self._seal = accounts.seal
        self._people = people
        self._nobodys: str | None = None
        self._noted = Counts(time.monotonic)
        self._noting: set[asyncio.Task[None]] = set()

    async def sign_in(
        self, email: str, password: str, code: str | None = None, *, address: str, agent: str = ""
    ) -> Started:
        """Begin a session of who has this e-mail address, this password and, with TOTP, this code.

        A recovery code stands in for one of TOTP. Raises TooManyLogins, and Unauthenticated, the same and after the
        same time whether the address or the password is wrong; its field is `code` if that is what is missing or wrong.
        """
        found = await self._checked(email, password, code, address=address)
        return await self.begin(await self._people.named(found.id), address, agent)

    async def begin(self, person: Person, address: str | None, agent: str) -> Started:
        """Begin a session of somebody of whom it is known who it is."""
        token, now = SESSION_PREFIX + new_secret(), now_ms()
        new = NewSession(
            id=new_id(),
            person_id=person.id,
            secret_hash=hash_secret(token),
            created_at=now,
            seen_at=now,
            idle_until=now + IDLE_S * 1_000,
            last_until=now + LASTS_S * 1_000,
            address=address,
            agent="".join(filter(str.isprintable, agent))[:LONGEST_AGENT],
        )
        act = Act(action=Action.PERSON_SIGNED_IN, object_id=person.id, after={"session": new.id})
        with acting_as(person_actor(person, address)):
            await audited(self._store, act, add_session, new)
        return Started(new.id, token, person, from_ms(new.idle_until))

    async def _checked(self, email: str, password: str, code: str | None, *, address: str) -> Secrets:
        """Check a password and, where there is TOTP, a code. Raises as `sign_in` does."""
        name = normal_email(email)
        async with self._access.logins.attempt(f"person {name}", address) as attempt:
            found = await self._store.read(secrets_of, name)
            fits = await self._is_password(found, password)
            if fits and found is not None and found.totp is not None and not code:
                raise Unauthenticated("Give the code that your app shows, too.", field="code")  # counts as no attempt
            of_app = found is not None and found.totp is not None and fits
            attempt.right = fits and (not of_app or await self._is_code(found, code or ""))
        if found is None or not attempt.right:
            self._access.on_refused("person")
            if found is not None:
                self._note_refused(found.id, found.email, address, "code" if of_app else "password")
            if of_app:
                raise _wrong_code()
            raise Unauthenticated("There is nobody with this e-mail address and password.")
        return found

    async def require_code(self, person: Person, code: str, *, address: str) -> None:
        """Use up a code of a person's app, or a recovery code. Raises TooManyLogins, and Unauthenticated for a wrong
        one."""
        async with self._access.logins.attempt(f"person {person.email}", address) as attempt:
            attempt.right = await self._is_code(await self._store.read(secrets_of, person.id), code)
        if not attempt.right:
            self._access.on_refused("person")
            self._note_refused(person.id, person.email, address, "code")
            raise _wrong_code()

    def _note_refused(self, person_id: str, email: str, address: str, wrong: str) -> None:
        """Write down that somebody was refused who gave a person's e-mail address, if that is not often lately.

        Nobody waits for it: who is refused would know by the time that there is such a person.
        """
        if self._noted.of(person_id) >= NOTED_REFUSALS:
            return
        self._noted.add(person_id)
        more = self._noted.of(person_id) < NOTED_REFUSALS
        facts = {"wrong": wrong} | ({} if more else {"others_follow_unwritten": True})
        actor = Actor(kind=ActorKind.PERSON, name=email, address=address)
        act = Act(action=Action.PERSON_SIGN_IN_REFUSED, object_id=person_id, after=facts)
        noting = asyncio.create_task(self._note(actor, act), name="refused sign-in")
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def _note(self, actor: Actor, act: Act) -> None:
        with suppress(NotNow), acting_as(actor):  # while the database is away nobody signs in either
            await noted(self._store, act)

    async def _is_password(self, found: Secrets | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = await asyncio.to_thread(hash_password, "")
        known = found is not None and found.password_hash is not None
        stored = found.password_hash if found is not None and found.password_hash is not None else self._nobodys
        return await asyncio.to_thread(is_password, stored, normal_password(password)) and known

    async def _is_code(self, found: Secrets | None, code: str) -> bool:
        """Use up a code of TOTP or a recovery code; False if it is wrong or was used before."""
        if found is None or found.totp is None:
            return False
        step = step_of(self._seal.open(found.totp), code.replace(" ", ""), time.time())
        if step is not None:
            return await self._store.write(use_step, found.id, step)
        return await self._store.write(use_recovery_code, found.id, recovery_hash(code))

    async def sessions(self, person_id: str) -> list[Session]:
        """List the sessions that a person has now, newest first."""
        return await self._store.read(sessions_of, person_id, now_ms())

    async def end(self, person_id: str, session_id: str) -> None:
        """End one session of a person; it is worth nothing in any process within two seconds. Raises NotFound."""
        act = Act(action=Action.PERSON_SIGNED_OUT, object_id=person_id, before={"session": session_id})
        ended = await audited(self._store, act, end_sessions, person_id, only=session_id)
        self._access.forget()
        if not ended:
            raise NotFound("You have no such session, or it has ended.")

    async def end_all(self, person_id: str) -> int:
        """End all sessions of a person, and return how many there were."""
        act = Act(action=Action.PERSON_SESSIONS_ENDED, object_id=person_id)
        ended = await audited(self._store, act, end_sessions, person_id)
        self._access.forget()
        return ended

    async def change_password(self, person_id: str, password: str, new: str, *, session_id: str, address: str) -> None:
        """Give oneself another password, and end one's other sessions. Raises InvalidField, TooManyLogins."""
        found = await self._mine(person_id, password, address)
        wanted = password_in(new, found.email)
        hashed = await asyncio.to_thread(hash_password, wanted)
        act = Act(action=Action.PERSON_CHANGED, object_id=person_id, after={"new_password": True})
        await audited(self._store, act, _change_password, person_id, hashed, session_id)
        self._access.forget()

    async def begin_totp(self, person_id: str, password: str, *, address: str) -> tuple[str, str]:
        """Make a secret for an app, and return it with the address that a QR code has; a code puts it in force.

        Raises InvalidField, TooManyLogins.
        """
        found = await self._mine(person_id, password, address)
        secret = new_totp_secret()
        await self._store.write(change_person, person_id, {"totp_pending": self._seal.close(secret)})
        return secret, totp_uri(secret, found.email)

    async def confirm_totp(self, person_id: str, code: str) -> Sequence[str]:
        """Put the secret in force that was made last, by a code of it; return recovery codes, which are told this once.

        Raises Conflict if none was made, InvalidField for a wrong code.
        """
        found = await self._store.read(secrets_of, person_id)
        if found is None or found.totp_pending is None:
            raise Conflict("There is no secret that waits for a code: ask for one first.")
        step = step_of(self._seal.open(found.totp_pending), code.replace(" ", ""), time.time())
        if step is None:
            raise InvalidField(
                "The code is not the one that the app shows now; look at the clock of the phone.", field="code"
            )
        codes = new_recovery_codes()
        act = Act(action=Action.PERSON_TOTP_CHANGED, object_id=person_id, after={"totp": True})
        hashes = [recovery_hash(each) for each in codes]
        await audited(self._store, act, set_totp, person_id, found.totp_pending, step, hashes)
        return codes

    async def remove_totp(self, person_id: str, password: str, *, address: str) -> None:
        """Sign in with the password alone from now on. Raises InvalidField, TooManyLogins."""
        await self._mine(person_id, password, address)
        await self.forget_totp(person_id)

    async def forget_totp(self, person_id: str) -> None:
        """Let a person sign in with the password alone: for whoever runs the installation."""
        act = Act(action=Action.PERSON_TOTP_CHANGED, object_id=person_id, after={"totp": False})
        await audited(self._store, act, set_totp, person_id, None, None, [])

    async def _mine(self, person_id: str, password: str, address: str) -> Secrets:
        """Check that the password is one's own. Raises InvalidField, TooManyLogins."""
        async with self._access.logins.attempt(f"person {person_id}", address) as attempt:
            found = await self._store.read(secrets_of, person_id)
            attempt.right = await self._is_password(found, password)
        if found is None or not attempt.right:
            raise InvalidField("That is not your password.", field="password")
        return found

    async def invite(self, email: str, role: Role, account: Account | None, lasts_s: int = INVITED_S) -> Invited:
        """Invite somebody to become a person with one role; one whom the same account invited before has this one now.

        Raises NameTaken, AccountClosed, InvalidField.
        """
        email = email_in(email)
        where = await self._people.place_of(role, account)
        if not 0 < lasts_s <= LONGEST_INVITED_S:
            raise InvalidField("An invitation is good for 90 days at most.", field="expires")
        if await self._store.read(has_email, email):
            raise self._people.taken(email)
        token, now = new_secret(), now_ms()
        new = NewInvitation(
            id=new_id(),
            email=email,
            account_id=where.id,
            role=role.value,
            secret_hash=hash_secret(token),
            created_at=now,
            expires_at=now + lasts_s * 1_000,
        )
        facts = {"email": email, "role": role.value, "account": where.name}
        act = Act(action=Action.PERSON_INVITED, object_id=new.id, account_id=where.id, after=facts)
        await audited(self._store, act, add_invitation, new)
        return Invited(new.id, email, token, from_ms(new.expires_at))

    async def invited(self, token: str) -> str:
        """Return the e-mail address that an invitation is for. Raises NotFound if it can't be accepted any more."""
        found = await self._store.read(open_invitation, hash_secret(token), now_ms())
        if found is None:
            self._access.on_refused("invitation")
            raise _over()
        return found.email

    async def accept(self, token: str, password: str) -> Person:
        """Accept an invitation, and so become a person, with a password of one's own. An invitation is good once.

        Raises NotFound if it was accepted, withdrawn, or has expired; InvalidField, NameTaken: then nothing has
        changed.
        """
        email = await self.invited(token)
        hashed = await asyncio.to_thread(hash_password, password_in(password, email))
        person_id = new_id()
        act = Act(action=Action.PERSON_CREATED, object_id=person_id, after={"email": email, "invited": True})
        await audited(self._store, act, _accept, hash_secret(token), hashed, person_id, now_ms())
        return await self._people.named(person_id)

    async def invitations(self, *, limit: int, before: str | None = None) -> list[Invitation]:
        """List invitations, newest first, those that were accepted among them."""
        return await self._store.read(invitations_page, limit=limit, before=before)

    async def withdraw(self, invitation_id: str) -> None:
        """Take back an invitation. Raises NotFound if there is none that was not accepted."""
        act = Act(action=Action.PERSON_INVITATION_WITHDRAWN, object_id=invitation_id)
        if not await audited(self._store, act, withdraw_invitation, invitation_id):
            raise NotFound(f"There is no invitation {invitation_id!r} that was not accepted.")


def _wrong_code() -> Unauthenticated:
    return Unauthenticated("The code is wrong or was used before: wait for the next one.", field="code")


def _over() -> NotFound:
    return NotFound("The invitation was used, was withdrawn or has expired: ask for another one.")


def _accept(tx: Tx, secret_hash: str, password_hash: str, person_id: str, now_ms: int) -> str:
    found = open_invitation(tx, secret_hash, now_ms)
    if found is None:
        raise _over()
    account = account_by_id(tx, found.account_id)
    if account is None or account.closed_at is not None:
        raise _over()
    new = NewPerson(person_id, found.email, password_hash, now_ms)
    if not add_person(tx, new, [NewRole(person_id, found.account_id, found.role)]):
        raise People.taken(found.email)
    accept(tx, found.id, now_ms)
    return person_id


def _change_password(tx: Tx, person_id: str, password_hash: str, session_id: str) -> None:
    change_person(tx, person_id, {"password_hash": password_hash})
    end_sessions(tx, person_id, but=session_id)
