"""People beside a server: invited by a command, signed in by the API, and kept out again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2
import pytest
from tests.cli.test_accounts import IN_FORCE_S, last_let_in
from tests.cli.test_production import asked, command, made, production
from tests.conftest import Server, StartServer

from heliograph import Client, errors
from heliograph.api import wire
from heliograph.services.totp import STEP_S, code_at

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Server:
    directory = tmp_path_factory.mktemp("people")
    server = start_server(directory / "data", environment=production(directory))
    (directory / "password").write_text(PASSWORD)
    where = ("--data-dir", str(server.data_dir))
    made("init", "--email", "ada@example.com", "--password-file", str(directory / "password"), *where)
    for name in ("Acme", "Café"):
        made("accounts", "create", name, *where)
    return server


def signed_in(server: Server, email: str, code: str | None = None) -> str:
    with Client(server.url, "none") as anybody:
        return anybody.session.sign_in(email, PASSWORD, code).token


def test_somebody_is_invited_signs_in_and_sends_for_one_account(server: Server) -> None:
    where = ("--data-dir", str(server.data_dir))
    invited = made("people", "invite", "vera@example.com", "--role", "sender", "--account", "Acme", *where)
    assert httpx2.get(f"{server.url}{invited['page']}").status_code == 200
    with Client(server.url, "none") as anybody:
        person = anybody.session.accept(invited["token"], PASSWORD)
        with pytest.raises(errors.NotFound, match="ask for another one"):
            anybody.session.accept(invited["token"], PASSWORD)
    token = signed_in(server, "Vera@example.com")
    with Client(server.url, token) as vera:
        sent = vera.messages.send(to="+33612345678", text="Hello", originator="Acme")
        with pytest.raises(errors.ScopeMissing):
            vera.account.get()
        with pytest.raises(errors.ScopeMissing):
            list(vera.people.list())

    assert sent.status == "queued"
    assert [(role.account, role.role) for role in person.roles] == [("Acme", "sender")]


def test_an_administrator_runs_people_by_the_api_and_names_the_account(server: Server) -> None:
    token = signed_in(server, "ada@example.com")
    with Client(server.url, token) as ada, Client(server.url, token, account="Café") as at_cafe:
        invited = ada.people.invite(wire.Invite(email="bob@example.com", role="viewer", account="Acme"))
        bob = ada.session.accept(invited.token, PASSWORD)
        signed_in(server, "bob@example.com")
        ada.people.assign(bob.id, "manager", "Café")
        ada.people.assign("bob@example.com", None, "Acme")
        sessions = ada.people.sessions(bob.id)
        ada.people.end_sessions(bob.id)
        after = ada.people.sessions(bob.id)
        disabled = ada.people.change(bob.id, wire.ChangePerson(disabled=True))
        name = at_cafe.account.get().name
        invitations = [(each.email, each.accepted_at is not None) for each in ada.people.invitations()]
        with pytest.raises(errors.Conflict, match="the last administrator"):
            ada.people.change("ada@example.com", wire.ChangePerson(disabled=True))

    assert name == "Café"
    assert [(role.account, role.role) for role in disabled.roles] == [("Café", "manager")]
    assert (len(sessions), len(after)) == (1, 0)
    assert disabled.disabled_at is not None
    assert ("bob@example.com", True) in invitations


def test_a_session_ends_for_its_server_when_a_command_ends_it(server: Server) -> None:
    where = ("--data-dir", str(server.data_dir))
    token = signed_in(server, "ada@example.com")
    before = asked(server, token, "GET", "/session").status_code
    _, listed = command("people", "sessions", "ada@example.com", "--json", *where)
    code, _ = command("people", "sign-out", "ada@example.com", *where)
    ended = time.monotonic()

    assert (before, code) == (200, 0)
    assert {each["address"] for each in map(json.loads, listed.splitlines())} == {"127.0.0.1"}
    assert last_let_in(server, token, ended) < IN_FORCE_S


def test_codes_of_an_app_are_asked_for_over_the_api(server: Server) -> None:
    where = ("--data-dir", str(server.data_dir))
    made("people", "create", "eve@example.com", "--role", "viewer", "--account", "Acme", *secret_of(server), *where)
    with Client(server.url, signed_in(server, "eve@example.com")) as eve:
        begun = eve.session.begin_totp(PASSWORD)
        codes = eve.session.confirm_totp(code_at(begun.secret, int(time.time()) // STEP_S))
        with pytest.raises(errors.Unauthenticated, match="Give the code") as missing:
            eve.session.sign_in("eve@example.com", PASSWORD)
        current = [each.current for each in eve.session.list()]
        eve.session.sign_out()
    again = signed_in(server, "eve@example.com", codes[0])
    made("people", "change", "eve@example.com", "--no-totp", *where)

    assert missing.value.field == "code"
    assert begun.uri.startswith("otpauth://totp/Heliograph%3Aeve%40example.com?secret=")
    assert current == [True]
    assert asked(server, again, "GET", "/session").json()["totp"] is False
    assert signed_in(server, "eve@example.com")


def secret_of(server: Server) -> tuple[str, str]:
    file: Path = server.data_dir.parent / "password"
    return "--password-file", str(file)
