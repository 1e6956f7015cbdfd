"""Starts the sandbox in a process of its own, and ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from heliograph.sdk import Client
from heliograph.testing.phones import Sms

START_S = 60.0
"""How long a sandbox may take to start, in seconds."""
STOP_S = 30.0
"""How long a sandbox may take to stop before it is killed, in seconds."""
_LOOKS_S = 0.02


class SandboxFailed(RuntimeError):
    """The sandbox did not start; the message has the end of its log."""


class _Api(msgspec.Struct):
    token: str


class _Ready(msgspec.Struct):
    base_url: str
    api: _Api
    protocols: dict[str, dict[str, msgspec.Raw]] = {}


@contextmanager
def sandbox(**settings: str) -> Iterator[Sms]:
    """Run a sandbox on a free port, and give its phones; it ends, with all that it keeps, with the block.

    `settings` are settings of the server, as in its environment: `sandbox(rate_limit="100")`. HELIOGRAPH_URL and
    HELIOGRAPH_TOKEN lead to it meanwhile. Raises SandboxFailed if it does not start.
    """
    with TemporaryDirectory(prefix="heliograph-") as directory:
        place = Path(directory)
        ready_file, log = place / "ready.json", place / "log"
        with log.open("wb") as written:
            process = _started(place, ready_file, written.fileno(), settings)
        try:
            ready = _ready(process, ready_file, log)
            found = {name: _texts(facts) for name, facts in ready.protocols.items()}
            with (
                _environment(HELIOGRAPH_URL=ready.base_url, HELIOGRAPH_TOKEN=ready.api.token),
                Client(ready.base_url, ready.api.token) as client,
            ):
                yield Sms(client, ready.base_url, ready.api.token, found)
        finally:
            _stopped(process)


def _started(place: Path, ready_file: Path, log: int, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "heliograph", "serve", "--port", "0", "--data-dir", str(place / "data")]
    others = {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
    own = {f"HELIOGRAPH_{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen(  # noqa: S603 - ourselves
        [*command, "--ready-file", str(ready_file)],
        env=others | own,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C ends the tests, and they end this
    )


def _ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> _Ready:
    """Wait until requests are accepted; the file is there, and whole, from then on."""
    deadline = time.monotonic() + START_S
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            told = log.read_text(errors="replace").strip()[-2_000:]
            raise SandboxFailed(f"The sandbox did not start. It needs heliograph[server]. Its log ends with: {told}")
        time.sleep(_LOOKS_S)
    return msgspec.json.decode(ready_file.read_bytes(), type=_Ready)


def _stopped(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _texts(facts: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    """Return what is text of what a protocol's clients are told."""
    values = {name: msgspec.json.decode(bytes(value)) for name, value in facts.items()}
    return {name: str(value) for name, value in values.items() if isinstance(value, str | int)}


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
