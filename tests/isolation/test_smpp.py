"""One account's binding, another account's identifiers, in every field of every operation of SMPP; every scope alone.

The operations are those of the server's table, and what they are sent is made from the structs of the wire: one that is
added later is tried by itself.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any

import pytest
from msgspec.structs import fields
from msgspec.structs import replace as with_
from tests.isolation.belongings import Belongings, digest_of, inside_of
from tests.isolation.callers import Caller
from tests.protocols.smpp.esme import Esme, submit

from heliograph.domain.accounts import CredentialKind, Scope
from heliograph.doors.settings import ConnectedSettings
from heliograph.protocols.registry import CONNECTED_PROTOCOLS
from heliograph.protocols.smpp.door.operations import OPERATIONS
from heliograph.protocols.smpp.door.protocol import Smpp
from heliograph.protocols.smpp.wire.codec import Unencodable, encode
from heliograph.protocols.smpp.wire.pdus import (
    BindResp,
    CancelSm,
    DataSm,
    DistributionList,
    Pdu,
    QuerySm,
    ReplaceSm,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv
from heliograph.services.accounts import Issued

LATER = "000001000000000R"
"""Tomorrow, as SMPP writes times from now."""
EVERYTHING = frozenset(map(str, Scope)) - {str(Scope.ADMIN), str(Scope.PERSON)}
_TO = {"dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": "33688000009"}
_FROM = {"source_addr_ton": 5, "source_addr": "Heliograph"}
SAMPLES: dict[type[Pdu], Pdu] = {
    SubmitSm: submit("33688000009", schedule_delivery_time=LATER),
    SubmitMulti: SubmitMulti(
        **_FROM, destinations=(SmeAddress(1, 1, "33688000009"),), schedule_delivery_time=LATER, short_message=b"Hello"
    ),
    DataSm: DataSm(**_FROM, **_TO, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"Hello"),)),
    QuerySm: QuerySm(),
    CancelSm: CancelSm(),
    ReplaceSm: ReplaceSm(short_message=b"Bonjour"),
}
"""A good request of each operation, about nothing yet."""


@pytest.fixture(scope="module")
async def entry(caller: Caller) -> AsyncIterator[dict[str, Any]]:
    """The address of the platform's server."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Smpp().server(caller.platform.services, listener, ConnectedSettings())
    await server.start()
    yield {"host": "127.0.0.1", "port": listener.getsockname()[1]}
    await server.stop()


async def key(
    caller: Caller,
    of: Belongings,
    scopes: frozenset[str] = EVERYTHING,
    kind: CredentialKind = CredentialKind.SMPP,
    **more: Any,
) -> Issued:
    """A key whose name and password are as short as SMPP has it."""
    name, password = next(iter(Smpp().public_ids(of.account))), Smpp().new_secret()
    issue = caller.platform.services.accounts.issue
    return await issue(of.account, kind, public_id=name, secret=password, scopes=scopes, **more)


def as_(key: Issued) -> dict[str, str]:
    return {"system_id": key.public_id, "password": key.secret}


def about(message_id: str, pdu: Pdu) -> Pdu:
    return with_(pdu, message_id=message_id) if "message_id" in pdu.__struct_fields__ else pdu


def naming(pdu: Pdu, value: str) -> Iterator[Pdu]:
    """The request with a value in each field, one at a time."""
    for field in fields(pdu):
        if field.type is str:
            yield with_(pdu, **{field.name: value})
        elif field.type is bytes and field.name != "rest":
            yield with_(pdu, **{field.name: value.encode()})
        elif field.name == "destinations":
            for one in (SmeAddress(1, 1, value), SmeAddress(5, 0, value), DistributionList(value)):
                yield with_(pdu, destinations=(one,))


def naming_besides(pdu: Pdu, value: str) -> Iterator[Pdu]:
    """The request with a value in each optional parameter, one at a time."""
    for tag in Tag:
        for octets in (value.encode(), value.encode() + b"\0"):
            yield with_(pdu, tlvs=(*pdu.tlvs, Tlv(tag, octets)))


def ask_all(entry: dict[str, Any], login: dict[str, str], pdus: list[Pdu]) -> list[tuple[Pdu, Pdu]]:
    """Each request with its answer, but for those that can't be written."""
    answered = []
    with Esme(entry | login) as esme:
        for some in batched(filter(can_be_written, pdus)):
            answered += [(pdu, esme.answer_to(said)) for pdu, said in zip(some, esme.say(*some), strict=True)]
    return answered


def can_be_written(pdu: Pdu) -> bool:
    try:
        return bool(encode(pdu))
    except Unencodable:
        return False


def batched(pdus: Iterable[Pdu]) -> Iterator[list[Pdu]]:
    """So many as are said before the first is answered."""
    rest = iter(pdus)
    while some := list(islice(rest, 200)):
        yield some


def test_every_operation_and_every_protocol_with_a_server_of_its_own_is_tried_here() -> None:
    assert set(SAMPLES) == set(OPERATIONS)
    assert [type(protocol) for protocol in CONNECTED_PROTOCOLS] == [Smpp]


async def test_no_field_leads_to_what_is_anothers(
    caller: Caller, entry: dict[str, Any], ours: Belongings, theirs: Belongings
) -> None:
    me, owner = as_(await key(caller, ours)), as_(await key(caller, theirs))
    scheduled = [submit(theirs.phones[0], inside_of(theirs.word).encode(), schedule_delivery_time=LATER)]
    [(_, made)] = await asyncio.to_thread(ask_all, entry, owner, scheduled)
    message_id: str = made.message_id  # type: ignore[attr-defined]
    [(_, found)] = await asyncio.to_thread(ask_all, entry, owner, [QuerySm(message_id=message_id)])
    assert found.status == CommandStatus.ROK, "or there would be nothing to find"
    read = caller.platform.engine.store.read
    before = await read(digest_of, theirs.account.id)

    led = []
    for sample in SAMPLES.values():
        pdus = [pdu for value in (message_id, *theirs.names_to_try) for pdu in naming(sample, value)]
        pdus += [pdu for value in (message_id, theirs.phones[0][1:]) for pdu in naming_besides(sample, value)]
        for asked, answer in await asyncio.to_thread(ask_all, entry, me, pdus):
            names_theirs = getattr(asked, "message_id", "") != ""
            if inside_of(theirs.word) in repr(answer) or (names_theirs and answer.status == CommandStatus.ROK):
                led.append(f"{asked} is answered {answer}")
        if await read(digest_of, theirs.account.id) != before:
            led.append(f"{type(sample).__name__} changed what is another account's")
            before = await read(digest_of, theirs.account.id)

    assert led == []


@pytest.mark.parametrize("scope", sorted({operation.scope for operation in OPERATIONS.values()}))
async def test_each_scope_opens_its_own_operations_and_no_others(
    caller: Caller, entry: dict[str, Any], ours: Belongings, scope: Scope
) -> None:
    owner = as_(await key(caller, ours))
    without = as_(await key(caller, ours, EVERYTHING - {str(scope)}))
    alone = as_(await key(caller, ours, frozenset({str(scope)})))
    own = [kind for kind in SAMPLES if OPERATIONS[kind].scope is scope]
    made = await asyncio.to_thread(ask_all, entry, owner, [SAMPLES[SubmitSm]] * len(own))
    requests = [
        about(answer.message_id, SAMPLES[kind])  # type: ignore[attr-defined]
        for kind, (_, answer) in zip(own, made, strict=True)
    ]

    refused = await asyncio.to_thread(ask_all, entry, without, requests)
    answered = await asyncio.to_thread(ask_all, entry, alone, requests)

    assert [answer.status for _, answer in refused] == [OPERATIONS[kind].failed for kind in own]
    assert {answer.status for _, answer in answered} == {CommandStatus.ROK}


@pytest.mark.parametrize("wrong", ["another's name", "another kind", "another network", "expired"])
async def test_nobody_binds_with_what_is_not_for_it(
    caller: Caller, entry: dict[str, Any], ours: Belongings, theirs: Belongings, wrong: str
) -> None:
    mine, other = await key(caller, ours), await key(caller, theirs)
    logins = [{"system_id": other.public_id, "password": mine.secret}]
    if wrong == "another kind":
        kinds = (CredentialKind.API_KEY, CredentialKind.SMSDROP)
        logins = [as_(await key(caller, ours, kind=kind)) for kind in kinds]
    elif wrong == "another network":
        logins = [as_(await key(caller, ours, networks=["192.0.2.0/24"]))]
    elif wrong == "expired":
        logins = [as_(await key(caller, ours, lifetime_s=0))]

    for login in logins:
        with await asyncio.to_thread(Esme, entry | login) as esme:
            assert isinstance(esme.bound, BindResp)
            assert esme.bound.status != CommandStatus.ROK
