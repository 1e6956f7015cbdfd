"""`heliograph.open`: a client on an engine in the process, without a server."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.patience import HANG_S

import heliograph
from heliograph import Client, errors


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request leaves the process, and nothing in it listens."""

    def refused(*arguments: Any) -> NoReturn:
        raise AssertionError(arguments)

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "listen", refused)


def test_it_sends_receives_and_keeps_without_a_server(tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path / 'sms.db'}"
    with heliograph.open(where) as client:
        assert isinstance(client, Client)
        sent = client.messages.send(to="+33612345678", originator="Acme", text="Your code is 482913")
        assert client.messages.wait_for_delivery(sent.id).status == "delivered"
        assert [each.status for each in client.messages.events(sent.id)] == ["delivered"]
        assert client.sandbox.read_code("+33612345678") == "482913"
        client.sandbox.reply("+33612345678", to="Acme", text="Thanks")
        assert [each.text for each in client.inbound.list()] == ["Thanks"]
        with pytest.raises(errors.InvalidRecipient):
            client.messages.send(to="nobody", text="Hello")
        with pytest.raises(errors.SetupError, match="another Heliograph"):
            heliograph.open(where)
        slow = client.messages.send(to="+99940001", text="Slow")
    client.close()

    with heliograph.open(where) as again:
        assert again.messages.get(sent.id).text == "Your code is 482913"
        assert again.messages.wait_for_delivery(slow.id, timeout_s=200).status == "delivered"
        again.messages.export(tmp_path / "all.csv")
    assert (tmp_path / "sms.db").is_file()
    assert (tmp_path / "all.csv").read_text().count("\n") == 3


def test_with_a_provider_there_is_no_sandbox_and_a_key_for_as_long_as_it_is_open(tmp_path: Path) -> None:
    where, out = f"sqlite:///{tmp_path / 'sms.db'}", tmp_path / "sent.jsonl"
    settings = {"providers": {"out": {"type": "file", "path": str(out)}}, "default_provider": "out"}
    for text in ("First", "Second"):
        with heliograph.open(where, **settings) as client:
            sent = client.messages.send(to="+33612345678", text=text)
            assert client.messages.wait_for_delivery(sent.id).provider == "out"
            assert next(client.messages.list()).text == text
            with pytest.raises(errors.NotFound):
                client.sandbox.phones()

    assert [text in out.read_text() for text in ("First", "Second")] == [True, True]


def test_who_forgets_to_close_it_loses_nothing(tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path / 'sms.db'}"
    sending = "client.messages.send(to='+33612345678', text='x').id"
    script = f"import heliograph\nclient = heliograph.open({where!r})\nprint({sending})"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=HANG_S)

    assert done.stderr == ""
    with heliograph.open(where) as client:
        assert client.messages.wait_for_delivery(done.stdout.strip()).status == "delivered"


@pytest.mark.parametrize(
    ("where", "settings", "told"),
    [
        ("sms.db", {}, "sqlite:///FILE"),
        ("sqlite:///", {}, "sqlite:///FILE"),
        ("sqlite:///{}/sms.db", {"prot": 1}, "there is no setting `prot`"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path, where: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(errors.SetupError, match=told):
        heliograph.open(where.format(tmp_path), **settings)
