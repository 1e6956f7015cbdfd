"""The sandbox's SMSC when it is told to misbehave: the check names it, and our provider is right by the profile."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, StartServer
from tests.patience import HANG_S
from tests.protocols.smpp.esme import Esme, submit
from tests.protocols.smpp.smsc import configured, provided
from tests.protocols.smpp.test_checking import QUICK, Waiting, named
from tests.protocols.standing_in import outgoing

from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted
from heliograph.protocols.smpp.checking import Report, check, write_profile
from heliograph.protocols.smpp.provider.config import SmppConfig
from heliograph.protocols.smpp.wire.pdus import SubmitSmResp
from heliograph.protocols.smpp.wire.receipts import RECEIPT
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.sandbox.chaos import CALM, Chaos


@pytest.fixture(scope="module")
def hostile(start_server: StartServer) -> Server:
    """A server of its own: what it is told, everybody on it feels."""
    return start_server()


@pytest.fixture
def calm_again(hostile: Server) -> Iterator[None]:
    yield
    behave(hostile)


def behave(server: Server, **chaos: Any) -> None:
    with server.client() as client:
        client.sandbox.set_chaos(Chaos(delivery_delay_s=0.0, **chaos) if chaos else CALM)


def config_of(server: Server, **settings: Any) -> SmppConfig:
    entry = server.ready["protocols"]["smpp"]
    who = {"system_id": entry["system_id"], "password": entry["password"]}
    return configured(entry["port"], **who | settings)


async def checked(server: Server) -> Report:
    return await check(config_of(server, long_messages="payload"), QUICK, to="+33612345678")


@pytest.mark.parametrize(
    ("share", "name", "settings"),
    [
        ("smpp_decimal", "ids", {"id_form": "hex"}),
        ("smpp_bare", "fields", {}),
        ("smpp_words", "words", {}),
        ("smpp_payload", "payload", {}),
        ("smpp_unmarked", "marking", {"sniff_receipts": True}),
        ("smpp_unknown", "parameters", {}),
        ("smpp_doubled", "repeated", {}),
    ],
)
@pytest.mark.usefixtures("calm_again")
async def test_what_it_does_wrong_is_named_and_mended_by_the_profile(
    hostile: Server, share: str, name: str, settings: dict[str, object], tmp_path: Path
) -> None:
    behave(hostile, **{share: 1.0})
    report = await checked(hostile)
    write_profile(report, tmp_path / "profile.toml")
    ears = Waiting()
    entry = config_of(hostile)
    profile = {"system_id": entry.system_id, "password": entry.password, "profile": str(tmp_path / "profile.toml")}
    async with provided(hostile.ready["protocols"]["smpp"]["port"], ears, **profile) as provider:
        (outcome,) = await provider.send([outgoing(1)])
        async with asyncio.timeout(HANG_S):
            await ears.told.wait()

    assert named(report, name).settings == settings
    assert isinstance(outcome, Accepted)
    heard = ears.heard[0]
    assert heard.provider_ref == outcome.provider_ref or outcome.ref_key in heard.ref_keys
    assert heard.status is Status.DELIVERED


@pytest.mark.usefixtures("calm_again")
def test_a_submit_that_is_throttled_is_not_accepted(hostile: Server) -> None:
    behave(hostile, smpp_throttled=1.0)
    number = "+33612340001"
    with Esme(hostile.ready["protocols"]["smpp"]) as esme:
        response = esme.ask(submit(number))
    with hostile.client() as client:
        shown = client.sandbox.messages(number)

    assert response.status == CommandStatus.RTHROTTLED
    assert list(shown) == []


@pytest.mark.usefixtures("calm_again")
def test_accounts_that_are_not_the_sandboxs_are_spared(hostile: Server) -> None:
    def heliograph(*words: str) -> Any:
        command = [sys.executable, "-m", "heliograph", *words, "--data-dir", str(hostile.data_dir), "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    heliograph("accounts", "create", "Acme")
    key = heliograph("keys", "create", "--account", "Acme", "--protocol", "smpp")
    behave(hostile, smpp_throttled=1.0, smpp_unmarked=1.0)
    entry = hostile.ready["protocols"]["smpp"] | {each: key[each] for each in ("system_id", "password")}
    with Esme(entry) as esme:
        response = esme.ask(submit("+33612340002"))
        told = esme.told()

    assert isinstance(response, SubmitSmResp)
    assert response.status == 0
    assert told.esm_class & RECEIPT
