"""Putting new contents in place of a batch's, at once or, of many messages, in slices (`store/replacing.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from heliograph.domain.batches import Batch
from heliograph.domain.caps import Caps
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.works import Works
from heliograph.store import Store
from heliograph.store.batches import Fresh, everyone_looked_up, quoted
from heliograph.store.replacing import Replaced, changeable, refused_in, replace
from heliograph.store.rewriting import rewrite, still_refused
from heliograph.store.tx import Tx
from heliograph.store.works import AT_ONCE, Holder


async def replaced(
    store: Store,
    works: Works,
    account_id: str,
    batch_id: str,
    renew: Callable[[Batch], Batch],
    tariff: Tariff,
    caps: Caps | None,
) -> Batch | None:
    """Replace a batch by what `renew` makes of it, and return it; None if there is no such batch.

    `renew` runs in a thread, and again if the batch has changed meanwhile. Raises what `rewrite` raises.
    """
    while (before := await store.read(changeable, account_id, batch_id)) is not None:
        after = await asyncio.to_thread(renew, before)
        msisdns, silent = await store.read(everyone_looked_up, after)
        if max(len(msisdns), before.recipient_count) <= AT_ONCE:
            return await store.write(rewrite, account_id, batch_id, renew, now_ms(), tariff, caps)
        refused = await store.read(refused_in, account_id, batch_id)
        wanted = still_refused(await asyncio.to_thread(quoted, after, msisdns, silent, tariff), refused)
        if (decided := await works.decided(partial(_decide, before, wanted, caps))) is not None:
            return decided.batch
    return None


def _decide(before: Batch, wanted: Fresh, caps: Caps | None, tx: Tx, holder: Holder) -> Replaced | None:
    return replace(tx, before, wanted, now_ms(), caps, holder)
