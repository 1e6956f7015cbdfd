"""`heliograph providers` and `heliograph routes`, as a person types them."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import forking
from tests.patience import HANG_S
from typer.testing import CliRunner

from heliograph.cli.commands import program

if TYPE_CHECKING:
    from tests.conftest import Server

ROUTES = """
default_provider = "one"

[providers.one]
type = "console"
costs = { FR = 0.04 }

[providers.two]
type = "console"
costs = { default = 0.02 }

[[routes]]
name = "codes"
tag = "otp"
weights = { one = 3, two = 1 }

[[routes]]
country = ["FR", "DE"]
providers = ["one", "two"]
cheapest = true

[[routes]]
name = "long"
min_parts = 2
providers = ["two", "one"]
"""


def heliograph(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    ended = forking.run(*arguments, environment=os.environ | {"COLUMNS": "200"} | (environment or {}), timeout=HANG_S)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "heliograph.toml"
    file.write_text(ROUTES)
    return str(file)


def test_a_route_is_explained(config: str) -> None:
    def explained(*arguments: str) -> str:
        """In this process: a command of its own for each would take most of its time to start."""
        result = CliRunner().invoke(program(), ["routes", "explain", *arguments, "--config", config])
        assert result.exit_code == 0, result.output
        return result.output

    french = explained("+33612345678")
    code = explained("+33612345678", "--tag", "otp")
    long = explained("+447400123456", "--text", "x" * 161)
    other = explained("+447400123456")
    test_number = explained("+99901234567")

    assert "route `codes`: no, it has no tag otp" in french
    assert "route 2: yes" in french
    assert "It goes by two, the cheapest: 0.02 a part." in french
    assert "If that is out of service, refuses it or does not deliver it: one." in french
    assert "by lot: one 75%, two 25%" in code
    assert "2 part(s)" in long
    assert "It goes by two." in long
    assert "No rule matches: it goes by the default provider, one." in other
    assert "sandbox" in test_number


def test_what_is_no_number_is_said_in_one_sentence(config: str) -> None:
    code, told = heliograph("routes", "explain", "nobody", "--config", config)

    assert code == 2
    assert "'nobody' is not a phone number" in told
    assert "Traceback" not in told


def test_routes_are_listed(config: str) -> None:
    code, told = heliograph("routes", "list", "--config", config)

    assert code == 0
    assert "route `codes`" in told
    assert "cheapest first" in told
    assert "everything else" in told


def test_providers_are_tried_without_sending(server: Server) -> None:
    xms = server.ready["protocols"]["xms"]
    twilio = server.ready["protocols"]["twilio"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    good = {"type": "xms", **{name: xms[name] for name in ("endpoint", "service_plan_id", "token")}}
    sids = {"account_sid": twilio["account_sid"], "base_url": twilio["base_url"]}
    providers = {
        "good": good,
        "paid": {"type": "twilio", "auth_token": twilio["auth_token"], **sids},
        "wrong": {"type": "twilio", "auth_token": "f" * 32, **sids},
        "gone": good | {"endpoint": f"http://127.0.0.1:{port}/xms"},
    }

    code, told = heliograph("providers", "check", environment={"HELIOGRAPH_PROVIDERS": json.dumps(providers)})
    lines = {line.split()[0]: line for line in told.splitlines() if line.strip()}

    assert code == 1
    assert "works" in lines["good"]
    assert "Balance: " in lines["paid"]
    assert "FAILS" in lines["wrong"]
    assert "20003" in lines["wrong"]
    assert "FAILS" in lines["gone"]
    assert "can't be reached" in lines["gone"]
    assert "f" * 32 not in told


def test_without_providers_there_is_nothing_to_try() -> None:
    code, told = heliograph("providers", "check")

    assert code == 0
    assert "No provider is set up" in told


def test_a_server_says_at_its_start_which_provider_it_can_not_use(server: Server, start_server: object) -> None:
    twilio = server.ready["protocols"]["twilio"]
    line = {
        "type": "twilio",
        "account_sid": twilio["account_sid"],
        "auth_token": "f" * 32,
        "base_url": twilio["base_url"],
    }
    started: Server = start_server(environment={"HELIOGRAPH_PROVIDERS": json.dumps({"line": line})})  # type: ignore[operator]
    log = Path(started.log.name)
    while "provider can't be used" not in log.read_text():
        assert started.process.poll() is None

    assert "20003: Authenticate" in log.read_text()
