"""The commands, as a person types them."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests import forking
from tests.patience import HANG_S

from heliograph.api import wire

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer


def heliograph(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return forking.run(*arguments, environment=os.environ | {"COLUMNS": "200"} | environment, timeout=HANG_S)


def test_send_waits_for_the_receipt(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()

    done = heliograph("send", number, "Hello", "--data-dir", str(server.data_dir))

    assert done.returncode == 0, done.stderr
    assert f"to {number}: delivered" in done.stdout


def test_send_says_why_a_message_was_not_delivered(server: Server) -> None:
    done = heliograph("send", "+99920009", "Hello", "--url", server.url, "--token", server.token)

    assert done.returncode == 1
    assert "rejected" in done.stdout
    assert "The provider refused it for good." in done.stdout


def test_send_takes_a_template_and_what_its_names_stand_for(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    where = ("--data-dir", str(server.data_dir))
    with server.client() as client:
        kept = client.templates.create("${greeting}, ${first_name}", name=f"Greeting {number[-6:]}")
        group = client.groups.create()
        client.contacts.add(group.id, [wire.NewContact(number=number, first_name="Ada")])

        done = heliograph("send", number, "--template", kept.name, "--parameter", "greeting=a = b", *where)
        text = client.sandbox.wait_for_message(number).text
    wrong = heliograph("send", number, "Hello", "--parameter", "greeting", *where)
    neither = heliograph("send", number, *where)

    assert done.returncode == 0, done.stderr
    assert text == "a = b, Ada"
    assert (wrong.returncode, "'greeting' is not NAME=VALUE" in wrong.stderr) == (2, True)
    assert (neither.returncode, "either a text" in neither.stderr) == (2, True)


def test_a_wrong_number_is_one_sentence_and_exit_code_two(server: Server) -> None:
    done = heliograph("send", "hello", "Hello", "--data-dir", str(server.data_dir))

    assert done.returncode == 2
    assert "Not a phone number: 'hello'" in done.stderr
    assert "Write numbers in international form" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_and_list_show_messages(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        message = client.messages.send(to=number, text="Look [bold]here[/bold]")
        client.messages.wait_for_delivery(message.id)

    shown = heliograph("status", message.id, "--data-dir", str(server.data_dir))
    listed = heliograph("list", "--to", number, "--data-dir", str(server.data_dir))

    assert "delivered" in shown.stdout
    assert message.id in listed.stdout
    assert "[bold]here[/bold]" in listed.stdout


def test_without_a_server_the_command_says_how_to_start_one(tmp_path: Path) -> None:
    done = heliograph("send", "+33612345678", "Hello", "--data-dir", str(tmp_path))

    assert done.returncode == 2
    assert "heliograph serve" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["send", "+33612345678", "x", "--url", "http://127.0.0.1:1", "--token", "t"], "can't be reached"),
        (["send", "+33612345678", "x", "--url", "localhost", "--token", "t"], "can't be reached"),
        (["send", "+33612345678", "x", "--url", "http://localhost:port", "--token", "t"], "is not an address"),
        (["list", "--url", "http://127.0.0.1:1", "--token", "clé"], "characters that no token has"),
    ],
    ids=["nobody there", "no scheme", "no address", "no token"],
)
def test_a_server_that_cannot_be_asked_is_one_sentence(arguments: list[str], words: str) -> None:
    done = heliograph(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pause", "unknown"], "There is no batch unknown"),
        (["status", "unknown"], "There is no message unknown in this account."),
    ],
)
def test_what_the_server_refuses_is_one_sentence(server: Server, arguments: list[str], words: str) -> None:
    done = heliograph(*arguments, "--url", server.url, "--token", server.token)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_send_need_not_wait(server: Server) -> None:
    done = heliograph("send", "+99950001", "Hello", "--wait", "0", "--from", "Acme", "--data-dir", str(server.data_dir))

    assert (done.returncode, done.stderr) == (0, "")
    with server.client() as client:
        message = next(iter(client.messages.list(to="+99950001", page_size=1)))
    assert message.id in done.stdout
    assert message.originator == "Acme"


@pytest.mark.parametrize("arguments", [[], ["dance"], ["send"], ["serve", "--port", "many"]])
def test_a_command_that_is_none_is_answered_with_the_usage(arguments: list[str]) -> None:
    done = heliograph(*arguments)

    assert done.returncode == 2
    assert "Usage" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_config_shows_every_setting_and_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text("port = 9000\nlease_s = 5\n")

    done = heliograph(
        "config", "--config", str(file), HELIOGRAPH_LEASE_S="7", HELIOGRAPH_STORE="postgresql://u:secret@h/d"
    )

    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:] if line.strip()}
    assert str(file)[:10] in rows["port"] and "9000" in rows["port"]
    assert "7.0" in rows["lease_s"] and "HELIOGRAPH_LEASE_S" in rows["lease_s"]
    assert "(set)" in rows["store"]
    assert "secret" not in done.stdout


def test_the_version_is_told() -> None:
    from heliograph import __version__

    assert heliograph("--version").stdout.strip() == f"heliograph {__version__}"


@pytest.fixture
def taken_port() -> int:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port: int = listener.getsockname()[1]
    yield port
    listener.close()


def refused(*arguments: str, **environment: str) -> str:
    """The one sentence on standard error of a server that can't start."""
    done = heliograph("serve", *arguments, **environment)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_taken_port_is_named(tmp_path: Path, taken_port: int) -> None:
    told = refused("--data-dir", str(tmp_path), "--port", str(taken_port))

    assert f"Port {taken_port} of 127.0.0.1 cannot be used" in told
    assert "--port" in told


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = refused("--data-dir", str(tmp_path / "file" / "x"), "--port", "0")

    assert f"{tmp_path / 'file' / 'x'} is not writable" in told
    assert "--data-dir" in told


def test_a_store_of_a_newer_version_is_named(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server(tmp_path / "data")
    server.stop()
    with sqlite3.connect(tmp_path / "data" / "heliograph.db") as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    store.close()

    told = refused("--data-dir", str(tmp_path / "data"), "--port", "0")

    assert "newer Heliograph" in told
    assert "Install that version" in told


def test_all_mistakes_in_the_settings_are_told_together_each_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text('prot = 1\nwindow = 0\nlog_level = "loud"\ncallback_networks = ["x"]\n')

    told = refused("--config", str(file), HELIOGRAPH_PORT="many")

    assert f"{file}: there is no setting `prot`; did you mean `port`?" in told
    assert f"{file}: window must be at least 1, not 0" in told
    assert 'environment variable HELIOGRAPH_PORT: port must be a whole number, not "many"' in told
    assert "callback_networks must be a list of networks" in told
    assert "log_level must be one of" in told


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("= 1", "is not TOML")])
def test_a_settings_file_that_is_none_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "heliograph.toml"
    if content is not None:
        file.write_text(content)

    assert words in refused("--config", str(file))


def test_stopping_and_starting_again_finds_everything(
    tmp_path: Path, start_server: StartServer, new_number: Callable[[], str]
) -> None:
    first = start_server(tmp_path / "data")
    with first.client() as client:
        sent = client.messages.send(to=new_number(), text="Hello")
        later = client.batches.send(to=["+99940001"], text="Slow")
    stopped = first.stop()

    second = start_server(tmp_path / "data")
    with second.client() as client:
        message = client.messages.wait_for_delivery(sent.id)
        slow = next(iter(client.messages.list(batch_id=later.id)))
        client.messages.wait_for_delivery(slow.id)

    assert stopped == 0
    assert message.text == "Hello"
    assert second.token == first.token
    assert second.ready["protocols"]["xms"]["token"] == first.ready["protocols"]["xms"]["token"]
    assert second.ready["console"]["url"].split("/login")[1] == first.ready["console"]["url"].split("/login")[1]


def test_stopping_waits_for_nobody_who_looks_at_the_inbox(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server(tmp_path / "data")
    with httpx2.Client(base_url=server.url) as browser:
        browser.get(server.ready["console"]["url"])
        with browser.stream("GET", "/inbox/events") as events:
            lines = events.iter_lines()
            first = next(lines)

            stopped = server.stop()
            rest = list(lines)

    assert first == "event: contacts"
    assert rest[-1] == ""
    assert stopped == 0
    assert Path(server.log.name).read_text() == ""


def test_the_ready_file_says_all_that_a_test_suite_needs(server: Server) -> None:
    ready = server.ready

    assert set(ready) == {"base_url", "api", "console", "protocols", "providers"}
    assert ready["api"]["base_url"] == f"{server.url}/v1"
    assert ready["protocols"]["xms"]["endpoint"] == f"{server.url}/xms"
    assert set(ready["protocols"]["xms"]) == {"endpoint", "service_plan_id", "token", "other"}
    assert set(ready["protocols"]["xms"]["other"]) == {"service_plan_id", "token"}
    assert ready["providers"] == {}
    assert json.dumps(ready)


NO_SECRETS = {
    "base_url",
    "endpoint",
    "host",
    "port",
    "context",
    "email",
    "service_plan_id",
    "application_id",
    "system_id",
}


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """What of a ready file opens something: all values but addresses and names."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from secrets_in(each, key)
    elif name == "url":
        yield value.partition("?key=")[2]
    elif name not in NO_SECRETS and not name.endswith("_sid"):
        yield value


def test_the_banner_has_the_addresses_and_the_file_with_the_credentials(server: Server) -> None:
    """Its output is a pipe here, as it is for a service manager, whose log others read."""
    banner = "".join(server.banner)
    file = server.data_dir.parent / f"{server.data_dir.name}.ready.json"
    secrets = list(secrets_in(server.ready))

    assert f"{server.url}/v1   token ***" in banner
    assert server.ready["protocols"]["xms"]["service_plan_id"] in banner
    assert f"stands in {file}," in banner
    assert len(secrets) == 19
    assert [secret for secret in secrets if secret in banner] == []


def at_a_terminal(directory: Path, environment: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """What a server says whose output is a terminal, and its connection file; it is stopped again."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 60))  # narrower than the lines
    process = subprocess.Popen(
        [sys.executable, "-m", "heliograph", "serve", "--data-dir", str(directory), "--port", "0"],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    os.close(theirs)
    with os.fdopen(ours) as terminal:
        told = ""
        while "client.messages.send" not in told and process.poll() is None:
            told += terminal.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=HANG_S)
    return told, json.loads((directory / "connection.json").read_bytes())


def test_a_person_at_a_terminal_sees_all_that_is_needed_to_begin(tmp_path: Path) -> None:
    banner, connection = at_a_terminal(tmp_path / "data", {})
    protocols = connection["protocols"]

    assert connection["console"]["url"] in banner
    assert f'Client("{connection["base_url"]}", "{connection["api"]["token"]}")' in banner
    for name in ("xms", "smscx", "smsdrop", "isendpro", "twilio", "smpp"):
        assert any(secret in banner for secret in secrets_in(protocols[name])), name
    assert "***" not in banner


def test_a_terminal_is_told_no_credentials_either_where_messages_go_by_a_real_provider(tmp_path: Path) -> None:
    banner, connection = at_a_terminal(
        tmp_path / "data",
        {
            "HELIOGRAPH_SANDBOX": "on",
            "HELIOGRAPH_PROVIDERS": json.dumps({"out": {"type": "file", "path": str(tmp_path / "sent.jsonl")}}),
            "HELIOGRAPH_DEFAULT_PROVIDER": "out",
        },
    )

    assert f"stands in {tmp_path / 'data' / 'connection.json'}," in banner
    assert [secret for secret in secrets_in(connection) if secret in banner] == []


def test_secrets_are_readable_by_their_owner_only(server: Server) -> None:
    for name in ("sandbox-credentials.json", "connection.json", "seal.key"):
        assert stat.S_IMODE((server.data_dir / name).stat().st_mode) == 0o600, name


def test_no_secret_and_no_text_reaches_the_log(server: Server, new_number: Callable[[], str]) -> None:
    with server.client() as client:
        client.messages.wait_for_delivery(client.messages.send(to=new_number(), text="confidential words").id)

    log = Path(server.log.name).read_text()

    assert server.token not in log
    assert "confidential words" not in log
