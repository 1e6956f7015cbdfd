"""The key that seals secrets in the store: from the settings, or from a file beside the embedded store."""

from __future__ import annotations

from pathlib import Path

from heliograph.calling.private_files import write_private
from heliograph.domain.errors import SetupError
from heliograph.domain.seals import Seal, WrongSealKey, is_sealed
from heliograph.runtime.settings import Settings
from heliograph.store import Store
from heliograph.store.directory import seal_application_secrets
from heliograph.store.sealing import SEALED, seal_some_again
from heliograph.store.settings import ensure_setting

FILE_NAME = "seal.key"
CHECK_SETTING = "seal.check"
_CHECK = "This opens with the right key."


async def ensure(settings: Settings, store: Store) -> Seal:
    """Return the seal of this store, with a key made at the first start, and seal what was kept in clear before. With
    several keys, what others have sealed than the first is sealed anew, so that they can be given up.

    Raises SetupError if the key is not the one that this store was begun with, or can't be kept.
    """
    seal = Seal(*(settings.seal_key.split(",") if settings.seal_key else [_kept(settings.data_dir / FILE_NAME)]))
    check = await store.write(ensure_setting, CHECK_SETTING, seal.close(_CHECK))
    try:
        seal.open(check)
    except WrongSealKey as error:
        raise SetupError(
            "The secrets in this store are sealed with another key: give all processes the same `seal_key`, or copy "
            f"{FILE_NAME} from the data directory of the first."
        ) from error
    await store.write(seal_application_secrets, seal.close, is_sealed)
    if seal.has_others:
        await _seal_again(store, seal)
    return seal


async def _seal_again(store: Store, seal: Seal) -> None:
    """Seal with the first key whatever another has sealed. Killed in between, the next start goes on."""
    for column in SEALED:
        after: str | None = ""
        while after is not None:
            after = await store.write(seal_some_again, column, after, seal.again)


def _kept(file: Path) -> str:
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        key = Seal.new_key()
    except OSError as error:
        raise SetupError(f"The key {file} cannot be read: {error.strerror}.") from error
    try:
        write_private(file, key.encode())
    except OSError as error:
        raise SetupError(f"The file {file} cannot be written: {error.strerror}.") from error
    return key
