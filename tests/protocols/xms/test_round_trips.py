"""What is given is what is answered: by the request that gives it, and by whoever asks later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.conftest import Server

# The server is the same for all examples, and a busy machine is no failure.
patiently = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

LATER, AFTER = "2031-05-06T07:08:09.123Z", "2031-05-07T00:00:00.000Z"
numbers = st.integers(10_000_000, 99_999_999).map(lambda n: f"336{n}")
some_numbers = st.lists(numbers, min_size=1, max_size=4, unique=True)
words = st.text(max_size=20).filter(lambda text: "\0" not in text and text.isprintable())
parameters = st.dictionaries(
    st.sampled_from(["name", "x", "a.b-c_d", "n" * 16]),
    st.dictionaries(numbers | numbers.map(lambda number: f"+{number}") | st.just("default"), words, max_size=3),
    max_size=3,
)

#: Every field of a batch that may be left out, with what it may be.
OPTIONAL = {
    "delivery_report": st.sampled_from(["none", "summary", "full", "per_recipient", "per_recipient_final"]),
    "expire_at": st.just(AFTER),
    "tags": st.lists(words, max_size=3, unique=True),
    "campaign_id": words,
    "client_reference": words,
    "feedback_enabled": st.booleans(),
    "flash_message": st.booleans(),
    "max_number_of_message_parts": st.integers(1, 255),
    "truncate_concat": st.booleans(),
    "from_ton": st.integers(0, 6),
    "from_npi": st.integers(0, 18),
}
#: What is answered where nothing was given.
DEFAULTS = {
    "delivery_report": "none",
    "tags": [],
    "feedback_enabled": False,
    "flash_message": False,
    "truncate_concat": False,
}
SHARED = {
    "to": some_numbers,
    "from": st.sampled_from(["12345", "Acme", "33612345678"]),
    "send_at": st.just(LATER),
    "callback_url": st.just("https://example.org/x?y=1"),
}
texts = st.fixed_dictionaries(
    SHARED | {"type": st.just("mt_text"), "body": words.filter(bool)}, optional=OPTIONAL | {"parameters": parameters}
)
binaries = st.fixed_dictionaries(
    SHARED
    | {
        "type": st.just("mt_binary"),
        "body": st.sampled_from(["AAEC", "AA==", "//79"]),
        "udh": st.sampled_from(["", "050003010101", "0a"]),
    },
    optional=OPTIONAL,
)
batches = texts | binaries

first_word = st.sampled_from(["JOIN", "join", "Stopp!", "Été", "x" * 15])
keywords = st.fixed_dictionaries({"first_word": first_word}, optional={"second_word": first_word})
auto_updates = st.fixed_dictionaries(
    {"to": st.sampled_from(["12345", "33612345678", "Acme"])}, optional={"add": keywords, "remove": keywords}
)


@pytest.fixture(scope="module")
def plan(server: Server) -> Iterator[httpx2.Client]:
    ready = server.ready["protocols"]["xms"]
    headers = {"Authorization": f"Bearer {ready['token']}", "Content-Type": "application/json"}
    with httpx2.Client(base_url=f"{ready['endpoint']}/v1/{ready['service_plan_id']}", headers=headers) as client:
        yield client


def shown(plan: httpx2.Client, path: str, answer: httpx2.Response) -> Any:
    """What a request is answered, which is what anybody is answered afterwards."""
    told = answer.json()
    assert answer.is_success, told
    assert plan.get(f"{path}/{told['id']}").json() == told
    assert told in plan.get(path).json()[path.strip("/")]
    return told


def expected(batch: dict[str, Any]) -> dict[str, Any]:
    return DEFAULTS | batch


def without_its_own(told: dict[str, Any]) -> dict[str, Any]:
    """What the customer decides."""
    return {name: value for name, value in told.items() if name not in {"id", "created_at", "modified_at", "canceled"}}


@given(batch=batches)
@patiently
def test_a_batch_is_answered_as_it_was_given(plan: httpx2.Client, batch: dict[str, Any]) -> None:
    told = without_its_own(shown(plan, "/batches", plan.post("/batches", content=json.dumps(batch))))

    if "expire_at" not in batch:
        assert told.pop("expire_at").startswith("2031-05-09T07:08:09")
    assert told == expected(batch)


@given(before=batches, after=batches)
@patiently
def test_a_replacement_is_answered_as_it_was_given(
    plan: httpx2.Client, before: dict[str, Any], after: dict[str, Any]
) -> None:
    made = plan.post("/batches", content=json.dumps(before)).json()

    told = without_its_own(shown(plan, "/batches", plan.put(f"/batches/{made['id']}", content=json.dumps(after))))

    if "expire_at" not in after:
        del told["expire_at"]
    assert told == expected(after)


@given(data=st.data(), before=batches)
@patiently
def test_an_update_is_answered_as_it_was_given_and_what_it_leaves_out_stays(
    plan: httpx2.Client, data: st.DataObject, before: dict[str, Any]
) -> None:
    kind = texts if before["type"] == "mt_text" else binaries
    changeable = (OPTIONAL.keys() | SHARED.keys() | {"body", "udh", "parameters"}) - {"to", "tags"}
    after = {name: value for name, value in data.draw(kind).items() if name in changeable}
    change = {name: after[name] for name in data.draw(st.sets(st.sampled_from(sorted(after))))}
    made = plan.post("/batches", content=json.dumps(before)).json()

    told = shown(plan, "/batches", plan.post(f"/batches/{made['id']}", content=json.dumps(change)))

    assert told == made | change | {"modified_at": told["modified_at"]}


@pytest.mark.parametrize("name", [*OPTIONAL, "parameters", "type", "udh", "from"])
def test_null_is_as_if_it_were_left_out(plan: httpx2.Client, name: str) -> None:
    batch = {"to": ["33612345678"], "from": "12345", "body": "Hello", "send_at": LATER}
    left_out = {field: value for field, value in batch.items() if field != name}

    told = [
        without_its_own(shown(plan, "/batches", plan.post("/batches", json=body)))
        for body in (left_out | {name: None}, left_out)
    ]

    assert told[0] == told[1]


@given(auto_update=st.none() | auto_updates, members=st.lists(numbers, max_size=3, unique=True))
@patiently
def test_a_group_is_answered_as_it_was_given(
    plan: httpx2.Client, auto_update: dict[str, Any] | None, members: list[str]
) -> None:
    child = plan.post("/groups", content=b"{}").json()["id"]
    wanted: dict[str, Any] = {"members": members, "child_groups": [child], "tags": ["b", "a"]}
    wanted |= {"auto_update": auto_update} if auto_update else {}

    made = shown(plan, "/groups", plan.post("/groups", json=wanted))
    replaced = shown(plan, "/groups", plan.put(f"/groups/{child}", json=wanted | {"child_groups": [made["id"]]}))
    updated = shown(plan, "/groups", plan.post(f"/groups/{child}", json={"auto_update": auto_update}))

    assert (made["size"], made["child_groups"], made.get("auto_update")) == (len(members), [child], auto_update)
    assert (replaced["child_groups"], replaced.get("auto_update")) == ([made["id"]], auto_update)
    assert updated.get("auto_update") == auto_update
    assert plan.get(f"/groups/{made['id']}/members").json() == sorted(members)
    assert plan.get(f"/groups/{made['id']}/tags").json() == {"tags": ["b", "a"]}


NO_KEYWORDS: list[Any] = [{}, [], None, {"first_word": ""}, {"first_word": None, "second_word": None}]


@pytest.mark.parametrize("empty", NO_KEYWORDS, ids=json.dumps)
@pytest.mark.parametrize("half", ["add", "remove"])
def test_half_of_the_keywords_is_left_out_where_there_are_none(plan: httpx2.Client, half: str, empty: Any) -> None:
    other = "remove" if half == "add" else "add"
    words = {"to": "12345", other: {"first_word": "Stopp"}}

    made = shown(plan, "/groups", plan.post("/groups", json={"auto_update": words | {half: empty}}))
    none = shown(plan, "/groups", plan.post("/groups", json={"auto_update": {"to": "12345", half: empty}}))

    assert made["auto_update"] == words
    assert none["auto_update"] == {"to": "12345"}


@pytest.mark.parametrize("nothing", [{}, [], None, {"add": [], "remove": {}}], ids=json.dumps)
def test_keywords_without_anything_in_them_are_none(plan: httpx2.Client, nothing: Any) -> None:
    group = {"auto_update": {"to": "12345", "add": {"first_word": "in"}}}
    made = plan.post("/groups", json={"auto_update": nothing}).json()
    other = plan.post("/groups", json=group).json()

    updated = shown(plan, "/groups", plan.post(f"/groups/{other['id']}", json={"auto_update": nothing}))

    assert ("auto_update" in made, "auto_update" in updated) == (False, False)


def test_an_empty_list_is_an_empty_map(plan: httpx2.Client) -> None:
    batch = {"to": ["33612345678"], "from": "12345", "body": "Hi ${x}", "send_at": LATER}

    empty = shown(plan, "/batches", plan.post("/batches", json=batch | {"parameters": []}))
    inner = shown(plan, "/batches", plan.post("/batches", json=batch | {"parameters": {"x": []}}))
    updated = shown(plan, "/batches", plan.post(f"/batches/{inner['id']}", json={"parameters": []}))
    group = plan.post("/groups", content=b"[]")
    renamed = plan.post(f"/groups/{group.json()['id']}", content=b"[]")

    assert (empty["parameters"], inner["parameters"], updated["parameters"]) == ({}, {"x": {}}, {})
    assert (group.status_code, renamed.status_code) == (201, 200)


@pytest.mark.parametrize("first", ["type", "body", "to"])
def test_an_mms_is_refused_alike_in_whatever_order_it_is_written(plan: httpx2.Client, first: str) -> None:
    message = {"to": ["33612345678"], "from": "12345", "body": {"url": "https://example.org/a.png"}, "type": "mt_media"}
    batch_id = plan.post("/batches", json={"to": ["33612345678"], "body": "x", "send_at": LATER}).json()["id"]
    content = json.dumps({first: message[first]} | message).encode()

    refused = [
        plan.post("/batches", content=content),
        plan.post("/batches/dry_run", content=content),
        plan.put(f"/batches/{batch_id}", content=content),
        plan.post(f"/batches/{batch_id}", content=content),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(400, "syntax_constraint_violation")}
    assert {answer.json()["text"] for answer in refused} == {"Invalid enum value 'mt_media' (in `type`)."}


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_json_is_declared_and_marked_in_several_ways(plan: httpx2.Client, content_type: str, mark: bytes) -> None:
    body = mark + json.dumps({"to": ["33612345678"], "body": "Grüße", "send_at": LATER}, ensure_ascii=False).encode()

    answer = plan.post("/batches", content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["body"]) == (201, "Grüße")
