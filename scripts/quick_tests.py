"""Runs the tests of what was changed, nearest first, for two minutes: `make test-quick`.

What was changed is what differs from where the branch left `main`, and what git does not know yet. The tests of it are
those that import it, directly or through others, by the same reading of imports that holds the rooms apart; those that
start a server reach all of it. The house's own are always among them, those marked `slow` never. What two minutes did
not suffice for is said at the end: `make test` runs everything.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.importing import imports_of, module_of, modules  # noqa: E402

TESTS = ROOT / "tests"
FOLDERS = ("src/heliograph", "tests", "bench", "scripts")
SECONDS = 105
"""With the collection before and the stopping of servers after, two minutes."""
STARTS_SERVERS = ("start_server", "Server", '"-m", "heliograph"')
WHOLE = ROOT / "src" / "heliograph" / "__main__.py"


def changed() -> set[Path]:
    """Files that differ from the last commit that this branch shares with main, and new ones."""
    base = "HEAD"
    for name in ("main", "origin/main"):
        found = subprocess.run(["git", "merge-base", "HEAD", name], cwd=ROOT, capture_output=True, text=True)
        if found.returncode == 0:
            base = found.stdout.strip()
            break
    differing = _git("diff", "--name-only", "-z", base), _git("ls-files", "--others", "--exclude-standard", "-z")
    return {ROOT / name for names in differing for name in names.split("\0") if name}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def files_of_tests() -> list[Path]:
    return sorted(path for path in TESTS.rglob("test_*.py") if "django/courier" not in path.as_posix())


@cache
def known() -> dict[str, Path]:
    return {name: path for folder in FOLDERS for name, path in modules(folder).items()}


@cache
def text_of(path: Path) -> str:
    return path.read_text()


def needs(path: Path) -> set[Path]:
    """The files of ours that one is made of: what it imports, the fixtures of its room, and the whole program where it
    starts a server."""
    found = {known()[module] for name in imports_of(path).all if (module := module_of(name, known()))}
    if path.is_relative_to(TESTS):
        rooms = [folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS) and folder != TESTS]
        found |= {each for each in rooms if each.exists() and each != path}
        if any(word in text_of(path) for word in STARTS_SERVERS) and path != TESTS / "conftest.py":
            found.add(WHOLE)
    return found


def distances(begin: Iterable[Path]) -> dict[Path, int]:
    """How many steps each file of ours is from what was changed; those that are nowhere near it are not in it."""
    files = set(known().values())
    users: dict[Path, set[Path]] = {}
    for path in files:
        for needed in needs(path):
            users.setdefault(needed, set()).add(path)
    changes = set(begin)
    step = (changes & files) | {reader for path in changes - files for reader in readers(path, files)}
    found: dict[Path, int] = {}
    while step:
        found |= dict.fromkeys(step, max(found.values(), default=-1) + 1)
        step = {user for path in step for user in users.get(path, ())} - found.keys()
    return found


def readers(path: Path, files: set[Path]) -> set[Path]:
    """Who reads a page or the settings of a tool: who speaks of it. A template is read by what it lies beside."""
    if not path.is_relative_to(ROOT / "src"):
        return {each for each in files if path.name in text_of(each)}
    return next(filter(None, (set(folder.glob("*.py")) & files for folder in path.parents)))


def chosen(changes: set[Path]) -> list[Path]:
    """The files of tests to run: what is called as a change is, who imports one, or is in its room, then who is made of
    these, step by step."""
    far = distances(changes)
    if TESTS / "conftest.py" in changes:
        far |= {path: far.get(path, 1) for path in files_of_tests()}
    house = {path: min(far.get(path, 1), 1) for path in files_of_tests() if path.parent == TESTS / "house"}
    rooms = {room_of(path) for path in changes}
    near = {path: min(far[path], 1) for path in files_of_tests() if path in far and room_of(path) in rooms}
    found = {path: steps for path, steps in (far | near | house).items() if path in set(files_of_tests())}
    alike = {(room_of(path), f"test_{path.stem}") for path in changes}
    return sorted(
        found, key=lambda path: ((room_of(path), path.stem) not in alike, found[path], far.get(path, 0), path)
    )


def room_of(path: Path) -> str:
    """`tests/store/…` is the room of `src/heliograph/store/…`, `tests/protocols/xms/…` that of its protocol."""
    parts = path.relative_to(ROOT).parts
    inner = parts[2:-1] if parts[0] == "src" else parts[1:-1]
    return "/".join(inner[: 2 if inner[:1] == ("protocols",) else 1])


class Heard:
    """What pytest tells of tests that ran."""

    def __init__(self) -> None:
        self.files: set[Path] = set()
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.files.add(ROOT / report.nodeid.split("::")[0])
        self.failed = self.failed or report.failed

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.failed = self.failed or report.failed


def main() -> int:
    files = chosen(changed())
    heard = Heard()
    arguments = ["-q", "-m", "not slow", f"--stop-after={SECONDS}", *map(str, files)]
    ended = pytest.main(arguments, plugins=[heard])
    left = [str(path.relative_to(ROOT)) for path in files if path not in heard.files]
    if ended == pytest.ExitCode.INTERRUPTED and not heard.failed:
        sys.stdout.write(
            f"Nothing failed in two minutes; not run: {', '.join(left) or 'the rest of the last files'}.\n"
        )
        return 0
    return int(ended)


if __name__ == "__main__":
    sys.exit(main())
