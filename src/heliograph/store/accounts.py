"""Accounts and credentials in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, delete, insert, select, update

from heliograph.domain.accounts import ADMINISTRATORS, TOKENS, Account, Terms
from heliograph.domain.instants import from_ms, maybe_instant, maybe_ms, to_ms
from heliograph.domain.optouts import NO_WORDS, ConsentWords
from heliograph.store.schema import accounts, applications, credentials, former_secrets
from heliograph.store.tx import Row, Tx, columns

_decode_terms = msgspec.json.Decoder(Terms).decode
_decode_words = msgspec.json.Decoder(ConsentWords).decode


class FoundCredential(msgspec.Struct, frozen=True):
    """A credential that is not revoked, with its account."""

    id: str
    secret_hash: str
    scopes: frozenset[str]
    application_id: str | None
    networks: Sequence[str] | None
    expires_at: int | None
    """Milliseconds since 1970."""
    account: Account


class _AccountRow(Row, frozen=True):
    id: str
    name: str
    created_at: int
    callback_url: str | None
    callback_protocol: str
    callback_secret: str
    default_originator: str | None
    default_region: str | None
    optout_page: str | None
    terms: str | None
    """The terms as JSON; the words of consent are JSON, too."""
    parent_id: str | None
    receipt_url: str | None
    consent_words: str | None
    closed_at: int | None
    former_callback_secret: str | None
    former_callback_until: int | None
    optout_secret: str | None


_COLUMNS = columns(_AccountRow, accounts)


def _account(row: _AccountRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        created_at=from_ms(row.created_at),
        callback_url=row.callback_url,
        callback_protocol=row.callback_protocol,
        callback_secret=row.callback_secret,
        default_originator=row.default_originator,
        default_region=row.default_region,
        optout_page=row.optout_page or "",
        terms=Terms() if row.terms is None else _decode_terms(row.terms),
        parent_id=row.parent_id,
        receipt_url=row.receipt_url,
        words=NO_WORDS if row.consent_words is None else _decode_words(row.consent_words),
        closed_at=maybe_instant(row.closed_at),
        former_callback_secret=row.former_callback_secret,
        former_callback_until=maybe_instant(row.former_callback_until),
        optout_secret=row.optout_secret,
    )


def add_account(tx: Tx, account: Account) -> int:
    """Store an account, and return 1; 0 if there is one of that name, which then stays as it is."""
    row = _AccountRow(
        id=account.id,
        name=account.name,
        created_at=to_ms(account.created_at),
        callback_url=account.callback_url,
        callback_protocol=account.callback_protocol,
        callback_secret=account.callback_secret,
        default_originator=account.default_originator,
        default_region=account.default_region,
        optout_page=account.optout_page,
        terms=msgspec.json.encode(account.terms).decode(),
        parent_id=account.parent_id,
        receipt_url=account.receipt_url,
        consent_words=msgspec.json.encode(account.words).decode(),
        closed_at=maybe_ms(account.closed_at),
        former_callback_secret=account.former_callback_secret,
        former_callback_until=maybe_ms(account.former_callback_until),
        optout_secret=account.optout_secret,
    )
    return tx.insert(accounts, [row], skip_existing=True)


def account_by_name(tx: Tx, name: str) -> Account | None:
    row = tx.one(_AccountRow, select(*_COLUMNS).where(accounts.c.name == name))
    return None if row is None else _account(row)


def all_accounts(tx: Tx) -> list[Account]:
    """List all accounts, oldest first. Spans accounts: for whoever runs the installation."""
    return [
        _account(row) for row in tx.all(_AccountRow, select(*_COLUMNS).order_by(accounts.c.created_at, accounts.c.id))
    ]


def accounts_page(tx: Tx, *, limit: int, before: str | None = None, parent_id: str | None = None) -> list[Account]:
    """List accounts, newest first, of those older than `before`, and right below a parent if that is given. Spans
    accounts: for whoever runs the installation."""
    query = select(*_COLUMNS).order_by(accounts.c.id.desc()).limit(limit)
    if parent_id is not None:
        query = query.where(accounts.c.parent_id == parent_id)
    if before is not None:
        query = query.where(accounts.c.id < before)
    return [_account(row) for row in tx.all(_AccountRow, query)]


def oldest_account(tx: Tx) -> Account | None:
    """Return the oldest open account that is not below another; None if there is none yet.

    The account of the administrators is not meant: it has no traffic.
    """
    first = (accounts.c.parent_id.is_(None), accounts.c.closed_at.is_(None), accounts.c.name != ADMINISTRATORS)
    query = select(*_COLUMNS).where(*first).order_by(accounts.c.created_at, accounts.c.id)
    row = tx.one(_AccountRow, query.limit(1))
    return None if row is None else _account(row)


def account_by_id(tx: Tx, account_id: str, *, lock: bool = False) -> Account | None:
    """Read an account; with `lock`, keep others from changing it until this transaction ends."""
    query = select(*_COLUMNS).where(accounts.c.id == account_id)
    row = tx.one(_AccountRow, query.with_for_update() if lock else query)
    return None if row is None else _account(row)


def accounts_among(tx: Tx, account_ids: Sequence[str]) -> list[Account]:
    """Read these accounts; those that are not there are left out. Spans accounts: for whoever runs the installation."""
    query = select(*_COLUMNS).where(tx.among(accounts.c.id, account_ids)).order_by(accounts.c.id)
    return [_account(row) for row in tx.all(_AccountRow, query)]


def change_account(tx: Tx, account_id: str, values: dict[str, Any]) -> int:
    """Set the given fields of an account, and return how many accounts that changed: 0 if there is none."""
    if "terms" in values:
        values = values | {"terms": msgspec.json.encode(values["terms"]).decode()}
    if "words" in values:
        words = msgspec.json.encode(values["words"]).decode()
        values = {name: value for name, value in values.items() if name != "words"} | {"consent_words": words}
    until = values.get("former_callback_until")
    if until is not None:
        values = values | {"former_callback_until": to_ms(until)}
    return tx.run(update(accounts).where(accounts.c.id == account_id).values(values))


def accounts_below(tx: Tx, account_ids: Sequence[str]) -> list[Account]:
    """List the accounts one level below some, and lock them. Spans accounts: for whoever runs the installation."""
    query = select(*_COLUMNS).where(tx.among(accounts.c.parent_id, account_ids)).order_by(accounts.c.id)
    return [_account(row) for row in tx.all(_AccountRow, query.with_for_update())]


class _TermsRow(Row, frozen=True):
    id: str
    terms: str


def put_terms(tx: Tx, terms: Mapping[str, Terms]) -> None:
    """Store what is agreed with some accounts, by their identifiers. Spans accounts, as `accounts_below` does."""
    tx.update(accounts, [_TermsRow(each, msgspec.json.encode(agreed).decode()) for each, agreed in terms.items()])


def terms_of(tx: Tx, account_id: str) -> Terms:
    """Read what is agreed with an account; nothing, if there is none."""
    found = tx.value(select(accounts.c.terms).where(accounts.c.id == account_id))
    return Terms() if found is None else _decode_terms(found)


def put_credential(
    tx: Tx,
    *,
    id: str,
    account_id: str,
    kind: str,
    public_id: str,
    secret_hash: str,
    scopes: str,
    created_at: int,
    expires_at: int | None = None,
    application_id: str | None = None,
    networks: str | None = None,
    sealed: str | None = None,
    listens: str | None = None,
    login_id: str | None = None,
) -> bool:
    """Store a credential, in place of the account's one with the same kind and public id.

    True if that was good, for the same scopes.
    """
    same = (credentials.c.account_id == account_id, credentials.c.kind == kind, credentials.c.public_id == public_id)
    was = tx.value(select(credentials.c.scopes).where(*same, *in_force(created_at)))
    tx.run(delete(credentials).where(*same))
    tx.run(
        insert(credentials).values(
            id=id,
            account_id=account_id,
            kind=kind,
            public_id=public_id,
            secret_hash=secret_hash,
            scopes=scopes,
            created_at=created_at,
            expires_at=expires_at,
            application_id=application_id,
            networks=networks,
            sealed=sealed,
            listens=listens,
            login_id=login_id,
        )
    )
    return bool(was == scopes)


def sealed_secret(tx: Tx, account_id: str, kind: str, public_id: str, now_ms: int) -> str | None:
    """Read the sealed secret of one credential; None if it is not good now, or has none."""
    mine = (credentials.c.account_id == account_id, credentials.c.kind == kind, credentials.c.public_id == public_id)
    value: str | None = tx.value(select(credentials.c.sealed).where(*mine, *in_force(now_ms)))
    return value


def revoke_credential(tx: Tx, account_id: str, credential_id: str, now_ms: int) -> int:
    """Revoke a credential of an account, and return 1; 0 if it has none, or it was revoked before."""
    return tx.run(
        update(credentials)
        .where(
            credentials.c.account_id == account_id,
            credentials.c.id == credential_id,
            credentials.c.revoked_at.is_(None),
        )
        .values(revoked_at=now_ms)
    )


def revoke_any_credential(tx: Tx, credential_id: str, now_ms: int) -> int:
    """Revoke a credential, whosever it is, with the tokens that its password was exchanged for. Spans accounts.

    0 if there is none that is in force.
    """
    one = (credentials.c.id == credential_id, credentials.c.revoked_at.is_(None))
    revoked = tx.run(update(credentials).where(*one).values(revoked_at=now_ms))
    tokens = (credentials.c.login_id == credential_id, credentials.c.revoked_at.is_(None))
    tx.run(update(credentials).where(*tokens).values(revoked_at=now_ms))
    return revoked


def revoke_credentials(tx: Tx, account_id: str, kind: str, now_ms: int, public_id: str | None = None) -> list[str]:
    """Revoke the account's credentials of one kind, or the one of that name; return those that were not before."""
    mine = [credentials.c.account_id == account_id, credentials.c.kind == kind, credentials.c.revoked_at.is_(None)]
    if public_id is not None:
        mine.append(credentials.c.public_id == public_id)
    found = tx.column(select(credentials.c.id).where(*mine).order_by(credentials.c.id).with_for_update())
    tx.run(update(credentials).where(*mine).values(revoked_at=now_ms))
    return found


def revoke_tokens(tx: Tx, account_id: str, application_id: str, now_ms: int) -> int:
    """Revoke the tokens of one application, and return how many were in force."""
    mine = (credentials.c.account_id == account_id, credentials.c.application_id == application_id)
    return tx.run(update(credentials).where(*mine, credentials.c.revoked_at.is_(None)).values(revoked_at=now_ms))


def forget_expired(tx: Tx, account_id: str, now_ms: int) -> int:
    """Delete the account's expired tokens, and return how many there were. Keys that expired stay, to be seen."""
    mine = (credentials.c.account_id == account_id, tx.among(credentials.c.kind, TOKENS))
    return tx.run(delete(credentials).where(*mine, credentials.c.expires_at < now_ms))


def public_ids(tx: Tx, account_id: str, kind: str, now_ms: int) -> list[str]:
    """List the public ids of the account's credentials of one kind that are good now, sorted."""
    mine = (credentials.c.account_id == account_id, credentials.c.kind == kind)
    query = select(credentials.c.public_id).where(*mine, *in_force(now_ms)).order_by(credentials.c.public_id)
    return tx.column(query)


def closed_among(tx: Tx, account_ids: Sequence[str]) -> set[str]:
    """Return which of some accounts are closed; none of the others is before this transaction has ended."""
    query = select(accounts.c.id, accounts.c.closed_at).where(tx.among(accounts.c.id, account_ids))
    found = tx.pairs(query.order_by(accounts.c.id).with_for_update(read=True))
    return {account_id for account_id, closed_at in found.items() if closed_at is not None}


def account_by_optout_page(tx: Tx, page: str) -> Account | None:
    row = tx.one(_AccountRow, select(*_COLUMNS).where(accounts.c.optout_page == page)) if page else None
    return None if row is None else _account(row)


class _CredentialRow(_AccountRow, frozen=True):
    """A credential with its account, and the scopes of the application that it is a token of."""

    credential_id: str
    secret_hash: str
    scopes: str
    application_id: str | None
    networks: str | None
    expires_at: int | None
    application_scopes: str | None


def _credential(secret_hash: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    named = columns(
        _CredentialRow,
        accounts,
        credentials,
        credential_id=credentials.c.id,
        application_scopes=applications.c.scopes,
        secret_hash=secret_hash,
    )
    return (
        select(*named)
        .join(accounts, accounts.c.id == credentials.c.account_id)
        .outerjoin(applications, applications.c.id == credentials.c.application_id)
    )


_CURRENT = _credential(credentials.c.secret_hash)
_FORMER = _credential(former_secrets.c.secret_hash).join(
    former_secrets, former_secrets.c.credential_id == credentials.c.id
)


def find_credential(tx: Tx, kind: str, public_id: str, now_ms: int) -> FoundCredential | None:
    """Find a credential of an open account that is good now. Spans accounts: this is how a caller's account is found.

    A token of an application has only those of its scopes that the application still has.
    """
    named = (credentials.c.kind == kind, credentials.c.public_id == public_id)
    row = tx.one(_CredentialRow, _CURRENT.where(*named, accounts.c.closed_at.is_(None), *in_force(now_ms)))
    return None if row is None else _found(row)


def find_former(tx: Tx, kind: str, public_id: str, now_ms: int) -> list[FoundCredential]:
    """Find credentials by what they were before they were given other secrets, as long as that is good.

    Spans accounts, as `find_credential` does.
    """
    named = (former_secrets.c.kind == kind, former_secrets.c.public_id == public_id)
    good = (former_secrets.c.good_until > now_ms, accounts.c.closed_at.is_(None), *in_force(now_ms))
    return list(map(_found, tx.all(_CredentialRow, _FORMER.where(*named, *good))))


def find_credentials(tx: Tx, ids: Sequence[str], now_ms: int) -> list[FoundCredential]:
    """Find which of these credentials of open accounts are good now: each once for every secret that it has.

    Spans accounts, as `find_credential` does.
    """
    good = (tx.among(credentials.c.id, ids), accounts.c.closed_at.is_(None), *in_force(now_ms))
    current = tx.all(_CredentialRow, _CURRENT.where(*good))
    former = tx.all(_CredentialRow, _FORMER.where(former_secrets.c.good_until > now_ms, *good))
    return list(map(_found, (*current, *former)))


def _found(row: _CredentialRow) -> FoundCredential:
    networks = None if row.networks is None else row.networks.split()
    scopes = frozenset(row.scopes.split())
    if row.application_id is not None:
        scopes &= frozenset((row.application_scopes or "").split())
    return FoundCredential(
        row.credential_id, row.secret_hash, scopes, row.application_id, networks, row.expires_at, _account(row)
    )


def listening_protocols(tx: Tx, account_id: str, now_ms: int) -> list[str]:
    """List the protocols whose connected clients are told of inbound messages, by keys that are good now."""
    mine = (credentials.c.account_id == account_id, credentials.c.listens.is_not(None))
    query = select(credentials.c.listens).where(*mine, *in_force(now_ms)).distinct().order_by(credentials.c.listens)
    return tx.column(query)


def in_force(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a credential that is good now."""
    return (
        credentials.c.revoked_at.is_(None),
        credentials.c.expires_at.is_(None) | (credentials.c.expires_at > now_ms),
    )
