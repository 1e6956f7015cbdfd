"""The operations of SMPP as it is served: what a client may ask for, what it needs for it, and what is answered.

Who is asking, and whether they may, has been settled before (`client.py`); every rule about messages is a service's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from heliograph.domain.accounts import Account, Principal, Scope
from heliograph.domain.batches import Batch, Draft
from heliograph.domain.errors import InvalidRecipient, NotFound
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import to_ms
from heliograph.domain.messages import Message
from heliograph.domain.statuses import OPEN, Status
from heliograph.numbers import InvalidNumber, InvalidOriginator, normalise, parse_originator
from heliograph.protocols.smpp.door.drafts import PROTOCOL, Submitted, draft_of, replaced
from heliograph.protocols.smpp.door.refusals import Refused
from heliograph.protocols.smpp.door.states import STATES, error_number
from heliograph.protocols.smpp.wire.addresses import read
from heliograph.protocols.smpp.wire.coding import Coding
from heliograph.protocols.smpp.wire.pdus import (
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unsuccessful,
)
from heliograph.protocols.smpp.wire.receipts import MessageState
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.times import absolute
from heliograph.services.services import Services

_LARGEST_ERROR = 0xFF


class Caller(NamedTuple):
    """Who is asking, and what they can ask."""

    services: Services
    principal: Principal
    coding: Coding

    @property
    def account(self) -> Account:
        return self.principal.account


class Operation(NamedTuple):
    scope: Scope
    answer: Callable[[Caller, Any], Awaitable[Pdu]]
    """What is done; it raises the errors of services, and Refused."""
    failed: CommandStatus
    """What is answered if it failed and there is no better word for why."""


async def submit(caller: Caller, pdu: SubmitSm) -> SubmitSmResp:
    return SubmitSmResp(pdu.sequence, message_id=await _created(caller, pdu, _recipients(pdu)))


async def submit_data(caller: Caller, pdu: DataSm) -> DataSmResp:
    return DataSmResp(pdu.sequence, message_id=await _created(caller, pdu, _recipients(pdu)))


async def submit_multi(caller: Caller, pdu: SubmitMulti) -> SubmitMultiResp:
    """Send to whom it can be sent to; the other destinations stand in the answer.

    All have the same message_id; their receipts differ in who they are from.
    """
    if not pdu.destinations:
        raise Refused(CommandStatus.RINVNUMDESTS)
    to: list[str] = []
    unsuccessful: list[Unsuccessful] = []
    for each in pdu.destinations:
        if not isinstance(each, SmeAddress):
            raise Refused(CommandStatus.RCNTSUBDL)
        number = read(each.ton, each.address)
        try:
            to.append(normalise(number, region=caller.account.default_region))
        except InvalidNumber:
            unsuccessful.append(Unsuccessful(*each, CommandStatus.RINVDSTADR))
    if not to:
        return SubmitMultiResp(pdu.sequence, CommandStatus.RINVDSTADR, unsuccessful=tuple(unsuccessful))
    message_id = await _created(caller, pdu, [f"+{msisdn}" for msisdn in to])
    return SubmitMultiResp(pdu.sequence, message_id=message_id, unsuccessful=tuple(unsuccessful))


async def query(caller: Caller, pdu: QuerySm) -> QuerySmResp:
    """Say where a message stands. One to several recipients stands where all of them do, and else is unknown."""
    batch = await _batch(caller, pdu)
    messages = await _messages(caller, batch)
    states = {STATES[message.status] for message in messages}
    state = states.pop() if len(states) == 1 else MessageState.UNKNOWN
    if any(message.status in OPEN for message in messages):
        state = MessageState.ENROUTE
    settled = max((to_ms(message.settled_at) for message in messages if message.settled_at is not None), default=None)
    failed = 0 if state is MessageState.DELIVERED else error_number(messages[0].provider_code)
    return QuerySmResp(
        pdu.sequence,
        message_id=batch.id,
        final_date="" if settled is None or state is MessageState.ENROUTE else absolute(settled),
        message_state=int(state),
        error_code=failed if failed <= _LARGEST_ERROR else 0,
    )


async def cancel(caller: Caller, pdu: CancelSm) -> CancelSmResp:
    """Call a message back that has not been sent. Raises Refused if it has, or if none is named."""
    if not pdu.message_id:
        raise Refused(CommandStatus.RCANCELFAIL)
    batch = await _batch(caller, pdu)
    if pdu.destination_addr and _number(caller, pdu.dest_addr_ton, pdu.destination_addr) not in batch.recipients:
        raise InvalidRecipient()
    await caller.services.batches.cancel(caller.account, batch.id)
    if any(message.status is not Status.CANCELED for message in await _messages(caller, batch)):
        raise Refused(CommandStatus.RCANCELFAIL)
    return CancelSmResp(pdu.sequence)


async def replace(caller: Caller, pdu: ReplaceSm) -> ReplaceSmResp:
    """Put another text in the place of one that has not been sent."""
    batch = await _batch(caller, pdu)
    await caller.services.batches.change(caller.account, batch.id, partial(_edited, pdu, caller.coding))
    return ReplaceSmResp(pdu.sequence)


def _edited(pdu: ReplaceSm, coding: Coding, before: Draft) -> Draft:
    return replaced(pdu, before, coding)


async def _created(caller: Caller, pdu: Submitted, to: list[str]) -> str:
    """Accept a message, and return its id: when this returns it is committed."""
    sink = caller.services.sessions.sink_of(caller.principal, PROTOCOL)
    created = await caller.services.batches.create(caller.account, draft_of(pdu, to, caller.coding, sink))
    return created.batch.id


def _recipients(pdu: SubmitSm | DataSm) -> list[str]:
    return [read(pdu.dest_addr_ton, pdu.destination_addr)]


async def _batch(caller: Caller, pdu: QuerySm | CancelSm | ReplaceSm) -> Batch:
    """Find what the caller's account has submitted. Raises NotFound, and Refused for another originator than it has."""
    batch = await caller.services.batches.get(caller.account, pdu.message_id)
    if batch.protocol != PROTOCOL:
        raise NotFound()
    if pdu.source_addr and not _is_from(batch, read(pdu.source_addr_ton, pdu.source_addr)):
        raise Refused(CommandStatus.RINVSRCADR)
    return batch


def _is_from(batch: Batch, said: str) -> bool:
    try:
        return batch.originator == parse_originator(said).value
    except InvalidOriginator:
        return False


async def _messages(caller: Caller, batch: Batch) -> list[Message]:
    """Read where each recipient's message stands. Raises NotFound if they were deleted."""
    wanted = MessageFilter(batch_id=batch.id)
    messages = await caller.services.messages.page(caller.account, wanted, limit=len(batch.recipients))
    if not messages:
        raise NotFound()
    return messages


def _number(caller: Caller, ton: int, address: str) -> str | None:
    try:
        return normalise(read(ton, address), region=caller.account.default_region)
    except InvalidNumber:
        return None


OPERATIONS: Mapping[type[Pdu], Operation] = {
    SubmitSm: Operation(Scope.MESSAGES_SEND, submit, CommandStatus.RSUBMITFAIL),
    SubmitMulti: Operation(Scope.MESSAGES_SEND, submit_multi, CommandStatus.RSUBMITFAIL),
    DataSm: Operation(Scope.MESSAGES_SEND, submit_data, CommandStatus.RSUBMITFAIL),
    QuerySm: Operation(Scope.MESSAGES_READ, query, CommandStatus.RQUERYFAIL),
    CancelSm: Operation(Scope.MESSAGES_SEND, cancel, CommandStatus.RCANCELFAIL),
    ReplaceSm: Operation(Scope.MESSAGES_SEND, replace, CommandStatus.RREPLACEFAIL),
}
