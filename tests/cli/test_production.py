"""A server whose way out is a real provider: there is no sandbox, and accounts and keys are made by commands."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests import forking
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph import Client

FILE_PROVIDER = {"type": "file", "path": "sent.jsonl"}


def production(directory: Path) -> dict[str, str]:
    """The settings of a server whose messages are written to a file."""
    provider = FILE_PROVIDER | {"path": str(directory / "sent.jsonl")}
    return {"HELIOGRAPH_PROVIDERS": json.dumps({"out": provider}), "HELIOGRAPH_DEFAULT_PROVIDER": "out"}


def command(*words: str, store: str = "", environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Runs `heliograph`; its exit code and what it printed."""
    more = ["--store", store] if store else []
    done = forking.run(*words, *more, environment=os.environ | (environment or {}), timeout=HANG_S)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout or done.stderr


def made(*words: str, store: str = "") -> dict[str, str]:
    code, told = command(*words, "--json", store=store)
    assert code == 0, told
    facts: dict[str, str] = json.loads(told)
    return facts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Server:
    directory = tmp_path_factory.mktemp("production")
    return start_server(directory / "data", environment=production(directory))


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    """Of an account that was made while the server runs."""
    made("accounts", "create", "Acme", "--data-dir", str(server.data_dir))
    return made("keys", "create", "--account", "Acme", "--data-dir", str(server.data_dir))["token"]


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an account in it, of which no server has run."""
    directory = tmp_path_factory.mktemp("offline") / "data"
    made("accounts", "create", "Acme", "--data-dir", str(directory))
    return directory


def asked(server: Server, token: str, method: str, path: str, **more: Any) -> httpx2.Response:
    return httpx2.request(
        method, f"{server.url}/v1{path}", headers={"Authorization": f"Bearer {token}"}, timeout=HANG_S, **more
    )


def test_nothing_of_the_sandbox_exists(server: Server, token: str) -> None:
    paths = ("/sandbox/phones", "/sandbox/chaos", "/sandbox/reception", "/sandbox/phones/+33612345678/code")

    assert [asked(server, token, "GET", path).status_code for path in paths] == [404] * len(paths)
    assert asked(server, token, "PUT", "/sandbox/chaos", json={"lost": 1}).status_code == 404
    assert "sandbox" not in httpx2.get(f"{server.url}/v1/openapi.json").text
    assert httpx2.get(f"{server.url}/inbox").status_code == 404
    assert not (server.data_dir / "sandbox-credentials.json").exists()
    assert set(server.ready["api"]) == {"base_url"}
    assert server.ready["console"] == {}
    assert server.ready["protocols"]["xms"] == {"endpoint": f"{server.url}/xms"}


def test_the_sandboxes_numbers_lead_nowhere(server: Server, token: str) -> None:
    with Client(server.url, token) as client:
        message = client.messages.wait_for_delivery(client.messages.send(to="+999500001", text="Hello").id)

    assert (message.status, message.reason) == ("rejected", "unroutable")
    assert "999500001" not in (server.data_dir.parent / "sent.jsonl").read_text()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/secret", "http://localhost/", "http://[::1]/"])
def test_callbacks_do_not_reach_this_machine(server: Server, token: str, url: str) -> None:
    answer = asked(server, token, "PATCH", "/account", json={"callback_url": url})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_callback_url"


def test_what_the_sandbox_printed_is_worth_nothing_once_it_is_off(tmp_path: Path, start_server: StartServer) -> None:
    first = start_server(tmp_path / "data")
    ready = first.ready
    smsdrop = ready["protocols"]["smsdrop"]
    login = {"username": smsdrop["email"], "password": smsdrop["password"]}
    old_session = httpx2.post(f"{smsdrop['context']}/auth/login", data=login).json()["access_token"]
    first.stop()

    second = start_server(tmp_path / "data", environment=production(tmp_path))
    answers = answers_to(second, ready, old_session)
    second.stop()
    third = start_server(tmp_path / "data", environment=production(tmp_path) | {"HELIOGRAPH_SANDBOX": "on"})

    assert answers == dict.fromkeys(answers, 401) | {"smsdrop": 400}  # its word for a wrong password
    assert third.ready["api"]["token"] == ready["api"]["token"]
    assert asked(third, ready["api"]["token"], "GET", "/account").status_code == 200
    assert "the sandbox is on beside real providers" in Path(third.log.name).read_text()


def answers_to(server: Server, ready: dict[str, Any], old_session: str) -> dict[str, int]:
    """The status that each door answers to what an earlier server printed."""
    protocols = ready["protocols"]
    xms, smscx, smsdrop, twilio = (protocols[name] for name in ("xms", "smscx", "smsdrop", "twilio"))
    basic = base64.b64encode(f"{twilio['account_sid']}:{twilio['auth_token']}".encode()).decode()
    application = base64.b64encode(f"{smscx['application_id']}:{smscx['application_secret']}".encode()).decode()
    bearer = "Authorization", "Bearer "
    requests = {
        "native": ("GET", "/v1/account", {bearer[0]: bearer[1] + ready["api"]["token"]}, None),
        "xms": ("GET", f"/xms/v1/{xms['service_plan_id']}/batches", {bearer[0]: bearer[1] + xms["token"]}, None),
        "smscx": ("GET", "/smscx/account/balance", {"X-API-Key": smscx["api_key"]}, None),
        "application": (
            "POST",
            "/smscx/oauth/token",
            {"Authorization": f"Basic {application}"},
            {"grant_type": "client_credentials"},
        ),
        "smsdrop": (
            "POST",
            "/smsdrop/auth/login",
            {},
            {"username": smsdrop["email"], "password": smsdrop["password"]},
        ),
        "session": ("GET", "/smsdrop/users/me", {bearer[0]: bearer[1] + old_session}, None),
        "twilio": (
            "GET",
            f"/2010-04-01/Accounts/{twilio['account_sid']}/Messages.json",
            {"Authorization": f"Basic {basic}"},
            None,
        ),
    }
    return {
        name: httpx2.request(method, server.url + path, headers=headers, data=form).status_code
        for name, (method, path, headers, form) in requests.items()
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    yield postgresql.new_database()


PARTS = {
    "native": {"id", "token"},
    "xms": {"id", "service_plan_id", "token"},
    "smscx": {"id", "api_key"},
    "smsdrop": {"id", "email", "password"},
    "isendpro": {"id", "keyid"},
    "twilio": {"id", "account_sid", "verify_service_sid", "auth_token"},
    "smpp": {"id", "system_id", "password"},
}


def test_accounts_and_keys_are_made_before_the_first_start_and_work(
    tmp_path: Path, start_server: StartServer, store: str
) -> None:
    where = ("--data-dir", str(tmp_path / "data"))
    account = made("accounts", "create", "Acme", *where, store=store)
    keys = {
        protocol: made("keys", "create", "--account", "Acme", "--protocol", protocol, *where, store=store)
        for protocol in PARTS
    }
    server = start_server(tmp_path / "data", store=store, environment=production(tmp_path))
    native, xms, twilio = keys["native"], keys["xms"], keys["twilio"]

    assert {protocol: set(parts) for protocol, parts in keys.items()} == PARTS
    assert asked(server, native["token"], "GET", "/account").json()["name"] == account["name"] == "Acme"
    assert (
        httpx2.get(
            f"{server.url}/xms/v1/{xms['service_plan_id']}/batches", headers={"Authorization": f"Bearer {xms['token']}"}
        ).status_code
        == 200
    )
    messages = f"{server.url}/2010-04-01/Accounts/{twilio['account_sid']}/Messages.json"
    assert httpx2.get(messages, auth=(twilio["account_sid"], twilio["auth_token"])).status_code == 200
    assert (
        httpx2.get(f"{server.url}/smscx/account/balance", headers={"X-API-Key": keys["smscx"]["api_key"]}).status_code
        == 200
    )


def test_a_key_is_ended_while_servers_run(server: Server, token: str) -> None:
    where = ("--data-dir", str(server.data_dir))
    key = made("keys", "create", "--account", "Acme", "--scopes", "messages:read", *where)
    before = asked(server, key["token"], "GET", "/messages").status_code
    narrow = asked(server, key["token"], "POST", "/messages", json={"to": "+33612345678", "text": "x"}).status_code

    code, _ = command("keys", "revoke", key["id"], *where)
    deadline = time.monotonic() + HANG_S
    while asked(server, key["token"], "GET", "/messages").status_code == 200 and time.monotonic() < deadline:
        pass

    assert (before, narrow, code) == (200, 403, 0)
    assert asked(server, key["token"], "GET", "/messages").status_code == 401
    assert asked(server, token, "GET", "/messages").status_code == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("accounts", "create", "Acme"), "There is an account named 'Acme' already"),
        (("accounts", "create", ""), "1 to 64 printable characters"),
        (("keys", "create", "--account", "Nobody"), "There is no account named 'Nobody'"),
        (("keys", "create", "--account", "Acme", "--protocol", "fax"), "There is no protocol 'fax'; there are native"),
        (("keys", "create", "--account", "Acme", "--scopes", "all"), "There is no scope 'all'; there are account"),
        (("keys", "create", "--account", "Acme", "--networks", "10.0.0.1/8"), "A network is written as in 10.1.0.0/16"),
        (("keys", "revoke", "01H"), "There is no key '01H' that is good"),
        (("providers", "renew", "paid"), "no provider named 'paid'"),
    ],
)
def test_what_a_command_cannot_do_is_one_sentence(offline: Path, words: tuple[str, ...], told: str) -> None:
    where = ("--data-dir", str(offline))

    code, said = command(*words, *where)

    assert code == 2
    assert told in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("words", [("accounts", "list"), ("keys", "create", "--account", "Acme")])
def test_commands_of_another_version_than_the_servers_are_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    where = ("--data-dir", str(tmp_path / "data"))
    made("accounts", "create", "Acme", *where)

    for schema, told in (("0001", "an older Heliograph"), ("9999", "a newer Heliograph")):
        with closing(sqlite3.connect(tmp_path / "data" / "heliograph.db")) as store, store:
            store.execute("UPDATE alembic_version SET version_num = ?", (schema,))

        code, said = command(*words, *where)
        with closing(sqlite3.connect(tmp_path / "data" / "heliograph.db")) as store:
            (left,) = store.execute("SELECT version_num FROM alembic_version").fetchone()

        assert (code, left) == (2, schema)
        assert told in said
        assert said.count("\n") == 1


def test_the_data_directory_is_for_its_owner_only(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server(tmp_path / "data")
    with server.client() as client:
        client.attachments.upload(b"GIF89a", "image/gif")
        client.messages.send(to="+33612345678", text="Hello")

    assert modes(server.data_dir) == {0o700: {"directories"}, 0o600: {"files"}}


def modes(directory: Path) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for path in (directory, *directory.rglob("*")):
        kind = "directories" if path.is_dir() else "files"
        found.setdefault(stat.S_IMODE(path.stat().st_mode), set()).add(kind)
    return found


def test_a_directory_that_was_open_to_others_is_closed_and_that_is_said(
    tmp_path: Path, start_server: StartServer
) -> None:
    first = start_server(tmp_path / "data")
    first.stop()
    first.data_dir.chmod(0o755)
    for path in first.data_dir.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)

    second = start_server(tmp_path / "data")

    assert modes(second.data_dir) == {0o700: {"directories"}, 0o600: {"files"}}
    assert "heliograph.db" in Path(second.log.name).read_text()


def test_a_directory_with_other_things_in_it_stays_open_and_the_store_does_not(
    tmp_path: Path, start_server: StartServer
) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o755)
    (tmp_path / "shared" / "notes.txt").write_text("ours")

    start_server(tmp_path / "shared")

    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "shared" / "heliograph.db").stat().st_mode) == 0o600


def test_the_store_alone_lets_nobody_act_for_an_account(server: Server, token: str) -> None:
    where = ("--data-dir", str(server.data_dir))
    twilio = made("keys", "create", "--account", "Acme", "--protocol", "twilio", *where)["auth_token"]
    application = asked(
        server, token, "POST", "/applications", json={"name": "Till", "scopes": ["messages:send"]}
    ).json()

    content = b"".join(path.read_bytes() for path in server.data_dir.glob("heliograph.db*"))

    assert application["name"].encode() in content
    assert application["secret"].encode() not in content
    assert twilio.encode() not in content


def test_another_seal_key_is_refused_in_one_sentence(offline: Path, tmp_path: Path) -> None:
    data_dir = shutil.copytree(offline, tmp_path / "data")
    (data_dir / "seal.key").unlink()

    code, told = command("accounts", "list", "--data-dir", str(data_dir))

    assert code == 2
    assert "sealed with another key" in told


def test_seal_keys_follow_each_other(offline: Path) -> None:
    old = (offline / "seal.key").read_text()
    _, new = command("keys", "seal")
    settings = {"HELIOGRAPH_SEAL_KEY": f"{new.strip()},{old}"}

    done = forking.run(
        "accounts", "list", "--data-dir", str(offline), environment=os.environ | settings, timeout=HANG_S
    )

    assert done.returncode == 0, done.stderr


def test_each_provider_has_an_address_of_its_own_and_one_changes_alone(
    tmp_path: Path, start_server: StartServer
) -> None:
    provider = FILE_PROVIDER | {"path": str(tmp_path / "sent.jsonl")}
    settings = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"one": provider, "two": provider}),
        "HELIOGRAPH_PUBLIC_URL": "https://sms.example.org",
    }
    first = start_server(tmp_path / "data", environment=settings)
    before = first.ready["providers"]
    first.stop()

    renewing = ("providers", "renew", "one", "--data-dir", str(tmp_path / "data"))
    done = forking.run(*renewing, environment=os.environ | settings, timeout=HANG_S)
    after = start_server(tmp_path / "data", environment=settings).ready["providers"]

    assert done.returncode == 0, done.stderr
    assert before["one"].split("/")[-1] != before["two"].split("/")[-1]
    assert after["one"] != before["one"]
    assert after["two"] == before["two"]


def test_the_networks_behaviour_is_changed_by_the_first_account_only(start_server: StartServer) -> None:
    server = start_server()
    other = server.ready["api"]["other"]["token"]

    assert asked(server, other, "GET", "/sandbox/chaos").status_code == 200
    assert asked(server, other, "PUT", "/sandbox/chaos", json={"lost": 1}).status_code == 403
    assert asked(server, server.token, "PUT", "/sandbox/chaos", json={"lost": 0}).status_code == 200


def test_customers_are_told_a_reason_and_a_code_and_nothing_that_a_provider_says(
    tmp_path: Path, start_server: StartServer
) -> None:
    words = b'{"code": "E7", "said": "no route by http://someone:Pa55word@10.0.0.7/smpp"}'
    far, customer = Listener(400, words, "application/json"), Listener()
    provider = {
        "type": "webhook",
        "url": far.url,
        "json": {"to": "${to}"},
        "code": "code",
        "detail": "said",
        "headers": {"Authorization": "Bearer Pa55word"},
    }
    settings = {"HELIOGRAPH_PROVIDERS": json.dumps({"out": provider}), "HELIOGRAPH_DEFAULT_PROVIDER": "out"}
    server = start_server(tmp_path / "data", environment=settings | {"HELIOGRAPH_CALLBACK_NETWORKS": "127.0.0.0/8"})
    made("accounts", "create", "Acme", "--data-dir", str(server.data_dir))
    token = made("keys", "create", "--account", "Acme", "--data-dir", str(server.data_dir))["token"]
    try:
        sent = asked(
            server,
            token,
            "POST",
            "/batches",
            json={
                "to": ["+33612345678"],
                "text": "Hi",
                "from": "Acme",
                "report": "per_recipient",
                "callback_url": customer.url,
            },
        )
        told = customer.next()
        (message,) = asked(server, token, "GET", f"/messages?batch_id={sent.json()['id']}").json()["items"]
        attempts = asked(server, token, "GET", f"/messages/{message['id']}/attempts").json()
        waiting = asked(server, token, "GET", f"/messages/{message['id']}/why").json()
    finally:
        server.stop()
        far.close()
        customer.close()

    assert (message["reason"], message["provider_code"]) == ("provider_refused", "E7")
    assert message["explanation"] == "The provider refused it for good."
    assert [each["detail"] for each in attempts["items"]] == ["The provider refused it for good."]
    for answer in (told, message, attempts, waiting):
        assert not [word for word in ("Pa55word", "10.0.0.7", far.origin) if word in json.dumps(answer)]


def test_what_bounds_an_accounts_codes_is_agreed_by_a_command(server: Server, token: str) -> None:
    def start(number: str) -> httpx2.Response:
        return asked(server, token, "POST", "/verifications", json={"to": number, "from": "Acme"})

    def agree(*options: str) -> tuple[int, str]:
        return command("accounts", "codes", "Acme", *options, "--data-dir", str(server.data_dir))

    first = start("+33899123456")
    agreed = agree("--kinds", "premium", "--countries", "fr", "--per-day", "1")
    deadline = time.monotonic() + HANG_S
    while (second := start("+33899123456")).status_code == 403:
        assert time.monotonic() < deadline
    third, elsewhere = start("+33612345678"), start("+32470123456")

    assert (first.status_code, first.json()["error"]["code"]) == (403, "codes_refused")
    assert agreed[0] == 0
    assert second.status_code == 201
    assert (third.status_code, third.json()["error"]["code"]) == (429, "too_many_codes")
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (403, "codes_refused")
    assert agree("--kinds", "cheap")[0] != 0
