"""What an application is told of that is not about one of its requests, in the shapes of the published client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph.domain.accounts import Account
from heliograph.domain.channels import Channel
from heliograph.protocols.smscx.door.applications import SCOPES
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import Settings
from heliograph.store.schema import events
from heliograph.store.tx import Tx

from .conftest import decoded

PHONE = "+33612345678"


@dataclass
class Shop:
    """An application that wants to be told of everything, and what it can be told of."""

    platform: Platform
    account: Account
    web: httpx2.AsyncClient
    customer: Listener

    async def told(self) -> dict[str, Any]:
        return await asyncio.to_thread(self.customer.next)


@pytest.fixture
async def shop(tmp_path: Path, customer: Listener) -> AsyncIterator[Shop]:
    settings = {
        **{channel: {"receiveCallback": customer.url} for channel in ("sms", "viber", "whatsapp")},
        "optouts": {"optoutsCallback": customer.url},
        "shortlinks": {"shortlinksCallback": customer.url},
        "attachments": {"attachmentsCallback": customer.url},
        "lookup": {"lookupCallback": customer.url},
        "otp": {"otpCallback": customer.url, "template": "Shop: {{pin}}", "pinLength": 4, "from": "Shop"},
    }
    async with running(Settings(data_dir=tmp_path, public_url="https://sms.example.org")) as platform:
        services = platform.services
        account = await services.accounts.ensure("sandbox")
        made = await services.applications.put(account, "Shop", SCOPES, settings=settings)
        _, _, issued = await services.applications.issue_token(made.id, made.secret, None)
        transport = httpx2.ASGITransport(app=platform.web())
        headers = {"Authorization": f"Bearer {issued.secret}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://test/smscx", headers=headers) as web:
            yield Shop(platform, account, web, customer)


@pytest.mark.parametrize("channel", ["sms", "viber", "whatsapp"])
async def test_inbound_messages_by_each_channel(shop: Shop, channel: str) -> None:
    await shop.platform.phones.reply(shop.account, PHONE, "12345", "Hello", Channel(channel))

    body = await shop.told()
    told = decoded(body | {"event": "receive_sms"}, "CallBackRequestReceiveSms")

    assert body["event"] == f"receive_{channel}"
    assert [(item._from, item.to, item.text, item.cost) for item in told.data] == [(PHONE, "12345", "Hello", 0.0)]


async def test_a_stop_is_an_optout_by_the_recipient(shop: Shop) -> None:
    await shop.platform.phones.reply(shop.account, PHONE, "12345", "STOP")

    bodies = {body["event"]: body for body in [await shop.told(), await shop.told()]}
    told = decoded(bodies["new_optout"], "CallBackRequestNewOptout")

    assert set(bodies) == {"receive_sms", "new_optout"}
    (item,) = told.data
    assert (item.phone_number, item.optout_type, item.country_iso) == (PHONE, "link", "FR")
    assert item.optout_url == f"https://sms.example.org/o/{shop.account.optout_page}"


async def test_optouts_by_the_account_come_together(shop: Shop) -> None:
    numbers = [f"+33612{number:06}" for number in range(250)]
    answer = await shop.web.post("/optouts", json={"phoneNumbers": numbers})

    told = [decoded(await shop.told(), "CallBackRequestNewOptout") for _ in range(2)]

    assert answer.json()["info"]["totalValid"] == 250
    assert sorted(len(each.data) for each in told) == [50, 200]
    assert {item.phone_number for each in told for item in each.data} == set(numbers)
    assert {item.optout_type for each in told for item in each.data} == {"admin"}


async def test_hits_of_links_and_files(shop: Shop) -> None:
    link = (await shop.web.post("/shortlinks", json={"url": "https://example.org/"})).json()["info"]
    file = await shop.platform.services.links.keep(shop.account, None, "text/plain", b"Hello")
    await shop.web.get(f"http://test/l/{link['id']}")
    first = decoded(await shop.told(), "CallBackRequestShortlinkHit")
    await shop.web.get(f"http://test/l/{file.id}")
    second = decoded(await shop.told(), "CallBackRequestAttachmentHit")

    assert [(item.shortlink_id, item.url, item.hit_id) for item in first.data] == [
        (link["id"], "https://example.org/", 1)
    ]
    assert [(item.shortlink_id, item.hit_id) for item in second.data] == [(file.id, 2)]


async def test_lookups_and_codes_go_to_the_application_unless_a_request_says_otherwise(shop: Shop) -> None:
    job = (await shop.web.post("/numbers/lookup", json={"phoneNumbers": [PHONE]})).json()["info"]
    looked_up = await shop.told()
    code = (await shop.web.post("/otp", json={"phoneNumber": PHONE})).json()
    typed, _ = await shop.platform.phones.code(shop.account, PHONE, timeout_s=HANG_S)
    await shop.web.post(f"/otp/{code['otpId']}", json={"pin": typed})
    verified = decoded(await shop.told(), "CallBackRequestOtpUpdate")

    assert looked_up["event"] == "number_lookup"
    assert [(item["phoneNumber"], item["lookupBulkId"]) for item in looked_up["data"]] == [(PHONE, job["lookupBulkId"])]
    assert len(typed) == 4
    assert [(item.otp_id, item.status) for item in verified.data] == [(code["otpId"], "VERIFIED")]


async def test_without_an_address_nobody_is_told(tmp_path: Path) -> None:
    async with running(Settings(data_dir=tmp_path)) as platform:
        account = await platform.services.accounts.ensure("sandbox")
        await platform.phones.reply(account, PHONE, "12345", "STOP")
        waiting = await platform.engine.store.read(_events)

    assert waiting == 0


def _events(tx: Tx) -> int:
    return int(tx.value(select(func.count()).where(events.c.sink.like("http%"))))
