"""A server to measure: `heliograph serve` in a process of its own, and how much memory it took."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


class MeasuredServer:
    def __init__(self, directory: Path, store_url: str) -> None:
        ready_file = directory / "ready.json"
        command = [sys.executable, "-m", "heliograph", "serve", "--port", "0"]
        command += ["--data-dir", str(directory / "data"), "--ready-file", str(ready_file)]
        if store_url:
            command += ["--store", store_url]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if not any("client.messages.send" in line for line in self._process.stdout):
            raise RuntimeError("the server did not start")
        ready: dict[str, Any] = json.loads(ready_file.read_text())
        self.api: str = ready["api"]["base_url"]
        self.token: str = ready["api"]["token"]

    def memory_mb(self, *, peak: bool = False) -> float:
        """Resident memory now, or the most since the start or the last `forget_peak`."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(wanted):
                return int(line.split()[1]) / 1024
        raise RuntimeError("this system does not tell memory")

    def forget_peak(self) -> None:
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate()
