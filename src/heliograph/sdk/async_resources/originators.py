"""Originators: those that an account asked for."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import AsyncTransport


class AsyncOriginators:
    """Originators: those that an account asked for."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> Sequence[wire.Originator]:
        """List the originators that were asked for, newest first."""
        return (await self._transport.run(calls.get(wire.Originators, "originators"))).items

    async def create(self, originator: str) -> wire.Originator:
        """Ask for an originator. Raises InvalidField for what can't be one, NameTaken for one that is there."""
        body = wire.NewOriginator(originator=originator)
        return await self._transport.run(calls.post(wire.Originator, body, "originators"))

    async def delete(self, number: int) -> None:
        """Give an originator back. Raises NotFound if the account has none of this number."""
        await self._transport.run(calls.without_answer("DELETE", "originators", str(number)))
