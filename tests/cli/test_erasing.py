"""Erasing a number by the command, while a server runs."""

from __future__ import annotations

import json

import pytest
from tests.cli.test_production import command
from tests.conftest import PostgresqlServer, StartServer
from tests.patience import HANG_S

from heliograph.domain.errors import NotFound


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_sent_to_a_number_is_gone_while_the_server_goes_on(
    engine: str, start_server: StartServer, request: pytest.FixtureRequest
) -> None:
    postgresql: PostgresqlServer | None = None if engine == "sqlite" else request.getfixturevalue("postgresql")
    store = "" if postgresql is None else postgresql.new_database()
    server = start_server(store=store)
    erase = ("erase", "+33612345678", "--data-dir", str(server.data_dir))
    with server.client() as client:
        gone, kept = (
            client.messages.send(to=to, text="Hi", originator="Acme") for to in ("+33612345678", "+33612345679")
        )
        for message in (gone, kept):
            client.messages.wait_for_delivery(message.id, timeout_s=HANG_S)

        dry = command(*erase, "--dry-run", "--json", store=store)
        other = command(*erase, "--account", "other", "--json", store=store)
        done = command(*erase, "--json", store=store)
        again = command(*erase, "--json", store=store)

        with pytest.raises(NotFound):
            client.messages.get(gone.id)
        assert client.messages.get(kept.id).status == "delivered"
        assert list(client.sandbox.messages("+33612345678")) == []
    assert [code for code, _ in (dry, other, done, again)] == [0] * 4
    assert json.loads(other[1])["rows"] == {}
    rows = json.loads(done[1])["rows"]
    assert (rows["messages"], rows["batches"], rows["phone_messages"]) == (1, 1, 1)
    assert json.loads(dry[1])["rows"] == {name: rows[name] for name in ("batches", "messages", "phone_messages")}
    assert json.loads(again[1])["rows"] == {}
    assert command("db", "check", "--data-dir", str(server.data_dir), store=store)[0] == 0


def test_what_is_no_number_is_told(tmp_path: object) -> None:
    code, told = command("erase", "12", "--data-dir", str(tmp_path))

    assert (code, told.count("\n")) == (2, 1)
