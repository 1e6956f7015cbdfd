"""Take the pictures of the console that its page of the documentation shows, from a sandbox with something in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
from playwright.sync_api import sync_playwright

from heliograph import Client
from heliograph.api.wire import NewContact

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
START_S = 60.0
LOOKS_S = 0.05
PEOPLE = ("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")
NUMBERS = [f"+3361234567{digit}" for digit in range(len(PEOPLE))]
TEXT = "Dear ${first_name}, our shop in the rue Haute opens on Saturday. Come and see!"


def filled(client: Client) -> dict[str, str]:
    """Send, answer and note something, and return the paths of what is to be seen of it."""
    group = client.groups.create(name="Readers", members=[])
    contacts = [NewContact(number=number, first_name=name) for number, name in zip(NUMBERS, PEOPLE, strict=True)]
    client.contacts.add(group.id, contacts)
    client.templates.create(name="Opening hours", text="We are open from 9 to 19, ${first_name}.")
    campaign = client.batches.send(
        to=[*NUMBERS, "+999200077"],
        text=TEXT,
        parameters={"first_name": {"default": "reader"}},
        originator="Shop",
        title="Opening day",
    )
    for message in client.messages.list(batch_id=campaign.id):
        if message.to in NUMBERS:
            client.messages.wait_for_delivery(message.id)
    client.sandbox.reply(NUMBERS[0], to="Shop", text="Until when are you open on Saturday?")
    client.sandbox.reply(NUMBERS[1], to="Shop", text="See you there!")
    talks: dict[str, str] = {}
    while len(talks) < 2:
        talks = {each.number: each.id for each in client.conversations.all()}
    client.conversations.add_note(talks[NUMBERS[0]], "Has asked by mail, too.")
    answer = client.conversations.reply(talks[NUMBERS[0]], "Until 19 o'clock, Ada.")
    client.messages.wait_for_delivery(answer.id)
    return {
        "overview": "/overview",
        "send": f"/send?groups={group.id}",
        "campaign": f"/campaigns/{campaign.id}",
        "conversation": f"/conversations/{talks[NUMBERS[0]]}",
        "phone": f"/inbox/{NUMBERS[0][1:]}",
    }


def pictured(page: Page, ready: dict[str, Any], paths: dict[str, str]) -> None:
    """Open each path, as whoever came by the printed link, and keep what is to be seen there."""
    page.goto(ready["console"]["url"])
    page.goto(f"{ready['base_url']}/console")
    account = page.url.split("/console/")[1].partition("/")[0]
    for name, path in paths.items():
        of_account = "" if path.startswith("/inbox") else f"/console/{account}"
        page.goto(f"{ready['base_url']}{of_account}{path}")
        if name == "send":
            page.get_by_label("From").fill("Shop")
            page.get_by_label("Text", exact=True).fill(TEXT)
            page.get_by_role("button", name="Check").click()
            page.get_by_text("What it comes to").wait_for()
        page.screenshot(path=PICTURES / f"{name}.png", full_page=name == "send")


def started(place: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start a sandbox, and return it with what it says of itself. Raises TimeoutError."""
    ready = place / "ready.json"
    command = [sys.executable, "-m", "heliograph", "serve", "--port", "0", "--data-dir", str(place / "data")]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
    server = subprocess.Popen([*command, "--ready-file", str(ready)], env=settings, stdout=subprocess.DEVNULL)
    until = time.monotonic() + START_S
    while not ready.exists():
        if time.monotonic() > until or server.poll() is not None:
            server.kill()
            raise TimeoutError(f"the sandbox did not start within {START_S:.0f} seconds")
        time.sleep(LOOKS_S)
    return server, msgspec.json.decode(ready.read_bytes())


def main() -> int:
    """Write docs/pictures."""
    browser_at = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser_at is None:
        sys.stderr.write("There is no Chromium: install the package chromium.\n")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="heliograph-") as directory, sync_playwright() as playwright:
        server, ready = started(Path(directory))
        try:
            with Client(ready["base_url"], ready["api"]["token"]) as client:
                paths = filled(client)
            browser = playwright.chromium.launch(executable_path=browser_at, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
            pictured(page, ready, paths)
            browser.close()
        finally:
            server.terminate()
            server.wait()
    sys.stdout.write(f"{len(paths)} pictures are in {PICTURES}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
