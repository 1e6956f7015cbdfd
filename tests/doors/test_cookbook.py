"""The door of docs/adding-a-door.md, taken from the page and used: by its calls and its callbacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer
    from tests.protocols.listening import Listener

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-door.md"
FEWER_THAN = 110


@pytest.fixture
def server(start_server: StartServer, tmp_path: Path) -> Server:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(code.splitlines()) < FEWER_THAN
    (tmp_path / "lantern.py").write_text(code)
    return start_server(
        tmp_path / "data",
        environment={"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
        program="tests.registered lantern:Lantern",
    )


def test_the_door_of_the_page_sends_shows_calls_back_and_refuses(
    server: Server, customer: Listener, new_number: Callable[[], str]
) -> None:
    entry = server.ready["protocols"]["lantern"]
    with httpx2.Client(base_url=entry["url"], headers={"X-Lantern-Key": entry["key"]}) as lantern:
        sent = lantern.post("/flashes", json={"to": new_number(), "message": "Land", "tell": customer.url})
        told = customer.next()
        shown = lantern.get(f"/flashes/{sent.json()['flash']}")
        odd = lantern.post("/flashes", json={"to": new_number(), "massage": "Land"})
        nowhere = lantern.get("/flashes/none")
        stranger = lantern.get(f"/flashes/{sent.json()['flash']}", headers={"X-Lantern-Key": "hg_nobody"})
        unknown = lantern.delete("/flashes")

    assert (sent.status_code, sent.json()["state"]) == (200, "lit")
    assert told == {"flash": sent.json()["flash"], "state": "seen"}
    assert (shown.status_code, shown.json()) == (200, told)
    assert "X-Heliograph-Signature" in customer.headers
    assert (odd.status_code, "massage" in odd.json()["wrong"]) == (400, True)
    assert [answer.status_code for answer in (nowhere, stranger, unknown)] == [404, 401, 405]
    assert all(answer.json()["wrong"] for answer in (nowhere, stranger, unknown))
