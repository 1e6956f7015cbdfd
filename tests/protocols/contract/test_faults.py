"""A mistake of ours in one message costs neither it nor the others of its chunk."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.contract.far import Far
from tests.protocols.contract.starting import started
from tests.protocols.contract.wires import WIRES, Wire
from tests.protocols.standing_in import Ears, outgoing

from heliograph.calling import note_written
from heliograph.engine.contract import Accepted, Fault, Outcome, Outgoing, Provider, Uncertain
from heliograph.engine.handing import became_of
from heliograph.protocols.shared.singly import SinglyProvider

every_provider = pytest.mark.parametrize("wire", WIRES, ids=[wire.type for wire in WIRES])


class Broken:
    """A message of which one field can't be read: whatever puts it into words fails."""

    def __init__(self, message: Outgoing, field: str) -> None:
        self._message = message
        self._field = field

    def __getattr__(self, name: str) -> Any:
        if name == self._field:
            raise RuntimeError(f"no {name} today")
        return getattr(self._message, name)


@pytest.mark.parametrize("field", [name for name in Outgoing.__struct_fields__ if name != "message_id"])
@every_provider
async def test_one_that_can_not_be_said_is_tried_again_and_the_others_go_out(
    wire: Wire, field: str, far: Far, log: list[Any]
) -> None:
    far.behaviour = wire.accepted
    broken: Any = Broken(outgoing(2), field)
    async with started(wire, far.origin) as (provider, _):
        first, between, last = await became_of(provider, [outgoing(1), broken, outgoing(3)])

    assert (type(first), type(last)) == (Accepted, Accepted)
    assert type(between) in {Accepted, Fault}  # not all say everything
    if isinstance(between, Fault):
        assert between.detail == f"RuntimeError: no {field} today"
        assert not between.blames_provider
        assert [line["message_id"] for line in log if line["log_level"] == "error"] == ["M2"]


@pytest.mark.parametrize("fields", [{"body": "half a pair: \ud800"}, {"originator": "\ud800"}, {"msisdn": "33\ud800"}])
@every_provider
async def test_what_no_encoding_has_is_no_reason_to_lose_a_message(
    wire: Wire, fields: dict[str, str], far: Far
) -> None:
    far.behaviour = wire.accepted
    async with started(wire, far.origin) as (provider, _):
        first, _, last = outcomes = await provider.send([outgoing(1), outgoing(2, **fields), outgoing(3)])

    assert (type(first), type(last)) == (Accepted, Accepted)
    assert not any(isinstance(outcome, Uncertain) for outcome in outcomes)


class OneOfYourOwn(SinglyProvider):
    """As docs/adding-a-provider.md has it."""

    name = "own"

    def __init__(self, *, writes_first: bool) -> None:
        self._writes_first = writes_first

    async def send_one(self, message: Outgoing) -> Outcome:
        if self._writes_first:
            note_written()
        if message.body == "bad":
            raise KeyError("feather")
        return Accepted(message.message_id)


class PlainOne(Provider):
    """Talks to its server in a way of its own, of which nobody knows."""

    name = "plain"

    async def send(self, messages: list[Outgoing]) -> list[Outcome]:  # type: ignore[override]
        if any(message.body == "bad" for message in messages):
            raise KeyError("feather")
        return [Accepted(message.message_id) for message in messages]


class PlainOneThatSays(PlainOne):
    notes_writing = True


@pytest.mark.parametrize(
    ("provider", "kinds"),
    [
        (OneOfYourOwn(writes_first=False), [Accepted, Fault, Accepted]),
        (OneOfYourOwn(writes_first=True), [Accepted, Uncertain, Accepted]),
        (PlainOne(), [Uncertain, Uncertain, Uncertain]),
        (PlainOneThatSays(), [Accepted, Fault, Accepted]),
    ],
    ids=["by our transport", "after it was written", "unknown to us", "that says so"],
)
async def test_only_what_may_have_been_written_is_uncertain(provider: Provider, kinds: list[type[Outcome]]) -> None:
    await provider.start(Ears())

    outcomes = await became_of(provider, [outgoing(1), outgoing(2, "bad"), outgoing(3)])

    assert [type(outcome) for outcome in outcomes] == kinds


class Wrong(Provider):
    """Says something else than outcomes."""

    name = "wrong"

    def __init__(self, *said: Any) -> None:
        self._said = said

    async def send(self, messages: list[Outgoing]) -> Any:  # type: ignore[override]
        return self._said


@pytest.mark.parametrize(
    "said", [(), (Accepted("1"),), (Accepted("1"), None), (Accepted("1"), Accepted("2"), Accepted("3"))]
)
async def test_what_a_provider_does_not_say_is_uncertain(said: tuple[Any, ...]) -> None:
    outcomes = await became_of(Wrong(*said), [outgoing(1), outgoing(2)])

    assert isinstance(outcomes[1], Uncertain)
    assert outcomes[0] == said[0] if len(said) == 2 else isinstance(outcomes[0], Uncertain)
