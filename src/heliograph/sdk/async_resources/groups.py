"""Groups: recipients under one name."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncGroups:
    """Groups: recipients under one name."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        name: str | None = None,
        members: Sequence[str] = (),
        children: Sequence[str] = (),
        keywords: wire.Keywords | None = None,
        tags: Sequence[str] = (),
    ) -> wire.Group:
        """Create a group; `keywords` say which inbound texts add their sender to it, and which remove it."""
        body = wire.CreateGroup(
            name=name, members=list(members), children=list(children), keywords=keywords, tags=list(tags)
        )
        return await self._transport.run(calls.post(wire.Group, body, "groups"))

    async def get(self, group_id: str) -> wire.Group:
        """Get a group. Raises NotFound if the account has no such group."""
        return await self._transport.run(calls.get(wire.Group, "groups", group_id))

    def list(self, *, tag: str | None = None, page_size: int = 30) -> AsyncListing[wire.Group]:
        """Iterate over all groups, or those with a tag, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.GroupPage, "groups", limit=page_size, tag=tag)

    async def change(self, group_id: str, change: wire.ChangeGroup, *, if_match: str | None = None) -> wire.Group:
        """Change a group: first all additions, then all removals.

        What `change` leaves out stays, None removes the name or the keywords. With `if_match`, the `etag` of what was
        seen, nothing else is changed: raises ChangedMeanwhile.
        """
        return await self._transport.run(calls.patch(wire.Group, change, "groups", group_id, if_match=if_match))

    async def members(self, group_id: str) -> Sequence[str]:
        """List the group's own members, sorted."""
        return (await self._transport.run(calls.get(wire.Members, "groups", group_id, "members"))).items

    async def delete(self, group_id: str) -> None:
        """Delete a group. Batches that are scheduled to it are sent without its members."""
        await self._transport.run(calls.without_answer("DELETE", "groups", group_id))
