"""Accounts and credentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update

from heliograph.domain.accounts import Account, Terms
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.optouts import NO_WORDS, ConsentWords
from heliograph.store.schema import accounts, applications, credentials
from heliograph.store.tx import Tx

_COLUMNS = (
    accounts.c.id,
    accounts.c.name,
    accounts.c.created_at,
    accounts.c.callback_url,
    accounts.c.callback_protocol,
    accounts.c.callback_secret,
    accounts.c.default_originator,
    accounts.c.default_region,
    accounts.c.optout_page,
    accounts.c.terms,
    accounts.c.parent_id,
    accounts.c.receipt_url,
    accounts.c.consent_words,
)
_decode_terms = msgspec.json.Decoder(Terms).decode
_decode_words = msgspec.json.Decoder(ConsentWords).decode


class FoundCredential(msgspec.Struct, frozen=True):
    """A credential that is not revoked, with its account."""

    id: str
    secret_hash: str
    scopes: frozenset[str]
    application_id: str | None
    networks: Sequence[str] | None
    account: Account


def _account(row: Sequence[Any]) -> Account:
    identifier, name, created_at, callback_url, callback_protocol, callback_secret, originator, region, page = row[:9]
    return Account(
        id=identifier,
        name=name,
        created_at=from_ms(created_at),
        callback_url=callback_url,
        callback_protocol=callback_protocol,
        callback_secret=callback_secret,
        default_originator=originator,
        default_region=region,
        optout_page=page or "",
        terms=Terms() if row[9] is None else _decode_terms(row[9]),
        parent_id=row[10],
        receipt_url=row[11],
        words=NO_WORDS if row[12] is None else _decode_words(row[12]),
    )


def add_account(tx: Tx, account: Account) -> int:
    """0 if there is an account of that name, which then stays as it is."""
    row = msgspec.structs.asdict(account) | {
        "created_at": to_ms(account.created_at),
        "terms": msgspec.json.encode(account.terms).decode(),
    }
    row["consent_words"] = msgspec.json.encode(row.pop("words")).decode()
    return tx.insert(accounts, tuple(row), [tuple(row.values())], skip_existing=True)


def account_by_name(tx: Tx, name: str) -> Account | None:
    row = tx.first(select(*_COLUMNS).where(accounts.c.name == name))
    return None if row is None else _account(row)


def all_accounts(tx: Tx) -> list[Account]:
    """All accounts, oldest first. Spans accounts: for whoever runs the installation."""
    return [_account(row) for row in tx.rows(select(*_COLUMNS).order_by(accounts.c.created_at, accounts.c.id))]


def oldest_account(tx: Tx) -> Account | None:
    """The account that was made first, of those that are below no other; None if there is none yet."""
    query = select(*_COLUMNS).where(accounts.c.parent_id.is_(None)).order_by(accounts.c.created_at, accounts.c.id)
    row = tx.first(query.limit(1))
    return None if row is None else _account(row)


def account_by_id(tx: Tx, account_id: str) -> Account | None:
    row = tx.first(select(*_COLUMNS).where(accounts.c.id == account_id))
    return None if row is None else _account(row)


def change_account(tx: Tx, account_id: str, values: dict[str, Any]) -> int:
    """Sets the given fields; 0 if there is no such account."""
    if "terms" in values:
        values = values | {"terms": msgspec.json.encode(values["terms"]).decode()}
    if "words" in values:
        words = msgspec.json.encode(values["words"]).decode()
        values = {name: value for name, value in values.items() if name != "words"} | {"consent_words": words}
    return tx.run(update(accounts).where(accounts.c.id == account_id).values(values))


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
) -> None:
    """Adds a credential, or replaces the account's one with the same kind and public id."""
    same = (credentials.c.kind == kind, credentials.c.public_id == public_id)
    tx.run(delete(credentials).where(credentials.c.account_id == account_id, *same))
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
        )
    )


def sealed_secret(tx: Tx, account_id: str, kind: str, public_id: str, now_ms: int) -> str | None:
    """Read the sealed secret of one credential; None if it is not good now, or has none."""
    mine = (credentials.c.account_id == account_id, credentials.c.kind == kind, credentials.c.public_id == public_id)
    value: str | None = tx.value(select(credentials.c.sealed).where(*mine, *_in_force(now_ms)))
    return value


def revoke_credential(tx: Tx, account_id: str, credential_id: str, now_ms: int) -> int:
    """0 if the account has no such credential, or it was revoked before."""
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
    """Revoke a credential, whosever it is; 0 if there is none that is in force. Spans accounts."""
    one = (credentials.c.id == credential_id, credentials.c.revoked_at.is_(None))
    return tx.run(update(credentials).where(*one).values(revoked_at=now_ms))


def revoke_credentials(tx: Tx, account_id: str, kind: str, now_ms: int, public_id: str | None = None) -> int:
    """Revoke the account's credentials of one kind, or the one of that name; how many were in force."""
    mine = [credentials.c.account_id == account_id, credentials.c.kind == kind, credentials.c.revoked_at.is_(None)]
    if public_id is not None:
        mine.append(credentials.c.public_id == public_id)
    return tx.run(update(credentials).where(*mine).values(revoked_at=now_ms))


def revoke_tokens(tx: Tx, account_id: str, application_id: str, now_ms: int) -> int:
    """Of one application; how many there were."""
    mine = (credentials.c.account_id == account_id, credentials.c.application_id == application_id)
    return tx.run(update(credentials).where(*mine, credentials.c.revoked_at.is_(None)).values(revoked_at=now_ms))


def forget_expired(tx: Tx, account_id: str, now_ms: int) -> int:
    """Deletes the account's tokens whose time is over; how many there were."""
    return tx.run(delete(credentials).where(credentials.c.account_id == account_id, credentials.c.expires_at < now_ms))


def public_ids(tx: Tx, account_id: str, kind: str, now_ms: int) -> list[str]:
    """Of the account's credentials of one kind that are good now, in order."""
    mine = (credentials.c.account_id == account_id, credentials.c.kind == kind)
    query = select(credentials.c.public_id).where(*mine, *_in_force(now_ms)).order_by(credentials.c.public_id)
    return [row[0] for row in tx.rows(query)]


def account_by_optout_page(tx: Tx, page: str) -> Account | None:
    row = tx.first(select(*_COLUMNS).where(accounts.c.optout_page == page)) if page else None
    return None if row is None else _account(row)


def find_credential(tx: Tx, kind: str, public_id: str, now_ms: int) -> FoundCredential | None:
    """One that is good now, with those of its scopes that its application, if it is one's token, still has. Spans
    accounts: this is how a caller's account is found."""
    row = tx.first(
        select(
            credentials.c.id,
            credentials.c.secret_hash,
            credentials.c.scopes,
            credentials.c.application_id,
            credentials.c.networks,
            applications.c.scopes,
            *_COLUMNS,
        )
        .join(accounts, accounts.c.id == credentials.c.account_id)
        .outerjoin(applications, applications.c.id == credentials.c.application_id)
        .where(
            credentials.c.kind == kind,
            credentials.c.public_id == public_id,
            *_in_force(now_ms),
        )
    )
    if row is None:
        return None
    networks = None if row[4] is None else row[4].split()
    scopes = frozenset(row[2].split())
    if row[3] is not None:
        scopes &= frozenset((row[5] or "").split())
    return FoundCredential(row[0], row[1], scopes, row[3], networks, _account(row[6:]))


def listening_protocols(tx: Tx, account_id: str, now_ms: int) -> list[str]:
    """Those with whose keys, good now, the account's clients connect to be told of inbound messages."""
    mine = (credentials.c.account_id == account_id, credentials.c.listens.is_not(None))
    query = select(credentials.c.listens).where(*mine, *_in_force(now_ms)).distinct().order_by(credentials.c.listens)
    return [row[0] for row in tx.rows(query)]


def _in_force(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    return (
        credentials.c.revoked_at.is_(None),
        credentials.c.expires_at.is_(None) | (credentials.c.expires_at > now_ms),
    )
