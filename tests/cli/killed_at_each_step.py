"""Runs a command again and again, killed before the first, the second, ... of its changes to a directory.

As a program it is given a JSON document, and prints for each time what `look` found afterwards; the last is that of the
time when the command came to its end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tests.patience import HANG_S

_CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect"}


def outcomes(*words: str, fresh: Path, at: Path, look: str) -> list[str]:
    """What `look` finds in the file `at`, or in the store in the directory `at`, which is a copy of `fresh` each time.

    The command must come to its end if it is not killed.
    """
    asked = json.dumps({"words": words, "fresh": str(fresh), "at": str(at), "look": look})
    done = subprocess.run(
        [sys.executable, "-m", __name__, asked],
        capture_output=True,
        text=True,
        timeout=10 * HANG_S,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def names_of_accounts(data_dir: Path) -> str:
    """In the store of a directory, with whether it is sound."""
    with closing(sqlite3.connect(data_dir / "heliograph.db")) as connection:
        names = connection.execute("SELECT group_concat(name, ' ') FROM (SELECT name FROM accounts ORDER BY name)")
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        return f"{names.fetchone()[0]} {sound}"


def backup_of(directory: Path) -> str:
    """Of what the backup in a directory is, or that it is none."""
    sums, found = b"", b""
    with tarfile.open(directory / "x.backup") as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            text = content.read()
            if member.name == "SHA256SUMS":
                sums = text
            else:
                found += f"{hashlib.sha256(text).hexdigest()}  {member.name}\n".encode()
    return "whole" if sums == found else "half"


_LOOKS = {look.__name__: look for look in (names_of_accounts, backup_of)}


def _killed_at(step: int, words: Sequence[str], watched: str) -> bool:
    """Says whether the command came to its end before that many changes."""
    from heliograph.cli import main

    pid = os.fork()
    if pid == 0:
        left = step

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in _CHANGES and watched in str(arguments):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        os.dup2(2, 1)
        sys.argv = ["heliograph", *words]
        sys.addaudithook(count)
        try:
            main()
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the command ended with {code} before step {step}")
    return code == 0


def _run(words: Sequence[str], fresh: Path, at: Path, look: str) -> list[str]:
    found = []
    ended = False
    while not ended:
        shutil.rmtree(at, ignore_errors=True)
        shutil.copytree(fresh, at)
        ended = _killed_at(len(found) + 1, words, str(at))
        found.append(_LOOKS[look](at))
    return found


if __name__ == "__main__":
    import heliograph.cli.commands
    import heliograph.runtime.backups  # noqa: F401 - imported once, before all copies

    wanted = json.loads(sys.argv[1])
    told = _run(wanted["words"], Path(wanted["fresh"]), Path(wanted["at"]), wanted["look"])
    print(json.dumps(told))  # noqa: T201
