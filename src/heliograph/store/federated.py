"""What signing in by an issuer of OpenID Connect leaves in the store: links to people, and attempts that are over."""

from __future__ import annotations

from sqlalchemy import delete, select

from heliograph.store.schema import invitations, person_links, used_states
from heliograph.store.signing_in import NewInvitation
from heliograph.store.tx import Row, Tx, columns


class NewLink(Row, frozen=True):
    """Who an issuer says that a person is; the instant is milliseconds since 1970."""

    issuer: str
    subject: str
    person_id: str
    created_at: int


class _State(Row, frozen=True):
    state_hash: str
    expires_at: int


def use_state(tx: Tx, state_hash: str, now_ms: int, expires_at: int) -> bool:
    """Note that an attempt has come back, and forget those that are over; False if it had come back before."""
    tx.take_turns_about(f"state {state_hash}")
    tx.run(delete(used_states).where(used_states.c.expires_at <= now_ms))
    if tx.first(select(used_states.c.state_hash).where(used_states.c.state_hash == state_hash)) is not None:
        return False
    tx.insert(used_states, [_State(state_hash, expires_at)])
    return True


def linked_person(tx: Tx, issuer: str, subject: str) -> str | None:
    """Find the id of the person whom an issuer knows by this subject; None if there is none.

    Until the transaction ends, nobody else makes such a link.
    """
    tx.take_turns_about(f"link {issuer} {subject}")
    one = (person_links.c.issuer == issuer, person_links.c.subject == subject)
    found = tx.first(select(person_links.c.person_id).where(*one))
    return None if found is None else str(found[0])


def add_link(tx: Tx, new: NewLink) -> None:
    """Store who an issuer says that a person is."""
    tx.insert(person_links, [new])


def remove_link(tx: Tx, person_id: str, issuer: str) -> int:
    """Forget by which subject an issuer knows a person, and return 1; 0 if it knows them by none."""
    mine = (person_links.c.person_id == person_id, person_links.c.issuer == issuer)
    return tx.run(delete(person_links).where(*mine))


def invitations_of(tx: Tx, email: str, now_ms: int) -> list[NewInvitation]:
    """List the invitations of an e-mail address that can be accepted, the oldest first.

    Spans accounts: whoever is invited has none yet.
    """
    good = (invitations.c.accepted_at.is_(None), invitations.c.expires_at > now_ms)
    query = select(*columns(NewInvitation, invitations)).where(invitations.c.email == email, *good)
    return tx.all(NewInvitation, query.order_by(invitations.c.id).with_for_update())
