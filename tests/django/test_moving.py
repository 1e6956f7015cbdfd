"""A project that was written for pymess, before and after its move; and the admin that it has then, in a real browser.

`courier/day.json` is what came of a day on pymess, in the version that `courier/requirements.txt` names. Pymess is
installed beside everything else, for the processes of the project before its move alone; where that can't be done, what
needs it is skipped, and the project after its move is held to the same record.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.django.conftest import database_of
from tests.protocols.contract.far import Far

from heliograph.calling import Request, Response

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COURIER = Path(__file__).parent / "courier"
DAY = json.loads((COURIER / "day.json").read_text())
BEFORE, AFTER = "courier.before", "courier.after"


def gateway(request: Request) -> Response:
    """SMS Operator's: what is sent is on its way, what is asked about is delivered."""
    ids = re.findall(rb"<SmsId>\s*([^<\s]+)\s*</SmsId>", request.body or b"")
    status = b"0" if b"SMS-Status" in (request.body or b"") else b"11"
    items = b"".join(b"<DataItem><SmsId>%s</SmsId><Status>%s</Status></DataItem>" % (each, status) for each in ids)
    return Response(200, b"<SmsServices>%s</SmsServices>" % items)


class Courier:
    """The project, in processes of its own."""

    def __init__(self, database: dict[str, Any], gateway_url: str, pymess: Path | None) -> None:
        self.environment = os.environ | {"COURIER_DATABASE": json.dumps(database), "COURIER_GATEWAY": f"{gateway_url}/"}
        self.pymess = pymess

    def command(self, settings: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": settings}
        if settings == BEFORE:
            environment["PYTHONPATH"] = str(self.pymess)
        return [sys.executable, "manage.py", *arguments], environment

    def manage(self, settings: str, *arguments: str) -> str:
        command, environment = self.command(settings, *arguments)
        done = subprocess.run(command, cwd=COURIER, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def pymess(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Where pymess is; None where it can't be installed."""
    directory = tmp_path_factory.mktemp("pymess")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(directory)]
    done = subprocess.run([*command, "-r", "requirements.txt"], cwd=COURIER, capture_output=True, timeout=300)
    return None if done.returncode else directory


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def courier(request: pytest.FixtureRequest, pymess: Path | None) -> Iterator[Courier]:
    far = Far()
    far.behaviour = gateway
    yield Courier(database_of(request.param, request), far.origin, pymess)
    far.close()


@pytest.fixture(scope="module")
def day_before(courier: Courier) -> Any:
    """What a day on pymess came to; None without it."""
    if courier.pymess is None:
        return None
    courier.manage(BEFORE, "migrate", "--verbosity", "0")
    return json.loads(courier.manage(BEFORE, "day"))


@pytest.fixture(scope="module")
def moved(courier: Courier, day_before: Any) -> Courier:
    """As docs/coming-from.md says."""
    courier.manage(AFTER, "migrate", "--verbosity", "0")
    if day_before is not None:
        told = courier.manage(AFTER, "heliograph_copy_pymess")
        assert f"pymess_outputsmsmessage: {len(DAY['messages'])} copied" in told
    return courier


@pytest.fixture
def before(day_before: Any) -> Any:
    if day_before is None:
        pytest.skip("pymess can't be installed here")
    return day_before


def test_a_day_on_pymess_comes_to_what_is_recorded(before: Any) -> None:
    assert before == DAY


def test_the_same_code_comes_to_the_same_on_ours(moved: Courier) -> None:
    assert json.loads(moved.manage(AFTER, "day")) == DAY


def test_what_was_copied_is_what_was_there_and_is_copied_once(before: Any, moved: Courier) -> None:
    shown = f"""
import json
from heliograph.django.models import OutputSMSMessage

rows = []
for message in OutputSMSMessage.objects.order_by("pk")[:{len(DAY["messages"])}]:
    body = message.template and message.template.body
    about = sorted(str(each.content_object) for each in message.related_objects.all())
    row = [message.recipient, message.content, message.State(message.state).name, message.template_slug, body, about]
    rows.append([*row, message.backend, message.backend_name])
print(json.dumps(rows))
"""

    rows = json.loads(moved.manage(AFTER, "shell", "--verbosity", "0", "--command", shown).splitlines()[-1])
    again = moved.manage(AFTER, "heliograph_copy_pymess")

    keys = ("recipient", "content", "state", "slug", "template", "related")
    assert [row[:6] for row in rows] == [[message[key] for key in keys] for message in DAY["messages"]]
    assert rows[0][6:] == ["heliograph.django.backends.dummy.DummySMSBackend", "default"]
    assert rows[2][6:] == ["deliveries.backends.Board", "board"]
    assert "pymess_outputsmsmessage: 0 copied" in again


def test_the_project_has_no_open_migrations_and_no_mistakes_after_the_move(moved: Courier) -> None:
    assert "No changes detected" in moved.manage(AFTER, "makemigrations", "--check", "--dry-run")
    assert "no issues" in moved.manage(AFTER, "check")


def test_every_path_of_pymess_leads_to_ours(moved: Courier) -> None:
    imported = """
from importlib import import_module
from heliograph.django.pymess.paths import PATHS
print(sorted(name for path in PATHS for name in vars(import_module(path)) if name[0].isalpha()))
import pymess.models, heliograph.django.models, pymess.backend.sms.twilio
from django.apps import apps
assert pymess.models.OutputSMSMessage is apps.get_model("pymess", "OutputSMSMessage")
assert pymess.config.settings.SMS_DEFAULT_PHONE_CODE == "+420"
assert pymess.utils.normalize_phone_number("777 111 222") == "+420777111222"
assert pymess.sender.send_sms is pymess.backend.sms.send
assert pymess.enums.OutputSMSMessageState.ERROR == 8
assert pymess.backend.sms.twilio.TwilioSMSBackend
"""

    told = moved.manage(AFTER, "shell", "--verbosity", "0", "--command", imported)

    assert "'AbstractSMSTemplate'" in told
    assert "'SMSBackend'" in told


# -- the admin


@pytest.fixture(scope="module")
def site(moved: Courier) -> Iterator[str]:
    """The project's own server, with somebody who may log in."""
    moved.environment |= {
        f"DJANGO_SUPERUSER_{name}": value for name, value in (("USERNAME", "boss"), ("PASSWORD", "x"))
    }
    moved.manage(AFTER, "createsuperuser", "--noinput", "--email", "boss@example.org")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command, environment = moved.command(AFTER, "runserver", "--noreload", f"127.0.0.1:{port}")
    process = subprocess.Popen(
        command, cwd=COURIER, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx2.get(f"{address}/admin/login/")
            break
        except httpx2.TransportError:
            assert time.monotonic() < deadline, "the project's server did not start"
            assert process.poll() is None
    yield address
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(10_000)
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


def test_what_is_on_its_way_can_be_asked_about(page: Page, site: str, moved: Courier) -> None:
    moved.manage(
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
