"""Where SMPP clients bind: connections, how many there may be, and who may stay.

**The problem.** A connection costs a file and memory before anybody knows whose it is, and a bound one lasts for days,
in which its key may be revoked.

**How it works.** Who has not bound within ten seconds is sent away by the session itself. If there is no place left,
the connection that has waited longest without binding gives up its own: of those, one from the address that has most,
so that whoever holds many open shuts out themselves. If all are bound, a new one is not let in. How often a password
may be tried is `services/logins.py`'s to say, and every bad one costs the connection.

Once a second all clients are looked at in one question to the store: whose password is good no longer is sent away, and
changed terms are in force from then on. Then the other processes are also told how many are bound with each key: how
many may be is counted over all of them (`services/places.py`).

At the end the server takes no new clients and no new requests, answers what was asked, and unbinds.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

import structlog

from heliograph.domain.errors import HeliographError, NotNow
from heliograph.domain.figures import Figure, Spread
from heliograph.doors.servers import DRAIN_S, Server, url_of
from heliograph.doors.settings import ConnectedSettings
from heliograph.protocols.smpp.connection import Connection
from heliograph.protocols.smpp.counts import Counts
from heliograph.protocols.smpp.door.client import Client
from heliograph.protocols.smpp.door.disorder import Pipe, Ways
from heliograph.protocols.smpp.door.drafts import PROTOCOL
from heliograph.protocols.smpp.door.refusals import Refused
from heliograph.protocols.smpp.door.telling import Telling
from heliograph.protocols.smpp.session import Event, Session, Side
from heliograph.protocols.smpp.wire.coding import Alphabet, Coding
from heliograph.protocols.smpp.wire.pdus import Bind
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.services.services import Services

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
HANDSHAKE_S = 10.0
ACCOUNTS_SHOWN = 50
OTHERS = "others"
"""Metrics have a place for each of so many accounts, and one for all others."""


class SmppServer(Server):
    name = PROTOCOL

    def __init__(self, services: Services, listener: socket.socket, settings: ConnectedSettings) -> None:
        self.addresses = (url_of(PROTOCOL, listener),)
        self._services = services
        self._listener = listener
        self._settings = settings
        self._coding = Coding(alphabet_0=Alphabet(settings.alphabet))
        self._telling = Telling(services.inbound, self._coding)
        self._ways: Ways[Client] = Ways()
        self._counts = Counts()
        self._served = Spread()
        self._clients: dict[Client, asyncio.Task[None]] = {}
        """Everybody who is connected, whoever has come first at the front."""
        self._server: asyncio.Server
        self._looking: asyncio.Task[None]

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        tls = self._settings.tls
        self._server = await loop.create_server(
            lambda: _Served(self),
            sock=self._listener,
            ssl=tls,
            ssl_handshake_timeout=None if tls is None else HANDSHAKE_S,
        )
        self._looking = asyncio.create_task(self._look(), name="smpp")

    async def stop(self) -> None:
        self._server.close()
        self._looking.cancel()
        clients = list(self._clients)
        goodbyes = [asyncio.create_task(client.drain()) for client in clients]
        if goodbyes:
            await asyncio.wait([*goodbyes, *self._clients.values()], timeout=DRAIN_S)
        for goodbye in goodbyes:
            goodbye.cancel()
        self.stop_at_once()
        await asyncio.gather(self._looking, *goodbyes, *self._clients.values(), return_exceptions=True)
        with suppress(NotNow):
            await self._services.places.say()

    def stop_at_once(self) -> None:
        for client, serving in self._clients.items():
            client.connection.abort()
            serving.cancel()

    # -- connections

    def session(self, now: float) -> Session:
        """Make the session of a new connection."""
        return Session(Side.SMSC, now, window=self._settings.window, counts=self._counts)

    def figures(self) -> Iterator[Figure]:
        """Tell who is bound: of the accounts with most binds by their identifiers, of all others together."""
        bound = [(client.login.principal.account.id, client) for client in self._clients if client.login is not None]
        most = {account for account, _ in Counter(account for account, _ in bound).most_common(ACCOUNTS_SHOWN)}
        binds = Counter(
            (account if account in most else OTHERS, client.connection.session.mode) for account, client in bound
        )
        for (account, mode), count in binds.items():
            labels = {"account": account, "mode": "none" if mode is None else mode.value}
            yield Figure("smpp_clients", "Clients that are bound", count, labels)
        sessions = [client.connection.session for _, client in bound]
        waiting = len(self._clients) - len(bound)
        yield Figure("smpp_clients_not_bound", "Connections of which nobody knows whose they are", waiting, {})
        yield Figure(
            "smpp_clients_window", "How much may be unanswered", sum(each.window.size for each in sessions), {}
        )
        yield Figure("smpp_clients_unanswered", "What clients have not", sum(each.in_flight for each in sessions), {})
        yield Figure(
            "smpp_clients_asking", "What they ask and is not answered", sum(each.owed for each in sessions), {}
        )
        yield Figure("smpp_clients_served_seconds", "How long they waited for answers", self._served, {})
        yield from self._counts.figures("clients", {})

    def connected(self, connection: _Served, address: str) -> Client | None:
        """Take a new connection; None if there is no place for it."""
        if len(self._clients) >= self._settings.connections and not self._one_gives_way():
            log.warning("no place for another SMPP client", connections=len(self._clients))
            return None
        client = Client(
            self._services, self._coding, self._telling, address, self._settings.chaos, self._ways, self._served
        )
        client.connection, client.pipe = connection, connection.pipe
        serving = self._clients[client] = asyncio.create_task(self._serve(client), name="smpp client")
        serving.add_done_callback(partial(self._gone, client))
        return client

    def _gone(self, client: Client, serving: asyncio.Task[None]) -> None:
        """Forget a client that is served no more; nothing keeps its connection open."""
        del self._clients[client]
        client.connection.hang_up()
        if not serving.cancelled() and (error := serving.exception()) is not None:
            log.error("an SMPP client could not be served", address=client.address, exc_info=error)

    def _one_gives_way(self) -> bool:
        """Close the connection that has waited longest among those of the address with most that have not bound."""
        waiting = [client for client in self._clients if client.login is None]
        if not waiting:
            return False
        (most, _), *_ = Counter(client.address for client in waiting).most_common(1)
        client = next(client for client in waiting if client.address == most)
        client.connection.abort()
        return True

    async def _serve(self, client: Client) -> None:
        if (pdu := await client.bind()) is None:
            return
        try:
            login = await client.log_in(pdu)
            await self._take_place(pdu, login.principal.credential_id)
        except (HeliographError, Refused) as error:
            client.refuse(pdu, error)
            return
        try:
            await client.serve(pdu, login)
        finally:
            self._services.places.give_back(login.principal.credential_id)
            session = client.connection.session
            oddities = {each.name.lower(): count for each, count in session.oddities.items()}
            log.info("an SMPP client has gone", system_id=pdu.system_id, address=client.address, **oddities)

    async def _take_place(self, pdu: Bind, key: str) -> None:
        """Take one of the places that a key has. Raises Refused if there is none left, NotNow."""
        if not await self._services.places.take(key, self._settings.connections_per_key):
            log.warning("an SMPP client is bound as often as it may be", system_id=pdu.system_id)
            raise Refused(CommandStatus.RBINDFAIL)

    # -- who may stay

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            clients = [(client, client.login) for client in self._clients if client.login is not None]
            try:
                await self._services.places.say()
                found = await self._services.access.still_good([login for _, login in clients])
            except NotNow:
                continue  # nothing is accepted while the store is away
            for (client, _), principal in zip(clients, found, strict=True):
                client.renew(principal)


class _Served(Connection):
    """The connection of a client."""

    def __init__(self, server: SmppServer) -> None:
        super().__init__(server.session, self._tell_client)
        self._to = server
        self.pipe = Pipe(super().write)
        self._client: Client | None = None

    def write(self, data: bytes) -> None:
        chaos = None if self._client is None else self._client.chaos
        if chaos is None:
            super().write(data)
        else:
            self.pipe.put(data, chaos)

    def hang_up(self) -> None:
        self._flush()
        self.pipe.empty()
        super().hang_up()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._client = self._to.connected(self, peer[0] if peer else "")
        if self._client is None:
            self.abort()

    def _tell_client(self, events: Sequence[Event]) -> None:
        if self._client is not None:
            self._client.heard(events)
