"""The admin of a project, in a real browser; who may do what in it is in test_admin.py."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.django.conftest import database_of
from tests.django.couriers import AFTER, COURIER, Courier, gateway
from tests.patience import HANG_S
from tests.protocols.contract.far import Far

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def courier(request: pytest.FixtureRequest) -> Iterator[Courier]:
    """After a day's work."""
    far = Far()
    far.behaviour = gateway
    courier = Courier(database_of("sqlite", request), far.origin)
    courier.manage(AFTER, "migrate", "--verbosity", "0")
    courier.manage(AFTER, "day")
    yield courier
    far.close()


@pytest.fixture(scope="module")
def site(courier: Courier) -> Iterator[str]:
    """The project's own server, with somebody who may log in."""
    courier.environment |= {
        f"DJANGO_SUPERUSER_{name}": value for name, value in (("USERNAME", "boss"), ("PASSWORD", "x"))
    }
    courier.manage(AFTER, "createsuperuser", "--noinput", "--email", "boss@example.org")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command, environment = courier.command(AFTER, "runserver", "--noreload", f"127.0.0.1:{port}")
    process = subprocess.Popen(
        command, cwd=COURIER, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + HANG_S
    while True:
        try:
            httpx2.get(f"{address}/admin/login/")
            break
        except httpx2.TransportError:
            assert time.monotonic() < deadline, "the project's server did not start"
            assert process.poll() is None
    yield address
    process.terminate()
    process.wait(timeout=HANG_S)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(HANG_S * 1_000)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(f"{site}/admin/")
    opened.fill("[name=username]", "boss")
    opened.fill("[name=password]", "x")
    opened.click("input[type=submit]")
    opened.wait_for_selector("text=Output sms")
    yield opened
    context.close()
    assert problems == []


def test_messages_are_found_filtered_and_sent_again(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/heliograph/outputsmsmessage/?q=Washed")
    failed = page.wait_for_selector("[data-state=error]")
    assert failed is not None
    assert failed.inner_text() == "error"
    page.check("#result_list tbody tr:first-child input.action-select")
    page.select_option("select[name=action]", "resend")
    page.click("button[name=index]")
    told = page.wait_for_selector(".messagelist .success")
    assert told is not None
    assert told.inner_text() == "1 sent again."

    page.click("#result_list tbody tr:first-child th a")
    page.wait_for_selector("text=The chalk is wet.")
    page.wait_for_selector("text=resend_of")
    assert page.query_selector("input[name=content]") is None
    assert page.query_selector("textarea") is None

    page.goto(f"{site}/admin/heliograph/outputsmsmessage/?state__exact=7")
    assert {each.inner_text() for each in page.query_selector_all("[data-state]")} == {"delivered"}


def test_what_is_on_its_way_can_be_asked_about(page: Page, site: str, courier: Courier) -> None:
    courier.manage(
        AFTER,
        "shell",
        "--verbosity",
        "0",
        "--command",
        "from heliograph.django import send; send('+420602000001', 'On its way')",
    )
    page.goto(f"{site}/admin/heliograph/outputsmsmessage/?q=On+its+way")
    page.wait_for_selector("[data-state=sending]")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "check_delivery")
    page.click("button[name=index]")

    page.wait_for_selector("text=1 were on their way; 1 of them are settled now.")

    page.wait_for_selector("[data-state=delivered]")


def test_a_template_is_tried_before_anybody_gets_it(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/heliograph/smstemplate/")
    page.click("text=coming")
    page.click("text=Preview, with parts and cost")
    first = page.wait_for_selector("#text")
    assert first is not None
    assert first.inner_text() == "Zasilka number prijde v at"

    page.fill("[name=context_data]", json.dumps({"number": "O'Neil & " + "x" * 150, "at": "12:30"}))
    page.fill("[name=recipient]", "777 111 222")
    page.click("text=Show")
    page.wait_for_selector('#text:has-text("O\'Neil & xxx")')
    measured = page.wait_for_selector("#measure")

    assert measured is not None
    assert re.sub(r"\s+", " ", measured.inner_text()).startswith("2 parts · GSM-7 · 182 characters")
    assert measured.inner_text().endswith("0.1 EUR")
    page.fill("[name=context_data]", "[]")
    page.click("text=Show")
    page.wait_for_selector("text=Write an object")


def test_an_opt_out_can_be_entered(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/heliograph/smsoptout/add/")
    page.fill("[name=recipient]", "nobody")
    page.click("[name=_save]")
    page.wait_for_selector("text=is no phone number")
    page.fill("[name=recipient]", "777 999 999")
    page.click("[name=_save]")

    page.wait_for_selector("text=+420777999999")
