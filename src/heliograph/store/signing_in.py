"""What people sign in with, the sessions that they have then, and the invitations that they came by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update

from heliograph.domain.instants import from_ms, maybe_instant
from heliograph.domain.people import Invitation, Role, Session
from heliograph.store.schema import accounts, invitations, people, recovery_codes, sessions
from heliograph.store.tx import Row, Tx, columns


class Secrets(Row, frozen=True):
    """What a person signs in with."""

    id: str
    email: str
    password_hash: str | None
    totp: str | None
    """Sealed, as the one that follows."""
    totp_pending: str | None


def secrets_of(tx: Tx, email: str) -> Secrets | None:
    """Read what a person signs in with; None if there is nobody of that e-mail address or id who may."""
    one = or_(people.c.email == email, people.c.id == email)
    return tx.one(Secrets, select(*columns(Secrets, people)).where(one, people.c.disabled_at.is_(None)))


def use_step(tx: Tx, person_id: str, step: int) -> bool:
    """Note the step of a code of TOTP; False if one of this step, or a later one, was used before."""
    later = or_(people.c.totp_step.is_(None), people.c.totp_step < step)
    return bool(tx.run(update(people).where(people.c.id == person_id, later).values(totp_step=step)))


def use_recovery_code(tx: Tx, person_id: str, code_hash: str) -> bool:
    """Use a recovery code up; False if there is none such, or none any more."""
    one = (recovery_codes.c.person_id == person_id, recovery_codes.c.code_hash == code_hash)
    return bool(tx.run(delete(recovery_codes).where(*one)))


class _Code(Row, frozen=True):
    person_id: str
    code_hash: str


def set_totp(tx: Tx, person_id: str, sealed: str | None, step: int | None, code_hashes: Sequence[str]) -> None:
    """Put a secret of TOTP in force, or none, with recovery codes instead of those before."""
    values = {"totp": sealed, "totp_pending": None, "totp_step": step}
    tx.run(update(people).where(people.c.id == person_id).values(values))
    tx.run(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
    tx.insert(recovery_codes, [_Code(person_id, each) for each in code_hashes])


class NewSession(Row, frozen=True):
    """A session that is to be stored; instants are milliseconds since 1970."""

    id: str
    person_id: str
    secret_hash: str
    created_at: int
    seen_at: int
    idle_until: int
    last_until: int
    address: str | None
    agent: str


def add_session(tx: Tx, new: NewSession) -> None:
    """Store a session, and forget those of the same person that are over."""
    over = or_(sessions.c.idle_until <= new.created_at, sessions.c.last_until <= new.created_at)
    tx.run(delete(sessions).where(sessions.c.person_id == new.person_id, over))
    tx.insert(sessions, [new])


def session_by_secret(tx: Tx, secret_hash: str, now_ms: int) -> NewSession | None:
    """Find the session that is good now and has this secret, of a person who is not disabled; None if there is none."""
    query = select(*columns(NewSession, sessions)).join(people, people.c.id == sessions.c.person_id)
    good = (sessions.c.idle_until > now_ms, sessions.c.last_until > now_ms, people.c.disabled_at.is_(None))
    return tx.one(NewSession, query.where(sessions.c.secret_hash == secret_hash, *good))


def touch_session(tx: Tx, session_id: str, now_ms: int, idle_until: int, address: str | None) -> None:
    """Note that a session was used."""
    values = {"seen_at": now_ms, "idle_until": idle_until, "address": address}
    tx.run(update(sessions).where(sessions.c.id == session_id, sessions.c.seen_at < now_ms).values(values))


def sessions_of(tx: Tx, person_id: str, now_ms: int) -> list[Session]:
    """List the sessions of a person that are good now, newest first."""
    good = (sessions.c.idle_until > now_ms, sessions.c.last_until > now_ms)
    query = select(*columns(NewSession, sessions)).where(sessions.c.person_id == person_id, *good)
    return [
        Session(
            id=row.id,
            created_at=from_ms(row.created_at),
            seen_at=from_ms(row.seen_at),
            address=row.address,
            agent=row.agent,
            ends_at=from_ms(min(row.idle_until, row.last_until)),
        )
        for row in tx.all(NewSession, query.order_by(sessions.c.id.desc()))
    ]


def end_sessions(tx: Tx, person_id: str, *, only: str | None = None, but: str | None = None) -> int:
    """End the sessions of a person, or one of them, or all but one; return how many ended."""
    which = [sessions.c.person_id == person_id]
    if only is not None:
        which.append(sessions.c.id == only)
    if but is not None:
        which.append(sessions.c.id != but)
    return tx.run(delete(sessions).where(*which))


class NewInvitation(Row, frozen=True):
    """An invitation that is to be stored; instants are milliseconds since 1970."""

    id: str
    email: str
    account_id: str
    role: str
    secret_hash: str
    created_at: int
    expires_at: int


def add_invitation(tx: Tx, new: NewInvitation) -> None:
    """Store an invitation, instead of one that the same e-mail address has and did not accept."""
    before = (invitations.c.email == new.email, invitations.c.accepted_at.is_(None))
    tx.run(delete(invitations).where(invitations.c.account_id == new.account_id, *before))
    tx.insert(invitations, [new])


def open_invitation(tx: Tx, secret_hash: str, now_ms: int) -> NewInvitation | None:
    """Find the invitation that can be accepted with this secret; None if it was, has expired, or never was.

    Spans accounts: whoever is invited has none yet.
    """
    good = (invitations.c.accepted_at.is_(None), invitations.c.expires_at > now_ms)
    query = select(*columns(NewInvitation, invitations)).where(invitations.c.secret_hash == secret_hash, *good)
    return tx.one(NewInvitation, query.with_for_update())


def accept(tx: Tx, invitation_id: str, now_ms: int) -> None:
    """Note that an invitation was accepted. Spans accounts, as `open_invitation` does."""
    tx.run(update(invitations).where(invitations.c.id == invitation_id).values(accepted_at=now_ms))


class _InvitationRow(Row, frozen=True):
    id: str
    email: str
    role: str
    account_name: str
    created_at: int
    expires_at: int
    accepted_at: int | None


def invitations_page(tx: Tx, *, limit: int, before: str | None = None) -> list[Invitation]:
    """List invitations, newest first, of those that are older than `before`. Spans accounts: for whoever runs the
    installation."""
    named = columns(_InvitationRow, invitations, accounts, account_name=accounts.c.name)
    query = select(*named).join(accounts, accounts.c.id == invitations.c.account_id)
    if before is not None:
        query = query.where(invitations.c.id < before)
    rows = tx.all(_InvitationRow, query.order_by(invitations.c.id.desc()).limit(limit))
    return [
        Invitation(
            id=row.id,
            email=row.email,
            role=Role(row.role),
            account_name=row.account_name,
            created_at=from_ms(row.created_at),
            expires_at=from_ms(row.expires_at),
            accepted_at=maybe_instant(row.accepted_at),
        )
        for row in rows
    ]


def withdraw_invitation(tx: Tx, invitation_id: str) -> int:
    """Delete an invitation that was not accepted, and return 1; 0 if there is none. Spans accounts: for whoever runs
    the installation."""
    one = (invitations.c.id == invitation_id, invitations.c.accepted_at.is_(None))
    return tx.run(delete(invitations).where(*one))
