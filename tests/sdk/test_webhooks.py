"""Callbacks as a customer reads them: those of a real server, and those that are not to be believed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest

from heliograph import webhooks
from heliograph.api import wire
from heliograph.domain.signing import sign

if TYPE_CHECKING:
    from tests.conftest import StartServer
    from tests.protocols.listening import Listener

INSTANT = "2026-01-01T00:00:00Z"
OTHER = json.dumps({"id": "e1", "type": "of.tomorrow", "created_at": INSTANT, "data": {"a": [1]}}).encode()


def signed(body: bytes, *secrets: str, ago_s: int = 0) -> dict[str, str]:
    seconds = int(time.time()) - ago_s
    return {"X-Heliograph-Signature": ",".join([f"t={seconds}", *(f"v1={sign(s, seconds, body)}" for s in secrets)])}


def test_events_of_a_server_are_typed(
    start_server: StartServer, new_number: Callable[[], str], customer: Listener
) -> None:
    server, number = start_server(), new_number()

    def heard(kind: str) -> webhooks.Event:
        while customer.next()["type"] != kind:
            pass
        return webhooks.parse(customer.body, list(customer.headers.items()), secrets)

    with server.client() as client:
        client.account.change(wire.ChangeAccount(callback_url=customer.url))
        secrets = ["of-yesterday", client.account.get().callback_secret]
        to_customer = {"callback_url": customer.url}
        message = client.messages.send(
            to=number, text="Hello", originator="Acme", report="per_recipient_final", **to_customer
        )
        status = heard("message.status")
        batch = client.batches.send(to=[number], text="Hello", report="summary", **to_customer)
        settled = heard("batch.settled")
        inbound_id = client.sandbox.reply(number, to="Acme", text="Hi")
        inbound = heard("inbound")
        client.optouts.add(new_number())
        optout = heard("optout.added")
        started = client.verify.start(to=number, callback_url=customer.url)
        client.verify.check(started.id, client.sandbox.read_code(number))
        verified = heard("verification.settled")

    assert isinstance(status, webhooks.MessageStatusEvent)
    assert (status.data.message_id, status.data.status) == (message.id, "delivered")
    assert isinstance(settled, webhooks.BatchSettledEvent)
    assert (settled.data.batch_id, settled.data.settled) == (batch.id, 1)
    assert isinstance(inbound, webhooks.InboundEvent)
    assert (inbound.data.id, inbound.data.text) == (inbound_id, "Hi")
    assert isinstance(optout, webhooks.OptOutEvent)
    assert isinstance(verified, webhooks.VerificationEvent)
    assert verified.data.id == started.id


def test_every_kind_of_event_has_a_class() -> None:
    told = get_args(get_type_hints(wire.Event)["type"])

    assert {kind.__struct_config__.tag for kind in get_args(webhooks.Event)} - {None} == set(told)


@pytest.mark.parametrize(
    "headers",
    [
        lambda signature: {"x-heliograph-signature": signature},
        lambda signature: [("X-HELIOGRAPH-SIGNATURE", signature), ("Accept", "*/*")],
        lambda signature: [(b"host", b"x"), (b"x-heliograph-signature", signature.encode())],
    ],
)
def test_headers_are_read_as_frameworks_have_them(headers: Callable[[str], webhooks.Headers]) -> None:
    (signature,) = signed(OTHER, "s").values()

    event = webhooks.parse(OTHER, headers(signature), "s")

    assert isinstance(event, webhooks.OtherEvent)
    assert (event.id, event.type, json.loads(event.data)) == ("e1", "of.tomorrow", {"a": [1]})


@pytest.mark.parametrize(
    ("headers", "secret", "kind"),
    [
        ({}, "s", webhooks.InvalidSignature),
        ({"X-Heliograph-Signature": ""}, "s", webhooks.InvalidSignature),
        ({"X-Heliograph-Signature": f"t={10**30},v1=00"}, "s", webhooks.InvalidSignature),
        ({"X-Heliograph-Signature": "t=-1,v1=é"}, "s", webhooks.InvalidSignature),
        (signed(OTHER), "s", webhooks.InvalidSignature),
        (signed(OTHER, "other"), "s", webhooks.InvalidSignature),
        (signed(OTHER + b" ", "s"), "s", webhooks.InvalidSignature),
        ([*signed(OTHER, "s").items()] * 2, "s", webhooks.InvalidSignature),
        (signed(OTHER, "s", ago_s=3600), "s", webhooks.StaleSignature),
        (signed(OTHER, "s", ago_s=-3600), "s", webhooks.StaleSignature),
        (signed(OTHER, "other", ago_s=3600), "s", webhooks.InvalidSignature),
    ],
)
def test_what_is_not_signed_so_is_not_believed(
    headers: webhooks.Headers, secret: str, kind: type[webhooks.WebhookError]
) -> None:
    with pytest.raises(webhooks.WebhookError) as refused:
        webhooks.parse(OTHER, headers, secret)

    assert type(refused.value) is kind


def test_any_of_several_secrets_will_do_and_the_tolerance_is_the_callers() -> None:
    old, both = signed(OTHER, "old", ago_s=3600), signed(OTHER, "new", "old")

    assert webhooks.parse(OTHER, old, ["new", "old"], tolerance_s=4000).id == "e1"
    for secret in ("new", "old", ["x", "old"]):
        assert webhooks.parse(OTHER, both, secret).id == "e1"
    for empty in ("", [], ["new", ""]):
        with pytest.raises(ValueError, match="secret"):
            webhooks.parse(OTHER, both, empty)
    with pytest.raises(TypeError, match="bytes"):
        webhooks.parse(OTHER.decode(), both, "new")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"id": "e"}',
        b"\xff",
        b'{"id": "e", "type": "inbound", "created_at": "2026-01-01T00:00:00Z", "data": {}}',
    ],
)
def test_what_is_signed_and_tells_no_event_is_said_to(body: bytes) -> None:
    with pytest.raises(webhooks.UnreadableEvent):
        webhooks.parse(body, signed(body, "s"), "s")
