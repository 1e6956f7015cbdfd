"""A real browser for tests."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Where Chromium is; installs Debian's package where the tests may, else skips with the reason."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("the browser tests need Chromium: install Debian's package chromium")
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"the browser tests need Chromium, and it could not be installed: {done.stderr[-200:]}")
    return shutil.which("chromium") or pytest.skip("the browser tests need Chromium")
