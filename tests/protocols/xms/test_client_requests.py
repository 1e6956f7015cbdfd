"""Each request that our client writes, held against the one that the published client writes for the same call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import clx.xms
import pytest
from clx.xms import api
from clx.xms.exceptions import ApiException
from tests.patience import HANG_S

from heliograph.protocols.xms import RESET, AsyncClient, Client, model
from heliograph.protocols.xms.errors import ErrorResponseException

NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
ELSEWHERE = datetime(2030, 1, 2, 12, 30, 1, 500_000, tzinfo=timezone(timedelta(hours=2)))
WORDS = {"name": {"46700000001": "Ann", "default": "you"}}


class Recorded(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str | None
    content_type: str | None
    accept: str | None


class Recorder:
    """Stands where XMS would, keeps each request, and refuses it."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[Recorded] = SimpleQueue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = urlsplit(self.path)
                outer.requests.put(
                    Recorded(
                        self.command,
                        unquote(parts.path),
                        dict(parse_qsl(parts.query, keep_blank_values=True)),
                        json.loads(content) if content else None,
                        self.headers["Authorization"],
                        self.headers["Content-Type"],
                        self.headers["Accept"],
                    )
                )
                refusal = b'{"code": "recorded", "text": "Recorded."}'
                self.send_response(400)
                self.send_header("Content-Length", str(len(refusal)))
                self.end_headers()
                self.wfile.write(refusal)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}/xms"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()


def made(kind: type, **values: Any) -> Any:
    """One of the published client's objects: they take nothing when they are made."""
    found = kind()
    for name, value in values.items():
        setattr(found, name, value)
    return found


TEXT = {"sender": "12345", "recipients": ["46700000002", "46700000001"], "body": "Hello, ${name}!"}
BINARY = {
    "sender": "12345",
    "recipients": ["46700000001"],
    "body": bytes(range(120)),
    "udh": b"\x05\x00\x03\xab\x02\x01",
}
FULL = {
    "delivery_report": "full",
    "send_at": NOON,
    "expire_at": ELSEWHERE,
    "tags": {"b", "a"},
    "callback_url": "https://example.org/x?y=1",
}
CHANGED = {
    "recipient_insertions": {"46700000009", "46700000008"},
    "recipient_removals": {"46700000007"},
    "sender": "54321",
    "delivery_report": "none",
    "send_at": ELSEWHERE,
    "expire_at": NOON,
    "callback_url": "https://example.org/",
}
RESETS = ("delivery_report", "send_at", "expire_at", "callback_url")

Calling = Callable[[Any], Any]

#: A name, the call of the published client, the same call of ours.
CALLS: list[tuple[str, Calling, Calling]] = [
    (
        "a text to one",
        lambda c: c.create_text_message("12345", "46700000001", "Hello"),
        lambda c: c.create_text_message("12345", "46700000001", "Hello"),
    ),
    (
        "octets to one",
        lambda c: c.create_binary_message("12345", "46700000001", b"\x06\x05", b"\x00\xff"),
        lambda c: c.create_binary_message("12345", "46700000001", b"\x06\x05", b"\x00\xff"),
    ),
    (
        "a text batch",
        lambda c: c.create_batch(made(api.MtBatchTextSmsCreate, **TEXT)),
        lambda c: c.create_batch(model.TextBatch(**TEXT)),
    ),
    (
        "a text batch without a sender",
        lambda c: c.create_batch(made(api.MtBatchTextSmsCreate, **TEXT | {"sender": None})),
        lambda c: c.create_batch(model.TextBatch(**TEXT | {"sender": None})),
    ),
    (
        "a text batch with everything",
        lambda c: c.create_batch(made(api.MtBatchTextSmsCreate, **TEXT, **FULL, parameters=WORDS)),
        lambda c: c.create_batch(model.TextBatch(**TEXT, **FULL, parameters=WORDS)),
    ),
    (
        "a binary batch with everything",
        lambda c: c.create_batch(made(api.MtBatchBinarySmsCreate, **BINARY, **FULL)),
        lambda c: c.create_batch(model.BinaryBatch(**BINARY, **FULL)),
    ),
    (
        "replacing a batch",
        lambda c: c.replace_batch("B1", made(api.MtBatchTextSmsCreate, **TEXT, **FULL)),
        lambda c: c.replace_batch("B1", model.TextBatch(**TEXT, **FULL)),
    ),
    (
        "replacing by a binary batch",
        lambda c: c.replace_batch("B1", made(api.MtBatchBinarySmsCreate, **BINARY)),
        lambda c: c.replace_batch("B1", model.BinaryBatch(**BINARY)),
    ),
    (
        "changing nothing",
        lambda c: c.update_batch("B1", api.MtBatchTextSmsUpdate()),
        lambda c: c.update_batch("B1", model.TextBatchUpdate()),
    ),
    (
        "changing everything of a text batch",
        lambda c: c.update_batch("B1", made(api.MtBatchTextSmsUpdate, **CHANGED, body="New", parameters=WORDS)),
        lambda c: c.update_batch("B1", model.TextBatchUpdate(**CHANGED, body="New", parameters=WORDS)),
    ),
    (
        "resetting everything of a text batch",
        lambda c: c.update_batch(
            "B1", made(api.MtBatchTextSmsUpdate, **dict.fromkeys(RESETS, api.RESET), parameters=api.RESET)
        ),
        lambda c: c.update_batch("B1", model.TextBatchUpdate(**dict.fromkeys(RESETS, RESET), parameters=RESET)),
    ),
    (
        "changing everything of a binary batch",
        lambda c: c.update_batch("B1", made(api.MtBatchBinarySmsUpdate, **CHANGED, body=b"\x00", udh=b"\x01\x02")),
        lambda c: c.update_batch("B1", model.BinaryBatchUpdate(**CHANGED, body=b"\x00", udh=b"\x01\x02")),
    ),
    (
        "resetting everything of a binary batch",
        lambda c: c.update_batch("B1", made(api.MtBatchBinarySmsUpdate, **dict.fromkeys(RESETS, api.RESET))),
        lambda c: c.update_batch("B1", model.BinaryBatchUpdate(**dict.fromkeys(RESETS, RESET))),
    ),
    ("canceling", lambda c: c.cancel_batch("B1"), lambda c: c.cancel_batch("B1")),
    ("fetching a batch", lambda c: c.fetch_batch("B/1"), lambda c: c.fetch_batch("B/1")),
    ("listing batches", lambda c: c.fetch_batches().get(0), lambda c: c.fetch_batches().get(0)),
    (
        "listing batches by everything",
        lambda c: c.fetch_batches(7, {"2", "1"}, {"b", "a,c"}, date(2030, 1, 1), NOON).get(3),
        lambda c: c.fetch_batches(7, {"2", "1"}, {"b", "a,c"}, date(2030, 1, 1), NOON).get(3),
    ),
    (
        "a dry run",
        lambda c: c.create_batch_dry_run(made(api.MtBatchTextSmsCreate, **TEXT)),
        lambda c: c.create_batch_dry_run(model.TextBatch(**TEXT)),
    ),
    (
        "a dry run for each",
        lambda c: c.create_batch_dry_run(made(api.MtBatchBinarySmsCreate, **BINARY), 20),
        lambda c: c.create_batch_dry_run(model.BinaryBatch(**BINARY), 20),
    ),
    ("tags of a batch", lambda c: c.fetch_batch_tags("B1"), lambda c: c.fetch_batch_tags("B1")),
    (
        "new tags of a batch",
        lambda c: c.replace_batch_tags("B1", {"b", "a"}),
        lambda c: c.replace_batch_tags("B1", {"b", "a"}),
    ),
    ("no tags of a batch", lambda c: c.replace_batch_tags("B1", set()), lambda c: c.replace_batch_tags("B1", set())),
    (
        "other tags of a batch",
        lambda c: c.update_batch_tags("B1", {"b", "a"}, set()),
        lambda c: c.update_batch_tags("B1", {"b", "a"}, set()),
    ),
    ("a report", lambda c: c.fetch_delivery_report("B1"), lambda c: c.fetch_delivery_report("B1")),
    (
        "a report by everything",
        lambda c: c.fetch_delivery_report("B1", "full", {"Failed", "Aborted"}, {11, 400, 0}),
        lambda c: c.fetch_delivery_report("B1", "full", {"Failed", "Aborted"}, {11, 400, 0}),
    ),
    (
        "a report about one",
        lambda c: c.fetch_recipient_delivery_report("B1", "+46700000001"),
        lambda c: c.fetch_recipient_delivery_report("B1", "+46700000001"),
    ),
    (
        "an empty group",
        lambda c: c.create_group(api.GroupCreate()),
        lambda c: c.create_group(model.GroupCreate()),
    ),
    (
        "a group with everything",
        lambda c: c.create_group(
            made(
                api.GroupCreate,
                name="Friends",
                members={"46700000002", "46700000001"},
                child_groups={"G3", "G2"},
                auto_update=api.GroupAutoUpdate("12345", "JOIN", None, "LEAVE", "NOW"),
                tags={"b", "a"},
            )
        ),
        lambda c: c.create_group(
            model.GroupCreate(
                name="Friends",
                members={"46700000002", "46700000001"},
                child_groups={"G3", "G2"},
                auto_update=model.GroupAutoUpdate(
                    recipient="12345", add_word_pair=("JOIN", None), remove_word_pair=("LEAVE", "NOW")
                ),
                tags={"b", "a"},
            )
        ),
    ),
    (
        "replacing a group",
        lambda c: c.replace_group("G1", made(api.GroupCreate, members={"46700000001"})),
        lambda c: c.replace_group("G1", model.GroupCreate(members={"46700000001"})),
    ),
    (
        "changing everything of a group",
        lambda c: c.update_group(
            "G1",
            made(
                api.GroupUpdate,
                name="Foes",
                member_insertions={"2", "1"},
                member_removals={"4", "3"},
                child_group_insertions={"G3", "G2"},
                child_group_removals={"G5", "G4"},
                add_from_group="G6",
                remove_from_group="G7",
                auto_update=api.GroupAutoUpdate("12345", remove_first_word="STOP"),
            ),
        ),
        lambda c: c.update_group(
            "G1",
            model.GroupUpdate(
                name="Foes",
                member_insertions={"2", "1"},
                member_removals={"4", "3"},
                child_group_insertions={"G3", "G2"},
                child_group_removals={"G5", "G4"},
                add_from_group="G6",
                remove_from_group="G7",
                auto_update=model.GroupAutoUpdate(recipient="12345", remove_word_pair=("STOP", None)),
            ),
        ),
    ),
    (
        "resetting a group",
        lambda c: c.update_group("G1", made(api.GroupUpdate, name=api.RESET, auto_update=api.RESET)),
        lambda c: c.update_group("G1", model.GroupUpdate(name=RESET, auto_update=RESET)),
    ),
    ("deleting a group", lambda c: c.delete_group("G1"), lambda c: c.delete_group("G1")),
    ("fetching a group", lambda c: c.fetch_group("G1"), lambda c: c.fetch_group("G1")),
    ("listing groups", lambda c: c.fetch_groups().get(0), lambda c: c.fetch_groups().get(0)),
    (
        "listing groups by everything",
        lambda c: c.fetch_groups(9, {"b", "a"}).get(2),
        lambda c: c.fetch_groups(9, {"b", "a"}).get(2),
    ),
    ("members", lambda c: c.fetch_group_members("G1"), lambda c: c.fetch_group_members("G1")),
    ("tags of a group", lambda c: c.fetch_group_tags("G1"), lambda c: c.fetch_group_tags("G1")),
    (
        "new tags of a group",
        lambda c: c.replace_group_tags("G1", {"b", "a"}),
        lambda c: c.replace_group_tags("G1", {"b", "a"}),
    ),
    (
        "other tags of a group",
        lambda c: c.update_group_tags("G1", {"b"}, {"a"}),
        lambda c: c.update_group_tags("G1", {"b"}, {"a"}),
    ),
    ("an inbound message", lambda c: c.fetch_inbound("I1"), lambda c: c.fetch_inbound("I1")),
    ("inbound messages", lambda c: c.fetch_inbounds().get(0), lambda c: c.fetch_inbounds().get(0)),
    (
        "inbound messages by everything",
        lambda c: c.fetch_inbounds(5, {"2", "1"}, NOON, date(2030, 1, 3)).get(1),
        lambda c: c.fetch_inbounds(5, {"2", "1"}, NOON, date(2030, 1, 3)).get(1),
    ),
]
NAMED = pytest.mark.parametrize(("theirs", "ours"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS])


def recorded_from_theirs(recorder: Recorder, call: Calling) -> Recorded:
    with pytest.raises(ApiException):
        call(clx.xms.Client("plan", "secret", endpoint=recorder.endpoint))
    return recorder.requests.get(timeout=HANG_S)


@NAMED
def test_our_client_writes_what_the_published_one_writes(recorder: Recorder, theirs: Calling, ours: Calling) -> None:
    expected = recorded_from_theirs(recorder, theirs)
    client = Client("plan", "secret", endpoint=recorder.endpoint)

    with pytest.raises(ErrorResponseException) as refused:
        ours(client)
    client.close()

    assert recorder.requests.get(timeout=HANG_S) == expected
    assert (refused.value.error_code, str(refused.value)) == ("recorded", "Recorded.")


@NAMED
async def test_our_asynchronous_client_writes_the_same(recorder: Recorder, theirs: Calling, ours: Calling) -> None:
    expected = recorded_from_theirs(recorder, theirs)

    async with AsyncClient("plan", "secret", endpoint=recorder.endpoint) as client:
        with pytest.raises(ErrorResponseException):
            await ours(client)

    assert recorder.requests.get(timeout=HANG_S) == expected


def test_every_method_of_the_published_client_is_ours_too() -> None:
    theirs = {name for name in dir(clx.xms.Client) if not name.startswith("_") and name.islower()}

    assert theirs - set(dir(Client)) == {"service_plan_id", "token", "endpoint", "timeout"}
    assert {"service_plan_id", "token", "endpoint", "timeout"} <= set(vars(Client("p", "t")))
    assert theirs - set(dir(AsyncClient)) == {"service_plan_id", "token", "endpoint", "timeout"}


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.fetch_batch(""),
        lambda c: c.fetch_group(""),
        lambda c: c.fetch_recipient_delivery_report("B1", ""),
        lambda c: c.create_batch(model.TextBatch(**TEXT, send_at=datetime(2030, 1, 1))),
    ],
)
def test_what_makes_no_sense_is_not_sent(recorder: Recorder, call: Calling) -> None:
    client = Client("plan", "secret", endpoint=recorder.endpoint)

    with pytest.raises(ValueError):
        call(client)
    client.close()

    assert recorder.requests.empty()
