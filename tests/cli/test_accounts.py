"""Accounts and keys by commands, beside servers that run: on one store, and by processes that know nothing of each
other."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests import forking
from tests.cli.test_production import FILE_PROVIDER, asked, command, made, production
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.patience import HANG_S

from heliograph import Client
from heliograph.api import wire
from heliograph.store.opening import FILE_NAME

DOCUMENT = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()
IN_FORCE_S = 2.0


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A data directory of which no server has run."""
    return "--data-dir", str(tmp_path_factory.mktemp("offline") / "data")


def listed(*words: str) -> list[dict[str, Any]]:
    code, told = command(*words, "--json")
    assert code == 0, told
    found: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    return found


def test_an_account_is_made_shown_changed_billed_and_closed(where: tuple[str, str]) -> None:
    first = made("accounts", "create", "Acme", *where)
    made("accounts", "create", "Branch", "--parent", first["id"], *where)
    terms = ("--countries", "FR,BE", "--price", "FR=0.05", "--daily-messages", "100", "--quiet-hours", "20:00-08:00")
    changed: dict[str, Any] = made("accounts", "change", "Acme", *terms, *where)
    topped_up = made("accounts", "top-up", "Acme", "100", "--note", "Invoice 7", *where)
    corrected = made("accounts", "correct", "Acme", "-12.50", "--note", "Counted twice", *where)
    made("accounts", "change", "Acme", "--credit", "5", "--countries", "none", *where)
    shown: dict[str, Any] = made("accounts", "show", first["id"], *where)
    secret = made("accounts", "rotate-secret", "Acme", "--grace", "24h", *where)
    code, told = command("accounts", "close", "Acme", *where)

    assert changed["countries"] == ["BE", "FR"]
    assert (topped_up["balance"], corrected["balance"]) == ("100", "87.5")
    assert shown | {"created_at": ""} == {
        **{"id": first["id"], "name": "Acme", "created_at": "", "closed_at": None, "currency": "EUR"},
        **{"balance": "87.5", "credit": "5", "prices": {"FR": "0.05"}, "countries": None, "originators": None},
        **{"requests_per_second": None, "daily_messages": 100, "monthly_messages": None, "daily_amount": None},
        **{"monthly_amount": None, "warn_percent": 80, "quiet_hours": "20:00-08:00", "retention": None},
        "used": {"day_messages": 0},
    }
    assert secret.keys() == {"callback_secret"}
    assert code == 0
    assert "with 1 below it" in told
    closed = {each["name"]: each for each in listed("accounts", "list", *where)}
    assert closed["Branch"]["parent"] == "Acme"
    assert all(each["closed_at"] for each in closed.values())


def test_a_key_is_made_listed_rotated_and_revoked(where: tuple[str, str]) -> None:
    made("accounts", "create", "Shop", *where)
    more = ("--expires", "90d", "--networks", "10.0.0.0/8,2001:db8::/32", "--scopes", "messages:send")
    key = made("keys", "create", "--account", "Shop", *more, *where)
    rotated = made("keys", "rotate", key["id"], "--grace", "24h", *where)
    (during,) = listed("keys", "list", "--account", "Shop", *where)
    code, _ = command("keys", "revoke", key["id"], *where)
    (after,) = listed("keys", "list", "--account", "Shop", *where)
    _, table = command("keys", "list", *where)

    assert rotated["id"] == key["id"]
    assert rotated["token"] != key["token"]
    assert (during["state"], during["networks"], during["scopes"]) == (
        "good",
        ["10.0.0.0/8", "2001:db8::/32"],
        ["messages:send"],
    )
    assert during["grace_until"] < during["expires_at"]
    assert (code, after["state"]) == (0, "revoked")
    assert re.search(rf"^{key['id']}  Shop\s+native\s+{rotated['token'][:11]}\s+revoked", table, re.MULTILINE), table


def test_the_first_administrator_is_made_once_and_runs_the_installation_by_the_api(
    tmp_path: Path, start_server: StartServer
) -> None:
    data_dir = tmp_path / "data"
    key = made("init", "--data-dir", str(data_dir))
    again, told = command("init", "--data-dir", str(data_dir))
    server = start_server(data_dir, environment=production(tmp_path))
    before = listed("accounts", "list", "--data-dir", str(data_dir))

    with Client(server.url, key["token"]) as admin:
        account = admin.accounts.create("Acme")
        admin.accounts.top_up("Acme", "10", note="Invoice 7")
        shop = admin.keys.create(wire.CreateKey(account="Acme", scopes=["account", "money:read"]))
        changed = admin.accounts.change("Acme", wire.ChangeTerms(daily_messages=5, prices={"FR": "0.05"}))
        with Client(server.url, str(shop.token)) as customer:
            name = customer.account.get().name
            notes = [entry.note for entry in customer.money.ledger()]
            refused = asked(server, str(shop.token), "GET", "/accounts").json()["error"]["code"]
        rotated = admin.keys.rotate(shop.id, grace_s=60)
        listing = [(each.account, each.protocol, each.state) for each in admin.keys.list(page_size=1)]
        admin.keys.revoke(shop.id)
        state = admin.keys.get(shop.id).state
        secret = admin.accounts.rotate_callback_secret("Acme", grace_s=60)
        corrected = admin.accounts.correct("Acme", "-2.5", note="Counted twice")
        closed = admin.accounts.close(account.id, name="Acme")
        names = [each.name for each in admin.accounts.list(page_size=1)]

    assert key.keys() == {"id", "account", "token"}
    assert (again, told.count("\n")) == (2, 1)
    assert "has an administrator already" in told
    assert [each["name"] for each in before] == ["administrator"]
    assert (name, notes, refused) == ("Acme", ["Invoice 7"], "scope_missing")
    assert (changed.daily_messages, changed.prices, changed.balance) == (5, {"FR": "0.05"}, "10")
    assert rotated.id == shop.id
    assert rotated.token != shop.token
    assert listing == [("Acme", "native", "good"), ("administrator", "native", "good")]
    assert (state, corrected.balance, len(secret) > 20) == ("revoked", "7.5", True)
    assert list(closed) == [account.id]
    assert names == ["Acme", "administrator"]


def test_a_person_is_made_given_roles_changed_and_kept_out(where: tuple[str, str], tmp_path: Path) -> None:
    made("accounts", "create", "Office", *where)
    (password := tmp_path / "password").write_text("correct horse battery\r\nnot of it")
    secret = ("--password-file", str(password))
    ada: dict[str, Any] = made("init", "--email", "Ada@Example.com", *secret, *where)
    at = ("--account", "Office")
    vera = made("people", "create", "vera@example.com", "--role", "viewer", *at, *secret, *where)
    made("people", "roles", "vera@example.com", "--role", "manager", *at, *where)
    made("people", "change", vera["id"], "--email", "vera@example.org", *secret, *where)
    told = [command("people", word, "vera@example.org", *where) for word in ("disable", "enable", "disable")]
    shown: dict[str, Any] = made("people", "show", vera["id"], *where)
    _, table = command("people", "list", *where)

    assert (ada["email"], ada["roles"]) == ("ada@example.com", {"administrator": "administrator"})
    assert [code for code, _ in told] == [0, 0, 0]
    assert (shown["email"], shown["roles"]) == ("vera@example.org", {"Office": "manager"})
    assert shown["disabled_at"] is not None
    assert re.search(r"vera@example\.org\s+Office=manager\s+20", table), table


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, start_server: StartServer, postgresql: PostgresqlServer
) -> tuple[Server, Server, str]:
    """Two servers in processes of their own on one store, and the store."""
    store = postgresql.new_database()
    directory = tmp_path_factory.mktemp("pair")
    first = start_server(directory / "data", store=store, environment=production(directory))
    shared = {
        "HELIOGRAPH_SEAL_KEY": (directory / "data" / "seal.key").read_text(),
        "HELIOGRAPH_ATTACHMENTS": (directory / "data" / "attachments").as_uri(),
    }
    second = start_server(directory / "other", store=store, environment=production(directory) | shared)
    return first, second, store


@pytest.fixture
def beside(pair: tuple[Server, Server, str]) -> Callable[..., dict[str, str]]:
    """A command on the store of both servers."""
    first, _, store = pair
    return lambda *words: made(*words, "--data-dir", str(first.data_dir), store=store)


def last_let_in(server: Server, token: str, since: float) -> float:
    """How long after `since` a request began, in seconds, that was the last to be let in."""
    last = 0.0
    while True:
        began = time.monotonic()
        if asked(server, token, "GET", "/account").status_code != 200:
            return last
        last = began - since


def test_a_revoked_key_is_worth_nothing_in_any_process_within_two_seconds(
    pair: tuple[Server, Server, str], beside: Callable[..., dict[str, str]]
) -> None:
    *servers, store = pair
    beside("accounts", "create", "Revoked")
    key = beside("keys", "create", "--account", "Revoked")
    assert [asked(server, key["token"], "GET", "/account").status_code for server in servers] == [200, 200]

    code, _ = command("keys", "revoke", key["id"], "--data-dir", str(servers[0].data_dir), store=store)
    revoked = time.monotonic()

    assert code == 0
    assert all(last_let_in(server, key["token"], revoked) < IN_FORCE_S for server in servers)


def test_a_rotation_is_good_in_both_processes_and_what_it_replaces_ends_in_both(
    pair: tuple[Server, Server, str], beside: Callable[..., dict[str, str]]
) -> None:
    *servers, _ = pair
    beside("accounts", "create", "Rotated")
    first = beside("keys", "create", "--account", "Rotated")
    second = beside("keys", "rotate", first["id"], "--grace", "24h")
    during = [
        asked(server, key["token"], "GET", "/account").status_code for server in servers for key in (first, second)
    ]
    third = beside("keys", "rotate", first["id"])
    rotated = time.monotonic()

    assert during == [200] * 4
    assert all(last_let_in(server, key["token"], rotated) < IN_FORCE_S for server in servers for key in (first, second))
    assert [asked(server, third["token"], "GET", "/account").status_code for server in servers] == [200, 200]


def test_the_last_use_by_either_process_is_seen_once_they_have_stopped(
    tmp_path: Path, start_server: StartServer, postgresql: PostgresqlServer
) -> None:
    store = postgresql.new_database()
    server = start_server(tmp_path / "data", store=store, environment=production(tmp_path))
    where = ("--data-dir", str(server.data_dir))
    made("accounts", "create", "Used", *where, store=store)
    key = made("keys", "create", "--account", "Used", *where, store=store)
    asked(server, key["token"], "GET", "/account")
    server.stop()

    code, told = command("keys", "list", "--json", *where, store=store)

    assert code == 0
    assert [(each["last_used_from"], each["last_used_at"] is None) for each in map(json.loads, told.splitlines())] == [
        ("127.0.0.1", False)
    ]


def test_terms_hold_in_the_other_process_too(
    pair: tuple[Server, Server, str], beside: Callable[..., dict[str, str]]
) -> None:
    first, second, _ = pair
    beside("accounts", "create", "Capped")
    beside("accounts", "change", "Capped", "--daily-messages", "3")
    token = beside("keys", "create", "--account", "Capped")["token"]
    message = {"to": "+33612345678", "text": "Hello", "from": "Acme"}

    answers = [
        asked(server, token, "POST", "/messages", json=message).status_code for server in (first, second, first, second)
    ]
    refused = asked(second, token, "POST", "/messages", json=message).json()["error"]

    assert answers == [201, 201, 201, 402]
    assert (refused["code"], refused["message"]) == (
        "cap_reached",
        "The account may send 3 messages a day; it has sent 3 today.",
    )


def test_the_old_address_of_a_provider_is_good_until_its_grace_ends(tmp_path: Path, start_server: StartServer) -> None:
    hears = {"type": "webhook", "url": "http://127.0.0.1:9/", "json": {"to": "${to}"}}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    settings = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"out": hears}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "out",
        "HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    server = start_server(tmp_path / "data", "--port", port, environment=settings)
    renewing = ("providers", "renew", "out", "--data-dir", str(server.data_dir))

    def known(address: str) -> bool:
        return httpx2.post(address, timeout=HANG_S).status_code != 404

    def renew(*more: str) -> int:
        return forking.run(*renewing, *more, environment=os.environ | settings, timeout=HANG_S).returncode

    old = server.ready["providers"]["out"]
    before = known(old)
    graced = renew("--grace", "1h")
    during = known(old)
    ended = renew()
    renewed = time.monotonic()
    last = 0.0
    while (began := time.monotonic()) and known(old):
        last = began - renewed
    server.stop()
    address = start_server(tmp_path / "data", "--port", port, environment=settings).ready["providers"]["out"]

    assert (before, graced, during, ended) == (True, 0, True, 0)
    assert last < IN_FORCE_S
    assert address != old
    assert known(address)


def test_who_came_by_the_old_link_to_the_inbox_stays_until_its_grace_ends(start_server: StartServer) -> None:
    server = start_server()
    rotating = ("console", "rotate", "--data-dir", str(server.data_dir))
    old = server.ready["console"]["url"]
    with httpx2.Client(follow_redirects=True, timeout=HANG_S) as browser:
        first = browser.get(old).status_code
        _, path = command(*rotating, "--grace", "1h")
        during = (httpx2.get(old).status_code, browser.get(f"{server.url}/inbox").status_code)
        _, newest = command(*rotating)
        after = (httpx2.get(old).status_code, browser.get(f"{server.url}/inbox").status_code)

    assert (first, during, after) == (200, (303, 200), (401, 401))
    assert path != newest
    assert httpx2.get(server.url + newest.strip()).status_code == 303


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("accounts", "create", "Bad"), "There is an account named 'Bad' already"),
        (("accounts", "create", "New", "--parent", "Nobody"), "There is no account named 'Nobody'"),
        (("accounts", "show", "Nobody"), "`heliograph accounts list` shows all"),
        (("accounts", "change", "Bad", "--countries", "Atlantis"), "There is no country 'Atlantis'"),
        (("accounts", "change", "Bad", "--daily-messages", "many"), "`day_messages` is a whole number, or none"),
        (("accounts", "change", "Bad", "--monthly-amount", "1,5"), "A sum is written as in 12.50, not '1,5'"),
        (("accounts", "change", "Bad", "--quiet-hours", "late"), "Quiet hours are written as in 20:00-08:00"),
        (("accounts", "change", "Bad", "--retention", "all=3"), "Nothing is kept as 'all'; there are texts"),
        (("accounts", "change", "Bad", "--credit", "5"), "top it up first"),
        (("accounts", "top-up", "Bad", "-5"), "No such option"),
        (("accounts", "top-up", "Bad", "0"), "A top-up is more than nothing"),
        (("accounts", "correct", "Bad", "x", "--note", "y"), "A sum is written as in 12.50, not 'x'"),
        (("keys", "create", "--account", "Bad", "--expires", "2020-01-01"), "is over; name a time to come"),
        (("keys", "create", "--account", "Bad", "--expires", "0d"), "is over; name a time to come"),
        (("keys", "create", "--account", "Bad", "--expires", "soon"), "as in 90s, 15m, 24h or 90d, not 'soon'"),
        (("keys", "create", "--account", "Bad", "--protocol", "xms", "--scopes", "admin"), "no scope 'admin'; there"),
        (("keys", "create", "--account", "Ended"), "The account 'Ended' was closed on"),
        (("keys", "rotate", "01H"), "There is no key '01H' that is good; `heliograph keys list` shows all"),
        (("keys", "rotate", "01H", "--grace", "1w"), "as in 90s, 15m, 24h or 90d, not '1w'"),
        (("accounts", "rotate-secret", "Bad", "--grace", "400d"), "A grace is a year at most"),
        (("console", "rotate"), "There is no console in"),
        (("people", "create", "x@example.com", "--role", "viewer"), "name a file with --password-file"),
        (("people", "change", "ada@example.com", "--password-file", "nowhere"), "The file nowhere can't be read: No"),
        (("people", "change", "ada@example.com", "--email", "ada"), "as in mary@example.com, not 'ada'"),
        (("people", "roles", "nobody@example.com", "--role", "viewer"), "`heliograph people list` shows all"),
        (("people", "roles", "ada@example.com", "--role", "owner"), "'owner' is not one of 'viewer', 'sender'"),
        (("people", "roles", "ada@example.com", "--role", "none"), "is the last administrator: make another first"),
        (("people", "roles", "ada@example.com", "--role", "viewer", "--account", "Ended"), "'Ended' was closed on"),
        (("people", "disable", "ada@example.com"), "is the last administrator: make another first"),
        (("init",), "This installation has an administrator already"),
    ],
)
def test_what_cannot_be_is_told_with_exit_code_2_and_changes_nothing(
    bad: tuple[str, str], words: tuple[str, ...], told: str
) -> None:
    before = rows(Path(bad[1]))

    code, said = command(*words, *bad)

    assert code == 2
    assert told in said
    assert rows(Path(bad[1])) == before


def rows(data_dir: Path) -> list[str]:
    """All that is in a store, as statements."""
    with closing(sqlite3.connect(data_dir / FILE_NAME)) as database:
        return list(database.iterdump())


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A data directory with an open account, a closed one, and an administrator."""
    directory = tmp_path_factory.mktemp("bad")
    place = "--data-dir", str(directory / "data")
    (directory / "password").write_text("correct horse battery")
    made("init", "--email", "ada@example.com", "--password-file", str(directory / "password"), *place)
    made("accounts", "create", "Bad", *place)
    made("accounts", "create", "Ended", *place)
    command("accounts", "close", "Ended", *place)
    return place


def documented() -> Iterator[list[str]]:
    """Each command of the page, in its order."""
    for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL):
        for line in block.splitlines():
            yield shlex.split(line)


def test_the_commands_of_the_page_work_one_after_the_other(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    provider = FILE_PROVIDER | {"path": str(tmp_path / "sent.jsonl")}
    environment = os.environ | {"HELIOGRAPH_PROVIDERS": json.dumps({"out": provider})}
    where = ("--data-dir", str(server.data_dir))
    ids: list[str] = []
    for program, *words in documented():
        files = {"FILE": str(password), "audit.csv": str(tmp_path / "audit.csv")}
        named = {"ID": ids[-1] if ids else "", "NAME": "out", **files}
        words = [named.get(word, word) for word in words]
        done = forking.run(*words, *where, environment=environment, timeout=HANG_S)
        assert (program, done.returncode, done.stderr) == ("heliograph", 0, ""), words
        if words[:2] == ["keys", "create"]:
            ids += re.findall(r"01[0-9A-Z]{24}", done.stdout)

    assert len(ids) >= 4
