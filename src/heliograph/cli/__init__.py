"""The command line."""

from __future__ import annotations

import sys
from typing import NoReturn

from heliograph.domain.errors import HeliographError


def main() -> None:
    """Run the `heliograph` command. What can't be done is one sentence on standard error and exit code 2."""
    try:
        from heliograph.cli.commands import app

        app()
    except HeliographError as error:
        hint = f" {error.hint}" if error.hint and error.code != "setup" else ""
        _end(f"{error.message}{hint}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "heliograph":
            raise
        _end(f"The command comes with the server, which needs {error.name}: pip install 'heliograph[server]'")


def _end(said: str) -> NoReturn:
    sys.stderr.write(f"heliograph: {said}\n")
    sys.exit(2)
