"""Reading inbound messages."""

from __future__ import annotations

from heliograph.domain.accounts import Account
from heliograph.domain.errors import NotFound
from heliograph.domain.filters import InboundFilter
from heliograph.domain.inbound import Inbound
from heliograph.store import Store
from heliograph.store.forgetting import delete_inbound, redact_inbound
from heliograph.store.inbound import inbound_by_id, inbound_of, page_of_inbound


class InboundMessages:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, account: Account, inbound_id: str) -> Inbound:
        """Read an inbound message. Raises NotFound if the account has no such message."""
        message = await self._store.read(inbound_by_id, account.id, inbound_id)
        if message is None:
            raise NotFound(f"There is no inbound message {inbound_id} in this account.")
        return message

    async def redact(self, account: Account, inbound_id: str) -> None:
        """Take the text of a message away. Raises NotFound."""
        if not await self._store.write(redact_inbound, account.id, inbound_id):
            raise NotFound(f"There is no inbound message {inbound_id} in this account.")

    async def delete(self, account: Account, inbound_id: str) -> None:
        """Delete an inbound message. Raises NotFound."""
        if not await self._store.write(delete_inbound, account.id, inbound_id):
            raise NotFound(f"There is no inbound message {inbound_id} in this account.")

    async def page(
        self,
        account: Account,
        wanted: InboundFilter,
        *,
        limit: int,
        offset: int = 0,
        before: str | None = None,
        after: str | None = None,
    ) -> list[Inbound]:
        """Read a page, newest first, of messages older than `before`, or newer than `after`."""
        return await self._store.read(
            inbound_of, account.id, wanted, limit=limit, offset=offset, before=before, after=after
        )

    async def page_and_count(
        self, account: Account, wanted: InboundFilter, *, limit: int, offset: int
    ) -> tuple[list[Inbound], int]:
        """Read a page, newest first, and how many messages there are on all pages, both of one moment."""
        return await self._store.read(page_of_inbound, account.id, wanted, limit=limit, offset=offset)
