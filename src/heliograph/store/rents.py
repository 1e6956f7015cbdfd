"""Rented numbers in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import func, select, update

from heliograph.domain.errors import InsufficientCredit
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.rents import Rent, Terms, Traffic
from heliograph.store.ledger import Bill, charge, give_back
from heliograph.store.schema import batches, inbound, is_rented, messages, rents
from heliograph.store.tx import Row, Tx, columns

_decode_terms = msgspec.json.Decoder(Terms).decode
ENDED_AT_ONCE = 100


class _RentRow(Row, frozen=True):
    """A row of a rented number. Instants are milliseconds since 1970; booleans are 0 or 1."""

    id: str
    account_id: str
    number_id: str
    msisdn: str
    terms: str
    days: int
    begins_at: int
    ends_at: int
    auto_renew: int
    callback_url: str | None
    protocol: str
    registration_id: str | None
    price: int
    setup_price: int
    active: int
    created_at: int


_COLUMNS = columns(_RentRow, rents)


def _row(rent: Rent) -> _RentRow:
    return _RentRow(
        id=rent.id,
        account_id=rent.account_id,
        number_id=rent.terms.number_id,
        msisdn=rent.terms.msisdn,
        terms=msgspec.json.encode(rent.terms).decode(),
        days=rent.days,
        begins_at=to_ms(rent.begins_at),
        ends_at=to_ms(rent.ends_at),
        auto_renew=int(rent.auto_renew),
        callback_url=rent.callback_url,
        protocol=rent.protocol,
        registration_id=rent.registration_id,
        price=rent.price,
        setup_price=rent.setup_price,
        active=int(rent.active),
        created_at=to_ms(rent.created_at),
    )


def _rent(row: _RentRow) -> Rent:
    return Rent(
        id=row.id,
        account_id=row.account_id,
        terms=_decode_terms(row.terms),
        days=row.days,
        begins_at=from_ms(row.begins_at),
        ends_at=from_ms(row.ends_at),
        auto_renew=bool(row.auto_renew),
        callback_url=row.callback_url,
        protocol=row.protocol,
        registration_id=row.registration_id,
        price=row.price,
        setup_price=row.setup_price,
        active=bool(row.active),
        created_at=from_ms(row.created_at),
    )


def add_rent(tx: Tx, rent: Rent, now_ms: int) -> bool:
    """Store a rent and charge the account; False if somebody has the number. Raises InsufficientCredit."""
    if not tx.insert(rents, [_row(rent)], skip_existing=True):
        return False
    _pay(tx, rent, rent.price + rent.setup_price, now_ms)
    return True


def _pay(tx: Tx, rent: Rent, amount: int, now_ms: int) -> None:
    if charge(tx, [Bill(rent.account_id, rent.id, amount)], now_ms) == [False]:
        raise InsufficientCredit()


def rent_by_id(tx: Tx, account_id: str, rent_id: str) -> Rent | None:
    row = tx.one(_RentRow, select(*_COLUMNS).where(rents.c.account_id == account_id, rents.c.id == rent_id))
    return None if row is None else _rent(row)


def rents_of(tx: Tx, account_id: str) -> list[Rent]:
    """List all rents that an account has and had, newest first."""
    return [
        _rent(row)
        for row in tx.all(
            _RentRow, select(*_COLUMNS).where(rents.c.account_id == account_id).order_by(rents.c.id.desc())
        )
    ]


def rented_numbers(tx: Tx) -> set[str]:
    """Find the identifiers of all numbers that somebody has now. Spans accounts."""
    return set(tx.column(select(rents.c.number_id).where(is_rented)))


def rent_of(tx: Tx, msisdn: str) -> Rent | None:
    """Find who has this number now. Spans accounts: this is how the owner of an inbound message is found."""
    row = tx.one(_RentRow, select(*_COLUMNS).where(is_rented, rents.c.msisdn == msisdn))
    return None if row is None else _rent(row)


def change_rent(
    tx: Tx, account_id: str, rent_id: str, edit: Callable[[Rent], Rent], now_ms: int
) -> tuple[Rent, Rent] | None:
    """Write what `edit` makes of a rent, and charge for a new period; return the rent before and after.

    Returns None if there is no such rent. Raises InsufficientCredit, and what `edit` raises: then nothing is written.
    """
    row = tx.one(
        _RentRow, select(*_COLUMNS).where(rents.c.account_id == account_id, rents.c.id == rent_id).with_for_update()
    )
    if row is None:
        return None
    before = _rent(row)
    after = edit(before)
    _write(tx, after)
    if after.ends_at > before.ends_at:
        _pay(tx, after, after.price, now_ms)
    return before, after


def _write(tx: Tx, rent: Rent) -> None:
    values = msgspec.structs.asdict(_row(rent))
    tx.run(update(rents).where(rents.c.account_id == rent.account_id, rents.c.id == rent.id).values(**values))


def cancel_rent(tx: Tx, rent: Rent, now_ms: int) -> bool:
    """End a rent and return its price; False if it was over already."""
    mine = (rents.c.account_id == rent.account_id, rents.c.id == rent.id)
    if not tx.run(update(rents).where(*mine, is_rented).values(active=0, ends_at=now_ms)):
        return False
    give_back(tx, [Bill(rent.account_id, rent.id, rent.price)], now_ms)
    return True


def traffic_of(tx: Tx, account_id: str, of_rents: Sequence[Rent]) -> dict[str, Traffic]:
    """Count the messages received at and sent from rented numbers of an account, by the rent's identifier."""
    received = tx.rows(
        select(inbound.c.rent_id, func.count().label("count"), func.sum(inbound.c.price).label("price"))
        .where(inbound.c.account_id == account_id, tx.among(inbound.c.rent_id, [rent.id for rent in of_rents]))
        .group_by(inbound.c.rent_id)
    )
    came = {rent_id: (int(count), int(price)) for rent_id, count, price in received}
    senders = {rent.terms.msisdn for rent in of_rents if rent.terms.sends}
    went = _sent_from(tx, account_id, senders) if senders else {}
    return {rent.id: Traffic(*came.get(rent.id, (0, 0)), *went.get(rent.terms.msisdn, (0, 0))) for rent in of_rents}


def _sent_from(tx: Tx, account_id: str, originators: set[str]) -> dict[str, tuple[int, int]]:
    rows = tx.rows(
        select(batches.c.originator, func.count().label("count"), func.sum(messages.c.price).label("price"))
        .join_from(batches, messages, messages.c.batch_id == batches.c.id)
        .where(
            batches.c.account_id == account_id,
            messages.c.account_id == account_id,
            tx.among(batches.c.originator, originators),
        )
        .group_by(batches.c.originator)
    )
    return {originator: (int(count), int(price)) for originator, count, price in rows}


def end_due_rents(tx: Tx, now_ms: int, renewed: Callable[[Rent], Rent]) -> list[Rent]:
    """Renew rents whose time is over if they are to go on and the balance covers it, and end the others.

    At most `ENDED_AT_ONCE`; returns them as they are now. Spans accounts.
    """
    rows = tx.all(
        _RentRow,
        select(*_COLUMNS)
        .where(is_rented, rents.c.ends_at <= now_ms)
        .order_by(rents.c.ends_at)
        .limit(ENDED_AT_ONCE)
        .with_for_update(skip_locked=True),
    )
    after = []
    for row in rows:
        rent = _rent(row)
        again = renewed(rent)
        bill = Bill(again.account_id, again.id, again.price)
        goes_on = rent.auto_renew and charge(tx, [bill], now_ms) == [True]
        after.append(again if goes_on else msgspec.structs.replace(rent, active=False))
        _write(tx, after[-1])
    return after


def next_rent_end(tx: Tx) -> int | None:
    """Return when the next rent is over, in milliseconds since 1970; None if there is none. Spans accounts."""
    value: int | None = tx.value(select(rents.c.ends_at).where(is_rented).order_by(rents.c.ends_at).limit(1))
    return value
