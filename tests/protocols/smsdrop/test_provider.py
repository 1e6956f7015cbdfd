"""Sending by an smsdrop server: what goes out, what is made of each answer, what is asked; and two in a chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.patience import HANG_S
from tests.protocols.standing_in import Answer, Ears, StandIn, outgoing

from heliograph.calling import Request, Response, Unreachable
from heliograph.domain.batches import BodyKind, Options
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Refused, TryAgain, Uncertain
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.smsdrop.provider import RETRY_S, SmsdropConfig, SmsdropProvider

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

CONFIG = SmsdropConfig(type="smsdrop", email="me@example.org", password="secret", context="http://localhost")
HERE = ProviderContext(name="line", account_id="A" * 26, callback_url=None)


def campaign(**fields: Any) -> dict[str, Any]:
    usual = {
        "id": "c-1",
        "title": "M1-1",
        "message": "Hello",
        "message_type": 0,
        "sender": "Acme",
        "recipient_list": ["+33600000001", "33600000002"],
        "defer_until": None,
        "defer_by": None,
        "delivery_percentage": 0,
        "message_count": 2,
        "sms_count": 1,
        "status": "SENDING",
    }
    return usual | fields


def answered(status: int, body: Any) -> Response:
    return Response(status, json.dumps(body).encode())


def problems(*fields: str) -> Response:
    return answered(422, {"detail": [{"loc": ["body", field], "msg": "no", "type": "value_error"} for field in fields]})


class Far(StandIn):
    """Logs everybody in, and answers the rest in order: the last answer again and again."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(self._next)
        self._answers = list(answers)

    def _next(self, request: Request) -> Answer:
        if request.path == "/api/auth/login":
            return answered(200, {"access_token": "t", "token_type": "bearer"})
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    @property
    def asked(self) -> list[Request]:
        """Without logging in."""
        return [request for request in self.requests if not request.path.endswith("/login")]

    @property
    def launched(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.asked if request.body is not None]


async def started(driver: StandIn, config: SmsdropConfig = CONFIG) -> SmsdropProvider:
    provider = SmsdropProvider(config, HERE, driver)
    await provider.start(Ears())
    return provider


async def test_what_shares_a_text_goes_as_one_campaign_with_our_name() -> None:
    far = Far(answered(200, campaign()))
    provider = await started(far)

    outcomes = await provider.send(
        [outgoing(1), outgoing(2, "Other"), outgoing(3), outgoing(1, message_id="M9"), outgoing(4, originator="Shop")]
    )

    launched = [(body["title"], body["message"], body["sender"], body["recipient_list"]) for body in far.launched]
    assert sorted(launched) == [
        ("M1-1", "Hello", "12345", ["+33600000001", "+33600000003"]),
        ("M2-1", "Other", "12345", ["+33600000002"]),
        ("M4-1", "Hello", "Shop", ["+33600000004"]),
        ("M9-1", "Hello", "12345", ["+33600000001"]),
    ]
    assert len(far.requests) == 5  # it logs in once
    assert outcomes[2] == Accepted("c-1:33600000003", "c-1")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, None),
        ({"flash": True}, 1),
        ({"body": "Привет"}, 2),
        ({"options": Options(ucs2=True)}, 2),
    ],
)
async def test_how_a_message_is_to_be_shown(fields: dict[str, Any], kind: int | None) -> None:
    far = Far(answered(200, campaign()))
    provider = await started(far)

    await provider.send([outgoing(1, **fields)])

    assert [body.get("message_type") for body in far.launched] == [kind]


@pytest.mark.parametrize("fields", [{"kind": BodyKind.BINARY}, {"originator": None}, {"originator": "1" * 15}])
async def test_what_smsdrop_has_no_words_for_is_refused_before_it_is_sent(fields: dict[str, Any]) -> None:
    far = Far(answered(200, campaign()))
    provider = await started(far)

    (outcome,) = await provider.send([outgoing(1, **fields)])

    assert isinstance(outcome, Refused)
    assert far.asked == []


ANSWERS: list[tuple[Answer, type[object], int]] = [
    (problems("message"), Refused, 1),
    (answered(401, {"detail": "Unauthorized"}), TryAgain, 1),
    (answered(403, {"detail": "Forbidden"}), TryAgain, 1),
    (answered(503, {"detail": "Later"}), TryAgain, 1),
    (answered(500, {"detail": "Oh"}), Uncertain, 2),
    (Response(502, b"<html>"), Uncertain, 2),
    (Response(200, b"<html>"), Uncertain, 2),
    (answered(200, campaign(status="LOST")), Uncertain, 2),
    (Unreachable("refused"), TryAgain, 1),
    (Unreachable("no answer", written=True), Uncertain, 2),
]


@pytest.mark.parametrize(("answer", "kind", "asked"), ANSWERS)
async def test_each_answer(answer: Answer, kind: type[object], asked: int) -> None:
    far = Far(answer)
    provider = await started(far)

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    assert len(far.asked) == asked


async def test_a_wrong_password_is_somebody_s_to_mend() -> None:
    provider = await started(StandIn(lambda _: answered(400, {"detail": "LOGIN_BAD_CREDENTIALS"})))

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, TryAgain)
    assert outcome.after_ms == 60_000


async def test_one_bad_number_does_not_stop_the_others() -> None:
    def answer(request: Request) -> Answer:
        if request.path.endswith("/login"):
            return answered(200, {"access_token": "t"})
        bad = "+33600000003" in json.loads(request.body or b"{}")["recipient_list"]
        return problems("recipient_list") if bad else answered(200, campaign())

    provider = await started(StandIn(answer))

    outcomes = await provider.send([outgoing(number) for number in range(1, 6)])

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, Refused, Accepted, Accepted]


@pytest.mark.parametrize(("title", "kind"), [("M1-1", Accepted), ("M1-2", Uncertain)])
async def test_a_launch_without_an_answer_is_looked_for_by_its_title(title: str, kind: type[object]) -> None:
    listed = [campaign(id="c-0", title="x"), campaign(title=title)]
    far = Far(Unreachable("no answer", written=True), answered(200, listed))
    provider = await started(far)

    (outcome,) = await provider.send([outgoing(1)])

    assert isinstance(outcome, kind)
    assert len(far.launched) == 1
    if isinstance(outcome, Accepted):
        assert outcome == Accepted("c-1:33600000001", "c-1")


async def test_what_there_was_no_credit_for_is_tried_again_not_launched_again() -> None:
    pending = answered(200, campaign(status="PENDING"))
    far = Far(answered(201, campaign(status="PENDING")), pending, answered(201, campaign()), pending, answered(200, {}))
    provider = await started(far)

    (outcome,) = await provider.send([outgoing(1)])
    assert isinstance(outcome, Accepted)
    first = await provider.poll(outcome.poll or "")
    second = await provider.poll(outcome.poll or "")

    assert (first.over, first.again_after_s, second.over, second.again_after_s) == (False, RETRY_S, False, None)
    assert [(request.method, request.path) for request in far.asked] == [
        ("POST", "/api/campaigns/"),
        ("GET", "/api/campaigns/c-1"),
        ("POST", "/api/campaigns/retry"),
        ("GET", "/api/campaigns/c-1"),
        ("POST", "/api/campaigns/retry"),
    ]


async def test_a_campaign_that_was_launched_is_never_tried_again() -> None:
    far = Far(answered(200, campaign(status="PENDING")))
    provider = await started(far)

    answer = await provider.poll("c-1")

    assert (answer.over, len(far.asked)) == (False, 1)


@pytest.mark.parametrize(
    ("state", "percentage", "status", "reason"),
    [
        ("COMPLETED", 100, Status.DELIVERED, None),
        ("COMPLETED", 50, Status.UNKNOWN, None),
        ("COMPLETED", 0, Status.FAILED, Reason.UNDELIVERED),
        ("ABORTED", 0, Status.FAILED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_a_campaign_that_is_over_tells_of_all_its_messages(
    state: str, percentage: int, status: Status, reason: Reason | None
) -> None:
    provider = await started(Far(answered(200, campaign(status=state, delivery_percentage=percentage))))

    answer = await provider.poll("c-1")

    assert answer.over
    assert answer.receipts == [
        Receipt("line", f"c-1:3360000000{number}", status, reason, detail=f"{state}, {percentage} % delivered")
        for number in (1, 2)
    ]


@pytest.mark.parametrize("state", ["PENDING", "SCHEDULED", "SENDING"])
async def test_a_campaign_that_is_not_over_is_asked_about_again(state: str) -> None:
    provider = await started(Far(answered(200, campaign(status=state, delivery_percentage=50))))

    answer = await provider.poll("c-1")

    assert (answer.over, list(answer.receipts)) == (False, [])


async def test_a_campaign_that_is_gone_is_not_asked_about_again() -> None:
    provider = await started(Far(answered(404, {"detail": "Not Found"})))

    assert (await provider.poll("c-1")).over


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_messages_go_through_another_heliograph(
    server: Server, start_server: StartServer, new_number: Callable[[], str], prefix: str
) -> None:
    ready = server.ready["protocols"]["smsdrop"]
    line = {name: ready[name] for name in ("context", "email", "password")} | {"type": "smsdrop", "prefix": prefix}
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
    }
    here = start_server(None, environment=environment)
    numbers = [new_number() for _ in range(3)]

    with here.client() as client:
        batch = client.batches.send(
            to=numbers, text="Through ${two}", parameters={"two": {"default": "2"}}, originator="Acme"
        )
        statuses = {
            client.messages.wait_for_delivery(message.id, timeout_s=HANG_S).status
            for message in client.messages.list(batch_id=batch.id)
        }
    with server.client() as client:
        shown = client.sandbox.wait_for_message(numbers[1])

    assert statuses == {"delivered"}
    assert (shown.text, shown.peer) == ("Through 2", "Acme")
