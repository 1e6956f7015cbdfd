"""Finds the server's address and a token when the caller gives none."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import platformdirs

from heliograph.domain.errors import RequestError


class NoConnection(RequestError):
    """There is no server to talk to."""

    code = "no_connection"
    hint = "Start one with `heliograph serve`, or give a URL and a token (HELIOGRAPH_URL, HELIOGRAPH_TOKEN)."


class _Api(msgspec.Struct):
    token: str = ""
    """The sandbox's token; empty without a sandbox, since other accounts' tokens are never written down."""


class _Known(msgspec.Struct):
    base_url: str
    api: _Api


def connection(url: str | None, token: str | None, data_dir: Path | None) -> tuple[str, str]:
    """Find the server's address and a token: as given, else from the environment, else of the server on this machine.

    A server leaves its address and its sandbox token in its data directory, readable by its owner only. Raises
    NoConnection if either is nowhere.
    """
    url = url or os.environ.get("HELIOGRAPH_URL")
    token = token or os.environ.get("HELIOGRAPH_TOKEN")
    if url and token:
        return url.rstrip("/"), token
    directory = data_dir or Path(platformdirs.user_data_dir("heliograph", appauthor=False))
    try:
        known = msgspec.json.decode((directory / "connection.json").read_bytes(), type=_Known)
    except (OSError, msgspec.DecodeError) as error:
        raise NoConnection(
            f"No URL and token are given, and no server has run with the data directory {directory}."
        ) from error
    if not (token or known.api.token):
        raise NoConnection(
            f"The server with the data directory {directory} has no sandbox; give a token of one of its accounts."
        )
    return (url or known.base_url).rstrip("/"), token or known.api.token
