"""What lets programs act for accounts, for those who run the installation."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncKeys:
    """The keys of all accounts, for those who run the installation: the client's token needs the scope `admin`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, key: wire.CreateKey) -> wire.MadeKey:
        """Make a key, with its secret, which is told this once."""
        return await self._transport.run(calls.post(wire.MadeKey, key, "keys"))

    def list(self, *, account: str | None = None, page_size: int = 100) -> AsyncListing[wire.KeyInfo]:
        """List keys of one account or of all, newest first, those that ended among them; pages are fetched as they are
        needed."""
        return items(self._transport, wire.KeyPage, "keys", account=account, limit=page_size)

    async def get(self, key_id: str) -> wire.KeyInfo:
        """Read a key with its last use, without its secret."""
        return await self._transport.run(calls.get(wire.KeyInfo, "keys", key_id))

    async def rotate(self, key_id: str, *, grace_s: int = 0) -> wire.MadeKey:
        """Give it another secret; the old one is good besides for `grace_s` seconds. What a client knows the account by
        stays: a service plan, an account sid, an e-mail address, a system_id."""
        return await self._transport.run(
            calls.post(wire.MadeKey, wire.RotateKey(grace_s=grace_s), "keys", key_id, "rotate")
        )

    async def revoke(self, key_id: str) -> None:
        """End it, in every process within two seconds."""
        await self._transport.run(calls.without_answer("DELETE", "keys", key_id))
