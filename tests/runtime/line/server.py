"""The line protocol as it is served."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

import msgspec

from heliograph.domain.accounts import CredentialKind, Principal, Scope
from heliograph.domain.batches import Draft, ReportWish
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import HeliographError, NotFound, RateLimited, Unauthenticated
from heliograph.doors.servers import DRAIN_S, Server, url_of
from heliograph.engine.sessions import Session, SessionEnded
from heliograph.engine.sinks import TAKEN, Delivery, Fate
from heliograph.services.access import require
from heliograph.services.accounts import public_part
from heliograph.services.services import Services

from . import wire

PROTOCOL = "line"
KIND = CredentialKind.API_KEY
REQUESTS_PER_SECOND = 5_000
_SAID: Mapping[type, Delivery] = {
    wire.Taken: TAKEN,
    wire.Later: Delivery(Fate.FAILED, "the client asked to be told later"),
    wire.Never: Delivery(Fate.REFUSED, "the client does not want it"),
}


class LineServer(Server):
    name = PROTOCOL

    def __init__(self, services: Services, listener: socket.socket) -> None:
        self.addresses = (url_of(PROTOCOL, listener),)
        self._services = services
        self._listener = listener
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._server: asyncio.Server

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=self._listener, limit=wire.LONGEST_LINE)

    async def stop(self) -> None:
        self._server.close()
        for connection in self._connections.values():
            connection.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=DRAIN_S)
        self.stop_at_once()

    def stop_at_once(self) -> None:
        for task in self._connections:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self._services, reader, writer)
        task = asyncio.create_task(connection.run(), name="line")
        self._connections[task] = connection
        task.add_done_callback(self._connections.pop)


class Connection(Session):
    """One client."""

    def __init__(self, services: Services, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._services = services
        self._reader = reader
        self._writer = writer
        self._ending = asyncio.Event()
        """Set when nothing more is to be read."""
        self._unacknowledged: dict[str, asyncio.Future[Delivery]] = {}
        self._key = ""

    async def run(self) -> None:
        """Serve the client until it goes, or the server stops."""
        try:
            await self._log_in()
            with self._services.sessions.joined(await self._caller(), PROTOCOL, self):
                while (line := await self._next()) is not None:
                    await self._heed(line)
        except (HeliographError, msgspec.DecodeError, ValueError) as error:
            self._say(wire.Refused(getattr(error, "code", "not_understood")))
        except OSError:
            pass  # it is gone
        finally:
            self._ending.set()
            for answer in self._unacknowledged.values():
                answer.cancel()
            self._writer.close()

    async def _log_in(self) -> None:
        line = await self._next()
        if not isinstance(line, wire.Login):
            raise Unauthenticated()
        self._key = line.key
        self._say(wire.Welcome((await self._caller()).account.name))

    async def _caller(self) -> Principal:
        """Who is connected. Unauthenticated once the key is revoked."""
        address = self._writer.get_extra_info("peername")[0]
        return await self._services.access.authenticate(KIND, public_part(self._key), self._key, address=address)

    async def _next(self) -> wire.FromClient | None:
        """What the client says next; None if there is nothing more to be heard. ValueError for too long a line."""
        reading = asyncio.create_task(self._reader.readline())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            line = reading.result() if reading.done() and not ending.done() else b""
        finally:
            reading.cancel()
            ending.cancel()
        return wire.decode_from_client(line) if line.endswith(b"\n") else None

    async def _heed(self, line: wire.FromClient) -> None:
        if isinstance(line, wire.Login):
            raise Unauthenticated()
        if isinstance(line, wire.Send):
            await self._send(line)
        elif (answer := self._unacknowledged.get(line.id)) is not None and not answer.done():
            answer.set_result(_SAID[type(line)])

    async def _send(self, line: wire.Send) -> None:
        caller = await self._caller()
        try:
            require(caller, Scope.MESSAGES_SEND)
            if (await self._services.rates.take(caller.account.id, REQUESTS_PER_SECOND)).exceeded:
                raise RateLimited()
            draft = Draft(
                protocol=PROTOCOL,
                to=[line.to],
                text=line.text,
                sink=self._services.sessions.sink_of(caller, PROTOCOL),
                report=ReportWish.PER_RECIPIENT_FINAL,
            )
            created = await self._services.batches.create(caller.account, draft)
        except HeliographError as error:
            self._say(wire.Refused(error.code, line.sequence))
        else:
            self._say(wire.Accepted(line.sequence, created.batch.id))

    async def push(self, event: Event) -> Delivery:
        try:
            told = await self._written(event)
        except NotFound:
            return Delivery(Fate.REFUSED, "what it was about is gone")
        except Unauthenticated:
            self.close()
            raise SessionEnded from None
        if self._ending.is_set():
            raise SessionEnded
        answer = self._unacknowledged[event.id] = asyncio.get_running_loop().create_future()
        self._say(told)
        try:
            await asyncio.wait({answer})
            if answer.cancelled():
                raise SessionEnded
            return answer.result()
        finally:
            del self._unacknowledged[event.id]

    async def _written(self, event: Event) -> wire.Receipt | wire.Inbound:
        """NotFound for what is gone, and for what there is no word for."""
        caller = await self._caller()
        if event.kind is EventKind.INBOUND:
            message = await self._services.inbound.get(caller.account, event.subject_id)
            return wire.Inbound(event.id, message.msisdn, message.to, message.body)
        if event.facts is None:
            raise NotFound()
        return wire.Receipt(event.id, event.subject_id, event.facts.status)

    def _say(self, line: wire.FromServer) -> None:
        self._writer.write(wire.encode(line))

    def close(self) -> None:
        """Read nothing more, and end; what is being answered is answered first."""
        self._ending.set()
