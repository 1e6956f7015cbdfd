"""Backups of the embedded store, and putting one in its place.

A backup is one tar file, which can be looked into and checked without Heliograph:

    heliograph-backup.json   what it is of: see `Manifest`; always the first
    heliograph.db            the store, as it was at one moment
    attachments/KEY          each file that accounts had uploaded into the data directory
    seal.key, ...            keys, if they were asked for
    SHA256SUMS               of all of these, as `sha256sum -c` reads it; always the last

The store is copied first, and the files after it: what was uploaded before that moment is there, and what came later is
a file that nobody names. The backup is written beside its name and takes it when it is on the disk, whole.

To restore, everything is unpacked into the directory `restoring` of the data directory, and compared with the sums, the
version and the key, before anything of what was there is touched. Then attachments and keys that are not there yet take
their places, where nothing names them, and last the store takes its own, by one rename. Killed at any moment, there is
the store that was there, or the one of the backup; the command can be given again, and clears up what it had left.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from heliograph import __version__
from heliograph.domain.errors import SetupError
from heliograph.domain.seals import Seal, WrongSealKey
from heliograph.runtime import seal_key
from heliograph.runtime.privacy import make_private
from heliograph.runtime.settings import Settings
from heliograph.sandbox.accounts import FILE_NAME as SANDBOX_CREDENTIALS
from heliograph.store import copies
from heliograph.store.files import DIRECTORY as ATTACHMENTS
from heliograph.store.migrations import pending
from heliograph.store.opening import FILE_NAME as STORE

FORMAT = 1
MANIFEST = "heliograph-backup.json"
SUMS = "SHA256SUMS"
_OTHERS = {
    b"PGDMP": ", but a dump of PostgreSQL: pg_restore puts it into the database that the setting store names",
    b"SQLite format 3": ", but a store: if it was copied while no server ran, it can be put into a data directory as "
    "heliograph.db, with the seal.key that was beside it",
    b"\x1f\x8b": ", but packed by gzip: unpack it first",
}
"""How files begin that are taken for a backup, and what is said of them."""
KEYS = (seal_key.FILE_NAME, SANDBOX_CREDENTIALS)
_DRAFT = "restoring"
_PIECE = 1 << 20
_FILE = re.compile(rf"{ATTACHMENTS}/\w[\w.-]*")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    format: int
    version: str
    """The Heliograph that made it."""
    schema: str
    made_at: str
    store_bytes: int


class Backup(NamedTuple):
    """What was put into a backup, or taken out of it."""

    file: Path
    manifest: Manifest
    attachments: int
    keys: Sequence[str]

    def facts(self) -> dict[str, object]:
        """Say it as it is printed."""
        made = self.manifest
        return {
            "file": str(self.file),
            "made_at": made.made_at,
            "version": made.version,
            "schema": made.schema,
            "store_bytes": made.store_bytes,
            "attachments": self.attachments,
            "keys": list(self.keys),
        }


def back_up(settings: Settings, file: Path, *, with_keys: bool) -> Backup:
    """Write all that is committed, and the files of accounts, into one file, also while servers run.

    A backup that is there is replaced. Raises SetupError, and leaves what was there as it was, if that can't be done.
    """
    store = _embedded(settings, "Back it up with pg_dump, together with the key that seals its secrets")
    if not copies.is_there(store):
        raise SetupError(f"There is no store in {settings.data_dir}; name its directory with --data-dir.")
    if file.exists() and not _begins_as_one(file):
        raise SetupError(f"{file} is there already, and is no backup; name another file.")
    try:
        with _draft(file) as (draft, beside):
            made = _write(settings, store, file, draft, beside.with_suffix(".db"), KEYS if with_keys else ())
            draft.flush()
            os.fsync(draft.fileno())
            beside.replace(file)
            copies.keep_names(file.absolute().parent)
    except OSError as error:
        raise SetupError(f"The backup {file} cannot be written: {error.strerror}.") from error
    return made


def restore(settings: Settings, file: Path, *, replace: bool) -> Backup:
    """Put a backup in the store's place; with `replace` also where there is one.

    Raises SetupError, with the store left as it was, if the backup is none, is cut or damaged, is of a newer version,
    is sealed with a key that is not here, or if a server runs.
    """
    store = _embedded(settings, "Restore it with pg_restore")
    make_private(settings.data_dir)
    with copies.alone_with(store):
        if copies.is_there(store) and not replace:
            raise SetupError(
                f"There is a store in {settings.data_dir} already; give --replace to lose it, or another --data-dir."
            )
        draft = settings.data_dir / _DRAFT
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            try:
                restored = _unpack(file, draft)
                _require_fitting(settings, draft, file)
                _put_in_place(settings.data_dir, draft)
                copies.replace(store, draft / STORE)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        except OSError as error:
            raise SetupError(
                f"The backup {file} cannot be restored to {settings.data_dir}: {error.strerror}."
            ) from error
    return restored


def _embedded(settings: Settings, instead: str) -> Path:
    if settings.store:
        raise SetupError(f"The store is in PostgreSQL. {instead}: see docs/data.md.")
    return settings.data_dir / STORE


@contextmanager
def _draft(file: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Open a file beside `file` for nobody else to write to; what is left of it in the end is deleted."""
    path = file.absolute().with_name(f".{file.name}.unfinished")
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as draft:
        try:
            fcntl.flock(draft, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(f"Another backup is being written to {file}; wait until it has ended.") from error
        draft.truncate()
        try:
            yield draft, path
        finally:
            if path.exists() and os.path.samestat(path.stat(), os.fstat(draft.fileno())):
                path.unlink()


def _write(settings: Settings, store: Path, file: Path, draft: IO[bytes], copied: Path, keys: Sequence[str]) -> Backup:
    try:
        copies.snapshot(store, copied)
        about = Manifest(
            format=FORMAT,
            version=__version__,
            schema=copies.look_at(copied, seal_key.CHECK_SETTING).schema,
            made_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            store_bytes=copied.stat().st_size,
        )
        sums: dict[str, str] = {}
        with tarfile.open(fileobj=draft, mode="w") as tar:
            _add_text(tar, MANIFEST, msgspec.json.format(msgspec.json.encode(about), indent=2), sums)
            _add(tar, STORE, copied, sums)
            copied.unlink()
            for path in _attached(settings):
                _add(tar, _name_of(path), path, sums)
            for name in keys:
                _add(tar, name, settings.data_dir / name, sums)
            count = sum(name.startswith(f"{ATTACHMENTS}/") for name in sums)
            kept = [name for name in keys if name in sums]
            _add_text(tar, SUMS, "".join(f"{each}  {name}\n" for name, each in sums.items()).encode(), {})
    finally:
        copied.unlink(missing_ok=True)
    return Backup(file, about, count, kept)


def _attached(settings: Settings) -> list[Path]:
    if settings.attachments:
        return []
    return sorted(path for path in (settings.data_dir / ATTACHMENTS).glob("*") if _FILE.fullmatch(_name_of(path)))


def _name_of(path: Path) -> str:
    return f"{ATTACHMENTS}/{path.name}"


def _add(tar: tarfile.TarFile, name: str, path: Path, sums: dict[str, str]) -> None:
    """Put a file into the archive, with its sum; one that was deleted meanwhile is left out."""
    try:
        content = path.open("rb")
    except FileNotFoundError:
        return
    with content:
        header = _header(name, os.fstat(content.fileno()).st_size)
        tar.addfile(header, content)
        content.seek(0)
        sums[name] = hashlib.file_digest(content, "sha256").hexdigest()


def _add_text(tar: tarfile.TarFile, name: str, content: bytes, sums: dict[str, str]) -> None:
    tar.addfile(_header(name, len(content)), io.BytesIO(content))
    sums[name] = hashlib.sha256(content).hexdigest()


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _begins_as_one(file: Path) -> bool:
    try:
        with tarfile.open(file, "r:") as tar:
            first = tar.next()
            return first is not None and first.name == MANIFEST
    except (OSError, tarfile.TarError):
        return False


def _what_it_is(file: Path) -> str:
    """Say what a file is that others take for a backup, and what to do with it; empty if nobody knows."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(16)
    except OSError as error:
        return f", and cannot be read: {error.strerror}"
    return next((told for magic, told in _OTHERS.items() if begin.startswith(magic)), "")


def _unpack(file: Path, into: Path) -> Backup:
    """Take everything out of a backup, and compare it with its sums. Raises SetupError, or OSError of the disk."""
    if not file.is_file():
        raise SetupError(f"{file} is no file." if file.exists() else f"There is no file {file}.")
    if not _begins_as_one(file):
        raise SetupError(f"{file} is no backup of Heliograph{_what_it_is(file)}.")
    try:
        with tarfile.open(file, "r:") as tar:
            about = _manifest(tar, file)
            found = _take_out(tar, into, file)
    except tarfile.TarError as error:
        raise _cut(file) from error
    promised = found.pop(SUMS, "")
    if not promised:
        raise _cut(file)
    if promised != _sums_of(found):
        raise SetupError(f"The backup {file} is damaged: its files are not those that were put into it.")
    if STORE not in found:
        raise SetupError(f"The backup {file} has no store in it.")
    attachments = sum(name.startswith(f"{ATTACHMENTS}/") for name in found)
    return Backup(file, about, attachments, [name for name in KEYS if name in found])


def _manifest(tar: tarfile.TarFile, file: Path) -> Manifest:
    first = tar.next()
    content = None if first is None else tar.extractfile(first)
    try:
        about = msgspec.json.decode(b"" if content is None else content.read(_PIECE), type=Manifest)
    except msgspec.DecodeError as error:
        raise _cut(file) from error
    if about.format > FORMAT:
        raise SetupError(
            f"The backup {file} was made by a newer Heliograph ({about.version}); install that version or a later one."
        )
    return about


def _take_out(tar: tarfile.TarFile, into: Path, file: Path) -> dict[str, str]:
    """Write each file of an archive into a directory; return their sums, and of `SUMS` what it says."""
    (into / ATTACHMENTS).mkdir(mode=0o700)
    found: dict[str, str] = {}
    for member in tar:
        name = member.name
        content = tar.extractfile(member) if member.isreg() else None
        if content is None or not (name in {MANIFEST, STORE, SUMS, *KEYS} or _FILE.fullmatch(name)):
            raise SetupError(f"The backup {file} has something in it that no backup has: {name!r}.")
        if name == SUMS:
            found[name] = content.read().decode(errors="replace")
            continue
        summed = hashlib.sha256()
        with os.fdopen(os.open(into / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            left = member.size
            while left and (piece := content.read(min(left, _PIECE))):
                summed.update(piece)
                out.write(piece)
                left -= len(piece)
            out.flush()
            os.fsync(out.fileno())
        if left:
            raise _cut(file)
        found[name] = summed.hexdigest()
    return found


def _sums_of(found: Mapping[str, str]) -> str:
    return "".join(f"{each}  {name}\n" for name, each in found.items())


def _cut(file: Path) -> SetupError:
    return SetupError(f"The backup {file} is cut: it ends before its end.")


def _require_fitting(settings: Settings, draft: Path, file: Path) -> None:
    """Raise SetupError if this version can't run on an unpacked backup, or can't open what is sealed in it."""
    found = copies.look_at(draft / STORE, seal_key.CHECK_SETTING)
    pending((found.schema,))
    here, there = settings.data_dir / seal_key.FILE_NAME, draft / seal_key.FILE_NAME
    if here.exists() and there.exists() and here.read_text().strip() != there.read_text().strip():
        raise SetupError(f"The backup {file} has another {seal_key.FILE_NAME} than {here}; move that away first.")
    if found.seal_check is None:
        return
    keys = settings.seal_key or next((each.read_text().strip() for each in (here, there) if each.exists()), "")
    try:
        if keys:
            Seal(*keys.split(",")).open(found.seal_check)
    except WrongSealKey:
        keys = ""
    if not keys:
        raise SetupError(
            f"The secrets in the backup {file} are sealed with a key that is not here: copy {seal_key.FILE_NAME} of "
            f"its installation to {settings.data_dir}, or give its setting `seal_key`."
        )


def _put_in_place(data_dir: Path, draft: Path) -> None:
    """Move attachments and keys to where they are read; what is there already stays."""
    attachments = data_dir / ATTACHMENTS
    attachments.mkdir(mode=0o700, exist_ok=True)
    for path in (draft / ATTACHMENTS).iterdir():
        path.replace(attachments / path.name)
    copies.keep_names(attachments)
    for name in KEYS:
        if (draft / name).exists() and not (data_dir / name).exists():
            (draft / name).replace(data_dir / name)
    copies.keep_names(data_dir)
