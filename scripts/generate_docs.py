"""Writes the generated parts of the documentation from the code.

python scripts/generate_docs.py           writes them
python scripts/generate_docs.py --check   exit code 1 if one is not current
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from heliograph.domain import errors, statuses
from heliograph.runtime.settings import reference

DOCS = Path(__file__).parent.parent / "docs"


def architecture(current: str) -> str:
    """The page with the diagram and the lists of statuses and reasons between their markers."""
    start, end = "<!-- statuses -->", "<!-- /statuses -->"
    head, rest = current.split(start)
    _, tail = rest.split(end)
    lines = ["```mermaid", statuses.diagram(), "```", "", "| status | meaning |", "|---|---|"]
    lines += [f"| `{status}` | {meaning} |" for status, meaning in statuses.MEANING.items()]
    lines += ["", "| reason | meaning |", "|---|---|"]
    lines += [f"| `{reason}` | {sentence} |" for reason, sentence in statuses.SENTENCES.items()]
    return head + start + "\n" + "\n".join(lines) + "\n" + end + tail


def settings_page(_current: str) -> str:
    lines = [
        "# Settings",
        "",
        "From a TOML file (`--config FILE` or `HELIOGRAPH_CONFIG`), then the environment (`HELIOGRAPH_` and the",
        "name in capitals), then the command line; the last one wins. `heliograph config` prints what is in force.",
        "This page is generated from `runtime/settings.py`.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |" for name, default, meaning in reference()
    ]
    return "\n".join(lines) + "\n"


def errors_page(_current: str) -> str:
    lines = [
        "# Errors",
        "",
        "What the native API answers and the SDK raises (`heliograph.errors`). `code` never changes its meaning.",
        "This page is generated from `domain/errors.py`.",
        "",
        "| code | HTTP | retry | what it means | what to do |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{kind.code}` | {kind.http_status} | {'yes' if kind.retryable else ''} | {summary(kind)} | {kind.hint} |"
        for kind in public_errors()
    ]
    return "\n".join(lines) + "\n"


def public_errors() -> list[type[errors.HeliographError]]:
    """Every error of the tree that can reach a customer, parents first."""
    found: list[type[errors.HeliographError]] = []
    waiting = [errors.RequestError, errors.NotNow, errors.InternalError]
    while waiting:
        kind = waiting.pop(0)
        if kind.__module__ == errors.__name__:
            found.append(kind)
        waiting = [*kind.__subclasses__(), *waiting]
    return found


def summary(kind: type[errors.HeliographError]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


PAGES: dict[str, Callable[[str], str]] = {
    "architecture.md": architecture,
    "settings.md": settings_page,
    "errors.md": errors_page,
}


def main() -> int:
    stale = []
    for name, generate in PAGES.items():
        page = DOCS / name
        current = page.read_text() if page.exists() else ""
        wanted = generate(current)
        if wanted == current:
            continue
        if "--check" in sys.argv:
            stale.append(name)
        else:
            page.write_text(wanted)
    if stale:
        sys.stderr.write(f"not current: {', '.join(stale)}; run `make generate`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
