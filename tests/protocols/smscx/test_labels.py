"""Reports over messages that stand in every way: each answer is readable by the published client's own models, and what
a row shows is what it is found by, on both stores."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

import httpx2
import pytest
from python_calamine import CalamineWorkbook
from tests.store.conftest import MakeBatch

from heliograph.domain.accounts import CredentialKind
from heliograph.domain.batches import Options
from heliograph.domain.channels import Channel, Fallback
from heliograph.domain.ids import following
from heliograph.domain.instants import now_ms
from heliograph.domain.statuses import Reason, Status
from heliograph.protocols.registry import SERVED
from heliograph.protocols.smscx.door.applications import SCOPES
from heliograph.protocols.smscx.door.statuses import STATUS_CODES
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings
from heliograph.store.base import Lane
from heliograph.store.batches import accept
from heliograph.store.schema import messages
from heliograph.store.tx import Row, Tx

from .conftest import decoded

#: Every door that is served, those that other sources are the names of, and one that somebody made.
DOORS = ["v1", *(protocol.name for protocol in SERVED), "console", "smpp", "plugin", "somebody's own"]
STANDINGS = [
    *((status, None, False) for status in Status),
    (Status.QUEUED, None, True),
    (Status.REJECTED, Reason.NO_COVERAGE.value, False),
    (Status.REJECTED, Reason.OPTED_OUT.value, False),
    (Status.FAILED, Reason.UNDELIVERED.value, False),
]
COUNTRIES = {"33": "FR", "49": "DE", "999": None}
LATER = timedelta(days=400)


class Sources(NamedTuple):
    """The words that the vendor has for each filter (reference: section 7)."""

    source: Sequence[str] = ("api", "excel", "webapp", "smpp", "plugin", "alerts")
    delivery_report: Sequence[str] = ("delivered", "failed", "sent", "accepted", "rejected", "scheduled")
    channel: Sequence[str] = ("sms", "viber", "whatsapp")
    country_iso: Sequence[str] = ("FR", "DE", "ZZ", "IT")


WORDS = Sources()._asdict()
#: Which field of a row shows what each filter is about.
SHOWN: dict[str, Callable[[dict[str, Any]], str]] = {
    "source": lambda row: row["source"],
    "delivery_report": lambda row: row["status"].lower(),
    "channel": lambda row: row["channel"],
    "country_iso": lambda row: row["countryIso"],
}
FILTERS = [(name, word) for name, words in WORDS.items() for word in words]


class Reported:
    """A platform whose messages stand in every way, and its reports."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        day = "2020-01-01", "2099-12-31"
        self.period = {"period": "", "start_date": day[0], "end_date": day[1]}
        self.rows: list[dict[str, Any]] = []

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        answer = await self._client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer

    async def pages(self, path: str, model: str, **query: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page, each page read by the published client's model."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await self.get(path, **query, next=cursor, limit=400)).json()
            decoded(page, model)
            rows += page["data"]
            cursor = page["paging"]["next"]
            if cursor is None:
                return rows

    async def report(self, **wanted: str) -> list[dict[str, Any]]:
        return await self.pages("/reports", "ReportsAdvancedResponse", **self.period, **wanted)

    def showing(self, **wanted: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if all(SHOWN[name](row) == word for name, word in wanted.items())]


def planned(number: int) -> Options:
    """Of a batch: by one channel, or by several."""
    first, *others = list(itertools.permutations(Channel))[number % 6]
    fallbacks = [Fallback(channel=other, body="Hello") for other in others] if number % 2 else []
    return Options(channel=first, fallbacks=fallbacks)


class Written(Row, frozen=True):
    id: str
    status: str
    reason: str | None
    due_at: int


def stand(tx: Tx, batch_id: str, ways: Sequence[tuple[Status, str | None, bool]], channel: str) -> None:
    """Puts each message of a batch where it is to stand, and out of the reach of workers."""
    now, later = now_ms(), now_ms() + int(LATER.total_seconds()) * 1000
    rows = [
        Written(message_id, status.value, reason, later if scheduled else now - 1)
        for message_id, (status, reason, scheduled) in zip(following(batch_id, len(ways)), ways, strict=True)
    ]
    tx.update(messages, rows, {"channel": channel, "lease_until": later, "set_aside": 1, "parts": 1})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def reported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reported]:
    """One for all tests of each store: they only read."""
    store = "" if request.param == "sqlite" else request.getfixturevalue("postgresql").new_database()
    async with running(Settings(data_dir=tmp_path_factory.mktemp("reported"), store=store)) as platform:
        account = await platform.services.accounts.ensure("sandbox")
        key = (await platform.services.accounts.issue(account, CredentialKind.SMSCX, scopes=SCOPES)).secret
        make = MakeBatch()
        for place, door in enumerate(DOORS):
            for number in (2 * place, 2 * place + 1):
                options = planned(number)
                numbers = [f"{code}6{number:03d}{way:04d}" for way in range(len(STANDINGS)) for code in COUNTRIES]
                new = make(*numbers, account_id=account.id, protocol=door, options=options)
                new.batch.send_at += LATER
                new.batch.expire_at += 2 * LATER
                await platform.engine.store.write_item(accept, new, Lane.ACCEPT)
                ways = [way for way in STANDINGS for _ in COUNTRIES]
                last = options.fallbacks[-1].channel if options.fallbacks else options.channel
                await platform.engine.store.write(stand, new.batch.id, ways, last.value)
        transport = httpx2.ASGITransport(app=platform.web())
        headers = {"X-API-KEY": key}
        async with httpx2.AsyncClient(transport=transport, base_url="http://test/smscx", headers=headers) as client:
            made = Reported(client)
            made.rows = await made.report()
            yield made


def ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["msgId"] for row in rows]


async def test_a_report_has_every_message_but_those_that_were_deleted(reported: Reported) -> None:
    kept = [way for way in STANDINGS if way[0] is not Status.CANCELED]

    assert len(reported.rows) == 2 * len(DOORS) * len(kept) * len(COUNTRIES)
    assert {row["status"] for row in reported.rows} == set(STATUS_CODES)
    assert {row["channel"] for row in reported.rows} == {"sms", "viber", "whatsapp"}


async def test_filtering_by_a_word_finds_exactly_what_shows_it(reported: Reported) -> None:
    for name, word in FILTERS:
        for written in (word, word.upper(), word.lower()):
            assert ids(await reported.report(**{name: written})) == ids(reported.showing(**{name: word})), (
                name,
                written,
            )


async def test_totals_and_exports_are_of_what_a_filter_finds(reported: Reported) -> None:
    for name, word in FILTERS:
        wanted = reported.period | {name: word}
        found = reported.showing(**{name: word})
        totals = (await reported.get("/reports", **wanted, short_response="true")).json()["info"]
        table = list(csv.DictReader(io.StringIO((await reported.get("/reports/csv", **wanted)).text)))
        book = CalamineWorkbook.from_filelike(io.BytesIO((await reported.get("/reports/xlsx", **wanted)).content))

        assert totals["totalPhoneNumbers"] == totals["totalParts"] == len(found), (name, word)
        assert ids(table) == ids(found)
        assert [row[0] for row in book.get_sheet_by_index(0).to_python()[1:]] == ids(found)
        assert [SHOWN[name](row) for row in table] == [word] * len(found)


@pytest.mark.parametrize("dimension", ["source", "channel", "country"])
async def test_a_summary_counts_what_the_rows_show(reported: Reported, dimension: str) -> None:
    show = SHOWN["country_iso" if dimension == "country" else dimension]
    for name, word in FILTERS:
        found = await reported.get(f"/reports/summary/{dimension}", **reported.period, **{name: word})

        counted = {key: each["phoneNumbers"] for key, each in found.json()["data"].items()}
        assert counted == Counter(show(row) for row in reported.showing(**{name: word})), (name, word)


async def test_filters_together_find_what_shows_all_of_their_words(reported: Reported) -> None:
    rng = Random(16)
    for _ in range(60):
        wanted = {name: rng.choice(words) for name, words in WORDS.items() if rng.random() < 0.5}
        assert ids(await reported.report(**wanted)) == ids(reported.showing(**wanted)), wanted


async def test_planned_messages_are_those_of_campaigns_by_several_channels(reported: Reported) -> None:
    planned = ids(await reported.report(channel="multichannel"))

    assert planned
    assert planned == ids(await reported.report(channel="Multichannel"))
    assert len(planned) == len(reported.rows) / 2


@pytest.mark.parametrize("source", ["", *WORDS["source"]])
async def test_campaigns_are_found_by_the_source_that_they_show(reported: Reported, source: str) -> None:
    everything = await reported.pages("/reports/campaigns", "ReportsCampaignsRespone", delivery_reports="true")
    found = await reported.pages("/reports/campaigns", "ReportsCampaignsRespone", source=source.upper())
    total = (await reported.get("/reports/campaigns", source=source, limit=1)).json()["info"]["totalCampaigns"]

    assert [row["id"] for row in found] == [row["id"] for row in everything if source in {"", row["source"]}]
    assert total == len(found)


async def test_a_campaign_comes_to_what_its_rows_come_to(reported: Reported) -> None:
    for campaign in await reported.pages("/reports/campaigns", "ReportsCampaignsRespone", delivery_reports="true"):
        path = f"/reports/campaigns/{campaign['id']}"
        rows = await reported.pages(path, "ReportsCampaignResponse")
        info = (await reported.get(path, limit=1)).json()["info"]
        status = Counter(row["status"] for row in rows)

        assert campaign["totalPhoneNumers"] == info["totalPhoneNumbers"] == len(rows)
        assert campaign["parts"] == info["totalParts"] == len(rows)
        assert (campaign["status"]["scheduled"], campaign["status"]["noCoverage"]) == (
            status["SCHEDULED"],
            status["NO COVERAGE"],
        )


async def test_each_message_can_be_read_alone_also_one_that_was_deleted(reported: Reported) -> None:
    for row in reported.rows[:: len(COUNTRIES)]:
        alone = (await reported.get(f"/reports/single/{row['msgId']}")).json()
        decoded(alone, "ReportSingleResponse")
        assert alone["data"] == row
