"""Signing in by an issuer of OpenID Connect.

An attempt is a cookie: what only this browser has (state, nonce, verifier), sealed, good for ten minutes, and used up
in the store when the browser comes back, whether or not it is let in then. What the issuer says of who has come leads
to a person by issuer and subject. The first time there is no such link: then it is made, by an e-mail address that the
issuer has verified, to the person who has it, or to one made of the invitations that it has. Anybody else stays out,
unless the settings say that this issuer's people sign up: then what they are follows from a claim, this first time.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from heliograph.domain.accounts import hash_secret
from heliograph.domain.audit import Act, Action, Actor, ActorKind
from heliograph.domain.errors import InvalidField, NotFound, SignInRefused
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.issuers import IssuerConfig, Subject
from heliograph.domain.people import Person, Role, email_in
from heliograph.domain.seals import WrongSealKey
from heliograph.services.accounts import Accounts
from heliograph.services.audit import acting_as, audited
from heliograph.services.issuers import Issuer
from heliograph.services.people import People
from heliograph.services.signing_in import SigningIn, Started
from heliograph.store import Store
from heliograph.store.accounts import account_by_id, account_by_name
from heliograph.store.federated import NewLink, add_link, invitations_of, linked_person, use_state
from heliograph.store.people import NewPerson, NewRole, add_person, person_named
from heliograph.store.signing_in import accept
from heliograph.store.tx import Tx

LASTS_S = 600
"""How long somebody may take at the issuer, or to look for a code, in seconds."""


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    """An attempt whose browser is at the issuer."""

    name: str
    state: str
    nonce: str
    verifier: str
    expires_at: int


class _Halfway(msgspec.Struct, frozen=True, tag="halfway"):
    """An attempt that lacks the code of an app."""

    person_id: str
    expires_at: int


S = TypeVar("S", _Begun, _Halfway)


class Halfway(msgspec.Struct, frozen=True):
    """Somebody who must give a code of an app yet."""

    sealed: str


class FederatedSigningIn:
    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        people: People,
        signing_in: SigningIn,
        issuers: Mapping[str, IssuerConfig],
    ) -> None:
        self._store = store
        self._access = accounts.access
        self._seal = accounts.seal
        self._people = people
        self._signing_in = signing_in
        self._issuers = {name: Issuer(name, config) for name, config in issuers.items()}

    @property
    def titles(self) -> Mapping[str, str]:
        """Return what stands on the button of each issuer, by its name."""
        return {name: issuer.title for name, issuer in self._issuers.items()}

    async def begin(self, name: str, redirect_uri: str) -> tuple[str, str]:
        """Begin an attempt: return where the browser is sent to, and the cookie that it must come back with.

        Raises NotFound if there is no such issuer, and IssuerFailed.
        """
        issuer = self._named(name)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = _Begun(name, state, nonce, verifier, now_ms() + LASTS_S * 1_000)
        address = await issuer.address(
            redirect_uri=redirect_uri, state=begun.state, nonce=begun.nonce, verifier=begun.verifier
        )
        return address, self._sealed(begun)

    async def finish(
        self, name: str, cookie: str, answer: Mapping[str, str], redirect_uri: str, *, address: str, agent: str
    ) -> Started | Halfway:
        """Begin a session of whoever comes back with this answer and this cookie.

        Raises NotFound, IssuerFailed, and SignInRefused: then nothing has changed, but the attempt is used up.
        """
        issuer = self._named(name)
        begun = self._opened(cookie, _Begun)
        if begun is None or begun.name != name or not _same(begun.state, answer.get("state", "")):
            raise self._refused("This browser has begun no such sign-in, or longer ago than ten minutes.")
        if not await self._store.write(use_state, hash_secret(begun.state), now_ms(), begun.expires_at):
            raise self._refused("This sign-in has come back before: each is good once.")
        if answer.get("iss", issuer.config.issuer) != issuer.config.issuer:  # RFC 9207
            raise self._refused("The answer is another issuer's.")
        if not answer.get("code"):
            raise self._refused(f"{issuer.title} did not let you in.", says=answer.get("error", "")[:200])
        try:
            subject = await issuer.subject(
                answer["code"], redirect_uri=redirect_uri, nonce=begun.nonce, verifier=begun.verifier
            )
            person = await self._person(issuer, subject, address)
        except SignInRefused:
            self._access.on_refused("person")
            raise
        if person.has_totp and not issuer.config.second_factor:
            return Halfway(self._sealed(_Halfway(person.id, now_ms() + LASTS_S * 1_000)))
        return await self._signing_in.begin(person, address, agent)

    async def finish_with_code(self, sealed: str, code: str, *, address: str, agent: str) -> Started:
        """Begin a session of somebody who was halfway. Raises SignInRefused, TooManyLogins; Unauthenticated for a
        wrong code."""
        halfway = self._opened(sealed, _Halfway)
        if halfway is None:
            raise self._refused("That took longer than ten minutes.")
        person = await self._people.named(halfway.person_id)
        await self._signing_in.require_code(person, code, address=address)
        return await self._signing_in.begin(person, address, agent)

    def _named(self, name: str) -> Issuer:
        try:
            return self._issuers[name]
        except KeyError:
            raise NotFound(f"There is no issuer {name[:80]!r} to sign in with.") from None

    def _refused(self, message: str, **facts: object) -> SignInRefused:
        self._access.on_refused("person")
        return SignInRefused(message, field=None, **facts)

    def _sealed(self, value: _Begun | _Halfway) -> str:
        return self._seal.close(msgspec.json.encode(value).decode())

    def _opened(self, sealed: str, kind: type[S]) -> S | None:
        try:
            found = msgspec.json.decode(self._seal.open(sealed), type=kind)
        except (WrongSealKey, msgspec.DecodeError, ValueError):
            return None
        return found if found.expires_at > now_ms() else None

    async def _person(self, issuer: Issuer, subject: Subject, address: str) -> Person:
        """Return the person that an issuer speaks of, who is linked to it from now on. Raises SignInRefused."""
        email = _email_of(subject)
        domain = (email or "").rpartition("@")[2]
        domains = {each.casefold() for each in issuer.config.domains}
        may_link = email is not None and (not domains or domain in domains)
        actor = Actor(kind=ActorKind.PERSON, name=email or subject.id, address=address)
        with acting_as(actor):
            outcome = await audited(
                self._store,
                _acts,
                _person_of,
                subject,
                email if may_link else None,
                _given(issuer, subject),
                new_id(),
                now_ms(),
            )
        if outcome.person_id is None and email is None:
            raise SignInRefused(f"{issuer.title} does not say that your e-mail address was verified.")
        if outcome.person_id is None and not may_link:
            raise SignInRefused(f"E-mail addresses of {domain} are not taken from {issuer.title}.")
        if outcome.person_id is None:
            raise SignInRefused(outcome.problem or f"Nobody has invited {email}: ask for an invitation.")
        return await self._people.named(outcome.person_id)


class _Outcome(msgspec.Struct, frozen=True):
    """What became of somebody who came from an issuer."""

    person_id: str | None
    problem: str = ""
    acts: Sequence[Act] = ()


def _acts(outcome: _Outcome) -> Sequence[Act]:
    return outcome.acts


def _given(issuer: Issuer, subject: Subject) -> Mapping[str, Role]:
    """Return what an issuer's word makes of somebody who signs up, by the names of accounts: the most of each."""
    given: dict[str, Role] = {}
    for rule in issuer.config.roles if issuer.config.allow_sign_up else ():
        if rule.value in subject.values:
            given[rule.account] = max(given.get(rule.account, Role.VIEWER), Role(rule.role), key=list(Role).index)
    return given


def _person_of(
    tx: Tx, subject: Subject, email: str | None, given: Mapping[str, Role], new_person_id: str, now_ms: int
) -> _Outcome:
    """Find the person of a link, or make a link by an e-mail address that was verified."""
    linked = linked_person(tx, subject.issuer, subject.id)
    person = person_named(tx, linked) if linked is not None else None
    if person is None and email is not None:
        person = person_named(tx, email)
    if person is not None and person.disabled_at is not None:
        return _Outcome(None, f"{person.email} may not sign in any more.")
    if person is not None and linked is not None:
        return _Outcome(person.id)
    if email is None:
        return _Outcome(None)
    if person is None:
        roles = _accepted(tx, email, new_person_id, now_ms)
        invited = bool(roles)
        roles = roles or _signed_up(tx, given, new_person_id)
        if not roles or not add_person(tx, NewPerson(new_person_id, email, None, now_ms), roles):
            return _Outcome(None)
        made = [_created(new_person_id, email, invited=invited)]
    elif subject.issuer in person.issuers:  # an e-mail address may go to somebody else, a subject does not
        return _Outcome(None, f"The issuer knows {email} as somebody else than before.")
    else:
        made = []
    person_id = new_person_id if person is None else person.id
    add_link(tx, NewLink(subject.issuer, subject.id, person_id, now_ms))
    after = {"email": email, "issuer": subject.issuer, "subject": subject.id}
    return _Outcome(person_id, acts=[*made, Act(action=Action.PERSON_LINKED, object_id=person_id, after=after)])


def _accepted(tx: Tx, email: str, person_id: str, now_ms: int) -> list[NewRole]:
    """Accept what an e-mail address was invited to, but for accounts that are closed."""
    roles = {}
    for each in invitations_of(tx, email, now_ms):  # few: one for each account at most
        account = account_by_id(tx, each.account_id)
        if account is not None and account.closed_at is None:
            accept(tx, each.id, now_ms)
            roles[account.id] = NewRole(person_id, account.id, each.role)
    return list(roles.values())


def _signed_up(tx: Tx, given: Mapping[str, Role], person_id: str) -> list[NewRole]:
    """Return the roles of somebody who signs up, but for accounts that there are not, or that are closed."""
    found = [(account_by_name(tx, name), role) for name, role in given.items()]  # few: what the settings name
    open_ones = [(account, role) for account, role in found if account is not None and account.closed_at is None]
    return [NewRole(person_id, account.id, role.value) for account, role in open_ones]


def _created(person_id: str, email: str, *, invited: bool) -> Act:
    return Act(action=Action.PERSON_CREATED, object_id=person_id, after={"email": email, "invited": invited})


def _email_of(subject: Subject) -> str | None:
    try:
        return None if subject.email is None else email_in(subject.email)
    except InvalidField:
        return None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))
