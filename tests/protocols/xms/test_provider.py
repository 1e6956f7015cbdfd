"""Sending by an XMS server: what goes out, what is made of each answer, what comes back."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from tests.protocols.standing_in import Answer, Ears, StandIn, outgoing

from heliograph.calling import Request, Response, Unreachable
from heliograph.domain.batches import BodyKind
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import (
    Accepted,
    Refused,
    TryAgain,
    Uncertain,
    WebhookRequest,
    WebhookResponse,
)
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.xms.provider import XmsConfig, XmsProvider
from heliograph.protocols.xms.signature import sign
from heliograph.protocols.xms.statuses import our_status, status_and_code

CONFIG = XmsConfig(type="xms", endpoint="http://localhost/xms", service_plan_id="plan", token="secret")
HERE = ProviderContext(name="line", account_id="A" * 26, callback_url=None)
REACHABLE = msgspec.structs.replace(HERE, callback_url="https://sms.example.org/providers/line/x")


def created(request: Request, batch_id: str = "B1") -> Response:
    assert request.body is not None
    wanted = json.loads(request.body)
    reply = wanted | {"id": batch_id, "canceled": False}
    return Response(201, json.dumps(reply).encode())


def refusal(status: int, code: str = "syntax_constraint_violation") -> Response:
    return Response(status, json.dumps({"code": code, "text": "Because."}).encode())


async def started(
    driver: StandIn, config: XmsConfig = CONFIG, where: ProviderContext = HERE
) -> tuple[XmsProvider, Ears]:
    provider = XmsProvider(config, where, driver)
    ears = Ears()
    await provider.start(ears)
    return provider, ears


async def test_messages_that_share_body_and_sender_go_as_one_batch() -> None:
    driver = StandIn(created)
    provider, _ = await started(driver, where=REACHABLE)

    outcomes = await provider.send([outgoing(1), outgoing(2, "Other"), outgoing(3), outgoing(4, originator="Acme")])

    assert outcomes == [Accepted(f"B1:336{n:08d}") for n in (1, 2, 3, 4)]
    assert [(batch["from"], batch["body"], batch["to"]) for batch in driver.sent] == [
        ("12345", "Hello", ["33600000001", "33600000003"]),
        ("12345", "Other", ["33600000002"]),
        ("Acme", "Hello", ["33600000004"]),
    ]
    first = driver.sent[0]
    assert first["expire_at"] == "2030-03-17T17:46:40+00:00"
    assert (first["delivery_report"], first["callback_url"]) == ("per_recipient", REACHABLE.callback_url)
    assert first["client_reference"] == "M1-1"


async def test_what_differs_in_parameters_only_goes_as_one_batch_too() -> None:
    driver = StandIn(created)
    provider, _ = await started(driver)
    said = {"template": "Hello, ${name}! ${code}"}

    await provider.send(
        [
            outgoing(1, "Hello, Ann! 1", **said, values={"name": "Ann", "code": "1", "unused": "x"}),
            outgoing(2, "Hello, Bob! 2", **said, values={"name": "Bob", "code": "2"}),
            outgoing(3, f"Hello, {'x' * 161}! 3", **said, values={"name": "x" * 161, "code": "3"}),
        ]
    )

    together, alone = driver.sent
    assert (together["body"], together["to"]) == ("Hello, ${name}! ${code}", ["33600000001", "33600000002"])
    assert together["parameters"] == {
        "name": {"33600000001": "Ann", "33600000002": "Bob"},
        "code": {"33600000001": "1", "33600000002": "2"},
    }
    assert (alone["body"], alone.get("parameters")) == (f"Hello, {'x' * 161}! 3", None)
    assert "callback_url" not in together and "delivery_report" not in together


async def test_a_text_that_only_looks_like_a_parameter_arrives_as_it_is() -> None:
    driver = StandIn(created)
    provider, _ = await started(driver)
    text = "Pay ${price} now" + "!" * 200

    await provider.send([outgoing(1, text)])

    (batch,) = driver.sent
    rendered = batch["body"]
    for name, values in batch["parameters"].items():
        assert len(values["default"]) <= 160
        rendered = rendered.replace(f"${{{name}}}", values["default"], 1)
    assert rendered == text


async def test_one_number_stands_in_a_batch_once() -> None:
    driver = StandIn(created)
    provider, _ = await started(driver)
    again = outgoing(2, msisdn=outgoing(1).msisdn)

    await provider.send([outgoing(1), again])

    assert [batch["to"] for batch in driver.sent] == [["33600000001"], ["33600000001"]]


async def test_binary_goes_with_its_header() -> None:
    driver = StandIn(created)
    provider, _ = await started(driver)

    await provider.send([outgoing(1, "AAEC", kind=BodyKind.BINARY, udh="050003ab0201")])

    (batch,) = driver.sent
    assert (batch["type"], batch["body"], batch["udh"]) == ("mt_binary", "AAEC\n", "050003ab0201")


async def test_the_one_that_is_refused_is_found_among_the_others() -> None:
    def answer(request: Request) -> Answer:
        assert request.body is not None
        wrong = "33600000005" in json.loads(request.body)["to"]
        return refusal(400, "syntax_invalid_parameter_format") if wrong else created(request)

    driver = StandIn(answer)
    provider, _ = await started(driver)

    outcomes = await provider.send([outgoing(n) for n in range(16)])

    assert outcomes[5] == Refused(Reason.PROVIDER_REFUSED, "syntax_invalid_parameter_format", "Because.")
    assert [type(outcome) for outcome in outcomes[:5] + outcomes[6:]] == [Accepted] * 15
    assert len(driver.requests) <= 2 * 4 + 1


ANSWERS: list[tuple[str, Answer, type]] = [
    ("refused as a whole", refusal(403, "unknown_campaign"), Refused),
    ("the wrong token", Response(401, b""), TryAgain),
    ("no such plan", Response(404, b""), TryAgain),
    ("too many requests", Response(429, b""), TryAgain),
    ("unavailable", Response(503, b""), TryAgain),
    ("failed", Response(500, b"oops"), Uncertain),
    ("a proxy's page", Response(200, b"<html>"), Uncertain),
    ("not a batch", Response(201, b"{}"), Uncertain),
    ("a refusal without words", Response(400, b""), Refused),
    ("nobody there", Unreachable("no", written=False), TryAgain),
    ("gone after it was written", Unreachable("no", written=True), Uncertain),
]


@pytest.mark.parametrize(("answer", "kind"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
async def test_each_answer_has_its_outcome(answer: Answer, kind: type) -> None:
    driver = StandIn(lambda _request: answer)
    provider, _ = await started(driver)

    outcomes = await provider.send([outgoing(1), outgoing(2)])

    assert [type(outcome) for outcome in outcomes] == [kind, kind]
    assert "secret" not in repr(outcomes)


async def test_too_many_requests_is_not_the_providers_fault() -> None:
    provider, _ = await started(StandIn(lambda _request: Response(429, b"")))

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, TryAgain)
    assert outcome.blames_provider is False


@pytest.mark.parametrize(("there", "kind"), [(True, Accepted), (False, Uncertain)])
async def test_a_batch_whose_creation_was_not_answered_is_looked_for(there: bool, kind: type) -> None:
    written: list[dict[str, Any]] = []

    def answer(request: Request) -> Answer:
        if request.method == "POST":
            assert request.body is not None
            written.append(json.loads(request.body) | {"id": "B9", "canceled": False})
            return Unreachable("no answer", written=True)
        assert request.query["client_reference"] == "M1-1"
        other = written[0] | {"client_reference": "another's", "id": "B8"}
        found = [other, *(written if there else ())]
        page = {"page": 0, "page_size": len(found), "count": len(found), "batches": found}
        return Response(200, json.dumps(page).encode())

    provider, _ = await started(StandIn(answer))

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    if isinstance(outcome, Accepted):
        assert outcome.provider_ref == "B9:33600000001"


FINAL = [status for status in Status if status not in {Status.QUEUED, Status.SENDING, Status.SENT, Status.CANCELED}]


@pytest.mark.parametrize("status", FINAL)
def test_how_a_message_ended_is_the_same_one_heliograph_further(status: Status) -> None:
    word, code = status_and_code(status, None, None)

    known = our_status(word, code)

    assert known is not None
    assert known[0] is status


@pytest.mark.parametrize("reason", [Reason.UNROUTABLE, Reason.MISSING_PARAMETER, Reason.TOO_MANY_PARTS])
def test_why_it_ended_is_the_same_one_heliograph_further(reason: Reason) -> None:
    assert our_status(*status_and_code(Status.FAILED, reason, None)) == our_status(
        *status_and_code(Status.REJECTED, reason, None)
    )
    known = our_status(*status_and_code(Status.FAILED, reason, None))
    assert known is not None
    assert known[1] is reason


@pytest.mark.parametrize(("word", "code"), [("Queued", 400), ("Dispatched", 401), ("DISPATCHED", 401)])
def test_what_is_on_its_way_is_no_receipt(word: str, code: int) -> None:
    assert our_status(word, code) is None


def test_a_word_that_nobody_knows_moves_nothing() -> None:
    assert our_status("Teleported", 7) == (None, None)


async def test_receipts_are_asked_for_until_all_are_final() -> None:
    buckets = [
        {"code": 0, "status": "Delivered", "count": 2, "recipients": ["33600000001", "33600000002"]},
        {"code": 401, "status": "Dispatched", "count": 1, "recipients": ["33600000003"]},
    ]

    def answer(request: Request) -> Answer:
        assert (request.path, request.query) == ("/batches/B1/delivery_report", {"type": "full"})
        report = {"type": "delivery_report_sms", "batch_id": "B1", "total_message_count": 3, "statuses": buckets}
        return Response(200, json.dumps(report).encode())

    provider, _ = await started(StandIn(answer))

    early = await provider.poll("B1")
    buckets[1] |= {"code": 11, "status": "Failed"}
    late = await provider.poll("B1")

    assert [(each.provider_ref, each.status) for each in early.receipts] == [
        ("B1:33600000001", Status.DELIVERED),
        ("B1:33600000002", Status.DELIVERED),
    ]
    assert (early.over, late.over) == (False, True)
    assert (late.receipts[2].reason, late.receipts[2].provider_code) == (Reason.UNKNOWN_SUBSCRIBER, "11")


async def test_a_batch_that_the_server_has_forgotten_is_not_asked_for_again() -> None:
    provider, _ = await started(StandIn(lambda _request: Response(404, b"")))

    assert (await provider.poll("B1")).over is True


def inbound(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "mo_text",
        "id": f"I{number}",
        "from": "33600000001",
        "to": "12345",
        "body": f"Hi {number}",
        "operator": "20801",
        "received_at": f"2030-01-01T00:00:{number:02d}.000Z",
    } | fields


async def test_inbound_messages_are_asked_for_where_nobody_can_tell_us() -> None:
    pages = [[inbound(3), inbound(2)], [inbound(1, type="mo_binary", body="AAE=", udh="0500")], []]

    def answer(request: Request) -> Answer:
        number = int(request.query["page"])
        found = pages[number] if number < len(pages) else []
        page = {"page": number, "page_size": len(found), "count": 3, "inbounds": found}
        return Response(200, json.dumps(page).encode())

    driver = StandIn(answer)
    provider, ears = await started(driver)

    first = await provider.poll("inbound")
    await provider.poll("inbound")

    assert (provider.standing_polls, first.over, first.again_after_s) == (("inbound",), False, 10.0)
    assert [(each.provider_ref, each.kind, each.body, each.udh) for each in ears.arrived[:3]] == [
        ("I3", BodyKind.TEXT, "Hi 3", ""),
        ("I2", BodyKind.TEXT, "Hi 2", ""),
        ("I1", BodyKind.BINARY, "AAE=", "0500"),
    ]
    assert {(each.msisdn, each.to, each.account_id, each.operator) for each in ears.arrived} == {
        ("33600000001", "12345", "A" * 26, "20801")
    }
    assert driver.requests[-1].query["start_date"] == "2029-12-31T23:59:03+00:00"


async def test_who_can_be_told_asks_for_nothing() -> None:
    provider, _ = await started(StandIn(created), where=REACHABLE)

    assert provider.standing_polls == ()
    assert await provider.send([outgoing(1)]) == [Accepted("B1:33600000001")]


def told(**body: Any) -> WebhookRequest:
    return WebhookRequest("POST", {}, {"content-type": "application/json"}, json.dumps(body).encode())


REPORT = {"batch_id": "B1", "recipient": "33600000001", "code": 0, "status": "Delivered", "at": "2030-01-01T00:00:00Z"}


async def test_it_hears_receipts_and_inbound_messages() -> None:
    provider, ears = await started(StandIn(created), where=REACHABLE)
    buckets = [{"code": 407, "status": "Aborted", "count": 1, "recipients": ["33600000002"]}]

    answers = [
        await provider.handle_webhook(told(type="recipient_delivery_report_sms", **REPORT)),
        await provider.handle_webhook(told(type="recipient_delivery_report_sms", **REPORT | {"status": "Dispatched"})),
        await provider.handle_webhook(
            told(type="delivery_report_sms", batch_id="B1", total_message_count=1, statuses=buckets)
        ),
        await provider.handle_webhook(told(**inbound(1))),
        await provider.handle_webhook(told(type="mo_media", id="X")),
    ]

    assert answers == [WebhookResponse()] * 5
    assert [(each.provider, each.provider_ref, each.status) for each in ears.heard] == [
        ("line", "B1:33600000001", Status.DELIVERED),
        ("line", "B1:33600000002", Status.REJECTED),
    ]
    assert [each.body for each in ears.arrived] == ["Hi 1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"type": 5}',
        b'{"type": "mo_text"}',
        json.dumps({"type": "recipient_delivery_report_sms"} | REPORT | {"at": "soon"}).encode(),
        json.dumps(inbound(1, type="mo_binary", body="%")).encode(),
    ],
)
async def test_what_it_does_not_understand_it_refuses(body: bytes) -> None:
    provider, ears = await started(StandIn(created))

    assert (await provider.handle_webhook(WebhookRequest("POST", {}, {}, body))).status == 400
    assert (ears.heard, ears.arrived) == ([], [])


async def test_it_takes_only_what_is_signed_if_it_was_given_a_secret() -> None:
    config = msgspec.structs.replace(CONFIG, webhook_secret="shared")
    provider, ears = await started(StandIn(created), config)
    body = json.dumps({"type": "recipient_delivery_report_sms"} | REPORT).encode()
    now = time.time()

    def signed(secret: str, at: str) -> WebhookRequest:
        headers = {"x-sinch-webhook-signature-nonce": "N", "x-sinch-webhook-signature-timestamp": at}
        return WebhookRequest("POST", {}, headers | {"x-sinch-webhook-signature": sign(secret, body, "N", at)}, body)

    wrong = [WebhookRequest("POST", {}, {}, body), signed("other", f"{now:.0f}")]
    wrong += [signed("shared", at) for at in ("0", f"{now - 3_600:.0f}", f"{now + 3_600:.0f}", "", "soon", "9" * 5_000)]
    answers = [await provider.handle_webhook(each) for each in (*wrong, signed("shared", f"{now:.0f}"))]

    assert [answer.status for answer in answers] == [401] * len(wrong) + [200]
    assert len(ears.heard) == 1
