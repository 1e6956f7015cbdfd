"""The documents of SMS Operator (reference: providers.md, section D). No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

import msgspec

from heliograph.domain.statuses import Reason, Status
from heliograph.protocols.shared.xmlish import NotXml, parsed, storable_in_xml, written

SEND, STATUS = "SMS", "SMS-Status"
NOTHING_KNOWN = 11
"""The status of a message that nothing is known of, as is usual right after sending."""
STATES: dict[int, tuple[Status, Reason | None] | None] = {
    0: (Status.DELIVERED, None),
    1: (Status.FAILED, Reason.UNDELIVERED),
    2: (Status.FAILED, Reason.UNKNOWN_SUBSCRIBER),
    3: (Status.FAILED, Reason.EXPIRED_IN_NETWORK),
    4: (Status.FAILED, Reason.UNKNOWN_SUBSCRIBER),
    5: (Status.FAILED, Reason.UNDELIVERED),
    6: (Status.FAILED, Reason.UNDELIVERED),
    7: (Status.FAILED, Reason.TOO_MANY_PARTS),
    10: (Status.FAILED, Reason.UNDELIVERED),
    NOTHING_KNOWN: None,
    12: None,
    13: None,
    14: None,
    15: (Status.FAILED, Reason.UNDELIVERED),
}
"""What each status says of an earlier message; None means that it, or parts of it, are on their way."""
MALFORMED, OTHER_ERROR, EVENT_ERROR, TOO_LONG = 4, 5, 6, 7


class Sms(msgspec.Struct, frozen=True, kw_only=True):
    sms_id: str
    sender: str
    """The sender; empty means the account's own."""
    recipient: str
    text: str


def _envelope(username: str, password: str, kind: str) -> tuple[Element, Element]:
    root = Element("SmsServices")
    header = SubElement(root, "DataHeader")
    SubElement(header, "DataType").text = kind
    SubElement(header, "UserName").text = username
    SubElement(header, "Password").text = password
    return root, SubElement(root, "DataArray")


def request(username: str, password: str, messages: Iterable[Sms]) -> bytes:
    root, array = _envelope(username, password, SEND)
    template = SubElement(array, "DataTemplate")
    for message in messages:
        item = SubElement(template, "DataItem")
        if message.sender:
            SubElement(item, "PhoneNumberMo").text = message.sender
        SubElement(item, "MobileTerminate").text = message.recipient
        SubElement(item, "Text").text = storable_in_xml(message.text)
        SubElement(item, "SmsId").text = message.sms_id
    return written(root)


def question(username: str, password: str, sms_ids: Iterable[str]) -> bytes:
    root, array = _envelope(username, password, STATUS)
    for sms_id in sms_ids:
        SubElement(array, "SmsId").text = sms_id
    return written(root)


def reply(document: bytes) -> dict[str, int]:
    """Read the status of each SmsId, whatever the case of the elements' names.

    Raises NotXml if it is not XML, or if an item lacks its SmsId or a numeric status.
    """
    found: dict[str, int] = {}
    for element in parsed(document).iter():
        if element.tag.lower() != "dataitem":
            continue
        values = {child.tag.lower(): (child.text or "").strip() for child in element}
        try:
            found[values["smsid"]] = int(values["status"])
        except (KeyError, ValueError) as error:
            raise NotXml("An item of the answer has no SmsId and Status.") from error
    return found
