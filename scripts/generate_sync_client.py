"""Writes each client.py from the async_client.py beside it, by taking away what makes it asynchronous; and so with the
modules in resources/ from those in async_resources/.

python scripts/generate_sync_client.py           writes the files
python scripts/generate_sync_client.py --check   exit code 1 if they are not current
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "heliograph"
WORDS = [
    (r"The asynchronous client\..*?edit this one\.", "The synchronous client, generated from `async_client.py`."),
    (r"for code that awaits\.", "for code that does not await."),
    (r"\basync def (__aenter__|__aexit__|__aiter__|__anext__)", lambda found: "def " + found[1].replace("__a", "__")),
    (r"\bdef __aiter__", "def __iter__"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncTransport\b", "SyncTransport"),
    (r"\basync_transport\b", "sync_transport"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\basync_resources\b", "resources"),
    (
        r"The resources of the asynchronous client\..*?edit these\.",
        "The resources of the synchronous client, generated from `async_resources/`.",
    ),
]  # fmt: skip


def generated(source: Path, target: Path) -> str:
    """Give the text of the module `target`."""
    text = source.read_text()
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(target), "-"]
    text = _through([*ruff, "check", "--select", "I", "--fix", "--quiet", *name], text)
    return _through([*ruff, "format", "--quiet", *name], text)


def _through(command: list[str], text: str) -> str:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def twins() -> Iterator[tuple[Path, Path]]:
    """Find the asynchronous modules, each with the module that is generated from it."""
    for source in sorted(SOURCE.rglob("async_client.py")):
        yield source, source.with_name("client.py")
    for source in sorted(SOURCE.rglob("async_resources/*.py")):
        yield source, source.parent.with_name("resources") / source.name


def main() -> int:
    stale = 0
    for source, target in twins():
        text = generated(source, target)
        target.parent.mkdir(exist_ok=True)
        if target.exists() and target.read_text() == text:
            continue
        if "--check" in sys.argv:
            sys.stderr.write(f"{target.relative_to(SOURCE)} is not current; run `make generate`\n")
            stale = 1
        else:
            target.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main())
