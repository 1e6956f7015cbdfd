"""The field of docs/adding-a-field.md, added to a copy of the project as the page says, and used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.house.test_drafts import UNMAPPED
from tests.importing import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "adding-a-field.md"
VERSIONS = "src/heliograph/store/migrations/versions"
USED = """
import sys
from datetime import UTC, datetime
from heliograph import Client
from heliograph.api import wire

client = Client(*sys.argv[1:3])
later = datetime(2099, 1, 1, tzinfo=UTC)
batch = client.batches.send(to=[sys.argv[3]], text="Hello", cost_centre="4711", send_at=later)
print(batch.cost_centre)
print(client.batches.change(batch.id, wire.ChangeBatch(title="Spring")).cost_centre)
print(client.batches.change(batch.id, wire.ChangeBatch(cost_centre="4712")).cost_centre)
print(client.batches.get(batch.id).cost_centre)
print(client.batches.change(batch.id, wire.ChangeBatch(cost_centre=None)).cost_centre)
"""


def changes(last: str) -> Iterator[tuple[str, str, str]]:
    """What the page changes: a file, what stands there, and what is to."""
    following = f"{int(last) + 1:04d}"
    page = PAGE.read_text().replace("NEXT", following).replace('"LAST"', f'"{last}"')
    for block in re.findall(r"```diff\n(.*?)```", page, re.DOTALL):
        path, *lines = block.splitlines()
        assert all(line[:1] in " +" for line in lines), block
        before = "".join(f"{line[1:]}\n" for line in lines if line.startswith(" "))
        yield path, before, "".join(f"{line[1:]}\n" for line in lines)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the field in it."""
    copy = tmp_path_factory.mktemp("project")
    for folder in ("src", "scripts", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    last = max(path.name[:4] for path in (copy / VERSIONS).glob("[0-9]*.py"))
    for path, before, after in changes(last):
        text = (copy / path).read_text() if before else ""
        assert not before or text.count(before) == 1, f"{path} has {text.count(before)} of\n{before}"
        (copy / path).write_text(text.replace(before, after) if before else after)
    run(copy, "scripts/generate_sync_client.py")
    return copy


def run(copy: Path, *arguments: str, ends_with: int = 0) -> str:
    """Run a program of the copy; what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": f"{copy / 'src'}:{copy}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ends_with, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def before(start_server: StartServer, tmp_path: Path, new_number: Callable[[], str]) -> tuple[Path, str]:
    """A store of the version without the field, with a batch in it."""
    server = start_server(tmp_path / "data")
    with server.client() as client:
        batch = client.batches.send(to=[new_number()], text="Hello")
    assert server.stop() == 0
    return tmp_path / "data", batch.id


@pytest.fixture
def server(start_server: StartServer, changed: Path, before: tuple[Path, str]) -> Server:
    return start_server(
        before[0], environment={"PYTHONPATH": f"{changed / 'src'}:{changed}"}, program="heliograph.__main__"
    )


def test_the_field_of_the_page_is_taken_kept_shown_changed_and_bounded(
    server: Server, changed: Path, before: tuple[Path, str], new_number: Callable[[], str]
) -> None:
    used = run(changed, "-c", USED, server.url, server.token, new_number())
    with httpx2.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {server.token}"}) as native:
        old = native.get(f"/batches/{before[1]}").json()
        one = native.post("/messages", json={"to": new_number(), "text": "Hello", "cost_centre": "4713"}).json()
        shown = native.get(f"/batches/{one['batch_id']}").json()
        refused = native.post("/batches", json={"to": [new_number()], "text": "Hello", "cost_centre": "4" * 5000})
        described = native.get("/openapi.json").json()

    assert used.split() == ["4711", "4711", "4712", "4712", "None"]
    assert (old["cost_centre"], shown["cost_centre"]) == (None, "4713")
    assert (refused.status_code, "cost_centre" in refused.text) == (400, True)
    assert "cost_centre" in described["components"]["schemas"]["CreateBatch"]["properties"]


def test_every_other_door_is_named_until_it_decides(changed: Path) -> None:
    told = run(
        changed, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/house/test_drafts.py", ends_with=1
    )

    named = set(re.findall(r"^FAILED .*\[(\S+)\]", told, re.MULTILINE))
    assert named == UNMAPPED.keys() - {"api"}
    assert "'cost_centre'" in told
