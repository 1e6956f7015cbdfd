"""Requests and answers of Amazon SNS (reference: providers.md, section B). No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from heliograph.protocols.shared.xmlish import NotXml, parsed

VERSION = "2010-03-31"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
THROTTLED = frozenset({"Throttled", "Throttling", "ThrottlingException", "RequestLimitExceeded"})
NOT_ALLOWED = frozenset(
    {
        *("AuthorizationError", "InvalidSecurity", "InvalidClientTokenId", "SignatureDoesNotMatch", "AccessDenied"),
        *("ExpiredToken", "UnrecognizedClientException", "MissingAuthenticationToken", "InvalidAccessKeyId"),
    }
)
OPTED_OUT = "OptedOut"
FAILED = frozenset({"InternalError", "InternalFailure", "ServiceUnavailable"})


def action(name: str, **parameters: str) -> bytes:
    """Write the body of a request for one action of the API."""
    return urlencode({"Action": name, "Version": VERSION} | parameters).encode()


def attributes(values: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Write message attributes, each a name with its type and value, as parameters of Publish."""
    found: dict[str, str] = {}
    for place, (name, (kind, value)) in enumerate(values.items(), 1):
        entry = f"MessageAttributes.entry.{place}"
        found |= {f"{entry}.Name": name, f"{entry}.Value.DataType": kind, f"{entry}.Value.StringValue": value}
    return found


def message_id(document: bytes) -> str:
    """Read the identifier in the answer to Publish. Raises NotXml if there is none."""
    found = _first(parsed(document), "MessageId")
    if not found:
        raise NotXml("The answer has no MessageId.")
    return found


def error(document: bytes) -> tuple[str, str]:
    """Read the code and the message of a refusal, each empty if missing. Raises NotXml."""
    root = parsed(document)
    return _first(root, "Code"), _first(root, "Message")


def settings(document: bytes) -> dict[str, str]:
    """Read the settings in the answer to GetSMSAttributes. Raises NotXml."""
    return {
        _first(entry, "key"): _first(entry, "value") for entry in parsed(document).iter() if _bare(entry.tag) == "entry"
    }


def _first(root: Element, name: str) -> str:
    return next(((each.text or "").strip() for each in root.iter() if _bare(each.tag) == name), "")


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]
