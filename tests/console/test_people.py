"""Signing in at a server without a sandbox: in a real browser, and as another site would try it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.cli.test_production import command, made, production
from tests.console.test_pages import violations
from tests.patience import HANG_S, once_found

from heliograph.services.totp import STEP_S, code_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from tests.conftest import Server, StartServer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Server:
    directory = tmp_path_factory.mktemp("console")
    server = start_server(directory / "data", environment=production(directory))
    made("accounts", "create", "Acme", "--data-dir", str(server.data_dir))
    return server


def invited(server: Server, email: str, role: str = "viewer") -> str:
    """The path of an invitation."""
    where = () if role == "administrator" else ("--account", "Acme")
    who = (email, "--role", role, *where, "--data-dir", str(server.data_dir))
    return "/invitation/" + made("people", "invite", *who)["token"]


@pytest.fixture
def browsing(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=HANG_S) as client:
        yield client


def joined(client: httpx2.Client, server: Server, email: str, role: str = "viewer") -> str:
    """Accepts an invitation, and returns the token of the forms."""
    assert client.post(invited(server, email, role), data={"password": PASSWORD}).headers["location"] == "/console"
    page = client.get("/security").text
    return page.partition('name="form_token" value="')[2].partition('"')[0]


def test_the_cookie_of_a_session_is_for_no_script_and_no_other_site(browsing: httpx2.Client, server: Server) -> None:
    answer = browsing.post(invited(server, "a@example.com"), data={"password": PASSWORD})
    behind_tls = browsing.post(
        "/sign-in", data={"email": "a@example.com", "password": PASSWORD}, headers={"Origin": server.url}
    )

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert behind_tls.status_code == 303


def test_a_form_of_another_site_or_without_its_token_does_nothing(browsing: httpx2.Client, server: Server) -> None:
    token = joined(browsing, server, "b@example.com")
    change = {"password": PASSWORD, "new_password": "another long password"}
    foreign = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
    from_elsewhere = [
        browsing.post("/security/password", data=change | {"form_token": token}, headers=headers).headers["location"]
        for headers in foreign
    ]
    without = browsing.post("/security/password", data=change)
    wrong = browsing.post("/security/password", data=change | {"form_token": "x"})
    sign_in = {"email": "b@example.com", "password": PASSWORD}
    elsewhere = browsing.post("/sign-in", data=sign_in, headers=foreign[0])

    assert from_elsewhere == ["/sign-in"] * 3
    assert (without.status_code, wrong.status_code, elsewhere.status_code) == (403, 403, 401)
    assert browsing.post("/sign-in", data=sign_in).status_code == 303


def test_whoever_has_no_session_is_shown_the_way_in(browsing: httpx2.Client) -> None:
    assert browsing.get("/security").headers["location"] == "/sign-in"
    assert browsing.post("/security/totp", data={"form_token": ""}).headers["location"] == "/sign-in"
    assert "This invitation is over" in browsing.get("/invitation/nonsense").text


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    context = browser.new_context(base_url=server.url)
    context.set_default_timeout(HANG_S * 1_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    context.close()
    assert problems == []


@pytest.fixture(scope="module")
def administrators(server: Server) -> str:
    """The session of somebody who runs the installation."""
    with httpx2.Client(base_url=server.url, timeout=HANG_S) as client:
        joined(client, server, "ada@example.com", "administrator")
        return client.cookies["heliograph_person"]


@pytest.fixture
def running(page: Page, server: Server, administrators: str) -> Page:
    """A browser of somebody who runs the installation, at the account Acme."""
    page.context.add_cookies([{"name": "heliograph_person", "value": administrators, "url": server.url}])
    page.goto("/console")
    return page


@pytest.mark.slow
def test_somebody_joins_sets_up_an_app_signs_out_and_in_again(page: Page, server: Server) -> None:
    page.goto(invited(server, "vera@example.com"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.wait_for_selector("h2:text-is('Nothing was sent in this time')")
    page.get_by_role("link", name="Your security").click()
    page.wait_for_selector("h1:text-is('vera@example.com')")
    page.locator("form[action='/security/totp'] [name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Set up an app").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code", exact=True).fill(code_at(secret, int(time.time()) // STEP_S - 1))
    page.get_by_role("button", name="Ask for codes from now on").click()
    page.wait_for_selector("#codes")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/security")
    page.get_by_label("E-mail address").fill("vera@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("[name=code]")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code of your app").fill(code_at(secret, int(time.time()) // STEP_S + 1))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("h1:text-is('vera@example.com')")

    assert page.locator("#sessions li").count() == 1
    assert "A code is asked for at each sign-in" in page.locator("main").inner_text()


@pytest.mark.slow
def test_a_session_that_ended_costs_nobody_their_place_or_what_they_typed(page: Page, server: Server) -> None:
    page.goto(invited(server, "tom@example.com", "sender"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.wait_for_selector("h2:text-is('Nothing was sent in this time')")
    account = page.url.split("/console/")[1].partition("/")[0]

    def sign_in() -> None:
        page.wait_for_url("**/sign-in")
        page.get_by_label("E-mail address").fill("tom@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

    page.context.clear_cookies()
    page.goto(f"/console/{account}/messages?originator=Acme&status=failed")
    sign_in()
    page.wait_for_selector("h2:text-is('No message fits')")
    assert page.get_by_label("From", exact=True).input_value() == "Acme"

    page.get_by_role("link", name="Send", exact=True).click()
    page.get_by_label("Numbers").fill("+33612345678")
    page.context.clear_cookies()
    page.get_by_label("Text", exact=True).press_sequentially("Hello")
    page.get_by_text("Your session has ended. What you typed is still here").wait_for()
    page.get_by_label("From").fill("Acme")
    page.get_by_role("button", name="Check").click()
    sign_in()
    page.wait_for_url("**/send")
    assert page.get_by_label("Numbers").input_value() == "+33612345678"
    assert page.get_by_label("Text", exact=True).input_value() == "Hello"
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Send 1 message").click()
    page.get_by_text("1 message is on its way.").wait_for()


@pytest.mark.slow
def test_a_viewer_looks_and_has_no_button_that_sends(page: Page, server: Server) -> None:
    page.goto(invited(server, "vic@example.com"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.get_by_role("link", name="Campaigns").click()
    page.wait_for_selector("h1:text-is('Campaigns')")
    page.get_by_role("button", name="Sign out").wait_for()

    names = page.locator("nav li").all_inner_texts()
    assert "Messages" in names
    assert {"Send", "Conversations"}.isdisjoint(names)
    assert page.goto(page.url.replace("/campaigns", "/send")).status == 403  # type: ignore[union-attr]
    page.get_by_text("Your role at Acme does not let you do this.").wait_for()


@pytest.mark.slow
def test_somebody_is_invited_given_a_role_kept_out_and_let_in_again(running: Page) -> None:
    page = running
    page.get_by_role("link", name="People").click()
    page.get_by_label("E-mail address").last.fill("ada@example.com")
    page.get_by_label("Role").select_option("sender")
    page.get_by_role("button", name="Make an invitation").click()
    page.locator("#h-email", has_text="There is somebody").wait_for()
    assert page.get_by_label("Role").input_value() == "sender"
    page.get_by_label("E-mail address").last.fill("new@example.com")
    page.get_by_role("button", name="Make an invitation").click()
    page.get_by_text("new@example.com is invited").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    with httpx2.Client(timeout=HANG_S) as client:
        assert client.post(link, data={"password": PASSWORD}).headers["location"] == "/console"

    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="new@example.com").click()
    page.locator("tr", has_text="sender").get_by_role("button", name="Take away").click()
    page.get_by_text("new@example.com has no role at Acme any more.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The role of new@example.com at Acme is sender now.").wait_for()
    page.get_by_text("Sign them out …").click()
    page.get_by_role("button", name="End all sessions").click()
    page.get_by_text("1 session has ended.").wait_for()
    page.get_by_role("button", name="Let them in no more").click()
    page.get_by_text("Nobody signs in as new@example.com any more").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("new@example.com can sign in again.").wait_for()


@pytest.mark.slow
def test_an_account_is_made_agreed_with_credited_and_closed(running: Page) -> None:
    page = running
    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("Name").last.fill("Acme")
    page.get_by_role("button", name="Make it").click()
    page.locator("#h-name", has_text="There is an account named").wait_for()
    page.get_by_label("Name").last.fill("Customer")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("The account Customer is made.").wait_for()
    seen_before = page.context.new_page()
    seen_before.goto(page.url)

    page.get_by_label("Amount in").fill("12,50")
    page.get_by_role("button", name="Enter it").click()
    page.locator("#h-amount", has_text="as in 12.50").wait_for()
    page.get_by_label("Amount in").fill("12.50")
    once = page.locator("form.form [name=once]").input_value()
    page.get_by_role("button", name="Enter it").click()
    page.get_by_text("The balance of Customer is 12.5 ").wait_for()
    page.get_by_label("Amount in").fill("12.50")
    page.locator("form.form [name=once]").evaluate("(field, value) => { field.value = value; }", once)
    page.get_by_role("button", name="Enter it").click()
    page.get_by_text("The balance of Customer is 12.5 ").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The balance of Customer is 0 ").wait_for()

    page.get_by_label("Messages a day").fill("1000")
    page.get_by_label("Prices of a part").fill("FR 0.05")
    page.get_by_role("button", name="Agree on this").click()
    page.locator("#h-prices", has_text="FR 0.05").wait_for()
    page.get_by_label("Prices of a part").fill("FR: 0.05")
    page.get_by_label("Costly kinds").fill("satelite")
    page.get_by_role("button", name="Agree on this").click()
    page.get_by_text("There is no kind of numbers 'satelite'").wait_for()
    page.get_by_label("Costly kinds").fill("satellite")
    page.get_by_label("Codes a day").fill("500")
    page.get_by_role("button", name="Agree on this").click()
    page.get_by_text("It is agreed with Customer").wait_for()
    assert {"FR: 0.05", "satellite", "500"} <= set(page.locator(".facts dd").all_inner_texts())
    assert violations(page) == []
    seen_before.get_by_label("Countries", exact=True).fill("BE")
    seen_before.get_by_role("button", name="Agree on this").click()
    seen_before.get_by_text("Somebody else has changed what is agreed").wait_for()
    assert seen_before.get_by_label("Countries", exact=True).input_value() == "BE"
    assert "FR: 0.05" in seen_before.locator(".facts").inner_text()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("It is agreed with Customer").wait_for()
    assert page.get_by_label("Messages a day").input_value() == ""

    page.get_by_label("Name of a new account below it").fill("Below")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("The account Below is made.").wait_for()
    page.locator(".facts").get_by_role("link", name="Customer").click()
    page.get_by_label("Its name, to be sure").fill("customer")
    page.get_by_role("button", name="Close it for good").click()
    page.get_by_text("The account has another name").wait_for()
    page.get_by_label("Its name, to be sure").fill("Customer")
    page.get_by_role("button", name="Close it for good").click()
    page.get_by_text("Customer is closed, with all below it: 2 accounts.").wait_for()


@pytest.mark.slow
def test_a_provider_is_paused_and_resumed_and_a_number_is_explained(running: Page, server: Server) -> None:
    page = running
    page.get_by_role("link", name="Providers").click()
    page.get_by_role("button", name="Pause out").click()
    page.get_by_text("Nothing is sent by out any more.").wait_for()
    assert "ada@example.com" in page.locator("tbody tr", has_text="out").first.inner_text()
    page.get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="1 thing needs attention").click()
    page.get_by_role("link", name="The provider out is paused").click()
    page.get_by_role("button", name="Resume out").click()
    page.get_by_text("out is sent to again.").wait_for()
    page.locator("tbody tr", has_text="in service").wait_for()
    from_a_terminal = ("providers", "pause", "out", "--data-dir", str(server.data_dir))
    assert command(*from_a_terminal, environment=production(server.data_dir.parent))[0] == 0
    once_found(lambda: page.reload() and page.get_by_role("button", name="Resume out").count())
    page.get_by_role("button", name="Resume out").click()
    page.get_by_text("out is sent to again.").wait_for()

    page.get_by_label("Number", exact=True).fill("12x")
    page.get_by_role("button", name="Ask").click()
    page.locator("#h-number", has_text="12x").wait_for()
    page.get_by_label("Number", exact=True).fill("+33612345678")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("status").get_by_text("No rule matches: it goes by the default provider, out.").wait_for()
    page.get_by_text("A part costs Acme").wait_for()
    assert violations(page) == []


@pytest.mark.slow
def test_settings_are_found_with_where_they_come_from_and_no_secret(running: Page) -> None:
    page = running
    page.get_by_role("link", name="Settings").click()
    row = page.locator("tbody tr", has_text="default_provider")
    assert "environment variable HELIOGRAPH_DEFAULT_PROVIDER" in row.inner_text()
    assert page.locator("tbody tr", has_text="lease_s").count() == 0
    page.get_by_label("Words", exact=True).fill("seconds worker")
    page.get_by_role("button", name="Show").click()
    assert "default" in page.locator("tbody tr", has_text="lease_s").inner_text()
    page.get_by_label("Words", exact=True).fill("xylophone")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("No setting has these words").wait_for()
