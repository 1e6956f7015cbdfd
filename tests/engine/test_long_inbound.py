"""Inbound messages in parts: in any order, by any process, doubled, never complete; on both stores."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any

import pytest
from sqlalchemy import func, select

from heliograph.domain.batches import BodyKind
from heliograph.domain.filters import InboundFilter
from heliograph.domain.inbound import Inbound, InboundPart, Payload
from heliograph.engine.contract import InboundArrival
from heliograph.store.inbound import inbound_of
from heliograph.store.long_inbound import forget_long
from heliograph.store.schema import inbound_parts, long_inbound
from heliograph.store.tx import Tx
from heliograph.text import Encoding, Part, concatenation_of, split_binary, split_text

from .conftest import Running, ScriptedProvider, StartEngine

TEXT = "a" * 152 + "€ and so on, " * 20 + "the end"
SENDER = "+33612345678"


def arrivals(parts: tuple[Part, ...], **fields: Any) -> list[InboundArrival]:
    """What a provider makes of the parts of a message."""
    found = []
    for part in parts:
        place = concatenation_of(part.udh)
        assert place is not None
        usual: dict[str, Any] = {
            "msisdn": SENDER,
            "to": "36111",
            "kind": BodyKind.TEXT if part.text is not None else BodyKind.BINARY,
            "body": part.text or "",
            "part": InboundPart(
                f"udh {place.reference}", place.total, place.sequence, Payload(part.encoding, part.payload)
            ),
        }
        found.append(InboundArrival(**usual | fields))
    return found


async def tell(running: Running, *those: InboundArrival, by: str = "scripted") -> list[str | None]:
    return [await running.engine.intake.inbound(by, each) for each in those]


async def received(running: Running) -> list[Inbound]:
    """All inbound messages, oldest first."""
    found = await running.engine.store.read(inbound_of, running.account.id, InboundFilter(), limit=100)
    return found[::-1]


async def waited_for(running: Running) -> Inbound:
    """The inbound message, once there is one."""

    async def there() -> Inbound | None:
        found = await received(running)
        return found[0] if found else None

    return await running.once(f"inbound:{running.account.id}", there)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 2, 1, 1)], ids=str)
async def test_trap_25_parts_come_in_any_order_and_again(order: tuple[int, ...], start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    parts = arrivals(split_text(TEXT, reference=7))

    told = await tell(running, *(parts[place] for place in order))
    after = await tell(running, *parts)

    (message,) = await received(running)
    assert (message.body, message.missing_parts, message.msisdn) == (TEXT, 0, SENDER[1:])
    assert [each for each in told if each is not None] == [message.id]
    assert after == [None, None, None]


async def test_parts_come_by_several_processes(start: StartEngine) -> None:
    first, second = await start(ScriptedProvider()), None
    if first.engine.store.dialect == "postgresql":
        second = await start(ScriptedProvider())
    messages = [f"{TEXT}{place}" for place in range(8)]
    those = [
        (first if (place + number) % 2 or second is None else second, arrival)
        for place, text in enumerate(messages)
        for number, arrival in enumerate(arrivals(split_text(text, reference=place)))
    ]

    await asyncio.gather(*(tell(running, arrival) for running, arrival in those))

    assert sorted(message.body for message in await received(first)) == sorted(messages)


async def test_trap_21_what_was_cut_in_the_middle_of_a_character_is_whole(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    halves = [
        InboundArrival(
            msisdn=SENDER,
            to="36111",
            kind=BodyKind.TEXT,
            body="\ufffd",
            part=InboundPart("sar 1", 2, place, Payload(Encoding.UCS2, octets)),
        )
        for place, octets in ((1, b"\xd8\x3d"), (2, b"\xde\x00"))
    ]

    await tell(running, *halves)

    (message,) = await received(running)
    assert message.body == "😀"


async def test_octets_are_joined_and_keep_what_else_their_header_says(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    data = bytes(range(200))

    await tell(running, *arrivals(split_binary(data, reference=3), udh="06050415821582"))

    (message,) = await received(running)
    assert (message.kind, b64decode(message.body), message.udh) == (BodyKind.BINARY, data, "06050415821582")


async def test_texts_and_octets_in_one_message_are_octets(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    text, octets = arrivals(split_text("a" * 200, reference=3))[0], arrivals(split_binary(bytes(200), reference=3))[1]

    await tell(running, text, octets)

    (message,) = await received(running)
    assert (message.kind, message.missing_parts) == (BodyKind.BINARY, 0)


async def test_trap_25_what_is_there_is_a_message_after_a_while_and_marked(start: StartEngine) -> None:
    running = await start(ScriptedProvider(), await_parts_s=0)
    first, _, last = split_text(TEXT, reference=7)

    await tell(running, arrivals((first,))[0])
    message = await waited_for(running)

    assert (message.body, message.missing_parts) == (f"{first.text}…", 2)
    assert last.text not in message.body


async def test_a_late_part_is_a_message_of_its_own(start: StartEngine) -> None:
    running = await start(ScriptedProvider(), await_parts_s=0)
    first, second = arrivals(split_text("x" * 150 + " STOP" + "y" * 40, reference=7))
    await tell(running, first)
    await waited_for(running)

    await tell(running, second)

    async def both() -> list[Inbound] | None:
        found = await received(running)
        return found if len(found) == 2 else None

    early, late = await running.once(f"inbound:{running.account.id}", both)
    assert (early.missing_parts, late.missing_parts) == (1, 1)
    assert early.body.endswith("…")
    assert late.body.startswith("…")


async def test_a_reference_comes_round_again(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    before, after = (arrivals(split_text(letter * 200, reference=7)) for letter in "ab")

    await tell(running, before[0], *after)

    # The first one has ended with what it had, and is joined by the job.
    async def both() -> list[Inbound] | None:
        found = await received(running)
        return found if len(found) == 2 else None

    found = await running.once(f"inbound:{running.account.id}", both)
    assert {(each.body, each.missing_parts) for each in found} == {("a" * 153 + "…", 1), ("b" * 200, 0)}


@pytest.mark.parametrize("other", [{"msisdn": "+33612345679"}, {"to": "36112"}, {"provider": "other"}])
async def test_the_same_reference_of_another_message_is_another(other: dict[str, str], start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    first, second = split_text("a" * 200, reference=7)
    fields = {name: value for name, value in other.items() if name != "provider"}

    await tell(running, arrivals((first,))[0])
    await tell(running, arrivals((second,), **fields)[0], by=other.get("provider", "scripted"))

    assert await received(running) == []


@pytest.mark.parametrize(("total", "sequence"), [(1, 1), (0, 0), (2, 3), (2, 0), (300, 1), (-1, -1)])
async def test_a_part_that_can_not_be_is_a_message(total: int, sequence: int, start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    part = InboundPart("udh 1", total, sequence, Payload(Encoding.GSM7, b"Hello"))

    await tell(running, InboundArrival(msisdn=SENDER, to="1", kind=BodyKind.TEXT, body="Hello", part=part))

    assert [message.body for message in await received(running)] == ["Hello"]


async def test_parts_that_nobody_owns_are_no_work_for_ever(start: StartEngine) -> None:
    running = await start(ScriptedProvider())

    told = await tell(running, *arrivals(split_text(TEXT, reference=7), account_id=""))

    def awaited(tx: Tx) -> int:
        return int(tx.value(select(func.count()).select_from(long_inbound).where(long_inbound.c.joined_at.is_(None))))

    assert told == [None, None, None]
    assert await running.engine.store.read(awaited) == 0


async def test_what_was_joined_is_forgotten_after_a_while(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    waits, *_ = arrivals(split_text(TEXT, reference=8))
    await tell(running, *arrivals(split_text(TEXT, reference=7)), waits)

    await running.engine.store.write(forget_long, 2**50)

    def kept(tx: Tx) -> tuple[int, int]:
        longs, parts = (tx.value(select(func.count()).select_from(table)) for table in (long_inbound, inbound_parts))
        return int(longs), int(parts)

    assert await running.engine.store.read(kept) == (1, 1)


async def test_odd_values_of_a_part_are_cut(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    odd = "x\0\ud800" * 3_000
    part = InboundPart(odd, 2, 1, Payload(Encoding.GSM7, bytes(100_000)))

    assert await tell(running, InboundArrival(msisdn=odd, to=odd, kind=BodyKind.TEXT, body=odd, part=part)) == [None]
