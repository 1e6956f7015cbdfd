"""What a customer's server is sent, and how it can prove who sent it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx2
import pytest

from heliograph.protocols.xms.signature import sign
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings

if TYPE_CHECKING:
    from heliograph.runtime.platform import Platform

    from .conftest import Listener

SIGNATURE = "X-Sinch-Webhook-Signature"


def plan(platform: Platform) -> httpx2.AsyncClient:
    credential = platform.credentials["sandbox"]["xms"]
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=platform.web()),
        base_url=f"http://test/xms/v1/{credential.public_id}",
        headers={"Authorization": f"Bearer {credential.secret}"},
    )


async def told(customer: Listener) -> dict[str, Any]:
    return await anyio.to_thread.run_sync(customer.next)


def test_a_signature_is_made_as_the_reference_says() -> None:
    expected = base64.b64encode(hmac.new(b"secret", b'{"a":1}.NONCE.1700000000', hashlib.sha256).digest()).decode()

    assert sign("secret", b'{"a":1}', "NONCE", "1700000000") == expected


async def test_the_customer_can_verify_a_callback_with_the_accounts_secret(
    tmp_path: Path, customer: Listener, new_number: Callable[[], str]
) -> None:
    async with running(Settings(data_dir=tmp_path)) as platform, plan(platform) as client:
        secret = (await platform.services.accounts.ensure("sandbox")).callback_secret
        wanted = {"to": [new_number()], "body": "x", "delivery_report": "summary", "callback_url": customer.url}
        await client.post("/batches", json=wanted)
        await told(customer)

    headers = customer.headers
    signed = b".".join([customer.body, *(headers[f"{SIGNATURE}-{part}"].encode() for part in ("Nonce", "Timestamp"))])
    expected = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers[SIGNATURE] == expected
    assert headers["Content-Type"] == "application/json"


async def test_an_inbound_message_is_called_back_to_the_plans_own_address(
    tmp_path: Path, customer: Listener, new_number: Callable[[], str]
) -> None:
    number = new_number()
    async with running(Settings(data_dir=tmp_path)) as platform, plan(platform) as client:
        account = await platform.services.accounts.ensure("sandbox")
        await platform.services.accounts.change(account, callback_url=customer.url, callback_protocol="xms")
        inbound_id = await platform.phones.reply(account, number, "12345", "join me")
        message = await told(customer)
        fetched = (await client.get(f"/inbounds/{inbound_id}")).json()

    assert message == fetched
    assert (message["type"], message["id"], message["from"], message["to"], message["body"]) == (
        "mo_text",
        inbound_id,
        number[1:],
        "12345",
        "join me",
    )
    assert message["operator"] == message["operator_id"] == "99999"


async def test_a_report_goes_to_the_plans_own_address_if_the_batch_names_none(
    tmp_path: Path, customer: Listener, new_number: Callable[[], str]
) -> None:
    async with running(Settings(data_dir=tmp_path)) as platform, plan(platform) as client:
        account = await platform.services.accounts.ensure("sandbox")
        await platform.services.accounts.change(account, callback_url=customer.url, callback_protocol="xms")
        created = await client.post("/batches", json={"to": [new_number()], "body": "x", "delivery_report": "full"})
        report = await told(customer)

    assert created.status_code == 201
    assert (report["batch_id"], report["total_message_count"]) == (created.json()["id"], 1)


@pytest.mark.parametrize("kind", ["summary", "per_recipient_final"])
async def test_the_report_of_a_failed_message_has_its_code(tmp_path: Path, customer: Listener, kind: str) -> None:
    wanted = {"to": ["99920001"], "body": "x", "delivery_report": kind, "callback_url": customer.url}
    async with running(Settings(data_dir=tmp_path)) as platform, plan(platform) as client:
        await client.post("/batches", json=wanted)
        report = await told(customer)

    (found,) = report.get("statuses", [report])
    assert (found["status"], found["code"]) == ("Rejected", 69)
    assert customer.received.empty()
