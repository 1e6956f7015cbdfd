"""What customers' servers were told, and telling them anew."""

from __future__ import annotations

from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Told
from heliograph.domain.errors import InvalidField, NotFound, NotGivenUp
from heliograph.domain.filters import EventFilter
from heliograph.domain.instants import now_ms
from heliograph.domain.listing import Listed
from heliograph.engine.engine import Engine
from heliograph.store.events import event_by_id, list_told, replay_given_up


class Request(NamedTuple):
    """A request that tells a customer's server something."""

    method: str
    url: str
    content_type: str | None
    body: str


class Callbacks:
    """The events of an account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    async def listing(
        self, account: Account, wanted: EventFilter, *, limit: int, before: str | None = None
    ) -> Listed[Told]:
        """Read a page of events, newest first. It may be short and go on: `next` says before which event."""
        return await self._store.read(list_told, account.id, wanted, limit=limit, before=before)

    async def request(self, account: Account, event_id: str) -> Request | None:
        """Write the request that tells an event, as it would be made now, without what proves that it is ours.

        None if clients that are connected are told of it, or if what it is about is gone. Raises NotFound.
        """
        event = await self._store.read(event_by_id, account.id, event_id)
        if event is None:
            raise NotFound(f"There is no callback {event_id} in this account.")
        payload = await self._engine.written(event)
        if payload is None:
            return None
        return Request(
            method=payload.method,
            url=payload.url or event.sink,
            content_type=payload.headers.get("Content-Type"),
            body=payload.body.decode(errors="replace"),
        )

    async def replay(self, account: Account, wanted: EventFilter) -> int:
        """Tell anew what was given up of what a filter lets through, and return how many events that are.

        They are due when this returns, each with its old id and facts, and have all their attempts again. Of many some
        are written at a time, oldest first: if the process dies, the others are still given up. Raises InvalidField if
        the filter names neither events nor a time.
        """
        if wanted.ids is None and wanted.since is None:
            raise InvalidField("Say which: `ids`, or `since` when.", field="since")
        replayed, after = 0, ""
        while (done := await self._store.write(replay_given_up, account.id, wanted, after, now_ms())).last is not None:
            replayed, after = replayed + done.replayed, done.last
            self._engine.wake_callbacks()
        return replayed + done.replayed

    async def replay_one(self, account: Account, event_id: str) -> Told:
        """Tell an event anew, and return it. Raises NotFound; NotGivenUp."""
        one = EventFilter(ids=[event_id])
        await self.replay(account, one)
        found = (await self.listing(account, one, limit=1)).items
        if not found:
            raise NotFound(f"There is no callback {event_id} in this account.")
        if found[0].state != "waiting":
            raise NotGivenUp(f"The callback {event_id} is {found[0].state} to {found[0].sink}.")
        self._engine.wake_callbacks()
        return found[0]
