"""This tree beside another revision, in turns: `python -m bench compare REVISION`. It prints ratios in Markdown.

--only abc    only these rows of the table, by their letters (abc)
--store NAME  sqlite or postgresql; both unless given
--runs N      how often each revision runs, after one run that warms up (5)
--quick       a fraction of the work

The other revision is checked out into a temporary folder, and only the server is its: what loads it, and the bare
limit, are this tree's for both. So rows that write into the server's store themselves, (u), compare revisions with the
same tables only. Each turn runs both, one after the other, and every second turn the other first: so what else the
machine does weighs on both alike, and what is compared is one turn's runs with each other. A ratio whose spread has
1.00 in it shows nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.server import SOURCE
from bench.table import ROWS, Told

ROOT = Path(__file__).parents[1]


class Ratio(NamedTuple):
    """One turn: how this tree did, in parts of how the other revision did."""

    result: float
    """Of what the row measures; above 1 is better, whichever way the row counts."""
    cpu: float
    """Of the CPU time that the server took; below 1 is better."""


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench compare")
    parser.add_argument("revision")
    parser.add_argument("--only", default="abc")
    parser.add_argument("--store", choices=["sqlite", "postgresql"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args(arguments)
    options = ["--only", wanted.only, "--runs", "1", *(["--quick"] if wanted.quick else [])]
    options += ["--store", wanted.store] if wanted.store else []
    found: dict[tuple[str, str], list[Ratio]] = defaultdict(list)
    with _checked_out(wanted.revision) as other:
        for turn in range(wanted.runs):
            trees = (ROOT, other) if turn % 2 else (other, ROOT)
            told = {tree: await _run(tree, options) for tree in trees}
            for row, ratio in _ratios(told[ROOT], told[other]):
                found[row].append(ratio)
                sys.stderr.write(f"turn {turn + 1}: {row} {ratio}\n")
    print(f"| case | store | times as good as {wanted.revision} | CPU time of the server, in parts of its |")
    print("|---|---|---|---|")
    for (title, store), ratios in found.items():
        results, cpu = _spread([each.result for each in ratios]), _spread([each.cpu for each in ratios])
        print(f"| {title} | {store} | {results} | {cpu} |")


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    """Check a revision out into a temporary folder, and forget it in the end."""
    with tempfile.TemporaryDirectory(prefix="heliograph-compare-") as directory:
        tree = Path(directory) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


async def _run(tree: Path, options: list[str]) -> list[Told]:
    """Measure the server of a tree."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--as-json", *options),
        cwd=ROOT,
        env=os.environ | {SOURCE: str(tree / "src")},
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"The benchmark does not run on {tree}.")
    return [Told(*each) for each in json.loads(told)]


def _ratios(ours: list[Told], theirs: list[Told]) -> Iterator[tuple[tuple[str, str], Ratio]]:
    less_is_better = {row.title: row.less_is_better for row in ROWS}
    for our, their in zip(ours, theirs, strict=True):
        result = their.value / our.value if less_is_better[our.title] else our.value / their.value
        yield (our.title, our.store), Ratio(result, our.cpu_s / max(their.cpu_s, 0.01))


def _spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
