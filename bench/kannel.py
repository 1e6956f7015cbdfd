"""A Kannel, as Debian has it, on loopback, configured as docs/kannel.md says: for measurements and for tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from bench.server import cpu_s, free_port

PAGE = (Path(__file__).parents[1] / "docs" / "kannel.md").read_text()
BINDING, SERVICE = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
PROVIDER = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
OURS = "https://sms.example.org/providers/kannel/SECRET"
"""Where Kannel calls, on the page."""
CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = secret
smsbox-port = {boxes}
dlr-storage = internal
{store}box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = {directory}/bearerbox.log
log-level = 2

{binding}max-pending-submits = 200

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-chars = "0123456789 +"
log-file = {directory}/smsbox.log
log-level = 2

group = sendsms-user
username = USER
password = PASSWORD
concatenation = true
max-messages = 10

{service}
"""


class NotInstalled(Exception):
    """There is no Kannel on this machine."""


class Kannel:
    """The gateway: applications send by its HTTP, and are called."""

    def __init__(
        self,
        directory: Path,
        smsc: Mapping[str, Any],
        calls: str,
        *,
        durable: bool = False,
        preexec: Callable[[], None] | None = None,
    ) -> None:
        """Bind to `smsc`, and call an address with what phones write, as the page says. Raises NotInstalled.

        `durable`: it spools to files what it has taken. `preexec` is called in its processes before they begin.
        """
        programs = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("bearerbox", "smsbox")]
        bearerbox, smsbox = programs
        if bearerbox is None or smsbox is None:
            raise NotInstalled("Kannel is not installed: Debian has it in its package kannel.")
        admin, sending = free_port(), free_port()
        self.origin = f"http://127.0.0.1:{sending}"
        self._status = f"http://127.0.0.1:{admin}/status.txt?password=secret"
        self._preexec = preexec
        spool = directory / "spool"
        spool.mkdir()
        there = {"sms.example.org": smsc["host"], "2775": str(smsc["port"])}
        path = directory / "kannel.conf"
        path.write_text(
            CONFIGURATION.format(
                directory=directory,
                admin=admin,
                boxes=free_port(),
                sending=sending,
                store=f"store-type = spool\nstore-location = {spool}\n" if durable else "",
                binding=replaced(BINDING, {**there, "SYSTEM_ID": smsc["system_id"], "PASSWORD": smsc["password"]}),
                service=replaced(SERVICE, {OURS: calls}),
            )
        )
        self._boxes: list[subprocess.Popen[bytes]] = []
        self._start(bearerbox, path, lambda: "(online" in self._said())
        self._start(smsbox, path, lambda: "smsbox:(none), IP 127.0.0.1" in self._said() and self._listens())

    def _start(self, program: str, configuration: Path, is_ready: Callable[[], bool]) -> None:
        silent = subprocess.DEVNULL
        box = subprocess.Popen([program, str(configuration)], stdout=silent, stderr=silent, preexec_fn=self._preexec)
        self._boxes.append(box)
        while not is_ready():
            if box.poll() is not None:
                raise RuntimeError(f"{program} ended with {box.returncode}; its log is beside {configuration}")
            time.sleep(0.05)

    def _said(self) -> str:
        try:
            return httpx2.get(self._status).text
        except httpx2.HTTPError:
            return ""

    def _listens(self) -> bool:
        try:
            return httpx2.get(self.address()).status_code > 0
        except httpx2.HTTPError:
            return False

    def address(self, **parameters: str) -> str:
        """Return where an application sends."""
        said = {"username": "USER", "password": "PASSWORD", **parameters}
        return f"{self.origin}/cgi-bin/sendsms?{urlencode(said)}"

    def cpu_s(self) -> float:
        """Seconds of CPU time since the start, of both processes."""
        return sum(cpu_s(box.pid) for box in self._boxes)

    def stop(self) -> None:
        for box in reversed(self._boxes):
            box.terminate()
            box.wait()


def provider(calls: str, gateway: str = "http://127.0.0.1:1") -> dict[str, Any]:
    """Return the provider of the page: a gateway, which calls this address."""
    there = {"http://kannel.example.org:13013": gateway, quote(OURS, safe=""): quote(calls, safe="")}
    read: dict[str, Any] = tomllib.loads(replaced(PROVIDER, there))["providers"]["kannel"]
    return read


def replaced(text: str, there: Mapping[str, str]) -> str:
    """Put what is here in the place of what the page says. AssertionError if it does not say that."""
    for said, here in there.items():
        assert said in text, said
        text = text.replace(said, here)
    return text
