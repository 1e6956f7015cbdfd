"""Sending by an iSendPro server: what goes out, what is made of each answer, what is heard; and two in a chain."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.patience import HANG_S
from tests.protocols.standing_in import Answer, Ears, StandIn, outgoing

from heliograph.api.wire import ChangeAccount
from heliograph.calling import Request, Response, Unreachable
from heliograph.domain.batches import BodyKind
from heliograph.domain.lookups import LineStatus
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Refused, TryAgain, Uncertain, WebhookRequest
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.isendpro.provider import IsendproConfig, IsendproProvider

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

CONFIG = IsendproConfig(type="isendpro", keyid="key", host="http://localhost")
HERE = ProviderContext(name="line", account_id="A" * 26, callback_url="https://sms.example.org/providers/line/x")


def reply(*entries: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps({"etat": {"etat": list(entries)}}).encode())


def taken(request: Request) -> Answer:
    return reply(*({"code": 0, "tel": number, "message": "ok"} for number in json.loads(request.body or b"")["num"]))


async def started(driver: StandIn, config: IsendproConfig = CONFIG) -> tuple[IsendproProvider, Ears]:
    provider, ears = IsendproProvider(config, HERE, driver), Ears()
    await provider.start(ears)
    return provider, ears


async def test_messages_of_an_originator_go_together_each_with_its_text_and_tracker() -> None:
    driver = StandIn(taken)
    provider, _ = await started(driver)

    outcomes = await provider.send(
        [
            outgoing(1, "Un", originator="Marque"),
            outgoing(2, "Deux", originator="Marque", attempt=2),
            outgoing(3, "Привет", originator="Marque"),
            outgoing(4, originator=None),
            outgoing(1, "Encore", originator="Marque", message_id="M9"),
        ]
    )

    common = {"keyid": "key", "smslong": "999"}
    mine = common | {"emetteur": "Marque"}
    assert driver.sent == [
        {**mine, "num": ["33600000001", "33600000002"], "sms": ["Un", "Deux"], "tracker": ["M11", "M22"]},
        {**mine, "num": ["33600000003"], "sms": ["Привет"], "tracker": ["M31"], "ucs2": "1"},
        {**common, "num": ["33600000004"], "sms": ["Hello"], "tracker": ["M41"]},
        {**mine, "num": ["33600000001"], "sms": ["Encore"], "tracker": ["M91"]},
    ]
    assert outcomes == [Accepted("M11"), Accepted("M22"), Accepted("M31"), Accepted("M41"), Accepted("M91")]


async def test_transactional_messages_ask_for_no_mention() -> None:
    driver = StandIn(taken)
    config = IsendproConfig(type="isendpro", keyid="key", host="http://localhost", nostop=True)
    provider, _ = await started(driver, config)

    await provider.send([outgoing(1)])

    assert driver.sent[0]["nostop"] == "1"


@pytest.mark.parametrize(
    ("entry", "kind", "reason"),
    [
        ({"code": 0}, Accepted, None),
        ({"code": "0"}, Accepted, None),
        ({"code": 11}, Refused, Reason.OPTED_OUT),
        ({"code": 21}, Refused, Reason.UNKNOWN_SUBSCRIBER),
        ({"code": 4711}, Refused, Reason.PROVIDER_REFUSED),
        ({"code": 9005}, TryAgain, None),
        ({}, Refused, Reason.PROVIDER_REFUSED),
    ],
)
async def test_what_is_said_of_a_number(entry: dict[str, Any], kind: type[object], reason: Reason | None) -> None:
    driver = StandIn(lambda _: reply({"tel": "+33600000001", "message": "Voilà"} | entry))
    provider, _ = await started(driver)

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_a_number_that_nothing_is_said_of_is_refused() -> None:
    provider, _ = await started(StandIn(lambda _: reply()))

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, Refused)


ANSWERS: list[tuple[Answer, type[object]]] = [
    (reply({"code": "3", "message": "Clé"}, status=400), TryAgain),
    (reply({"code": "9007", "message": "IP"}, status=400), TryAgain),
    (reply({"code": "9003", "message": "Non"}, status=400), Refused),
    (reply({"code": "77", "message": "Quoi"}, status=400), Refused),
    (Response(403, b"<html>"), TryAgain),
    (Response(503, b"<html>"), TryAgain),
    (Response(200, b"<html>"), Uncertain),
    (Unreachable("refused"), TryAgain),
    (Unreachable("no answer", written=True), Uncertain),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
async def test_each_answer(answer: Answer, kind: type[object]) -> None:
    driver = StandIn(lambda _: answer)
    provider, _ = await started(driver)

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    assert len(driver.requests) == 1


async def test_binary_messages_have_no_words() -> None:
    driver = StandIn(taken)
    provider, _ = await started(driver)

    (outcome,) = await provider.send([outgoing(1, kind=BodyKind.BINARY)])

    assert (type(outcome), driver.requests) == (Refused, [])


async def test_receipts_are_known_by_their_tracker() -> None:
    provider, ears = await started(StandIn(taken))

    for query in (
        {"tracker": "M11", "tel": "336", "statut": "delivered", "date": "", "code": "0"},
        {"tracker": "M21", "tel": "336", "statut": "failed", "date": "", "code": "21"},
        {"tracker": "M31", "tel": "336", "statut": "lost", "date": "", "code": ""},
    ):
        assert (await provider.handle_webhook(WebhookRequest("GET", query, {}, b""))).status == 200

    assert ears.heard == [
        Receipt("line", "M11", Status.DELIVERED, provider_code="0"),
        Receipt("line", "M21", Status.FAILED, Reason.UNKNOWN_SUBSCRIBER, provider_code="21", detail="failed"),
        Receipt("line", "M31", Status.FAILED, Reason.UNDELIVERED, detail="lost"),
    ]


async def test_receipts_in_the_vendor_s_own_words_once_they_are_known() -> None:
    config = IsendproConfig(
        type="isendpro", keyid="key", receipt_query="t={tracker}&etat={status}", delivered=("1", "OK")
    )
    provider, ears = await started(StandIn(taken), config)

    await provider.handle_webhook(WebhookRequest("GET", {"t": "M1", "etat": "OK", "more": "x"}, {}, b""))

    assert ears.heard == [Receipt("line", "M1", Status.DELIVERED)]


async def test_inbound_messages_and_what_is_neither() -> None:
    provider, ears = await started(StandIn(taken))
    query = {"tel": "+33612345678", "sms": "Oui", "date": "2026-01-01 10:00:00", "emetteur": "36111"}

    assert (await provider.handle_webhook(WebhookRequest("GET", query, {}, b""))).status == 200
    assert (await provider.handle_webhook(WebhookRequest("GET", {"x": "y"}, {}, b""))).status == 400

    (arrival,) = ears.arrived
    assert (arrival.msisdn, arrival.to, arrival.body) == ("+33612345678", "36111", "Oui")
    assert arrival.provider_ref


async def test_lookups() -> None:
    entries = [{"tel": "33600000001", "operateur": "Orange"}, {"tel": "33600000002", "code": "21", "message": "x"}]
    driver = StandIn(lambda _: reply(*entries, {"tel": "33600000003", "operateur": "?"}))
    provider, _ = await started(driver)

    found = await provider.look_up([f"3360000000{place}" for place in (1, 2, 3, 4)])

    assert [facts.status for facts in found] == [
        LineStatus.ACTIVE,
        LineStatus.UNKNOWN,
        LineStatus.FAILED,
        LineStatus.FAILED,
    ]
    assert found[0].original.name == "Orange"


def test_messages_go_through_another_heliograph_and_their_receipts_come_home(
    start_server: StartServer, new_number: Callable[[], str]
) -> None:
    far = start_server()
    ready = far.ready["protocols"]["isendpro"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = {"type": "isendpro", "host": ready["host"], "keyid": ready["keyid"], "nostop": True}
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
        "HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    here: Server = start_server(None, "--port", str(port), environment=environment)
    numbers = [new_number() for _ in range(20)]
    with far.client() as client:
        client.optouts.add(numbers[7])
        url = here.ready["providers"]["far"]
        client.account.change(ChangeAccount(receipt_url=url, callback_url=url, callback_protocol="isendpro"))

    with here.client() as client:
        batch = client.batches.send(
            to=numbers, text="à ${who}", parameters={"who": {"default": "tous", numbers[3]: "toi"}}, originator="Marque"
        )
        found = {
            message.to: client.messages.wait_for_delivery(message.id, timeout_s=HANG_S)
            for message in client.messages.list(batch_id=batch.id)
        }
        lookup = client.numbers.look_up(numbers[0])
    with far.client() as client:
        shown = client.sandbox.wait_for_message(numbers[3])

    refused = found.pop(numbers[7])
    assert (refused.status, refused.reason) == ("rejected", "opted_out")
    assert {message.status for message in found.values()} == {"delivered"}
    assert (shown.text, shown.peer) == ("à toi", "Marque")
    assert lookup.status == "active"
