"""Short addresses and files."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncLinks:
    """Short addresses of addresses elsewhere."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, url: str, *, name: str | None = None, passes_query: bool = False) -> wire.Link:
        """Make a short address for an http or https one. Raises NameTaken if a link has the name already.

        With `passes_query` the query with which somebody opens it is handed on, behind the other's own.
        """
        body = wire.Shorten(url=url, name=name, passes_query=passes_query)
        return await self._transport.run(calls.post(wire.Link, body, "links"))

    async def get(self, link_id: str) -> wire.Link:
        """Get a link. Raises NotFound if the account has no such link."""
        return await self._transport.run(calls.get(wire.Link, "links", link_id))

    async def change(
        self,
        link_id: str,
        *,
        url: str | None = None,
        name: str | None = None,
        passes_query: bool | None = None,
        if_match: str | None = None,
    ) -> wire.Link:
        """Change a link's address or name, or what it hands on; messages that were sent lead to the new address.

        With `if_match`, the `etag` of what was seen, nothing else is changed: raises ChangedMeanwhile.
        """
        body = wire.ChangeLink(url=url, name=name, passes_query=passes_query)
        return await self._transport.run(calls.patch(wire.Link, body, "links", link_id, if_match=if_match))

    async def delete(self, link_id: str) -> None:
        """Delete a link and its hits."""
        await self._transport.run(calls.without_answer("DELETE", "links", link_id))

    def list(self, *, page_size: int = 100) -> AsyncListing[wire.Link]:
        """Iterate over all links, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.LinkPage, "links", limit=page_size)

    def hits(self, link_id: str, *, page_size: int = 100) -> AsyncListing[wire.Hit]:
        """Iterate over who followed a link, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.Hits, "links", link_id, "hits", limit=page_size)


class AsyncAttachments:
    """Files that are sent as short addresses."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def upload(self, content: bytes, media_type: str, *, name: str | None = None) -> wire.Link:
        """Upload a file, such as an `image/png` or `application/pdf`. When this returns, it is stored."""
        return await self._transport.run(calls.upload(wire.Link, content, media_type, "attachments", name=name))

    async def delete(self, link_id: str) -> None:
        """Delete a file and its hits."""
        await self._transport.run(calls.without_answer("DELETE", "attachments", link_id))

    def list(self, *, page_size: int = 100) -> AsyncListing[wire.Link]:
        """Iterate over all files, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.LinkPage, "attachments", limit=page_size)

    def hits(self, link_id: str, *, page_size: int = 100) -> AsyncListing[wire.Hit]:
        """Iterate over who opened a file, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.Hits, "attachments", link_id, "hits", limit=page_size)
