"""The banner: what a server says at its start, to whoever reads its output."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec

from heliograph import __version__
from heliograph.runtime.addresses import CONNECTION_FILE, Addresses
from heliograph.runtime.masking import MASK, masked, secrets_of
from heliograph.runtime.settings import Settings
from heliograph.runtime.values import SANDBOX


def banner(addresses: Addresses, settings: Settings, ready_file: Path | None, *, on_terminal: bool) -> str:
    """Write where the server is and how to send.

    The sandbox's credentials are in it for a person at a terminal, while nothing is sent but by the sandbox. Other
    output is kept by service managers and build servers, where many read it: it says which file has them.
    """
    if not addresses.base_url:
        return f"Heliograph {__version__}: a worker is running. Ctrl-C stops it; what was accepted stays.\n"
    if "token" not in addresses.api:
        return _without_sandbox(addresses)
    if on_terminal and settings.default_provider == SANDBOX:
        return _with_sandbox(addresses, settings.data_dir)
    file = ready_file or settings.data_dir / CONNECTION_FILE
    note = f"\nWhat is {MASK} here stands in {file}, which only its owner can read.\n"
    return masked(_with_sandbox(addresses, settings.data_dir, note), secrets_of(msgspec.to_builtins(addresses)))


def facts(addresses: Addresses, settings: Settings, ready_file: Path | None) -> dict[str, str | None]:
    """Name what a machine wants to know of a process that has started: no secrets, but the file that has them."""
    return {
        "version": __version__,
        "base_url": addresses.base_url or None,
        "monitor": addresses.monitor,
        "addresses": str(ready_file or settings.data_dir / CONNECTION_FILE) if addresses.base_url else None,
    }


def _without_sandbox(addresses: Addresses) -> str:
    return f"""\
Heliograph {__version__} is running at {addresses.base_url}. Ctrl-C stops it; what it has accepted stays.
There is no sandbox, because messages go by a provider of the settings. Who may run it, and who may send:

  {_program()} init
  {_program()} accounts create NAME
  {_program()} keys create --account NAME --protocol native
"""


def _with_sandbox(addresses: Addresses, data_dir: Path, note: str = "") -> str:
    token = addresses.api["token"]
    names = ("xms", "smscx", "smsdrop", "isendpro", "twilio", "smpp")
    xms, smscx, smsdrop, isendpro, twilio, smpp = (addresses.protocols[name] for name in names)
    return f"""\
Heliograph {__version__} is running. Ctrl-C stops it; what it has accepted stays in {data_dir}

  inbox      {addresses.console["url"]}
  API        {addresses.api["base_url"]}   token {token}
  XMS        {xms["endpoint"]}   service plan {xms["service_plan_id"]}   token {xms["token"]}
  SMS.CX     {smscx["host"]}   API key {smscx["api_key"]}
  smsdrop    {smsdrop["context"]}   e-mail {smsdrop["email"]}   password {smsdrop["password"]}
  iSendPro   {isendpro["host"]}   key {isendpro["keyid"]}
  Twilio     {twilio["base_url"]}   account {twilio["account_sid"]}   token {twilio["auth_token"]}
  SMPP       {smpp["host"]}:{smpp["port"]}   system_id {smpp["system_id"]}   password {smpp["password"]}
{note}
Send a message, and see it in the inbox:

  {_program()} send +33612345678 "Hello"

or from Python:

  from heliograph import Client
  client = Client("{addresses.base_url}", "{token}")
  client.messages.send(to="+33612345678", text="Hello")
"""


def _program() -> str:
    """Return how this command can be called again from where it was called."""
    name = sys.argv[0]
    if Path(name).name != "heliograph":
        return "python -m heliograph"
    return "heliograph" if shutil.which("heliograph") else name
