"""The pages whose blocks are run as they stand: those of one page in one session, against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.importing import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server


class Block(NamedTuple):
    language: str
    title: str
    """The file that the page says to put it into; empty: it is run."""
    line: int
    """Where in the page its first line is."""
    text: str


def blocks(page: str) -> list[Block]:
    text = (ROOT / page).read_text()
    found = re.finditer(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(one[1], one[2] or "", text[: one.start(3)].count("\n") + 1, one[3]) for one in found]


def session(page: str, *, instead: Mapping[str, str] = MappingProxyType({}), after: str = "") -> str:
    """The blocks of a page as one program, in their order, with some words replaced by those of the server that runs;
    what fails is told by its line there. Left out is what needs a vendor's client that is not installed, or a server
    of the reader's own."""
    program = ["import subprocess"]
    for block in blocks(page):
        if block.title or block.language not in {"python", "sh"} or any(each in block.text for each in NOT_HERE):
            continue
        text = block.text
        for said, here in instead.items():
            text = text.replace(said, here)
        if block.language == "sh":
            program.append(f"subprocess.run(['bash', '-euo', 'pipefail', '-c', {text!r}], check=True)")
        else:
            placed = (block.line - 1) * "\n" + text
            program.append(f"exec(compile({placed!r}, {page!r}, 'exec'), globals())")
    return "\n".join([*program, after])


def run(code: str, environment: Mapping[str, str], directory: Path) -> None:
    """Run a program where a reader would, with `heliograph` as a command."""
    (programs := directory / "bin").mkdir()
    (programs / "heliograph").write_text(f'#!/bin/sh\nexec {sys.executable} -m heliograph "$@"\n')
    (programs / "heliograph").chmod(0o755)
    places = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HELIOGRAPH_DATA_DIR": str(directory / "data")}
    whole = os.environ | {"PYTHONPATH": str(ROOT / "src")} | places | environment
    done = subprocess.run([sys.executable, "-c", code], env=whole, cwd=directory, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


NOT_HERE = (
    "venv .venv",  # the first two commands of README: tests/sdk/test_installed.py has what they install
    "manage.py",
    "from heliograph.django",  # in a project of Django's: tests/django
    "swagger_client",
    "smsdrop.Client",  # published clients with dependencies older than ours
)
"""What in a block says that it can't be run here, and where else that is tested."""


def _here(ready: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """The pages that are run against the server that runs, with what is there instead of what they say."""
    served, url = ready["protocols"], ready["base_url"]
    xms, smscx, twilio = served["xms"], served["smscx"], served["twilio"]
    plan = {'"SERVICE_PLAN", "TOKEN"': f'"{xms["service_plan_id"]}", "{xms["token"]}"'}
    sid = {'"AC...", "TOKEN"': f'"{twilio["account_sid"]}", "{twilio["auth_token"]}"'}
    address = {"http://127.0.0.1:8460": url, "127.0.0.1:8460": url.removeprefix("http://")}
    return {
        "README.md": {".venv/bin/heliograph": "heliograph", "sc_...": smscx["api_key"]} | plan | sid | address,
        "docs/api.md": {},
        "docs/cli.md": {},
        "docs/coming-from.md": {
            "HG_TOKEN": ready["api"]["token"],
            "sc_...": smscx["api_key"],
            "keyid=KEY": f"keyid={served['isendpro']['keyid']}",
            '"sandbox@heliograph.example", "PASSWORD"': f'"{served["smsdrop"]["email"]}", '
            f'"{served["smsdrop"]["password"]}"',
        }
        | plan
        | sid
        | address,
        "docs/contacts.md": {},
        "docs/isendpro.md": {
            'Client("KEY")': f'Client("{served["isendpro"]["keyid"]}", "{served["isendpro"]["host"]}")',
        },
        "docs/kannel.md": {},
        "docs/numbers.md": {},
        "docs/providers.md": {},
        "docs/sdk.md": {},
        "docs/smscx.md": {
            "sc_...": smscx["api_key"],
            'Client("API_KEY")': f'Client("{smscx["api_key"]}", host="{smscx["host"]}")',
        }
        | address,
        "docs/smsdrop.md": {
            '"me@example.org", "PASSWORD"': f'"{served["smsdrop"]["email"]}", "{served["smsdrop"]["password"]}", '
            f'"{served["smsdrop"]["context"]}"',
        },
        "docs/twilio.md": {
            'with Client("AC...", "TOKEN")': f'with Client("{twilio["account_sid"]}", "{twilio["auth_token"]}", '
            f'"{twilio["base_url"]}")',
        }
        | sid
        | address,
        "docs/xms.md": {"https://eu.sms.api.sinch.com/xms": xms["endpoint"]} | plan,
    }


_PAGES = (
    "api",
    "cli",
    "coming-from",
    "contacts",
    "isendpro",
    "kannel",
    "numbers",
    "providers",
    "sdk",
    "smscx",
    "smsdrop",
    "twilio",
    "xms",
)
RUN_HERE = ("README.md", *(f"docs/{name}.md" for name in _PAGES))
RUN_ELSEWHERE = {
    "docs/accounts.md": "tests/cli/test_accounts.py",
    "docs/adding-a-door.md": "tests/doors/test_cookbook.py",
    "docs/adding-a-provider.md": "tests/protocols/test_cookbook.py",
    "docs/data.md": "tests/cli/test_backups.py",
    "docs/django.md": "tests/house/test_django_page.py",
    "docs/running.md": "tests/deploy/test_running.py",
    "docs/smpp.md": "tests/protocols/smpp/test_checking.py",
    "docs/tutorial.md": "tests/house/test_pages.py",
    "docs/webhooks.md": "tests/house/test_pages.py",
}


@pytest.mark.parametrize("page", RUN_HERE)
def test_the_blocks_of_a_page_run_as_they_stand(page: str, server: Server, tmp_path: Path) -> None:
    where = {"HELIOGRAPH_URL": server.url, "HELIOGRAPH_TOKEN": server.token}
    run(session(page, instead=_here(server.ready)[page]), where, tmp_path)


def test_each_page_with_blocks_is_run_somewhere() -> None:
    pages = ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
    with_blocks = {page for page in pages if {block.language for block in blocks(page)} & {"python", "sh"}}

    assert with_blocks == {*RUN_HERE, *RUN_ELSEWHERE}
    for page, test in RUN_ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text(), page


HEARD = """
import asyncio, json, time
import django, httpx2
from django.conf import settings
from heliograph.domain.signing import sign

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x")
django.setup()
from django.test import Client as DjangoClient
from django.urls import path

urlpatterns = [path("sms", django_heard)]
body = json.dumps({"id": "e", "type": "new", "created_at": "2026-01-01T00:00:00Z", "data": 1}).encode()
seconds = int(time.time())
good = {"X-Heliograph-Signature": f"t={seconds},v1={sign(SECRETS[0], seconds, body)}"}


async def asgi(headers):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(asgi_app), base_url="http://x") as client:
        return (await client.post("/sms", content=body, headers=headers)).status_code


def flask_(headers):
    return flask_app.test_client().post("/sms", data=body, headers=headers).status_code


def django_(headers):
    return DjangoClient().post("/sms", body, content_type="application/json", headers=headers).status_code


for ask in (lambda headers: asyncio.run(asgi(headers)), flask_, django_):
    assert ask({}) == 400
    assert ask(good) == 204
assert [event.id for event in events] == ["e"] * 3
assert told(body, good, SECRETS[0]) == "OtherEvent e"
"""


def test_the_page_of_callbacks(tmp_path: Path) -> None:
    run(session("docs/webhooks.md", after=HEARD), {}, tmp_path)


@pytest.mark.slow  # it starts two sandboxes, as a reader does
def test_the_tutorial_ends_with_a_tested_application(tmp_path: Path) -> None:
    installed = any(each.value == "heliograph.pytest_plugin" for each in entry_points(group="pytest11"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HELIOGRAPH_", "PYTEST"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    if not installed:  # this project was installed before it had the plugin
        environment["PYTEST_PLUGINS"] = "heliograph.pytest_plugin"
    for block in blocks("docs/tutorial.md"):
        if block.title:
            (tmp_path / block.title).write_text(block.text)
            continue
        done = subprocess.run(["sh", "-ec", block.text], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3 passed" in done.stdout or "OK" in done.stderr
