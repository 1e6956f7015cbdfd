"""The checks that `make check` runs, so that the tests alone say whether a change is sound."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ["src", "tests", "bench", "scripts"]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--check", *PLACES],
        ["ruff", "check", *PLACES],
        ["mypy"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_tools_find_nothing(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", ["generate_smscx_client.py", "generate_sync_client.py", "generate_docs.py"])
def test_generated_files_are_current(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


def test_no_file_names_a_machine_or_leaves_a_note_to_oneself() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    notes = ["TO" + "DO", "FIX" + "ME", "/wo" + "rk/", "/ro" + "ot/"]
    found = [
        (name, note)
        for name in listed
        if (ROOT / name).is_file() and "vendor" not in name
        for note in notes
        if note in (ROOT / name).read_text(errors="replace")
    ]

    assert found == []


def test_the_readme_has_the_two_commands_first_and_the_machine_runs_the_second() -> None:
    blocks = (ROOT / "README.md").read_text().split("```sh\n")[1:]
    run, test = (block.split("\n```")[0] for block in blocks[:2])

    assert run.endswith("heliograph serve")
    assert test in (ROOT / ".ci" / "run").read_text()
