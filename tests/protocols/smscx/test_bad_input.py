"""Each rule broken once: the exception that the published client raises, the error's code, and nothing stored."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import smscx_client
from smscx_client import exceptions
from smscx_client.model.add_contacts_to_group_request import AddContactsToGroupRequest
from smscx_client.model.new_group_request import NewGroupRequest
from smscx_client.model.originator_new_request import OriginatorNewRequest
from smscx_client.model.rich_media import RichMedia
from smscx_client.model.send_sms_campaign_request import SendSmsCampaignRequest
from smscx_client.model.send_sms_request_estimate import SendSmsRequestEstimate
from smscx_client.model.templates_new_request import TemplatesNewRequest
from smscx_client.model.templates_update_request import TemplatesUpdateRequest
from smscx_client.model.update_number_request import UpdateNumberRequest

from heliograph.protocols.smscx.door.operations import OPERATIONS

from .conftest import Connect, Published, body_of, request

if TYPE_CHECKING:
    from tests.conftest import Server

NOBODY = str(uuid.UUID(int=7))
PAST = datetime.now(UTC) - timedelta(days=1)
REPORT = {"period": "", "start_date": "", "end_date": ""}

Bad = tuple[str, Callable[[Published], Any], type[Exception], str, int]


def sms(**fields: Any) -> Callable[[Published], Any]:
    return lambda client: client.sms.send_sms(request("+33612345678", **fields))


def template(**media: str) -> Callable[[Published], Any]:
    """Their client checks the caption itself, unless it is told not to."""
    usual = {"image_url": "http://i/", "button_caption": "Go", "target_url": "http://t/"}
    unchecked = smscx_client.Configuration(disabled_client_side_validations="maxLength")
    rich_media = RichMedia(**usual | media, _configuration=unchecked)
    return lambda client: client.templates.create_template(
        TemplatesNewRequest(text="x", channel="viber", rich_media=rich_media)
    )


def originator(value: str) -> OriginatorNewRequest:
    """Their client checks the length and the characters itself, unless it is told not to."""
    unchecked = smscx_client.Configuration(disabled_client_side_validations="maxLength,minLength,pattern")
    return OriginatorNewRequest(originator=value, _configuration=unchecked)


INVALID, NOT_FOUND = exceptions.InvalidRequestException, exceptions.ResourceNotFoundException
NUMBER = exceptions.InvalidPhoneNumberException

BAD: list[Bad] = [
    ("no recipients", lambda c: c.send(), INVALID, "invalid_param", 1104),
    ("one bad number", lambda c: c.send("12"), NUMBER, "invalid_param", 1207),
    ("several bad numbers", lambda c: c.send("12", "+33612345678"), NUMBER, "invalid_param", 1210),
    ("no such country", lambda c: c.send("0612345678", country_iso="UK"), NUMBER, "invalid_param", 1207),
    ("too many", lambda c: c.send(*["+33612345678"] * 25_001), INVALID, "invalid_param", 1103),
    ("long name", sms(_from="ABCDEFGHIJKL"), INVALID, "invalid_param", 1106),
    ("empty text", sms(text=""), INVALID, "invalid_param", 1107),
    ("eleven parts", sms(text="x" * 1531), INVALID, "invalid_param", 1107),
    ("past", sms(scheduled_date=PAST), INVALID, "invalid_param", 1116),
    ("no URL", sms(dlr_callback_url="nowhere"), INVALID, "invalid_param", 1109),
    ("no UUID", sms(idempotency_id=NOBODY), INVALID, "invalid_param", 1111),
    ("unknown link", sms(text="{{shortlink:abc}}"), INVALID, "invalid_param", 1112),
    ("random length", sms(text="{{numbers:x}}"), INVALID, "invalid_param", 1136),
    ("random too long", sms(text="{{numbers:21}}"), INVALID, "invalid_param", 1137),
    (
        "no group",
        lambda c: c.sms.send_sms_campaign(SendSmsCampaignRequest(groups=[99_999], _from="Acme", text="x")),
        INVALID,
        "invalid_param",
        1140,
    ),
    (
        "estimate",
        lambda c: c.sms.estimate_sms(SendSmsRequestEstimate(to=["1"], _from="Acme", text="x")),
        NUMBER,
        "invalid_param",
        1207,
    ),
    ("no message", lambda c: c.sms.delete_scheduled_sms(NOBODY), NOT_FOUND, "not_found", 1100),
    ("no campaign", lambda c: c.sms.delete_scheduled_sms_campaign(NOBODY), NOT_FOUND, "not_found", 1150),
    (
        "sent already",
        lambda c: c.sms.delete_scheduled_sms(c.send("+33612345678").data[0].msg_id),
        exceptions.AccessDeniedException,
        "access_denied",
        1118,
    ),
    (
        "campaign sent already",
        lambda c: c.sms.delete_scheduled_sms_campaign(c.send("+33612345678").info.campaign_id),
        exceptions.AccessDeniedException,
        "access_denied",
        1118,
    ),
    ("no report", lambda c: c.reports.get_single_report(NOBODY), NOT_FOUND, "not_found", 1160),
    ("no campaign report", lambda c: c.reports.get_campaign_report(NOBODY), NOT_FOUND, "not_found", 1150),
    ("no campaign export", lambda c: c.reports.export_campaign_report_to_csv(NOBODY), NOT_FOUND, "not_found", 1160),
    ("no period", lambda c: c.reports.get_advanced_report(**REPORT), INVALID, "invalid_param", 1824),
    ("bad period", lambda c: c.reports.get_advanced_report(**REPORT | {"period": "x"}), INVALID, "invalid_param", 1820),
    (
        "bad start",
        lambda c: c.reports.get_advanced_report(period="", start_date="x", end_date="2026-01-01"),
        INVALID,
        "invalid_param",
        1821,
    ),
    (
        "bad end",
        lambda c: c.reports.export_advanced_report_to_csv(period="", start_date="2026-01-01", end_date="x"),
        INVALID,
        "invalid_param",
        1822,
    ),
    (
        "backwards",
        lambda c: c.reports.export_advanced_report_to_xlsx(period="", start_date="2026-01-02", end_date="2026-01-01"),
        INVALID,
        "invalid_param",
        1823,
    ),
    (
        "bad country",
        lambda c: c.reports.get_advanced_report(**REPORT | {"period": "2026"}, country_iso="f1"),
        INVALID,
        "invalid_param",
        1827,
    ),
    ("no group to read", lambda c: c.groups.get_group_details(99_999), NOT_FOUND, "not_found", 1200),
    ("no group to delete", lambda c: c.groups.delete_group(99_999), NOT_FOUND, "not_found", 1200),
    ("no group to empty", lambda c: c.groups.empty_group(99_999), NOT_FOUND, "not_found", 1200),
    ("no group to export", lambda c: c.groups.export_group_to_csv(99_999), NOT_FOUND, "not_found", 1200),
    (
        "no members",
        lambda c: c.groups.add_contacts_to_group(c.group("Empty"), AddContactsToGroupRequest(phone_numbers=[])),
        INVALID,
        "invalid_param",
        1203,
    ),
    (
        "bad member",
        lambda c: c.groups.add_contacts_to_group(c.group("Bad"), AddContactsToGroupRequest(phone_numbers=["1"])),
        NUMBER,
        "invalid_param",
        1207,
    ),
    (
        "name taken",
        lambda c: [c.groups.create_group(NewGroupRequest(name="Twice")) for _ in range(2)],
        exceptions.DuplicateValueException,
        "duplicate_value",
        1211,
    ),
    (
        "no contact",
        lambda c: c.groups.delete_contact_from_group(c.group("Lonely"), NOBODY),
        NOT_FOUND,
        "not_found",
        1202,
    ),
    (
        "no change",
        lambda c: c.groups.update_contact_from_group(c.group("Still"), NOBODY, UpdateNumberRequest()),
        INVALID,
        "invalid_param",
        1213,
    ),
    (
        "all listed",
        lambda c: [
            c.optouts.add_contact_to_optouts_list(AddContactsToGroupRequest(phone_numbers=["+33699999901"]))
            for _ in range(2)
        ],
        INVALID,
        "invalid_param",
        1441,
    ),
    ("no opt-out", lambda c: c.optouts.delete_contact_from_optouts_list(99_999), NOT_FOUND, "not_found", 1202),
    (
        "no originator at all",
        lambda c: c.originators.create_originator(originator("")),
        INVALID,
        "invalid_param",
        1301,
    ),
    (
        "originator of signs",
        lambda c: c.originators.create_originator(originator("Caf\u00e9 1")),
        INVALID,
        "invalid_param",
        1303,
    ),
    *(
        (
            f"originator {value}",
            lambda c, value=value: c.originators.create_originator(originator(value)),
            INVALID,
            "invalid_param",
            code,
        )
        for value, code in [("AB", 1304), ("ABCDEFGHIJKL", 1304), ("A2", 1304), ("12", 1305), ("1" * 16, 1305)]
    ),
    (
        "originator taken",
        lambda c: [c.originators.create_originator(OriginatorNewRequest(originator="Twice")) for _ in range(2)],
        exceptions.DuplicateValueException,
        "duplicate_value",
        1306,
    ),
    ("no originator", lambda c: c.originators.delete_originator(99_999), NOT_FOUND, "not_found", 1300),
    (
        "template without text",
        lambda c: c.templates.create_template(TemplatesNewRequest(text="", channel="sms")),
        INVALID,
        "invalid_param",
        1801,
    ),
    (
        "template too long",
        lambda c: c.templates.create_template(TemplatesNewRequest(text="x" * 1001, channel="sms")),
        INVALID,
        "invalid_param",
        1811,
    ),
    (
        "template taken",
        lambda c: [
            c.templates.create_template(TemplatesNewRequest(text="x", channel="sms", name="Twice")) for _ in range(2)
        ],
        exceptions.DuplicateValueException,
        "duplicate_value",
        1805,
    ),
    ("long caption", template(button_caption="x" * 31), INVALID, "invalid_param", 1808),
    ("target of no kind", template(target_url="javascript:x"), INVALID, "invalid_param", 1809),
    ("image of no kind", template(image_url="ftp://x/"), INVALID, "invalid_param", 1810),
    ("no template", lambda c: c.templates.get_template(99_999), NOT_FOUND, "not_found", 1800),
    (
        "nothing of a template",
        lambda c: c.templates.update_template(
            c.templates.create_template(TemplatesNewRequest(text="x", channel="sms")).info.id, TemplatesUpdateRequest()
        ),
        INVALID,
        "invalid_param",
        1804,
    ),
    ("no application", lambda c: c.applications.get_application_settings("x"), NOT_FOUND, "not_found", 1500),
    (
        "no country",
        lambda c: c.account.get_channel_pricing_by_country_iso("sms", "2way", "QQ"),
        INVALID,
        "invalid_param",
        1522,
    ),
]


@pytest.mark.parametrize(("call", "kind", "type", "code"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_each_rule(
    smscx: Published, call: Callable[[Published], Any], kind: type[Exception], type: str, code: int
) -> None:
    with pytest.raises(kind) as refused:
        call(smscx)

    error = body_of(refused.value)["error"]
    assert (error["type"], error["code"]) == (type, code)
    assert error["message"] and error["uri"]


def test_what_is_refused_is_not_there(smscx: Published) -> None:
    before = smscx.reports.get_campaigns_list(limit=1).info.total_campaigns
    money = smscx.account.get_account_balance().balance

    for _, call, *_ in BAD[:14]:
        with pytest.raises(exceptions.ApiException):
            call(smscx)

    assert smscx.reports.get_campaigns_list(limit=1).info.total_campaigns == before
    assert smscx.account.get_account_balance().balance == money


def test_wrong_numbers_are_named_where_readme_and_model_look(smscx: Published) -> None:
    with pytest.raises(NUMBER) as refused:
        smscx.send("nonsense", "+33612345678")

    body = body_of(refused.value)
    assert body["invalid"] == body["error"]["invalid"] == ["nonsense"]


@pytest.mark.parametrize(
    "credentials", [{"api_key": "sc_wrong"}, {"access_token": "at_wrong"}, {"username": "a", "password": "b"}]
)
def test_a_wrong_credential(server: Server, connect: Connect, credentials: dict[str, str]) -> None:
    client = connect(server, **credentials)

    with pytest.raises(exceptions.InvalidCredentialsException) as refused:
        client.account.get_account_balance()

    assert body_of(refused.value)["error"]["type"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("grant", "scope", "secret", "kind", "type"),
    [
        ("client_credentials", "", "wrong", exceptions.InvalidCredentialsException, "invalid_client"),
        ("client_credentials", "everything", "", exceptions.InvalidScopeException, "invalid_scope"),
    ],
)
def test_a_token_that_is_refused(
    server: Server, connect: Connect, grant: str, scope: str, secret: str, kind: type[Exception], type: str
) -> None:
    ready = server.ready["protocols"]["smscx"]
    client = connect(server, username=ready["application_id"], password=secret or ready["application_secret"])

    with pytest.raises(kind) as refused:
        client.oauth.get_access_token(grant, scope=scope)

    error = body_of(refused.value)["error"]
    assert (error["type"], error["code"]) == (type, 1600)


@pytest.mark.parametrize(
    ("form", "type"), [("grant_type=password", "unsupported_grant_type"), ("scope=sms", "invalid_request")]
)
def test_a_grant_that_is_not_theirs(server: Server, form: str, type: str) -> None:
    ready = server.ready["protocols"]["smscx"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = httpx2.post(f"{ready['host']}/oauth/token", content=form, headers=headers)

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, type)


CALLS = [operation for operation in OPERATIONS if operation.scope is not None]


@pytest.mark.parametrize("operation", CALLS, ids=lambda operation: operation.name)
def test_every_operation_asks_for_its_scope(server: Server, connect: Connect, operation: Any) -> None:
    ready = server.ready["protocols"]["smscx"]
    application = connect(server, username=ready["application_id"], password=ready["application_secret"])
    others = "otp" if operation.scope != "otp" else "sms"
    token = application.oauth.get_access_token("client_credentials", scope=others).access_token

    answer = httpx2.request(
        operation.method, ready["host"] + operation.path, headers={"Authorization": f"Bearer {token}"}
    )

    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "insufficient_scope")


def test_other_accounts_see_nothing(smscx: Published, other_smscx: Published) -> None:
    group = smscx.group("Mine", "+33612345678")
    sent = smscx.send("+33612345678", scheduled_date=datetime.now(UTC) + timedelta(hours=1))
    contact = smscx.groups.get_group_details(group).data[0].id
    foreign: list[Callable[[], Any]] = [
        lambda: other_smscx.groups.get_group_details(group + 500),
        lambda: other_smscx.groups.delete_contact_from_group(group + 500, contact),
        lambda: other_smscx.reports.get_single_report(sent.data[0].msg_id),
        lambda: other_smscx.reports.get_campaign_report(sent.info.campaign_id),
        lambda: other_smscx.sms.delete_scheduled_sms(sent.data[0].msg_id),
        lambda: other_smscx.sms.delete_scheduled_sms_campaign(sent.info.campaign_id),
        lambda: other_smscx.applications.get_application_settings(
            smscx.applications.get_applications_list().data[0].application_id
        ),
    ]

    for call in foreign:
        with pytest.raises(NOT_FOUND):
            call()

    smscx.sms.delete_scheduled_sms_campaign(sent.info.campaign_id)
    assert other_smscx.reports.get_campaigns_list().data == []


def test_money_and_coverage_end(poor_server: Server, connect: Connect) -> None:
    poor = connect(poor_server)

    with pytest.raises(exceptions.NoCoverageException) as nowhere:
        poor.send("+447400123456")
    mixed = poor.send("+447400123456", "+33612345678")
    with pytest.raises(exceptions.InsufficientBalanceException) as broke:
        poor.send(*(f"+336123400{n:02}" for n in range(20)))
    with pytest.raises(exceptions.InsufficientBalanceException):
        poor.sms.estimate_sms(
            SendSmsRequestEstimate(to=[f"+336123400{n:02}" for n in range(20)], _from="Acme", text="x")
        )

    with pytest.raises(exceptions.NoCoverageException) as unpriced:
        poor.account.get_channel_pricing("viber", "transactional")

    for country in ("GB", "gb", "aq"):
        with pytest.raises(exceptions.NoCoverageException) as without_price:
            poor.account.get_channel_pricing_by_country_iso("sms", "transactional", country)
        assert body_of(without_price.value)["error"]["code"] == 1523

    assert body_of(unpriced.value)["error"]["code"] == 1523
    assert body_of(nowhere.value)["error"]["code"] == 1119
    assert [(row.status, row.cost) for row in mixed.data] == [("NO COVERAGE", 0.0), ("ACCEPTED", 0.05)]
    assert body_of(broke.value)["error"]["code"] == 1113
    assert poor.account.get_account_balance().balance == pytest.approx(0.95)


def test_one_request_too_many(poor_server: Server) -> None:
    ready = poor_server.ready["protocols"]["smscx"]
    with httpx2.Client(headers={"X-API-KEY": ready["other"]["api_key"]}) as client:
        answers = [client.get(f"{ready['host']}/account/balance") for _ in range(70)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "more than twenty in a second"
    error = refused[0].json()["error"]
    assert error["type"] == "rate_limit"
    assert refused[0].headers["X-Rate-Limit-Limit"] == "20"
    assert refused[0].headers["X-Rate-Limit-Remaining"] == "0"
    assert abs(int(refused[0].headers["X-Rate-Limit-Reset"]) - time.time()) < 30
    assert "Retry-After" not in refused[0].headers


HUGE = b'{"groups": [%d], "from": "Acme", "text": "x"}' % 10**30
WIRE = [
    ("POST", "/sms/campaign", HUGE, 400, "invalid_param"),
    ("POST", "/sms", b"{", 400, "invalid_body"),
    ("POST", "/sms", b"{}", 400, "invalid_param"),
    ("POST", "/sms", b'{"to": 5, "from": "Acme", "text": "x"}', 400, "invalid_param"),
    ("PUT", "/sms", b"{}", 405, "invalid_method"),
    ("POST", "/templates", b'{"text": "x", "channel": "fax"}', 400, "invalid_param"),
    ("GET", "/account/pricing/fax/2way/FR", b"", 400, "invalid_param"),
    ("GET", "/account/pricing/sms/2way/UK", b"", 400, "invalid_param"),
    ("GET", "/reports?period=2026&country_iso=f1", b"", 400, "invalid_param"),
    ("GET", "/nowhere", b"", 404, "not_found"),
    ("GET", "/groups/x", b"", 404, "not_found"),
    ("GET", "/groups/1?limit=501", b"", 404, "not_found"),
    ("GET", "/optouts?limit=0", b"", 400, "invalid_param"),
    ("GET", "/optouts?next=zzz", b"", 400, "invalid_param"),
    ("GET", "/reports/single/x", b"", 400, "invalid_param"),
    ("GET", "/reports/summary/x?period=2026", b"", 400, "invalid_param"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "type"), WIRE)
def test_what_the_client_would_never_send(
    server: Server, method: str, path: str, body: bytes, status: int, type: str
) -> None:
    ready = server.ready["protocols"]["smscx"]
    headers = {"X-API-KEY": ready["other"]["api_key"], "Content-Type": "application/json"}

    answer = httpx2.request(method, ready["host"] + path, content=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["type"]) == (status, type)


def test_a_single_string_is_taken_for_a_list(server: Server) -> None:
    ready = server.ready["protocols"]["smscx"]
    body = {"to": "0612345678", "countryIso": "FR", "from": "Acme", "text": "Hi", "trackData": "not a UUID"}

    answer = httpx2.post(f"{ready['host']}/sms", json=body, headers={"X-API-KEY": ready["api_key"]})

    (row,) = answer.json()["data"]
    assert (row["to"], "trackData" in row) == ("+33612345678", False)
