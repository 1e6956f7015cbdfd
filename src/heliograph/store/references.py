"""By which names receipts speak of messages, where providers write an identifier in one form here and in another there.

How it works. A provider that may do so gives a message a key, beside the identifier under which it took it, and a
receipt the keys of all messages that it may mean. Keys that are other than their identifiers are rows of `ref_keys`,
written with the outcome that brings the identifier. `meant_by` looks receipts up that have keys: the very identifier
comes first, and the recipient's number, where the receipt has one, has the last word on whom of several it means. Where
that leaves more than one, nobody knows, and the receipt is kept like one of a message that is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, delete, select

from heliograph.domain.life import Change
from heliograph.domain.receipts import Receipt
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import messages, ref_keys
from heliograph.store.tx import Row, Tx, columns


class _Key(Row, frozen=True):
    ref_key: str
    provider: str
    provider_ref: str


class _Named(Row, frozen=True):
    """A message as a provider knows it."""

    provider: str
    provider_ref: str
    msisdn: str


class Meant(msgspec.Struct, frozen=True):
    """Which messages receipts mean."""

    refs: dict[Receipt, str]
    """The identifiers of those that are known, of receipts with several names."""
    ambiguous: set[Receipt]
    """Those that may mean more than one."""

    def ref(self, receipt: Receipt) -> str:
        """Return the identifier of the message that a receipt means; its own where that is not known."""
        return self.refs.get(receipt, receipt.provider_ref) if receipt.is_loose else receipt.provider_ref

    def named(self, receipt: Receipt) -> Receipt:
        """Return the receipt with that identifier."""
        ref = self.ref(receipt)
        return receipt if ref == receipt.provider_ref else msgspec.structs.replace(receipt, provider_ref=ref)


def add_keys(tx: Tx, changes: Sequence[Change], now_ms: int) -> None:
    """Note the keys of messages that providers have taken."""
    rows = {
        _Key(change.ref_key, change.provider or "", change.provider_ref)
        for change in changes
        if change.ref_key is not None and change.provider_ref is not None and change.ref_key != change.provider_ref
    }
    tx.insert(ref_keys, sorted(rows, key=msgspec.structs.astuple), {"created_at": now_ms}, skip_existing=True)


def meant_by(tx: Tx, receipts: Collection[Receipt]) -> Meant:
    """Look up which messages receipts with several names mean. Spans accounts."""
    loose = [receipt for receipt in receipts if receipt.is_loose]
    if not loose:
        return Meant({}, set())
    keys = {key for receipt in loose for key in receipt.ref_keys}
    by_key: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in tx.fetch(_keys, keys=keys):
        by_key[row.provider, row.ref_key].append(row.provider_ref)
    names = {receipt: _names(receipt, by_key) for receipt in loose}
    found: defaultdict[tuple[str, str], list[_Named]] = defaultdict(list)
    for message in tx.fetch(_named, refs={name for each in names.values() for name in each}):
        found[message.provider, message.provider_ref].append(message)
    meant = Meant({}, set())
    for receipt in loose:
        refs = _refs(receipt, [each for name in names[receipt] for each in found[receipt.provider, name]])
        if len(refs) == 1:
            meant.refs[receipt] = refs.pop()
        elif refs:
            meant.ambiguous.add(receipt)
    return meant


@prepared(_Key)
def _keys(keys: Given) -> Select[*tuple[Any, ...]]:
    return select(*columns(_Key, ref_keys)).where(among(ref_keys.c.ref_key, keys))


@prepared(_Named)
def _named(refs: Given) -> Select[*tuple[Any, ...]]:
    """Find what providers know of messages. Spans accounts."""
    known = (messages.c.provider, messages.c.provider_ref, messages.c.msisdn)  # who has the second has the first
    return select(*known).where(among(messages.c.provider_ref, refs))


def _names(receipt: Receipt, by_key: defaultdict[tuple[str, str], list[str]]) -> set[str]:
    """Collect all identifiers under which the provider may have taken its message."""
    names = {receipt.provider_ref, *receipt.other_refs, *receipt.ref_keys}
    for key in receipt.ref_keys:
        names.update(by_key[receipt.provider, key])
    return names


def _refs(receipt: Receipt, candidates: Sequence[_Named]) -> set[str]:
    """Choose those that it may mean. What it names itself counts, unless its numbers are another's."""
    itself = (receipt.provider_ref, *receipt.other_refs)
    if receipt.msisdns:
        its = [each for each in candidates if each.msisdn in receipt.msisdns]
        candidates = its or [each for each in candidates if each.provider_ref in itself]
    refs = {each.provider_ref for each in candidates}
    return {next(iter(named))} if (named := [name for name in itself if name in refs]) else refs


def forget_keys(tx: Tx, before_ms: int) -> int:
    """Delete keys of messages that were sent before `before_ms`: identifiers come round again."""
    return tx.run(delete(ref_keys).where(ref_keys.c.created_at < before_ms))
