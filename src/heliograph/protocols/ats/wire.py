"""The documents of ATS (reference: providers.md, section C). No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

import msgspec

from heliograph.domain.statuses import Reason, Status
from heliograph.protocols.shared.xmlish import NotXml, parsed, storable_in_xml, written

HOME_ZONE = ZoneInfo("Europe/Prague")
"""The reference says local time; the gateway is in Prague."""
ACCEPTED, NOT_SENT_YET, DUPLICATE = 0, 21, 310
TO_BE_TRIED_AGAIN = frozenset({1, 200})
AUTHENTICATION_FAILED = 100
NUMBER_MALFORMED = 350
TAKEN_IN, NOT_TAKEN_IN = 23, 24
"""Codes that we answer for each message that the gateway pushes."""
STATES: dict[int, tuple[Status, Reason | None] | None] = {
    ACCEPTED: None,
    NOT_SENT_YET: None,
    22: (Status.SENT, None),
    23: (Status.DELIVERED, None),
    24: (Status.FAILED, Reason.UNDELIVERED),
    25: (Status.UNKNOWN, None),
    20: (Status.FAILED, Reason.UNDELIVERED),
}
"""What each code says of an earlier message that was asked about; None means that nothing is known yet."""
NOT_THE_LAST = frozenset({22, 25})
"""Codes of an earlier message after which another may follow: it is asked about again."""


class Sms(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be sent."""

    uniq: str
    """Our identifier of the message, never used again for another."""
    sender: str
    recipient: str
    text: str
    validity_min: int
    keyword: str
    textid: str = ""
    opmid: str = ""


class PushedSms(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound message that the gateway pushes."""

    uniq: str
    sender: str
    recipient: str
    text: str
    operator: str
    at: datetime | None


class Reply(msgspec.Struct, frozen=True):
    """What the gateway answered to messages and questions."""

    codes: dict[str, int]
    """The code of each message, by its `uniq`."""
    whole: int | None
    """The code of an error of the whole request."""


def request(name: str, password: str, messages: Iterable[Sms] = (), questions: Iterable[str] = ()) -> bytes:
    root = Element("messages")
    auth = SubElement(root, "auth")
    SubElement(auth, "name").text = name
    SubElement(auth, "password").text = password
    for message in messages:
        attributes = {
            "type": "text",
            "uniq": message.uniq,
            "sender": message.sender,
            "recipient": message.recipient,
            "opmid": message.opmid,
            "dlr": "1",
            "validity": str(message.validity_min),
            "kw": message.keyword,
        }
        if message.textid:
            attributes["textid"] = message.textid
        sms = SubElement(root, "sms", attributes)
        SubElement(sms, "body", {"order": "0", "billing": "0"}).text = storable_in_xml(message.text)
    for uniq in questions:
        SubElement(root, "dlr", {"uniq": uniq}).text = uniq
    return written(root)


def reply(document: bytes) -> Reply:
    """Read the gateway's answer. Raises NotXml if it is not XML, has no code, or has one that is not a number."""
    codes: dict[str, int] = {}
    whole: int | None = None
    root = parsed(document)
    for element in root.iter("code"):
        try:
            code = int((element.text or "").strip())
        except ValueError as error:
            raise NotXml(f"The code {element.text!r} is no number.") from error
        uniq = element.get("uniq")
        if uniq is None:
            whole = code
        else:
            codes[uniq] = code
    if not codes and whole is None:
        raise NotXml("The answer has no code.")
    return Reply(codes, whole)


def pushed(document: bytes) -> list[PushedSms]:
    """Read the inbound messages of a push. Raises NotXml if it is not XML."""
    return [
        PushedSms(
            uniq=element.get("uniq", ""),
            sender=element.get("sender", ""),
            recipient=element.get("recipient", ""),
            text=element.text or "",
            operator=element.get("opid", ""),
            at=_instant(element.get("ts", "")),
        )
        for element in parsed(document).iter("sms")
    ]


def acknowledged(codes: dict[str, int]) -> bytes:
    """Write the answer to a push: a code for each message, by its `uniq`."""
    root = Element("status")
    for uniq, code in codes.items():
        SubElement(root, "code", {"uniq": uniq}).text = str(code)
    return written(root)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=HOME_ZONE)
    except ValueError:
        return None
