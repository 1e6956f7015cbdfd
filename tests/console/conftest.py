"""One server and one browser for everything that is done in the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.patience import HANG_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from tests.conftest import Server

Kept = Callable[["Page", str], None]


@pytest.fixture
def console(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser that came by the printed link, at the first account."""
    context = browser.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 800}, timezone_id="Europe/Paris", locale="en-GB"
    )
    context.set_default_timeout(HANG_S * 1_000)
    opened = context.new_page()
    problems: list[str] = []
    elsewhere: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    opened.on("request", lambda sent: elsewhere.append(sent.url) if not sent.url.startswith(server.url) else None)
    opened.goto(server.ready["console"]["url"])
    opened.goto("/console")
    yield opened
    context.close()
    assert (problems, elsewhere) == ([], [])


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures of all pages are put."""
    return tmp_path_factory.mktemp("console-pages")
