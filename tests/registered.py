"""The program `heliograph` with one line more in its registry: `python -m tests.registered MODULE:CLASS serve`."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path

REGISTRY = "heliograph.protocols.registry"


def load_registry(module: str, name: str) -> None:
    """Load the registry as it would be if the protocol stood in it: one import and one entry."""
    spec = find_spec(REGISTRY)
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).read_text()
    for before, after in (
        ("\nSERVED: ", f"\nfrom {module} import {name}\n\nSERVED: "),
        ("= (Xms(), ", f"= ({name}(), Xms(), "),
    ):
        assert source.count(before) == 1
        source = source.replace(before, after)
    registry = sys.modules[REGISTRY] = module_from_spec(spec)
    exec(compile(source, spec.origin, "exec"), registry.__dict__)


if __name__ == "__main__":
    load_registry(*sys.argv.pop(1).split(":"))
    from heliograph.cli import main

    main()
