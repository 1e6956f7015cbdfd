"""Writes src/heliograph/sdk/client.py from async_client.py, by taking away what makes it asynchronous.

python scripts/generate_sync_client.py           writes the file
python scripts/generate_sync_client.py --check   exit code 1 if it is not current
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).parent.parent / "src" / "heliograph" / "sdk"
WORDS = [
    (r"The asynchronous client\..*?edit this one\.", "The synchronous client, generated from `async_client.py`."),
    (r"for code that awaits\.", "for code that does not await."),
    (r"\basync def (__aenter__|__aexit__)", lambda found: "def " + found[1].replace("__a", "__")),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncTransport\b", "SyncTransport"),
    (r"\bAsync(?=[A-Z])", ""),
]  # fmt: skip


def generated() -> str:
    text = (SDK / "async_client.py").read_text()
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(SDK / "client.py"), "-"]
    text = _through([*ruff, "check", "--select", "I", "--fix", "--quiet", *name], text)
    return _through([*ruff, "format", "--quiet", *name], text)


def _through(command: list[str], text: str) -> str:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> int:
    target = SDK / "client.py"
    text = generated()
    if "--check" in sys.argv:
        current = target.exists() and target.read_text() == text
        if not current:
            sys.stderr.write(f"{target.name} is not current; run `make generate`\n")
        return 0 if current else 1
    target.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
