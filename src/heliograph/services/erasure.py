"""Erasing one person's number, everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from heliograph.domain.accounts import Account
from heliograph.domain.audit import Act, Action, AuditFilter, Entry, decoded_facts
from heliograph.domain.errors import InvalidField, TooManyErasures
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.life import Change
from heliograph.domain.statuses import Reason, Status
from heliograph.numbers import Check, InvalidNumber, normalise
from heliograph.services.audit import noted
from heliograph.store import Store, Tx
from heliograph.store.audit import entries_of
from heliograph.store.changes import apply_changes
from heliograph.store.erasing import (
    PLACES,
    SLICE,
    Key,
    Place,
    batches_with,
    ended_to,
    erase_in,
    erase_in_batches,
    erase_messages,
    erase_optouts,
    found_in,
    optouts_of,
    under_way_to,
    waiting_for,
)

T = TypeVar("T")


class Erased(NamedTuple):
    """What was found of a number."""

    rows: dict[str, int]
    """Rows by table that were deleted or blanked; of a dry run, those that would be, as far as they name it."""
    canceled: int
    """Messages that waited and were canceled."""
    on_their_way: int
    """Messages that a provider has, or is just being given, and batches whose messages are being made: they are there
    until they end."""
    optouts: int
    """Opt-outs that were kept."""


class Past(NamedTuple):
    """An erasure that was asked for before, by what it found at first."""

    at: datetime
    rows: Mapping[str, int]
    canceled: int
    optouts: int


class Erasures:
    """Erases numbers for whoever has the right to ask for it, one at a time of an account: each reads every table."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: set[str | None] = set()

    async def erase(
        self,
        number: str,
        account: Account | None,
        *,
        region: str | None = None,
        dry_run: bool = False,
        forget_optouts: bool = False,
    ) -> Erased:
        """Erase a number from the data of one account, or of all if none is given, with an entry in the audit log.

        `region` is the country whose national numbers are understood. Raises InvalidField for what is no number, and
        TooManyErasures while another one of the same account is under way in this process.
        """
        try:
            msisdn = normalise(number, region=region, check=Check.SHAPE)
        except InvalidNumber as error:
            raise InvalidField(f"{number!r} is no phone number: {error}.", field="number") from error
        owner = None if account is None else account.id
        with self._turn_of(owner):
            found = await erase(self._store, msisdn, owner, dry_run=True, forget_optouts=forget_optouts)
            if dry_run or not (found.rows or found.canceled):
                return found
            act = Act(
                action=Action.NUMBER_ERASED,
                object_id="number",
                account_id=owner,
                before={"rows": found.rows, "waiting": found.canceled},
                after={"optouts_kept": found.optouts},
            )
            await noted(self._store, act)
            return await erase(self._store, msisdn, owner, forget_optouts=forget_optouts)

    async def past(self, account: Account, limit: int) -> list[Past]:
        """List the erasures from the data of one account, newest first; of which numbers, nobody knows any more."""
        wanted = AuditFilter(account_id=account.id, action=Action.NUMBER_ERASED)
        return [_past(entry) for entry in await self._store.read(entries_of, wanted, limit=limit)]

    @contextmanager
    def _turn_of(self, owner: str | None) -> Iterator[None]:
        if owner in self._under_way:
            raise TooManyErasures()
        self._under_way.add(owner)
        try:
            yield
        finally:
            self._under_way.remove(owner)


def _past(entry: Entry) -> Past:
    before, after = (decoded_facts(facts) or {} for facts in (entry.before, entry.after))
    return Past(from_ms(entry.at), before.get("rows", {}), before.get("waiting", 0), after.get("optouts_kept", 0))


async def erase(
    store: Store, msisdn: str, account_id: str | None, *, dry_run: bool = False, forget_optouts: bool = False
) -> Erased:
    """Erase a number from the data of one account, or of all; what waits to be sent to it is canceled.

    Safe to repeat, and to be repeated by who did not hear that it was done. An opt-out stays unless it is to be
    forgotten: without it the number would be written to again.
    """
    waiting = await store.read(waiting_for, msisdn, account_id)
    rows: Counter[str] = Counter()

    async def slices(found: Sequence[T], table: str, command: Callable[[Tx, Sequence[T]], dict[str, int]]) -> None:
        if dry_run:
            rows[table] += len(found)
            return
        for begin in range(0, len(found), SLICE):
            rows.update(await store.write(command, found[begin : begin + SLICE]))

    if not dry_run:
        canceled = [Change(each, Status.CANCELED, Reason.CANCELED_BY_CUSTOMER) for each in waiting]
        for begin in range(0, len(canceled), SLICE):
            await store.write(apply_changes, canceled[begin : begin + SLICE], now_ms())
    ended = await store.read(ended_to, msisdn, account_id)
    open_messages = await store.read(under_way_to, msisdn, account_id)
    if dry_run:
        ended += waiting
        would_end = set(waiting)
        open_messages = [each for each in open_messages if each[0] not in would_end]
    await slices(ended, "messages", erase_messages)
    on_their_way = [batch_id for _, batch_id in open_messages]
    named = await store.read(batches_with, msisdn, account_id)
    on_their_way += [batch_id for batch_id, is_busy in named.items() if is_busy]
    await slices(
        [each for each in named if each not in set(on_their_way)],
        "batches",
        lambda tx, ids: erase_in_batches(tx, msisdn, ids),
    )
    for place in PLACES:
        keys = await store.read(found_in, place, msisdn, account_id)
        await slices(keys, place.table.name, partial(_erase_in, place, msisdn))
    kept = await store.read(optouts_of, msisdn, account_id)
    if forget_optouts:
        if dry_run:
            rows["optouts"] += kept
        else:
            rows.update(await store.write(erase_optouts, msisdn, account_id))
        kept = 0
    return Erased(
        {table: count for table, count in sorted(rows.items()) if count}, len(waiting), len(on_their_way), kept
    )


def _erase_in(place: Place, msisdn: str, tx: Tx, keys: Sequence[Key]) -> dict[str, int]:
    return erase_in(tx, place, keys, msisdn)
