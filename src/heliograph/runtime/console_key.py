"""The key in the console's link: sealed in the store, so that the link is the same at every start and in every process.

When it changes, the one before is kept beside it, with until when it is good.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec

from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms
from heliograph.domain.seals import Seal
from heliograph.store import Store
from heliograph.store.settings import ensure_setting, get_setting, put_setting
from heliograph.store.tx import Tx

FORMER_FILE_NAME = "console.key"
"""The file in the data directory in which earlier versions kept it."""
_SETTING = "console.key"


class _Kept(msgspec.Struct):
    current: str
    former: str = ""
    until: int = 0
    """Until when the former one is good, in milliseconds since 1970."""


async def ensure(store: Store, seal: Seal, data_dir: Path) -> str:
    """Return the key, made at the first start.

    What is in a file of an earlier version is taken over, and the file removed. Raises SetupError if that can't be.
    """
    file = data_dir / FORMER_FILE_NAME
    try:
        written = _in_file(file.read_text()) if file.exists() else _Kept(secrets.token_urlsafe(32))
        kept = await store.write(ensure_setting, _SETTING, _sealed(seal, written))
        file.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(f"The console's key {file} cannot be moved to the store: {error.strerror}.") from error
    return _opened(seal, kept).current


async def good(store: Store, seal: Seal) -> list[str]:
    """List the keys that are good at this moment, the current one first; none where there is no console."""
    found = await store.read(get_setting, _SETTING)
    if found is None:
        return []
    kept = _opened(seal, found)
    return [kept.current, kept.former] if kept.former and now_ms() < kept.until else [kept.current]


def rotate(tx: Tx, seal: Seal, grace_s: int) -> str:
    """Make another key, in force at once; the one before is good besides for `grace_s` seconds.

    Raises SetupError if there is none yet.
    """
    found = get_setting(tx, _SETTING)
    if found is None:
        raise SetupError("There is no console in this store: a sandbox makes its key at the first start.")
    kept = _Kept(secrets.token_urlsafe(32))
    if grace_s:
        kept.former, kept.until = _opened(seal, found).current, now_ms() + grace_s * 1_000
    put_setting(tx, _SETTING, _sealed(seal, kept))
    return kept.current


def _sealed(seal: Seal, kept: _Kept) -> str:
    return seal.close(msgspec.json.encode(kept).decode())


def _opened(seal: Seal, sealed: str) -> _Kept:
    return msgspec.json.decode(seal.open(sealed), type=_Kept)


def _in_file(text: str) -> _Kept:
    current, _, rest = text.strip().partition("\n")
    until, _, former = rest.partition(" ")
    return _Kept(current, former, int(until or 0))
