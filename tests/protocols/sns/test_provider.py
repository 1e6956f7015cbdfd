"""Sending by Amazon SNS: moto's server takes the requests, boto3 is the judge of their signatures."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from tests.protocols.standing_in import Ears, StandIn, outgoing

from heliograph.calling import Request, Response
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Refused, WebhookRequest
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.sns import wire
from heliograph.protocols.sns.notifications import Certificates, Notification
from heliograph.protocols.sns.provider import SnsConfig, SnsProvider
from heliograph.protocols.sns.signing import Signer
from heliograph.runtime.providers import check

HERE = ProviderContext(name="line", account_id="A" * 26, callback_url="https://sms.example.org/providers/line/x")
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:inbound"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


async def started(config: SnsConfig, **parts: Any) -> tuple[SnsProvider, Ears]:
    provider, ears = SnsProvider(config, HERE, **parts), Ears()
    await provider.start(ears)
    return provider, ears


async def test_moto_takes_messages_and_says_who_opted_out(moto: str) -> None:
    import boto3

    config = SnsConfig(type="sns", region="eu-west-1", endpoint=moto, **KEYS)
    provider, _ = await started(config)
    try:
        outcomes = await provider.send([outgoing(1, originator="Acme"), outgoing(2), outgoing(3, "à ☺")])
        (invalid,) = await provider.send([outgoing(1, msisdn="1")])
        checked = await check(provider)
    finally:
        await provider.stop()
    client = boto3.client(
        "sns",
        region_name="eu-west-1",
        endpoint_url=moto,
        aws_access_key_id=KEYS["access_key_id"],
        aws_secret_access_key=KEYS["secret_access_key"],
    )

    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    assert len({outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)}) == 3
    assert isinstance(invalid, Refused)
    assert invalid.code == "InvalidParameter"
    assert checked.works, checked.told
    assert client.check_if_phone_number_is_opted_out(phoneNumber="+33600000099")["isOptedOut"] is True


@pytest.mark.parametrize("token", ["", "session-token"])
def test_signatures_are_what_boto3_signs(token: str) -> None:
    """boto3 signs a Publish; the same body at the same time is signed by us."""
    import boto3

    caught: list[Any] = []
    client = boto3.client(
        "sns",
        region_name="eu-west-1",
        aws_access_key_id=KEYS["access_key_id"],
        aws_secret_access_key=KEYS["secret_access_key"],
        aws_session_token=token or None,
    )

    def catch(request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        caught.append(request)
        body = b"<PublishResponse><PublishResult><MessageId>x</MessageId></PublishResult></PublishResponse>"
        answer = AWSResponse(request.url, 200, {}, None)
        answer._content = body
        return answer

    client.meta.events.register("before-send.sns.Publish", catch)
    client.publish(PhoneNumber="+33612345678", Message="à")
    theirs = caught[0]
    at = theirs.headers["X-Amz-Date"].decode()
    moment = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    body = theirs.body if isinstance(theirs.body, bytes) else theirs.body.encode()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: moment.replace(tzinfo=None))
        ours = Signer(KEYS["access_key_id"], KEYS["secret_access_key"], token, "eu-west-1").headers(
            theirs.url, body, theirs.headers["Content-Type"].decode()
        )

    assert body == wire.action("Publish", PhoneNumber="+33612345678", Message="à") or b"PhoneNumber" in body
    assert ours["Authorization"] == theirs.headers["Authorization"].decode()


def test_a_request_has_the_attributes_that_apply() -> None:
    config = SnsConfig(type="sns", region="eu-west-1", max_price="0.50", entity_id="E", template_id="T", **KEYS)
    provider = SnsProvider(config, HERE)

    named = provider._attributes(outgoing(1, originator="Acme"))
    numbered = provider._attributes(outgoing(1, originator="33612345678"))

    assert named["AWS.SNS.SMS.SenderID"] == ("String", "Acme")
    assert named["AWS.SNS.SMS.MaxPrice"] == ("Number", "0.50")
    assert numbered["AWS.MM.SMS.OriginationNumber"] == ("String", "+33612345678")
    assert "AWS.SNS.SMS.SenderID" not in numbered


RIGHT = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"


def amazons_time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03}Z"


class Amazon:
    """A topic with a certificate of its own."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM)

    def said(self, message: str, *, version: str = "2", **changed: str) -> WebhookRequest:
        fields = {
            "Type": "Notification",
            "MessageId": "N1",
            "TopicArn": TOPIC,
            "Message": message,
            "Timestamp": amazons_time(datetime.now(UTC)),
            "SignatureVersion": version,
            "SigningCertURL": RIGHT,
            "Signature": "",
        }
        fields |= changed
        text = msgspec.convert(fields, Notification).signed_text()
        digest = hashes.SHA256() if version == "2" else hashes.SHA1()
        fields["Signature"] = base64.b64encode(self._key.sign(text, padding.PKCS1v15(), digest)).decode()
        return WebhookRequest("POST", {}, {"content-type": "text/plain"}, json.dumps(fields).encode())


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon()


async def listening(amazon: Amazon, *topics: str) -> tuple[SnsProvider, Ears, StandIn]:
    def answer(request: Request) -> Response:
        return Response(200, amazon.certificate if request.path.endswith(".pem") else b"<ok/>")

    certificates = StandIn(answer)
    config = SnsConfig(type="sns", region="eu-west-1", topics=topics or (TOPIC,), **KEYS)
    provider, ears = await started(
        config, driver=StandIn(lambda _: Response(200, b"")), certificates=Certificates(certificates)
    )
    return provider, ears, certificates


@pytest.mark.parametrize("version", ["1", "2"])
async def test_inbound_messages_and_events_come_by_a_topic(amazon: Amazon, version: str) -> None:
    provider, ears, certificates = await listening(amazon)
    inbound = {
        "originationNumber": "+33612345678",
        "destinationNumber": "+33700000000",
        "messageBody": "Oui",
        "inboundMessageId": "I1",
    }
    event = {"eventType": "TEXT_DELIVERED", "messageId": "M1"}

    said = [
        await provider.handle_webhook(amazon.said(json.dumps(each), version=version))
        for each in (inbound, event, event | {"eventType": "TEXT_SPAM"}, event | {"eventType": "TEXT_NEW"})
    ]

    assert [answer.status for answer in said] == [200] * 4
    (arrival,) = ears.arrived
    assert (arrival.msisdn, arrival.to, arrival.body, arrival.provider_ref) == (
        "+33612345678",
        "+33700000000",
        "Oui",
        "I1",
    )
    assert ears.heard == [
        Receipt("line", "M1", Status.DELIVERED, None, "TEXT_DELIVERED"),
        Receipt("line", "M1", Status.FAILED, Reason.UNDELIVERED, "TEXT_SPAM"),
        Receipt("line", "M1", None, None, "TEXT_NEW"),
    ]
    assert len(certificates.requests) == 1  # fetched once


async def test_a_subscription_is_confirmed_by_going_where_it_says(amazon: Amazon) -> None:
    provider, _, visited = await listening(amazon)
    told = amazon.said(
        "You have chosen to subscribe",
        Type="SubscriptionConfirmation",
        Token="t",
        SubscribeURL="https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
    )

    assert (await provider.handle_webhook(told)).status == 200
    assert visited.requests[-1].path == "/?Action=ConfirmSubscription&Token=t"


NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
NO_TIMES = ["", "soon", "1767261600", "9" * 5_000, "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59-23:59"]


@pytest.mark.parametrize("kind", ["Notification", "SubscriptionConfirmation"])
@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        (amazons_time(NOW), 200),
        (amazons_time(NOW - timedelta(hours=1)), 200),
        (amazons_time(NOW + timedelta(minutes=5)), 200),
        (amazons_time(NOW - timedelta(hours=1, milliseconds=1)), 403),
        (amazons_time(NOW + timedelta(minutes=5, milliseconds=1)), 403),
        (amazons_time(NOW - timedelta(days=30)), 403),
        *((text, 403) for text in NO_TIMES),
    ],
)
async def test_what_was_signed_for_another_hour_is_not_taken_though_its_signature_is_right(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, kind: str, timestamp: str, status: int
) -> None:
    monkeypatch.setattr("heliograph.domain.bounded.time", SimpleNamespace(time=NOW.timestamp))
    provider, ears, visited = await listening(amazon)
    told = amazon.said(
        '{"eventType": "TEXT_DELIVERED", "messageId": "M1"}',
        Type=kind,
        Timestamp=timestamp,
        Token="t",
        SubscribeURL="https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
    )

    answer = await provider.handle_webhook(told)

    assert answer.status == status
    assert bool(ears.heard or len(visited.requests) > 1) == (status == 200)


async def test_nothing_is_taken_that_is_not_the_topic_s(amazon: Amazon) -> None:
    provider, ears, visited = await listening(amazon)
    genuine = amazon.said('{"eventType": "TEXT_DELIVERED", "messageId": "M1"}')
    changed = msgspec.structs.replace(genuine, body=genuine.body.replace(b"M1", b"M2"))

    answers = [
        await provider.handle_webhook(each)
        for each in (
            changed,
            amazon.said("{}", SigningCertURL="https://evil.example.org/x.pem"),
            amazon.said("{}", SigningCertURL="http://sns.eu-west-1.amazonaws.com/x.pem"),
            amazon.said("{}", SigningCertURL="https://sns.eu-west-1.amazonaws.com/?x=.pem"),
            amazon.said("{}", SigningCertURL=" " * 13 + RIGHT),
            amazon.said("{}", SigningCertURL=RIGHT.replace("https://", "https://evil.example.org\\@")),
            amazon.said("{}", SigningCertURL=RIGHT.replace("/Simple", "/\tSimple")),
            amazon.said("{}", SigningCertURL=RIGHT + "\n"),
            amazon.said("{}", SigningCertURL="https://[sns.eu-west-1.amazonaws.com/x.pem"),
            amazon.said("{}", TopicArn="arn:aws:sns:eu-west-1:999999999999:other"),
            WebhookRequest("POST", {}, {}, b"nonsense"),
        )
    ]

    assert [answer.status for answer in answers] == [403] * 11
    assert (ears.heard, ears.arrived) == ([], [])
    assert len(visited.requests) == 1  # of the first, whose address is right
