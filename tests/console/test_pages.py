"""The pages of accounts in a real browser: what somebody would do there, from the link to the result."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.protocols.listening import Listener

from heliograph.console.navigation import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.conftest import Server

pytestmark = pytest.mark.slow

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
ASKED = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
PLACES = [(page.name, page.views[0].path) for page in PAGES if page.name != "search"]


POSTED_TWICE = """async () => {
    const form = document.querySelector("main form");
    const sent = [1, 2].map(() => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))}));
    return (await Promise.all(sent)).map((answer) => answer.url);
}"""


def account_of(page: Page) -> str:
    return page.url.split("/console/")[1].partition("/")[0]


def violations(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(ASKED)
    return [(each["id"], node["html"]) for each in found["violations"] for node in each["nodes"]]


def test_no_page_is_hard_to_use_in_light_or_dark_on_a_screen_or_a_phone(
    console: Page, server: Server, screenshots: Path, new_number: Callable[[], str]
) -> None:
    with server.client() as client:
        sent = client.messages.send(to=new_number(), text="To look at", originator="Acme")
        client.messages.wait_for_delivery(sent.id)
    here = f"/console/{account_of(console)}"
    places = [*PLACES, ("message", f"/messages/{sent.id}"), ("nothing", "/nothing")]
    found = {}
    for name, path in places:
        console.goto(here + path)
        for scheme in ("light", "dark"):
            console.emulate_media(color_scheme=scheme)
            for width in (1280, 360):
                console.set_viewport_size({"width": width, "height": 800})
                console.screenshot(path=screenshots / f"{name}-{scheme}-{width}.png", full_page=True)
                wider = console.evaluate("document.documentElement.scrollWidth") > width
                if wrong := [*violations(console), *([("wider than the screen", "")] if wider else [])]:
                    found[name, scheme, width] = wrong

    assert found == {}
    assert len(list(screenshots.iterdir())) == 4 * len(places)


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
    console.locator(f".history >> text={customer.url}").first.wait_for()
    assert "Route" in console.locator("main").inner_text()


def test_a_filter_stands_in_the_address_and_keeps_what_was_typed(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    numbers = [new_number() for _ in range(52)]
    with server.client() as client:
        client.batches.send(to=numbers, text="Fifty and two", originator="Paging")
    console.get_by_label("From", exact=True).fill("Paging")
    console.get_by_role("button", name="Show").click()
    console.wait_for_url("**originator=Paging**")
    first = [each.inner_text() for each in console.locator("tbody th").all()]
    console.get_by_role("link", name="Older").click()
    console.wait_for_url("**before=**")
    second = [each.inner_text() for each in console.locator("tbody th").all()]

    assert (len(first), sorted(first + second)) == (50, sorted(numbers))
    assert console.get_by_label("From", exact=True).input_value() == "Paging"

    console.goto(f"/console/{account_of(console)}/messages?q=nobody%27s&since=tomorrow")
    console.wait_for_selector("h2:text-is('No message fits')")
    console.get_by_role("link", name="Show all").click()
    console.wait_for_selector("tbody")


def test_of_several_accounts_one_is_chosen(console: Page) -> None:
    console.locator("details.switch summary").click()
    console.get_by_role("link", name="other", exact=True).click()

    console.wait_for_selector("h2:text-is('No messages yet')")
    console.goto("/console")
    assert console.locator("details.switch summary").inner_text().endswith("other")
