"""Signing in by OpenID Connect in a real browser, at a real issuer: django-oauth-toolkit in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.cli.test_production import command, made, production
from tests.console.django_issuer import CLIENT_ID, CLIENT_SECRET, PASSWORD
from tests.ending import end_with_the_tests
from tests.patience import HANG_S

from heliograph.services.totp import STEP_S, code_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from tests.conftest import Server, StartServer

pytestmark = pytest.mark.slow
EMAIL = "vera@example.com"
OWN_PASSWORD = "correct horse battery"


class House(NamedTuple):
    server: Server
    issuer: str

    def command(self, *words: str) -> dict[str, str]:
        return made(*words, "--data-dir", str(self.server.data_dir))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("issuers")
    listening = socket.create_server(("127.0.0.1", 0), backlog=50)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    table = {"issuer": f"{origin}/o", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "title": "Example"}
    environment = production(directory) | {"HELIOGRAPH_OIDC": json.dumps({"example": table})}
    server = start_server(directory / "data", environment=environment)
    told = {
        "fd": listening.fileno(),
        "redirect_uri": f"{server.url}/sign-in/with/example/callback",
        "email": EMAIL,
        "verified": True,
    }
    with (directory / "issuer.log").open("wb") as log:
        issuer = subprocess.Popen(
            [sys.executable, "-m", "tests.console.django_issuer", json.dumps(told)],
            pass_fds=[listening.fileno()],
            stderr=log,
            preexec_fn=end_with_the_tests,
        )
    listening.close()
    house = House(server, f"{origin}/o")
    house.command("accounts", "create", "Acme")
    yield house
    issuer.kill()
    issuer.wait()


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    context = browser.new_context(base_url=house.server.url)
    context.set_default_timeout(HANG_S * 1_000)
    yield context.new_page()
    context.close()


def come_from_the_issuer(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with Example").click()
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Authorize").click()


def test_nobody_then_the_invited_then_one_with_an_app_comes_from_an_issuer(page: Page, house: House) -> None:
    come_from_the_issuer(page)
    page.wait_for_selector(f"[role=alert]:text-is('Nobody has invited {EMAIL}: ask for an invitation.')")
    page.goto("/security")
    out = page.url
    page.context.clear_cookies()
    house.command("people", "invite", EMAIL, "--role", "viewer", "--account", "Acme")
    come_from_the_issuer(page)
    page.get_by_role("link", name="Your security").click()
    page.wait_for_selector(f"h1:text-is('{EMAIL}')")
    shown = house.command("people", "show", EMAIL)
    entries = house.command("audit", "list", "--action", "person.linked")

    assert out.endswith("/sign-in")
    assert (shown["issuers"], shown["roles"]) == ([house.issuer], {"Acme": "viewer"})
    assert json.dumps(entries).count(house.issuer) == 1
    assert json.dumps(entries).count(EMAIL) >= 1

    page.context.clear_cookies()
    give_password(house)
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Your security").click()
    page.locator("form[action='/security/totp'] [name=password]").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Set up an app").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code", exact=True).fill(code_at(secret, int(time.time()) // STEP_S - 1))
    page.get_by_role("button", name="Ask for codes from now on").click()
    page.wait_for_selector("#codes")
    page.context.clear_cookies()
    come_from_the_issuer(page)
    page.get_by_label("Code of your app").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("[role=alert]:has-text('The code is wrong')")
    page.get_by_label("Code of your app").fill(code_at(secret, int(time.time()) // STEP_S + 1))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Your security").click()
    page.wait_for_selector(f"h1:text-is('{EMAIL}')")

    page.context.clear_cookies()
    command("people", "disable", EMAIL, "--data-dir", str(house.server.data_dir))
    come_from_the_issuer(page)
    page.wait_for_selector(f"[role=alert]:text-is('{EMAIL} may not sign in any more.')")


def give_password(house: House) -> None:
    file = house.server.data_dir / "password"
    file.write_text(OWN_PASSWORD)
    house.command("people", "change", EMAIL, "--password-file", str(file))
