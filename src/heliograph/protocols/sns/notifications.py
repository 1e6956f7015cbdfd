"""What topics of Amazon SNS post, and how its origin is proven (reference: providers.md, section B)."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import SplitResult, urlsplit, urlunsplit

import msgspec

from heliograph.calling import AsyncDriver, Request, Unreachable
from heliograph.domain.bounded import instant_in, is_recent
from heliograph.protocols.shared.far_server import FarServer

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+/[A-Za-z0-9._~:/?&=+%-]*")
_CERTIFICATE_PATH = re.compile(r"/[A-Za-z0-9._-]+\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


OLDEST_S = 3_600
"""How old a notification may be, in seconds: Amazon's advice, and no retry policy of a topic goes on for longer."""


class NotGenuine(Exception):
    """A notification that is not proven to come from the topic, or to be recent."""


class Notification(msgspec.Struct, kw_only=True, rename="pascal"):
    type: str
    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    signature_version: str
    signature: str
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    subject: str | None = None
    token: str | None = None
    subscribe_url: str = msgspec.field(name="SubscribeURL", default="")

    def signed_text(self) -> bytes:
        """Return the text that the signature covers. Raises NotGenuine for an unknown type."""
        names = _SIGNED.get(self.type)
        if names is None:
            raise NotGenuine(f"There is no type {self.type!r}.")
        known = {
            "Message": self.message,
            "MessageId": self.message_id,
            "Subject": self.subject,
            "SubscribeURL": self.subscribe_url,
            "Timestamp": self.timestamp,
            "Token": self.token,
            "TopicArn": self.topic_arn,
            "Type": self.type,
        }
        return "".join(f"{name}\n{known[name]}\n" for name in names if known[name] is not None).encode()

    def require_recent(self) -> None:
        """Raise NotGenuine unless its time is within the last `OLDEST_S` seconds."""
        at = instant_in(self.timestamp)
        if at is None or not is_recent(at.timestamp(), oldest_s=OLDEST_S):
            raise NotGenuine(f"The time {self.timestamp[:40]!r} is none of the last hour.")


def _address(url: str) -> SplitResult:
    """Split a URL. Raises NotGenuine for what parsers read in different ways: blanks, control characters and others."""
    if not _ADDRESS.fullmatch(url):
        raise NotGenuine("The address has characters that no address has.")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise NotGenuine("The address can't be read.") from error


class Certificates:
    """Amazon's certificates, fetched once each."""

    def __init__(self, driver: AsyncDriver | None = None) -> None:
        """Ask `driver` instead of Amazon's own servers, if there is one."""
        self._driver = driver
        self._known: dict[str, bytes] = {}

    async def close(self) -> None:
        if self._driver is not None:
            await self._driver.close()

    async def require(self, told: Notification, region: str) -> None:
        """Raise NotGenuine unless the notification's signature is Amazon's for this region.

        Raises Unreachable if the certificate can't be fetched, which makes Amazon tell it again.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256
        from cryptography.x509 import load_pem_x509_certificate

        if not _CERTIFICATE_PATH.fullmatch(_address(told.signing_cert_url).path):
            raise NotGenuine("The certificate's address is none of Amazon's.")
        content = self._known.get(told.signing_cert_url)
        if content is None:
            content = await self.visit(told.signing_cert_url, region)
        try:
            key = load_pem_x509_certificate(content).public_key()
            signature = b64decode(told.signature, validate=True)
            assert isinstance(key, RSAPublicKey)  # noqa: S101 - what else would be no certificate of theirs
            digest = SHA256() if told.signature_version == "2" else SHA1()  # noqa: S303 - version 1 is SHA-1
            key.verify(signature, told.signed_text(), PKCS1v15(), digest)
        except (InvalidSignature, ValueError, AssertionError) as error:
            raise NotGenuine("The signature is not right.") from error
        self._known[told.signing_cert_url] = content

    async def visit(self, url: str, region: str) -> bytes:
        """Fetch what is at an address of Amazon SNS in this region.

        Raises NotGenuine for any other address, Unreachable if there is no answer of 200.
        """
        parts = _address(url)
        if parts.scheme != "https" or parts.netloc != f"sns.{region}.amazonaws.com":
            raise NotGenuine("The address is none of Amazon SNS in this region.")
        far = FarServer(f"{parts.scheme}://{parts.netloc}", driver=self._driver)
        far.open()
        try:
            response = await far.ask(Request("GET", urlunsplit(("", "", parts.path, parts.query, ""))))
        finally:
            if self._driver is None:
                await far.close()
        if response.status != 200:
            raise Unreachable(f"{parts.netloc} answered {response.status}.")
        return response.body
