"""Channels, one-time codes, links, files, lookups and conversations in the native API, by the SDK."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.protocols.listening import Listener

from heliograph import Client, errors
from heliograph.api import wire
from heliograph.protocols.smscx.door.applications import SCOPES

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


def screen(client: Client, number: str) -> list[tuple[str, str | None]]:
    return [(shown.channel, shown.text) for shown in client.sandbox.messages(number) if shown.direction == "received"]


def test_a_message_goes_by_the_channel_that_is_named(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        sent = client.messages.send(
            to=number,
            text="Hello",
            channel="whatsapp",
            rich_media=wire.RichMedia(button_caption="Open", target_url="https://example.org/"),
        )
        delivered = client.messages.wait_for_delivery(sent.id)

        assert (sent.channel, delivered.channel, delivered.status) == ("whatsapp", "whatsapp", "delivered")
        assert screen(client, number) == [("whatsapp", "Hello")]


def test_fallbacks_are_tried_one_after_the_other(server: Server) -> None:
    with server.client() as client:
        sent = client.batches.send(
            to=["+99970001234"],
            text="By Viber to ${name}",
            parameters={"name": {"default": "you"}},
            channel="viber",
            fallbacks=[
                wire.Fallback(channel="whatsapp", text="By WhatsApp"),
                wire.Fallback(channel="sms", text="By SMS to ${name}"),
            ],
        )
        (message,) = list(client.messages.list(batch_id=sent.id))
        delivered = client.messages.wait_for_delivery(message.id)

        assert (delivered.status, delivered.channel) == ("delivered", "sms")
        assert screen(client, "+99970001234") == [
            ("viber", "By Viber to you"),
            ("whatsapp", "By WhatsApp"),
            ("sms", "By SMS to you"),
        ]


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ({"data": b"x", "text": None}, errors.InvalidBody, "body"),
        ({"fallbacks": [wire.Fallback(channel="viber", text="Again")]}, errors.InvalidField, "fallbacks"),
        ({"fallbacks": [wire.Fallback(channel="sms", text="")]}, errors.InvalidBody, "body"),
    ],
)
def test_what_no_channel_can_carry_is_refused(
    server: Server, fields: dict[str, Any], kind: type[errors.RequestError], field: str
) -> None:
    with server.client() as client, pytest.raises(kind) as refused:
        client.messages.send(**{"to": "+33612345678", "text": "Hello", "channel": "viber"} | fields)

    assert refused.value.field == field


def test_a_number_is_verified_by_its_code(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        started = client.verify.start(to=number, text="Acme: ${code}", length=8, client_reference="signup-7")
        code = client.sandbox.read_code(number)
        with pytest.raises(errors.WrongCode):
            client.verify.check(started.id, "0" * 8 if code != "0" * 8 else "1" * 8)
        counted = client.verify.get(started.id)
        verified = client.verify.check(started.id, f" {code[:4]} {code[4:6]}-{code[6:]}")
        with pytest.raises(errors.AlreadyVerified):
            client.verify.check(started.id, code)
        with pytest.raises(errors.AlreadyVerified):
            client.verify.cancel(started.id)

    assert (started.status, counted.attempts, verified.status) == ("pending", 1, "verified")
    assert (started.price, started.client_reference) == ("0.045", "signup-7")
    assert code not in str(started)


def test_who_opted_out_is_sent_no_code(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        client.optouts.add(number)
        with pytest.raises(errors.OptedOut):
            client.verify.start(to=number)

        assert list(client.messages.list(to=number)) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": "No code"}, "text"),
        ({"text": "${name}, your code is ${code}"}, "text"),
        ({"length": 3}, "length"),
        ({"ttl_s": 30}, "ttl_s"),
        ({"max_attempts": 11}, "max_attempts"),
        ({"callback_url": "http://192.0.2.1/"}, "callback_url"),
        ({"to": "hello"}, "number"),
    ],
)
def test_each_rule_of_codes(server: Server, fields: dict[str, Any], field: str) -> None:
    with server.client() as client, pytest.raises(errors.RequestError) as refused:
        client.verify.start(**{"to": "+33612345678"} | fields)

    assert refused.value.field == field


def test_links_are_shortened_followed_changed_and_deleted(server: Server, new_number: NewNumber) -> None:
    name = f"Offer {new_number()[-6:]}"
    with server.client() as client:
        link = client.links.create("https://example.org/a?b=c#d", name=name)
        with pytest.raises(errors.NameTaken):
            client.links.create("https://example.org/", name=name)
        first = httpx2.get(link.short_url, headers={"User-Agent": "curl/8"}, follow_redirects=False)
        shown = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
        httpx2.get(link.short_url, headers={"User-Agent": shown}, follow_redirects=False)
        client.links.change(link.id, url="https://example.net/")
        second = httpx2.get(link.short_url, follow_redirects=False)
        while len(hits := list(client.links.hits(link.id))) < 3:
            httpx2.get(f"{server.url}/healthz")
        client.links.create("https://example.com/")
        listed = list(client.links.list())
        by_pages = list(client.links.list(page_size=1))
        (counted,) = [each.hits for each in listed if each.id == link.id]
        client.links.delete(link.id)
        gone = httpx2.get(link.short_url, follow_redirects=False)

        assert [answer.headers.get("location") for answer in (first, second, gone)] == [
            "https://example.org/a?b=c#d",
            "https://example.net/",
            None,
        ]
        assert [hit.user_agent == "curl/8" for hit in hits] == [False, False, True]
        assert ([hit.preview for hit in hits], counted) == ([False, True, False], 2)
        assert by_pages == listed
        assert link.id not in {each.id for each in client.links.list()}


def test_a_link_hands_on_the_query_of_its_short_address_where_it_is_told_to(server: Server) -> None:
    with server.client() as client:
        link = client.links.create("https://example.org/a?b=c#d", passes_query=True)

        def leads(query: str) -> str:
            return httpx2.get(f"{link.short_url}{query}", follow_redirects=False).headers["location"]

        asked = ["", "?", "?utm_source=sms&x=%C3%A9", "?a b=<é>", "?" + "x" * 2_000]
        handed_on = [leads(query) for query in asked]
        client.links.change(link.id, url="https://example.net/")
        plain = [leads("?q=1")]
        kept = client.links.change(link.id, passes_query=False)
        plain.append(leads("?q=1"))

    own = "https://example.org/a?b=c#d"
    with_it = ["https://example.org/a?b=c&utm_source=sms&x=%C3%A9#d", "https://example.org/a?b=c&a%20b=%3C%C3%A9%3E#d"]
    assert handed_on == [own, own, *with_it, own]
    assert (plain, kept.url) == (["https://example.net/?q=1", "https://example.net/"], "https://example.net/")


def test_links_in_a_batch_are_each_recipients_own(server: Server, new_number: NewNumber) -> None:
    numbers = [new_number(), new_number()]
    with server.client() as client:
        link = client.links.create("https://example.org/")
        file = client.attachments.upload(b"Hello", "text/plain")
        batch = client.batches.send(
            to=numbers,
            text="${who}: ${offer} ${file}",
            parameters={"who": {"default": "You"}},
            links={"offer": link.id, "file": file.id},
            idempotency_key=numbers[0],
        )
        again = client.batches.send(
            to=numbers,
            text="${who}: ${offer} ${file}",
            parameters={"who": {"default": "You"}},
            links={"offer": link.id, "file": file.id},
            idempotency_key=numbers[0],
        )
        texts = [client.sandbox.wait_for_message(number).text or "" for number in numbers]
        httpx2.get(texts[1].split()[1], follow_redirects=False)
        while not (hits := list(client.links.hits(link.id))):
            httpx2.get(f"{server.url}/healthz")

        assert again.id == batch.id
        assert len({address for text in texts for address in text.split()[1:]}) == 4
        assert [(hit.number, hit.batch_id) for hit in hits] == [(numbers[1], batch.id)]
        for fields in (
            {"links": {"offer": "nothing"}},
            {"links": {"who": link.id}, "parameters": {"who": {"default": "You"}}},
            {"links": {"offer": link.id}, "groups": [client.groups.create(members=numbers).id]},
        ):
            with pytest.raises(errors.InvalidField) as refused:
                client.batches.send(**{"to": numbers, "text": "${offer}"} | fields)
            assert refused.value.field == "links"


@pytest.mark.parametrize(
    ("content", "media_type", "field"),
    [
        (b"<script>", "text/html", "media_type"),
        (b"<svg/>", "image/svg+xml", "media_type"),
        (b"", "text/plain", "content"),
        (b"<script>", "image/png", "content"),
        (b"MZ", "application/pdf", "content"),
    ],
)
def test_files_that_could_do_harm_are_not_taken(server: Server, content: bytes, media_type: str, field: str) -> None:
    with server.client() as client:
        before = len(list(client.attachments.list()))
        with pytest.raises(errors.InvalidField) as refused:
            client.attachments.upload(content, media_type)

        assert refused.value.field == field
        assert len(list(client.attachments.list())) == before


def test_a_file_that_is_too_large_is_refused_and_not_kept(start_server: StartServer) -> None:
    server = start_server(environment={"HELIOGRAPH_ATTACHMENT_BYTES": "2000"})
    with server.client() as client:
        with pytest.raises(errors.RequestTooLarge):
            client.attachments.upload(b"x" * 2_001, "text/plain")
        kept = client.attachments.upload(b"x" * 2_000, "text/plain", name="Letter")
        answer = httpx2.get(kept.short_url, follow_redirects=True)

    assert (answer.content, answer.headers["content-type"]) == (b"x" * 2_000, "text/plain; charset=utf-8")
    assert len(list((server.data_dir / "attachments").iterdir())) == 1


def test_short_addresses_have_a_domain_of_their_own(start_server: StartServer) -> None:
    server = start_server(environment={"HELIOGRAPH_LINK_URL": "https://go.example.org"})
    with server.client() as client:
        link = client.links.create("https://example.org/")

    def at(path: str, host: str) -> httpx2.Response:
        return httpx2.get(server.url + path, headers={"Host": host}, follow_redirects=False)

    assert link.short_url == f"https://go.example.org/{link.id}"
    assert at(f"/{link.id}", "go.example.org").headers["location"] == "https://example.org/"
    assert at(f"/{link.id}", "elsewhere.example.org").status_code == 404
    assert at("/healthz", "go.example.org").status_code == 404


def test_numbers_are_told_and_looked_up(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        told = client.numbers.get("+44 7400 123456")
        one = client.numbers.look_up(number)
        absent = client.numbers.look_up("+9991234")
        job = client.numbers.look_up_many([number, "+9992234", "hello"])
        found = list(client.numbers.lookups(job.id))
        while any(each.status == "waiting" for each in found):
            found = list(client.numbers.lookups(job.id))

    assert (told.country, told.national, told.type) == ("GB", "07400 123456", "mobile")
    assert told.time_zone.startswith("Europe/")
    assert (one.status, one.original.mcc if one.original else None, absent.status) == ("active", "999", "absent")
    assert (job.asked, job.accepted, job.invalid) == (3, 2, ["hello"])
    assert {each.number: each.status for each in found} == {number: "active", "+9992234": "barred"}


@pytest.mark.parametrize("path", ["links", "attachments", "conversations"])
def test_no_page_begins_where_none_has_ended(server: Server, path: str) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}

    refused = httpx2.get(f"{server.url}/v1/{path}", params={"before": "lately"}, headers=headers)

    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "before")


def test_whoever_writes_is_answered(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        client.sandbox.reply(number, to="12345", text="Hello?", channel="whatsapp")
        (talk,) = [each for each in client.conversations.list() if each.number == number]
        answer = client.conversations.reply(talk.id, "Yes?", channel="whatsapp")
        with pytest.raises(errors.WindowClosed):
            client.conversations.reply(talk.id, "Yes?", channel="viber")
        client.messages.wait_for_delivery(answer.id)
        client.conversations.mark_read(talk.id)
        lines = client.conversations.messages(talk.id)
        (after,) = [each for each in client.conversations.list() if each.number == number]
        note = client.conversations.add_note(talk.id, "Likes to be called")
        closed = client.conversations.change(talk.id, closed=True)
        listed = {state: [each.id for each in client.conversations.list(closed=state)] for state in (True, False)}
        notes = client.conversations.notes(talk.id)
        client.conversations.delete_note(talk.id, note.id)
        left = client.conversations.notes(talk.id)

    assert (notes, left, note.author) == ([note], [], "sandbox")
    assert closed.closed_at is not None
    assert (talk.id in listed[True], talk.id in listed[False]) == (True, False)
    assert (talk.unread, talk.last_text, after.unread) == (1, "Hello?", 0)
    assert [(line.direction, line.channel, line.text) for line in lines] == [
        ("sent", "whatsapp", "Yes?"),
        ("received", "whatsapp", "Hello?"),
    ]


def test_a_conversation_goes_with_its_messages_but_not_while_one_waits(server: Server, new_number: NewNumber) -> None:
    number, other = new_number(), new_number()
    with server.client() as client:
        for phone in (number, other):
            client.sandbox.reply(phone, to="12345", text="Hello?")
        all_talks = list(client.conversations.list())
        by_pages = [each.id for each in client.conversations.list(page_size=1)]
        got = client.conversations.get(all_talks[0].id)
        talks = {each.number: each.id for each in all_talks}
        answers = [client.conversations.reply(talks[phone], "Yes?") for phone in (number, other)]
        for answer in answers:
            client.messages.wait_for_delivery(answer.id)
        later = client.batches.send(to=[number], text="Later", send_at=datetime(2031, 1, 1, tzinfo=UTC))
        with pytest.raises(errors.NotFinished):
            client.conversations.delete(talks[number])
        refused = client.conversations.messages(talks[number])
        client.batches.cancel(later.id)
        client.conversations.delete(talks[number])
        with pytest.raises(errors.NotFound):
            client.conversations.delete(talks[number])
        left = {phone: len(list(client.messages.list(to=phone))) for phone in (number, other)}
        heard = [each.msisdn for each in client.inbound.list() if each.msisdn in {number, other}]
        after = {each.number for each in client.conversations.list()}

    assert by_pages == [each.id for each in all_talks]
    assert got == all_talks[0]
    assert len(refused) == 3
    assert left == {number: 0, other: 1}
    assert heard == [other]
    assert (number in after, other in after) == (False, True)


def test_an_account_is_told_of_optouts_and_hits_where_it_says(
    start_server: StartServer, new_number: NewNumber, customer: Listener
) -> None:
    server = start_server()
    with server.client() as client:
        client.account.change(wire.ChangeAccount(callback_url=customer.url, region="FR"))
        account = client.account.get()
        client.optouts.add("0612345678")
        optout = customer.next()
        pieces = dict(piece.split("=") for piece in customer.headers["X-Heliograph-Signature"].split(","))
        signed = hmac.digest(account.callback_secret.encode(), f"{pieces['t']}.".encode() + customer.body, "sha256")
        link = client.links.create("https://example.org/")
        httpx2.get(link.short_url, follow_redirects=False)
        hit = customer.next()
        with pytest.raises(errors.InvalidField):
            client.account.change(wire.ChangeAccount(callback_protocol="fax"))

    assert (optout["type"], [each["number"] for each in optout["data"]["items"]]) == ("optout.added", ["+33612345678"])
    assert pieces["v1"] == signed.hex()
    assert (hit["type"], [each["link_id"] for each in hit["data"]["items"]]) == ("link.hit", [link.id])


def test_an_application_is_made_changed_and_deleted(server: Server, customer: Listener) -> None:
    with server.client() as client:
        made = client.applications.create(wire.NewApplication(name="Shop", scopes=sorted(SCOPES)))
        changed = client.applications.change(
            made.id, wire.ChangeApplication(settings={"sms": {"enforceOriginator": "Shop"}})
        )
        twice = client.applications.change(
            made.id, wire.ChangeApplication(settings={"sms": {"dlrCallback": customer.url}})
        )
        host = server.ready["protocols"]["smscx"]["host"]
        token = httpx2.post(
            f"{host}/oauth/token", data={"grant_type": "client_credentials"}, auth=(made.id, made.secret)
        ).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        sent = httpx2.post(
            f"{host}/sms", json={"to": ["+33612345678"], "from": "Acme", "text": "Hi"}, headers=headers
        ).json()
        client.applications.delete(made.id)
        after = httpx2.get(f"{host}/account/balance", headers=headers)

    assert changed.settings == {"sms": {"enforceOriginator": "Shop"}}
    assert twice.settings == {"sms": {"enforceOriginator": "Shop", "dlrCallback": customer.url}}
    assert (sent["data"][0]["from"], sent["info"]["dlrCallbackUrl"]) == ("Shop", customer.url)
    assert after.status_code == 401
