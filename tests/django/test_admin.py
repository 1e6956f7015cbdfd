"""Who may do what in the admin; how it looks is in test_moving.py, in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext, override_settings
from tests.django.shop.backends import Pigeon
from tests.django.shop.models import Depot, Parcel

from heliograph.django import send, send_many, send_template
from heliograph.django.models import (
    InboundSMSMessage,
    OutputSMSMessage,
    SMSOptOut,
    SMSTemplate,
    SMSTemplateDisallowedObject,
)
from heliograph.django.states import SMSState

pytestmark = pytest.mark.usefixtures("database")

MESSAGES = "/admin/heliograph/outputsmsmessage/"
TEMPLATES = "/admin/heliograph/smstemplate/"
DISALLOWED = "/admin/heliograph/smstemplatedisallowedobject/"


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


def test_many_are_sent_again_with_as_many_queries_as_few(staff: Any, by_pigeon: Any) -> None:
    few, many = send_many(["+420777111222"] * 2, "Few"), send_many(["+420777111222"] * 40, "Many")
    browser = staff("view_outputsmsmessage", "add_outputsmsmessage")

    with CaptureQueriesContext(connection) as for_few:
        act(browser, "resend", *few)
    with CaptureQueriesContext(connection) as for_many:
        told = act(browser, "resend", *many)

    assert "40 sent again." in told
    assert Pigeon.flown == ["Few"] * 2 + ["Many"] * 40 + ["Few"] * 2 + ["Many"] * 40
    a_pigeon_writes = 1
    assert len(for_many) - len(for_few) <= (40 - 2) * a_pigeon_writes


def test_all_that_a_filter_shows_are_sent_again_once(staff: Any) -> None:
    send_many(["+420777111222"] * 3, "Hello")
    browser = staff("view_outputsmsmessage", "add_outputsmsmessage")
    first = OutputSMSMessage.objects.earliest("pk")
    chosen = {"action": "resend", "_selected_action": [first.pk], "select_across": 1}

    told = browser.post(f"{MESSAGES}?state__exact={SMSState.DEBUG:d}", chosen, follow=True).content.decode()

    assert "3 sent again." in told
    assert OutputSMSMessage.objects.filter(state=SMSState.DEBUG).count() == 6


def test_what_can_not_be_sent_again_keeps_nothing_else_back(staff: Any) -> None:
    messages = send_many(["+420777111222"] * 25, "Hello")
    OutputSMSMessage.objects.filter(pk__in=[message.pk for message in messages[:22]]).update(recipient="Ann")

    told = act(staff("view_outputsmsmessage", "add_outputsmsmessage"), "resend", *messages)

    assert "3 sent again." in told
    assert told.count("Ann: The recipient is no phone number") == 20
    assert "... and 2 more." in told


def test_a_locked_template_is_neither_changed_nor_deleted(boss: Browser) -> None:
    template = SMSTemplate.objects.create(slug="hello", body="Hello", is_locked=True)

    assert boss.post(f"{TEMPLATES}{template.pk}/change/", {"slug": "hello", "body": "Changed"}).status_code == 403
    assert boss.post(f"{TEMPLATES}{template.pk}/delete/", {"post": "yes"}).status_code == 403
    boss.post(TEMPLATES, {"action": "delete_selected", "_selected_action": [template.pk], "post": "yes"})
    template.refresh_from_db()
    assert template.body == "Hello"


@pytest.mark.parametrize("key", ["abc", "999999", "1" * 30, "1.5", ""])
def test_only_an_object_that_is_there_is_disallowed(boss: Browser, key: str) -> None:
    about = {"content_type": ContentType.objects.get_for_model(Parcel).pk, "object_id": key}

    told = boss.post(f"{DISALLOWED}add/", about)

    words = "There is no parcel with this key." if key else "This field is required."
    assert words in told.content.decode()
    assert not SMSTemplateDisallowedObject.objects.exists()


def test_an_object_that_is_disallowed_by_hand_gets_no_message(boss: Browser) -> None:
    SMSTemplate.objects.create(slug="hello", body="Hello")
    parcel, depot = Parcel.objects.create(name="A"), Depot.objects.create(code="X")
    for each in (parcel, depot):
        about = {"content_type": ContentType.objects.get_for_model(each).pk, "object_id": f" {each.pk} "}
        assert boss.post(f"{DISALLOWED}add/", about).status_code == 302

    assert send_template("+420777111222", "hello", {}, [parcel]) is None
    assert send_template("+420777111222", "hello", {}, [depot]) is None


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

    header, *rows = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    place = {name: header.index(name) for name in ("recipient", "content", "state", "tag")}
    assert [[row[at] for at in place.values()] for row in rows] == [
        ["+420777111222", "'=1+1", "DEBUG", "one"],
        ["+420777111223", "Two", "DEBUG", ""],
    ]
    assert answer.headers["Content-Type"] == "text/csv"


@pytest.mark.parametrize(("own", "begins"), [({}, b"\xef\xbb\xbfid,"), ({"EXPORT_BOM": False}, b"id,")])
def test_an_export_begins_with_a_byte_order_mark_unless_the_project_wants_none(
    staff: Any, own: dict[str, Any], begins: bytes
) -> None:
    message = send("+420777111222", "One")

    with override_settings(HELIOGRAPH=own):
        answer = staff("view_outputsmsmessage").post(MESSAGES, {"action": "export", "_selected_action": [message.pk]})
        content = answer.getvalue()

    assert content.startswith(begins)
