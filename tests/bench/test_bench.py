"""The benchmark measures something: a short form of it, without a look at the figures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_benchmark_prints_a_row_for_each_case_and_writes_them_where_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench -->old<!-- /bench -->\nafter\n")

    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--runs", "1", "--store", "sqlite", "--write", str(page)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| (")]
    assert [row.split("|")[2].strip() for row in rows] == ["sqlite"] * 16
    written = page.read_text()
    assert written.startswith("before\n") and written.endswith("\nafter\n") and "old" not in written
    assert all(row in written for row in rows)
