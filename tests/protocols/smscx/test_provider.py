"""Sending by an SMS.CX server: what goes out, what is made of each answer, what comes back; and two in a chain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.patience import HANG_S
from tests.ports import free_port
from tests.protocols.standing_in import Answer, Ears, StandIn, outgoing

from heliograph.api import wire
from heliograph.calling import Request, Response, Unreachable
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.errors import ChannelNotActive
from heliograph.domain.lookups import LineStatus, Network, NetworkFacts
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Refused, TryAgain, Uncertain, WebhookRequest
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.smscx.errors import InsufficientBalanceException
from heliograph.protocols.smscx.provider import SmscxConfig, SmscxProvider

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

CONFIG = SmscxConfig(type="smscx", api_key="sc_secret", host="http://localhost", originator="Usual")
HERE = ProviderContext(name="line", account_id="A" * 26, callback_url=None)
REACHABLE = msgspec.structs.replace(HERE, callback_url="https://sms.example.org/providers/line/x")


def row(number: str, place: int, status: str = "ACCEPTED", error_code: int | None = None) -> dict[str, Any]:
    return {
        "msgId": f"id-{place}",
        "status": status,
        "statusCode": 1,
        "errorCode": error_code,
        "createdAt": "2026-01-01 00:00:00",
        "inQuietHours": False,
        "cost": 0.1,
        "to": number,
        "countryIso": "FR",
        "from": "Acme",
        "text": "x",
        "parts": 1,
        "textAnalysis": {"length": 1, "unicode": False, "parts": 1},
    }


def taken(request: Request, statuses: dict[str, str] | None = None) -> Response:
    """Takes all numbers but those that have another status; `gone` leaves one out."""
    wanted = json.loads(request.body or b"{}")
    statuses = statuses or {}
    rows = [
        row(number, place, statuses.get(number, "ACCEPTED"))
        for place, number in enumerate(wanted["to"])
        if statuses.get(number) != "gone"
    ]
    info = {
        "campaignId": "campaign-1",
        "totalPhoneNumbers": 1,
        "totalValid": 1,
        "totalInvalid": 0,
        "totalCost": 0.1,
        "totalParts": 1,
        "dlrCallbackUrl": None,
        "scheduled": False,
    }
    return Response(200, json.dumps({"info": info, "data": rows}).encode())


def refusal(status: int, type: str, code: int = 0, headers: dict[str, str] | None = None) -> Response:
    body = {"error": {"type": type, "code": code, "message": "Because.", "uri": ""}}
    return Response(status, json.dumps(body).encode(), headers or {})


async def started(driver: StandIn, where: ProviderContext = HERE) -> tuple[SmscxProvider, Ears]:
    provider = SmscxProvider(CONFIG, where, driver)
    ears = Ears()
    await provider.start(ears)
    return provider, ears


async def test_what_shares_a_text_goes_together_and_each_number_has_its_own_id() -> None:
    driver = StandIn(taken)
    provider, _ = await started(driver, REACHABLE)

    outcomes = await provider.send(
        [outgoing(1), outgoing(2, "Other", originator=None), outgoing(3), outgoing(1, message_id="M9")]
    )

    assert [(body["to"], body["text"], body["from"]) for body in driver.sent] == [
        (["+33600000001", "+33600000003"], "Hello", "12345"),
        (["+33600000002"], "Other", "Usual"),
        (["+33600000001"], "Hello", "12345"),
    ]
    assert {body["dlrCallbackUrl"] for body in driver.sent} == {REACHABLE.callback_url}
    assert len({body["idempotencyId"] for body in driver.sent}) == 3
    assert outcomes == [Accepted("id-0"), Accepted("id-0"), Accepted("id-1"), Accepted("id-0")]


async def test_each_number_is_told_what_became_of_it() -> None:
    statuses = {"+33600000002": "NO COVERAGE", "+33600000003": "REJECTED", "+33600000004": "gone"}
    provider, _ = await started(StandIn(lambda request: taken(request, statuses)))

    outcomes = await provider.send([outgoing(number) for number in range(1, 5)])

    assert outcomes[0] == Accepted("id-0", "campaign-1")
    reasons = [outcome.reason for outcome in outcomes[1:] if isinstance(outcome, Refused)]
    assert reasons == [Reason.UNROUTABLE, Reason.PROVIDER_REFUSED, Reason.PROVIDER_REFUSED]


ANSWERS: list[tuple[Answer, type[object], int]] = [
    (refusal(400, "invalid_param", 1107), Refused, 1),
    (refusal(403, "no_coverage", 1119), Refused, 1),
    (refusal(400, "insufficient_credit", 1113), TryAgain, 1),
    (refusal(401, "invalid_api_key"), TryAgain, 1),
    (refusal(403, "access_denied", 1), TryAgain, 1),
    (refusal(429, "rate_limit", headers={"x-rate-limit-reset": "99999999999"}), TryAgain, 1),
    (refusal(503, "server_error"), TryAgain, 1),
    (refusal(500, "server_error"), Uncertain, 2),
    (Response(502, b"<html>"), Uncertain, 2),
    (Response(200, b"<html>"), Uncertain, 2),
    (Unreachable("refused"), TryAgain, 1),
    (Unreachable("no answer", written=True), Uncertain, 2),
]


@pytest.mark.parametrize(("answer", "kind", "asked"), ANSWERS)
async def test_each_answer(answer: Answer, kind: type[object], asked: int) -> None:
    driver = StandIn(lambda _request: answer)
    provider, _ = await started(driver)

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    assert len(driver.requests) == asked
    assert len({body["idempotencyId"] for body in driver.sent}) == 1
    assert "sc_secret" not in repr(outcome)


async def test_a_lost_answer_is_asked_for_again_with_the_same_id() -> None:
    answers = iter([Unreachable("no answer", written=True), None])
    driver = StandIn(lambda request: next(answers) or taken(request))
    provider, _ = await started(driver)

    (outcome,) = await provider.send([outgoing(1)])

    assert outcome == Accepted("id-0", "campaign-1")
    assert len({body["idempotencyId"] for body in driver.sent}) == 1


async def test_binary_is_refused_without_asking() -> None:
    driver = StandIn(taken)
    provider, _ = await started(driver)

    (outcome,) = await provider.send([outgoing(1, kind=BodyKind.BINARY)])

    assert isinstance(outcome, Refused) and not driver.requests


def told(event: str, *items: dict[str, Any]) -> WebhookRequest:
    return WebhookRequest("POST", {}, {}, json.dumps({"event": event, "data": items}).encode())


async def test_receipts_and_inbound_are_taken_in() -> None:
    provider, ears = await started(StandIn(taken), REACHABLE)
    shared = {"campaignId": "c", "statusCode": 3, "datetime": "2026-01-02 03:04:05"}

    said = [
        await provider.handle_webhook(
            told(
                "dlr_update",
                {**shared, "msgId": "a", "status": "DELIVERED", "errorCode": None},
                {**shared, "msgId": "b", "status": "FAILED", "errorCode": 7},
                {**shared, "msgId": "c", "status": "SENT", "errorCode": None},
                {**shared, "msgId": "d", "status": "VANISHED", "errorCode": None},
            )
        ),
        await provider.handle_webhook(
            told(
                "receive_sms",
                {
                    "msgId": "m",
                    "from": "+33612345678",
                    "countryIso": "FR",
                    "to": "+33600000000",
                    "text": "STOP",
                    "cost": 0,
                    "receivedAt": "2026-01-02 03:04:05",
                },
            )
        ),
        await provider.handle_webhook(told("link_hit", {"hitId": 1})),
        await provider.handle_webhook(WebhookRequest("POST", {}, {}, b"nonsense")),
    ]

    assert [answer.status for answer in said] == [200, 200, 200, 400]
    assert [(receipt.provider_ref, receipt.status, receipt.provider_code) for receipt in ears.heard] == [
        ("a", Status.DELIVERED, None),
        ("b", Status.FAILED, "7"),
        ("d", None, None),
    ]
    assert ears.heard[0].at_ms == 1_767_323_045_000
    assert [(each.msisdn, each.to, each.body) for each in ears.arrived] == [("+33612345678", "+33600000000", "STOP")]


@pytest.fixture(params=["told", "asked"])
def pair(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[tuple[Server, Server]]:
    """A server, and the one that is its provider."""
    far = start_server()
    ready = far.ready["protocols"]["smscx"]
    line = {"type": "smscx", "host": ready["host"], "api_key": ready["api_key"]}
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
    }
    port = free_port()
    if request.param == "told":
        environment["HELIOGRAPH_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    yield start_server(None, "--port", str(port), environment=environment), far


WITH_TEMPLATES = msgspec.structs.replace(CONFIG, viber_template=5, whatsapp_template=6)


@pytest.mark.parametrize(("channel", "path", "number"), [("viber", "/viber", 5), ("whatsapp", "/whatsapp", 6)])
async def test_other_channels_go_by_a_template_of_theirs(channel: str, path: str, number: int) -> None:
    server = StandIn(taken)
    provider = SmscxProvider(WITH_TEMPLATES, HERE, server)
    await provider.start(Ears())

    outcomes = await provider.send(
        [outgoing(1, channel=Channel(channel)), outgoing(2, channel=Channel(channel)), outgoing(3)]
    )
    by_path = {request.path: json.loads(request.body or b"") for request in server.requests}

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert set(by_path) == {path, "/sms"}
    assert (by_path[path]["templateId"], by_path[path]["customFields"]) == (number, {"text": "Hello"})
    assert len(by_path[path]["to"]) == 2


@pytest.mark.parametrize(
    ("config", "channels"),
    [
        (CONFIG, {"sms"}),
        (msgspec.structs.replace(CONFIG, viber_template=5), {"sms", "viber"}),
        (WITH_TEMPLATES, {"sms", "viber", "whatsapp"}),
    ],
)
def test_it_sends_by_the_channels_that_it_has_templates_for(config: SmscxConfig, channels: set[str]) -> None:
    assert SmscxProvider(config, HERE).channels == channels


LOOKED_UP = {
    "phoneNumber": "+33600000001",
    "lookupId": "x",
    "cost": 0.1,
    "mcc": "208",
    "mccmnc": "20801",
    "countryIso": "FR",
    "countryName": "France",
    "countryNameLocale": "France",
    "status": "ABSENT",
    "statusDescription": "Switched off",
    "ported": True,
    "roaming": True,
    "originalNetwork": {"name": "Orange", "mnc": "01"},
    "portedNetwork": {"name": "Free", "mnc": "15"},
    "roamingNetwork": {"countryIso": "DE", "countryName": "Germany", "mcc": "262", "mnc": "01", "name": "Telekom"},
    "datetime": "2026-01-01 00:00:00",
}


async def test_what_its_register_says_is_told_in_our_words() -> None:
    def answer(request: Request) -> Answer:
        if request.path.endswith("2"):
            refusal = {"error": {"type": "invalid_param", "code": 1207, "message": "No number.", "uri": ""}}
            return Response(400, json.dumps(refusal).encode())
        return Response(200, json.dumps({"data": LOOKED_UP}).encode())

    provider = SmscxProvider(CONFIG, HERE, StandIn(answer))
    await provider.start(Ears())

    found, none = await provider.look_up(["33600000001", "33600000002"])

    assert found == NetworkFacts(
        status=LineStatus.ABSENT,
        detail="Switched off",
        original=Network(name="Orange", mcc="208", mnc="01", country="FR"),
        ported_to=Network(name="Free", mcc="208", mnc="15", country="FR"),
        roaming_in=Network(name="Telekom", mcc="262", mnc="01", country="DE"),
    )
    assert none == NetworkFacts(status=LineStatus.FAILED, detail="No number.")


async def test_a_register_without_money_is_asked_again_later() -> None:
    refusal = {"error": {"type": "insufficient_credit", "code": 1113, "message": "No money.", "uri": ""}}
    provider = SmscxProvider(CONFIG, HERE, StandIn(lambda _: Response(400, json.dumps(refusal).encode())))
    await provider.start(Ears())

    with pytest.raises(InsufficientBalanceException):
        await provider.look_up(["33600000001"])


@pytest.mark.parametrize("channel", ["viber", "whatsapp"])
async def test_inbound_messages_come_by_their_channel(channel: str) -> None:
    ears = Ears()
    provider = SmscxProvider(CONFIG, REACHABLE, StandIn(taken))
    await provider.start(ears)
    item = {
        "msgId": "m",
        "from": "+33612345678",
        "countryIso": "FR",
        "to": "Acme",
        "text": "Hi",
        "cost": 0.0,
        "receivedAt": "2026-01-01 00:00:00",
    }

    said = await provider.handle_webhook(
        WebhookRequest("POST", {}, {}, json.dumps({"event": f"receive_{channel}", "data": [item]}).encode())
    )

    assert said.status == 200
    assert [(arrival.channel, arrival.body) for arrival in ears.arrived] == [(channel, "Hi")]


def test_every_receipt_comes_home_from_another_heliograph(
    pair: tuple[Server, Server], new_number: Callable[[], str]
) -> None:
    here, far = pair
    numbers = [new_number() for _ in range(50)]
    with far.client() as client:
        client.optouts.add(numbers[7])

    with here.client() as client:
        batch = client.batches.send(to=numbers, text="Through two", originator="Acme")
        statuses = {
            message.to: client.messages.wait_for_delivery(message.id, timeout_s=HANG_S).status
            for message in client.messages.list(batch_id=batch.id)
        }

    refused = {number for number, status in statuses.items() if status == "rejected"}
    assert refused == {numbers[7].removeprefix("+")} or refused == {numbers[7]}
    assert sum(status == "delivered" for status in statuses.values()) == 49
    with far.client() as client:
        assert client.sandbox.wait_for_message(numbers[3]).text == "Through two"


def test_channels_and_lookups_go_through_another_heliograph(
    start_server: StartServer, new_number: Callable[[], str]
) -> None:
    far = start_server()
    with far.client() as client:
        template = client.templates.create(text="{{text}}", channel="viber").number
        while not client.templates.get(template).approved:
            client.money.balance()
    ready = far.ready["protocols"]["smscx"]
    line = {"type": "smscx", "host": ready["host"], "api_key": ready["api_key"], "viber_template": template}
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
    }
    here = start_server(None, environment=environment)
    number = new_number()

    with here.client() as client:
        sent = client.messages.send(
            to=number, text="Through two", channel="viber", fallbacks=[wire.Fallback(channel="sms", text="By SMS")]
        )
        delivered = client.messages.wait_for_delivery(sent.id, timeout_s=HANG_S)
        found = client.numbers.look_up(number)
        with pytest.raises(ChannelNotActive):
            client.messages.send(to=number, text="Hello", channel="whatsapp")
    with far.client() as client:
        shown = client.sandbox.wait_for_message(number)

    assert (delivered.status, delivered.channel) == ("delivered", "viber")
    assert (shown.channel, shown.text) == ("viber", "Through two")
    assert (found.status, found.original.mcc if found.original else None) == ("active", "999")
