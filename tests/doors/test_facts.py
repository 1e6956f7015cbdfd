"""What a door keeps for itself comes back by that door, and by no other."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx2
import msgspec
import pytest
from tests.protocols.contract.doors import ask_isendpro, ask_smscx, ask_smsdrop, ask_twilio

from heliograph.doors.facts import FactsOf

if TYPE_CHECKING:
    from tests.conftest import Server

TRACKER, SERVICE, DELAY_S = "Tr4ckerOfMine", "MG" + "5e" * 16, 7_777


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    word: str = ""
    count: int = 0


OURS = FactsOf("ours", Facts)


def test_facts_come_back_as_they_were_written() -> None:
    facts = Facts("Ünï", 7)

    assert OURS.read("ours", OURS.write(facts)) == facts


def test_where_nothing_is_to_be_kept_nothing_is_written() -> None:
    assert OURS.write(Facts()) is None
    assert OURS.read("ours", None) == Facts()


def test_facts_of_another_door_are_none() -> None:
    assert OURS.read("theirs", OURS.write(Facts("a"))) == Facts()


@pytest.mark.parametrize("text", ["", "[]", "no JSON", '{"count":"seven"}', '{"word":1}'])
def test_what_an_earlier_version_wrote_otherwise_keeps_nobody_from_reading(text: str) -> None:
    assert OURS.read("ours", text) == Facts()
    assert OURS.read("ours", '{"word":"a","gone":true}') == Facts("a")


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=60) as client:
        yield client


class Sent:
    """A message by each door that keeps something, each to a number of its own; and every door's view of all."""

    def __init__(self, http: httpx2.Client, server: Server, numbers: list[str]) -> None:
        self.http = http
        self.ready: dict[str, Any] = server.ready
        self.numbers = numbers
        by_isendpro, by_smsdrop, by_smscx, by_twilio = numbers
        ready = self.ready
        self._answer(ask_isendpro(http, ready, by_isendpro, {"tracker": TRACKER}))
        self.campaign = self._answer(ask_smsdrop(http, ready, by_smsdrop, {"defer_by": DELAY_S, "title": "x"})).json()
        self.to_group = self._answer(ask_smscx(http, ready, by_smscx, {"groups": []})).json()
        service = {"MessagingServiceSid": SERVICE}
        self.by_service = self._answer(ask_twilio(http, ready, by_twilio, service)).json()

    def _answer(self, found: httpx2.Response) -> httpx2.Response:
        assert found.status_code < 300, found.text
        return found

    def isendpro(self) -> list[dict[str, str]]:
        at, now = self.ready["protocols"]["isendpro"], datetime.now(ZoneInfo("Europe/Paris"))
        since, until = (f"{now + timedelta(hours=hours):%Y-%m-%d %H:%M}" for hours in (-1, 1))
        asked = {"keyid": at["keyid"], "rapportCampagne": "1", "date_deb": since, "date_fin": until}
        archive = zipfile.ZipFile(
            io.BytesIO(self._answer(self.http.get(f"{at['host']}/campagne", params=asked)).content)
        )
        (name,) = archive.namelist()
        return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))

    def smsdrop(self) -> list[dict[str, Any]]:
        at = self.ready["protocols"]["smsdrop"]
        login = {"username": at["email"], "password": at["password"]}
        token = self._answer(self.http.post(f"{at['context']}/api/auth/login", data=login)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return list(self._answer(self.http.get(f"{at['context']}/api/campaigns/", headers=headers)).json())

    def smscx(self) -> list[dict[str, Any]]:
        at = self.ready["protocols"]["smscx"]
        headers = {"X-API-KEY": at["api_key"]}
        return list(self._answer(self.http.get(f"{at['host']}/reports/campaigns", headers=headers)).json()["data"])

    def twilio(self) -> list[dict[str, Any]]:
        at = self.ready["protocols"]["twilio"]
        url = f"{at['base_url']}/2010-04-01/Accounts/{at['account_sid']}/Messages.json"
        found = self._answer(self.http.get(url, auth=(at["account_sid"], at["auth_token"]))).json()
        return list(found["messages"])

    def others(self) -> dict[str, str]:
        """Everything that the doors without facts of their own show of these messages."""
        native, xms = {"Authorization": f"Bearer {self.ready['api']['token']}"}, self.ready["protocols"]["xms"]
        at = f"{xms['endpoint']}/v1/{xms['service_plan_id']}/batches"
        return {
            **{
                path: self._answer(self.http.get(f"{self.ready['base_url']}/v1/{path}", headers=native)).text
                for path in ("messages", "batches")
            },
            "xms": self._answer(self.http.get(at, headers={"Authorization": f"Bearer {xms['token']}"})).text,
        }


def test_each_door_shows_its_own_and_no_other_does(
    http: httpx2.Client, server: Server, new_number: Callable[[], str]
) -> None:
    sent = Sent(http, server, [new_number().removeprefix("+") for _ in range(4)])
    by_isendpro, by_smsdrop, by_smscx, by_twilio = sent.numbers

    files = {row["tel"]: row for row in sent.isendpro()}
    drops = {each["id"]: each for each in sent.smsdrop()}
    groups = [each["groups"] for each in sent.smscx() if f"G{by_smscx}" in str(each["groups"])]
    texts = {each["to"]: each for each in sent.twilio()}

    assert files[by_isendpro]["tracker"] == TRACKER
    assert (drops[sent.campaign["id"]]["defer_by"], drops[sent.campaign["id"]]["defer_until"]) == (DELAY_S, None)
    assert [[group["name"] for group in each] for each in groups] == [[f"G{by_smscx}"]]
    assert texts[f"+{by_twilio}"]["messaging_service_sid"] == SERVICE
    assert {texts[f"+{number}"]["messaging_service_sid"] for number in (by_isendpro, by_smsdrop, by_smscx)} == {None}

    views = sent.others()
    seen = {"isendpro": files.values(), "smsdrop": drops.values(), "smscx": sent.smscx(), "twilio": texts.values()}
    everything = views | {door: str(list(found)) for door, found in seen.items()}
    assert all(by_twilio in text for door, text in everything.items() if door in {"messages", "xms", "twilio"})
    for word, own in ((TRACKER, "isendpro"), (str(DELAY_S), "smsdrop"), (f"G{by_smscx}", "smscx"), (SERVICE, "twilio")):
        alone = re.compile(rf"(?<!\w){word}(?!\w)")  # others' numbers and identifiers may have it in them
        assert {door for door, text in everything.items() if alone.search(text)} == {own}
