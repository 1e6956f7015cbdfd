"""Providers as backends: what goes out, what comes back, and what each name of pymess leads to."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client as Browser
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from tests.conftest import Server
from tests.patience import HANG_S
from tests.protocols.contract.far import Far
from tests.protocols.contract.wires import heliograph_error, twilio_message

from heliograph.calling import Request, Response
from heliograph.django import asend, asend_many, receiving, send, send_many, send_template
from heliograph.django.models import EarlySMSReceipt, InboundSMSMessage, OutputSMSMessage, SMSOptOut, SMSTemplate
from heliograph.django.publishing import OPTED_OUT
from heliograph.django.signals import sms_opted_in, sms_opted_out, sms_received, sms_state_changed
from heliograph.django.states import SMSState
from heliograph.django.webhooks import address_of, secret_of
from heliograph.protocols.twilio.signature import sign

pytestmark = pytest.mark.usefixtures("database")

PROVIDER = "heliograph.django.backends.provider.ProviderSMSBackend"
SID = "AC" + "0" * 32


@pytest.fixture
def far() -> Iterator[Far]:
    server = Far()
    yield server
    server.close()


def ats(code: str, seen: list[ElementTree.Element] | None = None) -> Any:
    """Answers each message and question with a code."""

    def answer(request: Request) -> Response:
        root = ElementTree.fromstring(request.body or b"")
        if seen is not None:
            seen.append(root)
        codes = "".join(f'<code uniq="{each.get("uniq")}">{code}</code>' for each in root if each.tag in {"sms", "dlr"})
        return Response(200, f"<status>{codes}</status>".encode())

    return answer


def seed_ats(settings: Any, far: Far) -> None:
    settings.PYMESS_SMS_SENDER_BACKEND = "pymess.backend.sms.ats_sms_operator.ATSSMSBackend"
    settings.PYMESS_ATS_SMS_CONFIG = {
        "URL": f"{far.origin}/gate",
        "UNIQ_PREFIX": "1",
        "USERNAME": "name",
        "PASSWORD": "word",
        "VALIDITY": 60,
        "TEXTID": None,
        "OPTID": "",
        "TIMEOUT": 5,
    }


def test_ats_under_the_seeds_names_sends_and_is_asked(settings: Any, far: Far) -> None:
    seed_ats(settings, far)
    seen: list[ElementTree.Element] = []
    far.behaviour = ats("0", seen)

    message = send("+420777111222", "Ahoj")

    (sms,) = seen[0].iter("sms")
    assert (message.state, message.provider_ref) == (SMSState.SENDING, sms.get("uniq"))
    assert sms.get("uniq") == f"1-{message.uid}"
    assert (sms.get("recipient"), sms.get("validity"), sms.findtext("body")) == ("+420777111222", "60", "Ahoj")
    assert message.backend == "heliograph.django.backends.ats_sms_operator.ATSSMSBackend"
    assert message.extra_sender_data == {"prefix": "1", "validity": 60, "kw": None, "textid": None}

    far.behaviour = ats("21")
    call_command("check_sms_delivery", stdout=StringIO())
    message.refresh_from_db()
    assert message.state == SMSState.SENDING
    far.behaviour = ats("23")
    call_command("check_sms_delivery", stdout=StringIO())
    message.refresh_from_db()
    assert (message.state, message.extra_sender_data["sender_state"]) == (SMSState.DELIVERED, 23)


@pytest.mark.parametrize(
    ("code", "state"),
    [("22", SMSState.SENDING), ("24", SMSState.ERROR_UPDATE), ("20", SMSState.ERROR_UPDATE), ("701", SMSState.SENDING)],
)
def test_each_code_of_ats_has_a_state(settings: Any, far: Far, code: str, state: SMSState) -> None:
    seed_ats(settings, far)
    far.behaviour = ats("0")
    message = send("+420777111222", "Ahoj")

    far.behaviour = ats(code)
    call_command("check_sms_delivery", stdout=StringIO())

    message.refresh_from_db()
    assert message.state == state


def test_a_check_of_many_takes_no_more_queries_than_one_of_few(
    settings: Any, far: Far, django_assert_max_num_queries: Any
) -> None:
    seed_ats(settings, far)
    far.behaviour = ats("0")
    send_many([f"+42077711{place:04d}" for place in range(60)], "Ahoj")

    far.behaviour = ats("23")
    with django_assert_max_num_queries(30):
        call_command("check_sms_delivery", stdout=StringIO())

    assert set(OutputSMSMessage.objects.values_list("state", flat=True)) == {SMSState.DELIVERED}


def test_sms_operator_under_the_later_lines_names(settings: Any, far: Far) -> None:
    settings.PYMESS_SMS_BACKENDS = {
        "default": {
            "backend": "pymess.backend.sms.sms_operator.SMSOperatorBackend",
            "config": {"SMS_URL": f"{far.origin}/op", "USERNAME": "name", "PASSWORD": "word", "UNIQ_PREFIX": "shop"},
        }
    }

    def answer(status: str) -> Any:
        def say(request: Request) -> Response:
            ids = re.findall(rb"<SmsId>([^<]+)</SmsId>", request.body or b"")
            items = b"".join(
                b"<DataItem><SmsId>%s</SmsId><Status>%s</Status></DataItem>" % (each, status.encode()) for each in ids
            )
            return Response(200, b"<SmsServices><DataArray>%s</DataArray></SmsServices>" % items)

        return say

    far.behaviour = answer("11")
    taken, _ = send_many(["+420777111222", "+420777111223"], "Ahoj")
    far.behaviour = answer("0")
    call_command("check_sms_delivery", stdout=StringIO())
    far.behaviour = answer("4")
    refused = send("+420777111222", "Ahoj")

    taken.refresh_from_db()
    assert len(far.requests) == 4  # both messages in one; a question for each
    assert (taken.state, refused.state, refused.failed) == (SMSState.DELIVERED, SMSState.ERROR_UPDATE, True)
    assert taken.provider_ref == f"shop-{taken.uid}-1"


def test_sns_under_pymesss_names(settings: Any, far: Far) -> None:
    settings.HELIOGRAPH = {
        "BACKENDS": {
            "default": {
                "backend": "heliograph.django.backends.sns.SNSSMSBackend",
                "config": {
                    "AWS_ACCESS_KEY_ID": "AKIA",
                    "AWS_SECRET_ACCESS_KEY": "secret",
                    "AWS_REGION": "eu-west-1",
                    "SENDER_ID": "Acme",
                    "endpoint": far.origin,
                },
            }
        }
    }
    far.behaviour = lambda _: Response(
        200,
        b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId>'
        b"</PublishResult></PublishResponse>",
    )

    message = send("+420777111222", "Ahoj")

    asked = dict(parse_qsl((far.requests[0].body or b"").decode()))
    assert (asked["PhoneNumber"], asked["Message"]) == ("+420777111222", "Ahoj")
    assert "Acme" in asked.values()
    assert (message.state, message.provider_ref, message.sender) == (SMSState.SENT, "m-1", "Acme")


@pytest.fixture
def twilio(settings: Any, far: Far) -> Any:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_SENDER = SID, "token", "+12015550123"
    settings.HELIOGRAPH = {
        "BACKENDS": {
            "default": {
                "backend": "heliograph.django.backends.twilio.TwilioSMSBackend",
                "config": {"base_url": far.origin},
            }
        },
        "PUBLIC_URL": "https://shop.example.org",
    }
    far.behaviour = lambda request: twilio_message(request, sid="SM1")
    return settings


def told_by_twilio(fields: dict[str, str], token: str = "token") -> Any:
    address = address_of("default")
    assert address is not None
    signature = sign(token, address, list(fields.items()))
    path = address.removeprefix("https://shop.example.org")
    return Browser().post(
        path, urlencode(fields), "application/x-www-form-urlencoded", headers={"X-Twilio-Signature": signature}
    )


RECEIPT = {"MessageSid": "SM1", "SmsSid": "SM1", "AccountSid": SID, "MessageStatus": "delivered", "To": "+420777111222"}


def test_twilio_by_its_plain_settings_and_its_webhook(twilio: Any, far: Far) -> None:
    message = send("+420777111222", "Ahoj")
    (asked,) = far.requests
    form = dict(parse_qsl((asked.body or b"").decode()))
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"{SID}:token".encode()).decode()
    assert (form["To"], form["From"], form["StatusCallback"]) == (
        "+420777111222",
        "+12015550123",
        address_of("default"),
    )
    assert (message.state, message.provider_ref) == (SMSState.SENT, "SM1")

    forged = told_by_twilio(RECEIPT, token="guessed")
    message.refresh_from_db()
    assert (forged.status_code, message.state) == (403, SMSState.SENT)
    assert told_by_twilio(RECEIPT).status_code == 200
    assert told_by_twilio(RECEIPT | {"MessageStatus": "sent", "SmsStatus": "sent"}).status_code == 200

    message.refresh_from_db()
    assert message.state == SMSState.DELIVERED


def test_a_receipt_that_comes_before_its_message_waits_for_it(twilio: Any) -> None:
    assert told_by_twilio(RECEIPT).status_code == 200
    assert EarlySMSReceipt.objects.count() == 1

    message = send("+420777111222", "Ahoj")

    assert message.state == SMSState.DELIVERED
    assert not EarlySMSReceipt.objects.exists()


def test_a_receipt_that_crosses_its_message_is_not_left_waiting(twilio: Any, monkeypatch: Any) -> None:
    """The sender writes the name down, and looks for receipts, while the receipt is on its way into the table."""
    message = send("+420777111222", "Ahoj")
    OutputSMSMessage.objects.update(provider_ref=None)
    store = EarlySMSReceipt.objects.bulk_create

    def cross(rows: Any) -> Any:
        OutputSMSMessage.objects.update(provider_ref="SM1")
        return store(rows)

    monkeypatch.setattr(EarlySMSReceipt.objects, "bulk_create", cross)

    assert told_by_twilio(RECEIPT).status_code == 200

    message.refresh_from_db()
    assert message.state == SMSState.DELIVERED
    assert not EarlySMSReceipt.objects.exists()


def test_a_receipt_that_comes_while_others_are_applied_is_kept(twilio: Any, monkeypatch: Any) -> None:
    told_by_twilio(RECEIPT | {"MessageStatus": "sent"})
    apply = receiving._apply

    def apply_while_another_comes(*arguments: Any, **named: Any) -> Any:
        EarlySMSReceipt.objects.create(backend_name="default", provider_ref="SM1", state=SMSState.DELIVERED)
        return apply(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(receiving, "_apply", apply_while_another_comes)
        send("+420777111222", "Ahoj")

    assert EarlySMSReceipt.objects.get().state == SMSState.DELIVERED


def test_what_nobody_asks_for_is_forgotten(twilio: Any) -> None:
    told_by_twilio(RECEIPT)
    EarlySMSReceipt.objects.update(created_at=timezone.now() - timedelta(days=3))

    call_command("check_sms_delivery", stdout=StringIO())

    assert not EarlySMSReceipt.objects.exists()


def test_inbound_messages_are_stored_once_and_speak_of_consent(twilio: Any) -> None:
    heard: list[Any] = []
    listeners = [
        (sms_received, lambda message, **_: heard.append(message.content)),
        (sms_opted_out, lambda recipient, **_: heard.append(f"-{recipient}")),
        (sms_opted_in, lambda recipient, **_: heard.append(f"+{recipient}")),
    ]
    for signal, listener in listeners:
        signal.connect(listener)
    sent = send("+420777111222", "Ahoj")
    inbound = {
        "AccountSid": SID,
        "From": "+420777111222",
        "To": "+12015550123",
        "NumMedia": "0",
        "SmsStatus": "received",
    }

    for sid, body in (("SM8", "Stop"), ("SM8", "Stop"), ("SM9", "Thanks")):
        assert told_by_twilio(inbound | {"MessageSid": sid, "SmsSid": sid, "Body": body}).status_code == 200

    first = InboundSMSMessage.objects.get(content="Stop")
    assert (first.sender, first.recipient, first.answers) == ("+420777111222", "+12015550123", sent)
    assert InboundSMSMessage.objects.count() == 2
    assert SMSOptOut.objects.get().inbound == first
    assert send("+420777111222", "Again").failed
    told_by_twilio(inbound | {"MessageSid": "SM10", "SmsSid": "SM10", "Body": "START"})
    assert not SMSOptOut.objects.exists()
    for signal, listener in listeners:
        signal.disconnect(listener)
    assert heard == ["-+420777111222", "Stop", "Thanks", "++420777111222", "START"]


INBOUND = {"AccountSid": SID, "To": "+12015550123", "NumMedia": "0", "SmsStatus": "received"}
SPELLINGS = ["+420777111222", "420777111222", "00420777111222", "+420 777 111 222"]


def write_in(sender: str, body: str, sid: str = "SM8") -> None:
    told = INBOUND | {"MessageSid": sid, "SmsSid": sid, "From": sender, "Body": body}
    assert told_by_twilio(told).status_code == 200


@pytest.mark.parametrize(
    "sender", [*SPELLINGS, "\u202a+420 777 111\u200e222\u202c", "+00420777111222", "\ufeff+420\u00a0777\u2011111222"]
)
def test_a_stop_is_kept_however_its_sender_and_the_recipient_are_written(twilio: Any, sender: str) -> None:
    sent = send("420777111222", "Ahoj")

    write_in(sender, "\u201cStop\u201d\u2026")

    assert InboundSMSMessage.objects.get().sender == "+420777111222"
    assert InboundSMSMessage.objects.get().answers == sent
    assert [each.error for each in send_many(SPELLINGS, "Again")] == [OPTED_OUT] * len(SPELLINGS)
    write_in(sender, "Stop", "SM9")
    assert SMSOptOut.objects.get().recipient == "+420777111222"
    write_in(sender, "START", "SM10")
    assert not any(each.failed for each in send_many(SPELLINGS, "Again"))


@pytest.mark.parametrize("stored", ["+420777111222", "420777111222"])
def test_opt_outs_that_were_made_in_bulk_are_kept_and_given_back(twilio: Any, stored: str) -> None:
    SMSOptOut.objects.bulk_create([SMSOptOut(recipient=stored)])

    assert all(each.error == OPTED_OUT for each in send_many(SPELLINGS, "Ahoj"))
    write_in("+420777111222", "STOP")
    assert SMSOptOut.objects.get().recipient == stored
    write_in("+420777111222", "START", "SM9")
    assert not SMSOptOut.objects.exists()


def test_a_sender_without_a_country_s_code_is_of_the_project_s_country(twilio: Any) -> None:
    twilio.HELIOGRAPH = twilio.HELIOGRAPH | {"DEFAULT_PHONE_CODE": "+420"}

    write_in("777 111 222", "STOP")

    assert send("777111222", "Ahoj").error == OPTED_OUT
    assert send("+420777111222", "Ahoj").error == OPTED_OUT


@pytest.mark.parametrize(
    ("sender", "stored"),
    [
        ("Vodafone", "Vodafone"),
        ("\u200bInfo\u200b", "Info"),
        ("12345", "12345"),
        ("", ""),
        ("9" * 5_000, "9" * 20),
        ("<script>alert('STOP')</script>", "scriptalert('STOP')/"),
    ],
)
def test_names_short_codes_and_nobody_are_stored_and_opt_nobody_out(twilio: Any, sender: str, stored: str) -> None:
    write_in(sender, "STOP")

    assert InboundSMSMessage.objects.get().sender == stored
    assert not SMSOptOut.objects.exists()


def test_opt_outs_of_before_have_one_spelling_after_the_migration() -> None:
    respell = import_module("heliograph.django.migrations.0002_one_spelling").respell
    before = ["+420777111222", "420777111222", "+00420777111223", "+330612345678", "777111222"]
    SMSOptOut.objects.bulk_create([SMSOptOut(recipient=each) for each in before])

    with connection.schema_editor() as editor:
        respell(apps, editor)

    assert set(SMSOptOut.objects.values_list("recipient", flat=True)) == {
        "+420777111222",
        "+420777111223",
        "+33612345678",
        "777111222",
    }


def test_what_no_database_can_hold_is_stored_as_near_as_it_can(twilio: Any) -> None:
    odd = {"AccountSid": SID, "From": "Acme\0", "To": "+12015550123", "SmsStatus": "received", "Body": "a\0b"}

    assert told_by_twilio(odd | {"MessageSid": "S" * 300, "SmsSid": "S"}).status_code == 200

    message = InboundSMSMessage.objects.get()
    assert (message.sender, message.content, len(message.provider_ref)) == ("Acme\ufffd", "a\ufffdb", 255)


def test_an_address_that_was_guessed_leads_nowhere(twilio: Any) -> None:
    browser = Browser()
    right = secret_of("default")

    assert browser.post(f"/sms/webhooks/default/{right[:-1]}x/", RECEIPT).status_code == 404
    assert browser.post(f"/sms/webhooks/other/{right}/", RECEIPT).status_code == 404
    assert browser.post(f"/sms/webhooks/other/{secret_of('other')}/", RECEIPT).status_code == 404
    assert browser.delete(f"/sms/webhooks/default/{right}/").status_code == 405


def test_passing_failures_wait_and_uncertain_ones_are_not_repeated(twilio: Any, far: Far) -> None:
    twilio.HELIOGRAPH = twilio.HELIOGRAPH | {"BATCH_SENDING": True}
    throttled, cut_off, nowhere = (
        send("+420777111222", "One"),
        send("+420777111222", "Two"),
        send("777111222", "Three"),
    )
    answers = iter([Response(429, b"{}"), None])
    far.behaviour = lambda _: next(answers)

    for _ in range(3):
        call_command("send_messages_batch", limit=1, stdout=StringIO())

    for message in (throttled, cut_off, nowhere):
        message.refresh_from_db()
    assert [throttled.state, cut_off.state, nowhere.state] == [
        SMSState.ERROR_RETRY,
        SMSState.UNKNOWN,
        SMSState.ERROR_UPDATE,
    ]
    assert "DEFAULT_PHONE_CODE" in nowhere.error
    assert "token" not in throttled.error + cut_off.error


def test_what_a_provider_notices_is_in_the_projects_own_log(settings: Any, far: Far, caplog: Any) -> None:
    seed_ats(settings, far)
    address = f"/sms/webhooks/default/{secret_of('default')}/"

    assert Browser().post(address, "<no xml", "text/xml").status_code == 200

    assert "event='push not understood' provider='default'" in caplog.text
    assert caplog.records[-1].name == "heliograph.protocols.ats.provider"


def test_a_provider_that_tells_at_once_is_heard_from_code_that_awaits(settings: Any, tmp_path: Path) -> None:
    config = {"type": "file", "path": str(tmp_path / "sent.jsonl")}
    settings.HELIOGRAPH = {"BACKENDS": {"default": {"backend": PROVIDER, "config": config}}}

    async def main() -> list[OutputSMSMessage]:
        try:
            return [await asend("+420777111222", "One"), *await asend_many(["+420777111223"], "Two")]
        finally:
            await sync_to_async(connections.close_all)()

    messages = asyncio.run(main())

    assert {message.state for message in messages} == {SMSState.DELIVERED}
    sent = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    assert [line["body"] for line in sent] == ["One", "Two"]


def test_what_templates_make_and_what_is_to_be_translated_is_sent_like_any_text(settings: Any, tmp_path: Path) -> None:
    config = {"type": "file", "path": str(tmp_path / "sent.jsonl")}
    settings.HELIOGRAPH = {"BACKENDS": {"default": {"backend": PROVIDER, "config": config}}}
    SMSTemplate.objects.create(slug="hello", body="Hello {{ name }}")

    send_template("+420777111222", "hello", {"name": "Ann"})
    send(SafeString("+420777111222"), SafeString("Ahoj"), sender=SafeString("Acme"), tag=SafeString("safe"))
    send("+420777111222", gettext_lazy("Yes"))

    assert {message.state for message in OutputSMSMessage.objects.all()} == {SMSState.DELIVERED}
    sent = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    assert [(line["body"], line["from"]) for line in sent] == [
        ("Hello Ann", None),
        ("Ahoj", "Acme"),
        ("Yes", None),
    ]


def test_a_heliograph_server_is_a_backend(settings: Any, server: Server) -> None:
    settings.HELIOGRAPH = {
        "BACKENDS": {
            "default": {
                "backend": PROVIDER,
                "config": {"type": "heliograph", "url": server.url, "token": server.token},
            }
        }
    }
    told = StringIO()
    call_command("heliograph_backends", stdout=told)
    assert told.getvalue().startswith("default: The token is good for the account sandbox.")

    delivered, undelivered = send_many(["+33611000001", "+999100001"], "From ${Django}", sender="Acme")
    assert (delivered.state, undelivered.state) == (SMSState.SENDING, SMSState.SENDING)
    batch_id = str(delivered.provider_ref).partition(":")[0]
    assert str(undelivered.provider_ref).partition(":")[0] == batch_id  # both in one request
    with server.client() as client:
        shown = client.sandbox.wait_for_message("+33611000001", timeout_s=HANG_S)
        client.sandbox.reply("+33611000001", to="Acme", text="Ano")
        for message in client.messages.list(batch_id=batch_id):
            client.messages.wait_for_delivery(message.id)

    call_command("check_sms_delivery", stdout=StringIO())

    delivered.refresh_from_db()
    undelivered.refresh_from_db()
    assert (shown.text, delivered.state) == ("From ${Django}", SMSState.DELIVERED)
    assert (undelivered.state, undelivered.failed) == (SMSState.ERROR_UPDATE, True)
    assert InboundSMSMessage.objects.filter(sender="+33611000001", content="Ano").exists()


def test_a_heliograph_server_calls_back_and_is_known_by_its_signature(
    settings: Any, server: Server, live_server: Any
) -> None:
    with server.client() as client:
        secret = client.account.get().callback_secret
    config = {"type": "heliograph", "url": server.url, "token": server.token, "callback_secret": secret}
    settings.HELIOGRAPH = {
        "BACKENDS": {"default": {"backend": PROVIDER, "config": config}},
        "PUBLIC_URL": live_server.url,
    }
    delivered = threading.Event()

    def listen(message: OutputSMSMessage, new_state: SMSState, **_: Any) -> None:
        if new_state == SMSState.DELIVERED:
            delivered.set()

    sms_state_changed.connect(listen)
    try:
        message = send("+33611000002", "Call me back")
        assert delivered.wait(timeout=HANG_S)
    finally:
        sms_state_changed.disconnect(listen)

    message.refresh_from_db()
    assert (message.state, message.poll) == (SMSState.DELIVERED, None)
    address = str(address_of("default")).removeprefix(live_server.url)
    forged = {"id": "E", "type": "inbound", "created_at": "2026-01-01T10:00:00Z", "data": {}}
    assert Browser().post(address, forged, "application/json").status_code == 401


def test_backends_that_can_not_be_used_are_named(settings: Any, far: Far) -> None:
    settings.HELIOGRAPH = {
        "BACKENDS": {
            "default": {
                "backend": PROVIDER,
                "config": {"type": "heliograph", "url": far.origin, "token": "hg_x"},
            }
        }
    }
    far.behaviour = heliograph_error(401, "unauthenticated")

    with pytest.raises(CommandError, match="can't be used: default"):
        call_command("heliograph_backends", stdout=StringIO())


def test_smsdrop_keeps_its_token_in_djangos_cache(settings: Any, far: Far) -> None:
    logins = 0

    def answer(request: Request) -> Response:
        nonlocal logins
        if request.path.endswith("/auth/login") or "login" in request.path:
            logins += 1
            return Response(200, json.dumps({"access_token": "T", "token_type": "bearer"}).encode())
        return Response(201, b"{}", {"Location": "/api/v1/sms/campaigns/C1"})

    far.behaviour = answer
    settings.HELIOGRAPH = {
        "BACKENDS": {
            "default": {
                "backend": PROVIDER,
                "config": {
                    "type": "smsdrop",
                    "email": "a@b.c",
                    "password": "p",
                    "context": far.origin,
                    "sender": "Acme",
                },
            }
        }
    }

    for text in ("One", "Two"):
        send("+420777111222", text)

    assert logins == 1
