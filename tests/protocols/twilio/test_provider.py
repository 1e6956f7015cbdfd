"""Sending by a Twilio server: what is made of each answer and call; and two Heliographs in a chain."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
from tests.patience import HANG_S
from tests.protocols.contract.wires import ACCOUNT, CALLBACK, SECRET, twilio_message, twilio_told
from tests.protocols.standing_in import Ears, StandIn, outgoing
from twilio.request_validator import RequestValidator

from heliograph.api.wire import ChangeAccount
from heliograph.calling import Request, Response
from heliograph.domain.channels import Channel
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Refused, TryAgain, Uncertain, WebhookRequest
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.twilio.provider import TwilioConfig, TwilioProvider

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

CONFIG = TwilioConfig(type="twilio", account_sid=ACCOUNT, auth_token=SECRET, sender="+15005550006")
HERE = ProviderContext(name="line", account_id="A" * 26, callback_url=CALLBACK)


async def started(driver: StandIn, config: TwilioConfig = CONFIG) -> tuple[TwilioProvider, Ears]:
    provider, ears = TwilioProvider(config, HERE, driver), Ears()
    await provider.start(ears)
    return provider, ears


def fields_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl((request.body or b"").decode()))


async def test_who_it_is_from() -> None:
    driver = StandIn(twilio_message)
    provider, _ = await started(driver)
    by_service, _ = await started(driver, msgspec.structs.replace(CONFIG, sender="", messaging_service_sid="MG1"))

    await provider.send([outgoing(1, originator=each) for each in ("Acme", "12345", "33612345678", None)])
    await by_service.send([outgoing(1, originator=None)])

    asked = [fields_of(request) for request in driver.requests]
    assert [each.get("From") for each in asked] == ["Acme", "12345", "+33612345678", "+15005550006", None]
    assert asked[-1]["MessagingServiceSid"] == "MG1"
    assert {each["StatusCallback"] for each in asked} == {CALLBACK}
    assert asked[0]["ValidityPeriod"] == "36000"


async def test_whatsapp_has_its_prefix() -> None:
    driver = StandIn(twilio_message)
    provider, _ = await started(driver, msgspec.structs.replace(CONFIG, whatsapp=True))

    await provider.send([outgoing(1, originator="33612345678", channel=Channel.WHATSAPP)])

    asked = fields_of(driver.requests[0])
    assert (asked["To"], asked["From"]) == ("whatsapp:+33600000001", "whatsapp:+33612345678")
    assert provider.channels == {Channel.SMS, Channel.WHATSAPP}


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, 21610, Refused, Reason.OPTED_OUT),
        (400, 21211, Refused, Reason.UNKNOWN_SUBSCRIBER),
        (400, 21614, Refused, Reason.UNKNOWN_SUBSCRIBER),
        (400, 21612, Refused, Reason.PROVIDER_REFUSED),
        (400, 99999, Refused, Reason.PROVIDER_REFUSED),
        (400, 21611, TryAgain, None),
        (429, 20429, TryAgain, None),
        (401, 20003, TryAgain, None),
        (503, 20503, TryAgain, None),
        (500, 20500, Uncertain, None),
    ],
)
async def test_each_code(status: int, code: int, kind: type[object], reason: Reason | None) -> None:
    body = json.dumps({"code": code, "message": "Because.", "more_info": "", "status": status}).encode()
    provider, _ = await started(StandIn(lambda _: Response(status, body, {"retry-after": "7"})))

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


@pytest.mark.parametrize(
    ("told", "receipt"),
    [
        ({"MessageStatus": "queued"}, None),
        ({"MessageStatus": "sent"}, (Status.SENT, None, None)),
        ({"MessageStatus": "read"}, (Status.DELIVERED, None, None)),
        ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, (Status.FAILED, Reason.UNDELIVERED, "30003")),
        ({"MessageStatus": "failed", "ErrorCode": "30005"}, (Status.FAILED, Reason.UNKNOWN_SUBSCRIBER, "30005")),
        ({"MessageStatus": "teleported"}, (None, None, None)),
        ({"MessageStatus": "undelivered", "ErrorCode": "²"}, (Status.FAILED, Reason.UNDELIVERED, None)),
        ({"MessageStatus": "undelivered", "ErrorCode": "9" * 5_000}, (Status.FAILED, Reason.UNDELIVERED, None)),
        ({"SmsStatus": "delivered"}, (Status.DELIVERED, None, None)),
    ],
)
async def test_each_status(told: dict[str, str], receipt: tuple[Any, ...] | None) -> None:
    provider, ears = await started(StandIn(twilio_message))

    assert (await provider.handle_webhook(twilio_told(MessageSid="SM1", **told))).status == 200

    word = told.get("MessageStatus") or told["SmsStatus"]
    expected = [] if receipt is None else [Receipt("line", "SM1", *receipt, detail=word)]
    assert ears.heard == expected


@pytest.mark.parametrize("word", ["received", "delivered"])
async def test_what_does_not_say_which_message_it_is_is_not_heard(word: str) -> None:
    """Nobody could tell that it was told again."""
    provider, ears = await started(StandIn(twilio_message))
    told = {"MessageStatus": word, "From": "+33612345678", "To": "+33700000000", "Body": "Hi"}

    for sid in ({}, {"MessageSid": ""}):
        assert (await provider.handle_webhook(twilio_told(**told, **sid))).status == 400
    assert (ears.heard, ears.arrived) == ([], [])


async def test_calls_that_are_not_signed_are_not_heard() -> None:
    provider, ears = await started(StandIn(twilio_message))
    genuine = twilio_told(MessageSid="SM1", MessageStatus="delivered")

    for changed in (
        msgspec.structs.replace(genuine, body=genuine.body.replace(b"delivered", b"failed")),
        msgspec.structs.replace(genuine, headers={}),
        msgspec.structs.replace(genuine, query={"a": "b"}),
    ):
        assert (await provider.handle_webhook(changed)).status == 403
    assert ears.heard == []


@pytest.mark.parametrize("query", ["a=%7E&a=+%20", "b=1&&c", "x=[1]", "%zz", "q=%E4"])
async def test_a_signed_query_is_heard_as_it_was_asked(query: str) -> None:
    provider, ears = await started(StandIn(twilio_message))
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    body = urlencode(fields).encode()

    def called(signed: str) -> WebhookRequest:
        signature = RequestValidator(SECRET).compute_signature(f"{CALLBACK}?{signed}", fields)
        return WebhookRequest("POST", dict(parse_qsl(query)), {"x-twilio-signature": signature}, body, query)

    assert (await provider.handle_webhook(called("other=1"))).status == 403
    assert (await provider.handle_webhook(called(query))).status == 200
    assert len(ears.heard) == 1


@pytest.mark.parametrize("count", ["²", "٣", "-1", "9" * 5_000, "", "many"])
async def test_a_count_of_media_that_is_no_number_counts_none(count: str) -> None:
    provider, ears = await started(StandIn(twilio_message))
    fields = {"From": "+33612345678", "To": "+33700000000", "Body": "Look", "SmsStatus": "received"}

    said = await provider.handle_webhook(
        twilio_told(MessageSid="MM1", NumMedia=count, MediaUrl0="https://example.org/1", **fields)
    )

    assert said.status == 200
    assert [arrival.body for arrival in ears.arrived] == ["Look"]


async def test_media_that_arrive_stay_links() -> None:
    provider, ears = await started(StandIn(twilio_message))

    said = await provider.handle_webhook(
        twilio_told(
            MessageSid="MM1",
            From="whatsapp:+33612345678",
            To="whatsapp:+33700000000",
            Body="Look",
            NumMedia="2",
            MediaUrl0="https://example.org/1",
            MediaUrl1="https://example.org/2",
            SmsStatus="received",
        )
    )

    (arrival,) = ears.arrived
    assert arrival.body == "Look\nhttps://example.org/1\nhttps://example.org/2"
    assert (arrival.channel, arrival.msisdn, arrival.to) == (Channel.WHATSAPP, "+33612345678", "+33700000000")
    assert b"<Response/>" in said.body


def test_messages_go_through_another_heliograph_and_their_receipts_come_home(
    start_server: StartServer, new_number: Callable[[], str]
) -> None:
    far = start_server()
    entry = far.ready["protocols"]["twilio"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = {"type": "twilio", **{name: entry[name] for name in ("account_sid", "auth_token", "base_url")}}
    here: Server = start_server(
        None,
        "--port",
        str(port),
        environment={
            "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
            "HELIOGRAPH_DEFAULT_PROVIDER": "far",
            "HELIOGRAPH_SANDBOX": "on",
            "HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        },
    )
    numbers = [new_number() for _ in range(20)]
    with far.client() as client:
        client.optouts.add(numbers[7])
        client.account.change(ChangeAccount(callback_url=here.ready["providers"]["far"], callback_protocol="twilio"))

    with here.client() as client:
        batch = client.batches.send(
            to=numbers, text="Hello ${x}", parameters={"x": {"default": "€"}}, originator="Acme"
        )
        found = {
            message.to: client.messages.wait_for_delivery(message.id, timeout_s=HANG_S)
            for message in client.messages.list(batch_id=batch.id)
        }
        (attempt,) = client.messages.attempts(found[numbers[0]].id)
        with far.client() as there:
            there.sandbox.reply(numbers[0], to="Acme", text="Hi back")
        arrived = []
        while not arrived:
            arrived = [message.text for message in client.inbound.list(number=numbers[0])]

    refused = found.pop(numbers[7])
    assert (refused.status, refused.reason) == ("rejected", "opted_out")
    assert {message.status for message in found.values()} == {"delivered"}
    assert (attempt.provider, attempt.outcome) == ("far", "taken")
    assert (attempt.provider_ref or "").startswith("SM")
    assert arrived == ["Hi back"]
