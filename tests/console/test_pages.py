"""The pages of accounts in a real browser: what somebody would do there, from the link to the result."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from tests.patience import once_found
from tests.protocols.listening import Listener

from heliograph.console.navigation import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.conftest import Server

pytestmark = pytest.mark.slow

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
ASKED = """axe.run({
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']
})"""
COLOURS_ASKED = "axe.run({runOnly: ['color-contrast'], resultTypes: ['violations']})"
LOOKS: tuple[tuple[Literal["light", "dark"], int, str], ...] = (
    ("light", 1280, ASKED),
    ("dark", 1280, COLOURS_ASKED),
    ("dark", 360, ASKED),
    ("light", 360, COLOURS_ASKED),
)
"""What is where is the same in all colours: in the other two, axe is asked about colours only."""
PLACES = [(page.name, page.views[0].path) for page in PAGES if page.name != "search"]


POSTED_TWICE = """async () => {
    const form = document.querySelector("main form");
    const sent = [1, 2].map(() => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))}));
    return (await Promise.all(sent)).map((answer) => answer.url);
}"""


def account_of(page: Page) -> str:
    return page.url.split("/console/")[1].partition("/")[0]


def violations(page: Page, asked: str = ASKED) -> list[tuple[str, str]]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(asked)
    return [(each["id"], node["html"]) for each in found["violations"] for node in each["nodes"]]


def test_no_page_is_hard_to_use_in_light_or_dark_on_a_screen_or_a_phone(
    console: Page, server: Server, screenshots: Path, new_number: Callable[[], str]
) -> None:
    with server.client() as client:
        sent = client.messages.send(to=new_number(), text="To look at", originator="Acme")
        client.messages.wait_for_delivery(sent.id)
        client.sandbox.reply(sent.to, to="Acme", text="To look at, too")
        talk = once_found(lambda: list(client.conversations.list()))[0]
        template = client.templates.create(name="To look at", text="Dear ${name}, your parcel…")
        client.optouts.add(new_number())
    here = f"/console/{account_of(console)}"
    console.goto(f"{here}/optouts")
    optout = console.locator("tbody a").first.get_attribute("href") or ""
    places = [
        *((name, here + path) for name, path in PLACES),
        ("message", f"{here}/messages/{sent.id}"),
        ("campaign", f"{here}/campaigns/{sent.batch_id}"),
        ("conversation", f"{here}/conversations/{talk.id}"),
        ("new-template", f"{here}/templates/new"),
        ("template", f"{here}/templates/{template.number}"),
        ("optout", optout),
        ("account", f"{here}/accounts/{account_of(console)}"),
        ("nothing", f"{here}/nothing"),
        ("phones", "/inbox"),
        ("misbehaviour", "/inbox/chaos"),
        ("phone", f"/inbox/{sent.to[1:]}"),
        ("closed", "/login"),
        ("sign-in", "/sign-in"),
        ("invitation-over", "/invitation/over"),
    ]
    found = {}
    for name, path in places:
        console.goto(path)
        for scheme, width, asked in LOOKS:
            console.emulate_media(color_scheme=scheme)
            console.set_viewport_size({"width": width, "height": 800})
            if asked == ASKED:
                console.screenshot(path=screenshots / f"{name}-{scheme}-{width}.png", full_page=True)
            wider = console.evaluate("document.documentElement.scrollWidth") > width
            if wrong := [*violations(console, asked), *([("wider than the screen", "")] if wider else [])]:
                found[name, scheme, width] = wrong

    assert found == {}
    assert len(list(screenshots.iterdir())) == 2 * len(places)


def test_a_message_is_found_by_its_number_and_what_happened_to_it_is_shown(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with server.client() as client:
        sent = client.messages.send(to=number, text="Where is my parcel?", originator="Acme")
        client.messages.wait_for_delivery(sent.id)
    console.keyboard.press("/")
    console.keyboard.type(number)
    console.keyboard.press("Enter")
    console.get_by_role("link", name=number).click()

    console.wait_for_selector(f"h1:text-is('Message to {number}')")
    assert "sandbox took it" in console.locator(".history").inner_text()
    assert console.locator("main .status").first.inner_text() == "Delivered"
    shown = console.locator(".history time").first
    assert re.search(r"\d{1,2} \w{3}", shown.inner_text())
    assert re.search(r" CES?T$", shown.get_attribute("title") or "")

    console.get_by_role("link", name="All messages").click()
    console.wait_for_url("**/messages")
    console.keyboard.press("/")
    console.keyboard.type(sent.id.lower())
    console.keyboard.press("Enter")
    console.wait_for_url(f"**/messages/{sent.id}")
    console.keyboard.press("/")
    console.keyboard.type(sent.batch_id)
    console.keyboard.press("Enter")
    console.wait_for_url(f"**/campaigns/{sent.batch_id}")
    console.goto(f"/console/{account_of(console)}/messages/{sent.id}")
    twice = console.evaluate(POSTED_TWICE)
    console.get_by_role("button", name="Send again").click()
    console.get_by_text(f"Sent to {number} once more.").wait_for()

    assert {*twice, console.url} == {twice[0]}
    with server.client() as client:
        assert {each.text for each in client.messages.list(to=number)} == {"Where is my parcel?"}
        assert len(list(client.messages.list(to=number))) == 2


def test_why_a_message_failed_and_what_the_customer_was_told_is_shown(
    console: Page, server: Server, customer: Listener
) -> None:
    with server.client() as client:
        told = {"callback_url": customer.url, "report": "per_recipient"}
        batch = client.batches.send(to=["+999200078"], text="Refused", originator="Acme", **told)
    customer.next()
    console.goto(f"/console/{account_of(console)}/messages?batch={batch.id}")
    console.get_by_role("link", name="+999200078").click()

    console.get_by_text("The provider refused it for good.").first.wait_for()
    assert "sandbox refused it" in console.locator(".history").first.inner_text()
    told = console.locator(f".history li:has-text('{customer.url}')").first
    told.get_by_text("The request").click()
    told.get_by_text('"type":"message.status"').wait_for()
    assert "Route" in console.locator("main").inner_text()


def test_a_filter_stands_in_the_address_and_keeps_what_was_typed(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    numbers = [new_number() for _ in range(52)]
    with server.client() as client:
        client.batches.send(to=numbers, text="Fifty and two", originator="Paging")
    console.get_by_role("link", name="Messages", exact=True).click()
    console.get_by_text("More filters").click()
    console.get_by_label("From", exact=True).fill("Paging")
    console.get_by_role("button", name="Show").click()
    console.wait_for_url("**originator=Paging**")
    first = [each.inner_text() for each in console.locator("tbody th").all()]
    console.get_by_role("link", name="Older").click()
    console.wait_for_url("**before=**")
    second = [each.inner_text() for each in console.locator("tbody th").all()]

    assert (len(first), sorted(first + second)) == (50, sorted(numbers))
    assert console.get_by_label("From", exact=True).input_value() == "Paging"

    with console.expect_download() as download:
        console.get_by_role("link", name="All as CSV").click()
    lines = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert sorted(line["to"].strip("'") for line in lines) == sorted(numbers)
    assert {line["from"] for line in lines} == {"Paging"}

    console.keyboard.press("/")
    console.keyboard.type("fifty TWO")
    console.keyboard.press("Enter")
    console.locator("tbody tr", has_text="Fifty and two").first.wait_for()
    console.goto(f"/console/{account_of(console)}/messages?q=nobody%27s&country=France")
    console.wait_for_selector("h2:text-is('No message fits')")
    console.get_by_text("A country is written in two letters, as in FR.").wait_for()
    console.get_by_role("link", name="Show all").click()
    console.wait_for_selector("tbody")


def test_of_several_accounts_one_is_chosen(console: Page) -> None:
    console.locator("details.switch summary").click()
    console.get_by_role("link", name="other", exact=True).click()

    console.wait_for_selector("h2:text-is('Nothing was sent in this time')")
    console.goto("/console")
    assert console.locator("details.switch summary").inner_text().endswith("other")


def test_a_text_is_counted_tried_checked_and_sent(console: Page, new_number: Callable[[], str]) -> None:
    first, second, own = new_number(), new_number(), new_number()
    console.get_by_role("link", name="Send", exact=True).click()
    console.get_by_label("Numbers").fill(f"{first}\n{second}, {first}")
    console.get_by_label("From").fill("Acme")
    console.get_by_label("Text", exact=True).press_sequentially("Your parcel “arrives” ${when}…")
    console.get_by_text("3 characters make every character count double:").wait_for()
    console.get_by_role("button", name="Replace them").click()
    console.get_by_label("when", exact=True).fill("tomorrow")
    console.get_by_text("GSM-7").wait_for()
    assert console.get_by_label("Text", exact=True).input_value() == 'Your parcel "arrives" ${when}...'

    console.get_by_label("Your own number").fill(own)
    console.get_by_role("button", name="Send a test").click()
    console.get_by_text(f"The test is on its way to {own}.").wait_for()
    console.get_by_label("Name of the campaign").fill("Parcels")
    console.keyboard.press("Enter")
    console.get_by_text('Your parcel "arrives" tomorrow...').first.wait_for()
    console.get_by_label("when", exact=True).fill("today")
    console.get_by_role("button", name="Send 2 messages").click()
    console.get_by_text("Something has changed since it was checked.").wait_for()
    console.get_by_role("button", name="Send 2 messages").click()

    console.wait_for_selector("h1:text-is('Parcels')")
    console.get_by_text("2 messages are on their way.").wait_for()
    console.get_by_text("2 of 2 messages are settled").wait_for()
    console.get_by_role("link", name="Its messages").click()
    console.get_by_role("link", name=first).click()
    console.get_by_text('Your parcel "arrives" today...').wait_for()


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(console: Page) -> None:
    console.get_by_role("link", name="Send", exact=True).click()
    console.get_by_label("Numbers").fill("+33612345678\n12x")
    console.get_by_label("From").fill("far too long a name")
    console.get_by_label("Text", exact=True).fill("Hello")
    console.get_by_role("button", name="Check").click()

    wrong = console.get_by_label("Numbers")
    console.wait_for_selector("[aria-invalid=true]")
    assert "12x" in console.locator(f"#{wrong.get_attribute('aria-describedby')}").inner_text()
    assert wrong.input_value() == "+33612345678\n12x"
    assert console.get_by_label("Text", exact=True).input_value() == "Hello"
    wrong.fill("+33612345678")
    console.get_by_role("button", name="Check").click()
    console.get_by_text("can't be an originator").wait_for()
    assert console.get_by_label("From").get_attribute("aria-invalid") == "true"


def test_a_campaign_is_scheduled_taken_back_held_up_and_canceled(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    console.get_by_role("link", name="Send", exact=True).click()
    console.get_by_label("Numbers").fill(new_number())
    console.get_by_label("From").fill("Acme")
    console.get_by_label("Text", exact=True).fill("Happy new year")
    console.get_by_label("Send at").fill("2031-01-01T09:30")
    console.get_by_role("button", name="Check").click()
    console.get_by_role("button", name="Send 1 message").click()
    console.get_by_text("1 message is scheduled.").wait_for()
    assert "1 Jan 2031, 09:30" in console.locator(".facts").inner_text()
    console.get_by_role("button", name="Undo").click()
    console.get_by_text("Canceled. What had gone out").wait_for()

    with server.client() as client:
        batch = client.batches.send(
            to=[new_number()], text="Later", originator="Acme", title="Later", send_at=datetime(2031, 1, 1, tzinfo=UTC)
        )
        console.get_by_role("link", name="All campaigns").click()
        console.get_by_role("link", name="Later").click()
        console.get_by_role("button", name="Pause").click()
        console.get_by_text("Paused. What a provider has").wait_for()
        assert client.batches.get(batch.id).paused
        console.get_by_role("button", name="Undo").click()
        console.get_by_text("It goes on.").wait_for()
        console.get_by_text("Cancel …").click()
        console.get_by_role("button", name="Cancel what is left").click()
        console.get_by_text("Canceled. What had gone out").wait_for()
        assert client.batches.get(batch.id).canceled


def test_what_somebody_writes_appears_and_is_answered(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with server.client() as client:
        client.messages.send(to=number, text="How was it?", originator="Acme")
        client.sandbox.reply(number, to="Acme", text="First word")
        console.get_by_role("link", name="Conversations").click()
        console.locator(".talk-list a", has_text="First word").get_by_text("1 new").wait_for()
        client.sandbox.reply(number, to="Acme", text="Wonderful <b>")
        console.locator(".talk-list li:first-child", has_text="Wonderful <b>").get_by_text("2 new").wait_for()
        console.get_by_role("link", name=number).click()
        console.locator(".theirs", has_text="Wonderful <b>").wait_for()
        console.locator(".ours", has_text="How was it?").get_by_text("Delivered").wait_for()
        once_found(lambda: [each for each in client.conversations.list() if each.number == number and not each.unread])
        console.get_by_label("Answer", exact=True).fill("Thank you…")
        console.get_by_role("button", name="Replace them").click()
        console.get_by_role("button", name="Send", exact=True).click()
        console.locator(".ours", has_text="Thank you...").get_by_text("Delivered").wait_for()
        client.sandbox.reply(number, to="Acme", text="Not again")
        console.locator(".theirs", has_text="Not again").wait_for()

        console.get_by_role("button", name="Write to them no more").click()
        console.get_by_text(f"Nothing is sent to {number} any more.").wait_for()
        console.get_by_role("button", name="Undo").click()
        console.get_by_text(f"{number} can be written to again.").wait_for()


def test_what_goes_out_is_counted_drawn_and_what_needs_attention_is_said(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    refused = [f"+9992{digits:05d}" for digits in range(60, 70)]
    with server.client() as client:
        sent = client.messages.send(to=new_number(), text="One arrives", originator="Acme")
        client.messages.wait_for_delivery(sent.id)
        batch = client.batches.send(
            to=[*refused, new_number()],
            text="Half of it fails",
            originator="Acme",
            title="In vain",
            pause_at_failure_share=0.1,
            pause_after=5,
        )
        once_found(lambda: client.batches.get(batch.id).paused)
    console.reload()
    console.locator(".chart canvas").wait_for()
    console.get_by_text("The same as a table").click()
    rows = console.locator("#over-time tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => Number(cell.dataset.value)))"
    )

    assert sum(row[0] for row in rows) >= 1
    assert sum(row[1] for row in rows) >= 5
    assert re.search(r"sandbox\s+FR\s+[\d,]+\s+[\d.]+ %\s+[\d.]+ s\s+[\d.]+ EUR", console.locator("main").inner_text())
    console.get_by_role("link", name="30 days").click()
    console.locator(".chart canvas").wait_for()
    console.get_by_role("link", name="“In vain” has paused by itself").click()
    console.get_by_text("It paused by itself: too many of its messages failed.").wait_for()
    console.locator(".chart canvas").wait_for()
    console.get_by_text("The same as a table").click()
    counted = console.locator("#over-time [data-value]").evaluate_all(
        "all => all.map(each => Number(each.dataset.value))"
    )
    assert sum(counted) == 11
