"""From every door, with each of its options, to every provider's server: once, saying what was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
import pytest
from tests.patience import HANG_S
from tests.ports import free_port
from tests.protocols.contract.doors import DOORS, ORIGINATOR, Case, Door, Options
from tests.protocols.contract.far import Far
from tests.protocols.contract.saying import REFUSED, SAYS, YES, Said, can_say
from tests.protocols.contract.wires import WIRES, Answer, Wire

from heliograph.calling import Request, Response

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

BY_CHANNEL = {"Viber", "WhatsApp"}
MORE: dict[str, dict[str, Any]] = {
    "smscx": {"viber_template": 1, "whatsapp_template": 2},
    "smsdrop": {"sender": "Shop"},
    "twilio": {"sender": "Shop", "whatsapp": True},
    "ats": {"sender": "Shop"},
    "webhook": {
        "json": {
            "to": "${to}",
            "message": {"text": "${text}", "sender": "${from}", "data": "${data}", "udh": "${udh}"},
        }
    },
}
"""What a provider has to be told so that it can say all that it can."""
UNFINISHED = {"queued", "sending"}


class Trial(NamedTuple):
    """One request by one door, for one provider."""

    door: Door
    about: str
    case: Case
    wire: Wire
    msisdn: str
    answer: httpx2.Response


class Tried(NamedTuple):
    """All trials, and what came of them."""

    trials: list[Trial]
    messages: dict[str, dict[str, Any]]
    """MSISDN -> message, as the native API has it."""
    fars: dict[str, Far]
    """By the provider's type."""

    def said(self, trial: Trial) -> list[Said]:
        """What the provider's server was told of the message, each time that it was."""
        heard = (SAYS[trial.wire.type](request, trial.msisdn) for request in self.fars[trial.wire.type].requests)
        return [said for said in heard if said is not None]


def number(wire: Wire, place: int) -> str:
    """A German mobile number whose first digits lead to a provider."""
    return f"49151{WIRES.index(wire)}{place:07d}"


def settings(fars: dict[str, Far], port: int) -> dict[str, str]:
    tables = {
        wire.type: {"type": wire.type} | wire.config(fars[wire.type].origin) | MORE.get(wire.type, {}) for wire in WIRES
    }
    rules = [{"prefix": [number(wire, 0)[:6]], "providers": [wire.type]} for wire in WIRES]
    return {
        "HELIOGRAPH_PROVIDERS": json.dumps(tables),
        "HELIOGRAPH_ROUTES": json.dumps(rules),
        "HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}",  # providers that can tell are not asked
    }


def _accepting(wire: Wire) -> Answer:
    """What is no send is not found: checks at the start, and questions about messages."""

    def answer(request: Request) -> Response:
        try:
            return wire.accepted(request)
        except (KeyError, ValueError):
            return Response(404, b"")

    return answer


def made(options: Options) -> Options:
    return {name: value() if callable(value) else value for name, value in options.items()}


@pytest.fixture(scope="module")
def tried(start_server: StartServer) -> Iterator[Tried]:
    fars = {wire.type: Far() for wire in WIRES}
    for wire in WIRES:
        fars[wire.type].behaviour = _accepting(wire)
    port = free_port()
    server = start_server(None, "--port", str(port), environment=settings(fars, port))
    http = httpx2.Client(timeout=HANG_S)

    def asked(place: int, door: Door, about: str, case: Case, wire: Wire) -> Trial:
        msisdn = number(wire, place)
        return Trial(door, about, case, wire, msisdn, door.ask(http, server.ready, msisdn, made(case.options)))

    cases = [(door, about, case) for door in DOORS for about, case in ({"nothing": Case()} | door.cases).items()]
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(asked, place, *case, wire) for place, case in enumerate(cases) for wire in WIRES]
        trials = [each.result() for each in asking]
    later = {trial.msisdn for trial in trials if trial.case.later}
    yield Tried(trials, settled(http, server, later), fars)
    http.close()
    server.stop()
    for far in fars.values():
        far.close()


def settled(http: httpx2.Client, server: Server, later: set[str]) -> dict[str, dict[str, Any]]:
    """All messages, once those that are due have been handed over."""
    give_up = time.monotonic() + HANG_S
    while True:
        messages = {message["to"].lstrip("+"): message for message in listed(http, server)}
        if not any(each["status"] in UNFINISHED for msisdn, each in messages.items() if msisdn not in later):
            return messages
        assert time.monotonic() < give_up, [each for each in messages.values() if each["status"] in UNFINISHED][:5]


def listed(http: httpx2.Client, server: Server) -> Iterator[dict[str, Any]]:
    allowed = {"Authorization": f"Bearer {server.token}"}
    query: dict[str, Any] = {"limit": 1_000}
    while True:
        page = http.get(f"{server.url}/v1/messages", params=query, headers=allowed).json()
        yield from page["items"]
        if page["next"] is None:
            return
        query["before"] = page["next"]


@pytest.mark.parametrize("door", DOORS, ids=[door.name for door in DOORS])
def test_every_option_of_a_door_is_in_the_table(door: Door) -> None:
    about = {name for case in door.cases.values() for name in case.options}

    assert door.options - door.always - about == set()
    assert {about.split(",")[0] for about in door.cases} <= door.options | {"flash", "all at once"}


def test_every_provider_is_in_the_table_of_what_each_can_say() -> None:
    wanted = {feature for door in DOORS for case in door.cases.values() for feature in case.wants}

    assert set(SAYS) == {wire.type for wire in WIRES}
    for feature, cells in can_say().items():
        assert set(cells) == set(SAYS), feature
    assert wanted - {"originator"} == set(can_say())


@pytest.mark.parametrize("wire", WIRES, ids=[wire.type for wire in WIRES])
@pytest.mark.parametrize("door", DOORS, ids=[door.name for door in DOORS])
def test_what_comes_by_a_door_goes_out_once_as_it_was_asked_for(tried: Tried, door: Door, wire: Wire) -> None:
    able = {feature for feature, cells in can_say().items() if cells[wire.type] == YES}
    never = {feature for feature, cells in can_say().items() if cells[wire.type] == REFUSED}
    mistakes = {
        trial.about: mistake
        for trial in tried.trials
        if (trial.door, trial.wire) == (door, wire) and (mistake := what_is_wrong(tried, trial, able, never))
    }

    assert mistakes == {}


def what_is_wrong(tried: Tried, trial: Trial, able: set[str], never: set[str]) -> str | None:
    case, message, said = trial.case, tried.messages.get(trial.msisdn), tried.said(trial)
    if case.refused:
        return None if message is None and not said else f"not refused: {trial.answer.text}"
    if trial.answer.status_code >= 300 or message is None:
        return f"refused: {trial.answer.text}"
    if case.later:
        return None if (message["status"], said) == ("queued", []) else f"{message['status']}, told {said}"
    if case.wants.keys() & never and case.otherwise is None:
        return None if (message["status"], said) == ("rejected", []) else f"{message['status']}, told {said}"
    if message["status"] != "sent" or len(said) != 1:
        return f"{message['status']} ({message['reason']}, {message['explanation']}), told {len(said)} times"
    unable = case.wants.keys() & never
    expected = {name: value for name, value in case.wants.items() if name in able or name == "originator"}
    if "binary" not in expected:
        expected["text"] = case.otherwise if unable and case.otherwise else case.text
    if door_names := trial.door.originator:
        expected = {"originator": door_names} | expected
    return differences(expected, said[0], able)


def differences(expected: Said, said: Said, able: set[str]) -> str | None:
    """What a request says that was not asked for, or does not say."""
    wrong = {name: said.get(name) for name, value in expected.items() if not alike(said.get(name), value)}
    usual = {None, False, "normal", ORIGINATOR}
    for name in able - expected.keys() - {"validity", "binary", "UCS-2"}:
        if said.get(name) not in usual:
            wrong[name] = said[name]
    return f"{wrong} instead of {expected}" if wrong else None


def alike(said: Any, wanted: Any) -> bool:
    if isinstance(wanted, datetime):  # some say how long, and a slow machine asks late: defaults are days away
        return isinstance(said, datetime) and abs(said - wanted) < timedelta(minutes=90)
    return bool(said == wanted)
