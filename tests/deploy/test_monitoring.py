"""What an operator watches: probes, metrics, and the dashboard and alert rules that are made of these."""

from __future__ import annotations

import json
import re
import struct
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.importing import ROOT
from tests.patience import HANG_S
from tests.protocols.listening import Listener
from tests.protocols.smpp.esme import Esme

from heliograph.protocols.smpp.wire.pdus import BindTransmitter
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import Settings

DEPLOY = ROOT / "deploy"
PROMETHEUS_OWN = {"le", "instance", "job"}
_METRIC = re.compile(r"\b(heliograph_[a-z_]+)(?:\{([^}]*)\})?")
_BY = re.compile(r"by \(([^)]*)\)")


def expressions() -> dict[str, str]:
    """Each expression of the files, by where it stands."""
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    return {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]} | {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }


@pytest.fixture(scope="module")
def watched(start_server: StartServer) -> Iterator[Server]:
    """A server on which a little of everything has happened."""
    line = {"type": "smpp", "hosts": ["127.0.0.1:1"], "system_id": "nobody", "password": "there"}
    environment = {
        "HELIOGRAPH_MONITOR": "127.0.0.1:0",
        "HELIOGRAPH_RETENTION": '{"texts": 30}',
        "HELIOGRAPH_PROVIDERS": json.dumps({"line": line}),
    }
    server = start_server(environment=environment)
    customer = Listener(status=500)
    with server.client() as client:
        sent = client.messages.send(to="+33677000001", text="x", report="summary", callback_url=customer.url)
        client.messages.wait_for_delivery(sent.id, timeout_s=HANG_S)
        customer.next()
        client.batches.send(to=["+33677000002"], text="x", send_at="2100-01-01T00:00:00Z")
    assert httpx2.get(f"{server.url}/v1/account", headers={"Authorization": "Bearer wrong"}).status_code == 401
    customer.close()
    with Esme(server.ready["protocols"]["smpp"], bind=BindTransmitter) as esme:  # its receipts wait
        assert esme.submit("+33677000003").status == 0
        esme.write(struct.pack(">IIII", 16, 0x0999, 0, 9))
        assert esme.next().status == CommandStatus.RINVCMDID
        yield server


def samples(url: str) -> dict[str, list[dict[str, str]]]:
    """The labels of each sample, by the name of the metric; of a metric without any, none."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for family in text_string_to_metric_families(httpx2.get(f"{url}/metrics").text):
        found[family.name + ("_total" if family.type == "counter" else "")] = []
        for sample in family.samples:
            found[sample.name].append(sample.labels)
    return found


def test_the_dashboard_and_the_alerts_name_metrics_and_labels_that_there_are(watched: Server) -> None:
    there = samples(watched.ready["monitor"])
    wrong = [
        f"{where}: {name} {labels}"
        for where, expression in expressions().items()
        for name, labels in named_in(expression)
        if name not in there or any(labels - PROMETHEUS_OWN - set(of_sample) for of_sample in there[name])
    ]

    assert wrong == []


def named_in(expression: str) -> Iterable[tuple[str, set[str]]]:
    """Each metric of an expression, with the labels that are asked of it."""
    grouped = {label.strip() for labels in _BY.findall(expression) for label in labels.split(",")}
    for name, selected in _METRIC.findall(expression):
        yield name, grouped | set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selected))


@pytest.mark.parametrize(
    "name",
    [
        "heliograph_accepted_to_sent_seconds_bucket",
        "heliograph_sent_to_delivered_seconds_bucket",
        "heliograph_messages_settled_total",
        "heliograph_store_seconds_bucket",
        "heliograph_queued",
        "heliograph_callbacks_waiting",
        "heliograph_credentials_refused_total",
        "heliograph_retention_overdue_seconds",
        "heliograph_smpp_clients_served_seconds_bucket",
        "heliograph_smpp_provider_answer_seconds_bucket",
    ],
)
def test_what_happened_is_counted(watched: Server, name: str) -> None:
    assert samples(watched.ready["monitor"])[name]


def test_callbacks_that_wait_are_told_by_how_their_host_does(watched: Server) -> None:
    assert {"host": "failing"} in samples(watched.url)["heliograph_callbacks_waiting"]


def test_smpp_tells_of_its_binds_and_of_what_it_refuses(watched: Server) -> None:
    there = samples(watched.url)
    (account,) = {each["account"] for each in there["heliograph_smpp_clients"]}

    assert {"provider": "line", "state": "not_bound"} in there["heliograph_smpp_provider_binds"]
    assert there["heliograph_smpp_clients"] == [{"account": account, "mode": "transmitter"}]
    assert {"status": "RINVCMDID"} in there["heliograph_smpp_clients_refused_total"]
    while {"protocol": "smpp"} not in samples(watched.url)["heliograph_clients_owed"]:
        time.sleep(0.1)  # the store is looked into now and then


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_those_who_watch_have_an_address_of_their_own_with_nothing_else(watched: Server, path: str) -> None:
    apart = watched.ready["monitor"]

    assert httpx2.get(f"{apart}{path}").status_code == 200
    assert httpx2.get(f"{watched.url}{path}").status_code == 200
    assert httpx2.get(f"{apart}/v1/account").status_code == 404


def test_a_worker_is_watched_at_its_address(
    start_server: StartServer, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    worker = start_server(
        tmp_path / "data",
        store=postgresql.new_database(),
        environment={"HELIOGRAPH_MONITOR": "127.0.0.1:0"},
        role="worker",
    )
    url = worker.ready["monitor"]

    assert httpx2.get(f"{url}/readyz").json() == {"status": "ready"}
    assert "heliograph_store_seconds_bucket" in samples(url)
    assert httpx2.get(f"{url}/v1/account").status_code == 404


async def status(platform: Platform, path: str, address: str = "203.0.113.5") -> int:
    transport = httpx2.ASGITransport(app=platform.web(), client=(address, 5))
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        return (await client.get(path)).status_code


async def test_who_may_ask_is_a_setting(tmp_path: Path) -> None:
    inside: Any = (ip_network("10.0.0.0/8"),)
    async with running(Settings(data_dir=tmp_path, health_networks=inside, metrics_networks=())) as platform:
        seen = {
            (path, address): await status(platform, path, address)
            for path in ("/livez", "/readyz", "/healthz", "/metrics")
            for address in ("10.1.2.3", "127.0.0.1")
        }

    assert [key for key, code in seen.items() if code == 200] == [
        (path, "10.1.2.3") for path in ("/livez", "/readyz", "/healthz")
    ]
    assert set(seen.values()) == {200, 404}


async def test_a_process_that_stops_is_not_ready_but_alive(tmp_path: Path) -> None:
    async with running(Settings(data_dir=tmp_path)) as platform:
        before = [await status(platform, path) for path in ("/livez", "/readyz")]
        platform.engine.notifier.close()
        after = [await status(platform, path) for path in ("/livez", "/readyz")]

    assert before == [200, 200]
    assert after == [200, 503]


async def test_a_process_without_its_engine_is_not_alive(tmp_path: Path) -> None:
    async with running(Settings(data_dir=tmp_path)) as platform:
        await platform.engine.stop()

        assert await status(platform, "/livez") == 503
