"""Two Heliographs, one the other's XMS provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import clx.xms
import httpx2
import pytest
from tests.patience import once_found
from tests.ports import free_port

from .conftest import settle, text_batch

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

RECIPIENTS = 1_000


def near(start_server: StartServer, far: Server, *, reachable: bool) -> Server:
    """A server whose provider is `far`."""
    ready = far.ready["protocols"]["xms"]
    line = {
        "type": "xms",
        "endpoint": ready["endpoint"],
        "service_plan_id": ready["service_plan_id"],
        "token": ready["token"],
        "poll_inbound_s": 0.2,
    }
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
    }
    port = free_port()
    if reachable:
        environment["HELIOGRAPH_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    return start_server(None, "--port", str(port), environment=environment)


@pytest.fixture(scope="module", params=["told", "asked"])
def pair(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[tuple[Server, Server]]:
    far = start_server()
    yield near(start_server, far, reachable=request.param == "told"), far


def client_of(server: Server) -> clx.xms.Client:
    ready = server.ready["protocols"]["xms"]
    return clx.xms.Client(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"])


def test_a_parameterised_batch_goes_through_both_and_every_receipt_comes_home(
    pair: tuple[Server, Server], new_number: Callable[[], str]
) -> None:
    here, far = pair
    numbers = [new_number()[1:] for _ in range(RECIPIENTS)]
    refused = numbers[7]
    with far.client() as client:
        client.optouts.add("+" + refused)
    batch = text_batch("Hello, ${name}!", *numbers)
    batch.parameters = {"name": {number: f"no. {place}" for place, number in enumerate(numbers)}}

    sent = client_of(here).create_batch(batch)
    settle(here, sent.batch_id)
    report = client_of(here).fetch_delivery_report(sent.batch_id, kind="full")

    found: dict[str, Any] = {one.status: one.recipients for one in report.statuses}
    assert found == {"Delivered": set(numbers) - {refused}, "Rejected": {refused}}
    with far.client() as client:
        shown = client.sandbox.wait_for_message("+" + numbers[42])
    assert (shown.text, shown.peer) == ("Hello, no. 42!", "12345")
    assert client_of(far).fetch_batches().get(0).total_size <= RECIPIENTS / 100


def test_binary_and_flash_go_through_both(pair: tuple[Server, Server], new_number: Callable[[], str]) -> None:
    here, far = pair
    number = new_number()

    sent = client_of(here).create_binary_message("12345", number, b"\x05\x00\x03\x01\x01\x01", bytes(range(50)))
    settle(here, sent.batch_id)
    arrived = next(iter(client_of(far).fetch_batches().get(0)))

    assert (arrived.body, arrived.udh) == (bytes(range(50)), b"\x05\x00\x03\x01\x01\x01")


def test_a_test_number_never_leaves(pair: tuple[Server, Server]) -> None:
    here, far = pair
    before = client_of(far).fetch_batches().get(0).total_size

    sent = client_of(here).create_text_message("12345", "+999000123", "Hello")
    settle(here, sent.batch_id)

    assert client_of(far).fetch_batches().get(0).total_size == before


def test_what_a_phone_answers_comes_back_through_both(
    pair: tuple[Server, Server], new_number: Callable[[], str]
) -> None:
    here, far = pair
    number = new_number()
    settle(here, client_of(here).create_text_message("12345", number, "Hello").batch_id)
    with far.client() as client:
        client.sandbox.reply(number, to="12345", text="Yes, please")
    told = client_of(far).fetch_batches().get(0).content[0].callback_url
    if told:  # the far server's account has no address of its own for inbound messages: say it in its place
        ready = far.ready["protocols"]["xms"]
        headers = {"Authorization": f"Bearer {ready['token']}"}
        listed = httpx2.get(f"{ready['endpoint']}/v1/{ready['service_plan_id']}/inbounds", headers=headers).json()
        for _ in range(2):
            assert httpx2.post(told, json=listed["inbounds"][0]).status_code == 200

    assert inbound_from(here, number) == [("Yes, please", "12345")]


def inbound_from(server: Server, number: str) -> list[tuple[str, str]]:
    """What this phone wrote, once it has come, and a second look to see that it did not come twice."""
    found = once_found(lambda: listed_from(server, number))
    return listed_from(server, number) if found else found


def listed_from(server: Server, number: str) -> list[tuple[str, str]]:
    inbounds = client_of(server).fetch_inbounds().get(0)
    return [(each.body, each.recipient) for each in inbounds if each.sender == number[1:]]


def test_nobody_tells_it_anything_without_the_secret_address(pair: tuple[Server, Server]) -> None:
    here, _ = pair

    for path in ("far/guess", "sandbox/guess", "nobody/guess"):
        assert httpx2.post(f"{here.url}/providers/{path}", json={"type": "mo_text"}).status_code == 404
