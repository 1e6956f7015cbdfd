"""The pages whose blocks are run as they stand: those of one page in one session, against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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


def session(page: str, *, after: str = "") -> str:
    """The Python of a page as one program; what fails is told by its line there."""
    run_here = [block for block in blocks(page) if block.language == "python" and not block.title]
    placed = [(block.line - 1) * "\n" + block.text for block in run_here]
    return "\n".join([*(f"exec(compile({text!r}, {page!r}, 'exec'), globals())" for text in placed), after])


def run(code: str, environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_of_the_sdk(server: Server) -> None:
    run(session("docs/sdk.md"), {"HELIOGRAPH_URL": server.url, "HELIOGRAPH_TOKEN": server.token})


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


def test_the_page_of_callbacks() -> None:
    run(session("docs/webhooks.md", after=HEARD), {})


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
