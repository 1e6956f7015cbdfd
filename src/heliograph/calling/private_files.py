"""Files with secrets: whole or not there at all, and for nobody but their owner to read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from heliograph.domain.errors import SetupError


def write_private(file: Path, content: bytes) -> None:
    """Put the file in place of an earlier one, if there is one. Raises OSError if it can't be written."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
    draft.replace(file)


def write_secrets(file: Path, content: bytes) -> None:
    """Write a file that only its owner reads. Raises SetupError if it can't be written."""
    try:
        write_private(file, content)
    except OSError as error:
        raise SetupError(f"The file {file} cannot be written: {error.strerror}.") from error


def kept_key(file: Path) -> str:
    """Read the random key in a file, which is made if it is not there. Raises OSError if that can't be done."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(32)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key)
    return key
