"""Sending by an SMSC, over SMPP 3.4.

Messages wait for the binds of this process, which take one after the other as they have room (`lines.py`). What an SMSC
says of a message by itself, in receipts, comes by any bind of any process, and so do inbound messages (`hearing.py`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import structlog

from heliograph.calling import note_written
from heliograph.domain.figures import Figure
from heliograph.domain.statuses import Reason
from heliograph.engine.contract import (
    CheckFailed,
    CheckResult,
    Fault,
    Intake,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    TryAgain,
)
from heliograph.engine.provided import ProvidedProtocol, ProviderConfig, ProviderContext
from heliograph.protocols.smpp.connection import NoAnswer
from heliograph.protocols.smpp.provider.config import SmppConfig, addresses, manners, require
from heliograph.protocols.smpp.provider.hearing import Hearing
from heliograph.protocols.smpp.provider.lines import BindRefused, Pool, bound, modes
from heliograph.protocols.smpp.provider.submits import Submits
from heliograph.protocols.smpp.provider.waiting import Job
from heliograph.protocols.smpp.wire.pdus import SubmitSm
from heliograph.text import TooManyParts

log = structlog.get_logger(__name__)

LONGEST_S = 60.0
"""A message that an SMSC was too busy for all this time goes back to the queue."""


class SmppProvided(ProvidedProtocol):
    name: ClassVar[str] = "smpp"
    config: ClassVar[type[ProviderConfig]] = SmppConfig
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    def require(self, config: SmppConfig) -> None:
        require(config)

    def provider(self, config: SmppConfig, context: ProviderContext) -> Provider:
        return SmppProvider(config, context)


class SmppProvider(Provider):
    stays_connected: ClassVar[bool] = True
    notes_writing: ClassVar[bool] = True

    def __init__(self, config: SmppConfig, context: ProviderContext) -> None:
        self.name = context.name
        self._config = config
        self._manners = manners(config)
        self._submits = Submits(self._manners)
        self._hearing = Hearing(context.name, context.account_id, self._manners)
        self._addresses = addresses(config)
        self._pool = Pool(self.name, config, self._manners, self._addresses, tls_context(config), self._hearing.take)

    async def start(self, intake: Intake) -> None:
        await super().start(intake)
        self._hearing.open(intake)
        self._pool.open()

    async def stop(self) -> None:
        await self._hearing.close()  # what came before is answered while there is somebody to answer
        await self._pool.close()
        await self._hearing.close()

    def figures(self) -> Iterable[Figure]:
        return self._pool.figures()

    async def check(self) -> CheckResult:
        where = self._pool.bound_line
        if where is not None:
            return CheckResult(f"Bound to {where}.")
        address, mode = self._addresses[0], modes(self._manners)[0]
        try:
            connection = await bound(
                address, self._config, self._manners, mode, tls_context(self._config), lambda _: lambda _: None
            )
        except BindRefused as error:
            raise CheckFailed(str(error)) from error
        except (OSError, NoAnswer) as error:
            raise CheckFailed(f"{address} can't be reached: {error or type(error).__name__}.") from error
        await connection.close()
        return CheckResult(f"{address} lets us bind as {mode.value}.")

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        if (problem := await self._pool.usable()) is not None:
            return [problem] * len(messages)
        chunk = _Chunk(len(messages), self._pool.ended)
        jobs: list[Job] = []
        for place, message in enumerate(messages):
            made = self._made(message)
            if isinstance(made, list):
                jobs.append(Job(message, made, self._manners, chunk.ends(place)))
            else:
                chunk.end(place, made)
        if jobs:
            note_written()
        for job in jobs:
            self._pool.add(job)
        self._pool.pump()
        return await chunk.outcomes(jobs)

    def _made(self, message: Outgoing) -> list[SubmitSm] | Outcome:
        """Return what is said of a message, or what becomes of it instead."""
        try:
            return self._submits.of(message)
        except TooManyParts as error:
            return Refused(Reason.TOO_MANY_PARTS, detail=str(error))
        except ValueError as error:
            return Refused(Reason.PROVIDER_REFUSED, detail=f"SMPP can't say it: {error}")
        except Exception as error:
            identifier = message.message_id
            log.exception("message not sent: Heliograph failed", provider=self.name, message_id=identifier)
            return Fault(detail=f"{type(error).__name__}: {error}")


class _Chunk:
    """What became of messages that were handed over together."""

    def __init__(self, count: int, on_job: Callable[[Job], None]) -> None:
        self._outcomes: list[Outcome | None] = [None] * count
        self._left = count
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_job = on_job

    def ends(self, place: int) -> Callable[[Job, Outcome], None]:
        def end(job: Job, outcome: Outcome) -> None:
            self._on_job(job)
            self.end(place, outcome)

        return end

    def end(self, place: int, outcome: Outcome) -> None:
        self._outcomes[place] = outcome
        self._left -= 1
        if not self._left and not self._over.done():
            self._over.set_result(None)

    async def outcomes(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Wait for all of them, in order, but not for what has waited for too long."""
        await asyncio.wait([self._over], timeout=LONGEST_S)
        for job in jobs:
            job.give_up(TryAgain(detail="The SMSC had no room for it.", blames_provider=False))
        await self._over  # what was written is answered, or given up by its session
        return [outcome for outcome in self._outcomes if outcome is not None]


def tls_context(config: SmppConfig) -> ssl.SSLContext | None:
    """Make what speaks TLS with an SMSC; None where it is not to be."""
    if not config.tls:
        return None
    return ssl.create_default_context(cafile=str(Path(config.tls_ca).expanduser()) if config.tls_ca else None)
