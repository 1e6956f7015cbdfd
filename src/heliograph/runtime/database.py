"""The store itself, for who runs it: what is in it, whether it is sound, and migrations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TypeVar

from heliograph import __version__
from heliograph.domain.instants import from_ms
from heliograph.runtime.settings import Settings
from heliograph.store import Tx
from heliograph.store.checking import Finding, findings_in, state_of
from heliograph.store.migrations import Kind, OlderStore, current, head, kind_of, pending
from heliograph.store.opening import bring_up_to_date, look_into

R = TypeVar("R")


def status(settings: Settings) -> dict[str, object]:
    """Say what is in the store and which migrations it has not had, also while servers run. Raises SetupError."""
    found = _looked(settings, state_of)
    waiting = pending(() if found.schema is None else (found.schema,))
    return {
        "store": "postgresql" if settings.store else "sqlite",
        "version": __version__,
        "schema": found.schema,
        "head": head(),
        "pending": [{"revision": each, "kind": kind_of(each).value} for each in waiting],
        "rolling": all(kind_of(each) is Kind.EXPAND for each in waiting),
        "bytes": found.bytes,
        "rows": found.rows,
        "retention": [
            {
                "walk": each.walk,
                "rows": each.rows,
                "all_rows": each.all_rows,
                "began_at": None if each.began_at is None else from_ms(each.began_at).isoformat(),
                "done_at": None if each.done_at is None else from_ms(each.done_at).isoformat(),
                "held": each.held,
            }
            for each in found.retention
        ],
    }


def check(settings: Settings) -> Sequence[Finding]:
    """Look for what can't be in the store, also while servers run. Raises SetupError, or OlderStore."""
    return _looked(settings, _checked)


def _checked(tx: Tx) -> list[Finding]:
    found = current(tx.connection)
    if not found or pending(found):
        raise OlderStore(f"The store has not had all migrations (its schema is {', '.join(found) or 'none'}).")
    return findings_in(tx)


def migrate(settings: Settings, *, expand: bool) -> list[str]:
    """Apply the migrations that the store has not had, and name them.

    With `expand` only those at the front that processes of the version before can live with. Raises SetupError, with
    nothing changed, if a server runs on an embedded store, or if a migration fails.
    """
    waiting = pending(_looked(settings, lambda tx: current(tx.connection)))
    if expand:
        waiting = list(takewhile(lambda each: kind_of(each) is Kind.EXPAND, waiting))
    if waiting:
        asyncio.run(bring_up_to_date(settings.store, settings.data_dir, waiting[-1]))
    return waiting


def _looked(settings: Settings, query: Callable[[Tx], R]) -> R:
    return asyncio.run(look_into(settings.store, settings.data_dir, query))
