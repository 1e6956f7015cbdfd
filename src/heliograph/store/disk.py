"""What SQLite says when there is no room on the disk, in words that tell what to do."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

NEEDED = 1024 * 1024
"""Bytes that must be free for a store to be opened and written to."""


def told(error: object, *directories: Path) -> str:
    """Say why the database failed; if a disk of these directories is full, that, and what would help.

    SQLite calls it an I/O error where it is one of its smaller files that finds no room.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        for directory in directories:
            if shutil.disk_usage(directory).free < NEEDED:
                return f"the disk of {directory} is full; make room on it, and try again"
    return str(error)
