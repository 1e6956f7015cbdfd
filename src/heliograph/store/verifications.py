"""One-time codes in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, case, delete, func, select, update

from heliograph.domain.accounts import same_secret
from heliograph.domain.callbacks import EventKind, Listener
from heliograph.domain.fraud import DAY, HOUR, MINUTE_MS, NOTHING, CodeCount, prefixes_of
from heliograph.domain.ids import earliest_at
from heliograph.domain.instants import from_ms, maybe_instant, maybe_ms, to_ms
from heliograph.domain.statuses import Status
from heliograph.domain.verifications import PLACEHOLDER, CodeFate, Verification, VerificationStatus, Wording
from heliograph.store.batches import cancel
from heliograph.store.listeners import tell, tell_one
from heliograph.store.messages import of_batch
from heliograph.store.schema import batches, code_counts, is_pending, messages, verifications
from heliograph.store.tx import Row, Tx, columns

_decode_list = msgspec.json.Decoder(list[str]).decode
_decode_wording = msgspec.json.Decoder(Wording).decode
_decode_parameters = msgspec.json.Decoder(dict[str, dict[str, str]]).decode
EXPIRED_AT_ONCE = 500
_NOT_GONE = (Status.QUEUED.value, Status.SENDING.value)
HIDDEN = "•" * 6
"""What a stored text shows in place of its code, once that is of no use."""


class _VerificationRow(Row, frozen=True):
    """A row of a verification. Instants are milliseconds since 1970."""

    id: str
    account_id: str
    msisdn: str
    address: str | None
    client_reference: str | None
    status: str
    code_hash: str
    attempts: int
    max_attempts: int
    sends: int
    ttl_s: int
    expires_at: int
    settled_at: int | None
    batch_id: str
    price: int
    parts: int
    callback_url: str | None
    protocol: str
    wording: str
    """The wording as JSON."""
    created_at: int
    earlier_batches: str
    """The identifiers of earlier batches, as JSON."""


_COLUMNS = columns(_VerificationRow, verifications)


def _row(verification: Verification) -> _VerificationRow:
    values = msgspec.structs.asdict(verification) | {
        "status": verification.status.value,
        "expires_at": to_ms(verification.expires_at),
        "settled_at": maybe_ms(verification.settled_at),
        "wording": msgspec.json.encode(verification.wording).decode(),
        "earlier_batches": msgspec.json.encode(verification.earlier_batches).decode(),
        "created_at": to_ms(verification.created_at),
    }
    return _VerificationRow(**values)


def _verification(row: _VerificationRow) -> Verification:
    values = msgspec.structs.asdict(row) | {
        "status": VerificationStatus(row.status),
        "expires_at": from_ms(row.expires_at),
        "settled_at": maybe_instant(row.settled_at),
        "wording": _decode_wording(row.wording),
        "earlier_batches": _decode_list(row.earlier_batches),
        "created_at": from_ms(row.created_at),
    }
    return Verification(**values)


def add_verification(tx: Tx, verification: Verification) -> None:
    tx.insert(verifications, [_row(verification)])


def codes_sent(tx: Tx, account_id: str, since_ms: int, *, msisdn: str | None = None, address: str | None = None) -> int:
    """Count the messages with codes since `since_ms`, to a number or on behalf of an address."""
    query = select(func.coalesce(func.sum(verifications.c.sends), 0).label("sent")).where(
        verifications.c.account_id == account_id, verifications.c.id >= earliest_at(since_ms)
    )
    if msisdn is not None:
        query = query.where(verifications.c.msisdn == msisdn)
    if address is not None:
        query = query.where(verifications.c.address == address)
    return int(tx.value(query))


class _CodeCount(Row, frozen=True):
    account_id: str
    prefix: str
    minute: int
    sent: int
    entered: int


def count_codes(tx: Tx, account_id: str, msisdn: str, now_ms: int, *, sent: int = 0, entered: int = 0) -> None:
    """Count what was sent to a number, or entered of it, for each of its prefixes."""
    prefixes, minute = prefixes_of(msisdn), now_ms // MINUTE_MS
    if not prefixes:
        return
    none_yet = [_CodeCount(account_id, prefix, minute, sent=0, entered=0) for prefix in prefixes]
    tx.insert(code_counts, none_yet, skip_existing=True)
    tx.run(
        update(code_counts)
        .where(
            code_counts.c.account_id == account_id,
            tx.among(code_counts.c.prefix, prefixes),
            code_counts.c.minute == minute,
        )
        .values(sent=code_counts.c.sent + sent, entered=code_counts.c.entered + entered)
    )


def code_counts_of(tx: Tx, account_id: str, msisdn: str, now_ms: int) -> dict[str, CodeCount]:
    """Return the counts of each prefix of a number, in the order of `prefixes_of`.

    It reads a row for each minute of the last day.
    """
    prefixes = prefixes_of(msisdn)
    found = _counts_of(tx, account_id, prefixes, now_ms)
    return {prefix: found.get(prefix, NOTHING) for prefix in prefixes}


def busy_prefixes(tx: Tx, account_id: str, now_ms: int, *, limit: int) -> dict[str, CodeCount]:
    """Return the counts of the prefixes that were sent the most codes within an hour."""
    sent = func.sum(code_counts.c.sent)
    lately = (code_counts.c.account_id == account_id, code_counts.c.minute > now_ms // MINUTE_MS - HOUR)
    busy = select(code_counts.c.prefix).where(*lately).group_by(code_counts.c.prefix).order_by(sent.desc())
    prefixes = tx.column(busy.limit(limit))
    return _counts_of(tx, account_id, prefixes, now_ms) if prefixes else {}


def _counts_of(tx: Tx, account_id: str, prefixes: Sequence[str], now_ms: int) -> dict[str, CodeCount]:
    minute = now_ms // MINUTE_MS
    mine, at = code_counts.c, code_counts.c.minute

    def total(name: str, column: ColumnElement[int], when: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((when, column), else_=0)), 0).label(name)

    rows = tx.rows(
        select(
            mine.prefix,
            total("this_minute", mine.sent, at >= minute),
            total("last_minute", mine.sent, at == minute - 1),
            total("last_hour", mine.sent, (at < minute - 1) & (at > minute - HOUR)),
            total("entered_since", mine.entered, at > minute - HOUR),
            total("last_day", mine.sent, at > minute - DAY),
        )
        .where(mine.account_id == account_id, tx.among(mine.prefix, prefixes), at > minute - DAY)
        .group_by(mine.prefix)
    )
    return {
        prefix: CodeCount(
            this_minute=int(this),
            last_minute=int(last),
            last_hour=int(hour),
            entered=int(entered),
            last_day=int(day),
        )
        for prefix, this, last, hour, entered, day in rows
    }


class CodeSums(Row, frozen=True):
    """How many codes were sent to the numbers of one prefix in the last day, and entered."""

    prefix: str
    sent: int
    entered: int


def code_sums_of(tx: Tx, account_id: str, now_ms: int, *, limit: int) -> list[CodeSums]:
    """Sum the codes of an account in the last day by prefix, those with the most first."""
    sent, entered = func.sum(code_counts.c.sent).label("sent"), func.sum(code_counts.c.entered).label("entered")
    rows = tx.rows(
        select(code_counts.c.prefix, sent, entered)
        .where(code_counts.c.account_id == account_id, code_counts.c.minute > now_ms // MINUTE_MS - DAY)
        .group_by(code_counts.c.prefix)
        .order_by(func.sum(code_counts.c.sent).desc(), code_counts.c.prefix)
        .limit(limit)
    )
    return [CodeSums(prefix, int(many), int(good)) for prefix, many, good in rows]


def verification_by_id(tx: Tx, account_id: str, verification_id: str) -> Verification | None:
    row = tx.one(
        _VerificationRow,
        select(*_COLUMNS).where(verifications.c.account_id == account_id, verifications.c.id == verification_id),
    )
    return None if row is None else _verification(row)


def pending_verification(tx: Tx, account_id: str, msisdn: str, protocol: str, now_ms: int) -> Verification | None:
    """Find the newest verification of one door by which a number can still be verified."""
    row = tx.one(
        _VerificationRow,
        select(*_COLUMNS)
        .where(
            verifications.c.account_id == account_id,
            verifications.c.msisdn == msisdn,
            verifications.c.protocol == protocol,
            is_pending,
            verifications.c.expires_at > now_ms,
        )
        .order_by(verifications.c.id.desc())
        .limit(1),
    )
    return None if row is None else _verification(row)


def _locked(tx: Tx, account_id: str, verification_id: str) -> Verification | None:
    row = tx.one(
        _VerificationRow,
        select(*_COLUMNS)
        .where(verifications.c.account_id == account_id, verifications.c.id == verification_id)
        .with_for_update(),
    )
    return None if row is None else _verification(row)


def check_code(
    tx: Tx, account_id: str, verification_id: str, code_hash: str, now_ms: int
) -> tuple[Verification, CodeFate] | None:
    """Compare a code with the one that was sent, and count the attempt; None if there is no such verification.

    Two that are checked at once are counted one after the other.
    """
    before = _locked(tx, account_id, verification_id)
    if before is None:
        return None
    if before.status is not VerificationStatus.PENDING:
        return before, CodeFate.OVER
    if to_ms(before.expires_at) <= now_ms:
        return _settle(tx, before, VerificationStatus.EXPIRED, now_ms), CodeFate.TOO_LATE
    if same_secret(before.code_hash, code_hash):
        return _settle(tx, before, VerificationStatus.VERIFIED, now_ms), CodeFate.RIGHT
    tried = msgspec.structs.replace(before, attempts=before.attempts + 1)
    if tried.attempts >= tried.max_attempts:
        return _settle(tx, tried, VerificationStatus.FAILED, now_ms), CodeFate.LAST_WRONG
    _write(tx, tried)
    return tried, CodeFate.WRONG


def end_verification(
    tx: Tx, account_id: str, verification_id: str, status: VerificationStatus, now_ms: int
) -> tuple[Verification, Verification] | None:
    """End a pending verification with `status`, and return it before and after; None if there is none.

    One that is not pending stays as it is; one whose time is over becomes expired instead.
    """
    before = _locked(tx, account_id, verification_id)
    if before is None:
        return None
    if before.status is not VerificationStatus.PENDING:
        return before, before
    in_time = to_ms(before.expires_at) > now_ms
    return before, _settle(tx, before, status if in_time else VerificationStatus.EXPIRED, now_ms)


def put_further(
    tx: Tx, account_id: str, verification_id: str, renew: Callable[[Verification], Verification], now_ms: int
) -> Verification | None:
    """Write what `renew` makes of a verification that is sent a further message; None if it is not pending any more.

    Earlier messages with another code forget theirs, which is no longer good. Of several callers at once each sees what
    the one before has written. Raises what `renew` raises: then nothing is written.
    """
    before = _locked(tx, account_id, verification_id)
    if before is None or before.status is not VerificationStatus.PENDING or to_ms(before.expires_at) <= now_ms:
        return None
    after = renew(before)
    same = after.code_hash == before.code_hash
    after = msgspec.structs.replace(after, earlier_batches=_batches(before) if same else [])
    if not same:
        _forget_code(tx, before, now_ms)
    _write(tx, after)
    return after


def _batches(verification: Verification) -> list[str]:
    """Return the batches of all messages with the code that is good."""
    return [*verification.earlier_batches, verification.batch_id]


def _settle(tx: Tx, before: Verification, status: VerificationStatus, now_ms: int) -> Verification:
    after = msgspec.structs.replace(before, status=status, settled_at=from_ms(now_ms))
    _write(tx, after)
    _forget_code(tx, after, now_ms)
    if status is VerificationStatus.VERIFIED:
        count_codes(tx, after.account_id, after.msisdn, now_ms, entered=after.sends)
    if after.callback_url is not None:
        listener = Listener(after.protocol, after.callback_url)
        tell_one(tx, after.account_id, EventKind.VERIFICATION_SETTLED, [after.id], listener, now_ms)
    else:
        tell(tx, after.account_id, EventKind.VERIFICATION_SETTLED, "", [after.id], now_ms)
    return after


def _write(tx: Tx, after: Verification) -> None:
    values = msgspec.structs.asdict(_row(after))
    tx.run(
        update(verifications)
        .where(verifications.c.account_id == after.account_id, verifications.c.id == after.id)
        .values(**values)
    )


def _forget_code(tx: Tx, verification: Verification, now_ms: int) -> None:
    """Remove the code from the stored messages, which are canceled if they have not gone."""
    for batch_id in _batches(verification):
        _take_out(tx, verification.account_id, batch_id, now_ms)


def _take_out(tx: Tx, account_id: str, batch_id: str, now_ms: int) -> None:
    waiting = select(messages.c.id).where(
        messages.c.account_id == account_id, of_batch(batch_id), tx.among(messages.c.status, _NOT_GONE)
    )
    if tx.first(waiting) is not None:
        cancel(tx, account_id, batch_id, now_ms)
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    text = tx.value(select(batches.c.parameters).where(*mine))
    if text is not None:
        parameters: Mapping[str, Mapping[str, str]] = _decode_parameters(text) | {PLACEHOLDER: {"default": HIDDEN}}
        tx.run(update(batches).where(*mine).values(parameters=msgspec.json.encode(parameters).decode()))


def expire_verifications(tx: Tx, now_ms: int) -> int:
    """End verifications whose time is over, at most `EXPIRED_AT_ONCE`, and count them. Spans accounts.

    Counts of codes from more than a day ago are deleted.
    """
    tx.run(delete(code_counts).where(code_counts.c.minute <= now_ms // MINUTE_MS - DAY))
    rows = tx.all(
        _VerificationRow,
        select(*_COLUMNS)
        .where(is_pending, verifications.c.expires_at <= now_ms)
        .order_by(verifications.c.expires_at)
        .limit(EXPIRED_AT_ONCE)
        .with_for_update(skip_locked=True),
    )
    for row in rows:
        _settle(tx, _verification(row), VerificationStatus.EXPIRED, now_ms)
    return len(rows)


def next_verification_expiry(tx: Tx) -> int | None:
    """Return when the next code expires, in ms since 1970; None if none is waited for. Spans accounts."""
    value: int | None = tx.value(
        select(verifications.c.expires_at).where(is_pending).order_by(verifications.c.expires_at).limit(1)
    )
    return value
