"""How each provider's server speaks: a row of the table for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from heliograph.calling import Request, Response
from heliograph.engine.contract import WebhookRequest
from heliograph.protocols.twilio.signature import sign

SECRET = "5ecret-0f-ours"
CALLBACK = "https://sms.example.org/providers/line/x"
Answer = Callable[[Request], Response]


def always(status: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda _: Response(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def said(status: int, document: object, **headers: str) -> Answer:
    return always(status, json.dumps(document).encode(), Content_Type="application/json", **headers)


FAILED = always(500, b"<html>")


@dataclass
class Wire:
    """What is served, and what has to be made of it."""

    type: str
    config: Callable[[str], dict[str, Any]]
    """Of a server at an origin."""
    accepted: Answer
    refused: Answer
    throttled: Answer
    malformed: Answer
    failed: Answer = FAILED
    locked: Answer | None = None
    """Wrong credentials."""
    checked: Answer | None = None
    """What a check is answered where the credentials are right."""
    polled: Answer | None = None
    """What is answered to a question about a message that was delivered."""
    heard: Callable[[str], list[WebhookRequest]] = lambda _: []
    """Receipts of delivery, in each form that the provider writes the id in."""
    nonsense: list[WebhookRequest] = field(default_factory=list)
    """What can't be understood."""
    inbound: Callable[[str, str], WebhookRequest] | None = None
    """A message from a sender to 36111 with a text."""
    let_in: Callable[[Answer], Answer] = lambda answer: answer
    """Lets everybody log in, where one has to, and answers the rest."""


def posted(fields: dict[str, str], headers: dict[str, str] | None = None) -> WebhookRequest:
    return WebhookRequest("POST", {}, headers or {}, urlencode(fields).encode())


def as_json(document: object, **headers: str) -> WebhookRequest:
    return WebhookRequest("POST", {}, {"content-type": "application/json", **headers}, json.dumps(document).encode())


# -- XMS


def xms_created(request: Request) -> Response:
    wanted = json.loads(request.body or b"{}")
    return Response(201, json.dumps(wanted | {"id": "B1", "canceled": False}).encode())


def xms_receipt(ref: str) -> list[WebhookRequest]:
    batch, _, number = ref.partition(":")
    return [
        as_json(
            {
                "type": "recipient_delivery_report_sms",
                "batch_id": batch,
                "recipient": written,
                "code": 0,
                "status": "Delivered",
                "at": "2026-01-01T10:00:00.000Z",
            }
        )
        for written in (number, f"+{number}")
    ]


XMS = Wire(
    "xms",
    lambda origin: {"endpoint": f"{origin}/xms", "service_plan_id": "plan", "token": SECRET},
    xms_created,
    said(400, {"code": "syntax_invalid_parameter_format", "text": "No."}),
    always(429),
    always(201, b"<html>"),
    locked=always(401),
    checked=said(200, {"page": 0, "page_size": 0, "count": 0, "batches": []}),
    heard=xms_receipt,
    nonsense=[WebhookRequest("POST", {}, {}, b"<html>")],
    inbound=lambda sender, text: as_json(
        {
            "type": "mo_text",
            "id": "I1",
            "from": sender,
            "to": "36111",
            "body": text,
            "received_at": "2026-01-01T10:00:00.000Z",
        }
    ),
)

# -- SMS.CX


def smscx_taken(request: Request) -> Response:
    from tests.protocols.smscx.test_provider import taken

    return taken(request)


def smscx_error(status: int, kind: str, code: int, **headers: str) -> Answer:
    return said(status, {"error": {"type": kind, "code": code, "message": "Because.", "uri": ""}}, **headers)


SMSCX = Wire(
    "smscx",
    lambda origin: {"api_key": SECRET, "host": origin},
    smscx_taken,
    smscx_error(400, "invalid_param", 1107),
    smscx_error(429, "rate_limit", 0),
    always(200, b"<html>"),
    locked=smscx_error(401, "invalid_api_key", 0),
    checked=said(200, {"balance": 12.5, "currency": "EUR", "billing": "prepaid"}),
    heard=lambda ref: [
        as_json(
            {
                "event": "dlr_update",
                "data": [
                    {
                        "campaignId": "c",
                        "msgId": ref,
                        "status": "DELIVERED",
                        "statusCode": 3,
                        "errorCode": None,
                        "datetime": "2026-01-02 03:04:05",
                    }
                ],
            }
        ),
    ],
    nonsense=[WebhookRequest("POST", {}, {}, b"<html>")],
    inbound=lambda sender, text: as_json(
        {
            "event": "receive_sms",
            "data": [
                {
                    "msgId": "I1",
                    "from": sender,
                    "countryIso": "FR",
                    "to": "36111",
                    "text": text,
                    "cost": 0,
                    "receivedAt": "2026-01-01 10:00:00",
                }
            ],
        }
    ),
)

# -- smsdrop


def smsdrop(answer: Answer) -> Answer:
    def with_login(request: Request) -> Response:
        if request.path == "/api/auth/login":
            return Response(200, b'{"access_token": "t", "token_type": "bearer"}')
        return answer(request)

    return with_login


def smsdrop_campaign(request: Request) -> Response:
    from tests.protocols.smsdrop.test_provider import answered, campaign

    return answered(200, campaign())


SMSDROP = Wire(
    "smsdrop",
    lambda origin: {"email": "me@example.org", "password": SECRET, "context": origin},
    smsdrop(smsdrop_campaign),
    smsdrop(said(422, {"detail": [{"loc": ["body", "message"], "msg": "no", "type": "value_error"}]})),
    smsdrop(always(503, b"{}")),
    smsdrop(always(200, b"<html>")),
    failed=smsdrop(always(500)),
    locked=said(401, {"detail": "Unauthorized"}),
    checked=smsdrop(said(200, {"id": "s", "nbr_sms": 12, "created_at": "2026-01-01T10:00:00"})),
    let_in=smsdrop,
)

# -- iSendPro


def isendpro_taken(request: Request) -> Response:
    from tests.protocols.isendpro.test_provider import taken

    answer = taken(request)
    assert isinstance(answer, Response)
    return answer


def isendpro_refusal(code: str, status: int = 400) -> Answer:
    return said(status, {"etat": {"etat": [{"code": code, "message": "Non"}]}})


ISENDPRO = Wire(
    "isendpro",
    lambda origin: {"keyid": SECRET, "host": origin},
    isendpro_taken,
    isendpro_refusal("9003"),
    always(503, b"<html>"),
    always(200, b"<html>"),
    locked=isendpro_refusal("3"),
    checked=said(200, {"etat": {"credit": 12.5}}),
    heard=lambda ref: [WebhookRequest("GET", {"tracker": ref, "tel": "336", "statut": "delivered"}, {}, b"")],
    nonsense=[WebhookRequest("GET", {"x": "y"}, {}, b"")],
    inbound=lambda sender, text: WebhookRequest(
        "GET", {"tel": sender, "sms": text, "date": "2026-01-01 10:00:00", "emetteur": "36111"}, {}, b""
    ),
)

# -- Twilio

ACCOUNT = "AC" + "0" * 32
SID = "SM" + "0" * 31


def twilio_message(request: Request, **changed: Any) -> Response:
    wanted = dict(parse_qsl((request.body or b"").decode()))
    usual = {
        "account_sid": ACCOUNT,
        "body": wanted.get("Body", ""),
        "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
        "date_sent": None,
        "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": wanted.get("From"),
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": SID + wanted.get("To", "0")[-1],
        "status": "queued",
        "to": wanted.get("To"),
        "uri": "/x",
    }
    return Response(201, json.dumps(usual | changed).encode())


def twilio_error(status: int, code: int) -> Answer:
    return said(status, {"code": code, "message": "Because.", "more_info": "", "status": status})


def twilio_told(**fields: str) -> WebhookRequest:
    signature = sign(SECRET, CALLBACK, list(fields.items()))
    return posted(fields, {"x-twilio-signature": signature})


TWILIO = Wire(
    "twilio",
    lambda origin: {"account_sid": ACCOUNT, "auth_token": SECRET, "base_url": origin},
    twilio_message,
    twilio_error(400, 21612),
    twilio_error(429, 20429),
    always(201, b"<html>"),
    locked=twilio_error(401, 20003),
    checked=said(200, {"account_sid": ACCOUNT, "balance": "12.5", "currency": "USD"}),
    polled=lambda request: twilio_message(request, status="delivered"),
    heard=lambda ref: [
        twilio_told(MessageSid=ref, SmsSid=ref, MessageStatus="delivered", SmsStatus="delivered", New="x"),
        twilio_told(MessageSid=ref, MessageStatus="read"),
    ],
    nonsense=[posted({"MessageSid": "x", "MessageStatus": "delivered"}), twilio_told(Nothing="x")],
    inbound=lambda sender, text: twilio_told(
        MessageSid="SM1", From=sender, To="36111", Body=text, NumMedia="0", SmsStatus="received"
    ),
)

# -- Amazon SNS


def sns_published(request: Request) -> Response:
    number = dict(parse_qsl((request.body or b"").decode()))["PhoneNumber"]
    return Response(
        200,
        f'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>id-{number}'
        "</MessageId></PublishResult></PublishResponse>".encode(),
    )


def sns_error(status: int, code: str) -> Answer:
    document = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>Because.</Message></Error></ErrorResponse>"
    )
    return always(status, document.encode())


SNS = Wire(
    "sns",
    lambda origin: {
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": SECRET,
        "region": "eu-west-1",
        "endpoint": origin,
    },
    sns_published,
    sns_error(400, "InvalidParameter"),
    sns_error(400, "Throttling"),
    always(200, b"<html"),
    failed=sns_error(500, "InternalError"),
    locked=sns_error(403, "InvalidClientTokenId"),
    checked=always(
        200,
        b"<GetSMSAttributesResponse><GetSMSAttributesResult><attributes><entry><key>MonthlySpendLimit</key>"
        b"<value>20</value></entry></attributes></GetSMSAttributesResult></GetSMSAttributesResponse>",
    ),
    nonsense=[WebhookRequest("POST", {}, {}, b"<html>"), as_json({"Type": "Notification"})],
)

# -- ATS


def ats(code: int) -> Answer:
    def answer(request: Request) -> Response:
        asked = ElementTree.fromstring(request.body or b"")
        uniqs = [each.get("uniq") for each in asked if each.tag in {"sms", "dlr"}]
        codes = "".join(f'<code uniq="{uniq}">{code}</code>' for uniq in uniqs)
        return Response(200, f"<status>{codes}<d/></status>".encode())

    return answer


ATS = Wire(
    "ats",
    lambda origin: {"username": "me", "password": SECRET, "keyword": "KW", "url": f"{origin}/gwfcgi/wrapper.fcgi"},
    ats(0),
    ats(341),
    ats(200),
    always(200, b"<html"),
    locked=always(200, b"<status><code>100</code></status>"),
    checked=ats(20),
    polled=ats(23),
    inbound=lambda sender, text: WebhookRequest(
        "POST",
        {},
        {},
        f'<messages><sms uniq="u1" sender={quoteattr(sender)} recipient="36111" opid="1" ts="2026-01-01 10:00:00">'
        f"{escape(text)}</sms></messages>".encode(),
    ),
)

# -- SMS Operator


def operator(status: int) -> Answer:
    def answer(request: Request) -> Response:
        asked = ElementTree.fromstring(request.body or b"")
        items = "".join(
            f"<DataItem><SmsId>{each.text}</SmsId><Status>{status}</Status></DataItem>" for each in asked.iter("SmsId")
        )
        return Response(200, f"<SmsServices><DataArray>{items}</DataArray></SmsServices>".encode())

    return answer


SMSOPERATOR = Wire(
    "smsoperator",
    lambda origin: {"username": "me", "password": SECRET, "url": f"{origin}/webservices/webservice.aspx"},
    operator(11),
    operator(4),
    always(503),
    always(200, b"<html"),
    locked=always(200, b"<SmsServices/>"),
    checked=operator(15),
    polled=operator(0),
)

# -- any HTTP API


WEBHOOK = Wire(
    "webhook",
    lambda origin: {
        "url": f"{origin}/send/${{msisdn}}",
        "headers": {"Authorization": f"Bearer {SECRET}"},
        "json": {"to": "${to}", "message": {"text": "${text}", "sender": "${from}"}, "parts": "${parts}"},
        "ref": "data.id",
        "code": "error.code",
        "receipt": {"ref": "id", "status": "state", "code": "code"},
        "inbound": {"from": "sender", "to": "to", "text": "text", "ref": "id"},
    },
    lambda request: Response(200, json.dumps({"data": {"id": request.path.rpartition("/")[2]}}).encode()),
    said(400, {"error": {"code": "17"}}),
    always(429, b"", Retry_After="7"),
    always(200, b"<html>"),
    locked=always(401),
    heard=lambda ref: [
        as_json({"id": ref, "state": "DELIVRD", "code": 0}),
        WebhookRequest("GET", {"id": ref, "state": "delivered"}, {}, b""),
        posted({"id": ref, "state": "delivered"}),
    ],
    nonsense=[as_json({"x": "y"}), WebhookRequest("POST", {}, {"content-type": "application/json"}, b"{")],
    inbound=lambda sender, text: as_json({"id": "I1", "sender": sender, "to": "36111", "text": text}),
)

# -- Heliograph


def heliograph_error(status: int, code: str, *, retryable: bool = False) -> Answer:
    told = {"code": code, "message": "Because.", "hint": "", "field": None, "retryable": retryable}
    return said(status, {"error": told})


def heliograph_receipt(ref: str) -> list[WebhookRequest]:
    batch, _, number = ref.partition(":")
    told = {"message_id": "M1", "batch_id": batch, "status": "delivered", "at": "2026-01-01T10:00:00Z"}
    told |= dict.fromkeys(("reason", "explanation", "provider_code"))
    return [
        as_json({"id": "E1", "type": "message.status", "created_at": told["at"], "data": told | {"to": written}})
        for written in (f"+{number}", number)
    ]


HELIOGRAPH_MESSAGE = {
    "id": "M1",
    "batch_id": "B1",
    "to": "+33600000001",
    "from": "12345",
    "status": "delivered",
    "attempts": 1,
    **dict.fromkeys(("created_at", "send_at", "expire_at", "sent_at", "settled_at"), "2026-01-01T10:00:00Z"),
    **dict.fromkeys(
        ("text", "reason", "explanation", "provider", "provider_code", "encoding", "parts", "confirmed_at")
    ),
}
HELIOGRAPH_INBOUND = {
    "id": "I1",
    "to": "36111",
    "data": None,
    "udh": None,
    "keyword": "OUI",
    "received_at": "2026-01-01T10:00:00Z",
}
HELIOGRAPH = Wire(
    "heliograph",
    lambda origin: {"url": origin, "token": SECRET},
    lambda request: Response(
        201, json.dumps({"id": f"B{json.loads(request.body or b'{}')['client_reference']}"}).encode()
    ),
    heliograph_error(400, "invalid_recipient"),
    heliograph_error(429, "too_many_requests", retryable=True),
    always(201, b"<html>"),
    locked=heliograph_error(401, "unauthenticated"),
    checked=said(200, {"name": "shop"}),
    polled=lambda request: said(
        200, {"items": [HELIOGRAPH_MESSAGE | {"batch_id": request.query["batch_id"]}], "next": None}
    )(request),
    heard=heliograph_receipt,
    nonsense=[WebhookRequest("POST", {}, {}, b"<html>")],
    inbound=lambda sender, text: as_json(
        {
            "id": "E2",
            "type": "inbound",
            "created_at": "2026-01-01T10:00:00Z",
            "data": HELIOGRAPH_INBOUND | {"from": sender, "text": text},
        }
    ),
)

WIRES = [HELIOGRAPH, XMS, SMSCX, SMSDROP, ISENDPRO, TWILIO, SNS, ATS, SMSOPERATOR, WEBHOOK]
