"""Processes that end with the tests that started them."""

from __future__ import annotations

import ctypes
import signal
import sys


def end_with_the_tests() -> None:
    """Ask the kernel to end this process when the one that started it is gone, however that ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
