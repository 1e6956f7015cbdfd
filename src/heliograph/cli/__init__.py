"""The command line."""

from __future__ import annotations

import sys

from heliograph.domain.errors import HeliographError


def main() -> None:
    """The `heliograph` command. What cannot be done is one sentence on standard error and exit code 2."""
    from heliograph.cli.commands import app

    try:
        app()
    except HeliographError as error:
        hint = f" {error.hint}" if error.hint and error.code != "setup" else ""
        sys.stderr.write(f"heliograph: {error.message}{hint}\n")
        sys.exit(2)
