"""Lists as files, as the SDK writes them: what is in them, and that they are whole or not there."""

from __future__ import annotations

import csv
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import openpyxl
import pytest

from heliograph import Client
from heliograph.api import wire
from heliograph.calling import Unreachable
from heliograph.domain.errors import InvalidField, NotFound

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]


def test_messages_as_each_kind_of_file(server: Server, new_number: NewNumber, tmp_path: Path) -> None:
    """The three say the same, under the names of the list; in tables no text is a formula."""
    texts = ["Your Parcel has arrived", "=1+1 parcel,;\n+2", "été parcel"]
    with server.client() as client:
        sent = [client.messages.send(to=new_number(), text=text, tags=["exported"]).id for text in texts]
        client.messages.send(to=new_number(), text="Something else", tags=["exported"])
        for message_id in sent:
            client.messages.wait_for_delivery(message_id, timeout_s=240)
        listed = list(client.messages.list(q="PARCEL", tag="exported"))
        for name in ("m.csv", "m.xlsx", "m.jsonl"):
            client.messages.export(tmp_path / name, q="PARCEL", tag="exported")
        client.messages.export(tmp_path / "none", format="csv", tag="nobody has this", bom=True)

    decode = msgspec.json.Decoder(wire.Message).decode
    lines = [decode(line) for line in (tmp_path / "m.jsonl").read_bytes().splitlines()]
    table = list(csv.DictReader(io.StringIO((tmp_path / "m.csv").read_text())))
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)

    assert lines == listed
    assert [line.id for line in lines] == sent[::-1]
    assert [row["id"] for row in table] == sent[::-1]
    assert table[1]["text"] == "'=1+1 parcel,;\n'+2"
    assert table[1]["to"] == lines[1].to
    assert list(table[0]) == list(header) == list(msgspec.to_builtins(lines[0]))
    assert rows[1][header.index("text")] == texts[1]
    assert (tmp_path / "none").read_bytes() == b"\xef\xbb\xbf" + ",".join(map(str, header)).encode() + b"\r\n"


def test_contacts_can_be_imported_again(server: Server, new_number: NewNumber, tmp_path: Path) -> None:
    ada, bob = new_number(), new_number()
    with server.client() as client:
        group = client.groups.create(name=new_number())
        client.contacts.add(
            group.id,
            [
                wire.NewContact(number=ada, first_name="Ada", email="ada@example.com", fields={"tier": "gold"}),
                wire.NewContact(number=bob, last_name="Smith", fields={"city": "Paris"}),
            ],
        )
        client.contacts.export(group.id, tmp_path / "c.csv")
        client.contacts.export(group.id, tmp_path / "c.jsonl")
        again = client.imports.start((tmp_path / "c.csv").read_bytes(), group=f"{group.name} again")
        client.imports.wait(again.id, timeout_s=240)
        assert again.group_id is not None
        there = {each.number: each for each in client.contacts.list(again.group_id)}

    lines = [msgspec.json.decode(line, type=wire.Contact) for line in (tmp_path / "c.jsonl").read_bytes().splitlines()]
    before = {each.number: each for each in lines}
    assert there.keys() == before.keys() == {ada, bob}
    for number, contact in before.items():
        kept = (contact.first_name, contact.last_name, contact.email, dict(contact.fields))
        found = there[number]
        assert (found.first_name, found.last_name, found.email, dict(found.fields)) == kept


def test_optouts(server: Server, new_number: NewNumber, tmp_path: Path) -> None:
    number = new_number()
    with server.client() as client:
        client.optouts.add(number)
        client.optouts.export(tmp_path / "o.csv")
        client.optouts.remove(number)

    rows = list(csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text())))
    assert [row["source"] for row in rows if row["number"].lstrip("'") == number] == ["api"]


def test_what_can_not_be_exported_is_said_and_leaves_no_file(server: Server, tmp_path: Path) -> None:
    with server.client() as client:
        with pytest.raises(InvalidField, match="no word"):
            client.messages.export(tmp_path / "m.csv", q="!?")
        with pytest.raises(InvalidField, match="10 words"):
            client.messages.export(tmp_path / "m.csv", q="a b c d e f g h i j k")
        with pytest.raises(NotFound):
            client.contacts.export("0" * 26, tmp_path / "m.csv")
        with pytest.raises(ValueError, match=r"\.csv, \.xlsx, \.jsonl"):
            client.messages.export(tmp_path / "m.pdf")

    assert list(tmp_path.iterdir()) == []


@contextmanager
def breaking_off() -> Iterator[str]:
    """A server that promises more than it sends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nid,text\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_an_export_that_breaks_off_leaves_the_file_of_before(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("before")

    with breaking_off() as address, Client(address, "token", max_retries=0) as client, pytest.raises(Unreachable):
        client.messages.export(path)

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
