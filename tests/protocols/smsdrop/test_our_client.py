"""Our client against our server: what it gives, what it raises, where it keeps its token."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from tests.protocols.standing_in import StandIn

from heliograph.calling import Request, Response, Unreachable
from heliograph.protocols.smsdrop import (
    AsyncClient,
    Campaign,
    Client,
    DictStorage,
    DummyStorage,
    FileStorage,
    MessageType,
    RedisStorage,
    ShipmentState,
    Storage,
)
from heliograph.protocols.smsdrop.errors import BadTokenError, InsufficientSmsError, ValidationError

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


class Watched:
    """A storage that remembers what was stored."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.logins = 0

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def set(self, key: str, value: str, expires: int) -> None:
        self.logins += 1
        self.kept[key] = value

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


def client_of(server: Server, storage: Storage | None = None, whose: str = "", **more: Any) -> Client:
    ready = server.ready["protocols"]["smsdrop"]
    who = ready[whose] if whose else ready
    return Client(who["email"], who["password"], ready["context"], storage, **more)


@pytest.fixture(params=["", "/api"])
def smsdrop(request: pytest.FixtureRequest, server: Server) -> Iterator[Client]:
    with client_of(server, prefix=request.param) as client:
        yield client


def test_a_campaign_from_its_launch_to_its_end(server: Server, smsdrop: Client, new_number: NewNumber) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    wanted = Campaign("Grüße", "Acme", [new_number()], "Spring", MessageType.UNICODE)
    scheduled = Campaign("Later", "Acme", [new_number()], defer_until=later)

    assert smsdrop.launch(wanted) is wanted
    smsdrop.launch(scheduled)
    number = wanted.recipient_list[0]
    with server.client() as client:
        client.sandbox.wait_for_message(number)
        (message,) = client.messages.list(to=number)
        client.messages.wait_for_delivery(message.id)
    smsdrop.refresh(wanted)
    again = smsdrop.read_campaign(wanted.id or "")
    listed = smsdrop.get_campaigns(limit=2)

    assert (wanted.status, wanted.delivery_percentage, wanted.message_count) == (ShipmentState.COMPLETED, 100, 1)
    assert again == wanted
    assert wanted.message_type is MessageType.UNICODE
    assert [each.title for each in listed] == [scheduled.title, "Spring"]
    assert (scheduled.status, listed[0].defer_until) == (ShipmentState.SCHEDULED, later)
    assert smsdrop.read_campaign("01890000-0000-7000-8000-000000000000") is None


def test_profile_and_subscription(server: Server, smsdrop: Client) -> None:
    assert smsdrop.get_profile().email == server.ready["protocols"]["smsdrop"]["email"]
    assert smsdrop.get_subscription().nbr_sms > 0
    assert smsdrop.get_subscription().created_at.tzinfo is not None


async def test_its_asynchronous_twin(server: Server, new_number: NewNumber) -> None:
    ready = server.ready["protocols"]["smsdrop"]
    async with AsyncClient(ready["email"], ready["password"], ready["context"]) as client:
        sent = await client.send_message("Hello", "Acme", new_number())
        await client.refresh(sent)

        assert sent.id in {each.id for each in await client.get_campaigns()}
        with pytest.raises(ValidationError, match=r"recipient_list\.0: "):
            await client.send_message("Hello", "Acme", "12")


def test_a_campaign_that_waits_for_money_has_its_id(start_server: StartServer, new_number: NewNumber) -> None:
    prices = '{"currency": "EUR", "sms": {"FR": 0.5}}'
    server = start_server(None, "--balance", "0.4", environment={"HELIOGRAPH_PRICES": prices})
    campaign = Campaign("Hello", "Acme", [new_number()])

    with client_of(server) as client:
        with pytest.raises(InsufficientSmsError) as first:
            client.launch(campaign)
        with pytest.raises(InsufficientSmsError) as second:
            client.retry(campaign)

    assert first.value.id == second.value.id == campaign.id is not None
    assert campaign.status is ShipmentState.PENDING


@pytest.mark.parametrize(
    "campaign",
    [
        Campaign("x", "Acme", ["336"], defer_by=5, defer_until=datetime.now(UTC)),
        Campaign("x", "x" * 12, ["336"]),
        Campaign("x", "Acme", []),
    ],
)
async def test_what_no_server_takes_is_not_sent(campaign: Campaign) -> None:
    storage = DictStorage()
    storage.set("smsdrop:http://localhost/api:me", "token", 60)
    far = StandIn(lambda _: Response(500))
    client = AsyncClient("me", "secret", "http://localhost", storage, driver=far)

    with pytest.raises(ValueError, match=r"either|at most|least"):
        await client.launch(campaign)
    with pytest.raises(ValueError, match="no id"):
        await client.retry(campaign)
    assert far.requests == []


def test_a_server_that_is_not_there() -> None:
    with Client("me", "secret", "http://127.0.0.1:9") as client, pytest.raises(Unreachable):
        client.get_profile()


def test_a_token_that_is_no_good_any_more_is_replaced_once(server: Server) -> None:
    storage = Watched()
    with client_of(server, storage) as client:
        client.get_profile()
        (key,) = storage.kept
        storage.kept[key] = "sd_not_any_more"
        client.get_profile()

    assert storage.logins == 2
    assert storage.kept[key] != "sd_not_any_more"


async def test_a_server_that_takes_no_token_is_not_asked_for_ever() -> None:
    def answer(request: Request) -> Response:
        logs_in = request.path.endswith("/login")
        return Response(200, b'{"access_token": "fresh"}') if logs_in else Response(401, b'{"detail": "No"}')

    far, storage = StandIn(answer), DictStorage()
    client = AsyncClient("me", "secret", "http://localhost", storage, driver=far)
    storage.set("smsdrop:http://localhost/api:me", "stale", 60)

    with pytest.raises(BadTokenError):
        await client.get_profile()

    assert [(request.path, request.headers.get("Authorization")) for request in far.requests] == [
        ("/api/users/me", "Bearer stale"),
        ("/api/auth/login", None),
        ("/api/users/me", "Bearer fresh"),
    ]


async def test_many_who_need_a_token_ask_for_one(server: Server) -> None:
    ready, storage = server.ready["protocols"]["smsdrop"], Watched()
    async with AsyncClient(ready["email"], ready["password"], ready["context"], storage) as client:
        await asyncio.gather(*(client.get_profile() for _ in range(10)))

    assert storage.logins == 1


@pytest.fixture(params=["dict", "file", "redis"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "dict":
        yield DictStorage()
    elif request.param == "file":
        yield FileStorage(tmp_path / "tokens.json")
    else:
        import fakeredis

        redis = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
        Thread(target=redis.serve_forever, daemon=True).start()
        found = RedisStorage(port=redis.server_address[1])
        yield found
        found.close()
        redis.shutdown()
        redis.server_close()


def test_a_storage_keeps_what_it_was_given_for_its_time(storage: Storage) -> None:
    storage.set("a", "1", 60)
    storage.set("b", "2", 60)
    storage.set("a", "3", 60)

    assert (storage.get("a"), storage.get("b"), storage.get("c")) == ("3", "2", None)
    storage.delete("a")
    storage.delete("a")
    assert (storage.get("a"), storage.get("b")) == (None, "2")


def test_two_accounts_in_one_storage_are_two(server: Server, storage: Storage) -> None:
    with client_of(server, storage) as mine, client_of(server, storage, "other") as theirs:
        assert mine.get_profile().email != theirs.get_profile().email
        assert mine.get_profile().email == server.ready["protocols"]["smsdrop"]["email"]


def test_the_next_client_uses_the_same_token(server: Server, storage: Storage) -> None:
    with client_of(server, storage) as first:
        first.get_profile()
    ready = server.ready["protocols"]["smsdrop"]
    with Client(ready["email"], "it is not asked for", ready["context"], storage) as second:
        assert second.get_profile().email == ready["email"]


def test_a_token_file_is_its_owner_s_and_has_no_password(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    with client_of(server, FileStorage(file)) as client:
        client.get_profile()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (key,) = json.loads(file.read_text())
    ready = server.ready["protocols"]["smsdrop"]
    assert key == f"smsdrop:{ready['context']}/api:{ready['email']}"
    assert ready["password"] not in file.read_text()
    file.write_text("damaged")
    with client_of(server, FileStorage(file)) as client:
        assert client.get_profile().email == ready["email"]


def test_old_tokens_are_not_used(tmp_path: Path) -> None:
    for storage in (DictStorage(), FileStorage(tmp_path / "tokens.json")):
        storage.set("key", "token", -1)
        assert storage.get("key") is None


def test_without_a_storage_worth_the_name_it_logs_in_each_time(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(server, DummyStorage(), logger=logging.getLogger("mine")) as client:
        client.get_profile()
        client.get_profile()

    told = [record.getMessage() for record in caplog.records if record.name == "mine"]
    assert told == ["POST /api/auth/login: 200", "GET /api/users/me: 200"] * 2
