"""Texts with names that contacts' fields fill in, texts that are kept, and what a dry run says of both, by the SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from heliograph import Client, errors
from heliograph.api import wire

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


def text_on(client: Client, number: str) -> str | None:
    return client.sandbox.wait_for_message(number).text


def group_of(client: Client, *contacts: wire.NewContact) -> str:
    made = client.groups.create()
    client.contacts.add(made.id, contacts)
    return made.id


def test_a_group_is_greeted_by_name(server: Server, new_number: NewNumber) -> None:
    ada, bob = new_number(), new_number()
    with server.client() as client:
        group = group_of(
            client,
            wire.NewContact(number=ada, first_name="Ada", fields={"city": "Paris"}),
            wire.NewContact(number=bob, first_name="Bob", fields={"city": "Rome"}),
        )
        trial = client.batches.dry_run(groups=[group], text="Hello ${first_name} in ${city}")
        client.batches.send(groups=[group], text="Hello ${first_name} in ${city}")

        assert (trial.recipients, trial.parts, trial.price, trial.failing) == (2, 2, "0.09", 0)
        assert [text_on(client, number) for number in (ada, bob)] == ["Hello Ada in Paris", "Hello Bob in Rome"]


def test_a_message_to_one_contact_is_filled_in_too(server: Server, new_number: NewNumber) -> None:
    ada = new_number()
    with server.client() as client:
        group_of(client, wire.NewContact(number=ada, first_name="Ada"))
        client.messages.send(to=ada, text="Hello ${first_name}, ${x}", parameters={"x": {"default": "hi"}})

        assert text_on(client, ada) == "Hello Ada, hi"


def test_a_field_is_never_mistaken_for_a_code(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        group_of(client, wire.NewContact(number=number, fields={"code": "000000"}))
        started = client.verify.start(to=number)
        code = (text_on(client, number) or "").split()[-1]

        assert client.verify.check(started.id, code).status == "verified"


def test_a_dry_run_says_how_many_would_fail_and_why(start_server: StartServer, new_number: NewNumber) -> None:
    server = start_server(environment={"HELIOGRAPH_PRICES": '{"sms": {"FR": 0.05}}'})
    ada, bob, cy, dan, eve = (new_number() for _ in range(5))
    with server.client() as client:
        group = group_of(
            client,
            wire.NewContact(number=ada, first_name="Ada", fields={"city": "Paris"}),
            wire.NewContact(number=bob, first_name="Bob"),
            wire.NewContact(number=cy, fields={"city": "Rome"}),
            wire.NewContact(number=dan, fields={"city": "Oslo"}),
            wire.NewContact(number=eve, first_name="E" * 200, fields={"city": "Bonn"}),
            wire.NewContact(number="+447400123456", first_name="Fay", fields={"city": "Bath"}),
        )
        client.optouts.add(bob)
        wanted: dict[str, Any] = {"groups": [group], "text": "${first_name}: ${city}", "max_parts": 1}

        trial = client.batches.dry_run(**wanted)
        sent = client.batches.send(**wanted)
        listed = [client.messages.wait_for_delivery(each.id) for each in client.messages.list(batch_id=sent.id)]

    told = {(failure.reason, failure.count, *failure.parameters): failure for failure in trial.failures}
    assert (trial.recipients, trial.parts, trial.price, trial.failing) == (6, 1, "0.05", 5)
    assert set(told) == {
        ("missing_parameter", 2, "first_name"),
        ("too_many_parts", 1),
        ("opted_out", 1),
        ("no_coverage", 1),
    }
    assert trial.failures[0].count == 2
    assert sorted(told["missing_parameter", 2, "first_name"].numbers) == sorted([cy, dan])
    assert "${first_name}" in told["missing_parameter", 2, "first_name"].explanation
    assert told["opted_out", 1].numbers == [bob]
    became = [message.reason for message in listed if message.status != "delivered"]
    assert sorted(filter(None, became)) == sorted(
        failure.reason for failure in trial.failures for _ in range(failure.count)
    )


def test_a_channel_that_can_carry_it_is_enough(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        fallbacks = [wire.Fallback(channel="sms", text="Hello")]
        trial = client.batches.dry_run(to=[number], text="${nothing}", channel="viber", fallbacks=fallbacks)
        client.batches.send(to=[number], text="${nothing}", channel="viber", fallbacks=fallbacks)

        assert (trial.failing, trial.parts, text_on(client, number)) == (0, 1, "Hello")


def test_only_the_first_of_many_that_would_fail_are_named(server: Server) -> None:
    numbers = [f"+3361234{n:04d}" for n in range(50)]
    with server.client() as client:
        trial = client.batches.dry_run(to=numbers, text="${nothing} ${nobody}")

    (failure,) = trial.failures
    assert (trial.failing, failure.count, failure.numbers) == (50, 50, numbers[:20])
    assert failure.parameters == ["nobody", "nothing"]


@pytest.mark.parametrize("key", ["number", "name", "digits"])
def test_a_template_is_sent_by_its_number_or_its_name(server: Server, new_number: NewNumber, key: str) -> None:
    one, many = new_number(), new_number()
    with server.client() as client:
        group = group_of(client, wire.NewContact(number=many, first_name="Ada"))
        kept = client.templates.create("Hello ${first_name}", name=f"Greeting {one[-6:]}")
        template = {"number": kept.number, "name": kept.name, "digits": str(kept.number)}[key]

        sent = client.messages.send(to=one, template=template, parameters={"first_name": {one: "Bob"}})
        client.batches.send(groups=[group], template=template)
        trial = client.batches.dry_run(groups=[group], template=template)

        assert sent.text == "Hello ${first_name}"
        assert [text_on(client, number) for number in (one, many)] == ["Hello Bob", "Hello Ada"]
        assert (trial.parts, trial.failing) == (1, 0)


def test_a_template_goes_by_its_channel_and_answers_and_fallbacks_have_them_too(
    server: Server, new_number: NewNumber
) -> None:
    number = new_number()
    with server.client() as client:
        by_viber = client.templates.create("Hello by Viber", channel="viber")
        by_sms = client.templates.create("Hello by SMS")
        while not client.templates.get(by_viber.number).approved:
            pass
        client.messages.send(
            to="+99970001235",  # no Viber there
            template=by_viber.number,
            fallbacks=[wire.Fallback(channel="sms", template=by_sms.name)],
        )
        client.sandbox.wait_for_message("+99970001235", contains="by SMS")
        client.sandbox.reply(number, to="12345", text="Hello?")
        (talk,) = [each for each in client.conversations.list() if each.number == number]
        client.conversations.reply(talk.id, template=by_sms.number)
        shown = [(each.channel, each.text) for each in client.sandbox.messages("+99970001235")]

        assert shown == [("viber", "Hello by Viber"), ("sms", "Hello by SMS")]
        assert text_on(client, number) == "Hello by SMS"


def test_what_is_wrong_with_a_template_is_said_before_anything_is_stored(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        kept = client.templates.create("Hello")
        unapproved = client.templates.create("Hello", channel="viber")
        refusals: list[tuple[dict[str, Any], type[errors.RequestError], str | None]] = [
            ({"template": unapproved.number}, errors.TemplateNotApproved, None),
            ({"template": "no such thing"}, errors.UnknownTemplate, "template"),
            ({"template": 10**12}, errors.UnknownTemplate, "template"),
            ({"template": -1}, errors.UnknownTemplate, "template"),
            ({"template": "9" * 5000}, errors.UnknownTemplate, "template"),
            ({"template": kept.number, "text": "Hello"}, errors.InvalidBody, "body"),
            ({"template": kept.number, "data": b"x"}, errors.InvalidBody, "body"),
            ({"template": kept.number, "channel": "viber"}, errors.UnknownTemplate, "template"),
            (
                {
                    "text": "Hello",
                    "channel": "viber",
                    "fallbacks": [wire.Fallback(channel="sms", template=kept.number, text="Hello")],
                },
                errors.InvalidBody,
                "fallbacks",
            ),
        ]
        for fields, kind, field in refusals:
            for attempt in (
                lambda given: client.messages.send(to=number, **given),
                lambda given: client.batches.send(to=[number], **given),
                lambda given: client.batches.dry_run(to=[number], **given),
            ):
                with pytest.raises(kind) as refused:
                    attempt(fields)
                assert refused.value.field == field

        assert list(client.messages.list(to=number)) == []


def test_a_request_is_repeated_although_its_template_is_gone(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        kept = client.templates.create("Hello")
        first = client.messages.send(to=number, template=kept.number, idempotency_key=number)
        client.templates.change(kept.number, text="Changed")
        changed = client.messages.send(to=number, template=kept.number, idempotency_key=number)
        client.templates.delete(kept.number)
        gone = client.messages.send(to=number, template=kept.number, idempotency_key=number)
        with pytest.raises(errors.IdempotencyMismatch):
            client.messages.send(to=number, template=kept.number, idempotency_key=number, flash=True)
        with pytest.raises(errors.UnknownTemplate):
            client.messages.send(to=number, template=kept.number, idempotency_key=f"{number} once more")

    assert first.id == changed.id == gone.id
