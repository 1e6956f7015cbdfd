"""Each call of the published client, with its own validation of what comes back."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from python_calamine import CalamineWorkbook
from smscx_client.exceptions import AccessDeniedException
from smscx_client.model.add_contacts_to_group_request import AddContactsToGroupRequest
from smscx_client.model.add_contacts_to_group_with_fields_request import AddContactsToGroupWithFieldsRequest
from smscx_client.model.group_add import GroupAdd
from smscx_client.model.originator_new_request import OriginatorNewRequest
from smscx_client.model.send_sms_campaign_request import SendSmsCampaignRequest
from smscx_client.model.send_sms_campaign_request_estimate import SendSmsCampaignRequestEstimate
from smscx_client.model.send_sms_request_estimate import SendSmsRequestEstimate
from smscx_client.model.templates_new_request import TemplatesNewRequest
from smscx_client.model.templates_update_request import TemplatesUpdateRequest
from smscx_client.model.transliteration import Transliteration
from smscx_client.model.update_number_request import UpdateNumberRequest
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph.protocols.shared.uuids import from_uuid
from heliograph.protocols.smscx.door.applications import SCOPES

from .conftest import Connect, Published, decoded

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]


def today() -> dict[str, str]:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return {"period": "", "start_date": day, "end_date": day}


def settle(server: Server, reply: Any) -> None:
    """Waits until every message of a send is settled."""
    with server.client() as client:
        for row in reply.data:
            client.messages.wait_for_delivery(from_uuid(row.msg_id))


def test_a_send_is_answered_row_by_row_and_reported_when_delivered(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    numbers = [new_number(), new_number()]
    track = str(uuid.uuid4())

    reply = smscx.send(*numbers, numbers[0], text="Grüße", track_data=track)
    settle(server, reply)
    report = smscx.reports.get_single_report(reply.data[0].msg_id)

    assert (reply.info.total_phone_numbers, reply.info.total_valid, reply.info.total_parts) == (3, 2, 2)
    assert reply.info.total_cost == pytest.approx(0.09)
    assert [(row.to, row.status, row.cost, row.country_iso, row.track_data) for row in reply.data] == [
        (number, "ACCEPTED", 0.045, "FR", track) for number in numbers
    ]
    assert (report.data.status, report.data.to, report.data.text) == ("DELIVERED", numbers[0], "Grüße")
    assert report.data.text_analysis.unicode is False


def test_an_estimate_is_what_sending_then_charges(smscx: Published, new_number: NewNumber) -> None:
    numbers = [new_number(), "+4915112345678", "+447400123456"]
    before = smscx.account.get_account_balance().balance
    estimate = smscx.sms.estimate_sms(SendSmsRequestEstimate(to=numbers, _from="Acme", text="x" * 161))
    unchanged = smscx.account.get_account_balance().balance

    sent = smscx.send(*numbers, text="x" * 161)
    after = smscx.account.get_account_balance()

    assert unchanged == before
    assert estimate.info.total_cost == sent.info.total_cost == pytest.approx(2 * (0.045 + 0.07 + 0.04))
    assert before - after.balance == pytest.approx(sent.info.total_cost)
    assert (after.currency, after.billing) == ("eur", "prepaid")
    assert [row.parts for row in estimate.data] == [2, 2, 2]


def test_a_repetition_with_the_same_id_sends_nothing_more(smscx: Published, new_number: NewNumber) -> None:
    number, key = new_number(), str(uuid.uuid4())

    first = smscx.send(number, text="{{numbers}}", idempotency_id=key)
    again = smscx.send(number, text="{{numbers}}", idempotency_id=key)

    assert again.info.campaign_id == first.info.campaign_id
    assert [row.text for row in again.data] == [row.text for row in first.data]


def test_scheduled_messages_are_deleted_and_paid_back(smscx: Published, new_number: NewNumber) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    before = smscx.account.get_account_balance().balance

    sent = smscx.send(new_number(), new_number(), new_number(), scheduled_date=later)
    one = smscx.sms.delete_scheduled_sms(sent.data[0].msg_id)
    rest = smscx.sms.delete_scheduled_sms_campaign(sent.info.campaign_id)

    assert {row.status for row in sent.data} == {"SCHEDULED"}
    assert sent.data[0].scheduled_at == later.replace(tzinfo=None, microsecond=0)
    assert (one.info.credit_returned, one.info.parts) == (0.045, 1)
    assert (rest.info.total_phone_numbers, rest.info.total_parts) == (3, 3)
    assert (rest.info.phone_numbers_deleted, rest.info.parts_deleted) == (2, 2)
    assert rest.info.credit_returned == pytest.approx(0.09)
    assert smscx.account.get_account_balance().balance == pytest.approx(before)


def test_local_time_is_the_clock_on_each_wall(smscx: Published, new_number: NewNumber) -> None:
    wall = (datetime.now(UTC) + timedelta(days=200)).replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)

    sent = smscx.send(new_number(), "+12025550123", scheduled_date=wall, is_utc=False, show_timezone=True)
    smscx.sms.delete_scheduled_sms_campaign(sent.info.campaign_id)

    paris, washington = sent.data
    assert (paris.timezone, washington.timezone) == ("Europe/Paris", "America/New_York")
    assert wall - paris.scheduled_at in {timedelta(hours=1), timedelta(hours=2)}
    assert washington.scheduled_at - wall in {timedelta(hours=4), timedelta(hours=5)}


def test_a_local_time_may_be_over_already_where_the_server_is(smscx: Published, new_number: NewNumber) -> None:
    """Half an hour ago by the clock of Washington: still to come in Los Angeles, and over in Paris."""
    wall = (datetime.now(ZoneInfo("America/New_York")) - timedelta(minutes=30)).replace(microsecond=0, tzinfo=None)

    sent = smscx.send(new_number(), "+14155550123", scheduled_date=wall, is_utc=False)
    smscx.sms.delete_scheduled_sms_campaign(sent.info.campaign_id)
    report = {row.to: row for row in smscx.reports.get_campaign_report(sent.info.campaign_id).data}

    paris, los_angeles = sent.data
    assert timedelta(hours=2) < los_angeles.scheduled_at - paris.scheduled_at < timedelta(hours=3)
    assert set(report) == {paris.to}


def test_a_campaign_says_to_each_contact_what_is_theirs(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    ada, bob = new_number(), new_number()
    group = smscx.group("Personal")
    added = smscx.groups.add_contacts_to_group_with_fields(
        group,
        AddContactsToGroupWithFieldsRequest(
            phone_numbers=[
                GroupAdd(phone_number=ada, first_name="Ada", field1="gold"),
                GroupAdd(phone_number=bob, country_iso="FR"),
            ]
        ),
    )
    other = smscx.group("Personal too", ada)
    text = "Hi {{firstName}}, you are {{field1}}! ${x} {{letters:3}} {{optoutLink}}"

    estimate = smscx.sms.estimate_sms_campaign(SendSmsCampaignRequestEstimate(groups=[group], _from="Acme", text=text))
    sent = smscx.sms.send_sms_campaign(SendSmsCampaignRequest(groups=[group, other], _from="Acme", text=text))
    settle(server, sent)

    texts = {row.to: row.text for row in sent.data}
    assert texts[ada].startswith("Hi Ada, you are gold! ${x} ")
    assert texts[bob].startswith("Hi , you are ! ${x} ")
    assert texts[ada].split()[-1].startswith(server.url + "/o/")
    assert texts[ada].split()[-1] != texts[bob].split()[-1]
    assert sent.info.duplicates_removed == 1
    assert [(entry.id, entry.phone_numbers) for entry in sent.info.groups] == [(group, 2), (other, 1)]
    assert estimate.info.total_cost == sent.info.total_cost
    assert (added.info.total_valid, added.info.total_cost) == (2, 0.09)
    report = smscx.reports.get_campaign_report(sent.info.campaign_id)
    assert {row.text for row in report.data} == set(texts.values())


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_who_is_in_several_groups_is_called_what_any_of_them_says(
    smscx: Published, new_number: NewNumber, order: tuple[int, ...]
) -> None:
    number = new_number()
    known = [
        GroupAdd(phone_number=number, first_name="", last_name="Lovelace"),
        GroupAdd(phone_number=number, first_name="Ada", field1=" "),
        GroupAdd(phone_number=number, field1="gold"),
    ]
    groups = [smscx.group(f"Part {new_number()}") for _ in known]
    for place in order:
        request = AddContactsToGroupWithFieldsRequest(phone_numbers=[known[place]])
        smscx.groups.add_contacts_to_group_with_fields(groups[place], request)

    sent = smscx.sms.send_sms_campaign(
        SendSmsCampaignRequest(groups=groups, _from="Acme", text="{{firstName}} {{lastName}}: {{field1}}")
    )

    assert [row.text for row in sent.data] == ["Ada Lovelace: gold"]
    assert sent.info.duplicates_removed == 2


def test_transliteration_is_said_and_saves(smscx: Published, new_number: NewNumber) -> None:
    text = "Привет, как дела? Сегодня всё хорошо, приходи вечером в гости, мы будем ждать тебя 😀"

    sent = smscx.send(
        new_number(), text=text, transliteration=Transliteration(alphabet="RUSSIAN_CYRILLIC", remove_emojis=True)
    )

    assert sent.data[0].text == (
        "Privet, kak dela? Segodnya vse khorosho, prikhodi vecherom v gosti, my budem zhdat tebya"
    )
    found = sent.info.transliteration_analysis
    assert (found.total_original_parts, found.total_replaced_parts, found.total_parts_saved) == (2, 1, 1)
    assert (found.text.original.encoding, found.text.replaced.encoding) == ("UCS-2", "GSM-7")
    counts = found.text.replaced.characters.to_dict()
    assert counts == {letter: text.count(letter) for letter in set(text) if letter.isalpha() or letter == "😀"}


@pytest.mark.parametrize(
    ("alphabet", "text", "counts"),
    [
        ("POLISH", "Łąka, łąka – 5 zł", {"Ł": 1, "ł": 2, "ą": 2}),
        ("TURKISH", "şişşş", {"ş": 4}),
        ("NON_GSM", "“Ça va…”, “oui”", {"“": 2, "”": 2, "…": 1}),
        ("NON_GSM", "✓✓", {"✓": 2}),
        ("non_gsm", "’’’", {"’": 3}),
    ],
)
def test_characters_that_were_replaced_are_counted(
    server: Server, new_number: NewNumber, alphabet: str, text: str, counts: dict[str, int]
) -> None:
    ready = server.ready["protocols"]["smscx"]
    body = {"to": [new_number()], "from": "Acme", "text": text, "transliteration": {"alphabet": alphabet}}

    sent = httpx2.post(f"{ready['host']}/sms/estimate", json=body, headers={"X-API-KEY": ready["api_key"]}).json()

    decoded(sent, "SendSmsMessageResponse")
    assert sent["info"]["transliterationAnalysis"]["text"]["replaced"]["characters"] == counts


def test_groups_are_kept_with_their_contacts(smscx: Published, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(5)]
    group = smscx.group("Kept", *numbers)
    added = smscx.groups.add_contacts_to_group(
        group,
        AddContactsToGroupRequest(phone_numbers=[numbers[0], "nonsense", new_number()], allow_invalid=True),
    )
    first = smscx.groups.get_group_details(group, limit=4)
    second = smscx.groups.get_group_details(group, limit=4, next=first.paging.next)
    back = smscx.groups.get_group_details(group, limit=4, previous=second.paging.previous)
    contact = first.data[0]
    changed = smscx.groups.update_contact_from_group(
        group, contact.id, UpdateNumberRequest(first_name="=1+1", phone_number="+33698765400")
    )
    listed = {row.id: row for row in smscx.groups.get_groups_list().data}
    exported = smscx.groups.export_group_to_csv(group)
    workbook = smscx.groups.export_group_to_xlsx(group)
    gone = smscx.groups.delete_contact_from_group(group, contact.id)
    smscx.groups.empty_group(group)
    emptied = smscx.groups.get_group_details(group)
    deleted = smscx.groups.delete_group(group)

    assert (added.info.total_valid, added.info.total_duplicates, added.info.invalid) == (1, 1, ["nonsense"])
    assert (len(first.data), len(second.data), second.paging.next) == (4, 2, None)
    assert [row.id for row in back.data] == [row.id for row in first.data]
    assert back.paging.previous is None
    assert changed.info.id == contact.id
    assert (listed[group].total_phone_numbers, listed[group].total_cost) == (6, pytest.approx(6 * 0.045))
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert len(rows) == 6
    assert {row["firstName"] for row in rows if row["phoneNumber"] == "+33698765400"} == {"'=1+1"}
    sheet = CalamineWorkbook.from_filelike(workbook).get_sheet_by_index(0).to_python()
    workbook.close()
    assert [row[1] for row in sheet[1:]] == [row["phoneNumber"] for row in rows]
    assert "=1+1" in {row[3] for row in sheet}
    assert gone.info.phone_number == "+33698765400"
    assert (emptied.data, emptied.info.total_phone_numbers, deleted.info.total_phone_numbers) == ([], 0, 0)
    assert group not in {row.id for row in smscx.groups.get_groups_list().data}


def test_who_opted_out_is_listed_and_never_written_to(server: Server, smscx: Published, new_number: NewNumber) -> None:
    asked, admin = new_number(), new_number()
    with server.client() as client:
        first = smscx.send(asked)
        settle(server, first)
        client.sandbox.reply(asked, to="Acme", text="STOP")
    added = smscx.optouts.add_contact_to_optouts_list(AddContactsToGroupRequest(phone_numbers=[admin]))
    listed = smscx.optouts.get_optouts_list()
    row = next(row for row in listed.data if row.phone_number == admin)
    stopped = next(row for row in listed.data if row.phone_number == asked)
    sent = smscx.send(admin, new_number())
    exported = smscx.optouts.export_optouts_to_csv()
    smscx.optouts.export_optouts_to_xlsx().close()
    gone = smscx.optouts.delete_contact_from_optouts_list(row.id)

    assert (added.info.total_valid, row.optout_from, row.country_iso) == (1, "admin", "FR")
    assert stopped.optout_from == "link"
    with pytest.raises(AccessDeniedException):
        smscx.optouts.delete_contact_from_optouts_list(stopped.id)
    assert listed.info.link.startswith(server.url)
    assert [(each.status, each.cost) for each in sent.data] == [("REJECTED", 0.0), ("ACCEPTED", 0.045)]
    assert admin in exported
    assert (gone.info.id, gone.info.phone_number) == (str(row.id), admin)
    assert admin not in smscx.optouts.export_optouts_to_csv()


def test_the_link_in_a_message_asks_before_it_ends_consent(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    number = new_number()
    link = smscx.send(number, text="Stop: {{optoutLink}}").data[0].text.split()[-1]

    looked = httpx2.get(link)
    still = smscx.send(number).data[0].status
    clicked = httpx2.post(link)
    then = smscx.send(number).data[0].status
    forged = httpx2.post(link[:-2] + ("AA" if link[-2:] != "AA" else "BB"))

    assert (looked.status_code, number in looked.text, still) == (200, True, "ACCEPTED")
    assert (clicked.status_code, then, forged.status_code) == (200, "REJECTED", 404)


def test_templates_start_unapproved_and_are_locked_when_the_sandbox_has_approved_them(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    made = smscx.templates.create_template(TemplatesNewRequest(name="Order", text="Hi {{name}}", channel="viber"))
    plain = smscx.templates.create_template(TemplatesNewRequest(text="Plain", channel="sms"))
    renamed = smscx.templates.update_template(plain.info.id, TemplatesUpdateRequest(name="Renamed"))
    listed = {row.id: row for row in smscx.templates.get_templates_list().data}
    found = smscx.templates.get_template(plain.info.id)

    assert (made.info.approved, made.info.type) == (False, "transactional")
    assert renamed.info.id == plain.info.id
    assert (listed[plain.info.id].name, listed[plain.info.id].approved) == ("Renamed", True)
    assert (found.data.text, found.data.type, found.data.rich_media.image_url) == ("Plain", None, None)
    assert smscx.templates.delete_template(plain.info.id).info.id == plain.info.id
    assert plain.info.id not in {row.id for row in smscx.templates.get_templates_list().data}
    began = monotonic()
    while not smscx.templates.get_template(made.info.id).data.approved:
        assert monotonic() - began < HANG_S
        settle(server, smscx.send(new_number()))  # as long as a message takes, so that not too much is asked
    with pytest.raises(AccessDeniedException):
        smscx.templates.update_template(made.info.id, TemplatesUpdateRequest(name="Locked"))


def test_originators_are_asked_for_and_given_back(smscx: Published) -> None:
    made = smscx.originators.create_originator(OriginatorNewRequest(originator="Waiting1"))
    listed = {row.id: row for row in smscx.originators.get_originators_list().data}
    sent = smscx.send("+33612000077", _from="Waiting1")
    gone = smscx.originators.delete_originator(made.info.id)

    assert (listed[made.info.id].originator, listed[made.info.id].approved) == ("Waiting1", False)
    assert {row._from for row in sent.data} == {"Heliograph"}
    assert gone.info.originator == "Waiting1"


def test_tokens_do_what_their_scopes_say(server: Server, connect: Connect, new_number: NewNumber) -> None:
    ready = server.ready["protocols"]["smscx"]
    application = connect(server, username=ready["application_id"], password=ready["application_secret"])

    token = application.oauth.get_access_token("client_credentials", scope="sms applications")
    holder = connect(server, access_token=token.access_token)
    sent = holder.send(new_number())
    listed = holder.applications.get_applications_list()
    settings = holder.applications.get_application_settings(ready["application_id"])

    assert (token.token_type, token.expires_in, token.scope) == ("Bearer", 86_400, "applications sms")
    assert sent.data[0].status == "ACCEPTED"
    assert [row.application_secret for row in listed.data] == [ready["application_secret"]]
    assert (settings.name, settings.settings.sms.enforce_originator) == ("Sandbox", None)
    assert holder.applications.get_scopes() == sorted(SCOPES)
    everything = application.oauth.get_access_token("client_credentials")
    assert everything.scope.split() == sorted(SCOPES)


def test_reports_say_what_was_sent(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    sent = smscx.send(number, text="=cmd()")
    settle(server, sent)

    found = smscx.reports.get_advanced_report(**today(), country_iso="FR", delivery_report="delivered", limit=500)
    short = smscx.reports.get_advanced_report(**today(), short_response=True, source="api", channel="sms")
    other = smscx.reports.get_advanced_report(**today(), channel="viber")
    exported = smscx.reports.export_advanced_report_to_csv(**today())
    workbook = smscx.reports.export_advanced_report_to_xlsx(**today())
    campaigns = smscx.reports.get_campaigns_list(delivery_reports=True, limit=1)
    more = smscx.reports.get_campaigns_list(limit=1, next=campaigns.paging.next)
    of_campaign = smscx.reports.export_campaign_report_to_csv(sent.info.campaign_id)
    smscx.reports.export_campaign_report_to_xlsx(sent.info.campaign_id).close()

    assert number in {row.to for row in found.data}
    assert found.info.total_phone_numbers >= len(found.data)
    assert (short.data, short.info.total_phone_numbers >= 1) == ([], True)
    assert sent.data[0].msg_id not in {row.msg_id for row in other.data}
    rows = {row["to"]: row for row in csv.DictReader(io.StringIO(exported))}
    assert (rows[number]["text"], rows[number]["status"]) == ("'=cmd()", "DELIVERED")
    sheet = CalamineWorkbook.from_filelike(workbook).get_sheet_by_index(0).to_python()
    workbook.close()
    assert [row[15] for row in sheet if row[8] == number] == ["=cmd()"]
    assert campaigns.data[0].id == sent.info.campaign_id
    assert (campaigns.data[0].status.delivered, campaigns.data[0].cost) == (1, 0.045)
    assert more.data[0].id != sent.info.campaign_id
    assert of_campaign.count("\n") == 2


@pytest.mark.parametrize("dimension", ["source", "channel", "country", "traffic", "delivery"])
def test_summaries_on_the_wire(smscx: Published, new_number: NewNumber, dimension: str) -> None:
    """The published client can't decode these (reference: section 6)."""
    smscx.send(new_number())

    raw = smscx.reports.get_summary_reports(dimension, **today(), _preload_content=False)
    found = json.loads(raw.data)["data"]

    day = today()["start_date"]
    key = {"source": "api", "channel": "sms", "country": "FR", "traffic": day, "delivery": day}[dimension]
    if dimension == "delivery":
        assert set(found[key]) == {"accepted", "delivered", "failed", "scheduled", "noCoverage"}
        assert sum(each["parts"] for each in found[key].values()) >= 1
    else:
        assert found[key]["phoneNumbers"] >= 1 and found[key]["costParts"] > 0


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str.title])
def test_a_country_is_taken_in_letters_of_either_case(
    smscx: Published, new_number: NewNumber, spelling: Callable[[str], str]
) -> None:
    france, number = spelling("fr"), new_number()
    national = f"0{number[3:]}"
    group = smscx.group(f"Case {new_number()}")

    sent = smscx.send(national, country_iso=france)
    added = smscx.groups.add_contacts_to_group_with_fields(
        group, AddContactsToGroupWithFieldsRequest(phone_numbers=[GroupAdd(phone_number=national, country_iso=france)])
    )
    found = smscx.reports.get_advanced_report(**today(), country_iso=france, limit=500)
    price = smscx.account.get_channel_pricing_by_country_iso("sms", "2way", france, _preload_content=False)
    offers = smscx.numbers.get_available_numbers(france)

    assert [row.to for row in sent.data] == [number]
    assert added.info.total_valid == 1
    assert sent.data[0].msg_id in {row.msg_id for row in found.data}
    assert {row.country_iso for row in found.data} == {"FR"}
    assert json.loads(price.data) == {"FR": {"default": 0.045}}
    assert {each.country_iso for each in offers.data} == {"FR"}


def test_places_without_numbers_have_none_to_rent(smscx: Published) -> None:
    assert smscx.numbers.get_available_numbers("AQ").data == []


def test_a_template_is_for_sms_if_nothing_else_is_said(smscx: Published) -> None:
    made = smscx.templates.create_template(TemplatesNewRequest(text="Hello")).info

    found = smscx.templates.get_template(made.id).data

    assert (made.channel, found.channel, found.approved) == ("sms", "sms", True)


def test_prices_on_the_wire(smscx: Published) -> None:
    everywhere = json.loads(smscx.account.get_channel_pricing("sms", "transactional", _preload_content=False).data)
    france = smscx.account.get_channel_pricing_by_country_iso("sms", "2way", "FR", _preload_content=False)
    status = smscx.account.get_channels_status()

    assert (everywhere["FR"], everywhere["JP"]) == ({"default": 0.045}, {"default": 0.05})
    assert json.loads(france.data) == {"FR": {"default": 0.045}}
    assert (status.sms, status.viber, status.whatsapp, status.multichannel) == (True, True, True, True)


def test_receipts_are_called_back(server: Server, smscx: Published, new_number: NewNumber, customer: Listener) -> None:
    track = str(uuid.uuid4())
    sent = smscx.send(new_number(), dlr_callback_url=customer.url, track_data=track)

    items = []
    while not items or items[-1]["status"] != "DELIVERED":
        body = customer.next()
        assert body["event"] == "dlr_update"
        items += body["data"]

    assert sent.info.dlr_callback_url == customer.url
    assert {item["msgId"] for item in items} == {sent.data[0].msg_id}
    assert {(item["campaignId"], item["trackData"]) for item in items} == {(sent.info.campaign_id, track)}
    assert items[-1]["errorCode"] is None


def test_the_headers_say_how_much_is_left(smscx: Published) -> None:
    _, _, headers = smscx.account.get_account_balance(_return_http_data_only=False)

    assert int(headers["X-Rate-Limit-Limit"]) == 500
    assert 0 <= int(headers["X-Rate-Limit-Remaining"]) < 500
    assert uuid.UUID(headers["X-Request-Id"])
    assert headers["X-Response-Time"].endswith("ms")
