"""Numbers by the published client: validated, looked up alone and in bulk, and rented."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import smscx_client
from python_calamine import CalamineWorkbook
from smscx_client import exceptions
from smscx_client.model.numbers_lookup_request import NumbersLookupRequest
from smscx_client.model.numbers_validate_request import NumbersValidateRequest
from smscx_client.model.renew_rent_request import RenewRentRequest
from smscx_client.model.rent_number_request import RentNumberRequest
from tests.protocols.listening import Listener

from heliograph import Client
from heliograph.domain.errors import NotFound
from heliograph.domain.ids import new_id
from heliograph.protocols.shared.uuids import to_uuid

from .conftest import Connect, Published, body_of, decoded

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]
UNCHECKED = smscx_client.Configuration(disabled_client_side_validations="maxLength,minLength,pattern")


def test_a_number_is_told_by_the_numbering_plan(smscx: Published) -> None:
    one = smscx.numbers.validate_number("+33612345678").data
    many = smscx.numbers.validate_numbers(
        NumbersValidateRequest(phone_numbers=["0612345678", "hello", "+4915112345678"], country_iso="FR")
    )

    assert (one.phone_number, one.country_iso, one.timezone) == ("+33612345678", "FR", "Europe/Paris")
    assert one.network_operator
    assert [(row.phone_number, row.invalid) for row in many.data] == [
        ("+33612345678", False),
        ("hello", True),
        ("+4915112345678", False),
    ]
    assert (many.info.total_phone_numbers, many.info.total_valid, many.info.total_invalid) == (3, 2, 1)
    assert many.data[2].country_iso == "DE"
    assert many.info.get("phoneNumbersByCountry") == {"FR": 1, "DE": 1, "countryCode": {"FR": 1, "DE": 1}}


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("+33612345678", "ACTIVE"),
        ("+9991000", "ABSENT"),
        ("+9992000", "BARRED"),
        ("+9993000", "UNKNOWN"),
        ("+9995000", "FAILED"),
    ],
)
def test_a_lookup_says_how_a_number_stands_and_costs_unless_it_fails(
    smscx: Published, number: str, status: str
) -> None:
    before = smscx.account.get_account_balance().balance

    found = smscx.numbers.lookup_number(number).data
    again = smscx.numbers.get_single_lookup_status(found.lookup_id)

    assert (found.phone_number, found.status, again.status) == (number, status, status)
    assert (found.mcc, found.mccmnc, found.ported, found.roaming) == (("999", "99999", False, False))
    assert found.cost == (0 if status == "FAILED" else 0.005)
    assert smscx.account.get_account_balance().balance == pytest.approx(before - found.cost)


def answers(smscx: Published, bulk_id: str, count: int, customer: Listener) -> list[Any]:
    """What is called back, until it is so many."""
    items: list[Any] = []
    while len(items) < count:
        body = customer.next()
        assert body["event"] == "number_lookup"
        # Their model has the event of another callback; its items are the ones that we post.
        items += decoded(body | {"event": "otp_update"}, "CallBackRequestNumberLookup").data
    return items


def test_many_numbers_are_looked_up_in_a_job_and_told_when_they_are(
    smscx: Published, new_number: NewNumber, customer: Listener
) -> None:
    numbers = [new_number() for _ in range(3)] + ["+9991001"]
    asked = smscx.numbers.lookup_numbers(
        NumbersLookupRequest(phone_numbers=[*numbers, numbers[0], "hello"], lookup_callback_url=customer.url)
    )
    bulk_id = asked.info.lookup_bulk_id

    told = answers(smscx, bulk_id, 4, customer)
    found = smscx.numbers.get_bulk_lookup_status(bulk_id)
    page = smscx.numbers.get_bulk_lookup_status(bulk_id, limit=3)
    rest = smscx.numbers.get_bulk_lookup_status(bulk_id, limit=3, next=page.paging.next)
    (job,) = smscx.numbers.get_bulk_lookup_campaigns(limit=1).data
    table = list(csv.DictReader(io.StringIO(smscx.numbers.export_number_lookup_report_to_csv(bulk_id))))
    with smscx.numbers.export_number_lookup_report_to_xlsx(bulk_id) as file:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()

    assert (asked.info.total_phone_numbers, asked.info.total_valid, asked.info.invalid) == (6, 4, ["hello"])
    assert asked.info.total_cost == pytest.approx(0.02)
    assert {row.phone_number for row in asked.data} == set(numbers)
    assert {(item.phone_number, item.lookup_bulk_id) for item in told} == {(number, bulk_id) for number in numbers}
    assert {row.lookup_id: row.status for row in found.data} == {item.lookup_id: item.status for item in told}
    assert sorted(row.status for row in found.data) == ["ABSENT", "ACTIVE", "ACTIVE", "ACTIVE"]
    assert len(page.data) + len(rest.data) == 4
    assert rest.paging.next is None
    assert (job.id, job.total_valid) == (bulk_id, 4)
    assert {row["phoneNumber"] for row in table} == set(numbers)
    assert sheet[0] == list(table[0]) and len(sheet) == 5


def free_number(smscx: Published, country: str, **wanted: Any) -> Any:
    return smscx.numbers.get_available_numbers(country, **wanted).data[0]


def rent(smscx: Published, number_id: str, days: int = 7, **more: Any) -> Any:
    return smscx.numbers.rent_number(RentNumberRequest(number_id=number_id, rent_period=days, **more)).info


def test_a_number_is_rented_written_to_and_is_nobody_elses(
    server: Server,
    smscx: Published,
    other_smscx: Published,
    new_number: NewNumber,
    customer: Listener,
) -> None:
    before = other_smscx.account.get_account_balance().balance
    offer = next(
        each for each in other_smscx.numbers.get_available_numbers("FR", features=3).data if each.inbound_sms_cost
    )

    rented = rent(other_smscx, offer.number_id, callback_url=customer.url)
    still_free = {each.number_id for each in smscx.numbers.get_available_numbers("FR").data}
    with pytest.raises(exceptions.AccessDeniedException) as taken:
        rent(smscx, offer.number_id)
    phone = new_number()
    with server.client() as client, pytest.raises(NotFound):
        client.sandbox.reply(phone, to=rented.phone_number, text="Is anybody there?")  # it is another account's
    with Client(server.url, server.ready["api"]["other"]["token"]) as client:
        client.sandbox.reply(phone, to=rented.phone_number, text="Is anybody there?")
    told = decoded(customer.next(), "CallBackRequestReceiveSms")
    (row,) = other_smscx.numbers.get_inbound_sms(rented.rent_id).data
    status = other_smscx.numbers.get_rent_status(rented.rent_id).info
    with pytest.raises(exceptions.AccessDeniedException) as used:
        other_smscx.numbers.cancel_rent(rented.rent_id)

    assert (rented.rent_cost, rented.setup_cost, rented.approved) == (2.0, 0.0, True)
    assert (rented.rent_end - rented.rent_start).days == 7
    assert offer.number_id not in still_free
    assert body_of(taken.value)["error"]["code"] == 1231
    assert [(item._from, item.to, item.text) for item in told.data] == [
        (phone, rented.phone_number, "Is anybody there?")
    ]
    assert (row.msg_id, row.cost) == (told.data[0].msg_id, 0.01)
    assert (status.inbound_sms.total, status.inbound_sms.cost, status.active_rent) == (1, 0.01, True)
    assert body_of(used.value)["error"]["code"] == 1232
    assert other_smscx.account.get_account_balance().balance == pytest.approx(before - 2.01)


def test_a_rent_is_renewed_changed_and_given_back(server: Server, smscx: Published) -> None:
    before = smscx.account.get_account_balance().balance
    offer = free_number(smscx, "GB", features=2)
    rented = rent(smscx, offer.number_id, 7, auto_renew=True)

    renewed = smscx.numbers.renew_rent(
        rented.rent_id, renew_rent_request=RenewRentRequest(rent_period=30, auto_renew=False)
    ).info
    ready = server.ready["protocols"]["smscx"]
    # Their client has no module for the answer.
    answer = httpx2.patch(
        f"{ready['host']}/numbers/rent/{rented.rent_id}/edit",
        json={"autoRenew": True, "callbackUrl": "http://127.0.0.1:9/"},
        headers={"X-API-KEY": ready["api_key"]},
    )
    (listed,) = [
        each
        for each in smscx.numbers.get_rented_numbers(country_iso="GB", active_rent=True).data
        if each.rent_id == rented.rent_id
    ]
    canceled = smscx.numbers.cancel_rent(rented.rent_id).info
    with pytest.raises(exceptions.AccessDeniedException) as over:
        smscx.numbers.cancel_rent(rented.rent_id)
    with pytest.raises(exceptions.AccessDeniedException) as late:
        smscx.numbers.renew_rent(rented.rent_id, renew_rent_request=RenewRentRequest())

    assert (renewed.rent_end - rented.rent_end).days == 30
    assert (renewed.auto_renew, renewed.rent_cost) == (False, 5.0)
    assert answer.json()["info"]["rentId"] == rented.rent_id
    assert (listed.auto_renew, listed.callback_url) == (True, "http://127.0.0.1:9/")
    assert canceled.credit_returned == 5.0
    assert [body_of(each.value)["error"]["code"] for each in (over, late)] == [1227, 1228]
    assert smscx.account.get_account_balance().balance == pytest.approx(before - 2.0)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"number_type": "landline"}, {"+33199000001"}),
        ({"features": 2, "number_type": "landline"}, set()),
        ({"registration": True}, set()),
        ({"setup_time": "delayed"}, set()),
    ],
)
def test_what_can_be_rented_is_filtered(smscx: Published, wanted: dict[str, Any], numbers: set[str]) -> None:
    found = smscx.numbers.get_available_numbers("FR", **wanted).data

    assert {each.phone_number for each in found} == numbers


def test_filters_by_digits_that_their_client_refuses(server: Server) -> None:
    ready = server.ready["protocols"]["smscx"]

    def found(query: str) -> set[str]:
        answer = httpx2.get(
            f"{ready['host']}/numbers/rent/available/US?{query}", headers={"X-API-KEY": ready["api_key"]}
        )
        return {each["phoneNumber"] for each in answer.json()["data"]}

    assert found("include=0101") == {"+12025550101"}
    assert found("exclude=0101") == {"+12025550102"}
    assert found("inbound_sms_sender=False") == {"+12025550101"}


NOBODY = to_uuid(new_id())
Bad = tuple[str, Callable[[Published], Any], type[Exception], str, int]
INVALID, NOT_FOUND = exceptions.InvalidRequestException, exceptions.ResourceNotFoundException


def renting(**fields: Any) -> Callable[[Published], Any]:
    """A rent of the second British number, which is let for seven days at least."""

    def call(client: Published) -> Any:
        number_id = next(
            each.number_id
            for each in client.numbers.get_available_numbers("GB").data
            if each.phone_number == "+447700900002"
        )
        asked = {"number_id": number_id, "rent_period": 7} | fields
        return client.numbers.rent_number(RentNumberRequest(**asked, _configuration=UNCHECKED))

    return call


BAD: list[Bad] = [
    (
        "no number",
        lambda c: c.numbers.validate_number("hello"),
        exceptions.InvalidPhoneNumberException,
        "invalid_param",
        1207,
    ),
    (
        "nothing to look up",
        lambda c: c.numbers.lookup_number("hello"),
        exceptions.InvalidPhoneNumberException,
        "invalid_param",
        1207,
    ),
    (
        "no numbers",
        lambda c: c.numbers.validate_numbers(NumbersValidateRequest(phone_numbers=[])),
        INVALID,
        "invalid_param",
        1203,
    ),
    (
        "none of them a number",
        lambda c: c.numbers.lookup_numbers(NumbersLookupRequest(phone_numbers=["x"])),
        INVALID,
        "invalid_param",
        1216,
    ),
    (
        "too many numbers",
        lambda c: c.numbers.validate_numbers(NumbersValidateRequest(phone_numbers=["+33612345678"] * 40_001)),
        INVALID,
        "invalid_param",
        1205,
    ),
    (
        "callback nowhere",
        lambda c: c.numbers.lookup_numbers(
            NumbersLookupRequest(phone_numbers=["+33612345678"], lookup_callback_url="nowhere")
        ),
        INVALID,
        "invalid_param",
        1209,
    ),
    ("no lookup", lambda c: c.numbers.get_single_lookup_status(NOBODY), NOT_FOUND, "not_found", 1219),
    ("no job", lambda c: c.numbers.get_bulk_lookup_status(NOBODY), NOT_FOUND, "not_found", 1220),
    ("no export", lambda c: c.numbers.export_number_lookup_report_to_csv(NOBODY), NOT_FOUND, "not_found", 1220),
    ("no such country", lambda c: c.numbers.get_available_numbers("XX"), INVALID, "invalid_param", 2003),
    ("no such offer", renting(number_id=NOBODY), NOT_FOUND, "not_found", 1230),
    ("no offer's name", renting(number_id="x" * 36), INVALID, "invalid_param", 1222),
    ("too short a rent", renting(rent_period=1), INVALID, "invalid_param", 1229),
    ("rent callback nowhere", renting(callback_url="nowhere"), INVALID, "invalid_param", 1226),
    ("unneeded registration", renting(registration_id=NOBODY), INVALID, "invalid_param", 1234),
    ("no rent", lambda c: c.numbers.get_rent_status(NOBODY), NOT_FOUND, "not_found", 1223),
    ("nothing to cancel", lambda c: c.numbers.cancel_rent(NOBODY), NOT_FOUND, "not_found", 1223),
    ("nothing to renew", lambda c: c.numbers.renew_rent(NOBODY, RenewRentRequest()), NOT_FOUND, "not_found", 1223),
    ("no inbox", lambda c: c.numbers.get_inbound_sms(NOBODY), NOT_FOUND, "not_found", 1223),
]


@pytest.mark.parametrize(("call", "kind", "type", "code"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_each_rule(
    smscx: Published, call: Callable[[Published], Any], kind: type[Exception], type: str, code: int
) -> None:
    with pytest.raises(kind) as refused:
        call(smscx)

    error = body_of(refused.value)["error"]
    assert (error["type"], error["code"]) == (type, code)


WIRE: list[tuple[str, str, dict[str, Any] | None, int]] = [
    ("POST", "/numbers/rent", {"numberId": NOBODY, "rentPeriod": "long"}, 1224),
    ("POST", "/numbers/rent", {"numberId": NOBODY, "rentPeriod": 7, "autoRenew": "maybe"}, 1225),
    ("POST", "/numbers/lookup", {"phoneNumbers": "+336"}, 1208),
    ("GET", "/numbers/lookup/lookupId/x", None, 1217),
    ("GET", "/numbers/lookup/lookupBulkId/x", None, 1218),
    ("GET", "/numbers/rent/x", None, 1221),
]


@pytest.mark.parametrize(("method", "path", "body", "code"), WIRE)
def test_what_their_client_would_never_send(
    server: Server, method: str, path: str, body: dict[str, Any] | None, code: int
) -> None:
    ready = server.ready["protocols"]["smscx"]

    answer = httpx2.request(method, ready["host"] + path, json=body, headers={"X-API-KEY": ready["api_key"]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_an_edit_of_nothing_is_refused(server: Server, smscx: Published) -> None:
    rented = rent(smscx, free_number(smscx, "US").number_id, 1)
    ready = server.ready["protocols"]["smscx"]

    answer = httpx2.patch(
        f"{ready['host']}/numbers/rent/{rented.rent_id}/edit", json={}, headers={"X-API-KEY": ready["api_key"]}
    )
    smscx.numbers.cancel_rent(rented.rent_id)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 1233)


def test_what_is_anothers_is_not_found(smscx: Published, other_smscx: Published) -> None:
    found = smscx.numbers.lookup_number("+33612345678").data
    job = smscx.numbers.lookup_numbers(NumbersLookupRequest(phone_numbers=["+33612345678"])).info
    rented = rent(smscx, free_number(smscx, "US").number_id, 1)
    calls: list[Callable[[], Any]] = [
        lambda: other_smscx.numbers.get_single_lookup_status(found.lookup_id),
        lambda: other_smscx.numbers.get_bulk_lookup_status(job.lookup_bulk_id),
        lambda: other_smscx.numbers.get_rent_status(rented.rent_id),
        lambda: other_smscx.numbers.cancel_rent(rented.rent_id),
        lambda: other_smscx.numbers.get_inbound_sms(rented.rent_id),
    ]

    for call in calls:
        with pytest.raises(NOT_FOUND):
            call()
    smscx.numbers.cancel_rent(rented.rent_id)


def test_lookups_end_with_the_money_and_where_there_is_no_price(poor_server: Server, connect: Connect) -> None:
    poor = connect(poor_server, api_key=poor_server.ready["protocols"]["smscx"]["other"]["api_key"])
    many = NumbersLookupRequest(phone_numbers=["+447400123456"])

    with pytest.raises(exceptions.NoCoverageException) as uncovered:
        poor.numbers.lookup_number("+447400123456")
    with pytest.raises(exceptions.InvalidRequestException) as all_uncovered:
        poor.numbers.lookup_numbers(many)
    with pytest.raises(exceptions.InsufficientBalanceException):
        poor.numbers.lookup_numbers(
            NumbersLookupRequest(phone_numbers=["+33612345678", "+33612345679", "+33612345670"])
        )
    found = poor.numbers.lookup_number("+33612345678").data

    assert body_of(uncovered.value)["error"]["code"] == 1214
    assert body_of(all_uncovered.value)["error"]["code"] == 1216
    assert (found.cost, poor.account.get_account_balance().balance) == (0.5, pytest.approx(0.5))


#: Each filter of what can be rented, its words, and what a row shows of it.
OFFERS: dict[str, tuple[list[str], Callable[[dict[str, Any]], str]]] = {
    "number_type": (["mobile", "landline"], lambda row: row["numberType"]),
    "setup_time": (["instant", "delayed"], lambda row: row["setupTime"]),
    "registration": (["true", "false"], lambda row: str(row["registration"]).lower()),
    "inbound_sms_sender": (["true", "false"], lambda row: str(row["inboundSmsSender"]).lower()),
}


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
@pytest.mark.parametrize("name", OFFERS)
def test_offers_are_found_by_what_they_show(server: Server, name: str, spelling: Callable[[str], str]) -> None:
    ready = server.ready["protocols"]["smscx"]
    words, show = OFFERS[name]
    with httpx2.Client(headers={"X-API-KEY": ready["api_key"]}) as client:
        for country in ("fr", "US", "Gb"):
            url = f"{ready['host']}/numbers/rent/available/{country}"
            offers = client.get(url).json()["data"]
            for word in words:
                found = client.get(url, params={name: spelling(word)}).json()["data"]
                assert [row["numberId"] for row in found] == [row["numberId"] for row in offers if show(row) == word]
