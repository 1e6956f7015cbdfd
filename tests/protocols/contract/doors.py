"""How each door is asked to send, with each of its options.

What an option asks for is a feature (`wants`); the table "What each can say" of docs/providers.md has which provider
can say it. A test fails for an option of a door that does not stand here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from inspect import getsource
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

from heliograph.api import wire as native
from heliograph.protocols.isendpro.door import sending, server
from heliograph.protocols.smscx import wire as smscx
from heliograph.protocols.smsdrop import wire as smsdrop
from heliograph.protocols.twilio.door import shapes
from heliograph.protocols.xms import wire as xms

TEXT, ORIGINATOR = "Hello", "Acme"
LONG = "x" * 300
EXPIRE_AT = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
DATA, UDH = b"\x00\x01\x02", "050003ab0201"
LINK = "https://example.org/picture.png"
CALLBACK = "https://customer.example.org/told"

Options = Mapping[str, Any]
Ready = Mapping[str, Any]


@dataclass
class Case:
    """Options of a request, and what they come to."""

    options: Options = field(default_factory=dict)
    """A function stands for what it returns for each request."""
    wants: Options = field(default_factory=dict)
    """Feature -> value."""
    text: str = TEXT
    """What the recipient reads."""
    otherwise: str | None = None
    """The same, where the provider can't say what is wanted; None: as well."""
    later: bool = False
    """It is taken, and not sent yet."""
    refused: bool = False
    """It is refused at the door."""


@dataclass
class Door:
    """One way in."""

    name: str
    options: set[str]
    """All of its options, as its code has them."""
    always: set[str]
    """Those without which nothing is sent."""
    ask: Callable[[httpx2.Client, Ready, str, Options], httpx2.Response]
    """Asks for a message to an MSISDN, with these options."""
    cases: dict[str, Case]
    """By the option that they are about, or a word of ours."""
    originator: str | None = ORIGINATOR


def own(name: str, value: Any) -> dict[str, Case]:
    """An option that is between the customer and us."""
    return {name: Case({name: value})}


def unique() -> str:
    """A value that no two requests may share."""
    return str(uuid4())


def fields_of(*kinds: type[msgspec.Struct]) -> set[str]:
    return {each.encode_name for kind in kinds for each in msgspec.structs.fields(kind)}


def named_in(pattern: str, *parts: Any) -> set[str]:
    return {name for part in parts for name in re.findall(pattern, getsource(part))}


# -- the native API


def ask_native(http: httpx2.Client, ready: Ready, msisdn: str, options: Options) -> httpx2.Response:
    wanted = {"to": [f"+{msisdn}"], "text": TEXT, "from": ORIGINATOR} | options
    headers = {"Authorization": f"Bearer {ready['api']['token']}"}
    base_url = ready["api"]["base_url"]
    if "template" in wanted:
        http.post(f"{base_url}/templates", json={"name": wanted["template"], "text": wanted["text"]}, headers=headers)
    if "data" in wanted or "template" in wanted:
        del wanted["text"]
    return http.post(f"{base_url}/batches", json=wanted, headers=headers)


NATIVE = Door(
    "native",
    fields_of(native.CreateBatch),
    {"to", "text", "from"},
    ask_native,
    {
        "data": Case({"data": b64encode(DATA).decode()}, {"binary": (DATA, "")}),
        "udh": Case({"data": b64encode(DATA).decode(), "udh": UDH}, {"binary": (DATA, UDH)}),
        "parameters": Case({"text": "Dear ${who}", "parameters": {"who": {"default": "Ann"}}}, text="Dear Ann"),
        "template": Case({"template": unique}),
        "send_at": Case({"send_at": TOMORROW.isoformat()}, later=True),
        "expire_at": Case({"expire_at": EXPIRE_AT.isoformat()}, {"validity": EXPIRE_AT}),
        **own("callback_url", CALLBACK),
        "report": Case({"report": "full", "callback_url": CALLBACK}),
        **own("tags", ["a", "b"]),
        **own("client_reference", "mine"),
        "idempotency_key": Case({"idempotency_key": unique}),
        "flash": Case({"flash": True}, {"flash": True}),
        **own("max_parts", 1),
        "truncate": Case({"truncate": True, "text": LONG}, text=LONG[:160]),
        "truncate, with parameters": Case(
            {"truncate": True, "text": "${who}" + LONG, "parameters": {"who": {"default": "xx"}}}, text=LONG[:160]
        ),
        **own("feedback", True),
        "links": Case({"links": {"page": "none"}, "text": "${page}"}, refused=True),
        "channel": Case({"channel": "viber"}, {"Viber": True}),
        "channel, the other": Case({"channel": "whatsapp"}, {"WhatsApp": True}),
        "rich_media": Case(
            {"channel": "viber", "rich_media": {"image_url": LINK}}, {"Viber": True, "rich media": {"image_url": LINK}}
        ),
        "fallbacks": Case(
            {
                "channel": "viber",
                "fallbacks": [{"channel": "sms", "text": "By SMS, ${who}"}],
                "text": "By Viber, ${who}",
                "parameters": {"who": {"default": "Ann"}},
            },
            {"Viber": True},
            text="By Viber, Ann",
            otherwise="By SMS, Ann",
        ),
        "fall_back_after_s": Case(
            {"channel": "viber", "fallbacks": [{"channel": "sms", "text": "By SMS"}], "fall_back_after_s": 600},
            {"Viber": True},
            otherwise="By SMS",
        ),
        "priority": Case({"priority": "urgent"}, {"priority": "urgent"}),
        "marketing": Case({"marketing": True}, {"priority": "low"}),
        "groups": Case({"groups": ["none"]}, refused=True),
        **own("title", "Spring"),
        **own("pause_at_failure_share", 0.5),
        "pause_after": Case({"pause_at_failure_share": 0.5, "pause_after": 10}),
        "flash, for a while": Case(
            {"flash": True, "expire_at": EXPIRE_AT.isoformat(), "text": "Привет"},
            {"flash": True, "validity": EXPIRE_AT},
            text="Привет",
        ),
    },
)

# -- XMS


def ask_xms(http: httpx2.Client, ready: Ready, msisdn: str, options: Options) -> httpx2.Response:
    at = ready["protocols"]["xms"]
    return http.post(
        f"{at['endpoint']}/v1/{at['service_plan_id']}/batches",
        json={"to": [msisdn], "body": TEXT, "from": ORIGINATOR} | options,
        headers={"Authorization": f"Bearer {at['token']}"},
    )


BINARY = {"type": "mt_binary", "body": b64encode(DATA).decode()}
XMS = Door(
    "xms",
    fields_of(xms.BatchCreate),
    {"to", "body", "from"},
    ask_xms,
    {
        "type": Case(BINARY | {"udh": ""}, {"binary": (DATA, "")}),
        "udh": Case(BINARY | {"udh": UDH}, {"binary": (DATA, UDH)}),
        "parameters": Case({"body": "Dear ${who}", "parameters": {"who": {"default": "Ann"}}}, text="Dear Ann"),
        "delivery_report": Case({"delivery_report": "full", "callback_url": CALLBACK}),
        "send_at": Case({"send_at": TOMORROW.isoformat()}, later=True),
        "expire_at": Case({"expire_at": EXPIRE_AT.isoformat()}, {"validity": EXPIRE_AT}),
        **own("callback_url", CALLBACK),
        **own("tags", ["a"]),
        "campaign_id": Case({"campaign_id": "C-1"}, {"campaign": "C-1"}),
        **own("client_reference", "mine"),
        **own("feedback_enabled", True),
        "flash_message": Case({"flash_message": True}, {"flash": True}),
        **own("max_number_of_message_parts", 1),
        "truncate_concat": Case({"truncate_concat": True, "body": LONG}, text=LONG[:160]),
        "from_ton": Case({"from_ton": 5}, {"TON": 5}),
        "from_npi": Case({"from_npi": 1}, {"NPI": 1}),
        "all at once": Case(
            {
                "flash_message": True,
                "campaign_id": "C-2",
                "from_ton": 5,
                "from_npi": 1,
                "expire_at": EXPIRE_AT.isoformat(),
                "tags": ["a"],
                "client_reference": "mine",
            },
            {"flash": True, "campaign": "C-2", "TON": 5, "NPI": 1, "validity": EXPIRE_AT},
        ),
    },
)

# -- SMS.CX


def ask_smscx(http: httpx2.Client, ready: Ready, msisdn: str, options: Options) -> httpx2.Response:
    """To a group of this one number, if `groups` is among the options."""
    at = ready["protocols"]["smscx"]

    def post(path: str, body: Options) -> httpx2.Response:
        return http.post(f"{at['host']}/{path}", json=body, headers={"X-API-KEY": at["api_key"]})

    wanted = {"to": [f"+{msisdn}"], "text": TEXT, "from": ORIGINATOR} | options
    if "groups" not in options:
        return post("sms", wanted)
    number = post("groups", {"name": f"G{msisdn}"}).json()["info"]["id"]
    contact = {"phoneNumber": f"+{msisdn}", "firstName": "Ann"}
    assert post(f"groups/{number}", {"phoneNumbers": [contact]}).status_code < 300
    del wanted["to"]
    return post("sms/campaign", wanted | {"groups": [number]})


SMSCX = Door(
    "smscx",
    fields_of(smscx.sending.SmsRequest, smscx.sending.CampaignRequest),
    {"to", "text", "from"},
    ask_smscx,
    {
        "scheduledDate": Case({"scheduledDate": TOMORROW.strftime("%Y-%m-%d %H:%M:%S"), "isUtc": True}, later=True),
        **own("isUtc", True),
        **own("dlrCallbackUrl", CALLBACK),
        **own("shortResponse", True),
        **own("noTextDetails", True),
        **own("showTimezone", True),
        "idempotencyId": Case({"idempotencyId": unique}),
        **own("countryIso", "DE"),
        **own("allowInvalid", True),
        "trackData": Case({"trackData": unique}),
        "transliteration": Case(
            {"transliteration": {"alphabet": "RUSSIAN_CYRILLIC", "removeEmojis": True}, "text": "Привет"}, text="Privet"
        ),
        "groups": Case({"groups": []}),
        "groups, each by name": Case({"groups": [], "text": "Dear {{firstName}}"}, text="Dear Ann"),
    },
)

# -- smsdrop


@lru_cache
def _token(http: httpx2.Client, context: str, email: str, password: str) -> str:
    answer = http.post(f"{context}/api/auth/login", data={"username": email, "password": password})
    return str(answer.json()["access_token"])


def ask_smsdrop(http: httpx2.Client, ready: Ready, msisdn: str, options: Options) -> httpx2.Response:
    at = ready["protocols"]["smsdrop"]
    token = _token(http, at["context"], at["email"], at["password"])
    return http.post(
        f"{at['context']}/api/campaigns/",
        json={"message": TEXT, "sender": ORIGINATOR, "recipient_list": [f"+{msisdn}"]} | options,
        headers={"Authorization": f"Bearer {token}"},
    )


SMSDROP = Door(
    "smsdrop",
    fields_of(smsdrop.NewCampaign),
    {"message", "sender", "recipient_list"},
    ask_smsdrop,
    {
        "message_type": Case({"message_type": 1}, {"flash": True}),
        "message_type, the other": Case({"message_type": 2}, {"UCS-2": True}),
        **own("title", "Spring"),
        "defer_until": Case({"defer_until": TOMORROW.isoformat()}, later=True),
        "defer_by": Case({"defer_by": 3_600}, later=True),
    },
)

# -- iSendPro


def ask_isendpro(http: httpx2.Client, ready: Ready, msisdn: str, options: Options) -> httpx2.Response:
    at = ready["protocols"]["isendpro"]
    return http.post(f"{at['host']}/sms", json={"keyid": at["keyid"], "num": msisdn, "sms": TEXT} | options)


ISENDPRO = Door(
    "isendpro",
    named_in(r"asked\.\w+\(\"(\w+)\"\)", sending, server.IsendproDoor._numbers),
    {"num", "sms"},
    ask_isendpro,
    {
        "emetteur": Case({"emetteur": "Marque", "nostop": "1"}, {"originator": "Marque"}),
        "nostop": Case({"emetteur": "Marque"}, {"originator": "Marque"}, text=f"{TEXT} STOP 36111"),
        "smslong": Case({"smslong": "999", "sms": LONG}, text=LONG),
        "tracker": Case({"tracker": "mine1"}),
        "ucs2": Case({"ucs2": "1"}, {"UCS-2": True}),
        "sandbox": Case({"sandbox": "1"}, refused=True),  # as if it had been sent
        "date_envoi": Case({"date_envoi": TOMORROW.strftime("%Y-%m-%d %H:%M")}, later=True),
        "gmt_zone": Case({"date_envoi": TOMORROW.strftime("%Y-%m-%d %H:%M"), "gmt_zone": "Europe/Athens"}, later=True),
        "repertoireId": Case({"repertoireId": "999999"}, refused=True),
    },
    originator=None,
)

# -- Twilio


def ask_twilio(http: httpx2.Client, ready: Ready, msisdn: str, options: Options) -> httpx2.Response:
    at = ready["protocols"]["twilio"]
    wanted = {"To": f"+{msisdn}", "From": ORIGINATOR, "Body": TEXT} | options
    if wanted["To"] == "whatsapp":
        wanted |= {"To": f"whatsapp:+{msisdn}", "From": "whatsapp:+14155238886"}
    return http.post(
        f"{at['base_url']}/2010-04-01/Accounts/{at['account_sid']}/Messages.json",
        data={name: value for name, value in wanted.items() if value is not None},
        auth=(at["account_sid"], at["auth_token"]),
    )


SERVICE = "MG" + "0" * 32
SCHEDULED = {"SendAt": TOMORROW.isoformat(), "ScheduleType": "fixed", "MessagingServiceSid": SERVICE}
TWILIO = Door(
    "twilio",
    named_in(r"form\.\w+\(\"(\w+)\"", shapes.draft, shapes._send_at),
    {"To", "From", "Body"},
    ask_twilio,
    {
        "To, by WhatsApp": Case({"To": "whatsapp"}, {"WhatsApp": True, "originator": "14155238886"}),
        "MessagingServiceSid": Case({"MessagingServiceSid": SERVICE}),
        "MediaUrl": Case({"MediaUrl": LINK}, text=f"{TEXT}\n{LINK}"),
        "StatusCallback": Case({"StatusCallback": CALLBACK}),
        "ValidityPeriod": Case({"ValidityPeriod": "7200"}, {"validity": EXPIRE_AT}),
        "ProvideFeedback": Case({"ProvideFeedback": "true"}),
        "ContentSid": Case({"ContentSid": "HX" + "0" * 32}, refused=True),
        "SendAt": Case(SCHEDULED, later=True),
        "ScheduleType": Case(SCHEDULED, later=True),
    },
)

DOORS = [NATIVE, XMS, SMSCX, SMSDROP, ISENDPRO, TWILIO]
