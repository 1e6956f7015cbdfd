"""When each key was last used, and from where: kept in memory, and written down every few seconds in one go.

No request writes anything. A process that is killed forgets the uses of the last seconds; one that stops forgets none.
"""

from __future__ import annotations

import asyncio

from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.store import Store
from heliograph.store.keys import KeyUse, note_uses

WRITTEN_EVERY_S = 5.0
CHUNK = 1_000


class KeyUses:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._uses: dict[str, tuple[int, str | None]] = {}

    def note(self, credential_id: str, address: str | None) -> None:
        """Note a use, until the next ones are written down."""
        self._uses[credential_id] = (now_ms(), address)

    async def write_down(self) -> None:
        """Write what was noted. What the store can't take now stays noted; raises nothing."""
        noted, self._uses = self._uses, {}
        uses = [KeyUse(key_id, at, address) for key_id, (at, address) in noted.items()]
        try:
            for place in range(0, len(uses), CHUNK):
                await self._store.write(note_uses, uses[place : place + CHUNK])
        except NotNow:
            self._uses = noted | self._uses

    async def keep(self) -> None:
        """Write down every few seconds what was noted, until this is canceled; then once more."""
        try:
            while True:
                await asyncio.sleep(WRITTEN_EVERY_S)
                await self.write_down()
        finally:
            await self.write_down()
