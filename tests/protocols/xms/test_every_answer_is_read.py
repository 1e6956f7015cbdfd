"""Whatever state a thing is in: what is answered about it, both published clients read with their own models."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import clx.xms
import httpx2
import msgspec
import pytest
from clx.xms import deserialize
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain.batches import Batch, BodyKind, Options, ReportWish
from heliograph.domain.groups import AutoUpdate, Group
from heliograph.domain.inbound import Inbound
from heliograph.domain.messages import Message
from heliograph.domain.rendering import Rendered
from heliograph.domain.reports import Bucket, RecipientStatus
from heliograph.domain.statuses import Reason, Status
from heliograph.protocols.xms import wire
from heliograph.protocols.xms.door import shapes
from heliograph.services.batches import DryRun
from heliograph.services.reports import BatchReport
from heliograph.text import Encoding

from .conftest import settle

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

#: The first to import `sinch` waits for it.
patiently = settings(deadline=None)

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


class Answer:
    """An answer as `clx.xms` is handed it."""

    def __init__(self, value: Any) -> None:
        self.text = msgspec.json.encode(value).decode()

    def json(self) -> Any:
        return msgspec.json.decode(self.text)


def by_sinch(model: Any, value: Any) -> Any:
    """By the models of `sinch`; what none of them takes is no answer."""
    from pydantic import TypeAdapter
    from sinch.core.models.internal.unions import response_parsing_scope
    from sinch.core.models.sinch_raw_response import SinchRawResponse

    with response_parsing_scope():
        read = TypeAdapter(model).validate_python(Answer(value).json())
    content = getattr(read, "content", [])
    assert not any(isinstance(each, SinchRawResponse) for each in (read, *content))
    return read


instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
words = st.text(max_size=5)
msisdns = st.integers(10_000_000, 99_999_999).map(lambda n: f"336{n}")
maybe = st.none() | words
kinds = st.sampled_from(BodyKind)
parameters = st.none() | st.dictionaries(words, st.dictionaries(words, words, max_size=2), max_size=2)
statuses = st.sampled_from(Status)
reasons = st.none() | st.sampled_from([reason.value for reason in Reason])
codes = st.sampled_from([None, "", "0", "011", "x1", "-5", "²", "9" * 5_000])
batches = st.builds(
    Batch,
    id=st.just(ID),
    account_id=st.just(ID),
    protocol=st.just("xms"),
    kind=kinds,
    originator=st.sampled_from([None, "12345", "Acme"]),
    body=st.sampled_from(["", "AAEC"]),
    udh=st.sampled_from(["", "0500"]),
    parameters=parameters,
    recipients=st.lists(msisdns, max_size=2),
    groups=st.lists(st.just(ID), max_size=1),
    recipient_count=st.integers(0, 9),
    send_at=instants,
    expire_at=instants,
    callback_url=maybe,
    report=st.sampled_from(ReportWish),
    tags=st.lists(words, max_size=2),
    title=maybe,
    client_reference=maybe,
    flash=st.booleans(),
    max_parts=st.none() | st.integers(1, 9),
    created_at=instants,
    modified_at=instants,
    options=st.builds(
        Options,
        truncate=st.booleans(),
        originator_ton=st.none() | st.integers(0, 6),
        originator_npi=st.none() | st.integers(0, 18),
        feedback=st.booleans(),
        campaign_id=maybe,
    ),
    canceled_at=st.none() | instants,
)
pairs = st.lists(st.sampled_from(["join", "Stopp!"]), max_size=2)
groups = st.builds(
    Group,
    id=st.just(ID),
    account_id=st.just(ID),
    name=st.none() | words.filter(bool),
    size=st.integers(0, 9),
    children=st.lists(st.just(ID), max_size=1),
    auto_update=st.none() | st.builds(AutoUpdate, to=st.just("12345"), add=pairs, remove=pairs),
    tags=st.lists(words, max_size=2),
    created_at=instants,
    modified_at=instants,
)
messages = st.builds(
    Message,
    id=st.just(ID),
    account_id=st.just(ID),
    batch_id=st.just(ID),
    msisdn=msisdns,
    originator=st.sampled_from([None, "Acme"]),
    text=maybe,
    status=statuses,
    reason=reasons,
    detail=maybe,
    provider_code=codes,
    encoding=st.none() | st.sampled_from([each.value for each in Encoding]),
    parts=st.none() | st.integers(0, 9),
    provider=maybe,
    provider_ref=maybe,
    attempts=st.integers(0, 2),
    created_at=instants,
    due_at=instants,
    expire_at=instants,
    lease_until=st.none() | instants,
    sent_at=st.none() | instants,
    settled_at=st.none() | instants,
)
inbounds = st.builds(
    Inbound,
    id=st.just(ID),
    account_id=st.just(ID),
    kind=kinds,
    msisdn=st.sampled_from(["", "33612345678", "Acme"]),
    to=st.sampled_from(["", "12345"]),
    body=st.sampled_from(["", "AAEC"]),
    udh=st.sampled_from(["", "0500"]),
    provider=st.just("sandbox"),
    provider_ref=maybe,
    keyword=maybe,
    received_at=instants,
    sent_at=st.none() | instants,
    operator=maybe,
)
reports = st.builds(
    BatchReport,
    batch=batches,
    buckets=st.lists(
        st.builds(Bucket, status=statuses, why=reasons, provider_code=codes, count=st.integers(1, 9)),
        max_size=3,
    ),
    standings=st.lists(
        st.builds(RecipientStatus, msisdn=msisdns, status=statuses, reason=reasons, provider_code=codes), max_size=3
    ),
)


@patiently
@given(st.lists(batches, max_size=3))
def test_batches_are_read(stored: list[Batch]) -> None:
    from sinch.domains.sms.models.v1.response import ListBatchesResponse

    page = wire.BatchPage(page=0, page_size=len(stored), count=9, batches=[shapes.batch(each) for each in stored])

    old = deserialize.batches_page(Answer(page)).content
    new = by_sinch(ListBatchesResponse, page).content
    assert [each.body for each in new] == [each.body for each in stored]
    assert [each.canceled for each in old] == [each.canceled for each in new] == [each.canceled for each in stored]


@patiently
@given(st.lists(groups, max_size=3))
def test_groups_are_read(stored: list[Group]) -> None:
    from sinch.domains.sms.models.v1.response import ListGroupsResponse

    page = wire.GroupPage(page=0, page_size=len(stored), count=9, groups=[shapes.group(each) for each in stored])

    def pair(keywords: Sequence[str]) -> tuple[str | None, str | None]:
        first, second, *_ = (*keywords, None, None)
        return first, second

    def of_sinch(keyword: Any) -> tuple[str | None, str | None]:
        return (None, None) if keyword is None else (keyword.first_word, keyword.second_word)

    for ours, old, new in zip(
        stored, deserialize.groups_page(Answer(page)).content, by_sinch(ListGroupsResponse, page).content, strict=True
    ):
        words = ours.auto_update
        if words is None:
            assert old.auto_update is new.auto_update is None
        else:
            assert old.auto_update.add_word_pair == of_sinch(new.auto_update.add) == pair(words.add)
            assert old.auto_update.remove_word_pair == of_sinch(new.auto_update.remove) == pair(words.remove)


@patiently
@given(st.lists(inbounds, max_size=3))
def test_inbound_messages_are_read(stored: list[Inbound]) -> None:
    from sinch.domains.sms.models.v1.internal.list_inbounds_response import ListInboundsResponse

    page = wire.InboundPage(page=0, page_size=len(stored), count=9, inbounds=[shapes.inbound(each) for each in stored])

    old = deserialize.inbounds_page(Answer(page)).content
    new = by_sinch(ListInboundsResponse, page).content
    assert [each.sender for each in old] == [each.from_ for each in new] == [each.msisdn for each in stored]


@patiently
@given(reports, st.booleans())
def test_reports_of_batches_are_read(stored: BatchReport, full: bool) -> None:
    from sinch.domains.sms.models.v1.response import BatchDeliveryReport

    report = shapes.batch_report(stored, full=full)

    old = deserialize.batch_delivery_report(Answer(report))
    new = by_sinch(BatchDeliveryReport, report)
    assert old.total_message_count == new.total_message_count == sum(each.count for each in stored.buckets)


@patiently
@given(st.lists(messages, max_size=3), maybe)
def test_reports_of_recipients_are_read(stored: list[Message], reference: str | None) -> None:
    from sinch.domains.sms.models.v1.internal.list_delivery_reports_response import ListDeliveryReportsResponse

    each = [shapes.recipient_report(message, reference) for message in stored]
    page = wire.RecipientReportPage(page=0, page_size=len(stored), count=9, delivery_reports=each)

    old = [deserialize.batch_recipient_delivery_report(Answer(report)) for report in each]
    new = by_sinch(ListDeliveryReportsResponse, page).content
    assert [(report.code, report.status) for report in old] == [(report.code, report.status) for report in new]


class Listed(msgspec.Struct):
    msisdn: str
    rendered: Rendered


@patiently
@given(batches, st.lists(st.sampled_from([encoding.value for encoding in Encoding]), max_size=3), st.booleans())
def test_dry_runs_are_read(batch: Batch, encodings: list[str], per_recipient: bool) -> None:
    from sinch.domains.sms.models.v1.response import DryRunResponse

    rows: Any = [Listed("33612345678", Rendered("x", encoding, 1)) for encoding in encodings]
    reply = shapes.dry_run(DryRun(batch, len(rows), len(rows), 0, [], rows), per_recipient=per_recipient)

    old = deserialize.batch_dry_run_result(Answer(reply))
    new = by_sinch(DryRunResponse, reply)
    assert old.number_of_messages == new.number_of_messages == len(rows)


LATER = "2031-05-06T07:08:09Z"
HALVES: list[dict[str, Any]] = [
    {},
    {"add": {"first_word": "in"}},
    {"remove": {"first_word": "acme", "second_word": "out"}},
    {"add": {"first_word": "in"}, "remove": {}},
    {"add": {}, "remove": {}},
]
#: Beside recipients and a text: what a batch is made with.
BATCHES: list[dict[str, Any]] = [
    {"send_at": LATER},
    {"send_at": LATER, "parameters": {}, "tags": [], "client_reference": "", "feedback_enabled": False},
    {"send_at": LATER, "from": None, "parameters": {"x": {"default": "y"}}, "flash_message": True},
    {"send_at": LATER, "type": "mt_binary", "body": "AAEC", "udh": ""},
    {"send_at": LATER, "type": "mt_binary", "body": "AAEC", "udh": "0500", "truncate_concat": False, "from_ton": 0},
    {},
    {"body": "Hello ${nobody}"},
]


@pytest.fixture(scope="module")
def peopled(start_server: StartServer) -> Server:
    """A server with something in each state."""
    server = start_server()
    ready = server.ready["protocols"]["xms"]
    address = f"{ready['endpoint']}/v1/{ready['service_plan_id']}"
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {ready['token']}"}) as plan:

        def made(path: str, body: dict[str, Any]) -> str:
            identifier: str = plan.post(path, json=body).json()["id"]
            return identifier

        for halves in HALVES:
            made("/groups", {"auto_update": {"to": "12345"} | halves})
        empty, gone = made("/groups", {}), made("/groups", {"name": "Named", "members": ["33612345678"]})
        for place, fields in enumerate(BATCHES):
            batch = {"to": [f"3361234{place:04d}", "999200003", "999100002"], "from": "12345", "body": "Hello"} | fields
            scheduled = batch | {"send_at": LATER}
            plan.put(f"/batches/{made('/batches', scheduled)}", json=batch).raise_for_status()
            plan.delete(f"/batches/{made('/batches', scheduled)}").raise_for_status()
            settled = made("/batches", batch)
            if "send_at" not in fields:
                settle(server, settled)
        for to in ([gone], [empty], [gone, "33612345678"]):
            made("/batches", {"to": to, "from": "12345", "body": "Hello", "send_at": LATER})
        made("/batches", {"to": [empty], "from": "12345", "body": "Hello"})
        plan.delete(f"/groups/{gone}").raise_for_status()
    with server.client() as client:
        client.messages.send(to="+33612345699", text="By another door", originator="Acme")
        client.sandbox.reply("+33612340005", to="12345", text="join me")
    return server


def test_the_older_client_reads_whatever_there_is(peopled: Server) -> None:
    ready = peopled.ready["protocols"]["xms"]
    client = clx.xms.Client(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"])

    there = [batch for page in client.fetch_batches(page_size=5) for batch in page]
    for batch in there:
        assert vars(client.fetch_batch(batch.batch_id)) == vars(batch)
        assert isinstance(client.fetch_batch_tags(batch.batch_id), set)
        for kind in ("summary", "full"):
            report = client.fetch_delivery_report(batch.batch_id, kind=kind)
        for recipient in itertools.chain.from_iterable(status.recipients for status in report.statuses):
            assert client.fetch_recipient_delivery_report(batch.batch_id, recipient).recipient == recipient
    found = [group for page in client.fetch_groups(page_size=2) for group in page]
    for group in found:
        assert client.fetch_group(group.group_id).size == len(client.fetch_group_members(group.group_id))
        assert client.fetch_group_tags(group.group_id) == set()
    inbound = [message for page in client.fetch_inbounds() for message in page]

    assert (len(there), len(found), len(inbound)) == (3 * len(BATCHES) + 5, len(HALVES) + 1, 1)


def test_the_newer_client_reads_whatever_there_is(
    peopled: Server, sinch_for: Callable[[str, str, str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    ready = peopled.ready["protocols"]["xms"]
    sms = sinch_for(peopled.url, ready["service_plan_id"], ready["token"]).sms

    there = list(sms.batches.list(page_size=5).iterator())
    for batch in there:
        assert sms.batches.get(batch_id=batch.id) == batch
        for kind in ("summary", "full"):
            report = sms.delivery_reports.get(batch_id=batch.id, report_type=kind)
        for recipient in itertools.chain.from_iterable(status.recipients for status in report.statuses):
            assert sms.delivery_reports.get_for_number(batch_id=batch.id, recipient=recipient).recipient == recipient
    found = list(sms.groups.list(page_size=2).iterator())
    for group in found:
        assert sms.groups.get(group_id=group.id) == group
        assert len(list(sms.groups.list_members(group_id=group.id).iterator())) == group.size
    reports = list(sms.delivery_reports.list(page_size=3).iterator())
    inbound = list(sms.inbounds.list().iterator())

    assert (len(there), len(found), len(inbound)) == (3 * len(BATCHES) + 5, len(HALVES) + 1, 1)
    assert reports
    assert "SinchRawResponse" not in caplog.text
