"""Each request that our client writes, held against the one that the published client writes for the same call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.protocols.contract.far import Far
from twilio.base.exceptions import TwilioException as TheirException
from twilio.rest import Client as Published

from heliograph.calling import RemoteError, Request, Response
from heliograph.protocols.twilio.async_client import AsyncClient
from heliograph.protocols.twilio.client import Client

from .conftest import Elsewhere

ACCOUNT, TOKEN = "AC" + "1" * 32, "token"
SID, MEDIA, SERVICE, VERIFICATION = "SM" + "2" * 32, "ME" + "3" * 32, "VA" + "4" * 32, "VE" + "5" * 32
NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)

CALLS: list[tuple[str, Callable[[Published], Any], Callable[[Client], Any]]] = [
    (
        "create",
        lambda c: c.messages.create(to="+336", from_="Acme", body="à ☺ &=+"),
        lambda c: c.create_message("+336", from_="Acme", body="à ☺ &=+"),
    ),
    (
        "create by a service, later",
        lambda c: c.messages.create(
            to="+336", messaging_service_sid="MG1", body="x", schedule_type="fixed", send_at=NOON, validity_period=60
        ),
        lambda c: c.create_message("+336", messaging_service_sid="MG1", body="x", send_at=NOON, validity_period=60),
    ),
    (
        "create with media and more",
        lambda c: c.messages.create(
            to="+336",
            from_="1",
            media_url=["https://a/1", "https://a/2"],
            status_callback="https://b",
            provide_feedback=True,
            smart_encoded=False,
            max_price="0.5",
        ),
        lambda c: c.create_message(
            "+336",
            from_="1",
            media_url=["https://a/1", "https://a/2"],
            status_callback="https://b",
            provide_feedback=True,
            smart_encoded=False,
            MaxPrice="0.5",
        ),
    ),
    ("fetch", lambda c: c.messages(SID).fetch(), lambda c: c.fetch_message(SID)),
    (
        "list",
        lambda c: c.messages.list(to="+336", from_="Acme", date_sent_before=NOON, date_sent_after=NOON, page_size=20),
        lambda c: list(
            c.list_messages(to="+336", from_="Acme", date_sent_before=NOON, date_sent_after=NOON, page_size=20)
        ),
    ),
    (
        "list a day",
        lambda c: c.messages.list(date_sent=NOON, page_size=50),
        lambda c: list(c.list_messages(date_sent=NOON)),
    ),
    ("redact", lambda c: c.messages(SID).update(body=""), lambda c: c.redact_message(SID)),
    ("cancel", lambda c: c.messages(SID).update(status="canceled"), lambda c: c.cancel_message(SID)),
    ("delete", lambda c: c.messages(SID).delete(), lambda c: c.delete_message(SID)),
    ("media", lambda c: c.messages(SID).media(MEDIA).fetch(), lambda c: c.fetch_media(SID, MEDIA)),
    ("media deleted", lambda c: c.messages(SID).media(MEDIA).delete(), lambda c: c.delete_media(SID, MEDIA)),
    (
        "feedback",
        lambda c: c.messages(SID).feedback.create(outcome="confirmed"),
        lambda c: c.create_feedback(SID),
    ),
    ("balance", lambda c: c.balance.fetch(), lambda c: c.fetch_balance()),
    ("account", lambda c: c.api.v2010.accounts(ACCOUNT).fetch(), lambda c: c.fetch_account()),
    (
        "verification",
        lambda c: c.verify.v2.services(SERVICE).verifications.create(to="+336", channel="sms"),
        lambda c: c.start_verification(SERVICE, "+336"),
    ),
    (
        "check",
        lambda c: c.verify.v2.services(SERVICE).verification_checks.create(to="+336", code="1234"),
        lambda c: c.check_verification(SERVICE, "1234", to="+336"),
    ),
    (
        "verification fetched",
        lambda c: c.verify.v2.services(SERVICE).verifications(VERIFICATION).fetch(),
        lambda c: c.fetch_verification(SERVICE, VERIFICATION),
    ),
    (
        "verification canceled",
        lambda c: c.verify.v2.services(SERVICE).verifications(VERIFICATION).update(status="canceled"),
        lambda c: c.update_verification(SERVICE, VERIFICATION, "canceled"),
    ),
]


@pytest.fixture
def far() -> Iterator[Far]:
    server = Far()
    server.behaviour = lambda _: Response(400, b'{"code": 1, "message": "Recorded.", "status": 400}')
    yield server
    server.close()


def essence(request: Request) -> tuple[Any, ...]:
    fields = sorted(parse_qsl((request.body or b"").decode(), keep_blank_values=True))
    kind = request.content_type.partition(";")[0] if request.body is not None else None
    return request.method, request.path, dict(request.query), fields, kind, request.headers["authorization"]


@pytest.mark.parametrize(("theirs", "ours"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS])
async def test_requests_are_equal(far: Far, theirs: Callable[[Published], Any], ours: Callable[[Client], Any]) -> None:
    published = Published(ACCOUNT, TOKEN, http_client=Elsewhere(far.origin))
    with pytest.raises(TheirException):
        theirs(published)
    published.http_client.session.close()
    with Client(ACCOUNT, TOKEN, far.origin) as client, pytest.raises(RemoteError):
        ours(client)

    expected, found = map(essence, far.requests)

    assert found == expected


async def test_the_twin_that_awaits_lists_over_pages(far: Far) -> None:
    import json

    from tests.protocols.contract.wires import twilio_message

    message = json.loads(twilio_message(Request("POST", "/x", body=b"To=1")).body)
    pages = [{"messages": [message] * 2, "next_page_uri": "/next?Page=1"}, {"messages": [message]}]
    far.behaviour = lambda _: Response(200, json.dumps(pages[len(far.requests) - 1]).encode())

    async with AsyncClient(ACCOUNT, TOKEN, far.origin) as client:
        found = [each.sid async for each in client.list_messages()]

    assert len(found) == 3
    assert (far.requests[1].path, far.requests[1].query) == ("/next", {"Page": "1"})
