"""Callbacks to customers: never again once acknowledged, one event over all attempts, never where they must not."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections import deque
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select, update
from tests.patience import HANG_S

from heliograph.domain.batches import ReportWish
from heliograph.domain.callbacks import EventKind, retry_delay_s
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.statuses import Status
from heliograph.engine.addresses import LOOPBACK, AddressGuard, Network
from heliograph.engine.contract import Uncertain
from heliograph.store.changes import apply_changes
from heliograph.store.outbox import NewEvent, add_events
from heliograph.store.schema import events
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine


class Customer:
    """A customer's server; answers as told, else 200."""

    def __init__(self) -> None:
        self.answers: deque[int] = deque()
        self.calls: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def handle(self, request: web.Request) -> web.Response:
        await self.calls.put((dict(request.headers), await request.read()))
        status = self.answers.popleft() if self.answers else 200
        headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else None
        return web.Response(status=status, headers=headers)

    async def next(self) -> dict[str, object]:
        self.headers, self.body = await asyncio.wait_for(self.calls.get(), HANG_S)
        decoded: dict[str, object] = json.loads(self.body)
        return decoded


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    made = Customer()
    app = web.Application()
    app.router.add_post("/", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"  # type: ignore[attr-defined]
    yield made
    await runner.cleanup()


def outbox(tx: Tx) -> list[tuple[str, int, int, str | None]]:
    rows = tx.rows(
        select(events.c.state, events.c.attempts, events.c.due_at, events.c.last_error).order_by(events.c.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def make_due(tx: Tx) -> int:
    return tx.run(update(events).where(events.c.state == "waiting").values(due_at=0))


async def offered(running: Running, times: int) -> list[tuple[str, int, int, str | None]]:
    """The outbox once its first event has been offered so many times, and that is written down."""
    while True:
        found = await running.engine.store.read(outbox)
        if found and found[0][1] == times and (found[0][3] is not None or found[0][0] != "waiting"):
            return found
        running.engine.wake_callbacks()
        await asyncio.sleep(0)


async def one_event(running: Running, customer: Customer) -> str:
    (message,) = await running.send(report=ReportWish.PER_RECIPIENT_FINAL, callback_url=customer.url)  # type: ignore[attr-defined]
    await running.until(message, Status.SENT)
    await running.receipt(message, Status.DELIVERED)
    return message.id


async def test_a_fact_is_told_signed_and_not_again_once_acknowledged(start: StartEngine, customer: Customer) -> None:
    running = await start(ScriptedProvider())
    message_id = await one_event(running, customer)

    told = await customer.next()
    found = await offered(running, 1)

    seconds, signature = (part.split("=")[1] for part in customer.headers["X-Heliograph-Signature"].split(","))
    signed = hmac.new(
        running.account.callback_secret.encode(), f"{seconds}.".encode() + customer.body, hashlib.sha256
    ).hexdigest()
    assert signature == signed
    assert told["id"] == customer.headers["X-Heliograph-Event"]
    assert told["type"] == "message.status"
    assert told["data"]["message_id"] == message_id  # type: ignore[index]
    assert told["data"]["status"] == "delivered"  # type: ignore[index]
    assert [row[0] for row in found] == ["delivered"]
    assert customer.calls.empty()


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_busy_server_is_asked_again_later_about_the_same_event(
    start: StartEngine, customer: Customer, status: int
) -> None:
    running = await start(ScriptedProvider())
    customer.answers.append(status)
    before = now_ms()
    await one_event(running, customer)
    first = await customer.next()
    ((state, attempts, due_at, error),) = await offered(running, 1)

    await running.engine.store.write(make_due)
    running.engine.wake_callbacks()
    second = await customer.next()
    final = await offered(running, 2)

    assert (state, attempts, error) == ("waiting", 1, f"HTTP {status}")
    assert due_at >= before + 5_000
    assert first == second
    assert final[0][0] == "delivered"


@pytest.mark.parametrize("status", [400, 404, 302])
async def test_a_server_that_does_not_want_it_is_left_alone(
    start: StartEngine, customer: Customer, status: int
) -> None:
    running = await start(ScriptedProvider())
    customer.answers.append(status)
    await one_event(running, customer)
    await customer.next()

    found = await offered(running, 1)

    assert [(row[0], row[3]) for row in found] == [("given_up", f"HTTP {status}")]


def write(tx: Tx, account_id: str, protocol: str, sink: str) -> None:
    add_events(tx, [NewEvent(account_id, protocol, sink, EventKind.INBOUND, "nothing")], now_ms())


@pytest.mark.parametrize(
    ("protocol", "sink", "reason"),
    [
        ("line", "http://127.0.0.1:9/", "nobody is called back in the shape of line"),
        ("v1", "ftp://127.0.0.1/", "nothing is delivered there"),
        ("v1", "http://127.0.0.1:9/", "what it was about is gone"),
    ],
)
async def test_what_cannot_be_told_is_given_up_at_once(
    start: StartEngine, protocol: str, sink: str, reason: str
) -> None:
    running = await start(ScriptedProvider())
    await running.engine.store.write(write, running.account.id, protocol, sink)

    found = await offered(running, 1)

    assert [(state, error) for state, _, _, error in found] == [("given_up", reason)]


async def test_a_batch_is_told_once_when_its_last_message_is_settled(start: StartEngine, customer: Customer) -> None:
    running = await start(ScriptedProvider())
    numbers = [f"+3361234567{digit}" for digit in range(5)]
    messages = await running.send(*numbers, report=ReportWish.SUMMARY, callback_url=customer.url)  # type: ignore[attr-defined]
    for message in messages:
        await running.until(message, Status.SENT)

    for message in messages[:-1]:
        await running.receipt(message, Status.DELIVERED)
    before_the_last = await running.engine.store.read(outbox)
    await running.receipt(messages[-1], Status.FAILED)
    told = await customer.next()

    assert before_the_last == []
    assert told["type"] == "batch.settled"
    assert told["data"]["settled"] == 5  # type: ignore[index]
    assert len(await offered(running, 1)) == 1


async def test_a_batch_of_refused_recipients_only_is_never_left_open(start: StartEngine, customer: Customer) -> None:
    running = await start(ScriptedProvider())
    await running.services.optouts.add(running.account, "+33612345678")

    await running.send("+33612345678", report=ReportWish.SUMMARY, callback_url=customer.url)  # type: ignore[attr-defined]

    assert (await customer.next())["type"] == "batch.settled"


def test_the_waits_between_attempts_double_and_end() -> None:
    waits = [retry_delay_s(attempts) for attempts in range(1, 17)]

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 40960, 81920, None]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.8.8.8:8080/x",
        "http://localhost/",
        "http://api.localhost/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[::ffff:10.0.0.1]/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "example.org",
        "http://user:secret@example.org/",
        "http://example.org:99999/",
        "http://example.org/" + "x" * 2_048,
        "http://exa mple.org/",
        " http://example.org/",
        "http://exam ple.org/",
        "http://exa%20mple.org/",
        "http://-example.org/",
        "http://example..org/",
        "http://127.0.0.1./",
        "http://①②⑦.0.0.1/",
        "http://8.8.8.8.8/",
        "http://example.1/",
        "http://[::ffff:7f00:1]/",
        "http://[2606:4700::1%25eth0]/",
        "http://example.org:0/",
    ],
)
def test_addresses_that_callbacks_may_not_reach(url: str) -> None:
    assert AddressGuard().fault_in(url) is not None


octet = st.integers(0, 255)
written = st.sampled_from([str, hex, lambda number: f"0{number:o}", lambda number: f"0x{number:08X}"])


@given(st.lists(octet, min_size=4, max_size=4), st.integers(1, 4), st.data())
def test_no_way_of_writing_an_address_that_resolvers_read_gets_past(
    octets: list[int], parts: int, data: st.DataObject
) -> None:
    """One to four numbers in any base, the last filling what is left, as inet_aton reads them."""
    last = int.from_bytes(bytes(octets[parts - 1 :]))
    host = ".".join(data.draw(written)(number) for number in (*octets[: parts - 1], last))
    meant = ip_address(socket.inet_aton(host))

    usual = str(meant) == host

    assert (AddressGuard().fault_in(f"http://{host}/") is None) == (usual and AddressGuard().allows(meant))


@given(st.text("0123456789+-_ .٣８๒²", min_size=1, max_size=7), st.sampled_from(["example.org", "[2606:4700::1]"]))
@example("+80", "example.org")
@example("8_0", "example.org")
@example("٨٠", "example.org")
def test_a_port_is_a_number_in_ascii_digits_and_nothing_else(port: str, host: str) -> None:
    is_port = port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535

    assert (AddressGuard().fault_in(f"http://{host}:{port}/") is None) == is_port


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/x?y=1",
        "https://bücher.example/",
        "https://a_b.example.org./",
        "http://8.8.8.8:8080/",
        "http://[2001:4860:4860::8888]/",
    ],
)
def test_addresses_that_they_may(url: str) -> None:
    assert AddressGuard().fault_in(url) is None


NOT_PUBLIC = {
    "protocols": ("192.0.0.8", "192.0.0.192", "2001:1::1", "2001:0:7f00:1::", "5f00::1"),
    "documentation": ("3fff::1", "2001:db8::1", "192.0.2.1"),
    "relays": ("192.88.99.1",),
    "clouds": ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"),
    "IPv4 in IPv6": (
        *("::127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:c0a8:101::1", "64:ff9b::a83f:8110"),
    ),
    "nobody's": ("0.0.0.0", "0.1.2.3", "240.0.0.1", "255.255.255.255", "::", "ff0e::1", "224.0.0.1", "fec0::1"),
}


@pytest.mark.parametrize("address", [each for several in NOT_PUBLIC.values() for each in several])
def test_what_is_not_public_is_not_called_whatever_this_version_of_python_takes_it_for(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert not AddressGuard().allows(ip_address(address))
    assert AddressGuard().fault_in(f"http://{host}/") is not None


@pytest.mark.parametrize(
    ("networks", "address", "allowed"),
    [
        ((), "127.0.0.1", False),
        (LOOPBACK, "127.0.0.1", True),
        (LOOPBACK, "::ffff:127.0.0.1", True),
        (LOOPBACK, "10.0.0.1", False),
        ((ip_network("10.1.0.0/16"),), "10.1.2.3", True),
        ((ip_network("10.1.0.0/16"),), "10.2.0.1", False),
    ],
)
def test_networks_that_the_operator_names_are_open(networks: tuple[Network, ...], address: str, allowed: bool) -> None:
    assert AddressGuard(networks).allows(ip_address(address)) is allowed


async def test_a_name_that_leads_inside_is_not_called(start: StartEngine, customer: Customer) -> None:
    running = await start(ScriptedProvider(), loopback=False)
    resolver = running.engine.guard.resolver()

    with pytest.raises(OSError, match="may not reach"):
        await resolver.resolve("localhost", 80)
    await resolver.close()


async def test_a_late_receipt_for_an_unknown_message_does_not_end_its_batch_again(
    start: StartEngine, customer: Customer
) -> None:
    provider = ScriptedProvider()
    provider.answers.append(Uncertain("no answer"))
    running = await start(provider)
    (message,) = await running.send(report=ReportWish.SUMMARY, callback_url=customer.url)  # type: ignore[attr-defined]
    await running.until(message, Status.UNKNOWN)
    await customer.next()

    def better(tx: Tx) -> int:
        return len(apply_changes(tx, [Change(message.id, Status.DELIVERED)], now_ms()))

    assert await running.engine.store.write(better) == 1
    assert len(await running.engine.store.read(outbox)) == 1
