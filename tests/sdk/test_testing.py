"""The sandbox of a test suite: what its tests see is theirs alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from heliograph import Client, testing
from heliograph.api import wire
from heliograph.domain.errors import WaitTimedOut

Number = Callable[[], str]


@pytest.fixture(scope="module")
def running() -> Iterator[testing.Sms]:
    with testing.sandbox() as sms:
        yield sms


@pytest.fixture
def sms(running: testing.Sms) -> testing.Sms:
    running.clear()
    return running


def test_the_environment_leads_to_the_sandbox(sms: testing.Sms, new_number: Number) -> None:
    number = new_number()
    with Client() as client:
        client.messages.send(to=number, text="one", originator="Acme")
        client.messages.send(to=number, text="two", originator="Acme")
    inbox = sms.inbox(number)

    two, one = inbox.wait_for(contains="two"), inbox.wait_for(contains="one")
    with pytest.raises(WaitTimedOut):
        inbox.wait_for(timeout_s=0)
    inbound = sms.client.inbound.get(inbox.reply("Thanks", to="Acme"))

    assert (one.text, two.text, inbox.texts(), inbound.text) == ("one", "two", [], "Thanks")
    assert (os.environ["HELIOGRAPH_URL"], os.environ["HELIOGRAPH_TOKEN"]) == (sms.url, sms.token)
    assert {"xms", "smscx", "twilio"} <= sms.protocols.keys()


@pytest.mark.parametrize("named", [True, False], ids=["one phone", "any phone"])
def test_a_code_is_read_once_and_never_an_old_one(sms: testing.Sms, new_number: Number, named: bool) -> None:
    number = new_number()
    asked = number if named else None
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    late = sms.client.batches.send(to=[number], text="Your code is 111111", send_at=tomorrow)
    sms.client.messages.send(to=number, text="Your code is 222222")
    first = sms.read_code(asked)
    sms.clear()
    sms.client.batches.change(late.id, wire.ChangeBatch(send_at=None))
    sms.client.sandbox.wait_for_message(number, contains="111111")

    with pytest.raises(WaitTimedOut):
        sms.read_code(asked, timeout_s=0)
    sms.client.messages.send(to=number, text="Your code is 333333")
    second = sms.read_code(asked)
    with pytest.raises(WaitTimedOut):
        sms.read_code(asked, timeout_s=0)

    assert (first, second) == ("222222", "333333")
    assert sms.inbox(number).texts() == []


def test_a_sandbox_that_does_not_start_says_why() -> None:
    before = {name: value for name, value in os.environ.items() if name.startswith("HELIOGRAPH_")}

    with pytest.raises(testing.SandboxFailed, match="lease_s"), testing.sandbox(lease_s="soon"):
        pass

    assert before == {name: value for name, value in os.environ.items() if name.startswith("HELIOGRAPH_")}


def test_the_plugin_loads_nothing_until_it_is_asked() -> None:
    code = "import sys, heliograph.pytest_plugin as _; print({'heliograph.sdk', 'httpx2', 'msgspec'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout == "set()\n"
