"""One command, several processes: the one that was started starts the others, and sees to it that they are there.

**The problem.** A process of Python uses one processor. Several that share a PostgreSQL store use several, but then
somebody has to start each, give them one address, start those again that end, and stop them together.

**How it works.** The parent takes the places to listen at and copies itself (fork): it runs no event loop, no thread
and no connection, so a copy is clean, begins at once, and shares the memory of all that was imported. Children accept
at the parent's sockets. With each there is a channel, by which a child says that it is ready or why it can't be, and
the parent what it is to do.

**Why sockets are inherited** and not taken by each with SO_REUSEPORT: of what waits to be accepted nothing is lost when
a child dies, for another accepts it; and a port that somebody else has is said once, before anything begins.

**Why each does everything** its role has, and none has a part of its own: any may die, whoever accepts a message sends
it without a way through the store, and what only one may do goes by the leader's lease, as between machines.

**At the start** the first child goes ahead, which migrates the store where it has to be, and says what is in the way;
the others follow when it is ready. Until all have been, what keeps one from starting ends the command.

**If a child ends** without having been told to, another takes its place: at once, or, if it did not live WELL_S, after
a wait that doubles from FIRST_WAIT_S to LONGEST_WAIT_S. SIGTERM to a child has it drain, and be replaced.

**The end.** SIGTERM or SIGINT to the parent: it listens no more, has the children stop, and waits for them; the second
time it has them stop at once. Children ignore what a terminal sends to all of them (SIGINT, SIGHUP), and take a second
SIGTERM, as of a service manager that sends it to every process, for the same as the first. If the parent is killed, the
channels end, and the children stop by themselves.

**SIGHUP** has one child read the settings anew. If it finds them right the others do so too, and so does the parent,
for those that begin later; if not, one sentence is in the log and nothing has changed.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import NoReturn

import msgspec
import structlog

from heliograph.domain.errors import HeliographError, SetupError
from heliograph.runtime.addresses import Addresses
from heliograph.runtime.terminals import Terminal

log = structlog.get_logger(__name__)

WELL_S = 10.0
"""A process that has lived so long, in seconds, did not end for what it met at its start."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
STOP = b"s"
AT_ONCE = b"n"
RELOAD = b"r"
_CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
_IGNORED = (signal.SIGINT, signal.SIGHUP)
"""The signals that the terminal sends to all processes of a command: children leave them to the parent."""


class Told(msgspec.Struct, omit_defaults=True):
    """What a child says: a line of JSON."""

    addresses: Addresses | None = None
    """The child is ready, and can be reached there."""
    failed: str | None = None
    """The child can't go on; why, in a sentence."""
    reloaded: bool | None = None
    """Whether the settings that it was to read anew are in force."""


class Parent:
    """The process that started this one, as seen by the child."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def ready(self, addresses: Addresses) -> None:
        self._tell(Told(addresses=addresses))

    def failed(self, sentence: str) -> None:
        self._tell(Told(failed=sentence))

    def reloaded(self, well: bool) -> None:
        self._tell(Told(reloaded=well))

    def _tell(self, told: Told) -> None:
        self._channel.setblocking(True)
        self._channel.sendall(msgspec.json.encode(told) + b"\n")

    @contextmanager
    def heard(
        self, stop: Callable[[], None], stop_at_once: Callable[[], None], reload: Callable[[], None]
    ) -> Iterator[None]:
        """Do what the parent says, from inside of the event loop. If there is no parent any more: stop."""
        loop = asyncio.get_running_loop()
        channel = os.dup(self._channel.fileno())

        def hear() -> None:
            orders = os.read(channel, 64)
            if not orders:
                loop.remove_reader(channel)
            if RELOAD in orders:
                reload()
            if not orders or STOP in orders or AT_ONCE in orders:
                stop()
            if AT_ONCE in orders:
                stop_at_once()

        loop.add_reader(channel, hear)
        try:
            yield
        finally:
            loop.remove_reader(channel)
            os.close(channel)


class _Child:
    """A process that the parent has started."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.channel = channel
        self.began = time.monotonic()
        self._heard = b""

    def read(self) -> list[Told] | None:
        """Read what it has said, which may be nothing yet; None if it says no more."""
        try:
            received = self.channel.recv(65_536)
        except ConnectionResetError:
            return None
        *lines, self._heard = (self._heard + received).split(b"\n")
        return [msgspec.json.decode(line, type=Told) for line in lines] if received else None

    def order(self, order: bytes) -> None:
        try:
            self.channel.sendall(order)
        except OSError as error:  # it has ended, as is told elsewhere
            log.debug("a process was not told", pid=self.pid, error=str(error))


class Supervisor:
    """Keeps a number of processes running."""

    def __init__(
        self,
        count: int,
        child: Callable[[int, Parent], int],
        *,
        on_ready: Callable[[Sequence[Addresses]], None],
        on_stop: Callable[[], None],
        on_reloaded: Callable[[], None],
    ) -> None:
        """Keep `count` processes; each runs `child` with its place, from 0, and ends with the code it returns.

        `on_ready` is called once all have been ready, with the addresses of each; `on_stop` when no more are wanted;
        `on_reloaded` when a child has found the settings right that it was to read anew.
        """
        self._count = count
        self._child = child
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._on_reloaded = on_reloaded
        self._terminal = Terminal()
        self._children: dict[int, _Child] = {}
        """Those that run, by their place."""
        self._due: dict[int, float] = {0: 0.0}
        """When a process is to begin, by the monotonic clock, for places where none runs."""
        self._waits = [0.0] * count
        """The seconds that were last waited for each place."""
        self._ready: dict[int, Addresses] = {}
        """The addresses of each place, since it was first ready."""
        self._stops = 0
        """How often a stop was asked for."""
        self._trying: int | None = None
        """The place of the child that tries settings before the others."""
        self._refused: str | None = None
        """Why the command ends: the sentence of a child that can't start."""
        self._wakes, self._wakened = socket.socketpair()
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Run until a stop was asked for and all processes have ended. Raises SetupError if they can't start."""
        with self._signals():
            while self._children or not self._stops:
                self._begin_what_is_due()
                for key, _ in self._selector.select(self._until_due_s()):
                    if key.data is None:
                        self._take_signals()
                    else:
                        self._hear(key.data)
                self._bury()
        if self._refused is not None:
            raise SetupError(self._refused)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Note signals while it runs; what they are about is done between two looks."""
        for each in (self._wakes, self._wakened):
            each.setblocking(False)
        self._selector.register(self._wakes, selectors.EVENT_READ, None)
        before = {number: signal.signal(number, lambda *_: None) for number in _CAUGHT}
        signal.set_wakeup_fd(self._wakened.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            self._wakes.close()
            self._wakened.close()

    def _take_signals(self) -> None:
        for number in self._wakes.recv(4096):
            if number in {signal.SIGINT, signal.SIGTERM} or (number == signal.SIGHUP and self._terminal.is_gone()):
                self._stop()
            elif number == signal.SIGHUP:
                self._try_settings()

    def _try_settings(self) -> None:
        """Have one child read the settings anew; the others follow if it finds them right."""
        self._trying = next(iter(self._children), None)
        if self._trying is None:
            self._on_reloaded()  # all that begin from now on
        else:
            self._children[self._trying].order(RELOAD)

    def _reloaded(self, place: int, well: bool) -> None:
        if place != self._trying:
            return
        self._trying = None
        if well:
            self._on_reloaded()
            for child in (child for other, child in self._children.items() if other != place):
                child.order(RELOAD)

    def _stop(self) -> None:
        """Have all processes drain and end; the second time, at once."""
        self._stops += 1
        if self._stops == 1:
            self._due.clear()
            self._on_stop()
        for child in self._children.values():
            child.order(STOP if self._stops == 1 else AT_ONCE)

    def _until_due_s(self) -> float | None:
        return max(min(self._due.values()) - time.monotonic(), 0.0) if self._due else None

    def _begin_what_is_due(self) -> None:
        now = time.monotonic()
        for place in [place for place, at in self._due.items() if at <= now]:
            del self._due[place]
            self._begin(place)

    def _begin(self, place: int) -> None:
        ours, theirs = socket.socketpair()
        # What comes in between would be told to the parent as its own.
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, _CAUGHT)
        try:
            pid = os.fork()
            if not pid:
                ours.close()
                self._become(place, theirs, unblocked)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        theirs.close()
        self._children[place] = _Child(pid, ours)
        self._selector.register(ours, selectors.EVENT_READ, place)

    def _become(self, place: int, channel: socket.socket, unblocked: Set[int]) -> NoReturn:
        """Let go, in the copy, of all that is the parent's, do what a child does, and end without the parent's end.

        The channels of other children are closed too: as long as one copy is open, none of them hears of the parent's
        end.
        """
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _CAUGHT:
                signal.signal(number, signal.SIG_IGN if number in _IGNORED else signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
            self._selector.close()
            for each in (self._wakes, self._wakened, *(other.channel for other in self._children.values())):
                each.close()
            code = self._child(place, Parent(channel))
        except BaseException:
            log.exception("a process ends", place=place)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _hear(self, place: int) -> None:
        child = self._children[place]
        said = child.read()
        if said is None:
            self._selector.unregister(child.channel)
            return
        for told in said:
            if told.failed is not None:
                self._failed(place, told.failed)
            elif told.addresses is not None:
                self._is_ready(place, told.addresses)
            elif told.reloaded is not None:
                self._reloaded(place, told.reloaded)

    def _is_ready(self, place: int, addresses: Addresses) -> None:
        if place in self._ready:
            log.info("a process has taken the place of one that ended", pid=self._children[place].pid, place=place)
            return
        self._ready[place] = addresses
        if len(self._ready) == 1 and not self._stops:
            self._due.update(dict.fromkeys(range(1, self._count), 0.0))
        if len(self._ready) == self._count:
            try:
                self._on_ready([self._ready[each] for each in range(self._count)])
            except HeliographError as error:
                self._failed(place, error.message, fatal=True)

    def _failed(self, place: int, sentence: str, *, fatal: bool = False) -> None:
        if fatal or len(self._ready) < self._count:
            self._refused = self._refused or sentence
            self._stop()
        else:
            log.error("a process can't start", place=place, reason=sentence)

    def _bury(self) -> None:
        """Note which processes have ended, and when others take their places."""
        for place, child in list(self._children.items()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            for told in child.read() or ():  # the last words of one that ended before they were heard
                if told.failed is not None:
                    self._failed(place, told.failed)
            if child.channel in {key.fileobj for key in self._selector.get_map().values()}:
                self._selector.unregister(child.channel)
            child.channel.close()
            del self._children[place]
            if place == self._trying:
                self._try_settings()
            if not self._stops:
                self._replace_soon(place, child, os.waitstatus_to_exitcode(status))

    def _replace_soon(self, place: int, child: _Child, code: int) -> None:
        lived_s = time.monotonic() - child.began
        was = self._waits[place]
        wait = 0.0 if lived_s >= WELL_S else min(max(was * 2, FIRST_WAIT_S), LONGEST_WAIT_S)
        self._waits[place] = wait
        self._due[place] = time.monotonic() + wait
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        log.warning("a process has ended, another takes its place", pid=child.pid, place=place, ended=how, in_s=wait)
