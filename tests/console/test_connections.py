"""Short links, numbers and callbacks in a real browser: what somebody would do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.console.test_pages import violations
from tests.patience import once_found
from tests.protocols.listening import Listener

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.conftest import Server

pytestmark = pytest.mark.slow


def test_a_short_link_is_made_followed_counted_and_led_elsewhere(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    name = f"Spring {new_number()[-6:]}"
    console.get_by_role("link", name="Short links").click()
    console.get_by_label("Leads to").fill("https://example.com/spring")
    console.get_by_label("Name", exact=True).fill("x")
    console.get_by_role("button", name="Make it").click()
    console.get_by_text("A name has 3 to 25 characters.").wait_for()
    console.get_by_label("Name", exact=True).fill(name)
    console.get_by_role("button", name="Make it").click()
    console.get_by_text(f"{name} is made.").wait_for()
    with server.client() as client:
        (link,) = (each for each in client.links.list() if each.name == name)
        agent = {
            "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
        }
        httpx2.get(link.short_url, headers=agent, follow_redirects=False)
        once_found(lambda: list(client.links.hits(link.id)))
        console.reload()
        console.get_by_text("Followed 1 time.").wait_for()
        console.get_by_text("As a table").click()
        assert sum(map(int, console.locator("#over-time td").all_inner_texts())) == 1
        assert violations(console) == []
        console.get_by_label("Leads to").fill("https://example.com/summer")
        console.get_by_role("button", name="Keep").click()
        console.get_by_text(f"{name} is changed").wait_for()
        console.get_by_role("button", name="Undo").click()
        once_found(lambda: [each for each in client.links.list() if each.id == link.id and each.url.endswith("spring")])
        console.get_by_text("Delete …").click()
        console.get_by_role("button", name="Delete the link").click()
        console.get_by_text(f"{name} is deleted.").wait_for()
        assert link.id not in {each.id for each in client.links.list()}


def test_a_number_is_rented_goes_on_by_itself_and_is_given_back(console: Page, server: Server) -> None:
    console.get_by_role("link", name="Numbers", exact=True).click()
    console.locator(".cards li", has_not_text="Registration").get_by_role("button").first.click()
    said = console.locator(".flash", has_text="is yours.").inner_text()
    number = said.split(" ")[0]
    row = console.locator("tr", has_text=number)
    row.get_by_role("button", name="Ends: let it go on").click()
    console.get_by_text(f"{number} goes on by itself.").wait_for()
    console.get_by_role("button", name="Undo").click()
    console.get_by_text(f"{number} ends with its time.").wait_for()
    with server.client() as client:
        (rent,) = (each for each in client.rents.list() if each.number == number)
        assert not rent.auto_renew


def test_what_was_given_up_is_told_again(console: Page, server: Server, new_number: Callable[[], str]) -> None:
    listener = Listener(status=400)
    try:
        with server.client() as client:
            sent = client.batches.send(
                to=[new_number()], text="Told", originator="Acme", report="summary", callback_url=listener.url
            )
            first = listener.next()
            once_found(lambda: list(client.callbacks.list(state="given_up", subject_id=sent.id)))
        listener.status = 204
        console.get_by_role("link", name="Callbacks").click()
        console.get_by_label("State").select_option("given up")
        console.get_by_role("button", name="Show").click()
        row = console.locator("tr", has_text=listener.url)
        row.wait_for()
        assert violations(console) == []
        row.get_by_role("button", name="Tell again").click()
        console.get_by_text(f"{listener.url} is told again.").wait_for()
        assert listener.next()["id"] == first["id"]
    finally:
        listener.close()


def test_a_key_is_made_used_ended_and_stands_in_the_audit_log(console: Page, server: Server) -> None:
    console.get_by_role("link", name="Keys").click()
    console.get_by_label("Networks").fill("all")
    console.get_by_role("button", name="Make it").click()
    console.wait_for_selector(".problem")
    console.get_by_label("Networks").fill("127.0.0.0/8")
    console.get_by_role("button", name="Make it").click()
    console.get_by_text("The new key, shown this once").wait_for()
    secret = console.locator(".checked dd").last.inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx2.get(f"{server.url}/v1/balance", headers=headers).status_code == 200
    assert violations(console) == []
    row = console.locator("tr", has_text=secret[:11])
    row.get_by_text("End …").click()
    row.get_by_role("button", name="End it for good").click()
    console.get_by_text(f"The key {secret[:11]} is good for nothing any more.").wait_for()
    assert secret not in console.content()
    once_found(lambda: httpx2.get(f"{server.url}/v1/balance", headers=headers).status_code == 401)

    console.get_by_role("link", name="Audit log").click()
    console.get_by_label("What", exact=True).fill("key")
    console.get_by_role("button", name="Show").click()
    console.locator("tr", has_text="key.revoked").first.get_by_text("link of the console").wait_for()
    assert violations(console) == []


def test_codes_are_counted_by_prefix_and_a_number_is_explained(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with server.client() as client:
        client.verify.start(to=number)
    console.get_by_role("link", name="One-time codes").click()
    console.locator("tr", has_text="FR").first.wait_for()
    console.get_by_label("Number", exact=True).fill("12x")
    console.get_by_role("button", name="Ask").click()
    console.locator("#h-number", has_text="12x").wait_for()
    console.get_by_label("Number", exact=True).fill(new_number())
    console.get_by_role("button", name="Ask").click()
    console.get_by_role("status").get_by_text("a code now.").wait_for()
    assert violations(console) == []
