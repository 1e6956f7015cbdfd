"""SIGHUP: providers, routes and prices are read anew, all of what is written or nothing of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from tests.cli.test_production import command
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.durability.test_several_processes import pids
from tests.patience import HANG_S, once_found

OLD_STAY = "The providers, routes and prices that were read before stay in force."
ANEW = "providers, routes and prices were read anew"


class Reloaded(NamedTuple):
    """A server, and the settings file that it reads anew."""

    server: Server
    file: Path

    def reload(self, text: str) -> None:
        self.file.write_text(text)
        self.server.process.send_signal(signal.SIGHUP)

    def log(self) -> str:
        return Path(self.server.log.name).read_text()

    def way_of(self, number: str) -> str:
        """The provider by which a message to a number has gone."""
        with self.server.client() as client:
            found = client.messages.send(to=number, text="x")
            while found.provider is None:
                found = client.messages.get(found.id)
            return found.provider


def settings(directory: Path, smsc: Server) -> str:
    at = smsc.ready["protocols"]["smpp"]
    return f"""
sandbox = "on"
default_provider = "out"

[providers.out]
type = "file"
path = "{directory / "out.jsonl"}"

[providers.far]
type = "smpp"
hosts = ["{at["host"]}:{at["port"]}"]
system_id = "{at["system_id"]}"
password = "{at["password"]}"

[prices]
currency = "EUR"
sms = {{ default = 0.05 }}

[[routes]]
name = "germany"
country = "DE"
providers = ["far", "out"]
"""


@pytest.fixture(scope="module")
def smsc(start_server: StartServer) -> Server:
    """The server at which the provider `far` is bound."""
    return start_server()


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer, smsc: Server) -> Reloaded:
    directory = tmp_path_factory.mktemp("reloaded")
    file = directory / "heliograph.toml"
    file.write_text(settings(directory, smsc))
    reloaded = Reloaded(start_server(directory / "data", "--config", str(file)), file)
    assert reloaded.way_of("+4915112345678") == "far"
    return reloaded


def administered(server: Server, store: str) -> list[tuple[str, str, str]]:
    """What was done to providers, routes and prices, oldest first: to what, and what it is now."""
    _, told = command("audit", "list", "--data-dir", str(server.data_dir), "--json", "--limit", "1000", store=store)
    found = [(each["action"], each["object"], each["after"]) for each in map(json.loads, told.splitlines())]
    return [
        (action, name, json.dumps(after, separators=(",", ":")) if isinstance(after, dict) else after)
        for action, name, after in reversed(found)
        if action.partition(".")[0] in {"provider", "routing", "prices"}
    ]


def kept(reloaded: Reloaded) -> list[list[object]]:
    """What the store has of providers, and of what was administered."""
    with closing(sqlite3.connect(f"file:{reloaded.server.data_dir / 'heliograph.db'}?mode=ro", uri=True)) as store:
        queries = ("SELECT name, value FROM settings ORDER BY name", "SELECT seq, hash FROM audit ORDER BY seq")
        return [store.execute(query).fetchall() for query in queries]


def binds(smsc: Server) -> set[str]:
    """The connections to the SMSC, by the port that each comes from."""
    port = f":{smsc.ready['protocols']['smpp']['port']:04X}"
    connections = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {here for here, there, state in connections if there.endswith(port) and state == "01"}


def price_of(reloaded: Reloaded, number: str) -> str:
    with reloaded.server.client() as client:
        sent = client.messages.send(to=number, text="x")
        return str(client.messages.get(sent.id).price)


NEW = '\n[providers.new]\ntype = "file"\npath = "{directory}/new.jsonl"\n'
WRONG = {
    "no TOML": (lambda right: right + "[[routes", "is not TOML"),
    "a setting that is none": (lambda right: "colour = 1\n" + right, "there is no setting `colour`"),
    "a provider of no type": (lambda right: right + '[providers.new]\ntype = "fax"\n', "providers.new.type must be"),
    "a provider without what it needs": (lambda right: right + '[providers.new]\ntype = "file"\n', "new.path must be"),
    "a provider in a directory that is none": (
        lambda right: right + '[providers.new]\ntype = "file"\npath = "/none/x"\n',
        "must be in a directory that is there",
    ),
    "a provider for an account that is none": (
        lambda right: right + NEW + 'account = "Nobody"\n',
        "The provider `new` is for an account that does not exist: 'Nobody'",
    ),
    "a provider that can't be started": (
        lambda right: (
            right + NEW + '[providers.tls]\ntype = "smpp"\nhosts = ["127.0.0.1:1"]\nsystem_id = "x"\npassword = "y"\n'
            'tls = true\ntls_ca = "{directory}/heliograph.toml"\n'
        ),
        "The provider `tls` can't be started",
    ),
    "a route to a provider that is none": (
        lambda right: right + NEW + '[[routes]]\nproviders = ["new", "newer"]\n',
        "routes[2].providers",
    ),
    "a route of an account that is none": (
        lambda right: right + NEW + '[[routes]]\naccount = "Nobody else"\nproviders = ["new"]\n',
        "is for an account that does not exist: 'Nobody else'",
    ),
    "a default that is none": (
        lambda right: right.replace('default_provider = "out"', 'default_provider = "gone"'),
        'default_provider must be the name of a table [providers.NAME], or sandbox, not "gone"',
    ),
    "a currency that is none": (lambda right: right.replace("EUR", "euro"), "prices.currency must be"),
    "a price below nothing": (lambda right: right.replace("0.05", "-0.05"), "prices.sms.default must be a price"),
    "a sandbox that would be gone": (
        lambda right: right.replace('sandbox = "on"', 'sandbox = "off"') + NEW,
        "There would be no sandbox any more",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_sentence_and_leaves_nothing_behind(
    reloaded: Reloaded, smsc: Server, case: str
) -> None:
    change: Callable[[str], str]
    change, told = WRONG[case]
    right = settings(reloaded.file.parent, smsc)
    before, bound, sentences = kept(reloaded), binds(smsc), reloaded.log().count(OLD_STAY)

    reloaded.reload(change(right).replace("{directory}", str(reloaded.file.parent)))
    reloaded.server.wait_until_logged(told)

    assert reloaded.log().count(OLD_STAY) == sentences + 1
    assert "Traceback" not in reloaded.log()
    assert reloaded.way_of("+33612345678") == "out"
    assert kept(reloaded) == before
    assert set() < binds(smsc) <= bound  # the provider's check at the start has bound, too, for a moment


def test_what_is_right_is_in_force_for_the_next_message_and_binds_stay(reloaded: Reloaded, smsc: Server) -> None:
    right, bound = settings(reloaded.file.parent, smsc), binds(smsc)

    changed = right.replace('default_provider = "out"', 'default_provider = "new"\nwindow = 5')
    changed = changed.replace('password = "', 'rate = 1000\npassword = "').replace("0.05", "0.07")
    reloaded.reload(changed + NEW.replace("{directory}", str(reloaded.file.parent)))
    reloaded.server.wait_until_logged(ANEW)

    assert reloaded.way_of("+33612345678") == "new"
    assert reloaded.way_of("+4915112345678") == "far"
    assert set() < binds(smsc) <= bound
    assert price_of(reloaded, "+33612345678") == "0.07"
    assert "The setting `window` is another now, and is in force from the next start on." in reloaded.log()
    assert administered(reloaded.server, "") == [
        ("provider.added", "far", "{}"),
        ("provider.added", "out", "{}"),
        ("routing.changed", "routes", '{"default_provider":"out","lookup_provider":"","routes":["germany"]}'),
        ("prices.changed", "prices", '{"currency":"EUR"}'),
        ("provider.changed", "far", '{"fields":["rate"]}'),
        ("provider.added", "new", "{}"),
        ("routing.changed", "routes", '{"default_provider":"new","lookup_provider":"","routes":["germany"]}'),
        ("prices.changed", "prices", '{"currency":"EUR"}'),
    ]


def test_a_profile_that_says_something_else_is_noticed_and_binds_anew(reloaded: Reloaded, smsc: Server) -> None:
    profile = reloaded.file.with_name("profile.toml")
    text = settings(reloaded.file.parent, smsc).replace("hosts =", f'profile = "{profile}"\nhosts =')

    for says in ('alphabet_0 = "gsm"', 'alphabet_0 = "latin1"'):
        bound = binds(smsc)
        profile.write_text(says)
        reloaded.reload(text)
        assert once_found(lambda bound=bound: (found := binds(smsc)) and not found & bound), says  # type: ignore[misc]

    assert reloaded.way_of("+4915112345678") == "far"


def test_what_is_on_its_way_ends_by_the_provider_that_is_no_more(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    new = f'[providers.new]\ntype = "file"\npath = "{tmp_path}/new.jsonl"\n'
    with socket.create_server(("127.0.0.1", 0)) as slow:
        slow.settimeout(HANG_S)
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/"
        old = f'[providers.old]\ntype = "webhook"\nurl = "{url}"\nform = {{ text = "${{text}}" }}\n'
        file.write_text(f'sandbox = "on"\ndefault_provider = "old"\n{old}')
        reloaded = Reloaded(start_server(tmp_path / "data", "--config", str(file)), file)
        with reloaded.server.client() as client:
            early = client.messages.send(to="+33612345678", text="x")
            asking, _ = slow.accept()
            asking.recv(65_536)
            reloaded.reload(f'sandbox = "on"\ndefault_provider = "new"\n{new}')
            reloaded.server.wait_until_logged(ANEW)
            late = reloaded.way_of("+33612345679")
            before = client.messages.get(early.id).status
            with asking:
                asking.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                while (ended := client.messages.get(early.id)).status == "sending":
                    pass
    said = reloaded.server.stop()

    assert late == "new"
    assert before == "sending"
    assert (ended.status, ended.provider) == ("sent", "old")
    assert said == 0
    assert "Traceback" not in reloaded.log()


def test_all_processes_of_a_command_read_anew_what_one_has_found_right(
    start_server: StartServer, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    store = postgresql.new_database()
    file = tmp_path / "heliograph.toml"
    out, new = (f'[providers.{name}]\ntype = "file"\npath = "{tmp_path / name}.jsonl"\n' for name in ("out", "new"))
    file.write_text(f'sandbox = "on"\ndefault_provider = "out"\n{out}')
    options = ("--config", str(file), "--processes", "2")
    server = start_server(tmp_path / "data", *options, store=store, environment={"HELIOGRAPH_MONITOR": "127.0.0.1:0"})
    reloaded = Reloaded(server, file)

    reloaded.reload(f'default_provider = "gone"\nsandbox = "on"\n{out}')
    server.wait_until_logged(OLD_STAY)
    reloaded.reload(f'default_provider = "new"\nsandbox = "on"\n{new}')
    while any('provider="new"' not in httpx2.get(f"{each}/metrics").text for each in server.ready["monitors"]):
        pass
    os.kill(pids(server, store)[1], signal.SIGKILL)
    server.wait_until_logged("a process has taken the place of one that ended")
    knows = ['provider="new"' in httpx2.get(f"{each}/metrics").text for each in server.ready["monitors"]]

    assert reloaded.log().count(OLD_STAY) == 1
    assert reloaded.log().count(ANEW) == 2
    assert knows == [True, True]
    assert [reloaded.way_of(f"+3361234567{last}") for last in range(4)] == ["new"] * 4
    assert administered(server, store) == [
        ("provider.added", "out", "{}"),
        ("routing.changed", "routes", '{"default_provider":"out","lookup_provider":"","routes":[]}'),
        ("provider.added", "new", "{}"),
        ("provider.removed", "out", "{}"),
        ("routing.changed", "routes", '{"default_provider":"new","lookup_provider":"","routes":[]}'),
    ]
