"""One SMPP client: from its connection to its end.

How it works. The session (`session.py`) keeps the rules of the wire, and hands over what somebody has to answer. Of an
open one that is a bind: it is answered once the password has been looked at, and a bad one ends the connection. Then
requests are let in one after the other, in the order in which they came: may the key do that, and is it one too many
for this second. What is let in is done beside the others, begun in that order, so that the submits of a client share
the commits of the store; each is answered when it is committed. Nobody reads more from a client that is owed a
thousand answers (`connection.py`).

Events come by `push`, many at once. A window bounds how many deliver_sm are unanswered; it halves where the client says
that it was too much. What a client answers decides: it has the event, or wants it later, or never. If it says nothing
the connection is given up, and the event goes to another one, or waits for the next.

What holds. A message whose submit was not answered with ESME_ROK may all the same have been accepted, if the connection
was lost after the commit: SMPP has no way to say so. An event that a client has answered is not told again; one that it
may have had without answering is.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import structlog

from heliograph.domain.accounts import Account, CredentialKind, Principal
from heliograph.domain.callbacks import Event
from heliograph.domain.errors import HeliographError, InternalError, NotFound, RateLimited, ShuttingDown
from heliograph.domain.figures import Spread
from heliograph.engine import sessions
from heliograph.engine.sessions import SessionEnded
from heliograph.engine.sinks import TAKEN, Delivery, Fate
from heliograph.protocols.smpp.connection import Connection, NoAnswer
from heliograph.protocols.smpp.door import hostile
from heliograph.protocols.smpp.door.disorder import Pipe, Ways
from heliograph.protocols.smpp.door.drafts import PROTOCOL
from heliograph.protocols.smpp.door.operations import OPERATIONS, Caller
from heliograph.protocols.smpp.door.refusals import Refused, status_of
from heliograph.protocols.smpp.door.telling import Telling
from heliograph.protocols.smpp.session import Asked, Ended, Mode
from heliograph.protocols.smpp.session import Event as Heard
from heliograph.protocols.smpp.wire.codec import Unencodable
from heliograph.protocols.smpp.wire.coding import Coding
from heliograph.protocols.smpp.wire.pdus import (
    VERSION,
    Bind,
    BindResp,
    DataSm,
    DeliverSm,
    Pdu,
    SubmitSm,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus, told
from heliograph.protocols.smpp.wire.tlvs import Tag, tlv
from heliograph.sandbox.chaos import CALM, Chaos
from heliograph.services.access import Login, require
from heliograph.services.services import Services

log = structlog.get_logger(__name__)

KIND = CredentialKind.SMPP
SYSTEM_ID = "Heliograph"
"""How this side is called in answers to binds."""
REQUESTS_PER_SECOND = 5_000
"""The requests that an account may make, unless something else is set or agreed."""
_FATES: Mapping[int, Fate] = {
    CommandStatus.ROK: Fate.TAKEN,
    CommandStatus.RX_P_APPN: Fate.REFUSED,
    CommandStatus.RX_R_APPN: Fate.REFUSED,
}
"""What a client's answer means for an event; any other: it is offered again."""


class Client(sessions.Session):
    def __init__(
        self,
        services: Services,
        coding: Coding,
        telling: Telling,
        address: str,
        chaos: Callable[[Account], Chaos | None],
        ways: Ways[Client],
        served: Spread,
    ) -> None:
        """Serve whoever calls from `address`, once `connection` and `pipe` are set.

        `chaos` tells how the sandbox misbehaves, and `ways` what all clients have of that in common; `served` counts
        how long they waited for their answers.
        """
        self.address = address
        self.connection: Connection
        self.pipe: Pipe
        self.login: Login | None = None
        """Who it is; None until it has bound."""
        self._services = services
        self._coding = coding
        self._telling = telling
        self._chaos = chaos
        self._ways = ways
        self._served = served
        self._requests: deque[Pdu] = deque()
        self._stirred = asyncio.Event()
        """Set when there is a request, or nothing more to come."""
        self._over = False
        self._answering: set[asyncio.Task[None]] = set()
        self._draining = False
        self._room = asyncio.Event()
        """Set when there may be room in the window."""

    @property
    def chaos(self) -> Chaos | None:
        """Tell how the network misbehaves to this client now; None: it does not."""
        return None if self.login is None else self._chaos(self.login.principal.account)

    def heard(self, events: Sequence[Heard]) -> None:
        """Take what the client said."""
        for event in events:
            if isinstance(event, Asked):
                self._requests.append(event.pdu)
            elif isinstance(event, Ended):
                self._over = True
                self._room.set()
        self._stirred.set()

    # -- its life

    async def bind(self) -> Bind | None:
        """Wait for what the client wants to be bound as; None if it has gone."""
        pdu = await self._next()
        return pdu if isinstance(pdu, Bind) else None

    async def log_in(self, pdu: Bind) -> Login:
        """Look at a system_id and its password. Raises what `Access.log_in_to_stay` raises."""
        return await self._services.access.log_in_to_stay(KIND, pdu.system_id, pdu.password, address=self.address)

    def refuse(self, pdu: Bind, error: HeliographError | Refused) -> None:
        """Let nobody in."""
        self._refuse(pdu, error, CommandStatus.RBINDFAIL)
        self.connection.hang_up()

    async def serve(self, pdu: Bind, login: Login) -> None:
        """Answer a client that has bound until it goes."""
        self.login = login
        kind = response_to(pdu.command)
        assert kind is not None and issubclass(kind, BindResp)  # noqa: S101 - a bind is answered
        version = (tlv(Tag.SC_INTERFACE_VERSION, VERSION),) if pdu.interface_version >= VERSION else ()
        self.connection.respond(kind(pdu.sequence, tlvs=version, system_id=SYSTEM_ID))
        if self.connection.session.mode is Mode.TRANSMITTER:
            await self._answer_requests()
        else:
            with (
                self._ways.joined(login.principal.credential_id, self),
                self._services.sessions.joined(login.principal, PROTOCOL, self),
            ):
                await self._answer_requests()

    async def drain(self) -> None:
        """Take nothing more, answer what was asked, and say goodbye."""
        self._draining = True
        if self.login is None:
            self.connection.hang_up()
            return
        while self._answering:
            await asyncio.wait(self._answering)
        await self.connection.close()

    def close(self) -> None:
        self.connection.hang_up()

    def renew(self, principal: Principal | None) -> None:
        """Go on as who the client is now, by other terms perhaps; send it away if it may not stay as it is."""
        if self.login is None:
            return
        if principal is None or principal.scopes != self.login.principal.scopes:
            self.connection.hang_up()
        else:
            self.login = self.login._replace(principal=principal)

    # -- what it asks

    async def _next(self) -> Pdu | None:
        """Wait for the next request; None once there is no other."""
        while not self._requests:
            if self._over:
                return None
            self._stirred.clear()
            await self._stirred.wait()
        return self._requests.popleft()

    async def _answer_requests(self) -> None:
        while (pdu := await self._next()) is not None:
            try:
                caller = await self._admitted(pdu)
            except HeliographError as error:
                self._refuse(pdu, error)
                continue
            task = asyncio.create_task(self._answer(caller, pdu))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _admitted(self, pdu: Pdu) -> Caller:
        """Check that a request may be made now. Raises ShuttingDown, ScopeMissing, RateLimited."""
        if self._draining:
            raise ShuttingDown()
        assert self.login is not None  # noqa: S101 - it has bound
        principal = self.login.principal
        require(principal, OPERATIONS[type(pdu)].scope)
        account = principal.account
        rate = await self._services.rates.take(account.id, REQUESTS_PER_SECOND, account.terms.requests_per_second)
        if rate.exceeded or hostile.throttles(self._felt(_destination(pdu)), pdu):
            raise RateLimited()
        return Caller(self._services, principal, self._coding)

    async def _answer(self, caller: Caller, pdu: Pdu) -> None:
        began = time.monotonic()
        try:
            response = await OPERATIONS[type(pdu)].answer(caller, pdu)
            await self._respond(_destination(pdu), response)
        except (HeliographError, Refused) as error:
            self._refuse(pdu, error)
        except Exception:
            log.exception("a request by SMPP failed", command=type(pdu).__name__)
            self._refuse(pdu, InternalError())
        self._served.note(time.monotonic() - began)

    async def _respond(self, address: str, response: Pdu) -> None:
        """Answer what was asked of messages to an address, as badly as the sandbox is told to."""
        felt, message_id = self._felt(address), hostile.id_of(response)
        if felt is CALM or not message_id:
            self.connection.respond(response)
            return
        if hostile.happens(felt.smpp_elsewhere, "elsewhere", message_id):
            self._ways.came_by(message_id, self)
        if hostile.happens(felt.smpp_early, "early", message_id):
            await self._ways.until_told(message_id)
        self._mangle(address)
        if hostile.happens(felt.smpp_silent, "silent", message_id):
            self.connection.leave_unanswered()
        else:
            self.connection.respond(hostile.answered(felt, response))

    def _felt(self, address: str) -> Chaos:
        """Tell how messages to or from an address are treated."""
        return hostile.towards(self.chaos, address)

    def _mangle(self, address: str) -> None:
        """Let the octets of what is said next about an address go as its number has it."""
        fault = None if self.chaos is None else hostile.fault_of(address)
        if fault == "smpp_split":
            self.pipe.split()
        elif fault == "smpp_glued":
            self.pipe.glue()
        elif fault == "smpp_deaf":
            self.pipe.is_deaf = True

    def _refuse(
        self, pdu: Pdu, error: HeliographError | Refused, failed: CommandStatus = CommandStatus.RSYSERR
    ) -> None:
        operation = OPERATIONS.get(type(pdu))
        kind = response_to(pdu.command)
        assert kind is not None  # noqa: S101 - every request that is handed over is answered
        status = status_of(error, failed if operation is None else operation.failed)
        self.connection.respond(kind(pdu.sequence, int(status)))

    # -- what it is told

    async def push(self, event: Event) -> Delivery:
        assert self.login is not None  # noqa: S101 - it has bound
        principal = self.login.principal
        try:
            those = await self._telling.of(principal.account, event, self.chaos)
        except NotFound:
            return Delivery(Fate.REFUSED, "what it was about is gone")
        client = self._ways.other(event.subject_id, principal.credential_id, self)
        try:
            return await client.tell(those)
        except SessionEnded:
            if client is self:
                raise
            return await self.tell(those)
        finally:
            self._ways.told(event.subject_id)

    async def tell(self, those: Sequence[DeliverSm | DataSm]) -> Delivery:
        """Tell one thing after the other, until one is not taken. Raises SessionEnded."""
        for pdu in those:
            self._mangle(pdu.source_addr)
            delivery = await self._told(pdu)
            if delivery is not TAKEN:
                return delivery
        return TAKEN

    async def _told(self, pdu: DeliverSm | DataSm) -> Delivery:
        """Tell one thing, when there is room for it. Raises SessionEnded."""
        while not self.connection.session.room:
            if self._over:
                raise SessionEnded
            self._room.clear()
            await self._room.wait()
        try:
            answer = await self.connection.ask(pdu)
        except NoAnswer:
            self.close()
            raise SessionEnded from None
        except Unencodable as error:
            return Delivery(Fate.REFUSED, f"SMPP can't say it: {error}")
        finally:
            self._room.set()
        fate = _FATES.get(answer.status, Fate.FAILED)
        return TAKEN if fate is Fate.TAKEN else Delivery(fate, told(answer.status))


def _destination(pdu: Pdu) -> str:
    """Return whom a submit goes to; empty if it is no submit, or goes to several."""
    return pdu.destination_addr if isinstance(pdu, SubmitSm | DataSm) else ""
