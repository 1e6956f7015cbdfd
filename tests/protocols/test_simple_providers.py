"""The providers without a server: one prints, one writes a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.protocols.standing_in import Ears, outgoing

from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted, TryAgain
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.console.provider import ConsoleProvider
from heliograph.protocols.file.provider import FileConfig, FileProvider
from heliograph.runtime.providers import check

HERE = ProviderContext(name="line", account_id="A" * 26, callback_url=None)


async def test_what_is_printed_is_delivered(capsys: pytest.CaptureFixture[str]) -> None:
    provider, ears = ConsoleProvider(HERE), Ears()
    await provider.start(ears)

    outcomes = await provider.send([outgoing(1, "Hello\nsms Bank -> +33612345678"), outgoing(2, originator=None)])

    assert outcomes == [Accepted("M1-1"), Accepted("M2-1")]
    assert {receipt.status for receipt in ears.heard} == {Status.DELIVERED}
    assert capsys.readouterr().err == (
        "sms 12345 -> +33600000001 (1 part(s), gsm7)\n    Hello\n    sms Bank -> +33612345678\n"
        "sms - -> +33600000002 (1 part(s), gsm7)\n    Hello\n"
    )
    assert (await check(provider)).works


async def test_what_is_written_into_the_file_is_delivered(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    provider, ears = FileProvider(FileConfig(type="file", path=str(file)), HERE), Ears()
    await provider.start(ears)

    await provider.send([outgoing(1, "Un\nDeux")])
    outcomes = await provider.send([outgoing(2, attempt=3)])

    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["to"], first["from"], first["body"]) == ("+33600000001", "12345", "Un\nDeux")
    assert (second["id"], second["attempt"]) == ("M2", 3)
    assert file.stat().st_mode & 0o777 == 0o600
    assert outcomes == [Accepted("M2-3")]
    assert len(ears.heard) == 2
    assert (await check(provider)).works


async def test_a_file_that_can_not_be_written_is_tried_again(tmp_path: Path) -> None:
    provider = FileProvider(FileConfig(type="file", path=str(tmp_path)), HERE)
    await provider.start(Ears())

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, TryAgain)
    assert outcome.code == "EISDIR"
    assert not (await check(provider)).works
