"""Sending as a project does it."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from tests.django.shop.backends import Pigeon
from tests.django.shop.models import Depot, Parcel

from heliograph.django import asend, asend_many, asend_template, send, send_many, send_template
from heliograph.django.errors import SMSSendingError
from heliograph.django.models import (
    OutputSMSMessage,
    OutputSMSRelatedObject,
    SMSOptOut,
    SMSTemplate,
    SMSTemplateDisallowedObject,
)
from heliograph.django.publishing import OPTED_OUT
from heliograph.django.sending import send_again
from heliograph.django.signals import sms_state_changed
from heliograph.django.states import SMSState

pytestmark = pytest.mark.usefixtures("database")


def test_a_message_is_stored_and_with_the_dummy_backend_not_sent() -> None:
    message = send("+420 777-111-222", "Hello", tag="greeting", campaign="spring")

    stored = OutputSMSMessage.objects.get()
    assert stored == message
    assert (stored.state, stored.recipient, stored.content) == (SMSState.DEBUG, "+420777111222", "Hello")
    assert (stored.tag, stored.extra_data, stored.parts) == ("greeting", {"campaign": "spring"}, 1)
    assert stored.backend == "heliograph.django.backends.dummy.DummySMSBackend"
    assert stored.sent_at is not None
    assert not stored.failed
    assert str(stored) == "+420777111222"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("777 111 222", "+420777111222"),
        ("00420777111222", "+420777111222"),
        ("+420 (777) 111.222", "+420777111222"),
        ("777/111222", "+420777111222"),
        ("tel:+420-777-111-222", "+420777111222"),
        ("\u06f7\u06f7\u06f7 111 222", "+420777111222"),
        ("420777111222.0", "420777111222"),
        ("00 683 4002", "+6834002"),  # nine digits, but of Niue
        ("12345", "12345"),
        ("77711122", "77711122"),
    ],
)
def test_recipients_are_written_in_one_way(settings: Any, given: str, stored: str) -> None:
    settings.PYMESS_SMS_DEFAULT_PHONE_CODE = "+420"

    assert send(given, "Hello").recipient == stored


@pytest.mark.parametrize(
    ("recipient", "content", "told"),
    [
        ("", "Hello", "The recipient is empty."),
        (None, "Hello", "The recipient is empty."),
        ("+42077711122233344455566", "Hello", "20 are the most"),
        ("Ann", "Hello", "is no phone number"),
        ("4.20777E+11", "Hello", "a spreadsheet has rounded this number"),
        ("+420777111222", "", "The text is empty."),
        ("+420777111222", "   ", "The text is empty."),
        ("+420777111222", "x" * 701, "The text has 701 characters; 700 are the most."),
        ("+420777111222", "a\0b", "U+0000"),
    ],
)
def test_what_can_not_be_sent_leaves_nothing_behind(recipient: Any, content: str, told: str) -> None:
    with pytest.raises(SMSSendingError, match=told.replace("+", "\\+")):
        send(recipient, content)

    assert not OutputSMSMessage.objects.exists()


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"tag": "x" * 51}, "tag: .*at most 50 characters"),
        ({"tag": "no slug"}, "tag: .*valid .slug."),
        ({"sender": "x" * 21}, "sender: .*at most 20 characters"),
        ({"priority": -1}, "priority: .*greater than or equal to 0"),
    ],
)
def test_an_attribute_that_does_not_fit_leaves_nothing_behind(attributes: Any, told: str) -> None:
    with pytest.raises(SMSSendingError, match=told):
        send("+420777111222", "Hello", **attributes)

    assert not OutputSMSMessage.objects.exists()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Příliš žluťoučký kůň", "Prilis zlutoucky kun"),
        ("Straße, 5 €, æther", "Strasse, 5 EUR, aether"),
        ("Привет", "Privet"),
        ("👍", ":thumbsup:"),
    ],
)
def test_without_accents_no_text_loses_its_letters(text: str, sent: str) -> None:
    assert send("+420777111222", text).content == sent


def test_with_accents_a_text_stays_as_it_is(settings: Any) -> None:
    settings.HELIOGRAPH = {"USE_ACCENT": True}

    with pytest.raises(SMSSendingError, match="half of a surrogate pair"):
        send("+420777111222", "\ud83d")

    assert send("+420777111222", "Příliš 👍").content == "Příliš 👍"


def test_nothing_leaves_before_the_commit_and_nothing_after_a_rollback(by_pigeon: Any) -> None:
    with transaction.atomic():
        message = send("+420777111222", "Kept")
        assert (Pigeon.flown, message.state) == ([], SMSState.WAITING)
    assert (Pigeon.flown, message.state) == (["Kept"], SMSState.SENDING)

    with pytest.raises(RuntimeError), transaction.atomic():
        send("+420777111222", "Gone")
        raise RuntimeError
    assert Pigeon.flown == ["Kept"]
    assert [each.content for each in OutputSMSMessage.objects.all()] == ["Kept"]


def test_what_a_backend_raises_is_written_down_and_not_raised(settings: Any) -> None:
    settings.HELIOGRAPH = {"BACKENDS": {"default": {"backend": "tests.django.shop.backends.Broken"}}}

    message = send("+420777111222", "Hello")

    message.refresh_from_db()
    assert (message.state, message.error, message.failed) == (SMSState.ERROR, "ValueError: it fell off the table", True)


def test_a_backend_that_says_nothing_leaves_the_message_unknown(settings: Any) -> None:
    settings.HELIOGRAPH = {"BACKENDS": {"default": {"backend": "tests.django.shop.backends.Forgetful"}}}

    assert send("+420777111222", "Hello").state == SMSState.UNKNOWN


def test_a_router_chooses_the_backend_unless_the_caller_does(settings: Any) -> None:
    settings.HELIOGRAPH = {
        "BACKENDS": {
            "default": {"backend": "heliograph.django.backends.dummy.DummySMSBackend"},
            "pigeon": {"backend": "tests.django.shop.backends.Pigeon"},
        },
        "ROUTER": "tests.django.shop.backends.Abroad",
    }

    names = [
        send("+420777111222", "Home").backend_name,
        send("+33612345678", "Abroad").backend_name,
        send("+420777111222", "By air", message_backend="pigeon").backend_name,
    ]

    assert names == ["default", "pigeon", "pigeon"]
    assert Pigeon.flown == ["Abroad", "By air"]


def test_many_are_made_in_chunks_or_not_at_all(by_pigeon: Any, django_assert_max_num_queries: Any) -> None:
    numbers = [f"+4207771{place:05d}" for place in range(400)]
    parcel = Parcel.objects.create(name="A")

    with pytest.raises(SMSSendingError):
        send_many([*numbers, "nobody"], "Hello")
    assert not OutputSMSMessage.objects.exists()

    by_pigeon.HELIOGRAPH = {}
    with django_assert_max_num_queries(30):
        messages = send_many(numbers, "Hello", [parcel])
    assert {message.state for message in messages} == {SMSState.DEBUG}
    assert OutputSMSMessage.objects.filter_related_object(parcel).count() == 400


def test_asynchronous_twins_do_the_same() -> None:
    SMSTemplate.objects.create(slug="hello", body="Hello {{ name }}")

    one = async_to_sync(asend)("+420777111222", "Hello")
    templated = async_to_sync(asend_template)("+420777111222", "hello", {"name": "Ann"})
    several = async_to_sync(asend_many)(["+420777111222", "+420777111223"], "Hello")

    assert [one.state, templated.content, len(several)] == [SMSState.DEBUG, "Hello Ann", 2]


def test_listeners_are_told_of_each_change_after_the_commit(by_pigeon: Any) -> None:
    heard: list[tuple[str, SMSState, SMSState]] = []

    def listen(message: OutputSMSMessage, old_state: SMSState, new_state: SMSState, **_: Any) -> None:
        heard.append((message.content, old_state, new_state))

    sms_state_changed.connect(listen)
    try:
        send("+420777111222", "Hello")
    finally:
        sms_state_changed.disconnect(listen)

    assert heard == [("Hello", SMSState.WAITING, SMSState.SENDING)]


def test_who_opted_out_is_not_written_to(by_pigeon: Any) -> None:
    SMSOptOut.objects.create(recipient="+420 777 111 222")

    refused, sent = send_many(["+420777111222", "+420777111223"], "Hello")

    assert (refused.state, refused.error) == (SMSState.ERROR, OPTED_OUT)
    assert (sent.state, Pigeon.flown) == (SMSState.SENDING, ["Hello"])


# -- related objects


def test_messages_are_found_by_what_they_are_about() -> None:
    parcel, other, depot = (
        Parcel.objects.create(name="A"),
        Parcel.objects.create(name="B"),
        Depot.objects.create(code="X"),
    )
    one = send("+420777111222", "One", [parcel, depot])
    two = send("+420777111222", "Two", related_objects=[other])
    send("+420777111222", "Three")

    messages = OutputSMSMessage.objects
    assert list(messages.filter_related_object(parcel)) == [one]
    assert list(messages.filter_related_object(depot)) == [one]
    assert list(messages.filter_related_objects(Parcel.objects.all())) == [two, one]
    assert list(messages.filter_related_objects(Depot.objects.filter(code="X"))) == [one]
    assert {each.content_object for each in one.related_objects.all()} == {parcel, depot}
    assert list(one.related_objects.get_related_objects_by_model(Parcel)) == [parcel]
    assert list(one.related_objects.get_related_objects_by_model(Depot)) == [depot]
    assert set(one.related_objects.values_list("object_id", "object_id_int")) == {
        (str(parcel.pk), parcel.pk),
        ("X", None),
    }
    assert list(one.related_objects.filter_from_related_objects(depot)) == [one.related_objects.get(object_id="X")]


def test_the_manager_of_related_objects_adds_once_and_replaces() -> None:
    parcel, other, depot = (
        Parcel.objects.create(name="A"),
        Parcel.objects.create(name="B"),
        Depot.objects.create(code="X"),
    )
    message = send("+420777111222", "Hello", [parcel, depot])

    _, again = message.related_objects.get_or_create_from_related_object(parcel)
    message.related_objects.update_related_objects(other, limit_to_model=Parcel)
    after_parcels = {each.content_object for each in message.related_objects.all()}
    message.related_objects.update_related_objects(other)

    assert not again
    assert after_parcels == {other, depot}
    assert [each.content_object for each in OutputSMSRelatedObject.objects.all()] == [other]


# -- templates


def test_a_template_fills_in_plain_text() -> None:
    template = SMSTemplate.objects.create(slug="invoice", body="{{ name }}: {{ amount|floatformat:2 }} & <ok>")

    message = send_template("+420777111222", "invoice", {"name": "O'Neil & <b>", "amount": 3.14159}, tag="money")

    assert message is not None
    assert message.content == "O'Neil & <b>: 3.14 & <ok>"
    assert (message.template, message.template_slug, message.tag) == (template, "invoice", "money")
    template.delete()
    message.refresh_from_db()
    assert (message.template, message.template_slug) == (None, "invoice")


def test_a_slug_that_is_unknown_is_the_models_own_error() -> None:
    with pytest.raises(SMSTemplate.DoesNotExist, match="'nothing'"):
        send_template("+420777111222", "nothing", {})


def test_a_body_that_can_not_be_read_is_not_saved() -> None:
    with pytest.raises(ValidationError, match="can't be read as a template"):
        SMSTemplate.objects.create(slug="broken", body="{% if %}")


def test_the_language_that_is_active_chooses_the_template() -> None:
    for locale, body in (("", "Hello"), ("cs", "Ahoj"), ("pt-br", "Oi")):
        SMSTemplate.objects.create(slug="hello", locale=locale, body=body)

    def sent(locale: str | None = None) -> str:
        message = send_template("+420777111222", "hello", {}, locale=locale)
        assert message is not None
        return message.content

    with translation.override("cs"):
        assert sent() == "Ahoj"
    assert [sent("pt_BR"), sent("cs-cz"), sent("de")] == ["Oi", "Ahoj", "Hello"]


def test_a_template_that_is_not_active_or_not_allowed_sends_nothing() -> None:
    parcel, other = Parcel.objects.create(name="A"), Parcel.objects.create(name="B")
    template = SMSTemplate.objects.create(slug="hello", body="Hello")
    SMSTemplateDisallowedObject.objects.create_from_related_object(other)
    template.disallowed_objects.create_from_related_object(parcel)

    assert send_template("+420777111222", "hello", {}, [parcel]) is None
    assert send_template("+420777111222", "hello", {}, [other]) is None
    assert send_template("+420777111222", "hello", {}) is not None
    template.is_active = False
    template.save()
    assert send_template("+420777111222", "hello", {}) is None


def test_without_duplicates_a_template_is_sent_once_for_the_same_objects() -> None:
    parcel, other = Parcel.objects.create(name="A"), Parcel.objects.create(name="B")
    SMSTemplate.objects.create(slug="hello", body="Hello", is_allowed_duplicate_messages=False)

    sent = [send_template("+420777111222", "hello", {}, related) for related in ([parcel], [parcel], [parcel, other])]

    assert [message is not None for message in sent] == [True, False, True]
    assert OutputSMSMessage.objects.was_sent("hello", parcel)
    assert not OutputSMSMessage.objects.was_sent("hello", Depot(code="X"))


def test_a_messages_own_sender_goes_before_its_backends(by_pigeon: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Pigeon, "_get_extra_message_kwargs", lambda self: {"sender": "Pigeon"})
    SMSTemplate.objects.create(slug="hello", body="Hello", sender_name="Acme")
    one, other = send("+420777111222", "Hello"), send("+420777111222", "Hello", sender="Bell")
    by_template = send_template("+420777111222", "hello", {})

    again = send_again([one, other])

    assert by_template is not None
    assert [message.sender for message in (one, other, by_template)] == ["Pigeon", "Bell", "Acme"]
    assert [message.sender for message in again.sent] == ["Pigeon", "Bell"]


def test_a_templates_sender_is_its_messages() -> None:
    SMSTemplate.objects.create(slug="hello", body="Hello", sender_name="Acme")

    message = send_template("+420777111222", "hello", {})

    assert message is not None
    assert message.sender == "Acme"


@pytest.mark.parametrize(
    "override",
    [
        lambda self, recipient, context_data: context_data["age"] >= 18,
        lambda self, recipient, context_data, related_objects: context_data["age"] >= 18,
        lambda self, number, data: data["age"] >= 18,
        lambda self, recipient, related_objects: related_objects == ["adult"],
    ],
    ids=["seed", "both", "other names", "later"],
)
def test_can_send_may_be_overridden_with_the_parameters_of_either_line(monkeypatch: Any, override: Any) -> None:
    template = SMSTemplate.objects.create(slug="hello", body="Hello")
    monkeypatch.setattr(SMSTemplate, "can_send", override)

    assert template.send("+420777111222", {"age": 17}, related_objects=["child"]) is None
