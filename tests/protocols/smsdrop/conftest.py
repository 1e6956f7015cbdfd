"""Both published clients of smsdrop, each in a process of its own, pointed at a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.installing import installed
from tests.patience import HANG_S

if TYPE_CHECKING:
    from tests.conftest import Server

HERE = Path(__file__).parent
FIRST, SECOND = "0.1.0", "1.0.0"


class PublishedError(Exception):
    """What a published client raised."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(f"{answer['error']}: {answer['text']}")
        self.kind: str = answer["error"]
        self.text: str = answer["text"]
        self.id: str | None = answer["id"]


class Published:
    """A published client, called by the names that its version has."""

    def __init__(self, version: str, packages: Path, base: str, email: str, password: str) -> None:
        self.version = version
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "published.py"), base, email, password],
            env=os.environ | {"PYTHONPATH": str(packages), "PYTHONNOUSERSITE": "1", "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # its log
            text=True,
        )

    def call(self, method: str, **arguments: Any) -> Any:
        """Raises PublishedError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"method": method, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise PublishedError(answer)
        return answer["value"]

    def launch(self, **campaign: Any) -> Any:
        fields = {"message": "Hello", "sender": "Acme"} | campaign
        return self.call("launch_campaign" if self.version == FIRST else "launch", campaign=fields)

    def campaigns(self, skip: int = 0, limit: int = 100) -> Any:
        return self.call("read_campaigns" if self.version == FIRST else "get_campaigns", skip=skip, limit=limit)

    def found(self, campaign_id: str) -> Any:
        """As the listing has it, the only thing that both can read."""
        return next(each for each in self.campaigns() if each["id"] == campaign_id)

    def retry(self, campaign: dict[str, Any]) -> None:
        if self.version == FIRST:
            self.call("retry_campaign", id=campaign["id"])
        else:
            self.call("retry", campaign={"message": "x", "sender": "x", "recipient_list": ["+336"]} | campaign)

    def profile(self) -> Any:
        return self.call("read_me" if self.version == FIRST else "get_profile")

    def subscription(self) -> Any:
        return self.call("read_subscription" if self.version == FIRST else "get_subscription")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdin, self._process.stdout:
            pass
        self._process.wait(timeout=HANG_S)


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Where a version of the published client and what it needs is; installed at the first time of asking."""

    def ensure(version: str) -> Path:
        wanted = HERE / f"published-{version}.txt"

        def install(place: Path) -> None:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--upgrade", "--target", str(place), "--requirement", str(wanted)], check=True)

        return installed(request.config, f"smsdrop-{version}", wanted.read_text(), install)

    return ensure


Connect = Callable[..., Published]


@pytest.fixture(scope="module")
def connect(packages: Callable[[str], Path]) -> Iterator[Connect]:
    """Makes published clients: version, server, and other credentials than the first account's. Tests share those that
    are alike: starting one takes longer than most tests."""
    made: dict[tuple[str, ...], Published] = {}

    def make(version: str, server: Server, email: str | None = None, password: str | None = None) -> Published:
        ready = server.ready["protocols"]["smsdrop"]
        credentials = (email or ready["email"], password or ready["password"])
        wanted = (version, ready["context"], *credentials)
        if wanted not in made:
            made[wanted] = Published(version, packages(version), *wanted[1:])
        return made[wanted]

    yield make
    for client in made.values():
        client.close()


@pytest.fixture(params=[FIRST, SECOND])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def smsdrop(version: str, server: Server, connect: Connect) -> Published:
    return connect(version, server)
