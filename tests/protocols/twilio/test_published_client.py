"""Each call of the Messages API and of Verify by the published client."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.patience import HANG_S
from twilio.base.exceptions import TwilioRestException

from heliograph.protocols.twilio.codes import Code

from .conftest import published

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Server, StartServer
    from twilio.rest import Client

    from heliograph.sdk import Client as NativeClient

    from .conftest import NewNumber

SERVICE = "MG" + "1" * 32


def settled(native: NativeClient, sid: str) -> None:
    from heliograph.protocols.twilio.door.sids import id_of

    native.messages.wait_for_delivery(id_of(sid, "SM", "MM") or "", timeout_s=HANG_S)


def test_a_message_is_created_delivered_and_fetched(
    twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    number = new_number()

    made = twilio.messages.create(to=number, from_="+15005550006", body="Hello ${there}")
    shown = native.sandbox.wait_for_message(number)
    settled(native, made.sid)
    fetched = twilio.messages(made.sid).fetch()

    assert shown.text == "Hello ${there}"
    assert (made.status, made.direction, made.num_segments, made.error_code) == ("queued", "outbound-api", "1", None)
    assert (made.to, made.from_, made.body) == (number, "+15005550006", "Hello ${there}")
    assert made.sid.startswith("SM")
    assert len(made.sid) == 34
    assert (fetched.status, fetched.body, fetched.num_media) == ("delivered", "Hello ${there}", "0")
    assert float(fetched.price) < 0
    assert fetched.date_sent is not None
    assert fetched.date_created is not None


def test_a_messaging_service_picks_the_sender_later(
    twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    made = twilio.messages.create(to=new_number(), messaging_service_sid=SERVICE, body="Hello")
    settled(native, made.sid)
    later = twilio.messages(made.sid).fetch()

    assert (made.status, made.from_, made.num_segments) == ("accepted", None, "0")
    assert (made.messaging_service_sid, later.messaging_service_sid) == (SERVICE, SERVICE)
    assert (later.status, later.num_segments) == ("delivered", "1")


def test_a_scheduled_message_is_canceled(twilio: Client, new_number: NewNumber) -> None:
    made = twilio.messages.create(
        to=new_number(),
        messaging_service_sid=SERVICE,
        body="Later",
        schedule_type="fixed",
        send_at=datetime.now(UTC) + timedelta(hours=2),
    )
    canceled = twilio.messages(made.sid).update(status="canceled")

    with pytest.raises(TwilioRestException) as again:
        twilio.messages(made.sid).update(status="canceled")

    assert (made.status, canceled.status) == ("scheduled", "canceled")
    assert (again.value.status, again.value.code) == (409, 20409)


def test_a_message_is_redacted_and_deleted(twilio: Client, native: NativeClient, new_number: NewNumber) -> None:
    made = twilio.messages.create(to=new_number(), from_="Acme", body="A secret")
    settled(native, made.sid)

    redacted = twilio.messages(made.sid).update(body="")
    gone = twilio.messages(made.sid).delete()

    assert (redacted.body, redacted.sid) == ("", made.sid)
    assert gone is True
    with pytest.raises(TwilioRestException) as missing:
        twilio.messages(made.sid).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_what_is_still_on_its_way_is_neither_redacted_nor_deleted(twilio: Client, new_number: NewNumber) -> None:
    made = twilio.messages.create(
        to=new_number(),
        messaging_service_sid=SERVICE,
        body="Later",
        schedule_type="fixed",
        send_at=datetime.now(UTC) + timedelta(hours=2),
    )
    for attempt in (lambda: twilio.messages(made.sid).update(body=""), lambda: twilio.messages(made.sid).delete()):
        with pytest.raises(TwilioRestException) as refused:
            attempt()
        assert (refused.value.status, refused.value.code) == (409, 20409)


def test_lists_go_over_pages_and_are_filtered(twilio: Client, new_number: NewNumber) -> None:
    number = new_number()
    made = [twilio.messages.create(to=number, from_="Acme", body=f"No {place}").sid for place in range(5)]
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    everything = twilio.messages.list(to=number, page_size=2)
    first = twilio.messages.list(to=number, limit=3, page_size=2)
    today = twilio.messages.list(to=number, date_sent=datetime.now(UTC))
    none = [
        *twilio.messages.list(to=number, date_sent_after=tomorrow),
        *twilio.messages.list(to=number, date_sent_before=tomorrow - timedelta(days=9)),
        *twilio.messages.list(to=number, from_="+15005550006"),
    ]

    assert [message.sid for message in everything] == made[::-1]
    assert [message.sid for message in first] == made[:1:-1]
    assert len(today) == 5
    assert none == []


def test_inbound_messages_are_listed_fetched_redacted_and_deleted(
    twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    number = new_number()
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)
    native.sandbox.reply(number, to="+15005550006", text="Hi yourself")

    (arrived,) = twilio.messages.list(from_=number)
    fetched = twilio.messages(arrived.sid).fetch()
    redacted = twilio.messages(arrived.sid).update(body="")

    assert (arrived.direction, arrived.status, arrived.body) == ("inbound", "received", "Hi yourself")
    assert (fetched.from_, fetched.to) == (number, "+15005550006")
    assert redacted.body == ""
    assert [each.last_text for each in native.conversations.list() if each.number == number] == [""]
    assert twilio.messages(arrived.sid).delete() is True
    assert twilio.messages.list(from_=number) == []


def test_media_are_kept_as_links(twilio: Client, native: NativeClient, new_number: NewNumber) -> None:
    number, links = new_number(), ["https://example.org/cat.jpg", "https://example.org/dog.png"]

    made = twilio.messages.create(to=number, from_="Acme", body="Look", media_url=links)
    shown = native.sandbox.wait_for_message(number)
    settled(native, made.sid)
    media = twilio.messages(made.sid).media.list()
    one = twilio.messages(made.sid).media(media[1].sid).fetch()
    gone = twilio.messages(made.sid).media(media[0].sid).delete()

    assert shown.text == "Look\nhttps://example.org/cat.jpg\nhttps://example.org/dog.png"
    assert (made.body, made.num_media, made.sid[:2]) == ("Look", "2", "MM")
    assert [medium.content_type for medium in media] == ["image/jpeg", "image/png"]
    assert one.parent_sid == made.sid
    assert gone is True
    (left,) = twilio.messages(made.sid).media.list()
    later = twilio.messages(made.sid).fetch()
    assert (later.sid, later.num_media, later.body) == (made.sid, "1", "Look")
    assert left.sid == twilio.messages(made.sid).media(media[1].sid).fetch().sid == media[1].sid
    for attempt in ("fetch", "delete"):
        assert refusal(getattr(twilio.messages(made.sid).media(media[0].sid), attempt)) == (404, 20404)
    assert twilio.messages(made.sid).media(media[1].sid).delete() is True
    assert (twilio.messages(made.sid).fetch().sid, twilio.messages(made.sid).media.list()) == (made.sid, [])


def test_feedback_and_balance(twilio: Client, native: NativeClient, new_number: NewNumber) -> None:
    made = twilio.messages.create(to=new_number(), from_="Acme", body="Hello", provide_feedback=True)
    settled(native, made.sid)

    feedback = twilio.messages(made.sid).feedback.create(outcome="confirmed")
    balance = twilio.api.v2010.balance.fetch() if hasattr(twilio.api.v2010, "balance") else twilio.balance.fetch()
    account = twilio.api.v2010.accounts(twilio.account_sid).fetch()

    assert (feedback.outcome, feedback.message_sid) == ("confirmed", made.sid)
    assert float(balance.balance) > 0
    assert balance.currency == "EUR"
    assert (account.sid, account.friendly_name, account.status) == (twilio.account_sid, "sandbox", "active")


def refusal(attempt: Callable[[], Any]) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as refused:
        attempt()
    assert refused.value.msg
    return refused.value.status, refused.value.code


#: A number that no other test opts out.
TO = "+33644630001"

MISTAKES: list[tuple[dict[str, Any], int, int]] = [
    ({"from_": "Acme", "body": "x", "to": ""}, 400, 21604),
    ({"to": TO, "body": "x"}, 400, 21603),
    ({"to": TO, "from_": "Acme"}, 400, 21602),
    ({"to": "nobody", "from_": "Acme", "body": "x"}, 400, 21211),
    ({"to": TO, "from_": "A name that is too long", "body": "x"}, 400, 21212),
    ({"to": TO, "from_": "Acme", "body": "x" * 1601}, 400, 21617),
    ({"to": TO, "from_": "Acme", "body": "x", "status_callback": "nowhere"}, 400, 21609),
    ({"to": TO, "from_": "Acme", "body": "x", "validity_period": 99_999}, 400, 20001),
    ({"to": TO, "from_": "Acme", "content_sid": "HX" + "0" * 32}, 400, 21655),
    ({"to": TO, "from_": "Acme", "media_url": ["ftp://example.org"]}, 400, 21620),
    ({"to": TO, "messaging_service_sid": "nothing", "body": "x"}, 400, 21606),
    (
        {"to": TO, "from_": "A", "body": "x", "schedule_type": "fixed", "send_at": "2030-01-01T00:00:00Z"},
        400,
        35118,
    ),
    (
        {"to": TO, "messaging_service_sid": SERVICE, "body": "x", "send_at": "2030-01-01T00:00:00Z"},
        400,
        35111,
    ),
    (
        {
            "to": TO,
            "messaging_service_sid": SERVICE,
            "body": "x",
            "schedule_type": "fixed",
            "send_at": "soon",
        },
        400,
        35114,
    ),
]


@pytest.mark.parametrize(("asked", "status", "code"), MISTAKES)
def test_what_can_not_be_sent_is_refused_by_twilios_own_codes(
    twilio: Client, asked: dict[str, Any], status: int, code: int
) -> None:
    assert refusal(lambda: twilio.messages.create(**asked)) == (status, code)


@pytest.mark.parametrize(
    "asked",
    [
        {"messaging_service_sid": SERVICE, "schedule_type": "fixed"},
        {"messaging_service_sid": SERVICE, "schedule_type": "soon"},
        {"from_": "Acme", "media_url": ["https://"]},
        {"from_": "Acme", "media_url": ["http://[::1/x"]},
        {"from_": "Acme", "validity_period": "9" * 5_000},
        {"from_": "Acme", "validity_period": "٣"},
        {"from_": "Acme", "status_callback": "http://example.org:99999/"},
    ],
    ids=str,
)
def test_other_values_that_can_not_be_are_refused_by_codes_that_twilio_has(
    twilio: Client, asked: dict[str, Any]
) -> None:
    status, code = refusal(lambda: twilio.messages.create(to=TO, body="x", **asked))

    assert (status, code in set(Code)) == (400, True)
    assert code == {"fixed": 35111, "soon": 35126}.get(asked.get("schedule_type", ""), code)


def test_parameters_that_mean_nothing_here_are_taken(twilio: Client, new_number: NewNumber) -> None:
    made = twilio.messages.create(
        to=new_number(),
        messaging_service_sid=SERVICE,
        body="x",
        application_sid="AP" + "0" * 32,
        max_price="0.50",
        attempt=1,
        force_delivery=True,
        content_retention="retain",
        address_retention="retain",
        smart_encoded=True,
        persistent_action=["geo:1,2"],
        traffic_type="free",
        shorten_urls=True,
        send_as_mms=True,
        risk_check="enable",
        validity_period="0000036000",
    )

    assert made.status == "accepted"


def test_a_service_may_be_named_as_the_sender(twilio: Client, new_number: NewNumber) -> None:
    made = twilio.messages.create(to=new_number(), from_=SERVICE, body="x")

    assert (made.status, made.messaging_service_sid, made.from_) == ("accepted", SERVICE, None)


@pytest.mark.parametrize(
    ("to", "sender", "code"),
    [
        ("+33612345678", "+33612345678", 21266),
        ("+33612345678", "33612345678", 21266),
        ("+33 6 12 34 56 78", "+33612345678", 21266),
        ("whatsapp:+33612345678", "whatsapp:+33612345678", 63031),
    ],
)
def test_a_number_does_not_write_to_itself(twilio: Client, to: str, sender: str, code: int) -> None:
    assert refusal(lambda: twilio.messages.create(to=to, from_=sender, body="x")) == (400, code)


def test_what_is_not_there_is_called_by_its_address(
    server: Server, twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    gone = twilio.messages.create(to=new_number(), from_="Acme", body="x").sid
    settled(native, gone)
    twilio.messages(gone).delete()
    account, service = twilio.account_sid, server.ready["protocols"]["twilio"]["verify_service_sid"]
    number, nobody = new_number(), "VE" + "0" * 32
    verify = twilio.verify.v2.services(service)
    messages = f"/2010-04-01/Accounts/{account}/Messages"
    missing: list[tuple[Callable[[], Any], str]] = [
        (lambda sid=sid: twilio.messages(sid).fetch(), f"{messages}/{sid}.json")  # type: ignore[misc]
        for sid in (gone, "SM" + "0" * 32, "SM" + "f" * 32, "MM" + "1" * 32, "SM1", "XX" + "0" * 32)
    ]
    missing += [
        (lambda: twilio.messages(gone).update(body=""), f"{messages}/{gone}.json"),
        (lambda: twilio.messages(gone).delete(), f"{messages}/{gone}.json"),
        (lambda: twilio.messages(gone).feedback.create(), f"{messages}/{gone}/Feedback.json"),
        (lambda: twilio.messages(gone).media("ME1").fetch(), f"{messages}/{gone}/Media/ME1.json"),
        (lambda: twilio.calls("CA1").fetch(), f"/2010-04-01/Accounts/{account}/Calls/CA1.json"),
        (lambda: verify.verifications(nobody).fetch(), f"/Services/{service}/Verifications/{nobody}"),
        (lambda: verify.verifications("VE").fetch(), f"/Services/{service}/Verifications/VE"),
        (lambda: verify.verifications(nobody).update(status="approved"), f"/Services/{service}/Verifications/{nobody}"),
        (lambda: verify.verification_checks.create(to=number, code="1"), f"/Services/{service}/VerificationCheck"),
        (lambda: twilio.verify.v2.services("VA1").fetch(), "/Services/VA1"),
    ]
    for attempt, address in missing:
        with pytest.raises(TwilioRestException) as refused:
            attempt()
        assert (refused.value.status, refused.value.code) == (404, 20404), address
        assert refused.value.msg.endswith(f"The requested resource {address} was not found")


def test_media_lead_to_where_they_are(twilio: Client, server: Server, new_number: NewNumber) -> None:
    made = twilio.messages.create(
        to=new_number(), from_="Acme", media_url=["https://Exämple.org/ä b.jpg?x=[1]", "https://example.org#f"]
    )
    entry = server.ready["protocols"]["twilio"]

    with httpx2.Client(auth=(entry["account_sid"], entry["auth_token"]), trust_env=False) as client:
        there = [
            client.get(entry["base_url"] + medium.uri.removesuffix(".json")).headers["location"]
            for medium in twilio.messages(made.sid).media.list()
        ]

    assert there == ["https://xn--exmple-cua.org/%C3%A4%20b.jpg?x=%5B1%5D", "https://example.org/"]


def test_who_opted_out_is_refused(twilio: Client, native: NativeClient, new_number: NewNumber) -> None:
    number = new_number()
    native.optouts.add(number)

    assert refusal(lambda: twilio.messages.create(to=number, from_="Acme", body="x")) == (400, 21610)


def test_wrong_credentials_and_other_accounts(server: Server, twilio: Client, other_twilio: Client) -> None:
    made = twilio.messages.create(to=TO, from_="Acme", body="x")
    wrong = published(server, auth_token="0" * 32)
    crossed = published(server, account_sid=server.ready["protocols"]["twilio"]["other"]["account_sid"])

    assert refusal(lambda: wrong.messages(made.sid).fetch()) == (401, 20003)
    assert refusal(lambda: crossed.messages(made.sid).fetch()) == (401, 20003)
    assert refusal(lambda: other_twilio.messages(made.sid).fetch()) == (404, 20404)
    assert refusal(lambda: other_twilio.messages(made.sid).delete()) == (404, 20404)
    assert refusal(lambda: other_twilio.messages(made.sid).update(body="")) == (404, 20404)
    assert refusal(lambda: twilio.messages("SM").fetch()) == (404, 20404)


def test_codes_are_sent_and_checked(
    server: Server, twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    number = new_number()
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])

    started = service.verifications.create(to=number, channel="sms")
    code = native.sandbox.read_code(number)
    wrong = service.verification_checks.create(to=number, code="0" if code != "0" else "1")
    fetched = service.verifications(started.sid).fetch()
    right = service.verification_checks.create(verification_sid=started.sid, code=code)

    assert (started.status, started.valid, started.to, started.sid[:2]) == ("pending", False, number, "VE")
    assert (wrong.status, wrong.valid) == ("pending", False)
    assert fetched.status == "pending"
    assert (right.status, right.valid, right.sid) == ("approved", True, started.sid)
    assert refusal(lambda: service.verification_checks.create(to=number, code=code)) == (404, 20404)


@pytest.mark.parametrize("number", ["+33899123456", "+33820123456", "+881612345678"])
def test_costly_numbers_are_sent_no_codes(server: Server, twilio: Client, number: str) -> None:
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])

    assert refusal(lambda: service.verifications.create(to=number, channel="sms")) == (403, 60410)


def test_the_limits_of_codes_are_settings_and_have_codes_of_their_own(
    start_server: StartServer, new_number: NewNumber
) -> None:
    limits = {"HELIOGRAPH_CODES_PER_DAY": "1", "HELIOGRAPH_CODE_COUNTRIES": "fr, BE"}
    server = start_server(environment=limits)
    service = published(server).verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])

    service.verifications.create(to=new_number(), channel="sms")

    assert refusal(lambda: service.verifications.create(to=new_number(), channel="sms")) == (429, 20429)
    assert refusal(lambda: service.verifications.create(to="+4915112345678", channel="sms")) == (403, 60605)
    server.stop()


def test_a_verification_is_approved_by_other_means(
    server: Server, twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])
    number = new_number()
    started = service.verifications.create(to=number, channel="sms")
    code = native.sandbox.read_code(number)

    approved = service.verifications(started.sid).update(status="approved")

    assert (approved.sid, approved.status, approved.valid) == (started.sid, "approved", True)
    assert service.verifications(started.sid).fetch().status == "approved"
    for again in ("approved", "canceled"):
        assert refusal(lambda status=again: service.verifications(started.sid).update(status=status)) == (409, 20409)  # type: ignore[misc]
    assert refusal(lambda: service.verification_checks.create(to=number, code=code)) == (404, 20404)


@pytest.mark.parametrize("status", ["", "pending", "Approved", "expired"])
def test_no_other_status_can_be_given(server: Server, twilio: Client, new_number: NewNumber, status: str) -> None:
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])
    started = service.verifications.create(to=new_number(), channel="sms")

    assert refusal(lambda: service.verifications(started.sid).update(status=status)) == (400, 60200)
    assert service.verifications(started.sid).fetch().status == "pending"


def test_codes_go_by_whatsapp(server: Server, twilio: Client, native: NativeClient, new_number: NewNumber) -> None:
    number = new_number()
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])

    started = service.verifications.create(to=number, channel="whatsapp")
    shown = native.sandbox.wait_for_message(number)
    right = service.verification_checks.create(to=number, code=native.sandbox.read_code(number))

    assert shown.channel == "whatsapp"
    assert (started.channel, started.send_code_attempts[0]["channel"]) == ("whatsapp", "whatsapp")
    assert (right.status, right.channel) == ("approved", "whatsapp")


@pytest.mark.parametrize("channel", ["call", "email", "sna", "auto", "viber", "SMS", ""])
def test_other_channels_are_refused(server: Server, twilio: Client, new_number: NewNumber, channel: str) -> None:
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])

    assert refusal(lambda: service.verifications.create(to=new_number(), channel=channel)) == (400, 60200)


def test_a_channel_without_a_provider_is_disabled(start_server: StartServer, new_number: NewNumber) -> None:
    line = {"type": "webhook", "url": "http://127.0.0.1:1/", "form": {"to": "{to}"}}
    environment = {"HELIOGRAPH_PROVIDERS": json.dumps({"far": line}), "HELIOGRAPH_DEFAULT_PROVIDER": "far"}
    here = start_server(None, environment=environment | {"HELIOGRAPH_SANDBOX": "on"})
    client = published(here)
    service = client.verify.v2.services(here.ready["protocols"]["twilio"]["verify_service_sid"])

    assert refusal(lambda: service.verifications.create(to=new_number(), channel="whatsapp")) == (400, 60223)
    client.http_client.session.close()


def test_a_second_start_sends_the_same_code_and_the_sixth_is_refused(
    server: Server, twilio: Client, native: NativeClient, new_number: NewNumber
) -> None:
    number = new_number()
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])

    sids = {service.verifications.create(to=number, channel="sms").sid for _ in range(5)}
    texts: list[str] = []
    after = None
    while len(texts) < 5:
        shown = native.sandbox.wait_for_message(number, after=after)
        texts.append(shown.text or "")
        after = shown.id
    refused = refusal(lambda: service.verifications.create(to=number, channel="sms"))
    code = texts[0].split()[-1]
    right = service.verification_checks.create(to=number, code=code)

    assert len(sids) == 1
    assert len(set(texts)) == 1
    assert refused == (429, 60203)
    assert right.status == "approved"
    assert service.verifications.create(to=number, channel="sms").sid not in sids


def test_codes_are_canceled_limited_and_refused(server: Server, twilio: Client, new_number: NewNumber) -> None:
    service = twilio.verify.v2.services(server.ready["protocols"]["twilio"]["verify_service_sid"])
    foreign = twilio.verify.v2.services("VA" + "0" * 32)
    number = new_number()
    started = service.verifications.create(to=number, channel="sms")

    for _ in range(4):
        service.verification_checks.create(to=number, code="no")
    assert refusal(lambda: service.verification_checks.create(to=number, code="no")) == (429, 60202)
    assert refusal(lambda: service.verifications(started.sid).update(status="canceled"))[0] == 409

    again = service.verifications.create(to=new_number(), channel="sms")
    assert service.verifications(again.sid).update(status="canceled").status == "canceled"
    assert refusal(lambda: service.verifications.create(to="nobody", channel="sms")) == (400, 60200)
    assert refusal(lambda: service.verification_checks.create(to="nobody", code="1")) == (400, 60200)
    assert refusal(lambda: service.verifications.create(to=number, channel="call")) == (400, 60200)
    assert refusal(lambda: service.verifications.create(to=number, channel="sms", custom_code="1234")) == (403, 60204)
    assert refusal(lambda: foreign.verifications.create(to=number, channel="sms")) == (404, 20404)
