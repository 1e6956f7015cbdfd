"""Processes that share a store: `heliograph api` and `heliograph worker`, and what they must have alike."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx2
import pytest
from tests.cli.test_production import command, production
from tests.conftest import PostgresqlServer, StartServer
from tests.patience import HANG_S

from heliograph import Client

KEY = "q3J5v0c1V2s3dGhpcyBpcyBhIHNlYWwga2V5ISEhMTI="


@pytest.mark.parametrize("role", ["api", "worker"])
def test_the_embedded_store_has_one_process(tmp_path: Path, role: str) -> None:
    code, told = command(role, "--data-dir", str(tmp_path))

    assert (code, told.count("\n")) == (2, 1)
    assert f"`heliograph {role}` shares a PostgreSQL store" in told
    assert "`heliograph serve`" in told
    assert list(tmp_path.iterdir()) == []


def test_several_processes_of_a_command_are_refused_on_the_embedded_store(tmp_path: Path) -> None:
    code, told = command("serve", "--data-dir", str(tmp_path), "--processes", "2")

    assert (code, told.count("\n")) == (2, 1)
    assert "Several processes (2) share a PostgreSQL store, and the setting `store` names none" in told
    assert list(tmp_path.iterdir()) == []


def test_what_keeps_the_processes_of_a_command_from_starting_is_one_sentence(tmp_path: Path) -> None:
    nobody = "postgresql://u:secret@127.0.0.1:1/x"
    code, told = command("serve", "--data-dir", str(tmp_path), "--port", "0", "--processes", "3", store=nobody)

    assert (code, told.count("heliograph: ")) == (2, 1)
    assert "postgresql://u:***@127.0.0.1:1/x cannot be opened" in told


class Pair:
    """Two API processes and two workers on one store, each with a data directory of its own."""

    def __init__(self, directory: Path, start: StartServer, store: str) -> None:
        (directory / "files").mkdir()
        self.store = store
        self.environment = {
            "HELIOGRAPH_SEAL_KEY": KEY,
            "HELIOGRAPH_ATTACHMENTS": (directory / "files").as_uri(),
        }
        self.apis, self.workers = (
            [
                start(directory / f"{role}{place}", store=store, environment=self.environment, role=role)
                for place in range(2)
            ]
            for role in ("api", "worker")
        )

    def command(self, *words: str) -> tuple[int, str]:
        """Runs `heliograph` on the store."""
        data_dir = str(self.workers[0].data_dir)
        return command(*words, "--data-dir", data_dir, store=self.store, environment=self.environment)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer, postgresql: PostgresqlServer) -> Pair:
    return Pair(tmp_path_factory.mktemp("pair"), start_server, postgresql.new_database())


def test_every_credential_is_good_at_each_process(pair: Pair) -> None:
    one, other = (api.ready for api in pair.apis)

    def secrets_of(ready: dict[str, object]) -> str:
        return re.sub(r":\d{4,5}\b|\"port\": \d+", "", json.dumps(ready))

    assert secrets_of(one) == secrets_of(other)
    for api in pair.apis:
        with Client(api.url, pair.apis[0].token) as client:
            assert client.account.get().name == "sandbox"


def test_a_session_of_the_inbox_is_good_at_each_process(pair: Pair) -> None:
    one, other = pair.apis
    with httpx2.Client(timeout=HANG_S, follow_redirects=False) as browser:
        answer = browser.get(one.ready["console"]["url"])
        cookies = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        seen = [browser.get(f"{api.url}/inbox", headers=cookies).status_code for api in (one, other) * 2]

    assert seen == [200] * 4


def test_a_new_link_of_the_inbox_is_in_force_at_each_process_at_once(pair: Pair) -> None:
    old = pair.apis[0].ready["console"]["url"].partition("/login")[2]
    code, path = pair.command("console", "rotate", "--grace", "1h")
    with httpx2.Client(timeout=HANG_S, follow_redirects=False) as browser:
        seen = [
            browser.get(f"{api.url}{each}").status_code for api in pair.apis for each in (path.strip(), f"/login{old}")
        ]

    assert code == 0, path
    assert seen == [303] * 4


def test_what_one_process_accepts_a_worker_sends_and_another_process_shows(pair: Pair) -> None:
    one, other = pair.apis
    with one.client() as here, other.client() as there:
        sent = here.messages.send(to="+33655000001", text="Hello")
        there.messages.wait_for_delivery(sent.id, timeout_s=HANG_S)
        shown = there.sandbox.wait_for_message("+33655000001", timeout_s=HANG_S)

    assert shown.text == "Hello"


def test_the_processes_are_listed_and_one_worker_leads(pair: Pair) -> None:
    code, told = pair.command("processes", "--json")
    found = [json.loads(line) for line in told.splitlines()]

    assert code == 0
    assert {(each["role"], each["pid"]) for each in found} == {
        *(("api", api.process.pid) for api in pair.apis),
        *(("worker", worker.process.pid) for worker in pair.workers),
    }
    assert [each["role"] for each in found if each["leads"]] == ["worker"]


def refused(pair: Pair, directory: Path, start: StartServer, environment: dict[str, str]) -> str:
    """The one sentence of a process that must not run beside the pair."""
    with pytest.raises(RuntimeError) as raised:
        start(directory / "third", store=pair.store, environment=pair.environment | environment, role="api")
    told = str(raised.value).removeprefix("the server did not start: ")
    (sentence,) = [line for line in told.splitlines() if line.startswith("heliograph: ")]
    return sentence


def test_a_process_with_another_seal_key_does_not_start(pair: Pair, tmp_path: Path, start_server: StartServer) -> None:
    told = refused(pair, tmp_path, start_server, {"HELIOGRAPH_SEAL_KEY": ""})

    assert "give all processes the same `seal_key`" in told


def test_a_process_that_keeps_files_elsewhere_does_not_start(
    pair: Pair, tmp_path: Path, start_server: StartServer
) -> None:
    told = refused(pair, tmp_path, start_server, {"HELIOGRAPH_ATTACHMENTS": ""})

    assert "The setting `attachments` is not what it is for process" in told
    assert any(f"process {api.process.pid} on " in told for api in pair.apis)


def test_a_process_without_the_sandbox_that_others_have_does_not_start(
    pair: Pair, tmp_path: Path, start_server: StartServer
) -> None:
    told = refused(pair, tmp_path, start_server, production(tmp_path) | {"HELIOGRAPH_SANDBOX": "off"})

    assert "The setting `sandbox` is not what it is for process" in told
    with pair.apis[0].client() as client:
        assert client.account.get().name == "sandbox"


def test_what_else_differs_is_said_in_the_log_of_both(pair: Pair, tmp_path: Path, start_server: StartServer) -> None:
    prices = {"HELIOGRAPH_PRICES": json.dumps({"currency": "EUR", "sms": {"default": 0.731924}})}
    third = start_server(tmp_path / "third", store=pair.store, environment=pair.environment | prices, role="worker")
    said = "The setting `prices` is not what it is for process"
    third.wait_until_logged(said)
    for other in (*pair.apis, *pair.workers):
        other.wait_until_logged(f"{said} {third.process.pid} on ")
    third.stop()

    assert "731924" not in Path(third.log.name).read_text()


def test_a_link_of_the_inbox_that_an_earlier_version_kept_in_a_file_stays_good(
    tmp_path: Path, start_server: StartServer
) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "console.key"
    file.write_text(f"the-key\n{4_000_000_000_000} the-one-before")
    server = start_server(tmp_path / "data")
    with httpx2.Client(timeout=HANG_S, follow_redirects=False) as browser:
        seen = [browser.get(f"{server.url}/login?key={key}").status_code for key in ("the-key", "the-one-before", "x")]

    assert server.ready["console"]["url"] == f"{server.url}/login?key=the-key"
    assert seen == [303, 303, 401]
    assert not file.exists()
