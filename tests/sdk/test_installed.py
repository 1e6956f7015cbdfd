"""The package as it is installed without a server: what its wheel and its few dependencies can do."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.importing import ROOT, modules
from tests.installing import installed

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.slow

MOST = 12
"""Packages with those that they need; there are ten."""

SENDING = """
import json, sys
from heliograph import Client, errors
from heliograph.protocols import isendpro, smscx, smsdrop, xms
from heliograph.protocols.twilio.client import Client as Twilio

number, ready = sys.argv[1], json.load(sys.stdin)
served = ready["protocols"]
with Client(ready["base_url"], ready["api"]["token"]) as client:
    sent = client.messages.send(to=number, text="SDK")
    assert client.messages.wait_for_delivery(sent.id).status == "delivered"
    try:
        client.messages.get("nothing-of-ours")
        raise AssertionError
    except errors.NotFound:
        pass
with xms.Client(served["xms"]["service_plan_id"], served["xms"]["token"], served["xms"]["endpoint"]) as client:
    client.create_text_message("12345", number, "XMS")
with smscx.Client(served["smscx"]["api_key"], host=served["smscx"]["host"]) as client:
    client.send_sms(smscx.SmsRequest(from_="Acme", text="SMS.CX", to=[number]))
with smsdrop.Client(served["smsdrop"]["email"], served["smsdrop"]["password"], served["smsdrop"]["context"]) as client:
    client.launch(smsdrop.Campaign("smsdrop", "Acme", [number]))
with isendpro.Client(served["isendpro"]["keyid"], served["isendpro"]["host"]) as client:
    client.send_sms(number, "iSendPro", emetteur="Acme")
twilio = served["twilio"]
with Twilio(twilio["account_sid"], twilio["auth_token"], twilio["base_url"]) as client:
    client.create_message(number, from_="Acme", body="Twilio")
"""
SENT = ["SDK", "XMS", "SMS.CX", "smsdrop", "iSendPro", "Twilio"]


def code_of_everything() -> str:
    """Changes with every line of the package: another one is another wheel."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    for path in modules().values():
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """An interpreter that has the package, and nothing but what it says that it needs."""

    def install(place: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True, capture_output=True, text=True)
        pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip.append("--no-compile")  # most of it is never imported here
        subprocess.run([*pip, ROOT], check=True, capture_output=True, text=True)

    try:
        return installed(request.config, "base-install", code_of_everything(), install) / "bin" / "python"
    except subprocess.CalledProcessError as error:
        pytest.skip(f"what the package needs can't be installed: {str(error.stderr)[-300:]}")


def run(*command: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Without what leads to another Heliograph."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, input=given, env=environment, capture_output=True, text=True)


def test_it_is_the_wheel_and_few_others(python: Path) -> None:
    listed = run(python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check").stdout
    where = run(python, "-c", "import heliograph; print(heliograph.__file__)").stdout.strip()

    names = {each["name"] for each in json.loads(listed)} - {"pip", "setuptools"}
    assert "heliograph" in names
    assert len(names) <= MOST
    assert Path(where).is_relative_to(python.parents[1])


def test_the_sdk_and_every_client_send(python: Path, server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()

    done = run(python, "-c", SENDING, number, given=json.dumps(server.ready))

    assert done.returncode == 0, done.stderr
    with server.client() as client:
        for text in SENT:
            client.sandbox.wait_for_message(number, contains=text)


@pytest.mark.parametrize("arguments", [[], ["serve"], ["--version"]], ids=" ".join)
def test_the_command_says_what_to_install(python: Path, arguments: list[str]) -> None:
    done = run(python.with_name("heliograph"), *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "heliograph: The command comes with the server, which needs typer: pip install 'heliograph[server]'"
    ]
