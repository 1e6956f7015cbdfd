"""What is given is what is answered: by the request that gives it, and by whoever asks later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
import msgspec
import pytest

from heliograph.api import wire
from heliograph.domain.accounts import Scope
from heliograph.sandbox.chaos import Chaos

if TYPE_CHECKING:
    from tests.api.conftest import InProcess

LATER, URL = "2031-05-06T07:08:09Z", "https://example.org/x?y=1"
NEVER_SHOWN = {"to", "parameters", "links", "idempotency_key", "template"}
"""Of a batch: they may be many, or belong to the request alone; a template is shown as the text that it stands for."""
Values = dict[str, list[Any]]


class Kind(NamedTuple):
    """A resource: how it is made, and what its fields can be when it is made and when it is changed."""

    path: str
    body: dict[str, Any]
    new: type[msgspec.Struct]
    change: type[msgspec.Struct]
    shown: type[msgspec.Struct]
    values: Values
    only_new: Values
    key: str = "id"


NAMES = ["x", "", None]
KINDS = {
    "batch": Kind(
        "/batches",
        {"to": ["+33612345678"], "text": "Hello", "send_at": LATER, "callback_url": URL},
        wire.CreateBatch,
        wire.ChangeBatch,
        wire.Batch,
        {
            "text": ["Hello", " ", "0", "${x"],
            "from": ["12345", "Acme", "+33612345678", None],
            "send_at": [LATER],
            "expire_at": ["2031-05-07T00:00:00Z"],
            "callback_url": [URL, None],
            "report": ["none", "summary", "full", "per_recipient", "per_recipient_final", "per_recipient_failed"],
            "tags": [["b", "a"], []],
            "title": NAMES,
            "client_reference": NAMES,
            "flash": [True, False],
            "max_parts": [1, 255, None],
            "truncate": [True, False],
            "feedback": [True, False],
        },
        {
            "priority": ["urgent", "normal", "low"],
            "marketing": [False],
            "pause_at_failure_share": [0.0, 0.5, 1.0, None],
            "pause_after": [1, 50],
            "fall_back_after_s": [60, 300],
            "channel": ["sms"],
            "fallbacks": [[]],
            "rich_media": [None, {"image_url": URL, "button_caption": None, "target_url": ""}],
            "groups": [[]],
        },
    ),
    "group": Kind(
        "/groups",
        {},
        wire.CreateGroup,
        wire.ChangeGroup,
        wire.Group,
        {
            "name": ["x", None],
            "keywords": [
                {"to": "12345", "add": ["join"], "remove": ["Stopp!", "Now"]},
                {"to": "Acme", "add": [], "remove": []},
                None,
            ],
        },
        {"tags": [["b", "a"], []], "children": [[]]},
    ),
    "template": Kind(
        "/templates",
        {"text": "Hi"},
        wire.NewTemplate,
        wire.ChangeTemplate,
        wire.Template,
        {"text": ["Hello", "0"], "name": ["Greeting"]},
        {"channel": ["sms", "viber", "whatsapp"]},
        key="number",
    ),
    "link": Kind(
        "/links",
        {"url": URL},
        wire.Shorten,
        wire.ChangeLink,
        wire.Link,
        {"url": [URL, "http://example.org"], "name": ["Offer"], "passes_query": [True, False]},
        {},
    ),
    "application": Kind(
        "/applications",
        {"name": "Shop", "scopes": ["sms"]},
        wire.NewApplication,
        wire.ChangeApplication,
        wire.Application,
        {"name": ["x"], "scopes": [["sms"], []], "settings": [{"sms": {"enforceOriginator": "Shop"}}]},
        {"token_lifetime_s": [60, None]},
    ),
}
CONTACT: Values = {
    "number": ["+33612345670"],
    "first_name": NAMES,
    "last_name": NAMES,
    "email": ["ada@example.org", "", None],
    "fields": [{"tier": "gold", "empty": ""}, {}],
}
ACCOUNT: Values = {
    "callback_url": [URL, None],
    "callback_protocol": ["xms", "v1"],
    "receipt_url": [URL, None],
    "from": ["Acme", "+33612345678", "12345", None],
    "region": ["FR", None],
    "consent": [
        {"stop": ["Halt"], "start": [], "help": [], "stop_answer": None, "start_answer": "1", "help_answer": "0"},
        {"stop": [], "start": [], "help": [], "stop_answer": None, "start_answer": None, "help_answer": None},
    ],
}
CHAOS: Values = {field.name: [0.0, 0.5, 1.0] for field in msgspec.structs.fields(Chaos)}


def each(values: Values) -> list[tuple[str, Any]]:
    return [(field, value) for field, several in values.items() for value in several]


def names(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


@pytest.fixture(scope="module")
async def client(shared: InProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with shared.client(await shared.token("sandbox", *map(str, Scope))) as client:
        yield client


async def later(client: httpx2.AsyncClient, kind: Kind, told: dict[str, Any]) -> Any:
    """What is answered about a resource afterwards, in the listing and at its own address if that can be read."""
    identifier = told[kind.key]
    listed = next(item for item in (await client.get(kind.path)).json()["items"] if item[kind.key] == identifier)
    alone = await client.get(f"{kind.path}/{identifier}")
    assert alone.status_code == 405 or alone.json() == listed
    return listed


async def forget(client: httpx2.AsyncClient, kind: Kind, told: dict[str, Any]) -> None:
    """Names are unique."""
    await client.delete(f"{kind.path}/{told[kind.key]}")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [(kind, *one) for kind in KINDS.values() for one in each(kind.values | kind.only_new)],
    ids=lambda value: value.path.strip("/") if isinstance(value, Kind) else repr(value),
)
async def test_what_is_made_is_answered_as_it_was_given(
    client: httpx2.AsyncClient, kind: Kind, field: str, value: Any
) -> None:
    made = await client.post(kind.path, json=kind.body | {field: value})
    told = made.json()
    assert made.status_code == 201, told
    afterwards = await later(client, kind, told)
    await forget(client, kind, told)

    assert told[field] == afterwards[field] == value


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [(kind, *one) for kind in KINDS.values() for one in each(kind.values)],
    ids=lambda value: value.path.strip("/") if isinstance(value, Kind) else repr(value),
)
async def test_what_is_changed_is_answered_as_it_was_given_and_the_rest_stays(
    client: httpx2.AsyncClient, kind: Kind, field: str, value: Any
) -> None:
    made = (await client.post(kind.path, json=kind.body)).json()

    changed = await client.patch(f"{kind.path}/{made[kind.key]}", json={field: value})
    told = changed.json()
    assert changed.status_code == 200, told
    afterwards = await later(client, kind, told)
    await forget(client, kind, told)

    assert told == afterwards
    of_the_change = {name: told[name] for name in ("etag", "modified_at") if name in told}
    assert told == made | {field: value} | of_the_change


@pytest.mark.parametrize("name", KINDS)
def test_every_field_that_can_be_given_is_shown_and_tried(name: str) -> None:
    kind = KINDS[name]

    given = names(kind.new) - (NEVER_SHOWN if name == "batch" else {"members"}) - {"data", "udh"}
    assert given <= names(kind.shown)
    assert given == kind.values.keys() | kind.only_new.keys()
    assert names(kind.change) & names(kind.shown) - {"data", "udh", "tags"} == kind.values.keys() - {"tags"}


async def test_binary_data_is_answered_as_it_was_given(client: httpx2.AsyncClient) -> None:
    body = {"to": ["+33612345678"], "data": "AAEC", "udh": "", "send_at": LATER}

    made = (await client.post("/batches", json=body)).json()
    changed = (await client.patch(f"/batches/{made['id']}", json={"data": "//79", "udh": "0500"})).json()

    assert (made["text"], made["data"], made["udh"]) == (None, "AAEC", "")
    assert (changed["text"], changed["data"], changed["udh"]) == (None, "//79", "0500")


@pytest.mark.parametrize(("field", "value"), each(CONTACT))
async def test_a_contact_is_answered_as_it_was_given(client: httpx2.AsyncClient, field: str, value: Any) -> None:
    path = f"/groups/{(await client.post('/groups', json={})).json()['id']}/contacts"
    for number in ("+33612345671", "+33612345672"):
        contact = {"number": number, "first_name": "Old", "fields": {"old": "x"}}
        await client.post(path, json={"contacts": [contact]})
    before = (await client.get(path)).json()["items"]

    changed = await client.patch(f"{path}/{before[0]['id']}", json={field: value})
    new = {"number": "+33612345673"} | {field: value}
    await client.post(path, json={"contacts": [new]})
    after = {item["number"]: item for item in (await client.get(path)).json()["items"]}

    assert changed.status_code == 200, changed.json()
    told = changed.json()
    assert told == after[told["number"]] == before[0] | {field: value, "etag": told["etag"]}
    assert after[new["number"]][field] == value


@pytest.mark.parametrize(("field", "value"), each(ACCOUNT))
async def test_an_account_is_answered_as_it_was_given(client: httpx2.AsyncClient, field: str, value: Any) -> None:
    before = (await client.get("/account")).json()

    changed = await client.patch("/account", json={field: value})

    assert changed.status_code == 200, changed.json()
    assert changed.json() == (await client.get("/account")).json() == before | {field: value}
    assert names(wire.ChangeAccount) == ACCOUNT.keys()


@pytest.mark.parametrize(("field", "value"), each(CHAOS))
async def test_chaos_is_answered_as_it_was_given(client: httpx2.AsyncClient, field: str, value: float) -> None:
    told = await client.put("/sandbox/chaos", json={field: value})

    assert told.json() == (await client.get("/sandbox/chaos")).json()
    assert told.json()[field] == value
