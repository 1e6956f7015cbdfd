"""What a request to each provider's server says of one message, in words that are the same for all."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from heliograph.calling import Request

Said = dict[str, Any]
"""`text`, `originator` and what else it says, by the names of the table in docs/providers.md."""
PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
YES, REFUSED = "yes", "refused"


def can_say() -> dict[str, dict[str, str]]:
    """The table "What each can say": feature -> provider's type -> `yes`, `refused` or nothing."""
    section = PAGE.read_text().split("## What each can say")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    (_, *providers), _, *rows = [[cell.strip(" `") for cell in line] for line in lines]
    return {feature: dict(zip(providers, cells, strict=True)) for feature, *cells in rows}


def _json(request: Request) -> Any:
    return json.loads(request.body or b"{}")


def _digits(number: str) -> str:
    return number.lstrip("+")


def heliograph(request: Request, msisdn: str) -> Said | None:
    if request.method != "POST" or msisdn not in map(_digits, _json(request)["to"]):
        return None
    said = _json(request)
    text = _filled(said.get("text") or "", said.get("parameters") or {}, f"+{msisdn}")
    found = {
        "text": text,
        "originator": said.get("from"),
        "priority": said.get("priority", "normal"),
        "flash": said.get("flash", False),
    }
    found |= {"validity": datetime.fromisoformat(said["expire_at"]), "rich media": _given(said.get("rich_media"))}
    found |= {"Viber": said["channel"] == "viber", "WhatsApp": said["channel"] == "whatsapp"}
    if said.get("data"):
        found["binary"] = b64decode(said["data"]), said.get("udh", "")
    return found


def _given(media: dict[str, Any] | None) -> dict[str, Any] | None:
    return media and {name: value for name, value in media.items() if value is not None}


def xms(request: Request, msisdn: str) -> Said | None:
    if request.method != "POST" or msisdn not in _json(request)["to"]:
        return None
    said = _json(request)
    found = {
        "text": _filled(said["body"], said.get("parameters") or {}, msisdn),
        "originator": said.get("from"),
        "flash": said.get("flash_message", False),
        "validity": datetime.fromisoformat(said["expire_at"]),
        "TON": said.get("from_ton"),
        "NPI": said.get("from_npi"),
        "campaign": said.get("campaign_id"),
    }
    if said["type"] == "mt_binary":
        found["binary"] = b64decode(said["body"]), said.get("udh", "")
    return found


def _filled(text: str, parameters: dict[str, dict[str, str]], number: str) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda name: _value(parameters[name[1]], number), text)


def _value(values: dict[str, str], number: str) -> str:
    return values[number] if number in values else values["default"]


def smscx(request: Request, msisdn: str) -> Said | None:
    said = _json(request)
    if request.method != "POST" or msisdn not in map(_digits, said["to"]):
        return None
    by = request.path.strip("/")
    text = said["text"] if by == "sms" else said["customFields"]["text"]
    return {"text": text, "originator": said["from"], "Viber": by == "viber", "WhatsApp": by == "whatsapp"}


def smsdrop(request: Request, msisdn: str) -> Said | None:
    if request.method != "POST" or request.path != "/api/campaigns/":
        return None
    said = _json(request)
    if msisdn not in map(_digits, said["recipient_list"]):
        return None
    kind = said.get("message_type", 0)
    return {"text": said["message"], "originator": said["sender"], "flash": kind == 1, "UCS-2": kind == 2}


def isendpro(request: Request, msisdn: str) -> Said | None:
    said = _json(request)
    if msisdn not in said.get("num", ()):
        return None
    text = said["sms"][said["num"].index(msisdn)]
    return {"text": text, "originator": said.get("emetteur"), "UCS-2": said.get("ucs2") == "1"}


def twilio(request: Request, msisdn: str) -> Said | None:
    said = dict(parse_qsl((request.body or b"").decode()))
    to = said.get("To", "")
    if _digits(to.removeprefix("whatsapp:")) != msisdn:
        return None
    sender = _digits(said["From"].removeprefix("whatsapp:"))
    validity = datetime.now(UTC) + timedelta(seconds=int(said["ValidityPeriod"]))
    return {
        "text": said["Body"],
        "originator": sender,
        "validity": validity if int(said["ValidityPeriod"]) < 14_400 else None,
        "WhatsApp": to.startswith("whatsapp:"),
    }


def sns(request: Request, msisdn: str) -> Said | None:
    said = dict(parse_qsl((request.body or b"").decode()))
    if _digits(said.get("PhoneNumber", "")) != msisdn:
        return None
    names = {
        value: said[name.replace(".Name", ".Value.StringValue")] for name, value in said.items() if ".Name" in name
    }
    return {"text": said["Message"], "originator": names.get("AWS.SNS.SMS.SenderID")}


def ats(request: Request, msisdn: str) -> Said | None:
    for sms in ElementTree.fromstring(request.body or b"").iter("sms"):
        if _digits(sms.get("recipient", "")) == msisdn:
            validity = datetime.now(UTC) + timedelta(minutes=int(sms.get("validity") or 0))
            text = "".join(sms.itertext()).strip()
            return {"text": text, "originator": sms.get("sender"), "validity": validity}
    return None


def smsoperator(request: Request, msisdn: str) -> Said | None:
    for item in ElementTree.fromstring(request.body or b"").iter("DataItem"):
        if _digits(item.findtext("MobileTerminate") or "") == msisdn:
            return {"text": item.findtext("Text"), "originator": item.findtext("PhoneNumberMo")}
    return None


def webhook(request: Request, msisdn: str) -> Said | None:
    if not request.path.endswith(msisdn):
        return None
    said = _json(request)["message"]
    found: Said = {"text": said["text"], "originator": said["sender"] or None}
    if said["data"]:
        found["binary"] = b64decode(said["data"]), said["udh"]
    return found


SAYS: dict[str, Callable[[Request, str], Said | None]] = {
    each.__name__: each for each in (heliograph, xms, smscx, smsdrop, isendpro, twilio, sns, ats, smsoperator, webhook)
}
"""By the provider's type: what it says of the message to a number; None: nothing."""
