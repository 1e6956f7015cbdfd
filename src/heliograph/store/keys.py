"""Keys as those who run the installation see them: listed, given other secrets, and when they were last used."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Select, delete, func, select, update

from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, maybe_instant
from heliograph.domain.keys import KeyFilter, KeyRecord
from heliograph.store.accounts import in_force
from heliograph.store.schema import accounts, credentials, former_secrets
from heliograph.store.tx import Row, Tx, columns


class NewCredential(Row, frozen=True):
    """A credential that is to be stored; instants are milliseconds since 1970."""

    id: str
    account_id: str
    kind: str
    public_id: str
    secret_hash: str
    scopes: str
    created_at: int
    expires_at: int | None
    networks: str | None
    sealed: str | None
    listens: str | None


def add_credential(tx: Tx, new: NewCredential) -> bool:
    """Store a credential; False, and nothing changes, if one of this kind and name is good, or is another account's.

    One of the same account that is good no longer makes way for it.
    """
    mine = (credentials.c.account_id == new.account_id, credentials.c.kind == new.kind)
    over = credentials.c.revoked_at.is_not(None) | (credentials.c.expires_at <= new.created_at)
    tx.run(delete(credentials).where(*mine, credentials.c.public_id == new.public_id, over))
    return bool(tx.insert(credentials, [new], skip_existing=True))


class _KeyRow(Row, frozen=True):
    id: str
    account_id: str
    account_name: str
    kind: str
    public_id: str
    scopes: str
    networks: str | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None
    last_used_from: str | None
    grace_until: int | None
    closed_at: int | None


def _keys() -> Select[*tuple[object, ...]]:
    """Select what a key is and whose. Spans accounts: for whoever runs the installation."""
    grace = select(func.max(former_secrets.c.good_until)).where(former_secrets.c.credential_id == credentials.c.id)
    named = columns(_KeyRow, credentials, accounts, account_name=accounts.c.name, grace_until=grace.scalar_subquery())
    return select(*named).join(accounts, accounts.c.id == credentials.c.account_id)


_KEYS = _keys()


def keys_of(tx: Tx, wanted: KeyFilter, *, limit: int, before: str | None = None) -> list[KeyRecord]:
    """List a page of keys, newest first, of those older than the key `before`. Spans accounts: for whoever runs the
    installation."""
    query = _KEYS.where(tx.among(credentials.c.kind, wanted.kinds))
    if wanted.account_id is not None:
        query = query.where(credentials.c.account_id == wanted.account_id)
    if before is not None:
        query = query.where(credentials.c.id < before)
    return [_key(row) for row in tx.all(_KeyRow, query.order_by(credentials.c.id.desc()).limit(limit))]


def key_by_id(tx: Tx, key_id: str) -> KeyRecord | None:
    """Read a key, whosever it is; None if there is none. Spans accounts: for whoever runs the installation."""
    row = tx.one(_KeyRow, _KEYS.where(credentials.c.id == key_id))
    return None if row is None else _key(row)


def _key(row: _KeyRow) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        account_id=row.account_id,
        account_name=row.account_name,
        kind=row.kind,
        public_id=row.public_id,
        scopes=frozenset(row.scopes.split()),
        networks=None if row.networks is None else row.networks.split(),
        created_at=from_ms(row.created_at),
        expires_at=maybe_instant(row.expires_at),
        revoked_at=maybe_instant(row.revoked_at),
        last_used_at=maybe_instant(row.last_used_at),
        last_used_from=row.last_used_from,
        grace_until=maybe_instant(row.grace_until),
        account_closed=row.closed_at is not None,
    )


def has_key_with(tx: Tx, scope: str, now_ms: int) -> bool:
    """Say whether any key of an open account that is good now has this scope. Spans accounts: for whoever runs the
    installation."""
    query = select(credentials.c.scopes).join(accounts, accounts.c.id == credentials.c.account_id)
    good = (credentials.c.scopes.contains(scope), accounts.c.closed_at.is_(None), *in_force(now_ms))
    return any(scope in scopes.split() for scopes in tx.column(query.where(*good)))


class _Former(Row, frozen=True):
    """What a credential was."""

    id: str
    account_id: str
    credential_id: str
    kind: str
    public_id: str
    secret_hash: str
    sealed: str | None
    good_until: int


class _Secret(Row, frozen=True):
    account_id: str
    kind: str
    public_id: str
    secret_hash: str
    sealed: str | None


def rotate_credential(
    tx: Tx, key_id: str, *, public_id: str, secret_hash: str, sealed: str | None, good_until: int, now_ms: int
) -> bool:
    """Give a key another secret; False, and nothing changes, if it is not good now. Spans accounts.

    What it was is good besides until `good_until`, in milliseconds since 1970, and so are tokens that it was exchanged
    for. If that is over, everything that the key was before ends at once.
    """
    one = credentials.c.id == key_id
    before = tx.one(_Secret, select(*columns(_Secret, credentials)).where(one, *in_force(now_ms)).with_for_update())
    if before is None:
        return False
    formers = former_secrets.c.credential_id == key_id
    if good_until > now_ms:
        tx.run(delete(former_secrets).where(formers, former_secrets.c.good_until <= now_ms))
        tx.insert(former_secrets, [_former(key_id, before, good_until)])
        tokens = (credentials.c.login_id == key_id, credentials.c.expires_at > good_until)
        tx.run(update(credentials).where(*tokens).values(expires_at=good_until))
    else:
        tx.run(delete(former_secrets).where(formers))
        tokens = (credentials.c.login_id == key_id, credentials.c.revoked_at.is_(None))
        tx.run(update(credentials).where(*tokens).values(revoked_at=now_ms))
    changed = {"public_id": public_id, "secret_hash": secret_hash, "sealed": sealed}
    tx.run(update(credentials).where(one).values(changed))
    return True


def _former(key_id: str, before: _Secret, good_until: int) -> _Former:
    return _Former(
        id=new_id(),
        account_id=before.account_id,
        credential_id=key_id,
        kind=before.kind,
        public_id=before.public_id,
        secret_hash=before.secret_hash,
        sealed=before.sealed,
        good_until=good_until,
    )


class KeyUse(Row, frozen=True):
    """When a key was last used, in milliseconds since 1970, and from where."""

    id: str
    last_used_at: int
    last_used_from: str | None


def note_uses(tx: Tx, uses: Sequence[KeyUse]) -> int:
    """Write down the last uses of keys; one that another process has seen used later stays. Spans accounts: callers
    are noted by the credential that they were let in with."""
    later = _used_later(tx, uses)
    return tx.update(credentials, [use for use in uses if use.id not in later])


def _used_later(tx: Tx, uses: Collection[KeyUse]) -> set[str]:
    noted = select(credentials.c.id, credentials.c.last_used_at).where(
        tx.among(credentials.c.id, [use.id for use in uses]), credentials.c.last_used_at.is_not(None)
    )
    known = tx.pairs(noted)
    return {use.id for use in uses if known.get(use.id, 0) > use.last_used_at}
