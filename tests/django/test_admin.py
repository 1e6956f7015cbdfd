"""Who may do what in the admin; how it looks is in test_moving.py, in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client as Browser
from tests.django.shop.backends import Pigeon
from tests.django.shop.models import Parcel

from heliograph.django import send, send_template
from heliograph.django.models import (
    InboundSMSMessage,
    OutputSMSMessage,
    SMSOptOut,
    SMSTemplate,
    SMSTemplateDisallowedObject,
)

pytestmark = pytest.mark.usefixtures("database")

MESSAGES = "/admin/heliograph/outputsmsmessage/"
TEMPLATES = "/admin/heliograph/smstemplate/"


@pytest.fixture
def staff() -> Callable[..., Browser]:
    """A browser of somebody who may do these things."""

    def log_in(*permissions: str) -> Browser:
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        browser = Browser()
        browser.force_login(user)
        return browser

    return log_in


@pytest.fixture
def boss() -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("boss"))
    return browser


def act(browser: Browser, action: str, *messages: OutputSMSMessage) -> str:
    chosen = {"action": action, "_selected_action": [message.pk for message in messages]}
    return browser.post(MESSAGES, chosen, follow=True).content.decode()


@pytest.mark.parametrize(
    "model", ["outputsmsmessage", "inboundsmsmessage", "smstemplate", "smsoptout", "smstemplatedisallowedobject"]
)
def test_every_model_has_a_list_that_can_be_searched_and_a_page_for_each_row(boss: Browser, model: str) -> None:
    parcel = Parcel.objects.create(name="A")
    template = SMSTemplate.objects.create(slug="hello", body="Hello")
    sent = send_template("+420777111222", "hello", {}, [parcel])
    inbound = InboundSMSMessage.objects.create(
        sender="+420777111222", recipient="+420900", content="Hi " * 40, backend_name="default", answers=sent
    )
    SMSOptOut.objects.create(recipient="+420777111223", inbound=inbound)
    SMSTemplateDisallowedObject.objects.create_from_related_object(parcel)
    row: Any = {
        "outputsmsmessage": sent,
        "inboundsmsmessage": inbound,
        "smstemplate": template,
        "smsoptout": SMSOptOut.objects.get(),
        "smstemplatedisallowedobject": SMSTemplateDisallowedObject.objects.get(),
    }[model]

    listed = boss.get(f"/admin/heliograph/{model}/", {"q": "7" if model != "smstemplate" else "hell"})
    shown = boss.get(f"/admin/heliograph/{model}/{row.pk}/change/")

    assert (listed.status_code, shown.status_code) == (200, 200)


def test_messages_are_read_only_and_never_added_by_hand(boss: Browser) -> None:
    message = send("+420777111222", "Hello")

    assert boss.get(f"{MESSAGES}add/").status_code == 403
    assert boss.post(f"{MESSAGES}{message.pk}/change/", {"content": "Changed"}).status_code == 403
    message.refresh_from_db()
    assert message.content == "Hello"


def test_only_who_may_add_messages_may_send_them_again(staff: Any, by_pigeon: Any) -> None:
    message = send("+420777111222", "Hello")
    browser = staff("view_outputsmsmessage")

    assert "Hello" in browser.get(MESSAGES).content.decode()
    assert 'value="resend"' not in browser.get(MESSAGES).content.decode()
    act(browser, "resend", message)

    assert Pigeon.flown == ["Hello"]


def test_what_is_sent_again_is_a_message_of_its_own(staff: Any, by_pigeon: Any) -> None:
    parcel = Parcel.objects.create(name="A")
    message = send("+420777111222", "In a storm", [parcel], tag="parcels", campaign="spring")
    by_pigeon.HELIOGRAPH = by_pigeon.HELIOGRAPH | {"BATCH_SENDING": True}
    waiting = send("+420777111222", "Waiting")

    told = act(staff("view_outputsmsmessage", "add_outputsmsmessage"), "resend", message, waiting)

    again = OutputSMSMessage.objects.get(content="In a storm", number_of_send_attempts=0)
    assert again.extra_data == {"campaign": "spring", "resend_of": message.pk}
    assert (again.tag, [each.content_object for each in again.related_objects.all()]) == ("parcels", [parcel])
    assert "1 sent again." in told
    assert "1 still waiting, and left alone." in told
    assert OutputSMSMessage.objects.filter(content="Waiting").count() == 1


def test_a_locked_template_is_not_changed(boss: Browser) -> None:
    template = SMSTemplate.objects.create(slug="hello", body="Hello", is_locked=True)

    assert boss.post(f"{TEMPLATES}{template.pk}/change/", {"slug": "hello", "body": "Changed"}).status_code == 403


def test_a_body_that_can_not_be_read_is_shown_with_its_field(boss: Browser) -> None:
    told = boss.post(f"{TEMPLATES}add/", {"slug": "hello", "body": "{% if %}"})

    assert "can&#x27;t be read as a template" in told.content.decode()
    assert not SMSTemplate.objects.exists()


def test_a_preview_is_for_those_who_may_see_the_template(staff: Any) -> None:
    template = SMSTemplate.objects.create(slug="hello", body="{% load l10n %}Hello {{ user.name }}")
    address = f"{TEMPLATES}{template.pk}/preview/"
    browser = staff("view_outputsmsmessage")

    assert browser.get(address).status_code == 403
    assert Browser().get(address).status_code == 302
    assert browser.get(f"{TEMPLATES}999999/preview/").status_code == 404


def test_a_preview_shows_a_mistake_instead_of_failing(boss: Browser) -> None:
    template = SMSTemplate.objects.create(slug="hello", body="{{ name|add:0|date }}{% include missing %}")

    told = boss.post(f"{TEMPLATES}{template.pk}/preview/", {"context_data": '{"name": 1}', "recipient": "Ann"})
    assert "is no phone number" in told.content.decode()

    told = boss.post(f"{TEMPLATES}{template.pk}/preview/", {"context_data": "{", "recipient": ""})
    assert "Enter a valid JSON" in told.content.decode()

    told = boss.get(f"{TEMPLATES}{template.pk}/preview/")
    assert (told.status_code, 'id="mistake"' in told.content.decode()) == (200, True)


def test_messages_are_exported_as_they_are_chosen_and_no_cell_is_a_formula(staff: Any) -> None:
    send("+420777111222", "=1+1", tag="one")
    send("+420777111223", "Two")
    left_out = send("+420777111224", "Three")
    chosen = OutputSMSMessage.objects.exclude(pk=left_out.pk)
    asked = {"action": "export", "_selected_action": [message.pk for message in chosen]}

    answer = staff("view_outputsmsmessage").post(MESSAGES, asked)

    header, *rows = csv.reader(io.StringIO(answer.getvalue().decode()))
    place = {name: header.index(name) for name in ("recipient", "content", "state", "tag")}
    assert [[row[at] for at in place.values()] for row in rows] == [
        ["+420777111222", "'=1+1", "DEBUG", "one"],
        ["+420777111223", "Two", "DEBUG", ""],
    ]
    assert answer.headers["Content-Type"] == "text/csv"
