"""Finds the server's address and a token when the caller gives none."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from heliograph.domain.errors import RequestError


class NoConnection(RequestError):
    """There is no server to talk to."""

    code = "no_connection"
    hint = "Start one with `heliograph serve`, or give a URL and a token (HELIOGRAPH_URL, HELIOGRAPH_TOKEN)."


class _Api(msgspec.Struct):
    token: str = ""
    """The sandbox's token; empty without a sandbox, since other accounts' tokens are never written down."""


class _Console(msgspec.Struct):
    url: str = ""
    """The address of the inbox, with its key; empty without a sandbox."""


class Known(msgspec.Struct):
    """What a server leaves in its data directory about how to reach it."""

    base_url: str
    api: _Api
    console: _Console = msgspec.field(default_factory=_Console)


def known(data_dir: Path | None) -> Known:
    """Read what the server on this machine has left. Raises NoConnection if none has run with the directory."""
    directory = data_dir or default_data_dir()
    try:
        return msgspec.json.decode((directory / "connection.json").read_bytes(), type=Known)
    except (OSError, msgspec.DecodeError) as error:
        raise NoConnection(f"No server has run with the data directory {directory}.") from error


def default_data_dir() -> Path:
    """Return where a server keeps its data if nobody says otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("heliograph", appauthor=False))


def connection(url: str | None, token: str | None, data_dir: Path | None) -> tuple[str, str]:
    """Find the server's address and a token: as given, else from the environment, else of the server on this machine.

    A server leaves its address and its sandbox token in its data directory, readable by its owner only. A token goes
    only to the address that it belongs to: the environment's to that of HELIOGRAPH_URL, where there is one, the data
    directory's to the server that left it. Raises NoConnection if either is nowhere, or only belongs to another.
    """
    kept_url, kept_token = os.environ.get("HELIOGRAPH_URL"), os.environ.get("HELIOGRAPH_TOKEN")
    url = url or kept_url
    if url and not token and kept_token:
        _require_same(url, kept_url or url, "HELIOGRAPH_TOKEN")
    token = token or kept_token
    if url and token:
        return url.rstrip("/"), token
    directory = data_dir or default_data_dir()
    try:
        left = known(directory)
    except NoConnection as error:
        raise NoConnection(f"No URL and token are given. {error.message}") from error
    if not (token or left.api.token):
        raise NoConnection(
            f"The server with the data directory {directory} has no sandbox; give a token of one of its accounts."
        )
    if url and not token:
        _require_same(url, left.base_url, f"The token in the data directory {directory}")
    return (url or left.base_url).rstrip("/"), token or left.api.token


def _require_same(url: str, owner: str, token: str) -> None:
    """Let a token be sent to the address that it belongs to. Raises NoConnection for any other."""
    if _place(url) != _place(owner):
        raise NoConnection(f"{token} is for {owner}, and is not sent to {url}; give a token of that server.")


def _place(url: str) -> tuple[str, str | None, int | None, str] | str:
    """Return what makes two addresses the same server; of what is no address, the text."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return url
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")
