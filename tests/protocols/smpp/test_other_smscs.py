"""SMSCs that others have published, unmodified: we send by them, and they are checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import forking
from tests.ending import end_with_the_tests
from tests.patience import HANG_S, once_found
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.conftest import StartServer

pytestmark = pytest.mark.skipif(find_spec("smpp34") is None, reason="smpp34 is not installed")

NewNumber = Callable[[], str]
SMPP34 = """
import asyncio, datetime, smpp34, sys

async def tell(esme, taken, message_id):
    date = f"{datetime.datetime.now(datetime.UTC):%y%m%d%H%M%S}"
    text = f"id:{message_id} sub:001 dlvrd:001 submit date:{date} done date:{date} stat:DELIVRD err:000 text:"
    ends = dict(source_addr=taken.destination_addr, source_addr_ton=1, source_addr_npi=1)
    await esme.deliver_sm(taken.source_addr, text.encode(), esm_class=4, **ends)
    if taken.short_message.endswith(b"?"):
        await esme.deliver_sm(taken.source_addr, b"Yes please", **ends)

async def main(port):
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    print("ready", flush=True)
    receiver, told, taken = None, set(), 0
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            receiver = event if event.can_receive else receiver
        elif isinstance(event, smpp34.SubmitSmEvent):
            taken += 1
            event.accept(f"{taken:08d}")
            if event.registered_delivery:
                task = asyncio.create_task(tell(receiver, event, f"{taken:08d}"))
                told.add(task)
                task.add_done_callback(told.discard)

asyncio.run(main(int(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def smpp34() -> Iterator[int]:
    """The port of an SMSC by smpp34, in a process of its own: one exit of four ends in an abort of that library."""
    port = free_port()
    command = [sys.executable, "-c", SMPP34, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_the_tests) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield port
        process.kill()


def test_we_send_by_smpp34_and_hear_receipts_and_replies(
    smpp34: int, start_server: StartServer, new_number: NewNumber
) -> None:
    line = {"type": "smpp", "hosts": [f"127.0.0.1:{smpp34}"], "system_id": "us", "password": "secret"}
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"operator": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "operator",
        "HELIOGRAPH_SANDBOX": "on",
    }
    number = new_number()
    with start_server(environment=environment).client() as client:
        sent = client.messages.send(to=number, text="Shall we come at 5 €? " * 12 + "Or at 6?", originator="Acme")
        ended = client.messages.wait_for_delivery(sent.id)
        written = once_found(lambda: [each for each in client.inbound.list() if each.msisdn == number])

    assert ended.status == "delivered"
    assert [(each.to, each.text) for each in written] == [("Acme", "Yes please")]


def test_smpp34_is_checked(smpp34: int, tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    who = [f"127.0.0.1:{smpp34}", "--system-id", "us", "--password", "secret", "--to", "+33612345678"]

    done = forking.run(
        *("smpp", "check", *who, "--rate", "100", "--json", "--profile", str(profile)),
        environment=dict(os.environ),
        timeout=HANG_S,
    )

    found = {each["name"]: each["verdict"] for each in json.loads(done.stdout)["findings"]}
    wrong = {name for name, verdict in found.items() if verdict == "wrong"}
    assert wrong <= {"unbind"}  # which it answers at some times only
    assert {found[name] for name in ("bind", "message", "UCS-2", "long messages", "ids")} == {"right"}
    assert 'id_form = "as_is"' in profile.read_text()
