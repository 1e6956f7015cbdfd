"""`make test-quick` runs what may break by a change, the nearest first, and ends in time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from scripts.quick_tests import chosen, files_of_tests
from tests.importing import ROOT

NEAREST = [
    # what is changed, what is run, and how early: among the first so many files but for those of the house
    ("src/heliograph/text/gsm.py", "tests/text/test_gsm.py", 8),
    ("src/heliograph/store/ledger.py", "tests/store/test_ledger.py", 2),
    ("src/heliograph/services/exports.py", "tests/services/test_exports.py", 3),
    ("src/heliograph/protocols/xms/door/shapes.py", "tests/protocols/xms/test_bad_input.py", 20),
    ("src/heliograph/console/templates/frame.html", "tests/console/test_inbox.py", 10),
    ("src/heliograph/cli/commands.py", "tests/cli/test_commands.py", 6),
    ("tests/protocols/xms/conftest.py", "tests/protocols/xms/test_groups.py", 20),
    ("tests/text/test_udh.py", "tests/text/test_udh.py", 1),
]


@pytest.mark.parametrize(("changed", "run", "place"), NEAREST)
def test_the_nearest_tests_come_first(changed: str, run: str, place: int) -> None:
    files = [path for path in chosen({ROOT / changed}) if path.parent.name != "house"]

    assert ROOT / run in files[:place]


def test_what_has_nothing_to_do_with_a_change_is_not_run() -> None:
    files = chosen({ROOT / "src/heliograph/django/sending.py"})

    assert {path.parent.name for path in files} == {"django", "house"}


def test_the_house_is_looked_at_whatever_was_changed() -> None:
    assert {path.name for path in chosen(set())} == {path.name for path in (ROOT / "tests" / "house").glob("test_*.py")}


def test_what_all_tests_share_concerns_all_of_them() -> None:
    assert set(chosen({ROOT / "tests" / "conftest.py"})) == set(files_of_tests())


@pytest.mark.parametrize("processes", ["-n0", "-n1"])
def test_a_run_ends_when_its_time_is_over(processes: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", processes, "--stop-after=0", "tests/text/test_udh.py"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stderr
    assert "the time is over" in done.stdout
    assert "1 passed" in done.stdout
