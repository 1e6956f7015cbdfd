"""One-time codes by the published client: sent, typed in right and wrong, too late, and called off."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import smscx_client
from smscx_client import exceptions
from smscx_client.model.add_contacts_to_group_request import AddContactsToGroupRequest
from smscx_client.model.new_otp_request import NewOtpRequest
from tests.protocols.listening import Listener

from heliograph.domain.ids import new_id
from heliograph.protocols.shared.uuids import to_uuid

from .conftest import Connect, Published, body_of, decoded

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


def ask(number: str, **fields: Any) -> NewOtpRequest:
    unchecked = smscx_client.Configuration(
        disabled_client_side_validations="maxLength,minLength,maximum,minimum,pattern"
    )
    return NewOtpRequest(phone_number=number, _configuration=unchecked, **fields)


def code_on(server: Server, number: str) -> str:
    with server.client() as client:
        return client.sandbox.read_code(number)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def test_the_code_on_the_phone_verifies_the_number(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number, track = new_number(), str(uuid.uuid4())
    balance = smscx.account.get_account_balance().balance

    sent = smscx.otp.new_otp(ask(number, track_id=track, pin_length=5, ttl=120, max_attempts=4))
    verified = smscx.otp.verify_otp(sent.otp_id, code_on(server, number))
    after = smscx.otp.get_otp_status(sent.otp_id)

    assert (sent.status, sent.phone_number, sent.country_iso, sent.track_id) == ("PENDING", number, "FR", track)
    assert (sent.cost, sent.parts, sent.ttl, sent.max_attempts, sent.attempts) == (0.045, 1, 120, 4, 0)
    assert (sent.date_expires - sent.date_created).total_seconds() == 120
    assert (verified.status, after.status, after.attempts) == ("VERIFIED", "VERIFIED", 0)
    assert smscx.account.get_account_balance().balance == pytest.approx(balance - 0.045)


def test_wrong_codes_are_counted_until_there_are_too_many(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    number = new_number()
    sent = smscx.otp.new_otp(ask(number, max_attempts=2))
    code = code_on(server, number)

    with pytest.raises(exceptions.InvalidPinException) as first:
        smscx.otp.verify_otp(sent.otp_id, wrong(code))
    counted = smscx.otp.get_otp_status(sent.otp_id)
    with pytest.raises(exceptions.OtpFailedException) as last:
        smscx.otp.verify_otp(sent.otp_id, wrong(code))
    with pytest.raises(exceptions.OtpFailedException) as over:
        smscx.otp.verify_otp(sent.otp_id, code)

    assert [body_of(each.value)["error"]["code"] for each in (first, last, over)] == [2029, 2027, 2026]
    assert (counted.attempts, counted.status) == (1, "PENDING")
    assert smscx.otp.get_otp_status(sent.otp_id).status == "FAILED"


def test_a_right_code_is_good_once(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    sent = smscx.otp.new_otp(ask(number))
    code = code_on(server, number)
    smscx.otp.verify_otp(sent.otp_id, code)

    with pytest.raises(exceptions.OtpAlreadyVerifiedException) as again:
        smscx.otp.verify_otp(sent.otp_id, code)
    with pytest.raises(exceptions.OtpActionNotAllowedException) as late:
        smscx.otp.cancel_otp(sent.otp_id)

    assert [body_of(each.value)["error"]["code"] for each in (again, late)] == [2023, 2031]


@pytest.mark.parametrize("number", ["+33899123456", "+33820123456", "+881612345678"])
def test_costly_numbers_are_sent_no_codes(smscx: Published, number: str) -> None:
    balance = smscx.account.get_account_balance().balance

    with pytest.raises(exceptions.AccessDeniedException) as refused:
        smscx.otp.new_otp(ask(number))

    assert body_of(refused.value)["error"]["type"] == "access_denied"
    assert smscx.account.get_account_balance().balance == balance


def test_a_canceled_code_verifies_nothing(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    sent = smscx.otp.new_otp(ask(number))
    code = code_on(server, number)

    canceled = smscx.otp.cancel_otp(sent.otp_id)
    with pytest.raises(exceptions.OtpCancelledException) as typed:
        smscx.otp.verify_otp(sent.otp_id, code)
    with pytest.raises(exceptions.OtpCancelledException) as again:
        smscx.otp.cancel_otp(sent.otp_id)

    assert canceled.info.id == sent.otp_id
    assert [body_of(each.value)["error"]["code"] for each in (typed, again)] == [2024, 2030]
    assert smscx.otp.get_otp_status(sent.otp_id).status == "CANCELLED"


@pytest.mark.parametrize(
    ("kind", "pattern"), [("letters", r"[A-Z]{8}"), ("alphanumeric", r"[A-Z2-9]{8}"), ("numbers", r"\d{8}")]
)
def test_codes_are_made_of_what_was_asked_for(
    server: Server, smscx: Published, new_number: NewNumber, kind: str, pattern: str
) -> None:
    number = new_number()
    template = "{{pin}} is your code of {{today}}; ${code} is not."

    sent = smscx.otp.new_otp(ask(number, pin_type=kind, pin_length=8, template=template))
    with server.client() as client:
        text = client.sandbox.wait_for_message(number).text or ""
    code, _, rest = text.partition(" ")

    assert re.fullmatch(pattern, code)
    assert "{{" not in rest
    assert rest.endswith("; ${code} is not.")
    assert smscx.otp.verify_otp(sent.otp_id, code.lower()).status == "VERIFIED"


def test_what_became_of_a_code_is_called_back(
    server: Server, smscx: Published, new_number: NewNumber, customer: Listener
) -> None:
    number = new_number()
    sent = smscx.otp.new_otp(ask(number, otp_callback_url=customer.url))
    smscx.otp.verify_otp(sent.otp_id, code_on(server, number))

    told = decoded(customer.next(), "CallBackRequestOtpUpdate")

    assert [(item.otp_id, item.status, item.otp_callback_url) for item in told.data] == [
        (sent.otp_id, "VERIFIED", customer.url)
    ]
    assert customer.headers["X-Heliograph-Signature"].startswith("t=")


def test_no_message_keeps_a_code_that_is_of_no_use(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    sent = smscx.otp.new_otp(ask(number))
    code = code_on(server, number)
    smscx.otp.verify_otp(sent.otp_id, code)

    with server.client() as client:
        (message,) = list(client.messages.list(to=number))
    report = smscx.reports.get_single_report(to_uuid(message.id)).data

    assert code not in report.text
    assert report.text.startswith("Your code is ")


BAD: list[tuple[str, dict[str, Any], int]] = [
    ("no number", {"number": ""}, 2001),
    ("national number of no country", {"number": "0612345678"}, 2002),
    ("no such country", {"country_iso": "XX"}, 2003),
    ("no originator", {"_from": "   "}, 2004),
    ("long originator", {"_from": "TwelveLetters"}, 2005),
    ("no template", {"template": ""}, 2006),
    ("no placeholder", {"template": "Hello"}, 2006),
    ("short life", {"ttl": 59}, 2008),
    ("long life", {"ttl": 1801}, 2009),
    ("no attempts", {"max_attempts": 0}, 2011),
    ("many attempts", {"max_attempts": 11}, 2012),
    ("short code", {"pin_length": 3}, 2016),
    ("long code", {"pin_length": 11}, 2017),
    ("reference of another kind", {"track_id": "x" * 36}, 2018),
    ("callback nowhere", {"otp_callback_url": "nowhere"}, 2019),
    ("no number at all", {"number": "+33"}, 2020),
    ("no such link", {"template": "{{pin}} {{shortlink:nothing}}"}, 1112),
]


@pytest.mark.parametrize(("fields", "code"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_each_rule(smscx: Published, fields: dict[str, Any], code: int) -> None:
    number = fields.pop("number", "+33612345678") if "number" in fields else "+33612345678"
    with pytest.raises(exceptions.InvalidRequestException) as refused:
        smscx.otp.new_otp(ask(number, **fields))

    error = body_of(refused.value)["error"]
    assert (error["type"], error["code"]) == ("invalid_param", code)


WIRE = [
    ({"ttl": "soon"}, 2007),
    ({"maxAttempts": "some"}, 2010),
    ({"pinType": "runes"}, 2014),
    ({"pinType": ""}, 2013),
    ({"pinLength": "long"}, 2015),
]


@pytest.mark.parametrize(("fields", "code"), WIRE)
def test_each_rule_that_the_client_would_hold(server: Server, fields: dict[str, Any], code: int) -> None:

    ready = server.ready["protocols"]["smscx"]
    body = {"phoneNumber": "+33612345678", **fields}

    answer = httpx2.post(f"{ready['host']}/otp", json=body, headers={"X-API-KEY": ready["api_key"]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_what_is_not_there_or_anothers_is_not_found(
    smscx: Published, other_smscx: Published, new_number: NewNumber
) -> None:
    sent = smscx.otp.new_otp(ask(new_number()))
    calls: list[Callable[[], Any]] = [
        lambda: other_smscx.otp.get_otp_status(sent.otp_id),
        lambda: other_smscx.otp.verify_otp(sent.otp_id, "123456"),
        lambda: other_smscx.otp.cancel_otp(sent.otp_id),
        lambda: smscx.otp.get_otp_status(to_uuid(new_id())),
    ]

    for call in calls:
        with pytest.raises(exceptions.ResourceNotFoundException) as refused:
            call()
        assert body_of(refused.value)["error"]["code"] == 2021
    with pytest.raises(exceptions.InvalidRequestException) as empty:
        smscx.otp.verify_otp(sent.otp_id, "")
    assert body_of(empty.value)["error"]["code"] == 2022


def test_who_opted_out_or_has_no_price_is_sent_no_code(
    poor_server: Server, smscx: Published, connect: Connect, new_number: NewNumber
) -> None:
    number = new_number()
    smscx.optouts.add_contact_to_optouts_list(AddContactsToGroupRequest(phone_numbers=[number]))

    with pytest.raises(exceptions.AccessDeniedException):
        smscx.otp.new_otp(ask(number))
    with pytest.raises(exceptions.NoCoverageException):
        connect(poor_server).otp.new_otp(ask("+447400123456"))


def test_a_number_is_sent_so_many_codes_an_hour(smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    for _ in range(10):
        smscx.otp.new_otp(ask(number))

    with pytest.raises(exceptions.RateLimitExcedeedException):
        smscx.otp.new_otp(ask(number))


def test_a_code_that_can_not_be_paid_for_is_not_sent(start_server: StartServer, connect: Connect) -> None:
    poor = connect(start_server(None, "--balance", "0.04"))

    with pytest.raises(exceptions.InsufficientBalanceException):
        poor.otp.new_otp(ask("+33612345678"))

    assert poor.account.get_account_balance().balance == 0.04
