"""What SIGHUP means: to read the settings anew, or that the terminal is gone from which the process was started."""

from __future__ import annotations

import os
import signal


class Terminal:
    """The terminal of this process, if it had one when this was made."""

    def __init__(self) -> None:
        # Who started it with `nohup` wants it to outlive the terminal.
        outlives = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        self._is_needed = not outlives and _is_there()

    def is_gone(self) -> bool:
        """Say whether the terminal was closed since, with which the process should end."""
        return self._is_needed and not _is_there()


def _is_there() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
