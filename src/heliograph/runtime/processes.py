"""The processes that share a PostgreSQL store: what each may do, what all must have alike, and which of them leads.

**The problem.** Several processes that answer for one address must give one answer. Most of what they know is in the
store. What is not comes from each one's settings, and a difference shows late: every second caller is refused, or pays
another price.

**How it works.** A process joins the others before it does anything else, with fingerprints of its settings. It does
not start if it differs in what has to be the same at every moment (`NEVER_DIFFERENT`; the seal key is looked at before,
`seal_key.py`); other differences are said in the log by all who see them, once, because they are there while settings
are changed one process after the other. Where files are kept, a file in that place says which it is, so that two names
of one directory agree, and one name of two does not. Fingerprints are keyed by a secret that is sealed in the store:
whoever reads the store learns no setting from them.

**Who leads.** Every BEAT_S each process says that it is there. In the same transaction one that sends takes or extends
the lease of the leader, who does the jobs that one process does (`engine/jobs.py`), and removes those that were not
heard of for ALIVE_S, or that it sees to have ended, because they ran on the same machine; whoever leads then takes over
what only they knew. What a process claimed comes back by its own
lease, whoever leads.

**If one dies,** its lease ends LEASE_S after it was last extended, and another leads then. One that is held up for
longer than that finds another leading when it goes on; by its own clock it has stopped leading before the lease ends.
Clocks should agree to within a second or two: one that does not is named in the log.

The embedded store has one process, which leads, and none of this runs there.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import platform
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from heliograph import __version__
from heliograph.domain.errors import NotNow, SetupError, StoreUnavailable
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.seals import Seal
from heliograph.runtime.settings import Settings
from heliograph.store import Store
from heliograph.store.files import Files
from heliograph.store.processes import Process, agree, beat, join, leave
from heliograph.store.settings import ensure_setting

log = structlog.get_logger(__name__)

BEAT_S = 1.0
LEASE_S = 6.0
ALIVE_S = 12.0
"""A process that was not heard of for so long, in seconds, is dead."""
FAST_CLOCK_S = 3.0
"""How far another process may be ahead of this one's clock, in seconds, before it is said."""
NEVER_DIFFERENT: Mapping[str, str] = {
    "attachments": "files that one keeps would not be there for the other",
    "sandbox": "one would revoke the credentials that the other has printed",
}
"""Settings in which processes may not differ for a moment, and what would happen."""
_KEY = "processes.key"
_MACHINE = "machine"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PIDS = Path("/proc/self/ns/pid")


class Role(StrEnum):
    """What a process does."""

    ALL = "all"
    API = "api"
    """It serves clients."""
    WORKER = "worker"
    """It sends, calls back, and does the jobs."""

    @property
    def serves(self) -> bool:
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        return self is not Role.API


_ROLES = frozenset(Role)


def require_shared(settings: Settings, role: Role) -> None:
    """Check that a process of this role, and as many as are wanted, can be on the store. Raises SetupError."""
    if role is not Role.ALL and not settings.store:
        raise SetupError(
            f"`heliograph {role}` shares a PostgreSQL store with other processes, and the setting `store` names none: "
            "set it to a postgresql:// URL, or run everything in one process with `heliograph serve`."
        )
    if settings.processes > 1 and not settings.store:
        raise SetupError(
            f"Several processes ({settings.processes}) share a PostgreSQL store, and the setting `store` names none: "
            "set it to a postgresql:// URL, or run one process."
        )


class Membership:
    """This process among those of its store."""

    def __init__(self, store: Store, process: Process, *, works: bool) -> None:
        self._store = store
        self._process = process
        self._works = works
        self._leads_until = 0.0
        self._said: set[str] = set()
        self._roles: frozenset[Role] = frozenset()
        self.on_died: Callable[[Sequence[str]], Awaitable[None]] | None = None
        """Awaited, where this process leads, when another was found dead.

        It is told the identifiers of those that have ended for sure, and are not only silent.
        """

    @property
    def id(self) -> str:
        return self._process.id

    def leads(self) -> bool:
        return time.monotonic() < self._leads_until

    def others_work(self) -> bool:
        """Say whether there are others that send, as of the last beat."""
        return any(role.works for role in self._roles)

    def others_serve(self) -> bool:
        """Say whether there are others that clients are connected to, as of the last beat."""
        return any(role.serves for role in self._roles)

    async def join(self) -> None:
        """Join the others. Raises SetupError if this process must not run beside them."""
        alive_since = self._process.seen_at - int(ALIVE_S * 1_000)
        await self._store.write(join, self._process, alive_since, self._require)
        await self._beat()

    async def run(self) -> None:
        """Say now and then that this process is there, until it is canceled."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._beat()
            except NotNow as error:
                log.warning("other processes do not hear of this one", error=str(error))
            except Exception:  # without this task nobody knows of the process
                log.exception("other processes do not hear of this one")

    async def agree(self, fingerprints: dict[str, str]) -> None:
        """Tell the others by which settings this process goes from now on. Raises NotNow."""
        agreed = msgspec.json.decode(self._process.agreed, type=dict[str, str]) | fingerprints
        self._process = msgspec.structs.replace(self._process, agreed=msgspec.json.encode(agreed).decode())
        await self._store.write(agree, self._process)

    async def leave(self) -> None:
        self._leads_until = 0.0
        try:
            await self._store.write(leave, self._process.id)
        except NotNow as error:
            log.warning("other processes were not told of the end of this one", error=str(error))

    async def _beat(self) -> None:
        began, now = time.monotonic(), now_ms()
        mine = msgspec.structs.replace(self._process, seen_at=now)
        found = await self._store.write(
            beat,
            mine,
            alive_since=now - int(ALIVE_S * 1_000),
            lead_until=now + int(LEASE_S * 1_000) if self._works else None,
        )
        if found.leads and not self.leads():
            log.debug("this process does the jobs that one does", process=self._process.id)
        self._leads_until = began + LEASE_S - BEAT_S if found.leads else 0.0
        self._roles = frozenset(Role(other.role) for other in found.others if other.role in _ROLES)
        for other in found.others:
            self._warn_of(other, now)
        for dead in found.died:
            log.warning("a process has died", process=dead.id, role=dead.role, host=dead.host, pid=dead.pid)
        ended = [other for other in found.others if _has_ended(self._process, other)] if found.leads else []
        for other in ended:
            await self._store.write(leave, other.id)
            log.warning("a process has died", process=other.id, role=other.role, host=other.host, pid=other.pid)
        if (found.died or ended) and self.on_died is not None:
            await self.on_died([other.id for other in ended])

    def _require(self, others: Sequence[Process]) -> None:
        for other in others:
            if _is_gone(other):
                continue
            for name in _different(self._process, other):
                if (why := NEVER_DIFFERENT.get(name)) is not None:
                    raise SetupError(
                        f"The setting `{name}` is not what it is for {_named(other)}, which runs on this store: give "
                        f"all the same, for {why}."
                    )

    def _warn_of(self, other: Process, now: int) -> None:
        if other.seen_at > now + FAST_CLOCK_S * 1_000 and (said := f"{other.id} clock") not in self._said:
            self._said.add(said)
            log.warning(f"The clock of {_named(other)}, which runs on this store, is seconds ahead of this one's.")
        for name in _different(self._process, other):
            if (said := f"{other.id} {name}") not in self._said:
                self._said.add(said)
                log.warning(
                    f"The setting `{name}` is not what it is for {_named(other)}, which runs on this store: give all "
                    "the same."
                )


async def membership(settings: Settings, store: Store, seal: Seal, files: Files, role: Role) -> Membership | None:
    """Join the processes of this store; None where there can be no others. Raises SetupError if it must not."""
    if store.dialect == "sqlite":
        return None
    agreed = fingerprints(settings, await shared_key(store, seal)) | {_MACHINE: _machine()}
    if role.serves:
        agreed["attachments"] = await _place_of(files, settings)
    now = now_ms()
    process = Process(
        id=new_id(),
        host=platform.node() or "unknown",
        pid=os.getpid(),
        role=role.value,
        version=__version__,
        started_at=now,
        seen_at=now,
        agreed=msgspec.json.encode(agreed).decode(),
    )
    joined = Membership(store, process, works=role.works)
    await joined.join()
    return joined


async def shared_key(store: Store, seal: Seal) -> bytes:
    """Return the key by which all processes of a store make fingerprints."""
    return seal.open(await store.write(ensure_setting, _KEY, seal.close(secrets.token_urlsafe(32)))).encode()


async def _place_of(files: Files, settings: Settings) -> str:
    try:
        return await files.place()
    except StoreUnavailable as error:
        raise SetupError(
            f"Attachments can't be kept in {settings.attachments or settings.data_dir}: {error.message}"
        ) from error


def fingerprints(settings: Settings, key: bytes) -> dict[str, str]:
    """Make a fingerprint of each setting that all processes of a store should have alike."""
    return {
        name: hmac.digest(key, f"{name}={value}".encode(), "sha256").hex()[:32] for name, value in _shared(settings)
    }


class _Shared(NamedTuple):
    name: str
    value: str


def _shared(settings: Settings) -> list[_Shared]:
    values = {each.name: getattr(settings, each.name) for each in fields(Settings) if not each.metadata["local"]}
    values["sandbox"] = settings.has_sandbox
    written = msgspec.json.Encoder(enc_hook=str, order="deterministic").encode
    return [_Shared(name, written(value).decode()) for name, value in values.items()]


def _different(mine: Process, other: Process) -> list[str]:
    """Name what differs, of what both know: another version may have other settings."""
    ours, theirs = (msgspec.json.decode(each.agreed, type=dict[str, str]) for each in (mine, other))
    return sorted(name for name in (ours.keys() & theirs.keys()) - {_MACHINE} if ours[name] != theirs[name])


def _named(process: Process) -> str:
    return f"process {process.pid} on {process.host}"


def _machine() -> str:
    """Name what process identifiers are of: this boot of this machine, or of a container on it. Empty: nobody knows."""
    try:
        return f"{_BOOT.read_text().strip()} {_PIDS.readlink()}"
    except OSError:
        return ""


def _has_ended(mine: Process, other: Process) -> bool:
    """Say whether a process has ended for sure, which only one on the same machine can see."""
    ours, theirs = (msgspec.json.decode(each.agreed, type=dict[str, str]).get(_MACHINE) for each in (mine, other))
    return bool(ours) and ours == theirs and other.pid != mine.pid and not _runs(other.pid)


def _is_gone(process: Process) -> bool:
    """Say whether a process of this machine has ended without saying so. Of another machine nobody knows."""
    if process.host != platform.node():
        return False
    if process.pid == os.getpid():  # as in a container that was started anew
        return True
    return not _runs(process.pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
