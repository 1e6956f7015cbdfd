"""An SMSC on this machine, over a real socket: it does as a test tells it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from tests.patience import HANG_S

from heliograph.engine.contract import Intake, Provider
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.smpp.connection import Connection
from heliograph.protocols.smpp.provider import SmppProvided
from heliograph.protocols.smpp.provider.config import SmppConfig
from heliograph.protocols.smpp.session import Answered, Asked, Ended, Event, Session, Side, Timing
from heliograph.protocols.smpp.wire.codec import Framer
from heliograph.protocols.smpp.wire.pdus import (
    Bind,
    BindResp,
    DataSm,
    DeliverSm,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus

SYSTEM_ID, PASSWORD = "ours", "5ecret-0f-ours"
Answer = Callable[[SubmitSm], Pdu | None]
"""None: it says nothing."""


class Smsc:
    """Takes everything from whoever has the password, and counts ids from 1."""

    def __init__(self) -> None:
        self.submitted: list[SubmitSm] = []
        self.binds: list[Bind] = []
        self.connections: list[Connection] = []
        self.hears: Connection
        """By which the last submit came."""
        self.answered: dict[int, Pdu] = {}
        """What its own requests were answered, by their sequence numbers."""
        self.answer: Answer = self.taken
        self.bound: Callable[[Bind], BindResp] = self.let_in
        self.doctor: Callable[[bytes], bytes] | None = None
        """What becomes of a PDU that it writes."""
        self.reader: Callable[[bytes], bytes] | None = None
        """What becomes of what it reads at once."""
        self.port = 0
        self._ids = 0
        self._news = asyncio.Event()

    # -- how it behaves

    def taken(self, submit: SubmitSm) -> SubmitSmResp:
        self._ids += 1
        return SubmitSmResp(submit.sequence, message_id=f"{self._ids:08d}")

    def let_in(self, bind: Bind) -> BindResp:
        right = (bind.system_id, bind.password) == (SYSTEM_ID, PASSWORD)
        kind = response_to(bind.command)
        assert kind is not None
        answer = kind(bind.sequence, 0 if right else int(CommandStatus.RINVPASWD), system_id="smsc")  # type: ignore[call-arg]
        assert isinstance(answer, BindResp)
        return answer

    def refusing(self, status: int) -> Answer:
        return lambda submit: SubmitSmResp(submit.sequence, int(status))

    # -- what it hears and says

    def _heard(self, box: list[Connection], events: Sequence[Event]) -> None:
        (connection,) = box
        for event in events:
            if isinstance(event, Answered):
                self.answered[event.sequence] = event.response
            elif isinstance(event, Asked) and isinstance(event.pdu, Bind):
                self.binds.append(event.pdu)
                self.connections.append(connection)
                connection.respond(self.bound(event.pdu))
            elif isinstance(event, Asked) and isinstance(event.pdu, SubmitSm):
                self.submitted.append(event.pdu)
                self.hears = connection
                if (answer := self.answer(event.pdu)) is not None:
                    connection.respond(answer)
            elif isinstance(event, Ended) and connection in self.connections:
                self.connections.remove(connection)
        self._news.set()

    def connection(self) -> Connection:
        """For somebody who has just connected."""
        box: list[Connection] = []
        box.append(Connection(partial(_Doctored, self), partial(self._heard, box)))
        return box[0]

    async def until(self, is_so: Callable[[], Any]) -> None:
        """Returns once something is so: looks whenever something was heard."""
        async with asyncio.timeout(HANG_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def tell(self, pdu: DeliverSm | DataSm, by: int = 0) -> Pdu:
        """Sends one, and returns what it is answered."""
        sequence = self.connections[by].request(pdu)
        await self.until(lambda: sequence in self.answered)
        return self.answered.pop(sequence)


class _Doctored(Session):
    """What it writes goes by `Smsc.doctor`, what it reads by `Smsc.reader`."""

    def __init__(self, far: Smsc, now: float) -> None:
        super().__init__(Side.SMSC, now, timing=Timing(idle_s=600), window=10_000)
        self._far = far

    def receive(self, data: bytes, now: float) -> list[Event]:
        return super().receive(data if self._far.reader is None else self._far.reader(data), now)

    def output(self) -> bytes:
        data = super().output()
        if self._far.doctor is None:
            return data
        pdus, _ = Framer().feed(data)
        return b"".join(map(self._far.doctor, pdus))


@asynccontextmanager
async def smsc(tls: ssl.SSLContext | None = None) -> AsyncIterator[Smsc]:
    found = Smsc()
    server = await asyncio.get_running_loop().create_server(found.connection, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await asyncio.gather(*(connection.close() for connection in list(found.connections)))
        await server.wait_closed()


def configured(port: int, **settings: Any) -> SmppConfig:
    usual: dict[str, Any] = {
        "type": "smpp",
        "hosts": (f"127.0.0.1:{port}",),
        "system_id": SYSTEM_ID,
        "password": PASSWORD,
    }
    return SmppConfig(**usual | settings)


@asynccontextmanager
async def provided(port: int, intake: Intake, **settings: Any) -> AsyncIterator[Provider]:
    """A provider that has started."""
    where = ProviderContext(name="line", account_id="A" * 26, callback_url=None)
    provider = SmppProvided().provider(configured(port, **settings), where)
    await provider.start(intake)
    try:
        yield provider
    finally:
        await provider.stop()
