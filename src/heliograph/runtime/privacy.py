"""The data directory is for its owner only: whoever reads the store reads everybody's messages.

Directories are 0700 and files 0600 from the moment they are made. What an earlier version, or a copy, left open to
others is closed at the start, and said in the log.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from heliograph.domain.errors import SetupError
from heliograph.store.files import DIRECTORY as ATTACHMENTS
from heliograph.store.opening import FILE_NAME as STORE

_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private(directory: Path) -> list[Path]:
    """Make the data directory, and close what is in it to everybody but its owner. Return what had been open.

    Raises SetupError if it can't be used.

    A directory that we did not make, such as one in which other things lie too, keeps its mode; our files in it don't.
    """
    try:
        os.umask(0o077)
        if not directory.exists():
            directory.mkdir(mode=0o700, parents=True)
        return [path for path in _ours(directory) if _closed(path)]
    except OSError as error:
        raise SetupError(
            f"The data directory {directory} is not writable ({error.strerror}); choose another with --data-dir."
        ) from error


def _ours(directory: Path) -> Iterator[Path]:
    """List the store with its journals and its lock, files of accounts, and the directory if nothing else is in it."""
    store = [path for path in directory.glob(f"{Path(STORE).stem}.*") if path.is_file()]
    attachments = directory / ATTACHMENTS
    secrets = [path for path in directory.iterdir() if path.suffix in {".json", ".key"} and path.is_file()]
    ours = [*store, *secrets, *([attachments, *attachments.rglob("*")] if attachments.is_dir() else [])]
    if set(directory.iterdir()) <= set(ours):
        yield directory
    yield from ours


def _closed(path: Path) -> bool:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode) or not found.st_mode & _OPEN_TO_OTHERS or found.st_uid != os.geteuid():
        return False
    path.chmod(stat.S_IMODE(found.st_mode) & ~_OPEN_TO_OTHERS)
    return True
