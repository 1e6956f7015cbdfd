"""Processes of the command `heliograph` that have imported it before they begin.

Importing is two thirds of a server's start and nearly all of a short command. So one process beside the tests imports
the program once, and is copied for each command. A copy is a process like any other: with an environment, output,
signals and an end of its own.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from tests.ending import end_with_the_tests

IMPORTED = (
    "argon2",
    "heliograph.protocols.registry",
    "heliograph.runtime.administration",
    "heliograph.runtime.explaining",
    "heliograph.runtime.serve",
    "heliograph.runtime.web",
    "heliograph.sdk",
    "phonenumbers",
    "rich.table",
    "sqlite3",
    "typer",
    "typer._adapters",  # imported when a command reads its options: a third of a start
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
"""Not the commands themselves: how wide a terminal is, they see when they are imported."""
COPIES = sys.platform == "linux"
"""Elsewhere each process imports for itself."""
_REQUEST = 1 << 20


class Forked:
    """A process, by as much of what `subprocess.Popen` has as tests need."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], stderr: int) -> None:
        reads, stdout = os.pipe()
        self._ended, tells_end = os.pipe()
        wanted = {"arguments": list(arguments), "environment": dict(environment), "directory": str(Path.cwd())}
        with _asking:
            socket.send_fds(_channel(), [json.dumps(wanted).encode()], [stdout, stderr, tells_end])
            self.pid = int(_channel().recv(32))
        for each in (stdout, tells_end):
            os.close(each)
        self.stdout: IO[str] = os.fdopen(reads)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._told(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for the signal that ended it. TimeoutExpired."""
        if self._told(timeout) is None:
            raise subprocess.TimeoutExpired("heliograph", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def _told(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._ended, selectors.EVENT_READ)
                if selector.select(timeout):
                    self.returncode = int(os.read(self._ended, 32) or -signal.SIGKILL)
                    os.close(self._ended)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], stderr: int
) -> Forked | subprocess.Popen[str]:
    """Start a process whose output is read by who starts it. `program` is a module, and what it is told before the
    arguments; another than `heliograph` imports what it needs."""
    if program == "heliograph" and COPIES:
        return Forked(arguments, environment, stderr)
    return subprocess.Popen(
        [sys.executable, "-m", *program.split(), *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        text=True,
        preexec_fn=end_with_the_tests,
    )


def run(*arguments: str, environment: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """What a command came to. TimeoutExpired."""
    if not COPIES:
        command = [sys.executable, "-m", "heliograph", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=timeout)
    with os.fdopen(os.memfd_create("stderr"), "w+") as errors:
        process = Forked(arguments, environment, errors.fileno())
        with process.stdout:
            told = process.stdout.read()
        code = process.wait(timeout)
        errors.seek(0)
        return subprocess.CompletedProcess(list(arguments), code, told, errors.read())


_asking = threading.Lock()
_copied: tuple[subprocess.Popen[bytes], socket.socket] | None = None


def _channel() -> socket.socket:
    """To the process that is copied, which begins when it is first needed."""
    global _copied
    if _copied is None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
                cwd=Path(__file__).parents[1],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                preexec_fn=end_with_the_tests,
            )
        _copied = process, ours
    return _copied[1]


def stop() -> None:
    """Ends what was begun, with all copies that still run."""
    global _copied
    if _copied is not None:
        process, channel = _copied
        channel.close()
        process.wait()
        _copied = None


class _Original:
    """The process that is copied."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._tell_end: dict[int, int] = {}
        """Where the end of each copy is told, by its pid."""
        self._wakes, self._wakened = os.pipe()
        os.set_blocking(self._wakened, False)
        signal.set_wakeup_fd(self._wakened)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: who asked for the copies ends them

    def copy_until_asked_no_more(self) -> list[str] | None:
        """The arguments of a command, in a copy; None in the original, when nobody is left who could ask."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._wakes, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._wakes in ready:
                    os.read(self._wakes, 4096)
                    self._tell_ends()
                if self._channel.fileno() in ready:
                    request, files, _, _ = socket.recv_fds(self._channel, _REQUEST, 3)
                    if not request:
                        return None
                    if (pid := os.fork()) == 0:
                        return self._become(json.loads(request), files)
                    self._tell_end[pid] = files.pop()
                    for each in files:
                        os.close(each)
                    self._channel.send(str(pid).encode())

    def _tell_ends(self) -> None:
        for pid in list(self._tell_end):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                tell = self._tell_end.pop(pid)
                os.write(tell, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(tell)

    def _become(self, wanted: dict[str, Any], files: list[int]) -> list[str]:
        """In a copy: takes its own environment, directory and output, and lets go of everything of the original."""
        end_with_the_tests()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._channel.close()
        os.dup2(files[0], 1)
        os.dup2(files[1], 2)
        for each in (self._wakes, self._wakened, *files, *self._tell_end.values()):
            os.close(each)
        os.environ.clear()
        os.environ.update(wanted["environment"])
        sys.path += filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        os.chdir(wanted["directory"])
        return list(wanted["arguments"])


def _main(channel: socket.socket) -> None:
    for name in IMPORTED:
        if find_spec(name.partition(".")[0]) is not None:
            import_module(name)
    gc.freeze()  # copies don't look through what they share
    arguments = _Original(channel).copy_until_asked_no_more()
    if arguments is not None:
        sys.argv = ["heliograph", *arguments]
        runpy.run_module("heliograph", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
