"""The benchmark measures something: a short form of it, without a look at the figures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from bench.table import ROWS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_benchmark_prints_a_row_for_each_case_and_writes_them_where_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench -->what was there<!-- /bench -->\nafter\n")

    printed = _bench("--quick", "--runs", "1", "--store", "sqlite", "--write", str(page))

    rows = [line for line in printed.splitlines() if line.startswith("| (")]
    assert [row.split("|")[2].strip() for row in rows] == ["sqlite"] * len(ROWS)
    written = page.read_text()
    assert written.startswith("before\n") and written.endswith("\nafter\n") and "what was there" not in written
    assert all(row in written for row in rows)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_every_stage_of_a_message_costs_something_where_it_is_used(store: str) -> None:
    printed = _bench("costs", "--quick", "--store", store)

    table = (line.replace(",", "").split("|") for line in printed.splitlines())
    costs = {cells[1].strip(): cells[2:5] for cells in table if len(cells) == 6}
    stages = ["HTTP", "rules", "store accept", "commits", "claim", "send", "outcome", "receipt", "callback"]
    assert [stage for stage in stages if not float(costs[stage][2]) > 0] == []
    assert float(costs["callback"][2]) > float(costs["callback"][0])


def test_a_revision_is_compared_with_this_tree_in_turns_and_nothing_of_it_is_left() -> None:
    before = _worktrees()

    printed = _bench("compare", "HEAD", "--quick", "--runs", "2", "--store", "sqlite", "--only", "p")

    (row,) = [line for line in printed.splitlines() if line.startswith("| (p)")]
    assert len(re.findall(r"\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)", row)) == 2
    assert _worktrees() <= before


def test_other_gateways_send_to_the_same_smsc_and_call_back_as_we_do() -> None:
    printed = _bench("peers", "--quick", "--runs", "1", "--store", "sqlite")

    rates = {row.split("|")[1].strip(): row.split("|")[4] for row in printed.splitlines() if row.startswith("| ")}
    ours = {"Heliograph, sqlite, single requests", "Heliograph, sqlite, batches of 1,000"}
    assert {*ours, "bare layer, nothing sent"} <= set(rates)
    assert [name for name in ours if not float(rates[name]) > 0] == []


def test_a_store_that_has_grown_is_measured_beside_an_empty_one() -> None:
    printed = _bench("growth", "--quick", "--messages", "1000", "--runs", "1", "--store", "sqlite")

    rows = [row.split("|") for row in printed.splitlines() if "| sqlite |" in row]
    assert {"single sends", "page of a number", "doing nothing"} <= {row[1].strip() for row in rows}
    assert [row for row in rows if not float(row[5]) > 0] == []


def test_two_processes_are_measured_beside_one() -> None:
    printed = _bench("processes", "--quick", "--runs", "1")

    rows = [row.split("|") for row in printed.splitlines() if "| api and worker |" in row]
    assert len(rows) == 2
    assert [row for row in rows if not float(row[5]) > 0] == []


def _worktrees() -> set[str]:
    """Return what else is checked out of this repository by comparisons."""
    told = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.split()[0] for line in told.stdout.splitlines() if "heliograph-compare-" in line}


def _bench(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
