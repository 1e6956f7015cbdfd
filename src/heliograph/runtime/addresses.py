"""Where a process can be reached: what is told at its start, and the files that others on the machine read it from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from heliograph.calling.private_files import write_secrets

CONNECTION_FILE = "connection.json"
"""The file in the data directory for the CLI and the SDK on the same machine; its content is that of the ready file."""


class Addresses(msgspec.Struct, omit_defaults=True):
    """The content of the ready file: what a client needs to know. A worker's has nothing in it.

    Credentials and the console are the sandbox's: where there is none, the addresses stand alone.
    """

    base_url: str
    api: dict[str, object]
    console: dict[str, str]
    protocols: dict[str, dict[str, object]]
    providers: dict[str, str]
    """The addresses at which providers' servers tell what they have to tell, by the provider's name."""
    monitor: str | None = None
    """The address at which nothing is served but what those who watch look at, if there is one."""
    monitors: Sequence[str] = ()
    """The same of each process, where one command has started several."""


def write_addresses(addresses: Addresses, data_dir: Path, ready_file: Path | None) -> None:
    """Write the ready file, and the one in the data directory unless nobody is served. Raises SetupError."""
    content = msgspec.json.format(msgspec.json.encode(addresses), indent=2)
    if addresses.base_url:  # who looks for addresses in the data directory means no worker
        write_secrets(data_dir / CONNECTION_FILE, content)
    if ready_file is not None:
        write_secrets(ready_file, content)
