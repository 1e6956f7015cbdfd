"""An SMSC that takes everything at once, and says of all that it was delivered: `python -m bench.smsc`.

It prints its port, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from heliograph.protocols.smpp.connection import Connection
from heliograph.protocols.smpp.session import Asked, Event, Session, Side
from heliograph.protocols.smpp.wire.pdus import Bind, DeliverSm, SubmitSm, SubmitSmResp, response_to

WINDOW = 1_000


class _Taking(Connection):
    """One client's connection."""

    ids = 0

    def __init__(self) -> None:
        super().__init__(lambda now: Session(Side.SMSC, now, window=WINDOW), self._heard)

    def _heard(self, events: Sequence[Event]) -> None:
        for event in events:
            if not isinstance(event, Asked):
                continue
            pdu = event.pdu
            if isinstance(pdu, SubmitSm):
                self._take(pdu)
            elif isinstance(pdu, Bind) and (kind := response_to(pdu.command)) is not None:
                self.respond(kind(pdu.sequence))

    def _take(self, pdu: SubmitSm) -> None:
        _Taking.ids += 1
        message_id = f"{_Taking.ids:010}"
        self.respond(SubmitSmResp(pdu.sequence, message_id=message_id))
        text = f"id:{message_id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
        self.request(
            DeliverSm(
                source_addr=pdu.destination_addr,
                destination_addr=pdu.source_addr,
                esm_class=0x04,
                short_message=text.encode(),
            )
        )


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Taking, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
