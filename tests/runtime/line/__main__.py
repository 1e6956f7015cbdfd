"""The program `heliograph` that also serves the line protocol: `python -m tests.runtime.line serve`."""

from __future__ import annotations

from tests.registered import load_registry

if __name__ == "__main__":
    load_registry("tests.runtime.line.protocol", "Line")
    from heliograph.cli import main

    main()
