"""The codec of SMPP by itself, beside how fast this machine loops."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from bench.bare import Bare
from bench.cases import Figures, Sizes
from bench.server import MeasuredServer
from heliograph.protocols.smpp.wire.codec import Framer, decode, encode
from heliograph.protocols.smpp.wire.pdus import SubmitSm

SUBMIT = SubmitSm(
    source_addr_ton=5,
    source_addr="Heliograph",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="33612345678",
    validity_period="300317174640000+",
    registered_delivery=1,
    short_message=b"Your code is 123456. It is good for ten minutes.",
)
TOGETHER = 50
"""PDUs that arrive in one read."""
TURNS, LOOPS = 200, 100


async def encoded(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """How many submit_sm a second become octets."""

    def work(count: int) -> None:
        for sequence in range(1, count + 1):
            encode(SUBMIT, sequence)

    return _figures(work, sizes.pdus)


async def decoded(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """How many submit_sm a second are made of octets that arrive, cut where one read ends."""
    stream = b"".join(encode(SUBMIT, sequence) for sequence in range(1, TOGETHER + 1))
    cut = len(stream) - 20

    def work(count: int) -> None:
        framer = Framer()
        for _ in range(count // TOGETHER):
            for piece in (stream[:cut], stream[cut:]):
                for data in framer.feed(piece)[0]:
                    decode(data)

    return _figures(work, sizes.pdus)


def _figures(work: Callable[[int], None], count: int) -> Figures:
    """Its counterpart is an empty loop. Both in many short turns, as long as each other, the quickest of each: what
    else this machine has to do is not measured."""
    each = max(count // TURNS, TOGETHER)
    turns = [(_a_second(work, each), _a_second(_loop, each * LOOPS)) for _ in range(TURNS)]
    value, loops = map(max, zip(*turns, strict=True))
    return Figures(value, loops, 0, {"on-40M-loops /s": value * 40e6 / loops})


def _a_second(work: Callable[[int], None], count: int) -> float:
    started = perf_counter()
    work(count)
    return count / (perf_counter() - started)


def _loop(count: int) -> None:
    for _ in range(count):
        pass
