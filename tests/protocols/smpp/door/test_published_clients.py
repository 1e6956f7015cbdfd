"""Published clients of SMPP, unmodified, against the server on a real socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
from tests.conftest import Server
from tests.patience import HANG_S

NewNumber = Callable[[], str]
LONG = "Very long. " * 40


@pytest.fixture(scope="module")
def entry(server: Server) -> dict[str, Any]:
    return dict(server.ready["protocols"]["smpp"])


class Smpplib:
    """A transceiver by smpplib, and what it has heard."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.client = smpplib.client.Client(entry["host"], entry["port"], timeout=HANG_S, allow_unknown_opt_params=True)
        self.sent: list[Any] = []
        self.received: list[Any] = []
        self.client.set_message_sent_handler(lambda pdu: self.sent.append(pdu) and None)
        self.client.set_message_received_handler(lambda pdu: self.received.append(pdu) and None)
        self.client.connect()
        self.client.bind_transceiver(system_id=entry["system_id"], password=entry["password"])

    def until(self, happened: Callable[[], bool]) -> None:
        while not happened():
            self.client.read_once()

    def close(self) -> None:
        self.client.unbind()
        self.client.disconnect()


def test_smpplib_sends_long_texts_in_parts_and_is_told_of_each(
    entry: dict[str, Any], server: Server, new_number: NewNumber
) -> None:
    number = new_number()
    client = Smpplib(entry)
    parts, data_coding, esm_class = smpplib.gsm.make_parts(LONG)
    for part in parts:
        client.client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
            source_addr="Heliograph",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            destination_addr=number[1:],
            short_message=part,
            data_coding=data_coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
    client.until(lambda: len(client.received) == len(parts))
    client.close()
    with server.client() as native:
        shown = [message.text for message in native.sandbox.messages(number)]

    ids = [pdu.message_id.decode() for pdu in client.sent]
    assert len(parts) == 3
    assert sorted(pdu.receipted_message_id.decode() for pdu in client.received) == sorted(ids)
    assert sorted(map(str, shown)) == sorted(smpplib_parts(LONG))


def smpplib_parts(text: str) -> list[str]:
    return [text[place : place + 153] for place in range(0, len(text), 153)]


def test_smpplib_is_told_why_it_is_not_let_in(entry: dict[str, Any]) -> None:
    client = smpplib.client.Client(entry["host"], entry["port"], timeout=HANG_S, allow_unknown_opt_params=True)
    client.connect()
    with pytest.raises(smpplib.exceptions.PDUError, match="Invalid Password"):
        client.bind_transceiver(system_id=entry["system_id"], password="wrong")
    client.disconnect()


AIOSMPPLIB = """
import aiosmpplib, asyncio, json, os, sys
from aiosmpplib.broker import SimpleBroker

class Heard(aiosmpplib.AbstractHook):
    def __init__(self):
        self.came = asyncio.Queue()

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, (aiosmpplib.SubmitSmResp, aiosmpplib.DeliverSm)):
            await self.came.put(smpp_message)

    async def send_error(self, smpp_message, error, client_id):
        raise error

async def main(host, port, system_id, password, number):
    heard, broker = Heard(), SimpleBroker()
    esme = aiosmpplib.ESME(host, int(port), system_id, password, hook=heard, broker=broker, log_level=40)
    running = asyncio.create_task(esme.start())
    source = aiosmpplib.PhoneNumber("Heliograph", aiosmpplib.TON.ALPHANUMERIC)
    to = aiosmpplib.PhoneNumber(number)
    await broker.enqueue(aiosmpplib.SubmitSm(short_message="Z\u00fcrich \u263a", source=source, destination=to,
                                             encoding="ucs2", log_id="1"))
    came = [await heard.came.get(), await heard.came.get()]
    receipt = next(each for each in came if isinstance(each, aiosmpplib.DeliverSm))
    response = next(each for each in came if each is not receipt)
    print(json.dumps([response.message_id, receipt.short_message, receipt.esm_class]), flush=True)
    await esme.stop()
    os._exit(0)  # it leaves its socket open

asyncio.run(main(*sys.argv[1:]))
"""
SMPP34 = """
import asyncio, json, os, smpp34, sys

async def main(host, port, system_id, password, number):
    client = smpp34.Client(host=host, port=int(port), system_id=system_id, password=password, bind_type="TRX")
    smsc = await client.connect()
    sent = await smsc.submit_sm(destination_addr=number, dest_addr_ton=1, source_addr="Heliograph", source_addr_ton=5,
                                short_message=b"Hello", registered_delivery=1)
    told = await smsc.next()
    print(json.dumps([sent.message_id, told.short_message.decode(), told.esm_class]), flush=True)
    await smsc.unbind()
    os._exit(0)  # one exit of the interpreter in four ends in an abort of this library

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("program", [AIOSMPPLIB, SMPP34], ids=["aiosmpplib", "smpp34"])
def test_an_asynchronous_client_sends_and_is_told(entry: dict[str, Any], new_number: NewNumber, program: str) -> None:
    arguments = (entry["host"], str(entry["port"]), entry["system_id"], entry["password"], new_number()[1:])
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, capture_output=True, text=True, timeout=HANG_S
    )
    assert ran.returncode == 0, ran.stderr
    message_id, text, esm_class = json.loads(ran.stdout)

    assert text.startswith(f"id:{message_id} ")
    assert "stat:DELIVRD" in text
    assert esm_class == 0x04
