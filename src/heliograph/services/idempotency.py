"""Requests that are carried out once, however often they come."""

from __future__ import annotations

from contextlib import suppress

from heliograph.domain.errors import NotNow
from heliograph.domain.idempotency import Begun
from heliograph.domain.instants import now_ms
from heliograph.store import Store
from heliograph.store.idempotency import begin, finish


class Idempotency:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, account_id: str, key: str, fingerprint: str) -> Begun:
        """Begin a request under a key of an account, or find its answer; when this returns, that it began is committed.

        Raises IdempotencyMismatch if the key was used for another request, RequestInProgress if this one is being done.
        """
        return await self._store.write(begin, account_id, key, fingerprint, now_ms())

    async def finish(self, account_id: str, key: str, begun: Begun, answer: str | None) -> None:
        """Keep the answer of a request; None: nothing came of it, and its key is free again.

        What is done is done, so a store that is away now is no failure: who repeats the request is told to wait, and
        what was sent is not sent again.
        """
        with suppress(NotNow):
            await self._store.write(finish, account_id, key, begun.at_ms, answer)
