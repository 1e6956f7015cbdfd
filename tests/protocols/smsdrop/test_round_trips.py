"""What is given is what is answered, and whatever becomes of a campaign, both published clients read the listing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.protocols.shared.uuids import from_uuid

from .conftest import Connect, Published

if TYPE_CHECKING:
    from tests.conftest import Server

# The client is the same for all examples, and a busy machine is no failure.
patiently = settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

LATER = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
words = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip())
times = st.sampled_from([LATER, LATER + timedelta(microseconds=5_000), LATER.astimezone(tz=None)])
campaigns = st.fixed_dictionaries(
    {
        "message": words | st.sampled_from(["Pay ${amount}", "${", "{}"]),
        "sender": st.sampled_from(["Acme", "Acme & Co", "12345", "33612345678", "+4915112345678"]),
        "recipient_list": st.lists(
            st.integers(10_000_000, 99_999_999).map(lambda n: f"+336{n}"), min_size=1, max_size=3, unique=True
        ),
    },
    optional={"title": words, "message_type": st.sampled_from([0, 1, 2])},
)
deferrals = st.one_of(
    times.map(lambda at: {"defer_until": at.isoformat()}), st.integers(60, 10_000_000).map(lambda s: {"defer_by": s})
)


@given(campaign=campaigns, deferral=deferrals)
@patiently
def test_a_campaign_is_answered_as_it_was_given(
    smsdrop: Published, campaign: dict[str, Any], deferral: dict[str, Any]
) -> None:
    launched = smsdrop.launch(**campaign, **deferral)
    found = smsdrop.found(launched["id"])

    assert found["title"] == launched["title"] != ""
    told = {name: found[name] for name in campaign}
    assert told == campaign
    if "defer_until" in deferral:
        assert datetime.fromisoformat(found["defer_until"]) == datetime.fromisoformat(deferral["defer_until"])
        assert found["defer_by"] is None
    else:
        assert (found["defer_until"], found["defer_by"]) == (None, deferral["defer_by"])
    assert (found["status"], found["message_count"]) == ("SCHEDULED", len(campaign["recipient_list"]))


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a text with values of its own", {"text": "Hi ${name}", "parameters": {"name": {"+336": "Ada"}}}, {}),
    (
        "a text with a value for all",
        {"text": "Hi ${n}", "parameters": {"n": {"default": "you"}}},
        {"message": "Hi you"},
    ),
    ("binary data", {"data": "AAEC"}, {"message": "AAEC"}),
    ("a long number to be from", {"from": "+4915112345678"}, {"sender": "+4915112345678"}),
    ("nobody to be from", {"from": None}, {}),
    ("a group only", {"remove": ["+33612345678"], "add_groups": ["GROUP"]}, {"recipient_list": ["GROUP"]}),
    ("another time", {"send_at": LATER.isoformat(), "expire_at": None}, {"defer_by": None}),
    ("no title", {"title": None}, {"title": ""}),
]


@pytest.mark.parametrize(("change", "shown"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_campaign_that_another_door_has_changed_can_be_read(
    server: Server, connect: Connect, version: str, change: dict[str, Any], shown: dict[str, Any]
) -> None:
    smsdrop = connect(version, server)
    launched = smsdrop.launch(recipient_list=["+33612345678"], title="x", defer_by=600)
    with httpx2.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {server.token}"}) as native:
        group = native.post("/groups", json={"members": ["+33612345678"]}).json()["id"]

        def with_group(value: Any) -> Any:
            return [group] if value == ["GROUP"] else value

        wanted = {name: with_group(value) for name, value in change.items()}
        answer = native.patch(f"/batches/{from_uuid(launched['id'])}", json=wanted)

    assert answer.status_code == 200, answer.json()
    found = smsdrop.found(launched["id"])
    assert {name: found[name] for name in shown} == {name: with_group(value) for name, value in shown.items()}
