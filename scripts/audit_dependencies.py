"""Asks pip-audit about what this environment has installed, or says why it can't.

pip-audit is installed beside the environment, not into it, so that it is not among what it looks at. Ends with 0 only
if all that is installed was looked up and nothing is known; with 1 if a vulnerability is known; with 2 if something
could not be looked up.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PLACE = Path(__file__).parents[1] / "build" / "audit"
OF_OURSELVES = "heliograph"
#: What pip-audit says where its source of advisories does not answer.
OUT_OF_REACH = ("ConnectionError", "ConnectTimeout", "ServiceError", "Max retries", "NameResolutionError", "ProxyError")


#: What pip-audit says of a package that its source does not have; it ends with 0 all the same.
NOT_LOOKED_UP = "could not be audited"
UNCHECKED = 2


def unchecked(what: str, reason: str) -> int:
    sys.stdout.write(f"{what} not checked, because {reason}.\n")
    return UNCHECKED


def installed() -> str:
    """What is pinned by being installed here, without ourselves."""
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable", "--exclude", OF_OURSELVES]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def auditor() -> Path | None:
    """pip-audit's own interpreter; None if it can't be installed."""
    python = PLACE / "bin" / "python"
    if not python.exists():
        venv.create(PLACE, with_pip=True)
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", "pip-audit"], capture_output=True, text=True)
    return python if done.returncode == 0 else None


def main() -> int:
    python = auditor()
    if python is None:
        return unchecked("The dependencies were", "pip-audit can't be installed from here")
    with tempfile.TemporaryDirectory() as directory:
        pins = Path(directory) / "requirements.txt"
        pins.write_text(installed())
        command = [python, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off", "-r", pins]
        done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode and "vulnerabilit" not in said and any(word in said for word in OUT_OF_REACH):
        return unchecked("The dependencies were", "the advisories can't be reached from here")
    sys.stdout.write(said)
    missing = sum(NOT_LOOKED_UP in line for line in said.splitlines())
    if not done.returncode and missing:
        return unchecked(f"{missing} packages were", "the source of advisories does not have them")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
