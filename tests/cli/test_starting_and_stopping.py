"""How the process begins, what keeps it from beginning, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.cli.test_production import command
from tests.ending import end_with_the_tests
from tests.patience import HANG_S

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer


def refused(*options: str) -> str:
    """The one sentence on standard error of a server that can't start."""
    command = [sys.executable, "-m", "heliograph", "serve", "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    assert done.stderr.startswith("heliograph: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_data_directory_in_use_is_named_with_the_process_that_uses_it(server: Server) -> None:
    told = refused("--data-dir", str(server.data_dir))

    assert f"{server.data_dir} is in use by another Heliograph (process {server.process.pid})" in told
    assert "--data-dir" in told


def a_text_file(directory: Path) -> tuple[list[str], str]:
    (directory / "heliograph.db").write_text("not a database, however long one looks at it")
    return [], "heliograph.db cannot be opened: file is not a database"


def a_directory_for_the_store(directory: Path) -> tuple[list[str], str]:
    (directory / "heliograph.db").mkdir()
    return [], "heliograph.db cannot be opened"


def broken_credentials(directory: Path) -> tuple[list[str], str]:
    (directory / "sandbox-credentials.json").write_text("{")
    return [], "delete the file to get new ones"


def a_ready_file_nowhere(directory: Path) -> tuple[list[str], str]:
    return ["--ready-file", str(directory / "none" / "ready.json")], "ready.json cannot be written"


def a_file_for_the_data_directory(directory: Path) -> tuple[list[str], str]:
    (directory / "file").write_text("")
    return ["--data-dir", str(directory / "file")], "choose another with --data-dir"


def a_database_that_is_not_there(_directory: Path) -> tuple[list[str], str]:
    return ["--store", "postgresql://u:secret@127.0.0.1:1/x"], "postgresql://u:***@127.0.0.1:1/x cannot be opened"


def another_kind_of_database(_directory: Path) -> tuple[list[str], str]:
    return ["--store", "mysql://u:secret@h/d"], "must be a postgresql:// URL"


def an_address_of_nobody(_directory: Path) -> tuple[list[str], str]:
    return ["--host", "256.0.0.1"], "--host"


def a_port_that_is_none(_directory: Path) -> tuple[list[str], str]:
    return ["--port", "65536"], "port must be at most 65535, not 65536"


@pytest.mark.parametrize(
    "hindrance",
    [
        a_text_file,
        a_directory_for_the_store,
        broken_credentials,
        a_ready_file_nowhere,
        a_file_for_the_data_directory,
        a_database_that_is_not_there,
        another_kind_of_database,
        an_address_of_nobody,
        a_port_that_is_none,
    ],
    ids=lambda hindrance: hindrance.__name__.replace("_", " ").strip(),
)
def test_what_keeps_it_from_starting_is_one_sentence(
    tmp_path: Path, hindrance: Callable[[Path], tuple[list[str], str]]
) -> None:
    options, words = hindrance(tmp_path)

    told = refused("--data-dir", str(tmp_path), *options)

    assert words in told
    assert "secret" not in told


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB. Only root can make one."""
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", tmp_path]).returncode:
        pytest.skip("no disk can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_full_disk_is_said_with_the_mend_and_nothing_is_lost(
    small_disk: Path,
) -> None:
    data = small_disk / "data"
    made = command("accounts", "create", "Acme", "--data-dir", str(data))
    full = small_disk / "full"
    with suppress(OSError), full.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    told = [
        command("accounts", "create", "Shop", "--data-dir", str(data)),
        command("backup", str(small_disk / "backup"), "--data-dir", str(data)),
        (2, refused("--data-dir", str(data))),
    ]
    full.unlink()
    after = [command(*words, "--data-dir", str(data)) for words in (("db", "check"), ("accounts", "show", "Acme"))]

    assert made[0] == 0
    assert [(code, text.count("\n")) for code, text in told] == [(2, 1)] * 3
    assert all("full; make room on it" in text for _, text in told), told
    assert [code for code, _ in after] == [0, 0]


def test_the_data_directory_knows_how_to_reach_the_server(server: Server) -> None:
    assert json.loads((server.data_dir / "connection.json").read_text()) == server.ready


def test_the_addresses_in_the_ready_file_are_of_one_server(server: Server) -> None:
    ready = server.ready

    assert ready["console"]["url"].startswith(f"{server.url}/")
    assert ready["protocols"]["xms"]["service_plan_id"] != ready["protocols"]["xms"]["other"]["service_plan_id"]
    assert ready["protocols"]["xms"]["token"] != ready["protocols"]["xms"]["other"]["token"]


def undelivered(store: Path) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM messages WHERE status <> 'delivered'").fetchone()
    return int(count)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_drains_and_ends_well_in_the_middle_of_its_work(
    tmp_path: Path, start_server: StartServer, number: signal.Signals
) -> None:
    first = start_server(tmp_path / "data", environment={"HELIOGRAPH_SANDBOX_RATE": "5"})
    with first.client() as client:
        early = client.messages.send(to="+33679000000", text="x")
        batches = [client.batches.send(to=[f"+3367{b}{n:06d}" for n in range(500)], text="x").id for b in range(2)]
        client.messages.wait_for_delivery(early.id)
    first.process.send_signal(number)
    said = first.process.stdout.read()
    first.process.wait()
    stopped = first.stop()
    left = undelivered(first.data_dir / "heliograph.db")

    second = start_server(tmp_path / "data")
    with second.client() as client:
        waiting = [
            message.id
            for batch in batches
            for message in client.messages.list(batch_id=batch, page_size=1_000)
            if message.status != "delivered"
        ]
        for message_id in waiting:
            client.messages.wait_for_delivery(message_id, timeout_s=HANG_S)
        reports = [client.batches.report(batch) for batch in batches]
        reception = client.sandbox.reception()

    assert left > 0
    assert stopped == 0
    assert "Stopped. Everything that was accepted is kept." in said
    assert Path(first.log.name).read_text() == ""
    assert [[(one.status, one.count) for one in report.buckets] for report in reports] == [[("delivered", 500)]] * 2
    assert (reception.received, reception.repeated) == (1_001, 0)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_in_the_log_shows_no_values(form: str) -> None:
    program = f"""
import sys
import structlog
from heliograph.runtime import logs

logs.configure("info", {form!r})

def fail(secret):
    text = sys.argv[2]
    raise RuntimeError("a fault of ours")

try:
    fail(sys.argv[1])
except RuntimeError:
    structlog.get_logger().exception("request failed", operation="send_message")
"""

    values = ["the token of a customer", "confidential words"]
    done = subprocess.run([sys.executable, "-c", program, *values], capture_output=True, text=True, check=True)

    assert "a fault of ours" in done.stderr and "send_message" in done.stderr
    assert [value for value in values if value in done.stderr] == []


def json_lines(text: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(line, dict) and line["event"] and line["level"] and line["timestamp"] for line in found)
    return found


def test_every_line_is_json_where_logs_are(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "heliograph", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")],
        env=os.environ | {"HELIOGRAPH_LOG_FORMAT": "json"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=end_with_the_tests,
    )
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if (running := json.loads(line))["event"] == "running":
            break
    assert httpx2.get(f"{running['base_url']}/livez").status_code == 200
    process.send_signal(signal.SIGTERM)
    told += process.communicate(timeout=HANG_S)[0]

    lines = json_lines(told)
    ready = json.loads(Path(running["addresses"]).read_text())
    assert (process.returncode, lines[-1]["event"]) == (0, "stopped")
    assert ready["base_url"] == running["base_url"]
    assert ready["api"]["token"] not in told


@pytest.mark.parametrize("options", [["--store", "nowhere"], ["--port", "70000"], ["--data-dir", "/dev/null"]])
def test_a_refusal_is_json_where_logs_are(options: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "serve", "--data-dir", str(tmp_path), *options],
        env=os.environ | {"HELIOGRAPH_LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )

    (line,) = json_lines(done.stdout + done.stderr)
    assert (done.returncode, line["event"]) == (2, "not started")
    assert options[0].removeprefix("--").replace("data-dir", "/dev/null") in str(line["error"])


LOUD = """
import asyncio, logging, sys, warnings
from heliograph.runtime import logs

logs.configure("info", "json")
logging.getLogger("some.library").warning("It says %s", "this")
warnings.warn("It will go away", DeprecationWarning)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("some.library").exception("It failed at postgresql://me:hidden@db/x")
raise RuntimeError("a mistake")
"""


def test_what_libraries_say_is_json_where_logs_are() -> None:
    done = subprocess.run([sys.executable, "-W", "always", "-c", LOUD], capture_output=True, text=True, timeout=HANG_S)

    said, warned, failed, ended = json_lines(done.stderr)
    assert (done.returncode, done.stdout, said["event"]) == (1, "", "It says this")
    assert "It will go away" in str(warned["event"])
    assert "ZeroDivisionError" in str(failed["exception"]) and "hidden" not in str(failed)
    assert "a mistake" in str(ended["exception"])
