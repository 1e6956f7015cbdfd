"""The inbox in a real browser: what a developer sees on their first day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import clx.xms
import httpx2
import msgspec
import pytest
from tests.patience import HANG_S, once_found

from heliograph.api import wire

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from tests.conftest import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(HANG_S * 1_000)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(server.ready["console"]["url"])
    yield opened
    context.close()
    assert problems == []


def open_phone(page: Page, number: str) -> None:
    page.get_by_label("Open a phone by its number").fill(number)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:text-is('{number}')")


def test_a_text_sent_by_the_published_client_appears_and_the_reply_reaches_it(
    page: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    xms = server.ready["protocols"]["xms"]
    client = clx.xms.Client(xms["service_plan_id"], xms["token"], endpoint=xms["endpoint"])
    open_phone(page, number)

    client.create_text_message("Acme", number.removeprefix("+"), "Your code is 482913")
    bubble = page.wait_for_selector("[data-direction=received][data-status=delivered]")
    assert bubble is not None
    shown = bubble.inner_text()
    page.fill("[name=text]", "Got it")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-direction=sent]:has-text('Got it')")

    assert "Your code is 482913" in shown
    assert "1 part · GSM-7 · delivered" in shown
    inbound = once_found(lambda: [each for each in client.fetch_inbounds().get(0) if each.sender == number[1:]])
    assert [(message.recipient, message.body) for message in inbound] == [("Acme", "Got it")]


def test_the_one_time_code_is_copied_with_one_click(page: Page, server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with server.client() as client:
        client.messages.send(to=number, text="Your code is 482913", originator="Acme")
    open_phone(page, number)

    page.click("[data-code]")

    page.wait_for_selector("[data-code]:text-is('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == "482913"


def test_a_message_that_never_reached_its_phone_is_shown_with_the_reason(page: Page, server: Server) -> None:
    number = "+999200077"
    with server.client() as client:
        client.messages.send(to=number, text="Refused", originator="Acme")
    open_phone(page, number)

    bubble = page.wait_for_selector("[data-status=rejected]")

    assert bubble is not None
    assert "The provider refused it for good. The sandbox rejects this test number." in bubble.inner_text()


def test_a_text_is_shown_as_it_is_and_never_as_markup(
    page: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    text = "<b>bold</b>\n<script>alert(1)</script>  & {{ 7*7 }}"
    with server.client() as client:
        client.messages.send(to=number, text=text, originator="Acme")
    open_phone(page, number)

    shown = page.wait_for_selector("[data-direction=received] .text")

    assert shown is not None
    assert shown.text_content() == text


def test_a_reply_to_nobody_is_explained_and_kept(page: Page, new_number: Callable[[], str]) -> None:
    open_phone(page, new_number())
    page.fill("[name=to]", "far too long a name")
    page.fill("[name=text]", "Hello?")
    page.keyboard.press("Enter")

    page.wait_for_selector("#complaint:has-text('can\\'t be written to')")

    assert page.input_value("[name=text]") == "Hello?"


def test_without_the_link_nobody_gets_in(server: Server) -> None:
    for path in ("/inbox", "/inbox/33612345678", "/inbox/events", "/login?key=wrong", "/login"):
        answer = httpx2.get(server.url + path)
        assert (answer.status_code, "is closed" in answer.text) == (401, True), path


@pytest.mark.parametrize("path", ["/inbox/{phone}/replies", "/inbox/{phone}/clear", "/inbox/clear", "/inbox/chaos"])
def test_a_form_of_another_site_is_refused_and_what_is_none(
    server: Server, new_number: Callable[[], str], path: str
) -> None:
    path = path.format(phone=new_number()[1:])
    large, odd = b"text=" + b"x" * 100_000, b"text=\xff"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with httpx2.Client(base_url=server.url) as visitor:
        visitor.get(server.ready["console"]["url"])

        foreign = visitor.post(path, data={"to": "Acme", "text": "x", "form_token": "y"})
        others = [visitor.post(path, content=content, headers=form).status_code for content in (large, odd)]

    assert foreign.status_code == 403
    assert others == [422, 422]


def test_a_proxy_is_asked_to_pass_events_on_as_they_come(server: Server) -> None:
    with httpx2.Client(base_url=server.url) as visitor:
        visitor.get(server.ready["console"]["url"])
        with visitor.stream("GET", "/inbox/events") as answer:
            assert answer.headers["x-accel-buffering"] == "no"


def test_pages_forbid_scripts_of_others(server: Server) -> None:
    with httpx2.Client(base_url=server.url, follow_redirects=True) as visitor:
        answer = visitor.get(server.ready["console"]["url"])

    assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_phone_shows_by_which_channel_a_message_came(
    page: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with server.client() as client:
        media = wire.RichMedia(button_caption="Open", target_url="https://example.org/")
        client.messages.send(to=number, text="By Viber", originator="Acme", channel="viber", rich_media=media)
    page.goto(f"{server.url}/inbox/{number[1:]}")
    bubble = page.locator("article.bubble", has_text="By Viber")
    bubble.wait_for()
    page.locator("article.bubble[data-status=delivered]", has_text="By Viber").wait_for()

    assert bubble.get_attribute("data-channel") == "viber"
    assert "Viber · delivered" in (bubble.locator("footer").text_content() or "")
    assert "[Open] https://example.org/" in (bubble.locator(".media").text_content() or "")

    page.fill("textarea[name=text], input[name=text]", "Thanks")
    page.keyboard.press("Enter")
    page.locator("article.bubble.sent[data-channel=viber]", has_text="Thanks").wait_for()


def test_phones_are_found_by_words_cleared_and_made_to_misbehave(
    page: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number, other = new_number(), new_number()
    with server.client() as client:
        client.messages.send(to=number, text=f"See https://example.org/{number[1:]}.", originator="Acme")
        client.messages.send(to=other, text="Nothing of it", originator="Acme")
        for each in (number, other):
            client.sandbox.wait_for_message(each)
        client.sandbox.reply(number, to="Acme", text="Seen", channel="whatsapp")
        page.goto(f"{server.url}/inbox")
        page.get_by_label("Open a phone by its number").fill(f"example.org/{number[1:]}")
        page.keyboard.press("Enter")
        page.locator(".contacts a").get_by_text(number).click()
        assert page.locator(".bubble.received .text a").get_attribute("href") == f"https://example.org/{number[1:]}"
        page.locator(".bubble.sent .badge", has_text="WhatsApp").wait_for()
        page.get_by_role("button", name="Clear").click()
        page.get_by_text("Nothing on this phone yet.").wait_for()
        assert (client.sandbox.messages(number), len(client.sandbox.messages(other))) == ([], 1)

        before = client.sandbox.chaos()
        page.get_by_role("link", name="Misbehaviour").click()
        late = page.get_by_label("How many seconds later a late receipt comes")
        late.fill("soon")
        page.get_by_role("button", name="Set").click()
        page.get_by_text("late_s").wait_for()
        late.fill(str(before.late_s + 1))
        page.get_by_role("button", name="Set").click()
        once_found(lambda: client.sandbox.chaos().late_s == before.late_s + 1)
        assert msgspec.structs.replace(client.sandbox.chaos(), late_s=before.late_s) == before
        client.sandbox.set_chaos(before)
