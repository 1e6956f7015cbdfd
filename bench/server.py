"""A server to measure: `heliograph serve` in a process of its own, and how much memory it took."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOURCE = "BENCH_SERVER_SOURCE"
"""The variable that says in which folder the server's code is; this tree's unless given."""


class MeasuredServer:
    far: MeasuredServer | None = None
    """The server by which this one sends, in a chain."""

    def __init__(
        self,
        directory: Path,
        store_url: str,
        *options: str,
        environment: dict[str, str] | None = None,
        module: str = "heliograph",
        role: str = "serve",
    ) -> None:
        self.store_url, self.data_dir = store_url, directory / "data"
        self._ready_file = directory / "ready.json"
        self._command = [sys.executable, "-m", module, role, "--port", "0", *options]
        self._command += ["--data-dir", str(self.data_dir), "--ready-file", str(self._ready_file)]
        if store_url:
            self._command += ["--store", store_url]
        self._start(environment or {})

    def _start(self, environment: dict[str, str]) -> None:
        source = os.environ.get(SOURCE)
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | environment | ({"PYTHONPATH": source} if source else {}),
            text=True,
        )
        assert self._process.stdout is not None
        if not any("client.messages.send" in line for line in self._process.stdout):
            raise RuntimeError("the server did not start")
        ready: dict[str, Any] = json.loads(self._ready_file.read_text())
        self.protocols: dict[str, dict[str, Any]] = ready["protocols"]
        self.xms = self.protocols["xms"]
        self.smscx = self.protocols["smscx"]
        self.api: str = ready["api"]["base_url"]
        self.token: str = ready["api"]["token"]
        keys = json.loads((self.data_dir / "sandbox-credentials.json").read_text())
        self.other_token: str = keys["other"]["native"]["secret"]

    def memory_mb(self, *, peak: bool = False) -> float:
        """Resident memory now, or the most since the start or the last `forget_peak`."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(wanted):
                return int(line.split()[1]) / 1024
        raise RuntimeError("this system does not tell memory")

    def cpu_s(self) -> float:
        """Seconds of CPU time since the start, of all threads together, in steps of 10 ms."""
        return cpu_s(self._process.pid)

    def forget_peak(self) -> None:
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def restart(self, environment: dict[str, str], *, before: Callable[[], None]) -> None:
        """Stop, do something to the store, and start again with other settings."""
        self._end()
        before()
        self._start(environment)

    def _end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate()

    def stop(self) -> None:
        self._end()
        if self.far is not None:
            self.far.stop()


class ApiAndWorker(MeasuredServer):
    """A process that accepts, and one that sends and calls back, on one PostgreSQL."""

    def __init__(self, directory: Path, store_url: str) -> None:
        super().__init__(directory, store_url, role="api")
        command = [sys.executable, "-m", "heliograph", "worker", "--data-dir", str(self.data_dir), "--store", store_url]
        self._worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._worker.stdout is not None
        if not any("a worker is running" in line for line in self._worker.stdout):
            raise RuntimeError("the worker did not start")

    def cpu_s(self) -> float:
        return super().cpu_s() + cpu_s(self._worker.pid)

    def stop(self) -> None:
        self._worker.send_signal(signal.SIGINT)
        self._worker.communicate()
        super().stop()


class MeteredServer(MeasuredServer):
    """A server that knows what its stages cost."""

    def __init__(self, directory: Path, store_url: str) -> None:
        super().__init__(directory, store_url, module="bench.metered")

    def costs(self) -> Counter[str]:
        """Nanoseconds of CPU time since the start, by stage, and `all` of them."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Counter(json.loads(next(line for line in self._process.stdout if line.startswith("{"))))


def paced(directory: Path, store_url: str) -> MeasuredServer:
    """A server whose provider may be sent a hundred messages a second."""
    return MeasuredServer(directory, store_url, environment={"HELIOGRAPH_SANDBOX_RATE": "100"})


def chained(directory: Path, store_url: str, *, told: bool) -> MeasuredServer:
    """A server that sends by another one's XMS door; `told`: receipts are called back, else asked for.

    The far one has an embedded store.
    """
    far = MeasuredServer(_made(directory / "far"), "")
    line = {"type": "xms"} | {name: far.xms[name] for name in ("endpoint", "service_plan_id", "token")}
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
    }
    port = free_port()
    if told:
        environment["HELIOGRAPH_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    near = MeasuredServer(directory, store_url, "--port", str(port), environment=environment)
    near.far = far
    return near


def cpu_s(pid: int) -> float:
    """Seconds of CPU time that a process has taken, all threads together, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
