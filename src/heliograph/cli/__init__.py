"""The command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the `heliograph` command. Where what it needs is not installed, say in one sentence what to install."""
    try:
        from heliograph.cli.commands import program
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "heliograph":
            raise
        needed = f"The command comes with the server, which needs {error.name}: pip install 'heliograph[server]'"
        sys.stderr.write(f"heliograph: {needed}\n")
        sys.exit(2)
    program(sys.argv[1:])()
