"""A Kannel of the tests' own: Debian's, on loopback, configured as docs/kannel.md says."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from tests.deploy.programs import debian_package
from tests.ending import end_with_the_tests
from tests.importing import ROOT
from tests.patience import HANG_S, once_found
from tests.ports import free_ports

PAGE = (ROOT / "docs" / "kannel.md").read_text()
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
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = {directory}/bearerbox.log
log-level = 0

{binding}
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-chars = "0123456789 +"
log-file = {directory}/smsbox.log
log-level = 0

group = sendsms-user
username = USER
password = PASSWORD
concatenation = true
max-messages = 10

{service}
"""


class Kannel:
    """The gateway: applications send by its HTTP, and are called."""

    def __init__(self, directory: Path, smsc: Mapping[str, Any], calls: str) -> None:
        """Bind to `smsc`, and call an address with what phones write, as the page says."""
        bearerbox, smsbox = (debian_package("kannel", program) for program in ("bearerbox", "smsbox"))
        admin, boxes, self._sending = free_ports(3)
        self._status = f"http://127.0.0.1:{admin}/status.txt?password=secret"
        path = directory / "kannel.conf"
        there = {"sms.example.org": smsc["host"], "2775": str(smsc["port"])}
        path.write_text(
            CONFIGURATION.format(
                directory=directory,
                admin=admin,
                boxes=boxes,
                sending=self._sending,
                binding=replaced(BINDING, {**there, "SYSTEM_ID": smsc["system_id"], "PASSWORD": smsc["password"]}),
                service=replaced(SERVICE, {OURS: calls}),
            )
        )
        self._boxes: list[subprocess.Popen[bytes]] = []
        self._start(bearerbox, path)
        assert once_found(lambda: "(online" in self._said()), self._said()
        self._start(smsbox, path)
        assert once_found(lambda: "smsbox:(none), IP 127.0.0.1" in self._said() and self._listens()), self._said()

    def _start(self, program: str, configuration: Path) -> None:
        silent = subprocess.DEVNULL
        command = [program, "--verbosity", "4", str(configuration)]
        self._boxes.append(subprocess.Popen(command, stdout=silent, stderr=silent, preexec_fn=end_with_the_tests))

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

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._sending}"

    def stop(self) -> None:
        for box in reversed(self._boxes):
            box.terminate()
            box.wait(timeout=HANG_S)


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
